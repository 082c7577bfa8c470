//! Parameter Store of AWS Systems Manager: parameters that were put, and those that stacks have made.
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::world::World;

/// A parameter that was put.
struct Parameter {
    kind: String,
    version: u64,
    at: Seconds,
}

/// The parameters that were put, by name. Their values are CloudFormation's, which resolves templates' parameters with them.
#[derive(Default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Parameter>,
}

/// What a call names, for the log.
pub(crate) fn resource(input: &Value) -> String {
    input["Name"].as_str().unwrap_or_default().to_string()
}

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    let name = input["Name"].as_str().unwrap_or_default();
    match action {
        "GetParameter" => Ok(json!({"Parameter": find(world, name).ok_or_else(not_found)?})),
        "GetParameters" => Ok(get_many(world, input)),
        "GetParametersByPath" => Ok(by_path(world, input)),
        "PutParameter" => put(world, input, now),
        "DeleteParameter" => {
            world.ssm.parameters.remove(name);
            world.cloudformation.stored.remove(name).map(|_| json!({})).ok_or_else(not_found)
        }
        _ => Err(AwsError::unknown_operation()),
    }
}

/// "The parameter couldn't be found. Verify the name and try again." AWS's answer has no message.
fn not_found() -> AwsError {
    AwsError::new("ParameterNotFound", "")
}

fn view(world: &World, name: &str, kind: &str, value: &str, version: u64, at: Seconds) -> Value {
    let path = if name.starts_with('/') { name.to_string() } else { format!("/{name}") };
    json!({
        "Name": name,
        "Type": kind,
        "Value": value,
        "Version": version,
        "LastModifiedDate": at,
        "ARN": format!("arn:aws:ssm:{}:{}:parameter{path}", world.cloudformation.region, world.account),
        "DataType": "text",
    })
}

/// A parameter by its name, its name and version (`name:3`), or its ARN.
fn find(world: &World, name: &str) -> Option<Value> {
    let name = name.split_once(":parameter").map_or(name, |(_, rest)| rest);
    let (name, version) = name.split_once(':').map_or((name, None), |(name, version)| (name, Some(version)));
    if let Some(value) = world.cloudformation.stored.get(name) {
        let own = world.ssm.parameters.get(name);
        let (kind, number, at) = own.map_or(("String", 1, 0.0), |own| (own.kind.as_str(), own.version, own.at));
        let wanted = version.is_none_or(|version| version == number.to_string());
        return wanted.then(|| view(world, name, kind, value, number, at));
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut made = world.cloudformation.made("AWS::SSM::Parameter");
    let (_, properties) = made.find(|(physical, _)| *physical == name)?;
    let kind = properties["Type"].as_str().unwrap_or("String");
    Some(view(world, name, kind, &text(&properties["Value"]), 1, 0.0))
}

fn get_many(world: &World, input: &Value) -> Value {
    let names = input["Names"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in names {
        match find(world, name) {
            Some(parameter) => found.push(parameter),
            None => invalid.push(name),
        }
    }
    json!({"Parameters": found, "InvalidParameters": invalid})
}

fn by_path(world: &World, input: &Value) -> Value {
    let path = format!("{}/", input["Path"].as_str().unwrap_or_default().trim_end_matches('/'));
    let deep = input["Recursive"] == true;
    let below = |name: &&str| name.strip_prefix(&path).is_some_and(|rest| deep || !rest.contains('/'));
    let made = world.cloudformation.made("AWS::SSM::Parameter").map(|(name, _)| name);
    let names = world.cloudformation.stored.keys().map(String::as_str).chain(made);
    json!({"Parameters": names.filter(below).filter_map(|name| find(world, name)).collect::<Vec<_>>()})
}

/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
fn put(world: &mut World, input: &Value, now: Seconds) -> Answer {
    let text = |key: &str| input[key].as_str();
    let (Some(name), Some(value)) = (text("Name"), text("Value")) else {
        return Err(AwsError::new("ValidationException", "Name and Value must not be null"));
    };
    let before = find(world, name);
    if before.is_some() && input["Overwrite"] != true {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(AwsError::new("ParameterAlreadyExists", message));
    }
    let before = before.unwrap_or_default();
    let version = before["Version"].as_u64().unwrap_or_default() + 1;
    let kind = text("Type").or(before["Type"].as_str()).unwrap_or("String").to_string();
    world.ssm.parameters.insert(name.to_string(), Parameter { kind, version, at: now });
    world.cloudformation.stored.insert(name.to_string(), value.to_string());
    Ok(json!({"Version": version, "Tier": "Standard"}))
}
