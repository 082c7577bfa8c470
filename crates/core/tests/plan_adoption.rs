//! Adopting a live service resets nothing, and ownership is respected.

use crate::plan_world::*;
use driftless_core::desired::TaskDefinition;
use driftless_core::plan::Cause;
use driftless_core::plan::ecs::Context;
use driftless_core::plan::{EcsStep, Step};
use serde_json::{Value, json};

/// A rich service that somebody made in the console: created here, and then without our tags.
fn somebodys(task_definition: Value, service: Value) -> World {
    let mut world = converged(&web(task_definition, service));
    world.service.as_mut().expect("it is there").insert("tags".to_owned(), json!([{"key": "team", "value": "shop"}]));
    for revision in &mut world.revisions {
        revision["tags"] = json!([]);
    }
    world.writes.clear();
    world
}

fn rich_task() -> Value {
    let mut rich = task();
    rich["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]});
    rich["taskRoleArn"] = json!("shop");
    rich
}

/// Only the container `app`, with another image.
fn thin_task() -> Value {
    json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "web:2"}]})
}

fn change_image(mut task_definition: Value) -> Value {
    task_definition["containerDefinitions"][0]["image"] = json!("web:2");
    task_definition
}

#[test]
fn a_live_service_that_is_as_declared_is_adopted_by_its_tags_alone() {
    let resource = web(task(), service());
    let mut world = somebodys(task(), service());
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["TagResource"]);
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Ownership), "{:#?}", plan.changes);
    assert_eq!(plan.notes, ["service `web` exists and is adopted"]);
    world.apply(&plan);
    assert_eq!(world.tag("team").as_deref(), Some("shop"), "people's tags stay");
    assert_eq!(world.tag("driftless:created"), None);
    world.assert_settled(&resource);
}

#[test]
fn a_thin_manifest_resets_nothing_of_a_rich_service() {
    let world = somebodys(rich_task(), service());
    let plan = world.look(&web(thin_task(), json!({})), &context());
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(reason(&plan), "AdoptionWouldReset");
    for lost in [
        "/taskDefinition/containerDefinitions/app/healthCheck/command",
        "/taskDefinition/containerDefinitions/app/environment/A/value",
        "/taskDefinition/containerDefinitions/log/image",
        "/taskDefinition/taskRoleArn",
        "/taskDefinition/requiresCompatibilities",
    ] {
        assert!(message(&plan).contains(lost), "{lost}: {}", message(&plan));
    }
    assert!(!message(&plan).contains("requiresAttributes"), "{}", message(&plan));
}

#[test]
fn ignoring_what_would_be_lost_carries_it_over() {
    let mut world = somebodys(rich_task(), service());
    let mut resource = web(change_image(task()), service());
    let pointers = ["/taskDefinition/containerDefinitions/app/healthCheck", "/taskDefinition/taskRoleArn"];
    assert_eq!(reason(&world.look(&resource, &context())), "AdoptionWouldReset");
    spec(&mut resource).ignore = pointers.map(str::to_owned).to_vec();
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
    world.apply(&plan);
    assert_eq!(world.runs()["containerDefinitions"][0]["image"], "web:2");
    assert_eq!(world.runs()["containerDefinitions"][0]["healthCheck"]["command"], json!(["CMD", "true"]));
    assert_eq!(world.runs()["taskRoleArn"], "arn:aws:iam::123456789012:role/shop");
    world.assert_settled(&resource);
}

