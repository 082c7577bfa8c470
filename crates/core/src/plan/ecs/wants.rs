//! What one pass has to read, so that an unchanged service costs its share of one DescribeServices and no more.

use serde_json::Value;

use super::pass::{Pass, short_arn, unsupported};
use super::{members, service, task_definition};
use crate::desired::{EcsService, Resource, TaskDefinition};
use crate::observed::{Observed, ServiceObservation};
use crate::plan::{Context, ownership, tags};

/// Which reads this pass needs after DescribeServices and the service's own task definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// The newest 10 ACTIVE revisions of the declared family.
    pub candidates: bool,
    /// The revision that a `family:` manifest follows or pins.
    pub base: bool,
    /// ListServiceDeployments, and DescribeServiceDeployments of the newest.
    pub service_deployments: bool,
    /// The service revisions that the deployments target, and the service's own.
    pub service_revisions: bool,
    /// The tasks that stopped.
    pub stopped_tasks: bool,
}

/// `task_definition` is DescribeTaskDefinition's answer for the service's own revision, with tags. An unchanged, settled
/// service wants nothing; one that follows a family wants the base.
pub fn wants(
    resource: &Resource,
    declared: &EcsService,
    service: &Observed<Value>,
    task_definition: Option<&Value>,
    context: &Context,
) -> Wants {
    let observation = ServiceObservation {
        service: service.clone(),
        task_definition: task_definition.cloned(),
        candidates: Observed::Absent,
        base: Observed::Absent,
        service_deployments: Vec::new(),
        service_revisions: Vec::new(),
        stopped_tasks: Vec::new(),
        now: 0.0,
    };
    let pass = Pass::new(resource, declared, &observation, context);
    if unsupported(&pass, &serde_json::Map::new()).is_some() {
        return Wants::default();
    }
    match service {
        Observed::Unknown(_) => Wants::default(),
        Observed::Absent => to_create(&pass),
        Observed::Present(service) => match service.get("status").and_then(Value::as_str) {
            Some("INACTIVE") => to_create(&pass),
            Some("DRAINING") => Wants::default(),
            _ => to_update(&pass, service),
        },
    }
}

fn to_create(pass: &Pass) -> Wants {
    let family = matches!(pass.declared.task_definition, TaskDefinition::Family { .. });
    Wants { base: family, candidates: !family || !pass.declared.images.is_empty(), ..Wants::default() }
}

fn to_update(pass: &Pass, service: &Value) -> Wants {
    let Some(members) = service.as_object() else { return Wants::default() };
    let tags = tags::read(members.get("tags"));
    let Ok(ownership) = ownership::of(&pass.thing(), pass.resource, &tags, pass.context) else { return Wants::default() };
    if short_arn(pass, members).or_else(|| unsupported(pass, members)).is_some() {
        return Wants::default();
    }
    let mut wants = Wants::default();
    let own = pass.observation.task_definition.as_ref();
    let same;
    match &pass.declared.task_definition {
        TaskDefinition::Document(_) => {
            same = own.and_then(|own| task_definition::own_is_right(pass, own, ownership.created)) == Some(true);
            wants.candidates = !same;
        }
        TaskDefinition::Family { family, revision } => {
            let images = !pass.declared.images.is_empty();
            let runs = members.get("taskDefinition").and_then(Value::as_str).unwrap_or_default();
            same = task_definition::pinned(runs, family, *revision) && !images;
            wants.base = !same;
            // Whether the service's own revision is the base with `images` over it is known once the base is.
            wants.candidates = images;
        }
    }
    let newer = ["monitoring", "gatewayConnectors"].iter().any(|member| pass.service.contains_key(*member));
    let converged = service::differences(pass, members, &tags, &ownership)
        .is_ok_and(|differences| differences.quiet.is_empty() && differences.deploying.is_empty());
    let follows = wants.base && settled(members);
    let quiet = settled(members) && !tags.contains_key(tags::FAILED) && (same || follows) && (converged || newer);
    wants.service_deployments = !quiet;
    wants.service_revisions = !quiet || newer;
    wants.stopped_tasks = !quiet;
    wants
}

/// One deployment, COMPLETED, with all its tasks.
fn settled(service: &serde_json::Map<String, Value>) -> bool {
    let deployments = service.get("deployments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let completed =
        members::primary(service).is_some_and(|primary| primary.get("rolloutState").is_none_or(|state| state == "COMPLETED"));
    let count = |member: &str| service.get(member).and_then(Value::as_i64).unwrap_or_default();
    deployments.len() == 1 && completed && count("runningCount") == count("desiredCount") && count("pendingCount") == 0
}
