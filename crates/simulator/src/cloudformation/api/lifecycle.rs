//! The actions that begin or end an operation on a stack.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::query;

use super::requests::{self, check_name};
use crate::cloudformation::engine::change_set::ChangeSet;
use crate::cloudformation::engine::ground::{Ground, with};
use crate::cloudformation::engine::operation::{Operation, Phase};
use crate::cloudformation::engine::parts::Settings;
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::{phases, plan};
use crate::cloudformation::errors::{invalid, no_stack, required};

/// The states that a stack can be updated in.
const STABLE: [&str; 4] = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"];

fn token(input: &Value) -> Option<String> {
    query::text(input, "ClientRequestToken").map(str::to_string)
}

/// Whether this call repeats the last one with its token; a token that another call had is refused.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html#API_ExecuteChangeSet_Errors>
fn repeats(stack: &Stack, action: &str, input: &Value) -> Result<bool, AwsError> {
    match (&stack.last_request, token(input)) {
        (Some((last, used)), Some(token)) if *used == token && last == action => Ok(true),
        (Some((_, used)), Some(token)) if *used == token => {
            Err(AwsError::new("TokenAlreadyExistsException", "A client request token already exists."))
        }
        _ => Ok(false),
    }
}

/// Remembers the token of a call that began something.
fn remember(stack: &mut Stack, action: &str, input: &Value) {
    stack.last_request = token(input).map(|token| (action.to_string(), token));
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
pub(crate) fn create_stack(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let name = required(input, "StackName")?;
    check_name(name)?;
    if let Some(existing) = ground.state.find_mut(name) {
        if token(input).is_some() && existing.last_request == token(input).map(|token| ("CreateStack".into(), token)) {
            return Ok(json!({"StackId": existing.id}));
        }
        return Err(AwsError::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let (account, region) = (ground.state.account.clone(), ground.state.region.clone());
    let mut stack = Stack::new(&mut ground.state.ids, &account, &region, name, now);
    let settings = requests::settings(ground, &stack, input, None)?;
    stack.options = requests::options(ground, input)?;
    remember(&mut stack, "CreateStack", input);
    let operation = Operation::new(Phase::Create, token(input), now);
    phases::begin_make(&mut stack, settings, operation).map_err(invalid)?;
    stack.enter(&mut ground.state.ids, "CREATE_IN_PROGRESS", Some("User Initiated"), now);
    let id = stack.id.clone();
    ground.state.stacks.insert(id.clone(), stack);
    Ok(json!({"StackId": id}))
}

/// Refuses to update a stack in a state in which that cannot be.
pub(crate) fn check_updatable(stack: &Stack, disable_rollback: bool) -> Result<(), AwsError> {
    // A stack that failed without a rollback can be updated again: "Update" of
    // <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html>.
    let halted = stack.status == "UPDATE_FAILED" || stack.status == "CREATE_FAILED" && disable_rollback;
    if STABLE.contains(&stack.status) || halted {
        return Ok(());
    }
    Err(invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html>
pub(crate) fn update_stack(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let name = required(input, "StackName")?;
    let id = ground.state.find(name).map(|stack| stack.id.clone()).ok_or_else(|| no_stack(name))?;
    with(ground, &id, |ground, stack| {
        if repeats(stack, "UpdateStack", input)? {
            return Ok(json!({"StackId": stack.id}));
        }
        let (settings, during) = prepare(ground, stack, input)?;
        if let Some(body) = requests::policy_of(ground, input, "StackPolicy")? {
            stack.options.policy = Some(body);
        }
        stack.options.disable_rollback = query::flag(input, "DisableRollback") == Some(true);
        // Change sets of before the update no longer fit.
        stack.change_sets.iter_mut().filter(|set| set.execution == "AVAILABLE").for_each(|set| set.execution = "OBSOLETE");
        begin_update(ground, stack, settings, Update { token: token(input), policy: during, set: None }, now)?;
        remember(stack, "UpdateStack", input);
        Ok(json!({"StackId": stack.id}))
    })
    .unwrap_or_else(|| Err(no_stack(name)))
}

fn prepare(ground: &Ground<'_>, stack: &Stack, input: &Value) -> Result<(Settings, Option<String>), AwsError> {
    check_updatable(stack, query::flag(input, "DisableRollback") == Some(true))?;
    let during = requests::policy_of(ground, input, "StackPolicyDuringUpdate")?;
    let settings = requests::settings(ground, stack, input, stack.settings.as_ref())?;
    let plan = plan::plan(ground.state, stack, &settings, false).map_err(invalid)?;
    if !plan.executable && STABLE.contains(&stack.status) {
        return Err(invalid("No updates are to be performed."));
    }
    Ok((settings, during))
}

/// What an update begins with besides its settings.
pub(crate) struct Update<'a> {
    pub(crate) token: Option<String>,
    /// The policy in force during this update.
    pub(crate) policy: Option<String>,
    /// The change set that is executed.
    pub(crate) set: Option<&'a ChangeSet>,
}

/// Begins an update that was found to be in order.
pub(crate) fn begin_update(
    ground: &mut Ground<'_>,
    stack: &mut Stack,
    settings: Settings,
    update: Update<'_>,
    now: Seconds,
) -> Result<(), AwsError> {
    let mut operation = Operation::new(Phase::Update, update.token, now);
    operation.policy_override = update.policy;
    operation.revert_drift = update.set.is_some_and(|set| set.revert_drift);
    operation.change_set = update.set.map(|set| set.id.clone());
    phases::begin_make(stack, settings, operation).map_err(invalid)?;
    stack.updated = Some(now);
    stack.enter(&mut ground.state.ids, "UPDATE_IN_PROGRESS", Some("User Initiated"), now);
    Ok(())
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html>
pub(crate) fn delete_stack(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let name = required(input, "StackName")?;
    // To delete what does not exist, or no longer does, is no error.
    let Some(id) = ground.state.find(name).map(|stack| stack.id.clone()) else { return Ok(json!({})) };
    with(ground, &id, |ground, stack| delete(ground, stack, input, now)).unwrap_or(Ok(json!({})))
}

fn delete(ground: &mut Ground<'_>, stack: &mut Stack, input: &Value, now: Seconds) -> Answer {
    if matches!(stack.status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS") {
        return Ok(json!({}));
    }
    if stack.options.protection {
        return Err(invalid(format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name)));
    }
    if stack.is_busy() && stack.status != "CREATE_IN_PROGRESS" {
        return Err(invalid(format!("Stack [{}] cannot be deleted while in status {}", stack.id, stack.status)));
    }
    let retained: BTreeSet<String> =
        query::list(input, "RetainResources").unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_string).collect();
    let force = query::text(input, "DeletionMode") == Some("FORCE_DELETE_STACK");
    // "For stacks in the DELETE_FAILED state": both members of the request say so on the action's page.
    if stack.status != "DELETE_FAILED" && (!retained.is_empty() || force) {
        let rule = if force {
            "A stack can be force deleted only when it is in the DELETE_FAILED state."
        } else {
            // As recorded.
            "When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state."
        };
        return Err(invalid(format!("Invalid operation on stack [{}]. {rule}", stack.id)));
    }
    if repeats(stack, "DeleteStack", input)? {
        return Ok(json!({}));
    }
    remember(stack, "DeleteStack", input);
    let before = stack.status;
    let phase = if phases::in_use(ground, stack, &[]).is_some() { Phase::Cancelled(before) } else { Phase::Delete };
    let mut operation = Operation::new(phase, token(input), now);
    (operation.retained, operation.force) = (retained, force);
    match phase {
        Phase::Delete => phases::begin_delete(stack, operation),
        _ => stack.operation = Some(operation),
    }
    stack.enter(&mut ground.state.ids, "DELETE_IN_PROGRESS", Some("User Initiated"), now);
    Ok(json!({}))
}

/// Runs something on the stack that a request names.
fn on_stack(ground: &mut Ground<'_>, input: &Value, run: impl FnOnce(&mut Ground<'_>, &mut Stack) -> Answer) -> Answer {
    let name = required(input, "StackName")?;
    let id = ground.state.find(name).map(|stack| stack.id.clone()).ok_or_else(|| no_stack(name))?;
    with(ground, &id, run).unwrap_or_else(|| Err(no_stack(name)))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html>
pub(crate) fn cancel_update_stack(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    on_stack(ground, input, |ground, stack| {
        if repeats(stack, "CancelUpdateStack", input)? {
            return Ok(json!({}));
        }
        // "You can cancel only stacks that are in the UPDATE_IN_PROGRESS state."
        if stack.status != "UPDATE_IN_PROGRESS" {
            return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
        }
        remember(stack, "CancelUpdateStack", input);
        phases::cancel_update(ground, stack, token(input), now);
        Ok(json!({}))
    })
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html>
pub(crate) fn continue_update_rollback(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    on_stack(ground, input, |ground, stack| {
        if repeats(stack, "ContinueUpdateRollback", input)? {
            return Ok(json!({}));
        }
        if stack.status != "UPDATE_ROLLBACK_FAILED" {
            return Err(invalid(format!(
                "Stack [{}] is in {} state and can not be continued to roll back.",
                stack.id, stack.status
            )));
        }
        let skip: BTreeSet<String> = query::list(input, "ResourcesToSkip")
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_string)
            .collect();
        // "Specify only resources that are in the UPDATE_FAILED state because a rollback failed."
        let failed = stack.operation.as_ref().map(Operation::failed).unwrap_or_default();
        if let Some(other) = skip.iter().find(|name| !failed.contains(name)) {
            return Err(invalid(format!("ResourcesToSkip: [{other}] is not in the UPDATE_FAILED state.")));
        }
        remember(stack, "ContinueUpdateRollback", input);
        phases::continue_update_rollback(stack, &skip, token(input), ground, now);
        Ok(json!({}))
    })
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html>
pub(crate) fn rollback_stack(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    on_stack(ground, input, |ground, stack| {
        if repeats(stack, "RollbackStack", input)? {
            return Ok(json!({"StackId": stack.id}));
        }
        let reason = Some("User Initiated");
        match stack.status {
            "CREATE_FAILED" => phases::begin_rollback(stack, reason, token(input), ground, now),
            "UPDATE_FAILED" => phases::begin_update_rollback(stack, reason, token(input), ground, now),
            status => return Err(invalid(format!("Stack [{}] is in {status} state and can not be rolled back.", stack.id))),
        }
        remember(stack, "RollbackStack", input);
        Ok(json!({"StackId": stack.id}))
    })
}
