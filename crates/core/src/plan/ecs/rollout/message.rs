//! What a person reads about a rollout that fails: the container and ECS's reason first, what became of it next, and
//! ECS's last events below. The first sentence has to stand alone: GitLab shows 255 characters.

use serde_json::Value;

use super::{Target, record, short};
use crate::desired::OnFailure;
use crate::json::{list, text};
use crate::observed::ServiceObservation;
use crate::sentence::whole;

/// How many of the service's events are told.
const EVENTS: usize = 3;

/// Longer texts of ECS are cut: an image's digest and registry can fill a screen.
const LONGEST: usize = 300;

/// How much of ECS's reason stands in the first sentence, so that the container before it and what became of the rollout
/// after it fit into GitLab's 255 characters. All of it is told below.
const REASON: usize = 150;

/// Exit codes of containers that were told to stop: 128 + SIGKILL, 128 + SIGTERM. Others say more.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
const SIGNALS: [i64; 2] = [137, 143];

/// Why the target fails, and what becomes of it.
pub(super) fn failure(target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    let (cause, details) = told(target, observed, service);
    let cause = whole(cause);
    let fate = fate(target, observed, service);
    let mut message = format!("{cause}; {fate}");
    for line in details.into_iter().chain(events(service, since(target, observed, service))) {
        message.push_str("\n  ");
        message.push_str(&line);
    }
    message
}

/// The same with `first` before the cause, where it was Driftless that called it a failure.
pub(super) fn failure_as(first: Option<String>, target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    let message = failure(target, observed, service);
    match first {
        Some(first) => format!("{first}: {message}"),
        None => message,
    }
}

/// The cause alone.
pub(super) fn cause(target: &Target, observed: &ServiceObservation, service: &Value) -> String {
    whole(told(target, observed, service).0)
}

/// `container app of web:2 exited with code 1 (Essential container in task exited)`; without stopped tasks, ECS's own
/// reason for the deployment's state.
/// And where the container's log is, and the whole of a reason that was shortened.
fn told(target: &Target, observed: &ServiceObservation, service: &Value) -> (String, Vec<String>) {
    let name = short(target.task_definition_arn);
    let since = since(target, observed, service);
    let recent = |task: &Value| task["stoppedAt"].as_f64().is_none_or(|at| at >= since);
    let stopped = observed
        .stopped_tasks
        .iter()
        .find(|task| is_failure(task) && recent(task) && text(task, "taskDefinitionArn") == target.task_definition_arn);
    if let Some(task) = stopped {
        let (cause, reason) = task_failure(task, name, observed);
        return (cause, log(task, observed).into_iter().chain(reason).collect());
    }
    let own =
        list(service, "deployments").iter().find(|deployment| text(deployment, "taskDefinition") == target.task_definition_arn);
    let said = [
        record::own_deployment(target, observed).map(|own| text(own, "statusReason")).unwrap_or_default(),
        own.map(|deployment| text(deployment, "rolloutStateReason")).filter(|_| has_failed(own)).unwrap_or_default(),
    ];
    match said.into_iter().find(|said| !said.is_empty()) {
        Some(said) => {
            let (cause, reason) = in_two(said, |said| format!("the rollout of {name} failed: {said}"));
            (cause, reason.into_iter().collect())
        }
        None => (format!("the rollout of {name} failed"), vec![]),
    }
}

fn has_failed(deployment: Option<&Value>) -> bool {
    deployment.is_some_and(|deployment| deployment["rolloutState"] == "FAILED")
}

/// The tasks that ECS itself replaced or scaled away are no failures.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>, `stopCode`.
pub(super) fn is_failure(task: &Value) -> bool {
    let scaled = text(task, "stoppedReason").starts_with("Scaling activity initiated by");
    !scaled && !matches!(text(task, "stopCode"), "UserInitiated" | "SpotInterruption")
}

