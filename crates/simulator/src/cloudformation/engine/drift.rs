//! Whether resources are as their stack's template says.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html>

use serde_json::{Value, json};

use super::detection::Detection;
use super::ground::{Ground, with};
use super::parts::{Drift, Resource};
use super::stack::Stack;
use crate::clock::Seconds;

/// Lets the detections end that are due.
pub(crate) fn settle(ground: &mut Ground<'_>, at: Seconds) {
    let due = |detection: &&Detection| !detection.applied && detection.ready <= at;
    let ids: Vec<(String, String)> =
        ground.state.detections.iter().filter(due).map(|detection| (detection.id.clone(), detection.stack.clone())).collect();
    for (id, stack) in ids {
        let drifted = with(ground, &stack, |ground, stack| check(ground, stack, at)).unwrap_or_default();
        for detection in ground.state.detections.iter_mut().filter(|detection| detection.id == id) {
            (detection.applied, detection.drifted) = (true, drifted);
        }
    }
}

/// Compares every resource of a stack with what is really there. How many have drifted.
fn check(ground: &mut Ground<'_>, stack: &mut Stack, at: Seconds) -> usize {
    refresh(ground, stack, at);
    for resource in stack.resources.values_mut() {
        resource.drift.status = Some(status_of(resource));
        resource.drift.at = at;
    }
    let drifted = |resource: &&Resource| matches!(resource.drift.status, Some("MODIFIED" | "DELETED"));
    let count = stack.resources.values().filter(drifted).count();
    let unknown = stack.resources.values().any(|resource| resource.drift.status == Some("UNKNOWN"));
    stack.drift.status = Some(match (count, unknown) {
        (0, true) => "UNKNOWN",
        (0, false) => "IN_SYNC",
        _ => "DRIFTED",
    });
    stack.drift.at = at;
    count
}

/// Looks at one resource: its drift, or `None` when the stack has none of this name.
pub(crate) fn check_one(ground: &mut Ground<'_>, stack: &mut Stack, logical: &str, at: Seconds) -> Option<&'static str> {
    refresh(ground, stack, at);
    let resource = stack.resources.get_mut(logical)?;
    let status = status_of(resource);
    resource.drift = Drift { status: Some(status), at };
    Some(status)
}

/// Looks at the resources that the simulator has made for real, as they may have been changed through their own service.
pub(crate) fn refresh(ground: &mut Ground<'_>, stack: &mut Stack, now: Seconds) {
    let tags = stack.settings.as_ref().map(|settings| settings.tags.clone()).unwrap_or_default();
    let names: Vec<String> = stack.resources.keys().cloned().collect();
    for name in names {
        let resource = &stack.resources[&name];
        if resource.physical.is_empty() || resource.status == "DELETE_COMPLETE" {
            continue;
        }
        let making = stack.making(&name, &resource.declared.kind, &resource.properties, &tags);
        let found = ground.makers.look(&making, &resource.physical, &resource.actual, now);
        let Some(resource) = stack.resources.get_mut(&name) else { continue };
        match found {
            Some(actual) => resource.actual = actual,
            None => resource.gone = true,
        }
    }
}

pub(crate) fn status_of(resource: &Resource) -> &'static str {
    // "Resources that don't support drift detection are assigned a drift status of NOT_CHECKED".
    let unsupported = ["Custom::", "AWS::CloudFormation::"].iter().any(|prefix| resource.declared.kind.starts_with(prefix));
    if unsupported {
        "NOT_CHECKED"
    } else if resource.unreadable {
        // "UNKNOWN: CloudFormation could not run drift detection for a resource in the stack":
        // <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html>
        "UNKNOWN"
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
pub(crate) fn differences(expected: &Value, actual: &Value) -> Vec<Value> {
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
