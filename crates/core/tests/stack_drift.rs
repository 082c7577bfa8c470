//! Drift and what hides behind an equal template: on their own interval, told property by property, healed where declared.

use crate::stack_world::*;
use driftless_core::observed::{DriftDetection, PropertyDrift, ResourceDrift, Stack};
use driftless_core::plan::Context;
use driftless_core::plan::stack::{Kind, StackStep, Token};

const DETECT: &str = "  drift: {detect: true, interval: 1h}\n";
const HEAL: &str = "  drift: {detect: true, interval: 1h, heal: true}\n";

fn checked(ago: f64, status: &str) -> Stack {
    Stack { drift_checked_at: Some(NOW - ago), drift_status: Some(status.into()), ..live("CREATE_COMPLETE") }
}

fn drifted() -> driftless_core::observed::StackObservation {
    let mut observation = observed(checked(60.0, "DRIFTED"));
    let difference =
        PropertyDrift { path: "/DisplayName".into(), expected: Some("Orders".into()), actual: Some("Hacked".into()) };
    observation.drifts = vec![
        ResourceDrift {
            logical_id: "Topic".into(),
            resource_type: "AWS::SNS::Topic".into(),
            status: "MODIFIED".into(),
            reason: None,
            differences: vec![difference],
        },
        ResourceDrift {
            logical_id: "Queue".into(),
            resource_type: "AWS::SQS::Queue".into(),
            status: "DELETED".into(),
            reason: None,
            differences: vec![],
        },
    ];
    observation
}

#[test]
fn drift_is_looked_for_once_an_interval_and_only_where_declared() {
    assert!(is_ready(&plan(&declared(""), &observed(checked(7200.0, "IN_SYNC")))));
    let due = plan(&declared(DETECT), &observed(checked(7200.0, "IN_SYNC")));
    assert_eq!((actions(&due), reason(&due)), (vec!["DetectStackDrift"], "Ready"));
    assert!(due.steps.iter().all(driftless_core::plan::Step::looks), "looking changes nothing");
    assert!(is_ready(&plan(&declared(DETECT), &observed(checked(60.0, "IN_SYNC")))));
    let written = Stack { updated_at: Some(NOW - 60.0), ..checked(7200.0, "IN_SYNC") };
    assert!(is_ready(&plan(&declared(DETECT), &observed(written))), "an update has just made it what it should be");
}

#[test]
fn what_the_agent_tags_itself_is_no_drift_and_beside_other_drift_it_is_not_told() {
    let mut observation = drifted();
    let tag = r#"{"Key":"driftless:failed","Value":"0123 d-1 1800000000 production@89abcdef"}"#;
    let difference = PropertyDrift { path: "/Tags/0".into(), expected: None, actual: Some(tag.into()) };
    let group = ResourceDrift {
        logical_id: "Group".into(),
        resource_type: "AWS::CodeDeploy::DeploymentGroup".into(),
        status: "MODIFIED".into(),
        reason: None,
        differences: vec![difference],
    };
    observation.drifts.push(group.clone());
    let told = plan(&declared(DETECT), &observation);
    assert!(message(&told).contains("Topic") && !message(&told).contains("Group"), "{}", message(&told));
    observation.drifts = vec![group.clone()];
    for settings in [DETECT, HEAL] {
        let plan = plan(&declared(settings), &observation);
        assert!(is_ready(&plan) && message(&plan).contains("no drift"), "{plan:?}");
    }
    // A tag of people's beside it is one.
    observation.drifts[0].differences.push(PropertyDrift { path: "/Tags/1".into(), expected: None, actual: Some("team".into()) });
    assert!(message(&plan(&declared(DETECT), &observation)).contains("Group"));
}

#[test]
fn drift_is_told_with_property_expected_and_actual() {
    let plan = plan(&declared(DETECT), &drifted());
    assert!(plan.steps.is_empty() && reason(&plan) == "Ready");
    assert!(
        message(&plan)
            .contains("Topic (AWS::SNS::Topic): /DisplayName is Hacked, expected Orders; Queue (AWS::SQS::Queue) is gone"),
        "{}",
        message(&plan)
    );
    let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/drift/Topic/DisplayName", "/drift/Queue"]);
}

