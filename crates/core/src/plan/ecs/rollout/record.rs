//! What AWS has on record about the deployment that we began: how it ended, and whether it was taken back.

use serde_json::Value;

use super::Target;
use crate::json::{list, text};
use crate::observed::ServiceObservation;

/// For so many seconds after our write an answer may show what was before.
const CONSISTENT_AFTER: f64 = 60.0;

/// Whether a service deployment with this status did not end as it should, or will not.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>
pub(super) fn failed(status: &str) -> bool {
    matches!(
        status,
        "STOPPED" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED"
    )
}

/// The service deployment that we began last.
pub(super) fn own_deployment<'a>(target: &Target, observed: &'a ServiceObservation) -> Option<&'a Value> {
    target.written?.service_deployment(observed.service.present()?, &observed.service_deployments)
}

/// Whether a later service deployment than ours is listed: what became of ours is history then.
fn superseded(own: &Value, observed: &ServiceObservation) -> bool {
    observed.service_deployments.first().is_some_and(|newest| newest["serviceDeploymentArn"] != own["serviceDeploymentArn"])
}

/// Whether `primary` is the deployment that we began.
pub(super) fn ours(target: &Target, service: &Value, primary: &Value) -> bool {
    target.written.is_some_and(|written| written.owns(service, primary))
}

/// Whether the deployment that we began for this very digest is still PRIMARY, and has failed.
pub(super) fn stands_failed(target: &Target, observed: &ServiceObservation) -> bool {
    let Some(service) = observed.service.present() else { return false };
    let primary = list(service, "deployments").iter().find(|one| one["status"] == "PRIMARY");
    let same = target.written.is_some_and(|written| written.digest == target.digest);
    primary.is_some_and(|primary| {
        let ended_badly = || own_deployment(target, observed).is_some_and(|own| failed(text(own, "status")));
        same && ours(target, service, primary) && (primary["rolloutState"] == "FAILED" || ended_badly())
    })
}

/// Whether the deployment that we began for this very digest ended badly, and nobody has deployed anything since. Asked where
/// PRIMARY is another one: its rollback, or somebody's.
///
/// Several witnesses, as each may be missing: the service deployment ("the last 90 days", and a list may be behind), the
/// deployment as long as it holds tasks, the reason of what became PRIMARY, the events ("the 100 most recent"), and that
/// an older deployment is PRIMARY again, which nobody can bring about by UpdateService.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
pub(super) fn went_back(target: &Target, observed: &ServiceObservation) -> bool {
    let Some(service) = observed.service.present() else { return false };
    let Some(written) = target.written.filter(|written| written.digest == target.digest && written.begun.is_some()) else {
        return false;
    };
    let deployments = list(service, "deployments");
    let Some(primary) = deployments.iter().find(|one| one["status"] == "PRIMARY") else { return false };
    if written.owns(service, primary) {
        return false;
    }
    if let Some(own) = own_deployment(target, observed) {
        let status = text(own, "status");
        // "Superseded by a newer service deployment" is a STOPPED as well.
        return failed(status) && !superseded(own, observed);
    }
    if deployments.iter().any(|one| written.owns(service, one) && one["rolloutState"] == "FAILED") {
        return true;
    }
    if text(primary, "rolloutStateReason").contains("rolling back to deployment") {
        return true;
    }
    let began = written.began(service).unwrap_or(f64::MAX);
    let told = list(service, "events").iter().filter(|event| event["createdAt"].as_f64().is_none_or(|at| at >= began));
    let id = match written.begun.as_ref() {
        Some(super::Begun::Deployment { id, .. }) => id.as_str(),
        _ => "",
    };
    // Newest first: the last word about ours.
    for event in told {
        let said = text(event, "message");
        let about = !id.is_empty() && said.contains(&format!("(deployment {id})"));
        if about && said.contains("deployment failed") {
            return true;
        }
        if about && said.contains("deployment completed") {
            return false;
        }
    }
    let older = primary["createdAt"].as_f64().is_some_and(|at| at + 1.0 < began);
    older && observed.now - began > CONSISTENT_AFTER
}
