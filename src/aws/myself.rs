//! Where the agent itself runs: prune must never delete that.
//!
//! A container of ECS is told the address of its task's metadata in `ECS_CONTAINER_METADATA_URI_V4`. It is on the host's own
//! link, and nobody's credentials are sent there.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>

use std::time::Duration;

use driftless_core::observed::Observed;
use driftless_core::plan::tags;
use driftless_core::prune::Myself;
use serde_json::{Value, json};

use super::ecs::Ecs;

/// The task's ARN and cluster, as its metadata tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTask {
    /// `arn:aws:ecs:…:task/CLUSTER/ID`.
    pub arn: String,
    /// The cluster's name.
    pub cluster: String,
}

impl OwnTask {
    /// Asks the metadata endpoint at `uri` (`ECS_CONTAINER_METADATA_URI_V4`).
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html>
    ///
    /// # Errors
    /// A sentence: no answer, or one without a task.
    pub async fn ask(uri: &str) -> Result<Self, String> {
        let failed = |error: reqwest::Error| format!("the task's own metadata could not be read at {uri}/task: {error}");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().map_err(failed)?;
        let answer: Value = http.get(format!("{uri}/task")).send().await.map_err(failed)?.json().await.map_err(failed)?;
        let text = |member: &str| answer[member].as_str().map(str::to_owned);
        match (text("TaskARN"), text("Cluster")) {
            (Some(arn), Some(cluster)) => Ok(OwnTask { arn, cluster: short(&cluster).to_owned() }),
            _ => Err(format!("the task's own metadata at {uri}/task names no TaskARN and Cluster")),
        }
    }

    /// Whether it runs in this Region: `arn:aws:ecs:REGION:ACCOUNT:task/…`.
    pub fn is_in(&self, region: &str) -> bool {
        self.arn.split(':').nth(3) == Some(region)
    }
}

impl Ecs {
    /// The service and stack that the task belongs to. The metadata names the service on EC2 only; DescribeTasks' `group` is
    /// `service:NAME` everywhere.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
    ///
    /// # Errors
    /// A sentence: what could not be read.
    pub async fn myself(&self, task: &OwnTask) -> Result<Myself, String> {
        let described = self.describe_task(&task.cluster, &task.arn).await.map_err(|error| error.to_string())?;
        let group = described["group"].as_str().unwrap_or_default();
        let mut myself = Myself { cluster: task.cluster.clone(), service: None, stack: None };
        let Some(name) = group.strip_prefix("service:") else { return Ok(myself) };
        myself.service = Some(name.to_owned());
        match self.look(&task.cluster, name).await {
            Observed::Present(service) => {
                myself.stack = tags::read(service.get("tags")).remove("aws:cloudformation:stack-id");
                Ok(myself)
            }
            Observed::Absent => Ok(myself),
            Observed::Unknown(why) => Err(why),
        }
    }

    async fn describe_task(&self, cluster: &str, arn: &str) -> Result<Value, super::ProviderError> {
        let body = json!({"cluster": cluster, "tasks": [arn]});
        let said = super::ecs::ecs_call!(self.target(), describe_tasks, "DescribeTasks", arn, &body).await?;
        Ok(said.json["tasks"][0].clone())
    }
}

fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
