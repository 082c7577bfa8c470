//! Which failure is remembered, and which is over: by AWS's record, by the tag, and by what runs.

use crate::rollout_world::*;
use driftless_core::plan::EcsStep;
use driftless_core::rollout::{Judgement, Target, judge, remembered};
use serde_json::json;

/// What ran before runs again, of the same task definition.
fn old_again() -> serde_json::Value {
    let mut again = deployment("PRIMARY", NEW, "COMPLETED", 2);
    again["id"] = json!("ecs-svc/1");
    again
}

#[test]
fn new_subnets_that_ecs_took_back_are_not_tried_again_though_the_same_task_definition_runs() {
    let service = in_subnet("subnet-new");
    let back = taken_back(observed(vec![old_again()], 2), NEW, "ROLLBACK_SUCCESSFUL");
    let message = remembered(&target(&service), &back).expect("a failure on record");
    assert_eq!(message, "the rollout of web:2 failed; rolled back");
    let (reason, _, steps) = failure(judge(&target(&service), &back));
    assert_eq!((reason, steps.iter().map(EcsStep::action).collect::<Vec<_>>()), ("RolloutFailed", vec!["TagResource"]));
}

#[test]
fn the_reverted_commit_is_ready_though_the_newest_deployment_was_rolled_back() {
    let service = in_subnet("subnet-old");
    let back = taken_back(observed(vec![old_again()], 2), NEW, "ROLLBACK_SUCCESSFUL");
    let reverted = Target { digest: "digest-3", ..target(&service) };
    assert_eq!(remembered(&reverted, &back), None);
    assert!(matches!(judge(&reverted, &back), Judgement::Settled { .. }));
    // Even a manifest that says nothing of subnets, and so agrees with both revisions.
    let thin = declared();
    let reverted = Target { digest: "digest-3", ..target(&thin) };
    assert_eq!(remembered(&reverted, &back), None);
    assert!(matches!(judge(&reverted, &back), Judgement::Settled { .. }));
}

#[test]
fn a_retry_from_the_console_that_succeeded_is_no_failure_any_more() {
    let service = in_subnet("subnet-new");
    let mut cured = taken_back(observed(vec![old_again()], 2), OLD, "ROLLBACK_SUCCESSFUL");
    let again = json!({"serviceDeploymentArn": "again", "status": "SUCCESSFUL", "targetServiceRevision": {"arn": "revision/9"}});
    cured.service_deployments.insert(0, again);
    let cured = edit(cured, |live| live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]));
    assert!(matches!(judge(&target(&service), &cured), Judgement::Settled { .. }));
}

#[test]
fn a_server_without_service_deployments_tells_a_failure_by_the_deployment_that_drains() {
    let service = declared();
    let back = observed(vec![deployment("PRIMARY", OLD, "IN_PROGRESS", 2), deployment("ACTIVE", NEW, "FAILED", 0)], 2);
    assert!(remembered(&target(&service), &back).is_some());
    let (_, message, steps) = failure(judge(&target(&service), &back));
    assert_eq!(message, "the rollout of web:2 failed; rolling back to web:1");
    assert_eq!(steps.iter().map(EcsStep::action).collect::<Vec<_>>(), ["TagResource"]);
}

#[test]
fn a_remembered_failure_says_first_that_too_many_tasks_failed_as_long_as_aws_shows_them() {
    let service = declared();
    let tag = |live: &mut serde_json::Value| live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]);
    let back = |failed: u64| {
        let mut taken_back = deployment("DRAINING", NEW, "IN_PROGRESS", 0);
        taken_back["failedTasks"] = json!(failed);
        edit(observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2), taken_back], 2), tag)
    };
    let told = |observed| remembered(&target(&service), &observed).expect("a failure on record");
    let plain = "the rollout of web:2 failed; rolled back to web:1";
    assert_eq!(told(back(3)), format!("3 tasks of the rollout failed (rollout.failAfter: auto, which is 3 of 2): {plain}"));
    assert_eq!(told(back(2)), plain);
    // AWS no longer shows it.
    assert_eq!(told(edit(observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2)], 2), tag)), plain);
}

#[test]
fn after_our_own_rollback_there_is_no_second_one() {
    let service = declared();
    let mut back = observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2), deployment("DRAINING", NEW, "IN_PROGRESS", 0)], 2);
    back.now = BEGAN + 1_000_000.0;
    let back = edit(back, |live| live["tags"] = json!([{"key": "driftless:failed", "value": "digest-2"}]));
    let (reason, message, steps) = failure(judge(&target(&service), &back));
    assert_eq!((reason, message.as_str()), ("RolloutFailed", "the rollout of web:2 failed; rolled back to web:1"));
    assert_eq!(steps, []);
}

#[test]
fn an_older_deployments_age_is_never_ours() {
    let service = declared();
    let mut stale = observed(vec![deployment("PRIMARY", OLD, "COMPLETED", 2)], 2);
    stale.now = BEGAN + 1_000_000.0;
    assert!(matches!(judge(&target(&service), &stale), Judgement::InProgress { .. }));
}
