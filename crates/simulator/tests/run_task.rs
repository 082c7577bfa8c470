//! Standalone tasks: how they run and end, what keeps them from running twice, and what is told of them for how long.

use std::time::Duration;

use crate::support::Aws;
use driftless_simulator::Options;
use serde_json::{Value, json};

const HOUR: u64 = 3600;

/// RunTask's input for the newest revision of `web`; `more` is added.
fn run(more: Value) -> Value {
    let mut input = json!({
        "cluster": "shop",
        "taskDefinition": "web",
        "launchType": "FARGATE",
        "startedBy": "a-test",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    for (key, member) in more.as_object().into_iter().flatten() {
        input[key] = member.clone();
    }
    input
}

/// A simulator whose family `web` has this image.
async fn with_image(image: &str) -> Aws {
    let aws = Aws::start().await;
    aws.register(image).await;
    aws
}

/// The ARN of a task that RunTask has just started.
async fn started(aws: &Aws, more: Value) -> String {
    let answer = aws.ok("RunTask", run(more)).await;
    assert_eq!(answer["failures"], json!([]), "{answer}");
    answer["tasks"][0]["taskArn"].as_str().expect("an ARN").to_string()
}

async fn described(aws: &Aws, arn: &str) -> Value {
    aws.ok("DescribeTasks", json!({"cluster": "shop", "tasks": [arn], "include": ["TAGS"]})).await
}

async fn listed(aws: &Aws, more: Value) -> Vec<Value> {
    let mut input = json!({"cluster": "shop"});
    for (key, member) in more.as_object().into_iter().flatten() {
        input[key] = member.clone();
    }
    aws.ok("ListTasks", input).await["taskArns"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_program_runs_to_its_end_and_says_how_it_ended() {
    for (image, code) in [("web:1", 0), ("web:1-exit-3", 3)] {
        let aws = with_image(image).await;
        let arn = started(&aws, json!({})).await;
        let task = |answer: Value| answer["tasks"][0].clone();
        let first = task(described(&aws, &arn).await);
        assert_eq!((&first["lastStatus"], &first["group"]), (&json!("PROVISIONING"), &json!("family:web")));
        aws.pass(6);
        assert_eq!(task(described(&aws, &arn).await)["lastStatus"], "RUNNING");
        aws.pass(30);
        let ended = task(described(&aws, &arn).await);
        assert_eq!((&ended["lastStatus"], &ended["desiredStatus"]), (&json!("STOPPED"), &json!("STOPPED")));
        assert_eq!(ended["stopCode"], "EssentialContainerExited");
        assert_eq!(ended["stoppedReason"], "Essential container in task exited");
        assert_eq!(ended["containers"][0]["exitCode"], code, "{image}");
        assert!(ended["stoppedAt"].as_f64() > ended["startedAt"].as_f64());
    }
}

#[tokio::test]
async fn an_image_can_take_its_time_and_a_stopped_task_loses_its_tags() {
    let aws = with_image("web:1-takes-600").await;
    let arn = started(&aws, json!({"tags": [{"key": "team", "value": "shop"}]})).await;
    aws.pass(500);
    let running = described(&aws, &arn).await;
    assert_eq!(running["tasks"][0]["lastStatus"], "RUNNING");
    assert_eq!(running["tasks"][0]["tags"][0]["value"], "shop");
    aws.ok("StopTask", json!({"cluster": "shop", "task": arn, "reason": "enough"})).await;
    aws.pass(10);
    let stopped = described(&aws, &arn).await["tasks"][0].clone();
    assert_eq!((&stopped["stopCode"], &stopped["stoppedReason"]), (&json!("UserInitiated"), &json!("enough")));
    assert_eq!(stopped["tags"], json!([]));
}

#[tokio::test]
async fn the_same_token_starts_nothing_again_and_another_request_with_it_is_refused() {
    let aws = with_image("web:1-takes-60").await;
    let first = started(&aws, json!({"clientToken": "a"})).await;
    aws.pass(100);
    assert_eq!(started(&aws, json!({"clientToken": "a"})).await, first, "it has ended, and is still known");
    let (code, _) = aws.refused("RunTask", run(json!({"clientToken": "a", "group": "other"}))).await;
    assert_eq!(code, "ConflictException");
    assert_ne!(started(&aws, json!({"clientToken": "b"})).await, first);
    assert_ne!(started(&aws, json!({})).await, started(&aws, json!({})).await, "without a token each call is another");
}

#[tokio::test]
async fn a_token_is_forgotten_an_hour_after_its_task_or_after_a_day() {
    let aws = with_image("web:1").await;
    let first = started(&aws, json!({"clientToken": "a"})).await;
    aws.pass(HOUR - 60);
    assert_eq!(started(&aws, json!({"clientToken": "a"})).await, first);
    aws.pass(120);
    assert_ne!(started(&aws, json!({"clientToken": "a"})).await, first, "nothing keeps it from running twice any more");

    let aws = with_image("web:1-forever").await;
    let first = started(&aws, json!({"clientToken": "a"})).await;
    aws.pass(23 * HOUR);
    assert_eq!(started(&aws, json!({"clientToken": "a"})).await, first);
    aws.pass(2 * HOUR);
    assert_ne!(started(&aws, json!({"clientToken": "a"})).await, first);
}

#[tokio::test]
async fn a_stopped_task_is_told_of_for_an_hour() {
    let aws = with_image("web:1").await;
    let arn = started(&aws, json!({})).await;
    aws.pass(HOUR);
    assert_eq!(described(&aws, &arn).await["tasks"].as_array().map(Vec::len), Some(1));
    aws.pass(60);
    let gone = described(&aws, &arn).await;
    assert_eq!((&gone["tasks"], &gone["failures"][0]["reason"]), (&json!([]), &json!("MISSING")));
}

#[tokio::test]
async fn tasks_are_found_by_who_started_them_or_by_family() {
    let aws = with_image("web:1-takes-60").await;
    let arn = started(&aws, json!({})).await;
    started(&aws, json!({"startedBy": "another"})).await;
    assert_eq!(listed(&aws, json!({"startedBy": "a-test"})).await, [arn.as_str()]);
    assert_eq!(listed(&aws, json!({"family": "web"})).await.len(), 2);
    assert_eq!(listed(&aws, json!({"family": "api"})).await.len(), 0);
    aws.pass(120);
    assert_eq!(listed(&aws, json!({"startedBy": "a-test"})).await.len(), 0, "by default only what is to run");
    assert_eq!(listed(&aws, json!({"family": "web", "desiredStatus": "STOPPED"})).await.len(), 2);
    let (code, _) = aws.refused("ListTasks", json!({"cluster": "shop", "family": "web", "startedBy": "a-test"})).await;
    assert_eq!(code, "InvalidParameterException");
}

#[tokio::test]
async fn without_room_nothing_runs_and_the_answer_says_so() {
    let aws = with_image("web:1-noroom-1").await;
    let refused = aws.ok("RunTask", run(json!({}))).await;
    assert_eq!(refused["tasks"], json!([]));
    assert!(refused["failures"][0]["reason"].as_str().unwrap_or_default().starts_with("Capacity is unavailable"), "{refused}");
    started(&aws, json!({})).await;
}

#[tokio::test]
async fn what_run_task_does_not_take_is_refused() {
    let aws = with_image("web:1").await;
    for (more, wanted) in [
        (json!({"count": 11}), "Count"),
        (json!({"clientToken": "x".repeat(65)}), "clientToken"),
        (json!({"startedBy": "a:b"}), "startedBy"),
        (json!({"propagateTags": "SERVICE"}), "propagated"),
        (json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}), "capacity provider strategy"),
        (json!({"networkConfiguration": null}), "Network Configuration"),
        (json!({"overrides": {"containerOverrides": [{"name": "db"}]}}), "container named db"),
        (json!({"overrides": {"containerOverrides": [{"name": "app", "command": ["x".repeat(8200)]}]}}), "8192"),
    ] {
        let (code, message) = aws.refused("RunTask", run(more)).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(wanted), "{message}");
    }
    let (code, _) = aws.refused("RunTask", run(json!({"cluster": "nowhere"}))).await;
    assert_eq!(code, "ClusterNotFoundException");
    let arn = aws.register("web:2").await;
    aws.ok("DeregisterTaskDefinition", json!({"taskDefinition": arn})).await;
    let (code, _) = aws.refused("RunTask", run(json!({"taskDefinition": arn}))).await;
    assert_eq!(code, "ClientException");
}

#[tokio::test]
async fn what_was_just_started_or_tagged_may_not_be_seen_yet() {
    let aws = Aws::with(Options { eventual_consistency: Some(Duration::from_secs(20)), ..Options::default() }).await;
    let revision = aws.register("web:1-takes-60").await;
    let arn = started(&aws, json!({"clientToken": "a"})).await;
    aws.ok("TagResource", json!({"resourceArn": revision, "tags": [{"key": "run", "value": "1"}]})).await;
    let tags =
        async || aws.ok("DescribeTaskDefinition", json!({"taskDefinition": revision, "include": ["TAGS"]})).await["tags"].clone();
    assert_eq!(listed(&aws, json!({"startedBy": "a-test"})).await.len(), 0);
    assert_eq!(described(&aws, &arn).await["failures"][0]["reason"], "MISSING");
    assert_eq!(tags().await, json!([]));
    assert_eq!(started(&aws, json!({"clientToken": "a"})).await, arn, "the token is known at once");
    aws.pass(21);
    assert_eq!(listed(&aws, json!({"startedBy": "a-test"})).await.len(), 1);
    assert_eq!(tags().await[0]["key"], "run");
}
