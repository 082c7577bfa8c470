//! How an operation begins, and what comes after each of its phases.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Seconds;

use super::ground::Ground;
use super::operation::{Before, Job, Operation, Phase, State, Task};
use super::parts::{Output, Resource, Settings};
use super::stack::Stack;
use super::{evaluate, jobs, policy};

/// Begins the creation of the stack's resources, or their update to `settings`.
pub(crate) fn begin_make(stack: &mut Stack, settings: Settings, mut operation: Operation) -> Result<(), String> {
    let active = evaluate::active(stack, &settings)?;
    let needs = |name: &String| settings.template.resources[name].needs.intersection(&active).cloned().collect();
    operation.jobs = active.iter().map(|name| job(name, Task::Make, needs(name))).collect();
    if operation.phase == Phase::Update {
        operation.before = earlier(stack);
    }
    // A failed update that is updated again goes back to the last state that was whole.
    if let Some(halted) = stack.operation.take().filter(|halted| halted.phase == Phase::Update) {
        operation.before = halted.before.or(operation.before);
        operation.touched = halted.touched;
        operation.leftovers = halted.leftovers;
    }
    stack.settings = Some(settings);
    stack.operation = Some(operation);
    Ok(())
}

fn earlier(stack: &Stack) -> Option<Before> {
    let settings = stack.settings.clone()?;
    Some(Before { settings, outputs: stack.outputs.clone(), imports: stack.imports.clone() })
}

fn job(logical: &str, task: Task, needs: BTreeSet<String>) -> Job {
    Job { logical: logical.to_string(), task, needs, state: State::Waiting, doomed: None }
}

/// Jobs that delete resources: each after those that need it.
fn removals<'a>(
    resources: impl Iterator<Item = (&'a String, &'a Resource)> + Clone,
    task: &dyn Fn(&Resource) -> Task,
) -> Vec<Job> {
    let dependents = |name: &String| {
        let others = resources.clone().filter(|(_, other)| other.declared.needs.contains(name));
        others.map(|(other, _)| other.clone()).filter(|other| other != name).collect()
    };
    resources.clone().map(|(name, resource)| job(name, task(resource), dependents(name))).collect()
}

/// Begins to delete everything in the stack, whatever else was under way.
pub(crate) fn begin_delete(stack: &mut Stack, mut operation: Operation) {
    let standing = stack.resources.iter().filter(|(_, resource)| resource.status != "DELETE_COMPLETE");
    operation.jobs = removals(standing, &|_| Task::Remove);
    // What an interrupted update has replaced belongs to the stack as well.
    if let Some(interrupted) = stack.operation.take() {
        let leftovers = interrupted.leftovers.iter();
        operation.jobs.extend(leftovers.map(|(name, old)| job(name, Task::Discard(Box::new(old.clone())), BTreeSet::new())));
    }
    stack.operation = Some(operation);
}

/// Begins the way back of an update.
pub(crate) fn begin_update_rollback(
    stack: &mut Stack,
    reason: Option<&str>,
    token: Option<String>,
    ground: &mut Ground<'_>,
    at: Seconds,
) {
    let Some(operation) = stack.operation.as_mut() else { return };
    operation.phase = Phase::UpdateRollback;
    operation.token = token.or(operation.token.take());
    operation.wake = at + 1.0;
    let touched: BTreeMap<_, _> = std::mem::take(&mut operation.touched);
    operation.jobs = Vec::new();
    for (name, before) in touched {
        match before {
            Some(before) => operation.jobs.push(job(&name, Task::Restore(Box::new(before)), BTreeSet::new())),
            None => {
                if let Some(resource) = stack.resources.get(&name) {
                    operation.leftovers.push((name, resource.clone()));
                }
            }
        }
    }
    stack.enter(&mut ground.state.ids, "UPDATE_ROLLBACK_IN_PROGRESS", reason, at);
}

