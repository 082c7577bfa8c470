//! The normal forms that AWS's pages allow for, and that no recorded answer rules out: defaults that they name, and lists
//! whose order they do not promise.

use serde_json::{Map, Value, json};

/// Lists of a service and a task definition whose order means nothing: none of their pages names one, and an element is
/// found by its own name. Not among them: `command`, `entryPoint`, `placementStrategy` (the first is applied first).
const UNORDERED: [&str; 14] = [
    "accessTypes",
    "alarmNames",
    "capacityProviderStrategy",
    "containerDefinitions",
    "dependsOn",
    "extraHosts",
    "gatewayConnectors",
    "loadBalancers",
    "metricConfigurations",
    "metricNames",
    "secretOptions",
    "systemControls",
    "ulimits",
    "volumesFrom",
];

/// The members of a service, or of whatever shows them.
pub(super) fn service(members: &mut Map<String, Value>) {
    let breaker = members.get_mut("deploymentConfiguration").and_then(|own| own.get_mut("deploymentCircuitBreaker"));
    if let Some(Value::Object(breaker)) = breaker {
        // "The default is `true`": <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html>
        breaker.entry("resetOnHealthyTask").or_insert(json!(true));
        // "The default is `BOUNDED_PERCENT`", "The default is `50`":
        // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html>
        let threshold = breaker.entry("thresholdConfiguration").or_insert_with(|| json!({}));
        if let Value::Object(threshold) = threshold {
            threshold.entry("type").or_insert("BOUNDED_PERCENT".into());
            threshold.entry("value").or_insert(json!(50));
        }
    }
    for connector in members.get_mut("gatewayConnectors").and_then(Value::as_array_mut).into_iter().flatten() {
        // "The default value is 300 seconds.":
        // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GatewayConnectorDeregistrationDelay.html>
        if let Value::Object(connector) = connector {
            connector.entry("deregistrationDelay").or_insert(json!({"timeoutSeconds": 300}));
        }
    }
    unordered(members);
}

/// The members of a task definition.
pub(super) fn task_definition(members: &mut Map<String, Value>) {
    unordered(members);
}

fn unordered(members: &mut Map<String, Value>) {
    for (key, member) in members.iter_mut() {
        turn(key, member);
    }
}

fn turn(key: &str, value: &mut Value) {
    match value {
        // What a deployment shows is spelled on its own.
        Value::Array(_) if matches!(key, "deployments" | "events" | "tags") => {}
        Value::Array(list) => {
            list.iter_mut().for_each(|element| turn("", element));
            if UNORDERED.contains(&key) {
                list.reverse();
            }
        }
        Value::Object(members) => unordered(members),
        _ => {}
    }
}
