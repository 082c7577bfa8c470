//! The actions of drift detection.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html>

use serde_json::{Value, json};

use crate::clock::{Seconds, iso_millis};
use crate::cloudformation::engine::detection::{DURATION, Detection};
use crate::cloudformation::engine::drift::{check_one, differences};
use crate::cloudformation::engine::ground::{Ground, with};
use crate::cloudformation::engine::parts::Resource;
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, no_stack, required};
use crate::error::{Answer, AwsError};
use crate::query;

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html>
pub(crate) fn detect(state: &mut State, input: &Value, now: Seconds) -> Answer {
    let name = required(input, "StackName")?;
    let stack = state.find(name).ok_or_else(|| no_stack(name))?;
    // "You can run drift detection on stacks in the following states": the page of the first line.
    const STATES: [&str; 5] =
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "IMPORT_COMPLETE"];
    if !STATES.contains(&stack.status) {
        return Err(invalid(format!(
            "Drift detection cannot be performed on stack [{}] while it is in {} state.",
            stack.id, stack.status
        )));
    }
    if state.detections.iter().any(|detection| detection.stack == stack.id && !detection.applied) {
        return Err(invalid(format!("Drift detection is already in progress for stack [{}]", stack.id)));
    }
    let stack = stack.id.clone();
    let id = state.ids.uuid();
    state.detections.push(Detection { id: id.clone(), stack, began: now, ready: now + DURATION, applied: false, drifted: 0 });
    Ok(json!({"StackDriftDetectionId": id}))
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html>
pub(crate) fn status(state: &State, input: &Value, _now: Seconds) -> Answer {
    let id = required(input, "StackDriftDetectionId")?;
    let missing = || -> AwsError { invalid(format!("Drift detection id {id} does not exist")) };
    let detection = state.detections.iter().find(|detection| detection.id == id).ok_or_else(missing)?;
    let mut answer = json!({
        "StackId": detection.stack,
        "StackDriftDetectionId": id,
        "DetectionStatus": if detection.applied { "DETECTION_COMPLETE" } else { "DETECTION_IN_PROGRESS" },
        "Timestamp": iso_millis(detection.began),
    });
    if detection.applied {
        let status = state.stacks.get(&detection.stack).and_then(|stack| stack.drift.status);
        answer["StackDriftStatus"] = status.unwrap_or("IN_SYNC").into();
        answer["DriftedStackResourceCount"] = detection.drifted.into();
    }
    Ok(answer)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html>: of "resources that
/// have been checked for drift".
pub(crate) fn describe(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack: &Stack = state.find(name).ok_or_else(|| no_stack(name))?;
    let filter = query::list(input, "StackResourceDriftStatusFilters").unwrap_or_default();
    let mut shown = Vec::new();
    for (logical, resource) in &stack.resources {
        let Some(status) = resource.drift.status else { continue };
        if status == "NOT_CHECKED" || !filter.is_empty() && !filter.iter().any(|wanted| wanted == status) {
            continue;
        }
        shown.push(view(stack, logical, resource, status));
    }
    let length = query::text(input, "MaxResults").and_then(|text| text.parse().ok()).unwrap_or(100).clamp(1, 100);
    state.page(input, "StackResourceDrifts", shown, length)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html>: one resource, at once.
pub(crate) fn detect_one(ground: &mut Ground<'_>, input: &Value, now: Seconds) -> Answer {
    let (name, logical) = (required(input, "StackName")?, required(input, "LogicalResourceId")?);
    let id = ground.state.find(name).map(|stack| stack.id.clone()).ok_or_else(|| no_stack(name))?;
    let found = with(ground, &id, |ground, stack| {
        let status = check_one(ground, stack, logical, now)?;
        let resource = stack.resources.get(logical)?;
        Some(json!({"StackResourceDrift": view(stack, logical, resource, status)}))
    });
    let missing = || invalid(format!("Resource {logical} does not exist for stack {name}"));
    found.flatten().ok_or_else(missing)
}

fn view(stack: &Stack, logical: &str, resource: &Resource, status: &str) -> Value {
    let actual = Some(&resource.actual).filter(|_| !matches!(status, "DELETED" | "UNKNOWN"));
    json!({
        "StackId": stack.id,
        "LogicalResourceId": logical,
        "PhysicalResourceId": resource.physical,
        "ResourceType": resource.declared.kind,
        "ExpectedProperties": resource.properties.to_string(),
        "ActualProperties": actual.map(Value::to_string),
        "PropertyDifferences": actual.map_or_else(Vec::new, |actual| differences(&resource.properties, actual)),
        "StackResourceDriftStatus": status,
        "DriftStatusReason": (status == "UNKNOWN").then_some("CloudFormation could not read the resource: AccessDenied"),
        "Timestamp": iso_millis(resource.drift.at),
    })
}