/// Begins to delete what a failed creation has made.
pub(crate) fn begin_rollback(
    stack: &mut Stack,
    reason: Option<&str>,
    token: Option<String>,
    ground: &mut Ground<'_>,
    at: Seconds,
) {
    let token = token.or_else(|| stack.operation.as_ref().and_then(|operation| operation.token.clone()));
    let mut operation = Operation::new(Phase::Rollback, token, at);
    operation.jobs = removals(stack.resources.iter(), &|_| Task::Remove);
    operation.change_set = stack.operation.take().and_then(|failed| failed.change_set);
    stack.operation = Some(operation);
    stack.enter(&mut ground.state.ids, "ROLLBACK_IN_PROGRESS", reason, at);
}

/// Goes on with a rollback of an update that has failed, less the resources to skip.
pub(crate) fn continue_update_rollback(
    stack: &mut Stack,
    skip: &BTreeSet<String>,
    token: Option<String>,
    ground: &mut Ground<'_>,
    at: Seconds,
) {
    let Some(operation) = stack.operation.as_mut() else { return };
    operation.token = token;
    operation.wake = at + 1.0;
    let mut skipped = Vec::new();
    for job in operation.jobs.iter_mut().filter(|job| job.state == State::Failed) {
        job.doomed = None;
        job.state = State::Waiting;
        if skip.contains(&job.logical) {
            job.state = State::Done;
            skipped.push(job.logical.clone());
        }
    }
    let ids = &mut ground.state.ids;
    stack.enter(ids, "UPDATE_ROLLBACK_IN_PROGRESS", Some("User Initiated"), at);
    // "CloudFormation sets the status of the specified resources to UPDATE_COMPLETE and continues to roll back the stack":
    // <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html>.
    for name in skipped {
        stack.resource_enters(ids, &name, "UPDATE_COMPLETE", None, at);
    }
}

/// Nothing runs any more in this phase.
pub(crate) fn end(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) {
    let Some(operation) = stack.operation.as_ref() else { return };
    let failed = operation.failed();
    match operation.phase {
        Phase::Create | Phase::Update if !failed.is_empty() => {
            let reason = failures(operation);
            fail(ground, stack, &reason, at);
        }
        Phase::Create | Phase::Update => complete(ground, stack, at),
        Phase::Cleanup => finish(ground, stack, "UPDATE_COMPLETE", None, at),
        Phase::Rollback if !failed.is_empty() => {
            finish(ground, stack, "ROLLBACK_FAILED", Some(&undeleted(&failed)), at);
        }
        Phase::Rollback => finish(ground, stack, "ROLLBACK_COMPLETE", None, at),
        Phase::UpdateRollback if !failed.is_empty() => {
            let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
            stack.enter(&mut ground.state.ids, "UPDATE_ROLLBACK_FAILED", Some(&reason), at);
            change_set_ended(stack, "EXECUTE_FAILED");
        }
        Phase::UpdateRollback => rolled_back(ground, stack, at),
        Phase::RollbackCleanup => finish(ground, stack, "UPDATE_ROLLBACK_COMPLETE", None, at),
        Phase::Delete => deleted(ground, stack, failed, at),
        Phase::Cancelled(status) => {
            let reason = in_use(ground, stack, &[]).map(|(export, user)| cannot_delete(&export, &user));
            finish(ground, stack, status, reason.as_deref(), at);
        }
    }
}

/// "The following resource(s) failed to create: [A]. The following resource(s) failed to update: [B]. "
fn failures(operation: &Operation) -> String {
    let failed = operation.failed();
    let made = |name: &&String| matches!(operation.touched.get(*name), Some(None));
    let names = |list: Vec<&String>| list.into_iter().cloned().collect::<Vec<_>>().join(", ");
    let (created, updated): (Vec<_>, Vec<_>) = failed.iter().partition(made);
    let mut reason = String::new();
    if !created.is_empty() {
        reason += &format!("The following resource(s) failed to create: [{}]. ", names(created));
    }
    if !updated.is_empty() {
        reason += &format!("The following resource(s) failed to update: [{}]. ", names(updated));
    }
    reason
}

