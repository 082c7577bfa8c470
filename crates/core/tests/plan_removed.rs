//! What a commit stopped declaring, on a service that runs: AWS's default, nothing at all, or, where neither is known, as it is.

use crate::plan_world::*;
use serde_json::{Value, json};

/// The lines of the diff, and the members that UpdateService gets.
fn told(pointer: &str, declared: Value, live: Value) -> (Vec<String>, Value) {
    let mut resource = web(task(), with(&service(), declared));
    let mut world = converged(&resource);
    world.edit(live);
    spec(&mut resource).removed = vec![pointer.to_owned()];
    let plan = world.look(&resource, &context());
    let sent = if plan.is_empty() { json!({}) } else { Value::Object(update_of(&plan)) };
    (lines(&plan), sent)
}

#[test]
fn a_member_with_a_default_goes_back_to_it() {
    let (lines, sent) = told("/service/enableExecuteCommand", json!({}), json!({"enableExecuteCommand": true}));
    assert_eq!(lines, ["/service/enableExecuteCommand: true -> false"]);
    assert_eq!(sent["enableExecuteCommand"], json!(false));
    let (lines, sent) = told(
        "/service/deploymentConfiguration/maximumPercent",
        json!({}),
        json!({"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100}}),
    );
    assert_eq!(lines, ["/service/deploymentConfiguration/maximumPercent: 150 -> 200"]);
    assert_eq!(sent["deploymentConfiguration"]["maximumPercent"], json!(200));
}

#[test]
fn a_list_within_a_member_is_emptied_and_anything_else_is_left_out() {
    let network = |groups: &[&str]| json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": groups}}});
    let without = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}});
    let (lines, sent) = told("/service/networkConfiguration/awsvpcConfiguration/securityGroups", without, network(&["sg-1"]));
    assert_eq!(lines, ["/service/networkConfiguration/awsvpcConfiguration/securityGroups: [\"sg-1\"] -> -"]);
    assert_eq!(sent["networkConfiguration"], network(&[])["networkConfiguration"]);
    let arn = "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1";
    let registry = |more: Value| json!({"serviceRegistries": [with(&json!({"registryArn": arn}), more)]});
    let (lines, sent) = told(
        &format!("/service/serviceRegistries/{}/containerName", arn.replace('/', "~1")),
        registry(json!({})),
        registry(json!({"containerName": "app"})),
    );
    assert_eq!(lines, [format!("/service/serviceRegistries/{}/containerName: \"app\" -> -", arn.replace('/', "~1"))]);
    assert_eq!(sent["serviceRegistries"], registry(json!({}))["serviceRegistries"]);
}

#[test]
fn a_whole_member_without_a_default_stays_as_it_is() {
    let (lines, sent) =
        told("/service/availabilityZoneRebalancing", json!({}), json!({"availabilityZoneRebalancing": "ENABLED"}));
    assert_eq!((lines, sent), (vec![], json!({})));
    // What was never declared is AWS's, or somebody else's.
    let (lines, _) = told("/service/other", json!({}), json!({"availabilityZoneRebalancing": "ENABLED"}));
    assert_eq!(lines, Vec::<String>::new());
}
