//! AWS's own spelling of what was written is no difference; everything else that it shows is. Whatever it answers, a digest
//! is written at most twice for a change.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan_world::*;
use driftless_core::desired::Resource;
use driftless_core::plan::Plan;
use driftless_core::plan::ecs::Context;
use serde_json::{Value, json};

/// Passes until nothing is written, at most eight; the writes of a service or a revision that it took.
fn passes(world: &mut World, resource: &Resource) -> (usize, Plan) {
    world.writes.clear();
    for _ in 0..8 {
        let plan = world.look(resource, &context());
        if plan.is_empty() {
            break;
        }
        world.apply(&plan);
    }
    let writes = ["CreateService", "UpdateService", "RegisterTaskDefinition"];
    let count = world.writes.iter().filter(|action| writes.contains(&action.as_str())).count();
    (count, world.look(resource, &context()))
}

/// Names in another case, ARNs for names, more in lists of strings, an element more in a map.
fn invented(answer: &mut Value) {
    let Value::Object(service) = answer else { return };
    if let Some(definition) = service.get_mut("taskDefinition").filter(|one| one.is_object()) {
        definition["networkMode"] = json!("AWSVPC");
        for container in definition["containerDefinitions"].as_array_mut().expect("a list") {
            container["systemControls"] = json!([{"namespace": "net.core.somaxconn", "value": "1024"}]);
        }
        return;
    }
    if service.contains_key("propagateTags") {
        let text = service["propagateTags"].as_str().unwrap_or_default().to_lowercase();
        service["propagateTags"] = json!(text);
    }
    if let Some(subnets) = service.get_mut("networkConfiguration").map(|network| &mut network["awsvpcConfiguration"]["subnets"]) {
        let shown: Vec<Value> = subnets
            .as_array()
            .expect("a list")
            .iter()
            .map(|subnet| json!(format!("arn:aws:ec2:eu-central-1:{ACCOUNT}:subnet/{}", subnet.as_str().unwrap_or_default())))
            .collect();
        *subnets = shown.into();
    }
}

fn spelled() -> (Resource, World) {
    let resource = web(task(), with(&service(), json!({"propagateTags": "SERVICE"})));
    (resource, World { spelling: Some(invented), ..World::default() })
}

#[test]
fn what_the_answer_to_a_write_shows_otherwise_is_a_note_and_no_difference() {
    let (resource, mut world) = spelled();
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!(writes, 2, "{:?}", world.writes);
    assert!(plan.is_empty() && plan.changes.is_empty(), "{plan:#?}");
    assert_eq!(reason(&plan), "Ready");
    let note = "AWS shows \"service\" for \"SERVICE\" at /service/propagateTags: its own spelling of what was written";
    assert!(plan.notes.iter().any(|told| told == note), "{:#?}", plan.notes);
}

#[test]
fn a_spelling_outlives_a_restart_and_another_commit() {
    let (resource, mut world) = spelled();
    passes(&mut world, &resource);
    let plan = world.look(&resource, &Context { revision: "c9", ..context() });
    assert!(plan.is_empty(), "{plan:#?}");
}

#[test]
fn drift_is_measured_against_the_spelling_and_healed_with_one_write() {
    let (resource, mut world) = spelled();
    passes(&mut world, &resource);
    world.edit(json!({"propagateTags": "NONE"}));
    let plan = world.look(&resource, &context());
    assert_eq!(lines(&plan), ["/service/propagateTags: \"none\" -> \"SERVICE\""]);
    let drift = "changed in AWS since it was written at c1: /service/propagateTags";
    assert!(plan.notes.iter().any(|note| note == drift), "{:?}", plan.notes);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty()), (1, true), "{plan:#?}");
    world.edit(json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"], "securityGroups": ["sg-1"]}}}));
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty()), (1, true), "{plan:#?}");
}

#[test]
fn an_adopted_service_that_is_spelled_otherwise_is_written_once() {
    let lower = |answer: &mut Value| {
        if let Some(text) = answer.get("propagateTags").and_then(Value::as_str).map(str::to_lowercase) {
            answer["propagateTags"] = json!(text);
        }
    };
    let (resource, mut world) = spelled();
    world.spelling = Some(lower);
    passes(&mut world, &resource);
    world.tags_mut().clear();
    for revision in &mut world.revisions {
        revision["tags"] = json!([]);
    }
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty(), reason(&plan)), (1, true, "Ready"), "{plan:#?}");
}

