//! Drift detection: whether resources are as their stack's template says.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html>

use serde_json::{Value, json};

use crate::clock::{Seconds, iso_millis};
use crate::error::AwsError;
use crate::query;
use crate::world::{Answer, World};

use super::stack::{Resource, Stack};
use super::{State, invalid, kinds, no_stack, required, with};

/// How long a detection takes, in logical seconds.
const DURATION: Seconds = 3.0;

/// One detection of a stack's drift.
pub(super) struct Detection {
    id: String,
    stack: String,
    began: Seconds,
    pub(super) ready: Seconds,
    /// Its result stands in the stack.
    pub(super) applied: bool,
    /// How many resources have drifted.
    drifted: usize,
}

/// Lets the detections end that are due.
pub(super) fn settle(world: &mut World, at: Seconds) {
    let due = |detection: &&Detection| !detection.applied && detection.ready <= at;
    let ids: Vec<(String, String)> = world
        .cloudformation
        .detections
        .iter()
        .filter(due)
        .map(|detection| (detection.id.clone(), detection.stack.clone()))
        .collect();
    for (id, stack) in ids {
        let drifted = with(world, &stack, |world, stack| check(world, stack, at)).unwrap_or_default();
        for detection in world.cloudformation.detections.iter_mut().filter(|detection| detection.id == id) {
            (detection.applied, detection.drifted) = (true, drifted);
        }
    }
}

/// Compares every resource of a stack with what is really there. How many have drifted.
fn check(world: &mut World, stack: &mut Stack, at: Seconds) -> usize {
    refresh(world, stack, at);
    for resource in stack.resources.values_mut() {
        resource.drift.status = Some(status_of(resource));
        resource.drift.at = at;
    }
    let drifted = |resource: &&Resource| matches!(resource.drift.status, Some("MODIFIED" | "DELETED"));
    let count = stack.resources.values().filter(drifted).count();
    stack.drift.status = Some(if count > 0 { "DRIFTED" } else { "IN_SYNC" });
    stack.drift.at = at;
    count
}

/// Looks at the resources that the simulator has made for real, as they may have been changed through their own service.
pub(super) fn refresh(world: &mut World, stack: &mut Stack, now: Seconds) {
    let tags = stack.settings.as_ref().map(|settings| settings.tags.clone()).unwrap_or_default();
    let names: Vec<String> = stack.resources.keys().cloned().collect();
    for name in names {
        let resource = &stack.resources[&name];
        if resource.physical.is_empty() || resource.status == "DELETE_COMPLETE" {
            continue;
        }
        let making = stack.making(&name, &resource.declared.kind, &resource.properties, &tags);
        let found = kinds::look(world, &making, &resource.physical, &resource.actual, now);
        let Some(resource) = stack.resources.get_mut(&name) else { continue };
        match found {
            Some(actual) => resource.actual = actual,
            None => resource.gone = true,
        }
    }
}

fn status_of(resource: &Resource) -> &'static str {
    // "Resources that don't support drift detection are assigned a drift status of NOT_CHECKED".
    let unsupported = ["Custom::", "AWS::CloudFormation::"].iter().any(|prefix| resource.declared.kind.starts_with(prefix));
    if unsupported {
        "NOT_CHECKED"
    } else if resource.gone {
        "DELETED"
    } else if differences(&resource.properties, &resource.actual).is_empty() {
        "IN_SYNC"
    } else {
        "MODIFIED"
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_PropertyDifference.html>. "CloudFormation only
/// determines drift for property values that are explicitly set".
fn differences(expected: &Value, actual: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (name, value) in expected.as_object().into_iter().flatten() {
        compare(&format!("/{name}"), Some(value), actual.get(name), &mut found);
    }
    found
}

fn compare(path: &str, expected: Option<&Value>, actual: Option<&Value>, found: &mut Vec<Value>) {
    let text = |value: Option<&Value>| match value {
        None => "null".to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut differs = |kind: &str| {
        found.push(json!({
            "PropertyPath": path,
            "ExpectedValue": text(expected),
            "ActualValue": text(actual),
            "DifferenceType": kind,
        }));
    };
    match (expected, actual) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            keys.into_iter().for_each(|key| compare(&format!("{path}/{key}"), one.get(key), other.get(key), found));
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for place in 0..one.len().max(other.len()) {
                compare(&format!("{path}/{place}"), one.get(place), other.get(place), found);
            }
        }
        (one, other) if one == other => {}
        (None, Some(_)) => differs("ADD"),
        (Some(_), None) => differs("REMOVE"),
        // A number and its text are the same to a template.
        (one, other) if text(one) == text(other) => {}
        _ => differs("NOT_EQUAL"),
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html>
pub(super) fn detect(state: &mut State, input: &Value, now: Seconds) -> Answer {
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
pub(super) fn status(state: &State, input: &Value, _now: Seconds) -> Answer {
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
        answer["StackDriftStatus"] = if detection.drifted > 0 { "DRIFTED" } else { "IN_SYNC" }.into();
        answer["DriftedStackResourceCount"] = detection.drifted.into();
    }
    Ok(answer)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html>: of "resources that
/// have been checked for drift".
pub(super) fn describe(state: &State, input: &Value) -> Answer {
    let name = required(input, "StackName")?;
    let stack: &Stack = state.find(name).ok_or_else(|| no_stack(name))?;
    let filter = query::list(input, "StackResourceDriftStatusFilters").unwrap_or_default();
    let mut shown = Vec::new();
    for (logical, resource) in &stack.resources {
        let Some(status) = resource.drift.status else { continue };
        if status == "NOT_CHECKED" || !filter.is_empty() && !filter.iter().any(|wanted| wanted == status) {
            continue;
        }
        let actual = Some(&resource.actual).filter(|_| status != "DELETED");
        shown.push(json!({
            "StackId": stack.id,
            "LogicalResourceId": logical,
            "PhysicalResourceId": resource.physical,
            "ResourceType": resource.declared.kind,
            "ExpectedProperties": resource.properties.to_string(),
            "ActualProperties": actual.map(Value::to_string),
            "PropertyDifferences": actual.map_or_else(Vec::new, |actual| differences(&resource.properties, actual)),
            "StackResourceDriftStatus": status,
            "Timestamp": iso_millis(resource.drift.at),
        }));
    }
    let length = query::text(input, "MaxResults").and_then(|text| text.parse().ok()).unwrap_or(100).clamp(1, 100);
    state.page(input, "StackResourceDrifts", shown, length)
}