#[test]
fn what_an_adopted_services_manifest_does_not_say_stays_with_its_service() {
    let rich = with(&service(), json!({"enableExecuteCommand": true, "placementStrategy": [{"type": "random"}]}));
    let mut world = somebodys(task(), rich);
    let resource = web(task(), json!({"deploymentConfiguration": {"minimumHealthyPercent": 50}}));
    world.edit(json!({"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100}}));
    let plan = world.look(&resource, &context());
    assert_eq!(
        update_of(&plan)["deploymentConfiguration"],
        json!({"minimumHealthyPercent": 50, "maximumPercent": 150}),
        "what others set in the same structure is sent along"
    );
    world.apply(&plan);
    let live = world.service.as_ref().expect("it is there");
    assert_eq!((&live["enableExecuteCommand"], &live["desiredCount"]), (&json!(true), &json!(2)));
    world.assert_settled(&resource);
}

#[test]
fn an_element_taken_out_of_an_adopted_list_goes_once_the_service_is_ours() {
    let mut world = somebodys(task(), service());
    let mut less = task();
    less["containerDefinitions"][0]["environment"] = json!([{"name": "A", "value": "1"}]);
    let resource = web(less, service());
    assert_eq!(reason(&world.look(&resource, &context())), "AdoptionWouldReset");
    world.converge(&web(task(), service()));
    world.converge(&resource);
    assert_eq!(world.runs()["containerDefinitions"][0]["environment"], json!([{"name": "A", "value": "1"}]));
}

#[test]
fn a_member_removed_from_the_manifest_goes_from_an_adopted_service() {
    let mut world = somebodys(rich_task(), with(&service(), json!({"enableExecuteCommand": true})));
    world.converge(&web(rich_task(), with(&service(), json!({"enableExecuteCommand": true}))));
    let mut resource = web(task(), service());
    spec(&mut resource).removed =
        ["/taskDefinition/containerDefinitions/app/healthCheck", "/taskDefinition/taskRoleArn", "/service/enableExecuteCommand"]
            .map(str::to_owned)
            .to_vec();
    let plan = world.look(&resource, &context());
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Removed), "{:#?}", plan.changes);
    world.apply(&plan);
    assert_eq!(world.runs().get("taskRoleArn"), None);
    assert_eq!(world.service.as_ref().expect("it is there")["enableExecuteCommand"], json!(false));
    world.assert_settled(&resource);
}

#[test]
fn a_removed_member_without_a_default_stays_with_a_note() {
    let zones = with(&service(), json!({"availabilityZoneRebalancing": "DISABLED"}));
    let world = converged(&web(task(), zones));
    let mut resource = web(task(), service());
    spec(&mut resource).removed = vec!["/service/availabilityZoneRebalancing".to_owned()];
    let plan = world.look(&resource, &context());
    assert!(plan.is_empty(), "{plan:#?}");
    assert!(plan.notes[0].contains("availabilityZoneRebalancing"), "{:?}", plan.notes);
}

#[test]
fn a_service_of_another_agent_or_source_or_stack_is_not_touched() {
    let cases: [(&str, &str, &str); 4] = [
        ("driftless:agent", "staging", "OwnedByAnotherAgent"),
        ("driftless:source", "0000", "AgentNameInUse"),
        ("driftless:resource", "EcsService/other", "OwnedByAnotherResource"),
        ("aws:cloudformation:stack-name", "shop", "ManagedByCloudFormation"),
    ];
    for (key, value, expected) in cases {
        let mut resource = web(task(), with(&service(), json!({"desiredCount": 7})));
        let mut world = converged(&web(task(), service()));
        world.tags_mut().retain(|tag| tag["key"] != key);
        world.tags_mut().push(json!({"key": key, "value": value}));
        let plan = world.look(&resource, &context());
        assert_eq!((actions(&plan).len(), reason(&plan)), (0, expected));
        resource.adopt_force = true;
        let forced = reason(&world.look(&resource, &context()));
        let may = matches!(expected, "ManagedByCloudFormation" | "OwnedByAnotherResource");
        assert_eq!(forced == "Scaling", may, "{key}: {forced}");
    }
}

#[test]
fn a_disabled_resource_is_looked_at_and_not_written() {
    let mut resource = web(change_image(task()), service());
    let world = converged(&web(task(), service()));
    resource.reconcile_disabled = true;
    let plan = world.look(&resource, &context());
    assert!(plan.is_empty());
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.notes, ["`driftless/reconcile: disabled`: looked at, not written"]);
    assert_eq!((reason(&plan), message(&plan)), ("Ready", "EcsService/web differs, and is left as it is"));
    // What does not differ is told as ever.
    let mut same = web(task(), service());
    same.reconcile_disabled = true;
    assert_eq!(message(&world.look(&same, &context())), "web:1: 2 of 2 tasks running");
}

#[test]
fn an_unknown_answer_blocks() {
    use driftless_core::observed::Observed;
    let resource = web(change_image(task()), service());
    let world = converged(&web(task(), service()));
    let whole = world.observe(&resource, &context());
    let look = |observed: &driftless_core::observed::ServiceObservation| {
        let plan = driftless_core::plan::ecs::plan(&resource, declared(&resource), observed, &context());
        assert!(plan.is_empty(), "{plan:#?}");
        reason(&plan)
    };
    let mut observed = whole.clone();
    observed.service = Observed::Unknown("throttled".to_owned());
    assert_eq!(look(&observed), "Unknown");
    let mut observed = whole.clone();
    observed.candidates = Observed::Unknown("denied".to_owned());
    assert_eq!(look(&observed), "Unknown");
    let mut observed = whole;
    observed.task_definition = None;
    assert_eq!(look(&observed), "Unknown");
}