#[test]
fn drift_of_a_stack_that_was_written_since_says_nothing() {
    let mut observation = drifted();
    let stack = Stack { updated_at: Some(NOW - 30.0), ..checked(60.0, "DRIFTED") };
    observation.stack = driftless_core::observed::Observed::Present(stack);
    assert!(is_ready(&plan(&declared(HEAL), &observation)));
}

#[test]
fn healing_reverts_the_drift_and_the_same_drift_that_could_not_be_healed_is_not_tried_again() {
    let resource = declared(HEAL);
    let mut observation = drifted();
    let healing = plan(&resource, &observation);
    let StackStep::CreateChangeSet(request) = steps(&healing)[0] else { panic!("{healing:?}") };
    assert!(request.revert_drift && Token::parse(&request.name).unwrap().kind == Kind::Heal);
    let name = request.name.clone();

    observation.change_sets = vec![change_set(&name, "CREATE_COMPLETE", "AVAILABLE")];
    assert_eq!(actions(&plan(&resource, &observation)), ["ExecuteChangeSet"]);

    observation.change_sets.clear();
    let lines = ["stack UPDATE_IN_PROGRESS User Initiated", "Topic UPDATE_FAILED denied", "stack UPDATE_ROLLBACK_COMPLETE"];
    observation.events = newest_first(vec![events(Some(&name), &lines)]);
    let failed = plan(&resource, &observation);
    assert_eq!((reason(&failed), failed.steps.len()), ("UpdateFailed", 0));
    observation.drifts.pop();
    assert_eq!(actions(&plan(&resource, &observation)), ["CreateChangeSet"], "another drift");
}

#[test]
fn the_same_drift_is_put_back_twice_and_a_third_time_only_after_a_look_that_found_none() {
    let resource = declared(HEAL);
    let mut observation = drifted();
    let mut past = Vec::new();
    for healed in 0..2 {
        let name = asked(&plan(&resource, &observation));
        assert_eq!(Token::parse(&name).unwrap().attempt, healed + 1);
        past.insert(0, events(Some(&name), &["stack UPDATE_IN_PROGRESS User Initiated", "stack UPDATE_COMPLETE"]));
        observation.events = newest_first(past.iter().rev().cloned().collect());
    }
    let stalled = plan(&resource, &observation);
    assert_eq!((reason(&stalled), stalled.steps.len()), ("NotConverging", 0), "{stalled:#?}");
    assert!(message(&stalled).contains("/drift/Topic/DisplayName"), "{}", message(&stalled));
    let again = |context: Context| actions(&plan_in(&resource, &observation, &context));
    assert_eq!(again(Context { equal: true, ..context() }), ["CreateChangeSet"], "this process saw none in between");
    assert_eq!(again(Context { retry: true, ..context() }), ["CreateChangeSet"], "a person says so");
    observation.drifts.pop();
    assert_eq!(actions(&plan(&resource, &observation)), ["CreateChangeSet"], "another drift");
}

#[test]
fn a_stack_that_was_not_looked_at_for_drift_since_it_was_written_is_not_known_to_be_healed() {
    let mut observation = drifted();
    assert!(!plan(&declared(DETECT), &observation).unchecked);
    let stack = Stack { updated_at: Some(NOW - 30.0), ..checked(60.0, "DRIFTED") };
    observation.stack = driftless_core::observed::Observed::Present(stack);
    assert!(plan(&declared(DETECT), &observation).unchecked);
}

