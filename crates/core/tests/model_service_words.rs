//! Which words and which members of a service go together: a row for each that does, and one for each that does not.

use crate::model_documents::*;
use driftless_core::model::{check_run_task, check_service, check_together};
use serde_json::{Value, json};

#[track_caller]
fn assert_places(rows: &[(Value, &str)]) {
    for (document, wanted) in rows {
        assert_eq!(places(check_service(&service(document.clone()))), *wanted, "{document}");
    }
}

const NETWORK: &str = r#"{"awsvpcConfiguration": {"subnets": ["subnet-1"]}}"#;

fn network() -> Value {
    NETWORK.parse().expect("it is JSON")
}

/// A load balancer with changes; null takes a member away.
fn balancer(changes: Value) -> Value {
    let mut balancer = target();
    for (member, value) in object(changes) {
        balancer[member] = value;
    }
    json!([balancer])
}

#[test]
fn names_are_of_the_letters_that_aws_takes() {
    let arn = |resource: &str| format!("arn:aws:ecs:eu-central-1:123456789012:{resource}");
    assert_places(&[
        (json!({"serviceName": "web_1-B"}), ""),
        (json!({"serviceName": "wéb"}), "/serviceName"),
        (json!({"clientToken": "!~"}), ""),
        (json!({"clientToken": "a b"}), "/clientToken"),
        (json!({"clientToken": "é"}), "/clientToken"),
        (json!({"cluster": "shop_1-B"}), ""),
        (json!({"cluster": "shop:1"}), "/cluster"),
        (json!({"cluster": "shop/1"}), "/cluster"),
        (json!({"cluster": arn("cluster/shop")}), ""),
        (json!({"cluster": arn("service/shop")}), "/cluster"),
        (json!({"cluster": "arn:aws:eks:eu-central-1:123456789012:cluster/shop"}), "/cluster"),
        (json!({"cluster": "${stack.net.outputs.Cluster}"}), ""),
        (json!({"cluster": long(255)}), ""),
        (json!({"cluster": long(256)}), "/cluster"),
        (json!({"taskDefinition": "web"}), ""),
        (json!({"taskDefinition": "web:1"}), ""),
        (json!({"taskDefinition": "web:0"}), "/taskDefinition"),
        (json!({"taskDefinition": "web:one"}), "/taskDefinition"),
        (json!({"taskDefinition": ":1"}), "/taskDefinition"),
        (json!({"taskDefinition": arn("task-definition/web:7")}), ""),
    ]);
}

fn long(count: usize) -> String {
    "a".repeat(count)
}

#[test]
fn a_daemon_and_an_external_controller_leave_things_out() {
    let daemon = |more: Value| {
        let mut document = object(json!({"schedulingStrategy": "DAEMON", "desiredCount": null}));
        document.extend(object(more));
        Value::Object(document)
    };
    let of = |kind: &str, more: Value| {
        let mut document = object(json!({"deploymentController": {"type": kind}}));
        document.extend(object(more));
        Value::Object(document)
    };
    assert_places(&[
        (daemon(json!({})), ""),
        (daemon(json!({"launchType": "EC2"})), ""),
        (daemon(json!({"launchType": "FARGATE"})), "/schedulingStrategy"),
        (daemon(of("ECS", json!({}))), ""),
        (daemon(of("CODE_DEPLOY", json!({"loadBalancers": [target()]}))), "/schedulingStrategy"),
        (daemon(of("EXTERNAL", json!({}))), "/schedulingStrategy"),
        (daemon(json!({"placementStrategy": [{"type": "random"}]})), "/placementStrategy"),
        (daemon(json!({"placementStrategy": []})), ""),
        (of("EXTERNAL", json!({})), ""),
        (of("EXTERNAL", json!({"launchType": "EC2"})), "/launchType"),
        (of("EXTERNAL", json!({"networkConfiguration": network()})), "/networkConfiguration"),
        (of("EXTERNAL", json!({"networkConfiguration": {}, "loadBalancers": []})), ""),
        (of("ECS", json!({"launchType": "EC2"})), ""),
        (of("CODE_DEPLOY", json!({})), "/"),
    ]);
}

