//! Each rule about a service with its task definition, and what a person reads when it is broken.

use crate::model_documents::*;
use driftless_core::model::{check_run_task_together, check_service, check_task_definition, check_together};
use driftless_core::plan::tags::{ON_DEFINITION, ON_SERVICE, RUNS};
use serde_json::json;

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
