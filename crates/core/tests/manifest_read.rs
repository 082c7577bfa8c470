//! What manifests declare, read from a small source.

mod manifest_source;

use std::time::Duration;

use driftless_core::desired::{OnFailure, Spec, TaskDefinition};
use driftless_core::resource::ResourceId;
use manifest_source::*;
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
  rollout: {timeout: 1h30m, onFailure: stay}
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
    assert_eq!(Value::Object(service.service.clone()), json!({"desiredCount": 3}));
    let TaskDefinition::Document(document) = &service.task_definition else { panic!("a document") };
    let container = json!({"name": "app", "memory": 64, "image": "registry.example.com/acme/web:1.4.2"});
    assert_eq!(Value::Object(document.clone()), json!({"family": "web", "containerDefinitions": [container]}));
    assert_eq!((service.rollout.timeout, service.rollout.on_failure), (Duration::from_secs(5400), OnFailure::Stay));
    assert_eq!(service.ignore, ["/service/desiredCount", "/taskDefinition/containerDefinitions/app/image"]);
}
