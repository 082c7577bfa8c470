//! A rollout is ours because we hold the id that our own write's answer gave, and for no other reason: only ours is judged,
//! stopped, rolled back and remembered. What somebody else began is waited for.

use crate::plan_world::*;
use driftless_core::desired::{FailAfter, Resource, TaskDefinition};
use driftless_core::plan::ecs::{Context, digest};
use driftless_core::plan::{EcsStep, Plan, Step};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;

fn image(image: &str) -> Resource {
    let mut task = task();
    task["containerDefinitions"][0]["image"] = json!(image);
    web(task, service())
}

fn live(world: &mut World) -> &mut serde_json::Map<String, Value> {
    world.service.as_mut().expect("it is there")
}

/// `web:1` runs since long ago; ours.
fn running() -> World {
    let mut world = World { now: 1000.0, ..World::default() };
    let plan = world.look(&image("web:1"), &context());
    world.apply(&plan);
    world.now += 100.0 * HOUR;
    world
}

/// The deployment of `web:2` that we have just begun, unfinished; and what AWS showed before.
fn rolling() -> (World, World) {
    let before = running();
    let mut world = before.clone();
    let plan = world.look(&image("web:2"), &context());
    let mut registered = None;
    for step in &plan.steps {
        world.step(step, &mut registered);
    }
    live(&mut world)["runningCount"] = json!(1);
    let old = before.service.as_ref().expect("it is there")["deployments"][0].clone();
    live(&mut world)["deployments"].as_array_mut().expect("a list").push(old);
    live(&mut world)["deployments"][1]["status"] = json!("ACTIVE");
    world.now += 60.0;
    world.writes.clear();
    (before, world)
}

/// ECS has taken `web:2` back: the old deployment is PRIMARY again, under its old id. Nothing else is left to tell of it.
fn taken_back() -> World {
    let (before, mut world) = rolling();
    let tags = world.tags_mut().clone();
    world.service = before.service;
    *world.tags_mut() = tags;
    world.now += 300.0;
    world
}

fn stops_nothing(plan: &Plan) {
    for step in &plan.steps {
        let Step::Ecs(step) = step else { panic!("a step of ECS") };
        let tags = match step {
            EcsStep::TagResource { document } => document["tags"].to_string(),
            EcsStep::UpdateService { .. } => String::new(),
            other => panic!("{other:?}"),
        };
        assert!(!tags.contains("driftless:failed"), "{tags}");
    }
}

#[test]
fn the_pass_that_adopts_stops_nobodys_rollout_however_old_it_is() {
    let mut world = running();
    world.tags_mut().clear();
    live(&mut world)["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    live(&mut world)["runningCount"] = json!(0);
    let plan = world.look(&image("web:1"), &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "RolloutOfOthers"));
    stops_nothing(&plan);
    assert!(
        message(&plan).contains("ecs-svc/1 of web:1 (begun 4 days ago), which Driftless did not begin"),
        "{}",
        message(&plan)
    );
    world.apply(&plan);
    live(&mut world)["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    live(&mut world)["runningCount"] = json!(0);
    let plan = world.look(&image("web:1"), &context());
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "RolloutOfOthers"), "nor does any pass after it: {plan:#?}");
}

#[test]
fn somebodys_forced_deployment_that_takes_longer_than_the_timeout_is_waited_for() {
    let mut world = running();
    let mut forced = live(&mut world)["deployments"][0].clone();
    forced["id"] = json!("ecs-svc/99");
    forced["rolloutState"] = json!("IN_PROGRESS");
    forced["createdAt"] = json!(world.now - 2.0 * HOUR);
    live(&mut world)["deployments"] = json!([forced]);
    live(&mut world)["runningCount"] = json!(0);
    let plan = world.look(&image("web:1"), &context());
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "RolloutOfOthers"));
    assert!(message(&plan).contains("begun 2 h ago"), "{}", message(&plan));
    // It is told where it fails, and is nobody's failure to be remembered.
    live(&mut world)["deployments"][0]["rolloutState"] = json!("FAILED");
    let plan = world.look(&image("web:1"), &context());
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "RolloutOfOthersFailed"), "{plan:#?}");
    // A new commit is deployed over it.
    live(&mut world)["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    let plan = world.look(&image("web:2"), &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
    assert!(plan.notes.iter().any(|note| note.contains("ecs-svc/99") && note.contains("superseded")), "{:?}", plan.notes);
}

