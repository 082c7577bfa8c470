//! Each member of CreateService: where it is seen, how it is changed, and how it is taken away.

use crate::plan_world::*;
use driftless_core::desired::{Document, TaskDefinition};
use serde_json::{Value, json};

fn group(name: &str) -> Value {
    json!({
        "targetGroupArn": format!("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{name}/1"),
        "containerName": "app", "containerPort": 80,
    })
}

/// A service with everything that a rolling deployment takes.
fn full() -> Value {
    with(
        &service(),
        json!({
            "loadBalancers": [group("one"), group("two")], "healthCheckGracePeriodSeconds": 30,
            "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1"}],
            "deploymentConfiguration": {
                "maximumPercent": 150, "deploymentCircuitBreaker": {"enable": true, "rollback": true},
                "alarms": {"alarmNames": ["b", "a"], "enable": true, "rollback": true},
            },
            "enableExecuteCommand": true, "enableECSManagedTags": true, "propagateTags": "SERVICE",
            "availabilityZoneRebalancing": "DISABLED", "platformVersion": "1.4.0",
            "serviceConnectConfiguration": {
                "enabled": true, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}],
            },
            "volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "ebs", "sizeInGiB": 10}}],
            "vpcLatticeConfigurations": [{"roleArn": "lattice", "targetGroupArn": "tg", "portName": "http"}],
            "placementConstraints": [{"type": "distinctInstance"}], "role": "classic",
            "tags": [{"key": "team", "value": "shop"}],
        }),
    )
}

#[test]
fn members_that_come_back_elsewhere_are_found_there() {
    let resource = web(task(), full());
    let mut world = converged(&resource);
    world.shuffle = true;
    world.unknown = Some("addedNextMonth".to_owned());
    world.assert_settled(&resource);
}

#[test]
fn every_declared_member_is_healed() {
    let resource = web(task(), full());
    let edits = [
        json!({"loadBalancers": [group("two")]}),
        json!({"healthCheckGracePeriodSeconds": 0}),
        json!({"serviceRegistries": []}),
        json!({"enableExecuteCommand": false}),
        json!({"enableECSManagedTags": false}),
        json!({"propagateTags": "NONE"}),
        json!({"availabilityZoneRebalancing": "ENABLED"}),
        json!({"platformVersion": "LATEST"}),
        json!({"placementConstraints": []}),
        json!({"desiredCount": 0}),
        json!({"deploymentConfiguration": {"maximumPercent": 150, "deploymentCircuitBreaker": {"enable": false}}}),
        json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}}),
        json!({"deployments": [{"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "COMPLETED"}]}),
        json!({"tags": []}),
    ];
    for edit in edits {
        let mut world = converged(&resource);
        if edit.get("tags").is_some() {
            world.tags_mut().retain(|tag| tag["key"] != "team");
        } else {
            world.edit(edit.clone());
        }
        if edit.get("deployments").is_some() {
            let arn = world.service.as_ref().expect("it is there")["taskDefinition"].clone();
            world.service.as_mut().expect("it is there")["deployments"][0]["taskDefinition"] = arn;
        }
        let plan = world.look(&resource, &context());
        assert!(!plan.is_empty(), "{edit} is not seen");
        world.apply(&plan);
        world.assert_settled(&resource);
    }
}

#[test]
fn everything_declared_can_be_taken_away_again() {
    let mut world = converged(&web(task(), full()));
    // `role` cannot: it is given at creation.
    let resource = web(task(), with(&service(), json!({"role": "classic"})));
    let plan = world.look(&resource, &context());
    let body = update_of(&plan);
    for list in ["loadBalancers", "serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations", "placementConstraints"]
    {
        assert_eq!(body[list], json!([]), "{list}");
    }
    assert_eq!(body["serviceConnectConfiguration"], json!({"enabled": false}));
    assert_eq!(body["platformVersion"], "LATEST");
    world.apply(&plan);
    let plan = world.look(&resource, &context());
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(world.tag("team").as_deref(), Some("shop"), "undeclared tags are left");
}

#[test]
fn whether_a_deployment_starts_is_told() {
    let resource = web(task(), with(&service(), json!({"platformVersion": "1.3.0", "propagateTags": "SERVICE"})));
    let world = converged(&web(task(), service()));
    let plan = world.look(&resource, &context());
    let deploys: Vec<(&str, bool)> = plan.changes.iter().map(|change| (change.path.as_str(), change.deploys)).collect();
    assert!(deploys.contains(&("/service/platformVersion", true)), "{deploys:?}");
    assert!(deploys.contains(&("/service/propagateTags", false)), "{deploys:?}");
    assert_eq!(reason(&plan), "RolloutStarting");
}

#[test]
fn what_is_given_at_creation_only_is_stalled_with_the_reason() {
    let world = converged(&web(task(), with(&service(), json!({"role": "classic"}))));
    for (change, word) in [
        (json!({"launchType": "EC2"}), "capacityProviderStrategy"),
        (json!({"schedulingStrategy": "DAEMON"}), "schedulingStrategy"),
        (json!({"role": "other"}), "/service/role"),
    ] {
        let plan = world.look(&web(task(), with(&service(), change)), &context());
        assert_eq!((actions(&plan).len(), reason(&plan)), (0, "CannotChangeInPlace"));
        assert!(message(&plan).contains(word), "{}", message(&plan));
    }
}

#[test]
fn a_launch_type_becomes_a_capacity_provider_and_goes_back() {
    let mut world = converged(&web(task(), service()));
    let spot = with(&service(), json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}));
    let plan = world.look(&web(task(), spot.clone()), &context());
    assert_eq!(update_of(&plan)["forceNewDeployment"], json!(true));
    world.apply(&plan);
    world.assert_settled(&web(task(), spot));
    let plan = world.look(&web(task(), service()), &context());
    assert_eq!(update_of(&plan)["capacityProviderStrategy"], json!([]));
    world.apply(&plan);
    world.assert_settled(&web(task(), service()));
}

