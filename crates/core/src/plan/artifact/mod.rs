//! What to do about the difference between a declared S3Artifact and what AWS has.

use serde::Serialize;

use crate::desired::{Resource, S3Artifact};
use crate::observed::ArtifactObservation;
use crate::plan::{Context, Plan, Verdict};

/// One mutating call, or a few that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum ArtifactStep {}

impl ArtifactStep {
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

impl From<ArtifactStep> for crate::plan::Step {
    fn from(step: ArtifactStep) -> Self {
        crate::plan::Step::S3(step)
    }
}

/// Decides what to write for an object or folder of a bucket.
pub fn plan(resource: &Resource, _declared: &S3Artifact, _observation: &ArtifactObservation, _context: &Context<'_>) -> Plan {
    Plan::new(&resource.id, Verdict::stalled("Unsupported", "not built yet"))
}
