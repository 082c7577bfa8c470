//! The ways out of states in which a stack is not whole, and the two settings that have calls of their own.

use serde_json::{Value, json};

use super::messages::{failure, progress, rollback_cause, standing};
use super::operations::{Memory, memory};
use super::pass::{Pass, WORKING};
use super::patience::{self, Patience};
use super::step::StackStep;
use super::token::Kind;
use crate::count::counted;
use crate::observed::{Stack, StackResource};
use crate::plan::{Cause, Change, Plan, Verdict, digest};
use crate::secret::Shown;

/// AWS works on it.
pub(super) fn wait(pass: &Pass<'_>, stack: &Stack, adopting: bool) -> Plan {
    let current = pass.operations.first();
    let ours = current.and_then(|operation| operation.ours()).filter(|_| !adopting);
    let told = current.map(progress).unwrap_or_default();
    let superseded = ours.filter(|token| token.kind == Kind::Change && token.digest != pass.wanted.digest);
    if let Some(token) = superseded {
        // "You can cancel only stacks that are in the UPDATE_IN_PROGRESS state."
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
        if stack.status == "UPDATE_IN_PROGRESS" {
            let cancel = pass.token(Kind::Cancel, token.digest, token.attempt, Some(&stack.id));
            let step = StackStep::CancelUpdateStack { stack: stack.id.clone(), token: cancel };
            let message =
                format!("the unfinished update of {} at {} is cancelled for the newer commit", pass.name(), token.revision);
            let plan = pass.progressing("Applying", message.clone(), WORKING);
            return Plan { steps: vec![step.into()], notes: vec![message], ..plan };
        }
        let message = format!("{} is {}, for the older revision {}: {told}", pass.name(), stack.status, token.revision);
        return pass.progressing("Superseding", message, WORKING);
    }
    let (reason, whose) = match (ours, stack.status.as_str()) {
        (Some(_), "CREATE_IN_PROGRESS") => ("Creating", String::new()),
        (Some(_), status) if status.contains("ROLLBACK") => ("RollingBack", String::new()),
        (Some(_), status) if status.starts_with("DELETE") => ("Deleting", String::new()),
        (Some(_), _) => ("Updating", String::new()),
        (None, _) => ("OperationInProgress", ", asked for by somebody else; it is waited for".to_owned()),
    };
    pass.progressing(reason, format!("{} is {}{whose}: {told}", pass.name(), stack.status), WORKING)
}

/// The first create failed: the stack has to go before the next one.
/// "When in this state, only a delete operation can be performed."
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
pub(super) fn recreate(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let attempt = match memory(pass.operations, Kind::Change, &pass.wanted.digest) {
        Memory::Failed(operation, attempt) => {
            let secrets = !pass.wanted.declared.changed_secrets.is_empty()
                && operation.ours().is_some_and(|token| token.revision != pass.context.revision);
            let patience = patience::of(pass, operation, "the creation of");
            if let Patience::Waits(plan) = patience {
                return *plan;
            }
            if !pass.context.retry && !secrets && !matches!(patience, Patience::Over) {
                let message = format!(
                    "the creation of {} failed: {} (the stack is {}); it is tried again when the manifest or its template changes, or with `driftless retry {}`",
                    pass.name(),
                    failure(operation),
                    stack.status,
                    pass.resource.id
                );
                return pass.plan(Verdict::Failed { reason: "CreateFailed", message });
            }
            attempt + 1
        }
        Memory::Fresh(attempt) => attempt,
        Memory::Done => 1,
    };
    let left = |wanted: &dyn Fn(&str) -> bool| -> Vec<&StackResource> {
        pass.observation.resources.iter().filter(|resource| wanted(&resource.status)).collect()
    };
    // Retained: DELETE_SKIPPED, or not touched by the rollback at all.
    let retained = left(&|status| status != "DELETE_COMPLETE" && status != "DELETE_FAILED");
    if !retained.is_empty() {
        let message = format!(
            "{} is {}, and what it made is retained: {}; the next create would make it once more: delete the stack by hand, and the retained resources or their place in the template",
            pass.name(),
            stack.status,
            standing(&retained)
        );
        return pass.plan(Verdict::stalled("ResourcesRetained", message));
    }
    let failed = left(&|status| status == "DELETE_FAILED");
    if !failed.is_empty() && !pass.context.retry {
        let message = format!(
            "the creation of {} failed and so did its rollback; still there: {}; see to these, then `driftless retry {}` deletes the stack and creates it anew",
            pass.name(),
            standing(&failed),
            pass.resource.id
        );
        return pass.plan(Verdict::stalled("RollbackFailed", message));
    }
    let why = match failed.is_empty() {
        true => "it is deleted to be created anew, as its first create failed and nothing of it is left".to_owned(),
        false => format!("it is deleted to be created anew, with what its rollback could not delete: {}", standing(&failed)),
    };
    delete(pass, stack, attempt, &why)
}

