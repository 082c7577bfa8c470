//! What a person reads about a stack: how far an operation is, what failed first and why, what a change set would do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::asked_for::{Loss, destroys};
use super::operations::Operation;
use crate::count::counted;
use crate::observed::{ChangeDetail, ChangeSet, ResourceChange, ResourceDrift, StackEvent, StackResource};
use crate::plan::{Cause, Change};
use crate::secret::Shown;

/// How many things a message lists.
const LISTED: usize = 5;
/// How long a reason may be.
const LONGEST: usize = 600;

/// "3 of 5 resources are done; Database (AWS::RDS::DBInstance) CREATE_IN_PROGRESS". AWS tells of a resource when it begins
/// with it, so the second number grows.
pub(super) fn progress(operation: &Operation<'_>) -> String {
    let mut latest: Vec<&StackEvent> = Vec::new();
    for event in resources(operation) {
        latest.retain(|other| other.logical_id != event.logical_id);
        latest.push(event);
    }
    let done = latest.iter().filter(|event| event.status.ends_with("_COMPLETE")).count();
    let told = match latest.iter().rev().find(|event| event.status.ends_with("_IN_PROGRESS")) {
        Some(event) => format!("; {} ({}) {}", event.logical_id, event.resource_type, event.status),
        None => String::new(),
    };
    match first_failure(operation) {
        Some(event) => format!("it failed and is rolled back: {}{told}", failed(event)),
        None if latest.is_empty() => "it has just begun".to_owned(),
        None => format!("{done} of {} that it has begun with are done{told}", counted(latest.len(), "resource")),
    }
}

/// The first resource that failed, and why; where AWS names none, what it says of the stack.
pub(super) fn failure(operation: &Operation<'_>) -> String {
    if let Some(event) = first_failure(operation) {
        return failed(event);
    }
    let of_stack = operation.events.iter().filter(|event| event.resource_type == "AWS::CloudFormation::Stack");
    let said = of_stack.filter_map(|event| event.reason.as_deref()).find(|reason| *reason != "User Initiated");
    said.map_or_else(|| format!("it ended as {}", operation.last), |said| format!("{} ({})", shorten(said), operation.last))
}

/// AWS calls what it stopped because of another one's failure "Resource creation cancelled" or "Resource update cancelled":
/// that is no cause.
fn first_failure<'a>(operation: &Operation<'a>) -> Option<&'a StackEvent> {
    let cancelled =
        |event: &&StackEvent| event.reason.as_deref().is_some_and(|reason| reason.to_lowercase().contains("cancelled"));
    let all: Vec<&StackEvent> = resources(operation).filter(|event| event.status.ends_with("_FAILED")).collect();
    all.iter().find(|event| !cancelled(event)).or(all.first()).copied()
}

/// Events of resources, oldest first; a nested stack is a resource of its parent.
fn resources<'o, 'a: 'o>(operation: &'o Operation<'a>) -> impl DoubleEndedIterator<Item = &'a StackEvent> + 'o {
    let stack = operation.events.first().map_or("", |event| event.physical_id.as_str());
    operation.events.iter().copied().filter(move |event| event.physical_id != stack)
}

fn failed(event: &StackEvent) -> String {
    let reason = event.reason.as_deref().map_or_else(|| "AWS gives no reason".to_owned(), shorten);
    let hint = if reason.contains("denied by stack policy") {
        "; the stack policy protects it: change `spec.stackPolicy` in a commit of its own first"
    } else {
        ""
    };
    format!("{} ({}) {}: {reason}{hint}", event.logical_id, event.resource_type, event.status)
}

/// What made a rollback fail: the same resources with the same reasons are the same cause.
pub(super) fn rollback_cause(operation: &Operation<'_>) -> Vec<(String, String)> {
    let rolling = operation.events.iter().position(|event| event.status == "UPDATE_ROLLBACK_IN_PROGRESS").unwrap_or(0);
    let failed = operation.events[rolling..].iter().filter(|event| event.status.ends_with("_FAILED"));
    let failed =
        failed.filter(|event| event.resource_type != "AWS::CloudFormation::Stack" || event.status != "UPDATE_ROLLBACK_FAILED");
    let mut cause: Vec<(String, String)> =
        failed.map(|event| (event.logical_id.clone(), event.reason.clone().unwrap_or_default())).collect();
    cause.sort();
    cause.dedup();
    cause
}

