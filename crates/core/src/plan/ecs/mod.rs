//! What to do about the difference between a declared ECS service and the one that AWS runs.
//!
//! [`wants`] says what one pass has to read, [`plan`] decides. Both are pure.

mod create;
mod digest;
mod members;
mod memory;
mod outcome;
mod pass;
pub mod rollout;
mod service;
mod spelling;
pub(crate) mod step;
pub(super) mod task_definition;
mod update;
mod wants;
pub(crate) mod written;

use serde_json::{Map, Value};

use crate::count::counted;
use crate::desired::{EcsService, Resource};
use crate::observed::{Observed, ServiceObservation};
use crate::plan::{Plan, Verdict, tags};
use pass::{Pass, REQUEUE, unknown, unsupported};

pub use crate::plan::Context;
pub use digest::digest;
pub use memory::Memory;
pub use wants::{Wants, wants};

pub(super) use pass::CONSISTENT_AFTER;

/// What to do where two writes have not made AWS show what is declared.
pub(super) const NOT_CONVERGING: &str = "Declare the value that AWS shows, or put the pointer into `spec.ignore`; if somebody else writes it, agree on one of the two";

/// How many can be looked at in a second with half of what AWS's request quotas give: DescribeServices has ten services a call, but the deployments of each are a call of its own, 20 a second
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>).
pub(super) const LOOKS_A_SECOND: f64 = 10.0;

/// Decides what to write for one service.
///
/// `observation.candidates` and `.base` may be `Absent` where [`wants`] did not ask for them.
pub fn plan(resource: &Resource, declared: &EcsService, observation: &ServiceObservation, context: &Context) -> Plan {
    decide(&Pass::new(resource, declared, observation, context))
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

/// The commit that last wrote the service, if it was ours to write.
pub fn written_at(observed: &ServiceObservation) -> Option<&str> {
    let tags = observed.service.present()?.get("tags")?.as_array()?;
    tags.iter().find(|tag| tag["key"] == tags::REVISION)?["value"].as_str()
}

/// See [`compared_with`](crate::plan::compared_with). Where all that was declared at the last write is declared now, nothing was removed.
pub fn compared_with<'o>(declared: &EcsService, observed: &'o ServiceObservation) -> Option<&'o str> {
    let written = observed.service.present().and_then(written::Written::read);
    if written.is_some_and(|written| written.digest == digest(declared)) { None } else { written_at(observed) }
}

/// `runs shop-worker:1 as before (1 of 1 task)`: how the service goes on while it waits for another resource.
pub fn meanwhile(observed: &ServiceObservation) -> Option<String> {
    let service = match &observed.service {
        Observed::Present(service) if service["status"] != "INACTIVE" => service,
        Observed::Present(_) | Observed::Absent => return Some("not created yet".to_owned()),
        Observed::Unknown(_) => return None,
    };
    let runs = service["taskDefinition"].as_str().and_then(|arn| arn.rsplit('/').next())?;
    let counts = match (service["runningCount"].as_u64(), service["desiredCount"].as_u64()) {
        (Some(running), Some(desired)) => format!(" ({running} of {})", counted(desired, "task")),
        _ => String::new(),
    };
    Some(format!("runs {runs} as before{counts}"))
}