fn undeleted(failed: &[String]) -> String {
    format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "))
}

/// What a failed creation or update leads to: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html>.
pub(crate) fn fail(ground: &mut Ground<'_>, stack: &mut Stack, reason: &str, at: Seconds) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let creates = operation.phase == Phase::Create;
    change_set_ended(stack, "EXECUTE_FAILED");
    let ids = &mut ground.state.ids;
    let by_user = format!("{}. Rollback requested by user.", reason.trim_end().trim_end_matches('.'));
    if stack.options.disable_rollback {
        if let Some(operation) = stack.operation.as_mut() {
            operation.wake = f64::INFINITY;
        }
        stack.enter(ids, if creates { "CREATE_FAILED" } else { "UPDATE_FAILED" }, Some(reason), at);
    } else if creates && stack.options.delete_on_failure {
        let token = stack.operation.take().and_then(|operation| operation.token);
        let reason = format!("{}. Delete requested by user.", reason.trim_end().trim_end_matches('.'));
        begin_delete(stack, Operation::new(Phase::Delete, token, at));
        stack.enter(ids, "DELETE_IN_PROGRESS", Some(&reason), at);
    } else if creates {
        begin_rollback(stack, Some(&by_user), None, ground, at);
    } else {
        begin_update_rollback(stack, Some(reason), None, ground, at);
    }
}

/// All resources stand: the outputs and exports decide whether the stack does.
fn complete(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) {
    let Some(settings) = stack.settings.clone() else { return };
    let outputs = match outcome(ground, stack, &settings) {
        Ok(outputs) => outputs,
        Err(reason) => return fail(ground, stack, &reason, at),
    };
    let creates = stack.operation.as_ref().is_some_and(|operation| operation.phase == Phase::Create);
    stack.outputs = outputs;
    stack.imports = evaluate::imports(ground.state, stack, &settings).unwrap_or_default();
    if creates {
        return finish(ground, stack, "CREATE_COMPLETE", None, at);
    }
    let active = evaluate::active(stack, &settings).unwrap_or_default();
    let Some(operation) = stack.operation.as_mut() else { return };
    let mut out: Vec<(String, Resource)> = std::mem::take(&mut operation.leftovers);
    out.extend(stack.resources.iter().filter(|(name, _)| !active.contains(*name)).map(|(name, old)| (name.clone(), old.clone())));
    operation.jobs = removals(out.iter().map(|(name, old)| (name, old)), &|old| Task::Discard(Box::new(old.clone())));
    operation.phase = Phase::Cleanup;
    operation.wake = at + 0.5;
    stack.enter(&mut ground.state.ids, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None, at);
}

/// The outputs, or why the stack cannot have them: an import that is missing, an export that another stack has or uses, or
/// a policy that forbids a removal.
fn outcome(ground: &mut Ground<'_>, stack: &mut Stack, settings: &Settings) -> Result<Vec<Output>, String> {
    let outputs = evaluate::outputs(ground.state, stack, settings)?;
    for export in outputs.iter().filter_map(|output| output.export.as_ref()) {
        if let Some(owner) = ground.state.exporter(export) {
            return Err(format!("Export with name {export} is already exported by stack {owner}"));
        }
    }
    if let Some((export, user)) = in_use(ground, stack, &outputs) {
        let still = outputs.iter().any(|output| output.export.as_deref() == Some(&export));
        return Err(if still {
            format!("Export {export} cannot be updated as it is in use by {user}")
        } else {
            cannot_delete(&export, &user)
        });
    }
    let active = evaluate::active(stack, settings)?;
    let operation = stack.operation.as_ref();
    let policy = operation.and_then(|operation| operation.policy_override.clone()).or_else(|| stack.options.policy.clone());
    for (name, resource) in stack.resources.iter().filter(|(name, _)| !active.contains(*name)) {
        if let Some(reason) = policy::denied(policy.as_deref(), "Update:Delete", name, &resource.declared.kind) {
            return Err(reason);
        }
    }
    Ok(outputs)
}