#[test]
fn what_hides_behind_an_equal_template_is_asked_for_after_each_look_for_drift_and_once() {
    let template = format!("{TEMPLATE}  Ami: {{Value: '{{{{resolve:ssm:/ami}}}}'}}\n");
    let manifest = format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n{DETECT}"
    );
    let resource = from(&[("net.yaml", &manifest), ("net.template", &template)]);
    let mut observation = observed(checked(60.0, "IN_SYNC"));
    observation.template = Some(template.clone());
    let name = asked(&plan(&resource, &observation));
    assert_eq!(Token::parse(&name).unwrap().kind, Kind::Look);

    let mut nothing = change_set(&name, "FAILED", "UNAVAILABLE");
    nothing.status_reason = Some("The submitted information didn't contain changes.".into());
    observation.change_sets = vec![nothing];
    assert!(is_ready(&plan(&resource, &observation)), "it is kept, so that AWS is not asked again");
    let next = Stack { drift_checked_at: Some(NOW - 30.0), ..checked(60.0, "IN_SYNC") };
    observation.stack = driftless_core::observed::Observed::Present(next);
    assert_eq!(actions(&plan(&resource, &observation)), ["DeleteChangeSet", "CreateChangeSet"]);
}

#[test]
fn what_aws_could_not_compare_is_no_no_drift() {
    assert!(message(&plan(&declared(DETECT), &observed(checked(60.0, "IN_SYNC")))).ends_with("; no drift"));
    for status in ["UNKNOWN", "NOT_CHECKED", "SOMETHING_NEW"] {
        let mut observation = observed(checked(60.0, status));
        let told = plan(&declared(DETECT), &observation);
        assert!(is_ready(&told) && !message(&told).contains("no drift"), "{status}: {}", message(&told));
        assert!(message(&told).contains("AWS could not tell of every resource"), "{status}: {}", message(&told));
        observation.drifts = vec![ResourceDrift {
            logical_id: "Topic".into(),
            resource_type: "AWS::SNS::Topic".into(),
            status: "UNKNOWN".into(),
            reason: Some("not authorized to perform sns:GetTopicAttributes".into()),
            differences: vec![],
        }];
        let told = plan(&declared(DETECT), &observation);
        assert!(message(&told).contains("Topic (AWS::SNS::Topic) could not be read: not authorized"), "{}", message(&told));
    }
    let mut nameless = observed(checked(60.0, "DRIFTED"));
    nameless.drifts.clear();
    assert!(message(&plan(&declared(DETECT), &nameless)).contains("names no resource"));
}

#[test]
fn a_detection_is_followed_by_its_own_id_and_not_begun_twice() {
    let detection = |status: &str, ago: f64| DriftDetection {
        id: "d-1".into(),
        at: NOW - ago,
        status: status.into(),
        reason: (status == "DETECTION_FAILED").then(|| "Failed to detect drift on resource [Topic]: Access Denied".to_owned()),
    };
    // AWS may note the time of a check when it ends, or never.
    let mut observation = observed(checked(7200.0, "IN_SYNC"));
    observation.detection = Some(detection("DETECTION_IN_PROGRESS", 60.0));
    let follows = plan(&declared(DETECT), &observation);
    assert_eq!((actions(&follows), reason(&follows)), (vec!["DescribeStackDriftDetectionStatus"], "Ready"));
    assert!(follows.is_empty(), "looking changes nothing");
    observation.detection = Some(detection("DETECTION_COMPLETE", 60.0));
    assert!(plan(&declared(DETECT), &observation).steps.is_empty());
    observation.detection = Some(detection("DETECTION_FAILED", 60.0));
    let failed = plan(&declared(DETECT), &observation);
    assert!(failed.steps.is_empty() && message(&failed).contains("resource [Topic]: Access Denied"), "{}", message(&failed));
    assert!(!message(&failed).contains("no drift"));
    observation.detection = Some(detection("DETECTION_FAILED", 3700.0));
    assert_eq!(actions(&plan(&declared(DETECT), &observation)), ["DetectStackDrift"], "the next interval");
}

#[test]
fn events_and_change_sets_are_read_where_drift_is_to_be_put_back_and_not_where_it_is_only_told() {
    let wants_of = |spec: &str| {
        let mut resource = declared(spec);
        let stack = stack_of(&mut resource).clone();
        driftless_core::plan::stack::wants(&resource, &stack, &drifted(), &context())
    };
    let told = wants_of(DETECT);
    assert!(told.drifts && !told.events && !told.change_sets);
    let healed = wants_of(HEAL);
    assert!(healed.drifts && healed.events && healed.change_sets);
    let off = wants_of("");
    assert!(!off.drifts && !off.events && !off.change_sets);
}
