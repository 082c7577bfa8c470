//! The SDK's types as the planner's: in AWS's words, without what is not decided on.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types;
use aws_smithy_types::DateTime;
use driftless_core::observed::{ChangeDetail, PropertyDrift, ResourceChange, ResourceDrift, Stack, StackEvent, StackResource};

pub(super) fn at(time: Option<DateTime>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

pub(super) fn tags(tags: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    let tags = tags.into_iter().flatten();
    tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

pub(super) fn stack(stack: types::Stack) -> Stack {
    let parameters = stack.parameters.into_iter().flatten();
    let outputs = stack.outputs.into_iter().flatten();
    let drift = stack.drift_information;
    Stack {
        id: stack.stack_id.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        status: stack.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_reason: stack.stack_status_reason,
        change_set_id: stack.change_set_id,
        // Of a Systems Manager parameter `ParameterValue` is its name; what that resolves to is `ResolvedValue`.
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html
        parameters: parameters
            .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value.unwrap_or_default())))
            .collect(),
        tags: tags(stack.tags),
        outputs: outputs.filter_map(|output| Some((output.output_key?, output.output_value.unwrap_or_default()))).collect(),
        capabilities: stack.capabilities.into_iter().flatten().map(|word| word.as_str().to_owned()).collect(),
        role_arn: stack.role_arn,
        notification_arns: stack.notification_arns.unwrap_or_default(),
        termination_protection: stack.enable_termination_protection.unwrap_or_default(),
        parent_id: stack.parent_id,
        created_at: at(stack.creation_time).unwrap_or_default(),
        updated_at: at(stack.last_updated_time),
        deleted_at: at(stack.deletion_time),
        drift_status: drift.as_ref().and_then(|drift| drift.stack_drift_status.as_ref()).map(|word| word.as_str().to_owned()),
        drift_checked_at: drift.and_then(|drift| at(drift.last_check_timestamp)),
    }
}

pub(super) fn event(event: types::StackEvent) -> StackEvent {
    StackEvent {
        at: at(event.timestamp).unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        physical_id: event.physical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: event.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: event.resource_status_reason,
        token: event.client_request_token,
    }
}

pub(super) fn resource(resource: types::StackResourceSummary) -> StackResource {
    StackResource {
        logical_id: resource.logical_resource_id.unwrap_or_default(),
        physical_id: resource.physical_resource_id,
        resource_type: resource.resource_type.unwrap_or_default(),
        status: resource.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: resource.resource_status_reason,
    }
}

pub(super) fn change(change: types::ResourceChange) -> ResourceChange {
    let details: Vec<ChangeDetail> = change.details.into_iter().flatten().map(detail).collect();
    let mut properties: Vec<String> = details.iter().filter_map(|detail| detail.name.clone()).collect();
    properties.sort();
    properties.dedup();
    ResourceChange {
        action: change.action.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        logical_id: change.logical_resource_id.unwrap_or_default(),
        physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
        resource_type: change.resource_type.unwrap_or_default(),
        replacement: change.replacement.map(|word| word.as_str().to_owned()),
        policy_action: change.policy_action.map(|word| word.as_str().to_owned()),
        scope: change.scope.into_iter().flatten().map(|word| word.as_str().to_owned()).collect(),
        properties,
        details,
        nested: None,
    }
}

fn detail(detail: types::ResourceChangeDetail) -> ChangeDetail {
    let target = detail.target;
    let of = |text: &dyn Fn(&types::ResourceTargetDefinition) -> Option<String>| target.as_ref().and_then(text);
    ChangeDetail {
        source: detail.change_source.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        entity: detail.causing_entity.filter(|entity| !entity.is_empty()),
        attribute: of(&|target| target.attribute.as_ref().map(|word| word.as_str().to_owned())).unwrap_or_default(),
        name: of(&|target| target.name.clone()),
        path: of(&|target| target.path.clone()),
        recreates: of(&|target| target.requires_recreation.as_ref().map(|word| word.as_str().to_owned())).unwrap_or_default(),
        before: of(&|target| target.before_value.clone()),
        after: of(&|target| target.after_value.clone()),
    }
}

pub(super) fn drift(drift: types::StackResourceDrift) -> ResourceDrift {
    let differences = drift.property_differences.into_iter().flatten();
    ResourceDrift {
        logical_id: drift.logical_resource_id.unwrap_or_default(),
        resource_type: drift.resource_type.unwrap_or_default(),
        status: drift.stack_resource_drift_status.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        reason: drift.drift_status_reason,
        differences: differences
            .map(|difference| PropertyDrift {
                path: difference.property_path.unwrap_or_default(),
                expected: difference.expected_value,
                actual: difference.actual_value,
            })
            .collect(),
    }
}
