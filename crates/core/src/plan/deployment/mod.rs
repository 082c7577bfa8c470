//! What to do about the difference between a declared Ec2Deployment and what AWS has.

use serde::Serialize;

use crate::desired::{Ec2Deployment, Resource};
use crate::observed::DeploymentObservation;
use crate::plan::{Context, Plan, Verdict};

/// One mutating call, or a few that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum DeploymentStep {}

impl DeploymentStep {
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

impl From<DeploymentStep> for crate::plan::Step {
    fn from(step: DeploymentStep) -> Self {
        crate::plan::Step::CodeDeploy(step)
    }
}

/// Decides what to write for a CodeDeploy deployment.
pub fn plan(
    resource: &Resource,
    _declared: &Ec2Deployment,
    _observation: &DeploymentObservation,
    _context: &Context<'_>,
) -> Plan {
    Plan::new(&resource.id, Verdict::stalled("Unsupported", "not built yet"))
}
