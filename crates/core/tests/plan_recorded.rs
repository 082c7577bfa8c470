//! Recorded answers of AWS, and the document that a person would have written for them: adopting such a service writes our
//! tags and nothing else, and judges nobody's rollout.

use crate::plan_world::*;
use driftless_core::desired::{Resource, TaskDefinition};
use driftless_core::observed::{Observation, Observed, ServiceObservation};
use driftless_core::plan::ecs::wants;
use driftless_core::plan::{Cause, Plan, plan};
use serde_json::{Value, json};

/// The plan for `document`, written by a person, where DescribeServices answers `service`. Its task definition is followed by its family.
fn adopt(service: &Value, document: Value) -> Plan {
    let (resource, observation) = look(service, document);
    plan(&resource, &Observation::EcsService(observation), &context())
}

fn look(service: &Value, document: Value) -> (Resource, ServiceObservation) {
    let arn = service["taskDefinition"].as_str().expect("an ARN");
    let family = arn.rsplit('/').next().and_then(|last| last.split(':').next()).expect("a family").to_owned();
    let mut resource = web(json!({}), document);
    let declared = spec(&mut resource);
    declared.service_name = service["serviceName"].as_str().expect("a name").to_owned();
    declared.task_definition = TaskDefinition::Family { family: family.clone(), revision: None };
    let definition = json!({"taskDefinition": {"taskDefinitionArn": arn, "family": family,
        "containerDefinitions": [{"name": "app", "image": "web:1"}]}});
    let observation = ServiceObservation {
        service: Observed::Present(service.clone()),
        task_definition: Some(definition.clone()),
        candidates: Observed::Absent,
        base: Observed::Present(definition),
        service_deployments: vec![],
        service_revisions: vec![],
        stopped_tasks: vec![],
        now: 1_900_000_000.0,
    };
    (resource, observation)
}

#[track_caller]
fn only_our_tags(plan: &Plan) {
    assert_eq!(actions(plan), ["TagResource"], "{plan:#?}");
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Ownership), "{:#?}", plan.changes);
    assert!(!format!("{:?}", plan.steps).contains("driftless:failed"), "{:#?}", plan.steps);
}

/// cloud-custodian's recording of 2021, of a service on instances.
fn offhours() -> Value {
    json!({
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/test-cluster/custodian-service-autoscaling-test",
        "serviceName": "custodian-service-autoscaling-test", "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/test-cluster",
        "loadBalancers": [], "serviceRegistries": [], "status": "ACTIVE", "desiredCount": 1, "runningCount": 0, "pendingCount": 0,
        "launchType": "EC2", "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/test:1",
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}, "maximumPercent": 200,
            "minimumHealthyPercent": 100},
        "deployments": [{"id": "ecs-svc/2250466774619741758", "status": "PRIMARY",
            "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/test:1", "desiredCount": 1, "pendingCount": 0,
            "runningCount": 0, "failedTasks": 0, "createdAt": 1615993149.646, "updatedAt": 1615993915.569, "launchType": "EC2",
            "rolloutState": "COMPLETED", "rolloutStateReason": "ECS deployment ecs-svc/2250466774619741758 completed."}],
        "events": [{"createdAt": 1615993915.577, "message": "(service custodian-service-autoscaling-test) has reached a steady state."}],
        "createdAt": 1615993149.646, "placementConstraints": [],
        "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "spread", "field": "instanceId"}],
        "schedulingStrategy": "REPLICA", "enableECSManagedTags": true, "propagateTags": "NONE",
    })
}

/// cloud-custodian's recording of 2018, when deployments told no state: a task that does not start on Fargate.
fn devx() -> Value {
    json!({
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/Default/devx", "serviceName": "devx",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/Default", "loadBalancers": [],
        "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-fs2xyntfid3use47"}],
        "status": "ACTIVE", "desiredCount": 1, "runningCount": 0, "pendingCount": 1, "launchType": "FARGATE", "platformVersion": "LATEST",
        "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/ecs-read-only-root:1",
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        "deployments": [{"id": "ecs-svc/9223370494121444025", "status": "PRIMARY",
            "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/ecs-read-only-root:1", "desiredCount": 1,
            "pendingCount": 1, "runningCount": 0, "createdAt": 1542715331.77, "updatedAt": 1542715331.77, "launchType": "FARGATE",
            "platformVersion": "1.2.0", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-71bda45c"],
                "securityGroups": ["sg-058db041a882cfe5e"], "assignPublicIp": "ENABLED"}}}],
        "events": [], "createdAt": 1542715331.77, "placementConstraints": [], "placementStrategy": [],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-71bda45c"], "securityGroups": ["sg-058db041a882cfe5e"],
            "assignPublicIp": "ENABLED"}},
        "schedulingStrategy": "REPLICA", "tags": [{"key": "Name", "value": "Dev"}], "enableECSManagedTags": true, "propagateTags": "NONE",
    })
}

#[test]
fn a_recorded_service_on_instances_is_adopted_by_its_tags_alone() {
    // What the person wrote: `host` is what the console calls it.
    let written = json!({"desiredCount": 1, "launchType": "EC2", "enableECSManagedTags": true, "placementStrategy": [
        {"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "spread", "field": "host"}]});
    let plan = adopt(&offhours(), written);
    only_our_tags(&plan);
    assert_eq!(reason(&plan), "Scaling", "one task is wanted and none runs: {}", message(&plan));
    // Thin, and everything as shown.
    only_our_tags(&adopt(&offhours(), json!({})));
    let mut whole = object(offhours());
    for member in [
        "deployments",
        "events",
        "status",
        "createdAt",
        "clusterArn",
        "serviceArn",
        "serviceName",
        "taskDefinition",
        "runningCount",
        "pendingCount",
    ] {
        whole.remove(member);
    }
    only_our_tags(&adopt(&offhours(), whole.into()));
}

#[test]
fn a_recorded_service_whose_task_has_been_pending_for_years_is_nobodys_failure() {
    let written = json!({"desiredCount": 1, "launchType": "FARGATE", "platformVersion": "LATEST", "enableECSManagedTags": true,
        "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-fs2xyntfid3use47"}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-71bda45c"], "securityGroups": ["sg-058db041a882cfe5e"],
            "assignPublicIp": "ENABLED"}},
        "tags": [{"key": "Name", "value": "Dev"}]});
    let plan = adopt(&devx(), written);
    only_our_tags(&plan);
    assert_eq!(reason(&plan), "RolloutOfOthers", "{}", message(&plan));
}

#[test]
fn a_recorded_short_arn_is_told_before_anything_is_read_or_written() {
    let mut short = offhours();
    short["serviceArn"] = json!("arn:aws:ecs:us-east-1:123456789012:service/home-web");
    let plan = adopt(&short, json!({"desiredCount": 5}));
    assert_eq!((plan.steps.len(), reason(&plan)), (0, "ShortArn"));
    let (resource, observation) = look(&short, json!({}));
    let wanted = wants(&resource, declared(&resource), &observation.service, observation.task_definition.as_ref(), &context());
    assert_eq!(wanted, driftless_core::plan::ecs::Wants::default());
}
