//! The Resource Groups Tagging API: what is tagged in all services at once.

use crate::support::{self, Aws};
use driftless_simulator::Options;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/codedeploy";

/// A call of a JSON service.
async fn call(aws: &Aws, target: &str, input: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = http.post(aws.simulator.url()).header("x-amz-target", target).body(input.to_string());
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn tagging(aws: &Aws, action: &str, input: Value) -> Value {
    let (status, answer) = call(aws, &format!("ResourceGroupsTaggingAPI_20170126.{action}"), input).await;
    assert_eq!(status, 200, "{action}: {answer}");
    answer
}

/// The ARNs that a filter finds.
async fn arns(aws: &Aws, input: Value) -> Vec<String> {
    let answer = tagging(aws, "GetResources", input).await;
    let list = answer["ResourceTagMappingList"].as_array().expect("a list").clone();
    list.iter().map(|own| own["ResourceARN"].as_str().expect("text").to_string()).collect()
}

fn arn(rest: &str) -> String {
    format!("arn:aws:{rest}").replace("@", "eu-central-1:123456789012")
}

/// A service, a task definition, a CodeDeploy application with a group, and two buckets.
async fn world(options: Options) -> Aws {
    let aws = Aws::with(options).await;
    let mut definition = support::task_definition("web:1");
    definition["tags"] = json!([{"key": "team", "value": "shop"}, {"key": "kind", "value": "definition"}]);
    aws.ok("RegisterTaskDefinition", definition).await;
    aws.create(1, json!({"tags": [{"key": "team", "value": "shop"}, {"key": "kind", "value": "service"}]})).await;
    let deploy = async |action: &str, input: Value| {
        let (status, answer) = call(&aws, &format!("CodeDeploy_20141006.{action}"), input).await;
        assert_eq!(status, 200, "{answer}");
    };
    let tags = json!([{"Key": "team", "Value": "shop"}]);
    deploy("CreateApplication", json!({"applicationName": "shop", "tags": tags})).await;
    let group = json!({"applicationName": "shop", "deploymentGroupName": "web", "serviceRoleArn": ROLE});
    deploy("CreateDeploymentGroup", group).await;
    aws.simulator.create_bucket("artifacts");
    aws.simulator.create_bucket("plain");
    let answer =
        tagging(&aws, "TagResources", json!({"ResourceARNList": ["arn:aws:s3:::artifacts"], "Tags": {"team": "data"}})).await;
    assert_eq!(answer["FailedResourcesMap"], json!({}));
    aws
}

#[tokio::test]
async fn resources_are_found_by_tag_and_by_type_and_untagged_ones_are_not() {
    let aws = world(Options::default()).await;
    let service = arn("ecs:@:service/shop/web");
    let definition = arn("ecs:@:task-definition/web:1");
    let application = arn("codedeploy:@:application:shop");
    let bucket = "arn:aws:s3:::artifacts".to_string();
    let all = [application.clone(), service.clone(), definition.clone(), bucket.clone()];
    assert_eq!(arns(&aws, json!({})).await, all, "neither the cluster nor the group nor the other bucket");
    let team = |values: Value| json!([{"Key": "team", "Values": values}]);
    assert_eq!(arns(&aws, json!({"TagFilters": team(json!([]))})).await, all, "a key is enough");
    assert_eq!(arns(&aws, json!({"TagFilters": team(json!(["data", "none"]))})).await, all[3..], "any of the values");
    let both = json!([{"Key": "team", "Values": ["shop"]}, {"Key": "kind", "Values": ["service"]}]);
    assert_eq!(arns(&aws, json!({"TagFilters": both})).await, all[1..2], "all of the keys");
    for (kind, found) in [
        ("ecs", vec![service.clone(), definition.clone()]),
        ("ecs:service", vec![service.clone()]),
        ("ecs:task-definition", vec![definition.clone()]),
        ("codedeploy:deploymentgroup", vec![]),
        ("codedeploy:application", vec![application.clone()]),
        ("s3", vec![bucket.clone()]),
        ("cloudformation:stack", vec![]),
    ] {
        assert_eq!(arns(&aws, json!({"ResourceTypeFilters": [kind]})).await, found, "{kind}");
    }
    assert_eq!(arns(&aws, json!({"ResourceARNList": [bucket, "arn:aws:s3:::none"]})).await, all[3..]);
}

#[tokio::test]
async fn what_is_gone_is_not_found_and_what_lost_its_tags_is_shown_without_any() {
    let aws = world(Options::default()).await;
    let untag =
        json!({"ResourceARNList": ["arn:aws:s3:::artifacts", arn("ecs:@:service/shop/web")], "TagKeys": ["team", "kind"]});
    tagging(&aws, "UntagResources", untag).await;
    let found = tagging(&aws, "GetResources", json!({"ResourceTypeFilters": ["s3"]})).await;
    assert_eq!(found["ResourceTagMappingList"], json!([{"ResourceARN": "arn:aws:s3:::artifacts", "Tags": []}]));
    assert_eq!(aws.service().await["tags"], json!([]));
    aws.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    assert!(arns(&aws, json!({"ResourceTypeFilters": ["ecs:task-definition"]})).await.is_empty(), "it is INACTIVE");
}

#[tokio::test]
async fn tags_are_put_on_through_each_service_and_failures_are_told_by_arn() {
    let aws = world(Options::default()).await;
    let service = arn("ecs:@:service/shop/web");
    let group = arn("codedeploy:@:deploymentgroup:shop/web");
    let missing = arn("ecs:@:service/shop/none");
    let input = json!({"ResourceARNList": [service, group, missing, "arn:aws:s3:::none"], "Tags": {"cost": "7"}});
    let answer = tagging(&aws, "TagResources", input).await;
    let failed: Vec<&String> = answer["FailedResourcesMap"].as_object().expect("a map").keys().collect();
    assert_eq!(failed, [&missing, "arn:aws:s3:::none"]);
    assert_eq!(answer["FailedResourcesMap"][&missing]["StatusCode"], 400);
    assert_eq!(arns(&aws, json!({"TagFilters": [{"Key": "cost"}]})).await, [group, service]);
    assert!(aws.service().await["tags"].as_array().expect("a list").contains(&json!({"key": "cost", "value": "7"})));
    assert_eq!(tagging(&aws, "GetTagKeys", json!({})).await["TagKeys"], json!(["cost", "kind", "team"]));
    assert_eq!(tagging(&aws, "GetTagValues", json!({"Key": "team"})).await["TagValues"], json!(["data", "shop"]));
}

#[tokio::test]
async fn pages_end_with_an_empty_token() {
    for (page_size, per_page) in [(None, Some(3)), (Some(2), None)] {
        let aws = world(Options { page_size, ..Options::default() }).await;
        let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let input = json!({"ResourcesPerPage": per_page, "PaginationToken": token});
            let page = tagging(&aws, "GetResources", input).await;
            seen.extend(page["ResourceTagMappingList"].as_array().expect("a list").clone());
            token = page["PaginationToken"].as_str().expect("text").to_string();
            pages += 1;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (4, 2));
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_an_invalid_parameter() {
    let aws = world(Options::default()).await;
    for (action, input) in [
        ("GetResources", json!({"ResourceARNList": ["a"], "TagFilters": [{"Key": "a"}]})),
        ("GetResources", json!({"ResourcesPerPage": 101})),
        ("GetResources", json!({"TagFilters": [{"Values": ["a"]}]})),
        ("GetResources", json!({"PaginationToken": "nobody's"})),
        ("GetTagValues", json!({})),
        ("TagResources", json!({"ResourceARNList": [], "Tags": {"a": "b"}})),
        ("TagResources", json!({"ResourceARNList": ["arn:aws:s3:::artifacts"], "Tags": {"aws:a": "b"}})),
    ] {
        let (status, answer) = call(&aws, &format!("ResourceGroupsTaggingAPI_20170126.{action}"), input).await;
        assert_eq!((status, answer["__type"].as_str()), (400, Some("InvalidParameterException")), "{action}");
    }
}