#[test]
fn a_missing_service_is_unknown_for_a_minute_after_our_own_write() {
    let resource = web(task(), service());
    let world = World { now: 1_000.0, ..World::default() };
    let at = |last_write| Context { last_write: Some(last_write), ..context() };
    assert_eq!(reason(&world.look(&resource, &at(941.0))), "Unknown");
    assert_eq!(reason(&world.look(&resource, &at(939.0))), "Creating");
}

#[test]
fn an_older_state_is_unknown_for_a_minute_after_our_own_write() {
    let mut world = converged(&web(task(), service()));
    world.now = 1_000.0;
    let resource = web(change_image(task()), service());
    let written = Context { revision: "c2", last_write: Some(990.0), ..context() };
    assert_eq!(reason(&world.look(&resource, &written)), "Unknown");
    // What shows our own tag is no older.
    let edited = Context { revision: "c1", last_write: Some(990.0), ..context() };
    assert_eq!(reason(&world.look(&resource, &edited)), "RolloutStarting");
}

#[test]
fn a_draining_service_is_waited_for_and_an_inactive_one_created_anew_with_another_token() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    world.edit(json!({"status": "DRAINING"}));
    let plan = world.look(&resource, &context());
    assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Draining"));
    let token = |world: &World| {
        let plan = world.look(&resource, &context());
        assert_eq!(actions(&plan), ["CreateService"], "the revision is still there");
        match &plan.steps[0] {
            Step::Ecs(EcsStep::CreateService { document, .. }) => document["clientToken"].clone(),
            other => panic!("{other:?}"),
        }
    };
    world.edit(json!({"status": "INACTIVE", "createdAt": 5.5}));
    let first = token(&world);
    world.edit(json!({"createdAt": 6.5}));
    assert_ne!(first, token(&world));
    world.service = None;
    assert_ne!(first, token(&world));
}

#[test]
fn a_family_manifest_follows_its_newest_revision() {
    let mut resource = web(task(), service());
    let mut world = converged(&resource);
    let follow = |revision| TaskDefinition::Family { family: "web".to_owned(), revision };
    spec(&mut resource).task_definition = follow(None);
    let plan = world.look(&resource, &context());
    assert!(plan.is_empty(), "{plan:#?}");
    answers::register(&mut world, &object(change_image(task())));
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["UpdateService"]);
    assert_eq!(lines(&plan).len(), 2, "the revision, and what differs in it: {:?}", lines(&plan));
    world.apply(&plan);
    world.assert_settled(&resource);
    spec(&mut resource).task_definition = follow(Some(1));
    world.converge(&resource);
    assert_eq!(world.runs()["revision"], 1);
    spec(&mut resource).task_definition = follow(Some(7));
    assert_eq!(reason(&world.look(&resource, &context())), "TaskDefinitionNotFound");
}

#[test]
fn images_are_laid_over_a_family() {
    let mut resource = web(task(), service());
    let mut world = converged(&resource);
    for pinned in [None, Some(1)] {
        let image = format!("web:for-{pinned:?}").replace(['(', ')'], "");
        spec(&mut resource).task_definition = TaskDefinition::Family { family: "web".to_owned(), revision: pinned };
        spec(&mut resource).images = [("app".to_owned(), image.clone())].into();
        let plan = world.look(&resource, &context());
        assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
        world.apply(&plan);
        assert_eq!(world.runs()["containerDefinitions"][0]["image"], image.as_str());
        assert_eq!(world.runs()["containerDefinitions"][1]["image"], "log:1");
        world.assert_settled(&resource);
    }
    spec(&mut resource).images = [("nobody".to_owned(), "x".to_owned())].into();
    assert_eq!(reason(&world.look(&resource, &context())), "ContainerNotFound");
}

#[test]
fn a_network_is_asked_for_where_the_service_has_to_be_created() {
    let mut thin = service();
    thin.as_object_mut().expect("it is an object").remove("networkConfiguration");
    let world = World::default();
    let plan = world.look(&web(task(), thin.clone()), &context());
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(reason(&plan), "NetworkConfigurationMissing");
    let told = format!("{:?}", plan.verdict);
    assert!(
        told.contains("service `web` does not exist in the cluster")
            && told.contains("`networkConfiguration.awsvpcConfiguration`"),
        "{told}"
    );
    // One that is there has it already.
    let world = converged(&web(task(), service()));
    assert!(world.look(&web(change_image(task()), thin), &context()).steps.iter().any(|step| step.action() == "UpdateService"));
}
