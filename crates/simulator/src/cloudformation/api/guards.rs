//! Stack policies and termination protection.

use serde_json::{Value, json};

use crate::error::Answer;

use super::requests;
use crate::cloudformation::engine::ground::Ground;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, no_stack, required};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html>
pub(crate) fn set_policy(ground: &mut Ground<'_>, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let body = requests::policy_of(ground, input, "StackPolicy")?;
    let body = body.ok_or_else(|| invalid("Error validating stack policy: Invalid stack policy"))?;
    let stack = ground.state.find_mut(name).filter(|stack| !stack.is_deleted()).ok_or_else(|| no_stack(name))?;
    stack.options.policy = Some(body);
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html>: "If a stack doesn't have a
/// policy, a null value is returned."
pub(crate) fn get_policy(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack(name))?;
    Ok(json!({"StackPolicyBody": stack.options.policy}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html>
pub(crate) fn protect(state: &mut State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let protection = required(input, "EnableTerminationProtection")? == "true";
    let stack = state.find_mut(name).filter(|stack| !stack.is_deleted()).ok_or_else(|| no_stack(name))?;
    stack.options.protection = protection;
    Ok(json!({"StackId": stack.id}))
}
