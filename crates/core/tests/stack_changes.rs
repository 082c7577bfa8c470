//! What differs, what is asked of AWS for it, and what is never asked twice.

use crate::stack_world::*;
use driftless_core::desired::ParameterValue;
use driftless_core::observed::ResourceChange;
use driftless_core::plan::render::{Options, render};
use driftless_core::plan::stack::{Kind, StackStep, Token};
use driftless_core::plan::{Cause, Change};

fn paths(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.path.as_str()).collect()
}

#[test]
fn an_absent_stack_is_created_through_a_change_set_with_our_constant_tags() {
    let plan = plan(
        &declared("  tags: {team: shop}\n  onFailure: DELETE\n  capabilities: [CAPABILITY_IAM]\n  deletionPolicy: delete\n"),
        &absent(),
    );
    let StackStep::CreateChangeSet(request) = steps(&plan)[0] else { panic!() };
    assert!(request.creates && plan.steps[0].creates());
    let tags: Vec<String> = request.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        tags,
        [
            "driftless:agent=production",
            "driftless:name=net",
            "driftless:prune=enabled",
            "driftless:resource=CloudFormationStack/net",
            "driftless:source=source",
            "team=shop"
        ]
    );
    assert_eq!(request.on_failure.map(|word| word.as_str()), Some("DELETE"));
    assert_eq!(request.capabilities, ["CAPABILITY_IAM"]);
    assert_eq!(Token::parse(&request.name).unwrap().revision, SHA);
}

#[test]
fn each_declared_member_is_compared_and_undeclared_ones_are_left() {
    let mut stack = live("CREATE_COMPLETE");
    stack.tags.insert("cost".into(), "7".into());
    stack.role_arn = Some("arn:aws:iam::123456789012:role/a".into());
    stack.notification_arns = vec!["arn:b".into(), "arn:a".into()];
    stack.capabilities = vec!["CAPABILITY_NAMED_IAM".into()];
    let observation = observed(stack);
    assert!(is_ready(&plan(&declared(""), &observation)));
    let same = "  notificationArns: ['arn:a', 'arn:b']\n  capabilities: [CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]\n  tags: {cost: 7}\n  parameters: {Zones: 'a, b'}\n  roleArn: arn:aws:iam::123456789012:role/a\n";
    assert!(is_ready(&plan(&declared(same), &observation)));
    let other = "  notificationArns: []\n  capabilities: [CAPABILITY_IAM]\n  tags: {team: shop}\n  parameters: {Size: large}\n  roleArn: arn:aws:iam::123456789012:role/b\n";
    let plan = plan(&declared(other), &observation);
    assert_eq!(
        paths(&plan.changes),
        ["/parameters/Size", "/tags/cost", "/tags/team", "/roleArn", "/notificationArns", "/capabilities"]
    );
    let StackStep::CreateChangeSet(request) = steps(&plan)[0] else { panic!() };
    assert_eq!(request.notification_arns.as_deref(), Some(&[][..]), "an empty list removes them");
    assert!(!request.creates && !request.tags.contains_key("cost"));
}

#[test]
fn undeclared_tags_are_sent_again_as_aws_would_take_them_away() {
    let mut stack = live("CREATE_COMPLETE");
    stack.tags.insert("cost".into(), "7".into());
    let plan = plan(&declared("  parameters: {Size: large}\n"), &observed(stack));
    let StackStep::CreateChangeSet(request) = steps(&plan)[0] else { panic!() };
    assert_eq!(request.tags["cost"], "7");
}

#[test]
fn a_template_that_differs_in_comments_only_is_no_change_and_another_one_is_told_by_its_entries() {
    let mut observation = observed(live("CREATE_COMPLETE"));
    observation.template = Some(format!("# a comment\n{TEMPLATE}"));
    assert!(is_ready(&plan(&declared(""), &observation)));
    observation.template = Some(TEMPLATE.replace("SNS::Topic", "SQS::Queue"));
    assert_eq!(paths(&plan(&declared(""), &observation).changes), ["/template/Resources/Topic/Type"]);
}

