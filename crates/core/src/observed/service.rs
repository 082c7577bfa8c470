//! What AWS says about an ECS service.

use serde::Serialize;
use serde_json::Value;

use super::Observed;

/// All that one pass reads about one ECS service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceObservation {
    /// One member of DescribeServices' `services`, with TAGS. A service that is INACTIVE is Present, with that status.
    pub service: Observed<Value>,
    /// DescribeTaskDefinition's answer (`{taskDefinition, tags}`) for the service's own revision; for
    /// [`TaskDefinition::Family`](crate::desired::TaskDefinition::Family) also the source revision, see `base`.
    pub task_definition: Option<Value>,
    /// The same shape, newest first: up to 10 ACTIVE revisions of the desired family. Read only when the service's
    /// own revision is not the desired one.
    pub candidates: Observed<Vec<Value>>,
    /// The same shape: the revision a `family:` manifest follows or pins.
    pub base: Observed<Value>,
    /// Members of DescribeServiceDeployments' `serviceDeployments`, newest first; empty when the service has none.
    pub service_deployments: Vec<Value>,
    /// Members of DescribeServiceRevisions' `serviceRevisions`: the targets of `service_deployments`, and the service's
    /// current one where `monitoring` or `gatewayConnectors` are declared.
    pub service_revisions: Vec<Value>,
    /// Members of DescribeTasks' `tasks` that stopped, newest first; read only while a rollout is unfinished or failed.
    pub stopped_tasks: Vec<Value>,
    /// AWS's clock: seconds since the epoch, from the answer's Date header (RFC 9110, 6.6.1).
    pub now: f64,
}
