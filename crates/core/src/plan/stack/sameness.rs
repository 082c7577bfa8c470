//! What differs between a stack and what is declared of it, without asking AWS for a change set.
//!
//! What is not seen here, because an equal template hides it: the values behind dynamic references and Systems Manager
//! parameters, the templates of nested stacks, and what macros make of the template. `drift.interval` looks for these
//! ([`super::drift`]). What AWS shows only in part is *unsure*: it counts as equal where the stack was last written by exactly
//! what is declared, and else AWS is asked ([`super::known`]).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::differences::{Differences, change};
use super::template_diff;
use super::wanted::Wanted;
use crate::desired::ParameterValue;
use crate::model::report::escape;
use crate::observed::Stack;
use crate::plan::tags;
use crate::plan::{Cause, Change};
use crate::secret::Shown;
use crate::template::{self, Likeness};

/// Compares the stack and its template with what is wanted.
pub(super) fn differences(wanted: &Wanted<'_>, stack: &Stack, live: &str) -> Differences {
    let mut found = Differences::default();
    template_diff::look(wanted, live, &mut found);
    parameter_changes(wanted, stack, &mut found);
    tag_changes(wanted, stack, &mut found);
    let declared = wanted.declared;
    let changes = &mut found.changes;
    if let Some(role) = declared.role_arn.as_ref().filter(|role| stack.role_arn.as_ref() != Some(role)) {
        changes.push(change("/roleArn".to_owned(), stack.role_arn.as_ref().map(|role| json!(role)), Some(json!(role))));
    }
    if let Some(topics) = &declared.notification_arns {
        sets("/notificationArns", &stack.notification_arns, topics, changes);
    }
    if let Some(capabilities) = &declared.capabilities {
        // "This capacity doesn't apply to creating change sets, and specifying it when creating change sets has no effect."
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
        let counts = |word: &&String| word.as_str() != "CAPABILITY_AUTO_EXPAND";
        let (live, wanted): (Vec<String>, Vec<String>) =
            (stack.capabilities.iter().filter(counts).cloned().collect(), capabilities.iter().filter(counts).cloned().collect());
        sets("/capabilities", &live, &wanted, changes);
    }
    found
}

fn sets(path: &str, live: &[String], wanted: &[String], changes: &mut Vec<Change>) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (live.iter().collect(), wanted.iter().collect());
    if old != new {
        changes.push(change(path.to_owned(), (!old.is_empty()).then(|| json!(old)), Some(json!(new))));
    }
}

/// Compares values as AWS got them: of a Systems Manager parameter its name, never what it resolves to.
fn parameter_changes(wanted: &Wanted<'_>, stack: &Stack, found: &mut Differences) {
    let declared = &wanted.declared.parameters;
    let keys: BTreeSet<&String> = wanted.template.parameters.keys().chain(declared.keys()).collect();
    for key in keys {
        let parameter = wanted.template.parameters.get(key);
        let live = stack.parameters.get(key);
        let (new, explicit) = match declared.get(key) {
            Some(ParameterValue::Previous) => continue,
            Some(ParameterValue::Value(value)) => (Some(value), true),
            None => (parameter.and_then(|parameter| parameter.default.as_ref()), false),
        };
        let Some(new) = new else { continue };
        let path = format!("/parameters/{key}");
        if wanted.hides(key) {
            let changed = wanted.declared.changed_secrets.contains(key);
            if changed || live.is_none() {
                let hidden = |text: &str| Some(Shown::Hidden(json!(text)));
                let old = live.and_then(|_| hidden("****"));
                found.asked.parameters.insert(key.clone());
                found.changes.push(Change { path, old, new: hidden(new), cause: Cause::Declared, deploys: false });
            }
            continue;
        }
        let list = parameter.is_some_and(|parameter| parameter.list);
        match live.map_or(Likeness::Different, |live| same_value(live, new, list)) {
            Likeness::Same => continue,
            Likeness::Unsure => {
                found.asked.parameters.insert(key.clone());
                found.unsure.push(format!("the parameter `{key}`"));
            }
            Likeness::Different => {
                if live.is_some() && !explicit {
                    found.resets.push(key.clone());
                }
                found.asked.parameters.insert(key.clone());
                found.changes.push(change(path, live.map(|live| json!(live)), Some(json!(new))));
            }
        }
    }
    let gone =
        stack.parameters.keys().filter(|key| !wanted.template.parameters.contains_key(*key) && !wanted.template.open_parameters);
    for key in gone {
        found.changes.push(Change {
            path: format!("/parameters/{key}"),
            old: Some(Shown::Hidden(json!(stack.parameters[key]))),
            new: None,
            cause: Cause::Removed,
            deploys: false,
        });
    }
}

/// Case matters: "Fn::Equals ... is case-sensitive", so that `True` is not `true`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html>
fn same_value(live: &str, wanted: &str, list: bool) -> Likeness {
    let spaced = |text: &str| text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
    match list {
        true => template::text_likeness(&spaced(wanted), &spaced(live)),
        false => template::text_likeness(wanted, live),
    }
}

fn tag_changes(wanted: &Wanted<'_>, stack: &Stack, found: &mut Differences) {
    if let Some(declared) = &wanted.declared.tags {
        let live = tags::peoples(&stack.tags);
        maps(&live, declared, Cause::Declared, found);
    }
    let ours = |key: &&String| wanted.own_tags.contains_key(*key) || key.as_str() == tags::PRUNE;
    let live = stack.tags.iter().filter(|(key, _)| ours(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    maps(&live, &wanted.own_tags, Cause::Ownership, found);
}

/// Every tag whose value is not the same in both; keys are shown with `?` as well.
fn maps(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>, cause: Cause, found: &mut Differences) {
    let mut left: BTreeMap<&String, &String> = old.iter().collect();
    let mut missing = Vec::new();
    for (key, value) in new {
        let shown = left.remove(key).map(|old| (key, old));
        let shown = shown.or_else(|| {
            let like = left.keys().copied().find(|old| template::text_likeness(key, old) == Likeness::Unsure)?;
            left.remove(like).map(|old| (like, old))
        });
        match shown {
            None => missing.push((key, None, Some(value))),
            Some((old_key, old)) => match template::text_likeness(value, old) {
                Likeness::Same if old_key == key => {}
                Likeness::Same | Likeness::Unsure => found.unsure.push(format!("the tag `{key}`")),
                Likeness::Different => missing.push((key, Some(old), Some(value))),
            },
        }
    }
    missing.extend(left.into_iter().map(|(key, old)| (key, Some(old), None)));
    missing.sort_by_key(|(key, ..)| *key);
    for (key, old, new) in missing {
        let change = change(format!("/tags/{}", escape(key)), old.map(|old| json!(old)), new.map(|new| json!(new)));
        found.changes.push(Change { cause, ..change });
    }
}
