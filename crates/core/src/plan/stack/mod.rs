//! What to do about the difference between a declared CloudFormationStack and what AWS has.

use serde::Serialize;

use crate::desired::{CloudFormationStack, Resource};
use crate::observed::StackObservation;
use crate::plan::{Context, Plan, Verdict};

/// One mutating call, or a few that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum StackStep {}

impl StackStep {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match *self {}
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        false
    }

    /// Whether an answer of AWS may show the state before this step for a while.
    pub fn seen_late(&self) -> bool {
        false
    }
}

impl From<StackStep> for crate::plan::Step {
    fn from(step: StackStep) -> Self {
        crate::plan::Step::CloudFormation(step)
    }
}

/// Decides what to write for a CloudFormation stack.
pub fn plan(
    resource: &Resource,
    _declared: &CloudFormationStack,
    _observation: &StackObservation,
    _context: &Context<'_>,
) -> Plan {
    Plan::new(&resource.id, Verdict::stalled("Unsupported", "not built yet"))
}
