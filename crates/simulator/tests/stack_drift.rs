//! Drift: what somebody has changed behind a stack's back, and how it is shown and reverted.

use crate::support::Aws;
use crate::support::stacks::{parameters, with};
use driftless_simulator::StackDrift;
use serde_json::{Value, json};

const TEMPLATE: &str = "
Parameters: {Title: {Type: String, Default: Orders}}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: orders, DisplayName: !Ref Title}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Environment: {Variables: {LEVEL: info}}, Layers: [a, b]}
";

async fn detect(aws: &Aws) -> Value {
    let id = aws.cfn("DetectStackDrift", json!({"StackName": "shop"})).await["StackDriftDetectionId"].clone();
    let asked = json!({"StackDriftDetectionId": id});
    let begun = aws.cfn("DescribeStackDriftDetectionStatus", asked.clone()).await;
    assert_eq!(begun["DetectionStatus"], "DETECTION_IN_PROGRESS");
    aws.pass(5);
    let ended = aws.cfn("DescribeStackDriftDetectionStatus", asked).await;
    assert_eq!(ended["DetectionStatus"], "DETECTION_COMPLETE");
    ended
}

fn drift(logical: &str, property: &str, value: Value) -> StackDrift {
    let (stack, logical_id) = ("shop".into(), logical.into());
    StackDrift { stack, logical_id, property: Some(property.into()), value, deleted: false, unknown: false }
}

#[tokio::test]
async fn drift_is_found_property_by_property() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TEMPLATE, json!({})).await;
    assert_eq!(aws.stack("shop").await["DriftInformation"]["StackDriftStatus"], "NOT_CHECKED");
    assert_eq!(detect(&aws).await["StackDriftStatus"], "IN_SYNC");
    assert!(aws.simulator.drift_stack_resource(&drift("Function", "/Environment/Variables/LEVEL", json!("debug"))));
    assert!(aws.simulator.drift_stack_resource(&drift("Function", "/Layers/2", json!("c"))));
    assert!(aws.simulator.drift_stack_resource(&drift("Function", "/MemorySize", json!(512))));
    assert!(!aws.simulator.drift_stack_resource(&drift("Nobody", "/X", json!(1))));
    let found = detect(&aws).await;
    assert_eq!((&found["StackDriftStatus"], &found["DriftedStackResourceCount"]), (&json!("DRIFTED"), &json!("1")));
    let asked = json!({"StackName": "shop", "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]});
    let drifts = aws.cfn("DescribeStackResourceDrifts", asked).await["StackResourceDrifts"].clone();
    assert_eq!(drifts.as_array().map(Vec::len), Some(1));
    let difference = |path: &str, expected: &str, actual: &str, kind: &str| json!({"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": kind});
    assert_eq!(
        drifts[0]["PropertyDifferences"],
        json!([
            difference("/Environment/Variables/LEVEL", "info", "debug", "NOT_EQUAL"),
            difference("/Layers/2", "null", "c", "ADD"),
        ]),
        "what the template does not say is no drift"
    );
    let actual: Value = serde_json::from_str(drifts[0]["ActualProperties"].as_str().expect("text")).expect("JSON");
    assert_eq!(actual["Environment"]["Variables"]["LEVEL"], "debug");
    assert_eq!(aws.resource("shop", "Topic").await["DriftInformation"]["StackResourceDriftStatus"], "IN_SYNC");
    assert_eq!(aws.stack("shop").await["DriftInformation"]["StackDriftStatus"], "DRIFTED");
}

#[tokio::test]
async fn an_ordinary_change_set_does_not_see_drift_and_a_drift_aware_one_reverts_it() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TEMPLATE, json!({})).await;
    aws.control(
        "cloudformation/drift",
        Some(json!({"stack": "shop", "logicalId": "Topic", "property": "/DisplayName", "value": "X"})),
    )
    .await;
    let blind = aws.change_set("shop", "blind", TEMPLATE, json!({})).await;
    assert_eq!(blind["Status"], "FAILED");
    let set = aws.change_set("shop", "heal", TEMPLATE, json!({"DeploymentMode": "REVERT_DRIFT"})).await;
    assert_eq!((&set["Status"], &set["DeploymentMode"]), (&json!("CREATE_COMPLETE"), &json!("REVERT_DRIFT")));
    let changes = set["Changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 1);
    let change = &changes[0]["ResourceChange"];
    assert_eq!((&change["ResourceDriftStatus"], &change["Replacement"]), (&json!("MODIFIED"), &json!("False")));
    let target = &change["Details"][0]["Target"];
    assert_eq!(
        (&target["BeforeValue"], &target["AfterValue"], &target["BeforeValueFrom"]),
        (&json!("X"), &json!("Orders"), &json!("ACTUAL_STATE"))
    );
    assert_eq!((&target["Drift"]["PreviousValue"], &target["Drift"]["ActualValue"]), (&json!("Orders"), &json!("X")));
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "heal"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    assert_eq!(detect(&aws).await["StackDriftStatus"], "IN_SYNC");
    let again = aws.change_set("shop", "again", TEMPLATE, json!({"DeploymentMode": "REVERT_DRIFT"})).await;
    assert_eq!(again["Status"], "FAILED");
}

