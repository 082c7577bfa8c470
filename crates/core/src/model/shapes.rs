//! The table of AWS's input shapes, as `conformance/model/regenerate.py` writes it from botocore's service model.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// Which request a document is the body of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A task definition.
    RegisterTaskDefinition,
    /// A new service.
    CreateService,
    /// A change of a service.
    UpdateService,
    /// A deployment of CodeDeploy.
    CreateDeployment,
    /// A task that no service runs.
    RunTask,
}

impl Operation {
    /// AWS's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::RegisterTaskDefinition => "RegisterTaskDefinition",
            Operation::CreateService => "CreateService",
            Operation::UpdateService => "UpdateService",
            Operation::CreateDeployment => "CreateDeployment",
            Operation::RunTask => "RunTask",
        }
    }

    /// The shape of its body.
    pub(super) fn shape(self) -> &'static Shape {
        let table = table();
        table.operations.get(self.as_str()).and_then(|name| table.shapes.get(name)).unwrap_or(&NOTHING)
    }
}

/// The members that AWS's model knows at the top of the operation's input, in alphabetical order.
pub fn input_members(operation: Operation) -> impl Iterator<Item = &'static str> {
    operation.shape().members.keys().map(String::as_str)
}

/// The members at the top that AWS returns for the same thing and does not take: output minus input.
pub fn read_only_members(operation: Operation) -> impl Iterator<Item = &'static str> {
    operation.shape().read_only.iter().map(String::as_str)
}

/// What a member of the operation's input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// An object with members of its own.
    Structure,
    /// A list.
    List,
    /// An object whose keys are people's own.
    Map,
    /// A string, a number or a boolean.
    Scalar,
    /// Any JSON.
    Document,
}

/// What the member at `pattern` is, if AWS's model knows it: names from the top, with `*` for a list's elements and a
/// map's values, as in `containerDefinitions/*/dockerLabels/*`.
pub fn member_kind(operation: Operation, pattern: &str) -> Option<MemberKind> {
    let mut shape = operation.shape();
    for name in pattern.split('/') {
        (_, shape) = match shape.r#type {
            Type::Structure => shape.of_member(name)?,
            Type::List | Type::Map if name == "*" => shape.of_element()?,
            Type::Document => return Some(MemberKind::Document),
            _ => return None,
        };
    }
    Some(match shape.r#type {
        Type::Structure => MemberKind::Structure,
        Type::List => MemberKind::List,
        Type::Map => MemberKind::Map,
        Type::Document => MemberKind::Document,
        _ => MemberKind::Scalar,
    })
}

/// What sort of value a shape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Float,
    Boolean,
    Timestamp,
    Blob,
    /// Any JSON.
    Document,
}

/// One shape of the model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) r#type: Type,
    /// Of a structure: the name of each member's shape.
    #[serde(default)]
    pub(super) members: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) required: Vec<String>,
    #[serde(default)]
    pub(super) read_only: Vec<String>,
    /// Of a list.
    pub(super) member: Option<String>,
    /// Of a map.
    pub(super) value: Option<String>,
    #[serde(default)]
    pub(super) r#enum: Vec<String>,
    /// A number's least value, a string's or list's least length.
    pub(super) min: Option<i64>,
    /// Likewise the greatest.
    pub(super) max: Option<i64>,
    /// Only tags have one; `tags` knows it by hand.
    #[allow(dead_code)]
    pattern: Option<String>,
}

static NOTHING: Shape = Shape {
    r#type: Type::Document,
    members: BTreeMap::new(),
    required: Vec::new(),
    read_only: Vec::new(),
    member: None,
    value: None,
    r#enum: Vec::new(),
    min: None,
    max: None,
    pattern: None,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    #[allow(dead_code)]
    generated_by: String,
    operations: BTreeMap<String, String>,
    shapes: BTreeMap<String, Shape>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| serde_json::from_str(include_str!("shapes.json")).expect("shapes.json is checked in, and tested"))
}

impl Shape {
    /// The shape of a structure's member, and its name.
    pub(super) fn of_member(&self, member: &str) -> Option<(&'static str, &'static Shape)> {
        named(self.members.get(member)?)
    }

    /// The shape of a list's elements, or of a map's values.
    pub(super) fn of_element(&self) -> Option<(&'static str, &'static Shape)> {
        named(self.member.as_ref().or(self.value.as_ref())?)
    }
}

fn named(name: &str) -> Option<(&'static str, &'static Shape)> {
    table().shapes.get_key_value(name).map(|(name, shape)| (name.as_str(), shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_that_the_table_names_is_in_it() {
        let table = table();
        assert!(table.shapes.len() > 100, "{} shapes", table.shapes.len());
        for (name, shape) in &table.shapes {
            for target in shape.members.values().chain(&shape.member).chain(&shape.value) {
                assert!(table.shapes.contains_key(target), "{name} names {target}");
            }
        }
    }

    #[test]
    fn read_only_is_output_minus_input() {
        assert_eq!(
            read_only_members(Operation::RegisterTaskDefinition).collect::<Vec<_>>(),
            [
                "compatibilities",
                "deleteRequestedAt",
                "deregisteredAt",
                "registeredAt",
                "registeredBy",
                "requiresAttributes",
                "revision",
                "status",
                "taskDefinitionArn"
            ]
        );
        assert!(read_only_members(Operation::CreateService).any(|member| member == "platformFamily"));
        assert!(input_members(Operation::UpdateService).any(|member| member == "forceNewDeployment"));
    }
}
