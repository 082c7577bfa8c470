//! Every state of a stack and its way out: one row, one test.

use crate::stack_world::*;
use driftless_core::observed::{Observation, Observed, StackObservation, StackResource};
use driftless_core::plan::stack::state::{STATES, WayOut, way_out};
use driftless_core::plan::stack::{Kind, StackStep, Token};

const FAILED_CREATE: &[&str] = &[
    "stack CREATE_IN_PROGRESS User Initiated",
    "Topic CREATE_IN_PROGRESS",
    "Queue CREATE_FAILED Resource creation cancelled",
    "Topic CREATE_FAILED no more topics",
    "stack ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Topic].",
    "Topic DELETE_COMPLETE",
    "stack ROLLBACK_COMPLETE",
];
const FAILED_UPDATE: &[&str] = &[
    "stack UPDATE_IN_PROGRESS User Initiated",
    "Topic UPDATE_FAILED no such name",
    "stack UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Topic].",
    "Topic UPDATE_COMPLETE",
    "stack UPDATE_ROLLBACK_COMPLETE",
];

#[test]
fn every_state_of_the_api_has_a_row_and_no_state_two() {
    let names: std::collections::BTreeSet<&str> = STATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), STATES.len());
    for (name, way) in STATES {
        assert_eq!(name.ends_with("_IN_PROGRESS"), matches!(way, WayOut::Wait | WayOut::Review), "{name}");
    }
    assert_eq!((way_out("FUTURE_IN_PROGRESS"), way_out("FUTURE_COMPLETE")), (WayOut::Wait, WayOut::Person));
}

#[test]
fn whole_states_are_ready_where_nothing_differs_and_give_their_outputs() {
    for status in
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"]
    {
        let plan = plan(&declared(""), &observed(live(status)));
        assert!(is_ready(&plan), "{status}: {plan:?}");
        assert_eq!(plan.outputs["Topic"], "arn:topic");
    }
}

#[test]
fn a_stack_that_waits_for_another_resource_says_what_it_is_meanwhile() {
    let meanwhile =
        |observation: StackObservation| driftless_core::plan::meanwhile(&Observation::CloudFormationStack(observation.into()));
    assert_eq!(meanwhile(observed(live("UPDATE_COMPLETE"))).as_deref(), Some("it stays as it is (UPDATE_COMPLETE)"));
    assert_eq!(meanwhile(absent()).as_deref(), Some("not created yet"));
    assert_eq!(meanwhile(StackObservation { stack: Observed::Unknown("denied".into()), ..absent() }), None);
}

#[test]
fn states_in_progress_are_waited_for_whoever_asked() {
    for (status, _) in STATES.iter().filter(|(_, way)| *way == WayOut::Wait) {
        let mut observation = observed(live(status));
        observation.events = newest_first(vec![events(Some("Console-1"), &[&format!("stack {status} User Initiated")])]);
        let plan = plan(&declared(""), &observation);
        assert_eq!((reason(&plan), plan.steps.len()), ("OperationInProgress", 0), "{status}");
        assert_eq!(plan.outputs.is_empty(), *status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "{status}");
    }
}

#[test]
fn progress_is_told_from_the_events() {
    let resource = declared("");
    let mut observation = observed(live("CREATE_IN_PROGRESS"));
    let lines = ["stack CREATE_IN_PROGRESS User Initiated", "A CREATE_IN_PROGRESS", "A CREATE_COMPLETE", "B CREATE_IN_PROGRESS"];
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), &lines)]);
    let plan = plan(&resource, &observation);
    assert_eq!(reason(&plan), "Creating");
    assert!(message(&plan).ends_with("1 of 2 resources that it has begun with are done; B (AWS::SNS::Topic) CREATE_IN_PROGRESS"));
}

