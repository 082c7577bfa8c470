//! Stories of events, and what they say of the next attempt. A story is a list of operations, oldest first, as
//! `TOKEN: STATUS STATUS …` of the stack: `change D 1` is our first change to the digest D, `-` somebody else's.

use super::*;

const ID: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/net/1";
const D: &str = "dddddddddddddddddddddddddddddddd";
const E: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

fn token(word: &str) -> Option<String> {
    let [kind, digest, attempt] = word.split(' ').collect::<Vec<_>>()[..] else { return None };
    let digest = if digest == "D" { D } else { E };
    Some(format!("driftless-{kind}-{digest}-{attempt}-01234567-c1"))
}

/// Newest first, as AWS gives them.
fn events(story: &[&str]) -> Vec<StackEvent> {
    let operation = |line: &&str| {
        let (who, states) = line.split_once(": ").expect("a token and states");
        let event = |status: &str| StackEvent {
            physical_id: ID.to_owned(),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            status: status.to_owned(),
            token: token(who),
            ..StackEvent::default()
        };
        states.split(' ').map(event).collect::<Vec<_>>()
    };
    let mut events: Vec<StackEvent> = story.iter().flat_map(operation).collect();
    events.reverse();
    events
}

/// What is known of asking for D: `fresh N`, `failed N` or `done`.
fn known(story: &[&str]) -> String {
    let events = events(story);
    match memory(&operations(&events, ID), Kind::Change, D) {
        Memory::Fresh(attempt) => format!("fresh {attempt}"),
        Memory::Failed(_, attempt) => format!("failed {attempt}"),
        Memory::Done => "done".to_owned(),
    }
}

const CREATED: &str = "CREATE_IN_PROGRESS CREATE_COMPLETE";
const UPDATED: &str = "UPDATE_IN_PROGRESS UPDATE_COMPLETE";
const UNDONE: &str = "UPDATE_IN_PROGRESS UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE";
const CREATE_UNDONE: &str = "CREATE_IN_PROGRESS ROLLBACK_IN_PROGRESS ROLLBACK_COMPLETE";
const DELETED: &str = "DELETE_IN_PROGRESS DELETE_COMPLETE";

#[test]
fn what_is_asked_for_next_follows_from_what_was_asked_for_and_how_it_ended() {
    let of = |who: &str, states: &str| format!("{who}: {states}");
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[], "fresh 1"),
        (&[("-", CREATED)], "fresh 1"),
        (&[("change D 1", CREATED)], "done"),
        (&[("change D 1", UNDONE)], "failed 1"),
        (&[("change D 3", UNDONE)], "failed 3"),
        // Another digest's, or another kind's, is not ours.
        (&[("change E 1", UNDONE)], "fresh 1"),
        (&[("heal D 1", UNDONE)], "fresh 1"),
        // The newest counts.
        (&[("change D 1", UNDONE), ("change D 2", UNDONE)], "failed 2"),
        (&[("change D 1", UNDONE), ("change D 2", UPDATED)], "done"),
        // What succeeded since then, whoever asked, makes another attempt of it; what failed too does not.
        (&[("change D 1", UNDONE), ("-", UPDATED)], "fresh 2"),
        (&[("change D 1", UNDONE), ("-", UNDONE)], "failed 1"),
        (&[("change D 1", UNDONE), ("change E 1", UPDATED)], "fresh 2"),
        (&[("change D 1", UPDATED), ("change E 1", UPDATED)], "fresh 2"),
        (&[("change D 1", UPDATED), ("change E 1", UNDONE)], "fresh 2"),
        (&[("change D 1", UPDATED), ("change D 4", UPDATED), ("-", UPDATED)], "fresh 5"),
        // A rollback that was asked for makes nothing new.
        (
            &[
                ("change D 1", "UPDATE_IN_PROGRESS UPDATE_ROLLBACK_FAILED"),
                ("rollback D 1", "ROLLBACK_IN_PROGRESS ROLLBACK_COMPLETE"),
            ],
            "failed 1",
        ),
        // Deleted by us to be created as D: the attempt that was meant; for another digest it is another stack.
        (&[("change D 1", CREATE_UNDONE), ("delete D 2", DELETED)], "fresh 2"),
        (&[("change D 1", CREATE_UNDONE), ("delete D 5", DELETED)], "fresh 5"),
        (&[("change E 1", CREATE_UNDONE), ("delete D 2", DELETED)], "fresh 2"),
        (&[("change E 1", CREATE_UNDONE), ("delete E 2", DELETED)], "fresh 1"),
        (&[("change D 1", CREATE_UNDONE), ("delete E 7", DELETED)], "fresh 2"),
        (&[("change D 1", CREATE_UNDONE), ("-", DELETED)], "fresh 2"),
        // Of the deletion before the attempt nothing is said any more.
        (&[("delete D 4", DELETED), ("change D 4", CREATE_UNDONE)], "failed 4"),
    ];
    for (story, wanted) in rows {
        let story: Vec<String> = story.iter().map(|(who, states)| of(who, states)).collect();
        let story: Vec<&str> = story.iter().map(String::as_str).collect();
        assert_eq!(known(&story), *wanted, "{story:#?}");
    }
}

