//! Nothing in a stack is replaced or removed by itself: what no change of the template or of a parameter asks for is held.

use crate::stack_world::*;
use driftless_core::observed::{ChangeDetail, ChangeSet, ResourceChange, Stack, StackObservation};
use driftless_core::plan::Verdict;
use driftless_core::plan::render::{Options, render};
use driftless_core::plan::stack::{Kind, StackStep, Token};

/// `ChangeSource CausingEntity Attribute RequiresRecreation`, as AWS answers; `-` for nothing.
fn detail(words: &str) -> ChangeDetail {
    let mut words = words.split(' ').map(|word| if word == "-" { "" } else { word });
    let mut next = || words.next().unwrap_or_default().to_owned();
    ChangeDetail {
        source: next(),
        entity: Some(next()).filter(|entity| !entity.is_empty()),
        attribute: next(),
        recreates: next(),
        ..ChangeDetail::default()
    }
}

fn modify(logical: &str, kind: &str, replacement: &str, details: &[&str]) -> ResourceChange {
    ResourceChange {
        action: "Modify".into(),
        logical_id: logical.into(),
        physical_id: Some(format!("{}-1", logical.to_lowercase())),
        resource_type: kind.into(),
        replacement: Some(replacement.into()),
        details: details.iter().map(|words| detail(words)).collect(),
        ..ResourceChange::default()
    }
}

fn remove(logical: &str) -> ResourceChange {
    ResourceChange {
        action: "Remove".into(),
        logical_id: logical.into(),
        resource_type: "AWS::SQS::Queue".into(),
        policy_action: Some("Delete".into()),
        ..ResourceChange::default()
    }
}

fn ready(name: &str, changes: Vec<ResourceChange>) -> ChangeSet {
    ChangeSet { changes, created_at: Some(NOW - 5.0), ..change_set(name, "CREATE_COMPLETE", "AVAILABLE") }
}

/// What is planned once AWS has worked out what the declared stack changes.
fn with(spec: &str, observation: &StackObservation, changes: Vec<ResourceChange>) -> driftless_core::plan::Plan {
    let resource = declared(spec);
    let mut observation = observation.clone();
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![ready(&name, changes)];
    plan(&resource, &observation)
}

fn unadopted() -> StackObservation {
    let mut stack = live("CREATE_COMPLETE");
    stack.tags.clear();
    observed(stack)
}

#[test]
fn an_adoption_whose_tags_would_replace_something_is_held_with_its_name_until_it_is_allowed() {
    let batch = || vec![modify("Compute", "AWS::Batch::ComputeEnvironment", "True", &["DirectModification - Tags Always"])];
    // AWS may give the reasons of a tag change without any member to recreate.
    for changes in [batch(), vec![modify("Compute", "AWS::Batch::ComputeEnvironment", "Conditional", &[])]] {
        let held = with("", &unadopted(), changes);
        assert_eq!((reason(&held), held.steps.len()), ("ReplacementNotAskedFor", 0), "{held:?}");
        assert!(matches!(held.verdict, Verdict::Stalled { .. }));
        let said = message(&held);
        assert!(
            said.contains("Compute (AWS::Batch::ComputeEnvironment `compute-1`)") && said.contains("only tags differ"),
            "{said}"
        );
        assert!(said.contains("allowReplacement: [Compute]"), "{said}");
    }
    assert_eq!(actions(&with("  allowReplacement: [Compute]\n", &unadopted(), batch())), ["ExecuteChangeSet"]);
    assert_eq!(reason(&with("  allowReplacement: [Other]\n", &unadopted(), batch())), "ReplacementNotAskedFor");
    // People's own tags ask for no replacement either, and what replaces nothing goes on.
    assert_eq!(reason(&with("  tags: {team: shop}\n", &observed(live("CREATE_COMPLETE")), batch())), "ReplacementNotAskedFor");
    let harmless = vec![modify("Topic", "AWS::SNS::Topic", "False", &["DirectModification - Tags Never"])];
    assert_eq!(actions(&with("", &unadopted(), harmless)), ["ExecuteChangeSet"]);
}

/// Recorded at AWS: a parameter that names a topic, and what refers to the topic.
fn topic_of_parameter() -> Vec<ResourceChange> {
    let topic = ["ParameterReference Size Properties Always", "DirectModification - Properties Always"];
    vec![
        modify("Topic", "AWS::SNS::Topic", "True", &topic),
        modify("Follower", "AWS::SSM::Parameter", "True", &["ResourceAttribute Topic.TopicName Properties Always"]),
    ]
}