#[tokio::test]
async fn a_deleted_resource_is_made_again_by_a_drift_aware_change_set() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TEMPLATE, json!({})).await;
    aws.control("cloudformation/drift", Some(json!({"stack": "shop", "logicalId": "Topic", "deleted": true}))).await;
    assert_eq!(detect(&aws).await["StackDriftStatus"], "DRIFTED");
    let set = aws.change_set("shop", "heal", TEMPLATE, json!({"DeploymentMode": "REVERT_DRIFT"})).await;
    assert_eq!(set["Changes"][0]["ResourceChange"]["ResourceDriftStatus"], "DELETED");
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "heal"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    assert_eq!(detect(&aws).await["StackDriftStatus"], "IN_SYNC");
}

#[tokio::test]
async fn an_ordinary_update_overwrites_only_what_it_changes() {
    let aws = Aws::start().await;
    aws.create_stack("shop", TEMPLATE, json!({})).await;
    aws.simulator.drift_stack_resource(&drift("Topic", "/DisplayName", json!("X")));
    aws.simulator.drift_stack_resource(&drift("Function", "/Layers/0", json!("z")));
    assert_eq!(aws.update_stack("shop", TEMPLATE, with(parameters(&[("Title", "Sales")]), json!({}))).await, "UPDATE_COMPLETE");
    let found = detect(&aws).await;
    assert_eq!(found["DriftedStackResourceCount"], "1", "the function is still as somebody has left it");
}

#[tokio::test]
async fn what_is_changed_through_the_service_itself_is_drift_and_is_reverted_there() {
    let aws = Aws::start().await;
    let template = "
Resources:
  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: data}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: web, ContainerDefinitions: [{Name: app, Image: 'web:1', Memory: 64}]}
  Service:
    Type: AWS::ECS::Service
    Properties: {Cluster: shop, ServiceName: web, DesiredCount: 1, TaskDefinition: !Ref Task}
";
    assert_eq!(aws.create_stack("shop", template, json!({})).await, "CREATE_COMPLETE", "{:#?}", aws.events("shop").await);
    assert_eq!(detect(&aws).await["StackDriftStatus"], "IN_SYNC");
    aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 3})).await;
    aws.delete("data").await;
    assert_eq!(detect(&aws).await["DriftedStackResourceCount"], "2");
    let drifts = aws.cfn("DescribeStackResourceDrifts", json!({"StackName": "shop"})).await["StackResourceDrifts"].clone();
    let status = |logical: &str| {
        let list = drifts.as_array().expect("a list");
        list.iter().find(|drift| drift["LogicalResourceId"] == logical).map(|drift| drift["StackResourceDriftStatus"].clone())
    };
    assert_eq!((status("Bucket"), status("Service")), (Some(json!("DELETED")), Some(json!("MODIFIED"))));
    aws.change_set("shop", "heal", template, json!({"DeploymentMode": "REVERT_DRIFT"})).await;
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "heal"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE", "{:#?}", aws.events("shop").await);
    assert_eq!(aws.service().await["desiredCount"], 1);
    assert_eq!(aws.get("data?versioning").await.0, 200);
    assert_eq!(detect(&aws).await["StackDriftStatus"], "IN_SYNC");
}
