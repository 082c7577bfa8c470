//! Each rule about a service by itself, and what a person reads when it is broken.

use crate::model_documents::*;
use driftless_core::model::{check_service, check_task_definition};
use serde_json::json;

#[test]
fn a_service_is_taken() {
    assert_findings(&checked(check_service(&service(json!({})))), &[]);
}

#[test]
fn what_aws_added_in_2026_is_known() {
    let breaker = json!({"enable": true, "rollback": true, "resetOnHealthyTask": true,
        "thresholdConfiguration": {"type": "COUNT", "value": 5}});
    let deployment = json!({"deploymentCircuitBreaker": breaker, "earlySuccessCriteria": {"enable": false}});
    let documents = [
        json!({"gatewayConnectors": [{"portName": "http"}]}),
        json!({"monitoring": {"metricConfigurations": []}}),
        json!({"deploymentConfiguration": deployment}),
        json!({"serviceConnectConfiguration": {"enabled": true, "containerConfigurations": []}}),
        json!({"vpcLatticeConfigurations": [{"roleArn": "arn:aws:iam::123456789012:role/lattice", "portName": "http",
            "targetGroupArn": "arn:aws:vpc-lattice:eu-central-1:123456789012:targetgroup/tg-1",
            "advancedConfiguration": {"testListenerRule": "arn:aws:vpc-lattice:eu-central-1:123456789012:listener/1"}}]}),
    ];
    for document in documents {
        let told = checked(check_service(&service(document.clone()))).join("\n");
        assert!(!told.contains("knows no") && !told.contains("as far as this version knows"), "{document}:\n{told}");
    }
    let neuron = json!([{"type": "NeuronDevice", "value": "1", "sharingStrategy": {"nvidiaMps": {}}}]);
    let told = checked(check_task_definition(&container(json!({"resourceRequirements": neuron})))).join("\n");
    assert!(!told.contains("knows no") && !told.contains("as far as this version knows"), "{told}");
    let trusted = json!({"trustedExecutionConfiguration": {"isolationMode": "X"}});
    let told = checked(check_task_definition(&task(trusted))).join("\n");
    assert!(!told.contains("knows no"), "{told}");
    let told = checked(check_service(&service(json!({"gatewayConectors": []})))).join("\n");
    assert!(told.contains("knows no"), "an unknown one is told so: {told}");
}

#[test]
fn nothing_is_required_that_the_manifest_supplies() {
    assert_findings(&checked(check_service(&json!({}))), &[]);
}

#[test]
fn what_describe_services_returns_is_unwrapped() {
    assert_findings(
        &checked(check_service(
            &json!({"services": [{"serviceName": "web", "desiredCount": -1, "runningCount": 2}], "failures": []}),
        )),
        &["/services/0/desiredCount | `desiredCount` is -1; AWS accepts 0 to 2147483647 tasks"],
    );
}

#[test]
fn two_services_are_one_too_many() {
    assert_findings(
        &checked(check_service(&json!({"services": [{}, {}]}))),
        &["/services | `services` holds 2 elements; a document describes one service, so leave one object"],
    );
}

#[test]
fn a_count_in_quotes_is_refused() {
    assert_findings(
        &checked(check_service(&service(json!({"desiredCount": "2"})))),
        &["/desiredCount | `desiredCount` is the string `2`, where AWS takes a whole number: write 2 without quotes"],
    );
}

#[test]
fn names_have_their_form() {
    assert_findings(
        &checked(check_service(&service(
            json!({"serviceName": "a b", "cluster": "arn:aws:ecs:eu-central-1:1:cluster/x", "taskDefinition": "web:latest"}),
        ))),
        &[
            "/serviceName | `serviceName` is `a b`, with a space; AWS accepts letters, digits, hyphens and underscores",
            "/cluster | `cluster` is `arn:aws:ecs:eu-central-1:1:cluster/x`; AWS accepts a cluster's name or ARN",
            "/taskDefinition | `taskDefinition` is `web:latest`; AWS accepts `family`, `family:revision` or a task definition's ARN",
        ],
    );
}

#[test]
fn names_may_be_arns() {
    assert_findings(
        &checked(check_service(&service(
            json!({"cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/x", "taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3"}),
        ))),
        &[],
    );
}

#[test]
fn a_daemon_is_sent_without_a_count() {
    assert_findings(
        &checked(check_service(&service(json!({"schedulingStrategy": "DAEMON", "desiredCount": 3})))),
        &["warning: /desiredCount | `desiredCount` is not sent: a `DAEMON` service runs one task on each instance"],
    );
}

