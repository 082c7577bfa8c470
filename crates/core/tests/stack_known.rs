//! What AWS does not show is not taken for equal: it is known from what was last executed, or AWS is asked once.

use crate::stack_world::*;
use driftless_core::desired::Resource;
use driftless_core::observed::{ChangeSet, Observed, Stack, StackObservation};
use driftless_core::plan::stack::{Kind, StackStep, Token, wants, written_at};

fn manifest(more: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n{more}"
    )
}

fn templated(template: &str, more: &str) -> Resource {
    from(&[("net.yaml", &manifest(more)), ("net.template", template)])
}

/// As GetTemplate and DescribeStacks show it.
fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect()
}

fn showing(stack: Stack, template: &str) -> StackObservation {
    let mut observation = observed(stack);
    observation.template = Some(shown(template));
    observation
}

fn named(text: &str) -> String {
    TEMPLATE.replace("{Type: AWS::SNS::Topic}", &format!("{{Type: AWS::SNS::Topic, Properties: {{DisplayName: {text}}}}}"))
}

/// Settles after AWS has answered once: no further call in the passes that follow.
#[track_caller]
fn is_settled(resource: &Resource, observation: &StackObservation) {
    let settled = plan(resource, observation);
    assert!(is_ready(&settled) && settled.steps.is_empty(), "{settled:?}");
}

#[test]
fn a_changed_text_that_aws_shows_with_question_marks_is_applied() {
    let (before, after) = (templated(&named("订单"), ""), templated(&named("销售"), ""));
    let executed_before = showing(executed(&name_of(&before), "UPDATE_COMPLETE"), &named("订单"));
    is_settled(&before, &executed_before);
    let differs = plan(&after, &executed_before);
    assert_eq!(actions(&differs), ["CreateChangeSet"], "the digest is another one");
    assert!(differs.notes.iter().any(|note| note.contains("`?`")), "{:?}", differs.notes);
    assert!(wants(&after, stack_of(&mut after.clone()), &executed_before, &context()).change_sets);
    // AWS finds nothing, after all: it is asked no more.
    let mut asked_once = executed_before.clone();
    asked_once.change_sets = vec![nothing(&asked(&differs), 5.0)];
    is_settled(&after, &asked_once);
    let size = declared("  parameters: {Size: large}\n");
    let certain = wants(&size, stack_of(&mut size.clone()), &observed(live("CREATE_COMPLETE")), &context());
    assert!(certain.change_sets && certain.events && !certain.drifts);
    // A comment is no part of it.
    is_settled(&templated(&format!("# für alle\n{}", named("订单")), ""), &executed_before);
}

#[test]
fn umlauts_in_tags_and_parameters_are_no_difference_for_ever_and_their_change_is_applied() {
    let spec = |owner: &str, size: &str| format!("  tags: {{owner: {owner}}}\n  parameters: {{Size: {size}}}\n");
    let resource = declared(&spec("Müller", "größer"));
    let mut stack = executed(&name_of(&resource), "CREATE_COMPLETE");
    stack.tags.insert("owner".into(), "M?ller".into());
    stack.parameters.insert("Size".into(), "gr??er".into());
    is_settled(&resource, &observed(stack.clone()));
    for (owner, size) in [("Möller", "größer"), ("Müller", "grüner")] {
        assert_eq!(
            actions(&plan(&declared(&spec(owner, size)), &observed(stack.clone()))),
            ["CreateChangeSet"],
            "{owner} {size}"
        );
    }
    // Drift is looked for in it as in any other stack.
    let due = declared(&format!("{}  drift: {{detect: true, interval: 1h}}\n", spec("Müller", "größer")));
    let old = Stack { created_at: NOW - 7200.0, ..stack };
    assert_eq!(actions(&plan(&due, &observed(old))), ["DetectStackDrift"]);
}

