//! How stacks and resources are shown.

use serde_json::{Value, json};

use crate::clock::iso_millis;

use crate::cloudformation::engine::parts::{Drift, Resource, Tags};
use crate::cloudformation::engine::stack::Stack;

/// `[{Key, Value}]`.
pub(crate) fn tags(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn checked(drift: &Drift) -> Option<String> {
    drift.status.map(|_| iso_millis(drift.at))
}

/// `DriftInformation` of a stack.
fn stack_drift(drift: &Drift) -> Value {
    json!({"StackDriftStatus": drift.status.unwrap_or("NOT_CHECKED"), "LastCheckTimestamp": checked(drift)})
}

/// `DriftInformation` of a resource.
fn resource_drift(drift: &Drift) -> Value {
    json!({"StackResourceDriftStatus": drift.status.unwrap_or("NOT_CHECKED"), "LastCheckTimestamp": checked(drift)})
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>
pub(crate) fn stack(stack: &Stack) -> Value {
    let mut view = json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ParentId": stack.parents.as_ref().map(|parents| &parents.0),
        "RootId": stack.parents.as_ref().map(|parents| &parents.1),
        "ChangeSetId": stack.change_set_id,
        "CreationTime": iso_millis(stack.created),
        "LastUpdatedTime": stack.updated.map(iso_millis),
        "DeletionTime": stack.deleted.map(iso_millis),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.options.disable_rollback,
        "RollbackConfiguration": {},
        "NotificationARNs": [],
        "Tags": [],
        "TimeoutInMinutes": stack.options.timeout_minutes,
        "DriftInformation": stack_drift(&stack.drift),
    });
    // As recorded: a deleted stack no longer shows its protection.
    if !stack.is_deleted() {
        view["EnableTerminationProtection"] = stack.options.protection.into();
    }
    let Some(settings) = &stack.settings else { return view };
    view["Description"] = json!(settings.template.description());
    view["NotificationARNs"] = settings.notifications.iter().map(String::as_str).collect();
    view["RoleARN"] = json!(settings.role);
    view["Tags"] = tags(&settings.tags);
    if !settings.capabilities.is_empty() {
        view["Capabilities"] = settings.capabilities.iter().map(String::as_str).collect();
    }
    if !settings.parameters.is_empty() {
        view["Parameters"] = settings.parameters.view();
    }
    let outputs: Vec<Value> = stack
        .outputs
        .iter()
        .map(|output| {
            json!({
                "OutputKey": output.key,
                "OutputValue": output.value,
                "Description": output.description,
                "ExportName": output.export,
            })
        })
        .collect();
    if !outputs.is_empty() {
        view["Outputs"] = outputs.into();
    }
    view
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSummary.html>
pub(crate) fn summary(stack: &Stack) -> Value {
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ParentId": stack.parents.as_ref().map(|parents| &parents.0),
        "RootId": stack.parents.as_ref().map(|parents| &parents.1),
        "TemplateDescription": stack.settings.as_ref().and_then(|settings| settings.template.description()),
        "CreationTime": iso_millis(stack.created),
        "LastUpdatedTime": stack.updated.map(iso_millis),
        "DeletionTime": stack.deleted.map(iso_millis),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DriftInformation": stack_drift(&stack.drift),
    })
}

/// A resource as ListStackResources shows it; `time` is what the member is called elsewhere.
pub(crate) fn resource(logical: &str, resource: &Resource, time: &str) -> Value {
    let physical = Some(&resource.physical).filter(|physical| !physical.is_empty());
    let mut view = json!({
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": resource.declared.kind,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": resource_drift(&resource.drift),
    });
    view[time] = iso_millis(resource.at).into();
    view
}

/// A resource as DescribeStackResources shows it.
pub(crate) fn stack_resource(stack: &Stack, logical: &str, of: &Resource, time: &str) -> Value {
    let mut view = resource(logical, of, time);
    view["StackName"] = stack.name.as_str().into();
    view["StackId"] = stack.id.as_str().into();
    view
}