#[test]
fn a_daemon_is_not_on_fargate() {
    assert_findings(
        &checked(check_service(&service(json!({"schedulingStrategy": "DAEMON", "launchType": "FARGATE"})))),
        &[
            "/schedulingStrategy | `schedulingStrategy` is `DAEMON`, which the launch type `FARGATE` does not support: use `REPLICA`",
            "warning: /desiredCount | `desiredCount` is not sent: a `DAEMON` service runs one task on each instance",
        ],
    );
}

#[test]
fn a_daemon_has_no_placement_strategy() {
    assert_findings(
        &checked(check_service(&service(json!({"schedulingStrategy": "DAEMON", "placementStrategy": [{"type": "random"}]})))),
        &[
            "/placementStrategy | `placementStrategy` is given; with `DAEMON` AWS accepts none: remove it",
            "warning: /desiredCount | `desiredCount` is not sent: a `DAEMON` service runs one task on each instance",
        ],
    );
}

#[test]
fn an_external_controller_keeps_task_set_members_out() {
    assert_findings(
        &checked(check_service(&service(json!({"deploymentController": {"type": "EXTERNAL"}, "launchType": "EC2"})))),
        &[
            "/launchType | `launchType` belongs to a task set; with the deployment controller `EXTERNAL` AWS does not accept it here: remove it",
        ],
    );
}

#[test]
fn launch_type_and_capacity_providers_exclude_each_other() {
    assert_findings(
        &checked(check_service(&service(json!({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "x"}]})))),
        &["/launchType | `launchType` (`EC2`) and `capacityProviderStrategy` exclude each other: remove one"],
    );
}

#[test]
fn managed_instances_are_a_capacity_provider() {
    assert_findings(
        &checked(check_service(&service(json!({"launchType": "MANAGED_INSTANCES"})))),
        &[
            "/launchType | `launchType` is `MANAGED_INSTANCES`; AWS accepts managed instances through `capacityProviderStrategy` only",
        ],
    );
}

#[test]
fn a_capacity_provider_has_weight() {
    assert_findings(
        &checked(check_service(&service(
            json!({"capacityProviderStrategy": [{"capacityProvider": "a", "base": 1}, {"capacityProvider": "b", "base": 1}]}),
        ))),
        &[
            "/capacityProviderStrategy | more than one capacity provider has a `base`; AWS accepts one",
            "/capacityProviderStrategy | no capacity provider has a `weight` above 0; AWS requires one",
        ],
    );
}

#[test]
fn a_platform_version_is_of_fargate() {
    assert_findings(
        &checked(check_service(&service(json!({"launchType": "EC2", "platformVersion": "LATEST"})))),
        &["/platformVersion | `platformVersion` is of Fargate, and `launchType` is `EC2`: remove it"],
    );
}

#[test]
fn a_retired_platform_version_is_a_warning() {
    assert_findings(
        &checked(check_service(&service(json!({"platformVersion": "1.1.0"})))),
        &["warning: /platformVersion | `platformVersion` is 1.1.0, which AWS no longer lists for Linux: use LATEST or 1.4.0"],
    );
}

#[test]
fn fargate_takes_no_placement() {
    assert_findings(
        &checked(check_service(&service(
            json!({"launchType": "FARGATE", "placementConstraints": [{"type": "distinctInstance"}]}),
        ))),
        &["/placementConstraints | `placementConstraints` is given; Fargate has no instances to place tasks on: remove it"],
    );
}

#[test]
fn distinct_instance_takes_no_expression() {
    assert_findings(
        &checked(check_service(&service(json!({"placementConstraints": [{"type": "distinctInstance", "expression": "x"}]})))),
        &["/placementConstraints/0/expression | `placementConstraints[0].expression` is given; `distinctInstance` takes none"],
    );
}

#[test]
fn binpack_takes_cpu_or_memory() {
    assert_findings(
        &checked(check_service(&service(json!({"placementStrategy": [{"type": "binpack", "field": "disk"}]})))),
        &["/placementStrategy/0 | `placementStrategy[0].field` is `disk`; `binpack` takes `cpu` or `memory`"],
    );
}

#[test]
fn there_are_five_strategies_at_most() {
    assert_findings(
        &checked(check_service(&service(json!({"placementStrategy": vec![json!({"type": "random"}); 6]})))),
        &["/placementStrategy | `placementStrategy` has 6 elements; AWS accepts at most 5"],
    );
}

