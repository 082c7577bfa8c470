//! The actions on change sets.

use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::query;

use super::lifecycle::{self, Update};
use super::requests::{self, check_name};
use super::{early, inside};
use crate::cloudformation::engine::change_set::ChangeSet;
use crate::cloudformation::engine::ground::{Ground, with};
use crate::cloudformation::engine::operation::{Operation, Phase};
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::engine::{drift, phases, plan};
use crate::cloudformation::errors::{invalid, no_stack, required};

/// How long a change set is CREATE_IN_PROGRESS, in logical seconds.
const CREATION: Seconds = 2.0;

/// For a change set without a change; and for a stack's update without one: both are recorded.
const NO_CHANGE: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
pub(crate) fn create(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let (name, set_name) = (required(input, "StackName")?, required(input, "ChangeSetName")?);
    check_name(name)?;
    check_set_name(set_name)?;
    let creates = match query::text(input, "ChangeSetType").unwrap_or("UPDATE") {
        "CREATE" => true,
        "UPDATE" => false,
        other => return Err(invalid(format!("The simulator has no change sets of the type {other}."))),
    };
    let existing = ground.state.find(name).map(|stack| stack.id.clone());
    let reviewed = |id: &String| ground.state.stacks[id].status == "REVIEW_IN_PROGRESS";
    let id = match existing {
        Some(id) if creates && !reviewed(&id) => {
            let message = format!("Stack [{name}] already exists and cannot be created again with the changeSet [{set_name}].");
            return Err(invalid(message));
        }
        Some(id) if !creates && reviewed(&id) => return Err(no_stack(name)),
        Some(id) => id,
        None if creates => {
            // What the request lacks is said before there is a stack.
            let (account, region) = (ground.state.account.clone(), ground.state.region.clone());
            let mut stack = Stack::new(&mut ground.state.ids, &account, &region, name, now);
            requests::settings(ground, &stack, input, None)?;
            stack.enter(&mut ground.state.ids, "REVIEW_IN_PROGRESS", Some("User Initiated"), now);
            let id = stack.id.clone();
            ground.state.stacks.insert(id.clone(), stack);
            id
        }
        None => return Err(no_stack(name)),
    };
    with(ground, &id, |ground, stack| add(ground, stack, input, creates, now)).unwrap_or_else(|| Err(no_stack(name)))
}

