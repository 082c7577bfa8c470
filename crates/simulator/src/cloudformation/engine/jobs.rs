//! What one job of an operation does to its resource, from its beginning to its end.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Seconds;

use super::failures::On;
use super::ground::Ground;
use super::makers::{DURATION, Progress};
use super::operation::{Job, Phase, State, Task};
use super::parts::{Resource, Settings};
use super::stack::{Happening, Stack};
use super::{evaluate, nested, policy};
use crate::cloudformation::template::Policy;
use crate::cloudformation::types::{self, Recreation};

/// How long a resource has to become stable, in seconds: "CloudFormation ... times out after three hours":
/// <https://repost.aws/knowledge-center/cloudformation-ecs-service-stabilize>.
const PATIENCE: Seconds = 10_800.0;

/// Begins the job at this place.
pub(crate) fn begin(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, at: Seconds) {
    let job = operation(stack).jobs[index].clone();
    match job.task {
        Task::Make => make(ground, stack, index, &job.logical, at),
        Task::Restore(before) => restore(ground, stack, index, &job.logical, *before, at),
        Task::Remove => {
            let Some(resource) = stack.resources.get(&job.logical).cloned() else {
                return set(stack, index, State::Done);
            };
            remove(ground, stack, index, &job.logical, &resource, at);
        }
        Task::Discard(resource) => remove(ground, stack, index, &job.logical, &resource, at),
    }
}

/// Ends the job at this place, or lets it wait on.
pub(crate) fn end(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, at: Seconds) {
    let job = operation(stack).jobs[index].clone();
    let logical = job.logical.as_str();
    if let Some(reason) = &job.doomed {
        return fail(ground, stack, index, reason, at);
    }
    let tags = tags(stack);
    let removing = match &job.task {
        Task::Discard(resource) => Some((**resource).clone()),
        Task::Remove => stack.resources.get(logical).cloned(),
        _ => None,
    };
    let progress = match (&removing, stack.resources.get(logical)) {
        (Some(resource), _) => {
            let making = stack.making(logical, &resource.declared.kind, &resource.properties, &tags);
            match nested::is(&making) {
                true => nested::removed(ground, &resource.physical),
                false => ground.makers.removed(&making, &resource.physical, at),
            }
        }
        (None, Some(resource)) => {
            let making = stack.making(logical, &resource.declared.kind, &resource.properties, &tags);
            match nested::is(&making) {
                true => nested::made(ground, &resource.physical),
                false => ground.makers.made(&making, &resource.physical, at),
            }
        }
        (None, None) => Progress::Done,
    };
    match (progress, removing) {
        (Progress::Wait(_), _) if stack.resources.get(logical).is_some_and(|resource| at - resource.at > PATIENCE) => {
            let kind = &stack.resources[logical].declared.kind;
            let physical = &stack.resources[logical].physical;
            let reason = format!("Resource of type '{kind}' with identifier '{physical}' did not stabilize.");
            fail(ground, stack, index, &reason, at);
        }
        (Progress::Wait(seconds), _) => set(stack, index, State::Running(at + Seconds::from(seconds))),
        (Progress::Failed(reason), _) => fail(ground, stack, index, &reason, at),
        (Progress::Done, Some(resource)) => {
            gone(ground, stack, logical, &resource, &job.task, at);
            set(stack, index, State::Done);
        }
        (Progress::Done, None) => {
            if let Some(resource) = stack.resources.get_mut(logical).filter(|own| own.declared.kind == types::NESTED) {
                resource.attributes = nested::outputs(ground, &resource.physical);
            }
            let status = if made_here(stack, logical) { "CREATE_COMPLETE" } else { "UPDATE_COMPLETE" };
            stack.resource_enters(&mut ground.state.ids, logical, status, None, at);
            set(stack, index, State::Done);
        }
    }
}

/// A resource is deleted: the stack forgets it, but one that goes with its stack stays to be looked at.
fn gone(ground: &mut Ground<'_>, stack: &mut Stack, logical: &str, resource: &Resource, task: &Task, at: Seconds) {
    said(ground, stack, logical, resource, "DELETE_COMPLETE", None, at);
    match (task, stack.resources.get_mut(logical)) {
        (Task::Remove, Some(standing)) => standing.status = "DELETE_COMPLETE",
        (Task::Discard(_), Some(standing)) if standing.physical == resource.physical => drop(stack.resources.remove(logical)),
        _ => {}
    }
}

