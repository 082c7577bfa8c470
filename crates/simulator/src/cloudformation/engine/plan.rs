//! What an update would change, resource by resource, without doing anything: what a change set shows.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::evaluate;
use super::jobs::changed;
use super::parts::{Resource, Settings};
use super::stack::Stack;
use super::state::State;
use crate::cloudformation::template::intrinsics::{AFTER, Evaluated};
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::template::references::{self, Reference};
use crate::cloudformation::template::{Declared, Policy};
use crate::cloudformation::types::{self, Recreation};

/// What becomes of a resource, as far as others that refer to it are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Same,
    Modified,
    /// Its id and attributes are known only afterwards.
    New,
}

/// What an update comes to.
pub(crate) struct Plan {
    /// `Changes` of DescribeChangeSet, with all property values.
    pub(crate) changes: Vec<Value>,
    /// Whether there is anything to do: an output alone is enough, and so is a list of notification topics.
    pub(crate) executable: bool,
}

/// Compares the stack with what it is to become.
pub(crate) fn plan(state: &State, stack: &Stack, settings: &Settings, revert_drift: bool) -> Result<Plan, String> {
    let active = evaluate::active(stack, settings)?;
    let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
    let mut changes = BTreeMap::new();
    for name in ordered(&active, settings) {
        let declared = &settings.template.resources[&name];
        let (fate, change) = match stack.resources.get(&name).filter(|old| old.status != "DELETE_COMPLETE") {
            None => (Fate::New, Some(added(state, stack, settings, &name, &fates)?)),
            Some(old) => modified(state, stack, settings, &name, declared, old, &fates, revert_drift)?,
        };
        fates.insert(name.clone(), fate);
        changes.extend(change.map(|change| (name, change)));
    }
    for (name, old) in stack.resources.iter().filter(|(name, _)| !active.contains(*name)) {
        if old.status != "DELETE_COMPLETE" {
            changes.insert(name.clone(), removed(name, old));
        }
    }
    let mut executable = !changes.is_empty();
    if let Some(before) = &stack.settings {
        executable |= before.notifications != settings.notifications;
        let resource = |name: &str, attribute: Option<&str>| foreseen(stack, settings, &fates, name, attribute);
        executable |= evaluate::outputs_with(state, stack, settings, &resource)? != stack.outputs;
    }
    let changes = changes.into_values().map(|change| json!({"Type": "Resource", "ResourceChange": change})).collect();
    Ok(Plan { changes, executable })
}

/// The names, each after those it needs.
fn ordered(active: &BTreeSet<String>, settings: &Settings) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    while out.len() < active.len() {
        let ready = |name: &&String| {
            let needs = &settings.template.resources[*name].needs;
            !out.contains(name) && needs.intersection(active).all(|needed| out.contains(needed))
        };
        let next: Vec<String> = active.iter().filter(ready).cloned().collect();
        if next.is_empty() {
            break;
        }
        out.extend(next);
    }
    out
}

/// What a reference to a resource will give.
fn foreseen(
    stack: &Stack,
    settings: &Settings,
    fates: &BTreeMap<String, Fate>,
    name: &str,
    attribute: Option<&str>,
) -> Evaluated {
    let fate = fates.get(name).copied();
    let Some(resource) = stack.resources.get(name).filter(|_| matches!(fate, Some(Fate::Same | Fate::Modified))) else {
        return match fate {
            Some(_) => Ok(AFTER.into()),
            None => Err(format!("Unresolved resource dependencies [{name}] in the Resources block of the template")),
        };
    };
    Ok(match attribute {
        None => resource.physical.as_str().into(),
        Some(attribute) => {
            let making = stack.making(name, &resource.declared.kind, &resource.properties, &settings.tags);
            types::attribute(&making, &resource.physical, &resource.attributes, attribute)
        }
    })
}

/// A resource's properties as they will be; an export that is missing is known only afterwards, as AWS's change sets have it.
fn coming(
    state: &State,
    stack: &Stack,
    settings: &Settings,
    name: &str,
    fates: &BTreeMap<String, Fate>,
) -> Result<Value, String> {
    let resource = |name: &str, attribute: Option<&str>| foreseen(stack, settings, fates, name, attribute);
    match evaluate::properties_with(state, stack, settings, name, &resource) {
        Err(reason) if reason.starts_with("No export named") => Ok(json!({})),
        other => other,
    }
}

fn context(declared: &Declared, properties: &Value) -> String {
    let mut context = json!({"Properties": properties});
    for key in ["Metadata", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy"] {
        if let Some(value) = declared.attributes.get(key) {
            context[key] = value.clone();
        }
    }
    context.to_string()
}

