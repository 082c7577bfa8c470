//! One look at one service: its description, what it runs, and what else the planner needs this time.

use driftless_core::desired::{EcsService, Resource, TaskDefinition};
use driftless_core::observed::{Observed, ServiceObservation};
use driftless_core::plan::Context;
use driftless_core::plan::ecs::{Wants, wants};
use serde_json::{Value, json};

use super::{Ecs, Looked, ecs_call};
use crate::aws::error::ProviderError;
use crate::clock;

/// How many of a family's newest revisions are looked at (rule 4 of the design).
const CANDIDATES: usize = 10;
/// How many service deployments are looked at.
const DEPLOYMENTS: usize = 10;
/// How many stopped tasks are looked at. They are told for an hour at least.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>
const STOPPED_TASKS: usize = 100;
/// "You can specify up to 20 ARNs", DescribeServiceDeployments and DescribeServiceRevisions.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html>
const ARNS: usize = 20;

impl Ecs {
    /// Looks at the service that `resource` declares as `declared`. A read that fails makes what it should have shown `Unknown`;
    /// where the observation has no such word for it, the service itself (rule 5: nothing is decided on half a look).
    pub async fn observe(&self, resource: &Resource, declared: &EcsService, context: &Context<'_>) -> ServiceObservation {
        self.observe_with(declared, |service, definition| wants(resource, declared, service, definition, context)).await
    }

    /// [`Ecs::observe`], with what else to read decided by `wanted`.
    async fn observe_with(
        &self,
        service: &EcsService,
        wanted: impl FnOnce(&Observed<Value>, Option<&Value>) -> Wants,
    ) -> ServiceObservation {
        let looked = self.services.load(service.cluster.clone(), service.service_name.clone()).await;
        let looked = looked.unwrap_or_else(|| Looked {
            service: Observed::Unknown("DescribeServices ended without an answer; the agent looks again".to_owned()),
            now: clock::now() as f64,
        });
        let mut observation = ServiceObservation {
            service: looked.service,
            task_definition: None,
            candidates: Observed::Absent,
            base: Observed::Absent,
            service_deployments: Vec::new(),
            service_revisions: Vec::new(),
            stopped_tasks: Vec::new(),
            now: looked.now,
        };
        if matches!(observation.service, Observed::Unknown(_)) {
            return observation;
        }
        if let Err(error) = self.look_further(service, wanted, &mut observation).await {
            observation.service = Observed::Unknown(error.to_string());
        }
        observation
    }

