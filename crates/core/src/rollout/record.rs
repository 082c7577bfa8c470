//! What AWS has on record about a target: its service deployment, and what that deployed.

use serde_json::Value;

use super::{Target, list, text};
use crate::observed::ServiceObservation;

/// The members of a service revision that a new deployment comes from.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html>
const DEPLOYED: [&str; 8] = [
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "capacityProviderStrategy",
    "platformVersion",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Whether a service deployment with this status did not end as it should, or will not.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>
pub(super) fn failed(status: &str) -> bool {
    matches!(
        status,
        "STOPPED" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED"
    )
}

/// Whether a deployment of the target that failed still holds tasks: all that a server without service deployments tells
/// of it, once another one is PRIMARY.
pub(super) fn drains(target: &Target, service: &Value) -> bool {
    let own = |deployment: &&Value| text(deployment, "taskDefinition") == target.task_definition_arn;
    list(service, "deployments").iter().find(own).is_some_and(|newest| newest["rolloutState"] == "FAILED")
}

/// The newest service deployment, if it is one of the target.
pub(super) fn own_deployment<'a>(target: &Target, observed: &'a ServiceObservation) -> Option<&'a Value> {
    let newest = observed.service_deployments.first()?;
    let revision = revision(observed, text(&newest["targetServiceRevision"], "arn"))?;
    is_of(target, revision).then_some(newest)
}

/// Whether AWS has taken the target back, and what it went back to is something else. Only then: the target may declare so
/// little that both revisions are it, as when the commit that failed was reverted.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Rollback.html>
pub(super) fn went_back(target: &Target, observed: &ServiceObservation) -> bool {
    let Some(own) = own_deployment(target, observed).filter(|own| text(own, "status").starts_with("ROLLBACK_")) else {
        return false;
    };
    revision(observed, text(&own["rollback"], "serviceRevisionArn")).is_some_and(|back| !is_of(target, back))
}

fn revision<'a>(observed: &'a ServiceObservation, arn: &str) -> Option<&'a Value> {
    observed.service_revisions.iter().find(|revision| text(revision, "serviceRevisionArn") == arn)
}

/// Whether the revision is the target's: what is declared stands in it.
fn is_of(target: &Target, revision: &Value) -> bool {
    text(revision, "taskDefinition") == target.task_definition_arn
        && DEPLOYED.iter().all(|member| match (target.service.service.get(*member), revision.get(*member)) {
            (Some(declared), Some(deployed)) => agrees(declared, deployed),
            _ => true,
        })
}

/// Whether all that is declared was deployed. Order is not looked at: a wrong "yes" keeps a failed version from being
/// tried again after two of its lists' elements were swapped; a wrong "no" would try it for ever.
fn agrees(declared: &Value, deployed: &Value) -> bool {
    match (declared, deployed) {
        (Value::Object(declared), Value::Object(deployed)) => {
            declared.iter().all(|(name, value)| deployed.get(name).map_or(is_empty(value), |deployed| agrees(value, deployed)))
        }
        (Value::Array(declared), Value::Array(deployed)) => {
            declared.len() == deployed.len()
                && declared.iter().all(|value| deployed.iter().any(|deployed| agrees(value, deployed)))
        }
        _ => declared == deployed,
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}
