//! What AWS says about a CloudFormation stack.

use serde::Serialize;

/// All that one pass reads about a CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackObservation {
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

impl StackObservation {
    /// The commit that last wrote it, where AWS keeps it for us.
    pub fn written_at(&self) -> Option<&str> {
        None
    }
}