#[test]
fn launch_types_providers_and_platforms_exclude_each_other() {
    let provider = |weight: i64| json!({"capacityProvider": "a", "weight": weight});
    let platform = |version: &str| json!({"launchType": "FARGATE", "platformVersion": version});
    assert_places(&[
        (json!({"launchType": "EC2"}), ""),
        (json!({"launchType": "MANAGED_INSTANCES"}), "/launchType"),
        (json!({"launchType": "EC2", "capacityProviderStrategy": []}), ""),
        (json!({"launchType": "EC2", "capacityProviderStrategy": [provider(1)]}), "/launchType"),
        (json!({"capacityProviderStrategy": [provider(0)]}), ""),
        (json!({"capacityProviderStrategy": [provider(0), provider(0)]}), "/capacityProviderStrategy"),
        (json!({"capacityProviderStrategy": [provider(0), {"capacityProvider": "b"}]}), "/capacityProviderStrategy"),
        (json!({"capacityProviderStrategy": [provider(0), provider(1)]}), ""),
        (platform("LATEST"), ""),
        (platform("1.4.0"), ""),
        (platform("1.4"), "/platformVersion?"),
        (platform("1.4.x"), "/platformVersion?"),
        (platform("1.4.0.1"), "/platformVersion?"),
        (platform("1.2.0"), "/platformVersion?"),
        (platform("${stack.net.outputs.Platform}"), ""),
        (json!({"launchType": "EC2", "platformVersion": "1.4.0"}), "/platformVersion"),
        (json!({"launchType": "EXTERNAL", "platformVersion": "1.4.0"}), "/platformVersion"),
        (json!({"platformVersion": "1.4.0"}), ""),
    ]);
}

#[test]
fn tasks_are_placed_by_what_the_kind_of_placement_takes() {
    let constraint = |kind: &str, expression: &str| json!({"placementConstraints": [{"type": kind, "expression": expression}]});
    let strategy = |kind: &str, field: &str| json!({"placementStrategy": [{"type": kind, "field": field}]});
    assert_places(&[
        (constraint("memberOf", "attribute:a == b"), ""),
        (constraint("distinctInstance", "attribute:a == b"), "/placementConstraints/0/expression"),
        (constraint("distinctInstance", ""), ""),
        (strategy("binpack", "cpu"), ""),
        (strategy("binpack", "MEMORY"), ""),
        (strategy("binpack", "instanceId"), "/placementStrategy/0"),
        (strategy("spread", "instanceId"), ""),
        (json!({"launchType": "FARGATE", "placementStrategy": [{"type": "random"}]}), "/placementStrategy"),
        (json!({"launchType": "FARGATE", "placementConstraints": [{"type": "distinctInstance"}]}), "/placementConstraints"),
        (json!({"launchType": "FARGATE", "placementConstraints": []}), ""),
    ]);
}

#[test]
fn a_load_balancer_has_one_kind_of_target_and_a_role_only_where_aws_asks_for_one() {
    let classic = json!({"targetGroupArn": null, "loadBalancerName": "web"});
    let role = |more: Value| {
        let mut document = object(json!({"role": "ecs", "loadBalancers": [target()]}));
        document.extend(object(more));
        Value::Object(document)
    };
    let registry = json!([{"registryArn": "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1"}]);
    assert_places(&[
        (json!({"loadBalancers": balancer(json!({}))}), ""),
        (json!({"loadBalancers": balancer(classic.clone())}), ""),
        (json!({"loadBalancers": balancer(json!({"loadBalancerName": "web"}))}), "/loadBalancers/0"),
        (json!({"loadBalancers": balancer(json!({"targetGroupArn": null}))}), "/loadBalancers/0"),
        (json!({"loadBalancers": balancer(json!({"containerName": null}))}), "/loadBalancers/0"),
        (json!({"loadBalancers": balancer(json!({"containerPort": null}))}), "/loadBalancers/0"),
        (json!({"loadBalancers": balancer(classic), "networkConfiguration": network()}), "/loadBalancers/0/loadBalancerName"),
        (json!({"loadBalancers": balancer(json!({})), "networkConfiguration": network()}), ""),
        (role(json!({})), ""),
        (role(json!({"loadBalancers": []})), "/role"),
        (role(json!({"loadBalancers": [target(), target()]})), "/role"),
        (role(json!({"networkConfiguration": network()})), "/role"),
        (role(json!({"serviceRegistries": registry})), "/role"),
        (role(json!({"deploymentController": {"type": "EXTERNAL"}, "loadBalancers": []})), "/role"),
    ]);
    // The reason that is told is the one that holds.
    let told = |document: Value| checked(check_service(&service(document))).join("\n");
    assert!(told(role(json!({"loadBalancers": []}))).contains("there is no load balancer"));
    assert!(told(role(json!({"loadBalancers": [target(), target()]}))).contains("there is more than one load balancer"));
}

