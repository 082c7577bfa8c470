//! When two values are the same although they are written differently.

use serde_json::Value;

use super::Subject;
use crate::model::{cpu_units, memory_mib};

/// What comparing two scalars says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sameness {
    Same,
    Different,
    /// The answer names the same sort of thing in a form that cannot be compared with what is declared.
    Incomparable,
}

use Sameness::{Different, Incomparable, Same};

/// Compares what is declared at `pattern` with an answer.
pub(super) fn compare(subject: Subject, pattern: &str, declared: &Value, observed: &Value) -> Sameness {
    if equal(declared, observed) {
        return Same;
    }
    let same = |same: bool| if same { Same } else { Different };
    let member = pattern.rsplit('/').next().unwrap_or(pattern);
    match (subject, pattern, member) {
        // "0.5 vCPU" is 512 and "1 GB" is 1024, of a task only; a container's are numbers.
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
        (Subject::TaskDefinition, "cpu", _) => same(units(declared, observed, cpu_units)),
        (Subject::TaskDefinition, "memory", _) => same(units(declared, observed, memory_mib)),
        // "The short name or full Amazon Resource Name (ARN) of the IAM role".
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
        (_, _, "taskRoleArn" | "executionRoleArn" | "roleArn" | "role") => same(names(declared, observed, "role/")),
        // "The namespace name or full ARN of the Cloud Map namespace": the ARN ends in an id that no name shows.
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
        (Subject::Service, "serviceConnectConfiguration/namespace", _) => match (arn(declared), arn(observed)) {
            (None, Some(_)) | (Some(_), None) => Incomparable,
            _ => Different,
        },
        // Sent as `memory` and shown as `MEMORY`: `flattenPlacementStrategy` of terraform-provider-aws. "instanceId (or host,
        // which has the same effect)".
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
        (Subject::Service, "placementStrategy/*/field", _) => same(field(declared) == field(observed)),
        _ => Different,
    }
}

/// A placement strategy's field in one spelling; an attribute's name keeps its letters.
fn field(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if text.starts_with("attribute:") {
        return Some(text.to_owned());
    }
    let lower = text.to_lowercase();
    Some(if lower == "host" { "instanceid".to_owned() } else { lower })
}

/// The same JSON, where 1 and 1.0 are one number.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| equal(one, other)))
        }
        _ => one == other,
    }
}

/// Whether all that `one` says stands in `other` too: objects of which AWS's model knows nothing may come back with more, in
/// lists too.
pub(super) fn within(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.iter().all(|(name, one)| one.is_null() || other.get(name).is_some_and(|other| within(one, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| within(one, other))
        }
        _ => equal(one, other),
    }
}

fn units(one: &Value, other: &Value, read: fn(&str) -> Option<u64>) -> bool {
    let amount = |value: &Value| match value {
        Value::String(text) => read(text),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    amount(one).is_some() && amount(one) == amount(other)
}

fn arn(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| text.starts_with("arn:"))
}

/// Whether one is the ARN of what the other names. Two ARNs, or two names, are the same only letter by letter.
fn names(one: &Value, other: &Value, prefix: &str) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    let (arn, name) = match (one.starts_with("arn:"), other.starts_with("arn:")) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return false,
    };
    // arn:aws:iam::123456789012:role/path/name; a name may carry the role's path, with or without the first slash.
    let resource = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix(prefix));
    resource.is_some_and(|resource| resource == name.trim_start_matches('/'))
}
