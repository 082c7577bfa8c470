//! Each rule about how a service is deployed, and what a person reads when it is broken.

use crate::model_documents::*;
use driftless_core::model::check_service;
use serde_json::json;

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