#[test]
fn a_load_balancer_is_a_target_group_with_container_and_port() {
    assert_findings(
        &checked(check_service(&service(json!({"loadBalancers": [{"targetGroupArn": "TARGET_GROUP_ARN"}]})))),
        &[
            "/loadBalancers/0/targetGroupArn | `loadBalancers[0].targetGroupArn` is `TARGET_GROUP_ARN`: AWS accepts the ARN of a target group; an ARN has six parts, `arn:partition:service:region:account:resource`",
            "/loadBalancers/0 | `loadBalancers[0]`: `containerName` is missing; AWS requires it",
            "/loadBalancers/0 | `loadBalancers[0]`: `containerPort` is missing; AWS requires it",
        ],
    );
}

#[test]
fn a_load_balancer_is_named_one_way() {
    assert_findings(
        &checked(check_service(&service(json!({"loadBalancers": [{"containerName": "app", "containerPort": 80}]})))),
        &["/loadBalancers/0 | `loadBalancers[0]`: of `targetGroupArn` and `loadBalancerName` it has neither; AWS requires one"],
    );
}

#[test]
fn a_role_is_for_one_load_balancer() {
    assert_findings(
        &checked(check_service(&service(json!({"role": "ecsServiceRole"})))),
        &["/role | `role` is given, and there is no load balancer; AWS uses its service-linked role there: remove it"],
    );
}

#[test]
fn a_role_is_not_for_awsvpc() {
    assert_findings(
        &checked(check_service(&service(
            json!({"role": "ecsServiceRole", "loadBalancers": [target()], "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}),
        ))),
        &["/role | `role` is given, and the tasks use networkMode `awsvpc`; AWS uses its service-linked role there: remove it"],
    );
}

#[test]
fn a_registry_has_a_port_or_a_container() {
    assert_findings(
        &checked(check_service(&service(
            json!({"serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-1", "port": 80, "containerName": "app"}]}),
        ))),
        &[
            "/serviceRegistries/0 | `serviceRegistries[0]` has `port` beside `containerName` or `containerPort`; AWS accepts one or the other",
        ],
    );
}

#[test]
fn subnets_are_required_and_bounded() {
    assert_findings(
        &checked(check_service(&service(
            json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": [], "securityGroups": ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "web"]}}}),
        ))),
        &[
            "/networkConfiguration/awsvpcConfiguration/subnets | `networkConfiguration.awsvpcConfiguration.subnets` is empty; AWS requires at least one subnet",
            "/networkConfiguration/awsvpcConfiguration/securityGroups | `networkConfiguration.awsvpcConfiguration.securityGroups` has 6 elements; AWS accepts at most 5",
            "/networkConfiguration/awsvpcConfiguration/securityGroups/5 | `networkConfiguration.awsvpcConfiguration.securityGroups[5]` is `web`; AWS accepts an id like `sg-0a1b2c3d4e5f60718`",
        ],
    );
}

#[test]
fn a_grace_period_is_not_negative() {
    assert_findings(
        &checked(check_service(&service(json!({"healthCheckGracePeriodSeconds": -1})))),
        &["/healthCheckGracePeriodSeconds | `healthCheckGracePeriodSeconds` is -1; AWS accepts 0 to 2147483647 seconds"],
    );
}

#[test]
fn a_ranged_number_is_in_its_range() {
    assert_findings(
        &checked(check_service(&service(
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "web", "ingressPortOverride": 70000}]}}),
        ))),
        &[
            "/serviceConnectConfiguration/services/0/ingressPortOverride | `serviceConnectConfiguration.services[0].ingressPortOverride` is 70000; AWS accepts 0 to 65535",
        ],
    );
}

#[test]
fn service_connect_names_are_small() {
    assert_findings(
        &checked(check_service(&service(
            json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "web", "discoveryName": "Web", "clientAliases": [{"port": 80}, {"port": 81}]}]}}),
        ))),
        &[
            "/serviceConnectConfiguration/services/0/discoveryName | `serviceConnectConfiguration.services[0].discoveryName` is `Web`; AWS accepts up to 64 small letters, digits, underscores and hyphens, no hyphen first",
            "/serviceConnectConfiguration/services/0/clientAliases | `serviceConnectConfiguration.services[0].clientAliases`: there is more than one alias; AWS accepts one",
        ],
    );
}

#[test]
fn a_managed_volume_has_a_size() {
    assert_findings(
        &checked(check_service(&service(
            json!({"volumeConfigurations": [{"name": "v", "managedEBSVolume": {"roleArn": "ecsInfrastructure", "volumeType": "io2"}}]}),
        ))),
        &[
            "/volumeConfigurations/0/managedEBSVolume | `volumeConfigurations[0].managedEBSVolume` has neither `sizeInGiB` nor `snapshotId`; AWS requires one",
            "/volumeConfigurations/0/managedEBSVolume | `volumeConfigurations[0].managedEBSVolume` has no `iops`; the volume types io1 and io2 require it",
        ],
    );
}
