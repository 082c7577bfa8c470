//! `rollout.failAfter`: how many failed tasks of our own deployment are one too many, where AWS's circuit breaker, which decides
//! otherwise, is off.

use serde_json::Value;

use super::{Target, message, text};
use crate::count::counted;
use crate::desired::FailAfter;
use crate::observed::ServiceObservation;

/// "0.5 * desired task count", "a minimum threshold of 3 and a maximum threshold of 200": the thresholds of ECS's own circuit
/// breaker. The developer guide's table rounds up.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
fn threshold(desired: u64) -> u64 {
    desired.div_ceil(2).clamp(3, 200)
}

/// Why the deployment is called failed, where too many of its tasks failed.
pub(super) fn exceeded(target: &Target, observed: &ServiceObservation, service: &Value, primary: &Value) -> Option<String> {
    if service["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] == true {
        return None;
    }
    let desired = service["desiredCount"].as_u64().or_else(|| primary["desiredCount"].as_u64()).unwrap_or_default();
    let (limit, says) = match target.service.rollout.fail_after {
        FailAfter::Never => return None,
        FailAfter::Tasks(tasks) => (u64::from(tasks), format!("rollout.failAfter: {tasks}")),
        FailAfter::Auto => (threshold(desired), format!("rollout.failAfter: auto, which is {} of {desired}", threshold(desired))),
    };
    let failed = failed_tasks(observed, primary);
    (failed >= limit).then(|| format!("{} of the rollout failed ({says})", counted(failed, "task")))
}

/// "The number of consecutively failed tasks in the deployment": those that did not come up or failed their checks; it "resets
/// to zero" once a task has run. So tasks that come up and crash at once are counted by themselves, as long as none runs.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
fn failed_tasks(observed: &ServiceObservation, primary: &Value) -> u64 {
    let told = primary["failedTasks"].as_u64().unwrap_or_default();
    if primary["runningCount"].as_u64().unwrap_or_default() > 0 {
        return told;
    }
    let id = text(primary, "id");
    // Tasks of a service are "started by" its deployment. API_Task.html
    let crashed = observed.stopped_tasks.iter().filter(|task| text(task, "startedBy") == id && message::is_failure(task));
    told.max(crashed.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn the_threshold_is_half_of_the_count_and_at_least_3_and_at_most_200() {
        for (desired, expected) in [(0, 3), (1, 3), (5, 3), (6, 3), (7, 4), (25, 13), (400, 200), (800, 200)] {
            assert_eq!(threshold(desired), expected, "{desired}");
        }
    }
}
