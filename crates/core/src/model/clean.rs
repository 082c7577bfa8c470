//! What of a written document is sent: unwrapped, without read-only members, nulls and empty strings that AWS's
//! model has no use for, and with numbers as strings at task level.

use serde_json::{Map, Value};

use super::report::{did_you_mean, escape};
use super::shapes::{Operation, Shape, Type};
use super::{Finding, arn};
use crate::desired::Document;

/// A document as sent, and where its parts stood as written.
pub(super) struct Cleaned {
    pub(super) document: Document,
    /// The pointer of the document in what was written: empty, `/taskDefinition`, `/services/0`, `/service` or
    /// `/deploymentInfo`.
    base: String,
    /// `tags` stood beside the wrapper, not in it.
    tags_beside: bool,
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

impl Cleaned {
    /// A pointer into the document as written, from one into the document as sent.
    pub(super) fn as_written(&self, pointer: &str) -> String {
        let in_tags = pointer == "/tags" || pointer.starts_with("/tags/");
        if self.tags_beside && in_tags { pointer.to_owned() } else { format!("{}{pointer}", self.base) }
    }
}

/// Unwraps and cleans what was written as the body of `operation`.
pub(super) fn clean(written: &Value, operation: Operation) -> Cleaned {
    let mut cleaned =
        Cleaned { document: Map::new(), base: String::new(), tags_beside: false, errors: Vec::new(), warnings: Vec::new() };
    let Some(inner) = unwrap(written, operation, &mut cleaned) else { return cleaned };
    let mut members = inner.clone();
    if operation == Operation::RegisterTaskDefinition && !cleaned.base.is_empty() {
        tags_beside(written, &mut members, &mut cleaned);
    }
    let shape = operation.shape();
    let mut found = scalars(&mut members, operation, shape);
    sweep(&mut members, shape, "", None, &mut found);
    let found: Vec<Finding> =
        found.into_iter().map(|finding| Finding { pointer: cleaned.as_written(&finding.pointer), ..finding }).collect();
    cleaned.warnings.extend(found);
    cleaned.document = members;
    cleaned
}

/// The document in the answer of DescribeTaskDefinition (`{"taskDefinition": {...}, "tags": [...]}`), DescribeServices
/// (`{"services": [{...}]}`), CreateService (`{"service": {...}}`) or GetDeployment (`{"deploymentInfo": {...}}`); else what
/// was written itself.
fn unwrap<'w>(written: &'w Value, operation: Operation, cleaned: &mut Cleaned) -> Option<&'w Document> {
    let Value::Object(members) = written else {
        let message =
            format!("the document is {}, where an object is expected: the body of {}", kind(written), operation.as_str());
        cleaned.errors.push(Finding { pointer: String::new(), message });
        return None;
    };
    let (wrapper, beside): (&str, &[&str]) = match operation {
        // No answer of AWS's is a document that could be run.
        Operation::RunTask => return Some(members),
        Operation::RegisterTaskDefinition => ("taskDefinition", &["tags"]),
        Operation::CreateDeployment => ("deploymentInfo", &[]),
        _ if members.contains_key("services") => ("services", &["failures"]),
        _ => ("service", &[]),
    };
    let inner = match members.get(wrapper) {
        Some(Value::Object(inner)) => {
            cleaned.base = format!("/{wrapper}");
            inner
        }
        Some(Value::Array(list)) if wrapper == "services" => {
            cleaned.base = "/services/0".to_owned();
            match &list[..] {
                [Value::Object(inner)] => inner,
                _ => {
                    let message = format!(
                        "`services` holds {} elements; a document describes one service, so leave one object",
                        list.len()
                    );
                    cleaned.errors.push(Finding { pointer: "/services".to_owned(), message });
                    return None;
                }
            }
        }
        _ => return Some(members),
    };
    for member in members.keys().filter(|member| *member != wrapper && !beside.contains(&member.as_str())) {
        // ResponseMetadata is what boto3 adds to every answer.
        if member != "ResponseMetadata" {
            let message =
                format!("`{member}` stands beside `{wrapper}` and is not sent; move it into `{wrapper}` if it should be");
            cleaned.warnings.push(Finding { pointer: format!("/{}", escape(member)), message });
        }
    }
    Some(inner)
}

/// DescribeTaskDefinition answers with the tags beside the task definition; RegisterTaskDefinition takes them in it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html>
fn tags_beside(written: &Value, inner: &mut Document, cleaned: &mut Cleaned) {
    let Some(tags) = written.get("tags").filter(|tags| !tags.is_null()) else { return };
    match inner.get("tags") {
        Some(within) if within == tags => {}
        Some(within) if !within.is_null() && within.as_array().is_none_or(|list| !list.is_empty()) => {
            let message = "`tags` stand both beside `taskDefinition` and in it; the ones in it are sent: remove the others";
            cleaned.warnings.push(Finding { pointer: "/tags".to_owned(), message: message.to_owned() });
        }
        _ => {
            inner.insert("tags".to_owned(), tags.clone());
            cleaned.tags_beside = true;
        }
    }
}

