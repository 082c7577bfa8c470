//! Each rule about a service, alone and with its task definition, and what a person reads when it is broken.

use crate::model_documents::*;
use driftless_core::model::{check_run_task_together, check_service, check_task_definition, check_together};
use driftless_core::plan::tags::{ON_DEFINITION, ON_SERVICE, RUNS};
use serde_json::json;

// Services

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

// Deployments

#[test]
fn codedeploy_needs_a_load_balancer_and_has_no_circuit_breaker() {
    assert_findings(
        &checked(check_service(&service(
            json!({"deploymentController": {"type": "CODE_DEPLOY"}, "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}}),
        ))),
        &[
            " | there is no load balancer; the deployment controller `CODE_DEPLOY` requires one in `loadBalancers`",
            "/deploymentConfiguration/deploymentCircuitBreaker | `deploymentConfiguration.deploymentCircuitBreaker` works with the deployment controller `ECS` only, and it is `CODE_DEPLOY`",
        ],
    );
}

#[test]
fn percents_leave_room() {
    assert_findings(
        &checked(check_service(&service(
            json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}}),
        ))),
        &[
            "warning: /deploymentConfiguration/maximumPercent | `maximumPercent` (100) leaves no room above `minimumHealthyPercent` (100): no task could be replaced",
        ],
    );
}

#[test]
fn more_than_100_percent_of_a_daemon_is_a_warning() {
    assert_findings(
        &checked(check_service(&service(
            json!({"schedulingStrategy": "DAEMON", "desiredCount": null, "deploymentConfiguration": {"maximumPercent": 200}}),
        ))),
        &[
            "warning: /deploymentConfiguration/maximumPercent | `maximumPercent` is 200; a `DAEMON` service runs at most one task on each instance, which is 100",
        ],
    );
}

#[test]
fn a_minimum_of_0_is_taken() {
    assert_findings(
        &checked(check_service(&service(
            json!({"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}}),
        ))),
        &[],
    );
}

#[test]
fn a_circuit_breaker_says_both() {
    assert_findings(
        &checked(check_service(&service(json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true}}})))),
        &[
            "/deploymentConfiguration/deploymentCircuitBreaker | `deploymentConfiguration.deploymentCircuitBreaker.rollback` is missing; AWS requires it",
        ],
    );
}

#[test]
fn a_strategy_is_for_the_controller_ecs() {
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let of = |strategy: &str| {
            let document =
                json!({"deploymentController": {"type": controller}, "deploymentConfiguration": {"strategy": strategy}});
            checked(check_service(&service(document))).join("\n")
        };
        let told = format!(
            "`deploymentConfiguration.strategy` is `BLUE_GREEN`; the deployment controller `{controller}` does not take it"
        );
        assert!(of("BLUE_GREEN").contains(&told), "{}", of("BLUE_GREEN"));
        assert!(!of("ROLLING").contains("does not take it"), "{}", of("ROLLING"));
    }
}

#[test]
fn canary_members_are_for_canary() {
    assert_findings(
        &checked(check_service(&service(
            json!({"deploymentConfiguration": {"strategy": "LINEAR", "canaryConfiguration": {"canaryPercent": 5.0}, "linearConfiguration": {"stepPercent": 2.5, "stepBakeTimeInMinutes": 2000}}}),
        ))),
        &[
            "/deploymentConfiguration/canaryConfiguration | `deploymentConfiguration.canaryConfiguration` is valid with the strategy `CANARY` only, and it is `LINEAR`",
            "/deploymentConfiguration/linearConfiguration/stepBakeTimeInMinutes | `deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes` is 2000; AWS accepts 0 to 1440 minutes",
            "/deploymentConfiguration/linearConfiguration/stepPercent | `deploymentConfiguration.linearConfiguration.stepPercent` is 2.5; AWS accepts multiples of 0.1 from 3.0 to 100.0",
        ],
    );
}

