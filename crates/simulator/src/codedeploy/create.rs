//! CreateDeployment, and the deployments that CodeDeploy itself creates.

use serde_json::{Value, json};

use super::configs::Minimum;
use super::deployment::{Deployment, Phase, Status};
use super::groups::rollback;
use super::{Members, State, refused, revisions, text};
use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;

/// From which it is created, whoever does it.
pub(super) struct Order {
    pub(super) application: String,
    pub(super) group: String,
    pub(super) config: Option<String>,
    pub(super) revision: Value,
    pub(super) creator: &'static str,
    pub(super) sent: Members,
    pub(super) only: Option<Vec<String>>,
}

impl State {
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>. "Maximum number of concurrent
    /// deployments to a deployment group: 1. This limit prevents accidental, concurrent deployments of the same application
    /// to the same deployment group": <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
    pub(super) fn create_deployment(&mut self, input: &Members, now: Seconds) -> Answer {
        let (application, group, found) = self.group(input)?;
        let (application, group) = (application.to_string(), group.to_string());
        if self.applications[&application].platform != "Server" {
            return Err(refused("InvalidComputePlatform", "Only deployments of the Server platform are simulated."));
        }
        let revision = revisions::read(input)?;
        if let Some(name) = text(input, "deploymentConfigName") {
            self.minimum(name)?;
        }
        self.check_options(input, found.is_blue_green())?;
        if let Some(active) = self.of_group(&application, &group).find(|deployment| !deployment.is_over()) {
            let message = format!("The Deployment Group '{group}' already has an active Deployment '{}'", active.id);
            return Err(refused("DeploymentLimitExceeded", message));
        }
        let only = match input.get("targetInstances") {
            Some(Value::Object(asked)) => Some(self.fleet.matching(asked)),
            _ => None,
        };
        let config = text(input, "deploymentConfigName").map(String::from);
        let mut sent = input.clone();
        for key in ["applicationName", "deploymentGroupName", "revision", "deploymentConfigName"] {
            sent.remove(key);
        }
        let order = Order { application, group, config, revision, creator: "user", sent, only };
        let id = self.place(order, now)?;
        Ok(json!({"deploymentId": id}))
    }

    fn check_options(&self, input: &Members, blue_green: bool) -> Result<(), AwsError> {
        if text(input, "description").is_some_and(|description| description.chars().count() > 256) {
            return Err(refused("DescriptionTooLong", "The description is too long."));
        }
        if text(input, "fileExistsBehavior").is_some_and(|own| !["DISALLOW", "OVERWRITE", "RETAIN"].contains(&own)) {
            let message = "An invalid fileExistsBehavior option was specified to determine how CodeDeploy handles files or \
                           directories that already exist in a deployment target location.";
            return Err(refused("InvalidFileExistsBehavior", message));
        }
        // "Information about the instances that belong to the replacement environment in a blue/green deployment."
        let discovers = blue_green && !input.contains_key("targetInstances") && {
            let (_, _, group) = self.group(input)?;
            let own = group.sent.get("blueGreenDeploymentConfiguration").cloned().unwrap_or_default();
            own["greenFleetProvisioningOption"]["action"] != "COPY_AUTO_SCALING_GROUP"
        };
        if discovers {
            let message = "A blue/green deployment to existing instances needs targetInstances.";
            return Err(refused("InvalidTargetInstances", message));
        }
        rollback(input)
    }

    /// Places a deployment and gives its id.
    pub(super) fn place(&mut self, order: Order, now: Seconds) -> Result<String, AwsError> {
        let Order { application, group, config, revision, creator, sent, only } = order;
        let found = self.applications.get(&application).and_then(|own| own.groups.get(&group));
        let found = found.ok_or_else(|| super::groups::no_group(&group))?;
        let config = config.unwrap_or_else(|| found.config().to_string());
        let minimum = self.minimum(&config)?;
        // One instance that catches up has nobody beside it.
        let minimum = if creator == "autoscaling" { Minimum::HostCount(0) } else { minimum };
        // Only what a user orders replaces instances; the rest updates those that are there.
        let blue_green = found.is_blue_green() && creator == "user";
        let id = format!("d-{}", self.ids.word().to_ascii_uppercase()[..9].to_owned());
        let deployment = Deployment {
            id: id.clone(),
            config,
            minimum,
            previous: found.target.clone(),
            creator,
            sent,
            settings: found.sent.clone(),
            blue_green,
            traffic: found.controls_traffic(),
            only,
            created: now,
            started: None,
            completed: None,
            status: Status::Created,
            phase: Phase::Waiting,
            targets: Vec::new(),
            error: None,
            rollback: Members::new(),
            updates: Vec::new(),
            root: None,
            stop: None,
            copied: None,
            termination_wait_began: false,
            next: now + 1.0,
            revision: revision.clone(),
            application: application.clone(),
            group: group.clone(),
        };
        self.use_revision(&application, &group, &revision, now);
        self.order.push(id.clone());
        self.deployments.insert(id.clone(), deployment);
        Ok(id)
    }
}
