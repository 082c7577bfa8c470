//! Change sets: what they show, what becomes of them, and that they change nothing until they are executed.

use crate::support::Aws;
use crate::support::stacks::{parameters, with};
use driftless_simulator::{On, StackFailure};
use serde_json::{Value, json};

const TOPICS: &str = "
Parameters:
  Name: {Type: String, Default: orders}
  Label: {Type: String, Default: a}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Ref Name, DisplayName: Orders}
  Copy:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !GetAtt Topic.DisplayName}
  Link:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Ref Topic}
Outputs:
  Label: {Value: !Ref Label}
";

/// The changes by logical id.
fn change<'a>(set: &'a Value, logical: &str) -> &'a Value {
    let changes = set["Changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = changes.iter().map(|change| &change["ResourceChange"]).find(|change| change["LogicalResourceId"] == logical);
    found.unwrap_or(&Value::Null)
}

fn detail(source: &str, evaluation: &str, entity: Option<&str>, name: &str, recreation: &str) -> Value {
    let target = json!({"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation});
    let mut detail = json!({"ChangeSource": source, "Evaluation": evaluation, "Target": target});
    if let Some(entity) = entity {
        detail["CausingEntity"] = entity.into();
    }
    detail
}

#[tokio::test]
async fn a_change_set_shows_a_replacement_and_what_follows_from_it() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let set = aws.change_set("shop", "rename", TOPICS, parameters(&[("Name", "sales")])).await;
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("CREATE_COMPLETE"), &json!("AVAILABLE")));
    let topic = change(&set, "Topic");
    assert_eq!(
        (&topic["Action"], &topic["Replacement"], &topic["PolicyAction"], &topic["Scope"]),
        (&json!("Modify"), &json!("True"), &json!("ReplaceAndDelete"), &json!(["Properties"]))
    );
    // As AWS has recorded it for a parameter that changes a name.
    let parameter = detail("ParameterReference", "Static", Some("Name"), "TopicName", "Always");
    let direct = detail("DirectModification", "Dynamic", None, "TopicName", "Always");
    assert_eq!(topic["Details"], json!([parameter, direct]));
    let reference = detail("ResourceReference", "Static", Some("Topic"), "Value", "Never");
    assert_eq!(change(&set, "Link")["Details"][0], reference);
    assert_eq!(change(&set, "Link")["Replacement"], "False");
    let attribute = detail("ResourceAttribute", "Static", Some("Topic.DisplayName"), "Value", "Never");
    assert_eq!(change(&set, "Copy")["Details"][0], attribute);
}

#[tokio::test]
async fn what_depends_on_an_attribute_is_shown_as_dynamic() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let set = aws.change_set("shop", "label", &TOPICS.replace("DisplayName: Orders", "DisplayName: Sales"), json!({})).await;
    let topic = change(&set, "Topic");
    assert_eq!(topic["Replacement"], "False");
    assert_eq!(topic["Details"], json!([detail("DirectModification", "Static", None, "DisplayName", "Never")]));
    let dynamic = detail("ResourceAttribute", "Dynamic", Some("Topic.DisplayName"), "Value", "Never");
    assert_eq!(change(&set, "Copy")["Details"], json!([dynamic]));
    assert_eq!(change(&set, "Link"), &Value::Null, "the topic's ARN stays");
    let input = json!({"StackName": "shop", "ChangeSetName": "label", "IncludePropertyValues": true});
    let values = aws.cfn("DescribeChangeSet", input).await;
    let target = &change(&values, "Topic")["Details"][0]["Target"];
    assert_eq!((&target["BeforeValue"], &target["AfterValue"]), (&json!("Orders"), &json!("Sales")));
    assert_eq!(target["Path"], "/Properties/DisplayName");
    let after: Value = serde_json::from_str(change(&values, "Topic")["AfterContext"].as_str().expect("text")).expect("JSON");
    assert_eq!(after, json!({"Properties": {"TopicName": "orders", "DisplayName": "Sales"}}));
}

#[tokio::test]
async fn a_change_set_without_changes_fails_and_cannot_be_executed() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let set = aws.change_set("shop", "none", &format!("{TOPICS}# comment\n"), json!({})).await;
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    let reason = "The submitted information didn't contain changes. Submit different information to create a change set.";
    assert_eq!(set["StatusReason"], reason);
    let refused = aws.cfn_refused("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "none"})).await;
    assert_eq!(refused.0, "InvalidChangeSetStatus");
    assert!(refused.1.ends_with("cannot be executed in its current status of [FAILED]"), "{}", refused.1);
}

