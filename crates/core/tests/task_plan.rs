//! An `EcsTask` runs once for each new digest; what is on record decides what comes next.

use crate::task_world::*;
use driftless_core::observed::{Observation, Observed};
use driftless_core::plan::Context;
use insta::assert_snapshot;
use serde_json::json;

#[test]
fn a_first_look_registers_puts_the_intent_on_record_and_runs() {
    let world = World::new();
    let plan = world.look(&migrate("migrate:1"), &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "TagResource", "RunTask"]);
    assert_eq!(reason(&plan), "Starting");
    assert!(plan.changes.iter().any(|change| change.path == "/taskDefinition/containerDefinitions/app/image"), "{plan:#?}");
    assert!(driftless_core::plan::render::render(&plan, &Default::default()).starts_with("EcsTask/migrate: to be run\n"));
}

#[test]
fn it_runs_once_and_the_second_pass_writes_nothing() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    let plan = world.settle(&declared, &context());
    assert_eq!(reason(&plan), "Ready");
    assert_snapshot!(message(&plan), @"task 00000000000000000000000000000001 of migrate:1 ran to its end");
    assert_eq!(world.writes, ["RegisterTaskDefinition", "TagResource", "RunTask", "TagResource", "TagResource"]);
    assert_eq!(world.tasks.len(), 1);
    world.now += 1000.0 * HOUR;
    let later = world.look(&declared, &Context { revision: "c2", ..context() });
    assert_eq!((actions(&later).len(), reason(&later)), (0, "Ready"));
}

#[test]
fn run_task_carries_the_declared_document_our_tags_and_a_token() {
    let (mut world, mut resource) = (World::new(), migrate("migrate:1"));
    declared(&mut resource).task =
        object(json!({"launchType": "FARGATE", "group": "db", "tags": [{"key": "team", "value": "shop"}]})).into();
    let plan = world.look(&resource, &context());
    world.apply(&plan).expect("applied");
    let sent = &world.tasks[0].sent;
    assert_eq!((&sent["cluster"], &sent["count"], &sent["group"]), (&json!("shop"), &json!(1), &json!("db")));
    let tags: Vec<String> =
        sent["tags"].as_array().expect("a list").iter().map(|tag| format!("{}={}", tag["key"], tag["value"])).collect();
    assert_snapshot!(tags.join(" ").replace('"', ""), @"driftless:agent=production driftless:resource=EcsTask/migrate driftless:revision=c1 driftless:source=0123456789abcdef team=shop");
    assert_eq!(sent["clientToken"].as_str().map(str::len), Some(32));
    let record = world.revisions[0].runs()[0].to_owned();
    assert_snapshot!(record, @"intended attempt=1 at=1764028800 for=3600 source=01234567 commit=c1");
}

#[test]
fn environment_values_of_overrides_are_not_shown() {
    let (world, mut resource) = (World::new(), migrate("migrate:1"));
    let environment = json!([{"name": "TOKEN", "value": "s3cret"}]);
    declared(&mut resource).task =
        object(json!({"overrides": {"containerOverrides": [{"name": "app", "environment": environment}]}})).into();
    let plan = world.look(&resource, &context());
    assert!(!serde_json::to_string(&plan).expect("JSON").contains("s3cret"));
    assert!(!format!("{plan:?}").contains("s3cret"));
    assert!(!driftless_core::plan::render::render(&plan, &Default::default()).contains("s3cret"));
}

#[test]
fn a_changed_definition_or_document_runs_again_and_a_changed_timeout_does_not() {
    let (mut world, first) = (World::new(), migrate("migrate:1"));
    world.settle(&first, &context());
    let mut longer = first.clone();
    declared(&mut longer).timeout = timeout(7200);
    assert_eq!(reason(&world.look(&longer, &context())), "Ready");
    let mut document = first.clone();
    declared(&mut document).task = object(json!({"launchType": "FARGATE", "group": "db"})).into();
    let plan = world.look(&document, &context());
    assert_eq!(actions(&plan), ["TagResource", "RunTask"], "the revision says the same, and is run again");
    assert_eq!(actions(&world.look(&migrate("migrate:2"), &context())), ["RegisterTaskDefinition", "TagResource", "RunTask"]);
}

#[test]
fn going_back_to_what_has_run_does_not_run_it_again() {
    let (mut world, first, second) = (World::new(), migrate("migrate:1"), migrate("migrate:2"));
    world.settle(&first, &context());
    world.settle(&second, &context());
    let plan = world.look(&first, &context());
    assert_eq!((actions(&plan).len(), reason(&plan), world.tasks.len()), (0, "Ready", 2));
}