/// What happened to one stopped task. `stoppedReason` names the rule, the container's `reason` and `exitCode` the cause:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.
fn task_failure(task: &Value, name: &str, observed: &ServiceObservation) -> (String, Option<String>) {
    let stopped_reason = text(task, "stoppedReason");
    let containers = list(task, "containers");
    let of = |container: &Value| format!("container {} of {name}", text(container, "name"));
    if let Some(container) = containers.iter().find(|container| !text(container, "reason").is_empty()) {
        let code = container["exitCode"].as_i64().map(|code| format!(" (exit code {code})")).unwrap_or_default();
        return in_two(text(container, "reason"), |reason| format!("{} failed: {reason}{code}", of(container)));
    }
    if let Some(container) = containers.iter().find(|container| container["healthStatus"] == "UNHEALTHY") {
        return in_two(stopped_reason, |reason| format!("{} failed its health check ({reason})", of(container)));
    }
    match exited(task, observed) {
        // The scheduler stopped the task (a load balancer's health check): the exit code only echoes its signal.
        Some(container) if text(task, "stopCode") != "ServiceSchedulerInitiated" => {
            in_two(stopped_reason, |reason| format!("{} exited with code {} ({reason})", of(container), container["exitCode"]))
        }
        _ if containers.len() == 1 => in_two(stopped_reason, |reason| format!("{} was stopped: {reason}", of(&containers[0]))),
        _ => in_two(stopped_reason, |reason| format!("a task of {name} was stopped: {reason}")),
    }
}

/// The container that is to blame, of those that ended.
fn exited<'a>(task: &'a Value, observed: &ServiceObservation) -> Option<&'a Value> {
    list(task, "containers").iter().filter(|container| container["exitCode"].is_i64()).min_by_key(|container| {
        let code = container["exitCode"].as_i64().unwrap_or_default();
        // An ordinary code of its own first, then the essential container's, then any that is not 0.
        let own = code != 0 && !SIGNALS.contains(&code);
        (!own, !is_essential(text(container, "name"), text(task, "taskDefinitionArn"), observed), code == 0)
    })
}

/// Where the log of the container that is to blame can be read: "prefix-name/container-name/ecs-task-id". One that never ran has
/// written none.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
fn log(task: &Value, observed: &ServiceObservation) -> Option<String> {
    let container = exited(task, observed)?;
    let name = text(container, "name");
    let definition = definition(text(task, "taskDefinitionArn"), observed)?;
    let declared = list(definition, "containerDefinitions").iter().find(|one| text(one, "name") == name)?;
    let options = &declared["logConfiguration"]["options"];
    let (group, prefix) = (text(options, "awslogs-group"), text(options, "awslogs-stream-prefix"));
    let id = short(text(task, "taskArn"));
    let awslogs = declared["logConfiguration"]["logDriver"] == "awslogs";
    (awslogs && !group.is_empty() && !prefix.is_empty() && !id.is_empty()).then(|| {
        let region = match text(options, "awslogs-region") {
            "" => String::new(),
            region => format!(" --region {region}"),
        };
        format!("its log: aws logs tail {group} --log-stream-names {prefix}/{name}/{id}{region}")
    })
}

/// The revision of this ARN, if it was read.
fn definition<'a>(arn: &str, observed: &'a ServiceObservation) -> Option<&'a Value> {
    let candidates = observed.candidates.present().into_iter().flatten();
    let known = observed.task_definition.iter().chain(candidates).map(|answer| &answer["taskDefinition"]);
    known.into_iter().find(|definition| text(definition, "taskDefinitionArn") == arn)
}

/// "If the `essential` parameter of a container is marked as `true`, and that container fails or stops for any reason, all
/// other containers that are part of the task are stopped. If this parameter is omitted, a container is assumed to be
/// essential." <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
fn is_essential(container: &str, arn: &str, observed: &ServiceObservation) -> bool {
    let containers = definition(arn, observed).map(|definition| list(definition, "containerDefinitions")).unwrap_or_default();
    containers.iter().find(|one| text(one, "name") == container).is_none_or(|one| one["essential"] != false)
}

