//! What a template's resources and outputs come to in their stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::world::World;

use super::intrinsics::{self, AFTER, Evaluated, Scope};
use super::kinds;
use super::parameters::plain;
use super::stack::{Output, Settings, Stack};
use super::template::Template;

/// Runs something with the scope of a stack: its resources as they are now, and everybody's exports.
fn within<T>(
    world: &World,
    stack: &Stack,
    settings: &Settings,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
    run: impl FnOnce(&Scope<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let pseudo = stack.pseudo(settings);
    let conditions = intrinsics::conditions(&settings.template, &settings.parameters, &pseudo)?;
    let exports = world.cloudformation.exports();
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
fn standing(stack: &Stack, tags: &super::stack::Tags, name: &str, attribute: Option<&str>) -> Evaluated {
    let missing =
        || format!("Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template");
    let resource = stack.resources.get(name).filter(|resource| !resource.physical.is_empty()).ok_or_else(missing)?;
    Ok(match attribute {
        None => resource.physical.as_str().into(),
        Some(attribute) => {
            let making = stack.making(name, &resource.declared.kind, &resource.properties, tags);
            kinds::attribute(&making, &resource.physical, &resource.attributes, attribute)
        }
    })
}

/// A resource's properties, with the stack's resources as they are now.
pub(super) fn properties(world: &World, stack: &Stack, settings: &Settings, logical: &str) -> Evaluated {
    let resource = |name: &str, attribute: Option<&str>| standing(stack, &settings.tags, name, attribute);
    properties_with(world, stack, settings, logical, &resource)
}

/// A resource's properties, with what its references give.
pub(super) fn properties_with(
    world: &World,
    stack: &Stack,
    settings: &Settings,
    logical: &str,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
) -> Evaluated {
    let declared = &settings.template.resources[logical].properties;
    let value = within(world, stack, settings, resource, |scope| scope.value(declared))?;
    Ok(value.unwrap_or_else(|| Value::Object(Map::new())))
}

/// The logical ids of the resources whose conditions hold.
pub(super) fn active(stack: &Stack, settings: &Settings) -> Result<BTreeSet<String>, String> {
    let conditions = intrinsics::conditions(&settings.template, &settings.parameters, &stack.pseudo(settings))?;
    let holds = |condition: &Option<String>| condition.as_ref().is_none_or(|name| conditions.get(name) == Some(&true));
    let resources = settings.template.resources.iter();
    Ok(resources.filter(|(_, declared)| holds(&declared.condition)).map(|(name, _)| name.clone()).collect())
}

/// The outputs: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html>.
pub(super) fn outputs(world: &World, stack: &Stack, settings: &Settings) -> Result<Vec<Output>, String> {
    let resource = |name: &str, attribute: Option<&str>| standing(stack, &settings.tags, name, attribute);
    outputs_with(world, stack, settings, &resource)
}

/// The outputs, with what their references give.
pub(super) fn outputs_with(
    world: &World,
    stack: &Stack,
    settings: &Settings,
    resource: &dyn Fn(&str, Option<&str>) -> Evaluated,
) -> Result<Vec<Output>, String> {
    within(world, stack, settings, resource, |scope| {
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
pub(super) fn imports(world: &World, stack: &Stack, settings: &Settings) -> Result<BTreeSet<String>, String> {
    let unknown = |_: &str, _: Option<&str>| Ok(AFTER.into());
    let active = active(stack, settings)?;
    within(world, stack, settings, &unknown, |scope| {
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
pub(super) fn rehearse(world: &World, stack: &Stack, settings: &Settings) -> Result<(), String> {
    let unknown = |_: &str, _: Option<&str>| Ok(AFTER.into());
    let known: BTreeMap<String, String> =
        imports(world, stack, settings)?.into_iter().map(|name| (name, AFTER.to_string())).collect();
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
