//! Clusters, task definitions and services of Amazon ECS: made, changed and deleted through ECS's own actions.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html>

use serde_json::{Map, Value, json};

use crate::clock::Seconds;
use crate::ecs::shapes::from_properties;
use crate::error::AwsError;

use crate::cloudformation::engine::makers::{Made, Progress};
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::types::{Making, identity, system_tags, tags};
use crate::ids::Ids;

/// How often a service that is not yet stable is looked at, in logical seconds.
const LOOK: u32 = 3;

/// An error of ECS's as a stack's event shows it.
fn refused(error: AwsError) -> String {
    let AwsError { code, message, status } = error;
    let code = if code.ends_with("NotFoundException") { "NotFound" } else { "InvalidRequest" };
    format!("Resource handler returned message: \"{message} (Service: Ecs, Status Code: {status})\" (HandlerErrorCode: {code})")
}

/// A name that is declared, else generated; under the member that ECS has for it.
fn named(ids: &mut Ids, making: &Making<'_>, input: &mut Value, member: &str) {
    if input.get(member).is_none() {
        input[member] = identity::generated_name(making, ids).into();
    }
}

pub(crate) fn create(state: &mut crate::ecs::State, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
    let (action, member, found) = match making.kind {
        "AWS::ECS::Cluster" => ("CreateCluster", "clusterName", "/cluster/clusterArn"),
        "AWS::ECS::TaskDefinition" => ("RegisterTaskDefinition", "family", "/taskDefinition/taskDefinitionArn"),
        _ => ("CreateService", "serviceName", "/service/serviceArn"),
    };
    let mut input = from_properties(action, making.properties);
    named(ids, making, &mut input, member);
    input["tags"] = tags(making).into();
    // "For new services, if a desired count is not specified, a default value of 1 is used."
    if action == "CreateService" && input.get("desiredCount").is_none() && input["schedulingStrategy"] != "DAEMON" {
        input["desiredCount"] = 1.into();
    }
    let answer = state.call(action, &input, now).map_err(refused)?;
    let arn = answer.pointer(found).and_then(Value::as_str).unwrap_or_default();
    state.system_tags(arn, &system_tags(making));
    let name = input[member].as_str().unwrap_or_default();
    let (physical, attributes) = match making.kind {
        "AWS::ECS::Cluster" => (name, json!({"Arn": arn})),
        "AWS::ECS::TaskDefinition" => (arn, json!({"TaskDefinitionArn": arn})),
        _ => (arn, json!({"Name": name, "ServiceArn": arn})),
    };
    Ok(Made { physical: physical.to_string(), attributes: attributes.as_object().cloned().unwrap_or_default() })
}

/// The cluster of a service: its short name or ARN.
fn cluster(making: &Making<'_>) -> Value {
    making.properties.get("Cluster").cloned().unwrap_or_else(|| "default".into())
}

pub(crate) fn update(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    if making.kind == "AWS::ECS::Service" {
        let mut input = from_properties("UpdateService", making.properties);
        input["service"] = physical.into();
        input["cluster"] = cluster(making);
        state.call("UpdateService", &input, now).map_err(refused)?;
    }
    retag(state, making, physical, now).map_err(refused)
}

/// The tags become exactly those that the stack gives.
fn retag(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), AwsError> {
    let arn = match making.kind {
        "AWS::ECS::Cluster" => format!("arn:aws:ecs:{}:{}:cluster/{physical}", making.region, making.account),
        _ => physical.to_string(),
    };
    let wanted = tags(making);
    let present = state.call("ListTagsForResource", &json!({"resourceArn": arn}), now)?;
    let of_aws = |key: &Value| key.as_str().is_some_and(|key| key.starts_with("aws:"));
    let kept = |key: &Value| of_aws(key) || wanted.iter().any(|tag| tag["key"] == *key);
    let gone: Vec<Value> =
        present["tags"].as_array().into_iter().flatten().map(|tag| tag["key"].clone()).filter(|key| !kept(key)).collect();
    state.call("UntagResource", &json!({"resourceArn": arn, "tagKeys": gone}), now)?;
    state.call("TagResource", &json!({"resourceArn": arn, "tags": wanted}), now).map(drop)
}

