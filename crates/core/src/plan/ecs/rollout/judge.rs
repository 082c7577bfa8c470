//! Success, failure or patience: the judgement of a rollout whose service already runs, or is told to run, the target.

use serde_json::{Value, json};

use super::{FAILED_TAG, Judgement, Target, failed_tag, message, record, short, tolerance};
use crate::count::counted;
use crate::desired::{Document, OnFailure};
use crate::json::{list, text};
use crate::observed::ServiceObservation;
use crate::plan::{EcsStep, TaskDefinitionRef};

/// How soon a rollout is looked at again, in seconds.
const REQUEUE: u64 = 10;

/// Judges the rollout of a service that is Present and has nothing left to be deployed.
pub fn judge(target: &Target, observed: &ServiceObservation) -> Judgement {
    let Some(service) = observed.service.present() else {
        return progress("NotObserved", "the service is not there yet".into());
    };
    let Some(primary) = list(service, "deployments").iter().find(|deployment| deployment["status"] == "PRIMARY") else {
        return progress("RollingOut", format!("ECS has not begun to deploy {}", short(target.task_definition_arn)));
    };
    if record::went_back(target, observed) {
        return failed("RolloutFailed", target, observed, service, vec![]);
    }
    let runs = text(primary, "taskDefinition") == target.task_definition_arn;
    let state = text(primary, "rolloutState");
    match state {
        "COMPLETED" if runs => return count(target, observed, service, primary),
        // A server that tells no state is judged by what runs.
        "" if runs && all_run(service) && list(service, "deployments").len() == 1 => return settled(target, service),
        _ => {}
    }
    if !runs {
        // Another deployment's age says nothing of ours.
        if failed_tag(service) == Some(target.digest) {
            return failed("RolloutFailed", target, observed, service, vec![]);
        }
        return progress("RollingOut", format!("ECS has not begun to deploy {}", short(target.task_definition_arn)));
    }
    if !record::ours(target, service, primary) {
        return theirs(target, observed, primary);
    }
    if state == "FAILED" {
        return failed("RolloutFailed", target, observed, service, vec![]);
    }
    let own = record::own_deployment(target, observed);
    let status = own.map(|own| text(own, "status")).unwrap_or_default();
    if record::failed(status) {
        let stopped = matches!(status, "STOPPED" | "STOP_REQUESTED") && !message::ecs_failed(observed, target, service);
        let reason = if stopped { "RolloutStopped" } else { "RolloutFailed" };
        return failed(reason, target, observed, service, vec![]);
    }
    if let Some(many) = tolerance::exceeded(target, observed, service, primary) {
        return failed_as("TasksFailed", Some(many), target, observed, service, rollback(target, observed, service));
    }
    let limit = target.service.rollout.timeout.as_secs_f64() + declared_waits(&target.service.service.open());
    let began = primary["createdAt"].as_f64().or_else(|| own?["createdAt"].as_f64());
    if began.is_some_and(|began| observed.now - began > limit) {
        let late = format!("not rolled out within {}", human(limit as u64));
        return failed_as("RolloutTimedOut", Some(late), target, observed, service, rollback(target, observed, service));
    }
    in_progress(target, observed, service, primary)
}

/// A deployment that somebody else began, of what is declared: it is waited for, and nothing of it is judged.
fn theirs(target: &Target, observed: &ServiceObservation, primary: &Value) -> Judgement {
    let name = short(target.task_definition_arn);
    let since = primary["createdAt"].as_f64().map(|at| format!(" (begun {} ago)", age(observed.now - at))).unwrap_or_default();
    let begun = format!("deployment {} of {name}{since}, which Driftless did not begin,", text(primary, "id"));
    if text(primary, "rolloutState") == "FAILED" {
        let message = format!("{begun} failed: {}; {}", text(primary, "rolloutStateReason"), tasks(primary));
        return Judgement::Failed { reason: "RolloutOfOthersFailed", message, steps: vec![] };
    }
    let message = format!("{begun} is under way: {}; it is waited for", tasks(primary));
    Judgement::InProgress { reason: "RolloutOfOthers", message, requeue: REQUEUE }
}

/// The deployment is complete; as many tasks as are wanted may still have to start or stop.
fn count(target: &Target, observed: &ServiceObservation, service: &Value, primary: &Value) -> Judgement {
    if all_run(service) {
        return settled(target, service);
    }
    let message = format!("{}: {}", short(target.task_definition_arn), tasks(service));
    let age = observed.now - unsettled_since(service, primary).unwrap_or(observed.now);
    if age <= target.service.rollout.timeout.as_secs_f64() {
        return progress("Scaling", message);
    }
    let mut message = format!("{message}, for longer than the rollout's timeout");
    for event in message::events(service, 0.0) {
        message.push_str("\n  ");
        message.push_str(&event);
    }
    Judgement::Failed { reason: "ScalingTimedOut", message, steps: vec![] }
}

