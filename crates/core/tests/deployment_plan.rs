//! What is done about a CodeDeploy deployment group, case by case.

use crate::deployment_world::{self, NOW, World, context, declared, document_sent, message, revision, told};
use driftless_core::observed::{DeploymentObservation, FailedTargets, Observed};
use driftless_core::plan::deployment::{DeploymentStep, Wants, history_starts, owner, reaches_back, wants};
use driftless_core::plan::{Context, Step, deployment};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;

#[test]
fn a_group_without_deployments_gets_its_first() {
    let plan = World::new().plan(&declared("a", json!({"description": "The shop"})));
    assert_eq!(told(&plan), "CreateDeployment | Reconciling Deploying");
    assert!(plan.steps[0].creates());
    let sent = document_sent("a", json!({"description": "The shop"}));
    let description = sent["description"].as_str().expect("a description");
    assert!(
        description.starts_with("The shop [driftless:") && description.contains(" production/web@89abcdef 1f0c"),
        "{description}"
    );
    assert_eq!(sent["revision"], revision("a"));
    let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert!(paths.contains(&"/revision/s3Location/eTag") && !paths.iter().any(|path| path.contains("Name")), "{paths:?}");
}

#[test]
fn what_the_group_has_is_not_deployed_again() {
    let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Ready Ready");
    assert_eq!(told(&world.plan(&declared("a", json!({"description": "another comment"})))), "nothing | Ready Ready");
    let plan = world.plan(&declared("b", json!({})));
    assert_eq!(told(&plan), "CreateDeployment | Reconciling Deploying");
    assert!(!plan.steps[0].creates());
    let changes: Vec<String> = plan.changes.iter().map(|change| change.path.clone()).collect();
    assert_eq!(changes, ["/revision/s3Location/eTag"]);
}

#[test]
fn every_declared_setting_counts_also_one_that_is_no_longer_declared() {
    let overwrite = json!({"fileExistsBehavior": "OVERWRITE"});
    let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, overwrite.clone());
    assert_eq!(told(&world.plan(&declared("a", overwrite))), "nothing | Ready Ready");
    let plan = world.plan(&declared("a", json!({})));
    assert_eq!(told(&plan), "CreateDeployment | Reconciling Deploying");
    assert!(plan.notes.iter().any(|note| note.contains("d-1")), "{:?}", plan.notes);
}

#[test]
fn a_revision_that_says_nothing_of_its_content_is_pinned_to_what_the_object_is() {
    let location = json!({"bucket": "artifacts", "key": "app.zip", "bundleType": "zip"});
    let unpinned = declared("", json!({"revision": {"revisionType": "S3", "s3Location": location}}));
    let world = World::new().object("a", Some("v1"));
    let plan = world.plan(&unpinned);
    let [Step::CodeDeploy(DeploymentStep::CreateDeployment { document, .. })] = &plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!(document["revision"]["s3Location"]["eTag"], "a");
    assert_eq!(document["revision"]["s3Location"]["version"], "v1");
    // The same content, uploaded once more; other content.
    let mut deployed = Value::Object(document.clone());
    deployed.as_object_mut().expect("an object").remove("applicationName");
    let world = World::new().had("d-1", "a", "Succeeded", HOUR, deployed);
    assert_eq!(told(&world.object("a", Some("v2")).plan(&unpinned)), "nothing | Ready Ready");
    let world = World::new().had("d-1", "a", "Succeeded", HOUR, json!({})).object("b", None);
    assert_eq!(told(&world.plan(&unpinned)), "CreateDeployment | Reconciling Deploying");
    // An object that is not there, and one that could not be looked at.
    assert_eq!(told(&World::new().plan(&unpinned)), "nothing | Stalled RevisionNotFound");
    let mut world = World::new();
    world.observed.object = Observed::Unknown("denied".into());
    assert_eq!(told(&world.plan(&unpinned)), "nothing | Unknown Unreadable");
}

