//! What a template's resources and outputs come to in their stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::parts::{Output, Settings, Tags};
use super::stack::Stack;
use super::state::State;
use crate::cloudformation::template::Template;
use crate::cloudformation::template::intrinsics::{self, AFTER, Evaluated, Scope};
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::types;

/// Runs something with the scope of a stack: its resources as they are now, and everybody's exports.
fn within<T>(
    state: &State,
    stack: &Stack,
    settings: &Settings,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
    run: impl FnOnce(&Scope<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let pseudo = stack.pseudo(settings);
    let conditions = intrinsics::conditions(&settings.template, &settings.parameters, &pseudo)?;
    let exports = state.exports();
    run(&Scope {
        template: &settings.template,
        parameters: &settings.parameters,
        pseudo: &pseudo,
        conditions: &conditions,
        resource,
        exports: &exports,
    })
}

/// What `Ref` or `Fn::GetAtt` of a resource of the stack gives.
fn standing(stack: &Stack, tags: &Tags, name: &str, attribute: Option<&str>) -> Evaluated {
    let missing =
        || format!("Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template");
    let resource = stack.resources.get(name).filter(|resource| !resource.physical.is_empty()).ok_or_else(missing)?;
    Ok(match attribute {
        None => resource.physical.as_str().into(),
        Some(attribute) => {
            let making = stack.making(name, &resource.declared.kind, &resource.properties, tags);
            types::attribute(&making, &resource.physical, &resource.attributes, attribute)
        }
    })
}

/// A resource's properties, with the stack's resources as they are now.
pub(crate) fn properties(state: &State, stack: &Stack, settings: &Settings, logical: &str) -> Evaluated {
    let resource = |name: &str, attribute: Option<&str>| standing(stack, &settings.tags, name, attribute);
    properties_with(state, stack, settings, logical, &resource)
}

/// A resource's properties, with what its references give.
pub(crate) fn properties_with(
    state: &State,
    stack: &Stack,
    settings: &Settings,
    logical: &str,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
) -> Evaluated {
    let declared = &settings.template.resources[logical].properties;
    let value = within(state, stack, settings, resource, |scope| scope.value(declared))?;
    Ok(value.unwrap_or_else(|| Value::Object(Map::new())))
}

/// The logical ids of the resources whose conditions hold.
pub(crate) fn active(stack: &Stack, settings: &Settings) -> Result<BTreeSet<String>, String> {
    let conditions = intrinsics::conditions(&settings.template, &settings.parameters, &stack.pseudo(settings))?;
    let holds = |condition: &Option<String>| condition.as_ref().is_none_or(|name| conditions.get(name) == Some(&true));
    let resources = settings.template.resources.iter();
    Ok(resources.filter(|(_, declared)| holds(&declared.condition)).map(|(name, _)| name.clone()).collect())
}

/// The outputs: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html>.
pub(crate) fn outputs(state: &State, stack: &Stack, settings: &Settings) -> Result<Vec<Output>, String> {
    let resource = |name: &str, attribute: Option<&str>| standing(stack, &settings.tags, name, attribute);
    outputs_with(state, stack, settings, &resource)
}

/// The outputs, with what their references give.
pub(crate) fn outputs_with(
    state: &State,
    stack: &Stack,
    settings: &Settings,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
) -> Result<Vec<Output>, String> {
    within(state, stack, settings, resource, |scope| {
        let mut outputs = Vec::new();
        for (key, output) in settings.template.section("Outputs") {
            let condition = output.get("Condition").and_then(Value::as_str);
            if condition.is_some_and(|name| scope.conditions.get(name) != Some(&true)) {
                continue;
            }
            let Some(value) = scope.value(&output["Value"])? else { continue };
            let export = output.get("Export").and_then(|export| export.get("Name"));
            let export = export.map(|name| scope.value(name)).transpose()?.flatten();
            let description = output.get("Description").and_then(Value::as_str).map(str::to_string);
            outputs.push(Output { key: key.clone(), value: plain(&value), description, export: export.as_ref().map(plain) });
        }
        Ok(outputs)
    })
}

/// The names of the exports that a template's active part imports, whether they exist or not.
pub(crate) fn imports(state: &State, stack: &Stack, settings: &Settings) -> Result<BTreeSet<String>, String> {
    let unknown = |_: &str, _: Option<&str>| Ok(AFTER.into());
    let active = active(stack, settings)?;
    within(state, stack, settings, &unknown, |scope| {
        let mut names = BTreeSet::new();
        for name in &active {
            imported(scope, &settings.template.resources[name].properties, &mut names)?;
        }
        for (_, output) in settings.template.section("Outputs") {
            let condition = output.get("Condition").and_then(Value::as_str);
            if condition.is_none_or(|name| scope.conditions.get(name) == Some(&true)) {
                imported(scope, &output["Value"], &mut names)?;
            }
        }
        Ok(names)
    })
}

fn imported(scope: &Scope<'_>, value: &Value, names: &mut BTreeSet<String>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| imported(scope, item, names)),
        Value::Object(members) => {
            // Only the branch that is taken imports.
            if let Some(Value::Array(branches)) = members.get("Fn::If")
                && let [Value::String(condition), then, otherwise] = branches.as_slice()
            {
                let holds = scope.conditions.get(condition) == Some(&true);
                return imported(scope, if holds { then } else { otherwise }, names);
            }
            if let Some(argument) = members.get("Fn::ImportValue") {
                names.extend(scope.value(argument)?.as_ref().map(plain));
            }
            members.values().try_for_each(|member| imported(scope, member, names))
        }
        _ => Ok(()),
    }
}

/// Evaluates everything once before anything is done, so that what AWS refuses in the call itself is refused there. An
/// export that does not exist is no such thing: it fails the operation.
pub(crate) fn rehearse(state: &State, stack: &Stack, settings: &Settings) -> Result<(), String> {
    let unknown = |_: &str, _: Option<&str>| Ok(AFTER.into());
    let known: BTreeMap<String, String> =
        imports(state, stack, settings)?.into_iter().map(|name| (name, AFTER.to_string())).collect();
    let pseudo = stack.pseudo(settings);
    let template: &Template = &settings.template;
    let conditions = intrinsics::conditions(template, &settings.parameters, &pseudo)?;
    let scope = Scope {
        template,
        parameters: &settings.parameters,
        pseudo: &pseudo,
        conditions: &conditions,
        resource: &unknown,
        exports: &known,
    };
    let active = active(stack, settings)?;
    active.iter().try_for_each(|name| scope.value(&template.resources[name].properties).map(drop))
}
