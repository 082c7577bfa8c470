//! Exports and who imports them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html>

use serde_json::{Value, json};

use crate::error::Answer;

use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, required};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html>
pub(crate) fn list(state: &State, input: &Value) -> Answer {
    let mut shown: Vec<(&str, Value)> = state
        .exported()
        .map(|(stack, name, output)| (name, json!({"ExportingStackId": stack.id, "Name": name, "Value": output.value})))
        .collect();
    shown.sort_by(|one, other| one.0.cmp(other.0));
    state.page(input, "Exports", shown.into_iter().map(|(_, export)| export).collect(), 100)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html>
pub(crate) fn imports(state: &State, input: &Value) -> Answer {
    let name = required(input, "ExportName")?;
    let importers = state.importers(name);
    if importers.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    state.page(input, "Imports", importers.into_iter().map(Value::from).collect(), 100)
}