#[test]
fn tags_that_only_aws_knows_are_not_overwritten_with_question_marks() {
    let mut stack = live("CREATE_COMPLETE");
    stack.tags.insert("owner".into(), "M?ller".into());
    let held = plan(&declared("  parameters: {Size: large}\n"), &observed(stack.clone()));
    assert_eq!((reason(&held), held.steps.len()), ("TagsNotShown", 0));
    let said = plan(&declared("  parameters: {Size: large}\n  tags: {owner: Müller}\n"), &observed(stack));
    let StackStep::CreateChangeSet(request) = steps(&said)[0] else { panic!() };
    assert_eq!(request.tags["owner"], "Müller");
}

#[test]
fn outputs_with_question_marks_are_told() {
    let resource = templated(&named("订单"), "");
    let mut stack = executed(&name_of(&resource), "CREATE_COMPLETE");
    stack.outputs.insert("Name".into(), "??".into());
    stack.outputs.insert("Url".into(), "https://example.com/x".into());
    let told = plan(&resource, &showing(stack, &named("订单")));
    assert!(message(&told).contains("in the output Name: whoever takes it gets the `?`"), "{}", message(&told));
    // More than one `?` is no query, whoever wrote the template.
    let mut theirs = live("CREATE_COMPLETE");
    theirs.outputs.insert("Title".into(), "????".into());
    let told = plan(&declared(""), &observed(theirs));
    assert!(message(&told).contains("in the output Title: whoever takes it gets the `?`"), "{}", message(&told));
    // One is told where a letter outside of ASCII is declared, in the template or in a parameter.
    let one = |resource: &Resource, template: &str| {
        let mut stack = executed(&name_of(resource), "CREATE_COMPLETE");
        if stack.parameters.contains_key("Size") && template == TEMPLATE {
            stack.parameters.insert("Size".into(), "gro?".into());
        }
        stack.outputs.insert("Name".into(), "gro?".into());
        message(&plan(resource, &showing(stack, template))).contains("in the output Name")
    };
    assert!(one(&declared("  parameters: {Size: groß}\n"), TEMPLATE));
    assert!(one(&templated(&named("groß"), ""), &named("groß")));
    assert!(!one(&declared("  parameters: {Size: 'gro?'}\n"), TEMPLATE));
    let mut plain = live("CREATE_COMPLETE");
    plain.outputs.insert("Url".into(), "https://example.com/?x=1".into());
    assert!(!message(&plan(&declared(""), &observed(plain))).contains('?'), "a question mark of its own");
}

#[test]
fn the_case_of_a_parameter_matters() {
    let mut stack = live("CREATE_COMPLETE");
    stack.parameters.insert("Size".into(), "True".into());
    let differs = plan(&declared("  parameters: {Size: 'true'}\n"), &observed(stack.clone()));
    assert_eq!(actions(&differs), ["CreateChangeSet"]);
    assert!(is_ready(&plan(&declared("  parameters: {Size: 'True'}\n"), &observed(stack))));
}

const SECRET: &str = "  parameters: {Key: marlin}\n";

#[test]
fn a_hidden_value_of_a_stack_that_somebody_else_wrote_is_sent_once_and_told() {
    let resource = declared(SECRET);
    let name = name_of(&resource);
    // An update by hand leaves no change set's id.
    let observation = observed(Stack { updated_at: Some(NOW - 600.0), ..live("UPDATE_COMPLETE") });
    let asks = plan(&resource, &observation);
    assert_eq!(actions(&asks), ["CreateChangeSet"]);
    assert!(asks.changes.is_empty() && asks.notes[0].contains("the hidden parameter `Key`"), "{asks:?}");
    let mut answered = observation.clone();
    answered.change_sets = vec![nothing(&asked(&asks), 60.0)];
    is_settled(&resource, &answered);
    assert_eq!(written_at(&answered), Some(SHA), "the next commit is compared with this one");
    // What AWS said before the stack was written says nothing of it.
    answered.change_sets = vec![nothing(&name, 700.0)];
    assert_eq!(actions(&plan(&resource, &answered)), ["DeleteChangeSet", "CreateChangeSet"]);
}

