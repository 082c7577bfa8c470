//! What a person reads about a stack: how far an operation is, what failed first and why, what a change set would do.

use serde_json::json;

use super::operations::Operation;
use crate::observed::{ChangeSet, ResourceChange, ResourceDrift, StackEvent, StackResource};
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
        None => format!("{done} of {} resources that it has begun with are done{told}", latest.len()),
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
        if drift.status == "DELETED" {
            return format!("{id} is gone");
        }
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), shorten);
        let differences = drift.differences.iter().map(|difference| {
            format!("{} is {}, expected {}", difference.path, value(&difference.actual), value(&difference.expected))
        });
        format!("{id}: {}", list(differences, drift.differences.len()))
    };
    list(drifts.iter().map(one), drifts.len())
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

/// A change set, resource by resource.
pub fn resource_changes(change_set: &ChangeSet) -> Vec<Change> {
    let one = |change: &ResourceChange| {
        let what = |said: &str| Some(Shown::Plain(json!(format!("{}{said}", change.resource_type))));
        let (old, new) = match change.action.as_str() {
            "Add" => (None, what("")),
            "Import" => (None, what(", imported")),
            "Remove" => (what(""), None),
            _ => (what(""), what(&modified(change))),
        };
        Change { path: format!("/resources/{}", change.logical_id), old, new, cause: Cause::Declared, deploys: false }
    };
    change_set.changes.iter().map(one).collect()
}

fn modified(change: &ResourceChange) -> String {
    let of = if change.properties.is_empty() { change.scope.join(", ") } else { change.properties.join(", ") };
    let of = if of.is_empty() { String::new() } else { format!(" with another {of}") };
    let action = if change.action == "Modify" { "" } else { change.action.as_str() };
    format!(
        "{of}{}{}{}",
        if action.is_empty() { "" } else { " " },
        action,
        match change.replacement.as_deref() {
            Some("True") => ", REPLACED",
            Some("Conditional") => ", PERHAPS REPLACED",
            _ => "",
        }
    )
}

/// What nobody should overlook in a change set.
pub fn warnings(change_set: &ChangeSet) -> Vec<String> {
    let one = |change: &ResourceChange| {
        let physical = change.physical_id.as_deref().map_or(String::new(), |id| format!(" `{id}`"));
        let thing = format!("{} ({}{physical})", change.logical_id, change.resource_type);
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
        let kept = match change.policy_action.as_deref() {
            Some("Retain" | "ReplaceAndRetain") => "; the old one is kept, outside of the stack",
            Some("Snapshot" | "ReplaceAndSnapshot") => "; a snapshot of the old one is kept",
            _ => "; the old one and the data in it are gone then",
        };
        match (change.action.as_str(), change.replacement.as_deref()) {
            ("Modify", Some("True")) => Some(format!("REPLACEMENT: {thing} is made anew{kept}")),
            ("Modify", Some("Conditional")) => Some(format!("POSSIBLE REPLACEMENT: {thing} may be made anew{kept}")),
            ("Remove", _) => Some(format!("REMOVAL: {thing} leaves the stack{kept}")),
            _ => None,
        }
    };
    change_set.changes.iter().filter_map(one).collect()
}

/// "The submitted information didn't contain changes. Submit different information to create a change set.", and what it says
/// where the template has macros: "No updates are to be performed.". Such a change set is FAILED; one that changes outputs only
/// is not, and has no resource changes.
pub(super) fn nothing_changes(change_set: &ChangeSet) -> bool {
    let reason = change_set.status_reason.as_deref().unwrap_or_default();
    change_set.status == "FAILED"
        && (reason.contains("didn't contain changes") || reason.contains("No updates are to be performed"))
}

fn list(items: impl Iterator<Item = String>, of: usize) -> String {
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
