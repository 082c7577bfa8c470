//! An operation on a stack: jobs in the order of their dependencies, each taking its time, phase after phase.
//!
//! | begins as | goes on as | ends as |
//! |---|---|---|
//! | CREATE_IN_PROGRESS | | CREATE_COMPLETE |
//! | a failed creation | ROLLBACK_IN_PROGRESS | ROLLBACK_COMPLETE, ROLLBACK_FAILED |
//! | a failed creation, rollback disabled | | CREATE_FAILED |
//! | UPDATE_IN_PROGRESS | UPDATE_COMPLETE_CLEANUP_IN_PROGRESS | UPDATE_COMPLETE |
//! | a failed update | UPDATE_ROLLBACK_IN_PROGRESS, UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS | UPDATE_ROLLBACK_COMPLETE, UPDATE_ROLLBACK_FAILED |
//! | a failed update, rollback disabled | | UPDATE_FAILED |
//! | DELETE_IN_PROGRESS | | DELETE_COMPLETE, DELETE_FAILED |
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes>

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Seconds;

use super::parts::{Output, Resource, Settings};

/// What is done at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Create,
    Update,
    /// After an update: what was removed or replaced is deleted.
    Cleanup,
    /// After a failed creation: all is deleted.
    Rollback,
    UpdateRollback,
    /// After a rolled back update: what it had made is deleted.
    RollbackCleanup,
    Delete,
    /// A deletion that an importing stack forbids: the stack goes back to where it was.
    Cancelled(&'static str),
}

/// What one job does to its resource.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Makes or changes the resource, as the template wants it.
    Make,
    /// Brings back what was there before.
    Restore(Box<Resource>),
    /// Removes what stands in the stack.
    Remove,
    /// Removes what a replacement or a removal has left over.
    Discard(Box<Resource>),
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Waiting,
    Running(Seconds),
    Done,
    Failed,
}

/// One resource's part of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) logical: String,
    pub(crate) task: Task,
    /// The logical ids of the jobs that come first.
    pub(crate) needs: BTreeSet<String>,
    pub(crate) state: State,
    /// Why it fails at its end, where that is told on demand.
    pub(crate) doomed: Option<String>,
}

/// Everything as it was before an update.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    pub(crate) settings: Settings,
    pub(crate) outputs: Vec<Output>,
    pub(crate) imports: BTreeSet<String>,
}

/// An operation, under way or halted by a failure.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) token: Option<String>,
    pub(crate) phase: Phase,
    pub(crate) jobs: Vec<Job>,
    /// When something happens next; never, when it is halted.
    pub(crate) wake: Seconds,
    /// What an update goes back to; `None` for a creation.
    pub(crate) before: Option<Before>,
    /// The resources that this operation has changed, as they were; `None` for those it has made.
    pub(crate) touched: BTreeMap<String, Option<Resource>>,
    /// What is to be deleted at the end.
    pub(crate) leftovers: Vec<(String, Resource)>,
    /// `RetainResources`, or what a forced deletion could not delete.
    pub(crate) retained: BTreeSet<String>,
    pub(crate) force: bool,
    /// Drift is reverted: what is really there counts, not what was last asked for.
    pub(crate) revert_drift: bool,
    /// The change set that is being executed.
    pub(crate) change_set: Option<String>,
    /// The stack policy in force for this operation only.
    pub(crate) policy_override: Option<String>,
}

impl Operation {
    /// An operation that begins now.
    pub(crate) fn new(phase: Phase, token: Option<String>, now: Seconds) -> Self {
        Self {
            token,
            phase,
            jobs: Vec::new(),
            wake: now + 1.0,
            before: None,
            touched: BTreeMap::new(),
            leftovers: Vec::new(),
            retained: BTreeSet::new(),
            force: false,
            revert_drift: false,
            change_set: None,
            policy_override: None,
        }
    }

    /// The names of the failed jobs.
    pub(crate) fn failed(&self) -> Vec<String> {
        let failed = self.jobs.iter().filter(|job| job.state == State::Failed);
        failed.map(|job| job.logical.clone()).collect()
    }
}
