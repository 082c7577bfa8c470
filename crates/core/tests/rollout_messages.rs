//! What a person reads of a failure: the container that is to blame, ECS's reason, and what became of it.

use crate::rollout_world::*;
use driftless_core::observed::{Observed, ServiceObservation};
use driftless_core::rollout::judge;
use serde_json::{Value, json};

fn read(task: Value, change: impl FnOnce(&mut ServiceObservation)) -> String {
    let service = declared();
    let deployments = vec![deployment("PRIMARY", NEW, "FAILED", 0), deployment("ACTIVE", OLD, "COMPLETED", 2)];
    let mut bad = observed(deployments, 2);
    bad.stopped_tasks = vec![task];
    change(&mut bad);
    failure(judge(&target(&service), &bad)).1
}

fn exited(containers: Value) -> Value {
    json!({"taskDefinitionArn": NEW, "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited", "containers": containers})
}

#[test]
fn the_container_that_crashed_is_blamed_and_not_the_one_that_was_stopped_with_it() {
    let message = read(exited(json!([{"name": "proxy", "exitCode": 143}, {"name": "app", "exitCode": 3}])), |_| {});
    assert!(message.starts_with("container app of web:2 exited with code 3 (Essential container in task exited); "), "{message}");
}

#[test]
fn an_essential_container_that_ended_with_0_is_blamed_before_its_killed_companion() {
    let task = exited(json!([{"name": "logs", "exitCode": 137}, {"name": "app", "exitCode": 0}]));
    let message = read(task, |bad| {
        bad.task_definition = Some(json!({"taskDefinition": {"taskDefinitionArn": NEW, "containerDefinitions": [
            {"name": "logs", "essential": false}, {"name": "app"}]}}));
    });
    assert!(message.starts_with("container app of web:2 exited with code 0 "), "{message}");
}

#[test]
fn a_load_balancers_health_check_is_told_and_not_the_signal_that_followed() {
    let group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";
    let task = json!({"taskDefinitionArn": NEW, "stopCode": "ServiceSchedulerInitiated",
        "stoppedReason": format!("Task failed ELB health checks in (target-group {group})"),
        "containers": [{"name": "app", "exitCode": 137}]});
    let message = read(task, |_| {});
    assert!(
        message.starts_with("container app of web:2 was stopped: Task failed ELB health checks in (target-group "),
        "{message}"
    );
    assert!(!message.contains("137"), "{message}");
}

#[test]
fn a_task_of_an_earlier_attempt_is_not_quoted() {
    let mut task = exited(json!([{"name": "app", "exitCode": 1}]));
    task["stoppedAt"] = json!(BEGAN - 100.0);
    assert!(read(task, |_| {}).starts_with("the rollout of web:2 failed; "));
}

#[test]
fn a_long_reason_keeps_its_head_and_its_end_in_255_characters_and_is_told_in_full_below() {
    let reason = "CannotPullContainerError: The task cannot pull registry.example.com/a/rather/long/path/to/the/image/of/the/web/service:2024-11-24 \
        from the registry registry.example.com. There is a connection issue between the task and the registry: dial tcp 10.0.0.1:443: i/o timeout";
    let task = json!({"taskDefinitionArn": NEW, "stopCode": "TaskFailedToStart", "stoppedReason": reason,
        "containers": [{"name": "app", "reason": reason}]});
    let message = read(task, |_| {});
    let (first, below) = message.split_once('\n').expect("details");
    assert!(first.chars().count() <= 255, "{first}");
    assert!(first.contains("CannotPullContainerError: The task cannot pull registry"), "{first}");
    assert!(first.contains("i/o timeout; rolling back"), "{first}");
    assert_eq!(below.lines().next(), Some(format!("  {reason}").as_str()));
}

#[test]
fn the_circuit_breakers_stop_is_not_taken_for_a_persons() {
    let message = read(exited(json!([{"name": "app", "exitCode": 1}])), |bad| {
        *bad = on_record(bad.clone(), NEW, "STOPPED");
        bad.service_deployments[0]["deploymentCircuitBreaker"] = json!({"status": "TRIGGERED"});
        let Observed::Present(live) = &mut bad.service else { panic!() };
        live["deploymentConfiguration"] = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false}});
    });
    assert!(message.ends_with("; left as it is, since `rollback` is off in the circuit breaker"), "{message}");
}

#[test]
fn the_log_of_the_container_stands_first_below_and_lines_of_ordinary_work_are_left_out() {
    let mut task = exited(json!([{"name": "app", "exitCode": 1}]));
    task["taskArn"] = json!("arn:aws:ecs:eu-central-1:123456789012:task/shop/0123456789abcdef");
    let message = read(task, |bad| {
        bad.task_definition = Some(json!({"taskDefinition": {"taskDefinitionArn": NEW, "containerDefinitions": [{"name": "app",
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web", "awslogs-region": "eu-central-1",
                "awslogs-stream-prefix": "web"}}}]}}));
        let Observed::Present(live) = &mut bad.service else { panic!() };
        let said = |text: &str| json!({"createdAt": BEGAN + 10.0, "message": format!("(service web) {text}")});
        live["events"] = json!([
            said("(deployment ecs-svc/1) deployment completed."),
            said("has started 3 tasks: (task 3e00) (task 3e01) (task 3e02)."),
            said("registered 1 targets in (target-group tg)"),
            said("(deployment ecs-svc/2) deployment failed: tasks failed to start."),
        ]);
    });
    let below: Vec<&str> = message.lines().skip(1).collect();
    assert_eq!(
        below,
        [
            "  its log: aws logs tail /ecs/web --log-stream-names web/app/0123456789abcdef --region eu-central-1",
            "  (service web) (deployment ecs-svc/2) deployment failed: tasks failed to start",
        ]
    );
}