#[test]
fn a_registry_is_told_a_port_in_one_way() {
    let registry = |more: Value| {
        let mut registry = object(json!({"registryArn": "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1"}));
        registry.extend(object(more));
        json!({"serviceRegistries": [registry]})
    };
    assert_places(&[
        (registry(json!({})), ""),
        (registry(json!({"port": 80})), ""),
        (registry(json!({"containerName": "app", "containerPort": 80})), ""),
        (registry(json!({"containerName": "app", "port": 80})), "/serviceRegistries/0"),
        (registry(json!({"containerPort": 80, "port": 80})), "/serviceRegistries/0"),
    ]);
}

#[test]
fn networks_and_discovery_are_named_as_aws_names_them() {
    let vpc = |members: Value| json!({"networkConfiguration": {"awsvpcConfiguration": members}});
    let place = "/networkConfiguration/awsvpcConfiguration";
    let first = |member: &str| format!("{place}/{member}/0");
    let connect = |service: Value| json!({"serviceConnectConfiguration": {"enabled": true, "services": [service]}});
    let named = |name: &str| connect(json!({"portName": "http", "discoveryName": name}));
    let alias = |name: &str| connect(json!({"portName": "http", "clientAliases": [{"port": 80, "dnsName": name}]}));
    let (discovery, dns) = (
        "/serviceConnectConfiguration/services/0/discoveryName",
        "/serviceConnectConfiguration/services/0/clientAliases/0/dnsName",
    );
    assert_places(&[
        (vpc(json!({"subnets": ["subnet-0a1B", "subnet-12-x", "${stack.net.outputs.Subnet}"]})), ""),
        (vpc(json!({"subnets": []})), &format!("{place}/subnets")),
        (vpc(json!({"subnets": ["subnet-"]})), &first("subnets")),
        (vpc(json!({"subnets": ["sg-1"]})), &first("subnets")),
        (vpc(json!({"subnets": ["subnet-0_1"]})), &first("subnets")),
        (vpc(json!({"subnets": ["subnet-1"], "securityGroups": []})), ""),
        (vpc(json!({"subnets": ["subnet-1"], "securityGroups": ["subnet-1"]})), &first("securityGroups")),
        (named("web_1-a"), ""),
        (named("-web"), discovery),
        (named("Web"), discovery),
        (named("web.a"), discovery),
        (named("${stack.net.outputs.Name}"), ""),
        (alias("web.shop"), ""),
        (alias("-web"), dns),
    ]);
}

#[test]
fn a_volume_has_a_size_or_a_snapshot_and_provisioned_ones_their_operations() {
    let ebs = |members: Value| {
        let mut all = object(json!({"roleArn": "arn:aws:iam::123456789012:role/ebs"}));
        all.extend(object(members));
        json!({"volumeConfigurations": [{"name": "data", "managedEBSVolume": all}]})
    };
    let place = "/volumeConfigurations/0/managedEBSVolume";
    assert_places(&[
        (ebs(json!({"sizeInGiB": 10})), ""),
        (ebs(json!({"snapshotId": "snap-1"})), ""),
        (ebs(json!({})), place),
        (ebs(json!({"sizeInGiB": 10, "volumeType": "gp3"})), ""),
        (ebs(json!({"sizeInGiB": 10, "volumeType": "gp9"})), &format!("{place}/volumeType?")),
        (ebs(json!({"sizeInGiB": 10, "volumeType": "io1"})), place),
        (ebs(json!({"sizeInGiB": 10, "volumeType": "io2"})), place),
        (ebs(json!({"sizeInGiB": 10, "volumeType": "io2", "iops": 100})), ""),
    ]);
}

