//! A template, section by section, and the resources it declares.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::error::AwsError;

use super::{document, references};
use crate::cloudformation::errors::invalid;

/// A template that has passed the checks.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// As it was sent, byte for byte.
    pub(crate) text: String,
    root: Value,
    pub(crate) resources: BTreeMap<String, Declared>,
}

/// A resource as the template declares it; its values may hold intrinsic functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Declared {
    pub(crate) kind: String,
    pub(crate) properties: Value,
    pub(crate) condition: Option<String>,
    pub(crate) attributes: Map<String, Value>,
    /// The resources that have to stand before this one: those it names and those it depends on.
    pub(crate) needs: BTreeSet<String>,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

impl Declared {
    /// What becomes of the resource when it leaves the stack.
    pub(crate) fn deletion_policy(&self) -> Policy {
        self.policy("DeletionPolicy")
    }

    /// What becomes of the old one when the resource is replaced:
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html>.
    pub(crate) fn replace_policy(&self) -> Policy {
        self.policy("UpdateReplacePolicy")
    }

    fn policy(&self, key: &str) -> Policy {
        match self.attributes.get(key).and_then(Value::as_str) {
            Some("Retain") => Policy::Retain,
            Some("RetainExceptOnCreate") => Policy::RetainExceptOnCreate,
            Some("Snapshot") => Policy::Snapshot,
            Some(_) => Policy::Delete,
            // "the default policy is Snapshot" for these two, and Delete for all others.
            None if key == "DeletionPolicy" && self.kind == "AWS::RDS::DBCluster" => Policy::Snapshot,
            None if key == "DeletionPolicy" && self.kind == "AWS::RDS::DBInstance" => {
                if self.properties.get("DBClusterIdentifier").is_none() { Policy::Snapshot } else { Policy::Delete }
            }
            None => Policy::Delete,
        }
    }
}

impl Template {
    /// Reads a template, as far as it can be without looking at what refers to what.
    pub(crate) fn parse(text: &str) -> Result<Self, AwsError> {
        let root = document::read(text)?;
        let unknown: Vec<&str> = keys(&root).filter(|key| !SECTIONS.contains(key)).collect();
        if !unknown.is_empty() {
            return Err(format_error(format!("Invalid template property or properties [{}]", unknown.join(", "))));
        }
        let members = root.get("Resources").and_then(Value::as_object).filter(|members| !members.is_empty());
        let members = members.ok_or_else(|| format_error("At least one Resources member must be defined."))?;
        let mut resources = BTreeMap::new();
        for (name, member) in members {
            resources.insert(name.clone(), declared(name, member)?);
        }
        let template = Self { text: text.to_string(), root, resources };
        template.check_sections()?;
        Ok(template)
    }

    /// A section's members; empty when there is none.
    pub(crate) fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.root.get(name).and_then(Value::as_object).into_iter().flatten()
    }

    /// One member of a section.
    pub(crate) fn member(&self, section: &str, name: &str) -> Option<&Value> {
        self.root.get(section)?.get(name)
    }

    /// The value of a whole section.
    pub(crate) fn top(&self, name: &str) -> Option<&Value> {
        self.root.get(name)
    }

    /// The template's own description.
    pub(crate) fn description(&self) -> Option<&str> {
        self.root.get("Description").and_then(Value::as_str)
    }

    /// The macros that the template names: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-section-structure.html>.
    pub(crate) fn transforms(&self) -> Vec<String> {
        let name = |value: &Value| value.as_str().or_else(|| value["Name"].as_str()).map(str::to_string);
        let top = match self.root.get("Transform") {
            Some(Value::Array(list)) => list.iter().filter_map(name).collect(),
            Some(single) => name(single).into_iter().collect(),
            None => Vec::new(),
        };
        top.into_iter().chain(references::transforms(&self.root)).collect()
    }

    fn check_sections(&self) -> Result<(), AwsError> {
        // "The latest template format version is 2010-09-09 and is currently the only valid value."
        // <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/format-version-structure.html>
        if self.root.get("AWSTemplateFormatVersion").is_some_and(|version| version != "2010-09-09") {
            return Err(format_error("unsupported value for AWSTemplateFormatVersion."));
        }
        for (name, parameter) in self.section("Parameters") {
            alphanumeric("Parameter", name)?;
            match parameter.get("Type").and_then(Value::as_str) {
                None => return Err(format_error("Every Parameters object must contain a Type member.")),
                Some(kind) if !is_parameter_type(kind) => {
                    return Err(format_error(format!("Unrecognized parameter type: {kind}")));
                }
                Some(_) => {}
            }
        }
        for (name, mapping) in self.section("Mappings") {
            let second = mapping.as_object().into_iter().flatten();
            if !mapping.is_object() || second.map(|(_, value)| value).any(|value| !value.is_object()) {
                return Err(format_error(format!("Every Mappings member {name} must be a map")));
            }
        }
        for (name, output) in self.section("Outputs") {
            alphanumeric("Output", name)?;
            if output.get("Value").is_none() {
                return Err(format_error("Every Outputs member must contain a Value object"));
            }
        }
        Ok(())
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html> and
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
fn is_parameter_type(kind: &str) -> bool {
    let inner = kind.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>'));
    matches!(kind, "String" | "Number" | "CommaDelimitedList")
        || inner.is_some_and(|inner| matches!(inner, "String" | "Number") || inner.starts_with("AWS::"))
        || kind.starts_with("AWS::")
}

/// `Template format error: ...`.
pub(crate) fn format_error(message: impl AsRef<str>) -> AwsError {
    invalid(format!("Template format error: {}", message.as_ref()))
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str())
}

/// "must be alphanumeric (A-Za-z0-9)": <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>.
fn alphanumeric(what: &str, name: &str) -> Result<(), AwsError> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format_error(format!("{what} name {name} is non alphanumeric.")))
}

fn declared(name: &str, member: &Value) -> Result<Declared, AwsError> {
    alphanumeric("Resource", name)?;
    let Some(attributes) = member.as_object() else {
        return Err(format_error("Any Resources member must be an object."));
    };
    let Some(kind) = attributes.get("Type").and_then(Value::as_str) else {
        return Err(format_error(format!("[/Resources/{name}] Every Resources object must contain a Type member.")));
    };
    // A custom resource may say which version of its provider it wants.
    let custom = kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource";
    let known = |key: &String| ATTRIBUTES.contains(&key.as_str()) || custom && key == "Version";
    if let Some(unknown) = attributes.keys().find(|key| !known(key)) {
        return Err(invalid(format!("Invalid template resource property '{unknown}'")));
    }
    // `AWS::Service::Resource`, `Custom::Name`, a third party's `Org::Service::Resource`, `...::MODULE`.
    let parts: Vec<&str> = kind.split("::").collect();
    if !(custom || parts.len() >= 3) || parts.iter().any(|part| part.is_empty()) {
        return Err(format_error(format!("Unrecognized resource types: [{kind}]")));
    }
    let mut needs = match attributes.get("DependsOn") {
        Some(Value::String(single)) => BTreeSet::from([single.clone()]),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        _ => BTreeSet::new(),
    };
    let properties = attributes.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    references::resources(&properties, &mut needs);
    let condition = attributes.get("Condition").and_then(Value::as_str).map(str::to_string);
    let mut attributes = attributes.clone();
    for key in ["Type", "Properties", "Condition", "DependsOn"] {
        attributes.remove(key);
    }
    Ok(Declared { kind: kind.to_string(), properties, condition, attributes, needs })
}
