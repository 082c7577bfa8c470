//! What AWS says about a run-to-completion task.

use serde::Serialize;
use serde_json::Value;

use super::Observed;

/// All that one pass reads about a run-to-completion task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskObservation {
    /// DescribeTaskDefinition's answers (`{taskDefinition, tags}`) for revisions of the family, newest first: the newest 10
    /// ACTIVE ones, and older and INACTIVE ones where these know nothing of the declared run.
    pub revisions: Observed<Vec<Value>>,
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