#[tokio::test]
async fn an_output_alone_is_an_executable_change_set_without_changes() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let set = aws.change_set("shop", "label", TOPICS, parameters(&[("Label", "b")])).await;
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("CREATE_COMPLETE"), &json!("AVAILABLE")));
    assert_eq!(set["Changes"], json!(""), "an empty list");
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "label"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    assert_eq!(aws.stack("shop").await["Outputs"][0]["OutputValue"], "b");
}

#[tokio::test]
async fn a_change_set_is_not_ready_at_once() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let input = with(json!({"StackName": "shop", "ChangeSetName": "one", "TemplateBody": TOPICS}), parameters(&[("Label", "b")]));
    aws.cfn("CreateChangeSet", input).await;
    let named = json!({"StackName": "shop", "ChangeSetName": "one"});
    let begun = aws.cfn("DescribeChangeSet", named.clone()).await;
    assert_eq!((&begun["Status"], &begun["ExecutionStatus"]), (&json!("CREATE_IN_PROGRESS"), &json!("UNAVAILABLE")));
    let refused = aws.cfn_refused("ExecuteChangeSet", named).await;
    assert!(refused.1.ends_with("cannot be executed in its current status of [CREATE_IN_PROGRESS]"), "{}", refused.1);
}

#[tokio::test]
async fn a_stack_can_be_created_through_a_change_set_and_waits_in_review_until_then() {
    let aws = Aws::start().await;
    let missing = json!({"StackName": "shop", "ChangeSetName": "first", "TemplateBody": TOPICS});
    assert_eq!(aws.cfn_invalid("CreateChangeSet", missing).await, "Stack [shop] does not exist");
    let set = aws.change_set("shop", "first", TOPICS, json!({"ChangeSetType": "CREATE"})).await;
    assert_eq!(change(&set, "Topic")["Action"], "Add");
    assert_eq!(aws.rest("shop").await, "REVIEW_IN_PROGRESS");
    assert!(aws.cfn("ListStackResources", json!({"StackName": "shop"})).await["StackResourceSummaries"].as_array().is_none());
    let refused = aws.cfn_refused("CreateStack", json!({"StackName": "shop", "TemplateBody": TOPICS})).await.0;
    assert_eq!(refused, "AlreadyExistsException");
    let execute = json!({"StackName": "shop", "ChangeSetName": "first", "ClientRequestToken": "t-1"});
    aws.cfn("ExecuteChangeSet", execute.clone()).await;
    aws.cfn("ExecuteChangeSet", execute).await;
    assert_eq!(aws.rest("shop").await, "CREATE_COMPLETE");
    let events = aws.cfn("DescribeStackEvents", json!({"StackName": "shop"})).await["StackEvents"].clone();
    let tokens = events.as_array().expect("a list").iter().filter(|event| event["ClientRequestToken"] == "t-1").count();
    assert_eq!(tokens, events.as_array().expect("a list").len() - 1, "all but the review");
    let again = json!({"StackName": "shop", "ChangeSetName": "second", "TemplateBody": TOPICS, "ChangeSetType": "CREATE"});
    let message = "Stack [shop] already exists and cannot be created again with the changeSet [second].";
    assert_eq!(aws.cfn_invalid("CreateChangeSet", again).await, message);
}

#[tokio::test]
async fn a_creation_by_a_change_set_ends_as_it_says_when_it_fails() {
    for (on_failure, status) in
        [(json!(null), "ROLLBACK_COMPLETE"), (json!("DO_NOTHING"), "CREATE_FAILED"), (json!("DELETE"), "DELETE_COMPLETE")]
    {
        let aws = Aws::start().await;
        let failure =
            StackFailure { stack: "shop".into(), logical_id: "Topic".into(), on: On::Create, reason: "no".into(), times: None };
        aws.simulator.fail_stack_resource(failure);
        aws.change_set("shop", "first", TOPICS, json!({"ChangeSetType": "CREATE", "OnStackFailure": on_failure})).await;
        let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
        aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "first"})).await;
        assert_eq!(aws.rest(&id).await, status);
    }
}