#[test]
fn a_count_that_aws_shows_otherwise_is_no_spelling_and_ends_as_not_converging_after_two_writes() {
    let resource = web(task(), service());
    let more = |answer: &mut Value| {
        if answer.get("desiredCount").is_some() {
            answer["desiredCount"] = json!(5);
        }
    };
    let mut world = World { spelling: Some(more), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    // Registered, created, and told once more: the creation counts as the first.
    assert_eq!(writes, 3, "{:?}", world.writes);
    assert_eq!(reason(&plan), "NotConverging");
    assert!(message(&plan).contains("/service/desiredCount is 5 and should be 2"), "{}", message(&plan));
    assert!(message(&plan).contains("`ignore`") && message(&plan).contains("driftless retry"), "{}", message(&plan));
    world.restart();
    let (writes, _) = passes(&mut world, &resource);
    assert_eq!(writes, 0, "a restart changes nothing");
}

#[test]
fn a_flag_that_aws_does_not_take_is_written_twice_and_not_again() {
    let resource = web(task(), with(&service(), json!({"enableExecuteCommand": true})));
    let off = |answer: &mut Value| {
        if answer.get("enableExecuteCommand").is_some() {
            answer["enableExecuteCommand"] = json!(false);
        }
    };
    let mut world = converged(&resource);
    world.spelling = Some(off);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "NotConverging"), "{:?}", world.writes);
    // Equality begins the count anew, and so does a change of the resource.
    world.spelling = None;
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (0, "Ready"), "{plan:#?}");
    world.spelling = Some(off);
    let (writes, _) = passes(&mut world, &resource);
    assert_eq!(writes, 2);
    let plan = world.look(&resource, &Context { retry: true, ..context() });
    assert_eq!(actions(&plan), ["UpdateService"], "a person says so");
}

static LOOKS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn answers_that_keep_moving_are_not_converging() {
    let resource = web(task(), with(&service(), json!({"propagateTags": "SERVICE"})));
    let moving = |answer: &mut Value| {
        if answer.get("propagateTags").is_some() {
            answer["propagateTags"] = json!(format!("SERVICE-{}", LOOKS.fetch_add(1, Ordering::Relaxed)));
        }
    };
    let mut world = converged(&resource);
    world.spelling = Some(moving);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "NotConverging"), "{:?}", world.writes);
}

#[test]
fn somebody_who_edits_again_and_again_is_healed_again_and_again() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    for round in 0..10 {
        world.edit(json!({"desiredCount": 7}));
        let (writes, plan) = passes(&mut world, &resource);
        assert_eq!((writes, reason(&plan)), (1, "Ready"), "round {round}: {plan:#?}");
    }
}

#[test]
fn somebody_who_edits_what_a_restarted_agent_looks_at_is_healed_again_and_again() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    for round in 0..10 {
        world.edit(json!({"desiredCount": 7}));
        world.restart();
        let (writes, plan) = passes(&mut world, &resource);
        assert_eq!((writes, reason(&plan)), (1, "Ready"), "round {round}: {plan:#?}");
    }
}

#[test]
fn edits_of_other_places_before_the_agent_has_seen_its_own_write_are_healed_twice() {
    let resource = web(task(), with(&service(), json!({"enableExecuteCommand": true, "propagateTags": "SERVICE"})));
    let mut world = converged(&resource);
    let edits = [json!({"desiredCount": 7}), json!({"enableExecuteCommand": false}), json!({"propagateTags": "NONE"})];
    let mut made = Vec::new();
    for edit in edits {
        world.edit(edit);
        let plan = world.look(&resource, &context());
        made.push(reason(&plan) != "NotConverging");
        world.apply(&plan);
    }
    assert_eq!(made, [true, true, false], "somebody else sets it, faster than the agent looks");
}

