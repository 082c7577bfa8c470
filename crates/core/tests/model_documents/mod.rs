//! Small documents that AWS takes, to be changed in one place, and what the model says of them in one line each.

use driftless_core::desired::Document;
use driftless_core::model::{Checked, Finding, check_task_definition};
use serde_json::{Value, json};

/// The object.
pub fn object(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn with(base: Value, changes: Value) -> Value {
    let mut members = object(base);
    members.extend(object(changes));
    Value::Object(members)
}

/// A task definition with one container, on instances.
pub fn task(changes: Value) -> Value {
    with(json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "web:1", "memory": 64}]}), changes)
}

/// The same with changes in the task and in its container.
pub fn container_of(changes: Value, container: Value) -> Value {
    with(
        task(json!({"containerDefinitions": [with(json!({"name": "app", "image": "web:1", "memory": 64}), container)]})),
        changes,
    )
}

/// The same with changes in its container.
pub fn container(container: Value) -> Value {
    container_of(json!({}), container)
}

/// The same with an execution role.
pub fn role(container: Value) -> Value {
    container_of(json!({"executionRoleArn": "execution"}), container)
}

/// Two containers, `app` and `db`.
pub fn pair(app: Value, db: Value) -> Value {
    pair_of(json!({}), app, db)
}

/// The same with changes in the task.
pub fn pair_of(changes: Value, app: Value, db: Value) -> Value {
    let app = with(json!({"name": "app", "image": "web:1", "memory": 64}), app);
    let db = with(json!({"name": "db", "image": "db:1", "memory": 64}), db);
    with(task(json!({"containerDefinitions": [app, db]})), changes)
}

const SIZE: &str = r#"{"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}"#;

/// A task definition on Fargate.
pub fn fargate(changes: Value) -> Value {
    with(task(SIZE.parse().expect("it is JSON")), changes)
}

/// The same with changes in its container.
pub fn on_fargate(container: Value) -> Value {
    container_of(SIZE.parse().expect("it is JSON"), container)
}

/// A service.
pub fn service(changes: Value) -> Value {
    with(json!({"serviceName": "web", "desiredCount": 2}), changes)
}

/// A load balancer.
pub fn target() -> Value {
    let group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";
    json!({"targetGroupArn": group, "containerName": "app", "containerPort": 80})
}

/// Of something in an account and Region.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-central-1:123456789012:{resource}")
}

/// One line for each error, and for each warning after them.
pub fn checked(checked: Checked) -> Vec<String> {
    let line = |prefix: &str, finding: Finding| format!("{prefix}{} | {}", finding.pointer, finding.message);
    let errors = checked.errors.into_iter().map(|finding| line("", finding));
    errors.chain(checked.warnings.into_iter().map(|finding| line("warning: ", finding))).collect()
}

/// Where the findings stand, warnings with a `?`; `/` is the document itself.
pub fn places(found: Checked) -> String {
    let place = |pointer: &str| if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() };
    let errors = found.errors.iter().map(|one| place(&one.pointer));
    let warnings = found.warnings.iter().map(|one| format!("{}?", place(&one.pointer)));
    errors.chain(warnings).collect::<Vec<_>>().join(" ")
}

/// Where the findings of whole task definitions stand; `@` in a place is the first container.
#[track_caller]
pub fn assert_task_places(rows: &[(Value, &str)]) {
    for (document, wanted) in rows {
        let found = places(check_task_definition(document)).replace("/containerDefinitions/0", "@");
        assert_eq!(found, *wanted, "{document}");
    }
}

/// Likewise of what two documents show together.
pub fn together(findings: Vec<Finding>) -> Vec<String> {
    checked(Checked { errors: findings, ..Checked::default() })
}

/// These lines, all of them, in this order.
#[track_caller]
pub fn assert_findings(found: &[String], expected: &[&str]) {
    assert_eq!(found, expected, "\nfound:\n{}\n", found.join("\n"));
}