#[test]
fn other_controllers_and_strategies_are_stalled_declared_or_live() {
    for unsupported in [
        json!({"deploymentController": {"type": "CODE_DEPLOY"}}),
        json!({"deploymentController": {"type": "EXTERNAL"}}),
        json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}),
        json!({"deploymentConfiguration": {"strategy": "CANARY"}}),
    ] {
        let plan = World::default().look(&web(task(), with(&service(), unsupported.clone())), &context());
        assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Unsupported"), "{unsupported}");
        let mut world = converged(&web(task(), service()));
        world.edit(unsupported.clone());
        let plan = world.look(&web(task(), service()), &context());
        assert_eq!((actions(&plan).len(), reason(&plan)), (0, "Unsupported"), "{unsupported}");
    }
}

#[test]
fn a_daemon_never_gets_a_count() {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let daemon = json!({"schedulingStrategy": "DAEMON", "desiredCount": 4, "launchType": "EC2", "networkConfiguration": network});
    let resource = web(task(), daemon);
    let mut world = converged(&resource);
    world.edit(json!({"desiredCount": 9, "runningCount": 9}));
    world.assert_settled(&resource);
}

#[test]
fn an_undeclared_count_is_one_at_creation_and_others_afterwards() {
    let resource = web(task(), with(&service(), json!({"desiredCount": null})));
    let mut world = converged(&resource);
    assert_eq!(world.service.as_ref().expect("it is there")["desiredCount"], json!(1));
    world.edit(json!({"desiredCount": 9, "runningCount": 9}));
    world.assert_settled(&resource);
    let zero = web(task(), with(&service(), json!({"desiredCount": 0})));
    world.converge(&zero);
    assert_eq!(world.service.as_ref().expect("it is there")["desiredCount"], json!(0));
}

