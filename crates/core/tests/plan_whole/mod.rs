//! What holds for every plan, whatever it is of: asked of each that a test makes.

use driftless_core::plan::{Plan, Step, Verdict};

/// The plan itself, once it is known to be whole.
#[track_caller]
pub fn whole(plan: Plan) -> Plan {
    let (_, reason, message) = plan.verdict.standing();
    let said = |text: &str| !text.trim().is_empty() && text != "xyzzy";
    assert!(said(reason) && said(message), "a verdict has a reason and a message: {plan:#?}");
    assert!(plan.notes.iter().all(|note| said(note)), "a note says something: {plan:#?}");
    if let Verdict::Progressing { requeue, .. } = &plan.verdict {
        assert!((1..=3600).contains(requeue), "it is looked at again soon: {plan:#?}");
    }
    // What is written is told before it is; that something failed and is taken back or stopped, the verdict says.
    let quiet = |step: &Step| step.looks() || step.keeps_books() || step.action().starts_with("Stop");
    let writes = !plan.steps.iter().all(quiet) && !matches!(plan.verdict, Verdict::Failed { .. });
    assert!(!writes || !plan.changes.is_empty() || !plan.notes.is_empty(), "a write is told: {plan:#?}");
    for change in &plan.changes {
        assert!(change.path.starts_with('/') && (change.old.is_some() || change.new.is_some()), "a change is one: {change:#?}");
        assert!(change.old != change.new, "a change changes something: {change:#?}");
    }
    assert!(plan.steps.iter().all(|step: &Step| said(step.action())), "{plan:#?}");
    plan
}
