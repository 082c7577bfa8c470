//! A plan that has asked AWS what its change would do: `driftless plan --change-set`.

use crate::stack_world::*;
use driftless_core::desired::{Resource, Spec};
use driftless_core::observed::{ChangeSet, StackObservation};

#[test]
fn a_plan_with_a_change_set_says_what_aws_would_do() {
    use driftless_core::observed::ResourceChange;
    let line = |plan: &driftless_core::plan::Plan| {
        let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
        format!("{} | {} | {}", reason(plan), actions(plan).join(" "), paths.join(" "))
    };
    use driftless_core::plan::stack::with_change_set;
    let change = |action: &str, logical: &str| ResourceChange {
        action: action.into(),
        logical_id: logical.into(),
        resource_type: "AWS::SNS::Topic".into(),
        ..ResourceChange::default()
    };
    let with = |resource: &Resource, observation: &StackObservation, change_set: ChangeSet| {
        let Spec::CloudFormationStack(declared) = &resource.spec else { panic!("a stack") };
        let before = plan(resource, observation);
        with_change_set(before, resource, declared, observation, &context(), &change_set)
    };
    let failed = ChangeSet { status_reason: Some("no right".into()), causes: vec!["a".into()], ..change_set("x", "FAILED", "") };
    let notes = with(&declared("  parameters: {Size: large}\n"), &observed(live("CREATE_COMPLETE")), failed).notes;
    assert_eq!(notes, ["AWS: no right", "AWS: a"]);
    // AWS's list of resources stands in the place of the template's own.
    let made = |changes: Vec<ResourceChange>| ChangeSet { changes, ..change_set("x", "CREATE_COMPLETE", "AVAILABLE") };
    let created =
        with(&declared("  parameters: {Size: large}\n"), &absent(), made(vec![change("Add", "Topic"), change("Add", "Other")]));
    assert_eq!(line(&created), "Applying | CreateChangeSet | /template /resources/Topic /resources/Other");
    let outputs = with(&declared("  parameters: {Size: large}\n"), &observed(live("CREATE_COMPLETE")), made(vec![]));
    assert_eq!((line(&outputs).as_str(), outputs.notes.len()), ("Applying | CreateChangeSet | /parameters/Size", 1));
    assert_eq!(outputs.notes[0], "AWS: no resource changes; only outputs do");
    // What nobody asked for is held; of a stack that is yet to be made nothing is.
    let goes = || made(vec![change("Remove", "Topic")]);
    let tagged = declared("  tags: {team: shop}\n");
    assert_eq!(reason(&with(&tagged, &observed(live("CREATE_COMPLETE")), goes())), "ReplacementNotAskedFor");
    assert_eq!(reason(&with(&tagged, &absent(), goes())), "Applying");
}