#[tokio::test]
async fn the_same_request_is_the_same_change_set_and_another_under_its_name_is_refused() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let input = with(
        json!({"StackName": "shop", "ChangeSetName": "one", "TemplateBody": TOPICS, "ClientToken": "c-1"}),
        parameters(&[("Label", "b")]),
    );
    let first = aws.cfn("CreateChangeSet", input.clone()).await;
    assert_eq!(aws.cfn("CreateChangeSet", input.clone()).await["Id"], first["Id"]);
    let other = with(input, parameters(&[("Label", "c")]));
    let refused = aws.cfn_refused("CreateChangeSet", other).await;
    let message = "ChangeSet one cannot be created due to a mismatch with existing attribute Parameters";
    assert_eq!(refused, ("AlreadyExistsException".into(), message.into()));
    let listed = aws.cfn("ListChangeSets", json!({"StackName": "shop"})).await["Summaries"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn executing_one_change_set_deletes_the_others_and_a_deleted_one_is_not_found() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    for (name, label) in [("one", "b"), ("two", "c")] {
        aws.change_set("shop", name, TOPICS, parameters(&[("Label", label)])).await;
    }
    let id = aws.cfn("DescribeChangeSet", json!({"StackName": "shop", "ChangeSetName": "one"})).await["ChangeSetId"].clone();
    aws.cfn("ExecuteChangeSet", json!({"ChangeSetName": id})).await;
    assert_eq!(aws.simulator.calls().last().map(|call| call.resource.clone()).as_deref(), Some("one"));
    aws.rest("shop").await;
    let named = |name: &str| json!({"StackName": "shop", "ChangeSetName": name});
    let (status, answer) = aws.form("DescribeChangeSet", named("two")).await;
    assert_eq!((status, &answer["ErrorResponse"]["Error"]["Code"]), (404, &json!("ChangeSetNotFound")));
    assert_eq!(answer["ErrorResponse"]["Error"]["Message"], "ChangeSet [two] does not exist");
    assert_eq!(aws.cfn("DescribeChangeSet", named("one")).await["ExecutionStatus"], "EXECUTE_COMPLETE");
    aws.change_set("shop", "three", TOPICS, parameters(&[("Label", "d")])).await;
    aws.cfn("DeleteChangeSet", named("three")).await;
    aws.cfn("DeleteChangeSet", named("three")).await;
    assert_eq!(aws.cfn_refused("DescribeChangeSet", named("three")).await.0, "ChangeSetNotFound");
    assert_eq!(aws.stack("shop").await["Outputs"][0]["OutputValue"], "b", "only the executed one has an effect");
}

#[tokio::test]
async fn a_removed_resource_is_shown_with_what_becomes_of_it() {
    let aws = Aws::start().await;
    let kept = TOPICS.replace("  Link:\n", "  Link:\n    DeletionPolicy: Retain\n");
    aws.create_stack("shop", &kept, json!({})).await;
    let less = kept.split("  Copy:").next().expect("a part").to_string();
    let set = aws.change_set("shop", "less", &less, json!({})).await;
    assert_eq!((&change(&set, "Copy")["Action"], &change(&set, "Copy")["PolicyAction"]), (&json!("Remove"), &json!("Delete")));
    assert_eq!(change(&set, "Link")["PolicyAction"], "Retain");
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "less"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    aws.told("shop", &["shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Link DELETE_SKIPPED", "shop UPDATE_COMPLETE"]).await;
    aws.cfn_invalid("DescribeStackResource", json!({"StackName": "shop", "LogicalResourceId": "Link"})).await;
}

#[tokio::test]
async fn new_stack_tags_reach_the_resources_that_take_tags() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TOPICS, json!({})).await;
    let tags = json!({"Tags": [{"Key": "team", "Value": "shop"}]});
    let set = aws.change_set("shop", "tags", TOPICS, tags).await;
    assert_eq!(change(&set, "Topic")["Scope"], json!(["Tags"]));
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "tags"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    assert_eq!(aws.stack("shop").await["Tags"], json!([{"Key": "team", "Value": "shop"}]));
    let unsaid = aws.change_set("shop", "same", TOPICS, json!({})).await;
    assert_eq!(unsaid["Status"], "FAILED", "tags that are not sent stay as they are");
}