/// Since when the count is off. There is no deployment to judge by, and a task that ECS replaces years after the last one
/// must not be taken for a failure: the clock is the first event after the service was steady for the last time. "The 100
/// most recent events are displayed", newest first:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
fn unsettled_since(service: &Value, primary: &Value) -> Option<f64> {
    let events = list(service, "events");
    let steady = events.iter().position(|event| text(event, "message").contains("has reached a steady state"));
    let first = match steady {
        // Nothing has happened since: it has only just begun.
        Some(0) => return None,
        Some(steady) => &events[steady - 1],
        None => return later(events.last().and_then(|event| event["createdAt"].as_f64()), primary["updatedAt"].as_f64()),
    };
    later(first["createdAt"].as_f64(), primary["updatedAt"].as_f64())
}

fn later(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

fn settled(target: &Target, service: &Value) -> Judgement {
    Judgement::Settled { message: format!("{}: {}", short(target.task_definition_arn), tasks(service)) }
}

fn in_progress(target: &Target, observed: &ServiceObservation, service: &Value, primary: &Value) -> Judgement {
    let mut message = format!("rolling out {}: {}", short(target.task_definition_arn), tasks(primary));
    if primary["failedTasks"].as_u64().unwrap_or_default() > 0 || !observed.stopped_tasks.is_empty() {
        let cause = message::cause(target, observed, service);
        // Without a stopped task of the target there is only the state of the deployment, which says nothing new.
        if cause.starts_with("container") || cause.starts_with("a task") {
            message = format!("{message}; {cause}");
        }
    }
    progress("RollingOut", message)
}

fn progress(reason: &'static str, message: String) -> Judgement {
    Judgement::InProgress { reason, message, requeue: REQUEUE }
}

fn failed(
    reason: &'static str,
    target: &Target,
    observed: &ServiceObservation,
    service: &Value,
    rollback: Vec<EcsStep>,
) -> Judgement {
    failed_as(reason, None, target, observed, service, rollback)
}

/// `first`: what stands before the cause, where it was Driftless that called it a failure.
fn failed_as(
    reason: &'static str,
    first: Option<String>,
    target: &Target,
    observed: &ServiceObservation,
    service: &Value,
    rollback: Vec<EcsStep>,
) -> Judgement {
    let mut steps = vec![];
    if failed_tag(service) != Some(target.digest) {
        let tags = json!([{"key": FAILED_TAG, "value": target.digest}]);
        steps.push(EcsStep::TagResource { document: object(json!({"resourceArn": service["serviceArn"], "tags": tags})) });
    }
    steps.extend(rollback);
    let message = message::failure_as(first, target, observed, service);
    Judgement::Failed { reason, message, steps }
}

/// Back to the last version that was rolled out, where there is one and the manifest wants it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html>
fn rollback(target: &Target, observed: &ServiceObservation, service: &Value) -> Vec<EcsStep> {
    if target.service.rollout.on_failure == OnFailure::Stay || !message::has_predecessor(target, observed, service) {
        return vec![];
    }
    if let Some(own) = record::own_deployment(target, observed) {
        let document = json!({"serviceDeploymentArn": own["serviceDeploymentArn"], "stopType": "ROLLBACK"});
        return vec![EcsStep::StopServiceDeployment { document: object(document) }];
    }
    let previous = list(service, "deployments").iter().find(|deployment| {
        deployment["rolloutState"] == "COMPLETED" && text(deployment, "taskDefinition") != target.task_definition_arn
    });
    let update = |previous: &Value| EcsStep::UpdateService {
        document: object(json!({"cluster": service["clusterArn"], "service": service["serviceName"]})),
        task_definition: Some(TaskDefinitionRef::Arn(text(previous, "taskDefinition").to_owned())),
        memory: None,
    };
    previous.map(update).into_iter().collect()
}

/// Seconds that the document itself tells ECS to wait.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
fn declared_waits(service: &Document) -> f64 {
    let Some(configuration) = service.get("deploymentConfiguration") else { return 0.0 };
    let minutes = |value: &Value| value.as_f64().unwrap_or_default();
    let linear = &configuration["linearConfiguration"];
    let steps = linear["stepPercent"].as_f64().filter(|percent| *percent > 0.0).map_or(0.0, |percent| (100.0 / percent).ceil());
    let bake = minutes(&configuration["bakeTimeInMinutes"])
        + minutes(&configuration["canaryConfiguration"]["canaryBakeTimeInMinutes"])
        + steps * minutes(&linear["stepBakeTimeInMinutes"]);
    // A hook waits once at each of its stages.
    let hooks = list(configuration, "lifecycleHooks").iter().map(|hook| {
        let stages = list(hook, "lifecycleStages").len().max(1) as f64;
        stages * minutes(&hook["timeoutConfiguration"]["timeoutInMinutes"])
    });
    (bake + hooks.sum::<f64>()) * 60.0
}

fn all_run(service: &Value) -> bool {
    service["runningCount"] == service["desiredCount"] && service["pendingCount"].as_u64().unwrap_or_default() == 0
}

/// `2 of 3 tasks running, 1 pending`.
fn tasks(of: &Value) -> String {
    let count = |member: &str| of[member].as_u64().unwrap_or_default();
    let (running, desired) = (count("runningCount"), count("desiredCount"));
    let mut text = format!("{running} of {} running", counted(desired, "task"));
    for (number, what) in [(count("pendingCount"), "pending"), (count("failedTasks"), "failed")] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    text
}

fn human(seconds: u64) -> String {
    if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

/// An age in one unit: nobody needs the seconds of two hours.
fn age(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn object(value: Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}