#[test]
fn deployments_are_configured_as_their_controller_and_strategy_take_it() {
    let of = |controller: &str, configuration: Value| json!({"deploymentController": {"type": controller}, "deploymentConfiguration": configuration, "loadBalancers": if controller == "CODE_DEPLOY" { json!([target()]) } else { json!([]) }});
    let place = "/deploymentConfiguration";
    let breaker = |on: bool| json!({"deploymentCircuitBreaker": {"enable": on, "rollback": on}});
    let alarms = |on: bool| json!({"alarms": {"enable": on, "rollback": on, "alarmNames": []}});
    let hook = |more: Value| {
        let mut hook = object(
            json!({"hookTargetArn": "arn:aws:lambda:eu-central-1:123456789012:function:a", "roleArn": "hooks", "lifecycleStages": ["PRE_SCALE_UP"]}),
        );
        hook.extend(object(more));
        json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [hook]})
    };
    let percents = |least: Value, most: Value| of("ECS", json!({"minimumHealthyPercent": least, "maximumPercent": most}));
    assert_places(&[
        (of("ECS", breaker(true)), ""),
        (of("EXTERNAL", breaker(false)), ""),
        (of("EXTERNAL", breaker(true)), &format!("{place}/deploymentCircuitBreaker")),
        (of("CODE_DEPLOY", breaker(true)), &format!("{place}/deploymentCircuitBreaker")),
        (of("CODE_DEPLOY", alarms(true)), &format!("{place}/alarms")),
        (of("CODE_DEPLOY", alarms(false)), ""),
        (percents(json!(50), json!(100)), ""),
        (percents(json!(100), json!(101)), ""),
        (percents(json!(100), json!(100)), &format!("{place}/maximumPercent?")),
        (percents(json!(null), json!(100)), &format!("{place}/maximumPercent?")),
        (percents(json!(null), json!(0)), ""),
        (percents(json!(100), json!(null)), ""),
        (json!({"schedulingStrategy": "DAEMON", "desiredCount": null, "deploymentConfiguration": {"maximumPercent": 100}}), ""),
        (
            json!({"schedulingStrategy": "DAEMON", "desiredCount": null, "deploymentConfiguration": {"maximumPercent": 101}}),
            &format!("{place}/maximumPercent?"),
        ),
        (of("ECS", json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})), ""),
        (of("ECS", json!({"strategy": "BLUE_GREEN"})), &format!("{place}/strategy?")),
        (of("ECS", json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 10.0}})), ""),
        (
            of("ECS", json!({"strategy": "CANARY", "linearConfiguration": {"stepPercent": 10.0}})),
            &format!("{place}/linearConfiguration"),
        ),
        (of("ECS", json!({"linearConfiguration": {"stepPercent": 10.0}})), &format!("{place}/linearConfiguration")),
        (of("ECS", hook(json!({}))), ""),
        (of("ECS", hook(json!({"hookTargetArn": null}))), &format!("{place}/lifecycleHooks/0")),
        (of("ECS", hook(json!({"lifecycleStages": []}))), &format!("{place}/lifecycleHooks/0")),
        (of("ECS", hook(json!({"targetType": "AWS_LAMBDA", "hookTargetArn": ""}))), &format!("{place}/lifecycleHooks/0")),
        (of("ECS", hook(json!({"targetType": "PAUSE", "hookTargetArn": null}))), ""),
    ]);
}