/// Ends what runs because something else has failed.
pub(crate) fn cancel_running(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) {
    for index in 0..operation(stack).jobs.len() {
        let job = operation(stack).jobs[index].clone();
        if matches!(job.state, State::Running(_)) {
            let made = made_here(stack, &job.logical);
            let reason = if made { "Resource creation cancelled" } else { "Resource update cancelled" };
            fail(ground, stack, index, reason, at);
        }
    }
}

fn fail(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, reason: &str, at: Seconds) {
    let job = operation(stack).jobs[index].clone();
    let ids = &mut ground.state.ids;
    match &job.task {
        Task::Make if made_here(stack, &job.logical) => {
            stack.resource_enters(ids, &job.logical, "CREATE_FAILED", Some(reason), at);
        }
        Task::Make | Task::Restore(_) => stack.resource_enters(ids, &job.logical, "UPDATE_FAILED", Some(reason), at),
        Task::Remove => stack.resource_enters(ids, &job.logical, "DELETE_FAILED", Some(reason), at),
        Task::Discard(resource) => said(ground, stack, &job.logical, resource, "DELETE_FAILED", Some(reason), at),
    }
    set(stack, index, State::Failed);
}

/// Says something of a resource that may no longer be the stack's.
fn said(
    ground: &mut Ground<'_>,
    stack: &mut Stack,
    logical: &str,
    resource: &Resource,
    status: &'static str,
    reason: Option<&str>,
    at: Seconds,
) {
    let (physical, kind, properties) = (resource.physical.as_str(), resource.declared.kind.as_str(), Some(&resource.properties));
    let happening = Happening { logical, physical, kind, status, reason, properties };
    stack.happened(&mut ground.state.ids, &happening, at);
}

/// Whether the operation has made this resource.
fn made_here(stack: &Stack, logical: &str) -> bool {
    stack.operation.as_ref().is_none_or(|operation| matches!(operation.touched.get(logical), Some(None)))
}

fn operation(stack: &mut Stack) -> &mut super::operation::Operation {
    stack.operation.as_mut().expect("jobs are only looked at while there is an operation")
}

fn set(stack: &mut Stack, index: usize, state: State) {
    operation(stack).jobs[index].state = state;
}

/// Lets a job run, and fail at its end when it is told to.
fn run(stack: &mut Stack, index: usize, doomed: Option<String>, at: Seconds) {
    let job: &mut Job = &mut operation(stack).jobs[index];
    job.doomed = doomed;
    job.state = State::Running(at + DURATION);
}

fn tags(stack: &Stack) -> BTreeMap<String, String> {
    stack.settings.as_ref().map(|settings| settings.tags.clone()).unwrap_or_default()
}

fn make(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, at: Seconds) {
    let Some(settings) = stack.settings.clone() else { return set(stack, index, State::Done) };
    let declared = settings.template.resources[logical].clone();
    let properties = evaluate::properties(ground.state, stack, &settings, logical);
    // One that failed to be made is made now, as if it had never been.
    let standing = stack.resources.get(logical).filter(|resource| !resource.physical.is_empty()).cloned();
    match (properties, standing) {
        (Ok(properties), None) => {
            operation(stack).touched.insert(logical.to_string(), None);
            stack.resources.insert(logical.to_string(), Resource::new(declared, properties));
            stack.resource_enters(&mut ground.state.ids, logical, "CREATE_IN_PROGRESS", None, at);
            create(ground, stack, index, logical, "CREATE_IN_PROGRESS", at);
        }
        (Err(reason), None) => {
            operation(stack).touched.insert(logical.to_string(), None);
            let properties = Value::Object(serde_json::Map::new());
            stack.resources.insert(logical.to_string(), Resource::new(declared, properties));
            fail(ground, stack, index, &reason, at);
        }
        (Err(reason), Some(_)) => fail(ground, stack, index, &reason, at),
        (Ok(properties), Some(old)) => change(ground, stack, index, logical, &settings, old, properties, at),
    }
}

