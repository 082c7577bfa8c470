//! What a person reads of a deployment to instances, a row for each of CodeDeploy's words.

use crate::deployment_world::*;
use serde_json::{Value, json};

/// Our deployment of `a`, as CodeDeploy describes it with `more`.
fn ours(status: &str, more: Value) -> World {
    let mut world = World::new().had_own("d-1", "a", status, 60.0, json!({}));
    let info = world.observed.deployments.last_mut().expect("a deployment");
    for (member, value) in more.as_object().into_iter().flatten() {
        info[member] = value.clone();
    }
    world
}

fn said(world: &World) -> String {
    message(&world.plan(&declared("a", json!({}))))
}

/// What is said while it is under way.
fn running(more: Value) -> String {
    said(&ours("InProgress", more))
}

/// What is said once it has failed.
fn failed(status: &str, more: Value) -> String {
    said(&ours(status, more))
}

#[test]
fn progress_counts_the_instances_by_what_becomes_of_them() {
    let counts = |overview: Value| {
        let message = running(json!({"deploymentOverview": overview}));
        message.split_once("shop/web").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    };
    let rows = [
        (json!({}), ""),
        (json!({"Pending": 0}), ""),
        (json!({"Succeeded": 1}), ": 1 of 1 instance done"),
        (json!({"Succeeded": 1, "Pending": 2}), ": 1 of 3 instances done, 2 pending"),
        (
            json!({"Failed": 1, "InProgress": 2, "Ready": 3, "Pending": 4, "Skipped": 5}),
            ": 0 of 15 instances done, 1 failed, 2 in progress, 3 ready for traffic, 4 pending, 5 skipped",
        ),
    ];
    for (overview, wanted) in rows {
        assert_eq!(counts(overview.clone()), wanted, "{overview}");
    }
}