#[test]
fn a_service_goes_with_its_task_definition() {
    let of = |definition: Value, service: Value| {
        let found = check_together(Some(&object(task(definition))), &object(service));
        found.iter().map(|one| one.pointer.clone()).collect::<Vec<_>>().join(" ")
    };
    let fits = json!({"networkMode": "awsvpc", "cpu": "256", "memory": "512"});
    let provider = |name: &str| json!({"capacityProviderStrategy": [{"capacityProvider": "mine"}, {"capacityProvider": name}]});
    let port = |mapping: Value| json!({"containerDefinitions": [{"name": "app", "image": "a", "portMappings": [mapping]}]});
    let balanced = |port: i64| json!({"loadBalancers": [{"containerName": "app", "containerPort": port}]});
    let lattice = json!({"vpcLatticeConfigurations": [{"portName": "http"}]});
    let rows = [
        (json!({}), json!({"networkConfiguration": network()}), "/service/networkConfiguration"),
        (json!({"networkMode": "host"}), json!({"networkConfiguration": network()}), "/service/networkConfiguration"),
        (json!({"networkMode": "awsvpc"}), json!({"networkConfiguration": network()}), ""),
        (json!({"networkMode": "host"}), json!({"networkConfiguration": {}}), ""),
        (fits.clone(), json!({"launchType": "FARGATE"}), ""),
        (json!({}), json!({"launchType": "FARGATE"}), "/service/launchType"),
        (json!({}), json!({"launchType": "EC2"}), ""),
        (json!({}), provider("FARGATE"), "/service/capacityProviderStrategy"),
        (json!({}), provider("FARGATE_SPOT"), "/service/capacityProviderStrategy"),
        (json!({}), provider("other"), ""),
        (fits, provider("FARGATE_SPOT"), ""),
        (json!({"requiresCompatibilities": ["FARGATE"]}), json!({"launchType": "FARGATE"}), ""),
        (port(json!({"containerPort": 80})), balanced(80), ""),
        (port(json!({"containerPort": 80})), balanced(81), "/service/loadBalancers/0/containerPort"),
        (port(json!({"containerPortRange": "80-90"})), balanced(80), ""),
        (port(json!({"containerPortRange": "80-90"})), balanced(90), ""),
        (port(json!({"containerPortRange": "80-90"})), balanced(91), "/service/loadBalancers/0/containerPort"),
        (port(json!({"containerPort": 80, "name": "http"})), lattice.clone(), ""),
        (port(json!({"containerPort": 80})), lattice, "/service/vpcLatticeConfigurations/0/portName"),
        (
            json!({}),
            json!({"serviceRegistries": [{"containerName": "web", "containerPort": 80}]}),
            "/service/serviceRegistries/0/containerName",
        ),
        (json!({}), json!({"launchType": "FARGATE", "deploymentController": {"type": "EXTERNAL"}}), ""),
    ];
    for (definition, service, wanted) in rows {
        assert_eq!(of(definition.clone(), service.clone()), wanted, "{definition} {service}");
    }
    assert_eq!(check_together(None, &object(json!({"launchType": "FARGATE"}))), []);
}

#[test]
fn a_run_is_not_unwrapped_and_keeps_out_what_is_driftless_s_own() {
    let rows = [
        (json!({}), ""),
        (json!({"count": 1}), ""),
        (json!({"count": 2}), "/count"),
        (json!({"clientToken": "a"}), "/clientToken"),
        (json!({"startedBy": "a"}), "/startedBy"),
        (json!({"propagateTags": "TASK_DEFINITION"}), ""),
        (json!({"propagateTags": "SERVICE"}), "/propagateTags"),
        (json!({"referenceId": "a"}), "/referenceId?"),
        (json!({"service": {"count": 1}}), "/service?"),
        (json!({"services": [{"count": 1}]}), "/services?"),
        (json!({"overrides": {"containerOverrides": [{"name": "app"}]}}), ""),
        (json!({"overrides": {"containerOverrides": [{}]}}), "/overrides/containerOverrides/0"),
        (json!({"overrides": {"containerOverrides": [{"name": ""}]}}), "/overrides/containerOverrides/0"),
    ];
    for (document, wanted) in rows {
        assert_eq!(places(check_run_task(&document)), wanted, "{document}");
    }
    assert_eq!(check_run_task(&json!({"count": 1, "group": "a"})).document, object(json!({"group": "a"})));
}
