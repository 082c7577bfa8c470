//! A migration never runs twice: neither after a kill at any instant, nor when answers are late, nor a day later.

use crate::task_world::*;
use driftless_core::desired::Resource;
use driftless_core::plan::{Context, Step};
use insta::assert_snapshot;
use proptest::prelude::*;

/// One pass that is killed at its step of this number, before or after its effect. An agent that starts anew remembers
/// nothing of its writes.
fn killed(world: &mut World, resource: &Resource, step: usize, after: bool) {
    let plan = world.look(resource, &context());
    world.known.borrow_mut().clear();
    let mut registered = None;
    for (number, one) in plan.steps.iter().enumerate() {
        if number == step && !after {
            return;
        }
        if world.step(one, &mut registered).is_err() || number == step {
            return;
        }
    }
}

#[test]
fn killed_at_any_call_it_has_run_exactly_once() {
    for seconds in [0.0, 5.0, 100.0, 1000.0] {
        for passes in 0..4 {
            for step in 0..3 {
                for after in [false, true] {
                    let (mut world, declared) = (World::new(), migrate("migrate:1"));
                    for _ in 0..passes {
                        let plan = world.look(&declared, &context());
                        world.apply(&plan).expect("applied");
                        world.now += 5.0;
                    }
                    killed(&mut world, &declared, step, after);
                    world.now += seconds;
                    let plan = world.settle(&declared, &context());
                    assert_eq!((reason(&plan), world.tasks.len()), ("Ready", 1), "{seconds} {passes} {step} {after}");
                    assert_eq!(world.revisions.len(), 1);
                }
            }
        }
    }
}

#[test]
fn an_intent_without_an_outcome_after_the_tokens_life_is_for_a_person() {
    // The answer of RunTask was lost, and nobody looked for an hour, or a day.
    for (after, ran) in [(true, 1), (false, 0)] {
        for hours in [1.1, 25.0] {
            let (mut world, declared) = (World::new(), migrate("migrate:1"));
            killed(&mut world, &declared, 2, after);
            world.now += hours * HOUR;
            let plan = world.look(&declared, &context());
            assert_eq!((actions(&plan).len(), reason(&plan)), (0, "OutcomeUnknown"));
            assert_eq!(world.settle(&declared, &context()).steps.len(), 0);
            assert_eq!(world.tasks.len(), ran, "it is not run by itself");
            let retry = world.look(&declared, &Context { retry: true, ..context() });
            assert_eq!(actions(&retry), ["TagResource", "RunTask"]);
            world.apply(&retry).expect("applied");
            assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
            assert_eq!(world.tasks.len(), ran + 1);
        }
    }
}

#[test]
fn a_task_that_still_runs_is_found_however_long_nobody_looked() {
    let (mut world, mut resource) = (World { ends: Some((30.0 * HOUR, 0)), ..World::new() }, migrate("migrate:1"));
    declared(&mut resource).timeout = timeout(40 * 3600);
    killed(&mut world, &resource, 2, true);
    world.now += 26.0 * HOUR;
    let plan = world.look(&resource, &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "Running"));
    assert_eq!(reason(&world.settle(&resource, &context())), "Ready");
    assert_eq!(world.tasks.len(), 1);
}

