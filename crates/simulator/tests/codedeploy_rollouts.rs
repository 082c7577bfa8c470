//! CodeDeploy over the logical clock: target by target, failure, stop, rollback, catching up, blue/green.

use crate::codedeploy_support::{self, CodeDeploy, events, overview};
use driftless_simulator::InstanceFailure;
use serde_json::{Value, json};

const ALL: [&str; 7] =
    ["ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"];

fn at_once() -> Value {
    json!({"deploymentConfigName": "CodeDeployDefault.AllAtOnce"})
}

fn rolls_back() -> Value {
    json!({"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]}})
}

#[tokio::test]
async fn a_deployment_goes_from_created_to_succeeded_one_instance_at_a_time() {
    let aws = CodeDeploy::start(3, json!({})).await;
    let id = aws.begin("v1.zip", json!({"description": "driftless 1"})).await;
    assert_eq!(aws.info(&id).await["status"], "Created");
    assert_eq!(aws.refused("ListDeploymentTargets", json!({"deploymentId": id})).await, "DeploymentNotStartedException");
    aws.pass(1);
    assert_eq!(aws.info(&id).await["status"], "Queued");
    for done in 0..3 {
        aws.pass(if done == 0 { 1 } else { 10 });
        let info = aws.info(&id).await;
        assert_eq!((info["status"].as_str(), overview(&info)), (Some("InProgress"), (done, 0, 0, 1)));
    }
    aws.pass(10);
    let info = aws.info(&id).await;
    assert_eq!((info["status"].as_str(), overview(&info)), (Some("Succeeded"), (3, 0, 0, 0)));
    assert_eq!((info["creator"].as_str(), info["description"].as_str()), (Some("user"), Some("driftless 1")));
    assert!(
        info["createTime"].as_f64() < info["startTime"].as_f64() && info["startTime"].as_f64() < info["completeTime"].as_f64()
    );
    for target in aws.targets(&id).await {
        assert_eq!(events(&target, "Succeeded"), ALL);
        assert_eq!(target["lifecycleEvents"][0]["diagnostics"]["errorCode"], "Success");
        assert!(target["targetArn"].as_str().expect("text").starts_with("arn:aws:ec2:eu-central-1:123456789012:instance/i-"));
    }
    let group = aws.group().await;
    assert_eq!(group["targetRevision"]["s3Location"]["key"], "v1.zip");
    assert_eq!(group["lastSuccessfulDeployment"]["deploymentId"], id.as_str());
    assert_eq!(group["lastAttemptedDeployment"]["endTime"], info["completeTime"]);
}

#[tokio::test]
async fn a_configuration_says_how_many_go_at_a_time() {
    for (config, at_a_time) in [("AllAtOnce", 5), ("HalfAtATime", 2), ("OneAtATime", 1)] {
        let aws = CodeDeploy::start(5, json!({"deploymentConfigName": format!("CodeDeployDefault.{config}")})).await;
        let id = aws.begin("v1.zip", json!({})).await;
        aws.pass(2);
        assert_eq!(overview(&aws.info(&id).await), (0, 0, 0, at_a_time), "{config}");
        aws.pass(600);
        assert_eq!(aws.info(&id).await["status"], "Succeeded");
    }
}

#[tokio::test]
async fn a_bundle_that_crashes_fails_on_its_first_instance_and_the_others_are_skipped() {
    let aws = CodeDeploy::start(3, json!({})).await;
    let good = aws.deploy("v1.zip", json!({})).await;
    let bad = aws.deploy("crash.zip", json!({})).await;
    let info = aws.info(&bad).await;
    assert_eq!((info["status"].as_str(), overview(&info)), (Some("Failed"), (0, 1, 2, 0)));
    assert_eq!(info["errorInformation"]["code"], "HEALTH_CONSTRAINTS");
    assert!(info.get("rollbackInfo").is_none(), "nobody asked for it");
    assert_eq!(info["previousRevision"]["s3Location"]["key"], "v1.zip");
    let targets = aws.targets(&bad).await;
    let failed = targets.iter().find(|target| target["status"] == "Failed").expect("one failed");
    assert_eq!(
        (events(failed, "Failed"), events(failed, "Skipped")),
        (vec!["ApplicationStart".into()], vec!["ValidateService".into()])
    );
    let diagnostics = &failed["lifecycleEvents"][5]["diagnostics"];
    assert_eq!(
        (diagnostics["errorCode"].as_str(), diagnostics["scriptName"].as_str()),
        (Some("ScriptFailed"), Some("scripts/start.sh"))
    );
    assert!(diagnostics["message"].as_str().expect("text").contains("failed with exit code 1"));
    assert!(diagnostics["logTail"].as_str().expect("text").contains("[stderr]"));
    let group = aws.group().await;
    assert_eq!(group["lastSuccessfulDeployment"]["deploymentId"], good.as_str());
    assert_eq!(group["lastAttemptedDeployment"]["deploymentId"], bad.as_str());
    assert_eq!(group["targetRevision"]["s3Location"]["key"], "v1.zip");
}

#[tokio::test]
async fn what_cannot_be_downloaded_or_read_fails_in_its_own_event() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let etag = aws.simulator.object("artifacts", "v1.zip").expect("there").etag;
    let location = |more: Value| {
        let mut location = json!({"bucket": "artifacts", "key": "v1.zip", "bundleType": "zip"});
        codedeploy_support::merge(&mut location, more);
        json!({"revision": {"revisionType": "S3", "s3Location": location}})
    };
    for (more, event, said) in [
        (location(json!({"key": "none.zip"})), "DownloadBundle", "The specified key does not exist."),
        (location(json!({"bucket": "none"})), "DownloadBundle", "The specified bucket does not exist"),
        (location(json!({"version": "none"})), "DownloadBundle", "The specified version does not exist."),
        (location(json!({"eTag": "0123"})), "DownloadBundle", "Expected deployment artifact bundle etag 0123"),
        (location(json!({"key": "noappspec.zip"})), "BeforeInstall", "did not find an AppSpec file"),
    ] {
        let id = aws.deploy("v1.zip", more).await;
        let target = &aws.targets(&id).await[0];
        assert_eq!(events(target, "Failed"), [event]);
        let all = target["lifecycleEvents"].as_array().expect("a list");
        let failed = all.iter().find(|event| event["status"] == "Failed").expect("one");
        assert_eq!(failed["diagnostics"]["errorCode"], "UnknownError");
        assert!(failed["diagnostics"]["message"].as_str().expect("text").contains(said), "{failed}");
    }
    let id = aws.deploy("v1.zip", location(json!({"eTag": format!("\"{etag}\"")}))).await;
    assert_eq!(aws.info(&id).await["status"], "Succeeded");
}

#[tokio::test]
async fn one_instance_can_be_made_to_fail_and_the_last_one_may() {
    let aws = CodeDeploy::start(3, json!({})).await;
    let mut instances = aws.simulator.instances();
    instances.sort();
    aws.control("failures", json!({"instance": instances[2], "event": "AfterInstall", "errorCode": "ScriptMissing", "times": 1}))
        .await;
    let id = aws.deploy("v1.zip", json!({})).await;
    let info = aws.info(&id).await;
    // "if the deployment to the last instance fails, the overall deployment is still successful": API_MinimumHealthyHosts.html.
    assert_eq!((info["status"].as_str(), overview(&info)), (Some("Succeeded"), (2, 1, 0, 0)));
    // The one that failed is unhealthy and comes first now.
    let next = aws.begin("v2.zip", json!({})).await;
    aws.pass(3);
    let targets = aws.targets(&next).await;
    let busy: Vec<&Value> = targets.iter().filter(|target| target["status"] == "InProgress").collect();
    assert_eq!((busy.len(), busy[0]["targetId"].as_str()), (1, Some(instances[2].as_str())));
    aws.pass(600);
    assert_eq!(overview(&aws.info(&next).await), (3, 0, 0, 0));
}

#[tokio::test]
async fn with_no_healthy_host_needed_one_success_is_still_needed() {
    let aws = CodeDeploy::start(2, at_once()).await;
    let instances = aws.simulator.instances();
    aws.simulator.fail_instance(InstanceFailure { instance: instances[0].clone(), times: Some(2), ..InstanceFailure::default() });
    let id = aws.deploy("v1.zip", json!({})).await;
    assert_eq!(aws.info(&id).await["status"], "Succeeded");
    aws.simulator.fail_instance(InstanceFailure { instance: instances[1].clone(), ..InstanceFailure::default() });
    let id = aws.deploy("v2.zip", json!({})).await;
    assert_eq!(aws.info(&id).await["status"], "Failed");
}

#[tokio::test]
async fn a_failed_application_stop_can_be_ignored() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let failure = InstanceFailure {
        instance: aws.simulator.instances()[0].clone(),
        event: "ApplicationStop".into(),
        ..InstanceFailure::default()
    };
    aws.simulator.fail_instance(failure);
    let id = aws.deploy("v1.zip", json!({})).await;
    assert_eq!(aws.info(&id).await["status"], "Failed");
    let id = aws.deploy("v1.zip", json!({"ignoreApplicationStopFailures": true})).await;
    assert_eq!(aws.info(&id).await["status"], "Succeeded");
    assert_eq!(events(&aws.targets(&id).await[0], "Failed"), ["ApplicationStop"]);
}

