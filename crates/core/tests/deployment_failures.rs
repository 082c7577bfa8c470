//! What is done about a deployment that failed, was stopped, rolled back or takes too long.

use crate::deployment_world::{NOW, World, context, declared, document_sent, message, told};
use driftless_core::observed::FailedTargets;
use driftless_core::plan::deployment::DeploymentStep;
use driftless_core::plan::{Context, Step};
use serde_json::json;

const HOUR: f64 = 3600.0;

#[test]
fn the_first_look_at_somebody_s_group_stops_nothing() {
    for (status, ago) in [("InProgress", 30.0), ("InProgress", 30.0 * HOUR), ("Ready", 30.0 * HOUR), ("Queued", 2.0 * HOUR)] {
        for tag in ["a", "b"] {
            let world = World::new().had("d-1", "a", status, ago, json!({}));
            assert_eq!(
                told(&world.plan(&declared(tag, json!({})))),
                "nothing | Reconciling OtherDeployment",
                "{status} {ago} {tag}"
            );
        }
    }
}

#[test]
fn a_failure_is_remembered_whatever_came_after_it() {
    for status in ["Failed", "Stopped"] {
        let world = World::new().had_own("d-1", "a", "Succeeded", 5.0 * HOUR, json!({})).had_own(
            "d-2",
            "b",
            status,
            2.0 * HOUR,
            json!({}),
        );
        let reason = if status == "Failed" { "DeploymentFailed" } else { "DeploymentStopped" };
        assert_eq!(told(&world.plan(&declared("b", json!({})))), format!("nothing | Failed {reason}"));
        // Somebody went back by hand; an instance caught up.
        let world = world.had("d-3", "a", "Succeeded", HOUR, json!({})).had(
            "d-4",
            "a",
            "Succeeded",
            60.0,
            json!({"creator": "autoscaling"}),
        );
        assert_eq!(told(&world.plan(&declared("b", json!({})))), format!("nothing | Failed {reason}"));
        // A person, a change, and the commit reverted.
        let retry = World { context: Context { retry: true, ..context() }, observed: world.observed.clone() };
        assert_eq!(told(&retry.plan(&declared("b", json!({})))), "CreateDeployment | Reconciling Deploying");
        assert_eq!(told(&world.plan(&declared("c", json!({})))), "CreateDeployment | Reconciling Deploying");
        assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Ready Ready");
    }
}

