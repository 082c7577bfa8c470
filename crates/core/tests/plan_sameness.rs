//! When a revision says the same, by the API's types; and what of it is never shown.

use crate::plan_world::*;
use driftless_core::desired::{Document, TaskDefinition};
use driftless_core::normalise::{Setting, Sort, Subject, compare};
use serde_json::{Value, json};

/// Whether the service declared with `one` is settled once `other` is declared.
fn same(one: Value, other: Value) -> bool {
    let world = converged(&web(one, service()));
    world.look(&web(other, service()), &context()).is_empty()
}

/// The task definition with changes in its first container.
fn container(changes: Value) -> Value {
    let mut changed = task();
    changed["containerDefinitions"][0] = with(&changed["containerDefinitions"][0], changes);
    changed
}

fn top(changes: Value) -> Value {
    with(&task(), changes)
}

#[test]
fn units_are_the_same_at_the_tasks_level_only() {
    assert!(same(top(json!({"cpu": "0.25 vCPU", "memory": "1 GB"})), top(json!({"cpu": "256", "memory": "1024"}))));
    assert!(same(top(json!({"cpu": "256"})), top(json!({"cpu": 256}))));
    assert!(!same(top(json!({"cpu": "0.5 vCPU"})), top(json!({"cpu": "256"}))));
    assert!(!same(container(json!({"cpu": 256})), container(json!({"cpu": 512}))));
    assert!(!same(container(json!({"user": "1000"})), container(json!({"user": "01000"}))));
}

#[test]
fn a_roles_name_is_its_arn() {
    let role = |name: &str| top(json!({"taskRoleArn": name, "executionRoleArn": name}));
    assert!(same(role("shop"), role("arn:aws:iam::123456789012:role/shop")));
    assert!(same(role("arn:aws:iam::123456789012:role/path/shop"), role("/path/shop")));
    assert!(!same(role("arn:aws:iam::123456789012:role/shop"), role("arn:aws:iam::210987654321:role/shop")));
    assert!(!same(role("arn:aws:iam::123456789012:role/shop-2"), role("shop")));
}

#[test]
fn an_image_is_the_same_letter_by_letter_only() {
    for image in ["web", "web:latest", "docker.io/library/web:1", "web@sha256:0", "Web:1"] {
        assert!(!same(container(json!({})), container(json!({"image": image}))), "{image}");
    }
}

#[test]
fn what_is_ordered_stays_ordered() {
    let pairs = [
        (container(json!({"command": ["a", "b"]})), container(json!({"command": ["b", "a"]}))),
        (container(json!({"entryPoint": ["a", "b"]})), container(json!({"entryPoint": ["b", "a"]}))),
        (container(json!({"dnsServers": ["1", "2"]})), container(json!({"dnsServers": ["2", "1"]}))),
        (
            container(json!({"environmentFiles": [{"value": "a", "type": "s3"}, {"value": "b", "type": "s3"}]})),
            container(json!({"environmentFiles": [{"value": "b", "type": "s3"}, {"value": "a", "type": "s3"}]})),
        ),
        // The last one counts, so that order does.
        (
            container(json!({"environment": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})),
            container(json!({"environment": [{"name": "A", "value": "2"}, {"name": "A", "value": "1"}]})),
        ),
    ];
    for (one, other) in pairs {
        assert!(same(one.clone(), one.clone()), "{one}");
        assert!(!same(one, other.clone()), "{other}");
    }
}