/// Makes the resource that stands in the stack, unless it is to fail.
fn create(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, status: &'static str, at: Seconds) {
    let doomed = ground.state.strike(&stack.name, logical, On::Create);
    let tags = tags(stack);
    let made = match (doomed, stack.resources.get(logical)) {
        (None, Some(resource)) => {
            let making = stack.making(logical, &resource.declared.kind, &resource.properties, &tags);
            match nested::is(&making) {
                true => nested::create(ground, stack, logical, &resource.properties, at),
                false => ground.makers.create(&mut ground.state.ids, &making, at),
            }
        }
        (doomed, _) => Err(doomed.unwrap_or_default()),
    };
    match (made, stack.resources.get_mut(logical)) {
        (Ok(made), Some(resource)) => {
            (resource.physical, resource.attributes) = (made.physical, made.attributes);
            (resource.actual, resource.gone) = (resource.properties.clone(), false);
            let ids = &mut ground.state.ids;
            stack.resource_enters(ids, logical, status, Some("Resource creation Initiated"), at);
            run(stack, index, None, at);
        }
        (Err(reason), _) => run(stack, index, Some(reason), at),
        (Ok(_), None) => set(stack, index, State::Done),
    }
}

/// The properties that differ, by name.
pub(crate) fn changed(before: &Value, after: &Value) -> Vec<String> {
    let keys = |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let mut names = keys(before);
    names.extend(keys(after).into_iter().filter(|key| before.get(key).is_none()));
    names.retain(|name| before.get(name) != after.get(name));
    names
}

#[expect(clippy::too_many_arguments, reason = "the steps of one update, each of them short")]
fn change(
    ground: &mut Ground<'_>,
    stack: &mut Stack,
    index: usize,
    logical: &str,
    settings: &Settings,
    old: Resource,
    properties: Value,
    at: Seconds,
) {
    let declared = settings.template.resources[logical].clone();
    let kind = declared.kind.clone();
    if kind != old.declared.kind {
        let reason = format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{logical}]"
        );
        return fail(ground, stack, index, &reason, at);
    }
    let operation_now = operation(stack);
    let retagged = operation_now.before.as_ref().is_some_and(|before| before.settings.tags != settings.tags);
    let revert = operation_now.revert_drift;
    let policy = operation_now.policy_override.clone().or_else(|| stack.options.policy.clone());
    // What failed before is tried again, whatever it was left as.
    let failed = old.status == "UPDATE_FAILED";
    let earlier = operation(stack).touched.get(logical).cloned().flatten().filter(|_| failed);
    let mut names = changed(earlier.as_ref().map_or(&old.properties, |earlier| &earlier.properties), &properties);
    if revert {
        names.extend(changed(&old.actual, &properties).into_iter().filter(|name| properties.get(name).is_some()));
    }
    let metadata = ["Metadata", "CreationPolicy", "UpdatePolicy"]
        .iter()
        .any(|key| old.declared.attributes.get(*key) != declared.attributes.get(*key));
    let lost = revert && old.gone;
    let nested = kind == types::NESTED;
    let within = match nested.then(|| nested::differs(ground, stack, &old.physical, &properties)).transpose() {
        Ok(within) => within == Some(true),
        Err(reason) => return fail(ground, stack, index, &reason, at),
    };
    let differs = !names.is_empty() || metadata || lost || within || retagged && types::taggable(&kind);
    if !differs {
        if let Some(resource) = stack.resources.get_mut(logical) {
            resource.declared = declared;
        }
        return set(stack, index, State::Done);
    }
    let tagged = retagged && types::tags_replace(&kind);
    let replaces = lost || tagged || names.iter().any(|name| types::recreation(&kind, name) == Recreation::Always);
    let action = if replaces { "Update:Replace" } else { "Update:Modify" };
    if let Some(reason) = policy::denied(policy.as_deref(), action, logical, &kind) {
        return fail(ground, stack, index, &reason, at);
    }
    if let Some(name) = types::custom_name(&kind, &old.properties, &properties).filter(|_| replaces && !lost) {
        let reason = format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again."
        );
        return fail(ground, stack, index, &reason, at);
    }
    operation(stack).touched.entry(logical.to_string()).or_insert_with(|| Some(old.clone()));
    let standing = stack.resources.get_mut(logical).expect("it was looked at above");
    standing.declared = declared;
    standing.properties = properties.clone();
    if replaces {
        replace(ground, stack, index, logical, old, at);
    } else {
        modify(ground, stack, index, logical, On::Update, &names, at);
    }
}

fn replace(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, old: Resource, at: Seconds) {
    let reason = "Requested update requires the creation of a new physical resource; hence creating one.";
    stack.resource_enters(&mut ground.state.ids, logical, "UPDATE_IN_PROGRESS", Some(reason), at);
    create(ground, stack, index, logical, "UPDATE_IN_PROGRESS", at);
    let replaced = stack.resources.get(logical).is_some_and(|resource| resource.physical != old.physical);
    if replaced && !old.gone {
        operation(stack).leftovers.push((logical.to_string(), old));
    }
}

