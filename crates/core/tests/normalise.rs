//! Where two documents differ, where they say the same in other words, and how a place in them is written, read and changed.

use driftless_core::desired::Document;
use driftless_core::normalise::{Pointer, Setting, Subject, compare, get, leaves, set};
use serde_json::{Value, json};

use Subject::{Service, TaskDefinition};

fn object(value: Value) -> Document {
    value.as_object().cloned().expect("an object")
}

/// `sort pointer`, one for each difference.
fn differences(subject: Subject, declared: Value, observed: Value) -> Vec<String> {
    let (declared, observed) = (object(declared), object(observed));
    let of = |document: &Document| match subject {
        TaskDefinition => Setting::of_task_definition(document),
        Service => Setting::of_service(document, document),
    };
    let found = compare(subject, &declared, &observed, &of(&declared), &of(&observed));
    found.iter().map(|one| format!("{:?} {}", one.sort, one.pointer.text(subject))).collect()
}

#[test]
fn what_is_written_in_two_ways_is_the_same_where_aws_says_so() {
    let role = "arn:aws:iam::123456789012:role/ops/web";
    let same: &[(Subject, Value, Value)] = &[
        (TaskDefinition, json!({"cpu": "0.5 vCPU"}), json!({"cpu": "512"})),
        (TaskDefinition, json!({"cpu": 512}), json!({"cpu": ".5vcpu"})),
        (TaskDefinition, json!({"memory": "1 GB"}), json!({"memory": "1024"})),
        (TaskDefinition, json!({"taskRoleArn": "ops/web"}), json!({"taskRoleArn": role})),
        (TaskDefinition, json!({"taskRoleArn": role}), json!({"taskRoleArn": "/ops/web"})),
        (Service, json!({"role": "ops/web"}), json!({"role": role})),
        (
            Service,
            json!({"placementStrategy": [{"type": "spread", "field": "host"}]}),
            json!({"placementStrategy": [{"type": "spread", "field": "instanceId"}]}),
        ),
        (
            Service,
            json!({"placementStrategy": [{"type": "binpack", "field": "memory"}]}),
            json!({"placementStrategy": [{"type": "binpack", "field": "MEMORY"}]}),
        ),
        (Service, json!({"desiredCount": 2}), json!({"desiredCount": 2.0})),
        // Of what the model does not know an answer may say more.
        (Service, json!({"newMember": {"a": [{"b": 1}]}}), json!({"newMember": {"a": [{"b": 1.0, "c": 2}], "d": 3}})),
        (Service, json!({"newMember": {"a": null}}), json!({"newMember": {}})),
    ];
    for (subject, one, other) in same {
        assert_eq!(differences(*subject, one.clone(), other.clone()), Vec::<String>::new(), "{one} {other}");
    }
    let different: &[(Subject, Value, Value)] = &[
        (TaskDefinition, json!({"cpu": "512"}), json!({"cpu": "1024"})),
        (TaskDefinition, json!({"memory": "1 GB"}), json!({"memory": "512"})),
        (TaskDefinition, json!({"memory": "much"}), json!({"memory": "more"})),
        (TaskDefinition, json!({"taskRoleArn": "web"}), json!({"taskRoleArn": role})),
        (TaskDefinition, json!({"taskRoleArn": role}), json!({"taskRoleArn": "arn:aws:iam::210987654321:role/ops/web"})),
        (TaskDefinition, json!({"family": "1 GB"}), json!({"family": "1024"})),
        (
            Service,
            json!({"placementStrategy": [{"type": "spread", "field": "attribute:Zone"}]}),
            json!({"placementStrategy": [{"type": "spread", "field": "attribute:zone"}]}),
        ),
        (Service, json!({"desiredCount": 2}), json!({"desiredCount": 2.5})),
        (Service, json!({"desiredCount": 2}), json!({"desiredCount": "2"})),
        (Service, json!({"newMember": {"a": 1}}), json!({"newMember": {"b": 1}})),
        (Service, json!({"newMember": {"a": 1}}), json!({"newMember": {"a": 2}})),
        (Service, json!({"newMember": ["a"]}), json!({"newMember": ["a", "b"]})),
        (Service, json!({"newMember": ["a"]}), json!({"newMember": ["b"]})),
    ];
    for (subject, one, other) in different {
        let found = differences(*subject, one.clone(), other.clone());
        assert!(matches!(&found[..], [line] if line.starts_with("Declared ")), "{one} {other}: {found:?}");
    }
    // A namespace's ARN ends in an id that no name shows.
    let namespace = |name: &str| json!({"serviceConnectConfiguration": {"enabled": true, "namespace": name}});
    let arn = "arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-1";
    let found = |one: &str, other: &str| differences(Service, namespace(one), namespace(other));
    let place = "/service/serviceConnectConfiguration/namespace";
    assert_eq!(found("shop", arn), [format!("Incomparable {place}")]);
    assert_eq!(found(arn, "shop"), [format!("Incomparable {place}")]);
    assert_eq!(found("shop", "shops"), [format!("Declared {place}")]);
    assert_eq!(found(arn, "arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-2"), [format!("Declared {place}")]);
}

