//! What an `Ec2Deployment` writes.

use serde::Serialize;

use crate::desired::Document;

/// One mutating call of CodeDeploy. Documents are the request's body, in AWS's own member names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum DeploymentStep {
    /// CreateDeployment.
    CreateDeployment {
        /// The body.
        document: Document,
        /// The group has had none that succeeded.
        first: bool,
    },
    /// StopDeployment.
    StopDeployment {
        /// The body.
        document: Document,
    },
    /// TagResource.
    TagResource {
        /// The body.
        document: Document,
    },
    /// UntagResource.
    UntagResource {
        /// The body.
        document: Document,
    },
}

impl DeploymentStep {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            DeploymentStep::CreateDeployment { .. } => "CreateDeployment",
            DeploymentStep::StopDeployment { .. } => "StopDeployment",
            DeploymentStep::TagResource { .. } => "TagResource",
            DeploymentStep::UntagResource { .. } => "UntagResource",
        }
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        matches!(self, DeploymentStep::CreateDeployment { first: true, .. })
    }

    /// Whether an answer of AWS may show the state before this step for a while. After a stop, that does no harm: the
    /// deployment is asked to stop once more, or CreateDeployment is refused.
    pub fn seen_late(&self) -> bool {
        matches!(self, DeploymentStep::CreateDeployment { .. })
    }
}