#[test]
fn what_others_register_or_deregister_in_the_family_runs_nothing() {
    for resource in [migrate("migrate:1"), following("migrate", None), following("migrate", Some(1))] {
        let mut world = World::new();
        world.register(&object(definition("migrate:1")));
        world.settle(&resource, &context());
        for number in 0..30 {
            world.register(&object(definition(&format!("others:{number}"))));
        }
        world.now += 3.0 * HOUR;
        assert_eq!(reason(&world.look(&resource, &context())), "Ready", "it is found behind 30 others");
        world.revisions[0].inactive = Some(world.now);
        assert_eq!(reason(&world.look(&resource, &context())), "Ready", "it is found among the INACTIVE ones");
        assert_eq!(world.tasks.len(), 1);
    }
}

#[test]
fn two_tasks_on_one_revision_do_not_mix() {
    let mut world = World::new();
    world.register(&object(definition("migrate:1")));
    for (name, tasks) in [("migrate", 1), ("seed", 2)] {
        assert_eq!(reason(&world.settle(&following(name, Some(1)), &context())), "Ready");
        assert_eq!(world.tasks.len(), tasks);
    }
    assert_eq!(world.revisions[0].runs().len(), 2);
    assert_eq!(world.revisions.len(), 1);
}

#[test]
fn a_revision_remembers_ten_runs_of_a_resource() {
    let mut world = World::new();
    world.register(&object(definition("migrate:1")));
    for number in 0..60 {
        let mut resource = following("migrate", Some(1));
        declared(&mut resource).task = object(json!({"group": format!("run-{number}")})).into();
        assert_eq!(reason(&world.settle(&resource, &context())), "Ready");
    }
    assert_eq!((world.tasks.len(), world.revisions[0].runs().len()), (60, 10));
}

#[test]
fn images_are_laid_over_the_family_as_a_service_has_it() {
    let mut world = World::new();
    world.register(&object(definition("migrate:1")));
    let mut resource = following("migrate", None);
    declared(&mut resource).images = [("app".to_owned(), "migrate:2".to_owned())].into();
    world.settle(&resource, &context());
    assert_eq!(world.revisions[1].content["containerDefinitions"][0]["image"], "migrate:2");
    assert_eq!(world.tasks[0].revision, world.revisions[1].content["taskDefinitionArn"]);
    declared(&mut resource).images = [("web".to_owned(), "migrate:2".to_owned())].into();
    assert_eq!(reason(&world.look(&resource, &context())), "ContainerNotFound");
    assert_eq!(reason(&World::new().look(&following("migrate", None), &context())), "TaskDefinitionNotFound");
}

#[test]
fn a_failed_run_says_why_and_is_run_again_by_a_person_only() {
    let (mut world, declared) = (World { ends: Some((30.0, 3)), ..World::new() }, migrate("migrate:1"));
    for _ in 0..2 {
        let plan = world.look(&declared, &context());
        world.apply(&plan).expect("applied");
        world.now += 40.0;
    }
    let plan = world.look(&declared, &context());
    assert_eq!(reason(&plan), "TaskFailed");
    assert_snapshot!(message(&plan), @"container app of migrate:1 exited with code 3 (task 00000000000000000000000000000001 of migrate:1); it is not run again until it is changed, or `driftless retry EcsTask/migrate`");
    assert_snapshot!(world.revisions[0].runs()[0], @"failed attempt=1 at=1764028800 for=3600 source=01234567 commit=c1 task=00000000000000000000000000000001 exit=3 stop=exited container=app");
    world.now += 100.0 * HOUR;
    assert!(world.look(&declared, &Context { revision: "c9", ..context() }).is_empty());
    world.ends = None;
    let retry = Context { retry: true, ..context() };
    let plan = world.look(&declared, &retry);
    assert_eq!((actions(&plan), plan.notes.join("")), (vec!["TagResource", "RunTask"], "attempt 2".to_owned()));
    world.apply(&plan).expect("applied");
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
    assert_eq!(world.tasks.len(), 2);
    assert_eq!(actions(&world.look(&declared, &retry)).len(), 0, "what ran to its end is not run again");
}

#[test]
fn at_its_end_the_message_tells_where_the_log_is() {
    let (mut world, declared) = (World { ends: Some((30.0, 3)), ..World::new() }, migrate("migrate:1"));
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("applied");
    world.now += 40.0;
    assert_snapshot!(message(&world.look(&declared, &context())), @"container app of migrate:1 exited with code 3 (Essential container in task exited); its log: group /shop/migrate, stream run/app/00000000000000000000000000000001; it is not run again until it is changed, or `driftless retry EcsTask/migrate`");
}