/// The sentence with a reason that is short enough to stand first, and all of the reason where it had to be shortened.
fn in_two(reason: &str, sentence: impl Fn(&str) -> String) -> (String, Option<String>) {
    let whole = shortened(reason);
    let letters: Vec<char> = whole.chars().collect();
    if letters.len() <= REASON {
        return (sentence(&whole), None);
    }
    // What went wrong stands first in ECS's texts, and why at the end: `CannotPullContainerError: ...: not found`.
    let head: String = letters[..REASON * 2 / 3].iter().collect();
    let tail: String = letters[letters.len() - REASON / 3 + 3..].iter().collect();
    (sentence(&format!("{}…{}", head.trim_end(), tail.trim_start())), Some(whole))
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
    } else if status == "ROLLBACK_SUCCESSFUL" {
        "rolled back".into()
    } else if status == "ROLLBACK_FAILED" {
        "the rollback failed as well: see the service's events".into()
    } else if matches!(status, "STOPPED" | "STOP_REQUESTED") && !ecs_failed(observed, target, service) {
        "somebody stopped the deployment; `driftless retry` or a new commit rolls out again".into()
    } else if record::went_back(target, observed) {
        "rolled back".into()
    } else if !has_predecessor(target, observed, service) {
        "it was the first deployment, so there is nothing to roll back to; the next commit is rolled out at once".into()
    } else if target.service.rollout.on_failure == OnFailure::Stay {
        "left as it is (rollout.onFailure: stay)".into()
    } else if let Some(off) = detector_without_rollback(service).filter(|_| ecs_failed(observed, target, service)) {
        format!("left as it is, since `rollback` is off in {off}")
    } else {
        "rolling back".into()
    }
}

/// Whether ECS itself failed the target: by its circuit breaker or an alarm, not by a person or by our timeout.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html>
pub(super) fn ecs_failed(observed: &ServiceObservation, target: &Target, service: &Value) -> bool {
    let own = |deployment: &&Value| text(deployment, "taskDefinition") == target.task_definition_arn;
    let triggered = record::own_deployment(target, observed)
        .is_some_and(|own| own["deploymentCircuitBreaker"]["status"] == "TRIGGERED" || own["alarms"]["status"] == "TRIGGERED");
    triggered || has_failed(list(service, "deployments").iter().find(own))
}

/// Whether a version that was rolled out ran before.
pub(super) fn has_predecessor(target: &Target, observed: &ServiceObservation, service: &Value) -> bool {
    let completed = |deployment: &Value| deployment["status"] != "PRIMARY" && deployment["rolloutState"] == "COMPLETED";
    let ended_well = |older: &Value| matches!(text(older, "status"), "SUCCESSFUL" | "ROLLBACK_SUCCESSFUL");
    let own = record::own_deployment(target, observed);
    // AWS forgets service deployments after 90 days: then the revision that the only one left came from tells.
    let forgotten = observed.service_deployments.len() == 1;
    list(service, "deployments").iter().any(completed)
        || observed.service_deployments.iter().skip(1).any(ended_well)
        || own.is_some_and(|own| forgotten && !list(own, "sourceServiceRevisions").is_empty())
}

/// The detectors of failures, where they are on and none rolls back.
fn detector_without_rollback(service: &Value) -> Option<&'static str> {
    let configuration = &service["deploymentConfiguration"];
    let detectors = [("deploymentCircuitBreaker", "the circuit breaker"), ("alarms", "the deployment's alarms")];
    let mut on = detectors.iter().filter(|(member, _)| configuration[*member]["enable"] == true);
    if on.clone().any(|(member, _)| configuration[*member]["rollback"] == true) {
        return None;
    }
    on.next().map(|(_, name)| *name)
}

/// When the target's deployment began, as far as ECS still tells.
fn since(target: &Target, observed: &ServiceObservation, service: &Value) -> f64 {
    let own = |deployment: &&Value| text(deployment, "taskDefinition") == target.task_definition_arn;
    let listed = list(service, "deployments").iter().find(own);
    let on_record = record::own_deployment(target, observed);
    on_record.or(listed).and_then(|deployment| deployment["createdAt"].as_f64()).unwrap_or_default()
}

/// What ECS's events say of ordinary work: nothing that explains a failure.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
const ORDINARY: [&str; 8] = [
    "has reached a steady state",
    "deployment completed",
    ") has started ",
    ") has stopped ",
    "has begun draining",
    ") registered ",
    ") deregistered ",
    ") stopped ",
];

/// The service's last events, newest first as ECS lists them, without the ones that say that all is well.
pub(super) fn events(service: &Value, since: f64) -> Vec<String> {
    let mut told: Vec<String> = vec![];
    for event in list(service, "events") {
        let said = shortened(text(event, "message"));
        let recent = event["createdAt"].as_f64().is_none_or(|at| at >= since);
        if recent && !said.is_empty() && !ORDINARY.iter().any(|ordinary| said.contains(ordinary)) && !told.contains(&said) {
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