/// What only a deployment shows, AWS spells otherwise, and the service was there before the agent.
#[test]
fn an_adopted_services_members_that_only_a_deployment_shows_are_written_once_whatever_their_spelling() {
    let members = json!({"gatewayConnectors": [{"portName": "http"}], "serviceConnectConfiguration": {"enabled": true,
        "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]}});
    let resource = web(task(), with(&service(), members));
    let spelled = |answer: &mut Value| {
        if let Some(connector) = answer.pointer_mut("/gatewayConnectors/0/portName") {
            *connector = json!("arn:aws:invented:::port/http");
        }
        for deployment in answer.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(service) = deployment.pointer_mut("/serviceConnectConfiguration/services/0") {
                service["portName"] = json!("arn:aws:invented:::port/http");
            }
        }
    };
    let mut world = World { spelling: Some(spelled), ..World::default() };
    passes(&mut world, &resource);
    world.tags_mut().clear();
    world.restart();
    let deployment = world.service.as_ref().map(|service| service["deployments"][0]["id"].clone());
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty(), reason(&plan)), (1, true, "Ready"), "{plan:#?}");
    assert_eq!(world.service.as_ref().map(|service| service["deployments"][0]["id"].clone()), deployment);
    world.restart();
    assert_eq!(passes(&mut world, &resource).0, 0, "a restart changes nothing");
    // Somebody else's deployment is another one, and what it shows counts.
    let service = world.service.as_mut().expect("there is a service");
    let deployment = &mut service["deployments"][0];
    (deployment["id"], deployment["createdAt"]) = (json!("ecs-svc/9"), json!(2e9));
    deployment["serviceConnectConfiguration"]["namespace"] = json!("another");
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty(), reason(&plan)), (1, true, "Ready"), "{plan:#?}");
}

#[test]
fn a_count_that_a_deployment_shows_otherwise_is_no_spelling_though_aws_began_none() {
    let connect = |port: u64| {
        let services = json!([{"portName": "http", "clientAliases": [{"port": port}]}]);
        json!({"serviceConnectConfiguration": {"enabled": true, "namespace": "shop", "services": services}})
    };
    let resource = web(task(), with(&service(), connect(80)));
    let spelled = |answer: &mut Value| {
        for deployment in answer.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(alias) = deployment.pointer_mut("/serviceConnectConfiguration/services/0/clientAliases/0/port") {
                *alias = json!(81);
            }
        }
    };
    let mut world = converged(&resource);
    world.tags_mut().clear();
    world.restart();
    world.spelling = Some(spelled);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "NotConverging"), "{plan:#?}");
}

#[test]
fn a_revision_is_registered_once_whatever_aws_makes_of_it() {
    let mut shouted = task();
    shouted["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}});
    let resource = web(shouted, service());
    let shouting = |answer: &mut Value| {
        if let Some(containers) = answer.get_mut("taskDefinition").and_then(|one| one.get_mut("containerDefinitions")) {
            for container in containers.as_array_mut().expect("a list") {
                container["stopTimeout"] = json!(30);
                if container.get("logConfiguration").is_some() {
                    container["logConfiguration"]["options"]["awslogs-group"] = json!("arn:aws:logs:::log-group:/ecs/web");
                    container["logConfiguration"]["options"]["mode"] = json!("non-blocking");
                }
                container["image"] = json!(container["image"].as_str().unwrap_or_default().to_uppercase());
            }
        }
    };
    let mut world = World { spelling: Some(shouting), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "Ready"), "{:?} {plan:#?}", world.writes);
    assert_eq!(world.revisions.len(), 1);
    let mut other = resource.clone();
    let mut changed = task();
    changed["containerDefinitions"][0]["image"] = json!("web:2");
    spec(&mut other).task_definition = driftless_core::desired::TaskDefinition::Document(object(changed).into());
    let (writes, plan) = passes(&mut world, &other);
    assert_eq!((writes, reason(&plan)), (2, "Ready"), "{:?} {plan:#?}", world.writes);
}

/// The console's "create new revision" copies the tags.
#[test]
fn a_revision_that_somebody_made_from_ours_is_not_ours_though_it_has_our_tags() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    let mut copy = world.revisions[0].clone();
    copy["taskDefinition"]["containerDefinitions"][0]["image"] = json!("web:hacked");
    copy["taskDefinition"]["revision"] = json!(2);
    let arn = format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:task-definition/web:2");
    copy["taskDefinition"]["taskDefinitionArn"] = json!(arn);
    world.revisions.push(copy);
    world.edit(json!({"taskDefinition": arn, "deployments": [
        {"id": "ecs-svc/77", "status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": arn, "createdAt": 900.0}]}));
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["UpdateService"], "{plan:#?}");
    let (_, plan) = passes(&mut world, &resource);
    assert_eq!(reason(&plan), "Ready");
    assert_eq!(world.runs()["containerDefinitions"][0]["image"], "web:1");
}

