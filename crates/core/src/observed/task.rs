//! What AWS says about a run-to-completion task.

use serde::Serialize;
use serde_json::Value;

use super::Observed;

/// All that one pass reads about a run-to-completion task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskObservation {
    /// DescribeTaskDefinition's answers (`{taskDefinition, tags}`) for revisions of the family, newest first: the newest 10
    /// ACTIVE ones, and, where these know nothing of the declared run, all that may.
    pub revisions: Observed<Vec<Value>>,
    /// Whether all that may remember a run was asked.
    pub memory: TaskMemory,
    /// The same shape: the revision that a `family:` manifest follows or pins. `Absent` where it names none.
    pub base: Observed<Value>,
    /// Members of DescribeTasks' `tasks`: those of runs whose end is not on record yet, as [`wants`] names them.
    ///
    /// [`wants`]: crate::plan::task::wants
    pub tasks: Observed<Vec<Value>>,
    /// The commit that asked for the declared run, from its record.
    pub written_at: Option<String>,
    /// AWS's clock: seconds since the epoch, from the answer's Date header (RFC 9110, 6.6.1).
    pub now: f64,
}

/// How much of what a family's revisions remember was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TaskMemory {
    /// The newest revisions only: they know of the declared run.
    NotAsked,
    /// Some revisions are left for the next pass.
    Partial {
        /// How many have been read.
        read: usize,
        /// How many there are to read.
        of: usize,
    },
    /// There are more than are read at all.
    TooMany {
        /// The bound.
        most: usize,
    },
    /// Every revision that AWS shows and that may remember the declared run.
    Whole {
        /// The number of the newest revision; 0: the family has none.
        newest: u64,
        /// The newest of the revisions in a row that AWS does not show any more: the first and the last of them.
        gap: Option<(u64, u64)>,
        /// One of them of which the tagging index says that it has the record of the declared run.
        lost: Option<u64>,
    },
}
