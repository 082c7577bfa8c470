//! Rollouts on the logical clock: batches, the circuit breaker, stops, and what a second update does to the first.

use crate::support::{self, Aws, breaker};
use serde_json::{Value, json};

fn events(service: &Value) -> Vec<String> {
    let events = service["events"].as_array().expect("events");
    events.iter().map(|event| event["message"].as_str().unwrap_or_default().to_string()).collect()
}

fn states(service: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let deployments = service["deployments"].as_array().expect("deployments");
    deployments.iter().map(|deployment| (text(&deployment["status"]), text(&deployment["rolloutState"]))).collect()
}

#[tokio::test]
async fn a_first_deployment_goes_from_provisioning_to_completed() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    let created = aws.create(2, json!({})).await;
    assert_eq!((&created["runningCount"], &created["pendingCount"]), (&json!(0), &json!(0)));
    aws.pass(2);
    let tasks = aws.tasks("RUNNING").await;
    assert!(tasks.iter().all(|task| task["lastStatus"] == "PROVISIONING") && tasks.len() == 2);
    aws.pass(2);
    assert_eq!(aws.tasks("RUNNING").await[0]["lastStatus"], "PENDING");
    assert_eq!(aws.service().await["pendingCount"], 2);
    aws.pass(3);
    let service = aws.service().await;
    assert_eq!(service["runningCount"], 2);
    assert_eq!(states(&service), [("PRIMARY".into(), "COMPLETED".into())]);
    assert!(events(&service)[0].ends_with("has reached a steady state."));
    assert_eq!(aws.newest().await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn an_update_never_runs_fewer_than_the_minimum_nor_more_than_the_maximum() {
    for (low, high, least, most) in [(100, 150, 4, 6), (50, 100, 2, 4), (75, 125, 3, 5), (60, 100, 3, 4), (100, 130, 4, 5)] {
        let aws = Aws::start().await;
        let percents = json!({"minimumHealthyPercent": low, "maximumPercent": high});
        aws.settled("web:1", 4, json!({"deploymentConfiguration": percents})).await;
        let definition = aws.deploy("web:2").await["taskDefinition"].clone();
        let (mut fewest, mut greatest) = (u64::MAX, 0);
        for _ in 0..60 {
            aws.pass(1);
            let service = aws.service().await;
            let count = |key: &str| service[key].as_u64().expect("a count");
            fewest = fewest.min(count("runningCount"));
            greatest = greatest.max(count("runningCount") + count("pendingCount"));
        }
        let service = aws.service().await;
        assert_eq!(states(&service), [("PRIMARY".into(), "COMPLETED".into())], "{low}/{high}");
        assert_eq!(service["deployments"][0]["taskDefinition"], definition);
        assert_eq!((fewest, greatest), (least, most), "{low}/{high}");
    }
}

#[tokio::test]
async fn a_configuration_without_room_is_said_and_nothing_moves() {
    let aws = Aws::start().await;
    let percents = json!({"minimumHealthyPercent": 100, "maximumPercent": 100});
    aws.settled("web:1", 1, json!({"deploymentConfiguration": percents})).await;
    aws.deploy("web:2").await;
    aws.pass(600);
    let service = aws.service().await;
    assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(events(&service)[0].contains("was unable to stop or start tasks during a deployment"), "{:?}", events(&service));
}

#[tokio::test]
async fn the_circuit_breaker_rolls_back_to_the_deployment_that_completed() {
    for image in ["web:crash", "nopull:1"] {
        let aws = Aws::start().await;
        aws.settled("web:1", 1, json!({"deploymentConfiguration": breaker(true)})).await;
        let before = aws.service().await;
        let failed = aws.deploy(image).await["deployments"][0]["id"].clone();
        aws.pass(20);
        assert_eq!(aws.service().await["deployments"][0]["failedTasks"], 1);
        aws.pass(28);
        let service = aws.service().await;
        assert_eq!(states(&service), [("PRIMARY".into(), "IN_PROGRESS".into()), ("ACTIVE".into(), "FAILED".into())]);
        assert_eq!(service["deployments"][0]["id"], before["deployments"][0]["id"], "the old deployment, under its old id");
        assert_eq!(service["taskDefinition"], before["taskDefinition"]);
        let reason = service["deployments"][0]["rolloutStateReason"].as_str().expect("a reason");
        assert!(reason.starts_with("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/"), "{reason}");
        assert_eq!(service["deployments"][1]["id"], failed);
        assert_eq!(service["deployments"][1]["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
        assert_eq!(aws.newest().await["status"], "ROLLBACK_IN_PROGRESS");
        aws.pass(60);
        let service = aws.service().await;
        assert_eq!(states(&service), [("PRIMARY".into(), "COMPLETED".into())]);
        let newest = aws.newest().await;
        assert_eq!(newest["status"], "ROLLBACK_SUCCESSFUL");
        assert_eq!(newest["deploymentCircuitBreaker"]["status"], "TRIGGERED");
        assert_eq!(newest["rollback"]["serviceRevisionArn"], newest["sourceServiceRevisions"][0]["arn"]);
        let said = events(&service);
        assert!(said.iter().any(|event| event.ends_with("deployment failed: tasks failed to start.")), "{said:?}");
        assert!(said.iter().any(|event| event.contains("rolling back to deployment ecs-svc/")), "{said:?}");
        assert_eq!(service["runningCount"], 1);
    }
}

#[tokio::test]
async fn without_rollback_the_failed_deployment_starts_nothing_and_the_old_tasks_stay() {
    let aws = Aws::start().await;
    aws.settled("web:1", 2, json!({"deploymentConfiguration": breaker(false)})).await;
    aws.deploy("web:crash").await;
    aws.pass(300);
    let service = aws.service().await;
    assert_eq!(states(&service), [("PRIMARY".into(), "FAILED".into()), ("ACTIVE".into(), "COMPLETED".into())]);
    assert_eq!((&service["runningCount"], &service["pendingCount"]), (&json!(2), &json!(0)));
    let newest = aws.newest().await;
    assert_eq!(newest["status"], "STOPPED");
    assert!(newest["stoppedAt"].is_number());
    aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 0})).await;
    aws.pass(30);
    assert_eq!(aws.service().await["runningCount"], 0, "a failed deployment does not keep a service from being scaled in");
}