#[tokio::test]
async fn a_failure_is_rolled_back_by_a_deployment_of_the_last_good_revision() {
    let aws = CodeDeploy::start(2, rolls_back()).await;
    let good = aws.deploy("v1.zip", json!({})).await;
    let bad = aws.deploy("crash.zip", json!({"description": "ours"})).await;
    let listed = aws.list().await;
    assert_eq!((listed.len(), &listed[1], &listed[2]), (3, &bad, &good));
    let (failed, back) = (aws.info(&bad).await, aws.info(&listed[0]).await);
    assert_eq!(failed["rollbackInfo"]["rollbackDeploymentId"], listed[0].as_str());
    assert!(failed["rollbackInfo"].get("rollbackTriggeringDeploymentId").is_none());
    assert_eq!(back["rollbackInfo"]["rollbackTriggeringDeploymentId"], bad.as_str());
    assert_eq!((back["creator"].as_str(), back["status"].as_str()), (Some("codeDeployRollback"), Some("Succeeded")));
    assert_eq!(back["revision"]["s3Location"]["key"], "v1.zip");
    assert!(back.get("description").is_none(), "the caller's description is not the rollback's");
    assert_eq!(aws.group().await["lastSuccessfulDeployment"]["deploymentId"], listed[0].as_str());
}

