//! What AWS says about a CodeDeploy deployment group.

use serde::Serialize;

/// All that one pass reads about a CodeDeploy deployment group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeploymentObservation {
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

impl DeploymentObservation {
    /// The commit that last wrote it, where AWS keeps it for us.
    pub fn written_at(&self) -> Option<&str> {
        None
    }
}