#[test]
fn somebody_s_deployment_of_the_same_is_taken_for_what_it_is() {
    let by_hand = |more: Value| World::new().had("d-1", "a", "Succeeded", HOUR, more);
    let table = [
        (json!({}), json!({}), "nothing"),
        (json!({"revision": revision("\"a\"")}), json!({}), "nothing"),
        (json!({"revision": revision("b")}), json!({}), "CreateDeployment"),
        // Without an ETag or version it does not say which content it was.
        (json!({"revision": revision("")}), json!({}), "CreateDeployment"),
        (json!({"deploymentConfigName": "CodeDeployDefault.AllAtOnce"}), json!({}), "nothing"),
        (
            json!({"deploymentConfigName": "CodeDeployDefault.OneAtATime"}),
            json!({"deploymentConfigName": "CodeDeployDefault.AllAtOnce"}),
            "CreateDeployment",
        ),
        (json!({}), json!({"fileExistsBehavior": "DISALLOW", "ignoreApplicationStopFailures": false}), "nothing"),
        (json!({}), json!({"fileExistsBehavior": "OVERWRITE"}), "CreateDeployment"),
        (
            json!({"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"]}}),
            json!({"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]}}),
            "nothing",
        ),
    ];
    for (had, wanted, action) in table {
        let plan = by_hand(had.clone()).plan(&declared("a", wanted.clone()));
        assert_eq!(told(&plan).split(" | ").next(), Some(action), "{had} {wanted}: {}", message(&plan));
    }
}

#[test]
fn ours_is_joined_and_what_is_outdated_is_stopped_without_a_rollback() {
    for status in ["Created", "Queued", "InProgress", "Baking", "AWordOfNextYear"] {
        let world = World::new().had_own("d-1", "a", status, 60.0, json!({}));
        assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Reconciling Deploying", "{status}");
        let plan = world.plan(&declared("b", json!({})));
        assert_eq!(told(&plan), "StopDeployment | Reconciling Superseding", "{status}");
        let [Step::CodeDeploy(DeploymentStep::StopDeployment { document })] = &plan.steps[..] else { panic!("{plan:?}") };
        assert_eq!(Value::Object(document.clone()), json!({"deploymentId": "d-1", "autoRollbackEnabled": false}));
    }
}

#[test]
fn a_stop_that_was_asked_for_is_not_asked_for_again() {
    let mut world = World::new().had_own("d-1", "a", "InProgress", 60.0, json!({}));
    world.observed.deployments[0]["errorInformation"] = json!({"code": "MANUAL_STOP", "message": "stopped"});
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "nothing | Reconciling Superseding");
}

