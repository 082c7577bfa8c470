//! What failed, in a row for each of ECS's ways to say it; where the log is; what became of the service.

use crate::rollout_world::*;
use driftless_core::desired::OnFailure;
use driftless_core::observed::{Observed, ServiceObservation};
use driftless_core::rollout::judge;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:ecs:eu-central-1:123456789012:task/shop/0123456789abcdef";

fn failing() -> ServiceObservation {
    observed(vec![deployment("PRIMARY", NEW, "FAILED", 0), deployment("ACTIVE", OLD, "COMPLETED", 2)], 2)
}

fn message(observed: &ServiceObservation) -> String {
    failure(judge(&target(&declared()), observed)).1
}

/// The cause and the details below it, of one stopped task.
fn told(task: Value) -> String {
    let mut bad = failing();
    bad.stopped_tasks = vec![task];
    message(&bad).replace("; rolling back", "")
}

fn task(code: &str, reason: &str, containers: Value) -> Value {
    json!({"taskArn": ARN, "taskDefinitionArn": NEW, "stopCode": code, "stoppedReason": reason, "containers": containers})
}

#[test]
fn a_stopped_task_is_told_by_what_stopped_it() {
    let (essential, scheduler) = ("EssentialContainerExited", "ServiceSchedulerInitiated");
    let exits =
        |codes: &[(&str, i64)]| Value::Array(codes.iter().map(|(name, code)| json!({"name": name, "exitCode": code})).collect());
    let rows = [
        (task(essential, "gone.", exits(&[("app", 1)])), "container app of web:2 exited with code 1 (gone)"),
        (
            task(essential, "gone", json!([{"name": "app", "exitCode": 1, "reason": "OutOfMemory"}])),
            "container app of web:2 failed: OutOfMemory (exit code 1)",
        ),
        (
            task(essential, "gone", json!([{"name": "a"}, {"name": "app", "reason": "no image"}])),
            "container app of web:2 failed: no image",
        ),
        (
            task(essential, "unwell", json!([{"name": "a", "exitCode": 1}, {"name": "app", "healthStatus": "UNHEALTHY"}])),
            "container app of web:2 failed its health check (unwell)",
        ),
        // A code of its own before a signal, a signal before a 0.
        (task(essential, "gone", exits(&[("a", 137), ("b", 2)])), "container b of web:2 exited with code 2 (gone)"),
        (task(essential, "gone", exits(&[("a", 143), ("b", 2)])), "container b of web:2 exited with code 2 (gone)"),
        (task(essential, "gone", exits(&[("a", 0), ("b", 137)])), "container b of web:2 exited with code 137 (gone)"),
        (task(essential, "gone", exits(&[("a", 0), ("b", 0)])), "container a of web:2 exited with code 0 (gone)"),
        (task(scheduler, "no answer", exits(&[("app", 137)])), "container app of web:2 was stopped: no answer"),
        (task(scheduler, "no answer", exits(&[("app", 137), ("log", 0)])), "a task of web:2 was stopped: no answer"),
        (task(essential, "gone", json!([])), "a task of web:2 was stopped: gone"),
        (task(essential, "gone", json!([{"name": "app"}])), "container app of web:2 was stopped: gone"),
        // Who stopped it meant it, or it is another revision's: no failure of this one.
        (task("UserInitiated", "by hand", exits(&[("app", 137)])), "the rollout of web:2 failed"),
        (task("SpotInterruption", "spot", exits(&[("app", 137)])), "the rollout of web:2 failed"),
        (
            task(scheduler, "Scaling activity initiated by (deployment ecs-svc/2)", exits(&[("app", 1)])),
            "the rollout of web:2 failed",
        ),
        (
            json!({"taskDefinitionArn": OLD, "stopCode": essential, "containers": exits(&[("app", 1)])}),
            "the rollout of web:2 failed",
        ),
    ];
    for (task, wanted) in rows {
        assert_eq!(told(task.clone()), wanted, "{task}");
    }
    // As far as ECS still tells, when the deployment began divides its tasks from older ones.
    for (at, wanted) in
        [(BEGAN - 1.0, "the rollout of web:2 failed"), (BEGAN, "container app of web:2 exited with code 1 (gone)")]
    {
        let mut old = task(essential, "gone", exits(&[("app", 1)]));
        old["stoppedAt"] = json!(at);
        assert_eq!(told(old), wanted);
    }
}

