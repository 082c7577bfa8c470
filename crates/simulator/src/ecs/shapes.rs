//! Reads an input as AWS's front end does, before any meaning is looked at: types, required members and enums, from
//! a table generated from AWS's published service model. Unknown members are ignored, nulls are as absent.

use std::sync::LazyLock;

use serde_json::Value;

use super::{AwsError, Members};
use crate::types;

static TABLE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("shapes.json")).expect("the generated table is JSON"));

/// The input without nulls and without members that the action does not have at its top level.
pub(super) fn read(action: &str, input: &Value) -> Result<Members, AwsError> {
    let Some(name) = TABLE["actions"].get(action).and_then(Value::as_str) else {
        return Err(AwsError::unknown_operation());
    };
    let mut members = types::read(&TABLE, name, input)?;
    meaning(name, &Value::Object(members.clone()), "")?;
    let known = &TABLE["shapes"][name]["members"];
    members.retain(|key, _| known.get(key).is_some());
    Ok(members)
}

/// Required members and enums: `InvalidParameterException`, in the words of AWS's validation of its models.
fn meaning(name: &str, value: &Value, path: &str) -> Result<(), AwsError> {
    let shape = &TABLE["shapes"][name];
    match value {
        Value::Object(members) if shape["type"] == "structure" => {
            let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(missing) = required.into_iter().find(|key| !members.contains_key(*key)) {
                return Err(missing_member(path, missing));
            }
            members.iter().try_for_each(|(key, member)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let shape = shape["members"].get(key).and_then(Value::as_str);
                shape.map_or(Ok(()), |shape| meaning(shape, member, &path))
            })
        }
        Value::Array(list) if shape["type"] == "list" => {
            let member = shape["member"].as_str().unwrap_or_default();
            let each = |(index, element)| meaning(member, element, &format!("{path}.{}.member", index + 1));
            list.iter().enumerate().try_for_each(each)
        }
        Value::String(text) => match shape["enum"].as_array() {
            Some(allowed) if !allowed.iter().any(|value| value.as_str() == Some(text)) => {
                let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                Err(AwsError::parameter(format!(
                    "1 validation error detected: Value '{text}' at '{path}' failed to satisfy constraint: \
                     Member must satisfy enum value set: [{}]",
                    allowed.join(", ")
                )))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn missing_member(path: &str, missing: &str) -> AwsError {
    // ECS has words of its own for the members that are most often forgotten.
    let own = match (path, missing) {
        ("", "containerDefinitions") => Some("Container list cannot be empty."),
        ("", "family") => Some("Family can not be blank."),
        ("", "services") => Some("Services cannot be empty."),
        ("", "tasks") => Some("Tasks cannot be empty."),
        _ => None,
    };
    let client = matches!(missing, "containerDefinitions" | "family");
    match own {
        Some(message) if client => AwsError::client(message),
        Some(message) => AwsError::parameter(message),
        None => {
            let at = if path.is_empty() { missing.to_string() } else { format!("{path}.{missing}") };
            AwsError::parameter(format!(
                "1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member must not be null"
            ))
        }
    }
}

/// An input from the properties of a resource of CloudFormation's: the same words in PascalCase, scalars as text where the
/// API wants numbers, and numbers where it wants text. What the action does not have is left out.
pub(crate) fn from_properties(action: &str, properties: &Value) -> Value {
    match TABLE["actions"].get(action).and_then(Value::as_str) {
        Some(name) => translated(name, properties),
        None => Value::Null,
    }
}

/// The shape of an action's input.
pub(crate) fn of_action(action: &str) -> Option<&'static str> {
    TABLE["actions"].get(action).and_then(Value::as_str)
}

/// What kind of shape it is: `structure`, `list`, `map`, `string` and so on.
pub(crate) fn kind(name: &str) -> &'static str {
    TABLE["shapes"][name]["type"].as_str().unwrap_or_default()
}

/// The members of a structure, with their shapes.
pub(crate) fn members(name: &str) -> Vec<(String, &'static str)> {
    let members = TABLE["shapes"][name]["members"].as_object().into_iter().flatten();
    members.map(|(key, shape)| (key.clone(), shape.as_str().unwrap_or_default())).collect()
}

/// The shape of a list's elements or a map's values.
pub(crate) fn inner(name: &str) -> &'static str {
    let shape = &TABLE["shapes"][name];
    shape["member"].as_str().or_else(|| shape["value"].as_str()).unwrap_or_default()
}

/// Whether the model counts up the shape's words.
pub(crate) fn counted(name: &str) -> bool {
    TABLE["shapes"][name].get("enum").is_some()
}

fn translated(name: &str, value: &Value) -> Value {
    let shape = &TABLE["shapes"][name];
    let inner = |part: &str| shape[part].as_str().unwrap_or_default();
    match (inner("type"), value) {
        ("structure", Value::Object(members)) => {
            let known = shape["members"].as_object();
            let mut out = Members::new();
            for (key, member) in members {
                let found = known.into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case(key));
                if let Some((name, shape)) = found {
                    out.insert(name.clone(), translated(shape.as_str().unwrap_or_default(), member));
                }
            }
            Value::Object(out)
        }
        ("list", Value::Array(items)) => items.iter().map(|item| translated(inner("member"), item)).collect(),
        ("map", Value::Object(members)) => {
            members.iter().map(|(key, member)| (key.clone(), translated(inner("value"), member))).collect()
        }
        ("string", Value::Number(_) | Value::Bool(_)) => value.to_string().into(),
        ("boolean", Value::String(text)) => (text == "true").into(),
        ("integer" | "long", Value::String(text)) => text.parse::<i64>().map_or_else(|_| value.clone(), Value::from),
        ("double" | "float", Value::String(text)) => text.parse::<f64>().map_or_else(|_| value.clone(), Value::from),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_become_an_input_in_the_apis_own_words_and_types() {
        let properties = json!({
            "Cpu": 256,
            "Nonsense": 1,
            "ContainerDefinitions": [{
                "Name": "app",
                "Essential": "true",
                "PortMappings": [{"ContainerPort": "80"}],
                "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "G"}},
            }],
            "Volumes": [{"Name": "v", "EFSVolumeConfiguration": {"FilesystemId": "fs-1"}}],
        });
        let wanted = json!({
            "cpu": "256",
            "containerDefinitions": [{
                "name": "app",
                "essential": true,
                "portMappings": [{"containerPort": 80}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "G"}},
            }],
            "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        });
        assert_eq!(from_properties("RegisterTaskDefinition", &properties), wanted);
    }
}