#[test]
fn the_message_of_an_unknown_outcome_says_what_to_do() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    killed(&mut world, &declared, 2, true);
    world.now += 2.0 * HOUR;
    assert_snapshot!(message(&world.look(&declared, &context())), @"a run of migrate:1 was asked for 2h ago, and AWS tells of no task of it, which it does for an hour after a task has stopped: whether it did its work is not known, and it is not run again by itself. Look at its log and at what it works on; then `driftless retry EcsTask/migrate` to run it (again), or, if all is well, tag arn:aws:ecs:eu-central-1:123456789012:task-definition/migrate:1 with driftless:run/ace778cf6760/c1e39e1030512f5e87cf5c5a134e4cfc=succeeded");
    // What it says for a run that went well.
    let key = world.revisions[0].tags().keys().find(|key| key.starts_with("driftless:run/")).expect("a record").clone();
    assert!(message(&world.look(&declared, &context())).contains(&format!("{key}=succeeded")));
    let tag = serde_json::json!([{"key": key, "value": "succeeded"}]);
    let step = driftless_core::plan::EcsStep::TagTaskDefinition {
        document: object(serde_json::json!({"tags": tag})),
        task_definition: driftless_core::plan::TaskDefinitionRef::Arn(
            world.revisions[0].content["taskDefinitionArn"].as_str().expect("an ARN").to_owned(),
        ),
    };
    world.step(&step.into(), &mut None).expect("tagged");
    assert_eq!(reason(&world.look(&declared, &context())), "Ready");
}

#[test]
fn a_lost_answer_is_asked_for_with_the_same_token() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    killed(&mut world, &declared, 2, false);
    world.now += 49.0 * 60.0;
    let plan = world.look(&declared, &context());
    assert_eq!(actions(&plan), ["TagResource", "RunTask"]);
    world.apply(&plan).expect("applied");
    let sent = world.tasks[0].sent.clone();
    world.lag = 20.0;
    let plan = world.look(&declared, &Context { revision: "c2", ..context() });
    assert_eq!(actions(&plan), ["TagResource", "RunTask"], "a restarted agent, which does not see it yet, sends the same");
    world.apply(&plan).expect("no conflict: the very same request");
    assert_eq!((world.tasks.len(), &world.tasks[0].sent), (1, &sent));
}

#[test]
fn within_a_minute_of_our_own_run_an_older_answer_is_waited_out() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("applied");
    let wrote = Context { last_write: Some(world.now), ..context() };
    world.lag = 20.0;
    world.now += 5.0;
    let plan = world.look(&declared, &wrote);
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Starting"));
}

#[test]
fn the_attempt_after_a_late_refusal_waits_until_nobody_reads_of_the_one_before() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    // The intent is on record, and the agent is gone. Minutes later the same is sent again, and refused.
    killed(&mut world, &declared, 1, true);
    (world.now, world.no_room) = (world.now + 120.0, 1);
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect_err("there is no room");
    assert_eq!(actions(&world.look(&declared, &context())).len(), 0, "it has just been refused");
    // As long as it has been tried already.
    world.now += 121.0;
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("applied");
    // One that was killed and started anew, whose answers are older than that.
    world.lag = 20.0;
    let plan = world.look(&declared, &context());
    let _ = world.apply(&plan);
    assert_eq!(world.tasks.len(), 1);
}

#[test]
fn any_number_of_newer_revisions_hides_no_run() {
    // What chaos found: [Pass, Registered 7, 11, 7, Wait 4000, Registered 11, 8, 6, Pass].
    for index in [Index::Behind(0.0), Index::Behind(3000.0), Index::Denied] {
        for (hours, more) in [(1.2, 25), (0.0, 25), (1.2, 150), (0.0, 600)] {
            let (mut world, declared) = (World { index, ..World::new() }, migrate("migrate:1"));
            world.settle(&declared, &context());
            others(&mut world, 25);
            world.now += hours * HOUR;
            others(&mut world, more);
            let plan = world.settle(&declared, &context());
            assert_eq!((reason(&plan), world.tasks.len()), ("Ready", 1), "{index:?} {hours} {more}");
        }
    }
}

#[test]
fn what_chaos_found_runs_once() {
    // [Pass, Registered 7, 11, 7, Wait 4000, Registered 11, 8, 6, Pass]: nobody has seen how the run ended.
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("applied");
    others(&mut world, 7 + 11 + 7);
    world.now += 4000.0;
    others(&mut world, 11 + 8 + 6);
    let plan = world.look(&declared, &context());
    let _ = world.apply(&plan);
    assert_eq!((reason(&plan), world.tasks.len()), ("OutcomeUnknown", 1));
}