#[test]
fn somebodys_rollout_is_not_superseded_for_a_default_of_awss() {
    let mut world = running();
    live(&mut world)["loadBalancers"] = json!([{"targetGroupArn": "tg", "containerName": "app", "containerPort": 80}]);
    live(&mut world)["deployments"][0]["id"] = json!("ecs-svc/99");
    live(&mut world)["deployments"][0]["createdAt"] = json!(world.now);
    live(&mut world)["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    let plan = world.look(&image("web:1"), &context());
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "RolloutOfOthers"), "{plan:#?}");
    live(&mut world)["deployments"][0]["rolloutState"] = json!("COMPLETED");
    assert_eq!(actions(&world.look(&image("web:1"), &context())), ["UpdateService"]);
}

#[test]
fn our_own_rollout_is_failed_by_the_timeout_after_a_restart_too() {
    let (_, mut world) = rolling();
    assert_eq!(reason(&world.look(&image("web:2"), &context())), "RollingOut");
    world.now += HOUR;
    let plan = world.look(&image("web:2"), &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource", "UpdateService"], "RolloutTimedOut"));
}

#[test]
fn a_rollout_that_ecs_took_back_is_not_tried_again_though_no_list_tells_of_it() {
    let mut world = taken_back();
    for _ in 0..3 {
        let plan = world.look(&image("web:2"), &context());
        assert_eq!(reason(&plan), "RolloutFailed", "{plan:#?}");
        assert!(actions(&plan).iter().all(|action| *action == "TagResource"), "{plan:#?}");
        world.apply(&plan);
    }
    assert_eq!(world.tag("driftless:failed"), Some(digest(spec(&mut image("web:2")))));
    // Nor after years, by another agent.
    world.now += 10_000.0 * HOUR;
    let plan = world.look(&image("web:2"), &Context { revision: "c77", ..context() });
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "RolloutFailed"), "{plan:#?}");
}

/// A deployment of `LATEST`, a namespace by name, an ignored member: what was deployed looks otherwise than what is declared.
#[test]
fn a_failed_rollout_is_known_by_its_number_whatever_its_revision_looks_like() {
    let mut world = taken_back();
    let revision = |number: u64| format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:service-revision/shop/web/{number}");
    world.service_deployments = vec![
        json!({"serviceDeploymentArn": "newest", "status": "ROLLBACK_SUCCESSFUL", "targetServiceRevision": {"arn": revision(2)}}),
        json!({"serviceDeploymentArn": "oldest", "status": "SUCCESSFUL", "targetServiceRevision": {"arn": revision(1)}}),
    ];
    world.service_revisions = vec![json!({"serviceRevisionArn": revision(2), "platformVersion": "1.4.0",
        "taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/other:7"})];
    // AWS made a new deployment of the old version, as it is free to.
    live(&mut world)["deployments"][0]["id"] = json!("ecs-svc/3");
    live(&mut world)["deployments"][0]["createdAt"] = json!(world.now - 60.0);
    let plan = world.look(&image("web:2"), &context());
    assert_eq!(reason(&plan), "RolloutFailed", "{plan:#?}");
    // Somebody else's failure of the same content is none of ours.
    world.service_deployments[0]["targetServiceRevision"]["arn"] = json!(revision(99));
    let plan = world.look(&image("web:2"), &context());
    assert_eq!(actions(&plan), ["UpdateService"], "{plan:#?}");
}

#[test]
fn the_events_tell_of_a_rollback_where_nothing_else_does() {
    let mut world = taken_back();
    live(&mut world)["deployments"][0]["id"] = json!("ecs-svc/3");
    live(&mut world)["deployments"][0]["createdAt"] = json!(world.now - 60.0);
    let told = |said: &str| json!([{"createdAt": 1000.0 + 100.0 * HOUR + 90.0, "message": format!("(service web) (deployment ecs-svc/2) {said}")}]);
    live(&mut world)["events"] = told("deployment failed: tasks failed to start.");
    assert_eq!(reason(&world.look(&image("web:2"), &context())), "RolloutFailed");
    live(&mut world)["events"] = told("deployment completed.");
    assert_eq!(actions(&world.look(&image("web:2"), &context())), ["UpdateService"], "what a person did later is healed");
}