#[test]
fn sets_and_keyed_lists_have_no_order() {
    let turned = |list: Value| Value::Array(list.as_array().expect("it is a list").iter().rev().cloned().collect());
    let lists = [
        ("environment", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])),
        ("secrets", json!([{"name": "C", "valueFrom": "c"}, {"name": "D", "valueFrom": "d"}])),
        ("portMappings", json!([{"containerPort": 53}, {"containerPort": 53, "protocol": "udp"}, {"containerPort": 80}])),
        ("mountPoints", json!([{"sourceVolume": "v", "containerPath": "/a"}, {"sourceVolume": "v", "containerPath": "/b"}])),
        ("ulimits", json!([{"name": "core", "softLimit": 1, "hardLimit": 1}, {"name": "cpu", "softLimit": 1, "hardLimit": 1}])),
    ];
    for (name, list) in lists {
        assert!(same(container(json!({name: list.clone()})), container(json!({name: turned(list)}))), "{name}");
    }
    let mut turned_task = task();
    turned_task["containerDefinitions"] = turned(task()["containerDefinitions"].clone());
    assert!(same(task(), turned_task));
}

#[test]
fn empty_says_nothing_where_the_api_takes_it_so() {
    let nothing = container(json!({"mountPoints": [], "linuxParameters": {}, "command": [], "dockerLabels": {}, "secrets": []}));
    assert!(same(container(json!({})), nothing.clone()));
    assert!(same(nothing, container(json!({}))));
    // A Docker volume with nothing but defaults is another thing than a host's.
    let volume = |volume: Value| top(json!({"volumes": [volume]}));
    assert!(same(volume(json!({"name": "v"})), volume(json!({"name": "v", "host": {}}))));
    assert!(!same(volume(json!({"name": "v"})), volume(json!({"name": "v", "dockerVolumeConfiguration": {}}))));
}

#[test]
fn defaults_are_the_same_as_nothing_under_their_condition() {
    let explicit = json!({
        "essential": true, "cpu": 0, "privileged": false,
        "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
        "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0},
    });
    let short = json!({"portMappings": [{"containerPort": 80}], "healthCheck": {"command": ["CMD", "true"]}});
    assert!(same(container(explicit.clone()), container(short.clone())));
    assert!(same(container(short), container(explicit)));
    let bridged = |host: Value| {
        let mut task = container(json!({"portMappings": [{"containerPort": 80, "hostPort": host}]}));
        task["requiresCompatibilities"] = json!(["EC2"]);
        task["networkMode"] = json!("bridge");
        task
    };
    assert!(same(bridged(json!(0)), bridged(Value::Null)));
    assert!(!same(bridged(json!(80)), bridged(Value::Null)), "on a bridge, the same port is no default");
}

#[test]
fn a_member_taken_out_of_a_service_we_created_is_reset() {
    let mut world = converged(&web(container(json!({"healthCheck": {"command": ["CMD", "true"]}, "user": "7"})), service()));
    let resource = web(task(), service());
    world.converge(&resource);
    let app = world.runs()["containerDefinitions"][0].clone();
    assert_eq!((app.get("healthCheck"), app.get("user")), (None, None));
}