#[test]
fn two_agents_at_once_register_equal_revisions_and_run_one_task() {
    let declared = migrate("migrate:1");
    for after in [1, 2] {
        let mut world = World::new();
        let (one, other) = (world.look(&declared, &context()), world.look(&declared, &context()));
        let (mut first, mut second) = (None, None);
        for (number, step) in one.steps.iter().enumerate() {
            if number == after {
                let refused = other.steps.iter().try_for_each(|step| world.step(step, &mut second));
                assert_eq!(refused, Err(Refusal::Conflict), "it gets another number than it expected");
            }
            world.step(step, &mut first).expect("applied");
        }
        let plan = world.settle(&declared, &context());
        assert_eq!((reason(&plan), world.revisions.len(), world.tasks.len()), ("Ready", 2, 1));
    }
}

#[test]
fn going_back_to_a_definition_after_many_others_runs_nothing() {
    for index in [Index::Behind(0.0), Index::Denied] {
        let mut world = World { index, ..World::new() };
        for number in 0..30 {
            world.settle(&migrate(&format!("migrate:{number}")), &context());
            others(&mut world, 10);
        }
        let plan = world.settle(&migrate("migrate:0"), &context());
        assert_eq!((reason(&plan), world.tasks.len()), ("Ready", 30), "{index:?}");
    }
}

#[test]
fn the_index_saves_reading_all_that_others_registered() {
    for (index, most) in [(Index::Behind(0.0), 25), (Index::Denied, 600)] {
        let (mut world, declared) = (World { index, ..World::new() }, migrate("migrate:1"));
        world.settle(&declared, &context());
        others(&mut world, 500);
        world.now += 2.0 * HOUR;
        world.reads.set(0);
        world.settle(&declared, &context());
        assert!(world.reads.get() <= most, "{} reads", world.reads.get());
    }
}

#[test]
fn a_first_run_waits_until_all_revisions_were_asked() {
    let (mut world, declared) = (World { index: Index::Denied, room: 100, ..World::new() }, migrate("migrate:1"));
    others(&mut world, 260);
    world.now += 2.0 * HOUR;
    let plan = world.look(&declared, &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "ReadingHistory"));
    assert_snapshot!(message(&plan), @"before EcsTask/migrate is run, each revision of the family migrate is asked whether it has run already: 110 of 260 have been read so far");
    assert_eq!(reason(&world.look(&declared, &context())), "ReadingHistory");
    assert_eq!(actions(&world.look(&declared, &context())), ["RegisterTaskDefinition", "TagResource", "RunTask"]);
}

/// Somebody registers so many revisions of the family.
fn others(world: &mut World, count: usize) {
    for _ in 0..count {
        world.register(&object(definition("others:1")));
    }
}

/// Somebody deregisters and deletes this revision.
fn deleted(world: &mut World, number: usize) {
    world.revisions[number - 1].inactive = Some(world.now);
    world.revisions[number - 1].deleted = true;
}

#[test]
fn where_the_record_may_have_been_deleted_nothing_is_run_by_itself() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    world.settle(&declared, &context());
    others(&mut world, 2);
    deleted(&mut world, 1);
    world.now += 2.0 * HOUR;
    let plan = world.look(&declared, &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "MemoryGone"));
    assert_snapshot!(message(&plan), @"EcsTask/migrate is not run by itself: revision migrate:1 has been deleted, and a run of it may have been on record there, so that nobody knows whether it has run. Look at its log and at what it works on; then `driftless retry EcsTask/migrate` to run it; or, if it has run, tag arn:aws:ecs:eu-central-1:123456789012:task-definition/migrate:3 with driftless:run/ace778cf6760/c1e39e1030512f5e87cf5c5a134e4cfc=succeeded. In the future deregister revisions that have a tag `driftless:run/…`, and do not delete them; a task of a new family has no such gap");
    // A person who has looked.
    let retry = world.look(&declared, &Context { retry: true, ..context() });
    assert_eq!(actions(&retry), ["RegisterTaskDefinition", "TagResource", "RunTask"]);
    assert_snapshot!(retry.notes.join("; "), @"revision migrate:1 has been deleted, and a run of it may have been on record there; `driftless retry` runs it all the same");
    world.apply(&retry).expect("applied");
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
    // What comes after it is run as ever: the gap lies below what is known now.
    assert_eq!(reason(&world.settle(&migrate("migrate:2"), &context())), "Ready");
    assert_eq!(world.tasks.len(), 3);
}

