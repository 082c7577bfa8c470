//! What to do about the difference between a declared ECS service and the one that AWS runs.
//!
//! [`wants`] says what one pass has to read, [`plan`] decides. Both are pure.

mod create;
mod digest;
mod members;
mod outcome;
mod service;
pub(super) mod task_definition;
mod update;
mod wants;

use serde_json::{Map, Value};

use super::{Plan, Verdict};
use crate::desired::{Document, EcsService, Resource};
use crate::normalise::{Pointer, Subject};
use crate::observed::{Observed, ServiceObservation};

pub use super::context::Context;
pub use digest::digest;
pub use wants::{Wants, wants};

/// Seconds until the next look at a deployment that has just been started.
const REQUEUE: u64 = 10;

/// For so many seconds after our own write an answer may show an older state.
/// Its API is eventually consistent: a change may not be visible to the calls that follow it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(super) const CONSISTENT_AFTER: f64 = 60.0;

/// Decides what to write for one service.
///
/// `observation.candidates` and `.base` may be `Absent` where [`wants`] did not ask for them.
pub fn plan(resource: &Resource, declared: &EcsService, observation: &ServiceObservation, context: &Context) -> Plan {
    decide(&Pass { resource, declared, observation, context, digest: digest(declared) })
}

fn decide(pass: &Pass) -> Plan {
    let service = match &pass.observation.service {
        Observed::Unknown(why) => return pass.plan(unknown(why.clone())),
        Observed::Absent => None,
        Observed::Present(service) => Some(service),
    };
    if let Some(verdict) = unsupported(pass, &Map::new()) {
        return pass.plan(verdict);
    }
    let Some(members) = service.and_then(Value::as_object) else { return create::create(pass, None) };
    match members.get("status").and_then(Value::as_str) {
        Some("INACTIVE") => create::create(pass, service),
        // A service of the same name cannot be created until this one is INACTIVE. API_DeleteService.html
        Some("DRAINING") => pass.plan(Verdict::Progressing {
            reason: "Draining",
            message: format!("service `{}` is being deleted; it is created anew once that has ended", pass.declared.service_name),
            requeue: REQUEUE,
        }),
        _ => update::update(pass, members),
    }
}

/// One look at one service.
struct Pass<'a> {
    resource: &'a Resource,
    declared: &'a EcsService,
    observation: &'a ServiceObservation,
    context: &'a Context<'a>,
    /// Of the resource.
    digest: String,
}

impl Pass<'_> {
    /// What messages call it.
    fn thing(&self) -> String {
        format!("service `{}`", self.declared.service_name)
    }

    /// A plan without steps.
    fn plan(&self, verdict: Verdict) -> Plan {
        Plan::new(&self.resource.id, verdict)
    }

    /// Whether an answer may be older than our own last write.
    fn just_written(&self) -> bool {
        self.context.last_write.is_some_and(|at| self.observation.now - at < CONSISTENT_AFTER)
    }

    /// Whether a whole member of the service is left to others.
    fn ignores(&self, member: &str) -> bool {
        let pointer = Pointer(vec![member.to_owned()]);
        self.declared.ignore.iter().filter_map(|text| Pointer::parse(Subject::Service, text)).any(|one| one.covers(&pointer))
    }
}

fn unknown(message: String) -> Verdict {
    Verdict::Unknown { message }
}

/// Controllers and strategies that are not built yet, declared or live.
fn unsupported(pass: &Pass, live: &Document) -> Option<Verdict> {
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