#[tokio::test]
async fn with_nothing_good_before_there_is_nothing_to_roll_back_to() {
    let aws = CodeDeploy::start(2, rolls_back()).await;
    let bad = aws.deploy("crash.zip", json!({})).await;
    assert_eq!(aws.list().await, [bad.as_str()]);
    let info = aws.info(&bad).await;
    assert!(info["rollbackInfo"]["rollbackMessage"].is_string() && info["rollbackInfo"].get("rollbackDeploymentId").is_none());
    assert!(aws.group().await.get("lastSuccessfulDeployment").is_none());
}

#[tokio::test]
async fn a_stop_takes_a_while_skips_the_rest_and_can_roll_back() {
    for (rollback, deployments) in [(Some(true), 3), (Some(false), 2), (None, 2)] {
        let aws = CodeDeploy::start(3, json!({})).await;
        aws.deploy("v1.zip", json!({})).await;
        let id = aws.begin("v2.zip", json!({})).await;
        aws.pass(15);
        let stopped = aws.ok("StopDeployment", json!({"deploymentId": id, "autoRollbackEnabled": rollback})).await;
        assert_eq!(stopped["status"], "Pending");
        assert_eq!(aws.info(&id).await["status"], "InProgress");
        aws.pass(2);
        let info = aws.info(&id).await;
        assert_eq!((info["status"].as_str(), overview(&info)), (Some("Stopped"), (1, 0, 2, 0)));
        assert_eq!(info["errorInformation"]["code"], "MANUAL_STOP");
        assert_eq!(aws.refused("StopDeployment", json!({"deploymentId": id})).await, "DeploymentAlreadyCompletedException");
        aws.pass(600);
        assert_eq!(aws.list().await.len(), deployments, "{rollback:?}");
        assert_eq!(info.get("rollbackInfo").is_some(), deployments == 3);
    }
}

#[tokio::test]
async fn a_stop_before_anything_began_is_done_at_once() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let id = aws.begin("v1.zip", json!({})).await;
    let stopped = aws.ok("StopDeployment", json!({"deploymentId": id})).await;
    assert_eq!((stopped["status"].as_str(), aws.info(&id).await["status"].as_str()), (Some("Succeeded"), Some("Stopped")));
    aws.begin("v1.zip", json!({})).await;
}