#[test]
fn a_gap_below_our_newest_record_hides_nothing() {
    let mut world = World::new();
    for number in 1..=5 {
        world.settle(&migrate(&format!("migrate:{number}")), &context());
    }
    // Somebody keeps the newest revision only.
    (1..=4).for_each(|number| deleted(&mut world, number));
    assert_eq!(reason(&world.settle(&migrate("migrate:6"), &context())), "Ready");
    for number in 1..=6 {
        assert_eq!(reason(&world.settle(&migrate(&format!("migrate:{number}")), &context())), "Ready");
    }
    assert_eq!(world.tasks.len(), 6);
}

#[test]
fn a_record_that_is_kept_at_the_newest_revision_takes_the_others_along() {
    let mut world = World::new();
    world.settle(&migrate("migrate:1"), &context());
    world.settle(&migrate("migrate:2"), &context());
    others(&mut world, 3);
    world.revisions[1].inactive = Some(world.now);
    world.settle(&migrate("migrate:2"), &context());
    deleted(&mut world, 1);
    deleted(&mut world, 2);
    assert_eq!(reason(&world.settle(&migrate("migrate:1"), &context())), "Ready");
    assert_eq!(world.tasks.len(), 2);
}

#[test]
fn a_run_of_an_older_revision_is_on_record_at_the_newest_one_too() {
    // Refused at the first revision; the second runs; then the first runs, and is deleted.
    let mut world = World { no_room: 1, ..World::new() };
    let plan = world.look(&migrate("migrate:1"), &context());
    world.apply(&plan).expect_err("there is no room");
    world.settle(&migrate("migrate:2"), &context());
    world.settle(&migrate("migrate:1"), &context());
    assert_eq!((world.revisions.len(), world.tasks.len()), (2, 2));
    deleted(&mut world, 1);
    world.now += 2.0 * HOUR;
    assert_eq!(reason(&world.settle(&migrate("migrate:1"), &context())), "Ready");
    assert_eq!(world.tasks.len(), 2);
}

#[test]
fn deleted_newest_revisions_are_noticed_by_the_number_of_the_next_one() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    others(&mut world, 2);
    world.settle(&declared, &context());
    deleted(&mut world, 3);
    let plan = world.look(&declared, &context());
    assert_eq!(world.apply(&plan), Err(Refusal::Conflict), "the new revision is the fourth, and the third is not there");
    assert_eq!(reason(&world.settle(&declared, &context())), "MemoryGone");
    assert_eq!(world.tasks.len(), 1);
    // All of them, and the family's name.
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    world.settle(&declared, &context());
    deleted(&mut world, 1);
    assert_eq!(reason(&world.settle(&declared, &context())), "MemoryGone");
    assert_eq!(world.tasks.len(), 1);
}

