//! What AWS's model itself says of a document: types, required members, enums, lengths and ranges.
//! A value of another type is answered with SerializationException, before any other rule is looked at:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>

use serde_json::Value;

use super::clean::{bare, kind, sort};
use super::report::{Report, did_you_mean, escape, listed, shown, unresolved};
use super::shapes::{Operation, Shape, Type};

/// Members that the model calls optional, and AWS does not. By shape.
/// "Required: Yes" stands at a container's name and image in the developer guide:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#standard_container_definition_params>
const ALSO_REQUIRED: &[(&str, &[&str])] = &[
    ("ContainerDefinition", &["name", "image"]),
    // "The name of a container", "details on a data volume from another container":
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_VolumeFrom.html
    ("VolumeFrom", &["sourceContainer"]),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html
    ("MountPoint", &["sourceVolume", "containerPath"]),
    // "Each tag consists of a key and an optional value": https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
    ("Tag", &["key"]),
];

/// Members that the model requires and the manifest supplies.
const SUPPLIED: &[&str] = &["serviceName", "taskDefinition"];

/// Checks the whole document.
pub(super) fn check(report: &mut Report, operation: Operation) {
    let document = report.document;
    for (member, value) in document {
        if let Some((name, shape)) = operation.shape().of_member(member) {
            walk(report, value, name, shape, &format!("/{}", escape(member)));
        }
    }
    for member in operation.shape().required.iter().filter(|member| !SUPPLIED.contains(&member.as_str())) {
        required(report, document.get(member), member, "");
    }
}

fn walk(report: &mut Report, value: &Value, name: &str, shape: &Shape, path: &str) {
    match (value, shape.r#type) {
        (_, Type::Document) => {}
        (Value::Object(members), Type::Structure) => {
            for (member, value) in members {
                if let Some((name, shape)) = shape.of_member(member) {
                    walk(report, value, name, shape, &format!("{path}/{}", escape(member)));
                }
            }
            let also = ALSO_REQUIRED.iter().find(|(shape, _)| *shape == name).map_or(&[][..], |(_, members)| members);
            for member in shape.required.iter().map(String::as_str).chain(also.iter().copied()) {
                required(report, members.get(member), member, path);
            }
        }
        (Value::Array(list), Type::List) => {
            length(report, list.len(), shape, path, "elements");
            if let Some((name, shape)) = shape.of_element() {
                for (index, value) in list.iter().enumerate() {
                    walk(report, value, name, shape, &format!("{path}/{index}"));
                }
            }
        }
        (Value::Object(members), Type::Map) => {
            if let Some((name, shape)) = shape.of_element() {
                for (key, value) in members {
                    walk(report, value, name, shape, &format!("{path}/{}", escape(key)));
                }
            }
        }
        (Value::String(text), Type::String) => string(report, text, shape, path),
        (Value::Number(number), Type::Integer | Type::Long) => integer(report, number, shape, path),
        (Value::Number(_), Type::Double | Type::Float) | (Value::Bool(_), Type::Boolean) => {}
        (_, Type::Blob | Type::Timestamp) => {}
        _ => wrong_type(report, value, shape, path),
    }
}