#[test]
fn known_spellings_need_no_write_at_all() {
    let strategy = json!({"placementStrategy": [{"type": "binpack", "field": "memory"}, {"type": "spread", "field": "host"},
        {"type": "spread", "field": "attribute:ecs.availability-zone"}]});
    let mut port = task();
    port["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 80, "hostPort": 0}]);
    let resource = web(port, with(&service(), strategy));
    let shown = |answer: &mut Value| {
        if let Some(list) = answer.get_mut("placementStrategy").and_then(Value::as_array_mut).filter(|list| list.len() == 3) {
            list[0]["field"] = json!("MEMORY");
            list[1]["field"] = json!("instanceId");
        }
        if let Some(mapping) = answer.pointer_mut("/taskDefinition/containerDefinitions/0/portMappings/0") {
            mapping["hostPort"] = mapping["containerPort"].clone();
        }
    };
    let mut world = World { spelling: Some(shown), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan), plan.notes.len()), (2, "Ready", 0), "{plan:#?}");
    assert_eq!(world.tag("driftless:spelling"), None);
    world.spelling = None;
    world.edit(json!({"placementStrategy": [{"type": "binpack", "field": "CPU"}, {"type": "spread", "field": "instanceId"},
        {"type": "spread", "field": "attribute:ecs.availability-zone"}]}));
    assert_eq!(lines(&world.look(&resource, &context())).len(), 1);
}

/// `answers/ecs/118…`: Service Connect as AWS shows it.
fn connect() -> (Resource, World) {
    let connect = json!({"serviceConnectConfiguration": {"enabled": true, "namespace": "service-connect",
        "services": [{"portName": "nginx", "clientAliases": [{"port": 80}]}]}});
    let resource = web(task(), with(&service(), connect));
    let shown = |answer: &mut Value| {
        let Some(deployments) = answer.get_mut("deployments").and_then(Value::as_array_mut) else { return };
        for deployment in deployments.iter_mut().filter(|one| one.get("serviceConnectConfiguration").is_some()) {
            let shown = &mut deployment["serviceConnectConfiguration"];
            if shown["namespace"] == "service-connect" {
                shown["namespace"] = json!("arn:aws:servicediscovery:us-west-2:123456789012:namespace/ns-xmpl1234");
            }
            shown["services"][0]["discoveryName"] = json!("nginx");
            shown["services"][0]["clientAliases"][0]["dnsName"] = json!("nginx.service-connect");
        }
    };
    (resource, World { spelling: Some(shown), ..World::default() })
}

#[test]
fn a_service_connect_name_that_aws_fills_in_deploys_nothing() {
    let (resource, mut world) = connect();
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "Ready"), "{plan:#?}");
}

#[test]
fn a_namespace_by_name_is_adopted_without_a_deployment_and_another_one_later_is_healed() {
    let (resource, mut world) = connect();
    passes(&mut world, &resource);
    world.tags_mut().clear();
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["TagResource"], "{plan:#?}");
    assert!(plan.notes.iter().any(|note| note.contains("ns-xmpl1234")), "{:?}", plan.notes);
    world.apply(&plan);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (0, "Ready"), "{plan:#?}");
    world.service.as_mut().expect("it is there")["deployments"][0]["serviceConnectConfiguration"]["namespace"] =
        json!("arn:aws:servicediscovery:us-west-2:123456789012:namespace/ns-another");
    assert_eq!(actions(&world.look(&resource, &context())), ["UpdateService"]);
}

#[test]
fn a_member_that_no_answer_shows_is_not_sent_again_because_another_one_changed() {
    let resource = web(task(), with(&service(), json!({"xray": {"mode": "on"}})));
    let mut world = converged(&resource);
    let mut scaled = resource.clone();
    spec(&mut scaled).service.edit(|service| drop(service.insert("desiredCount".to_owned(), json!(5))));
    let plan = world.look(&scaled, &context());
    assert_eq!(lines(&plan), ["/service/desiredCount: 2 -> 5"]);
    assert!(!update_of(&plan).contains_key("xray"));
    world.apply(&plan);
    world.assert_settled(&scaled);
    let mut changed = scaled.clone();
    spec(&mut changed).service.edit(|service| drop(service.insert("xray".to_owned(), json!({"mode": "off"}))));
    let plan = world.look(&changed, &context());
    assert_eq!(update_of(&plan)["xray"], json!({"mode": "off"}));
    world.apply(&plan);
    world.assert_settled(&changed);
}

