//! Stacks: their templates, their life, what refuses them and what they tell.

use crate::support::Aws;
use crate::support::stacks::{parameters, with};
use driftless_simulator::{On, Options, StackFailure};
use serde_json::{Value, json};

const TOPICS: &str = "
Parameters:
  Name: {Type: String, Default: orders}
  Display: {Type: String, Default: Orders}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Ref Name, DisplayName: !Ref Display}
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: Topic
    Properties: {QueueName: !Sub '${Topic.TopicName}-queue'}
Outputs:
  Topic: {Value: !Ref Topic, Export: {Name: !Sub '${AWS::StackName}-Topic'}}
";

fn fails(logical: &str, on: On, reason: &str, times: Option<u32>) -> StackFailure {
    StackFailure { stack: "shop".into(), logical_id: logical.into(), on, reason: reason.into(), times }
}

#[tokio::test]
async fn a_stack_is_created_in_the_order_of_its_dependencies_and_tells_it_as_aws_does() {
    let aws = Aws::start().await;
    let id = aws.cfn("CreateStack", json!({"StackName": "shop", "TemplateBody": TOPICS, "ClientRequestToken": "t-1"})).await;
    assert_eq!(aws.stack("shop").await["StackStatus"], "CREATE_IN_PROGRESS");
    assert_eq!(aws.rest("shop").await, "CREATE_COMPLETE");
    assert_eq!(
        aws.events("shop").await,
        [
            "shop CREATE_IN_PROGRESS: User Initiated",
            "Topic CREATE_IN_PROGRESS",
            "Topic CREATE_IN_PROGRESS: Resource creation Initiated",
            "Topic CREATE_COMPLETE",
            "Queue CREATE_IN_PROGRESS",
            "Queue CREATE_IN_PROGRESS: Resource creation Initiated",
            "Queue CREATE_COMPLETE",
            "shop CREATE_COMPLETE",
        ]
    );
    let events = aws.cfn("DescribeStackEvents", json!({"StackName": "shop"})).await["StackEvents"].clone();
    assert!(events.as_array().expect("a list").iter().all(|event| event["ClientRequestToken"] == "t-1"));
    let stack = aws.stack("shop").await;
    assert_eq!(stack["StackId"], id["StackId"]);
    let topic = "arn:aws:sns:eu-central-1:123456789012:orders";
    assert_eq!(stack["Outputs"][0]["OutputValue"], topic);
    let queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-queue";
    assert_eq!(aws.resource("shop", "Queue").await["PhysicalResourceId"], queue);
    let exports = aws.cfn("ListExports", json!({})).await["Exports"].clone();
    assert_eq!((&exports[0]["Name"], &exports[0]["Value"]), (&json!("shop-Topic"), &json!(topic)));
}

#[tokio::test]
async fn the_template_comes_back_byte_for_byte() {
    let aws = Aws::start().await;
    let template = "# <a> & \"b\"\r\nResources:\n\tx: y\n".replace("\tx: y", "  A: {Type: 'AWS::SNS::Topic'} # ü\t.  ");
    aws.create_stack("shop", &template, json!({})).await;
    let answer = aws.cfn("GetTemplate", json!({"StackName": "shop", "TemplateStage": "Original"})).await;
    assert_eq!(answer["TemplateBody"], template.as_str());
}

