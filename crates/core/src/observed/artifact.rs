//! What AWS says about an object or folder of a bucket.

use serde::Serialize;

/// All that one pass reads about an object or folder of a bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArtifactObservation {
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

impl ArtifactObservation {
    /// The commit that last wrote it, where AWS keeps it for us.
    pub fn written_at(&self) -> Option<&str> {
        None
    }
}
