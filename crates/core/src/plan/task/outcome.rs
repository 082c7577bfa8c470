//! How a task ended: exit codes and stop code decide, and a message tells which container, why, and where its log is.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>

use serde_json::Value;

use super::record::{Run, State};
use crate::json::{list, text};

/// The beginning of the reason that StopTask is given at the timeout.
pub(super) const TIMED_OUT: &str = "Driftless: not ended within ";

/// `stopCode`, and its word in a record.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
const STOP_CODES: [(&str, &str); 7] = [
    ("EssentialContainerExited", "exited"),
    ("TaskFailedToStart", "start"),
    ("UserInitiated", "user"),
    ("ServiceSchedulerInitiated", "service"),
    ("SpotInterruption", "spot"),
    ("TerminationNotice", "notice"),
    ("InfrastructureHealth", "health"),
];

/// How many characters of a stop code that is not in the table, and of a reason, are kept.
const KEPT: usize = 12;
const REASON: usize = 100;

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) run: Run,
    /// For a person.
    pub(super) message: String,
}

/// The end of `run`, from its STOPPED task and the content of its revision.
///
/// It ran to its end when it stopped by itself and each of its essential containers exited with 0: a program that ends
/// well when somebody stops it has not done its work.
pub(super) fn judge(run: &Run, task: &Value, definition: Option<&Value>) -> Outcome {
    let stop_code = text(task, "stopCode");
    let known = STOP_CODES.iter().find(|(code, _)| *code == stop_code).map(|(_, word)| (*word).to_owned());
    let stop = known.or_else(|| Some(kept(stop_code, KEPT)).filter(|code| !code.is_empty()));
    let reason = text(task, "stoppedReason");
    let by_itself = matches!(stop_code, "" | "EssentialContainerExited");
    let essential: Vec<&Value> = list(task, "containers").iter().filter(|one| is_essential(one, definition)).collect();
    let bad = |container: &&&Value| exit_code(container) != Some(0);
    // One with a code of its own says more than one that was told to stop because of it.
    let signalled = |container: &Value| matches!(exit_code(container), None | Some(137 | 143));
    let worst = essential.iter().filter(bad).min_by_key(|container| signalled(container)).copied();
    let decisive = worst.or(essential.first().copied());
    let state = match (by_itself, worst) {
        _ if reason.starts_with(TIMED_OUT) => State::TimedOut,
        _ if ran_nothing(task, stop_code) => State::NotStarted,
        (true, None) if !essential.is_empty() => State::Succeeded,
        _ => State::Failed,
    };
    let id = text(task, "taskArn").rsplit('/').next().unwrap_or_default().to_owned();
    let message = match state {
        State::Succeeded => format!("task {id} ran to its end"),
        State::NotStarted => not_started(task, decisive, reason, &id),
        _ => failure(task, decisive, by_itself, reason, &id, definition),
    };
    let not_started = state == State::NotStarted;
    let why = not_started.then(|| kept(reason, REASON)).filter(|why| !why.is_empty());
    let run = Run {
        state,
        task: Some(id),
        exit: decisive.and_then(exit_code),
        stop: stop.filter(|_| !not_started),
        container: decisive
            .map(|container| text(container, "name").to_owned())
            .filter(|_| state != State::Succeeded && !not_started),
        why,
        ..run.clone()
    };
    Outcome { run, message }
}

/// Whether no container of the task has run, and AWS ended it for a reason of its own (capacity, a network interface, a secret,
/// a pull, a host that it took back): `startedAt` is "when it transitioned from the PENDING state to the RUNNING state", and
/// a container that has run has an exit code, even if another one of its task never started.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
fn ran_nothing(task: &Value, stop_code: &str) -> bool {
    let by_somebody = matches!(stop_code, "" | "EssentialContainerExited" | "UserInitiated" | "ServiceSchedulerInitiated");
    let started = task.get("startedAt").is_some_and(|at| !at.is_null());
    !by_somebody && !started && list(task, "containers").iter().all(|container| exit_code(container).is_none())
}

fn not_started(task: &Value, container: Option<&Value>, reason: &str, id: &str) -> String {
    let revision = text(task, "taskDefinitionArn").rsplit('/').next().unwrap_or_default();
    let own = container.map(|container| text(container, "reason")).unwrap_or_default();
    let why = if reason.is_empty() { own } else { reason };
    let why = if why.is_empty() { text(task, "stopCode") } else { why };
    format!("task {id} of {revision} was not started: {}", why.trim_end_matches(['.', ' ']))
}