#[tokio::test]
async fn a_token_makes_a_repeated_create_the_same_stack_and_nothing_else_does() {
    let aws = Aws::start().await;
    let input = json!({"StackName": "shop", "TemplateBody": TOPICS, "ClientRequestToken": "t-1"});
    let first = aws.cfn("CreateStack", input.clone()).await;
    assert_eq!(aws.cfn("CreateStack", input).await, first);
    let other = json!({"StackName": "shop", "TemplateBody": TOPICS});
    let refused = aws.cfn_refused("CreateStack", other).await;
    assert_eq!(refused, ("AlreadyExistsException".into(), "Stack [shop] already exists".into()));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_awss_words() {
    let aws = Aws::start().await;
    let role = "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: app}}}";
    let table = [
        (
            json!({"TemplateBody": TOPICS, "Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}]}),
            "Parameters: [X] do not exist in the template",
        ),
        (
            json!({"TemplateBody": "Parameters: {A: {Type: String}}\nResources: {T: {Type: 'AWS::SNS::Topic'}}"}),
            "Parameters: [A] must have values",
        ),
        (json!({}), "Either Template URL or Template Body must be specified."),
        (
            json!({"TemplateBody": "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {X: !Ref B}}}"}),
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
    ];
    for (more, message) in table {
        assert_eq!(aws.cfn_invalid("CreateStack", with(json!({"StackName": "shop"}), more)).await, message);
    }
    let refused = aws
        .cfn_refused("CreateStack", json!({"StackName": "shop", "TemplateBody": role, "Capabilities": ["CAPABILITY_IAM"]}))
        .await;
    assert_eq!(refused, ("InsufficientCapabilitiesException".into(), "Requires capabilities : [CAPABILITY_NAMED_IAM]".into()));
    let long = format!("# {}\n{TOPICS}", "x".repeat(51_200));
    let message = aws.cfn_invalid("CreateStack", json!({"StackName": "shop", "TemplateBody": long})).await;
    assert!(message.ends_with("failed to satisfy constraint: Member must have length less than or equal to 51200"));
    assert_eq!(aws.cfn_invalid("DescribeStacks", json!({"StackName": "shop"})).await, "Stack with id shop does not exist");
    assert_eq!(aws.cfn_invalid("DescribeStackEvents", json!({"StackName": "shop"})).await, "Stack [shop] does not exist");
}

#[tokio::test]
async fn a_failed_creation_rolls_back_and_can_only_be_deleted() {
    let aws = Aws::start().await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no more queues", Some(1)));
    assert_eq!(aws.create_stack("shop", TOPICS, json!({})).await, "ROLLBACK_COMPLETE");
    aws.told(
        "shop",
        &[
            "Topic CREATE_COMPLETE",
            "Queue CREATE_FAILED: no more queues",
            "shop ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [Queue]. Rollback requested by user.",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "shop ROLLBACK_COMPLETE",
        ],
    )
    .await;
    let stack = aws.stack("shop").await;
    let id = stack["StackId"].as_str().expect("an id").to_string();
    let message = aws.cfn_invalid("UpdateStack", json!({"StackName": "shop", "TemplateBody": TOPICS})).await;
    assert_eq!(message, format!("Stack:{id} is in ROLLBACK_COMPLETE state and can not be updated."));
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
    assert_eq!(aws.create_stack("shop", TOPICS, json!({})).await, "CREATE_COMPLETE", "the name is free again");
}

#[tokio::test]
async fn a_failed_creation_stays_or_goes_as_it_was_asked() {
    let aws = Aws::start().await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", None));
    assert_eq!(aws.create_stack("shop", TOPICS, json!({"OnFailure": "DO_NOTHING"})).await, "CREATE_FAILED");
    assert_eq!(aws.stack("shop").await["StackStatusReason"], "The following resource(s) failed to create: [Queue]. ");
    aws.cfn("RollbackStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "ROLLBACK_COMPLETE");
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    aws.pass(10);
    assert_eq!(aws.create_stack("shop", TOPICS, json!({"OnFailure": "DELETE"})).await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn an_update_without_a_change_is_refused_and_one_in_progress_refuses_others() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let same = json!({"StackName": "shop", "TemplateBody": format!("{TOPICS}# a comment\n")});
    assert_eq!(aws.cfn_invalid("UpdateStack", same).await, "No updates are to be performed.");
    let change = with(json!({"StackName": "shop", "TemplateBody": TOPICS}), parameters(&[("Display", "All")]));
    aws.cfn("UpdateStack", change.clone()).await;
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    let busy = format!("Stack:{id} is in UPDATE_IN_PROGRESS state and can not be updated.");
    assert_eq!(aws.cfn_invalid("UpdateStack", change.clone()).await, busy);
    let set = with(change, json!({"ChangeSetName": "one"}));
    assert_eq!(aws.cfn_invalid("CreateChangeSet", set).await, busy);
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn an_update_changes_in_place_or_replaces_and_then_cleans_up() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Display", "All")])).await, "UPDATE_COMPLETE");
    let events = aws.events("shop").await;
    assert_eq!(
        events[8..],
        [
            "shop UPDATE_IN_PROGRESS: User Initiated",
            "Topic UPDATE_IN_PROGRESS",
            "Topic UPDATE_COMPLETE",
            "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "shop UPDATE_COMPLETE",
        ]
    );
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Name", "sales"), ("Display", "All")])).await, "UPDATE_COMPLETE");
    let events = aws.events("shop").await;
    let creates = "UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.";
    assert_eq!(
        events[13..],
        [
            "shop UPDATE_IN_PROGRESS: User Initiated".to_string(),
            format!("Topic {creates}"),
            "Topic UPDATE_IN_PROGRESS: Resource creation Initiated".into(),
            "Topic UPDATE_COMPLETE".into(),
            format!("Queue {creates}"),
            "Queue UPDATE_IN_PROGRESS: Resource creation Initiated".into(),
            "Queue UPDATE_COMPLETE".into(),
            "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS".into(),
            "Queue DELETE_IN_PROGRESS".into(),
            "Queue DELETE_COMPLETE".into(),
            "Topic DELETE_IN_PROGRESS".into(),
            "Topic DELETE_COMPLETE".into(),
            "shop UPDATE_COMPLETE".into(),
        ]
    );
    assert_eq!(aws.stack("shop").await["Outputs"][0]["OutputValue"], "arn:aws:sns:eu-central-1:123456789012:sales");
}

#[tokio::test]
async fn a_failed_update_brings_everything_back() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let before = aws.stack("shop").await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no more queues", Some(1)));
    let rename = with(parameters(&[("Name", "sales")]), json!({"ClientRequestToken": "t-2"}));
    assert_eq!(aws.update_stack("shop", TOPICS, rename).await, "UPDATE_ROLLBACK_COMPLETE");
    let events = aws.cfn("DescribeStackEvents", json!({"StackName": "shop"})).await["StackEvents"].clone();
    let tokens = events.as_array().expect("a list").iter().map(|event| event["ClientRequestToken"].as_str());
    let update = events.as_array().expect("a list").len() - 8;
    assert!(tokens.take(update).all(|token| token == Some("t-2")), "the rollback's events have the update's token");
    aws.told(
        "shop",
        &[
            "Topic UPDATE_COMPLETE",
            "Queue UPDATE_FAILED: no more queues",
            "shop UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [Queue]. ",
            "shop UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "shop UPDATE_ROLLBACK_COMPLETE",
        ],
    )
    .await;
    let after = aws.stack("shop").await;
    assert_eq!((&after["Outputs"], &after["Parameters"]), (&before["Outputs"], &before["Parameters"]));
    let topic = "arn:aws:sns:eu-central-1:123456789012:orders";
    assert_eq!(aws.resource("shop", "Topic").await["PhysicalResourceId"], topic);
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Name", "sales")])).await, "UPDATE_COMPLETE", "it can be updated");
}

#[tokio::test]
async fn a_rollback_that_fails_goes_on_when_it_is_told_to_and_skips_only_what_is_named() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", Some(1)));
    aws.simulator.fail_stack_resource(fails("Topic", On::Rollback, "stuck", Some(2)));
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Name", "sales")])).await, "UPDATE_ROLLBACK_FAILED");
    aws.told(
        "shop",
        &["Topic UPDATE_FAILED: stuck", "shop UPDATE_ROLLBACK_FAILED: The following resource(s) failed to update: [Topic]. "],
    )
    .await;
    aws.cfn("ContinueUpdateRollback", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_ROLLBACK_FAILED", "it is still stuck");
    let other = aws.cfn_invalid("ContinueUpdateRollback", json!({"StackName": "shop", "ResourcesToSkip": ["Queue"]})).await;
    assert!(other.contains("[Queue]"), "{other}");
    aws.cfn("ContinueUpdateRollback", json!({"StackName": "shop", "ResourcesToSkip": ["Topic"]})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn an_update_without_rollback_stays_failed_until_it_is_rolled_back_or_repaired() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    aws.simulator.fail_stack_resource(fails("Topic", On::Update, "no", Some(2)));
    let change = with(parameters(&[("Display", "All")]), json!({"DisableRollback": true}));
    assert_eq!(aws.update_stack("shop", TOPICS, change.clone()).await, "UPDATE_FAILED");
    aws.cfn("RollbackStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(aws.update_stack("shop", TOPICS, change.clone()).await, "UPDATE_FAILED");
    assert_eq!(aws.update_stack("shop", TOPICS, change).await, "UPDATE_COMPLETE");
    aws.told("shop", &["Topic UPDATE_FAILED: no", "Topic UPDATE_FAILED: no", "Topic UPDATE_COMPLETE", "shop UPDATE_COMPLETE"])
        .await;
}

#[tokio::test]
async fn a_creation_without_rollback_can_be_repaired_by_an_update() {
    let aws = Aws::start().await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", Some(1)));
    assert_eq!(aws.create_stack("shop", TOPICS, json!({"DisableRollback": true})).await, "CREATE_FAILED");
    assert_eq!(aws.update_stack("shop", TOPICS, json!({"DisableRollback": true})).await, "UPDATE_COMPLETE");
    aws.told("shop", &["Queue CREATE_FAILED: no", "shop UPDATE_IN_PROGRESS: User Initiated", "Queue CREATE_COMPLETE"]).await;
    let queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-queue";
    assert_eq!(aws.resource("shop", "Queue").await["PhysicalResourceId"], queue);
}

#[tokio::test]
async fn an_update_can_be_cancelled_while_it_is_in_progress_only() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let message = aws.cfn_invalid("CancelUpdateStack", json!({"StackName": "shop"})).await;
    assert_eq!(message, "CancelUpdateStack cannot be called from current stack status");
    let change = with(json!({"StackName": "shop", "TemplateBody": TOPICS}), parameters(&[("Display", "All")]));
    aws.cfn("UpdateStack", change).await;
    aws.pass(2);
    aws.cfn("CancelUpdateStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_ROLLBACK_COMPLETE");
    aws.told("shop", &["Topic UPDATE_FAILED: Resource update cancelled", "shop UPDATE_ROLLBACK_IN_PROGRESS: User Initiated"])
        .await;
}

#[tokio::test]
async fn a_deletion_that_fails_says_what_still_stands_and_can_retain_it() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.simulator.fail_stack_resource(fails("Queue", On::Delete, "in use", None));
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "DELETE_FAILED");
    assert_eq!(aws.stack("shop").await["StackStatusReason"], "The following resource(s) failed to delete: [Queue]. ");
    assert_eq!(aws.resource("shop", "Topic").await["ResourceStatus"], "CREATE_COMPLETE", "the queue needs it");
    aws.cfn("DeleteStack", json!({"StackName": "shop", "RetainResources": ["Queue"]})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
    aws.told(&id, &["Queue DELETE_FAILED: in use", "Queue DELETE_SKIPPED", "Topic DELETE_COMPLETE", "shop DELETE_COMPLETE"])
        .await;
    let listed = aws.cfn("ListStacks", json!({"StackStatusFilter": ["DELETE_COMPLETE"]})).await;
    assert_eq!(listed["StackSummaries"][0]["StackId"], id);
    let shown = aws.cfn("DescribeStacks", json!({})).await["Stacks"].clone();
    assert_eq!(shown, json!(""), "deleted stacks are shown by id only");
}

#[tokio::test]
async fn a_forced_deletion_leaves_what_cannot_be_deleted() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.simulator.fail_stack_resource(fails("Queue", On::Delete, "in use", None));
    let force = json!({"StackName": "shop", "DeletionMode": "FORCE_DELETE_STACK"});
    aws.cfn_invalid("DeleteStack", force.clone()).await;
    let retain = aws.cfn_invalid("DeleteStack", json!({"StackName": "shop", "RetainResources": ["Queue"]})).await;
    assert!(retain.ends_with("specify which resources to retain only when the stack is in the DELETE_FAILED state."), "{retain}");
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "DELETE_FAILED");
    aws.cfn("DeleteStack", force).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn what_is_to_be_retained_is_skipped_also_when_the_creation_is_rolled_back() {
    let aws = Aws::start().await;
    let kept = TOPICS.replace("    Type: AWS::SNS::Topic", "    DeletionPolicy: Retain\n    Type: AWS::SNS::Topic");
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", Some(1)));
    assert_eq!(aws.create_stack("shop", &kept, json!({})).await, "ROLLBACK_COMPLETE");
    aws.told("shop", &["Topic DELETE_SKIPPED", "shop ROLLBACK_COMPLETE"]).await;
}

#[tokio::test]
async fn what_is_to_be_retained_except_on_create_goes_with_a_failed_creation_and_stays_after_a_deletion() {
    let aws = Aws::start().await;
    let kept = TOPICS.replace("    Type: AWS::SNS::Topic", "    DeletionPolicy: RetainExceptOnCreate\n    Type: AWS::SNS::Topic");
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", Some(1)));
    assert_eq!(aws.create_stack("shop", &kept, json!({})).await, "ROLLBACK_COMPLETE");
    aws.told("shop", &["Topic DELETE_COMPLETE", "shop ROLLBACK_COMPLETE"]).await;
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    aws.pass(10);
    aws.create_stack("shop", &kept, json!({})).await;
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
    aws.told(&id, &["Topic DELETE_SKIPPED", "shop DELETE_COMPLETE"]).await;
}

#[tokio::test]
async fn a_rollback_of_a_creation_that_fails_says_what_still_stands() {
    let aws = Aws::start().await;
    aws.simulator.fail_stack_resource(fails("Queue", On::Create, "no", Some(1)));
    aws.simulator.fail_stack_resource(fails("Topic", On::Rollback, "in use", Some(1)));
    assert_eq!(aws.create_stack("shop", TOPICS, json!({})).await, "ROLLBACK_FAILED");
    assert_eq!(aws.stack("shop").await["StackStatusReason"], "The following resource(s) failed to delete: [Topic]. ");
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn termination_protection_refuses_the_deletion() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({"EnableTerminationProtection": true})).await;
    let message = aws.cfn_invalid("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(message, "Stack [shop] cannot be deleted while TerminationProtection is enabled");
    aws.cfn("UpdateTerminationProtection", json!({"StackName": "shop", "EnableTerminationProtection": false})).await;
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
}

#[tokio::test]
async fn a_stack_policy_fails_the_update_of_what_it_protects() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "LogicalResourceId/Topic"},
    ]})
    .to_string();
    aws.cfn("SetStackPolicy", json!({"StackName": "shop", "StackPolicyBody": policy})).await;
    assert_eq!(aws.cfn("GetStackPolicy", json!({"StackName": "shop"})).await["StackPolicyBody"], policy.as_str());
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Name", "sales")])).await, "UPDATE_ROLLBACK_COMPLETE");
    let denied = "Topic UPDATE_FAILED: Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource \
                  [LogicalResourceId/Topic];";
    aws.told("shop", &[denied]).await;
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Display", "All")])).await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn an_export_in_use_is_neither_changed_nor_deleted() {
    let aws = Aws::start().await;
    let user = "Resources:\n  Sub:\n    Type: AWS::SNS::Subscription\n    Properties: {TopicArn: !ImportValue shop-Topic}\n";
    assert_eq!(aws.create_stack("user", user, json!({})).await, "ROLLBACK_COMPLETE");
    aws.told("user", &["user ROLLBACK_IN_PROGRESS: No export named shop-Topic found. Rollback requested by user."]).await;
    aws.cfn("DeleteStack", json!({"StackName": "user"})).await;
    aws.pass(5);
    aws.create_stack("shop", TOPICS, json!({})).await;
    assert_eq!(aws.create_stack("user", user, json!({})).await, "CREATE_COMPLETE");
    assert_eq!(aws.cfn("ListImports", json!({"ExportName": "shop-Topic"})).await["Imports"], json!(["user"]));
    assert_eq!(aws.update_stack("shop", TOPICS, parameters(&[("Name", "sales")])).await, "UPDATE_ROLLBACK_COMPLETE");
    aws.told("shop", &["shop UPDATE_ROLLBACK_IN_PROGRESS: Export shop-Topic cannot be updated as it is in use by user"]).await;
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_ROLLBACK_COMPLETE", "the deletion is cancelled");
    let reason = "Delete canceled. Cannot delete export shop-Topic as it is in use by user.";
    assert_eq!(aws.stack("shop").await["StackStatusReason"], reason);
    aws.cfn("DeleteStack", json!({"StackName": "user"})).await;
    aws.pass(10);
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let aws = Aws::with(Options { page_size: Some(3), ..Options::default() }).await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let (mut token, mut seen) = (Value::Null, 0);
    loop {
        let page = aws.cfn("DescribeStackEvents", json!({"StackName": "shop", "NextToken": token})).await;
        let events = page["StackEvents"].as_array().expect("a list").len();
        assert!(events <= 3);
        seen += events;
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, 8);
}
