//! Deployment groups: which instances, and how they are deployed to.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::applications::checked_name;
use super::configs::STANDARD;
use super::deployment::Deployment;
use super::{Members, State, paging, refused, tags, text, texts};
use crate::error::Answer;
use crate::error::AwsError;

/// The members of CreateDeploymentGroup and UpdateDeploymentGroup that a group keeps as they were sent.
const KEPT: [&str; 16] = [
    "deploymentConfigName",
    "ec2TagFilters",
    "onPremisesInstanceTagFilters",
    "autoScalingGroups",
    "serviceRoleArn",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "outdatedInstancesStrategy",
    "deploymentStyle",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ec2TagSet",
    "onPremisesTagSet",
    "terminationHookEnabled",
    "ecsServices",
];

/// A deployment group.
pub(super) struct Group {
    pub(super) id: String,
    pub(super) sent: Members,
    pub(super) tags: BTreeMap<String, String>,
    /// The revision that was last deployed to it with success: what a new instance gets.
    pub(super) target: Option<Value>,
}

impl Group {
    /// The configuration of deployments that name none.
    pub(super) fn config(&self) -> &str {
        text(&self.sent, "deploymentConfigName").unwrap_or(STANDARD)
    }

    /// Whether it replaces its instances instead of updating them.
    pub(super) fn is_blue_green(&self) -> bool {
        self.sent.get("deploymentStyle").is_some_and(|style| style["deploymentType"] == "BLUE_GREEN")
    }

    /// Whether instances are taken out of a load balancer meanwhile: "you must specify a load balancer" for that.
    pub(super) fn controls_traffic(&self) -> bool {
        let wanted = self.sent.get("deploymentStyle").is_some_and(|style| style["deploymentOption"] == "WITH_TRAFFIC_CONTROL");
        wanted && self.sent.contains_key("loadBalancerInfo")
    }
}

pub(super) fn no_group(name: &str) -> AwsError {
    refused("DeploymentGroupDoesNotExist", format!("No Deployment Group found for name: {name}"))
}

/// What both actions check of what is sent.
fn check(state: &State, input: &Members) -> Result<(), AwsError> {
    if let Some(role) = text(input, "serviceRoleArn") {
        let parts: Vec<&str> = role.splitn(6, ':').collect();
        if parts.len() != 6 || parts[2] != "iam" || !parts[5].starts_with("role/") {
            return Err(refused("InvalidRole", format!("The service role ARN is not valid: {role}")));
        }
    }
    let list = |key: &str| input.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if list("ec2TagFilters") && input.get("ec2TagSet").is_some_and(|set| set["ec2TagSetList"] != json!([])) {
        let message = "A call was submitted that specified both Ec2TagFilters and Ec2TagSet, but only one of these data types can \
                       be used in a single call.";
        return Err(refused("InvalidEC2TagCombination", message));
    }
    if let Some(name) = text(input, "deploymentConfigName") {
        state.minimum(name)?;
    }
    let style = input.get("deploymentStyle").cloned().unwrap_or_default();
    let known = |key: &str, words: &[&str]| style[key].as_str().is_none_or(|word| words.contains(&word));
    if !known("deploymentType", &["IN_PLACE", "BLUE_GREEN"])
        || !known("deploymentOption", &["WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"])
    {
        return Err(refused("InvalidDeploymentStyle", "An invalid deployment style was specified."));
    }
    if style["deploymentType"] == "BLUE_GREEN" && style["deploymentOption"] == "WITHOUT_TRAFFIC_CONTROL" {
        let message = "For a blue/green deployment, the deployment option must be WITH_TRAFFIC_CONTROL.";
        return Err(refused("InvalidDeploymentStyle", message));
    }
    rollback(input)
}

/// "The automatic rollback configuration was specified in an invalid format. For example, automatic rollback is enabled,
/// but an invalid triggering event type or no event types were listed."
pub(super) fn rollback(input: &Members) -> Result<(), AwsError> {
    let Some(configuration) = input.get("autoRollbackConfiguration") else { return Ok(()) };
    const EVENTS: [&str; 3] = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
    let events = configuration["events"].as_array().cloned().unwrap_or_default();
    let unknown = events.iter().any(|event| !event.as_str().is_some_and(|event| EVENTS.contains(&event)));
    if unknown || configuration["enabled"] == true && events.is_empty() {
        let message = "The automatic rollback configuration was specified in an invalid format.";
        return Err(refused("InvalidAutoRollbackConfig", message));
    }
    Ok(())
}

impl State {
    pub(super) fn group(&self, input: &Members) -> Result<(&str, &str, &Group), AwsError> {
        let (application, found) = self.application(input)?;
        let name = checked_name(input, "deploymentGroupName", "DeploymentGroup")?;
        let (name, group) = found.groups.get_key_value(name).ok_or_else(|| no_group(name))?;
        Ok((application, name, group))
    }

    pub(super) fn create_group(&mut self, input: &Members) -> Answer {
        self.application(input)?;
        let name = checked_name(input, "deploymentGroupName", "DeploymentGroup")?.to_string();
        if text(input, "serviceRoleArn").is_none() {
            return Err(refused("RoleRequired", "The role ID was not specified."));
        }
        check(self, input)?;
        let tags = tags::read(input, "tags")?;
        if self.application(input)?.1.groups.contains_key(&name) {
            return Err(refused("DeploymentGroupAlreadyExists", format!("Deployment Group {name} already exists.")));
        }
        let mut sent = input.clone();
        sent.retain(|key, _| KEPT.contains(&key.as_str()));
        self.fleet.provide(&sent);
        let id = self.ids.uuid();
        let group = Group { id: id.clone(), sent, tags, target: None };
        self.application_mut(input)?.groups.insert(name, group);
        Ok(json!({"deploymentGroupId": id}))
    }

