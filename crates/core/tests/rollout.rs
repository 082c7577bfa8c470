//! A rollout's end, told from what ECS answers: success, failure, rollback, and the message a person reads.

use std::time::Duration;

use crate::rollout_world::*;
use driftless_core::desired::{OnFailure, Rollout};
use driftless_core::plan::EcsStep;
use driftless_core::rollout::{Judgement, judge, remembered};
use serde_json::{Value, json};

#[test]
fn a_completed_deployment_of_our_revision_is_success() {
    let service = declared();
    let judgement = judge(&target(&service), &observed(vec![deployment("PRIMARY", NEW, "COMPLETED", 2)], 2));
    assert_eq!(judgement, Judgement::Settled { message: "web:2: 2 of 2 tasks running".into() });
}

#[test]
fn running_tasks_are_no_success_before_ecs_says_completed() {
    let service = declared();
    let judgement = judge(&target(&service), &observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 2)], 2));
    assert!(matches!(judgement, Judgement::InProgress { reason: "RollingOut", .. }), "{judgement:?}");
}

#[test]
fn a_changed_count_is_waited_for_and_is_no_rollout() {
    let service = declared();
    let started = edit(observed(vec![deployment("PRIMARY", NEW, "COMPLETED", 1)], 1), |live| live["pendingCount"] = json!(1));
    let judgement = judge(&target(&service), &started);
    let Judgement::InProgress { reason, message, .. } = judgement else { panic!("{judgement:?}") };
    assert_eq!((reason, message.as_str()), ("Scaling", "web:2: 1 of 2 tasks running, 1 pending"));
}

#[test]
fn the_circuit_breakers_verdict_is_remembered_in_a_tag_once() {
    let service = declared();
    let mut bad = observed(vec![deployment("PRIMARY", NEW, "FAILED", 0)], 0);
    bad.stopped_tasks = vec![crashed()];
    let (reason, message, steps) = failure(judge(&target(&service), &bad));
    assert_eq!(reason, "RolloutFailed");
    assert_eq!(
        message,
        "container app of web:2 exited with code 1 (Essential container in task exited); it was the first deployment, so there is nothing to roll back to; the next commit is rolled out at once"
    );
    let [EcsStep::TagResource { document }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(
        Value::Object(document.clone()),
        json!({"resourceArn": SERVICE, "tags": [{"key": "driftless:failed", "value": "digest-2"}]})
    );

    let tagged = edit(bad, |live| live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]));
    assert_eq!(failure(judge(&target(&service), &tagged)).2, []);
}

#[test]
fn our_timeout_remembers_first_and_then_stops_the_deployment_with_a_rollback() {
    let mut service = declared();
    service.rollout.timeout = Duration::from_secs(300);
    let mut late = observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 0), deployment("ACTIVE", OLD, "COMPLETED", 2)], 2);
    late = on_record(late, NEW, "IN_PROGRESS");
    late.now = BEGAN + 300.0;
    assert!(matches!(judge(&target(&service), &late), Judgement::InProgress { .. }));
    late.now = BEGAN + 301.0;
    let (reason, message, steps) = failure(judge(&target(&service), &late));
    assert_eq!(reason, "RolloutTimedOut");
    assert_eq!(message, "not rolled out within 5 min: the rollout of web:2 failed; rolling back");
    assert_eq!(steps.iter().map(EcsStep::action).collect::<Vec<_>>(), ["TagResource", "StopServiceDeployment"]);
    let EcsStep::StopServiceDeployment { document } = &steps[1] else { panic!() };
    assert_eq!(Value::Object(document.clone()), json!({"serviceDeploymentArn": DEPLOYMENT, "stopType": "ROLLBACK"}));

    // Killed between the two: only the rollback is left to do.
    let tagged = edit(late.clone(), |live| live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]));
    assert_eq!(
        failure(judge(&target(&service), &tagged)).2.iter().map(EcsStep::action).collect::<Vec<_>>(),
        ["StopServiceDeployment"]
    );
    // Asked for once.
    let asked = on_record(tagged, NEW, "ROLLBACK_REQUESTED");
    assert_eq!(failure(judge(&target(&service), &asked)).2, []);
}

#[test]
fn without_service_deployments_our_timeout_goes_back_to_the_version_that_completed() {
    let mut service = declared();
    service.rollout.timeout = Duration::from_secs(30);
    let late = observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 0), deployment("ACTIVE", OLD, "COMPLETED", 2)], 2);
    let steps = failure(judge(&target(&service), &late)).2;
    let [EcsStep::TagResource { .. }, EcsStep::UpdateService { task_definition: Some(previous), .. }] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!(*previous, driftless_core::plan::TaskDefinitionRef::Arn(OLD.into()));
}