#[test]
fn what_a_commit_asks_for_by_a_parameter_or_the_template_is_done_with_all_that_follows_from_it() {
    let parameter = with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), topic_of_parameter());
    assert_eq!(actions(&parameter), ["ExecuteChangeSet"]);
    // The template names another type, or the server gives no reasons at all.
    let mut observation = observed(live("CREATE_COMPLETE"));
    observation.template = Some(TEMPLATE.replace("SNS::Topic", "SQS::Queue"));
    for details in [&["DirectModification - Properties Always"][..], &[]] {
        let template = with("", &observation, vec![modify("Topic", "AWS::SNS::Topic", "True", details)]);
        assert_eq!(actions(&template), ["ExecuteChangeSet"], "{details:?}");
    }
    // A resource that left the template.
    observation.template = Some(TEMPLATE.replace("Outputs:", "  Old: {Type: AWS::SQS::Queue}\nOutputs:"));
    assert_eq!(actions(&with("", &observation, vec![remove("Old")])), ["ExecuteChangeSet"]);
}

#[test]
fn what_a_parameter_decides_by_a_condition_is_asked_for_though_aws_names_no_cause() {
    let direct = || vec![modify("Topic", "AWS::SNS::Topic", "True", &["DirectModification - Properties Always"])];
    let template =
        TEMPLATE.replace("{Type: AWS::SNS::Topic}", "{Type: AWS::SNS::Topic, Properties: {TopicName: !If [Big, a, b]}}");
    let manifest = |size: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n  parameters: {{Size: {size}}}\n"
        )
    };
    let resource = from(&[("net.yaml", &manifest("large")), ("net.template", &template)]);
    let mut observation = observed(live("CREATE_COMPLETE"));
    observation.template = Some(template);
    // Another resource's cause is named, so that this one's would be.
    let other = modify("Other", "AWS::X::Y", "False", &["ParameterReference Size Properties Never"]);
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![ready(&name, direct().into_iter().chain([other.clone()]).collect())];
    assert_eq!(actions(&plan(&resource, &observation)), ["ExecuteChangeSet"]);
    // Where nothing is decided so, it is not.
    let plain =
        with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), direct().into_iter().chain([other]).collect());
    assert_eq!(reason(&plain), "ReplacementNotAskedFor");
    assert_eq!(
        actions(&with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), direct())),
        ["ExecuteChangeSet"]
    );
}

#[test]
fn what_moved_by_itself_is_held_beside_what_a_commit_asks_for() {
    // The commit changes another parameter, another resource, or a tag; the image of Systems Manager's parameter has moved.
    let moved = || {
        let details = ["ParameterReference Ami Properties Always", "DirectModification - Properties Always"];
        modify("Server", "AWS::EC2::Instance", "True", &details)
    };
    let mut observation = observed(live("CREATE_COMPLETE"));
    let commit = with("  parameters: {Size: large}\n", &observation, vec![moved(), topic_of_parameter().remove(0)]);
    assert_eq!((reason(&commit), commit.steps.len()), ("ReplacementNotAskedFor", 0));
    assert!(message(&commit).contains("Server (AWS::EC2::Instance") && !message(&commit).contains("Topic ("));
    observation.template = Some(TEMPLATE.replace("SNS::Topic", "SQS::Queue"));
    assert_eq!(reason(&with("", &observation, vec![moved()])), "ReplacementNotAskedFor");
    // What refers to what was not asked for is not, however long the way, and a ring of references ends.
    let ring = vec![
        modify("A", "AWS::X::A", "True", &["ResourceReference B Properties Always"]),
        modify("B", "AWS::X::B", "True", &["ResourceReference A Properties Always"]),
    ];
    assert_eq!(reason(&with("  tags: {team: shop}\n", &observed(live("CREATE_COMPLETE")), ring)), "ReplacementNotAskedFor");
    // A resource that goes although the template has not changed in anything that concerns it.
    let goes = with("  tags: {team: shop}\n", &observed(live("CREATE_COMPLETE")), vec![remove("Topic")]);
    assert_eq!(reason(&goes), "ReplacementNotAskedFor");
    assert!(message(&goes).contains("Topic (AWS::SQS::Queue), removed"), "{}", message(&goes));
}