fn wrong_type(report: &mut Report, value: &Value, shape: &Shape, path: &str) {
    let hint = match (value, shape.r#type) {
        // What is advised has to be taken then: neither `inf` nor `1e3` is a whole number.
        (Value::String(text), Type::Integer | Type::Long) if text.trim().parse::<i64>().is_ok() => {
            format!(": write {} without quotes", text.trim().parse::<i64>().unwrap_or_default())
        }
        (Value::String(text), Type::Double | Type::Float) if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            format!(": write {text} without quotes")
        }
        (Value::String(text), Type::Boolean) if text == "true" || text == "false" => format!(": write {text} without quotes"),
        (Value::Number(_) | Value::Bool(_), Type::String) if !shape.r#enum.is_empty() => {
            format!("; AWS accepts {}", listed(shape.r#enum.iter().map(String::as_str)))
        }
        // Quotes alone would not do.
        (Value::Number(_), Type::String) if path == "/cpu" => format!(": write \"{value} vCPU\", or CPU units, as \"256\""),
        (Value::Number(_), Type::String) if path == "/memory" => format!(": write \"{value} GB\", or MiB, as \"512\""),
        (Value::Number(_) | Value::Bool(_), Type::String) => format!(": write \"{value}\" with quotes"),
        (Value::Null, _) => ": remove it".to_owned(),
        (value, Type::List) if !value.is_array() => ": put it in square brackets".to_owned(),
        _ => String::new(),
    };
    // Values of environment variables may be secrets: they are not repeated, whatever they are.
    let secret = path.split('/').any(|part| part == "environment");
    let (what, hint) = match value {
        Value::Number(_) | Value::Bool(_) if secret => (bare(value), ": write it with quotes".to_owned()),
        value if secret => (bare(value), String::new()),
        value => (kind(value), hint),
    };
    let message = format!("{} is {what}, where AWS takes {}{hint}", report.name(path), sort(shape.r#type));
    report.error(path, message);
}

fn required(report: &mut Report, value: Option<&Value>, member: &str, path: &str) {
    let message = match value {
        None | Some(Value::Null) => "is missing",
        Some(Value::String(text)) if text.is_empty() => "is empty",
        Some(Value::Array(list)) if list.is_empty() && member == "containerDefinitions" => "is empty",
        _ => return,
    };
    let inner = format!("{path}/{}", escape(member));
    let message = match (member, path.starts_with("/containerDefinitions/")) {
        ("image", true) => format!(
            "{} {message}; AWS requires it: write it here, or give it under the manifest's `taskDefinition.images`",
            report.name(&inner)
        ),
        _ => format!("{} {message}; AWS requires it", report.name(&inner)),
    };
    // The member itself is not there to be pointed at.
    report.error(if value.is_some() { &inner } else { path }, message);
}

fn string(report: &mut Report, text: &str, shape: &Shape, path: &str) {
    if unresolved(text) {
        return;
    }
    if !shape.r#enum.is_empty() {
        let known = shape.r#enum.iter().map(String::as_str);
        if !known.clone().any(|known| known == text) {
            let near = did_you_mean(text, known.clone());
            // AWS adds values faster than anybody updates: what this copy of the model does not know is AWS's to judge.
            let message = format!(
                "{} is {}; AWS accepts {}, as far as this version knows, and it is sent as it is{near}",
                report.name(path),
                shown(text),
                listed(known)
            );
            report.doubt(path, message);
        }
    } else if shape.min.is_none_or(|least| least <= 1) {
        // An empty required string has been told already.
        if !text.is_empty() {
            length(report, text.chars().count(), shape, path, "characters");
        }
    }
}

fn integer(report: &mut Report, number: &serde_json::Number, shape: &Shape, path: &str) {
    let Some(value) = number.as_i64().or_else(|| number.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as i64))
    else {
        let message = format!("{} is {number}, where AWS takes a whole number", report.name(path));
        return report.error(path, message);
    };
    if number.is_f64() {
        let message =
            format!("{} is {number}; AWS may refuse the decimal point of a whole number: write {value}", report.name(path));
        report.warn(path, message);
    }
    let (least, most) = match shape.r#type {
        Type::Long => (i64::MIN, i64::MAX),
        _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
    };
    let (least, most) = (shape.min.unwrap_or(least), shape.max.unwrap_or(most));
    if value < least || value > most {
        let message = format!("{} is {value}; AWS accepts {least} to {most}", report.name(path));
        report.error(path, message);
    }
}

fn length(report: &mut Report, length: usize, shape: &Shape, path: &str, of: &str) {
    if let Some(most) = shape.max.and_then(|most| usize::try_from(most).ok()).filter(|most| length > *most) {
        let message = format!("{} has {length} {of}; AWS accepts at most {most}", report.name(path));
        report.error(path, message);
    }
}
