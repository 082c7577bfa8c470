//! The controls of CodeDeploy's surroundings: the instances, and what fails on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Extract;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{InstanceFailure, State};
use crate::clock::Seconds;
use crate::server::Shared;
use crate::simulator::Simulator;

/// The routes below `/_simulator/codedeploy`.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/instances", get(instances).post(launch).delete(terminate)).route("/failures", post(fail).delete(heal))
}

async fn instances(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    Json(shared.step(|world, _| json!({"instances": world.codedeploy.fleet.view()})))
}

/// Instances to be made.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Launch {
    count: u32,
    tags: BTreeMap<String, String>,
    auto_scaling_group: Option<String>,
}

impl Default for Launch {
    fn default() -> Self {
        Self { count: 1, tags: BTreeMap::new(), auto_scaling_group: None }
    }
}

async fn launch(Extract(shared): Extract<Arc<Shared>>, Json(launch): Json<Launch>) -> Json<Value> {
    let Launch { count, tags, auto_scaling_group } = launch;
    let group = auto_scaling_group.as_deref();
    Json(shared.step(|world, now| json!({"instances": world.codedeploy.launch(count, &tags, group, now)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terminate {
    instance: String,
}

async fn terminate(Extract(shared): Extract<Arc<Shared>>, Json(asked): Json<Terminate>) -> Json<Value> {
    Json(shared.step(|world, _| json!({"terminated": world.codedeploy.fleet.remove(&asked.instance)})))
}

async fn fail(Extract(shared): Extract<Arc<Shared>>, Json(failure): Json<InstanceFailure>) -> Json<Value> {
    shared.step(|world, _| world.codedeploy.failures.push(failure));
    Json(json!({}))
}

async fn heal(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    shared.step(|world, _| world.codedeploy.failures.clear());
    Json(json!({}))
}

impl State {
    /// Launches instances; those of an Auto Scaling group catch up with its deployment groups.
    pub(crate) fn launch(
        &mut self,
        count: u32,
        tags: &BTreeMap<String, String>,
        group: Option<&str>,
        now: Seconds,
    ) -> Vec<String> {
        let made = self.fleet.add(count, tags, group);
        if let Some(group) = group {
            self.scaled_out(group, &made, now);
        }
        made
    }
}

impl Simulator {
    /// Launches EC2 instances with these tags, and gives their ids.
    pub fn launch_instances(&self, count: u32, tags: &[(&str, &str)]) -> Vec<String> {
        let tags = tags.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect();
        self.with_world(|world, now| world.codedeploy.launch(count, &tags, None, now))
    }

    /// Launches instances into an Auto Scaling group, as a scale-out does, and gives their ids.
    pub fn scale_out(&self, auto_scaling_group: &str, count: u32) -> Vec<String> {
        let (tags, group) = (BTreeMap::new(), Some(auto_scaling_group));
        self.with_world(|world, now| world.codedeploy.launch(count, &tags, group, now))
    }

    /// Terminates an instance. False when there is none.
    pub fn terminate_instance(&self, id: &str) -> bool {
        self.with_world(|world, _| world.codedeploy.fleet.remove(id))
    }

    /// The ids of all instances.
    pub fn instances(&self) -> Vec<String> {
        self.with_world(|world, _| world.codedeploy.fleet.instances.keys().cloned().collect())
    }

    /// Makes a lifecycle event fail on one instance.
    pub fn fail_instance(&self, failure: InstanceFailure) {
        self.with_world(|world, _| world.codedeploy.failures.push(failure));
    }
}
