//! What holds for every manifest: the second plan is empty, sets have no order and lists do, unknown members never matter,
//! and what is removed goes.

use crate::plan_world::*;
use driftless_core::desired::Resource;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// An object with some of these members.
fn some_of(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let all = members.len();
    (subsequence(members, 0..=all)).prop_flat_map(|chosen| {
        let (names, values): (Vec<&str>, Vec<BoxedStrategy<Value>>) = chosen.into_iter().unzip();
        values.prop_map(move |values| {
            Value::Object(names.iter().map(|name| (*name).to_owned()).zip(values).collect::<Map<String, Value>>())
        })
    })
}

fn one_of(values: &[Value]) -> BoxedStrategy<Value> {
    select(values.to_vec()).boxed()
}

/// Some of these, in their order.
fn list(values: &[Value]) -> BoxedStrategy<Value> {
    subsequence(values.to_vec(), 0..=values.len()).prop_map(Value::Array).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn number(least: i64, most: i64) -> BoxedStrategy<Value> {
    (least..=most).prop_map(Value::from).boxed()
}

/// What a container may say besides its name and image.
fn container() -> impl Strategy<Value = Value> {
    some_of(vec![
        ("cpu", number(0, 3)),
        ("memory", number(64, 66)),
        ("essential", flag()),
        ("privileged", flag()),
        ("user", one_of(&[json!("root"), json!("1000")])),
        ("command", list(&[json!("a"), json!("b"), json!("a")])),
        ("entryPoint", list(&[json!("sh"), json!("-c")])),
        ("dnsServers", list(&[json!("10.0.0.2"), json!("10.0.0.3")])),
        (
            "environment",
            list(&[json!({"name": "A", "value": "1"}), json!({"name": "B", "value": ""}), json!({"name": "A", "value": "2"})]),
        ),
        ("secrets", list(&[json!({"name": "S", "valueFrom": "s"}), json!({"name": "T", "valueFrom": "t"})])),
        (
            "portMappings",
            list(&[
                json!({"containerPort": 80}),
                json!({"containerPort": 81, "hostPort": 81}),
                json!({"containerPort": 80, "protocol": "udp"}),
                json!({"containerPort": 82, "name": "http", "appProtocol": "http"}),
            ]),
        ),
        (
            "mountPoints",
            list(&[
                json!({"sourceVolume": "data", "containerPath": "/a"}),
                json!({"sourceVolume": "data", "containerPath": "/b", "readOnly": true}),
            ]),
        ),
        ("dockerLabels", some_of(vec![("com.x/y", one_of(&[json!("1"), json!("2")])), ("z", one_of(&[json!("1")]))]).boxed()),
        (
            "healthCheck",
            some_of(vec![
                ("interval", number(29, 31)),
                ("timeout", number(5, 6)),
                ("retries", number(3, 4)),
                ("startPeriod", number(0, 1)),
            ])
            .prop_map(|check| with(&check, json!({"command": ["CMD", "true"]})))
            .boxed(),
        ),
        (
            "linuxParameters",
            some_of(vec![
                ("initProcessEnabled", flag()),
                ("capabilities", some_of(vec![("add", list(&[json!("A"), json!("B")])), ("drop", list(&[json!("C")]))]).boxed()),
            ])
            .boxed(),
        ),
        (
            "logConfiguration",
            some_of(vec![("options", some_of(vec![("awslogs-group", one_of(&[json!("g"), json!("h")]))]).boxed())])
                .prop_map(|log| with(&log, json!({"logDriver": "awslogs"})))
                .boxed(),
        ),
        ("versionConsistency", one_of(&[json!("enabled"), json!("disabled")])),
        ("xNew", one_of(&[json!({"a": []}), json!(1)])),
    ])
}

fn task_definition() -> impl Strategy<Value = Value> {
    let top = some_of(vec![
        ("taskRoleArn", one_of(&[json!("shop"), json!("arn:aws:iam::123456789012:role/shop"), json!("other")])),
        (
            "runtimePlatform",
            some_of(vec![
                ("cpuArchitecture", one_of(&[json!("X86_64"), json!("ARM64")])),
                ("operatingSystemFamily", one_of(&[json!("LINUX")])),
            ])
            .boxed(),
        ),
        (
            "volumes",
            list(&[
                json!({"name": "data"}),
                json!({"name": "host", "host": {"sourcePath": "/x"}}),
                json!({"name": "docker", "dockerVolumeConfiguration": {"scope": "task"}}),
                json!({"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/"}}),
            ]),
        ),
        ("networkMode", one_of(&[json!("awsvpc"), json!("bridge"), json!("host")])),
        ("requiresCompatibilities", list(&[json!("EC2"), json!("EXTERNAL")])),
        ("cpu", one_of(&[json!("256"), json!(".25 vCPU"), json!("1 vcpu")])),
        ("memory", one_of(&[json!("512"), json!("0.5GB"), json!("2 GB")])),
        (
            "placementConstraints",
            list(&[json!({"type": "memberOf", "expression": "a"}), json!({"type": "memberOf", "expression": "b"})]),
        ),
        ("tags", list(&[json!({"key": "a", "value": "1"}), json!({"key": "b", "value": "2"}), json!({"key": "c"})])),
    ]);
    (top, container(), container()).prop_map(|(top, app, log)| {
        let app = with(&app, json!({"name": "app", "image": "web:1"}));
        let log = with(&log, json!({"name": "log", "image": "log:1"}));
        with(&top, json!({"family": "web", "containerDefinitions": [app, log]}))
    })
}