#[test]
fn ignored_members_are_left_to_others() {
    let mut resource = web(task(), service());
    let mut world = converged(&resource);
    spec(&mut resource).ignore = [
        "/service/desiredCount",
        "/service/networkConfiguration/awsvpcConfiguration/subnets",
        "/service/enableExecuteCommand",
        "/taskDefinition/containerDefinitions/app/image",
    ]
    .map(str::to_owned)
    .to_vec();
    world.edit(json!({"desiredCount": 9, "runningCount": 9, "enableExecuteCommand": true}));
    world.service.as_mut().expect("it is there")["networkConfiguration"]["awsvpcConfiguration"]["subnets"] = json!(["subnet-9"]);
    let mut pushed = task();
    pushed["containerDefinitions"][0]["image"] = json!("web:pushed");
    let arn = answers::register(&mut world, &object(pushed));
    world.edit(json!({"taskDefinition": arn}));
    world.service.as_mut().expect("it is there")["deployments"][0]["taskDefinition"] = json!(arn);
    world.assert_settled(&resource);
    // What is written beside them carries them over.
    let mut changed = task();
    changed["containerDefinitions"][1]["image"] = json!("log:2");
    spec(&mut resource).task_definition = TaskDefinition::Document(object(changed).into());
    let edit =
        |service: &mut Document| service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = json!("ENABLED");
    spec(&mut resource).service.edit(edit);
    let plan = world.look(&resource, &context());
    assert_eq!(update_of(&plan)["networkConfiguration"]["awsvpcConfiguration"]["subnets"], json!(["subnet-9"]));
    assert!(!update_of(&plan).contains_key("desiredCount"));
    world.apply(&plan);
    assert_eq!(world.runs()["containerDefinitions"][0]["image"], "web:pushed");
    assert_eq!(world.runs()["containerDefinitions"][1]["image"], "log:2");
    world.assert_settled(&resource);
}

#[test]
fn a_declared_member_that_nothing_echoes_is_written_once_for_each_value() {
    let with_unknown = |value: i64| web(task(), with(&service(), json!({"xNew": value})));
    let mut world = converged(&with_unknown(1));
    let plan = world.look(&with_unknown(2), &context());
    assert_eq!(actions(&plan), ["UpdateService"]);
    assert_eq!(update_of(&plan)["xNew"], json!(2));
    world.apply(&plan);
    world.assert_settled(&with_unknown(2));
}

#[test]
fn what_a_server_never_echoes_is_not_written_again() {
    let resource = web(task(), full());
    for member in ["deploymentConfiguration", "launchType", "roleArn", "platformVersion", "healthCheckGracePeriodSeconds"] {
        let mut world = converged(&resource);
        world.service.as_mut().expect("it is there").remove(member);
        assert!(world.look(&resource, &context()).is_empty(), "{member}");
    }
}

#[test]
fn a_namespace_by_name_that_comes_back_as_an_arn_is_written_once() {
    let connect = |namespace: &str| {
        web(task(), with(&service(), json!({"serviceConnectConfiguration": {"enabled": true, "namespace": namespace}})))
    };
    let mut world = converged(&connect("shop"));
    let arn = "arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-1";
    world.service.as_mut().expect("it is there")["deployments"][0]["serviceConnectConfiguration"]["namespace"] = json!(arn);
    world.assert_settled(&connect("shop"));
    assert_eq!(actions(&world.look(&connect("other"), &context())), ["UpdateService"]);
    assert!(world.look(&connect(arn), &context()).changes.is_empty());
}

#[test]
fn declared_tags_compare_exactly_and_aws_and_driftless_keep_theirs() {
    let tagged = |tags: Value| web(task(), with(&service(), json!({"tags": tags})));
    let mut world = converged(&tagged(json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])));
    world.tags_mut().push(json!({"key": "aws:ecs:x", "value": "y"}));
    let resource = tagged(json!([{"key": "a", "value": "3"}]));
    let plan = world.look(&resource, &context());
    assert_eq!(actions(&plan), ["UntagResource", "TagResource"]);
    world.apply(&plan);
    assert_eq!((world.tag("a").as_deref(), world.tag("b")), (Some("3"), None));
    assert_eq!(world.tag("aws:ecs:x").as_deref(), Some("y"));
    world.assert_settled(&resource);
    world.converge(&tagged(json!([])));
    assert_eq!(world.tag("a"), None);
}