fn modify(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, on: On, names: &[String], at: Seconds) {
    stack.resource_enters(&mut ground.state.ids, logical, "UPDATE_IN_PROGRESS", None, at);
    let tags = tags(stack);
    if let Some(resource) = stack.resources.get_mut(logical) {
        types::renew(&resource.declared.kind, &mut resource.attributes);
        // Only what changes is written: what somebody else has changed beside it stays.
        let properties = resource.properties.clone();
        if let Value::Object(actual) = &mut resource.actual {
            for name in names {
                match properties.get(name) {
                    Some(value) => drop(actual.insert(name.clone(), value.clone())),
                    None => drop(actual.remove(name)),
                }
            }
        }
    }
    let doomed = ground.state.strike(&stack.name, logical, on);
    let updated = match (&doomed, stack.resources.get(logical)) {
        (None, Some(resource)) => {
            let making = stack.making(logical, &resource.declared.kind, &resource.properties, &tags);
            match nested::is(&making) {
                // On the way back the nested stack is as it was: it is not brought back (see the README).
                true if on == On::Rollback => None,
                true => nested::update(ground, stack, &resource.physical, &resource.properties, at).err(),
                false => ground.makers.update(&making, &resource.physical, at).err(),
            }
        }
        _ => None,
    };
    run(stack, index, doomed.or(updated), at);
}

/// Brings a resource back to what it was before the update.
fn restore(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, before: Resource, at: Seconds) {
    let Some(now) = stack.resources.insert(logical.to_string(), before.clone()) else {
        return run(stack, index, None, at);
    };
    if now.physical != before.physical {
        operation(stack).leftovers.retain(|(_, old)| old.physical != before.physical);
        operation(stack).leftovers.push((logical.to_string(), now.clone()));
        stack.resource_enters(&mut ground.state.ids, logical, "UPDATE_IN_PROGRESS", None, at);
        let doomed = ground.state.strike(&stack.name, logical, On::Rollback);
        return run(stack, index, doomed, at);
    }
    let names = changed(&now.properties, &before.properties);
    modify(ground, stack, index, logical, On::Rollback, &names, at);
}

/// Begins to delete a resource, unless its policy or the caller retains it.
fn remove(ground: &mut Ground<'_>, stack: &mut Stack, index: usize, logical: &str, resource: &Resource, at: Seconds) {
    let phase = operation(stack).phase;
    let replaced = phase == Phase::Cleanup && stack.resources.get(logical).is_some_and(|now| now.physical != resource.physical);
    let policy = if replaced { resource.declared.replace_policy() } else { resource.declared.deletion_policy() };
    let rolls_back = matches!(phase, Phase::Rollback | Phase::RollbackCleanup);
    let kept = match policy {
        Policy::Retain => !(rolls_back && stack.options.retain_except_on_create),
        Policy::RetainExceptOnCreate => !rolls_back,
        Policy::Delete | Policy::Snapshot => false,
    };
    if kept || operation(stack).retained.contains(logical) {
        if let Some(standing) = stack.resources.get_mut(logical).filter(|standing| standing.physical == resource.physical) {
            standing.status = "DELETE_SKIPPED";
        }
        said(ground, stack, logical, resource, "DELETE_SKIPPED", None, at);
        if phase == Phase::Cleanup && !replaced || phase == Phase::RollbackCleanup {
            stack.resources.remove(logical);
        }
        return set(stack, index, State::Done);
    }
    if resource.physical.is_empty() || resource.gone {
        // There is nothing to delete; AWS says so in one event.
        let task = operation(stack).jobs[index].task.clone();
        gone(ground, stack, logical, resource, &task, at);
        return set(stack, index, State::Done);
    }
    if let Some(standing) = stack.resources.get_mut(logical).filter(|standing| standing.physical == resource.physical) {
        standing.status = "DELETE_IN_PROGRESS";
    }
    said(ground, stack, logical, resource, "DELETE_IN_PROGRESS", None, at);
    let on = if rolls_back { On::Rollback } else { On::Delete };
    let doomed = ground.state.strike(&stack.name, logical, on);
    let tags = tags(stack);
    let refused = match doomed {
        Some(reason) => Some(reason),
        None => {
            let making = stack.making(logical, &resource.declared.kind, &resource.properties, &tags);
            match nested::is(&making) {
                true => nested::delete(ground, &resource.physical, at),
                false => ground.makers.delete(&making, &resource.physical, at).err(),
            }
        }
    };
    run(stack, index, refused, at);
}
