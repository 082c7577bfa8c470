//! What AWS says about a run-to-completion task.

use serde::Serialize;

/// All that one pass reads about a run-to-completion task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskObservation {
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

impl TaskObservation {
    /// The commit that last wrote it, where AWS keeps it for us.
    pub fn written_at(&self) -> Option<&str> {
        None
    }
}
