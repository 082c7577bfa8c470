//! The targets of a deployment, in the newer actions and in the older ones that call them instances.

use serde_json::{Value, json};

use super::deployment::{Deployment, Phase};
use super::lifecycle::{Side, Target};
use super::{Members, State, paging, refused, text, texts};
use crate::error::Answer;
use crate::error::AwsError;

const STATUSES: [&str; 7] = ["Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Unknown", "Ready"];

fn label(target: &Target) -> Option<&'static str> {
    target.side.map(|side| if side == Side::Blue { "Blue" } else { "Green" })
}

/// A target by its instance's id or ARN.
fn instance<'a>(deployment: &'a Deployment, id: &str) -> Option<&'a Target> {
    deployment.targets.iter().find(|target| id.rsplit('/').next() == Some(&target.instance))
}

/// "The specified deployment has not started": there are no targets yet.
fn started(deployment: &Deployment) -> Result<&Deployment, AwsError> {
    if deployment.phase == Phase::Waiting {
        return Err(refused("DeploymentNotStarted", format!("The deployment {} has not started.", deployment.id)));
    }
    Ok(deployment)
}

impl State {
    /// As <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_InstanceTarget.html> has it.
    fn target_view(&self, deployment: &Deployment, target: &Target) -> Value {
        let arn = format!("arn:aws:ec2:{}:{}:instance/{}", self.region, self.account, target.instance);
        let mut view = json!({
            "deploymentId": deployment.id,
            "targetId": target.instance,
            "targetArn": arn,
            "status": target.status.name(),
            "lastUpdatedAt": target.updated,
            "lifecycleEvents": target.events(),
        });
        if let Some(label) = label(target) {
            view["instanceLabel"] = label.into();
        }
        json!({"deploymentTargetType": "InstanceTarget", "instanceTarget": view})
    }

    pub(super) fn list_targets(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let filters = input.get("targetFilters").and_then(Value::as_object).cloned().unwrap_or_default();
        if filters.keys().any(|key| key != "TargetStatus" && key != "ServerInstanceLabel") {
            return Err(refused("InvalidTargetFilterName", "The target filter name is invalid."));
        }
        let (statuses, labels) = (texts(&filters, "TargetStatus"), texts(&filters, "ServerInstanceLabel"));
        if statuses.iter().any(|own| !STATUSES.contains(&own.as_str())) {
            return Err(refused("InvalidInstanceStatus", "The specified instance status does not exist."));
        }
        let ids = self.target_ids(deployment, &statuses, &labels);
        paging::page(input, "targetIds", ids, self.page_size)
    }

    fn target_ids(&self, deployment: &Deployment, statuses: &[String], labels: &[String]) -> Vec<Value> {
        let wanted = |target: &&Target| {
            let status = statuses.is_empty() || statuses.iter().any(|own| own == target.status.name());
            status && (labels.is_empty() || label(target).is_some_and(|own| labels.iter().any(|label| label == own)))
        };
        deployment.targets.iter().filter(wanted).map(|target| json!(target.instance)).collect()
    }

    /// The older action, of the EC2/on-premises platform only:
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeploymentInstances.html>.
    pub(super) fn list_instances(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let statuses = texts(input, "instanceStatusFilter");
        if statuses.iter().any(|own| !STATUSES.contains(&own.as_str())) {
            return Err(refused("InvalidInstanceStatus", "The specified instance status does not exist."));
        }
        let ids = self.target_ids(deployment, &statuses, &texts(input, "instanceTypeFilter"));
        paging::page(input, "instancesList", ids, self.page_size)
    }

    /// The older form of a target: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_InstanceSummary.html>.
    fn instance_view(&self, deployment: &Deployment, target: &Target) -> Value {
        let mut view = self.target_view(deployment, target)["instanceTarget"].take();
        let members = ["deploymentId", "status", "lastUpdatedAt", "lifecycleEvents"];
        let mut summary: Members = members.iter().map(|key| ((*key).to_string(), view[*key].take())).collect();
        summary.insert("instanceId".into(), view["targetArn"].take());
        if let Some(label) = label(target) {
            summary.insert("instanceType".into(), label.into());
        }
        Value::Object(summary)
    }

    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeploymentInstance.html>
    pub(super) fn get_instance(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let id = text(input, "instanceId").unwrap_or_default();
        let missing = || refused("InstanceDoesNotExist", format!("The instance {id} could not be found."));
        let found = instance(deployment, id).ok_or_else(missing)?;
        Ok(json!({"instanceSummary": self.instance_view(deployment, found)}))
    }

    /// "The maximum number of instance IDs you can specify is 25"; what is not found is told in `errorMessage`.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentInstances.html>
    pub(super) fn batch_get_instances(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let ids = texts(input, "instanceIds");
        if ids.is_empty() {
            return Err(refused("InstanceIdRequired", "The instance ID was not specified."));
        }
        if ids.len() > 25 {
            let message = "The maximum number of instances that can be named in a call is 25.";
            return Err(refused("BatchLimitExceeded", message));
        }
        let (known, missing): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| instance(deployment, id).is_some());
        let views = known.iter().filter_map(|id| instance(deployment, id)).map(|target| self.instance_view(deployment, target));
        let mut answer = json!({"instancesSummary": views.collect::<Vec<_>>()});
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
            answer["errorMessage"] = format!("Instances could not be found: {}", missing.join(", ")).into();
        }
        Ok(answer)
    }

    fn target(&self, deployment: &Deployment, id: &str) -> Result<Value, AwsError> {
        let found = deployment.targets.iter().find(|target| target.instance == id);
        let missing = || refused("DeploymentTargetDoesNotExist", format!("The target {id} could not be found."));
        found.map(|target| self.target_view(deployment, target)).ok_or_else(missing)
    }

    pub(super) fn get_target(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let Some(id) = text(input, "targetId") else {
            return Err(refused("DeploymentTargetIdRequired", "A deployment target ID was not provided."));
        };
        Ok(json!({"deploymentTarget": self.target(deployment, id)?}))
    }

    /// "The maximum number of targets that can be returned is 25":
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html>.
    pub(super) fn batch_get_targets(&self, input: &Members) -> Answer {
        let deployment = started(self.deployment(input)?)?;
        let ids = texts(input, "targetIds");
        if ids.is_empty() {
            return Err(refused("DeploymentTargetIdRequired", "A deployment target ID was not provided."));
        }
        if ids.len() > 25 {
            let message = "The maximum number of targets that can be associated with a call is 25.";
            return Err(refused("DeploymentTargetListSizeExceeded", message));
        }
        let views = ids.iter().map(|id| self.target(deployment, id)).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"deploymentTargets": views}))
    }
}
