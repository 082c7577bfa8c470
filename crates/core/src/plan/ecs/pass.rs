//! What one look at one service works with.

use serde_json::{Map, Value};

use super::digest;
use super::written::Written;
use crate::desired::{Document, EcsService, Resource};
use crate::normalise::{Pointer, Subject};
use crate::observed::ServiceObservation;
use crate::plan::{Context, Plan, Verdict, tags};

/// Seconds until the next look at a deployment that has just been started.
pub(super) const REQUEUE: u64 = 10;

/// For so many seconds after our own write an answer may show an older state.
/// Its API is eventually consistent: a change may not be visible to the calls that follow it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(in crate::plan) const CONSISTENT_AFTER: f64 = 60.0;

/// One look at one service.
#[derive(Clone)]
pub(super) struct Pass<'a> {
    pub(super) resource: &'a Resource,
    pub(super) declared: &'a EcsService,
    /// Of what is declared: CreateService's document.
    pub(super) service: Document,
    /// Of what is declared: RegisterTaskDefinition's document, if there is one.
    pub(super) definition: Option<Document>,
    pub(super) observation: &'a ServiceObservation,
    pub(super) context: &'a Context<'a>,
    /// Of the resource.
    pub(super) digest: String,
    /// The record of our last write, in the service's tags.
    pub(super) written: Option<Written>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        resource: &'a Resource,
        declared: &'a EcsService,
        observation: &'a ServiceObservation,
        context: &'a Context<'a>,
    ) -> Self {
        let written = observation.service.present().and_then(Written::read);
        let (service, definition) = (declared.service.open(), declared.task_definition.document());
        Pass { resource, declared, service, definition, observation, context, digest: digest(declared), written }
    }

    /// What messages call it.
    pub(super) fn thing(&self) -> String {
        format!("service `{}`", self.declared.service_name)
    }

    /// A plan without steps.
    pub(super) fn plan(&self, verdict: Verdict) -> Plan {
        Plan::new(&self.resource.id, verdict)
    }

    /// Whether an answer may be older than our own last write.
    pub(super) fn just_written(&self) -> bool {
        self.context.last_write.is_some_and(|at| self.observation.now - at < CONSISTENT_AFTER)
    }

    /// When we may have begun a deployment of what is declared now: our last write at this revision, as long as this process
    /// remembers it, and the registration of a revision by this commit, which says so itself.
    pub(super) fn traces(&self) -> Vec<f64> {
        let resource = self.resource.id.to_string();
        let candidates = self.observation.candidates.present().into_iter().flatten();
        let registered = self.observation.task_definition.iter().chain(candidates).filter_map(|answer| {
            let tags = tags::read(answer.get("tags"));
            let own = tags.contains_key(tags::DEFINITION)
                && tags.get(tags::RESOURCE) == Some(&resource)
                && tags.get(tags::REVISION).is_some_and(|revision| revision == self.context.revision);
            answer.get("taskDefinition")?.get("registeredAt")?.as_f64().filter(|_| own)
        });
        registered.chain(self.context.last_write).collect()
    }

    /// Whether a whole member of the service is left to others.
    pub(super) fn ignores(&self, member: &str) -> bool {
        let pointer = Pointer(vec![member.to_owned()]);
        self.declared.ignore.iter().filter_map(|text| Pointer::parse(Subject::Service, text)).any(|one| one.covers(&pointer))
    }
}

pub(super) fn unknown(message: String) -> Verdict {
    Verdict::Unknown { message }
}

/// The old form of a service's ARN has no cluster in it, and TagResource does not take it: "Long arn format must be used for
/// tagging operations". Nothing is written to what could not be remembered.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-arn-migration.html>
pub(super) fn short_arn(pass: &Pass, service: &Map<String, Value>) -> Option<Verdict> {
    let arn = service.get("serviceArn").and_then(Value::as_str)?;
    let resource = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("service/"))?;
    if resource.contains('/') {
        return None;
    }
    let name = &pass.declared.service_name;
    Some(Verdict::stalled(
        "ShortArn",
        format!(
            "service `{name}` has an ARN of the old form without its cluster ({arn}), which AWS does not let anybody tag, so that \
             Driftless could not remember what it did: nothing was written. Migrate it to the long ARN, which needs no downtime and cannot be \
             undone (the service's page in the ECS console offers it, or \
             https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-arn-migration.html); Driftless goes on by itself then"
        ),
    ))
}

/// Controllers and strategies that are not built yet, declared or live.
pub(super) fn unsupported(pass: &Pass, live: &Document) -> Option<Verdict> {
    let declared = &pass.service;
    let text = |document: &Document, outer: &str, inner: &str| {
        document.get(outer).and_then(|outer| outer.get(inner)).and_then(Value::as_str).map(str::to_owned)
    };
    let found =
        |outer: &str, inner: &str| (text(declared, outer, inner), text(live, outer, inner).filter(|_| !pass.ignores(outer)));
    let name = &pass.declared.service_name;
    let (wanted, live_one) = found("deploymentController", "type");
    if let Some(other) = wanted.clone().filter(|one| one != "ECS") {
        return Some(Verdict::stalled(
            "Unsupported",
            format!(
                "service `{name}` has the deployment controller `{other}`; Driftless converges services of the controller `ECS` only, for now"
            ),
        ));
    }
    // "Migrate CodeDeploy blue/green deployments to Amazon ECS": UpdateService with the controller `ECS`, where somebody says so.
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html
    let migrates = |live: &String| live == "CODE_DEPLOY" && wanted.is_some();
    if let Some(other) = live_one.filter(|one| one != "ECS" && !migrates(one)) {
        let hint = match other.as_str() {
            "CODE_DEPLOY" => {
                "; declare `deploymentController: {type: ECS}` to have ECS deploy it from now on, once no deployment of CodeDeploy is in progress"
            }
            _ => "",
        };
        return Some(Verdict::stalled(
            "Unsupported",
            format!(
                "service `{name}` has the deployment controller `{other}`; Driftless converges services of the controller `ECS` only, for now{hint}"
            ),
        ));
    }
    let (wanted, live_one) = found("deploymentConfiguration", "strategy");
    if let Some(other) = wanted.or(live_one).filter(|one| one != "ROLLING") {
        return Some(Verdict::stalled(
            "Unsupported",
            format!(
                "service `{name}` has the deployment strategy `{other}`; Driftless converges rolling deployments only, for now"
            ),
        ));
    }
    None
}