#[test]
fn our_unfinished_update_of_an_older_commit_is_cancelled_and_nothing_else_is() {
    let old = name_of(&declared("  parameters: {Size: large}\n"));
    let mut observation = observed(live("UPDATE_IN_PROGRESS"));
    observation.events = newest_first(vec![events(Some(&old), &["stack UPDATE_IN_PROGRESS User Initiated"])]);
    let superseded = plan(&declared(""), &observation);
    assert_eq!(actions(&superseded), ["CancelUpdateStack"]);
    assert!(superseded.notes[0].contains("is cancelled for the newer commit"), "told before it is done: {:?}", superseded.notes);
    let same = plan(&declared("  parameters: {Size: large}\n"), &observation);
    assert_eq!((reason(&same), same.steps.len()), ("Updating", 0));
    // AWS can cancel updates only.
    observation.stack = driftless_core::observed::Observed::Present(live("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    let late = plan(&declared(""), &observation);
    assert_eq!((reason(&late), late.steps.len()), ("Superseding", 0));
}

#[test]
fn a_failed_first_create_stays_failed_until_the_resource_changes_and_says_what_failed_first() {
    let resource = declared("");
    let mut observation = observed(live("ROLLBACK_COMPLETE"));
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), FAILED_CREATE)]);
    let plan_now = plan(&resource, &observation);
    assert_eq!((reason(&plan_now), plan_now.steps.len()), ("CreateFailed", 0));
    assert!(message(&plan_now).contains("Topic (AWS::SNS::Topic) CREATE_FAILED: no more topics"), "{}", message(&plan_now));

    for plan in [plan(&declared("  parameters: {Size: large}\n"), &observation), plan_in(&resource, &observation, &retry())] {
        assert_eq!(actions(&plan), ["DeleteStack"]);
        let StackStep::DeleteStack { stack, token } = steps(&plan)[0] else { panic!() };
        assert_eq!((stack.as_str(), Token::parse(token).unwrap().kind), (ID, Kind::Delete));
    }
}

#[test]
fn after_our_deletion_the_create_that_it_was_for_goes_on() {
    let resource = declared("");
    let first = name_of(&resource);
    let mut observation = observed(live("ROLLBACK_COMPLETE"));
    observation.events = newest_first(vec![events(Some(&first), FAILED_CREATE)]);
    let delete = plan_in(&resource, &observation, &retry());
    let StackStep::DeleteStack { token, .. } = steps(&delete)[0] else { panic!() };
    let mut gone = absent();
    gone.predecessor = Some(ID.into());
    let deletion = events(Some(token), &["stack DELETE_IN_PROGRESS User Initiated", "stack DELETE_COMPLETE"]);
    gone.events = newest_first(vec![events(Some(&first), FAILED_CREATE), deletion]);
    let name = asked(&plan(&resource, &gone));
    let (first, again) = (Token::parse(&first).unwrap(), Token::parse(&name).unwrap());
    assert_eq!((again.digest, again.attempt), (first.digest, 2));
    assert_ne!(again.stack, first.stack, "a new stack of the same name has tokens of its own");
}

#[test]
fn a_rolled_back_create_that_retains_something_is_left_to_a_person() {
    let mut observation = observed(live("ROLLBACK_COMPLETE"));
    observation.resources = vec![StackResource {
        logical_id: "Bucket".into(),
        resource_type: "AWS::S3::Bucket".into(),
        status: "DELETE_SKIPPED".into(),
        ..StackResource::default()
    }];
    let plan = plan(&declared(""), &observation);
    assert_eq!((reason(&plan), plan.steps.len()), ("ResourcesRetained", 0));
    assert!(message(&plan).contains("Bucket (AWS::S3::Bucket, DELETE_SKIPPED)"));
}

#[test]
fn a_create_whose_rollback_failed_names_what_still_stands_and_is_deleted_only_on_retry() {
    let mut observation = observed(live("ROLLBACK_FAILED"));
    observation.resources = vec![StackResource {
        logical_id: "Bucket".into(),
        resource_type: "AWS::S3::Bucket".into(),
        status: "DELETE_FAILED".into(),
        reason: Some("not empty".into()),
        ..StackResource::default()
    }];
    let plan = plan(&declared(""), &observation);
    assert_eq!(reason(&plan), "RollbackFailed");
    assert!(message(&plan).contains("Bucket (AWS::S3::Bucket, DELETE_FAILED: not empty)"));
    let again = plan_in(&declared(""), &observation, &retry());
    assert_eq!(actions(&again), ["DeleteStack"]);
    let told = "it is deleted to be created anew, with what its rollback could not delete: Bucket (AWS::S3::Bucket, DELETE_FAILED: not empty)";
    assert!(message(&again).ends_with(told), "{}", message(&again));
}

