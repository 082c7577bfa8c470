//! What AWS has on record about one deployment: DeploymentInfo, read by its meaning.
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html>

use serde_json::Value;

use super::marker::Marker;
use crate::observed::DeploymentObservation;

/// A deployment that has not ended. The words are AWS's: "Valid Values: Created | Queued | InProgress | Baking | Succeeded |
/// Failed | Stopped | Ready".
pub const ACTIVE: [&str; 5] = ["Created", "Queued", "InProgress", "Baking", "Ready"];

/// One member of `deploymentsInfo`, and whether its description is a copy of another one's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record<'a>(pub(super) &'a Value, bool);

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

    /// Whether it has not ended, also in words that AWS will have next year. One of which nothing but its id is known has.
    pub(super) fn is_active(self) -> bool {
        !matches!(self.status(), "" | "Succeeded" | "Failed" | "Stopped")
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

    /// The mark of the call that made it. Only a person's or an agent's call makes one: an automatic rollback deploys an older
    /// revision once more, and may carry the older description. So may somebody's copy of a deployment of ours ("Copy
    /// deployment" in the console), which is theirs: the mark says when it was written, and the first with it has it.
    pub(super) fn marker(self) -> Option<Marker<'a>> {
        let by_a_call = !self.1 && matches!(self.text("creator"), "user" | "");
        let marker = by_a_call.then(|| Marker::read(self.text("description"))).flatten()?;
        marker.is_written_at(self.created()).then_some(marker)
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

    /// Whether it changed any instance, or may have. "Ready: The number of instances to which traffic may be rerouted" are
    /// replacement instances without traffic: the group is what it was.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentOverview.html>
    pub(super) fn reached_any(self) -> bool {
        let overview = &self.0["deploymentOverview"];
        let count = |member: &str| overview[member].as_u64().unwrap_or_default();
        match overview.as_object() {
            Some(counts) if !counts.is_empty() => {
                ["Succeeded", "Failed", "InProgress"].into_iter().any(|member| count(member) > 0)
            }
            // Nothing is said of its instances: without a start there was none.
            // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html
            _ => !NEVER_BEGAN.contains(&self.0["errorInformation"]["code"].as_str().unwrap_or_default()),
        }
    }
}

/// Codes of deployments that failed before any instance was asked.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html>
const NEVER_BEGAN: [&str; 7] = [
    "APPLICATION_MISSING",
    "DEPLOYMENT_GROUP_MISSING",
    "IAM_ROLE_MISSING",
    "IAM_ROLE_PERMISSIONS",
    "NO_EC2_SUBSCRIPTION",
    "NO_INSTANCES",
    "REVISION_MISSING",
];

/// All that were read, newest first, each once.
pub(super) fn records(observed: &DeploymentObservation) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    for record in observed.deployments.iter().map(|info| Record(info, false)) {
        if !records.iter().any(|known| known.id() == record.id()) {
            records.push(record);
        }
    }
    records.sort_by(|one, other| other.created().total_cmp(&one.created()));
    for index in 0..records.len() {
        let mark = records[index].marker().filter(|mark| mark.at.is_some());
        records[index].1 = mark.is_some() && records[index + 1..].iter().any(|older| older.marker() == mark);
    }
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

/// What the group's instances have: the newest one that succeeded. It is for the whole group, whoever began it: "Configuration
/// data for target instances was entered for an in-place deployment" is refused, and of a blue/green deployment
/// `targetInstances` are "the instances that belong to the replacement environment", which becomes the group's.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>
pub(super) fn last_success<'a>(records: &[Record<'a>]) -> Option<Record<'a>> {
    records.iter().copied().find(|record| record.succeeded() && !record.catches_up())
}

/// The newest one after `last` that reached instances and did not end well: some of them have what it brought, and others what
/// the group had. "CodeDeploy rolls back deployments by redeploying a previously deployed revision", which has to be done.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>
pub(super) fn stray<'a>(records: &[Record<'a>], last: Record<'_>) -> Option<Record<'a>> {
    let newer = records.iter().copied().filter(|record| record.created() > last.created());
    newer.into_iter().find(|record| record.failed() && !record.catches_up() && record.reached_any())
}