#[test]
fn a_hook_has_a_target_and_stages() {
    assert_findings(
        &checked(check_service(&service(
            json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "lifecycleHooks": [{"roleArn": "hooks"}]}}),
        ))),
        &[
            "/deploymentConfiguration/lifecycleHooks/0 | `deploymentConfiguration.lifecycleHooks[0]` has no `hookTargetArn`; AWS requires it",
            "/deploymentConfiguration/lifecycleHooks/0 | `deploymentConfiguration.lifecycleHooks[0]` has no `lifecycleStages`; AWS requires at least one",
        ],
    );
}

// With the task definition

#[test]
fn a_load_balancer_names_a_container_of_the_task_definition() {
    assert_findings(
        &together(check_together(
            Some(&object(container(json!({"portMappings": [{"containerPort": 8080}]})))),
            &object(json!({"loadBalancers": [{"containerName": "ap", "containerPort": 8080}]})),
        )),
        &[
            "/service/loadBalancers/0/containerName | `loadBalancers[0].containerName` names the container `ap`, which the task definition does not have; did you mean `app`?",
        ],
    );
}

#[test]
fn a_load_balancer_names_a_mapped_port() {
    assert_findings(
        &together(check_together(
            Some(&object(container(json!({"portMappings": [{"containerPort": 8080}, {"containerPortRange": "9000-9010"}]})))),
            &object(
                json!({"loadBalancers": [{"containerName": "app", "containerPort": 80}, {"containerName": "app", "containerPort": 9005}]}),
            ),
        )),
        &[
            "/service/loadBalancers/0/containerPort | `loadBalancers[0].containerPort` is 80, which the container `app` does not map; its `portMappings` have `8080` and `9000-9010`",
        ],
    );
}

#[test]
fn a_network_configuration_is_asked_for_at_creation_only() {
    assert_findings(&together(check_together(Some(&object(task(json!({"networkMode": "awsvpc"})))), &object(json!({})))), &[]);
}

#[test]
fn a_grace_period_without_a_load_balancer_is_a_warning() {
    let told = |document: serde_json::Value| checked(check_service(&document));
    assert_findings(
        &told(service(json!({"healthCheckGracePeriodSeconds": 60}))),
        &[
            "warning: /healthCheckGracePeriodSeconds | `healthCheckGracePeriodSeconds` is 60, and the service has no load balancer; AWS may refuse it then: remove it, unless it is meant for the containers' own health checks",
        ],
    );
    assert_findings(&told(service(json!({"healthCheckGracePeriodSeconds": 0}))), &[]);
    assert_findings(&told(service(json!({"healthCheckGracePeriodSeconds": 60, "loadBalancers": [target()]}))), &[]);
}

#[test]
fn a_command_is_no_state() {
    let checked_service = check_service(&service(json!({"forceNewDeployment": true})));
    assert_eq!(checked_service.document.get("forceNewDeployment"), None);
    let [warning] = &checked_service.warnings[..] else { panic!("{:?}", checked_service.warnings) };
    assert_eq!(warning.pointer, "/forceNewDeployment");
    assert!(
        warning.message.starts_with("`forceNewDeployment` is not sent: it is something to do once, and no state."),
        "{}",
        warning.message
    );
    assert!(warning.message.contains("aws ecs update-service --force-new-deployment"), "{}", warning.message);
}

#[test]
fn driftless_s_own_tags_count() {
    let tags =
        |count: usize| json!({"tags": (0..count).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect::<Vec<_>>()});
    assert_eq!(check_service(&service(tags(50 - ON_SERVICE))).errors, []);
    let [error] = &check_service(&service(tags(48))).errors[..] else { panic!("it is refused") };
    assert_eq!(
        (error.pointer.as_str(), error.message.contains(&format!("declare at most {}", 50 - ON_SERVICE))),
        ("/tags", true)
    );
    assert_eq!(check_service(&service(tags(51 - ON_SERVICE))).errors.len(), 1);
    // More than AWS takes at all is said once.
    assert_eq!(check_service(&service(tags(51))).errors.len(), 1);
    assert_eq!(check_task_definition(&task(tags(50 - ON_DEFINITION))).errors, []);
    assert_eq!(check_task_definition(&task(tags(51 - ON_DEFINITION))).errors.len(), 1);
}

