//! Counts and clocks: a change of count, a task that ECS replaces, and how long a rollout may take.

use std::time::Duration;

use crate::rollout_world::*;
use driftless_core::observed::ServiceObservation;
use driftless_core::rollout::{Judgement, judge};
use serde_json::{Value, json};

/// One of two tasks runs, long after the rollout; events are newest first.
fn one_is_missing(events: Value) -> ServiceObservation {
    let mut observed = observed(vec![deployment("PRIMARY", NEW, "COMPLETED", 1)], 1);
    observed.now = BEGAN + 1_000_000.0;
    edit(observed, |live| live["events"] = events)
}

#[test]
fn a_task_that_is_replaced_long_after_the_rollout_is_no_failure() {
    let service = declared();
    let steady = json!({"createdAt": BEGAN + 999_000.0, "message": "(service web) has reached a steady state."});
    let started = json!({"createdAt": BEGAN + 999_990.0, "message": "(service web) has started 1 tasks: (task 1)."});
    for events in [json!([steady]), json!([started, steady])] {
        let judgement = judge(&target(&service), &one_is_missing(events));
        assert!(matches!(judgement, Judgement::InProgress { reason: "Scaling", .. }), "{judgement:?}");
    }
}

#[test]
fn a_count_that_is_not_reached_within_the_timeout_is_a_failure_with_ecs_events() {
    let service = declared();
    let events = json!([
        {"createdAt": BEGAN + 999_990.0, "message": "(service web) was unable to place a task because no container instance met all of its requirements."},
        {"createdAt": BEGAN + 990_000.0, "message": "(service web) has started 1 tasks: (task 1)."},
        {"createdAt": BEGAN + 10.0, "message": "(service web) has reached a steady state."},
    ]);
    let (reason, message, steps) = failure(judge(&target(&service), &one_is_missing(events)));
    assert_eq!((reason, steps.len()), ("ScalingTimedOut", 0));
    assert!(
        message.starts_with("web:2: 1 of 2 tasks running, for longer than the rollout's timeout\n  (service web) was unable")
    );
}

#[test]
fn a_declared_zero_is_settled_without_tasks() {
    let service = declared();
    let none = edit(observed(vec![deployment("PRIMARY", NEW, "COMPLETED", 0)], 0), |live| live["desiredCount"] = json!(0));
    let judgement = judge(&target(&service), &none);
    assert_eq!(judgement, Judgement::Settled { message: "web:2: 0 of 0 tasks running".into() });
}

#[test]
fn a_completed_deployment_is_success_while_the_old_one_still_drains() {
    let service = declared();
    let deployments = vec![deployment("PRIMARY", NEW, "COMPLETED", 2), deployment("ACTIVE", OLD, "COMPLETED", 0)];
    assert!(matches!(judge(&target(&service), &observed(deployments, 2)), Judgement::Settled { .. }));
}

#[test]
fn declared_hooks_and_steps_extend_the_timeout() {
    let mut service = declared();
    service.rollout.timeout = Duration::from_secs(60);
    let configuration = json!({"deploymentConfiguration": {
        "linearConfiguration": {"stepPercent": 50, "stepBakeTimeInMinutes": 2},
        "lifecycleHooks": [{"lifecycleStages": ["PRE_SCALE_UP", "POST_SCALE_UP"], "timeoutConfiguration": {"timeoutInMinutes": 3}}]}});
    service.service = configuration.as_object().expect("an object").into();
    let limit = 60.0 + 2.0 * 120.0 + 2.0 * 180.0;
    let mut late = observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 0)], 0);
    late.now = BEGAN + limit;
    assert!(matches!(judge(&target(&service), &late), Judgement::InProgress { .. }));
    late.now = BEGAN + limit + 1.0;
    let (_, message, _) = failure(judge(&target(&service), &late));
    assert!(message.starts_with("not rolled out within 11 min: "), "{message}");
}

#[test]
fn a_count_is_off_since_the_first_event_after_the_service_was_steady() {
    let service = declared();
    let event = |ago: f64, said: &str| json!({"createdAt": BEGAN + 1_000_000.0 - ago, "message": said});
    let (steady, short, long) = ("(service web) has reached a steady state.", 3600.0, 3601.0);
    // Newest first; whether it has lasted longer than the timeout of an hour.
    let rows = [
        (json!([event(10.0, "a"), event(short, "b"), event(9e4, steady)]), false),
        (json!([event(10.0, "a"), event(long, "b"), event(9e4, steady)]), true),
        (json!([event(10.0, "a"), event(9e4, steady), event(9.5e4, "b")]), false),
        (json!([event(10.0, steady), event(9e4, "a")]), false),
        // Without a steady state in sight, the oldest that is told.
        (json!([event(10.0, "a"), event(short, "b")]), false),
        (json!([event(10.0, "a"), event(long, "b")]), true),
    ];
    for (events, failed) in rows {
        let judgement = judge(&target(&service), &one_is_missing(events.clone()));
        assert_eq!(matches!(judgement, Judgement::Failed { reason: "ScalingTimedOut", .. }), failed, "{events}: {judgement:?}");
    }
}