#[test]
fn without_a_stopped_task_ecs_s_own_word_is_told() {
    let mut bad = failing();
    bad = edit(bad, |service| service["deployments"][0]["rolloutStateReason"] = json!("tasks failed to start."));
    assert!(message(&bad).starts_with("the rollout of web:2 failed: tasks failed to start; "), "{}", message(&bad));
    let recorded = {
        let mut recorded = on_record(failing(), NEW, "ROLLBACK_IN_PROGRESS");
        recorded.service_deployments[0]["statusReason"] = json!("the circuit breaker was triggered");
        edit(recorded, |service| service["deployments"][0]["rolloutStateReason"] = json!("another word"))
    };
    assert!(
        message(&recorded).starts_with("the rollout of web:2 failed: the circuit breaker was triggered; "),
        "{}",
        message(&recorded)
    );
}

#[test]
fn a_reason_of_150_letters_stands_whole_and_a_longer_one_in_two() {
    let of = |letters: usize| {
        let reason: String = (0..letters).map(|n| char::from(b'a' + u8::try_from(n % 26).expect("a letter"))).collect();
        (told(task("TaskFailedToStart", &reason, json!([{"name": "app", "reason": reason}]))), reason)
    };
    let (short, reason) = of(150);
    assert_eq!(short, format!("container app of web:2 failed: {reason}"));
    let (long, reason) = of(151);
    let (first, whole) = long.split_once("\n  ").expect("details");
    assert_eq!(first, format!("container app of web:2 failed: {}…{}", &reason[..100], &reason[reason.len() - 47..]));
    assert_eq!(whole, reason);
    // What is longer than a screen is cut.
    let (longest, reason) = of(301);
    assert!(longest.ends_with(&format!("\n  {}…", &reason[..300])), "{longest}");
    assert!(of(300).0.ends_with(&format!("\n  {}", of(300).1)));
}

#[test]
fn the_log_of_the_container_that_is_to_blame_is_named_where_it_is_known() {
    let log = |driver: &str, options: Value, arn: Value| {
        let mut bad = failing();
        let container = json!({"name": "app", "logConfiguration": {"logDriver": driver, "options": options}});
        bad.task_definition =
            Some(json!({"taskDefinition": {"taskDefinitionArn": NEW, "containerDefinitions": [{"name": "log"}, container]}}));
        let mut stopped = task("EssentialContainerExited", "gone", json!([{"name": "app", "exitCode": 1}]));
        stopped["taskArn"] = arn;
        bad.stopped_tasks = vec![stopped];
        message(&bad).lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("; ")
    };
    let command = "its log: aws logs tail shop --log-stream-names web/app/0123456789abcdef";
    let (group, prefix) = ("awslogs-group", "awslogs-stream-prefix");
    let rows = [
        ("awslogs", json!({group: "shop", prefix: "web"}), json!(ARN), command.to_owned()),
        (
            "awslogs",
            json!({group: "shop", prefix: "web", "awslogs-region": "eu-west-1"}),
            json!(ARN),
            format!("{command} --region eu-west-1"),
        ),
        ("awslogs", json!({group: "shop"}), json!(ARN), String::new()),
        ("awslogs", json!({prefix: "web"}), json!(ARN), String::new()),
        ("awslogs", json!({group: "shop", prefix: "web"}), json!(""), String::new()),
        ("splunk", json!({group: "shop", prefix: "web"}), json!(ARN), String::new()),
    ];
    for (driver, options, arn, wanted) in rows {
        assert_eq!(log(driver, options.clone(), arn), wanted, "{driver} {options}");
    }
}