fn declared_service() -> impl Strategy<Value = Value> {
    some_of(vec![
        ("desiredCount", number(0, 3)),
        (
            "deploymentConfiguration",
            some_of(vec![
                ("maximumPercent", one_of(&[json!(200), json!(150)])),
                ("minimumHealthyPercent", one_of(&[json!(100), json!(0)])),
                (
                    "deploymentCircuitBreaker",
                    one_of(&[json!({"enable": true, "rollback": false}), json!({"enable": false, "rollback": false})]),
                ),
                ("alarms", one_of(&[json!({"alarmNames": ["a", "b"], "enable": true, "rollback": true})])),
            ])
            .boxed(),
        ),
        (
            "networkConfiguration",
            some_of(vec![
                ("securityGroups", list(&[json!("sg-1"), json!("sg-2")])),
                ("assignPublicIp", one_of(&[json!("DISABLED"), json!("ENABLED")])),
            ])
            .prop_map(|vpc| json!({"awsvpcConfiguration": with(&vpc, json!({"subnets": ["s-1", "s-2"]}))}))
            .boxed(),
        ),
        (
            "loadBalancers",
            list(&[
                json!({"targetGroupArn": "one", "containerName": "app", "containerPort": 80}),
                json!({"targetGroupArn": "two", "containerName": "app", "containerPort": 80}),
            ]),
        ),
        ("healthCheckGracePeriodSeconds", number(0, 1)),
        ("placementStrategy", list(&[json!({"type": "spread", "field": "zone"}), json!({"type": "random"})])),
        ("placementConstraints", list(&[json!({"type": "distinctInstance"}), json!({"type": "memberOf", "expression": "a"})])),
        ("enableExecuteCommand", flag()),
        ("enableECSManagedTags", flag()),
        ("propagateTags", one_of(&[json!("NONE"), json!("SERVICE")])),
        (
            "serviceConnectConfiguration",
            one_of(&[
                json!({"enabled": false}),
                json!({"enabled": true, "namespace": "shop", "services": [{"portName": "a"}, {"portName": "b", "discoveryName": "c"}]}),
            ]),
        ),
        ("volumeConfigurations", list(&[json!({"name": "v", "managedEBSVolume": {"roleArn": "ebs", "sizeInGiB": 5}})])),
        ("serviceRegistries", list(&[json!({"registryArn": "r", "port": 80})])),
        ("tags", list(&[json!({"key": "a", "value": "1"}), json!({"key": "b", "value": "2"})])),
        ("xNew", one_of(&[json!(1), json!({"a": null})])),
    ])
}

fn manifest() -> impl Strategy<Value = Resource> {
    (task_definition(), declared_service()).prop_map(|(task_definition, mut service)| {
        // AWS creates none without.
        if task_definition["networkMode"] == "awsvpc" && service["networkConfiguration"].is_null() {
            service["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": ["s-1"]}});
        }
        web(task_definition, service)
    })
}