#[tokio::test]
async fn a_group_has_one_deployment_at_a_time() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let first = aws.begin("v1.zip", json!({})).await;
    let (_, refused) = aws.send("CreateDeployment", codedeploy_support::deployment("v2.zip", json!({}))).await;
    assert_eq!(refused["__type"], "DeploymentLimitExceededException");
    assert!(refused["message"].as_str().expect("text").contains(&first), "it names the one in progress");
    aws.pass(600);
    aws.begin("v2.zip", json!({})).await;
}

#[tokio::test]
async fn no_instance_is_a_failure_of_its_own() {
    let aws = CodeDeploy::start(0, json!({})).await;
    let id = aws.deploy("v1.zip", json!({})).await;
    assert_eq!(aws.info(&id).await["errorInformation"]["code"], "NO_INSTANCES");
    aws.simulator.launch_instances(1, &[("role", "web")]);
    let id = aws.deploy("v1.zip", json!({})).await;
    assert_eq!(aws.info(&id).await["status"], "Succeeded");
}

#[tokio::test]
async fn target_instances_limit_a_deployment() {
    let aws = CodeDeploy::start(2, json!({})).await;
    let one = aws.simulator.launch_instances(1, &[("role", "web"), ("name", "canary")]);
    let filter = json!({"targetInstances": {"tagFilters": [{"Key": "name", "Value": "canary", "Type": "KEY_AND_VALUE"}]}});
    let id = aws.deploy("v1.zip", filter.clone()).await;
    assert_eq!(aws.info(&id).await["targetInstances"], filter["targetInstances"]);
    let targets = aws.targets(&id).await;
    assert_eq!((targets.len(), targets[0]["targetId"].as_str()), (1, Some(one[0].as_str())));
    let all = aws.deploy("v1.zip", json!({"updateOutdatedInstancesOnly": true})).await;
    assert_eq!(overview(&aws.info(&all).await), (2, 0, 0, 0), "the canary has it already");
}

#[tokio::test]
async fn new_instances_of_an_auto_scaling_group_catch_up_by_themselves() {
    let aws = CodeDeploy::start(2, json!({"ec2TagFilters": [], "autoScalingGroups": ["asg"]})).await;
    aws.control("instances", json!({"autoScalingGroup": "asg"})).await;
    aws.pass(600);
    assert!(aws.list().await.is_empty(), "there is nothing to catch up with");
    aws.deploy("v1.zip", json!({})).await;
    let made = aws.control("instances", json!({"autoScalingGroup": "asg"})).await["instances"].clone();
    aws.pass(60);
    let caught = aws.info(&aws.list().await[0]).await;
    assert_eq!((caught["creator"].as_str(), caught["status"].as_str()), (Some("autoscaling"), Some("Succeeded")));
    assert_eq!(caught["revision"]["s3Location"]["key"], "v1.zip");
    assert_eq!(aws.targets(&aws.list().await[0]).await[0]["targetId"], made[0]);
}

#[tokio::test]
async fn who_came_up_during_a_deployment_gets_the_old_revision_and_is_then_updated() {
    let aws = CodeDeploy::start(2, json!({"ec2TagFilters": [], "autoScalingGroups": ["asg"]})).await;
    aws.deploy("v1.zip", json!({})).await;
    let id = aws.begin("v2.zip", json!({})).await;
    aws.pass(5);
    let late = aws.simulator.scale_out("asg", 1);
    aws.pass(600);
    let listed = aws.list().await;
    let info = aws.info(&id).await;
    assert_eq!(info["relatedDeployments"]["autoUpdateOutdatedInstancesDeploymentIds"], json!([listed[0]]));
    let update = aws.info(&listed[0]).await;
    assert_eq!((update["creator"].as_str(), update["status"].as_str()), (Some("CodeDeployAutoUpdate"), Some("Succeeded")));
    assert_eq!(update["relatedDeployments"]["autoUpdateOutdatedInstancesRootDeploymentId"], id.as_str());
    assert_eq!(aws.targets(&listed[0]).await[0]["targetId"], late[0].as_str());
}

fn blue_green(ready: Value, terminate: Value) -> Value {
    json!({
        "ec2TagFilters": [],
        "autoScalingGroups": ["asg"],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]},
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": terminate,
            "deploymentReadyOption": ready,
            "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
        },
    })
}