#[test]
fn at_its_timeout_it_is_stopped_and_has_failed() {
    let (mut world, declared) = (World { ends: Some((10.0 * HOUR, 0)), ..World::new() }, migrate("migrate:1"));
    let plan = world.settle(&declared, &context());
    assert_eq!(reason(&plan), "TaskTimedOut");
    assert_snapshot!(message(&plan), @"task 00000000000000000000000000000001 of migrate:1 had not ended within 1h, and was stopped; it is not run again until it is changed, or `driftless retry EcsTask/migrate`");
    assert_eq!(world.writes.iter().filter(|action| *action == "StopTask").count(), 1);
    assert!(world.now < 1_764_028_800.0 + HOUR + 60.0);
}

#[test]
fn a_program_that_ends_well_because_somebody_stopped_it_has_failed() {
    for (why, told) in [("enough", "was stopped: enough;"), ("", "was stopped;")] {
        let (mut world, declared) = (World { ends: Some((HOUR, 0)), ..World::new() }, migrate("migrate:1"));
        let plan = world.look(&declared, &context());
        world.apply(&plan).expect("applied");
        world.tasks[0].stopped = Some((world.now + 20.0, why.to_owned()));
        world.now += 30.0;
        let plan = world.look(&declared, &context());
        assert_eq!(reason(&plan), "TaskFailed");
        let begins = format!("task 00000000000000000000000000000001 of migrate:1 {told}");
        assert!(message(&plan).starts_with(&begins), "{}", message(&plan));
    }
}

#[test]
fn a_run_of_an_earlier_definition_is_waited_for_and_never_stopped() {
    let (mut world, first, second) =
        (World { ends: Some((600.0, 0)), ..World::new() }, migrate("migrate:1"), migrate("migrate:2"));
    let plan = world.look(&first, &context());
    world.apply(&plan).expect("applied");
    world.now += 5.0;
    world.lag = 20.0;
    let next = Context { revision: "c2", ..context() };
    world.lag = 0.0;
    let plan = world.look(&second, &next);
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "WaitingForRun"));
    assert_eq!(reason(&world.settle(&second, &next)), "Ready");
    let ended = world.tasks[0].ends.0;
    assert!(world.tasks[1].created >= ended && world.tasks[0].stopped.is_none());
    assert!(world.revisions[0].runs()[0].starts_with("succeeded"), "{:?}", world.revisions[0].runs());
}

#[test]
fn without_room_the_next_attempt_has_a_token_of_its_own() {
    let (mut world, declared) = (World { no_room: 2, ..World::new() }, migrate("migrate:1"));
    let plan = world.look(&declared, &context());
    assert_eq!(world.apply(&plan), Err(Refusal::NoRoom));
    assert!(world.revisions[0].runs()[0].starts_with("refused attempt=1"), "{:?}", world.revisions[0].runs());
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
    assert_eq!(world.tasks.len(), 1);
    assert!(world.revisions[0].runs()[0].starts_with("succeeded attempt=3"), "{:?}", world.revisions[0].runs());
}

#[test]
fn another_source_under_the_same_agents_name_stalls() {
    let (mut world, mut declared) = (World::new(), migrate("migrate:1"));
    world.settle(&declared, &context());
    let moved = Context { source_hash: "fedcba9876543210", ..context() };
    assert_eq!(reason(&world.look(&declared, &moved)), "AgentNameInUse");
    declared.adopt_force = true;
    assert_eq!(reason(&world.look(&declared, &moved)), "Ready");
    assert_eq!(actions(&world.look(&declared, &Context { agent: "other", ..context() })), ["TagResource", "RunTask"]);
}

const NO_CAPACITY: &str = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
const NO_PULL: &str =
    "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref migrate:1: not found";

fn never(times: u32, code: &str, reason: &str) -> World {
    World { never_start: (times, code.to_owned(), reason.to_owned()), ..World::new() }
}

#[test]
fn what_never_started_has_run_nothing_and_is_tried_again_with_a_token_of_its_own() {
    for (code, reason_) in [
        ("TaskFailedToStart", NO_CAPACITY),
        ("TaskFailedToStart", NO_PULL),
        ("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete."),
        ("InfrastructureHealth", "The host was unhealthy"),
        ("SpotInterruption", "Your Spot Task was interrupted."),
        ("ReasonOfNextYear", ""),
    ] {
        let (mut world, declared) = (never(3, code, reason_), migrate("migrate:1"));
        assert_eq!(reason(&world.settle(&declared, &context())), "Ready", "{code} {reason_}");
        assert_eq!(world.tasks.len(), 4, "{code}");
        let began: Vec<f64> = world.tasks.iter().map(|task| task.created - world.tasks[0].created).collect();
        assert!(began[1] >= 60.0 && began[2] - began[1] >= 60.0 && began[3] - began[2] >= 120.0, "ever longer: {began:?}");
        let record = world.revisions[0].runs()[0].to_owned();
        assert!(record.starts_with("succeeded attempt=4"), "{record}");
        let later = world.look(&declared, &Context { revision: "c9", ..context() });
        assert_eq!((actions(&later).len(), reason(&later)), (0, "Ready"));
    }
}

