//! One look at one `EcsTask`: what its family's revisions remember of its runs, and the tasks whose end they do not know.

use driftless_core::desired::{EcsTask, Resource, TaskDefinition};
use driftless_core::observed::{Observed, TaskObservation};
use driftless_core::plan::Context;
use driftless_core::plan::task::{Look, wants};
use serde_json::{Value, json};

use super::observe::{members, strings};
use super::{Ecs, ecs_call};
use crate::aws::error::ProviderError;
use crate::clock;

/// How many of a family's newest ACTIVE revisions are looked at in any case (rule 4 of the design).
const NEWEST: usize = 10;
/// How many of them, and how many INACTIVE ones, are asked before something is run for the first time: others may register
/// revisions in the same family, or deregister ours.
const BEFORE_A_RUN: usize = 50;
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
            base: Observed::Absent,
            tasks: Observed::Absent,
            written_at: None,
            now: clock::now() as f64,
        };
        let mut revisions = match self.revisions(declared, &mut seen).await {
            Ok(revisions) => revisions,
            Err(error) => {
                seen.revisions = Observed::Unknown(error.to_string());
                return seen;
            }
        };
        let mut wanted = wants(resource, declared, &revisions.read, context);
        if wanted.older {
            if let Err(error) = self.older(declared.family(), &mut revisions).await {
                seen.revisions = Observed::Unknown(error.to_string());
                return seen;
            }
            wanted = wants(resource, declared, &revisions.read, context);
        }
        if !wanted.looks.is_empty() {
            seen.tasks = match self.tasks(declared, &wanted.looks, &mut seen.now).await {
                Ok(tasks) => Observed::Present(tasks),
                Err(error) => Observed::Unknown(error.to_string()),
            };
        }
        seen.written_at = wanted.written_at;
        seen.revisions = Observed::Present(revisions.read);
        seen
    }

    /// The newest revisions, and the one that a `family:` manifest names.
    async fn revisions(&self, declared: &EcsTask, seen: &mut TaskObservation) -> Result<Revisions, ProviderError> {
        let (mut listed, now) = self.list_revisions(declared.family(), "ACTIVE").await?;
        seen.now = now;
        let rest = listed.split_off(listed.len().min(NEWEST));
        let mut read = self.describe_revisions(&listed).await?;
        if let TaskDefinition::Family { family, revision } = &declared.task_definition {
            let name = revision.map_or_else(|| family.clone(), |revision| format!("{family}:{revision}"));
            seen.base = match self.describe_task_definition(&name).await {
                Ok(answer) => Observed::Present(answer),
                Err(ProviderError::NotFound(_)) => Observed::Absent,
                Err(error) => Observed::Unknown(error.to_string()),
            };
            if let Some(base) = seen.base.present().filter(|base| !read.iter().any(|one| arn(one) == arn(base))) {
                read.push(base.clone());
            }
        }
        Ok(Revisions { read, rest })
    }

    /// Older ACTIVE revisions and INACTIVE ones, behind those that were read already.
    async fn older(&self, family: &str, revisions: &mut Revisions) -> Result<(), ProviderError> {
        let rest = std::mem::take(&mut revisions.rest);
        let more = self.describe_revisions(&rest[..rest.len().min(BEFORE_A_RUN - NEWEST)]).await?;
        let (inactive, _) = self.list_revisions(family, "INACTIVE").await?;
        let mut gone = Vec::new();
        for answer in futures_util::future::join_all(inactive.iter().map(|arn| self.describe_task_definition(arn))).await {
            match answer {
                Ok(answer) => gone.push(answer),
                // "You can only describe INACTIVE task definitions while an active task or service references them"
                // (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html): where AWS does not
                // tell such a one's tags, nobody can know more. What has run stands at newer revisions too.
                Err(ProviderError::NotFound(failure) | ProviderError::Invalid(failure)) => {
                    tracing::debug!(%failure, "an INACTIVE revision could not be asked");
                }
                Err(error) => return Err(error),
            }
        }
        for answer in more.into_iter().chain(gone) {
            if !revisions.read.iter().any(|one| arn(one) == arn(&answer)) {
                revisions.read.push(answer);
            }
        }
        Ok(())
    }

    /// The ARNs of the family's newest revisions of this status, newest first, and AWS's clock. `familyPrefix` is "the full
    /// family name" for AWS, and a prefix for some emulators, which may also ignore `sort`.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html>
    async fn list_revisions(&self, family: &str, status: &str) -> Result<(Vec<String>, f64), ProviderError> {
        let body = json!({"familyPrefix": family, "status": status, "sort": "DESC", "maxResults": BEFORE_A_RUN});
        let resource = format!("the family {family}");
        let said = ecs_call!(&self.target, list_task_definitions, "ListTaskDefinitions", &resource, &body).await?;
        let mut revisions: Vec<(u64, String)> = strings(&said.json, "taskDefinitionArns")
            .filter_map(|arn| {
                let (of, revision) = arn.rsplit('/').next()?.rsplit_once(':')?;
                (of == family).then_some((revision.parse().ok()?, arn.to_owned()))
            })
            .collect();
        revisions.sort_unstable_by(|one, other| other.cmp(one));
        Ok((revisions.into_iter().map(|(_, arn)| arn).collect(), said.now))
    }

    async fn describe_revisions(&self, arns: &[String]) -> Result<Vec<Value>, ProviderError> {
        let mut found = Vec::new();
        for answer in futures_util::future::join_all(arns.iter().map(|arn| self.describe_task_definition(arn))).await {
            match answer {
                Ok(answer) => found.push(answer),
                // Deleted since the list.
                Err(ProviderError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
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

/// Revisions that were read, newest first, and the ARNs of those that were only listed.
struct Revisions {
    read: Vec<Value>,
    rest: Vec<String>,
}

fn arn(answer: &Value) -> Option<&Value> {
    answer.pointer("/taskDefinition/taskDefinitionArn")
}
