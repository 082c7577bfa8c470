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
use crate::world::World;

use super::stack::{Output, Resource, Settings, Stack};
use super::{jobs, phases};

/// What is done at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
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
pub(super) enum Task {
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
pub(super) enum State {
    Waiting,
    Running(Seconds),
    Done,
    Failed,
}

/// One resource's part of an operation.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) logical: String,
    pub(super) task: Task,
    /// The logical ids of the jobs that come first.
    pub(super) needs: BTreeSet<String>,
    pub(super) state: State,
    /// Why it fails at its end, where that is told on demand.
    pub(super) doomed: Option<String>,
}

/// Everything as it was before an update.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) settings: Settings,
    pub(super) outputs: Vec<Output>,
    pub(super) imports: BTreeSet<String>,
}

/// An operation, under way or halted by a failure.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) token: Option<String>,
    pub(super) phase: Phase,
    pub(super) jobs: Vec<Job>,
    /// When something happens next; never, when it is halted.
    pub(super) wake: Seconds,
    /// What an update goes back to; `None` for a creation.
    pub(super) before: Option<Before>,
    /// The resources that this operation has changed, as they were; `None` for those it has made.
    pub(super) touched: BTreeMap<String, Option<Resource>>,
    /// What is to be deleted at the end.
    pub(super) leftovers: Vec<(String, Resource)>,
    /// `RetainResources`, or what a forced deletion could not delete.
    pub(super) retained: BTreeSet<String>,
    pub(super) force: bool,
    /// Drift is reverted: what is really there counts, not what was last asked for.
    pub(super) revert_drift: bool,
    /// The change set that is being executed.
    pub(super) change_set: Option<String>,
    /// The stack policy in force for this operation only.
    pub(super) policy_override: Option<String>,
}

impl Operation {
    /// An operation that begins now.
    pub(super) fn new(phase: Phase, token: Option<String>, now: Seconds) -> Self {
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
    pub(super) fn failed(&self) -> Vec<String> {
        let failed = self.jobs.iter().filter(|job| job.state == State::Failed);
        failed.map(|job| job.logical.clone()).collect()
    }
}

/// One step of a stack's operation at `at`: what runs and is due ends, what can begin begins, and when nothing is left the
/// next phase comes.
pub(super) fn step(world: &mut World, stack: &mut Stack, at: Seconds) {
    let Some(mut operation) = stack.operation.take() else { return };
    let untouched = operation.jobs.iter().all(|job| job.state == State::Waiting);
    if let (Phase::Create | Phase::Update, true, Some(settings)) = (operation.phase, untouched, &stack.settings)
        && let Some(reason) = phases::missing_import(world, stack, settings)
    {
        stack.operation = Some(operation);
        return phases::fail(world, stack, &reason, at);
    }
    for index in 0..operation.jobs.len() {
        if matches!(operation.jobs[index].state, State::Running(until) if until <= at) {
            stack.operation = Some(operation);
            jobs::end(world, stack, index, at);
            let Some(after) = stack.operation.take() else { return };
            operation = after;
        }
    }
    // A failure stops what has not begun; a deletion goes on with what it can.
    let stops = matches!(operation.phase, Phase::Create | Phase::Update) && !operation.failed().is_empty();
    if stops {
        stack.operation = Some(operation);
        jobs::cancel_running(world, stack, at);
        phases::end(world, stack, at);
        return;
    }
    loop {
        let ready = |job: &Job| {
            let done = |name: &String| {
                operation.jobs.iter().filter(|other| other.logical == *name).all(|other| other.state == State::Done)
            };
            job.state == State::Waiting && job.needs.iter().all(done)
        };
        let Some(index) = operation.jobs.iter().position(ready) else { break };
        stack.operation = Some(operation);
        jobs::begin(world, stack, index, at);
        let Some(after) = stack.operation.take() else { return };
        operation = after;
    }
    let ends = operation.jobs.iter().filter_map(|job| match job.state {
        State::Running(until) => Some(until),
        _ => None,
    });
    let mut next = ends.fold(f64::INFINITY, f64::min);
    if matches!(operation.phase, Phase::Create | Phase::Update) && !operation.failed().is_empty() {
        // One has failed at its very beginning: what runs is cancelled at once.
        next = next.min(at);
    }
    operation.wake = next;
    stack.operation = Some(operation);
    if next.is_infinite() {
        phases::end(world, stack, at);
    }
}