/// DeleteStack, with its protection taken off where the manifest says so.
fn delete(pass: &Pass<'_>, stack: &Stack, attempt: u32, why: &str) -> Plan {
    let mut steps = Vec::new();
    if stack.termination_protection {
        if pass.wanted.declared.termination_protection != Some(false) {
            let message = format!(
                "{} is {} and has to be deleted, and termination protection is on: write `terminationProtection: false`, or turn it off by hand",
                pass.name(),
                stack.status
            );
            return pass.plan(Verdict::stalled("TerminationProtected", message));
        }
        steps.push(StackStep::UpdateTerminationProtection { stack: stack.name.clone(), enabled: false }.into());
    }
    let token = pass.token(Kind::Delete, &pass.wanted.digest, attempt, Some(&stack.id));
    steps.push(StackStep::DeleteStack { stack: stack.id.clone(), token }.into());
    let plan = pass.progressing("Applying", format!("{}: {why}", pass.name()), WORKING);
    Plan { steps, notes: vec![format!("{}: {why}", pass.name())], ..plan }
}

/// An operation failed and kept what succeeded, and the manifest does not want that: back to the last whole state first.
/// Of a stack that never had one, AWS deletes it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html>
pub(super) fn roll_back(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let attempt = match memory(pass.operations, Kind::Change, &pass.wanted.digest) {
        Memory::Failed(operation, attempt) => {
            if !pass.context.retry {
                let message = format!(
                    "{} is {}: {}; what succeeded was kept. A changed manifest or `driftless retry {}` rolls it back first; with `disableRollback: true` the next change goes on from here",
                    pass.name(),
                    stack.status,
                    failure(operation),
                    pass.resource.id
                );
                return pass.plan(Verdict::Failed { reason: "OperationFailed", message });
            }
            attempt + 1
        }
        Memory::Fresh(attempt) => attempt,
        Memory::Done => 1,
    };
    roll_back_first(pass, stack, attempt)
}

/// RollbackStack.
pub(super) fn roll_back_first(pass: &Pass<'_>, stack: &Stack, attempt: u32) -> Plan {
    let token = pass.token(Kind::Rollback, &pass.wanted.digest, attempt, Some(&stack.id));
    let step = StackStep::RollbackStack { stack: stack.id.clone(), token };
    let message = format!("{} is {} and is rolled back to its last whole state first", pass.name(), stack.status);
    let plan = pass.progressing("Applying", message.clone(), WORKING);
    Plan { steps: vec![step.into()], notes: vec![message], ..plan }
}

