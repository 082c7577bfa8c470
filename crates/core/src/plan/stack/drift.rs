//! A stack that is as declared: what was changed behind its back, and what an equal template hides.
//!
//! Both are looked for on an interval of their own (`spec.drift.interval`), as AWS reads every resource for it. When that was
//! last done stands on the stack (`DriftInformation`), so nothing has to be remembered. Drift of a stack that was written since
//! says nothing any more: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html>.

use serde_json::json;

use super::change;
use super::messages::{drift_changes, drifted};
use super::pass::Pass;
use super::step::StackStep;
use super::token::Kind;
use super::wanted::Wanted;
use crate::observed::Stack;
use crate::plan::{Plan, Verdict, digest};

/// Whether the last look found drift, and whether a change set has to tell what hides behind the template.
pub(super) fn wants(wanted: &Wanted<'_>, stack: &Stack) -> (bool, bool) {
    if !wanted.declared.drift.detect || !checked(stack) {
        return (false, false);
    }
    let drifted = stack.drift_status.as_deref() == Some("DRIFTED");
    (drifted, !drifted && !wanted.template.hidden().is_empty())
}

/// Drift was looked for since the stack was last written.
fn checked(stack: &Stack) -> bool {
    stack.drift_checked_at.is_some_and(|at| at > stack.written())
}

pub(super) fn look(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let settings = pass.wanted.declared.drift;
    let count = stack.outputs.len();
    let ready = format!("{}; {count} output{}", stack.status, if count == 1 { "" } else { "s" });
    if !settings.detect {
        return pass.plan(Verdict::Ready { message: ready });
    }
    let last = stack.drift_checked_at.unwrap_or_default().max(stack.written());
    if pass.observation.now - last >= settings.interval.as_secs_f64() {
        let plan = pass.plan(Verdict::Ready { message: format!("{ready}; drift is being looked for") });
        return Plan { steps: vec![StackStep::DetectStackDrift { stack: stack.name.clone() }.into()], ..plan };
    }
    let (found, looks) = wants(pass.wanted, stack);
    let drifts = &pass.observation.drifts;
    if found && !drifts.is_empty() {
        let told = drifted(drifts);
        let changes = drift_changes(drifts);
        if !settings.heal {
            let message = format!("{ready}, and it has drifted: {told}; `drift: {{heal: true}}` would put it back");
            return Plan { changes, ..pass.plan(Verdict::Ready { message }) };
        }
        // The same drift that could not be put back once is not tried again; another one is.
        let digest = digest::of(&json!([pass.wanted.digest, drifts]));
        let mut plan = change::update(pass, stack, Kind::Heal, &digest, changes);
        plan.notes.push(format!("it has drifted: {told}"));
        return plan;
    }
    if looks {
        let hidden: Vec<&str> = pass.wanted.template.hidden().into_iter().collect();
        let digest = digest::of(&json!([pass.wanted.digest, stack.drift_checked_at]));
        let mut plan = change::update(pass, stack, Kind::Look, &digest, Vec::new());
        if !plan.is_empty() {
            plan.notes.push(format!("looks for changes behind the template: {}", hidden.join(", ")));
        }
        return plan;
    }
    let checked = if checked(stack) { "; no drift" } else { "" };
    pass.plan(Verdict::Ready { message: format!("{ready}{checked}") })
}
