//! Reads the input of an awsJson service as AWS's front end does, before any meaning is looked at: its types, from a table
//! generated from AWS's published service model. Unknown members are ignored, nulls are as absent.

use serde_json::{Map, Value};

use crate::error::AwsError;

/// The members of an input whose shape in the table has this name, without nulls; or SerializationException.
pub(crate) fn read(table: &Value, name: &str, input: &Value) -> Result<Map<String, Value>, AwsError> {
    let mut input = input.clone();
    drop_nulls(&mut input);
    check(table, name, &input)?;
    match input {
        Value::Object(members) => Ok(members),
        _ => Err(AwsError::new("SerializationException", "Unexpected value: the input is no structure.")),
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// What a JSON value is called in a SerializationException.
fn token(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "STRING_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        _ => "NUMBER_VALUE",
    }
}

/// The messages are those AWS's JSON services give; they name no member.
fn mismatch(value: &Value, wanted: &str) -> AwsError {
    let message = match (value, wanted) {
        (Value::Object(_), _) => "Start of structure or map found where not expected.".to_string(),
        (Value::Array(_), _) => "Unexpected list element found where not expected.".to_string(),
        (_, "structure" | "map") => "Expected a structure or a map, and found a scalar.".to_string(),
        (_, "list") => "Expected list or null".to_string(),
        (Value::Number(_), "String") => {
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String".to_string()
        }
        (_, kind) => format!("{} can not be converted to {} {kind}", token(value), if kind == "Integer" { "an" } else { "a" }),
    };
    AwsError::new("SerializationException", message)
}

fn check(table: &Value, name: &str, value: &Value) -> Result<(), AwsError> {
    let shape = &table["shapes"][name];
    let inner = |part: &str| shape[part].as_str().unwrap_or_default().to_string();
    match (shape["type"].as_str().unwrap_or_default(), value) {
        ("structure", Value::Object(members)) => {
            let known = &shape["members"];
            members.iter().try_for_each(|(key, member)| {
                known.get(key).and_then(Value::as_str).map_or(Ok(()), |shape| check(table, shape, member))
            })
        }
        ("list", Value::Array(list)) => list.iter().try_for_each(|element| check(table, &inner("member"), element)),
        ("map", Value::Object(members)) => members.values().try_for_each(|member| check(table, &inner("value"), member)),
        ("structure", other) => Err(mismatch(other, "structure")),
        ("list", other) => Err(mismatch(other, "list")),
        ("map", other) => Err(mismatch(other, "map")),
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) | ("document", _) => Ok(()),
        ("integer" | "long" | "double" | "float" | "timestamp", Value::Number(_)) => Ok(()),
        ("string", other) => Err(mismatch(other, "String")),
        ("boolean", other) => Err(mismatch(other, "Boolean")),
        ("integer", other) => Err(mismatch(other, "Integer")),
        ("long", other) => Err(mismatch(other, "Long")),
        (_, other) => Err(mismatch(other, "Double")),
    }
}
