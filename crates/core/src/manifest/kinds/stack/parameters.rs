//! Reads `spec.parameters` and `spec.parametersFile` of a CloudFormationStack, and checks them against the template.

use std::collections::BTreeMap;

use super::template::Read;
use crate::desired::ParameterValue;
use crate::interpolate::first_reference;
use crate::location::Location;
use crate::manifest::documents::fields::{Fields, Scope, location};
use crate::manifest::documents::file::read_file;
use crate::manifest::documents::reading::Reading;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::model::report::{did_you_mean, listed, shown};

/// "Maximum number of parameters that you can declare in your template: 200", and "a parameter value can't exceed 4,096 bytes".
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_PARAMETERS: usize = 200;
const MAX_VALUE: usize = 4096;

/// Values by key, each with the place where it stands.
type Found = BTreeMap<String, (ParameterValue, Location)>;

/// None when something in them cannot be read, which is told.
pub(super) fn read(
    scope: &mut Scope<'_>,
    reading: &mut Reading<'_>,
    spec: &Fields<'_>,
    template: Option<&Read>,
) -> Option<BTreeMap<String, ParameterValue>> {
    let before = scope.found.errors.len();
    let mut found = Found::new();
    if spec.member("parametersFile").is_some()
        && let Some((file, root)) = read_file(scope, reading, spec, "parametersFile")
    {
        from_file(scope, &file, &root, &mut found);
    }
    if let Some(node) = spec.get("parameters") {
        match &node.content {
            Content::Map(members) => {
                for member in members {
                    put(scope, &mut found, &member.key, &member.node, scope.location(member.at));
                }
            }
            _ => scope.wrong(node, "spec.parameters", "a mapping of parameters and their values"),
        }
    }
    if found.len() > MAX_PARAMETERS {
        scope.error(spec.node.at, format!("a template has at most {MAX_PARAMETERS} parameters, and these are {}", found.len()));
    }
    if let Some(read) = template.filter(|read| !read.template.open_parameters) {
        against_template(scope, &found, read, spec);
    }
    (scope.found.errors.len() == before).then(|| found.into_iter().map(|(key, (value, _))| (key, value)).collect())
}

/// Parameters whose value comes from a reference: it is not the commit that tells what it is.
pub(super) fn referenced(reading: &Reading<'_>, spec: &Fields<'_>) -> Vec<String> {
    let changed = |node: &Node| reading.changed.contains(&node.at) || node.text().is_some_and(|text| text.contains("${"));
    let parameters = spec.get("parameters").map(Node::members).unwrap_or_default();
    let parameters = parameters.iter().filter(|member| match &member.node.content {
        Content::List(elements) => elements.iter().any(changed),
        _ => changed(&member.node),
    });
    parameters.map(|member| member.key.clone()).collect()
}

/// AWS would say "Parameters: [X] do not exist in the template" and "Parameters: [X] must have values".
fn against_template(scope: &mut Scope<'_>, found: &Found, read: &Read, spec: &Fields<'_>) {
    let known = &read.template.parameters;
    for (key, (_, place)) in found.iter().filter(|(key, _)| !known.contains_key(*key)) {
        let names = || known.keys().map(String::as_str);
        let near = did_you_mean(key, names());
        let near = match known.len() {
            0 => "; it has none".to_owned(),
            1..=10 if near.is_empty() => format!("; it has {}", listed(names())),
            _ => near,
        };
        scope.error_in(place.clone(), format!("the template has no parameter {}{near}", shown(key)));
    }
    for (key, parameter) in known.iter().filter(|(key, _)| !found.contains_key(*key)) {
        if parameter.default.is_none() {
            let at = spec.get("parameters").map_or(spec.node.at, |node| node.at);
            let message = format!(
                "the template's parameter {} ({}) has no default and no value; give it one in `spec.parameters`",
                shown(key),
                read.place(parameter.at)
            );
            scope.error(at, message);
        }
    }
}