/// `Bucket (AWS::S3::Bucket, DELETE_FAILED: The bucket is not empty)`, the first of them.
pub(super) fn standing(resources: &[&StackResource]) -> String {
    let one = |resource: &&StackResource| {
        let reason = resource.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", shorten(reason)));
        format!("{} ({}, {}{reason})", resource.logical_id, resource.resource_type, resource.status)
    };
    list(resources.iter().map(one), resources.len())
}

/// `Bucket (AWS::S3::Bucket) /Versioning: expected "on", is "off"`.
pub(super) fn drifted(drifts: &[ResourceDrift]) -> String {
    let one = |drift: &ResourceDrift| {
        let id = format!("{} ({})", drift.logical_id, drift.resource_type);
        match drift.status.as_str() {
            "DELETED" => return format!("{id} is gone"),
            "UNKNOWN" => return format!("{id} could not be read{}", reason_of(drift)),
            _ => {}
        }
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), shorten);
        let differences = drift.differences.iter().map(|difference| {
            format!("{} is {}, expected {}", difference.path, value(&difference.actual), value(&difference.expected))
        });
        format!("{id}: {}", list(differences, drift.differences.len()))
    };
    list(drifts.iter().map(one), drifts.len())
}

fn reason_of(drift: &ResourceDrift) -> String {
    drift.reason.as_deref().map_or(String::new(), |reason| format!(": {}", shorten(reason)))
}

/// Drift as a diff: what is there against what the template says.
pub(super) fn drift_changes(drifts: &[ResourceDrift]) -> Vec<Change> {
    let shown = |value: &Option<String>| value.as_ref().map(|value| Shown::Plain(json!(value)));
    let mut changes = Vec::new();
    for drift in drifts {
        let path = format!("/drift/{}", drift.logical_id);
        if drift.status == "DELETED" {
            let new = Some(Shown::Plain(json!(drift.resource_type)));
            changes.push(Change { path, old: None, new, cause: Cause::Declared, deploys: false });
            continue;
        }
        for difference in &drift.differences {
            let path = format!("{path}{}", difference.path);
            let (old, new) = (shown(&difference.actual), shown(&difference.expected));
            changes.push(Change { path, old, new, cause: Cause::Declared, deploys: false });
        }
    }
    changes
}

/// A change set, resource by resource, to the last member; what replaces or removes something first.
pub fn resource_changes(change_set: &ChangeSet) -> Vec<Change> {
    let mut lines = Vec::new();
    let mut changes: Vec<&ResourceChange> = change_set.changes.iter().collect();
    changes.sort_by_key(|change| !loses(change));
    changes.iter().for_each(|change| lines_of(change, "/resources", &mut lines));
    lines
}

/// Whether something goes, in a nested stack too.
fn loses(change: &ResourceChange) -> bool {
    destroys(change) || change.nested.iter().flatten().any(loses)
}

fn lines_of(change: &ResourceChange, parent: &str, lines: &mut Vec<Change>) {
    let path = format!("{parent}/{}", change.logical_id);
    let what = |said: String| Some(Shown::Plain(json!(format!("{}{said}", change.resource_type))));
    let line = |path: String, old, new| Change { path, old, new, cause: Cause::Declared, deploys: false };
    let whole = match change.action.as_str() {
        "Add" => Some((None, what(String::new()))),
        "Import" => Some((None, what(", imported".to_owned()))),
        "Remove" => Some((what(String::new()), None)),
        _ if destroys(change) => {
            let id = change.physical_id.as_deref().map_or(String::new(), |id| format!(" `{id}`"));
            let word = if change.replacement.as_deref() == Some("True") { "REPLACES" } else { "PERHAPS REPLACES" };
            Some((what(String::new()), Some(Shown::Plain(json!(format!("{word}{id}{}", reasons(change)))))))
        }
        _ if change.details.is_empty() => Some((what(String::new()), what(reasons(change)))),
        _ => None,
    };
    if let Some((old, new)) = whole {
        lines.push(line(path.clone(), old, new));
    }
    let mut seen = BTreeSet::new();
    for detail in &change.details {
        let place = detail.path.clone().unwrap_or_else(|| {
            let name = detail.name.as_deref().map_or(String::new(), |name| format!("/{name}"));
            format!("/{}{name}", detail.attribute)
        });
        if !seen.insert(place.clone()) {
            continue;
        }
        // Of a nested stack that is looked into only what is in it says something.
        if detail.source == "Automatic" {
            continue;
        }
        let value = |value: &Option<String>| value.as_ref().map(|value| shown_value(&place, value));
        let (old, new) = match (value(&detail.before), value(&detail.after)) {
            (None, None) => (what(String::new()), Some(Shown::Plain(json!(origin(detail))))),
            values => values,
        };
        lines.push(line(format!("{path}{place}"), old, new));
    }
    for nested in change.nested.iter().flatten() {
        lines_of(nested, &path, lines);
    }
}