/// The rollback of an update failed: continued once for each cause. Resources are never skipped: "the state of the skipped
/// resources will be inconsistent with the state of the resources in the stack template".
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html>
pub(super) fn continue_rollback(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let Some(newest) = pass.operations.first() else {
        let message = format!("the events of {} do not say why its rollback failed", pass.name());
        return pass.plan(Verdict::stalled("UpdateRollbackFailed", message));
    };
    let cause = rollback_cause(newest);
    let digest = digest::of(&json!(cause));
    let tried = pass.operations.iter().filter_map(|operation| operation.ours());
    let tried = tried.filter(|token| token.kind == Kind::Continue && token.digest == digest).map(|token| token.attempt).max();
    if let Some(attempt) = tried.filter(|_| !pass.context.retry) {
        let told: Vec<String> = cause.iter().map(|(resource, reason)| format!("{resource}: {reason}")).collect();
        let message = format!(
            "the update of {} failed ({}), and so did its rollback, continued {}, each time for the same cause: {}; see to that, then `driftless retry {}` continues it once more",
            pass.name(),
            pass.operations.iter().find(|operation| operation.first == "UPDATE_IN_PROGRESS").map(failure).unwrap_or_default(),
            counted(attempt, "time"),
            told.join("; "),
            pass.resource.id
        );
        return pass.plan(Verdict::stalled("UpdateRollbackFailed", message));
    }
    let token = pass.token(Kind::Continue, &digest, tried.unwrap_or(0) + 1, Some(&stack.id));
    let step = StackStep::ContinueUpdateRollback { stack: stack.id.clone(), token };
    let message = format!("the rollback of {} failed and is continued", pass.name());
    let plan = pass.progressing("Applying", message.clone(), WORKING);
    Plan { steps: vec![step.into()], notes: vec![message], ..plan }
}

/// DELETE_FAILED says what still stands; nothing else has a call that loses nothing.
pub(super) fn person(pass: &Pass<'_>, stack: &Stack) -> Plan {
    if stack.status != "DELETE_FAILED" {
        let message = format!("{} is {}, which AWS has no call for: see to it by hand", pass.name(), stack.status);
        return pass.plan(Verdict::stalled("Unsupported", message));
    }
    if pass.context.retry {
        let tried = pass.operations.iter().filter_map(|operation| operation.ours());
        let tried = tried.filter(|token| token.kind == Kind::Delete).map(|token| token.attempt).max().unwrap_or(0);
        return delete(pass, stack, tried + 1, "its deletion is tried again");
    }
    let left: Vec<&StackResource> =
        pass.observation.resources.iter().filter(|resource| resource.status != "DELETE_COMPLETE").collect();
    let told = if left.is_empty() { stack.status_reason.clone().unwrap_or_default() } else { standing(&left) };
    let message = format!(
        "{} could not be deleted; still there: {told}; see to these, then `driftless retry {}` deletes it and it is created anew",
        pass.name(),
        pass.resource.id
    );
    pass.plan(Verdict::stalled("DeleteFailed", message))
}

/// Stack policy and termination protection, each by its own call; None: both are as declared.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html>
pub(super) fn protections(pass: &Pass<'_>, stack: &Stack) -> Option<Plan> {
    let declared = pass.wanted.declared;
    let (mut steps, mut changes) = (Vec::new(), Vec::new());
    let change = |path: &str, old: Option<Value>, new: Value| Change {
        path: path.to_owned(),
        old: old.map(Shown::Plain),
        new: Some(Shown::Plain(new)),
        cause: Cause::Declared,
        deploys: false,
    };
    if let Some(policy) = &declared.stack_policy {
        let live = pass.observation.policy.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        if live.as_ref() != Some(policy) {
            changes.push(change("/stackPolicy", live, policy.clone()));
            steps.push(StackStep::SetStackPolicy { stack: stack.name.clone(), policy: policy.to_string() }.into());
        }
    }
    if let Some(enabled) = declared.termination_protection.filter(|enabled| *enabled != stack.termination_protection) {
        changes.push(change("/terminationProtection", Some(json!(stack.termination_protection)), json!(enabled)));
        steps.push(StackStep::UpdateTerminationProtection { stack: stack.name.clone(), enabled }.into());
    }
    if steps.is_empty() {
        return None;
    }
    let plan = pass.progressing("Applying", format!("the protection of {} is set", pass.name()), 1);
    Some(Plan { steps, changes, ..plan })
}