#[test]
fn lists_are_compared_as_aws_means_them() {
    let environment = |pairs: &[(&str, &str)]| {
        let pairs: Vec<Value> = pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({"containerDefinitions": [{"name": "app", "environment": pairs}]})
    };
    let place = "/taskDefinition/containerDefinitions/app/environment";
    let of = |one: &[(&str, &str)], other: &[(&str, &str)]| differences(TaskDefinition, environment(one), environment(other));
    assert_eq!(of(&[("A", "1"), ("B", "2")], &[("B", "2"), ("A", "1")]), Vec::<String>::new());
    assert_eq!(of(&[("A", "1")], &[("A", "2")]), [format!("Declared {place}/A/value")]);
    assert_eq!(of(&[("A", "1")], &[("A", "1"), ("B", "2")]), [format!("Extra {place}/B/name"), format!("Extra {place}/B/value")]);
    assert_eq!(
        of(&[("A", "1"), ("B", "2")], &[("A", "1")]),
        [format!("Missing {place}/B/name"), format!("Missing {place}/B/value")]
    );
    // With a key that is there twice, order counts.
    let (one, other) = ([("A", "1"), ("A", "2")], [("A", "2"), ("A", "1")]);
    assert_eq!(of(&one, &other), [format!("Reordered {place}")]);
    assert_eq!(of(&one, &[("A", "2"), ("A", "2")]), [format!("Declared {place}/0/value")]);
    assert_eq!(of(&one, &[("A", "1"), ("A", "2"), ("A", "3")]), [format!("Declared {place}")]);
    // A set has no order and counts each element; a plain list has one.
    let subnets = |ids: &[&str]| json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ids}}});
    let of = |one: &[&str], other: &[&str]| differences(Service, subnets(one), subnets(other)).len();
    assert_eq!((of(&["a", "b"], &["b", "a"]), of(&["a"], &["a", "a"]), of(&["a"], &["b"])), (0, 1, 1));
    let command = |words: &[&str]| json!({"containerDefinitions": [{"name": "app", "command": words}]});
    let of = |one: &[&str], other: &[&str]| differences(TaskDefinition, command(one), command(other)).len();
    assert_eq!((of(&["a", "b"], &["a", "b"]), of(&["a", "b"], &["b", "a"])), (0, 1));
}

#[test]
fn what_stands_on_one_side_only_is_told_by_what_it_means() {
    let rows: &[(Value, Value, &[&str])] = &[
        // Declared, and not shown: gone, or of a member that the model does not know.
        (json!({"propagateTags": "SERVICE"}), json!({}), &["Missing /service/propagateTags"]),
        (json!({"newMember": 1}), json!({}), &["Unechoed /service/newMember"]),
        // A documented default, an empty list, nulls say nothing on either side.
        (json!({"propagateTags": "NONE"}), json!({}), &[]),
        (json!({}), json!({"propagateTags": "NONE", "loadBalancers": [], "role": null}), &[]),
        (json!({"loadBalancers": []}), json!({}), &[]),
        // Not declared, and no default.
        (json!({}), json!({"propagateTags": "SERVICE"}), &["Undeclared /service/propagateTags"]),
        (json!({}), json!({"newMember": 1}), &[]),
        (
            json!({}),
            json!({"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100}}),
            &["Undeclared /service/deploymentConfiguration/maximumPercent"],
        ),
        // Its presence says something although it is empty.
        (
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "http", "tls": {}}]}}),
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "http"}]}}),
            &["Missing /service/serviceConnectConfiguration/services/http/tls"],
        ),
        // A sibling is the default: the name of the port, where none is declared.
        (
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "http"}]}}),
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "http", "discoveryName": "http"}]}}),
            &[],
        ),
    ];
    for (declared, observed, told) in rows {
        assert_eq!(differences(Service, declared.clone(), observed.clone()), *told, "{declared} {observed}");
    }
    let labels = |labels: Value| json!({"containerDefinitions": [{"name": "app", "dockerLabels": labels}]});
    let place = "/taskDefinition/containerDefinitions/app/dockerLabels";
    // A map's keys are people's own: what is not declared is one too many.
    assert_eq!(
        differences(TaskDefinition, labels(json!({"a": "1"})), labels(json!({"a": "1", "b": ""}))),
        [format!("Extra {place}/b")]
    );
    assert_eq!(
        differences(TaskDefinition, labels(json!({"a": "1"})), labels(json!({"a": "2"}))),
        [format!("Declared {place}/a")]
    );
    assert_eq!(differences(TaskDefinition, labels(json!({})), labels(json!(null))), Vec::<String>::new());
}