/// The beginning of a text, in characters that a tag takes, and without spaces; [`spoken`] gives them back.
fn kept(text: &str, most: usize) -> String {
    let fits = |c: char| match c {
        ' ' => '_',
        c if c.is_ascii_alphanumeric() || "+-=._:/@".contains(c) => c,
        _ => '-',
    };
    text.trim().chars().take(most).map(fits).collect()
}

/// A reason of a record, for a person.
pub(super) fn spoken(why: &str) -> String {
    why.replace('_', " ").trim_end().to_owned()
}

fn failure(
    task: &Value,
    container: Option<&Value>,
    by_itself: bool,
    reason: &str,
    id: &str,
    definition: Option<&Value>,
) -> String {
    let revision = text(task, "taskDefinitionArn").rsplit('/').next().unwrap_or_default();
    let name = container.map(|container| text(container, "name")).unwrap_or_default();
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let own = container.map(|container| text(container, "reason")).unwrap_or_default();
    let mut message = match container.and_then(exit_code) {
        _ if !by_itself && reason.is_empty() => format!("task {id} of {revision} was stopped"),
        _ if !by_itself => format!("task {id} of {revision} was stopped: {reason}"),
        Some(code) if own.is_empty() => format!("container {name} of {revision} exited with code {code}{}", because(reason)),
        Some(code) => format!("container {name} of {revision} failed: {own} (exit code {code})"),
        None if !own.is_empty() => format!("container {name} of {revision} failed: {own}"),
        None => format!("task {id} of {revision} stopped without an exit code{}", because(reason)),
    };
    if !by_itself && !own.is_empty() && own != reason {
        message.push_str(&format!("; container {name}: {own}"));
    }
    if let Some(log) = container.and_then(|container| log(container, id, definition)) {
        message.push_str(&format!("; its log: {log}"));
    }
    message
}

/// Where the container's log is, when the task definition sends it to CloudWatch: "The log stream takes the format
/// prefix-name/container-name/ecs-task-id".
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>
fn log(container: &Value, id: &str, definition: Option<&Value>) -> Option<String> {
    let name = text(container, "name");
    let log = declared(name, definition)?.get("logConfiguration")?;
    let option = |name: &str| log.get("options").map(|options| text(options, name)).unwrap_or_default();
    if text(log, "logDriver") != "awslogs" || option("awslogs-group").is_empty() {
        return None;
    }
    let group = option("awslogs-group");
    Some(match option("awslogs-stream-prefix") {
        "" => format!("group {group}"),
        prefix => format!("group {group}, stream {prefix}/{name}/{id}"),
    })
}

/// "If this parameter is omitted, a container is assumed to be essential."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
fn is_essential(container: &Value, definition: Option<&Value>) -> bool {
    declared(text(container, "name"), definition).is_none_or(|declared| declared["essential"] != false)
}

fn declared<'v>(name: &str, definition: Option<&'v Value>) -> Option<&'v Value> {
    list(definition?, "containerDefinitions").iter().find(|container| text(container, "name") == name)
}

fn exit_code(container: &Value) -> Option<i64> {
    container.get("exitCode").and_then(Value::as_i64)
}

/// What a record alone says of a run that did not end well. `revision` is `migrate:3`.
pub(super) fn remembered(run: &Run, revision: &str) -> String {
    let task = run.task.as_deref().map(|id| format!("task {id} of {revision}")).unwrap_or(format!("a task of {revision}"));
    let why = run.why.as_deref().map(|why| format!(": {}", spoken(why))).unwrap_or_default();
    match (&run.container, run.exit, run.stop.as_deref()) {
        _ if run.state == State::NotStarted => format!("{task} was not started{why}"),
        _ if run.state == State::TimedOut => format!("{task} had not ended within {}, and was stopped", duration(run.timeout)),
        (Some(container), Some(exit), None | Some("exited")) => {
            format!("container {container} of {revision} exited with code {exit} ({task})")
        }
        (_, _, Some("start")) => format!("{task} failed to start"),
        (_, _, Some("user")) => format!("{task} was stopped by a user"),
        (_, _, Some("spot" | "notice")) => format!("{task} was stopped: AWS took its host back"),
        (_, _, Some("health")) => format!("{task} was stopped: its host was not healthy"),
        (_, _, Some(code)) if code != "exited" => format!("{task} was stopped ({code})"),
        _ => format!("{task} failed"),
    }
}

/// `1h30m`, as a manifest has it.
pub(super) fn duration(seconds: u64) -> String {
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let text: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