#[test]
fn declared_tags_of_a_task_definition_are_part_of_it() {
    let tagged = |tags: Value| top(json!({"tags": tags}));
    let one = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
    let turned = json!([{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]);
    assert!(same(tagged(one.clone()), tagged(turned)));
    assert!(!same(tagged(one.clone()), tagged(json!([{"key": "a", "value": "1"}]))));
    assert!(same(tagged(one), task()), "undeclared tags are left");
}

#[test]
fn a_member_that_a_server_does_not_echo_is_registered_once() {
    let quiet = container(json!({"xNew": "1", "stopTimeout": 30}));
    let mut world = converged(&web(task(), service()));
    let resource = web(quiet, service());
    let plan = world.look(&resource, &context());
    world.apply(&plan);
    let app = world.revisions[1]["taskDefinition"]["containerDefinitions"][0].as_object_mut().expect("it is a container");
    app.remove("xNew");
    app.remove("stopTimeout");
    world.assert_settled(&resource);
    let other = web(container(json!({"xNew": "2", "stopTimeout": 30})), service());
    assert_eq!(actions(&world.look(&other, &context())), ["RegisterTaskDefinition", "UpdateService"]);
}

#[test]
fn a_console_revision_of_an_undeclared_member_is_undone_though_it_carries_our_tags() {
    let resource = web(task(), service());
    let mut world = converged(&resource);
    let mut copy = world.revisions[0].clone();
    copy["taskDefinition"]["taskDefinitionArn"] = json!("arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2");
    copy["taskDefinition"]["revision"] = json!(2);
    copy["taskDefinition"]["containerDefinitions"][0]["user"] = json!("root");
    world.revisions.push(copy);
    world.edit(json!({"taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2"}));
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["UpdateService"], "the first revision is used again");
    assert_eq!(lines(&plan), [r#"/taskDefinition/containerDefinitions/app/user: "root" -> -"#]);
}

#[test]
fn environment_values_never_print() {
    let secret = "hunter2";
    let hidden = container(json!({
        "environment": [{"name": "PASSWORD", "value": secret, "xNew": secret}],
        "secrets": [{"name": "S", "valueFrom": "parameter"}],
    }));
    let doubled = container(json!({"environment": [{"name": "A", "value": secret}, {"name": "A", "value": secret}]}));
    for task_definition in [hidden, doubled] {
        let created = World::default().look(&web(task_definition.clone(), service()), &context());
        let world = converged(&web(task(), service()));
        let updated = world.look(&web(task_definition.clone(), service()), &context());
        let world = converged(&web(task_definition.clone(), service()));
        let back = world.look(&web(task(), service()), &context());
        for plan in [created, updated, back] {
            let printed =
                format!("{plan:?}\n{}\n{}", serde_json::to_string(&plan).expect("it serialises"), lines(&plan).join("\n"));
            assert!(plan.changes.iter().any(|change| change.path.contains("/environment")), "{:?}", lines(&plan));
            assert!(!printed.contains(secret), "{printed}");
            assert!(printed.contains("(hidden)"), "{printed}");
        }
    }
}

#[test]
fn a_secrets_source_is_shown() {
    let plan = World::default()
        .look(&web(container(json!({"secrets": [{"name": "S", "valueFrom": "parameter"}]})), service()), &context());
    assert!(lines(&plan).iter().any(|line| line.ends_with(r#"/secrets/S/valueFrom: - -> "parameter""#)), "{:?}", lines(&plan));
}

#[test]
fn another_family_is_another_target() {
    let mut world = converged(&web(task(), service()));
    let mut resource = web(top(json!({"family": "shop"})), service());
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["RegisterTaskDefinition", "UpdateService"]);
    world.apply(&plan);
    world.assert_settled(&resource);
    spec(&mut resource).task_definition = TaskDefinition::Document(object(task()).into());
    assert_eq!(actions(&world.look(&resource, &context())), ["UpdateService"]);
}

#[test]
fn a_list_with_a_key_twice_is_the_same_list_in_another_order_only_with_all_of_its_elements() {
    let environment = |values: &[&str]| -> Document {
        let list: Vec<Value> = values.iter().map(|value| json!({"name": "A", "value": value})).collect();
        object(json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "web:1", "environment": list}]}))
    };
    let setting = Setting::default();
    let sorts = |declared: &[&str], live: &[&str]| -> Vec<Sort> {
        let differences = compare(Subject::TaskDefinition, &environment(declared), &environment(live), &setting, &setting);
        differences.into_iter().map(|difference| difference.sort).collect()
    };
    assert_eq!(sorts(&["1", "2"], &["1", "2"]), []);
    assert_eq!(sorts(&["1", "2"], &["2", "1"]), [Sort::Reordered]);
    assert_eq!(sorts(&["1", "2", "2"], &["2", "1", "2"]), [Sort::Reordered]);
    for (declared, live) in
        [(["1", "2"].as_slice(), ["1", "3"].as_slice()), (&["1", "2"], &["1", "2", "2"]), (&["1", "1"], &["1", "2"])]
    {
        let found = sorts(declared, live);
        assert!(!found.is_empty() && !found.contains(&Sort::Reordered), "{declared:?} {live:?}: {found:?}");
    }
}