fn parent(details: &[&str], nested: Option<Vec<ResourceChange>>) -> ResourceChange {
    ResourceChange { nested, ..modify("Child", "AWS::CloudFormation::Stack", "False", details) }
}

#[test]
fn replacements_within_nested_stacks_are_called_out_and_held_by_their_path() {
    let child = || vec![modify("Database", "AWS::RDS::DBInstance", "True", &["DirectModification - Properties Always"])];
    let automatic = parent(&["Automatic - Properties Never"], Some(child()));
    let held = with("  tags: {team: shop}\n", &observed(live("CREATE_COMPLETE")), vec![automatic.clone()]);
    assert_eq!(reason(&held), "ReplacementNotAskedFor");
    assert!(message(&held).contains("allowReplacement: [Child/Database]"), "{}", message(&held));
    assert!(held.notes.iter().any(|note| note.contains("REPLACEMENT: Child/Database (AWS::RDS::DBInstance `database-1`)")));
    let allowed =
        with("  tags: {team: shop}\n  allowReplacement: [Child/Database]\n", &observed(live("CREATE_COMPLETE")), vec![automatic]);
    assert_eq!(actions(&allowed), ["ExecuteChangeSet"]);
    // The parent gives the child another value: that is asked for.
    let given = parent(&["Automatic - Properties Never", "ParameterReference Size Properties Never"], Some(child()));
    assert_eq!(
        actions(&with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), vec![given])),
        ["ExecuteChangeSet"]
    );
    // Tags that the child inherits are not.
    let tagged = vec![modify("Compute", "AWS::Batch::ComputeEnvironment", "True", &["DirectModification - Tags Always"])];
    let given = parent(&["ParameterReference Size Properties Never"], Some(tagged));
    assert_eq!(
        reason(&with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), vec![given])),
        "ReplacementNotAskedFor"
    );
}

const NESTED: &str =
    "Resources:\n  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://b.s3.amazonaws.com/k'}}\n";

fn nesting(drift: &str) -> (driftless_core::desired::Resource, StackObservation) {
    let manifest = format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n  drift: {drift}\n"
    );
    let resource = from(&[("net.yaml", &manifest), ("net.template", NESTED)]);
    let stack = Stack { drift_checked_at: Some(NOW - 60.0), drift_status: Some("IN_SYNC".into()), ..live("CREATE_COMPLETE") };
    let mut observation = observed(Stack { parameters: Default::default(), ..stack });
    observation.template = Some(NESTED.into());
    (resource, observation)
}

#[test]
fn a_parent_of_nested_stacks_that_nothing_changes_in_is_looked_at_once_and_never_updated() {
    for drift in ["{detect: true}", "{detect: true, heal: true}"] {
        let (resource, mut observation) = nesting(drift);
        let look = plan(&resource, &observation);
        let StackStep::CreateChangeSet(request) = steps(&look)[0] else { panic!("{look:?}") };
        assert!(request.nested && Token::parse(&request.name).unwrap().kind == Kind::Look);
        assert!(look.is_empty() && reason(&look) == "Ready", "looking changes nothing: {look:?}");
        let found = ready(&request.name, vec![parent(&["Automatic - Properties Never"], Some(vec![]))]);
        observation.change_sets = vec![found.clone()];
        let seen = plan(&resource, &observation);
        assert_eq!((actions(&seen), reason(&seen)), (vec!["DeleteChangeSet"], "Ready"), "{drift}");
        assert!(message(&seen).contains("nothing has changed behind the template") && seen.changes.is_empty());
        // It is gone, and this process knows what it said.
        observation.change_sets.clear();
        observation.looked = Some(found);
        let then = plan(&resource, &observation);
        assert!(is_ready(&then) && then.steps.is_empty(), "{then:?}");
    }
}

