//! Lets a stack's operation go on: jobs in the order of their dependencies, phase after phase.

use crate::clock::Seconds;

use super::ground::Ground;
use super::operation::{Job, Phase, State};
use super::stack::Stack;
use super::{jobs, phases};

/// One step of a stack's operation at `at`: what runs and is due ends, what can begin begins, and when nothing is left the
/// next phase comes.
pub(crate) fn step(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) {
    let Some(mut operation) = stack.operation.take() else { return };
    let untouched = operation.jobs.iter().all(|job| job.state == State::Waiting);
    if let (Phase::Create | Phase::Update, true, Some(settings)) = (operation.phase, untouched, &stack.settings)
        && let Some(reason) = phases::missing_import(ground, stack, settings)
    {
        stack.operation = Some(operation);
        return phases::fail(ground, stack, &reason, at);
    }
    for index in 0..operation.jobs.len() {
        if matches!(operation.jobs[index].state, State::Running(until) if until <= at) {
            stack.operation = Some(operation);
            jobs::end(ground, stack, index, at);
            let Some(after) = stack.operation.take() else { return };
            operation = after;
        }
    }
    // A failure stops what has not begun; a deletion goes on with what it can.
    let stops = matches!(operation.phase, Phase::Create | Phase::Update) && !operation.failed().is_empty();
    if stops {
        stack.operation = Some(operation);
        jobs::cancel_running(ground, stack, at);
        phases::end(ground, stack, at);
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
        jobs::begin(ground, stack, index, at);
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
        phases::end(ground, stack, at);
    }
}
