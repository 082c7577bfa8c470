//! What a person reads about a rollout that fails: the container and ECS's reason first, what became of it next, and
//! ECS's last events below. The first sentence has to stand alone: GitLab shows 255 characters.

use serde_json::Value;

use super::{Target, list, record, short, text};
use crate::desired::OnFailure;
use crate::observed::ServiceObservation;

/// How many of the service's events are told.
const EVENTS: usize = 3;

/// Longer texts of ECS are cut: an image's digest and registry can fill a screen.
const LONGEST: usize = 200;

/// Why the target fails, and what becomes of it.
pub(super) fn failure(target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    let cause = cause(target, observed, service);
    let fate = fate(target, observed, service);
    let mut message = format!("{cause}; {fate}");
    for event in events(service, since(target, service)) {
        message.push_str("\n  ");
        message.push_str(&event);
    }
    message
}

/// `container app of web:2 exited with code 1 (Essential container in task exited)`; without stopped tasks, ECS's own
/// reason for the deployment's state.
pub(super) fn cause(target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    let name = short(target.task_definition_arn);
    let stopped = observed
        .stopped_tasks
        .iter()
        .find(|task| is_failure(task) && text(task, "taskDefinitionArn") == target.task_definition_arn);
    if let Some(task) = stopped {
        return task_failure(task, name);
    }
    let own =
        list(service, "deployments").iter().find(|deployment| text(deployment, "taskDefinition") == target.task_definition_arn);
    let said = [
        record::own_deployment(target, observed).map(|own| text(own, "statusReason")).unwrap_or_default(),
        own.map(|deployment| text(deployment, "rolloutStateReason")).unwrap_or_default(),
    ];
    match said.into_iter().find(|said| !said.is_empty()) {
        Some(said) => format!("the rollout of {name} failed: {}", shortened(said)),
        None => format!("the rollout of {name} failed"),
    }
}

/// The tasks that ECS itself replaced or scaled away are no failures.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>, `stopCode`.
fn is_failure(task: &Value) -> bool {
    let scaled = text(task, "stoppedReason").starts_with("Scaling activity initiated by");
    !scaled && !matches!(text(task, "stopCode"), "UserInitiated" | "SpotInterruption")
}

/// What happened to one stopped task. `stoppedReason` names the rule, the container's `reason` and `exitCode` the cause:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.
fn task_failure(task: &Value, name: &str) -> String {
    let stopped_reason = shortened(text(task, "stoppedReason"));
    let containers = list(task, "containers");
    let with_reason = containers.iter().find(|container| !text(container, "reason").is_empty());
    let with_code = containers.iter().find(|container| container["exitCode"].as_i64().is_some_and(|code| code != 0));
    let unhealthy = containers.iter().find(|container| container["healthStatus"] == "UNHEALTHY");
    let exited = containers.iter().find(|container| container["exitCode"].is_i64());
    let (container, what) = if let Some(container) = with_reason {
        let code = container["exitCode"].as_i64().map(|code| format!(" (exit code {code})")).unwrap_or_default();
        (container, format!("failed: {}{code}", shortened(text(container, "reason"))))
    } else if let Some(container) = unhealthy {
        (container, format!("failed its health check ({stopped_reason})"))
    } else if let Some(container) = with_code.or(exited) {
        (container, format!("exited with code {} ({stopped_reason})", container["exitCode"]))
    } else {
        return format!("a task of {name} stopped: {stopped_reason}");
    };
    format!("container {} of {name} {what}", text(container, "name"))
}

/// What becomes of the service now.
fn fate(target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    let deployments = list(service, "deployments");
    let primary = deployments.iter().find(|deployment| deployment["status"] == "PRIMARY");
    let runs = primary.map(|primary| text(primary, "taskDefinition")).unwrap_or_else(|| text(service, "taskDefinition"));
    if runs != target.task_definition_arn {
        let previous = short(runs);
        let done = primary.is_none_or(|primary| primary["rolloutState"] == "COMPLETED");
        return if done { format!("rolled back to {previous}") } else { format!("rolling back to {previous}") };
    }
    let status = record::own_deployment(target, observed).map(|own| text(own, "status")).unwrap_or_default();
    if matches!(status, "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS") {
        "rolling back".into()
    } else if matches!(status, "STOPPED" | "STOP_REQUESTED") {
        "somebody stopped the deployment; `driftless retry` or a new commit rolls out again".into()
    } else if !has_predecessor(target, observed, service) {
        "it was the first deployment, so there is nothing to roll back to; the next commit is rolled out at once".into()
    } else if target.service.rollout.on_failure == OnFailure::Stay {
        "left as it is (rollout.onFailure: stay)".into()
    } else if rolls_back_itself(service) == Some(false) {
        "left as it is, since the circuit breaker's `rollback` is off".into()
    } else {
        "rolling back".into()
    }
}

/// Whether another version ran before.
pub(super) fn has_predecessor(target: &Target, observed: &ServiceObservation, service: &Value) -> bool {
    let other = |deployment: &Value| text(deployment, "taskDefinition") != target.task_definition_arn;
    list(service, "deployments").iter().any(other)
        || record::own_deployment(target, observed).is_some_and(|own| !list(own, "sourceServiceRevisions").is_empty())
}

/// The circuit breaker's `rollback`, where the circuit breaker is on.
fn rolls_back_itself(service: &Value) -> Option<bool> {
    let breaker = &service["deploymentConfiguration"]["deploymentCircuitBreaker"];
    (breaker["enable"] == true).then(|| breaker["rollback"] == true)
}

/// When the target's deployment began, as far as it is still listed.
fn since(target: &Target, service: &Value) -> f64 {
    let mut own =
        list(service, "deployments").iter().filter(|deployment| text(deployment, "taskDefinition") == target.task_definition_arn);
    own.next().and_then(|deployment| deployment["createdAt"].as_f64()).unwrap_or_default()
}

/// The service's last events, newest first as ECS lists them, without the ones that say that all is well.
pub(super) fn events(service: &Value, since: f64) -> Vec<String> {
    let mut told: Vec<String> = vec![];
    for event in list(service, "events") {
        let said = shortened(text(event, "message"));
        let recent = event["createdAt"].as_f64().is_none_or(|at| at >= since);
        if recent && !said.is_empty() && !said.contains("has reached a steady state") && !told.contains(&said) {
            told.push(said);
        }
        if told.len() == EVENTS {
            break;
        }
    }
    told
}

/// One line of at most [`LONGEST`] characters.
fn shortened(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