fn added(state: &State, stack: &Stack, settings: &Settings, name: &str, fates: &BTreeMap<String, Fate>) -> Evaluated {
    let declared = &settings.template.resources[name];
    let properties = coming(state, stack, settings, name, fates)?;
    Ok(json!({
        "Action": "Add",
        "LogicalResourceId": name,
        "ResourceType": declared.kind,
        "Scope": [],
        "Details": [],
        "AfterContext": context(declared, &properties),
    }))
}

fn removed(name: &str, old: &Resource) -> Value {
    let action = match old.declared.deletion_policy() {
        Policy::Retain | Policy::RetainExceptOnCreate => "Retain",
        Policy::Snapshot => "Snapshot",
        Policy::Delete => "Delete",
    };
    json!({
        "Action": "Remove",
        "LogicalResourceId": name,
        "PhysicalResourceId": old.physical,
        "ResourceType": old.declared.kind,
        "PolicyAction": action,
        "Scope": [],
        "Details": [],
        "BeforeContext": context(&old.declared, &old.properties),
    })
}

#[expect(clippy::too_many_arguments, reason = "the one place where everything about a resource comes together")]
fn modified(
    state: &State,
    stack: &Stack,
    settings: &Settings,
    name: &str,
    declared: &Declared,
    old: &Resource,
    fates: &BTreeMap<String, Fate>,
    revert_drift: bool,
) -> Result<(Fate, Option<Value>), String> {
    if declared.kind != old.declared.kind {
        return Err(format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{name}]"
        ));
    }
    let properties = coming(state, stack, settings, name, fates)?;
    let (mut details, mut replacement) = details(stack, settings, declared, old, &properties, fates);
    let retagged = stack.settings.as_ref().is_some_and(|before| before.tags != settings.tags);
    let retagged = retagged && types::taggable(&declared.kind);
    details.extend(attribute_details(declared, old, retagged));
    if retagged && types::tags_replace(&declared.kind) {
        replacement = Recreation::Always;
    }
    if details.is_empty() && declared.kind == types::NESTED {
        details.push(automatic());
    }
    let mut drift = None;
    if revert_drift {
        let (drifted, reverts, more) = drift_details(declared, old, &properties, stack);
        drift = Some(drifted);
        replacement = replacement.max(reverts);
        details.extend(more);
    }
    if details.is_empty() && drift.is_none_or(|drift| drift != "DELETED") {
        return Ok((Fate::Same, None));
    }
    let scope: BTreeSet<&str> = details.iter().filter_map(|detail| detail["Target"]["Attribute"].as_str()).collect();
    let policy = match (replacement, declared.replace_policy()) {
        (Recreation::Always, Policy::Retain | Policy::RetainExceptOnCreate) => Some("ReplaceAndRetain"),
        (Recreation::Always, Policy::Snapshot) => Some("ReplaceAndSnapshot"),
        (Recreation::Always, Policy::Delete) => Some("ReplaceAndDelete"),
        _ => None,
    };
    let word = match replacement {
        Recreation::Never => "False",
        Recreation::Conditionally => "Conditional",
        Recreation::Always => "True",
    };
    let change = json!({
        "Action": "Modify",
        "LogicalResourceId": name,
        "PhysicalResourceId": old.physical,
        "ResourceType": declared.kind,
        "Replacement": word,
        "PolicyAction": policy,
        "Scope": scope,
        "Details": details,
        "ResourceDriftStatus": drift,
        "BeforeContext": context(&old.declared, &old.properties),
        "AfterContext": context(declared, &properties),
    });
    let fate = if replacement == Recreation::Always { Fate::New } else { Fate::Modified };
    Ok((fate, Some(change)))
}

/// One detail for each cause of a property's change; and what the changes bring together.
fn details(
    stack: &Stack,
    settings: &Settings,
    declared: &Declared,
    old: &Resource,
    properties: &Value,
    fates: &BTreeMap<String, Fate>,
) -> (Vec<Value>, Recreation) {
    let (mut details, mut replacement) = (Vec::new(), Recreation::Never);
    let differs = changed(&old.properties, properties);
    let mut names: BTreeSet<&str> = differs.iter().map(String::as_str).collect();
    names.extend(declared.properties.as_object().into_iter().flatten().map(|(key, _)| key.as_str()));
    for name in names {
        let expression = declared.properties.get(name).unwrap_or(&Value::Null);
        let value_differs = differs.iter().any(|other| other == name);
        let causes = causes(stack, settings, expression, fates, value_differs);
        if !value_differs && causes.is_empty() {
            continue;
        }
        let recreation = types::recreation(&declared.kind, name);
        let mut target = json!({
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": recreation.word(),
            "Path": format!("/Properties/{name}"),
        });
        let (before, after) = (old.properties.get(name), properties.get(name));
        target["BeforeValue"] = before.map(plain_or_json).into();
        target["AfterValue"] = after.map(plain_or_json).into();
        target["AttributeChangeType"] = if before.is_none() {
            "Add"
        } else if after.is_none() {
            "Remove"
        } else {
            "Modify"
        }
        .into();
        let direct = old.declared.properties.get(name) != declared.properties.get(name);
        let detail = |source: &str, evaluation: &str, entity: Option<&str>| json!({"Target": target, "Evaluation": evaluation, "ChangeSource": source, "CausingEntity": entity});
        for (source, evaluation, entity) in &causes {
            details.push(detail(source, evaluation, Some(entity)));
        }
        if value_differs {
            details.push(detail("DirectModification", if causes.is_empty() || direct { "Static" } else { "Dynamic" }, None));
        }
        let brings = match recreation {
            // Whether the value changes is known only when the other resource has changed.
            Recreation::Always if !value_differs => Recreation::Conditionally,
            other => other,
        };
        replacement = replacement.max(brings);
    }
    (details, replacement)
}