/// What the model of AWS would have to be told besides: none of these goes away by leaving it out.
fn stays(member: &str) -> bool {
    matches!(member, "desiredCount" | "networkConfiguration" | "tags" | "xNew")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_second_plan_is_empty(resource in manifest(), shuffle: bool) {
        let mut world = World { shuffle, ..World::default() };
        world.converge(&resource);
    }

    #[test]
    fn unknown_members_and_the_order_of_sets_never_matter(resource in manifest()) {
        let mut world = converged(&resource);
        world.shuffle = true;
        world.unknown = Some("addedNextMonth".to_owned());
        world.assert_settled(&resource);
    }

    #[test]
    fn any_manifest_is_reached_from_any_other(one in manifest(), other in manifest(), shuffle: bool) {
        let mut world = World { shuffle, ..World::default() };
        world.converge(&one);
        world.converge(&other);
        world.converge(&one);
    }

    #[test]
    fn on_a_service_we_created_a_removed_member_is_as_if_it_had_never_been(one in manifest(), other in manifest()) {
        let mut changed = converged(&one);
        changed.converge(&other);
        let fresh = converged(&other);
        let (changed_service, fresh_service) = (changed.service.as_ref().expect("it is there"), fresh.service.as_ref().expect("it is there"));
        for member in ["enableExecuteCommand", "placementStrategy", "propagateTags", "enableECSManagedTags", "serviceRegistries"] {
            if !stays(member) {
                prop_assert_eq!(&changed_service[member], &fresh_service[member]);
            }
        }
        let (mut runs, mut wanted) = (changed.runs().clone(), fresh.runs().clone());
        for member in ["taskDefinitionArn", "revision"] {
            runs[member] = json!(0);
            wanted[member] = json!(0);
        }
        // A revision that says the same in another way is as good.
        prop_assert!(same_content(&runs, &wanted), "{} {}", runs, wanted);
    }

    #[test]
    fn on_an_adopted_service_a_removed_member_goes(member in select(vec![
        "taskRoleArn", "runtimePlatform", "volumes", "placementConstraints", "containerDefinitions/app/command",
        "containerDefinitions/app/environment", "containerDefinitions/app/healthCheck", "containerDefinitions/app/dockerLabels",
    ]), full in task_definition()) {
        let pointer = driftless_core::normalise::Pointer(member.split('/').map(str::to_owned).collect());
        let subject = driftless_core::normalise::Subject::TaskDefinition;
        let mut less = object(full.clone());
        driftless_core::normalise::set(subject, &mut less, &pointer, None);
        let mut world = converged(&web(full, service()));
        world.tags_mut().retain(|tag| tag["key"] != "driftless:created");
        let mut resource = web(Value::Object(less), service());
        // Without the commit before, what is not declared belongs to AWS.
        prop_assert!(world.look(&resource, &context()).is_empty());
        spec(&mut resource).removed = vec![pointer.text(subject)];
        world.converge(&resource);
    }

    #[test]
    fn an_ordered_list_in_another_order_is_another(resource in manifest()) {
        let turn = |mut resource: Resource| {
            let mut turned = false;
            if let driftless_core::desired::TaskDefinition::Document(packed) = &mut spec(&mut resource).task_definition {
                let mut document = packed.open();
                for member in ["command", "entryPoint", "dnsServers"] {
                    let list = document["containerDefinitions"][0][member].as_array().cloned().unwrap_or_default();
                    let mut other = list.clone();
                    other.reverse();
                    if other != list {
                        document["containerDefinitions"][0][member] = json!(other);
                        turned = true;
                    }
                }
                *packed = document.into();
            }
            (resource, turned)
        };
        let world = converged(&resource);
        let (other, turned) = turn(resource);
        prop_assert_eq!(!world.look(&other, &context()).is_empty(), turned);
    }
}

fn same_content(one: &Value, other: &Value) -> bool {
    use driftless_core::normalise::{Setting, Subject, compare};
    let (one, other) = (object(one.clone()), object(other.clone()));
    let settings = (Setting::of_task_definition(&one), Setting::of_task_definition(&other));
    compare(Subject::TaskDefinition, &one, &other, &settings.0, &settings.1).is_empty()
}
