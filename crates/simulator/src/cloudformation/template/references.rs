//! What a part of a template refers to: parameters, resources, conditions.

use std::collections::BTreeSet;

use serde_json::Value;

/// A name in a template that stands for something else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// `Ref`, or `${Name}` in `Fn::Sub`: a parameter, a resource or a pseudo parameter.
    Name(String),
    /// `Fn::GetAtt`, or `${Name.Attribute}`.
    Attribute(String, String),
    /// `Condition`, or the first of `Fn::If`.
    Condition(String, &'static str),
}

/// All references below a value, in its order.
pub(crate) fn references(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), members.len()) {
                    ("Ref", 1) if member.is_string() => {
                        found.extend(member.as_str().map(|name| Reference::Name(name.to_string())));
                    }
                    ("Fn::GetAtt", 1) => found.extend(attribute(member)),
                    ("Condition", 1) if member.is_string() => {
                        found.extend(member.as_str().map(|name| Reference::Condition(name.to_string(), "Condition")));
                    }
                    ("Fn::Sub", 1) => substitutions(member, found),
                    ("Fn::If", 1) => {
                        let name = member.get(0).and_then(Value::as_str);
                        found.extend(name.map(|name| Reference::Condition(name.to_string(), "Fn::If")));
                        references(member, found);
                    }
                    _ => references(member, found),
                }
            }
        }
        _ => {}
    }
}

/// The resource and the attribute of a `Fn::GetAtt`.
pub(crate) fn attribute(value: &Value) -> Option<Reference> {
    match value {
        Value::String(dotted) => {
            dotted.split_once('.').map(|(name, attribute)| Reference::Attribute(name.into(), attribute.into()))
        }
        Value::Array(list) => {
            let text = |at: usize| list.get(at).and_then(Value::as_str).map(str::to_string);
            // The attribute may be a function; the resource may not.
            Some(Reference::Attribute(text(0)?, text(1).unwrap_or_default()))
        }
        _ => None,
    }
}

/// What `Fn::Sub` names, less the variables of its list form.
fn substitutions(value: &Value, found: &mut Vec<Reference>) {
    let (text, variables) = match value {
        Value::String(text) => (text.as_str(), None),
        Value::Array(list) => (list.first().and_then(Value::as_str).unwrap_or_default(), list.get(1)),
        _ => return,
    };
    for name in placeholders(text) {
        let own = variables.is_some_and(|variables| variables.get(name).is_some());
        match name.split_once('.') {
            _ if own => {}
            Some((resource, attribute)) => found.push(Reference::Attribute(resource.into(), attribute.into())),
            None => found.push(Reference::Name(name.to_string())),
        }
    }
    if let Some(variables) = variables {
        references(variables, found);
    }
}

/// The names in `${Name}`; `${!Literal}` is none.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    let rests = text.split("${").skip(1);
    let inside = rests.filter_map(|rest| rest.split_once('}').map(|(name, _)| name.trim()));
    inside.filter(|name| !name.starts_with('!')).collect()
}

/// Adds the names below a value that may be resources: all that is no pseudo parameter. Parameters are taken out later.
pub(crate) fn resources(value: &Value, names: &mut BTreeSet<String>) {
    let mut found = Vec::new();
    references(value, &mut found);
    for reference in found {
        match reference {
            Reference::Name(name) if !name.contains("::") => drop(names.insert(name)),
            Reference::Attribute(name, _) => drop(names.insert(name)),
            _ => {}
        }
    }
}

/// The macros named by `Fn::Transform` anywhere in the template.
pub(crate) fn transforms(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(transforms).collect(),
        Value::Object(members) => {
            let own = members.get("Fn::Transform").and_then(|inner| inner["Name"].as_str()).map(str::to_string);
            own.into_iter().chain(members.values().flat_map(transforms)).collect()
        }
        _ => Vec::new(),
    }
}
