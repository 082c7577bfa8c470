//! What AWS says about a CodeDeploy deployment group.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Observed;

/// All that one pass reads about a CodeDeploy deployment group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeploymentObservation {
    /// Whose deployments are ours: [`plan::deployment::owner`](crate::plan::deployment::owner).
    pub owner: String,
    /// GetDeploymentGroup's `deploymentGroupInfo`. Where any other read failed, too, this is `Unknown`.
    pub group: Observed<Value>,
    /// The object of a revision that says neither `eTag` nor `version`; Absent also where none had to be looked at.
    pub object: Observed<RevisionObject>,
    /// Members of BatchGetDeployments' `deploymentsInfo`, in any order: those that are under way, the group's last successful
    /// and last attempted one, and what [`wants`](crate::plan::deployment::wants) asked for.
    pub deployments: Vec<Value>,
    /// Whether `deployments` goes as far back as a deployment of ours and one that succeeded, or as AWS can be asked.
    pub history: bool,
    /// Members of BatchGetDeploymentTargets' `deploymentTargets`, of a deployment that failed; None: not asked for.
    pub failed_targets: Option<FailedTargets>,
    /// ListTagsForResource of the group; None: not asked for, or it could not be read.
    pub tags: Option<BTreeMap<String, String>>,
    /// Whether they were asked for.
    pub tags_asked: bool,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// HeadObject's answer, as far as it pins a revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RevisionObject {
    /// Without quotes, as `aws deploy push` gives it.
    pub e_tag: String,
    /// Of a bucket with versioning.
    pub version: Option<String>,
}

/// The targets on which a deployment failed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FailedTargets {
    /// Some of them, as AWS describes them.
    pub shown: Vec<Value>,
    /// How many there are.
    pub all: usize,
}

impl DeploymentObservation {
    /// Before anything was read.
    pub fn new(owner: String, now: f64) -> Self {
        DeploymentObservation {
            owner,
            group: Observed::Absent,
            object: Observed::Absent,
            deployments: Vec::new(),
            history: false,
            failed_targets: None,
            tags: None,
            tags_asked: false,
            now,
        }
    }
}