#[test]
fn what_does_not_start_in_half_an_hour_has_failed_until_a_person_or_a_change_comes() {
    let (mut world, declared) = (never(1000, "TaskFailedToStart", NO_PULL), migrate("migrate:1"));
    let began = world.now;
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("applied");
    world.now += 40.0;
    let plan = world.look(&declared, &context());
    assert_eq!(reason(&plan), "NotStarted");
    assert_snapshot!(message(&plan), @"task 00000000000000000000000000000001 of migrate:1 was not started: CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref migrate:1: not found; nothing of it has run, and it is tried again in 20s");
    let plan = world.settle(&declared, &context());
    assert_eq!(reason(&plan), "TaskNotStarted");
    let tasks = world.tasks.len();
    assert!((5..=9).contains(&tasks), "{tasks} attempts");
    assert!(world.now - began >= 30.0 * 60.0 && world.now - began < HOUR, "{}", world.now - began);
    world.now += 50.0 * HOUR;
    let plan = world.look(&declared, &context());
    assert_eq!((reason(&plan), world.tasks.len()), ("TaskNotStarted", tasks), "also when AWS tells of no task any more");
    assert_snapshot!(message(&plan), @"task 00000000000000000000000000000008 of migrate:1 was not started: CannotPullContainerError: pull image manifest has been retried 7 time-s-: failed to resolve ref migr; it was tried for 36m, and nothing of it has run; it is not tried again until it is changed, or `driftless retry EcsTask/migrate`");
    let plan = world.look(&declared, &Context { retry: true, ..context() });
    assert_eq!(actions(&plan), ["TagResource", "RunTask"]);
    world.never_start.0 = 0;
    world.apply(&plan).expect("applied");
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
}

#[test]
fn a_task_for_which_there_is_no_room_has_failed_after_half_an_hour_with_aws_reason() {
    let (mut world, declared) = (World { no_room: 10_000, ..World::new() }, migrate("migrate:1"));
    let began = world.now;
    let plan = world.settle(&declared, &context());
    assert_eq!(reason(&plan), "TaskNotStarted", "{}", message(&plan));
    assert!(world.now - began >= 30.0 * 60.0 && world.now - began < HOUR, "{}", world.now - began);
    assert!(
        message(&plan).contains("it was tried for") && message(&plan).contains("tries again from time to time"),
        "{}",
        message(&plan)
    );
}

#[test]
fn a_task_of_which_anything_ran_is_not_tried_again() {
    // One container ran and was killed, as another could not be started.
    let ran = |containers: serde_json::Value, started: serde_json::Value| {
        let (mut world, declared) = (World::new(), migrate("migrate:1"));
        let plan = world.look(&declared, &context());
        world.apply(&plan).expect("applied");
        world.now += 40.0;
        let mut observed = world.observe(&declared, &context());
        let Observed::Present(tasks) = &mut observed.tasks else { panic!("a task") };
        let more =
            json!({"stopCode": "TaskFailedToStart", "stoppedReason": "no", "containers": containers, "startedAt": started});
        tasks[0].as_object_mut().expect("an object").extend(object(more));
        reason(&driftless_core::plan::plan(&declared, &Observation::EcsTask(observed), &context())).to_owned()
    };
    let side = |exit: serde_json::Value| json!([{"name": "app", "reason": "CannotPull"}, {"name": "side", "exitCode": exit}]);
    assert_eq!(ran(side(json!(137)), json!(null)), "TaskFailed");
    assert_eq!(ran(side(json!(null)), json!(1.0)), "TaskFailed");
    assert_eq!(ran(side(json!(null)), json!(null)), "NotStarted");
}