#[test]
fn a_hidden_value_from_another_commit_is_known_where_that_commit_can_be_read() {
    let mut resource = declared(SECRET);
    let older =
        Token { revision: "1111111111111111111111111111111111111111", ..Token::parse(&name_of(&resource)).unwrap() }.to_string();
    let observation = observed(executed(&older, "UPDATE_COMPLETE"));
    // After a force push, or from another directory.
    let asks = plan(&resource, &observation);
    assert_eq!(actions(&asks), ["CreateChangeSet"]);
    stack_of(&mut resource).compared_secrets = true;
    is_settled(&resource, &observation);
    stack_of(&mut resource).changed_secrets = vec!["Key".into()];
    assert_eq!(plan(&resource, &observation).changes[0].path, "/parameters/Key");
    // The same revision wrote it.
    is_settled(&declared(SECRET), &observed(executed(&name_of(&declared(SECRET)), "UPDATE_COMPLETE")));
}

#[test]
fn a_hidden_value_from_a_variable_is_known_only_where_this_process_sent_it() {
    let mut agent = agent();
    agent.variables.insert("key".into(), "marlin".into());
    let snapshot = |sha: &str| driftless_core::snapshot::Snapshot {
        unread: vec![],
        revision: driftless_core::snapshot::Revision::Git { reference: "main".into(), sha: sha.into() },
        message: None,
        files: [("net.yaml", manifest("  parameters: {Key: '${vars.key}'}\n")), ("net.template", TEMPLATE.to_owned())]
            .map(|(path, text)| (path.into(), driftless_core::snapshot::Entry::File(text.into_bytes())))
            .into(),
    };
    let resource = driftless_core::manifest::read(&snapshot(SHA), &agent).resources[&id()].clone();
    let mut compared = resource.clone();
    stack_of(&mut compared).compared_secrets = true;
    let name = name_of(&resource);
    let mut observation = observed(executed(&name, "UPDATE_COMPLETE"));
    let asks = plan(&compared, &observation);
    assert_eq!(actions(&asks), ["CreateChangeSet"], "the commit is the same, and the variable may be another");
    // Another process was told "no changes" for another value, perhaps.
    observation.change_sets = vec![nothing(&asked(&asks), 60.0)];
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2);
    let StackStep::CreateChangeSet(request) = steps(&asks)[0] else { panic!() };
    let fingerprint = request.hidden.clone();
    observation.sent.insert(name, fingerprint.clone());
    is_settled(&resource, &observation);
    assert!(!format!("{observation:?}").contains("marlin") && format!("{fingerprint:?}") == "(redacted)");
}

#[test]
fn a_rotation_that_failed_stays_failed_at_its_commit_and_another_one_is_tried() {
    let mut resource = declared(SECRET);
    let name = name_of(&resource);
    let mut observation = observed(executed(&name, "UPDATE_ROLLBACK_COMPLETE"));
    let lines = ["stack UPDATE_IN_PROGRESS User Initiated", "Topic UPDATE_FAILED bad key", "stack UPDATE_ROLLBACK_COMPLETE"];
    observation.events = newest_first(vec![events(Some(&name), &lines)]);
    let failed = plan(&resource, &observation);
    assert_eq!((reason(&failed), failed.steps.len()), ("UpdateFailed", 0), "the stack has the older value");
    assert_eq!(written_at(&observation), Some(SHA), "the next commit is compared with the one that failed");
    stack_of(&mut resource).changed_secrets = vec!["Key".into()];
    let next = driftless_core::plan::Context { revision: "2222222222222222222222222222222222222222", ..context() };
    assert_eq!(Token::parse(&asked(&plan_in(&resource, &observation, &next))).unwrap().attempt, 2);
}

#[test]
fn no_changes_is_honoured_only_where_nobody_wrote_the_stack_since() {
    let resource = declared("  capabilities: [CAPABILITY_IAM]\n");
    let mut observation = observed(Stack { updated_at: Some(NOW - 600.0), ..live("UPDATE_COMPLETE") });
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![nothing(&name, 60.0)];
    is_settled(&resource, &observation);
    observation.change_sets = vec![nothing(&name, 700.0)];
    let again = plan(&resource, &observation);
    assert_eq!(actions(&again), ["DeleteChangeSet", "CreateChangeSet"], "somebody has edited it");
    assert_eq!(Token::parse(&asked(&again)).unwrap().attempt, 2);
    // So it is with what AWS could not work out.
    let broken = ChangeSet { status_reason: Some("no such thing".into()), ..nothing(&name, 700.0) };
    observation.change_sets = vec![broken.clone()];
    assert_eq!(actions(&plan(&resource, &observation)), ["DeleteChangeSet", "CreateChangeSet"]);
    observation.change_sets = vec![ChangeSet { created_at: Some(NOW - 60.0), ..broken }];
    assert_eq!(reason(&plan(&resource, &observation)), "ChangeSetFailed");
}