#[test]
fn a_deleted_newest_revision_of_a_family_that_is_followed_takes_no_memory_along() {
    for (followed, ended) in [(None, true), (None, false), (Some(3), true)] {
        let (mut world, declared) = (World { index: Index::Denied, ..World::new() }, following("migrate", followed));
        others(&mut world, 3);
        // A migration that has run before, of the same resource.
        world.settle(&migrate("migrate:1"), &context());
        deleted(&mut world, 4);
        world.now += 2.0 * HOUR;
        let plan = world.look(&declared, &Context { retry: true, ..context() });
        world.apply(&plan).expect("applied");
        if ended {
            assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
        }
        // Its token is forgotten.
        world.now += 2.0 * HOUR;
        let runs = world.tasks.len();
        deleted(&mut world, 3);
        let plan = world.settle(&declared, &context());
        let wanted = match (followed, ended) {
            (_, true) => "Ready",
            (_, false) => "OutcomeUnknown",
        };
        assert_eq!((reason(&plan), world.tasks.len()), (wanted, runs), "{followed:?} {ended}: {plan:#?}");
    }
}

#[test]
fn a_copy_that_says_that_nothing_ran_is_no_proof_once_its_revision_is_gone() {
    let mut world = World { no_room: 1, ..World::new() };
    let plan = world.look(&migrate("migrate:1"), &context());
    world.apply(&plan).expect_err("there is no room");
    // The next attempt runs; a commit that follows at once copies what was on record before it.
    world.lag = 5.0;
    world.now += 90.0;
    for image in ["migrate:1", "migrate:2"] {
        let plan = world.look(&migrate(image), &context());
        world.apply(&plan).expect("applied");
    }
    world.now += 1200.0;
    deleted(&mut world, 1);
    world.now += 2.0 * HOUR;
    let plan = world.look(&migrate("migrate:1"), &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "OutcomeUnknown"));
}

#[test]
fn a_record_that_moves_up_hides_no_gap_that_nobody_has_explained() {
    let (mut world, one, two) = (World { index: Index::Denied, ..World::new() }, migrate("migrate:1"), migrate("migrate:2"));
    world.settle(&one, &context());
    world.settle(&two, &context());
    others(&mut world, 1);
    // The record of the second goes with its revision, and the first is deregistered.
    deleted(&mut world, 2);
    world.revisions[0].inactive = Some(world.now);
    world.now += 2.0 * HOUR;
    assert_eq!(reason(&world.settle(&one, &context())), "Ready");
    assert_eq!((reason(&world.settle(&two, &context())), world.tasks.len()), ("MemoryGone", 2));
}

#[test]
fn a_family_whose_only_revision_was_deleted_runs_nothing_when_it_has_one_again() {
    let (mut world, declared) = (World { index: Index::Denied, ..World::new() }, following("migrate", None));
    others(&mut world, 1);
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
    deleted(&mut world, 1);
    assert_eq!(reason(&world.settle(&declared, &context())), "TaskDefinitionNotFound");
    others(&mut world, 1);
    assert_eq!((reason(&world.settle(&declared, &context())), world.tasks.len()), ("MemoryGone", 1));
}

#[test]
fn a_revision_that_the_index_names_and_nobody_shows_has_had_the_record() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    world.settle(&declared, &context());
    world.settle(&migrate("migrate:2"), &context());
    // Deleted a moment ago, and its copy taken off the next one.
    world.ghosts = true;
    deleted(&mut world, 1);
    world.without_copies(2);
    let plan = world.settle(&declared, &context());
    assert_eq!((reason(&plan), world.tasks.len()), ("MemoryGone", 2));
    assert!(message(&plan).contains("AWS's index of tags says that a run of it was on record there"), "{}", message(&plan));
}

