//! Stacks inside stacks: each is a stack of its own, with its parent's tags.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html>

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::ground::{Ground, with};
use super::makers::{Made, Progress};
use super::operation::{Operation, Phase};
use super::parts::Settings;
use super::stack::Stack;
use super::{evaluate, phases, plan, source};
use crate::clock::Seconds;
use crate::cloudformation::template;
use crate::cloudformation::template::parameters::{Parameters, plain};
use crate::cloudformation::types::{Making, NESTED};

/// Whether this is a stack inside a stack.
pub(crate) fn is(making: &Making<'_>) -> bool {
    making.kind == NESTED
}

/// What the parent and the resource's properties make of it. "Tags ... are also propagated to the resources of the nested
/// stack": <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html>.
pub(crate) fn settings(ground: &Ground<'_>, parent: &Stack, properties: &Value) -> Result<Settings, String> {
    let url = properties.get("TemplateURL").map(plain).unwrap_or_default();
    let text = source::from_s3(ground, &url).map_err(|error| error.message)?;
    let template = Arc::new(template::read(&text).map_err(|error| error.message)?);
    let given = properties.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    let list: Vec<Value> = given.map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": plain(value)})).collect();
    let parameters = Parameters::read(&template, &json!({"Parameters": list}), None, &ground.state.stored);
    let above = parent.settings.as_ref();
    let mut tags = above.map(|above| above.tags.clone()).unwrap_or_default();
    for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        tags.insert(plain(&tag["Key"]), plain(&tag["Value"]));
    }
    Ok(Settings {
        template,
        parameters: parameters.map_err(|error| error.message)?,
        capabilities: above.map(|above| above.capabilities.clone()).unwrap_or_default(),
        tags,
        role: above.and_then(|above| above.role.clone()),
        notifications: Vec::new(),
    })
}

/// Begins the creation of a nested stack.
pub(crate) fn create(
    ground: &mut Ground<'_>,
    parent: &Stack,
    logical: &str,
    properties: &Value,
    at: Seconds,
) -> Result<Made, String> {
    let settings = settings(ground, parent, properties)?;
    let ids = &mut ground.state.ids;
    let name = format!("{}-{logical}-{}", parent.name, ids.word()[..12].to_uppercase());
    let mut stack = Stack::new(ids, &parent.account, &parent.region, &name, at);
    let root = parent.parents.as_ref().map_or(&parent.id, |parents| &parents.1).clone();
    stack.parents = Some((parent.id.clone(), root));
    evaluate::rehearse(ground.state, &stack, &settings)?;
    phases::begin_make(&mut stack, settings, Operation::new(Phase::Create, None, at))?;
    stack.enter(&mut ground.state.ids, "CREATE_IN_PROGRESS", Some("User Initiated"), at);
    let id = stack.id.clone();
    ground.state.stacks.insert(id.clone(), stack);
    Ok(Made { physical: id, attributes: Map::new() })
}

/// Whether an update of the parent changes the nested stack.
pub(crate) fn differs(ground: &Ground<'_>, parent: &Stack, id: &str, properties: &Value) -> Result<bool, String> {
    let Some(stack) = ground.state.stacks.get(id) else { return Ok(false) };
    let settings = settings(ground, parent, properties)?;
    let retagged = stack.settings.as_ref().is_none_or(|before| before.tags != settings.tags);
    Ok(retagged || plan::plan(ground.state, stack, &settings, false)?.executable)
}

/// Begins the update of a nested stack.
pub(crate) fn update(ground: &mut Ground<'_>, parent: &Stack, id: &str, properties: &Value, at: Seconds) -> Result<(), String> {
    let settings = settings(ground, parent, properties)?;
    let begun = with(ground, id, |ground, stack| {
        if stack.is_busy() {
            return Err(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status));
        }
        phases::begin_make(stack, settings, Operation::new(Phase::Update, None, at))?;
        stack.updated = Some(at);
        stack.enter(&mut ground.state.ids, "UPDATE_IN_PROGRESS", Some("User Initiated"), at);
        Ok(())
    });
    begun.unwrap_or_else(|| Err(format!("Stack [{id}] does not exist")))
}

/// How far the creation or the update of a nested stack is. The words are recorded.
pub(crate) fn made(ground: &Ground<'_>, id: &str) -> Progress {
    let Some(stack) = ground.state.stacks.get(id) else { return Progress::Failed(format!("Stack [{id}] does not exist")) };
    let reason = stack.reason.clone().unwrap_or_default();
    match stack.status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" => Progress::Done,
        _ if stack.is_busy() => Progress::Wait(1),
        status if status.starts_with("UPDATE") => Progress::Failed(format!(
            "Embedded stack {id} was not successfully updated. Currently in {status} with reason: {reason}"
        )),
        _ => Progress::Failed(format!("Embedded stack {id} was not successfully created: {reason}")),
    }
}

/// The outputs of a nested stack, as `Fn::GetAtt` names them.
pub(crate) fn outputs(ground: &Ground<'_>, id: &str) -> Map<String, Value> {
    let outputs = ground.state.stacks.get(id).map(|stack| stack.outputs.as_slice()).unwrap_or_default();
    outputs.iter().map(|output| (format!("Outputs.{}", output.key), output.value.as_str().into())).collect()
}

/// Begins the deletion of a nested stack.
pub(crate) fn delete(ground: &mut Ground<'_>, id: &str, at: Seconds) -> Option<String> {
    with(ground, id, |ground, stack| {
        if !matches!(stack.status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS") {
            phases::begin_delete(stack, Operation::new(Phase::Delete, None, at));
            stack.enter(&mut ground.state.ids, "DELETE_IN_PROGRESS", Some("User Initiated"), at);
        }
    });
    None
}

/// How far the deletion of a nested stack is.
pub(crate) fn removed(ground: &Ground<'_>, id: &str) -> Progress {
    match ground.state.stacks.get(id).map(|stack| stack.status) {
        None | Some("DELETE_COMPLETE") => Progress::Done,
        Some("DELETE_FAILED") => Progress::Failed(format!("Embedded stack {id} was not successfully deleted")),
        Some(_) => Progress::Wait(1),
    }
}