pub(crate) fn delete(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    let (action, input) = match making.kind {
        "AWS::ECS::Cluster" => ("DeleteCluster", json!({"cluster": physical})),
        "AWS::ECS::TaskDefinition" => ("DeregisterTaskDefinition", json!({"taskDefinition": physical})),
        _ => ("DeleteService", json!({"cluster": cluster(making), "service": physical, "force": true})),
    };
    match state.call(action, &input, now) {
        // Somebody else has deleted it.
        Err(error) if error.code.ends_with("NotFoundException") => Ok(()),
        other => other.map(drop).map_err(refused),
    }
}

fn service(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Map<String, Value> {
    let input = json!({"cluster": cluster(making), "services": [physical]});
    let answer = state.call("DescribeServices", &input, now).unwrap_or_default();
    answer["services"][0].as_object().cloned().unwrap_or_default()
}

/// "CloudFormation waits until the service is stable": <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html>.
pub(crate) fn made(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
    if making.kind != "AWS::ECS::Service" {
        return Progress::Done;
    }
    let service = service(state, making, physical, now);
    let deployments = service.get("deployments").and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted = making.properties.get("TaskDefinition").and_then(Value::as_str).unwrap_or_default();
    let Some(primary) = deployments.iter().find(|deployment| deployment["status"] == "PRIMARY") else {
        return Progress::Failed(format!("Resource of type 'AWS::ECS::Service' with identifier '{physical}' was not found."));
    };
    let definition = primary["taskDefinition"].as_str().unwrap_or_default();
    let short = definition.rsplit('/').next().unwrap_or_default();
    let ours = definition == wanted || short == wanted || short.split(':').next() == Some(wanted);
    match primary["rolloutState"].as_str() {
        Some("COMPLETED") if ours && service.get("runningCount") == service.get("desiredCount") => Progress::Done,
        Some("FAILED") => Progress::Failed(BROKEN.into()),
        Some("COMPLETED") if !ours => Progress::Failed(BROKEN.into()),
        _ if !ours => Progress::Failed(BROKEN.into()),
        _ => Progress::Wait(LOOK),
    }
}

/// As recorded in public, when the circuit breaker has ended a deployment.
const BROKEN: &str = "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was \
                      triggered'.\" (HandlerErrorCode: GeneralServiceException)";

pub(crate) fn removed(state: &mut crate::ecs::State, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
    if making.kind != "AWS::ECS::Service" {
        return Progress::Done;
    }
    match service(state, making, physical, now).get("status").and_then(Value::as_str) {
        Some("ACTIVE" | "DRAINING") => Progress::Wait(LOOK),
        _ => Progress::Done,
    }
}

/// The properties of a cluster or a service as they are now: of a service those that people change by hand.
pub(crate) fn look(
    state: &mut crate::ecs::State,
    making: &Making<'_>,
    physical: &str,
    actual: &Value,
    now: Seconds,
) -> Option<Value> {
    match making.kind {
        "AWS::ECS::Cluster" => {
            let answer = state.call("DescribeClusters", &json!({"clusters": [physical]}), now).ok()?;
            (answer["clusters"][0]["status"] == "ACTIVE").then(|| actual.clone())
        }
        "AWS::ECS::Service" => {
            let service = service(state, making, physical, now);
            if service.get("status").is_none_or(|status| status != "ACTIVE") {
                return None;
            }
            let mut actual = actual.clone();
            for (property, member) in [("DesiredCount", "desiredCount"), ("TaskDefinition", "taskDefinition")] {
                let declared = making.properties.get(property).map(plain);
                let live = service.get(member).map(plain).unwrap_or_default();
                let same =
                    declared.as_deref().is_some_and(|declared| declared == live || live.rsplit('/').next() == Some(declared));
                if declared.is_some() {
                    actual[property] = if same { making.properties[property].clone() } else { service[member].clone() };
                }
            }
            Some(actual)
        }
        _ => Some(actual.clone()),
    }
}
