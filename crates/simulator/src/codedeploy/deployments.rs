//! Deployments: described, listed, stopped and continued.

use serde_json::{Value, json};

use super::applications::checked_name;
use super::deployment::{Deployment, Phase, Status, Stop};
use super::{Members, State, paging, refused, text, texts};
use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;

const STATUSES: [&str; 8] = ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];

/// How long a stop takes that has to reach the instances.
const STOPPING: Seconds = 2.0;

fn no_deployment(id: &str) -> AwsError {
    refused("DeploymentDoesNotExist", format!("The deployment {id} could not be found"))
}

/// A deployment's id: `d-` and nine letters and digits.
pub(super) fn checked_id(input: &Members) -> Result<&str, AwsError> {
    let id = text(input, "deploymentId").unwrap_or_default();
    if id.is_empty() {
        return Err(refused("DeploymentIdRequired", "At least one deployment ID must be specified."));
    }
    let word = id.strip_prefix("d-").is_some_and(|rest| rest.len() == 9 && rest.chars().all(|c| c.is_ascii_alphanumeric()));
    if word { Ok(id) } else { Err(refused("InvalidDeploymentId", format!("The deploymentId {id} is not valid."))) }
}

impl State {
    pub(super) fn deployment(&self, input: &Members) -> Result<&Deployment, AwsError> {
        let id = checked_id(input)?;
        self.deployments.get(id).ok_or_else(|| no_deployment(id))
    }

    fn deployment_mut(&mut self, input: &Members) -> Result<&mut Deployment, AwsError> {
        let id = checked_id(input)?;
        self.deployments.get_mut(id).ok_or_else(|| no_deployment(id))
    }

    pub(super) fn get_deployment(&self, input: &Members) -> Answer {
        Ok(json!({"deploymentInfo": self.deployment(input)?.view()}))
    }

    /// At most 25; those that do not exist are left out.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html>
    pub(super) fn batch_get_deployments(&self, input: &Members) -> Answer {
        let ids = texts(input, "deploymentIds");
        if ids.is_empty() {
            return Err(refused("DeploymentIdRequired", "At least one deployment ID must be specified."));
        }
        if ids.len() > 25 {
            return Err(refused("BatchLimitExceeded", "The maximum number of names or IDs for a batch request is 25."));
        }
        let found: Vec<Value> = ids.iter().filter_map(|id| self.deployments.get(id)).map(Deployment::view).collect();
        Ok(json!({"deploymentsInfo": found}))
    }

    /// "If applicationName is specified, then deploymentGroupName must be specified. If it is not specified, then
    /// deploymentGroupName must not be specified."
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>. That page names no order; here
    /// the newest comes first.
    pub(super) fn list_deployments(&self, input: &Members) -> Answer {
        match (text(input, "applicationName"), text(input, "deploymentGroupName")) {
            (None, None) => {}
            (None, Some(_)) => drop(checked_name(input, "applicationName", "Application")?),
            (Some(_), _) => drop(self.group(input)?),
        }
        let statuses = texts(input, "includeOnlyStatuses");
        if let Some(unknown) = statuses.iter().find(|own| !STATUSES.contains(&own.as_str())) {
            return Err(refused("InvalidDeploymentStatus", format!("The deployment status {unknown} doesn't exist.")));
        }
        let range = input.get("createTimeRange").cloned().unwrap_or_default();
        let (start, end) = (range["start"].as_f64(), range["end"].as_f64());
        if start.zip(end).is_some_and(|(start, end)| start > end) {
            return Err(refused("InvalidTimeRange", "The specified time range was specified in an invalid format."));
        }
        let (application, group) = (text(input, "applicationName"), text(input, "deploymentGroupName"));
        let wanted = |own: &&Deployment| {
            let aged = self.aged && matches!(own.status, Status::Failed | Status::Stopped);
            !aged
                && application.is_none_or(|name| own.application == name)
                && group.is_none_or(|name| own.group == name)
                && (statuses.is_empty() || statuses.iter().any(|status| status == own.status.name()))
                && start.is_none_or(|start| own.created >= start)
                && end.is_none_or(|end| own.created <= end)
        };
        let newest = self.order.iter().rev().filter_map(|id| self.deployments.get(id));
        let ids = newest.filter(wanted).map(|own| json!(own.id)).collect();
        paging::page(input, "deployments", ids, self.page_size)
    }

    /// `Pending` while the instances are still at it, `Succeeded` when nothing had begun.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_StopDeployment.html>
    pub(super) fn stop_deployment(&mut self, input: &Members, now: Seconds) -> Answer {
        let rollback = input.get("autoRollbackEnabled").and_then(Value::as_bool);
        let deployment = self.deployment_mut(input)?;
        if deployment.is_over() {
            return Err(refused("DeploymentAlreadyCompleted", "The deployment is already complete."));
        }
        let waits = deployment.phase == Phase::Waiting;
        let at = if waits { now } else { now + STOPPING };
        deployment.stop.get_or_insert(Stop { at, rollback });
        let id = deployment.id.clone();
        if waits {
            self.stop(&id, now);
            return Ok(json!({"status": "Succeeded", "statusMessage": "The deployment was stopped."}));
        }
        Ok(json!({"status": "Pending", "statusMessage": "The deployment is being stopped."}))
    }

    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ContinueDeployment.html>
    pub(super) fn continue_deployment(&mut self, input: &Members, now: Seconds) -> Answer {
        let wait = text(input, "deploymentWaitType").unwrap_or("READY_WAIT").to_string();
        let deployment = self.deployment_mut(input)?;
        if deployment.is_over() {
            return Err(refused("DeploymentAlreadyCompleted", "The deployment is already complete."));
        }
        if !deployment.blue_green {
            let message = "A call was submitted that is not supported for the specified deployment type.";
            return Err(refused("UnsupportedActionForDeploymentType", message));
        }
        let phase = match wait.as_str() {
            "READY_WAIT" => Phase::ReadyWait,
            "TERMINATION_WAIT" => Phase::TerminationWait,
            _ => return Err(refused("InvalidDeploymentWaitType", "The wait type is invalid.")),
        };
        if deployment.phase != phase {
            let message = "The deployment does not have a status of Ready and can't continue yet.";
            return Err(refused("DeploymentIsNotInReadyState", message));
        }
        if phase == Phase::ReadyWait {
            deployment.reroute(now);
        } else {
            deployment.next = now;
        }
        debug_assert!(deployment.status != Status::Ready);
        Ok(json!({}))
    }
}
