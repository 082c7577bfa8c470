//! Stacks inside stacks: what they inherit, how they change by themselves, and what early validation finds.

use std::time::Duration;

use crate::support::Aws;
use driftless_simulator::{Options, StackDrift};
use serde_json::{Value, json};

const PARENT: &str = "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: \
                      https://templates.s3.eu-central-1.amazonaws.com/inner.yaml\n      Parameters: {Name: one}\n\
                      Outputs:\n  Topic: {Value: !GetAtt Inner.Outputs.Topic}\n";

fn inner(display: &str) -> String {
    format!(
        "Parameters: {{Name: {{Type: String}}}}\nResources:\n  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: {display}}}}}\n\
         Outputs: {{Topic: {{Value: !Ref Topic}}}}\n"
    )
}

async fn nested() -> Aws {
    let aws = Aws::start().await;
    aws.simulator.create_bucket("templates");
    aws.simulator.put_object("templates", "inner.yaml", inner("a"));
    let tags = json!({"Tags": [{"Key": "team", "Value": "shop"}]});
    assert_eq!(aws.create_stack("parent", PARENT, tags).await, "CREATE_COMPLETE");
    aws
}

async fn child(aws: &Aws) -> Value {
    let id = aws.resource("parent", "Inner").await["PhysicalResourceId"].as_str().expect("an id").to_string();
    aws.stack(&id).await
}

