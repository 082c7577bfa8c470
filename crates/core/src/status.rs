//! How a resource is doing: conditions in Kubernetes' and Flux's meaning.

use serde::{Deserialize, Serialize};

use crate::resource::ResourceId;

/// Where a resource stands. Exactly one holds at a time; it renders as the conditions Ready, Reconciling, Stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// As declared, and its rollout has ended well.
    Ready,
    /// On its way, or waiting for a dependency.
    Reconciling,
    /// An attempt failed; it is retried only where that may help (a failed rollout is not).
    Failed,
    /// A person must fix something first.
    Stalled,
    /// AWS could not be read; nothing was written.
    Unknown,
}

/// The answer to "how is it doing": what `driftless status` prints and GitLab is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of what.
    pub resource: ResourceId,
    /// Where it stands.
    pub phase: Phase,
    /// One CamelCase word: `RolloutFailed`, `AdoptionWouldReset`, `Unsupported`, …
    pub reason: String,
    /// What happened to what, and what to do.
    pub message: String,
    /// The revision the last pass was made for.
    pub last_attempted_revision: Option<String>,
    /// The last revision at which it became Ready.
    pub last_applied_revision: Option<String>,
    /// The newest last; at most [`HISTORY`] entries.
    pub history: Vec<Transition>,
}

/// How many transitions a status remembers.
pub const HISTORY: usize = 10;

/// One entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Seconds since the epoch.
    pub at: u64,
    /// At which revision.
    pub revision: String,
    /// Into which phase.
    pub phase: Phase,
    /// With which reason.
    pub reason: String,
}
