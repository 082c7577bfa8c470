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
use crate::error::AwsError;
use crate::ids::Ids;
use crate::options::Options;
use crate::types;
use crate::world::{Answer, World};

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
        }
    }

    /// `arn:aws:codedeploy:REGION:ACCOUNT:REST`:
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html>.
    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:codedeploy:{}:{}:{rest}", self.region, self.account)
    }
}

/// Lets everything that was due until `now` happen.
pub(crate) fn advance(world: &mut World, now: Seconds) {
    world.codedeploy.advance(&world.s3, now);
}

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    let shape = TABLE["actions"].get(action).and_then(Value::as_str).ok_or_else(AwsError::unknown_operation)?;
    let input = types::read(&TABLE, shape, input)?;
    let state = &mut world.codedeploy;
    match action {
        "CreateApplication" => state.create_application(&input, now),
        "GetApplication" => state.get_application(&input),
        "BatchGetApplications" => state.batch_get_applications(&input),
        "ListApplications" => state.list_applications(&input),
        "UpdateApplication" => state.update_application(&input),
        "DeleteApplication" => state.delete_application(&input),
        "CreateDeploymentGroup" => state.create_group(&input),
        "GetDeploymentGroup" => state.get_group(&input),
        "BatchGetDeploymentGroups" => state.batch_get_groups(&input),
        "ListDeploymentGroups" => state.list_groups(&input),
        "UpdateDeploymentGroup" => state.update_group(&input),
        "DeleteDeploymentGroup" => state.delete_group(&input),
        "CreateDeploymentConfig" => state.create_config(&input, now),
        "GetDeploymentConfig" => state.get_config(&input),
        "ListDeploymentConfigs" => state.list_configs(&input),
        "DeleteDeploymentConfig" => state.delete_config(&input),
        "RegisterApplicationRevision" => state.register_revision(&input, now),
        "GetApplicationRevision" => state.get_revision(&input),
        "ListApplicationRevisions" => state.list_revisions(&input),
        "CreateDeployment" => state.create_deployment(&input, now),
        "GetDeployment" => state.get_deployment(&input),
        "BatchGetDeployments" => state.batch_get_deployments(&input),
        "ListDeployments" => state.list_deployments(&input),
        "StopDeployment" => state.stop_deployment(&input, now),
        "ContinueDeployment" => state.continue_deployment(&input, now),
        "ListDeploymentTargets" => state.list_targets(&input),
        "GetDeploymentTarget" => state.get_target(&input),
        "BatchGetDeploymentTargets" => state.batch_get_targets(&input),
        "ListDeploymentInstances" => state.list_instances(&input),
        "TagResource" => state.tag_resource(&input),
        "UntagResource" => state.untag_resource(&input),
        "ListTagsForResource" => state.list_tags(&input),
        _ => Err(AwsError::unknown_operation()),
    }
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