#[test]
fn what_hides_behind_the_template_is_shown_and_removed_without_heal_and_with_it_replacements_are_held() {
    let moved = |replacement: &str| {
        vec![modify("Server", "AWS::EC2::Instance", replacement, &["ParameterReference Ami Properties Always"])]
    };
    let (resource, mut observation) = nesting("{detect: true}");
    let name = asked(&plan(&resource, &observation));
    let found = ready(&name, moved("True"));
    observation.change_sets = vec![found.clone()];
    let shown = plan(&resource, &observation);
    assert_eq!((actions(&shown), reason(&shown)), (vec!["DeleteChangeSet"], "Ready"), "nothing is executed");
    assert!(shown.is_empty() && message(&shown).contains("Server (AWS::EC2::Instance)"), "{}", message(&shown));
    assert!(shown.notes[0].starts_with("REPLACEMENT: Server"));
    observation.change_sets.clear();
    observation.looked = Some(found);
    let told = plan(&resource, &observation);
    assert!(told.steps.is_empty() && message(&told).contains("Server (AWS::EC2::Instance)"), "{told:?}");

    let (resource, mut observation) = nesting("{detect: true, heal: true}");
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![ready(&name, moved("True"))];
    let held = plan(&resource, &observation);
    assert_eq!((reason(&held), held.steps.len()), ("ReplacementNotAskedFor", 0));
    observation.change_sets = vec![ready(&name, moved("False"))];
    assert_eq!(actions(&plan(&resource, &observation)), ["ExecuteChangeSet"]);
}

#[test]
fn disable_rollback_is_left_out_where_something_is_replaced_and_a_paused_stack_is_rolled_back_first() {
    let spec = "  disableRollback: true\n  parameters: {Size: large}\n";
    let flag = |changes| match steps(&with(spec, &observed(live("CREATE_COMPLETE")), changes))[..] {
        [StackStep::ExecuteChangeSet { disable_rollback, .. }] => *disable_rollback,
        ref other => panic!("{other:?}"),
    };
    assert!(!flag(topic_of_parameter()));
    assert!(flag(vec![modify("Topic", "AWS::SNS::Topic", "False", &["ParameterReference Size Properties Never"])]));
    let paused = with(spec, &observed(live("UPDATE_FAILED")), topic_of_parameter());
    assert_eq!(actions(&paused), ["RollbackStack"]);
}

#[test]
fn a_change_set_reads_member_by_member_with_what_goes_first() {
    let mut logs = modify("Logs", "AWS::Logs::LogGroup", "False", &["DirectModification - Properties Never"]);
    logs.details[0].path = Some("/Properties/RetentionInDays".into());
    (logs.details[0].before, logs.details[0].after) = (Some("30".into()), Some("60".into()));
    let mut topic = topic_of_parameter().remove(0);
    for detail in &mut topic.details {
        detail.path = Some("/Properties/TopicName".into());
        (detail.before, detail.after) = (Some("orders".into()), Some("sales".into()));
    }
    let mut key = modify("Key", "AWS::X::Y", "False", &["DirectModification - Properties Never"]);
    key.details[0].path = Some("/Properties/MasterUserPassword".into());
    (key.details[0].before, key.details[0].after) = (Some("swordfish".into()), Some("marlin".into()));
    let plan = with("  parameters: {Size: large}\n", &observed(live("CREATE_COMPLETE")), vec![logs, key, topic]);
    insta::assert_snapshot!(render(&plan, &Options::default()), @r#"
    CloudFormationStack/net: to be changed
      ~ /resources/Topic: "AWS::SNS::Topic" → "REPLACES `topic-1`"
      ~ /resources/Topic/Properties/TopicName: "orders" → "sales"
      ~ /resources/Logs/Properties/RetentionInDays: "30" → "60"
      ~ /resources/Key/Properties/MasterUserPassword: (changed)
      note: REPLACEMENT: Topic (AWS::SNS::Topic `topic-1`) is made anew; the old one and the data in it are gone then
    "#);
    let colour = render(&plan, &Options { colour: true, show_values: false });
    assert!(colour.contains("\x1b[31m~ /resources/Topic\x1b[0m") && colour.contains("\x1b[33m~ /resources/Logs"), "{colour}");
    assert!(!serde_json::to_string(&plan).unwrap().contains("swordfish"));
}

#[test]
fn a_template_that_is_yet_to_be_created_lists_its_resources_offline() {
    let plan = plan(&declared(""), &absent());
    let told = render(&plan, &Options::default());
    assert!(told.contains("+ /template: \"net.template\"") && told.contains("+ /resources/Topic: \"AWS::SNS::Topic\""), "{told}");
}

#[test]
fn allow_replacement_takes_logical_ids_and_nothing_else() {
    let resource = declared("  allowReplacement: [Database, Child/Database]\n");
    let driftless_core::desired::Spec::CloudFormationStack(stack) = &resource.spec else { panic!() };
    assert_eq!(stack.allow_replacement, ["Database", "Child/Database"]);
    // It changes nothing in AWS, so that the change set that was held is the one that is executed.
    assert_eq!(name_of(&resource), name_of(&declared("")));
}