#[test]
fn termination_protection_is_taken_off_only_where_the_manifest_says_so() {
    let protected = driftless_core::observed::Stack { termination_protection: true, ..live("ROLLBACK_COMPLETE") };
    let observation = observed(protected);
    assert_eq!(reason(&plan(&declared(""), &observation)), "TerminationProtected");
    let plan = plan(&declared("  terminationProtection: false\n"), &observation);
    assert_eq!(actions(&plan), ["UpdateTerminationProtection", "DeleteStack"]);
}

#[test]
fn a_failed_update_is_not_repeated_until_something_changes() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), FAILED_UPDATE)]);
    let failed = plan(&resource, &observation);
    assert_eq!((reason(&failed), failed.steps.len()), ("UpdateFailed", 0));
    assert!(message(&failed).contains("Topic (AWS::SNS::Topic) UPDATE_FAILED: no such name"));

    assert!(is_ready(&plan(&declared(""), &observation)), "what the stack was before is what it is");
    let other = asked(&plan(&declared("  parameters: {Size: huge}\n"), &observation));
    assert_eq!(Token::parse(&other).unwrap().attempt, 1);
    let again = asked(&plan_in(&resource, &observation, &retry()));
    assert_eq!(Token::parse(&again).unwrap().attempt, 2);

    // The retry's change set is executed, although nobody says `retry` any more.
    observation.change_sets = vec![change_set(&again, "CREATE_COMPLETE", "AVAILABLE")];
    assert_eq!(actions(&plan(&resource, &observation)), ["ExecuteChangeSet"]);
}

#[test]
fn an_update_that_we_cancelled_has_not_failed() {
    let resource = declared("  parameters: {Size: large}\n");
    let name = name_of(&resource);
    let cancel = as_attempt(&name, Kind::Cancel, 1);
    let mut observation = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    let rollback = events(Some(&cancel), &["stack UPDATE_ROLLBACK_IN_PROGRESS User Initiated", "stack UPDATE_ROLLBACK_COMPLETE"]);
    observation.events = newest_first(vec![events(Some(&name), &["stack UPDATE_IN_PROGRESS User Initiated"]), rollback]);
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2);
}

#[test]
fn somebody_elses_success_since_then_makes_a_failed_change_worth_another_try() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("UPDATE_COMPLETE"));
    let console = events(None, &["stack UPDATE_IN_PROGRESS User Initiated", "stack UPDATE_COMPLETE"]);
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), FAILED_UPDATE), console]);
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2);
}

#[test]
fn a_failed_rollback_is_continued_once_for_each_cause_and_never_skips() {
    let resource = declared("");
    let lines = [
        "stack UPDATE_IN_PROGRESS User Initiated",
        "Topic UPDATE_FAILED no such name",
        "stack UPDATE_ROLLBACK_IN_PROGRESS failed",
        "Topic UPDATE_FAILED the old one is gone",
        "stack UPDATE_ROLLBACK_FAILED failed",
    ];
    let first = events(Some(&name_of(&resource)), &lines);
    let mut observation = observed(live("UPDATE_ROLLBACK_FAILED"));
    observation.events = newest_first(vec![first.clone()]);
    let continued = plan(&resource, &observation);
    let StackStep::ContinueUpdateRollback { token, .. } = steps(&continued)[0] else { panic!("{continued:?}") };

    let again = |reason: &str| {
        let failed = format!("Topic UPDATE_FAILED {reason}");
        events(Some(token), &["stack UPDATE_ROLLBACK_IN_PROGRESS User Initiated", &failed, "stack UPDATE_ROLLBACK_FAILED failed"])
    };
    observation.events = newest_first(vec![first.clone(), again("the old one is gone")]);
    let stalled = plan(&resource, &observation);
    assert_eq!((reason(&stalled), stalled.steps.len()), ("UpdateRollbackFailed", 0));
    assert!(message(&stalled).contains("no such name") && message(&stalled).contains("Topic: the old one is gone"));
    assert_eq!(actions(&plan_in(&resource, &observation, &retry())), ["ContinueUpdateRollback"]);

    observation.events = newest_first(vec![first.clone(), again("now something else")]);
    assert_eq!(actions(&plan(&resource, &observation)), ["ContinueUpdateRollback"], "another cause");

    // Rolled back at last, what failed has failed still.
    let changed = declared("  parameters: {Size: large}\n");
    let update = events(Some(&name_of(&changed)), &lines);
    let rolled_back =
        events(Some(token), &["stack UPDATE_ROLLBACK_IN_PROGRESS User Initiated", "stack UPDATE_ROLLBACK_COMPLETE"]);
    let mut observation = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    observation.events = newest_first(vec![update, rolled_back]);
    assert_eq!((reason(&plan(&changed, &observation)), plan(&changed, &observation).steps.len()), ("UpdateFailed", 0));
}