/// "[a-zA-Z][-a-zA-Z0-9]*", at most 128 characters.
fn check_set_name(name: &str) -> Result<(), AwsError> {
    let plain = name.len() <= 128 && !name.starts_with("arn:") && check_name(name).is_ok();
    let message = || {
        format!(
            "1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    };
    if plain { Ok(()) } else { Err(invalid(message())) }
}

fn add(ground: &mut Ground<'_>, stack: &mut Stack, input: &Value, creates: bool, now: Seconds) -> Answer {
    if !creates {
        // Whether the rollback is disabled is said when it is executed: a stack that failed can have a change set.
        lifecycle::check_updatable(stack, true)?;
    }
    let before = stack.settings.clone().filter(|_| !creates);
    let settings = requests::settings(ground, stack, input, before.as_ref())?;
    let name = required(input, "ChangeSetName")?;
    let token = query::text(input, "ClientToken").map(str::to_string);
    let revert_drift = query::text(input, "DeploymentMode") == Some("REVERT_DRIFT");
    if let Some(other) = stack.change_sets.iter().find(|set| set.name == name && !set.execution.starts_with("EXECUTE")) {
        let differs = [
            ("Template", other.settings.template.text != settings.template.text),
            ("Parameters", other.settings.parameters != settings.parameters),
            ("Tags", other.settings.tags != settings.tags),
            ("ClientToken", other.token != token),
        ];
        return match differs.iter().find(|(_, differs)| *differs) {
            None => Ok(json!({"Id": other.id, "StackId": stack.id})),
            Some((attribute, _)) => Err(AwsError::new(
                "AlreadyExistsException",
                format!("ChangeSet {name} cannot be created due to a mismatch with existing attribute {attribute}"),
            )),
        };
    }
    if revert_drift {
        drift::refresh(ground, stack, now);
    }
    let nested = query::flag(input, "IncludeNestedStacks") == Some(true);
    let id = set_id(ground, stack, name);
    let planned = plan::plan(ground.state, stack, &settings, revert_drift).and_then(|mut plan| {
        if nested {
            plan.executable &= inside::plan(ground, stack, &settings, &id, &mut plan.changes, now)?;
        }
        Ok(plan)
    });
    let mut taken = Vec::new();
    let (changes, failure) = match planned {
        Ok(plan) if !plan.executable && !creates => (Vec::new(), Some(NO_CHANGE.to_string())),
        Ok(plan) => {
            taken = early::taken(ground, &plan.changes);
            (plan.changes, (!taken.is_empty()).then(|| early::REASON.to_string()))
        }
        Err(reason) => (Vec::new(), Some(reason)),
    };
    let set = ChangeSet {
        id,
        name: name.to_string(),
        token,
        creates,
        description: query::text(input, "Description").map(str::to_string),
        settings,
        changes,
        failure,
        created: now,
        ready: now + CREATION,
        execution: "AVAILABLE",
        on_stack_failure: query::text(input, "OnStackFailure").map(str::to_string),
        revert_drift,
        nested,
        parents: None,
        taken,
    };
    let answer = json!({"Id": set.id, "StackId": stack.id});
    stack.change_sets.push(set);
    Ok(answer)
}

/// A new change set's ARN.
pub(crate) fn set_id(ground: &mut Ground<'_>, stack: &Stack, name: &str) -> String {
    format!("arn:aws:cloudformation:{}:{}:changeSet/{name}/{}", stack.region, stack.account, ground.state.ids.uuid())
}

/// The stack and the change set that a request names.
pub(crate) fn find<'a>(state: &'a State, input: &Value) -> Result<(&'a Stack, &'a ChangeSet), AwsError> {
    let name = required(input, "ChangeSetName")?;
    let missing = || AwsError::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist")).with_status(404);
    if name.starts_with("arn:") {
        let sets = state.stacks.values().flat_map(|stack| stack.change_sets.iter().map(move |set| (stack, set)));
        return sets.into_iter().find(|(_, set)| set.id == name).ok_or_else(missing);
    }
    let stack_name = query::text(input, "StackName")
        .ok_or_else(|| invalid("StackName must be specified if ChangeSetName is not specified as an ARN."))?;
    let stack = state.find(stack_name).ok_or_else(|| no_stack(stack_name))?;
    // The newest of that name.
    stack.change_sets.iter().rev().find(|set| set.name == name).map(|set| (stack, set)).ok_or_else(missing)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html>
pub(crate) fn describe(state: &State, input: &Value, now: Seconds) -> Answer {
    let (stack, set) = find(state, input)?;
    let values = query::flag(input, "IncludePropertyValues") == Some(true);
    let mut view = set.view(stack, now);
    let page = state.page(input, "Changes", set.shown(now, values), 100)?;
    view["Changes"] = page["Changes"].clone();
    view["NextToken"] = page["NextToken"].clone();
    Ok(view)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html>
pub(crate) fn list(state: &State, input: &Value, now: Seconds) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack(name))?;
    let shown = stack.change_sets.iter().filter(|set| set.execution != "EXECUTE_COMPLETE");
    state.page(input, "Summaries", shown.map(|set| set.summary(stack, now)).collect(), 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html>. One that is gone already is
/// no error; a stack in review stays.
pub(crate) fn delete(state: &mut State, input: &Value) -> Answer {
    let (stack, set) = match find(state, input) {
        Ok((stack, set)) => (stack.id.clone(), set.id.clone()),
        Err(error) if error.code == "ChangeSetNotFound" => return Ok(json!({})),
        Err(error) => return Err(error),
    };
    let Some(stack) = state.stacks.get_mut(&stack) else { return Ok(json!({})) };
    if stack.operation.as_ref().is_some_and(|operation| operation.change_set.as_ref() == Some(&set)) {
        return Err(AwsError::new(
            "InvalidChangeSetStatus",
            format!("ChangeSet [{set}] cannot be deleted in its current status of [EXECUTE_IN_PROGRESS]"),
        ));
    }
    stack.change_sets.retain(|other| other.id != set);
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>
pub(crate) fn execute(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let (stack, set) = find(ground.state, input)?;
    let (id, set) = (stack.id.clone(), set.clone());
    with(ground, &id, |ground, stack| run(ground, stack, &set, input, now)).unwrap_or_else(|| Err(no_stack(&id)))
}

fn run(ground: &mut Ground<'_>, stack: &mut Stack, set: &ChangeSet, input: &Value, now: Seconds) -> Answer {
    let token = query::text(input, "ClientRequestToken").map(str::to_string);
    let request = token.clone().map(|token| (format!("ExecuteChangeSet {}", set.id), token));
    if request.is_some() && stack.last_request == request {
        return Ok(json!({}));
    }
    if set.execution(now) != "AVAILABLE" {
        let (status, execution) = (set.status(now), set.execution(now));
        let shown = if status == "CREATE_COMPLETE" { execution } else { status };
        return Err(AwsError::new(
            "InvalidChangeSetStatus",
            format!("ChangeSet [{}] cannot be executed in its current status of [{shown}]", set.id),
        ));
    }
    let disable = query::flag(input, "DisableRollback");
    // "If this parameter is specified, the DisableRollback parameter to the ExecuteChangeSet API operation must not be
    // specified.": API_CreateChangeSet.html
    if disable.is_some() && set.on_stack_failure.is_some() {
        return Err(invalid("DisableRollback cannot be specified for a change set that was created with OnStackFailure."));
    }
    if !set.creates {
        lifecycle::check_updatable(stack, disable == Some(true))?;
    }
    stack.last_request = request;
    let on_failure = set.on_stack_failure.as_deref();
    stack.options.disable_rollback = disable == Some(true) || on_failure == Some("DO_NOTHING");
    stack.options.delete_on_failure = set.creates && on_failure == Some("DELETE");
    stack.options.retain_except_on_create = query::flag(input, "RetainExceptOnCreate") == Some(true);
    stack.change_set_id = Some(set.id.clone());
    // "If you create a change set for a stack, CloudFormation deletes all other change sets once one is executed".
    stack.change_sets.retain(|other| other.id == set.id || other.execution.starts_with("EXECUTE"));
    stack.change_sets.iter_mut().filter(|own| own.id == set.id).for_each(|own| own.execution = "EXECUTE_IN_PROGRESS");
    if set.creates {
        let mut operation = Operation::new(Phase::Create, token, now);
        operation.change_set = Some(set.id.clone());
        phases::begin_make(stack, set.settings.clone(), operation).map_err(invalid)?;
        stack.updated = Some(now);
        stack.enter(&mut ground.state.ids, "CREATE_IN_PROGRESS", Some("User Initiated"), now);
    } else {
        let update = Update { token, policy: None, set: Some(set) };
        lifecycle::begin_update(ground, stack, set.settings.clone(), update, now)?;
    }
    Ok(json!({}))
}