#[test]
fn after_the_stop_the_newer_one_is_deployed() {
    let world = World::new().had_own("d-1", "a", "Stopped", 60.0, json!({}));
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn others_are_waited_for_with_their_name() {
    let more = json!({"description": "Bob's hotfix", "deploymentOverview": {"Succeeded": 1, "Pending": 2}});
    let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had("d-2", "x", "InProgress", 5.0, more);
    for tag in ["a", "b"] {
        let plan = world.plan(&declared(tag, json!({})));
        assert_eq!(told(&plan), "nothing | Reconciling OtherDeployment");
        assert_eq!(
            message(&plan),
            "waits for d-2 (somebody else's: Bob's hotfix), as shop/web takes one deployment at a time; 1 of 3 instances done, 2 pending"
        );
    }
}

#[test]
fn catching_up_is_no_drift() {
    for (status, creator) in [
        ("Succeeded", "autoscaling"),
        ("InProgress", "autoscaling"),
        ("Failed", "autoscaling"),
        ("InProgress", "CodeDeployAutoUpdate"),
    ] {
        let more = json!({"creator": creator});
        let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had("d-2", "x", status, 5.0, more);
        assert_eq!(told(&world.plan(&declared("a", json!({})))), "nothing | Ready Ready", "{status} {creator}");
        let wanted = if status == "InProgress" {
            "nothing | Reconciling OtherDeployment"
        } else {
            "CreateDeployment | Reconciling Deploying"
        };
        assert_eq!(told(&world.plan(&declared("b", json!({})))), wanted, "{status} {creator}");
    }
}

#[test]
fn the_target_instances_of_others_name_the_replacement_environment_and_the_whole_group_has_what_they_brought() {
    let style = json!({"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"});
    let green = [
        json!({"targetInstances": {"autoScalingGroups": ["green"]}, "deploymentStyle": style}),
        json!({"targetInstances": {"tagFilters": [{"Key": "colour", "Value": "green", "Type": "KEY_AND_VALUE"}]}}),
        json!({"targetInstances": {"ec2TagSet": {"ec2TagSetList": [[{"Key": "colour", "Value": "green"}]]}}}),
    ];
    for more in green {
        let with = |status: &str| {
            World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had("d-2", "x", status, 5.0, more.clone())
        };
        let declared = declared("a", json!({}));
        assert_eq!(told(&with("InProgress").plan(&declared)), "nothing | Reconciling OtherDeployment", "{more}");
        assert_eq!(told(&with("Succeeded").plan(&declared)), "CreateDeployment | Reconciling Deploying", "{more}");
        assert_eq!(told(&with("Failed").plan(&declared)), "CreateDeployment | Reconciling Deploying", "{more}");
    }
}

#[test]
fn going_back_from_what_failed_or_was_stopped_deploys_again_where_it_reached_an_instance() {
    let overview = |succeeded: u64, failed: u64, ready: u64| json!({"Pending": 1, "InProgress": 0, "Succeeded": succeeded, "Failed": failed, "Skipped": 0, "Ready": ready});
    let error = |code: &str| json!({"errorInformation": {"code": code, "message": "…"}});
    let table = [
        ("Failed", json!({}), true),
        ("Stopped", json!({}), true),
        ("Failed", json!({"deploymentOverview": overview(1, 1, 0)}), true),
        ("Stopped", json!({"deploymentOverview": overview(1, 0, 0)}), true),
        ("Failed", json!({"deploymentOverview": overview(0, 1, 0)}), true),
        // Nobody was asked, or only replacement instances without traffic.
        ("Stopped", json!({"deploymentOverview": overview(0, 0, 0)}), false),
        ("Stopped", json!({"deploymentOverview": overview(0, 0, 2)}), false),
        ("Failed", error("NO_INSTANCES"), false),
        ("Failed", error("IAM_ROLE_PERMISSIONS"), false),
        ("Failed", error("HEALTH_CONSTRAINTS"), true),
        // Auto Scaling's new instance got what the group has, or is gone.
        ("Failed", json!({"creator": "autoscaling", "deploymentOverview": overview(0, 1, 0)}), false),
    ];
    for (status, more, again) in table {
        for ours in [true, false] {
            let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
            let mut world = match ours {
                true => world.had_own("d-2", "b", status, 120.0, json!({})),
                false => world.had("d-2", "b", status, 120.0, json!({})),
            };
            for (member, value) in more.as_object().into_iter().flatten() {
                world.observed.deployments[1][member] = value.clone();
            }
            let plan = world.plan(&declared("a", json!({})));
            let expected = if again { "CreateDeployment | Reconciling Deploying" } else { "nothing | Ready Ready" };
            assert_eq!(told(&plan), expected, "{status} {more} ours: {ours}");
            if again {
                assert_eq!(plan.changes[0].path, "/revision/s3Location/eTag", "against what some instances have");
                assert!(plan.notes.iter().any(|note| note.contains("d-2") && note.contains("half-way")), "{:?}", plan.notes);
            }
        }
    }
}

#[test]
fn what_was_deployed_again_after_a_failure_is_settled_and_its_own_failure_is_remembered() {
    let mixed = || {
        World::new().had_own("d-1", "a", "Succeeded", 5.0 * HOUR, json!({})).had_own("d-2", "b", "Failed", 4.0 * HOUR, json!({}))
    };
    let again = mixed().had_own("d-3", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(told(&again.plan(&declared("a", json!({})))), "nothing | Ready Ready");
    let failed = mixed().had_own("d-3", "a", "Failed", HOUR, json!({}));
    assert_eq!(told(&failed.plan(&declared("a", json!({})))), "nothing | Failed DeploymentFailed");
    // A rollback that CodeDeploy made is as good, and one that failed half-way is not.
    let back = json!({"creator": "codeDeployRollback", "rollbackInfo": {"rollbackTriggeringDeploymentId": "d-2"}});
    let back = |status: &str| mixed().had("d-3", "a", status, HOUR, back.clone());
    assert_eq!(told(&back("Succeeded").plan(&declared("a", json!({})))), "nothing | Ready Ready");
    assert_eq!(told(&back("Failed").plan(&declared("a", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn a_copy_of_our_deployment_is_somebody_else_s() {
    // "Copy deployment" in the console takes the description with it, mark and all.
    let mark = |ago: f64| json!({"description": deployment_world::document_sent_at(NOW - ago, "a", json!({}))["description"]});
    let day = 24.0 * HOUR;
    let world =
        |status: &str| World::new().had_own("d-2", "b", "Succeeded", HOUR, json!({})).had("d-3", "a", status, 60.0, mark(day));
    for tag in ["b", "c"] {
        assert_eq!(told(&world("InProgress").plan(&declared(tag, json!({})))), "nothing | Reconciling OtherDeployment", "{tag}");
    }
    // It failed: neither is it tried again because of that, nor is it a failure of ours.
    assert_eq!(told(&world("Failed").plan(&declared("a", json!({})))), "CreateDeployment | Reconciling Deploying");
    // Soon after ours: the first one with the mark has it.
    let soon = World::new()
        .had_own("d-1", "b", "Succeeded", day, json!({}))
        .had_own("d-2", "a", "Succeeded", 600.0, json!({}))
        .had("d-3", "a", "InProgress", 60.0, mark(600.0));
    assert_eq!(told(&soon.plan(&declared("b", json!({})))), "nothing | Reconciling OtherDeployment");
}

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

#[test]
fn nothing_is_decided_on_what_aws_does_not_show_yet() {
    let with_write = |world: World, write: f64| World { context: Context { last_write: Some(write), ..context() }, ..world };
    let before = || World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(told(&with_write(before(), NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Unknown Unreadable");
    assert_eq!(
        told(&with_write(before(), NOW - 61.0).plan(&declared("b", json!({})))),
        "CreateDeployment | Reconciling Deploying"
    );
    // After a retry the older failure is not the newer deployment's.
    let failed = || World::new().had_own("d-1", "b", "Failed", HOUR, json!({}));
    assert_eq!(told(&with_write(failed(), NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Unknown Unreadable");
    let both = failed().had_own("d-2", "b", "Failed", 9.0, json!({}));
    assert_eq!(told(&with_write(both, NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Failed DeploymentFailed");
}

#[test]
fn a_group_of_another_agent_is_left_alone() {
    let theirs = |agent: &'static str, source: &'static str| {
        let mut other = World::new();
        other.context = Context { agent, source_hash: source, ..context() };
        other.observed.owner = owner(&other.context);
        other.observed.now = NOW - HOUR;
        let plan = other.plan(&declared("x", json!({})));
        let [Step::CodeDeploy(DeploymentStep::CreateDeployment { document, .. })] = &plan.steps[..] else { panic!("{plan:?}") };
        let description = document["description"].clone();
        World::new().had("d-1", "x", "Succeeded", HOUR, json!({"description": description}))
    };
    let plan = theirs("staging", "89abcdef").plan(&declared("a", json!({})));
    assert_eq!(told(&plan), "nothing | Stalled OwnedByAnotherAgent");
    assert!(message(&plan).contains("`staging`"), "{}", message(&plan));
    assert_eq!(told(&theirs("production", "00000000").plan(&declared("a", json!({})))), "nothing | Stalled AgentNameInUse");
    let mut forced = deployment_world::resource(&declared("a", json!({})));
    forced.adopt_force = true;
    let world = theirs("staging", "89abcdef");
    let observation = driftless_core::observed::Observation::Ec2Deployment(world.observed);
    assert_eq!(
        told(&driftless_core::plan::plan(&forced, &observation, &world.context)),
        "CreateDeployment | Reconciling Deploying"
    );
}

#[test]
fn what_is_no_group_of_ec2_and_what_cannot_be_read_is_never_written_to() {
    let of = |group: Observed<Value>| {
        let mut world = World::new();
        world.observed.group = group;
        told(&world.plan(&declared("a", json!({}))))
    };
    assert_eq!(of(Observed::Absent), "nothing | Stalled DeploymentGroupNotFound");
    assert_eq!(of(Observed::Unknown("throttled".into())), "nothing | Unknown Unreadable");
    assert_eq!(of(Observed::Present(json!({"computePlatform": "Lambda"}))), "nothing | Stalled Unsupported");
    assert_eq!(of(Observed::Present(json!({}))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn only_what_a_decision_needs_is_read_besides() {
    let of = |observed: &DeploymentObservation, tag: &str| wants(&declared(tag, json!({})), observed, &context());
    let mut world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    world.observed.history = false;
    assert_eq!(of(&world.observed, "a"), Wants::default());
    // The group names its last attempt alone: what came before that may have left instances on something else.
    let attempted = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had(
        "d-9",
        "a",
        "Succeeded",
        60.0,
        json!({"creator": "autoscaling"}),
    );
    let mut attempted = attempted.observed;
    attempted.history = false;
    assert_eq!(of(&attempted, "a"), Wants { history: true, ..Wants::default() });
    // Before anything is deployed, what failed is looked for.
    assert_eq!(of(&world.observed, "b"), Wants { history: true, ..Wants::default() });
    let world = world.had_own("d-2", "b", "Failed", 60.0, json!({}));
    assert_eq!(of(&world.observed, "b"), Wants { failed_targets: Some("d-2".into()), ..Wants::default() });
    let mut world = world;
    world.observed.deployments[1]["rollbackInfo"] = json!({"rollbackDeploymentId": "d-3"});
    assert_eq!(of(&world.observed, "b"), Wants { deployments: vec!["d-3".into()], ..Wants::default() });
    world.observed.group = Observed::Absent;
    assert_eq!(of(&world.observed, "b"), Wants::default());
}

#[test]
fn history_goes_back_to_our_newest_deployment_and_everything_after_it() {
    // The newest of ours that is known may not be the newest of ours.
    let world = World::new().had_own("d-1", "a", "Succeeded", 10.0 * 24.0 * HOUR, json!({}));
    let starts = history_starts(&world.observed);
    assert_eq!(starts[0], NOW - 10.0 * 24.0 * HOUR - 1.0);
    assert!(reaches_back(&world.observed, starts[0]));
    assert!(!reaches_back(&world.observed, NOW - 24.0 * HOUR));
    // Each start is read once, ever further back, also where ours was deployed a day ago to the second.
    let world = World::new().had_own("d-1", "a", "Succeeded", 24.0 * HOUR - 1.0, json!({}));
    assert_eq!(history_starts(&world.observed), [1.0, 30.0, 365.0].map(|days| NOW - days * 24.0 * HOUR));
    let world = World::new().had("d-1", "x", "Succeeded", HOUR, json!({}));
    let starts = history_starts(&world.observed);
    assert_eq!(starts, [1.0, 30.0, 365.0].map(|days| NOW - days * 24.0 * HOUR));
    assert!(!starts.iter().any(|start| reaches_back(&world.observed, *start)), "none of ours");
}

#[test]
fn the_commit_of_our_newest_deployment_is_the_one_that_wrote() {
    let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had("d-2", "x", "Succeeded", 60.0, json!({}));
    assert_eq!(deployment::written_at(&world.observed), Some(context().revision));
    assert_eq!(deployment::written_at(&World::new().observed), None);
}

#[test]
fn a_bundle_that_the_next_upload_destroys_is_told_when_it_is_deployed() {
    let location = |key: &str, more: Value| {
        let mut location =
            json!({"bucket": "artifacts", "key": key, "bundleType": "zip", "eTag": "0123456789abcdef0123456789abcdef"});
        location.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        declared("", json!({"revision": {"revisionType": "S3", "s3Location": location}}))
    };
    let told = |declared| World::new().plan(&declared).notes.iter().any(|note| note.contains("versioning"));
    assert!(told(location("app.zip", json!({}))));
    assert!(!told(location("app.zip", json!({"version": "v1"}))), "the bucket keeps versions");
    assert!(!told(location("app-1f0c1f0.zip", json!({}))), "the commit's id stands in the key");
    assert!(!told(location("app-0123456789abcdef.zip", json!({}))), "the content's digest does");
    let settled = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(settled.plan(&declared("a", json!({}))).notes, Vec::<String>::new(), "it is not said again and again");
}
