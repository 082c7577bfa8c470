//! One look at one `EcsTask`: what its family's revisions remember of its runs, and the tasks whose end they do not know.

use driftless_core::desired::{EcsTask, Resource, TaskDefinition};
use driftless_core::observed::{Observed, TaskMemory, TaskObservation};
use driftless_core::plan::Context;
use driftless_core::plan::task::memory::{Answers, NEWEST};
use driftless_core::plan::task::{Look, wants};
use serde_json::{Value, json};

use super::family::number;
use super::observe::{members, strings};
use super::{Ecs, ecs_call};
use crate::aws::error::ProviderError;
use crate::clock;

/// "You can specify up to 100 task IDs", DescribeTasks; also the longest page of ListTasks.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>
const TASKS: usize = 100;
/// How many pages of a family's stopped tasks are read: an hour's worth.
const PAGES: usize = 10;

impl Ecs {
    /// Looks at what `declared` of `resource` has run. A read that fails makes what it should have shown `Unknown`.
    pub async fn observe_task(&self, resource: &Resource, declared: &EcsTask, context: &Context<'_>) -> TaskObservation {
        let mut seen = TaskObservation {
            revisions: Observed::Absent,
            memory: TaskMemory::NotAsked,
            base: Observed::Absent,
            tasks: Observed::Absent,
            written_at: None,
            now: clock::now() as f64,
        };
        match self.revisions(resource, declared, context, &mut seen).await {
            Ok(revisions) => seen.revisions = Observed::Present(revisions),
            Err(error) => {
                seen.revisions = Observed::Unknown(error.to_string());
                return seen;
            }
        }
        let revisions = seen.revisions.present().map(Vec::as_slice).unwrap_or_default();
        let wanted = wants(resource, declared, revisions, context);
        if !wanted.looks.is_empty() {
            seen.tasks = match self.tasks(declared, &wanted.looks, &mut seen.now).await {
                Ok(tasks) => Observed::Present(tasks),
                Err(error) => Observed::Unknown(error.to_string()),
            };
        }
        seen.written_at = wanted.written_at;
        seen
    }

    /// The newest revisions, the one that a `family:` manifest names, and, before anything is run, all that may know of a run.
    async fn revisions(
        &self,
        resource: &Resource,
        declared: &EcsTask,
        context: &Context<'_>,
        seen: &mut TaskObservation,
    ) -> Result<Vec<Value>, ProviderError> {
        let name = &declared.family();
        let first = self.list_revisions(name, "ACTIVE", None).await?;
        seen.now = first.now;
        let newest = &first.numbers[..first.numbers.len().min(NEWEST)];
        let mut answers = Answers::new();
        self.read_revisions(name, newest, &mut answers).await?;
        if let TaskDefinition::Family { family, revision } = &declared.task_definition {
            let name = revision.map_or_else(|| family.clone(), |revision| format!("{family}:{revision}"));
            seen.base = match self.describe_task_definition(&name).await {
                Ok(answer) => Observed::Present(answer),
                Err(ProviderError::NotFound(_)) => Observed::Absent,
                Err(error) => Observed::Unknown(error.to_string()),
            };
            let base = seen.base.present();
            answers.extend(base.and_then(|base| Some((number(arn(base)?, family)?, Some(base.clone())))));
        }
        let read = |answers: &Answers| answers.values().rev().flatten().cloned().collect::<Vec<Value>>();
        let wanted = wants(resource, declared, &read(&answers), context);
        if wanted.older {
            seen.memory = self.search(name, &wanted.key, first, &mut answers).await?;
        }
        Ok(read(&answers))
    }

    /// The tasks of these runs, as far as AWS tells of them: by their ids, by who started them, and, as only one of ListTasks'
    /// filters may be `startedBy` and it shows what is to run only, among the family's stopped tasks.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>
    async fn tasks(&self, declared: &EcsTask, looks: &[Look], now: &mut f64) -> Result<Vec<Value>, ProviderError> {
        let cluster = &declared.cluster;
        let mut arns: Vec<String> = looks.iter().filter_map(|look| look.task.clone()).collect();
        for look in looks.iter().filter(|look| look.task.is_none()) {
            arns.extend(self.list_tasks(json!({"cluster": cluster, "startedBy": look.started_by}), cluster).await?);
        }
        let mut found = self.describe_tasks(cluster, &arns, now).await?;
        let is = |task: &Value, look: &Look| task.get("startedBy").is_some_and(|by| *by == look.started_by.as_str());
        if looks.iter().any(|look| look.task.is_none() && !found.iter().any(|task| is(task, look))) {
            let body = json!({"cluster": cluster, "family": declared.family(), "desiredStatus": "STOPPED"});
            let stopped = self.list_tasks(body, cluster).await?;
            let stopped = self.describe_tasks(cluster, &stopped, now).await?;
            found.extend(stopped.into_iter().filter(|task| looks.iter().any(|look| is(task, look))));
        }
        Ok(found)
    }

    async fn list_tasks(&self, mut body: Value, cluster: &str) -> Result<Vec<String>, ProviderError> {
        let mut arns = Vec::new();
        for _ in 0..PAGES {
            let said = ecs_call!(&self.target, list_tasks, "ListTasks", cluster, &body).await?;
            arns.extend(strings(&said.json, "taskArns").map(str::to_owned));
            match said.json.get("nextToken").filter(|token| token.is_string()) {
                Some(token) => body["nextToken"] = token.clone(),
                None => break,
            }
        }
        Ok(arns)
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String], now: &mut f64) -> Result<Vec<Value>, ProviderError> {
        let mut found = Vec::new();
        for some in arns.chunks(TASKS) {
            let body = json!({"cluster": cluster, "tasks": some});
            let said = ecs_call!(&self.target, describe_tasks, "DescribeTasks", cluster, &body).await?;
            *now = said.now;
            found.extend(members(&said.json, "tasks").cloned());
        }
        Ok(found)
    }
}

fn arn(answer: &Value) -> Option<&str> {
    answer.pointer("/taskDefinition/taskDefinitionArn").and_then(Value::as_str)
}