#[test]
fn ecs_s_events_are_told_without_ordinary_work_and_each_once() {
    let told = |events: Value| {
        let bad = edit(failing(), |service| service["events"] = events);
        message(&bad).lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let event = |message: &str, at: f64| json!({"message": message, "createdAt": at});
    let ordinary = [
        "(service web) has reached a steady state.",
        "deployment completed",
        "(service web) has started 1 tasks",
        "(service web) registered 1 targets",
    ];
    for said in ordinary {
        assert_eq!(told(json!([event(said, BEGAN)])), Vec::<String>::new(), "{said}");
    }
    let many: Vec<Value> = ["a", "b", "a", "", "c", "d"].iter().map(|said| event(said, BEGAN)).collect();
    assert_eq!(told(json!(many)), ["a", "b", "c"]);
    assert_eq!(told(json!([event("old", BEGAN - 1.0), event("new", BEGAN)])), ["new"]);
    assert_eq!(told(json!([{"message": "undated  and \n long."}])), ["undated and long"]);
}

#[test]
fn what_becomes_of_the_service_is_told_by_what_aws_has_on_record() {
    let fate = |observed: &ServiceObservation, stay: bool| {
        let mut service = declared();
        if stay {
            service.rollout.on_failure = OnFailure::Stay;
        }
        let message = failure(judge(&target(&service), observed)).1;
        message.lines().next().and_then(|line| line.rsplit("; ").next()).unwrap_or_default().to_owned()
    };
    let recorded = |status: &str| on_record(failing(), NEW, status);
    let rows = [
        ("ROLLBACK_REQUESTED", "rolling back"),
        ("ROLLBACK_IN_PROGRESS", "rolling back"),
        ("ROLLBACK_SUCCESSFUL", "rolled back"),
        ("ROLLBACK_FAILED", "the rollback failed as well: see the service's events"),
    ];
    for (status, wanted) in rows {
        assert_eq!(fate(&recorded(status), false), wanted, "{status}");
    }
    assert_eq!(
        (fate(&failing(), false), fate(&failing(), true)),
        ("rolling back".to_owned(), "left as it is (rollout.onFailure: stay)".to_owned())
    );
    // Nothing ran before it: the oldest is its own, and nothing that ended well is left.
    let first = observed(vec![deployment("PRIMARY", NEW, "FAILED", 0)], 0);
    assert!(fate(&first, false).contains("the next commit is rolled out at once"), "{}", fate(&first, false));
    let beside = observed(vec![deployment("PRIMARY", NEW, "FAILED", 0), deployment("ACTIVE", OLD, "IN_PROGRESS", 0)], 0);
    assert!(fate(&beside, false).contains("the next commit is rolled out at once"), "a predecessor that never completed is none");
    // What AWS has on record: an older one that ended well, or, when it has forgotten all others, the revision that ours came from.
    let alone = |count: usize, status: &str, sources: Value| {
        let mut alone = on_record(first.clone(), NEW, "IN_PROGRESS");
        alone.service_deployments[0]["sourceServiceRevisions"] = sources;
        alone.service_deployments.extend((1..count).map(|n| json!({"serviceDeploymentArn": n.to_string(), "status": status})));
        fate(&alone, false).starts_with("rolling back")
    };
    let source = || json!([{"arn": "revision/1"}]);
    assert_eq!([alone(1, "", source()), alone(1, "", json!([]))], [true, false]);
    assert_eq!(
        [alone(2, "SUCCESSFUL", json!([])), alone(2, "ROLLBACK_SUCCESSFUL", json!([])), alone(2, "STOPPED", source())],
        [true, true, false]
    );
    // Where ECS's own detectors are on and none of them rolls back, it stays.
    let detector =
        |configuration: Value| fate(&edit(failing(), |service| service["deploymentConfiguration"] = configuration), false);
    let on = |rollback: bool| json!({"enable": true, "rollback": rollback});
    let rows = [
        (json!({"deploymentCircuitBreaker": on(false)}), "left as it is, since `rollback` is off in the circuit breaker"),
        (json!({"alarms": on(false)}), "left as it is, since `rollback` is off in the deployment's alarms"),
        (json!({"deploymentCircuitBreaker": on(true)}), "rolling back"),
        (json!({"deploymentCircuitBreaker": on(false), "alarms": on(true)}), "rolling back"),
        (json!({"deploymentCircuitBreaker": {"enable": false, "rollback": false}}), "rolling back"),
    ];
    for (configuration, wanted) in rows {
        assert_eq!(detector(configuration.clone()), wanted, "{configuration}");
    }
    // Its predecessor is PRIMARY again, and done or not.
    let back = |state: &str| {
        let mut back = observed(vec![deployment("PRIMARY", OLD, state, 1), deployment("ACTIVE", NEW, "FAILED", 0)], 2);
        if let Observed::Present(service) = &mut back.service {
            service["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]);
        }
        fate(&back, false)
    };
    assert_eq!((back("COMPLETED"), back("IN_PROGRESS")), ("rolled back to web:1".to_owned(), "rolling back to web:1".to_owned()));
}