#[test]
fn a_parameter_that_leaves_the_manifest_goes_back_to_the_templates_default_on_our_stack_and_not_by_adoption() {
    let mut stack = live("CREATE_COMPLETE");
    stack.parameters.insert("Size".into(), "large".into());
    assert_eq!(paths(&plan(&declared(""), &observed(stack.clone())).changes), ["/parameters/Size"]);
    assert!(is_ready(&plan(&declared("  parameters: {Size: {usePreviousValue: true}}\n"), &observed(stack.clone()))));
    stack.tags.clear();
    let adopted = plan(&declared(""), &observed(stack.clone()));
    assert_eq!((reason(&adopted), adopted.steps.len()), ("AdoptionWouldReset", 0));
    assert!(message(&adopted).contains("Size"));
    let adopted = plan(&declared("  parameters: {Size: large}\n"), &observed(stack));
    assert_eq!(actions(&adopted), ["CreateChangeSet"]);
    assert!(adopted.changes.iter().all(|change| change.cause == Cause::Ownership) && adopted.notes[0].contains("adopted"));
}

#[test]
fn a_hidden_value_is_in_no_digest_and_no_output_and_its_change_is_seen_by_the_commit() {
    let (one, other) = (declared("  parameters: {Key: swordfish}\n"), declared("  parameters: {Key: marlin}\n"));
    let digest = |resource| Token::parse(&name_of(resource)).unwrap().digest.to_owned();
    assert_eq!(digest(&one), digest(&other));
    assert_ne!(digest(&one), digest(&declared("  parameters: {Key: '{{resolve:ssm:/key}}'}\n")), "a reference is no secret");
    let observation = observed(executed(&name_of(&one), "CREATE_COMPLETE"));
    assert!(is_ready(&plan(&one, &observation)), "the commit that wrote it is this one");

    let mut changed = one;
    stack_of(&mut changed).changed_secrets = vec!["Key".into()];
    let plan = plan(&changed, &observation);
    assert_eq!((paths(&plan.changes), actions(&plan)), (vec!["/parameters/Key"], vec!["CreateChangeSet"]));
    let StackStep::CreateChangeSet(request) = steps(&plan)[0] else { panic!() };
    assert!(!format!("{request:?}").contains("swordfish") && !serde_json::to_string(request).unwrap().contains("swordfish"));
    assert_eq!(request.parameters["Key"], ParameterValue::Value("swordfish".into()), "AWS gets it");
    for told in
        [format!("{plan:?}"), serde_json::to_string(&plan).unwrap(), render(&plan, &Options::default()), format!("{changed:?}")]
    {
        assert!(!told.contains("swordfish"), "{told}");
    }
}

#[test]
fn a_hidden_value_that_was_wrong_is_tried_again_when_the_commit_corrects_it() {
    let mut resource = declared("  parameters: {Size: large, Key: marlin}\n");
    let name = name_of(&resource);
    let older = Token { revision: "1111111111111111111111111111111111111111", ..Token::parse(&name).unwrap() }.to_string();
    let mut observation = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    let lines = ["stack UPDATE_IN_PROGRESS User Initiated", "Topic UPDATE_FAILED bad key", "stack UPDATE_ROLLBACK_COMPLETE"];
    observation.events = newest_first(vec![events(Some(&older), &lines)]);
    assert_eq!(reason(&plan(&resource, &observation)), "UpdateFailed");
    stack_of(&mut resource).changed_secrets = vec!["Key".into()];
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2);
}

#[test]
fn a_change_set_is_waited_for_shown_and_executed_under_the_token_that_names_it() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("CREATE_COMPLETE"));
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![change_set(&name, "CREATE_IN_PROGRESS", "UNAVAILABLE")];
    let waits = plan(&resource, &observation);
    assert_eq!((reason(&waits), waits.steps.len()), ("Applying", 0));

    let mut ready = change_set(&name, "CREATE_COMPLETE", "AVAILABLE");
    ready.changes = vec![
        ResourceChange {
            action: "Modify".into(),
            logical_id: "Database".into(),
            physical_id: Some("db-1".into()),
            resource_type: "AWS::RDS::DBInstance".into(),
            replacement: Some("True".into()),
            properties: vec!["Engine".into()],
            ..ResourceChange::default()
        },
        ResourceChange {
            action: "Add".into(),
            logical_id: "Topic".into(),
            resource_type: "AWS::SNS::Topic".into(),
            ..Default::default()
        },
        ResourceChange {
            action: "Remove".into(),
            logical_id: "Queue".into(),
            resource_type: "AWS::SQS::Queue".into(),
            ..Default::default()
        },
    ];
    observation.change_sets = vec![ready];
    let plan = plan(&resource, &observation);
    let StackStep::ExecuteChangeSet { token, disable_rollback, .. } = steps(&plan)[0] else { panic!() };
    assert_eq!((token, *disable_rollback), (&name, false));
    insta::assert_snapshot!(render(&plan, &Options::default()), @r#"
    CloudFormationStack/net: to be changed
      ~ /resources/Database: "AWS::RDS::DBInstance" → "REPLACES `db-1` with another Engine"
      - /resources/Queue: "AWS::SQS::Queue"
      + /resources/Topic: "AWS::SNS::Topic"
      note: REPLACEMENT: Database (AWS::RDS::DBInstance `db-1`) is made anew; the old one and the data in it are gone then
      note: REMOVAL: Queue (AWS::SQS::Queue) leaves the stack; the old one and the data in it are gone then
    "#);
}