/// The lossless conversions at the top of a task definition: `cpu: 256`, as YAML has it, is `"256"`.
fn scalars(members: &mut Document, operation: Operation, shape: &Shape) -> Vec<Finding> {
    let mut converted = Vec::new();
    if operation == Operation::RegisterTaskDefinition {
        for (member, value) in members.iter_mut() {
            let Some((_, target)) = shape.of_member(member) else { continue };
            let new = match (target.r#type, &*value) {
                (Type::String, Value::Number(number)) if number.is_i64() || number.is_u64() => Value::String(number.to_string()),
                // As some generators write whole numbers: 256.0 is 256, and "256.0" is none of AWS's sizes.
                (Type::String, Value::Number(number)) if matches!(member.as_str(), "cpu" | "memory") => {
                    match number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 1e12) {
                        Some(whole) => Value::String(format!("{whole:.0}")),
                        None => continue,
                    }
                }
                (Type::Boolean, Value::String(text)) if text == "true" || text == "false" => Value::Bool(text == "true"),
                _ => continue,
            };
            let message = format!("`{member}` is {value}, and is sent as {new}: AWS takes {} here", sort(target.r#type));
            converted.push(Finding { pointer: format!("/{}", escape(member)), message });
            *value = new;
        }
    }
    converted
}

/// Removes what is not sent, in place, and warns of members that the model does not know, which are.
/// `beside`: the structure of whose lists one holds this.
fn sweep(members: &mut Document, shape: &Shape, path: &str, beside: Option<&Shape>, warnings: &mut Vec<Finding>) {
    members.retain(|member, value| {
        let takes = shape.of_member(member);
        let unused = match (&*value, takes) {
            (Value::Null, _) => true,
            (_, None) => shape.read_only.contains(member),
            (Value::String(text), Some((_, target))) if text.is_empty() && !shape.required.contains(member) => {
                !target.r#enum.is_empty()
                    || matches!(target.r#type, Type::Structure | Type::List | Type::Map)
                    || arn::wanted(member).is_some()
            }
            _ => false,
        };
        !unused
    });
    for (member, value) in members.iter_mut() {
        let path = format!("{path}/{}", escape(member));
        match shape.of_member(member) {
            Some((_, target)) => sweep_value(value, target, &path, shape, warnings),
            None => {
                let near = beside.and_then(|beside| sibling(beside, member));
                let near = near.map(|list| format!("; it is a member of `{list}`: does this belong there?"));
                let near = near.unwrap_or_else(|| did_you_mean(member, shape.members.keys().map(String::as_str)));
                let message = format!("AWS's model knows no member `{member}` here, and it is sent as it is{near}");
                warnings.push(Finding { pointer: path, message });
            }
        }
    }
}

/// The list of `parent` whose elements have a member that another list's elements have not, where there is but one: what stands
/// in `environment` and belongs into `secrets` is misplaced, and not misspelt.
fn sibling<'p>(parent: &'p Shape, member: &str) -> Option<&'p str> {
    let mut lists = parent.members.keys().filter(|list| {
        let element = parent
            .of_member(list)
            .and_then(|(_, list)| list.of_element())
            .filter(|(_, element)| element.r#type == Type::Structure);
        element.is_some_and(|(_, element)| element.members.contains_key(member))
    });
    let first = lists.next()?;
    lists.next().is_none().then_some(first)
}

/// `parent` is the structure that the value stands in.
fn sweep_value(value: &mut Value, shape: &Shape, path: &str, parent: &Shape, warnings: &mut Vec<Finding>) {
    match (value, shape.r#type) {
        (Value::Object(members), Type::Structure) => sweep(members, shape, path, None, warnings),
        (Value::Array(list), Type::List) => {
            let Some((_, element)) = shape.of_element() else { return };
            for (index, value) in list.iter_mut().enumerate() {
                let path = format!("{path}/{index}");
                match value {
                    Value::Object(members) if element.r#type == Type::Structure => {
                        sweep(members, element, &path, Some(parent), warnings);
                    }
                    value => sweep_value(value, element, &path, parent, warnings),
                }
            }
        }
        (Value::Object(members), Type::Map) => members.retain(|_, value| !value.is_null()),
        _ => {}
    }
}

/// What a JSON value is, for a message.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string {}", super::report::shown(value)),
        _ => bare(value),
    }
}

/// The same without repeating it.
pub(super) fn bare(value: &Value) -> String {
    let what = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    what.to_owned()
}

/// What the model wants, for a message.
pub(super) fn sort(r#type: Type) -> &'static str {
    match r#type {
        Type::Structure | Type::Map | Type::Document => "an object",
        Type::List => "a list",
        Type::String | Type::Blob => "a string",
        Type::Integer | Type::Long => "a whole number",
        Type::Double | Type::Float => "a number",
        Type::Boolean => "true or false",
        Type::Timestamp => "a time",
    }
}
