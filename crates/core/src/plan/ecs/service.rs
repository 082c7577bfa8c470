//! Where the live service differs from the declared one, and what UpdateService has to say about it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::members::{self, Change as How};
use super::pass::Pass;
use super::spelling::{self, Hashes};
use crate::desired::Document;
use crate::model::{MemberKind, Operation, member_kind};
use crate::normalise::{
    Difference, Elements, Pointer, Setting, Sort, Subject, compare, elements_at, get, keyed_elements, says_nothing, set,
};
use crate::plan::ownership::Ownership;
use crate::plan::tags::{self, Tags};
use crate::plan::{Cause, Change, Verdict};

const SUBJECT: Subject = Subject::Service;

/// What is to change.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// For people.
    pub(super) changes: Vec<Change>,
    /// UpdateService's members that start no deployment.
    pub(super) quiet: Document,
    /// Those that do.
    pub(super) deploying: Document,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// By member: what AWS shows otherwise than it was written, and is known to mean the same.
    pub(super) spellings: Vec<(String, String)>,
    /// What is compared.
    pub(super) declared: Document,
}

/// A short digest of each declared member, for members that no answer shows, without those `not_sent`. The count is always
/// shown.
pub(super) fn member_digests(pass: &Pass, not_sent: &Document) -> String {
    let declared = pass.service.iter();
    let sent = declared.filter(|(name, _)| {
        !not_sent.contains_key(*name) && *name != "desiredCount" && members::of(name).seen != members::Seen::Never
    });
    sent.map(|(name, value)| member_digest(name, value)).collect::<Hashes>().text()
}

fn member_digest(name: &str, value: &Value) -> String {
    spelling::short(&json!([name, value]))
}

/// Compares; Err: something differs that AWS cannot change in place.
pub(super) fn differences(
    pass: &Pass,
    service: &Map<String, Value>,
    live_tags: &Tags,
    ownership: &Ownership,
) -> Result<Differences, Verdict> {
    let observed = members::observed(service, &pass.observation.service_revisions);
    let declared = comparable(pass, &observed);
    let digests = Hashes::read(live_tags.get(tags::DECLARED));
    let spellings = Hashes::read(live_tags.get(tags::SPELLING));
    let setting = Setting::of_service(&declared, &observed);
    let found = compare(SUBJECT, &declared, &observed, &setting, &setting);
    let mut result = Differences::default();
    let mut fixed = Vec::new();
    let mut undone: Vec<(String, Vec<Difference>)> = Vec::new();
    let begun = is_ours(pass, service);
    let left = if is_left(pass, service) { spelling::of_aws(&found, &declared) } else { BTreeSet::new() };
    for (place, difference) in found.into_iter().enumerate() {
        let member = difference.pointer.0[0].clone();
        let row = members::of(&member);
        let Some(cause) = cause(pass, &difference, ownership.created) else {
            if difference.sort == Sort::Undeclared && removed(pass, &difference) {
                result.notes.push(format!("`{member}` is no longer declared; AWS has no default for it, so it stays as it is"));
            }
            continue;
        };
        let hash = spelling::hash(&difference);
        let written = || pass.service.get(&member).is_some_and(|value| digests.contains(&member_digest(&member, value)));
        // What is named by an id cannot be compared: it is taken for the same until we know which id it is.
        let taken = difference.sort == Sort::Incomparable
            && !spellings.contains(&spelling::known(&difference))
            && (!live_tags.contains_key(tags::DECLARED) || written());
        // A deployment and its revision never change: what ours shows of a member that was written as it is declared is that
        // member, however AWS spells it. The answer to the write need not show it. So does one of others that AWS has left in
        // place when the member was sent.
        let shows = begun || left.contains(&place);
        let kept = shows && matches!(row.seen, members::Seen::Primary | members::Seen::Revision) && written();
        if taken || kept || spellings.contains(&hash) {
            result.notes.push(spelling::note(SUBJECT, &difference));
            result.spellings.extend(spelling::hashes(&difference).map(|hash| (member.clone(), hash)));
            continue;
        }
        let launch_type_back = member == "launchType" && goes_back(&declared, &observed);
        let silent = difference.sort == Sort::Unechoed
            || difference.sort == Sort::Missing && row.always && !launch_type_back && !observed.contains_key(&member);
        if silent && (row.change == How::Never || written()) {
            continue;
        }
        if row.change == How::Never && !launch_type_back {
            // Nobody declares it any more: it stays, as it cannot be taken away.
            if difference.sort != Sort::Undeclared {
                fixed.push(difference);
            }
            continue;
        }
        result.changes.push(Change {
            path: difference.pointer.text(SUBJECT),
            old: difference.old.clone(),
            new: difference.new.clone(),
            cause,
            deploys: row.deploys,
        });
        match undone.iter_mut().find(|(name, _)| *name == member) {
            Some((_, list)) => list.push(difference),
            None => undone.push((member, vec![difference])),
        }
    }
    if !fixed.is_empty() {
        return Err(cannot_change(pass, &fixed));
    }
    result.notes.dedup();
    for (member, list) in undone {
        put(&member, &list, &declared, &observed, &setting, &mut result);
    }
    result.declared = declared;
    Ok(result)
}

