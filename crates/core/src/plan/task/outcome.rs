//! How a task ended: exit codes and stop code decide, and a message tells which container, why, and where its log is.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>

use serde_json::Value;

use super::record::{Run, State};

/// The beginning of the reason that StopTask is given at the timeout.
pub(super) const TIMED_OUT: &str = "Driftless: not ended within ";

/// `stopCode`, and its word in a record.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
const STOP_CODES: [(&str, &str); 6] = [
    ("EssentialContainerExited", "exited"),
    ("TaskFailedToStart", "start"),
    ("UserInitiated", "user"),
    ("ServiceSchedulerInitiated", "service"),
    ("SpotInterruption", "spot"),
    ("TerminationNotice", "notice"),
];

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
    let stop = STOP_CODES.iter().find(|(code, _)| *code == stop_code).map(|(_, word)| (*word).to_owned());
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
        (true, None) if !essential.is_empty() => State::Succeeded,
        _ => State::Failed,
    };
    let id = text(task, "taskArn").rsplit('/').next().unwrap_or_default().to_owned();
    let message = match state {
        State::Succeeded => format!("task {id} ran to its end"),
        _ => failure(task, decisive, by_itself, reason, &id, definition),
    };
    let run = Run {
        state,
        task: Some(id),
        exit: decisive.and_then(exit_code),
        stop,
        container: decisive.map(|container| text(container, "name").to_owned()).filter(|_| state != State::Succeeded),
        ..run.clone()
    };
    Outcome { run, message }
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

/// What a record alone says of a run that did not end well.
pub(super) fn remembered(run: &Run, revision: &str) -> String {
    let revision = revision.rsplit('/').next().unwrap_or(revision);
    let task = run.task.as_deref().map(|id| format!("task {id} of {revision}")).unwrap_or(format!("a task of {revision}"));
    match (&run.container, run.exit, run.stop.as_deref()) {
        _ if run.state == State::TimedOut => format!("{task} had not ended within {}, and was stopped", duration(run.timeout)),
        (Some(container), Some(exit), None | Some("exited")) => {
            format!("container {container} of {revision} exited with code {exit} ({task})")
        }
        (_, _, Some("start")) => format!("{task} failed to start"),
        (_, _, Some("user")) => format!("{task} was stopped by a user"),
        (_, _, Some("spot" | "notice")) => format!("{task} was stopped: AWS took its host back"),
        _ => format!("{task} failed"),
    }
}

/// `1h30m`, as a manifest has it.
pub(super) fn duration(seconds: u64) -> String {
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let text: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
