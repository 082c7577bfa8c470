//! What another YAML library writes reads back as it was meant: quoting, escapes, block scalars, and strings that look
//! like something else (`no`, `1e3`, `~`, `0x10`). U+2028 and U+2029 are left out: serde_yaml's writer still breaks lines there,
//! as YAML 1.1 did, and YAML 1.2 does not (<https://yaml.org/spec/1.2.2/#54-line-break-characters>).

use crate::manifest_source::read;
use driftless_core::desired::{Spec, TaskDefinition};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A manifest whose one container has these commands and labels, as `serde_yaml` writes it.
fn written(command: &[String], labels: &Value) -> String {
    let container = json!({"name": "app", "image": "web:1", "memory": 64, "command": command, "dockerLabels": labels});
    let manifest = json!({
        "apiVersion": "driftless/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"},
        "spec": {
            "taskDefinition": {"inline": {"family": "web", "containerDefinitions": [container]}},
            "service": {"inline": {"desiredCount": 1}},
        },
    });
    serde_yaml::to_string(&manifest).expect("JSON is YAML")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strings_come_back_as_they_were(
        command in proptest::collection::vec("([^$\\p{C}\\p{Zl}\\p{Zp}]|\n|\t){0,30}|no|~|null|1e3|0x10|0o7|-|- a|a: b|# c|'|\"", 1..5),
        labels in proptest::collection::btree_map("[a-z.:# -]{1,12}", "[^$\\p{C}\\p{Zl}\\p{Zp}]{0,20}", 0..4),
    ) {
        let labels = json!(labels);
        let yaml = written(&command, &labels);
        let desired = read(&[("web.yaml", &yaml)]);
        prop_assert!(desired.errors.is_empty(), "{:?}\n{yaml}", desired.errors);
        let Spec::EcsService(service) = &desired.resources.values().next().expect("the service").spec else { panic!("a service") };
        let TaskDefinition::Document(document) = &service.task_definition else { panic!("a document") };
        let container = &document.open()["containerDefinitions"][0];
        prop_assert_eq!(&container["command"], &json!(command), "{}", yaml);
        let empty = labels.as_object().is_some_and(serde_json::Map::is_empty);
        prop_assert!(empty || container["dockerLabels"] == labels, "{:?} is not {:?}\n{}", container["dockerLabels"].to_string(), labels.to_string(), yaml);
    }
}
