//! A service of two tasks that goes from `web:1` to `web:2`, as ECS answers it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use driftless_core::desired::{EcsService, Packed, Rollout, TaskDefinition};
use driftless_core::observed::{Observed, ServiceObservation};
use driftless_core::plan::EcsStep;
use driftless_core::rollout::{Judgement, Target, Written};
use serde_json::{Value, json};

pub const OLD: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:1";
pub const NEW: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2";
pub const SERVICE: &str = "arn:aws:ecs:eu-central-1:123456789012:service/shop/web";
pub const DEPLOYMENT: &str = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/shop/web/abc";
pub const BEGAN: f64 = 1_000_000.0;

pub fn declared() -> EcsService {
    EcsService {
        cluster: "shop".into(),
        service_name: "web".into(),
        task_definition: TaskDefinition::Document(Packed::default()),
        images: BTreeMap::new(),
        service: Packed::default(),
        rollout: Rollout::default(),
        ignore: vec![],
        removed: vec![],
    }
}

/// We began the deployment of `web:2`.
pub fn target(service: &EcsService) -> Target<'_> {
    Target { service, digest: "digest-2", task_definition_arn: NEW, written: Some(&OURS) }
}

/// The record of our write, in the service's tags.
pub static OURS: LazyLock<Written> =
    LazyLock::new(|| Written::parse(&format!("digest-2 1 ecs-svc/2 {BEGAN} - -")).expect("a record"));

/// A deployment of `web:1` has the number 1, one of `web:2` the number 2.
pub fn deployment(status: &str, arn: &str, state: &str, running: u64) -> Value {
    let id = format!("ecs-svc/{}", arn.rsplit(':').next().unwrap_or_default());
    json!({"id": id, "status": status, "taskDefinition": arn, "rolloutState": state, "desiredCount": 2,
        "runningCount": running, "pendingCount": 2 - running, "failedTasks": 0, "createdAt": BEGAN, "updatedAt": BEGAN})
}

/// Two tasks are wanted; `running` of them run.
pub fn observed(deployments: Vec<Value>, running: u64) -> ServiceObservation {
    let primary = deployments.iter().find(|deployment| deployment["status"] == "PRIMARY").cloned().unwrap_or_default();
    ServiceObservation {
        service: Observed::Present(json!({"serviceArn": SERVICE, "serviceName": "web", "status": "ACTIVE",
            "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/shop", "taskDefinition": primary["taskDefinition"],
            "desiredCount": 2, "runningCount": running, "pendingCount": 0, "deployments": deployments, "tags": [], "events": []})),
        task_definition: None,
        candidates: Observed::Absent,
        base: Observed::Absent,
        service_deployments: vec![],
        service_revisions: vec![],
        stopped_tasks: vec![],
        now: BEGAN + 60.0,
    }
}

pub fn edit(mut observed: ServiceObservation, change: impl FnOnce(&mut Value)) -> ServiceObservation {
    if let Observed::Present(service) = &mut observed.service {
        change(service);
    }
    observed
}

/// AWS's own record of the newest deployment, of `arn`.
pub fn on_record(mut observed: ServiceObservation, arn: &str, status: &str) -> ServiceObservation {
    observed.service_deployments = vec![json!({"serviceDeploymentArn": DEPLOYMENT, "status": status,
        "targetServiceRevision": {"arn": "revision/2"}, "sourceServiceRevisions": [{"arn": "revision/1"}]})];
    observed.service_revisions = vec![json!({"serviceRevisionArn": "revision/2", "taskDefinition": arn,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"], "assignPublicIp": "DISABLED"}}})];
    observed
}

pub fn crashed() -> Value {
    json!({"taskDefinitionArn": NEW, "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "app", "exitCode": 1}]})
}

pub fn failure(judgement: Judgement) -> (&'static str, String, Vec<EcsStep>) {
    match judgement {
        Judgement::Failed { reason, message, steps } => (reason, message, steps),
        other => panic!("not failed: {other:?}"),
    }
}

/// AWS's own record: `web:2` was rolled out in other subnets than before, and taken back.
pub fn taken_back(mut observed: ServiceObservation, before: &str, status: &str) -> ServiceObservation {
    let revision = |arn: &str, definition: &str, subnet: &str| {
        json!({"serviceRevisionArn": arn, "taskDefinition": definition,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}}})
    };
    observed.service_deployments = vec![
        json!({"serviceDeploymentArn": DEPLOYMENT, "status": status, "targetServiceRevision": {"arn": "revision/2"},
            "sourceServiceRevisions": [{"arn": "revision/1"}], "rollback": {"serviceRevisionArn": "revision/1"}}),
        json!({"serviceDeploymentArn": "older", "status": "SUCCESSFUL", "targetServiceRevision": {"arn": "revision/1"}}),
    ];
    observed.service_revisions = vec![revision("revision/2", NEW, "subnet-new"), revision("revision/1", before, "subnet-old")];
    observed
}

/// As declared, in one subnet.
pub fn in_subnet(subnet: &str) -> EcsService {
    let mut service = declared();
    let network = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}}});
    service.service = network.as_object().expect("an object").into();
    service
}
