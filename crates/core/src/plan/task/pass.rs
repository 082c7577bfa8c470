//! What one look at one task works with.

use serde_json::{Value, json};

use super::record::{self, Recorded, Run};
use crate::desired::{EcsTask, Resource, TaskDefinition};
use crate::observed::{Observed, TaskObservation};
use crate::plan::ecs::CONSISTENT_AFTER;
use crate::plan::{Context, Plan, Verdict, digest as digests};

/// Seconds until the next look at a task that runs.
pub(super) const REQUEUE: u64 = 10;

/// 32 hex digits over everything whose change means "run it again": all that is declared but the timeout. Of a `family:`
/// manifest it is the name and the number that count, not what others register under it.
pub fn digest(task: &EcsTask) -> String {
    let definition = match &task.task_definition {
        TaskDefinition::Document(document) => json!({"document": document}),
        TaskDefinition::Family { family, revision } => json!({"family": family, "revision": revision}),
    };
    digests::of(&json!({"cluster": task.cluster, "taskDefinition": definition, "images": task.images, "task": task.task}))
}

/// One look at one task.
pub(super) struct Pass<'a> {
    pub(super) resource: &'a Resource,
    pub(super) declared: &'a EcsTask,
    pub(super) observation: &'a TaskObservation,
    pub(super) context: &'a Context<'a>,
    pub(super) digest: String,
    /// See [`record::who`].
    pub(super) who: String,
}

impl Pass<'_> {
    pub(super) fn plan(&self, verdict: Verdict) -> Plan {
        Plan::new(&self.resource.id, verdict)
    }

    /// Whether an answer may be older than our own RunTask.
    pub(super) fn just_written(&self) -> bool {
        self.context.last_write.is_some_and(|at| self.observation.now - at < CONSISTENT_AFTER)
    }

    /// Seconds since a run was intended.
    pub(super) fn age(&self, run: &Run) -> f64 {
        self.observation.now - run.at as f64
    }

    /// The task of a run, as AWS shows it.
    pub(super) fn task_of(&self, recorded: &Recorded) -> Result<Option<&Value>, Verdict> {
        let tasks = match &self.observation.tasks {
            Observed::Present(tasks) => tasks,
            Observed::Absent => return Ok(None),
            Observed::Unknown(why) => return Err(Verdict::Unknown { message: why.clone() }),
        };
        let by = record::started_by(&self.who, &recorded.digest, recorded.run.attempt);
        let is = |task: &&Value| {
            let id = task.get("taskArn").and_then(Value::as_str).and_then(|arn| arn.rsplit('/').next());
            task.get("startedBy").is_some_and(|one| *one == by.as_str()) || (id.is_some() && id == recorded.run.task.as_deref())
        };
        Ok(tasks.iter().find(is))
    }
}