#[test]
fn what_goes_away_by_itself_is_asked_again_with_patience_before_it_is_a_failure() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("CREATE_COMPLETE"));
    let name = asked(&plan(&resource, &observation));
    let transient = |attempt: u32, ago: f64| ChangeSet {
        status_reason: Some("Transform AWS::Serverless-2016-10-31 failed with: Rate exceeded".into()),
        ..nothing(&as_attempt(&name, Kind::Change, attempt), ago)
    };
    observation.change_sets = vec![transient(1, 5.0)];
    let waits = plan(&resource, &observation);
    assert_eq!((reason(&waits), waits.steps.len()), ("Retrying", 0));
    assert!(message(&waits).contains("Rate exceeded; it is asked again in 10 s"), "{}", message(&waits));
    observation.change_sets = vec![transient(1, 16.0)];
    let again = plan(&resource, &observation);
    assert_eq!((actions(&again), Token::parse(&asked(&again)).unwrap().attempt), (vec!["DeleteChangeSet", "CreateChangeSet"], 2));
    observation.change_sets = vec![transient(7, 3600.0)];
    assert_eq!(reason(&plan(&resource, &observation)), "ChangeSetFailed", "after minutes it is final");
}

#[test]
fn an_operation_that_failed_for_the_moment_is_run_once_more() {
    let resource = declared("  parameters: {Size: large}\n");
    let name = name_of(&resource);
    let lines = [
        "stack UPDATE_IN_PROGRESS User Initiated",
        "Topic UPDATE_FAILED Rate exceeded (Service: AmazonSNS; Status Code: 400)",
        "stack UPDATE_ROLLBACK_IN_PROGRESS failed",
        "stack UPDATE_ROLLBACK_COMPLETE",
    ];
    let failed = |attempt: u32| events(Some(&as_attempt(&name, Kind::Change, attempt)), &lines);
    let mut observation = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    observation.events = newest_first(vec![failed(1)]);
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2, "its minute is over");
    observation.now = 2010.0;
    let waits = plan(&resource, &observation);
    assert_eq!((reason(&waits), waits.steps.len()), ("Retrying", 0));
    observation.now = NOW;
    observation.events = newest_first(vec![failed(1), failed(2)]);
    assert_eq!(reason(&plan(&resource, &observation)), "UpdateFailed");
}

#[test]
fn early_validation_tells_awss_own_cause() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("CREATE_COMPLETE"));
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![ChangeSet {
        status_reason: Some(
            "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.".into(),
        ),
        causes: vec!["Bucket (AWS::S3::Bucket) NAME_CONFLICT_VALIDATION: Resource of type 'AWS::S3::Bucket' with identifier 'orders' already exists.".into()],
        ..nothing(&name, 5.0)
    }];
    let failed = plan(&resource, &observation);
    assert_eq!(reason(&failed), "ChangeSetFailed");
    assert!(
        message(&failed).contains("net`: Bucket (AWS::S3::Bucket) NAME_CONFLICT_VALIDATION: Resource of type"),
        "{}",
        message(&failed)
    );
}

#[test]
fn a_document_of_systems_manager_is_asked_about_once_for_each_version() {
    let template = "{url: 'ssm-doc://arn:aws:ssm:eu-central-1:123456789012:document/net'}";
    let manifest = format!(
        "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {template}\n"
    );
    let resource = from(&[("net.yaml", &manifest)]);
    let observation = observed(live("CREATE_COMPLETE"));
    assert_eq!(actions(&plan(&resource, &observation)), ["CreateChangeSet"]);
    let known = StackObservation { stack: Observed::Present(executed(&name_of(&resource), "CREATE_COMPLETE")), ..observation };
    is_settled(&resource, &known);
}