#[test]
fn what_we_cancelled_ourselves_has_not_failed() {
    let mut events = events(&["change D 1: UPDATE_IN_PROGRESS UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE"]);
    events[1].token = token("cancel D 1");
    assert_eq!(memory(&operations(&events, ID), Kind::Change, D), Memory::Fresh(2));
    events[1].token = token("continue D 1");
    assert!(matches!(memory(&operations(&events, ID), Kind::Change, D), Memory::Failed(_, 1)));
}

/// `first..last` of each operation, newest first.
fn told(events: &[StackEvent]) -> Vec<String> {
    operations(events, ID).iter().map(|operation| format!("{}..{}", operation.first, operation.last)).collect()
}

#[test]
fn an_operation_goes_from_its_first_state_to_the_next_ones() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["-: CREATE_IN_PROGRESS"], &["CREATE_IN_PROGRESS..CREATE_IN_PROGRESS"]),
        // What ended before the page begins is nobody's.
        (&["-: UPDATE_COMPLETE", "-: UPDATE_IN_PROGRESS"], &["UPDATE_IN_PROGRESS..UPDATE_IN_PROGRESS"]),
        (
            &["change D 1: CREATE_IN_PROGRESS CREATE_COMPLETE", "change E 1: UPDATE_IN_PROGRESS UPDATE_COMPLETE"],
            &["UPDATE_IN_PROGRESS..UPDATE_COMPLETE", "CREATE_IN_PROGRESS..CREATE_COMPLETE"],
        ),
        // A reviewed stack is created after that, and an import begins like an update.
        (
            &["-: REVIEW_IN_PROGRESS", "change D 1: CREATE_IN_PROGRESS"],
            &["CREATE_IN_PROGRESS..CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS..REVIEW_IN_PROGRESS"],
        ),
        (
            &["-: UPDATE_IN_PROGRESS", "change D 1: IMPORT_IN_PROGRESS"],
            &["IMPORT_IN_PROGRESS..IMPORT_IN_PROGRESS", "UPDATE_IN_PROGRESS..UPDATE_IN_PROGRESS"],
        ),
        // A rollback belongs to what failed; a hook repeats a state; a deletion by `OnFailure` has the create's token.
        (
            &["change D 1: UPDATE_IN_PROGRESS UPDATE_IN_PROGRESS UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE"],
            &["UPDATE_IN_PROGRESS..UPDATE_ROLLBACK_COMPLETE"],
        ),
        (
            &["change D 1: CREATE_IN_PROGRESS CREATE_FAILED DELETE_IN_PROGRESS DELETE_COMPLETE"],
            &["CREATE_IN_PROGRESS..DELETE_COMPLETE"],
        ),
        (&["change D 1: CREATE_IN_PROGRESS DELETE_IN_PROGRESS DELETE_COMPLETE"], &["CREATE_IN_PROGRESS..DELETE_COMPLETE"]),
        // Somebody's deletion is one of its own, also while another operation runs, also without any token.
        (
            &["change D 1: CREATE_IN_PROGRESS CREATE_FAILED", "delete D 1: DELETE_IN_PROGRESS DELETE_COMPLETE"],
            &["DELETE_IN_PROGRESS..DELETE_COMPLETE", "CREATE_IN_PROGRESS..CREATE_FAILED"],
        ),
        (
            &["-: CREATE_IN_PROGRESS CREATE_FAILED", "-: DELETE_IN_PROGRESS"],
            &["DELETE_IN_PROGRESS..DELETE_IN_PROGRESS", "CREATE_IN_PROGRESS..CREATE_FAILED"],
        ),
        (
            &["change D 1: UPDATE_IN_PROGRESS", "delete D 1: DELETE_IN_PROGRESS"],
            &["DELETE_IN_PROGRESS..DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS..UPDATE_IN_PROGRESS"],
        ),
        // The same state under another token is another operation.
        (
            &["change D 1: UPDATE_IN_PROGRESS", "change E 1: UPDATE_IN_PROGRESS"],
            &["UPDATE_IN_PROGRESS..UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS..UPDATE_IN_PROGRESS"],
        ),
    ];
    for (story, wanted) in rows {
        assert_eq!(told(&events(story)), *wanted, "{story:#?}");
    }
}