/// Whether what is deployed is what our own last write began.
fn is_ours(pass: &Pass, service: &Map<String, Value>) -> bool {
    let (written, live) = (pass.written.as_ref(), pass.observation.service.present());
    let primary = members::primary(service);
    primary.zip(written).zip(live).is_some_and(|((primary, written), live)| written.owns(live, primary))
}

/// Whether what is deployed is what our own last write left in place, though it sent members that deploy. Any change of such a member
/// "triggers a new service deployment", so that where AWS began none, it takes what was sent for what runs already.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>
fn is_left(pass: &Pass, service: &Map<String, Value>) -> bool {
    let left = pass.written.as_ref().and_then(|written| written.left.as_deref());
    left.is_some() && members::primary(service).and_then(|primary| primary["id"].as_str()) == left
}

/// What is declared and compared: without what is left to others, and what is never sent to a live service.
pub(super) fn comparable(pass: &Pass, observed: &Document) -> Document {
    let mut declared = pass.service.clone();
    declared.retain(|name, _| members::of(name).seen != members::Seen::Never);
    let daemon = |document: &Document| document.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON");
    // "The daemon scheduling strategy does not support a desired count". API_CreateService.html
    if daemon(&declared) || daemon(observed) {
        declared.remove("desiredCount");
    }
    for pointer in ignored(pass) {
        set(SUBJECT, &mut declared, &pointer, get(SUBJECT, observed, &pointer).cloned());
    }
    declared
}

fn ignored(pass: &Pass) -> impl Iterator<Item = Pointer> {
    pass.declared.ignore.iter().filter_map(|text| Pointer::parse(SUBJECT, text))
}

/// Why the difference is enforced, if it is.
fn cause(pass: &Pass, difference: &Difference, created: bool) -> Option<Cause> {
    if ignored(pass).any(|ignored| ignored.covers(&difference.pointer)) {
        return None;
    }
    if difference.sort != Sort::Undeclared {
        return Some(Cause::Declared);
    }
    if removed(pass, difference) {
        // Of a whole member that has no documented default nothing says what it should be.
        let nested = difference.pointer.0.len() > 1;
        return (difference.has_default || nested).then_some(Cause::Removed);
    }
    (created && difference.has_default).then_some(Cause::Default)
}

fn removed(pass: &Pass, difference: &Difference) -> bool {
    let mut removed = pass.declared.removed.iter().filter_map(|text| Pointer::parse(SUBJECT, text));
    removed.any(|removed| removed.covers(&difference.pointer))
}

