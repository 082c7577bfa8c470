//! Early validation: what a change set would make is looked at before it can be executed, and what is wrong is told by
//! DescribeEvents alone.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>

use serde_json::{Value, json};

use super::change_sets;
use crate::clock::{Seconds, iso_millis};
use crate::cloudformation::engine::ground::Ground;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, no_stack};
use crate::cloudformation::types::identity;
use crate::error::Answer;
use crate::query;

/// As recorded: <https://github.com/aws/aws-cdk-cli/issues/1000>.
pub(crate) const REASON: &str = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To \
                                 troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure \
                                 information.";

/// The resources to be added whose names are taken: logical id, type, name.
pub(crate) fn taken(ground: &Ground<'_>, changes: &[Value]) -> Vec<(String, String, String)> {
    let added = changes.iter().map(|change| &change["ResourceChange"]).filter(|own| own["Action"] == "Add");
    let named = added.filter_map(|own| {
        let (kind, logical) = (own["ResourceType"].as_str()?, own["LogicalResourceId"].as_str()?);
        let after: Value = serde_json::from_str(own["AfterContext"].as_str()?).ok()?;
        let name = identity::declared_name(kind, &after["Properties"])?;
        ground.makers.taken(kind, &name).then(|| (logical.to_string(), kind.to_string(), name))
    });
    named.collect()
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html>. A change set is found by its
/// full ARN alone: <https://github.com/aws-cloudformation/cloudformation-cli/issues/1116>.
pub(crate) fn events(state: &State, input: &Value, now: Seconds) -> Answer {
    let failed = input["Filters"]["FailedEvents"] == "true";
    let set = query::text(input, "ChangeSetName").filter(|name| name.starts_with("arn:"));
    let shown = match (set, query::text(input, "StackName")) {
        (Some(_), _) => {
            let (stack, set) = change_sets::find(state, input)?;
            let operation = set.id.rsplit('/').next().unwrap_or_default();
            let event = |(place, (logical, kind, name)): (usize, &(String, String, String))| {
                json!({
                    "EventId": format!("{operation}-{place}"),
                    "StackId": stack.id,
                    "OperationId": operation,
                    "OperationType": "CREATE_CHANGESET",
                    "EventType": "VALIDATION_ERROR",
                    "LogicalResourceId": logical,
                    "PhysicalResourceId": "",
                    "ResourceType": kind,
                    "Timestamp": iso_millis(set.ready),
                    "ValidationFailureMode": "FAIL",
                    "ValidationName": "NAME_CONFLICT_VALIDATION",
                    "ValidationStatus": "FAILED",
                    "ValidationStatusReason": format!("Resource of type '{kind}' with identifier '{name}' already exists."),
                    "ValidationPath": format!("/Resources/{logical}/Properties/{}", identity::name_property(kind)),
                })
            };
            let ready = set.taken.iter().enumerate().filter(|_| now >= set.ready);
            ready.map(event).collect()
        }
        (None, Some(name)) => {
            let stack = state.find(name).ok_or_else(|| no_stack(name))?;
            let own = stack
                .events
                .iter()
                .rev()
                .filter(|event| !failed || event["ResourceStatus"].as_str().is_some_and(|status| status.ends_with("FAILED")));
            own.map(progress).collect()
        }
        (None, None) => return Err(invalid("One of ChangeSetName, OperationId or StackName must be specified")),
    };
    state.page(input, "OperationEvents", shown, 100)
}

/// An event of DescribeStackEvents in this action's words.
fn progress(event: &Value) -> Value {
    let mut event = event.clone();
    if let Value::Object(members) = &mut event {
        members.remove("StackName");
        members.insert("EventType".into(), "STACK_EVENT".into());
    }
    event
}
