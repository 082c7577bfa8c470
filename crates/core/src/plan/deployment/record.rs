//! What AWS has on record about one deployment: DeploymentInfo, read by its meaning.
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html>

use serde_json::Value;

use super::marker::Marker;
use crate::observed::DeploymentObservation;

/// A deployment that has not ended. The words are AWS's: "Valid Values: Created | Queued | InProgress | Baking | Succeeded |
/// Failed | Stopped | Ready".
pub const ACTIVE: [&str; 5] = ["Created", "Queued", "InProgress", "Baking", "Ready"];

/// One member of `deploymentsInfo`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record<'a>(pub(super) &'a Value);

impl<'a> Record<'a> {
    pub(super) fn text(self, member: &str) -> &'a str {
        self.0[member].as_str().unwrap_or_default()
    }

    pub(super) fn id(self) -> &'a str {
        self.text("deploymentId")
    }

    pub(super) fn status(self) -> &'a str {
        self.text("status")
    }

    pub(super) fn is_active(self) -> bool {
        ACTIVE.contains(&self.status())
    }

    pub(super) fn succeeded(self) -> bool {
        self.status() == "Succeeded"
    }

    /// It did not end as it should.
    pub(super) fn failed(self) -> bool {
        matches!(self.status(), "Failed" | "Stopped")
    }

    pub(super) fn created(self) -> f64 {
        self.0["createTime"].as_f64().unwrap_or_default()
    }

    /// Our mark. Only a person's or an agent's call makes one: an automatic rollback deploys an older revision once more, and
    /// may carry the older description.
    pub(super) fn marker(self) -> Option<Marker<'a>> {
        matches!(self.text("creator"), "user" | "").then(|| Marker::read(self.text("description"))).flatten()
    }

    pub(super) fn is_of(self, owner: &str) -> bool {
        self.marker().is_some_and(|marker| marker.is_of(owner))
    }

    /// "codeDeployRollback: A rollback process created the deployment."
    pub(super) fn is_rollback(self) -> bool {
        self.text("creator") == "codeDeployRollback"
    }

    /// "The deployment ID of the deployment that was underway and triggered a rollback deployment because it failed or was
    /// stopped." <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RollbackInfo.html>
    pub(super) fn rolls_back(self) -> Option<&'a str> {
        self.related("rollbackTriggeringDeploymentId").filter(|_| self.is_rollback())
    }

    /// "The ID of the deployment rollback."
    pub(super) fn rolled_back_by(self) -> Option<&'a str> {
        self.related("rollbackDeploymentId").filter(|_| !self.is_rollback())
    }

    fn related(self, member: &str) -> Option<&'a str> {
        self.0["rollbackInfo"][member].as_str().filter(|id| !id.is_empty() && *id != self.id())
    }

    /// CodeDeploy brings new or outdated instances to what the group has: "autoscaling: Amazon EC2 Auto Scaling created the
    /// deployment", "CodeDeployAutoUpdate: An auto-update process created the deployment when it detected outdated Amazon EC2
    /// instances".
    pub(super) fn catches_up(self) -> bool {
        matches!(self.text("creator"), "autoscaling" | "autoscalingTermination" | "CodeDeployAutoUpdate")
    }

    /// Somebody's deployment to some instances only says nothing about the group.
    pub(super) fn is_partial(self, owner: &str) -> bool {
        let named = |member: &str| match &self.0["targetInstances"][member] {
            Value::Array(list) => !list.is_empty(),
            Value::Object(set) => set.values().any(|list| list.as_array().is_some_and(|list| !list.is_empty())),
            _ => false,
        };
        !self.is_of(owner) && ["tagFilters", "autoScalingGroups", "ec2TagSet"].into_iter().any(named)
    }
}

/// All that were read, newest first, each once.
pub(super) fn records(observed: &DeploymentObservation) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    for record in observed.deployments.iter().map(Record) {
        if !records.iter().any(|known| known.id() == record.id()) {
            records.push(record);
        }
    }
    records.sort_by(|one, other| other.created().total_cmp(&one.created()));
    records
}

/// The one with this id.
pub(super) fn find<'a>(records: &[Record<'a>], id: &str) -> Option<Record<'a>> {
    records.iter().copied().find(|record| record.id() == id)
}

/// Our newest.
pub(super) fn newest_own<'a>(records: &[Record<'a>], owner: &str) -> Option<Record<'a>> {
    records.iter().copied().find(|record| record.is_of(owner))
}

/// What the group's instances have: the newest one that succeeded and was for the whole group.
pub(super) fn last_success<'a>(records: &[Record<'a>], owner: &str) -> Option<Record<'a>> {
    records.iter().copied().find(|record| record.succeeded() && !record.catches_up() && !record.is_partial(owner))
}