#[test]
fn a_failure_is_forgotten_once_something_else_of_ours_was_tried() {
    let world =
        World::new().had_own("d-1", "a", "Failed", 5.0 * HOUR, json!({})).had_own("d-2", "b", "Succeeded", HOUR, json!({}));
    assert_eq!(told(&world.plan(&declared("a", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn an_automatic_rollback_is_waited_for_and_then_the_failure_is_told() {
    // CodeDeploy's own deployment may carry the older description, mark and all.
    let older = document_sent("a", json!({}))["description"].clone();
    let back =
        json!({"creator": "codeDeployRollback", "description": older, "rollbackInfo": {"rollbackTriggeringDeploymentId": "d-2"}});
    let world =
        |status: &str| {
            World::new()
                .had_own("d-1", "a", "Succeeded", 5.0 * HOUR, json!({}))
                .had_own("d-2", "b", "Failed", 120.0, json!({}))
                .had("d-3", "a", status, 60.0, back.clone())
        };
    assert_eq!(told(&world("InProgress").plan(&declared("b", json!({})))), "nothing | Reconciling RollingBack");
    assert_eq!(told(&world("InProgress").plan(&declared("c", json!({})))), "nothing | Reconciling OtherDeployment");
    let mut after = world("Succeeded");
    after.observed.deployments[1]["rollbackInfo"] = json!({"rollbackDeploymentId": "d-3"});
    let plan = after.plan(&declared("b", json!({})));
    assert_eq!(told(&plan), "nothing | Failed DeploymentFailed");
    assert!(message(&plan).contains("rolled back by d-3 to s3://artifacts/app.zip (a)"), "{}", message(&plan));
    // The revert has what it declares; anything else is deployed.
    assert_eq!(told(&after.plan(&declared("a", json!({})))), "nothing | Ready Ready");
    assert_eq!(told(&after.plan(&declared("c", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn a_rollback_that_looks_like_what_failed_is_not_taken_for_it() {
    // Only a setting had changed, which the rollback's record does not show.
    let back = json!({"creator": "codeDeployRollback", "rollbackInfo": {"rollbackTriggeringDeploymentId": "d-2"}});
    let world = World::new()
        .had_own("d-1", "a", "Succeeded", 5.0 * HOUR, json!({"fileExistsBehavior": "OVERWRITE"}))
        .had_own("d-2", "a", "Failed", 120.0, json!({}))
        .had("d-3", "a", "Succeeded", 60.0, back);
    assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Failed DeploymentFailed");
}

#[test]
fn what_takes_too_long_is_stopped_and_has_failed() {
    let rollback = json!({"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE"]}});
    for (more, back) in [(json!({}), false), (rollback, true)] {
        let world = World::new().had_own("d-1", "a", "InProgress", HOUR + 1.0, more.clone());
        let plan = world.plan(&declared("a", more));
        assert_eq!(told(&plan), "StopDeployment | Reconciling TimedOut");
        let [Step::CodeDeploy(DeploymentStep::StopDeployment { document })] = &plan.steps[..] else { panic!("{plan:?}") };
        assert_eq!(document["autoRollbackEnabled"], json!(back));
    }
    let world = World::new().had_own("d-1", "a", "InProgress", HOUR - 1.0, json!({}));
    assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Reconciling Deploying");
    let mut stopped = World::new().had_own("d-1", "a", "Stopped", 2.0 * HOUR, json!({}));
    stopped.observed.deployments[0]["completeTime"] = json!(NOW - 2.0 * HOUR + HOUR + 5.0);
    assert_eq!(told(&stopped.plan(&declared("a", json!({})))), "nothing | Failed DeploymentTimedOut");
    // A new commit deploys at once.
    assert_eq!(told(&stopped.plan(&declared("b", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn the_waits_of_a_blue_green_deployment_are_added_to_the_timeout() {
    let waits = json!({
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 120},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 30},
    });
    let world = |ago: f64| {
        let mut world = World::new().had_own("d-1", "a", "Ready", ago, json!({}));
        world.observed.deployments[0]["blueGreenDeploymentConfiguration"] = waits.clone();
        world
    };
    let plan = world(3.0 * HOUR).plan(&declared("a", json!({})));
    assert_eq!(told(&plan), "nothing | Reconciling WaitsForContinueDeployment");
    assert!(
        message(&plan).contains("continue-deployment --deployment-id d-1") && message(&plan).contains("120 minutes"),
        "{}",
        message(&plan)
    );
    assert_eq!(told(&world(4.0 * HOUR).plan(&declared("a", json!({})))), "StopDeployment | Reconciling TimedOut");
}

#[test]
fn a_failure_tells_the_instance_the_event_the_script_and_its_last_lines() {
    let log: String = (1..=40).map(|line| format!("line {line}\n")).collect();
    let target = |id: &str| {
        json!({"deploymentTargetType": "InstanceTarget", "instanceTarget": {"targetId": id, "status": "Failed", "lifecycleEvents": [
            {"lifecycleEventName": "BeforeInstall", "status": "Succeeded"},
            {"lifecycleEventName": "AfterInstall", "status": "Failed", "diagnostics": {"errorCode": "ScriptFailed",
                "scriptName": "scripts/migrate.sh", "message": "Script at specified location: scripts/migrate.sh run as user root failed with exit code 1", "logTail": log}},
            {"lifecycleEventName": "ApplicationStart", "status": "Skipped"}]}})
    };
    let mut world = World::new().had_own("d-1", "a", "Failed", 60.0, json!({}));
    world.observed.deployments[0]["errorInformation"] = json!({"code": "HEALTH_CONSTRAINTS", "message": "The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems."});
    world.observed.failed_targets =
        Some(FailedTargets { shown: (0..25).map(|index| target(&format!("i-{index}"))).collect(), all: 80 });
    let told = message(&world.plan(&declared("a", json!({}))));
    insta::assert_snapshot!(told.lines().take(9).collect::<Vec<_>>().join("\n"), @r"
    d-1 of s3://artifacts/app.zip to shop/web failed at AfterInstall (scripts/migrate.sh, ScriptFailed) on i-0 and 79 other instances; it was not rolled back; `driftless retry` or a change deploys again
      HEALTH_CONSTRAINTS: The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems
      i-0: AfterInstall: scripts/migrate.sh: ScriptFailed: Script at specified location: scripts/migrate.sh run as user root failed with exit code 1
        line 36
        line 37
        line 38
        line 39
        line 40
      i-1: AfterInstall: scripts/migrate.sh: ScriptFailed: Script at specified location: scripts/migrate.sh run as user root failed with exit code 1
    ");
    assert!(told.lines().next().expect("a line").chars().count() <= 255, "{told}");
    assert!(told.len() < 3000, "bounded: {}", told.len());
    assert!(told.ends_with("80 instances failed in all"), "{told}");
}