#[test]
fn what_follows_from_an_unknown_word_is_not_judged() {
    let unknown = [
        (
            check_service(&service(
                json!({"deploymentController": {"type": "NEW"}, "deploymentConfiguration": {"strategy": "NEW", "linearConfiguration": {"stepPercent": 10.0}, "deploymentCircuitBreaker": {"enable": true, "rollback": true}}}),
            )),
            2,
        ),
        (check_task_definition(&container_of(json!({"networkMode": "mesh"}), json!({"links": ["app"]}))), 1),
        (check_task_definition(&fargate(json!({"networkMode": "mesh"}))), 1),
        (check_task_definition(&on_fargate(json!({"logConfiguration": {"logDriver": "awsnew"}}))), 1),
        (check_task_definition(&task(json!({"requiresCompatibilities": ["EC2", "ORBIT"]}))), 1),
    ];
    for (checked, warnings) in unknown {
        assert_eq!((checked.errors, checked.warnings.len()), (vec![], warnings), "{:?}", checked.warnings);
    }
}

#[test]
fn bridge_takes_no_network_configuration() {
    assert_findings(
        &together(check_together(
            Some(&object(task(json!({})))),
            &object(json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})),
        )),
        &[
            "/service/networkConfiguration | `networkConfiguration` is given, and the task definition has no networkMode, which means `bridge`; AWS accepts it with `awsvpc` only",
        ],
    );
}

#[test]
fn fargate_runs_what_fargate_can_run() {
    assert_findings(
        &together(check_together(Some(&object(task(json!({})))), &object(json!({"launchType": "FARGATE"})))),
        &[
            "/service/launchType | `launchType` is `FARGATE`, and Fargate cannot run the task definition: `networkMode` is missing, which means `bridge`; Fargate requires `awsvpc`",
        ],
    );
}

#[test]
fn a_definition_for_instances_that_fargate_can_run_is_taken() {
    assert_findings(
        &together(check_together(
            Some(&object(task(
                json!({"requiresCompatibilities": ["EC2"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}),
            ))),
            &object(json!({"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})),
        )),
        &[],
    );
}

#[test]
fn service_connect_names_a_port_of_the_task_definition() {
    assert_findings(
        &together(check_together(
            Some(&object(container(json!({"portMappings": [{"containerPort": 80, "name": "http"}]})))),
            &object(json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "htpp"}]}})),
        )),
        &[
            "/service/serviceConnectConfiguration/services/0/portName | `serviceConnectConfiguration.services[0].portName` names the port `htpp`, which the task definition does not have; did you mean `http`?",
        ],
    );
}

#[test]
fn a_configured_volume_is_one_of_the_task_definition() {
    assert_findings(
        &together(check_together(
            Some(&object(task(json!({"volumes": [{"name": "data", "configuredAtLaunch": true}]})))),
            &object(json!({"volumeConfigurations": [{"name": "date"}]})),
        )),
        &[
            "/service/volumeConfigurations/0/name | `volumeConfigurations[0].name` names the volume `date`, which the task definition does not have; did you mean `data`?",
        ],
    );
}

#[test]
fn an_external_controller_is_asked_nothing() {
    assert_findings(
        &together(check_together(
            Some(&object(task(json!({"networkMode": "awsvpc"})))),
            &object(json!({"deploymentController": {"type": "EXTERNAL"}})),
        )),
        &[],
    );
}

#[test]
fn the_records_of_a_task_s_runs_count_among_its_definition_s_tags() {
    let definition = |count: usize| {
        let tags: Vec<_> = (0..count).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
        let definition = object(task(json!({"tags": tags})));
        check_run_task_together(Some(&definition), &object(json!({})))
    };
    assert_eq!(definition(50 - ON_DEFINITION - RUNS), []);
    let [error] = &definition(51 - ON_DEFINITION - RUNS)[..] else { panic!("it is refused") };
    assert_eq!(error.pointer, "/taskDefinition/tags");
    assert_eq!(definition(51 - ON_DEFINITION), [], "that is said of the definition alone");
}
