//! Amazon ECS: the state of one account in one Region, and the actions on it.

mod account_settings;
mod circuit_breaker;
mod clusters;
mod container_instances;
mod deployments;
mod error;
mod events;
mod fill;
mod names;
mod network;
mod normal;
mod order;
mod paging;
mod rollout;
mod run_task;
mod service;
mod services;
pub(crate) mod shapes;
mod tags;
mod task;
mod task_definitions;
mod tasks;
mod update;
mod validate_service;
mod validate_task_definition;
mod view;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::consistency::Consistency;
use crate::error::AwsError;
use crate::ids::Ids;
use crate::options::Options;

use names::Names;
use service::Service;
use task_definitions::TaskDefinition;

/// A JSON object: most of the state is in AWS's own words.
pub(crate) type Members = Map<String, Value>;

/// What an action answers.
pub(crate) type Answer = Result<Value, AwsError>;

/// The state of one account in one Region.
pub(crate) struct State {
    names: Names,
    ids: Ids,
    auto_clusters: bool,
    page_size: Option<usize>,
    container_instances: u32,
    consistency: Consistency,
    clusters: BTreeMap<String, clusters::Cluster>,
    families: BTreeMap<String, Vec<TaskDefinition>>,
    services: BTreeMap<String, Service>,
    standalone: Vec<run_task::Standalone>,
    account_settings: BTreeMap<String, String>,
    tokens: Vec<run_task::Token>,
    /// How often there was no room for a task of a revision.
    refused: BTreeMap<String, u32>,
}

impl State {
    /// An empty account.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            names: Names { account: options.account_id.clone(), region: options.region.clone() },
            ids: Ids::default(),
            auto_clusters: options.auto_clusters,
            page_size: options.page_size,
            container_instances: options.container_instances,
            consistency: Consistency::new(options.eventual_consistency),
            clusters: BTreeMap::new(),
            families: BTreeMap::new(),
            services: BTreeMap::new(),
            standalone: Vec::new(),
            account_settings: BTreeMap::new(),
            tokens: Vec::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Lets everything that was due until `now` happen, each thing at its own time.
    pub(crate) fn advance(&mut self, now: Seconds) {
        for service in self.services.values_mut() {
            rollout::advance(service, &mut self.ids, now);
        }
        self.advance_standalone(now);
    }

    /// One call, at `now`.
    pub(crate) fn call(&mut self, action: &str, input: &Value, now: Seconds) -> Answer {
        let input = shapes::read(action, input)?;
        match action {
            "CreateCluster" => self.create_cluster(&input),
            "DescribeClusters" => self.describe_clusters(&input),
            "ListClusters" => self.list_clusters(&input),
            "DeleteCluster" => self.delete_cluster(&input),
            "RegisterTaskDefinition" => self.register_task_definition(&input, now),
            "DescribeTaskDefinition" => self.describe_task_definition(&input, now),
            "DeregisterTaskDefinition" => self.deregister_task_definition(&input, now),
            "DeleteTaskDefinitions" => self.delete_task_definitions(&input, now),
            "ListContainerInstances" => self.list_container_instances(&input),
            "DescribeContainerInstances" => self.describe_container_instances(&input, now),
            "UpdateCluster" | "UpdateClusterSettings" | "PutClusterCapacityProviders" => self.change_cluster(&input),
            "DescribeCapacityProviders" => self.describe_capacity_providers(&input),
            "ListAccountSettings" => self.list_account_settings(&input),
            "PutAccountSetting" | "PutAccountSettingDefault" => self.put_account_setting(&input),
            "ListTaskDefinitions" => self.list_task_definitions(&input),
            "ListTaskDefinitionFamilies" => self.list_task_definition_families(&input),
            "CreateService" => self.create_service(&input, now),
            "DescribeServices" => self.describe_services(&input, now),
            "UpdateService" => self.update_service(&input, now),
            "DeleteService" => self.delete_service(&input, now),
            "ListServices" => self.list_services(&input, now),
            "DescribeServiceDeployments" => self.describe_service_deployments(&input),
            "ListServiceDeployments" => self.list_service_deployments(&input),
            "DescribeServiceRevisions" => self.describe_service_revisions(&input),
            "StopServiceDeployment" => self.stop_service_deployment(&input, now),
            "RunTask" => self.run_task(&input, now),
            "ListTasks" => self.list_tasks(&input, now),
            "DescribeTasks" => self.describe_tasks(&input, now),
            "StopTask" => self.stop_task(&input, now),
            "TagResource" => self.tag_resource(&input, now),
            "UntagResource" => self.untag_resource(&input, now),
            "ListTagsForResource" => self.list_tags_for_resource(&input),
            _ => Err(AwsError::unknown_operation()),
        }
    }
}

/// What a call names, for the log: `cluster/service`, a family, or an ARN.
pub(crate) fn resource(input: &Value) -> String {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_string();
    if let Some(service) = text("serviceName").or_else(|| text("service")) {
        return format!("{}/{}", text("cluster").map_or("default".into(), last), last(service));
    }
    let single = ["family", "taskDefinition", "resourceArn", "task", "serviceDeploymentArn", "clusterName", "familyPrefix"];
    if let Some(named) = single.iter().find_map(|key| text(key)) {
        return named.to_string();
    }
    text("cluster").map_or_else(String::new, last)
}

/// A string member of an input.
fn text<'a>(input: &'a Members, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str)
}

/// The strings of a list member of an input.
fn texts<'a>(input: &'a Members, key: &str) -> Vec<&'a str> {
    input.get(key).and_then(Value::as_array).map_or_else(Vec::new, |list| list.iter().filter_map(Value::as_str).collect())
}

/// Whether `include` asks for tags.
fn with_tags(input: &Members) -> bool {
    texts(input, "include").contains(&"TAGS")
}