#[test]
fn events_of_resources_and_of_nested_stacks_begin_nothing_and_are_kept() {
    let mut events = events(&["change D 1: UPDATE_IN_PROGRESS UPDATE_IN_PROGRESS UPDATE_IN_PROGRESS UPDATE_COMPLETE"]);
    // Newest first: the middle ones are of a nested stack and of a resource with the parent's id.
    (events[1].physical_id, events[2].resource_type) = ("another".to_owned(), "AWS::SNS::Topic".to_owned());
    (events[1].token, events[2].token) = (None, None);
    events[1].status = "CREATE_IN_PROGRESS".to_owned();
    events[2].status = "CREATE_IN_PROGRESS".to_owned();
    assert_eq!(told(&events), ["UPDATE_IN_PROGRESS..UPDATE_COMPLETE"]);
    assert_eq!(operations(&events, ID)[0].events.len(), 4);
}

#[test]
fn an_operation_succeeds_when_it_ends_as_it_was_meant_to() {
    let rows = [
        ("CREATE_IN_PROGRESS CREATE_COMPLETE", true, true),
        ("UPDATE_IN_PROGRESS UPDATE_COMPLETE", true, true),
        ("UPDATE_IN_PROGRESS UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false, false),
        ("UPDATE_IN_PROGRESS UPDATE_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_COMPLETE", true, true),
        (UNDONE, true, false),
        (DELETED, true, true),
        ("UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE", true, false),
        ("ROLLBACK_IN_PROGRESS ROLLBACK_COMPLETE", true, false),
        ("CREATE_IN_PROGRESS", false, false),
        ("CREATE_IN_PROGRESS CREATE_FAILED", true, false),
    ];
    for (states, ended, succeeded) in rows {
        let events = events(&[&format!("change D 1: {states}")]);
        let found = operations(&events, ID);
        assert_eq!((found[0].ended(), found[0].succeeded()), (ended, succeeded), "{states}");
    }
}

#[test]
fn attempts_and_repetitions_are_counted_of_one_kind_and_digest() {
    let count = |story: &[(&str, &str)]| {
        let story: Vec<String> = story.iter().map(|(who, states)| format!("{who}: {states}")).collect();
        let events = events(&story.iter().map(String::as_str).collect::<Vec<_>>());
        let found = operations(&events, ID);
        (attempts(&found, Kind::Heal, D), in_a_row(&found, Kind::Heal, D))
    };
    type Story<'a> = &'a [(&'a str, &'a str)];
    let rows: &[(Story, (u32, usize))] = &[
        (&[], (0, 0)),
        (&[("heal D 1", UPDATED)], (1, 1)),
        (&[("heal D 1", UPDATED), ("heal D 2", UPDATED)], (2, 2)),
        (&[("heal D 2", UPDATED), ("heal D 1", UPDATED)], (2, 2)),
        (&[("heal D 1", UPDATED), ("change E 1", UPDATED), ("heal D 2", UPDATED)], (2, 1)),
        (&[("heal D 1", UPDATED), ("-", UPDATED)], (1, 0)),
        (&[("heal D 1", UPDATED), ("heal D 2", UNDONE)], (2, 0)),
        (&[("heal D 1", UPDATED), ("heal E 9", UPDATED)], (1, 0)),
        (&[("heal D 1", UPDATED), ("change D 9", UPDATED)], (1, 0)),
    ];
    for (story, wanted) in rows {
        assert_eq!(count(story), *wanted, "{story:#?}");
    }
}