#[test]
fn defaults_depend_on_where_it_runs() {
    let port = |mode: Option<&str>, host: Option<u64>| {
        let mut document = json!({"containerDefinitions": [{"name": "app", "portMappings": [{"containerPort": 80}]}]});
        if let Some(mode) = mode {
            document["networkMode"] = json!(mode);
        }
        if let Some(host) = host {
            document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(host);
        }
        document
    };
    let told = |mode: Option<&str>, host: u64| differences(TaskDefinition, port(mode, None), port(mode, Some(host))).len();
    // The container's port on the host's own network; none, or 0, behind a bridge.
    for (mode, taken, other) in [(Some("awsvpc"), 80, 81), (Some("host"), 80, 81), (Some("bridge"), 0, 80), (None, 0, 80)] {
        assert_eq!((told(mode, taken), told(mode, other)), (0, 1), "{mode:?}");
    }
    // 0 is the container's port where the host's is that.
    let zero = |mode: &str| differences(TaskDefinition, port(Some(mode), Some(0)), port(Some(mode), Some(80))).len();
    assert_eq!((zero("host"), zero("bridge")), (0, 1));
    let fargate = |compatibilities: &[&str]| {
        let setting = Setting::of_task_definition(&object(json!({"requiresCompatibilities": compatibilities})));
        (setting.fargate, setting.host_ports)
    };
    assert_eq!((fargate(&["EC2"]), fargate(&["EC2", "FARGATE"]), fargate(&[])), ((false, false), (true, true), (false, false)));
    let service = |declared: Value, observed: Value| {
        let setting = Setting::of_service(&object(declared), &object(observed));
        [(setting.fargate, "fargate"), (setting.load_balancer, "balanced"), (setting.daemon, "daemon")]
            .into_iter()
            .filter_map(|(holds, word)| holds.then_some(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let provider = |name: &str| json!({"capacityProviderStrategy": [{"capacityProvider": "mine"}, {"capacityProvider": name}]});
    let rows = [
        (json!({}), json!({}), ""),
        (json!({"launchType": "FARGATE"}), json!({}), "fargate"),
        (json!({}), json!({"launchType": "FARGATE"}), "fargate"),
        (json!({"launchType": "EC2"}), json!({"launchType": "FARGATE"}), ""),
        (provider("FARGATE_SPOT"), json!({}), "fargate"),
        (json!({}), provider("FARGATE"), "fargate"),
        (provider("other"), json!({}), ""),
        (json!({}), json!({"platformVersion": "1.4.0"}), "fargate"),
        (json!({"loadBalancers": [{}]}), json!({}), "balanced"),
        (json!({"loadBalancers": []}), json!({"loadBalancers": [{}]}), ""),
        (json!({"schedulingStrategy": "DAEMON"}), json!({}), "daemon"),
        (json!({"schedulingStrategy": "REPLICA"}), json!({"schedulingStrategy": "DAEMON"}), ""),
    ];
    for (declared, observed, words) in rows {
        assert_eq!(service(declared.clone(), observed.clone()), words, "{declared} {observed}");
    }
}

fn pointer(text: &str) -> Pointer {
    Pointer::parse(TaskDefinition, text).expect("of a task definition")
}

#[test]
fn a_place_is_read_as_it_is_written() {
    for text in ["/taskDefinition", "/taskDefinition/cpu", "/taskDefinition/containerDefinitions/a~1b/dockerLabels/~0x"] {
        assert_eq!(pointer(text).text(TaskDefinition), text);
        assert!(pointer("/taskDefinition").covers(&pointer(text)));
    }
    assert_eq!(pointer("/taskDefinition/a~1b/~01").0, ["a/b", "~1"]);
    for other in ["taskDefinition", "/taskDefinitions", "/service/desiredCount", "", "/taskDefinitionx/cpu"] {
        assert_eq!(Pointer::parse(TaskDefinition, other), None, "{other}");
    }
    assert!(pointer("/taskDefinition/cpu").covers(&pointer("/taskDefinition/cpu")));
    assert!(!pointer("/taskDefinition/cpu/a").covers(&pointer("/taskDefinition/cpu")));
    assert!(!pointer("/taskDefinition/cpu").covers(&pointer("/taskDefinition/memory")));
}

/// A document with each sort of list.
fn document() -> Document {
    object(json!({
        "cpu": "256",
        "requiresCompatibilities": ["EC2", "FARGATE"],
        "containerDefinitions": [
            {"name": "app", "command": ["run", "1"], "dockerLabels": {"team/a": "shop"}},
            {"name": "log", "environment": [{"name": "A", "value": "1"}]},
        ],
    }))
}

#[test]
fn a_place_is_found_by_names_keys_elements_and_numbers() {
    let rows = [
        ("/cpu", Some(json!("256"))),
        ("/containerDefinitions/log/environment/A/value", Some(json!("1"))),
        ("/containerDefinitions/app/dockerLabels/team~1a", Some(json!("shop"))),
        ("/containerDefinitions/app/command/1", Some(json!("1"))),
        ("/containerDefinitions/app/command/0", Some(json!("run"))),
        ("/containerDefinitions/app/command/2", None),
        // A number is no key, and a key is no number.
        ("/containerDefinitions/0", None),
        ("/requiresCompatibilities/FARGATE", Some(json!("FARGATE"))),
        ("/requiresCompatibilities/1", None),
        ("/containerDefinitions/app/command/run", None),
        ("/containerDefinitions/db", None),
        ("/cpu/units", None),
        ("", None),
    ];
    for (place, value) in rows {
        let place = pointer(&format!("/taskDefinition{place}"));
        assert_eq!(get(TaskDefinition, &document(), &place), value.as_ref(), "{place:?}");
    }
}

#[test]
fn a_place_is_changed_made_and_taken_away() {
    let after = |place: &str, new: Option<Value>| {
        let mut changed = document();
        set(TaskDefinition, &mut changed, &pointer(&format!("/taskDefinition{place}")), new);
        changed
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = Value::Object(document());
        change(&mut changed);
        object(changed)
    };
    let log = json!({"name": "log", "environment": [{"name": "A", "value": "1"}]});
    let db = json!({"name": "db"});
    let rows: Vec<(&str, Option<Value>, Document)> = vec![
        ("/cpu", Some(json!("512")), with(&|d| d["cpu"] = json!("512"))),
        ("/cpu", None, with(&|d| drop(d.as_object_mut().expect("an object").remove("cpu")))),
        ("/containerDefinitions/app", None, with(&|d| d["containerDefinitions"] = json!([log.clone()]))),
        ("/containerDefinitions/app", Some(db.clone()), with(&|d| d["containerDefinitions"][0] = db.clone())),
        (
            "/containerDefinitions/db",
            Some(db.clone()),
            with(&|d| d["containerDefinitions"].as_array_mut().expect("a list").push(db.clone())),
        ),
        (
            "/containerDefinitions/log/environment/A/value",
            Some(json!("2")),
            with(&|d| d["containerDefinitions"][1]["environment"][0]["value"] = json!("2")),
        ),
        // Objects and lists on the way are made; an element on the way has to be there.
        (
            "/runtimePlatform/cpuArchitecture",
            Some(json!("ARM64")),
            with(&|d| d["runtimePlatform"] = json!({"cpuArchitecture": "ARM64"})),
        ),
        ("/volumes/data", Some(json!({"name": "data"})), with(&|d| d["volumes"] = json!([{"name": "data"}]))),
        ("/containerDefinitions/db/cpu", Some(json!(1)), document()),
        ("/containerDefinitions/db", None, document()),
        ("/runtimePlatform/cpuArchitecture", None, document()),
        ("/cpu/units", Some(json!(1)), document()),
        ("", Some(json!(1)), document()),
    ];
    for (place, new, wanted) in rows {
        assert_eq!(after(place, new.clone()), wanted, "{place} {new:?}");
    }
}

#[test]
fn what_comes_whole_is_told_leaf_by_leaf_and_environments_are_hidden() {
    let told = |name: &str, value: Value| -> Vec<String> {
        leaves(TaskDefinition, name, &value)
            .into_iter()
            .map(|(at, shown)| format!("{} {shown}", at.text(TaskDefinition)))
            .collect()
    };
    let container = json!([{"name": "app", "command": ["a", "b"], "environment": [{"name": "A", "value": "s3cret"}], "dockerLabels": {"a": "b"}, "mountPoints": []}]);
    assert_eq!(
        told("containerDefinitions", container),
        [
            "/taskDefinition/containerDefinitions/app/command [\"a\",\"b\"]",
            "/taskDefinition/containerDefinitions/app/dockerLabels/a \"b\"",
            "/taskDefinition/containerDefinitions/app/environment/A/name (hidden)",
            "/taskDefinition/containerDefinitions/app/environment/A/value (hidden)",
            "/taskDefinition/containerDefinitions/app/mountPoints []",
            "/taskDefinition/containerDefinitions/app/name \"app\"",
        ]
    );
    assert_eq!(told("runtimePlatform", json!({})), ["/taskDefinition/runtimePlatform {}"]);
    assert_eq!(told("newMember", json!({"a": 1})), ["/taskDefinition/newMember {\"a\":1}"]);
}