    /// What is left out stays as it is; an empty list removes.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_UpdateDeploymentGroup.html>
    pub(super) fn update_group(&mut self, input: &Members) -> Answer {
        let application = self.application(input)?.0.to_string();
        let name = checked_name(input, "currentDeploymentGroupName", "DeploymentGroup")?.to_string();
        if !self.applications[&application].groups.contains_key(&name) {
            return Err(no_group(&name));
        }
        check(self, input)?;
        let new = match text(input, "newDeploymentGroupName") {
            None => name.clone(),
            Some(_) => checked_name(input, "newDeploymentGroupName", "DeploymentGroup")?.to_string(),
        };
        if new != name && self.applications[&application].groups.contains_key(&new) {
            return Err(refused("DeploymentGroupAlreadyExists", format!("Deployment Group {new} already exists.")));
        }
        let groups = &mut self.application_mut(input)?.groups;
        if let Some(mut group) = groups.remove(&name) {
            for (key, member) in input.iter().filter(|(key, _)| KEPT.contains(&key.as_str())) {
                group.sent.insert(key.clone(), member.clone());
            }
            let sent = group.sent.clone();
            groups.insert(new.clone(), group);
            self.fleet.provide(&sent);
        }
        let own = |deployment: &&mut Deployment| deployment.application == application && deployment.group == name;
        self.deployments.values_mut().filter(own).for_each(|deployment| deployment.group = new.clone());
        Ok(json!({"hooksNotCleanedUp": []}))
    }

    pub(super) fn get_group(&self, input: &Members) -> Answer {
        let (application, name, group) = self.group(input)?;
        Ok(json!({"deploymentGroupInfo": self.group_view(application, name, group)}))
    }

    /// Groups that do not exist are left out, and named in `errorMessage`:
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentGroups.html>.
    pub(super) fn batch_get_groups(&self, input: &Members) -> Answer {
        let (application, found) = self.application(input)?;
        let names = texts(input, "deploymentGroupNames");
        if names.is_empty() {
            return Err(refused("DeploymentGroupNameRequired", "deploymentGroupNames is required."));
        }
        if names.len() > 100 {
            return Err(refused("BatchLimitExceeded", "The maximum number of names or IDs for a batch request is 100."));
        }
        let view = |name: &String| found.groups.get(name).map(|group| self.group_view(application, name, group));
        let mut answer = json!({"deploymentGroupsInfo": names.iter().filter_map(view).collect::<Vec<_>>()});
        let missing: Vec<&str> = names.iter().filter(|name| !found.groups.contains_key(*name)).map(String::as_str).collect();
        if !missing.is_empty() {
            answer["errorMessage"] = format!("No Deployment Group found for name: {}", missing.join(", ")).into();
        }
        Ok(answer)
    }

    pub(super) fn list_groups(&self, input: &Members) -> Answer {
        let (name, application) = self.application(input)?;
        let names = application.groups.keys().map(|name| json!(name)).collect();
        let mut page = paging::page(input, "deploymentGroups", names, self.page_size)?;
        page["applicationName"] = name.into();
        Ok(page)
    }

    /// Deleting what is not there is no error: the page of DeleteDeploymentGroup has none for it.
    pub(super) fn delete_group(&mut self, input: &Members) -> Answer {
        let application = checked_name(input, "applicationName", "Application")?;
        let name = checked_name(input, "deploymentGroupName", "DeploymentGroup")?;
        if let Some(application) = self.applications.get_mut(application) {
            application.groups.remove(name);
        }
        Ok(json!({"hooksNotCleanedUp": []}))
    }

    /// The deployments of a group, the newest first.
    pub(super) fn of_group<'a>(&'a self, application: &str, group: &str) -> impl Iterator<Item = &'a Deployment> {
        let newest = self.order.iter().rev().filter_map(|id| self.deployments.get(id));
        newest.filter(move |own| own.application == application && own.group == group)
    }

    /// As <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentGroupInfo.html> has it.
    fn group_view(&self, application: &str, name: &str, group: &Group) -> Value {
        let mut view = json!({
            "applicationName": application,
            "deploymentGroupId": group.id,
            "deploymentGroupName": name,
            "deploymentConfigName": group.config(),
            "ec2TagFilters": [],
            "onPremisesInstanceTagFilters": [],
            "autoScalingGroups": [],
            "triggerConfigurations": [],
            "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"},
            "outdatedInstancesStrategy": "UPDATE",
            "computePlatform": self.applications[application].platform,
            "terminationHookEnabled": false,
        });
        for (key, member) in &group.sent {
            view[key] = member.clone();
        }
        let hook =
            |name: &String| json!({"name": name, "hook": format!("CodeDeploy-managed-automatic-launch-deployment-hook-{name}")});
        view["autoScalingGroups"] = texts(&group.sent, "autoScalingGroups").iter().map(hook).collect();
        if let Some(target) = &group.target {
            view["targetRevision"] = target.clone();
        }
        if let Some(last) = self.of_group(application, name).next() {
            view["lastAttemptedDeployment"] = last.last();
        }
        if let Some(last) = self.of_group(application, name).find(|deployment| deployment.succeeded()) {
            view["lastSuccessfulDeployment"] = last.last();
        }
        view
    }
}
