//! What one look at one service works with.

use serde_json::Value;

use crate::desired::{Document, EcsService, Resource};
use crate::normalise::{Pointer, Subject};
use crate::observed::ServiceObservation;
use crate::plan::{Context, Plan, Verdict};

/// Seconds until the next look at a deployment that has just been started.
pub(super) const REQUEUE: u64 = 10;

/// For so many seconds after our own write an answer may show an older state.
/// Its API is eventually consistent: a change may not be visible to the calls that follow it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(in crate::plan) const CONSISTENT_AFTER: f64 = 60.0;

/// One look at one service.
pub(super) struct Pass<'a> {
    pub(super) resource: &'a Resource,
    pub(super) declared: &'a EcsService,
    pub(super) observation: &'a ServiceObservation,
    pub(super) context: &'a Context<'a>,
    /// Of the resource.
    pub(super) digest: String,
}

impl Pass<'_> {
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

    /// Whether a whole member of the service is left to others.
    pub(super) fn ignores(&self, member: &str) -> bool {
        let pointer = Pointer(vec![member.to_owned()]);
        self.declared.ignore.iter().filter_map(|text| Pointer::parse(Subject::Service, text)).any(|one| one.covers(&pointer))
    }
}

pub(super) fn unknown(message: String) -> Verdict {
    Verdict::Unknown { message }
}

/// Controllers and strategies that are not built yet, declared or live.
pub(super) fn unsupported(pass: &Pass, live: &Document) -> Option<Verdict> {
    let declared = &pass.declared.service;
    let text = |document: &Document, outer: &str, inner: &str| {
        document.get(outer).and_then(|outer| outer.get(inner)).and_then(Value::as_str).map(str::to_owned)
    };
    let found =
        |outer: &str, inner: &str| (text(declared, outer, inner), text(live, outer, inner).filter(|_| !pass.ignores(outer)));
    let name = &pass.declared.service_name;
    let (wanted, live_one) = found("deploymentController", "type");
    if let Some(other) = wanted.into_iter().chain(live_one).find(|one| one != "ECS") {
        return Some(Verdict::stalled(
            "Unsupported",
            format!(
                "service `{name}` has the deployment controller `{other}`; Driftless converges services of the controller `ECS` only, for now"
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