#[test]
fn a_console_edit_after_a_rollout_is_healed_and_not_taken_for_its_rollback() {
    let (_, mut world) = rolling();
    world.settle();
    world.now += 2.0 * HOUR;
    let old = world.revisions[0]["taskDefinition"]["taskDefinitionArn"].clone();
    world.edit(json!({"taskDefinition": old, "deployments": [{"id": "ecs-svc/50", "status": "PRIMARY", "taskDefinition": old,
        "rolloutState": "COMPLETED", "createdAt": world.now - 10.0}]}));
    assert_eq!(actions(&world.look(&image("web:2"), &context())), ["UpdateService"]);
}

#[test]
fn a_stale_answer_right_after_our_write_is_no_rollback() {
    let (before, mut world) = rolling();
    let tags = world.tags_mut().clone();
    world.service = before.service;
    *world.tags_mut() = tags;
    world.now -= 50.0;
    let at = world.now - 10.0;
    let plan = world.look(&image("web:2"), &Context { last_write: Some(at), ..context() });
    assert_ne!(reason(&plan), "RolloutFailed", "{plan:#?}");
}

/// Killed between UpdateService and its tags.
#[test]
fn a_rollout_whose_record_was_lost_is_ours_by_the_moment_of_its_registration() {
    let (before, mut world) = rolling();
    *world.tags_mut() = before.service.clone().expect("it is there")["tags"].as_array().expect("a list").clone();
    let began = live(&mut world)["deployments"][0]["createdAt"].as_f64().expect("a time");
    world.revisions[1]["taskDefinition"]["registeredAt"] = json!(began - 1.0);
    let plan = world.look(&image("web:2"), &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "RollingOut"), "{plan:#?}");
    world.service.as_mut().expect("it is there");
    for step in &plan.steps {
        world.step(step, &mut None);
    }
    assert!(
        world.tag("driftless:written").is_some_and(|tag| tag.contains(" ecs-svc/2 ")),
        "{:?}",
        world.tag("driftless:written")
    );
    assert!(world.look(&image("web:2"), &context()).is_empty());
    world.now += HOUR;
    assert_eq!(reason(&world.look(&image("web:2"), &context())), "RolloutTimedOut");
}

#[test]
fn a_rollout_whose_answer_was_lost_is_ours_by_the_moment_of_our_call() {
    let (before, mut world) = rolling();
    *world.tags_mut() = before.service.clone().expect("it is there")["tags"].as_array().expect("a list").clone();
    let began = live(&mut world)["deployments"][0]["createdAt"].as_f64().expect("a time");
    world.revisions[1]["taskDefinition"]["registeredAt"] = json!(began - 5000.0);
    assert_eq!(reason(&world.look(&image("web:2"), &context())), "RolloutOfOthers");
    let plan = world.look(&image("web:2"), &Context { last_write: Some(began - 1.0), ..context() });
    assert_eq!(reason(&plan), "RollingOut", "{plan:#?}");
}

#[test]
fn a_rollout_that_only_crashes_is_failed_after_as_many_tasks_as_ecs_own_circuit_breaker_takes() {
    let with_fail_after = |fail_after| {
        let mut resource = image("web:2");
        spec(&mut resource).rollout.fail_after = fail_after;
        resource
    };
    let table = [
        (FailAfter::Auto, 2, false, "RollingOut"),
        (FailAfter::Auto, 3, false, "TasksFailed"),
        (FailAfter::Auto, 3, true, "RollingOut"),
        (FailAfter::Tasks(5), 4, false, "RollingOut"),
        (FailAfter::Tasks(5), 5, false, "TasksFailed"),
        (FailAfter::Never, 500, false, "RollingOut"),
    ];
    for (fail_after, failed, breaker, expected) in table {
        let resource = with_fail_after(fail_after);
        let (_, mut world) = rolling();
        live(&mut world)["deployments"][0]["failedTasks"] = json!(failed);
        live(&mut world)["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] = json!(breaker);
        let mut resource = resource;
        let configuration = json!({"deploymentCircuitBreaker": {"enable": breaker}});
        spec(&mut resource).service.edit(|service| drop(service.insert("deploymentConfiguration".to_owned(), configuration)));
        let plan = world.look(&resource, &context());
        assert_eq!(reason(&plan), expected, "{fail_after:?} {failed} {breaker} {plan:#?}");
        if expected == "TasksFailed" {
            assert_eq!(actions(&plan), ["TagResource", "UpdateService"], "remembered, and rolled back");
            let word = if fail_after == FailAfter::Auto { "auto, which is 3 of 2" } else { "rollout.failAfter: 5" };
            assert!(message(&plan).starts_with(&format!("{failed} tasks of the rollout failed (")), "{}", message(&plan));
            assert!(message(&plan).contains(word), "{}", message(&plan));
        }
    }
}

#[test]
fn a_service_with_the_old_short_arn_is_stalled_before_any_write() {
    let mut world = running();
    live(&mut world)["serviceArn"] = json!(format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:service/web"));
    world.tags_mut().clear();
    let plan = world.look(&image("web:2"), &context());
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "ShortArn"));
    assert!(message(&plan).contains("long ARN") && message(&plan).contains("nothing was written"), "{}", message(&plan));
}

