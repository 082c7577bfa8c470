//! A failure is remembered by the resource's digest: nothing that starts a deployment is tried again, all else is healed.

use crate::plan_world::*;
use driftless_core::desired::{Resource, TaskDefinition};
use driftless_core::plan::ecs::{Context, digest};
use driftless_core::plan::{EcsStep, Step, Verdict};
use serde_json::json;

fn bad() -> Resource {
    let mut bad = task();
    bad["containerDefinitions"][0]["image"] = json!("web:crash");
    web(bad, service())
}

/// The bad image was rolled out, failed, and ECS went back.
fn rolled_back() -> World {
    let good = converged(&web(task(), service()));
    let mut world = good.clone();
    let plan = world.look(&bad(), &context());
    world.apply(&plan);
    let tags = world.tags_mut().clone();
    world.service = good.service;
    *world.tags_mut() = tags;
    let digest = digest(spec(&mut bad()));
    world.tags_mut().push(json!({"key": "driftless:failed", "value": digest}));
    world.writes.clear();
    world
}

#[test]
fn a_failed_target_is_not_tried_again() {
    let plan = rolled_back().look(&bad(), &context());
    assert!(plan.is_empty(), "{plan:#?}");
    assert!(lines(&plan).iter().all(|line| line.contains("/containerDefinitions/app/image")), "{:?}", lines(&plan));
    assert!(!plan.changes.is_empty(), "what is not tried again is a difference all the same");
    assert_eq!(reason(&plan), "RolloutFailed");
    assert!(plan.notes[0].contains("driftless retry"), "{:?}", plan.notes);
}

#[test]
fn an_unrelated_commit_does_not_try_it_again() {
    let plan = rolled_back().look(&bad(), &Context { revision: "c9", ..context() });
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "RolloutFailed"));
}

#[test]
fn what_starts_no_deployment_is_healed_while_failed_and_the_commits_tag_waits() {
    let mut world = rolled_back();
    world.edit(json!({"desiredCount": 7}));
    let next = Context { revision: "c9", ..context() };
    let plan = world.look(&bad(), &next);
    assert_eq!(lines(&plan).last().map(String::as_str), Some("/service/desiredCount: 7 -> 2"));
    assert_eq!(actions(&plan), ["UpdateService"]);
    assert!(matches!(&plan.steps[0], Step::Ecs(EcsStep::UpdateService { task_definition: None, .. })));
    assert_eq!(reason(&plan), "RolloutFailed");
    world.apply(&plan);
    assert_eq!(world.tag("driftless:revision").as_deref(), Some("c1"));
    // Two writes at this digest, and equality: that the count begins anew is written down.
    let plan = world.look(&bad(), &next);
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "RolloutFailed"));
    world.apply(&plan);
    assert!(world.look(&bad(), &next).is_empty());
}

#[test]
fn a_failure_that_only_aws_remembers_gets_the_digests_tag() {
    let mut world = rolled_back();
    world.tags_mut().retain(|tag| tag["key"] != "driftless:failed");
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service-revision/shop/web/2";
    let mut observed = world.observe(&bad(), &context());
    observed.service_deployments =
        vec![json!({"status": "ROLLBACK_SUCCESSFUL", "targetServiceRevision": {"arn": arn}, "createdAt": 1.0})];
    let failed = world.revisions[1]["taskDefinition"]["taskDefinitionArn"].clone();
    observed.service_revisions = vec![json!({"serviceRevisionArn": arn, "taskDefinition": failed})];
    let plan = driftless_core::plan::ecs::plan(&bad(), declared(&bad()), &observed, &context());
    assert_eq!((actions(&plan), reason(&plan)), (vec!["TagResource"], "RolloutFailed"));
    world.apply(&plan);
    assert_eq!(world.tag("driftless:failed"), Some(digest(spec(&mut bad()))));
    assert!(world.look(&bad(), &context()).is_empty());
}

#[test]
fn a_change_that_aws_sees_no_difference_in_is_tried_again_all_the_same() {
    let mut world = rolled_back();
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service-revision/shop/web/2";
    let mut patient = bad();
    spec(&mut patient).rollout.timeout *= 2;
    let mut observed = world.observe(&patient, &context());
    let failed = world.revisions[1]["taskDefinition"]["taskDefinitionArn"].clone();
    observed.service_deployments =
        vec![json!({"status": "ROLLBACK_SUCCESSFUL", "targetServiceRevision": {"arn": arn}, "createdAt": 1.0})];
    observed.service_revisions = vec![json!({"serviceRevisionArn": arn, "taskDefinition": failed})];
    let plan = driftless_core::plan::ecs::plan(&patient, declared(&patient), &observed, &context());
    assert_eq!(actions(&plan), ["UpdateService", "UntagResource"]);
    world.apply(&plan);
    assert_eq!(world.tag("driftless:failed"), None);
}

