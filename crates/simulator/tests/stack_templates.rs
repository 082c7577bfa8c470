//! Templates with all that real ones are made of, in stacks that import from one another.

use crate::support::Aws;
use crate::support::stacks::{parameters, with};
use serde_json::{Value, json};

const NETWORK: &str = include_str!("templates/network.yaml");
const SERVICE: &str = include_str!("templates/service.yaml");

/// The properties of a resource, as its newest event has them.
async fn properties(aws: &Aws, stack: &str, logical: &str) -> Value {
    let events = aws.cfn("DescribeStackEvents", json!({"StackName": stack})).await["StackEvents"].clone();
    let event = events.as_array().expect("a list").iter().find(|event| event["LogicalResourceId"] == logical);
    serde_json::from_str(event.expect("an event")["ResourceProperties"].as_str().expect("text")).expect("JSON")
}

#[tokio::test]
async fn functions_parameters_mappings_and_conditions_come_to_what_aws_makes_of_them() {
    let aws = Aws::start().await;
    assert_eq!(aws.create_stack("net", NETWORK, parameters(&[("Class", "7")])).await, "CREATE_COMPLETE");
    let vpc = properties(&aws, "net", "VPC").await;
    let tags = json!([{"Key": "Name", "Value": "net-test"}]);
    assert_eq!(vpc, json!({"CidrBlock": "10.7.0.0/16", "InstanceTenancy": "default", "Tags": tags}));
    let subnet = properties(&aws, "net", "SubnetB").await;
    assert_eq!((&subnet["CidrBlock"], &subnet["AvailabilityZone"]), (&json!("10.7.1.0/24"), &json!("eu-central-1b")));
    let id = aws.resource("net", "VPC").await["PhysicalResourceId"].as_str().expect("an id").to_string();
    assert!(id.starts_with("vpc-") && id.len() == 21, "{id}");
    assert_eq!(subnet["VpcId"], id.as_str());
    aws.cfn_invalid("DescribeStackResource", json!({"StackName": "net", "LogicalResourceId": "Gateway"})).await;
    let outputs = aws.stack("net").await["Outputs"].clone();
    assert_eq!(outputs.as_array().map(Vec::len), Some(2), "the conditional one is not there");
    assert_eq!(outputs[1]["ExportName"], "net-VPC");
}

#[tokio::test]
async fn a_graph_of_stacks_stands_and_a_second_pass_finds_nothing_to_do() {
    let aws = Aws::start().await;
    let stacks = [("net", NETWORK, parameters(&[("Stage", "live")])), ("web", SERVICE, parameters(&[("Network", "net")]))];
    for (name, template, given) in &stacks {
        assert_eq!(aws.create_stack(name, template, given.clone()).await, "CREATE_COMPLETE", "{:#?}", aws.events(name).await);
    }
    let group = properties(&aws, "web", "SecurityGroup").await;
    let vpc = aws.resource("net", "VPC").await["PhysicalResourceId"].clone();
    assert_eq!(group, json!({"GroupDescription": "traffic of web, ${literally}", "VpcId": vpc}));
    let balancer = properties(&aws, "web", "LoadBalancer").await;
    assert_eq!(balancer["Subnets"].as_array().map(Vec::len), Some(2));
    for (name, template, given) in &stacks {
        let input = with(json!({"StackName": name, "TemplateBody": template}), given.clone());
        assert_eq!(aws.cfn_invalid("UpdateStack", input).await, "No updates are to be performed.");
        assert_eq!(aws.change_set(name, "again", template, given.clone()).await["Status"], "FAILED");
    }
    assert!(aws.stack("web").await["Outputs"][0]["OutputValue"].as_str().is_some_and(|url| url.ends_with(".elb.amazonaws.com")));
}

#[tokio::test]
async fn a_condition_that_changes_adds_and_removes_resources() {
    let aws = Aws::start().await;
    aws.create_stack("net", NETWORK, parameters(&[("Stage", "live")])).await;
    let gateway = aws.resource("net", "Gateway").await;
    assert_eq!(gateway["ResourceStatus"], "CREATE_COMPLETE");
    assert_eq!(aws.update_stack("net", NETWORK, parameters(&[("Stage", "live"), ("Class", "255")])).await, "UPDATE_COMPLETE");
    aws.told("net", &["net UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Gateway DELETE_COMPLETE", "Address DELETE_COMPLETE"]).await;
    aws.cfn_invalid("DescribeStackResource", json!({"StackName": "net", "LogicalResourceId": "Gateway"})).await;
}

#[tokio::test]
async fn a_template_is_validated_and_summed_up_without_a_stack() {
    let aws = Aws::start().await;
    let valid = aws.cfn("ValidateTemplate", json!({"TemplateBody": NETWORK})).await;
    assert_eq!(valid["Parameters"][0]["ParameterKey"], "Class");
    let summary = aws.cfn("GetTemplateSummary", json!({"TemplateBody": NETWORK})).await;
    assert_eq!(summary["Parameters"][1]["ParameterConstraints"]["AllowedValues"], json!(["test", "live"]));
    assert_eq!(summary["ResourceTypes"], json!(["AWS::EC2::EIP", "AWS::EC2::NatGateway", "AWS::EC2::Subnet", "AWS::EC2::VPC"]));
    let role = "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: app}}}";
    let needs = aws.cfn("ValidateTemplate", json!({"TemplateBody": role})).await;
    assert_eq!(needs["Capabilities"], json!(["CAPABILITY_NAMED_IAM"]));
    assert_eq!(needs["CapabilitiesReason"], "The following resource(s) require capabilities: [AWS::IAM::Role]");
    let macros = format!("Transform: AWS::Serverless-2016-10-31\n{role}");
    let refused = aws
        .cfn_refused("CreateStack", json!({"StackName": "s", "TemplateBody": macros, "Capabilities": ["CAPABILITY_NAMED_IAM"]}))
        .await;
    assert_eq!(refused, ("InsufficientCapabilitiesException".into(), "Requires capabilities : [CAPABILITY_AUTO_EXPAND]".into()));
}