/// As recorded, for a deletion and for an update that takes an export away.
fn cannot_delete(export: &str, user: &str) -> String {
    format!("Delete canceled. Cannot delete export {export} as it is in use by {user}.")
}

/// An export of the stack that `after` takes away or changes while another stack imports it, and that stack's name.
pub(crate) fn in_use(ground: &Ground<'_>, stack: &Stack, after: &[Output]) -> Option<(String, String)> {
    stack.outputs.iter().find_map(|output| {
        let export = output.export.as_ref()?;
        let same = after.iter().any(|other| other.export.as_ref() == Some(export) && other.value == output.value);
        let user = ground.state.importers(export).into_iter().next()?;
        (!same).then(|| (export.clone(), user))
    })
}

/// Everything is as it was before the update.
fn rolled_back(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) {
    let Some(operation) = stack.operation.as_mut() else { return };
    if let Some(before) = operation.before.clone() {
        stack.settings = Some(before.settings);
        stack.outputs = before.outputs;
        stack.imports = before.imports;
    }
    let out = std::mem::take(&mut operation.leftovers);
    operation.jobs = removals(out.iter().map(|(name, new)| (name, new)), &|new| Task::Discard(Box::new(new.clone())));
    operation.phase = Phase::RollbackCleanup;
    operation.wake = at + 0.5;
    stack.enter(&mut ground.state.ids, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None, at);
}

/// Everything that could be deleted is.
fn deleted(ground: &mut Ground<'_>, stack: &mut Stack, failed: Vec<String>, at: Seconds) {
    let Some(operation) = stack.operation.as_mut() else { return };
    if !failed.is_empty() && operation.force {
        // FORCE_DELETE_STACK: "deletes the stack and retains the resources that can't be deleted".
        operation.retained.extend(failed);
        for job in operation.jobs.iter_mut().filter(|job| job.state == State::Failed) {
            (job.state, job.doomed) = (State::Waiting, None);
        }
        operation.wake = at;
        return;
    }
    // DELETE_FAILED shows its DeletionTime too.
    stack.deleted = Some(at);
    if failed.is_empty() {
        stack.change_sets.retain(|set| set.execution == "EXECUTE_COMPLETE");
        (stack.outputs, stack.imports) = (Vec::new(), BTreeSet::new());
        finish(ground, stack, "DELETE_COMPLETE", None, at);
    } else {
        finish(ground, stack, "DELETE_FAILED", Some(&undeleted(&failed)), at);
    }
}

fn change_set_ended(stack: &mut Stack, how: &'static str) {
    let executed = stack.operation.as_ref().and_then(|operation| operation.change_set.clone());
    if let Some(set) = stack.change_sets.iter_mut().find(|set| Some(&set.id) == executed.as_ref()) {
        set.execution = how;
    }
}

fn finish(ground: &mut Ground<'_>, stack: &mut Stack, status: &'static str, reason: Option<&str>, at: Seconds) {
    if matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
        change_set_ended(stack, "EXECUTE_COMPLETE");
    }
    stack.enter(&mut ground.state.ids, status, reason, at);
    stack.operation = None;
}

/// Cancels a creation or an update whose imports are missing, before anything of it is done.
pub(crate) fn missing_import(ground: &Ground<'_>, stack: &Stack, settings: &Settings) -> Option<String> {
    let exports = ground.state.exports();
    let wanted = evaluate::imports(ground.state, stack, settings).unwrap_or_default();
    wanted.into_iter().find(|name| !exports.contains_key(name)).map(|name| format!("No export named {name} found"))
}

/// Ends what runs of an update, and begins its way back: CancelUpdateStack.
pub(crate) fn cancel_update(ground: &mut Ground<'_>, stack: &mut Stack, token: Option<String>, at: Seconds) {
    jobs::cancel_running(ground, stack, at);
    change_set_ended(stack, "EXECUTE_FAILED");
    begin_update_rollback(stack, Some("User Initiated"), token, ground, at);
}