#[test]
fn a_service_of_codedeploy_goes_over_to_ecs_where_the_manifest_says_so() {
    let mut world = running();
    live(&mut world)["deploymentController"] = json!({"type": "CODE_DEPLOY"});
    let plan = world.look(&image("web:1"), &context());
    assert_eq!(reason(&plan), "Unsupported");
    assert!(message(&plan).contains("declare `deploymentController: {type: ECS}`"), "{}", message(&plan));
    let mut declared = image("web:1");
    spec(&mut declared).service.edit(|service| drop(service.insert("deploymentController".to_owned(), json!({"type": "ECS"}))));
    let plan = world.look(&declared, &context());
    assert_eq!(update_of(&plan)["deploymentController"], json!({"type": "ECS"}), "{plan:#?}");
    live(&mut world)["deploymentController"] = json!({"type": "EXTERNAL"});
    assert_eq!(reason(&world.look(&declared, &context())), "Unsupported");
}

#[test]
fn a_family_that_moves_on_is_followed_by_its_own_identity() {
    let mut world = running();
    let mut follows = image("web:1");
    spec(&mut follows).task_definition = TaskDefinition::Family { family: "web".to_owned(), revision: None };
    let plan = world.look(&follows, &context());
    assert!(plan.is_empty(), "{plan:#?}");
    let mut second = world.revisions[0].clone();
    let arn = format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:task-definition/web:2");
    second["taskDefinition"]["taskDefinitionArn"] = json!(arn);
    second["taskDefinition"]["revision"] = json!(2);
    second["taskDefinition"]["containerDefinitions"][0]["image"] = json!("web:2");
    world.revisions.push(second);
    let plan = world.look(&follows, &context());
    assert_eq!(actions(&plan), ["UpdateService"]);
    world.apply(&plan);
    assert!(world.tag("driftless:written").is_some_and(|tag| tag.contains(" ecs-svc/2 ")));
}

#[test]
fn tasks_that_come_up_and_crash_are_counted_by_the_deployment_that_started_them_as_long_as_none_runs() {
    let (_, world) = rolling();
    let crashed = |by: &str| {
        json!({"startedBy": by, "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "app", "exitCode": 1}]})
    };
    let judged = |running: u64, by: &str| {
        let resource = image("web:2");
        let mut observed = world.observe(&resource, &context());
        observed.stopped_tasks = vec![crashed(by); 3];
        if let driftless_core::observed::Observed::Present(service) = &mut observed.service {
            service["deployments"][0]["runningCount"] = json!(running);
        }
        reason(&driftless_core::plan::ecs::plan(&resource, declared(&resource), &observed, &context()))
    };
    assert_eq!(judged(0, "ecs-svc/2"), "TasksFailed");
    assert_eq!(judged(1, "ecs-svc/2"), "RollingOut", "one runs: ECS counts anew, and so does this");
    assert_eq!(judged(0, "ecs-svc/1"), "RollingOut", "tasks of the version before");
}

#[test]
fn a_change_of_count_during_somebodys_rollout_does_not_make_it_ours() {
    let mut world = running();
    live(&mut world)["deployments"][0]["id"] = json!("ecs-svc/99");
    live(&mut world)["deployments"][0]["createdAt"] = json!(world.now);
    live(&mut world)["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    let mut scaled = image("web:1");
    spec(&mut scaled).service.edit(|service| drop(service.insert("desiredCount".to_owned(), json!(5))));
    let plan = world.look(&scaled, &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["UpdateService"], "Scaling"));
    for step in &plan.steps {
        world.step(step, &mut None);
    }
    let written = world.tag("driftless:written").expect("a record");
    assert!(!written.contains("ecs-svc/99"), "{written}");
    assert_eq!(reason(&world.look(&scaled, &context())), "RolloutOfOthers");
}
