//! Exports and who imports them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::Answer;

use super::stack::{Output, Stack};
use super::{State, invalid, required};

impl State {
    fn exported(&self) -> impl Iterator<Item = (&Stack, &str, &Output)> {
        let standing = self.stacks.values().filter(|stack| !stack.is_deleted());
        let outputs = standing.flat_map(|stack| stack.outputs.iter().map(move |output| (stack, output)));
        outputs.filter_map(|(stack, output)| output.export.as_deref().map(|name| (stack, name, output)))
    }

    /// All exports by name.
    pub(super) fn exports(&self) -> BTreeMap<String, String> {
        self.exported().map(|(_, name, output)| (name.to_string(), output.value.clone())).collect()
    }

    /// The stack that has an export of this name.
    pub(super) fn exporter(&self, export: &str) -> Option<&str> {
        self.exported().find(|(_, name, _)| *name == export).map(|(stack, _, _)| stack.name.as_str())
    }

    /// The names of the stacks that import this.
    pub(super) fn importers(&self, export: &str) -> Vec<String> {
        let importing = self.stacks.values().filter(|stack| !stack.is_deleted() && stack.imports.contains(export));
        importing.map(|stack| stack.name.clone()).collect()
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html>
pub(super) fn list(state: &State, input: &Value) -> Answer {
    let mut shown: Vec<(&str, Value)> = state
        .exported()
        .map(|(stack, name, output)| (name, json!({"ExportingStackId": stack.id, "Name": name, "Value": output.value})))
        .collect();
    shown.sort_by(|one, other| one.0.cmp(other.0));
    state.page(input, "Exports", shown.into_iter().map(|(_, export)| export).collect(), 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html>
pub(super) fn imports(state: &State, input: &Value) -> Answer {
    let name = required(input, "ExportName")?;
    let importers = state.importers(name);
    if importers.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    state.page(input, "Imports", importers.into_iter().map(Value::from).collect(), 100)
}
