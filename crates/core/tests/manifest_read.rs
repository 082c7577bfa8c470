//! What manifests declare, read from a small source.

use std::time::Duration;

use crate::manifest_source::*;
use driftless_core::desired::{FailAfter, OnFailure, Rollout, Spec, TaskDefinition};
use driftless_core::resource::ResourceId;
use serde_json::{Value, json};

#[test]
fn a_service_with_its_documents_in_files_is_read() {
    let source = [
        (
            "web.yaml",
            "apiVersion: driftless/v1alpha1
kind: EcsService
metadata: {name: web}
spec:
  target: test
  cluster: shop
  taskDefinition:
    file: aws/web.task-definition.json
    images: {app: 'registry.example.com/acme/web:1.4.2'}
  service:
    inline: {desiredCount: 3, serviceName: shop-web}
  rollout: {timeout: 1h30m, onFailure: stay, failAfter: 7}
  ignore: [/service/desiredCount, /taskDefinition/containerDefinitions/app/image]
",
        ),
        (
            "aws/web.task-definition.json",
            r#"{"taskDefinition": {"family": "web", "revision": 3, "containerDefinitions": [{"name": "app", "memory": 64}]}}"#,
        ),
    ];
    let desired = read(&source);
    assert_eq!(problems(&desired), Vec::<String>::new());
    let resource = &desired.resources[&ResourceId::ecs_service("web")];
    let Spec::EcsService(service) = &resource.spec else { panic!("a service") };
    assert_eq!(resource.location.to_string(), "web.yaml:1:1");
    assert_eq!((resource.target.as_str(), service.cluster.as_str()), ("test", "shop"));
    assert_eq!(service.service_name, "shop-web");
    assert_eq!(Value::Object(service.service.open()), json!({"desiredCount": 3}));
    let TaskDefinition::Document(document) = &service.task_definition else { panic!("a document") };
    let container = json!({"name": "app", "memory": 64, "image": "registry.example.com/acme/web:1.4.2"});
    assert_eq!(Value::Object(document.open()), json!({"family": "web", "containerDefinitions": [container]}));
    let expected = Rollout { timeout: Duration::from_secs(5400), on_failure: OnFailure::Stay, fail_after: FailAfter::Tasks(7) };
    assert_eq!(service.rollout, expected);
    assert_eq!(service.ignore, ["/service/desiredCount", "/taskDefinition/containerDefinitions/app/image"]);
}

#[test]
fn a_rollout_fails_after_as_many_tasks_as_are_said() {
    for (word, expected) in [("auto", FailAfter::Auto), ("never", FailAfter::Never), ("3", FailAfter::Tasks(3))] {
        let text = format!(
            "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: web}}\nspec:\n  taskDefinition: {{family: web}}\n  rollout: {{failAfter: {word}}}\n"
        );
        let desired = read(&[("web.yaml", text.as_str())]);
        let Spec::EcsService(service) = &desired.resources[&ResourceId::ecs_service("web")].spec else { panic!("a service") };
        assert_eq!(service.rollout.fail_after, expected, "{word}");
    }
}
