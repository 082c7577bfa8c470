//! The deployment circuit breaker, and rollbacks: its own and those of StopServiceDeployment.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>

use crate::clock::Seconds;

use super::deployments::DEPLOYS;
use super::rollout::REACTION;
use super::service::{Rollout, Service};
use crate::ids::Ids;

/// Logical seconds that a rollback takes at least, so that it can be seen.
const ROLLBACK: f64 = 5.0;

/// "Minimum threshold <= 0.5 * desired task count => maximum threshold": between 3 and 200, rounded up.
pub(super) fn threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

/// Trips where the deployment under way has failed often enough.
pub(super) fn check(service: &mut Service, ids: &mut Ids, now: Seconds) {
    let enabled = service.breaker("enable");
    let Some(primary) = service.deployments.first() else { return };
    let (failed, id, in_progress) = (primary.failed_tasks, primary.id.clone(), primary.rollout == Rollout::InProgress);
    let limit = threshold(service.wanted());
    if let Some(current) = service.current() {
        current.failure_count = failed;
    }
    if !enabled || !in_progress || failed < limit {
        return;
    }
    service.say_deployment(ids, now, &id, "deployment failed: tasks failed to start.");
    let rolls_back = service.breaker("rollback");
    fail(service, "ECS deployment circuit breaker: tasks failed to start.", now);
    if let Some(current) = service.current() {
        current.breaker = "TRIGGERED";
    }
    if rolls_back {
        let reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
        roll_back(service, ids, reason, "ECS deployment circuit breaker: rolling back", now);
    } else {
        // "The rollback option is not in use for the failure detection mechanism and the service fails":
        // API_ServiceDeployment.html, stoppedAt.
        end(service, "STOPPED", "Service deployment failed because the circuit breaker threshold was exceeded.", now);
    }
}

/// The deployment under way is FAILED: it "doesn't launch any new tasks" (API_Deployment.html).
pub(super) fn fail(service: &mut Service, reason: &str, now: Seconds) {
    if let Some(primary) = service.deployments.first_mut() {
        primary.rollout = Rollout::Failed;
        primary.reason = reason.into();
        primary.updated = now;
    }
}

/// The service deployment under way ends.
pub(super) fn end(service: &mut Service, status: &'static str, reason: &str, now: Seconds) {
    let enabled = service.breaker("enable");
    if let Some(current) = service.current() {
        current.status = status;
        current.updated = now;
        current.finished = Some(now);
        current.stopped = (status == "STOPPED").then_some(now);
        if !reason.is_empty() {
            current.reason = Some(reason.into());
        }
        if enabled && current.breaker != "TRIGGERED" {
            current.breaker = "MONITORING_COMPLETE";
        }
    }
}

/// The rollout under way has completed.
pub(super) fn completed(service: &mut Service, now: Seconds) {
    let rolled_back = service.current().is_some_and(|current| current.rollback.is_some());
    end(service, if rolled_back { "ROLLBACK_SUCCESSFUL" } else { "SUCCESSFUL" }, "", now);
}

/// Goes back to the last deployment that completed: it becomes PRIMARY again, under its old id, and the service's
/// members are again what they were then. The failed deployment stays in the list until the rollback has completed.
pub(super) fn roll_back(service: &mut Service, ids: &mut Ids, why: &str, says: &str, now: Seconds) {
    let failed_target = service.deployments.first().map(|failed| failed.revision.clone());
    let again = service.current().is_some_and(|current| current.rollback.is_some());
    let candidate = service.completed.clone().filter(|completed| Some(&completed.revision) != failed_target.as_ref());
    let Some(mut candidate) = candidate.filter(|_| !again) else {
        return end(service, "ROLLBACK_FAILED", "No rollback candidate was found to run the rollback.", now);
    };
    if let Some(place) = service.deployments.iter().position(|deployment| deployment.id == candidate.id) {
        candidate = service.deployments.remove(place);
    }
    candidate.rollout = Rollout::InProgress;
    candidate.reason = format!("{says} to deploymentId {}.", candidate.id);
    (candidate.failed_tasks, candidate.failures, candidate.pause_until) = (0, 0, 0.0);
    candidate.updated = now;
    candidate.hold_until = now + ROLLBACK;
    for key in DEPLOYS {
        match candidate.members.get(key) {
            Some(member) => drop(service.members.insert(key.into(), member.clone())),
            None => drop(service.members.remove(key)),
        }
    }
    service.say(ids, now, &format!("rolling back to deployment {}.", candidate.id));
    let revision = candidate.revision.clone();
    service.deployments.insert(0, candidate);
    if let Some(current) = service.current() {
        current.status = "ROLLBACK_IN_PROGRESS";
        current.reason = Some(why.into());
        current.rollback = Some((why.into(), now, revision));
        current.updated = now;
    }
    service.steady = false;
    service.wake = service.wake.min(now + REACTION);
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn the_threshold_is_half_of_the_desired_count_between_3_and_200() {
        let table = [(0, 3), (1, 3), (5, 3), (6, 3), (7, 4), (25, 13), (400, 200), (800, 200)];
        for (desired, expected) in table {
            assert_eq!(threshold(desired), expected, "desired {desired}");
        }
    }
}
