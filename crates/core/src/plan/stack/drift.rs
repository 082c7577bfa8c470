//! A stack that is as declared: what was changed behind its back, and what an equal template hides.
//!
//! Both are looked for on an interval of their own (`spec.drift.interval`), as AWS reads every resource for it. When that was
//! last done stands on the stack (`DriftInformation`), so nothing has to be remembered. Drift of a stack that was written since
//! says nothing any more: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html>.
//!
//! How far a detection is, and why it failed, is told by its own id only
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html>), which lives as
//! long as the process.

use serde_json::json;

use super::differences::Differences;
use super::messages::{drift_changes, drifted, shorten};
use super::pass::Pass;
use super::step::StackStep;
use super::token::{Kind, Token, mixed};
use super::wanted::Wanted;
use super::{change, execute};
use crate::count::counted;
use crate::observed::{PropertyDrift, ResourceDrift, Stack};
use crate::plan::{Plan, Verdict};

/// What the last look says.
pub(super) struct Last {
    /// Something has drifted.
    pub(super) drifted: bool,
    /// AWS could not tell of every resource.
    pub(super) unknown: bool,
    /// A change set has to tell what hides behind the template.
    pub(super) looks: bool,
}

pub(super) fn wants(wanted: &Wanted<'_>, stack: &Stack) -> Last {
    if !wanted.declared.drift.detect || !checked(stack) {
        return Last { drifted: false, unknown: false, looks: false };
    }
    let is = |status: &str| stack.drift_status.as_deref() == Some(status);
    let drifted = is("DRIFTED");
    // A word that AWS adds later is no "no drift" either.
    Last { drifted, unknown: !drifted && !is("IN_SYNC"), looks: !drifted && !wanted.template.hidden().is_empty() }
}

/// Drift was looked for since the stack was last written.
fn checked(stack: &Stack) -> bool {
    stack.drift_checked_at.is_some_and(|at| at > stack.written())
}

pub(super) fn look(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let plan = looked(pass, stack);
    Plan { unchecked: pass.wanted.declared.drift.detect && !checked(stack), ..plan }
}

fn looked(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let settings = pass.wanted.declared.drift;
    let ready = format!("{}; {}", stack.status, counted(stack.outputs.len(), "output"));
    if !settings.detect {
        return pass.plan(Verdict::Ready { message: ready });
    }
    let running = pass.observation.detection.as_ref().filter(|detection| detection.at >= stack.written());
    if let Some(detection) = running.filter(|detection| detection.runs()) {
        let step = StackStep::DescribeStackDriftDetectionStatus { stack: stack.name.clone(), detection: detection.id.clone() };
        let plan = pass.plan(Verdict::Ready { message: format!("{ready}; drift is being looked for") });
        return Plan { steps: vec![step.into()], ..plan };
    }
    let begun = running.map_or(0.0, |detection| detection.at);
    let last = stack.drift_checked_at.unwrap_or_default().max(stack.written()).max(begun);
    if pass.observation.now - last >= settings.interval.as_secs_f64() {
        let plan = pass.plan(Verdict::Ready { message: format!("{ready}; drift is being looked for") });
        return Plan { steps: vec![StackStep::DetectStackDrift { stack: stack.name.clone() }.into()], ..plan };
    }
    let mut found = wants(pass.wanted, stack);
    let all = &pass.observation.drifts;
    let drifts: Vec<ResourceDrift> = all.iter().filter(|drift| !is_ours(drift)).cloned().collect();
    // What this agent tags itself is put back by nobody.
    found.drifted &= all.is_empty() || !drifts.is_empty();
    let drifts = &drifts;
    if found.drifted && drifts.is_empty() {
        let message = format!("{ready}; AWS says that it has drifted, and names no resource");
        return pass.plan(Verdict::Ready { message });
    }
    if found.drifted {
        let told = drifted(drifts);
        let changes = drift_changes(drifts);
        if !settings.heal {
            let message = format!("{ready}, and it has drifted: {told}; `drift: {{heal: true}}` would put it back");
            return Plan { changes, ..pass.plan(Verdict::Ready { message }) };
        }
        // The same drift that could not be put back once is not tried again; another one is.
        let digest = mixed(&pass.wanted.digest, &json!(drifts));
        let mut plan = change::update(pass, stack, Kind::Heal, &digest, Differences { changes, ..Differences::default() });
        plan.notes.push(format!("it has drifted: {told}"));
        return plan;
    }
    // "The stack drift detection operation has failed for at least one resource in the stack."
    let failed = running.filter(|detection| detection.status == "DETECTION_FAILED");
    let why = match failed.and_then(|detection| detection.reason.as_deref()) {
        Some(reason) => format!(": {}", shorten(reason)),
        None if drifts.is_empty() => String::new(),
        None => format!(": {}", drifted(drifts)),
    };
    let unknown = match found.unknown || failed.is_some() {
        true => format!("; AWS could not tell of every resource whether it has drifted{why}"),
        false => String::new(),
    };
    if found.looks {
        return behind(pass, stack, &unknown);
    }
    let checked = if checked(stack) && unknown.is_empty() { "; no drift" } else { "" };
    pass.plan(Verdict::Ready { message: format!("{ready}{checked}{unknown}") })
}

/// Whether a resource differs in the agent's own tags alone: a deployment group remembers a failure in one.
fn is_ours(drift: &ResourceDrift) -> bool {
    let ours = |difference: &PropertyDrift| {
        let values = [&difference.expected, &difference.actual];
        difference.path.starts_with("/Tags") && values.into_iter().flatten().any(|value| value.contains("driftless:"))
    };
    !drift.differences.is_empty() && drift.differences.iter().all(ours)
}

/// What hides behind an equal template, asked once after each look for drift. Without `heal` nothing is executed: what would
/// change is shown, and remembered as long as the process lives.
fn behind(pass: &Pass<'_>, stack: &Stack, unknown: &str) -> Plan {
    let digest = mixed(&pass.wanted.digest, &json!(stack.drift_checked_at));
    let looked = pass.observation.looked.as_ref().filter(|change_set| change_set.is_since(stack));
    let told = looked.filter(|change_set| Token::parse(&change_set.name).is_some_and(|token| token.digest == digest));
    let there = pass.observation.change_sets.iter().any(|change_set| told.is_some_and(|told| told.id == change_set.id));
    let heals = pass.wanted.declared.drift.heal;
    let mut plan = match told.filter(|told| !there && (!heals || execute::is_nothing(told))) {
        Some(told) => execute::shown(pass, stack, told),
        None => change::update(pass, stack, Kind::Look, &digest, Differences::default()),
    };
    if let Verdict::Ready { message } = &mut plan.verdict {
        message.push_str(unknown);
    }
    if !plan.steps.is_empty() {
        let hidden: Vec<&str> = pass.wanted.template.hidden().into_iter().collect();
        plan.notes.push(format!("looks for changes behind the template: {}", hidden.join(", ")));
    }
    plan
}
