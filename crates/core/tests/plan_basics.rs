//! A service is created, left alone, changed and healed.

use crate::plan_world::*;
use driftless_core::observed::{Observation, Observed, ServiceObservation};
use driftless_core::plan::ecs::{Wants, wants};
use driftless_core::plan::{Cause, EcsStep, Step, TaskDefinitionRef};
use serde_json::json;

#[test]
fn a_service_that_is_not_there_is_created_with_its_task_definition() {
    let plan = World::default().look(&web(task(), service()), &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "CreateService"]);
    assert_eq!(reason(&plan), "Creating");
    assert!(plan.changes.iter().all(|change| change.old.is_none()), "{:#?}", plan.changes);
}

#[test]
fn equal_revisions_that_two_agents_registered_at_once_are_told() {
    let (mut world, declared) = (World::default(), web(task(), service()));
    let plans = [world.look(&declared, &context()), world.look(&declared, &context())];
    for plan in &plans {
        world.step(&plan.steps[0], &mut None);
    }
    let plan = world.look(&declared, &context());
    assert_eq!(actions(&plan), ["CreateService"]);
    insta::assert_snapshot!(plan.notes.join("; "), @"web:1 and web:2 say the same and were registered for this commit: two copies of this agent looked at once; it does no harm, and one of them is used");
    world.apply(&plan);
    world.assert_settled(&declared);
}

#[test]
fn the_second_plan_is_empty() {
    converged(&web(task(), service()));
}

#[test]
fn the_second_plan_is_empty_in_another_order_and_with_unknown_members() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.shuffle = true;
    world.unknown = Some("addedNextMonth".to_owned());
    world.assert_settled(&resource);
}

#[test]
fn a_settled_service_wants_no_further_read() {
    let resource = web(task(), service());
    let world = converged(&resource);
    let seen = world.observe(&resource, &context());
    let wanted = driftless_core::plan::ecs::wants(
        &resource,
        declared(&resource),
        &seen.service,
        seen.task_definition.as_ref(),
        &context(),
    );
    assert_eq!(wanted, driftless_core::plan::ecs::Wants::default());
}

#[test]
fn a_new_image_is_registered_and_rolled_out_before_the_revision_tag_moves() {
    let mut resource = web(task(), service());
    let mut world = converged(&resource);
    let mut changed = task();
    changed["containerDefinitions"][0]["image"] = json!("web:2");
    spec(&mut resource).task_definition = driftless_core::desired::TaskDefinition::Document(object(changed).into());
    let next = driftless_core::plan::ecs::Context { revision: "c2", ..context() };
    let plan = world.look(&resource, &next);
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
    assert_eq!(lines(&plan), [r#"/taskDefinition/containerDefinitions/app/image: "web:1" -> "web:2""#]);
    assert_eq!(reason(&plan), "RolloutStarting");
    world.apply(&plan);
    assert_eq!(world.tag("driftless:revision").as_deref(), Some("c2"));
    world.assert_settled(&resource);
}

#[test]
fn a_revision_that_says_the_same_is_used_again() {
    let mut resource = web(task(), service());
    let mut world = converged(&resource);
    let mut changed = task();
    changed["containerDefinitions"][0]["image"] = json!("web:2");
    spec(&mut resource).task_definition = driftless_core::desired::TaskDefinition::Document(object(changed).into());
    world.converge(&resource);
    let back = web(task(), service());
    let plan = world.look(&back, &context());
    assert_eq!(actions(&plan), ["UpdateService", "TagResource"][..1]);
    assert!(
        matches!(&plan.steps[0], Step::Ecs(EcsStep::UpdateService { task_definition: Some(TaskDefinitionRef::Arn(arn)), .. }) if arn.ends_with("web:1"))
    );
    world.apply(&plan);
    world.assert_settled(&back);
}

#[test]
fn a_console_edit_of_a_declared_count_is_healed_without_a_deployment() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.edit(json!({"desiredCount": 5}));
    let plan = world.look(&resource, &context());
    assert_eq!(lines(&plan), ["/service/desiredCount: 5 -> 2"]);
    assert_eq!(actions(&plan), ["UpdateService"]);
    assert!(!plan.changes[0].deploys);
    world.apply(&plan);
    world.assert_settled(&resource);
}

#[test]
fn a_console_edit_of_an_undeclared_member_is_healed_on_a_service_we_created() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.edit(json!({"enableExecuteCommand": true, "placementStrategy": [{"type": "random"}]}));
    let plan = world.look(&resource, &context());
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Default), "{:#?}", plan.changes);
    let body = update_of(&plan);
    assert_eq!(body["enableExecuteCommand"], json!(false));
    assert_eq!(body["placementStrategy"], json!([]));
    world.apply(&plan);
    world.assert_settled(&resource);
}

#[test]
fn what_an_account_decides_is_left_to_it() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.edit(json!({"availabilityZoneRebalancing": "DISABLED"}));
    world.assert_settled(&resource);
}

#[test]
fn a_service_that_waits_for_another_says_what_it_runs() {
    let resource = web(task(), service());
    let meanwhile = |world: &World| {
        let observed = world.observe(&resource, &context());
        driftless_core::plan::meanwhile(&Observation::EcsService(observed))
    };
    let unknown =
        ServiceObservation { service: Observed::Unknown("denied".into()), ..World::default().observe(&resource, &context()) };
    assert_eq!(driftless_core::plan::meanwhile(&Observation::EcsService(unknown)), None);
    assert_eq!(meanwhile(&World::default()).as_deref(), Some("not created yet"));
    assert_eq!(meanwhile(&converged(&resource)).as_deref(), Some("runs web:1 as before (2 of 2 tasks)"));
}

#[test]
fn the_commit_that_wrote_a_service_stands_in_its_tags() {
    let resource = web(task(), service());
    let written_at = |world: &World| {
        let observed = Observation::EcsService(world.observe(&resource, &context()));
        driftless_core::plan::written_at(&observed).map(str::to_owned)
    };
    let mut world = converged(&resource);
    assert_eq!(written_at(&world).as_deref(), Some(context().revision));
    world.tags_mut().retain(|tag| tag["key"] != "driftless:revision");
    assert_eq!((written_at(&world), written_at(&World::default())), (None, None));
}

#[test]
fn more_is_read_of_a_service_that_is_not_at_rest() {
    let resource = web(task(), service());
    let world = converged(&resource);
    let own = world.observe(&resource, &context()).task_definition;
    let wanted = |change: fn(&mut serde_json::Value)| {
        let mut service = json!(world.service);
        change(&mut service);
        wants(&resource, declared(&resource), &Observed::Present(service), own.as_ref(), &context())
    };
    assert_eq!(wanted(|_| {}), Wants::default());
    type Edit = fn(&mut serde_json::Value);
    let restless: [(&str, Edit); 4] = [
        ("its only deployment goes on", |service| service["deployments"][0]["rolloutState"] = json!("IN_PROGRESS")),
        ("an older one drains", |service| {
            let older = service["deployments"][0].clone();
            service["deployments"].as_array_mut().expect("a list").push(older);
        }),
        ("a task is missing", |service| service["runningCount"] = json!(1)),
        ("a task starts", |service| service["pendingCount"] = json!(1)),
    ];
    for (what, change) in restless {
        let wanted = wanted(change);
        assert!(wanted.service_deployments && wanted.service_revisions && wanted.stopped_tasks, "{what}: {wanted:?}");
    }
}