#[test]
fn what_failed_and_was_kept_goes_on_or_rolls_back_as_the_manifest_says() {
    for status in ["CREATE_FAILED", "UPDATE_FAILED"] {
        let kept = declared("  disableRollback: true\n  parameters: {Size: large}\n");
        let mut observation = observed(live(status));
        assert_eq!(actions(&plan(&kept, &observation)), ["CreateChangeSet"], "{status}");
        observation.change_sets = vec![change_set(&name_of(&kept), "CREATE_COMPLETE", "AVAILABLE")];
        let plan_now = plan(&kept, &observation);
        let StackStep::ExecuteChangeSet { disable_rollback, .. } = steps(&plan_now)[0] else { panic!("{plan_now:?}") };
        assert!(disable_rollback, "AWS takes nothing else in {status}");

        let plain = declared("  parameters: {Size: large}\n");
        assert_eq!(actions(&plan(&plain, &observed(live(status)))), ["RollbackStack"], "{status}");
        let mut failed = observed(live(status));
        let lines: &[&str] = &["stack UPDATE_IN_PROGRESS User Initiated", "Topic UPDATE_FAILED no", &format!("stack {status}")];
        failed.events = newest_first(vec![events(Some(&name_of(&plain)), lines)]);
        assert_eq!((reason(&plan(&plain, &failed)), plan(&plain, &failed).steps.len()), ("OperationFailed", 0));
    }
}

#[test]
fn a_failed_deletion_says_what_still_stands_and_is_repeated_only_on_retry() {
    let mut observation = observed(live("DELETE_FAILED"));
    observation.resources = vec![StackResource {
        logical_id: "Bucket".into(),
        resource_type: "AWS::S3::Bucket".into(),
        status: "DELETE_FAILED".into(),
        reason: Some("not empty".into()),
        ..StackResource::default()
    }];
    let plan = plan(&declared(""), &observation);
    assert_eq!((reason(&plan), plan.steps.len()), ("DeleteFailed", 0));
    assert!(message(&plan).contains("still there: Bucket (AWS::S3::Bucket, DELETE_FAILED: not empty)"));
    assert_eq!(actions(&plan_in(&declared(""), &observation, &retry())), ["DeleteStack"]);
}

#[test]
fn a_failed_import_rollback_is_a_persons() {
    let plan = plan(&declared(""), &observed(live("IMPORT_ROLLBACK_FAILED")));
    assert_eq!((reason(&plan), plan.steps.len()), ("Unsupported", 0));
}

#[test]
fn what_somebody_else_left_broken_is_not_taken_apart() {
    for status in ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"] {
        let mut stack = live(status);
        stack.tags.clear();
        let plan = plan_in(&declared(""), &observed(stack), &retry());
        assert_eq!((reason(&plan), plan.steps.len()), ("NotOurs", 0), "{status}");
    }
}

#[test]
fn a_nested_stack_is_its_parents() {
    let nested = driftless_core::observed::Stack { parent_id: Some("arn:parent".into()), ..live("CREATE_COMPLETE") };
    assert_eq!(reason(&plan(&declared("  parameters: {Size: large}\n"), &observed(nested))), "NestedStack");
}

