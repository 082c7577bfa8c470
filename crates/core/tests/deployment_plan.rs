//! What is done about a CodeDeploy deployment group: deployed, joined, stopped, waited for.

use crate::deployment_world::{self, NOW, World, declared, document_sent, message, revision, told};
use driftless_core::observed::Observed;
use driftless_core::plan::Step;
use driftless_core::plan::deployment::DeploymentStep;
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
