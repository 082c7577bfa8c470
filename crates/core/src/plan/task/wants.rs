//! What one pass has to read besides the family's newest revisions.

use serde_json::Value;

use super::pass::digest;
use super::record::{self, Run, State};
use crate::desired::{EcsTask, Resource};
use crate::plan::Context;

/// Which reads this pass needs after the newest revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// The revisions know of no run of what is declared, or not how it ended: all others that may know must be asked before it
    /// is run.
    pub older: bool,
    /// The key of the tag that they would have.
    pub key: String,
    /// The tasks whose end is not on record.
    pub looks: Vec<Look>,
    /// The commit that asked for the declared run.
    pub written_at: Option<String>,
}

/// A task to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// RunTask's `startedBy`.
    pub started_by: String,
    /// Its id, where it is known.
    pub task: Option<String>,
}

/// `revisions` are DescribeTaskDefinition's answers, with tags. A task whose run is over wants nothing.
pub fn wants(resource: &Resource, declared: &EcsTask, revisions: &[Value], context: &Context<'_>) -> Wants {
    let (who, digest) = (record::who(&resource.id, context), digest(declared));
    let runs = record::of_revisions(revisions, &who);
    let own = runs.iter().find(|one| one.digest == digest);
    let looks = runs
        .iter()
        // Of one that was not started the reason is told, for as long as AWS knows it.
        .filter(|one| !one.run.state.is_over() || (one.digest == digest && one.run.state == State::NotStarted))
        .map(|one| Look { started_by: record::started_by(&who, &one.digest, one.run.attempt), task: one.run.task.clone() });
    // Before anything is run, all that may know of a run is asked; and so it is where a copy of a record says that it failed, which
    // a later attempt may not have.
    let copy = |run: &Run| run.of.is_some() && run.state != State::Succeeded;
    let older = context.retry || own.is_none_or(|own| own.run.state.ran_nothing() || copy(&own.run));
    Wants { older, key: record::key(&who, &digest), looks: looks.collect(), written_at: own.map(|own| own.run.commit.clone()) }
}