#[test]
fn only_change_sets_of_ours_in_a_reviewed_stack_are_executed_or_removed() {
    let resource = declared("");
    let mut stack = live("REVIEW_IN_PROGRESS");
    stack.tags.clear();
    let mut observation = observed(stack);
    let name = name_of(&resource);

    observation.change_sets = vec![change_set(&name, "CREATE_COMPLETE", "AVAILABLE")];
    let execute = plan(&resource, &observation);
    assert_eq!(actions(&execute), ["ExecuteChangeSet"]);
    assert!(execute.steps[0].creates());

    let leftover = plan(&declared("  parameters: {Size: large}\n"), &observation);
    assert_eq!(actions(&leftover), ["DeleteChangeSet", "CreateChangeSet"]);
    let StackStep::CreateChangeSet(request) = steps(&leftover)[1] else { panic!() };
    assert!(request.creates, "the stack is still to be created");

    observation.change_sets.push(change_set("by-hand", "CREATE_COMPLETE", "AVAILABLE"));
    assert_eq!((reason(&plan(&resource, &observation)), plan(&resource, &observation).steps.len()), ("ReviewInProgress", 0));

    let mut others = change_set(&name, "CREATE_COMPLETE", "AVAILABLE");
    others.tags = [("driftless:agent".to_owned(), "another".to_owned())].into();
    observation.change_sets = vec![others];
    assert_eq!(reason(&plan(&resource, &observation)), "OwnedByAnotherAgent");
}

#[test]
fn hooks_and_nested_stacks_that_repeat_a_state_begin_no_operation() {
    let resource = declared("  parameters: {Size: large}\n");
    let name = name_of(&resource);
    let mut observation = observed(live("UPDATE_IN_PROGRESS"));
    let lines = [
        "stack UPDATE_IN_PROGRESS User Initiated",
        "Topic UPDATE_IN_PROGRESS",
        "stack UPDATE_IN_PROGRESS Hook AWS::X::Y COMPLETED",
    ];
    let mut all = events(Some(&name), &lines);
    // A nested stack is a resource of this one, and tells of itself as a stack too.
    for (at, status) in [(1, "UPDATE_IN_PROGRESS"), (2, "UPDATE_COMPLETE")] {
        let child = driftless_core::observed::StackEvent {
            logical_id: "Child".into(),
            physical_id: "arn:child".into(),
            status: status.into(),
            ..all[0].clone()
        };
        all.insert(at, child);
    }
    observation.events = newest_first(vec![all]);
    let waits = plan(&resource, &observation);
    assert_eq!(reason(&waits), "Updating");
    assert!(message(&waits).contains("1 of 2 resources"), "{}", message(&waits));
    // Without the token of the operation before it, an update is another one.
    observation.events = newest_first(vec![
        events(Some(&name), &["stack UPDATE_IN_PROGRESS User Initiated"]),
        events(Some("Console-1"), &["stack UPDATE_IN_PROGRESS User Initiated"]),
    ]);
    assert_eq!(reason(&plan(&resource, &observation)), "OperationInProgress");
}

#[test]
fn what_somebody_else_began_is_waited_for_as_theirs_and_the_adopting_pass_cancels_nothing() {
    let older = name_of(&declared("  parameters: {Size: large}\n"));
    let running = |token: Option<&str>, tags: bool| {
        let mut stack = live("UPDATE_IN_PROGRESS");
        if !tags {
            stack.tags.clear();
        }
        let mut observation = observed(stack);
        observation.events = newest_first(vec![events(token, &["stack UPDATE_IN_PROGRESS User Initiated"])]);
        observation
    };
    for (token, tags) in [(None, true), (Some("Console-UpdateStack-1"), true), (Some(older.as_str()), false)] {
        let waits = plan(&declared(""), &running(token, tags));
        assert_eq!((reason(&waits), waits.steps.len()), ("OperationInProgress", 0), "{token:?} {tags}");
        assert!(message(&waits).contains("asked for by somebody else; it is waited for"));
    }
    // Not even where its first event is out of reach.
    let mut observation = running(Some(&older), true);
    observation.events.clear();
    assert_eq!(plan(&declared(""), &observation).steps.len(), 0);
}

#[test]
fn a_failed_create_whose_reason_goes_away_by_itself_is_made_again() {
    let resource = declared("");
    let name = name_of(&resource);
    let mut observation = observed(live("ROLLBACK_COMPLETE"));
    let lines = ["stack CREATE_IN_PROGRESS User Initiated", "Topic CREATE_FAILED Internal Failure", "stack ROLLBACK_COMPLETE"];
    observation.events = newest_first(vec![events(Some(&name), &lines)]);
    assert_eq!(actions(&plan(&resource, &observation)), ["DeleteStack"]);
    observation.now = 2001.0;
    assert_eq!(reason(&plan(&resource, &observation)), "Retrying");
}
