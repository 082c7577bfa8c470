//! Stack policies and termination protection.

use serde_json::{Value, json};

use crate::query;
use crate::world::Answer;

use super::{State, invalid, no_stack, policy, required};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html>
pub(super) fn set_policy(state: &mut State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    if query::text(input, "StackPolicyBody").is_some() && query::text(input, "StackPolicyURL").is_some() {
        return Err(invalid("You cannot specify both StackPolicyURL and StackPolicyBody"));
    }
    let body = query::text(input, "StackPolicyBody").unwrap_or_default().to_string();
    policy::check(&body)?;
    let stack = state.find_mut(name).filter(|stack| !stack.is_deleted()).ok_or_else(|| no_stack(name))?;
    stack.options.policy = Some(body);
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html>: "If a stack doesn't have a
/// policy, a null value is returned."
pub(super) fn get_policy(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack(name))?;
    Ok(json!({"StackPolicyBody": stack.options.policy}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html>
pub(super) fn protect(state: &mut State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let protection = required(input, "EnableTerminationProtection")? == "true";
    let stack = state.find_mut(name).filter(|stack| !stack.is_deleted()).ok_or_else(|| no_stack(name))?;
    stack.options.protection = protection;
    Ok(json!({"StackId": stack.id}))
}