#[tokio::test]
async fn blue_green_replaces_the_instances_and_takes_the_old_ones_down() {
    let terminate = json!({"action": "TERMINATE", "terminationWaitTimeInMinutes": 60});
    let aws = CodeDeploy::start(2, blue_green(json!({"actionOnTimeout": "CONTINUE_DEPLOYMENT"}), terminate)).await;
    let blue = aws.simulator.instances();
    let id = aws.begin("v1.zip", json!({})).await;
    aws.pass(60);
    let info = aws.info(&id).await;
    assert_eq!((info["status"].as_str(), info["instanceTerminationWaitTimeStarted"].as_bool()), (Some("InProgress"), Some(true)));
    let targets = aws.targets(&id).await;
    for target in &targets {
        let (label, events) = (target["instanceLabel"].as_str().expect("text"), events(target, "Succeeded"));
        let traffic = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"];
        match label {
            "Green" => assert_eq!(events, [&ALL[..], &traffic[..]].concat()),
            _ => assert_eq!(events, ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"]),
        }
    }
    assert_eq!(targets.len(), 4);
    aws.ok("ContinueDeployment", json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"})).await;
    let over = aws.info(&id).await;
    assert_eq!((&over["status"], &over["instanceTerminationWaitTimeStarted"]), (&json!("Succeeded"), &json!(true)));
    let left = aws.simulator.instances();
    assert!(left.len() == 2 && left.iter().all(|id| !blue.contains(id)));
    let name = aws.group().await["autoScalingGroups"][0]["name"].as_str().expect("text").to_string();
    assert_eq!(name, format!("CodeDeploy_web_{id}"));
}

#[tokio::test]
async fn the_older_actions_tell_of_instances_what_the_newer_ones_tell_of_targets() {
    let aws = CodeDeploy::start(2, json!({})).await;
    let id = aws.begin("v1.zip", json!({})).await;
    aws.pass(60);
    let target = aws.targets(&id).await[0].clone();
    let input = json!({"deploymentId": id, "instanceIds": [target["targetId"], "i-nobody"]});
    let answer = aws.ok("BatchGetDeploymentInstances", input).await;
    let summary = &answer["instancesSummary"][0];
    assert_eq!((&summary["instanceId"], &summary["status"]), (&target["targetArn"], &json!("Succeeded")));
    assert_eq!(summary["lifecycleEvents"], target["lifecycleEvents"]);
    assert!(answer["errorMessage"].as_str().is_some_and(|message| message.contains("i-nobody")), "{answer}");
    let one = aws.ok("GetDeploymentInstance", json!({"deploymentId": id, "instanceId": target["targetId"]})).await;
    assert_eq!(&one["instanceSummary"], summary);
    let missing = aws.refused("GetDeploymentInstance", json!({"deploymentId": id, "instanceId": "i-nobody"})).await;
    assert_eq!(missing, "InstanceDoesNotExistException");
}

#[tokio::test]
async fn blue_green_can_wait_for_somebody_to_let_the_traffic_over() {
    let ready = json!({"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10});
    let aws = CodeDeploy::start(2, blue_green(ready, json!({"action": "KEEP_ALIVE"}))).await;
    let id = aws.begin("v1.zip", json!({})).await;
    let go = json!({"deploymentId": id, "deploymentWaitType": "READY_WAIT"});
    assert_eq!(aws.refused("ContinueDeployment", go.clone()).await, "DeploymentIsNotInReadyStateException");
    aws.pass(60);
    let info = aws.info(&id).await;
    assert_eq!((info["status"].as_str(), info["deploymentOverview"]["Ready"].as_u64()), (Some("Ready"), Some(2)));
    aws.ok("ContinueDeployment", go).await;
    aws.pass(60);
    assert_eq!(aws.info(&id).await["status"], "Succeeded");
    assert_eq!(aws.simulator.instances().len(), 4, "the old ones are kept");
    let late = aws.begin("v2.zip", json!({})).await;
    aws.pass(900);
    assert_eq!(aws.info(&late).await["status"], "Stopped", "nobody came");
}

#[tokio::test]
async fn behind_a_load_balancer_an_instance_is_taken_out_meanwhile() {
    let traffic = json!({
        "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]},
    });
    let aws = CodeDeploy::start(1, traffic).await;
    let id = aws.deploy("v1.zip", json!({})).await;
    let seen = events(&aws.targets(&id).await[0], "Succeeded");
    assert_eq!((seen.len(), seen[1].as_str(), seen[11].as_str()), (13, "BlockTraffic", "AllowTraffic"));
}