/// A declared launch type, and a service that uses capacity providers: "Pass an empty list in the
/// capacityProviderStrategy parameter" to go back. API_UpdateService.html
fn goes_back(declared: &Document, observed: &Document) -> bool {
    let filled = |document: &Document| {
        document.get("capacityProviderStrategy").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    !observed.contains_key("launchType") && filled(observed) && !filled(declared)
}

fn cannot_change(pass: &Pass, fixed: &[Difference]) -> Verdict {
    let what: Vec<String> = fixed
        .iter()
        .map(|difference| {
            let text =
                |shown: &Option<crate::secret::Shown>| shown.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            format!("{} is {} and should be {}", difference.pointer.text(SUBJECT), text(&difference.old), text(&difference.new))
        })
        .collect();
    let hint = if fixed.iter().any(|difference| difference.pointer.0[0] == "launchType") {
        " A launch type is changed by declaring a `capacityProviderStrategy` instead."
    } else {
        ""
    };
    Verdict::stalled(
        "CannotChangeInPlace",
        format!(
            "service `{}`: {}; AWS takes that at CreateService only.{hint} Declare what is there, or delete the service and it \
             is created anew",
            pass.declared.service_name,
            what.join("; ")
        ),
    )
}

/// Puts what UpdateService is to say of one member: the whole member, as lists and structures are replaced whole, with
/// what others have put into it left as it is.
fn put(
    member: &str,
    differences: &[Difference],
    declared: &Document,
    observed: &Document,
    setting: &Setting,
    result: &mut Differences,
) {
    let row = members::of(member);
    if member == "launchType" {
        result.deploying.insert("capacityProviderStrategy".to_owned(), json!([]));
        result.deploying.insert("forceNewDeployment".to_owned(), json!(true));
        return;
    }
    let mut whole: Document = Map::new();
    let value = match (declared.get(member), observed.get(member)) {
        (Some(one), Some(other)) => Some(overlay(one, other, member, setting)),
        (Some(one), None) => Some(one.clone()),
        (None, other) => other.cloned(),
    };
    whole.insert(member.to_owned(), value.unwrap_or_default());
    for difference in differences.iter().filter(|difference| difference.sort == Sort::Undeclared) {
        let new = match difference.new.clone().map(crate::secret::Shown::into_value) {
            Some(value) => Some(value),
            None if difference.old_is_list() => Some(json!([])),
            None => None,
        };
        set(SUBJECT, &mut whole, &difference.pointer, new);
    }
    let mut value = whole.remove(member).unwrap_or_default();
    let list = member_kind(Operation::CreateService, member) == Some(MemberKind::List);
    if !declared.contains_key(member) && list {
        // Removal is explicit. API_UpdateService.html
        value = json!([]);
    }
    if member == "serviceConnectConfiguration" && value.get("enabled") == Some(&json!(false)) {
        value = json!({"enabled": false});
    }
    let target = if row.deploys { &mut result.deploying } else { &mut result.quiet };
    target.insert(member.to_owned(), value);
    if row.change == How::Forced {
        target.insert("forceNewDeployment".to_owned(), json!(true));
    }
}

/// `one`, and what `other` has besides in the structures that both have.
fn overlay(one: &Value, other: &Value, pattern: &str, setting: &Setting) -> Value {
    let kind = member_kind(Operation::CreateService, pattern);
    match (one, other, kind) {
        (Value::Object(one), Value::Object(other), Some(MemberKind::Structure)) => {
            let mut merged = one.clone();
            for (name, other_value) in other {
                let pattern = format!("{pattern}/{name}");
                match one.get(name) {
                    Some(value) => {
                        merged.insert(name.clone(), overlay(value, other_value, &pattern, setting));
                    }
                    None if says_nothing(SUBJECT, &pattern, other_value, other, setting) => {}
                    None => {
                        merged.insert(name.clone(), other_value.clone());
                    }
                }
            }
            Value::Object(merged)
        }
        (Value::Array(list), Value::Array(others), Some(MemberKind::List)) => {
            let how = elements_at(SUBJECT, pattern);
            let Elements::Keyed(_) = how else { return one.clone() };
            let (Some(ones), Some(others)) = (keyed_elements(list, how), keyed_elements(others, how)) else { return one.clone() };
            let inner = format!("{pattern}/*");
            ones.into_iter()
                .map(|(key, element)| {
                    let element = Value::Object(element.clone());
                    match others.iter().find(|(other, _)| *other == key) {
                        Some((_, other)) => overlay(&element, &Value::Object((*other).clone()), &inner, setting),
                        None => element,
                    }
                })
                .collect()
        }
        _ => one.clone(),
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