#[tokio::test]
async fn a_nested_stack_names_its_parent_has_its_tags_and_gives_it_outputs() {
    let aws = nested().await;
    let (parent, child) = (aws.stack("parent").await, child(&aws).await);
    assert_eq!(child["ParentId"], parent["StackId"]);
    assert_eq!(child["RootId"], parent["StackId"]);
    assert_eq!(child["Tags"], json!([{"Key": "team", "Value": "shop"}]));
    assert_eq!(child["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(parent["Outputs"][0]["OutputValue"], child["Outputs"][0]["OutputValue"]);
    aws.cfn("DeleteStack", json!({"StackName": "parent"})).await;
    assert_eq!(aws.rest(parent["StackId"].as_str().expect("an id")).await, "DELETE_COMPLETE");
    assert_eq!(aws.stack(child["StackId"].as_str().expect("an id")).await["StackStatus"], "DELETE_COMPLETE");
}

#[tokio::test]
async fn every_change_set_of_a_parent_shows_an_automatic_change_unless_it_looks_inside() {
    let aws = nested().await;
    let set = aws.change_set("parent", "outside", PARENT, json!({})).await;
    let change = &set["Changes"][0]["ResourceChange"];
    assert_eq!((&change["Action"], &change["Details"][0]["ChangeSource"]), (&json!("Modify"), &json!("Automatic")), "{set}");
    let set = aws.change_set("parent", "inside", PARENT, json!({"IncludeNestedStacks": true})).await;
    assert_eq!(set["Status"], "FAILED", "{set}");
    aws.simulator.put_object("templates", "inner.yaml", inner("b"));
    let set = aws.change_set("parent", "other", PARENT, json!({"IncludeNestedStacks": true})).await;
    let inside = set["Changes"][0]["ResourceChange"]["ChangeSetId"].clone();
    let inside = aws.cfn("DescribeChangeSet", json!({"ChangeSetName": inside})).await;
    assert_eq!(inside["ParentChangeSetId"], set["ChangeSetId"]);
    assert_eq!(inside["Changes"][0]["ResourceChange"]["LogicalResourceId"], "Topic");
    aws.cfn("ExecuteChangeSet", json!({"StackName": "parent", "ChangeSetName": "other"})).await;
    assert_eq!(aws.rest("parent").await, "UPDATE_COMPLETE");
    assert_eq!(child(&aws).await["StackStatus"], "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_change_of_tags_replaces_what_it_replaces_on_aws() {
    let aws = Aws::start().await;
    let template = "Resources: {Jobs: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED}}}";
    aws.create_stack("batch", template, json!({})).await;
    let before = aws.resource("batch", "Jobs").await["PhysicalResourceId"].clone();
    let tags = json!({"Tags": [{"Key": "team", "Value": "shop"}]});
    let set = aws.change_set("batch", "tags", template, tags.clone()).await;
    assert_eq!(set["Changes"][0]["ResourceChange"]["Replacement"], "True");
    assert_eq!(aws.update_stack("batch", template, tags).await, "UPDATE_COMPLETE");
    assert_ne!(aws.resource("batch", "Jobs").await["PhysicalResourceId"], before);
}

#[tokio::test]
async fn a_moved_ssm_parameter_replaces_an_instance_without_a_change_of_the_template() {
    let aws = Aws::start().await;
    let template = "Parameters: {Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /image}}\n\
                    Resources: {Host: {Type: 'AWS::EC2::Instance', Properties: {ImageId: !Ref Image}}}\n";
    aws.create_stack("host", template, json!({})).await;
    aws.simulator.set_ssm_parameter("/image", "ami-0123456789abcdef0");
    let set = aws.change_set("host", "moved", template, json!({})).await;
    assert_eq!(set["Changes"][0]["ResourceChange"]["Replacement"], "True", "{set}");
}

#[tokio::test]
async fn a_name_that_is_taken_is_found_early_and_told_by_the_events_of_the_change_set() {
    let aws = Aws::start().await;
    aws.simulator.create_bucket("taken");
    let template = "Resources: {Store: {Type: 'AWS::S3::Bucket', Properties: {BucketName: taken}}}";
    let set = aws.change_set("store", "first", template, json!({"ChangeSetType": "CREATE"})).await;
    assert_eq!(set["Status"], "FAILED");
    assert!(set["StatusReason"].as_str().expect("a reason").contains("AWS::EarlyValidation::ResourceExistenceCheck"));
    let events = aws.cfn("DescribeEvents", json!({"ChangeSetName": set["ChangeSetId"]})).await;
    let event = &events["OperationEvents"][0];
    assert_eq!(event["ValidationStatusReason"], "Resource of type 'AWS::S3::Bucket' with identifier 'taken' already exists.");
    let message = aws.cfn_invalid("DescribeEvents", json!({"ChangeSetName": "first"})).await;
    assert_eq!(message, "One of ChangeSetName, OperationId or StackName must be specified");
}

#[tokio::test]
async fn one_resource_can_be_looked_at_and_what_cannot_be_read_is_unknown() {
    let aws = Aws::start().await;
    let template = "Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: a}}}";
    aws.create_stack("topic", template, json!({})).await;
    let look = json!({"StackName": "topic", "LogicalResourceId": "Topic"});
    let seen = aws.cfn("DetectStackResourceDrift", look.clone()).await;
    assert_eq!(seen["StackResourceDrift"]["StackResourceDriftStatus"], "IN_SYNC");
    let (stack, logical_id) = ("topic".into(), "Topic".into());
    aws.simulator.drift_stack_resource(&StackDrift {
        stack,
        logical_id,
        property: None,
        value: Value::Null,
        unknown: true,
        deleted: false,
    });
    assert_eq!(aws.cfn("DetectStackResourceDrift", look).await["StackResourceDrift"]["StackResourceDriftStatus"], "UNKNOWN");
    let id = aws.cfn("DetectStackDrift", json!({"StackName": "topic"})).await["StackDriftDetectionId"].clone();
    aws.pass(4);
    let status = aws.cfn("DescribeStackDriftDetectionStatus", json!({"StackDriftDetectionId": id})).await;
    assert_eq!(status["StackDriftStatus"], "UNKNOWN");
}

#[tokio::test]
async fn what_has_just_come_into_being_is_refused_for_a_while() {
    let aws = Aws::with(Options { first_use: Some(Duration::from_secs(30)), ..Options::default() }).await;
    let role = "Resources: {Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: execution}}}";
    aws.create_stack("roles", role, json!({"Capabilities": ["CAPABILITY_NAMED_IAM"]})).await;
    let containers = json!([{"name": "app", "image": "nginx:1", "memory": 64}]);
    let document = json!({"family": "web", "executionRoleArn": "arn:aws:iam::123456789012:role/execution", "containerDefinitions": containers});
    assert_eq!(aws.refused("RegisterTaskDefinition", document.clone()).await.1, "Role is not valid");
    aws.pass(30);
    aws.ok("RegisterTaskDefinition", document).await;
    let service = json!({"cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1});
    assert!(aws.refused("CreateService", service.clone()).await.1.contains("service linked role"));
    aws.pass(30);
    aws.ok("CreateService", service).await;
}