#[test]
fn stop_codes_that_are_not_known_are_told_as_they_are() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    for (code, words) in [("InfrastructureHealth", "its host was not healthy"), ("SomethingNewOfNextYear", "SomethingNew")] {
        let plan = world.look(&declared, &Context { retry: true, ..context() });
        world.apply(&plan).expect("applied");
        world.now += 100.0;
        let mut observed = world.observe(&declared, &context());
        let Observed::Present(tasks) = &mut observed.tasks else { panic!("a task") };
        tasks[0].as_object_mut().expect("an object").extend(object(json!({"stopCode": code, "stoppedReason": ""})));
        let plan = driftless_core::plan::plan(&declared, &Observation::EcsTask(observed), &context());
        assert_eq!(reason(&plan), "TaskFailed", "{code}: it ran, and somebody but itself ended it");
        world.apply(&plan).expect("applied");
        let plan = world.look(&declared, &context());
        assert!(message(&plan).contains(words), "{}", message(&plan));
    }
}

#[test]
fn what_aws_refuses_to_run_is_tried_again_ever_more_slowly_and_is_told_as_failed_after_half_an_hour() {
    let (mut world, declared) = (World { no_room: 1000, ..World::new() }, migrate("migrate:1"));
    let mut told = Vec::new();
    for _ in 0..360 {
        let plan = world.look(&declared, &context());
        told.push(reason(&plan));
        let _ = world.apply(&plan);
        world.now += 30.0;
    }
    let attempts = world.writes.iter().filter(|action| *action == "RunTask").count();
    assert!((20..=25).contains(&attempts), "{attempts} attempts in three hours");
    assert!(told[..50].iter().all(|reason| matches!(*reason, "NotRun" | "Starting")), "{told:?}");
    assert!(told[100..].iter().all(|reason| matches!(*reason, "TaskNotStarted" | "Starting")), "{told:?}");
    world.no_room = 0;
    world.now += 600.0;
    let plan = world.look(&declared, &context());
    world.apply(&plan).expect("it has room");
    assert_eq!(reason(&world.settle(&declared, &context())), "Ready");
}

#[test]
fn what_has_run_is_remembered_although_inactive_revisions_cannot_be_read() {
    let (mut world, images) = (World::new(), ["migrate:1", "migrate:2", "migrate:3"]);
    for image in images {
        world.settle(&migrate(image), &context());
    }
    // The older revisions are deregistered, and AWS shows nothing of them.
    world.revisions[0].deleted = true;
    world.revisions[1].deleted = true;
    for image in images {
        let plan = world.look(&migrate(image), &context());
        assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Ready"), "{image}");
    }
    let plan = world.look(&migrate("migrate:1"), &context());
    assert_snapshot!(message(&plan), @"task 00000000000000000000000000000001 of migrate:1 ran to its end");
    assert_eq!(world.tasks.len(), 3);
}

#[test]
fn what_only_an_inactive_revision_remembers_is_kept_at_the_newest_active_one_once() {
    let (mut world, declared) = (World::new(), migrate("migrate:1"));
    world.settle(&declared, &context());
    world.register(&object(definition("others:1")));
    world.revisions[0].inactive = Some(world.now);
    let plan = world.look(&declared, &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "Ready"));
    world.apply(&plan).expect("applied");
    let plan = world.look(&declared, &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Ready"));
    world.revisions[0].deleted = true;
    let plan = world.look(&declared, &context());
    assert_eq!((actions(&plan).len(), reason(&plan), world.tasks.len()), (0, "Ready", 1));
}

#[test]
fn a_run_of_a_changed_definition_shows_what_changed_since_the_last_one_and_nothing_else() {
    let mut world = World::new();
    world.settle(&migrate("migrate:1"), &context());
    let plan = world.look(&migrate("migrate:2"), &context());
    assert_snapshot!(driftless_core::plan::render::render(&plan, &Default::default()), @r#"
    EcsTask/migrate: to be run
      ~ /taskDefinition/containerDefinitions/app/image: "migrate:1" → "migrate:2"
    "#);
    world.settle(&migrate("migrate:2"), &context());
    // An existing revision; another document of RunTask.
    let mut pinned = following("migrate", Some(1));
    declared(&mut pinned).task = object(json!({"launchType": "FARGATE"})).into();
    assert_snapshot!(driftless_core::plan::render::render(&world.look(&pinned, &context()), &Default::default()), @r#"
    EcsTask/migrate: to be run
      ~ /taskDefinition: "migrate:2" → "migrate:1"
    "#);
    let mut grouped = migrate("migrate:2");
    declared(&mut grouped).task = object(json!({"launchType": "FARGATE", "group": "db"})).into();
    assert_snapshot!(driftless_core::plan::render::render(&world.look(&grouped, &context()), &Default::default()), @r#"
    EcsTask/migrate: to be run
      + /task/group: "db"
      + /task/launchType: "FARGATE"
    "#);
}
