//! What differs between a stack and what is declared of it, without asking AWS for a change set.
//!
//! What is not seen here, because an equal template hides it: the values behind dynamic references and Systems Manager
//! parameters, the templates of nested stacks, and what macros make of the template. `drift.interval` looks for these
//! ([`super::drift`]).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::wanted::Wanted;
use crate::desired::ParameterValue;
use crate::model::report::escape;
use crate::observed::Stack;
use crate::plan::tags;
use crate::plan::{Cause, Change};
use crate::secret::Shown;
use crate::template::{self, Template};

/// What differs, and which live parameters an adoption would put back to the template's default.
pub(super) struct Differences {
    pub(super) changes: Vec<Change>,
    /// Keys of parameters that the manifest does not name and whose value on the stack is not the template's default.
    pub(super) resets: Vec<String>,
}

/// Compares the stack and its template with what is wanted.
pub(super) fn differences(wanted: &Wanted<'_>, stack: &Stack, live: &str) -> Differences {
    let mut changes = Vec::new();
    if !template::same(wanted.text, live) {
        template_changes(&wanted.template, live, &mut changes);
    }
    let resets = parameter_changes(wanted, stack, &mut changes);
    tag_changes(wanted, stack, &mut changes);
    let declared = wanted.declared;
    if let Some(role) = declared.role_arn.as_ref().filter(|role| stack.role_arn.as_ref() != Some(role)) {
        changes.push(change("/roleArn".to_owned(), stack.role_arn.as_ref().map(|role| json!(role)), Some(json!(role))));
    }
    if let Some(topics) = &declared.notification_arns {
        sets("/notificationArns", &stack.notification_arns, topics, &mut changes);
    }
    if let Some(capabilities) = &declared.capabilities {
        // "This capacity doesn't apply to creating change sets, and specifying it when creating change sets has no effect."
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
        let counts = |word: &&String| word.as_str() != "CAPABILITY_AUTO_EXPAND";
        let (live, wanted): (Vec<String>, Vec<String>) =
            (stack.capabilities.iter().filter(counts).cloned().collect(), capabilities.iter().filter(counts).cloned().collect());
        sets("/capabilities", &live, &wanted, &mut changes);
    }
    Differences { changes, resets }
}

fn change(path: String, old: Option<Value>, new: Option<Value>) -> Change {
    Change { path, old: old.map(Shown::Plain), new: new.map(Shown::Plain), cause: Cause::Declared, deploys: false }
}

fn sets(path: &str, live: &[String], wanted: &[String], changes: &mut Vec<Change>) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (live.iter().collect(), wanted.iter().collect());
    if old != new {
        changes.push(change(path.to_owned(), (!old.is_empty()).then(|| json!(old)), Some(json!(new))));
    }
}

/// Section by section and name by name: `/template/Resources/Topic`.
fn template_changes(wanted: &Template, live: &str, changes: &mut Vec<Change>) {
    let before = changes.len();
    if let Ok(live) = Template::read(live, template::is_json(live, None)) {
        let (live, wanted) = (live.canonical(), wanted.canonical());
        entries("/template", &live, &wanted, 2, changes);
    }
    if changes.len() == before {
        changes.push(change("/template".to_owned(), Some(json!("another text")), Some(json!("the declared text"))));
    }
}

fn entries(path: &str, live: &Value, wanted: &Value, depth: usize, changes: &mut Vec<Change>) {
    let (Value::Object(old), Value::Object(new)) = (live, wanted) else {
        if live != wanted {
            changes.push(change(path.to_owned(), Some(live.clone()), Some(wanted.clone())));
        }
        return;
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = format!("{path}/{}", escape(name));
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) if depth > 1 => entries(&path, old, new, depth - 1, changes),
            (old, new) => changes.push(change(path, old.cloned(), new.cloned())),
        }
    }
}

/// Compares values as AWS got them: of a Systems Manager parameter its name, never what it resolves to.
fn parameter_changes(wanted: &Wanted<'_>, stack: &Stack, changes: &mut Vec<Change>) -> Vec<String> {
    let mut resets = Vec::new();
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
        if wanted.hides(key) {
            let changed = wanted.declared.changed_secrets.contains(key);
            if changed || live.is_none() {
                let hidden = |text: &str| Some(Shown::Hidden(json!(text)));
                let old = live.and_then(|_| hidden("****"));
                changes.push(Change {
                    path: format!("/parameters/{key}"),
                    old,
                    new: hidden(new),
                    cause: Cause::Declared,
                    deploys: false,
                });
            }
            continue;
        }
        let list = parameter.is_some_and(|parameter| parameter.list);
        if live.is_some_and(|live| same_value(live, new, list)) {
            continue;
        }
        if live.is_some() && !explicit {
            resets.push(key.clone());
        }
        changes.push(change(format!("/parameters/{key}"), live.map(|live| json!(live)), Some(json!(new))));
    }
    let gone =
        stack.parameters.keys().filter(|key| !wanted.template.parameters.contains_key(*key) && !wanted.template.open_parameters);
    for key in gone {
        changes.push(Change {
            path: format!("/parameters/{key}"),
            old: Some(Shown::Hidden(json!(stack.parameters[key]))),
            new: None,
            cause: Cause::Removed,
            deploys: false,
        });
    }
    resets
}

fn same_value(live: &str, wanted: &str, list: bool) -> bool {
    let booleans = |one: &str, other: &str| {
        matches!(other.to_ascii_lowercase().as_str(), "true" | "false") && one.eq_ignore_ascii_case(other)
    };
    live == wanted || booleans(live, wanted) || (list && live.split(',').map(str::trim).eq(wanted.split(',').map(str::trim)))
}

fn tag_changes(wanted: &Wanted<'_>, stack: &Stack, changes: &mut Vec<Change>) {
    let path = |key: &str| format!("/tags/{}", escape(key));
    if let Some(declared) = &wanted.declared.tags {
        let live = tags::peoples(&stack.tags);
        maps(&live, declared, |key, old, new| {
            changes.push(change(path(key), old.map(|old| json!(old)), new.map(|new| json!(new))));
        });
    }
    let ours = |key: &&String| wanted.own_tags.contains_key(*key) || key.as_str() == tags::PRUNE;
    let live = stack.tags.iter().filter(|(key, _)| ours(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    maps(&live, &wanted.own_tags, |key, old, new| {
        let change = change(path(key), old.map(|old| json!(old)), new.map(|new| json!(new)));
        changes.push(Change { cause: Cause::Ownership, ..change });
    });
}

/// Calls `differs` for every key whose value is not the same in both.
fn maps(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    mut differs: impl FnMut(&str, Option<&String>, Option<&String>),
) {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys.into_iter().filter(|key| old.get(*key) != new.get(*key)) {
        differs(key, old.get(key), new.get(key));
    }
}