#[test]
fn a_change_of_the_resource_is_rolled_out_and_takes_the_old_failure_away() {
    let mut world = rolled_back();
    let mut fixed = task();
    fixed["containerDefinitions"][0]["image"] = json!("web:3");
    let resource = web(fixed, service());
    let plan = world.look(&resource, &Context { revision: "c2", ..context() });
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService", "UntagResource"]);
    world.apply(&plan);
    assert_eq!(world.tag("driftless:failed"), None);
    world.assert_settled(&resource);
}

#[test]
fn going_back_to_what_runs_needs_no_deployment() {
    let world = rolled_back();
    let plan = world.look(&web(task(), service()), &Context { revision: "c3", ..context() });
    assert!(plan.is_empty(), "{plan:#?}");
    assert!(matches!(plan.verdict, Verdict::Ready { .. }), "{:?}", plan.verdict);
}

#[test]
fn a_retry_forgets_the_failure_and_deploys() {
    let mut world = rolled_back();
    let plan = world.look(&bad(), &Context { retry: true, ..context() });
    assert_eq!(actions(&plan), ["UntagResource", "UpdateService"]);
    world.apply(&plan);
    assert_eq!(world.tag("driftless:failed"), None);
    world.assert_settled(&bad());
}

#[test]
fn a_retry_forces_a_deployment_where_nothing_else_differs() {
    let mut world = converged(&bad());
    let digest = digest(spec(&mut bad()));
    world.tags_mut().push(json!({"key": "driftless:failed", "value": digest}));
    world.service.as_mut().expect("it is there")["deployments"][0]["rolloutState"] = json!("FAILED");
    let plan = world.look(&bad(), &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "RolloutFailed"));
    let plan = world.look(&bad(), &Context { retry: true, ..context() });
    assert_eq!(actions(&plan), ["UntagResource", "UpdateService"]);
    assert_eq!(update_of(&plan)["forceNewDeployment"], json!(true));
}

#[test]
fn a_retry_of_what_has_not_failed_writes_nothing() {
    let resource = web(task(), service());
    let plan = converged(&resource).look(&resource, &Context { retry: true, ..context() });
    assert!(plan.is_empty(), "{plan:#?}");
}

#[test]
fn a_new_target_supersedes_an_unfinished_rollout_at_once() {
    let mut world = converged(&web(task(), service()));
    world.service.as_mut().expect("it is there")["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    let plan = world.look(&bad(), &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
    assert_eq!(plan.notes, ["an unfinished rollout of service `web` is superseded"]);
    world.service_deployments = vec![json!({"status": "ROLLBACK_IN_PROGRESS"})];
    let plan = world.look(&bad(), &context());
    assert_eq!(plan.notes, ["warning: a rollback of service `web` is under way, and is superseded"]);
}

#[test]
fn a_rollout_under_way_is_not_disturbed() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.service.as_mut().expect("it is there")["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    let plan = world.look(&resource, &context());
    assert!(plan.is_empty());
    assert!(matches!(plan.verdict, Verdict::Progressing { .. }), "{:?}", plan.verdict);
}

#[test]
fn the_digest_follows_what_is_declared_and_nothing_else() {
    let of = |resource: &Resource| digest(spec(&mut resource.clone()));
    let base = of(&bad());
    assert!(base.len() <= 32 && base.chars().all(|c| c.is_ascii_hexdigit()), "{base}");
    let mut removed = bad();
    spec(&mut removed).removed = vec!["/service/role".to_owned()];
    assert_eq!(of(&removed), base);
    let mut longer = bad();
    spec(&mut longer).rollout.timeout *= 2;
    let mut other = bad();
    spec(&mut other).task_definition = TaskDefinition::Document(object(task()).into());
    let mut count = bad();
    spec(&mut count).service.edit(|service| drop(service.insert("desiredCount".to_owned(), json!(3))));
    for changed in [longer, other, count] {
        assert_ne!(of(&changed), base);
    }
}
