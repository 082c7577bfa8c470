//! What to do about the difference between a declared EcsTask and what AWS has.

use crate::desired::{EcsTask, Resource};
use crate::observed::TaskObservation;
use crate::plan::{Context, Plan, Verdict};

/// Decides what to write for a run-to-completion task.
pub fn plan(resource: &Resource, _declared: &EcsTask, _observation: &TaskObservation, _context: &Context<'_>) -> Plan {
    Plan::new(&resource.id, Verdict::stalled("Unsupported", "not built yet"))
}