#[test]
fn what_the_model_does_not_know_may_come_back_with_more_in_lists_too() {
    let newer = json!({"gatewayThings": [{"portName": "http"}], "other": {"deep": [{"port": 80}]}});
    let resource = web(task(), with(&service(), newer));
    let fills = |answer: &mut Value| {
        if answer.get("gatewayThings").is_some() {
            answer["gatewayThings"][0]["timeout"] = json!(15);
            answer["other"]["deep"][0]["protocol"] = json!("http");
        }
    };
    let mut world = World { spelling: Some(fills), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan), plan.notes.len()), (2, "Ready", 0), "{plan:#?}");
    world.edit(json!({"gatewayThings": [{"portName": "other"}]}));
    assert_eq!(actions(&world.look(&resource, &context())), ["UpdateService"]);
}

/// `has_default` says what the pages say; AWS may fill in something else.
#[test]
fn what_aws_fills_in_at_creation_against_its_own_pages_is_its_default_and_drift_from_it_is_healed() {
    let resource = web(task(), service());
    let fills = |answer: &mut Value| {
        if answer.get("deploymentConfiguration").is_some_and(|shown| shown["maximumPercent"] == 200) {
            answer["deploymentConfiguration"]["maximumPercent"] = json!(150);
        }
    };
    let mut world = World { spelling: Some(fills), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (2, "Ready"), "{:?} {plan:#?}", world.writes);
    world.edit(json!({"deploymentConfiguration": {"maximumPercent": 300, "minimumHealthyPercent": 100}}));
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, reason(&plan)), (1, "Ready"), "{:?} {plan:#?}", world.writes);
}

#[test]
fn what_a_deployment_of_ours_shows_is_what_was_declared_and_another_s_deployment_is_drift() {
    let connect = |namespace: &str| {
        let services = json!([{"portName": "http", "clientAliases": [{"port": 80}]}]);
        json!({"serviceConnectConfiguration": {"enabled": true, "namespace": namespace, "services": services}})
    };
    let resource = web(task(), with(&service(), connect("shop")));
    // A key of the list: by hashes alone the port would be a count that is missing.
    let spelled = |answer: &mut Value| {
        for deployment in answer.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(service) = deployment.pointer_mut("/serviceConnectConfiguration/services/0") {
                service["portName"] = json!("arn:aws:invented:::port/http");
            }
        }
    };
    let mut world = World { spelling: Some(spelled), ..World::default() };
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty(), reason(&plan)), (2, true, "Ready"), "{plan:#?}");
    // Somebody else's deployment has another id.
    let service = world.service.as_mut().expect("there is a service");
    let deployment = &mut service["deployments"][0];
    (deployment["id"], deployment["createdAt"]) = (json!("ecs-svc/9"), json!(2e9));
    deployment["serviceConnectConfiguration"] = connect("another")["serviceConnectConfiguration"].clone();
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!((writes, plan.is_empty(), reason(&plan)), (1, true, "Ready"), "{plan:#?}");
}

static TURNS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn answers_that_move_from_place_to_place_are_not_converging_either() {
    let resource = web(task(), with(&service(), json!({"enableExecuteCommand": true, "enableECSManagedTags": true})));
    let moving = |answer: &mut Value| {
        if answer.get("propagateTags").is_some() {
            // Two answers a pass: the look's and the write's.
            let turn = TURNS.fetch_add(1, Ordering::Relaxed) / 2 % 2;
            answer[if turn == 0 { "enableExecuteCommand" } else { "enableECSManagedTags" }] = json!(false);
        }
    };
    let mut world = converged(&resource);
    world.spelling = Some(moving);
    let (writes, plan) = passes(&mut world, &resource);
    assert_eq!(reason(&plan), "NotConverging", "{:?}", world.writes);
    assert_eq!(writes, 2, "{:?}", world.writes);
}

/// Of ours nothing is left that is ACTIVE, and the copy has our tags.
#[test]
fn a_copy_of_our_revision_with_another_image_is_replaced_though_ours_is_gone() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    let mut copy = world.revisions[0].clone();
    world.revisions[0]["taskDefinition"]["status"] = json!("INACTIVE");
    copy["taskDefinition"]["containerDefinitions"][0]["image"] = json!("web:hacked");
    copy["taskDefinition"]["revision"] = json!(2);
    let arn = format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:task-definition/web:2");
    copy["taskDefinition"]["taskDefinitionArn"] = json!(arn);
    world.revisions.push(copy);
    world.edit(json!({"taskDefinition": arn, "deployments": [
        {"id": "ecs-svc/77", "status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": arn, "createdAt": 900.0}]}));
    assert_eq!(actions(&world.look(&resource, &context())), ["RegisterTaskDefinition", "UpdateService"]);
}
