//! CodeDeploy's applications and deployment groups, and the instances that they deploy to: Auto Scaling groups and single
//! instances, which the simulator knows as CodeDeploy sees them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CodeDeploy.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::clock::Seconds;
use crate::codedeploy;
use crate::error::AwsError;

use crate::cloudformation::engine::makers::Made;
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::types::{Making, identity, system_tags, tags};
use crate::ids::Ids;

fn refused(error: AwsError) -> String {
    let AwsError { code, message, status } = error;
    format!("{message} (Service: AmazonCodeDeploy; Status Code: {status}; Error Code: {code})")
}

/// A properties' member in the API's words: `Ec2TagFilters` is `ec2TagFilters`, but filters and tags keep `Key`, `Value` and
/// `Type`, as the API has them: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_EC2TagFilter.html>.
fn translated(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let small = |key: &str| match key {
                "Key" | "Value" | "Type" if members.contains_key("Key") => key.to_string(),
                _ => key[..1].to_ascii_lowercase() + &key[1..],
            };
            // A parameter's number comes as text; these waits are the only numbers in a group.
            let number = |key: &str, member: &Value| {
                let text = member.as_str().filter(|_| key.ends_with("InMinutes"));
                text.and_then(|text| text.parse::<u64>().ok()).map_or_else(|| translated(member), Value::from)
            };
            Value::Object(members.iter().map(|(key, member)| (small(key), number(key, member))).collect())
        }
        Value::Array(items) => items.iter().map(translated).collect(),
        Value::String(text) if text == "true" || text == "false" => (text == "true").into(),
        other => other.clone(),
    }
}

fn upper_tags(making: &Making<'_>) -> Value {
    tags(making).iter().map(|tag| json!({"Key": tag["key"], "Value": tag["value"]})).collect()
}

fn input(making: &Making<'_>) -> Value {
    let mut input = translated(making.properties);
    // A group of a tag set is an object here and a list in the API.
    if let Some(groups) = input.pointer_mut("/ec2TagSet/ec2TagSetList").and_then(Value::as_array_mut) {
        groups.iter_mut().for_each(|group| *group = group["ec2TagGroup"].take());
    }
    if let Value::Object(members) = &mut input {
        // "Deployment" is a first deployment that CloudFormation begins; it is no member of the group.
        members.remove("deployment");
        members.remove("tags");
    }
    input
}

fn arn(making: &Making<'_>, rest: &str) -> String {
    format!("arn:aws:codedeploy:{}:{}:{rest}", making.region, making.account)
}

/// The ARN of an application or a group.
fn arn_of(making: &Making<'_>, physical: &str) -> String {
    match making.kind {
        "AWS::CodeDeploy::Application" => arn(making, &format!("application:{physical}")),
        _ => {
            let application = making.properties.get("ApplicationName").map(plain).unwrap_or_default();
            arn(making, &format!("deploymentgroup:{application}/{physical}"))
        }
    }
}

pub(crate) fn create(state: &mut codedeploy::State, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
    let name = identity::declared_name(making.kind, making.properties).unwrap_or_else(|| identity::generated_name(making, ids));
    let mut input = input(making);
    let (action, member) = match making.kind {
        "AWS::CodeDeploy::Application" => ("CreateApplication", "applicationName"),
        _ => ("CreateDeploymentGroup", "deploymentGroupName"),
    };
    input[member] = name.as_str().into();
    input["tags"] = upper_tags(making);
    state.call(action, &input, now).map_err(refused)?;
    if let Ok(tags) = state.tags_of(&arn_of(making, &name)) {
        tags.extend(system_tags(making).map(|(key, value)| (key.to_string(), value)));
    }
    Ok(Made { physical: name, attributes: Map::new() })
}

pub(crate) fn update(state: &mut codedeploy::State, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    let mut renamed = physical.to_string();
    if making.kind == "AWS::CodeDeploy::DeploymentGroup" {
        let mut input = input(making);
        input["currentDeploymentGroupName"] = physical.into();
        if let Some(name) = identity::declared_name(making.kind, making.properties).filter(|name| name != physical) {
            input["newDeploymentGroupName"] = name.as_str().into();
            renamed = name;
        }
        state.call("UpdateDeploymentGroup", &input, now).map_err(refused)?;
    }
    if let Ok(own) = state.tags_of(&arn_of(making, &renamed)) {
        own.clear();
        own.extend(tags(making).iter().map(|tag| (plain(&tag["key"]), plain(&tag["value"]))));
        own.extend(system_tags(making).map(|(key, value)| (key.to_string(), value)));
    }
    Ok(())
}

pub(crate) fn delete(state: &mut codedeploy::State, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    let (action, input) = match making.kind {
        "AWS::CodeDeploy::Application" => ("DeleteApplication", json!({"applicationName": physical})),
        _ => {
            let application = making.properties.get("ApplicationName");
            ("DeleteDeploymentGroup", json!({"applicationName": application, "deploymentGroupName": physical}))
        }
    };
    state.call(action, &input, now).map(drop).map_err(refused)
}

/// The tags that a group gives the instances it launches: those with `PropagateAtLaunch`, and the stack's.
fn propagated(making: &Making<'_>) -> BTreeMap<String, String> {
    let mut tags = making.tags.clone();
    tags.extend(system_tags(making).map(|(key, value)| (key.to_string(), value)));
    for own in making.properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        // Single instances have no such member: their tags are their own.
        if own.get("PropagateAtLaunch").is_none_or(|flag| plain(flag) == "true") {
            tags.insert(plain(&own["Key"]), plain(&own["Value"]));
        }
    }
    tags
}

/// How many instances an Auto Scaling group is to have.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html>
fn capacity(making: &Making<'_>) -> usize {
    let number = |key: &str| making.properties.get(key).map(plain).and_then(|text| text.parse().ok());
    number("DesiredCapacity").or_else(|| number("MinSize")).unwrap_or(0)
}

/// Makes an Auto Scaling group with its instances, or a single instance.
pub(crate) fn launch(state: &mut codedeploy::State, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Made {
    let tags = propagated(making);
    let physical = if making.kind == "AWS::EC2::Instance" {
        state.launch(1, &tags, None, now).pop().unwrap_or_default()
    } else {
        let name = identity::physical(making, ids);
        state.launch(capacity(making) as u32, &tags, Some(&name), now);
        name
    };
    Made { physical, attributes: Map::new() }
}

/// Scales an Auto Scaling group out or in.
pub(crate) fn scale(state: &mut codedeploy::State, making: &Making<'_>, physical: &str, now: Seconds) {
    if making.kind != "AWS::AutoScaling::AutoScalingGroup" {
        return;
    }
    let (members, wanted) = (state.fleet.members(physical), capacity(making));
    if let Some(more) = wanted.checked_sub(members.len()).filter(|more| *more > 0) {
        state.launch(more as u32, &propagated(making), Some(physical), now);
    }
    for id in members.iter().skip(wanted) {
        state.fleet.remove(id);
    }
}

/// Terminates an instance, or all of a group.
pub(crate) fn terminate(state: &mut codedeploy::State, physical: &str) {
    for id in state.fleet.members(physical) {
        state.fleet.remove(&id);
    }
    state.fleet.remove(physical);
}
