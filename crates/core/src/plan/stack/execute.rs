//! A change set that AWS has worked out: executed, held because of what it would destroy, or only shown.

use std::collections::BTreeSet;

use super::asked_for::{self, Loss, destroys, only_automatic};
use super::differences::Differences;
use super::messages::{list, losses, resource_changes, warnings};
use super::pass::{Pass, WORKING};
use super::recover;
use super::state::{WayOut, way_out};
use super::step::StackStep;
use super::token::{Kind, Token};
use crate::observed::{ChangeSet, Stack};
use crate::plan::{Plan, Verdict};

/// ExecuteChangeSet, with what it does shown before.
pub(super) fn execute(pass: &Pass<'_>, stack: &Stack, change_set: &ChangeSet, token: &Token<'_>, found: &Differences) -> Plan {
    if token.kind == Kind::Look && (!pass.wanted.declared.drift.heal || is_nothing(change_set)) {
        let looked = StackStep::DeleteChangeSet { stack: stack.id.clone(), change_set: change_set.id.clone(), looked: true };
        return Plan { steps: vec![looked.into()], ..shown(pass, stack, change_set) };
    }
    let creates = stack.status == "REVIEW_IN_PROGRESS";
    let held = if creates { Vec::new() } else { held(pass, change_set, found) };
    if !held.is_empty() {
        return hold(pass, change_set, &held, found);
    }
    let replaces = change_set.changes.iter().any(replaces);
    // "To update the stack from this state, please use the disable-rollback parameter" is what AWS says in a failed state, and
    // "Replacement type updates not supported on stack with disable-rollback": https://github.com/aws/aws-sam-cli/issues/4164,
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    let resumes = way_out(&stack.status) == WayOut::Resume;
    if resumes && replaces {
        return recover::roll_back_first(pass, stack, token.attempt);
    }
    let declared = pass.wanted.declared;
    let wished = declared.disable_rollback && declared.on_failure.is_none();
    let disable_rollback = (wished && !replaces) || resumes;
    let step = StackStep::ExecuteChangeSet {
        stack: stack.id.clone(),
        change_set: change_set.id.clone(),
        token: change_set.name.clone(),
        disable_rollback,
        creates,
    };
    let mut notes = warnings(change_set);
    if change_set.changes.is_empty() {
        notes.push("no resource changes: only outputs do".to_owned());
    }
    if wished && !disable_rollback {
        notes.push("`disableRollback` is left out of this change, as AWS replaces nothing under it".to_owned());
    }
    let (word, what) = match (creates, token.kind) {
        (true, _) => ("Creating", "is created"),
        (_, Kind::Heal) => ("Healing", "is put back to what its template says"),
        _ => ("Updating", "is updated"),
    };
    // The template's own list was told when AWS was asked.
    let repeats = creates && is_the_templates(pass, change_set);
    let changes = if repeats { Vec::new() } else { resource_changes(change_set) };
    if repeats {
        let count = change_set.changes.len();
        notes.insert(0, format!("AWS says the same: {count} resource{} created", if count == 1 { " is" } else { "s are" }));
    }
    let plan = pass.progressing(word, format!("{} {what}", pass.name()), WORKING);
    Plan { steps: vec![step.into()], changes, notes, ..plan }
}

/// Whether the change set makes just what the template lists.
fn is_the_templates(pass: &Pass<'_>, change_set: &ChangeSet) -> bool {
    let listed = pass.wanted.template.resources();
    let certain = listed.iter().all(|(_, _, condition)| condition.is_none());
    let listed: BTreeSet<(&str, &str)> =
        listed.into_iter().map(|(logical, kind, _)| (logical, kind.unwrap_or_default())).collect();
    let made = change_set.changes.iter().filter(|change| change.action == "Add" && change.nested.is_none());
    let made: BTreeSet<(&str, &str)> = made.map(|change| (change.logical_id.as_str(), change.resource_type.as_str())).collect();
    certain && made == listed && made.len() == change_set.changes.len()
}

/// A new one instead of the old one, at any depth.
fn replaces(change: &crate::observed::ResourceChange) -> bool {
    (change.action != "Remove" && destroys(change)) || change.nested.iter().flatten().any(replaces)
}

/// What hides behind the template has changed, and nothing is done about it; or AWS only says that nested stacks might.
pub(super) fn shown(pass: &Pass<'_>, stack: &Stack, change_set: &ChangeSet) -> Plan {
    if is_nothing(change_set) {
        let message = format!("{}; nothing has changed behind the template", stack.status);
        return pass.plan(Verdict::Ready { message });
    }
    let names = change_set.changes.iter().map(|change| format!("{} ({})", change.logical_id, change.resource_type));
    let what = match change_set.changes.len() {
        0 => "its outputs".to_owned(),
        count => list(names, count),
    };
    let message = format!(
        "{}; behind the equal template something has changed, which an update would bring to {what}; `drift: {{heal: true}}` would",
        stack.status
    );
    let plan = pass.plan(Verdict::Ready { message });
    Plan { changes: resource_changes(change_set), notes: warnings(change_set), ..plan }
}

pub(super) fn is_nothing(change_set: &ChangeSet) -> bool {
    !change_set.changes.is_empty() && only_automatic(&change_set.changes)
}

/// What nobody asked for.
fn held<'c>(pass: &Pass<'_>, change_set: &'c ChangeSet, found: &Differences) -> Vec<Loss<'c>> {
    // What drift says is not there any more is not destroyed.
    let gone = pass.observation.drifts.iter().filter(|drift| drift.status == "DELETED");
    let gone: BTreeSet<&str> = gone.map(|drift| drift.logical_id.as_str()).collect();
    asked_for::held(change_set, &found.asked, &pass.wanted.declared.allow_replacement, &gone)
}

/// Nothing is destroyed by itself (rule 10).
fn hold(pass: &Pass<'_>, change_set: &ChangeSet, held: &[Loss<'_>], found: &Differences) -> Plan {
    let names: Vec<&str> = held.iter().map(|loss| loss.name.as_str()).collect();
    let from = match (found.asked.anything(), found.changes.first()) {
        (false, Some(change)) if found.changes.iter().all(|change| change.path.starts_with("/tags/")) => {
            format!("only tags differ ({})", change.path.trim_start_matches("/tags/"))
        }
        (true, _) => "what the commit changes in the template and its parameters does not ask for that".to_owned(),
        _ => "neither the template nor a declared parameter's value has changed".to_owned(),
    };
    let message = format!(
        "the change of {} would destroy {}; {from}. If it is meant, write `allowReplacement: [{}]` under `spec`; until then nothing of the change is made",
        pass.name(),
        losses(held),
        names.join(", ")
    );
    let plan = pass.plan(Verdict::stalled("ReplacementNotAskedFor", message));
    Plan { changes: resource_changes(change_set), notes: warnings(change_set), ..plan }
}

/// `plan --change-set`: what the change set of `asked_for` would do, and whether it would be held.
pub(super) fn preview(pass: &Pass<'_>, change_set: &ChangeSet, found: &Differences, plan: &mut Plan) {
    plan.changes.retain(|change| !change.path.starts_with("/resources/"));
    let held = held(pass, change_set, found);
    if !held.is_empty() {
        plan.verdict = hold(pass, change_set, &held, found).verdict;
    }
    plan.changes.extend(resource_changes(change_set));
    plan.notes.extend(warnings(change_set));
    if change_set.changes.is_empty() {
        plan.notes.push("AWS: no resource changes; only outputs do".to_owned());
    }
}