fn plain_or_json(value: &Value) -> String {
    if value.is_array() { value.to_string() } else { plain(value) }
}

/// Why a property changes besides its own words: `ChangeSource`, `Evaluation` and `CausingEntity`.
fn causes(
    stack: &Stack,
    settings: &Settings,
    expression: &Value,
    fates: &BTreeMap<String, Fate>,
    value_differs: bool,
) -> Vec<(&'static str, &'static str, String)> {
    let mut found = Vec::new();
    references::references(expression, &mut found);
    let parameter = |name: &str| {
        let before = stack.settings.as_ref().and_then(|before| before.parameters.values.get(name));
        let after = settings.parameters.values.get(name);
        after.is_some() && before != after
    };
    let mut causes = Vec::new();
    for reference in found {
        let cause = match &reference {
            Reference::Name(name) if value_differs && parameter(name) => ("ParameterReference", "Static", name.clone()),
            Reference::Name(name) if fates.get(name) == Some(&Fate::New) => ("ResourceReference", "Static", name.clone()),
            Reference::Attribute(name, attribute) => match fates.get(name) {
                Some(Fate::New) => ("ResourceAttribute", "Static", format!("{name}.{attribute}")),
                Some(Fate::Modified) => ("ResourceAttribute", "Dynamic", format!("{name}.{attribute}")),
                _ => continue,
            },
            _ => continue,
        };
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}

/// "CloudFormation sets the ChangeSource to Automatic because the nested stack's template might have changed":
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html>.
fn automatic() -> Value {
    let target = json!({"Attribute": "Properties", "RequiresRecreation": "Never"});
    json!({"Target": target, "Evaluation": "Dynamic", "ChangeSource": "Automatic"})
}

fn attribute_details(declared: &Declared, old: &Resource, retagged: bool) -> Vec<Value> {
    let differ = |key: &&str| old.declared.attributes.get(*key) != declared.attributes.get(*key);
    let mut names: Vec<&str> = ["Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"]
        .into_iter()
        .filter(differ)
        .collect();
    if retagged {
        names.push("Tags");
    }
    let detail = |name: &str| {
        let replaces = *name == *"Tags" && types::tags_replace(&declared.kind);
        let target = json!({"Attribute": name, "RequiresRecreation": if replaces { "Always" } else { "Never" }});
        json!({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    };
    names.into_iter().map(detail).collect()
}

/// What a drift-aware change set adds: the properties that somebody has changed.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>
fn drift_details(
    declared: &Declared,
    old: &Resource,
    properties: &Value,
    stack: &Stack,
) -> (&'static str, Recreation, Vec<Value>) {
    if old.gone {
        return ("DELETED", Recreation::Always, Vec::new());
    }
    let template_only = |name: &String| properties.get(name).is_some() || old.properties.get(name).is_some();
    let names: Vec<String> = changed(&old.actual, properties).into_iter().filter(template_only).collect();
    let drifted = changed(&old.actual, &old.properties).iter().any(template_only);
    let at = crate::clock::iso_millis(stack.drift.at);
    let mut brings = Recreation::Never;
    let mut details = Vec::new();
    for name in names.iter().filter(|name| old.actual.get(*name) != old.properties.get(*name)) {
        let recreation = types::recreation(&declared.kind, name);
        brings = brings.max(recreation);
        let value = |from: &Value| from.get(name).map(plain_or_json);
        let target = json!({
            "Attribute": "Properties",
            "Name": name,
            "Path": format!("/Properties/{name}"),
            "RequiresRecreation": recreation.word(),
            "BeforeValue": value(&old.actual),
            "AfterValue": value(properties),
            "BeforeValueFrom": "ACTUAL_STATE",
            "AfterValueFrom": "TEMPLATE",
            "AttributeChangeType": "Modify",
            "Drift": {
                "PreviousValue": value(&old.properties),
                "ActualValue": value(&old.actual),
                "DriftDetectionTimestamp": at,
            },
        });
        details.push(json!({"Target": target, "Evaluation": "Static", "ChangeSource": "NoModification"}));
    }
    (if drifted { "MODIFIED" } else { "IN_SYNC" }, brings, details)
}