/// The AWS CLI's `[{"ParameterKey": …, "ParameterValue": …}]` and `["KEY=VALUE"]`, CodePipeline's `{"Parameters": {…}}`, or a
/// plain mapping.
/// <https://docs.aws.amazon.com/cli/latest/reference/cloudformation/create-change-set.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html>
fn from_file(scope: &mut Scope<'_>, file: &str, root: &Node, found: &mut Found) {
    if let Some((at, reference)) = reference_in(root) {
        let message = format!(
            "`{reference}` is sent as it stands: a parameters file is not interpolated; write it under `spec.parameters`"
        );
        scope.warn_in(location(file, at), message);
    }
    match &root.content {
        Content::List(elements) => elements.iter().for_each(|element| element_of(scope, file, element, found)),
        Content::Map(members) => {
            let inner = match root.get("Parameters") {
                Some(inner) if matches!(inner.content, Content::Map(_)) => {
                    for other in members.iter().filter(|member| member.key != "Parameters") {
                        let message = format!("{} is not read from a parameters file; write it in `spec`", shown(&other.key));
                        scope.warn_in(location(file, other.at), message);
                    }
                    inner.members()
                }
                _ => members,
            };
            for member in inner {
                put(scope, found, &member.key, &member.node, location(file, member.at));
            }
        }
        _ => {
            let message = format!(
                "this is {}; `[{{\"ParameterKey\": …, \"ParameterValue\": …}}]`, `{{\"Parameters\": {{…}}}}` or a mapping is expected",
                root.kind()
            );
            scope.error_in(location(file, root.at), message);
        }
    }
}

fn element_of(scope: &mut Scope<'_>, file: &str, element: &Node, found: &mut Found) {
    let place = location(file, element.at);
    if let Some((key, value)) = element.text().and_then(|text| text.split_once('=')) {
        found.insert(key.to_owned(), (ParameterValue::Value(value.to_owned()), place));
        return;
    }
    let Some(key) = element.get("ParameterKey").and_then(Node::text) else {
        scope.error_in(place, format!("this is {}; an object with a `ParameterKey` is expected", element.kind()));
        return;
    };
    let previous = element.get("UsePreviousValue").is_some_and(|flag| flag.content == Content::Bool(true));
    match (previous, element.get("ParameterValue").filter(|node| !node.is_null())) {
        (true, None) => drop(found.insert(key.to_owned(), (ParameterValue::Previous, place))),
        (false, Some(value)) => put(scope, found, key, value, place),
        (true, Some(_)) => {
            scope.error_in(place, format!("{} has both a `ParameterValue` and `UsePreviousValue`; keep one of them", shown(key)));
        }
        (false, None) => scope.error_in(place, format!("{} has no `ParameterValue`", shown(key))),
    }
}

/// One value: a scalar, a list (joined by commas), or `{usePreviousValue: true}`.
fn put(scope: &mut Scope<'_>, found: &mut Found, key: &str, node: &Node, place: Location) {
    // "Logical ID: must be alphanumeric and unique": `ParameterKey` has the same letters.
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        scope.error_in(place.clone(), format!("{} is no parameter's name, which has letters and digits only", shown(key)));
    }
    let previous = |node: &Node| matches!(node.members(), [one] if matches!(one.key.as_str(), "usePreviousValue" | "UsePreviousValue") && one.node.content == Content::Bool(true));
    let value = match &node.content {
        Content::List(elements) => elements.iter().map(Node::written).collect::<Option<Vec<_>>>().map(|values| values.join(",")),
        Content::Map(_) if previous(node) => {
            found.insert(key.to_owned(), (ParameterValue::Previous, place));
            return;
        }
        _ => node.written(),
    };
    match value {
        Some(value) if value.len() > MAX_VALUE => {
            scope
                .error_in(place, format!("the value of {} has {} bytes; AWS takes at most {MAX_VALUE}", shown(key), value.len()));
        }
        Some(value) => drop(found.insert(key.to_owned(), (ParameterValue::Value(value), place))),
        None => {
            let message = format!(
                "the value of {} is {}; a string, a number, a list of them or `{{usePreviousValue: true}}` is expected",
                shown(key),
                node.kind()
            );
            scope.error_in(place.clone(), message);
            found.insert(key.to_owned(), (ParameterValue::Previous, place));
        }
    }
}

fn reference_in(node: &Node) -> Option<(Mark, String)> {
    match &node.content {
        Content::Text(text) => first_reference(text).map(|reference| (node.at, reference.to_owned())),
        Content::List(elements) => elements.iter().find_map(reference_in),
        Content::Map(members) => members.iter().find_map(|member| reference_in(&member.node)),
        _ => None,
    }
}
