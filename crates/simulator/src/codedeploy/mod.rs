//! AWS CodeDeploy, awsJson 1.1: applications, groups, and deployments to EC2 instances over the logical clock.
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/Welcome.html>

mod applications;
mod configs;
mod controls;
mod create;
mod deployment;
mod deployments;
mod failures;
mod groups;
mod instances;
mod lifecycle;
mod paging;
mod revisions;
mod rollback;
mod run;
mod tags;
mod targets;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;
use crate::ids::Ids;
use crate::options::{Options, Spelling};
use crate::types;
use crate::world::World;

pub(crate) use controls::router;
pub use failures::InstanceFailure;

static TABLE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("shapes.json")).expect("the generated table is JSON"));

/// A JSON object: most of the state is in AWS's own words.
type Members = Map<String, Value>;

/// Applications, groups and deployments, and the instances that they are deployed to.
pub(crate) struct State {
    account: String,
    region: String,
    page_size: Option<usize>,
    ids: Ids,
    applications: BTreeMap<String, applications::Application>,
    configs: BTreeMap<String, configs::Config>,
    /// By id, which is also what stands in `order`, the oldest first.
    deployments: BTreeMap<String, deployment::Deployment>,
    order: Vec<String>,
    pub(crate) fleet: instances::Fleet,
    failures: Vec<InstanceFailure>,
    /// Lists have lost what failed or was stopped.
    aged: bool,
}

impl State {
    /// Nothing but the predefined configurations.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            account: options.account_id.clone(),
            region: options.region.clone(),
            page_size: options.page_size,
            ids: Ids::of_range(4),
            applications: BTreeMap::new(),
            configs: configs::predefined(),
            deployments: BTreeMap::new(),
            order: Vec::new(),
            fleet: instances::Fleet::new(options.instances),
            failures: Vec::new(),
            aged: matches!(options.spelling, Spelling::Invented(seed) if seed % 2 == 1),
        }
    }

    /// `arn:aws:codedeploy:REGION:ACCOUNT:REST`:
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html>.
    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:codedeploy:{}:{}:{rest}", self.region, self.account)
    }

    /// One call, at `now`.
    pub(crate) fn call(&mut self, action: &str, input: &Value, now: Seconds) -> Answer {
        let shape = TABLE["actions"].get(action).and_then(Value::as_str).ok_or_else(AwsError::unknown_operation)?;
        let input = types::read(&TABLE, shape, input)?;
        match action {
            "CreateApplication" => self.create_application(&input, now),
            "GetApplication" => self.get_application(&input),
            "BatchGetApplications" => self.batch_get_applications(&input),
            "ListApplications" => self.list_applications(&input),
            "UpdateApplication" => self.update_application(&input),
            "DeleteApplication" => self.delete_application(&input),
            "CreateDeploymentGroup" => self.create_group(&input),
            "GetDeploymentGroup" => self.get_group(&input),
            "BatchGetDeploymentGroups" => self.batch_get_groups(&input),
            "ListDeploymentGroups" => self.list_groups(&input),
            "UpdateDeploymentGroup" => self.update_group(&input),
            "DeleteDeploymentGroup" => self.delete_group(&input),
            "CreateDeploymentConfig" => self.create_config(&input, now),
            "GetDeploymentConfig" => self.get_config(&input),
            "ListDeploymentConfigs" => self.list_configs(&input),
            "DeleteDeploymentConfig" => self.delete_config(&input),
            "RegisterApplicationRevision" => self.register_revision(&input, now),
            "GetApplicationRevision" => self.get_revision(&input),
            "ListApplicationRevisions" => self.list_revisions(&input),
            "CreateDeployment" => self.create_deployment(&input, now),
            "GetDeployment" => self.get_deployment(&input),
            "BatchGetDeployments" => self.batch_get_deployments(&input),
            "ListDeployments" => self.list_deployments(&input),
            "StopDeployment" => self.stop_deployment(&input, now),
            "ContinueDeployment" => self.continue_deployment(&input, now),
            "ListDeploymentTargets" => self.list_targets(&input),
            "GetDeploymentTarget" => self.get_target(&input),
            "BatchGetDeploymentTargets" => self.batch_get_targets(&input),
            "GetDeploymentInstance" => self.get_instance(&input),
            "BatchGetDeploymentInstances" => self.batch_get_instances(&input),
            "ListDeploymentInstances" => self.list_instances(&input),
            "TagResource" => self.tag_resource(&input),
            "UntagResource" => self.untag_resource(&input),
            "ListTagsForResource" => self.list_tags(&input),
            _ => Err(AwsError::unknown_operation()),
        }
    }
}

/// Lets everything that was due until `now` happen.
pub(crate) fn advance(world: &mut World, now: Seconds) {
    world.codedeploy.advance(&world.s3, now);
}

/// What a call names, for the log and for faults: `application/group`, an application, a deployment's id or an ARN.
pub(crate) fn resource(input: &Value) -> String {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let group = text("deploymentGroupName").or_else(|| text("currentDeploymentGroupName"));
    if let (Some(application), Some(group)) = (text("applicationName"), group) {
        return format!("{application}/{group}");
    }
    let named = ["deploymentId", "applicationName", "ResourceArn", "deploymentConfigName"].into_iter().find_map(text);
    named.unwrap_or_default().to_string()
}

/// A string member of an input.
fn text<'a>(input: &'a Members, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str)
}

/// The strings of a list member of an input.
fn texts(input: &Members, key: &str) -> Vec<String> {
    let list = input.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|text| text.as_str().map(String::from)).collect()
}

/// An error with this code. Each action's page lists its own.
fn refused(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(&format!("{code}Exception"), message)
}