#[test]
fn the_resources_of_a_new_stack_are_listed_once() {
    let resource = declared("");
    let asks = plan(&resource, &absent());
    let name = asked(&asks);
    assert!(asks.changes.iter().any(|change| change.path == "/resources/Topic"));
    let made = |more: &[&str]| {
        let mut observation = observed(live("REVIEW_IN_PROGRESS"));
        let mut ready = change_set(&name, "CREATE_COMPLETE", "AVAILABLE");
        ready.changes = ["Topic"]
            .iter()
            .chain(more)
            .map(|logical| ResourceChange {
                action: "Add".into(),
                logical_id: (*logical).into(),
                resource_type: "AWS::SNS::Topic".into(),
                ..ResourceChange::default()
            })
            .collect();
        observation.change_sets = vec![ready];
        let plan = plan(&resource, &observation);
        assert_eq!(actions(&plan), ["ExecuteChangeSet"]);
        render(&plan, &Options::default())
    };
    insta::assert_snapshot!(made(&[]), @r"
    CloudFormationStack/net: to be created
      note: AWS says the same: 1 resource is created
    ");
    // What a macro has added is news.
    insta::assert_snapshot!(made(&["Alarm"]), @r#"
    CloudFormationStack/net: to be created
      + /resources/Topic: "AWS::SNS::Topic"
      + /resources/Alarm: "AWS::SNS::Topic"
    "#);
}

#[test]
fn no_change_is_a_failed_change_set_and_an_empty_one_changes_outputs() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("CREATE_COMPLETE"));
    let name = asked(&plan(&resource, &observation));
    let mut nothing = change_set(&name, "FAILED", "UNAVAILABLE");
    nothing.status_reason =
        Some("The submitted information didn't contain changes. Submit different information to create a change set.".into());
    observation.change_sets = vec![nothing.clone()];
    let same = plan(&resource, &observation);
    assert!(is_ready(&same), "{same:?}");
    assert!(message(&same).contains("/parameters/Size") && message(&same).contains("didn't contain changes"));

    nothing.status_reason = Some("Transform AWS::Serverless-2016-10-31 failed with: no".into());
    observation.change_sets = vec![nothing];
    let failed = plan(&resource, &observation);
    assert_eq!((reason(&failed), failed.steps.len()), ("ChangeSetFailed", 0));
    assert!(message(&failed).contains("failed with: no"));
    let again = plan_in(&resource, &observation, &retry());
    assert_eq!(actions(&again), ["DeleteChangeSet", "CreateChangeSet"]);
    assert_eq!(Token::parse(&asked(&again)).unwrap().attempt, 2);

    observation.change_sets = vec![change_set(&name, "CREATE_COMPLETE", "AVAILABLE")];
    let outputs = plan(&resource, &observation);
    assert_eq!(actions(&outputs), ["ExecuteChangeSet"]);
    assert!(outputs.notes[0].contains("only outputs"));
}

#[test]
fn what_an_older_commit_or_attempt_left_is_removed_and_others_change_sets_are_not() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("CREATE_COMPLETE"));
    let name = asked(&plan(&resource, &observation));
    observation.change_sets = vec![
        change_set(&name_of(&declared("  parameters: {Size: huge}\n")), "CREATE_COMPLETE", "AVAILABLE"),
        change_set(&name, "CREATE_COMPLETE", "OBSOLETE"),
        change_set(&name_of(&declared("  parameters: {Size: tiny}\n")), "CREATE_COMPLETE", "EXECUTE_FAILED"),
        change_set("by-hand", "CREATE_COMPLETE", "AVAILABLE"),
        change_set(&as_attempt(&name, Kind::Plan, 1), "CREATE_COMPLETE", "AVAILABLE"),
    ];
    let plan = plan(&resource, &observation);
    assert_eq!(actions(&plan), ["DeleteChangeSet", "DeleteChangeSet", "CreateChangeSet"]);
    assert_eq!(Token::parse(&asked(&plan)).unwrap().attempt, 2);
}