    async fn look_further(
        &self,
        service: &EcsService,
        wanted: impl FnOnce(&Observed<Value>, Option<&Value>) -> Wants,
        observation: &mut ServiceObservation,
    ) -> Result<(), ProviderError> {
        observation.task_definition = self.own_task_definition(service, observation.service.present()).await?;
        let wanted = wanted(&observation.service, observation.task_definition.as_ref());
        let name = format!("{}/{}", service.cluster, service.service_name);
        if wanted.base {
            observation.base = self.base(service).await;
        }
        if wanted.candidates {
            observation.candidates = self.candidates(service).await;
        }
        let live = observation.service.present().filter(|service| status(service) != "INACTIVE").cloned();
        if let Some(live) = live {
            if wanted.service_deployments {
                observation.service_deployments = self.service_deployments(service, &live, &name).await?;
            }
            if wanted.service_revisions {
                observation.service_revisions = self.service_revisions(&live, &observation.service_deployments, &name).await?;
            }
            if wanted.stopped_tasks {
                // They only make messages better: a service is judged without them too.
                observation.stopped_tasks = self.stopped_tasks(service, &name).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "stopped tasks could not be read");
                    Vec::new()
                });
            }
        }
        Ok(())
    }

    /// What the service runs. Kept for good, unless people's tags on it count: those can change. They count where the
    /// manifest declares tags, and where its images are laid over a family's revision, whose tags the new one takes over.
    async fn own_task_definition(&self, service: &EcsService, observed: Option<&Value>) -> Result<Option<Value>, ProviderError> {
        let arn = observed.filter(|service| status(service) != "INACTIVE").and_then(|service| service.get("taskDefinition"));
        let Some(arn) = arn.and_then(Value::as_str) else { return Ok(None) };
        let tagged = match &service.task_definition {
            TaskDefinition::Document(document) => document.get("tags").is_some(),
            TaskDefinition::Family { .. } => !service.images.is_empty(),
        };
        if !tagged && let Some(kept) = self.contents.get(arn) {
            return Ok(Some(kept));
        }
        match self.describe_task_definition(arn).await {
            Ok(answer) if tagged => Ok(Some(answer)),
            Ok(answer) => Ok(Some(self.contents.keep(arn, answer))),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `{taskDefinition, tags}`. `name` is an ARN, `family:revision`, or a family for its newest ACTIVE revision.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html>
    pub(super) async fn describe_task_definition(&self, name: &str) -> Result<Value, ProviderError> {
        let body = json!({"taskDefinition": name, "include": ["TAGS"]});
        let said = ecs_call!(&self.target, describe_task_definition, "DescribeTaskDefinition", name, &body).await?;
        Ok(said.json)
    }

    /// The revision that a `family:` manifest follows or pins.
    async fn base(&self, service: &EcsService) -> Observed<Value> {
        let TaskDefinition::Family { family, revision } = &service.task_definition else { return Observed::Absent };
        let name = revision.map_or_else(|| family.clone(), |revision| format!("{family}:{revision}"));
        match self.describe_task_definition(&name).await {
            Ok(answer) => Observed::Present(answer),
            Err(ProviderError::NotFound(_)) => Observed::Absent,
            Err(error) => Observed::Unknown(error.to_string()),
        }
    }

    async fn candidates(&self, service: &EcsService) -> Observed<Vec<Value>> {
        let Some(family) = service.task_definition.family() else { return Observed::Present(Vec::new()) };
        match self.newest(&family).await {
            Ok(candidates) => Observed::Present(candidates),
            Err(error) => Observed::Unknown(error.to_string()),
        }
    }

    /// The family's newest ACTIVE revisions, newest first. `familyPrefix` is "the full family name" for AWS, and a prefix
    /// for some emulators, which may also ignore `sort`.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html>
    async fn newest(&self, family: &str) -> Result<Vec<Value>, ProviderError> {
        let body = json!({"familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": CANDIDATES});
        let resource = format!("the family {family}");
        let said = ecs_call!(&self.target, list_task_definitions, "ListTaskDefinitions", &resource, &body).await?;
        let mut revisions: Vec<(u64, &str)> = strings(&said.json, "taskDefinitionArns")
            .filter_map(|arn| {
                let (of, revision) = arn.rsplit('/').next()?.rsplit_once(':')?;
                (of == family).then_some((revision.parse().ok()?, arn))
            })
            .collect();
        revisions.sort_unstable_by(|one, other| other.cmp(one));
        let reads = revisions.iter().take(CANDIDATES).map(|(_, arn)| self.describe_task_definition(arn));
        let mut found = Vec::new();
        for answer in futures_util::future::join_all(reads).await {
            match answer {
                Ok(answer) if answer.pointer("/taskDefinition/status").is_none_or(|status| status == "ACTIVE") => {
                    found.push(answer)
                }
                // Deregistered or deleted since the list.
                Ok(_) | Err(ProviderError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Newest first. ListServiceDeployments promises no order: a whole page is read ("between 1 and 100"), and the current
    /// one, which DescribeServices names, is described in any case.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html>
    async fn service_deployments(&self, service: &EcsService, live: &Value, name: &str) -> Result<Vec<Value>, ProviderError> {
        const LIST: &str = "ListServiceDeployments";
        const DESCRIBE: &str = "DescribeServiceDeployments";
        if self.target.lacks(LIST) || self.target.lacks(DESCRIBE) {
            return Ok(Vec::new());
        }
        let body = json!({"cluster": service.cluster, "service": service.service_name, "maxResults": 100});
        let listed = ecs_call!(&self.target, list_service_deployments, LIST, name, &body).await;
        let Some(listed) = self.known(LIST, listed)? else { return Ok(Vec::new()) };
        let mut briefs: Vec<&Value> = members(&listed, "serviceDeployments").collect();
        newest_first(&mut briefs);
        let mut arns: Vec<&str> = Vec::new();
        let newest = briefs.into_iter().take(DEPLOYMENTS).filter_map(|brief| brief.get("serviceDeploymentArn"));
        for arn in live.get("currentServiceDeployment").into_iter().chain(newest).filter_map(Value::as_str) {
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({"serviceDeploymentArns": arns});
        let told = ecs_call!(&self.target, describe_service_deployments, DESCRIBE, name, &body).await;
        let Some(told) = self.known(DESCRIBE, told)? else { return Ok(Vec::new()) };
        let mut told: Vec<&Value> = members(&told, "serviceDeployments").collect();
        newest_first(&mut told);
        Ok(told.into_iter().cloned().collect())
    }

    /// The targets of the deployments, and what the service runs now.
    async fn service_revisions(&self, live: &Value, deployments: &[Value], name: &str) -> Result<Vec<Value>, ProviderError> {
        const DESCRIBE: &str = "DescribeServiceRevisions";
        let targets = deployments.iter().filter_map(|deployment| deployment.pointer("/targetServiceRevision/arn"));
        let current = members(live, "currentServiceRevisions").filter_map(|revision| revision.get("arn"));
        let mut arns: Vec<&str> = Vec::new();
        for arn in current.chain(targets).filter_map(Value::as_str) {
            if !arns.contains(&arn) && arns.len() < ARNS {
                arns.push(arn);
            }
        }
        if arns.is_empty() || self.target.lacks(DESCRIBE) {
            return Ok(Vec::new());
        }
        let body = json!({"serviceRevisionArns": arns});
        let told = self.known(DESCRIBE, ecs_call!(&self.target, describe_service_revisions, DESCRIBE, name, &body).await)?;
        Ok(told.map(|told| members(&told, "serviceRevisions").cloned().collect()).unwrap_or_default())
    }

    /// Newest first. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>
    async fn stopped_tasks(&self, service: &EcsService, name: &str) -> Result<Vec<Value>, ProviderError> {
        let body = json!({
            "cluster": service.cluster, "serviceName": service.service_name, "desiredStatus": "STOPPED", "maxResults": 100,
        });
        let listed = ecs_call!(&self.target, list_tasks, "ListTasks", name, &body).await?;
        // ListTasks promises no order: all of the page are described ("up to 100 task IDs or full ARN entries").
        let arns: Vec<&str> = strings(&listed.json, "taskArns").take(100).collect();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({"cluster": service.cluster, "tasks": arns});
        let told = ecs_call!(&self.target, describe_tasks, "DescribeTasks", name, &body).await?;
        let mut tasks: Vec<&Value> = members(&told.json, "tasks").collect();
        let stopped = |task: &Value| task.get("stoppedAt").and_then(Value::as_f64).unwrap_or_default();
        tasks.sort_by(|one, other| stopped(other).total_cmp(&stopped(one)));
        Ok(tasks.into_iter().take(STOPPED_TASKS).cloned().collect())
    }

    /// The answer, or None from a server that has no such action (which is then not asked again), or where ECS has it
    /// not for this service: "The specified task isn't supported in this Region", or a service that is gone.
    fn known(&self, action: &'static str, said: Result<super::Said, ProviderError>) -> Result<Option<Value>, ProviderError> {
        match said {
            Ok(said) => Ok(Some(said.json)),
            Err(error) if error.unknown_action() => {
                self.target.remember_lacking(action);
                Ok(None)
            }
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) if error.code() == Some("UnsupportedFeatureException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn status(service: &Value) -> &str {
    service.get("status").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn members<'a>(answer: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(list).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn strings<'a>(answer: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    members(answer, list).filter_map(Value::as_str)
}

/// By `createdAt`, seconds since the epoch; the order of what has none stays.
fn newest_first(deployments: &mut [&Value]) {
    let created = |deployment: &Value| deployment.get("createdAt").and_then(Value::as_f64).unwrap_or_default();
    deployments.sort_by(|one, other| created(other).total_cmp(&created(one)));
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