/// A value that a change set shows. AWS masks what it knows to be hidden; the rest is told by its name.
fn shown_value(path: &str, value: &str) -> Shown {
    const NAMES: [&str; 6] = ["password", "secret", "token", "credential", "privatekey", "apikey"];
    let name = path.to_lowercase().replace(['-', '_'], "");
    let parsed = serde_json::from_str::<Value>(value).ok().filter(|value| value.is_object() || value.is_array());
    let value = parsed.unwrap_or_else(|| json!(value));
    match NAMES.iter().any(|word| name.contains(word)) || name.contains("/environment") || name.contains("userdata") {
        true => Shown::Hidden(value),
        false => Shown::Plain(value),
    }
}

/// "(another Engine)": of one whose reasons come without members.
fn reasons(change: &ResourceChange) -> String {
    let of = if change.properties.is_empty() { change.scope.join(", ") } else { change.properties.join(", ") };
    let action = if change.action == "Modify" { String::new() } else { format!(", {}", change.action) };
    if of.is_empty() { action } else { format!(" with another {of}{action}") }
}

/// Where a change comes from, in a word.
fn origin(detail: &ChangeDetail) -> String {
    let entity = detail.entity.as_deref().unwrap_or("another part of the stack");
    match detail.source.as_str() {
        "ParameterReference" => format!("changed by the parameter {entity}"),
        "ResourceReference" | "ResourceAttribute" => format!("changed by {entity}"),
        _ => "changed".to_owned(),
    }
}

/// What nobody should overlook in a change set.
pub fn warnings(change_set: &ChangeSet) -> Vec<String> {
    let mut told = Vec::new();
    change_set.changes.iter().for_each(|change| warn(change, "", &mut told));
    told
}

fn warn(change: &ResourceChange, parent: &str, told: &mut Vec<String>) {
    let thing = thing(change, &format!("{parent}{}", change.logical_id));
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    let kept = match change.policy_action.as_deref() {
        Some("Retain" | "ReplaceAndRetain") => "; the old one is kept, outside of the stack",
        Some("Snapshot" | "ReplaceAndSnapshot") => "; a snapshot of the old one is kept",
        _ => "; the old one and the data in it are gone then",
    };
    match (change.action.as_str(), change.replacement.as_deref()) {
        ("Remove", _) => told.push(format!("REMOVAL: {thing} leaves the stack{kept}")),
        ("Add" | "Import", _) => {}
        (_, Some("True")) => told.push(format!("REPLACEMENT: {thing} is made anew{kept}")),
        (_, Some("Conditional")) => told.push(format!("POSSIBLE REPLACEMENT: {thing} may be made anew{kept}")),
        _ => {}
    }
    let path = format!("{parent}{}/", change.logical_id);
    change.nested.iter().flatten().for_each(|nested| warn(nested, &path, told));
}

/// `Database (AWS::RDS::DBInstance `db-1`)`.
fn thing(change: &ResourceChange, name: &str) -> String {
    let physical = change.physical_id.as_deref().map_or(String::new(), |id| format!(" `{id}`"));
    format!("{name} ({}{physical})", change.resource_type)
}

/// What would go, one after the other.
pub(super) fn losses(losses: &[Loss<'_>]) -> String {
    let one = |loss: &Loss<'_>| {
        let how = match (loss.change.action.as_str(), loss.change.replacement.as_deref()) {
            ("Remove", _) => "removed",
            (_, Some("Conditional")) => "perhaps made anew",
            _ => "made anew",
        };
        format!("{}, {how}", thing(loss.change, &loss.name))
    };
    list(losses.iter().map(one), losses.len())
}

pub(super) fn list(items: impl Iterator<Item = String>, of: usize) -> String {
    let mut told: Vec<String> = items.take(LISTED).collect();
    if of > LISTED {
        told.push(format!("and {} more", of - LISTED));
    }
    told.join("; ")
}

pub(super) fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
