//! Deployments to EC2 through CodeDeploy: deployed once for each revision, joined and stopped as commits come, waited for when
//! they are somebody else's, and never repeated when they failed.

use driftless_simulator::{InstanceFailure, Options, Spelling};
use serde_json::{Value, json};

use crate::fleet::{Fleet, manifest, told};
use crate::world::PACE;

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_deployed_once_pinned_to_its_content_and_marked() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;

    let all = fleet.deployments().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    let description = all[0]["description"].as_str().expect("a description");
    assert!(description.starts_with("The shop [driftless:"), "{description}");
    assert!(description.contains("journey/web@") && description.contains(&sha), "{description}");
    assert!(all[0]["revision"]["s3Location"]["eTag"].as_str().is_some_and(|tag| !tag.is_empty()), "{:#}", all[0]);
    let writes = fleet.world.simulator.mutations();
    fleet.world.pass(240.0).await;
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:#?}", fleet.world.simulator.calls());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_what_a_deployment_would_change_and_writes_nothing() {
    let fleet = Fleet::start().await;
    fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    let (code, text) = fleet.world.command(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Ec2Deployment/web: to be deployed") && text.contains("+ /revision/s3Location/eTag"), "{text}");
    assert_eq!(fleet.world.simulator.mutations(), 0);
    let (code, text) = fleet.world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = fleet.world.command(&["plan"]).await;
    assert_eq!(code, 0, "{text}");
    fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    let (code, text) = fleet.world.command(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Ec2Deployment/web: to be deployed") && text.contains("1 to deploy"), "{text}");
    assert!(text.contains(r#"~ /revision/s3Location/key: "v1.zip" → "v2.zip""#), "{text}");
    assert_eq!(fleet.created(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_the_same_key_arrives() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    fleet.put("v1.zip", "another content");
    fleet.world.until("it is deployed", async || fleet.deployments().await.len() == 2).await;
    fleet.world.until("it has ended", async || fleet.newest().await.1 == "Succeeded").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_s_deployment_of_something_else_is_drift_and_of_the_same_is_none() {
    let fleet = Fleet::start().await;
    let tag = fleet.by_hand("v1.zip", json!({})).await;
    let tag = fleet.info(&tag).await["revision"]["s3Location"]["eTag"].clone();
    // Without an ETag it cannot be told which content that was; with one it can.
    assert_eq!(tag, Value::Null);
    let e_tag = fleet.world.simulator.object("artifacts", "v1.zip").expect("an object").etag;
    let location = json!({"bucket": "artifacts", "key": "v1.zip", "bundleType": "zip", "eTag": e_tag});
    let by_hand = fleet.by_hand("v1.zip", json!({"revision": {"revisionType": "S3", "s3Location": location}})).await;
    fleet.world.simulator.reset_calls();
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 0, "the same revision, deployed by hand: {:?}", told(&agent));
    assert!(told(&agent).1.contains(&by_hand), "{:?}", told(&agent));

    fleet.by_hand("v2.zip", json!({})).await;
    fleet.world.until("it is deployed again", async || fleet.newest().await == ("v1.zip".into(), "Succeeded".into())).await;
    assert_eq!(fleet.created(), 2, "one by hand, and one of the agent's");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_commit_stops_ours_and_deploys() {
    let fleet = Fleet::slow().await;
    let agent = fleet.world.agent().await;
    let first = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.under_way("v1.zip").await;
    let second = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    fleet.world.ends_as(&second, "success").await;
    fleet.world.ends_as(&first, "canceled").await;
    let all = fleet.deployments().await;
    assert_eq!(all.iter().map(|one| &one["status"]).collect::<Vec<_>>(), ["Succeeded", "Stopped"], "{all:#?}");
    assert_eq!(all[0]["revision"]["s3Location"]["key"], "v2.zip");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_deployment_is_waited_for() {
    let fleet = Fleet::slow().await;
    let theirs = fleet.begin_by_hand("v2.zip", json!({"description": "Bob's hotfix"})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.until("it says whose", async || told(&agent).0 == "OtherDeployment").await;
    assert!(told(&agent).1.contains(&theirs) && told(&agent).1.contains("Bob's hotfix"), "{:?}", told(&agent));
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.info(&theirs).await["status"], "Succeeded", "it was not stopped");
    assert_eq!(fleet.world.count("StopDeployment"), 0);
    assert_eq!(fleet.newest().await.0, "v1.zip");
    agent.stop().await;
}

/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>
#[tokio::test(flavor = "multi_thread")]
async fn a_revert_of_what_failed_half_way_deploys_again_once() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let good = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&good, "success").await;
    let bad = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&bad, "failed").await;
    let reverted = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&reverted, "success").await;
    assert_eq!(fleet.newest().await, ("v1.zip".into(), "Succeeded".into()));
    assert_eq!(fleet.created(), 3);
    fleet.world.pass(240.0).await;
    assert_eq!(fleet.created(), 3);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_names_the_instance_and_the_script_and_is_not_repeated() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    let (reason, message) = told(&agent);
    assert_eq!(reason, "DeploymentFailed", "{message}");
    for part in ["HEALTH_CONSTRAINTS", "\n  i-", "ApplicationStart: scripts/start.sh: ScriptFailed", "line 7: 4242 Aborted"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
    // Neither the next looks, nor a restart, nor a commit about something else tries it again.
    fleet.world.pass(150.0).await;
    agent.stop().await;
    let agent = fleet.world.agent().await;
    let other = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", "")), ("README.txt", "nothing")]);
    fleet.world.ends_as(&other, "failed").await;
    assert_eq!(fleet.created(), 1);
    // A person does.
    assert!(agent.reconciler.retry(&"Ec2Deployment/web".parse().expect("an id")));
    fleet.world.until("it is deployed again", async || fleet.created() == 2).await;
    fleet.world.until("it failed again", async || told(&agent).0 == "DeploymentFailed").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 2);
    // And a change does.
    let good = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&good, "success").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_remembered_however_many_deployments_of_others_came_after_it() {
    let fleet = Fleet::of(Options { pace: PACE, instances: 1, page_size: Some(2), ..Options::default() }, json!({})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    agent.stop().await;
    for _ in 0..3 {
        fleet.by_hand("v1.zip", json!({})).await;
        fleet.by_hand("v2.zip", json!({})).await;
    }
    let agent = fleet.world.agent().await;
    fleet.world.until("it has looked", async || told(&agent).0 == "DeploymentFailed").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 7, "one of the agent's, and six by hand");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_codedeploy_lists_no_more_is_remembered_by_the_group() {
    // An odd seed: what has failed is in no list.
    let options = Options { pace: PACE, instances: 1, spelling: Spelling::Invented(1), ..Options::default() };
    let fleet = Fleet::of(options, json!({})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    let tagged = async || fleet.tags().await["Tags"][0]["Key"] == "driftless:failed";
    fleet.world.until("the group is tagged", tagged).await;
    agent.stop().await;
    fleet.by_hand("v1.zip", json!({})).await;
    let agent = fleet.world.agent().await;
    fleet.world.until("it has looked", async || told(&agent).0 == "DeploymentFailed").await;
    assert!(told(&agent).1.contains("as the tag `driftless:failed` of the deployment group says"), "{:?}", told(&agent));
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 2, "one of the agent's, and one by hand");
    // Another revision is deployed, and then there is nothing to remember.
    let good = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    fleet.world.ends_as(&good, "success").await;
    assert_eq!(fleet.tags().await["Tags"], json!([]));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_codedeploy_rolled_back_is_not_deployed_again() {
    let rollback = json!({"enabled": true, "events": ["DEPLOYMENT_FAILURE"]});
    let fleet = Fleet::with(json!({"autoRollbackConfiguration": rollback})).await;
    let agent = fleet.world.agent().await;
    let first = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&first, "success").await;
    let second = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&second, "failed").await;
    let (_, message) = told(&agent);
    assert!(message.contains("rolled back by d-") && message.contains(" to s3://artifacts/v1.zip"), "{message}");
    assert_eq!(fleet.deployments().await[0]["creator"], "codeDeployRollback");
    fleet.world.pass(150.0).await;
    agent.stop().await;
    let agent = fleet.world.agent().await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 2, "never in a loop, and not after a restart");
    assert_eq!(told(&agent).0, "DeploymentFailed", "{:?}", told(&agent));
    // The commit is reverted: the group has that already.
    let third = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&third, "success").await;
    assert_eq!(fleet.created(), 2, "{:?}", told(&agent));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_a_person_stopped_stays_stopped() {
    let fleet = Fleet::slow().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.under_way("v1.zip").await;
    let id = fleet.deployments().await[0]["deploymentId"].clone();
    fleet.call("StopDeployment", json!({"deploymentId": id})).await;
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "DeploymentStopped", "{:?}", told(&agent));
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_takes_too_long_is_stopped_and_has_failed() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let impatient = format!("{}  timeout: 12s\n", manifest("v1.zip", ""));
    let sha = fleet.world.commit(&[("web.yaml", &impatient)]);
    fleet.world.ends_as(&sha, "failed").await;
    let (reason, message) = told(&agent);
    assert_eq!(reason, "DeploymentTimedOut", "{message}");
    assert_eq!(fleet.newest().await.1, "Stopped");
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_instance_that_catches_up_is_no_drift() {
    let fleet = Fleet::with(json!({"ec2TagFilters": [], "autoScalingGroups": ["shop-asg"]})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    let writes = fleet.world.simulator.mutations();
    fleet.world.simulator.scale_out("shop-asg", 1);
    fleet.world.simulator.scale_out("shop-asg", 1);
    fleet.world.until("the instances catch up", async || fleet.deployments().await.len() == 3).await;
    fleet.world.pass(240.0).await;
    let all = fleet.deployments().await;
    assert!(all[..2].iter().all(|one| one["creator"] == "autoscaling" && one["status"] == "Succeeded"), "{all:#?}");
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:?}", told(&agent));
    assert_eq!(fleet.created(), 1);
    // A newer revision goes to all of them.
    let next = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    fleet.world.ends_as(&next, "success").await;
    assert_eq!(fleet.created(), 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blue_green_deployment_waits_for_a_person_s_continue() {
    let blue_green = json!({
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ec2TagFilters": [],
        "autoScalingGroups": ["shop-asg"],
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": "shop"}]},
        "blueGreenDeploymentConfiguration": {
            "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 120},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 1},
        },
    });
    let fleet = Fleet::with(blue_green).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.until("it waits for a person", async || told(&agent).0 == "WaitsForContinueDeployment").await;
    let (_, message) = told(&agent);
    assert!(message.contains("continue-deployment") && message.contains("120 minutes"), "{message}");
    assert_eq!(fleet.world.state(&sha), "running");
    let id = fleet.deployments().await[0]["deploymentId"].clone();
    fleet.call("ContinueDeployment", json!({"deploymentId": id, "deploymentWaitType": "READY_WAIT"})).await;
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_that_fails_within_the_limits_is_no_failure_of_the_deployment() {
    let fleet = Fleet::with(json!({"deploymentConfigName": "CodeDeployDefault.AllAtOnce"})).await;
    let instance = fleet.world.simulator.instances()[0].clone();
    fleet.world.simulator.fail_instance(InstanceFailure { instance, ..InstanceFailure::default() });
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_and_an_object_that_are_not_there_are_said_so_and_nothing_is_written() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("missing.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "RevisionNotFound", "{:?}", told(&agent));
    let other = manifest("v1.zip", "").replace("deploymentGroupName: web", "deploymentGroupName: wbe");
    let sha = fleet.world.commit(&[("web.yaml", &other)]);
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "DeploymentGroupNotFound", "{:?}", told(&agent));
    assert_eq!(fleet.world.simulator.mutations(), 0);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_deployed_after_it_was_pushed_and_again_when_it_changes() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let bundle = "apiVersion: driftless/v1alpha1
kind: S3Artifact
metadata: {name: bundle}
spec: {source: {path: site}, bucket: artifacts, key: site.zip, archive: zip}
";
    let web = "apiVersion: driftless/v1alpha1
kind: Ec2Deployment
metadata: {name: web}
spec:
  artifact: bundle
  deployment: {inline: {applicationName: shop, deploymentGroupName: web}}
";
    let files = |page: &'static str| {
        [("web.yaml", web), ("bundle.yaml", bundle), ("site/appspec.yml", "version: 0.0\nos: linux\n"), ("site/index.html", page)]
    };
    for (page, so_far) in [("1", 1), ("2", 2)] {
        let sha = fleet.world.commit(&files(page));
        fleet.world.ends_as(&sha, "success").await;
        let all = fleet.deployments().await;
        assert_eq!(all.len(), so_far, "{all:#?}");
        let location = &all[0]["revision"]["s3Location"];
        let object = fleet.world.simulator.object("artifacts", "site.zip").expect("pushed");
        assert_eq!((&location["eTag"], &location["bundleType"]), (&json!(object.etag), &json!("zip")));
    }
    let writes = fleet.world.simulator.mutations();
    let other = fleet.world.commit(&[("README.txt", "nothing")]);
    fleet.world.ends_as(&other, "success").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:#?}", fleet.world.simulator.calls());
    agent.stop().await;
}