#[test]
fn what_was_executed_last_is_not_asked_for_again_though_aws_shows_it_otherwise() {
    let resource = declared("  parameters: {Size: large}\n");
    let mut observation = observed(live("UPDATE_COMPLETE"));
    let lines = ["stack UPDATE_IN_PROGRESS User Initiated", "stack UPDATE_COMPLETE"];
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), &lines)]);
    assert!(is_ready(&plan(&resource, &observation)));
    // What is made within an update is no operation of its own.
    let making = [lines[0], "Topic CREATE_IN_PROGRESS", "Topic CREATE_COMPLETE", lines[1]];
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), &making)]);
    assert!(is_ready(&plan(&resource, &observation)));
    let console = events(None, &lines);
    observation.events = newest_first(vec![events(Some(&name_of(&resource)), &lines), console]);
    assert_eq!(actions(&plan(&resource, &observation)), ["CreateChangeSet"], "somebody has changed it since");
}

#[test]
fn an_executed_change_set_that_a_server_still_lists_is_not_waited_for() {
    let resource = declared("  parameters: {Size: large}\n");
    let executed = change_set(&name_of(&resource), "CREATE_COMPLETE", "EXECUTE_COMPLETE");
    let mut stack = live("CREATE_COMPLETE");
    stack.change_set_id = Some(executed.id.clone());
    let mut observation = observed(stack);
    observation.change_sets = vec![executed];
    assert!(is_ready(&plan(&resource, &observation)));
    observation.stack = driftless_core::observed::Observed::Present(driftless_core::observed::Stack {
        change_set_id: Some("another".into()),
        ..live("UPDATE_COMPLETE")
    });
    assert_eq!(Token::parse(&asked(&plan(&resource, &observation))).unwrap().attempt, 2);
}

#[test]
fn a_change_set_that_does_not_show_yet_is_not_asked_for_twice() {
    let mut stack = live("REVIEW_IN_PROGRESS");
    stack.created_at = NOW - 5.0;
    let late = plan(&declared(""), &observed(stack.clone()));
    assert_eq!((reason(&late), late.steps.len()), ("Applying", 0));
    stack.created_at = NOW - 61.0;
    assert_eq!(actions(&plan(&declared(""), &observed(stack))), ["CreateChangeSet"]);
}

#[test]
fn a_create_that_aws_deletes_when_it_fails_is_not_repeated_for_ever() {
    let resource = declared("  onFailure: DELETE\n");
    let mut gone = absent();
    gone.predecessor = Some(ID.into());
    let lines = [
        "stack CREATE_IN_PROGRESS User Initiated",
        "Topic CREATE_FAILED no more topics",
        "stack CREATE_FAILED failed",
        "stack DELETE_IN_PROGRESS failed",
        "stack DELETE_COMPLETE",
    ];
    gone.events = newest_first(vec![events(Some(&name_of(&resource)), &lines)]);
    let failed = plan(&resource, &gone);
    assert_eq!((reason(&failed), failed.steps.len()), ("CreateFailed", 0));
    assert_eq!(Token::parse(&asked(&plan_in(&resource, &gone, &retry()))).unwrap().attempt, 2);
    // Whoever deletes a stack by hand gets it back.
    let by_hand = events(None, &["stack DELETE_IN_PROGRESS User Initiated", "stack DELETE_COMPLETE"]);
    let created = events(Some(&name_of(&resource)), &["stack CREATE_IN_PROGRESS User Initiated", "stack CREATE_COMPLETE"]);
    gone.events = newest_first(vec![created, by_hand]);
    assert_eq!(Token::parse(&asked(&plan(&resource, &gone))).unwrap().attempt, 2);
}

#[test]
fn protections_are_set_by_their_own_calls_before_anything_else() {
    let resource = declared(
        "  terminationProtection: true\n  stackPolicy: {inline: {Statement: [{Effect: Allow, Principal: '*', Action: 'Update:*', Resource: '*'}]}}\n  parameters: {Size: large}\n",
    );
    let mut observation = observed(live("CREATE_COMPLETE"));
    observation.policy = Some(String::new());
    assert_eq!(actions(&plan(&resource, &observation)), ["SetStackPolicy", "UpdateTerminationProtection"]);
    let mut stack = live("CREATE_COMPLETE");
    stack.termination_protection = true;
    let mut observation = observed(stack);
    observation.policy =
        Some(r#"{ "Statement": [ {"Principal": "*", "Effect": "Allow", "Action": "Update:*", "Resource": "*"} ] }"#.into());
    assert_eq!(actions(&plan(&resource, &observation)), ["CreateChangeSet"]);
    assert!(actions(&plan(&declared("  terminationProtection: false\n"), &observation)) == ["UpdateTerminationProtection"]);
}