#[tokio::test]
async fn a_first_deployment_that_fails_has_no_rollback_candidate() {
    let aws = Aws::start().await;
    aws.register("web:crash").await;
    aws.create(1, json!({"deploymentConfiguration": breaker(true)})).await;
    aws.pass(120);
    assert_eq!(states(&aws.service().await), [("PRIMARY".into(), "FAILED".into())]);
    let newest = aws.newest().await;
    assert_eq!(newest["status"], "ROLLBACK_FAILED");
    assert_eq!(newest["statusReason"], "No rollback candidate was found to run the rollback.");
}

#[tokio::test]
async fn without_a_circuit_breaker_a_bad_image_is_tried_for_ever() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({})).await;
    aws.deploy("web:crash").await;
    aws.pass(3000);
    let service = aws.service().await;
    assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(service["deployments"][0]["failedTasks"].as_u64() > Some(5), "{service}");
    assert_eq!(service["runningCount"], 1, "the old task runs on");
}

#[tokio::test]
async fn an_unhealthy_image_fails_where_a_health_check_is_declared_and_else_runs() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({"deploymentConfiguration": breaker(true)})).await;
    let mut document = support::task_definition("web:unhealthy");
    document["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]});
    aws.ok("RegisterTaskDefinition", document).await;
    aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "taskDefinition": "web"})).await;
    aws.pass(200);
    assert_eq!(aws.newest().await["status"], "ROLLBACK_SUCCESSFUL");
    let stopped = aws.tasks("STOPPED").await;
    assert!(stopped.iter().all(|task| task["stoppedReason"] == "Task failed container health checks"), "{stopped:?}");
    aws.deploy("web:unhealthy").await;
    aws.pass(60);
    assert_eq!(aws.newest().await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn stopped_tasks_say_why_and_are_forgotten_after_an_hour() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({"deploymentConfiguration": breaker(true)})).await;
    aws.deploy("web:crash").await;
    aws.pass(60);
    aws.deploy("web:nopull").await;
    aws.pass(60);
    let stopped = aws.tasks("STOPPED").await;
    let find = |code: &str| stopped.iter().find(|task| task["stopCode"] == code).expect("such a task").clone();
    let crashed = find("EssentialContainerExited");
    assert_eq!(crashed["stoppedReason"], "Essential container in task exited");
    assert_eq!(crashed["containers"][0]["exitCode"], 1);
    let unpulled = find("TaskFailedToStart");
    let reason = unpulled["containers"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("CannotPullContainerError:") && reason.contains("web:nopull"), "{reason}");
    assert!(unpulled["containers"][0].get("exitCode").is_none());
    aws.pass(3700);
    assert_eq!(aws.tasks("STOPPED").await.len(), 0);
}