#[test]
fn a_blue_green_deployment_says_what_it_waits_for() {
    let ready =
        |option: Value| said(&ours("Ready", json!({"blueGreenDeploymentConfiguration": {"deploymentReadyOption": option}})));
    assert!(ready(json!({"actionOnTimeout": "CONTINUE_DEPLOYMENT"})).ends_with("traffic is about to be rerouted"));
    let waits = ready(json!({"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 1}));
    assert!(
        waits.contains("continue-deployment --deployment-id d-1") && waits.ends_with("; CodeDeploy stops it after 1 minute"),
        "{waits}"
    );
    assert!(ready(json!({"waitTimeInMinutes": 0})).ends_with("READY_WAIT`)"), "{}", ready(json!({"waitTimeInMinutes": 0})));
    let ends = |option: Value| {
        running(
            json!({"instanceTerminationWaitTimeStarted": true, "blueGreenDeploymentConfiguration": {"terminateBlueInstancesOnDeploymentSuccess": option}}),
        )
    };
    assert!(ends(json!({})).ends_with("the original instances are terminated"));
    assert!(ends(json!({"terminationWaitTimeInMinutes": 5})).ends_with("the original instances are terminated after 5 minutes"));
}

#[test]
fn somebody_s_deployment_is_waited_for_by_its_creator() {
    let rows = [
        (json!({"creator": "codeDeployRollback"}), "(an automatic rollback)"),
        (json!({"creator": "autoscaling"}), "(started by Auto Scaling)"),
        (json!({"creator": "autoscalingTermination"}), "(started by Auto Scaling)"),
        (json!({"creator": "CodeDeployAutoUpdate"}), "(CodeDeploy's own update of outdated instances)"),
        (json!({"creator": "user"}), "(somebody else's)"),
        (json!({"creator": "user", "description": "by hand"}), "(somebody else's: by hand)"),
    ];
    for (more, wanted) in rows {
        let told = message(&World::new().had("d-1", "b", "InProgress", 60.0, more.clone()).plan(&declared("a", json!({}))));
        assert!(told.starts_with(&format!("waits for d-1 {wanted}, as ")), "{more}: {told}");
    }
}

#[test]
fn a_failure_is_told_by_its_code_its_words_and_what_became_of_it() {
    let error = |code: &str, said: &str| json!({"errorInformation": {"code": code, "message": said}});
    let cause = |status: &str, more: Value| {
        let told = failed(status, more);
        let first = told.lines().next().unwrap_or_default();
        first
            .split_once("shop/web ")
            .map(|(_, rest)| rest.replace("; `driftless retry` or a change deploys again", ""))
            .unwrap_or_default()
    };
    let not_back = "it was not rolled back";
    let rows = [
        ("Failed", json!({}), format!("failed; {not_back}")),
        ("Failed", error("HEALTH_CONSTRAINTS", ""), format!("failed: HEALTH_CONSTRAINTS; {not_back}")),
        ("Failed", error("", "too few"), format!("failed: too few; {not_back}")),
        ("Failed", error("HEALTH_CONSTRAINTS", "too few"), format!("failed: HEALTH_CONSTRAINTS: too few; {not_back}")),
        ("Stopped", json!({}), format!("was stopped, by a person or for another commit; {not_back}")),
        ("Stopped", error("MANUAL_STOP", "by hand"), format!("was stopped, by a person or for another commit; {not_back}")),
        ("Stopped", error("ALARM_ACTIVE", "loud"), format!("was stopped: ALARM_ACTIVE: loud; {not_back}")),
        (
            "Failed",
            json!({"rollbackInfo": {"rollbackMessage": "nothing to go back to"}}),
            "failed; nothing to go back to".to_owned(),
        ),
    ];
    for (status, more, wanted) in rows {
        assert_eq!(cause(status, more.clone()), wanted, "{status} {more}");
    }
    // What the first sentence has no room for stands below it.
    let (short, long) = ("a".repeat(120), "a".repeat(121));
    assert_eq!(failed("Failed", error(&short, "")).lines().count(), 1);
    let told = failed("Failed", error(&long, ""));
    assert_eq!(told.lines().nth(1), Some(format!("  {long}").as_str()), "{told}");
}

#[test]
fn the_instances_that_failed_are_named_with_their_event_and_how_many_there_are() {
    use driftless_core::observed::FailedTargets;
    let event =
        |diagnostics: Value| json!({"lifecycleEventName": "ApplicationStart", "status": "Failed", "diagnostics": diagnostics});
    let instance = |id: &str, events: Value| json!({"instanceTarget": {"targetId": format!("arn:aws:ec2:eu-central-1:1:instance/{id}"), "lifecycleEvents": events}});
    let told = |shown: Vec<Value>, all: usize| {
        let mut world = ours("Failed", json!({}));
        world.observed.failed_targets = Some(FailedTargets { shown, all });
        message(&world.plan(&declared("a", json!({}))))
    };
    let script = json!({"scriptName": "start.sh", "errorCode": "ScriptFailed", "message": "exit 1"});
    let one = || instance("i-1", json!([{"lifecycleEventName": "Install", "status": "Succeeded"}, event(script.clone())]));
    let first = told(vec![one()], 1);
    assert!(first.contains(" failed at ApplicationStart (start.sh, ScriptFailed) on i-1; "), "{first}");
    assert!(first.contains("\n  i-1: ApplicationStart: start.sh: ScriptFailed: exit 1"), "{first}");
    assert!(!first.contains("failed in all"), "{first}");
    assert!(told(vec![one()], 2).contains(" on i-1 and another instance; "), "{}", told(vec![one()], 2));
    let three = told(vec![one()], 3);
    assert!(three.contains(" on i-1 and 2 other instances; ") && three.ends_with("\n  3 instances failed in all"), "{three}");
    let bare = told(vec![instance("i-2", json!([event(json!({}))]))], 1);
    assert!(bare.contains(" failed at ApplicationStart on i-2; "), "{bare}");
    let silent = told(vec![instance("i-3", json!([]))], 1);
    assert!(
        silent.contains(" failed on i-3; ")
            && silent.contains("i-3: failed, and CodeDeploy does not say at which lifecycle event"),
        "{silent}"
    );
}

#[test]
fn a_rollback_is_told_by_how_it_ended() {
    let back = json!({"rollbackInfo": {"rollbackDeploymentId": "d-2"}});
    let told = |status: Option<&str>| {
        let mut world = ours("Failed", back.clone());
        if let Some(status) = status {
            world = world.had("d-2", "z", status, 30.0, json!({"creator": "codeDeployRollback"}));
        }
        message(&world.plan(&declared("a", json!({}))))
    };
    assert!(
        told(Some("Succeeded")).contains("; rolled back by d-2 to s3://artifacts/app.zip (z); "),
        "{}",
        told(Some("Succeeded"))
    );
    assert!(told(Some("Failed")).contains("; and its rollback d-2 failed as well; "), "{}", told(Some("Failed")));
    assert!(told(None).contains("; rolled back by d-2; "), "{}", told(None));
}