#[test]
fn on_failure_stay_reports_only() {
    let mut service = declared();
    service.rollout = Rollout { timeout: Duration::from_secs(30), on_failure: OnFailure::Stay, ..Rollout::default() };
    let late = observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 0), deployment("ACTIVE", OLD, "COMPLETED", 2)], 2);
    let (_, message, steps) = failure(judge(&target(&service), &late));
    assert!(message.ends_with("left as it is (rollout.onFailure: stay)"), "{message}");
    assert_eq!(steps.iter().map(EcsStep::action).collect::<Vec<_>>(), ["TagResource"]);
}

#[test]
fn declared_bake_times_extend_the_timeout() {
    let mut service = declared();
    service.rollout.timeout = Duration::from_secs(30);
    let configuration = json!({"deploymentConfiguration": {"bakeTimeInMinutes": 5}});
    service.service = configuration.as_object().expect("an object").into();
    let mut late = observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 0)], 0);
    late.now = BEGAN + 330.0;
    assert!(matches!(judge(&target(&service), &late), Judgement::InProgress { .. }));
    late.now = BEGAN + 331.0;
    failure(judge(&target(&service), &late));
}

#[test]
fn a_rolled_back_service_is_not_tried_again_by_aws_own_record_alone() {
    let service = declared();
    let mut back = on_record(observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2)], 2), NEW, "ROLLBACK_SUCCESSFUL");
    back.stopped_tasks = vec![crashed()];
    let message = remembered(&target(&service), &back).expect("a failure on record");
    assert_eq!(message, "container app of web:2 exited with code 1 (Essential container in task exited); rolled back to web:1");
}

#[test]
fn a_deployment_of_something_else_since_makes_it_a_new_attempt() {
    let service = declared();
    let back = on_record(observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2)], 2), OLD, "SUCCESSFUL");
    assert_eq!(remembered(&target(&service), &back), None);
}

#[test]
fn the_tag_remembers_its_own_digest_only() {
    let service = declared();
    let tagged = |digest: &str| {
        edit(observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2)], 2), |live| {
            live["tags"] = json!([{"key": "driftless:failed", "value": digest}]);
        })
    };
    assert!(remembered(&target(&service), &tagged("digest-2")).is_some());
    assert_eq!(remembered(&target(&service), &tagged("digest-1")), None);
}

#[test]
fn what_runs_wins_over_a_stale_tag() {
    let service = declared();
    let cured = edit(observed(vec![deployment("PRIMARY", NEW, "COMPLETED", 2)], 2), |live| {
        live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]);
    });
    assert!(matches!(judge(&target(&service), &cured), Judgement::Settled { .. }));
}

#[test]
fn a_deployment_that_somebody_stopped_says_so() {
    let service = declared();
    let stopped = on_record(observed(vec![deployment("PRIMARY", NEW, "IN_PROGRESS", 1)], 1), NEW, "STOPPED");
    let (reason, message, _) = failure(judge(&target(&service), &stopped));
    assert_eq!(reason, "RolloutStopped");
    assert!(message.contains("`driftless retry`"), "{message}");
}

#[test]
fn the_message_has_the_pull_error_and_the_last_events_since_the_deployment_began() {
    let service = declared();
    let mut bad = observed(vec![deployment("PRIMARY", OLD, "IN_PROGRESS", 2), deployment("ACTIVE", NEW, "FAILED", 0)], 2);
    bad.stopped_tasks = vec![
        json!({"taskDefinitionArn": OLD, "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)", "containers": []}),
        json!({"taskDefinitionArn": NEW, "stopCode": "TaskFailedToStart", "stoppedReason": "Task failed to start",
            "containers": [{"name": "app", "reason": "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref registry.example.com/web:2: not found"}]}),
    ];
    let bad = edit(bad, |live| {
        live["events"] = json!([
            {"createdAt": BEGAN + 50.0, "message": "(service web) rolling back to deployment ecs-svc/1."},
            {"createdAt": BEGAN + 40.0, "message": "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."},
            {"createdAt": BEGAN + 40.0, "message": "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."},
            {"createdAt": BEGAN + 30.0, "message": "(service web) has reached a steady state."},
            {"createdAt": BEGAN - 10.0, "message": "(service web) was unable to place a task."},
        ]);
    });
    assert_eq!(
        remembered(&target(&service), &bad).expect("a failure on record"),
        "container app of web:2 failed: CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref registry.example.com/web:2: not found; rolling back to web:1\n  (service web) rolling back to deployment ecs-svc/1\n  (service web) (deployment ecs-svc/2) deployment failed: tasks failed to start"
    );
}