#[derive(Debug, Clone)]
enum Event {
    /// A pass that comes to its end.
    Pass,
    /// A pass that is killed at this step, before or after its effect.
    Killed(usize, bool),
    /// Seconds.
    Wait(f64),
    /// Another commit declares this image.
    Commit(usize),
    /// Somebody registers so many revisions of the family.
    Registered(usize),
    /// Somebody deregisters this revision.
    Deregistered(usize),
    /// Somebody deregisters and deletes this revision, if it is not the newest.
    Deleted(usize),
    /// The tagging index is so many seconds behind from now on; None: it may not be asked.
    Index(Option<f64>),
    /// Answers are so many seconds old from now on.
    Lag(f64),
    /// The next RunTask finds no room.
    NoRoom,
    /// A pass after `driftless retry`.
    Retry,
    /// The next tasks run so long, and exit with this code.
    Ends(f64, i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Pass),
        4 => (0..4_usize, any::<bool>()).prop_map(|(step, after)| Event::Killed(step, after)),
        4 => prop::sample::select(vec![1.0, 5.0, 30.0, 90.0, 1200.0, 2900.0, 3300.0, 4000.0, 90_000.0]).prop_map(Event::Wait),
        2 => (0..3_usize).prop_map(Event::Commit),
        1 => (1..12_usize).prop_map(Event::Registered),
        1 => (0..4_usize).prop_map(Event::Deregistered),
        2 => (0..3_usize).prop_map(Event::Deleted),
        1 => prop::option::weighted(0.7, prop::sample::select(vec![0.0, 60.0, 3000.0])).prop_map(Event::Index),
        1 => prop::sample::select(vec![0.0, 5.0, 20.0]).prop_map(Event::Lag),
        1 => Just(Event::NoRoom),
        1 => Just(Event::Retry),
        1 => (prop::sample::select(vec![1.0, 30.0, 2000.0, 100_000.0]), 0..2_i64).prop_map(|(runs, exit)| Event::Ends(runs, exit)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever happens; but for each `driftless retry` that had something to try again, once more.
    #[test]
    fn no_definition_is_ever_run_twice(events in prop::collection::vec(event(), 1..40)) {
        let images = ["migrate:1", "migrate:2", "migrate:3"];
        let (mut world, mut image, mut retries) = (World::new(), 0, [0; 3]);
        for event in &events {
            let resource = migrate(images[image]);
            match event {
                Event::Pass => {
                    let plan = world.look(&resource, &context());
                    let _ = world.apply(&plan);
                }
                Event::Killed(step, after) => killed(&mut world, &resource, *step, *after),
                Event::Wait(seconds) => world.now += seconds,
                Event::Commit(next) => image = *next,
                Event::Registered(count) => {
                    for _ in 0..*count {
                        world.register(&object(definition("others:1")));
                    }
                }
                Event::Deregistered(number) => {
                    if let Some(one) = world.revisions.get_mut(*number) {
                        one.inactive.get_or_insert(world.now);
                    }
                }
                Event::Deleted(number) if number + 1 < world.revisions.len() => {
                    deleted(&mut world, number + 1);
                }
                Event::Deleted(_) => {}
                Event::Index(behind) => world.index = behind.map_or(Index::Denied, Index::Behind),
                Event::Lag(seconds) => world.lag = *seconds,
                Event::NoRoom => world.no_room = 1,
                Event::Retry => {
                    let plan = world.look(&resource, &Context { retry: true, ..context() });
                    let runs = plan.steps.iter().any(Step::runs) && ran(&world, images[image]) > 0;
                    retries[image] += usize::from(runs);
                    // A person has it run although what had run before is forgotten: all of it may be run anew.
                    if plan.notes.iter().any(|note| note.contains("deleted")) {
                        retries.iter_mut().for_each(|retries| *retries += 1);
                    }
                    let _ = world.apply(&plan);
                }
                Event::Ends(runs, exit) => world.ends = Some((*runs, *exit)),
            }
            for (image, retries) in images.iter().zip(retries) {
                let ran = ran(&world, image);
                prop_assert!(ran <= 1 + retries, "{image} was run {ran} times");
            }
        }
    }
}

/// How often a definition was run.
fn ran(world: &World, image: &str) -> usize {
    let of = |task: &&Task| {
        let revision = world.revisions.iter().find(|one| one.content["taskDefinitionArn"] == task.revision.as_str());
        revision.is_some_and(|one| one.content["containerDefinitions"][0]["image"] == image)
    };
    world.tasks.iter().filter(of).count()
}
