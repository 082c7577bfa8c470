//! What an update sends of a member that is declared in part: the rest as it is, since AWS replaces the whole member.

use super::*;

#[test]
fn what_is_declared_lies_over_what_there_is() {
    let rows = [
        // Of a structure the members that only AWS has are sent again, unless they say nothing.
        (
            "deploymentConfiguration",
            json!({"maximumPercent": 150}),
            json!({"maximumPercent": 300, "minimumHealthyPercent": 50, "deploymentCircuitBreaker": {"enable": false, "rollback": false}}),
            json!({"maximumPercent": 150, "minimumHealthyPercent": 50}),
        ),
        (
            "deploymentConfiguration",
            json!({"deploymentCircuitBreaker": {"enable": true}}),
            json!({"deploymentCircuitBreaker": {"enable": false, "rollback": true}}),
            json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}}),
        ),
        // Of a list whose elements have keys the elements are those that are declared, each with the rest of its own.
        (
            "capacityProviderStrategy",
            json!([{"capacityProvider": "a", "weight": 1}, {"capacityProvider": "c", "weight": 2}]),
            json!([{"capacityProvider": "b", "weight": 5, "base": 3}, {"capacityProvider": "a", "weight": 4, "base": 2}]),
            json!([{"capacityProvider": "a", "weight": 1, "base": 2}, {"capacityProvider": "c", "weight": 2}]),
        ),
        // Of any other list, or where a key is there twice, it is what is declared.
        (
            "placementStrategy",
            json!([{"type": "spread"}]),
            json!([{"type": "spread", "field": "instanceId"}]),
            json!([{"type": "spread"}]),
        ),
        (
            "capacityProviderStrategy",
            json!([{"capacityProvider": "a", "weight": 1}, {"capacityProvider": "a", "weight": 2}]),
            json!([{"capacityProvider": "a", "weight": 4, "base": 2}]),
            json!([{"capacityProvider": "a", "weight": 1}, {"capacityProvider": "a", "weight": 2}]),
        ),
        ("desiredCount", json!(2), json!(3), json!(2)),
        ("newMember", json!({"a": 1}), json!({"b": 2}), json!({"a": 1})),
    ];
    for (member, declared, observed, sent) in rows {
        assert_eq!(overlay(&declared, &observed, member, &Setting::default()), sent, "{member} {declared}");
    }
}
