//! How a task ended, a row for each of ECS's ways to say it.

use serde_json::json;

use super::*;
use crate::plan::Context;

fn run() -> Run {
    Run::intended(1, 1000.0, 3600, &Context::example())
}

fn task(code: &str, reason: &str, containers: Value) -> Value {
    json!({"taskArn": "task/shop/t1", "taskDefinitionArn": "task-definition/migrate:3", "stopCode": code, "stoppedReason": reason,
        "containers": containers})
}

/// Two containers, of which `log` is not essential.
fn definition() -> Value {
    json!({"containerDefinitions": [
        {"name": "app", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"}}},
        {"name": "db", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}},
        {"name": "log", "essential": false, "logConfiguration": {"logDriver": "splunk"}}]})
}

#[test]
fn a_run_ends_as_its_containers_and_its_stop_code_say() {
    let exits =
        |codes: &[(&str, i64)]| Value::Array(codes.iter().map(|(name, code)| json!({"name": name, "exitCode": code})).collect());
    let app = |code: i64| exits(&[("app", code)]);
    let own = |reason: &str| json!([{"name": "app", "reason": reason}]);
    let exited = "EssentialContainerExited";
    let log = "; its log: group g, stream p/app/t1";
    let rows = [
        (task(exited, "gone", app(0)), State::Succeeded, "task t1 ran to its end".to_owned()),
        (task("", "", app(0)), State::Succeeded, "task t1 ran to its end".to_owned()),
        (task(exited, "gone", exits(&[("app", 0), ("log", 1)])), State::Succeeded, "task t1 ran to its end".to_owned()),
        (
            task(exited, "gone", exits(&[("log", 0)])),
            State::Failed,
            "task t1 of migrate:3 stopped without an exit code (gone)".to_owned(),
        ),
        (task(exited, "gone", app(1)), State::Failed, format!("container app of migrate:3 exited with code 1 (gone){log}")),
        (task(exited, "", app(1)), State::Failed, format!("container app of migrate:3 exited with code 1{log}")),
        // One with a code of its own before one that was told to stop because of it.
        (
            task(exited, "gone", exits(&[("db", 137), ("app", 2)])),
            State::Failed,
            format!("container app of migrate:3 exited with code 2 (gone){log}"),
        ),
        (
            task(exited, "gone", exits(&[("db", 143)])),
            State::Failed,
            "container db of migrate:3 exited with code 143 (gone); its log: group g".to_owned(),
        ),
        (
            task(exited, "gone", json!([{"name": "app", "exitCode": 1, "reason": "OutOfMemory"}])),
            State::Failed,
            format!("container app of migrate:3 failed: OutOfMemory (exit code 1){log}"),
        ),
        (task(exited, "gone", own("no image")), State::Failed, format!("container app of migrate:3 failed: no image{log}")),
        // Who was stopped has not done its work, whatever its code.
        (task("UserInitiated", "by hand", app(0)), State::Failed, format!("task t1 of migrate:3 was stopped: by hand{log}")),
        (task("UserInitiated", "", app(0)), State::Failed, format!("task t1 of migrate:3 was stopped{log}")),
        (
            task("UserInitiated", "by hand", own("killed")),
            State::Failed,
            format!("task t1 of migrate:3 was stopped: by hand; container app: killed{log}"),
        ),
        (task("UserInitiated", "killed", own("killed")), State::Failed, format!("task t1 of migrate:3 was stopped: killed{log}")),
        (
            task("UserInitiated", "Driftless: not ended within 1h", app(0)),
            State::TimedOut,
            format!("task t1 of migrate:3 was stopped: Driftless: not ended within 1h{log}"),
        ),
        // Nothing of it has run.
        (
            task("TaskFailedToStart", "no capacity.", own("")),
            State::NotStarted,
            "task t1 of migrate:3 was not started: no capacity".to_owned(),
        ),
        (
            task("TaskFailedToStart", "", own("no image")),
            State::NotStarted,
            "task t1 of migrate:3 was not started: no image".to_owned(),
        ),
        (
            task("TaskFailedToStart", "", own("")),
            State::NotStarted,
            "task t1 of migrate:3 was not started: TaskFailedToStart".to_owned(),
        ),
        (task("TaskFailedToStart", "late", app(0)), State::Failed, format!("task t1 of migrate:3 was stopped: late{log}")),
        (task("UserInitiated", "by hand", json!([])), State::Failed, "task t1 of migrate:3 was stopped: by hand".to_owned()),
    ];
    for (task, state, message) in rows {
        let ended = judge(&run(), &task, Some(&definition()));
        assert_eq!((ended.run.state, ended.message), (state, message), "{task}");
    }
    let mut began = task("SpotInterruption", "taken", own(""));
    assert_eq!(judge(&run(), &began, None).run.state, State::NotStarted);
    began["startedAt"] = json!(5.0);
    assert_eq!(judge(&run(), &began, None).run.state, State::Failed, "it ran");
    began["startedAt"] = json!(null);
    assert_eq!(judge(&run(), &began, None).run.state, State::NotStarted);
}

#[test]
fn a_record_alone_says_what_became_of_the_run() {
    let of = |state: State, change: &dyn Fn(&mut Run)| {
        let mut run = Run { state, task: Some("t1".into()), ..run() };
        change(&mut run);
        remembered(&run, "migrate:3")
    };
    let stopped = |code: &str| of(State::Failed, &|run: &mut Run| run.stop = Some(code.to_owned()));
    let exit = |stop: Option<&str>| {
        of(State::Failed, &|run: &mut Run| {
            (run.container, run.exit, run.stop) = (Some("app".into()), Some(2), stop.map(str::to_owned))
        })
    };
    let exited = "container app of migrate:3 exited with code 2 (task t1 of migrate:3)";
    assert_eq!((exit(None).as_str(), exit(Some("exited")).as_str()), (exited, exited));
    assert_eq!(exit(Some("user")), "task t1 of migrate:3 was stopped by a user");
    for (code, told) in [
        ("start", "failed to start"),
        ("user", "was stopped by a user"),
        ("spot", "was stopped: AWS took its host back"),
        ("notice", "was stopped: AWS took its host back"),
        ("health", "was stopped: its host was not healthy"),
        ("Other", "was stopped (Other)"),
        ("exited", "failed"),
    ] {
        assert_eq!(stopped(code), format!("task t1 of migrate:3 {told}"));
    }
    assert_eq!(of(State::Failed, &|run| run.task = None), "a task of migrate:3 failed");
    assert_eq!(
        of(State::TimedOut, &|run| run.timeout = 5400),
        "task t1 of migrate:3 had not ended within 1h30m, and was stopped"
    );
    assert_eq!(of(State::NotStarted, &|_| {}), "task t1 of migrate:3 was not started");
    assert_eq!(of(State::NotStarted, &|run| run.why = Some("no_room_".into())), "task t1 of migrate:3 was not started: no room");
    assert_eq!([0, 1, 60, 3661, 7200].map(duration), ["0s", "1s", "1m", "1h1m1s", "2h"]);
}