#[tokio::test]
async fn stopping_a_service_deployment_goes_back_to_the_one_before() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({})).await;
    let before = aws.service().await["taskDefinition"].clone();
    aws.deploy("web:crash").await;
    aws.pass(10);
    let arn = aws.newest().await["serviceDeploymentArn"].clone();
    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    aws.ok("StopServiceDeployment", stop.clone()).await;
    assert_eq!(aws.newest().await["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(aws.refused("StopServiceDeployment", stop).await.0, "ConflictException");
    aws.pass(60);
    assert_eq!(aws.newest().await["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(aws.service().await["taskDefinition"], before);
}

#[tokio::test]
async fn a_second_update_supersedes_the_first() {
    let aws = Aws::start().await;
    aws.settled("web:1", 2, json!({})).await;
    aws.deploy("web:crash").await;
    aws.pass(30);
    let superseded = aws.newest().await["serviceDeploymentArn"].clone();
    let service = aws.deploy("web:3").await;
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(3));
    aws.pass(60);
    assert_eq!(states(&aws.service().await), [("PRIMARY".into(), "COMPLETED".into())]);
    let described = aws.ok("DescribeServiceDeployments", json!({"serviceDeploymentArns": [superseded]})).await;
    assert_eq!(described["serviceDeployments"][0]["status"], "STOPPED");
    assert_eq!(aws.newest().await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn the_state_is_the_same_however_seldom_somebody_looks() {
    let mut seen = Vec::new();
    for looks in [1, 100] {
        let aws = Aws::start().await;
        aws.settled("web:1", 5, json!({"deploymentConfiguration": breaker(true)})).await;
        aws.deploy("web:crash").await;
        for _ in 0..looks {
            aws.pass(200 / looks);
            aws.service().await;
        }
        seen.push(events(&aws.service().await));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_daemon_runs_one_task_on_each_instance_and_takes_no_count() {
    let aws = Aws::start().await;
    let definition = json!({"family": "agent", "containerDefinitions": [{"name": "a", "image": "agent:1", "memory": 64}]});
    aws.ok("RegisterTaskDefinition", definition.clone()).await;
    let input = json!({"cluster": "shop", "serviceName": "web", "taskDefinition": "agent", "schedulingStrategy": "DAEMON"});
    let mut counted = input.clone();
    counted["desiredCount"] = json!(1);
    assert_eq!(aws.refused("CreateService", counted).await.0, "InvalidParameterException");
    aws.ok("CreateService", input).await;
    aws.pass(30);
    let service = aws.service().await;
    assert_eq!((&service["desiredCount"], &service["runningCount"]), (&json!(2), &json!(2)));
    assert_eq!(service["deploymentConfiguration"]["minimumHealthyPercent"], 0);
    assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 100);
    aws.ok("RegisterTaskDefinition", definition).await;
    aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "taskDefinition": "agent"})).await;
    aws.pass(60);
    assert_eq!(states(&aws.service().await), [("PRIMARY".into(), "COMPLETED".into())]);
    assert_eq!(aws.newest().await["status"], "SUCCESSFUL");
}
