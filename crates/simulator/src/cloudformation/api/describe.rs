//! The actions that show stacks, their events and their resources.

use serde_json::{Value, json};

use crate::error::{Answer, AwsError};
use crate::query;

use super::views;
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, no_stack, no_stack_with_id, required};

/// Stacks, newest first.
fn newest_first(state: &State) -> Vec<&Stack> {
    let mut stacks: Vec<&Stack> = state.stacks.values().collect();
    stacks.sort_by(|one, other| other.created.total_cmp(&one.created));
    stacks
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
pub(crate) fn stacks(state: &State, input: &Value) -> Answer {
    let shown = match query::text(input, "StackName") {
        Some(name) => vec![state.find(name).ok_or_else(|| no_stack_with_id(name))?],
        None => newest_first(state).into_iter().filter(|stack| !stack.is_deleted()).collect(),
    };
    state.page(input, "Stacks", shown.into_iter().map(views::stack).collect(), 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html>
pub(crate) fn list(state: &State, input: &Value) -> Answer {
    let filter = query::list(input, "StackStatusFilter").unwrap_or_default();
    let wanted = |stack: &&Stack| filter.is_empty() || filter.iter().any(|status| status == stack.status);
    let shown = newest_first(state).into_iter().filter(wanted).map(views::summary).collect();
    state.page(input, "StackSummaries", shown, 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html>: "in reverse
/// chronological order".
pub(crate) fn events(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack(name))?;
    state.page(input, "StackEvents", stack.events.iter().rev().cloned().collect(), 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html>
pub(crate) fn resources(state: &State, input: &Value) -> Answer {
    let stack = match (query::text(input, "StackName"), query::text(input, "PhysicalResourceId")) {
        (Some(name), _) => state.find(name).ok_or_else(|| no_stack_with_id(name))?,
        (None, Some(physical)) => {
            let has = |stack: &&Stack| stack.resources.values().any(|resource| resource.physical == physical);
            let found = state.stacks.values().filter(|stack| !stack.is_deleted()).find(has);
            found.ok_or_else(|| invalid(format!("Stack for {physical} does not exist")))?
        }
        (None, None) => return Err(invalid("Either StackName or PhysicalResourceId must be specified.")),
    };
    let wanted = query::text(input, "LogicalResourceId");
    let shown = stack.resources.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let shown: Vec<Value> = shown.map(|(name, resource)| views::stack_resource(stack, name, resource, "Timestamp")).collect();
    // "Up to the first 100 resources are returned".
    Ok(json!({"StackResources": shown.into_iter().take(100).collect::<Vec<_>>()}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html>
pub(crate) fn resource(state: &State, input: &Value) -> Answer {
    let (name, logical) = (required(input, "StackName")?, required(input, "LogicalResourceId")?);
    let stack = state.find(name).ok_or_else(|| invalid(format!("Stack '{name}' does not exist")))?;
    let missing = || -> AwsError { invalid(format!("Resource {logical} does not exist for stack {}", stack.name)) };
    let resource = stack.resources.get(logical).ok_or_else(missing)?;
    let mut view = views::stack_resource(stack, logical, resource, "LastUpdatedTimestamp");
    view["Metadata"] = json!(resource.declared.attributes.get("Metadata").map(Value::to_string));
    Ok(json!({"StackResourceDetail": view}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html>
pub(crate) fn list_resources(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack_with_id(name))?;
    let shown = stack.resources.iter().map(|(name, resource)| views::resource(name, resource, "LastUpdatedTimestamp"));
    state.page(input, "StackResourceSummaries", shown.collect(), 100)
}
