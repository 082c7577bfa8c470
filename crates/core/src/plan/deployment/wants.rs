//! What else has to be read before anything is decided: only what this pass needs.

use super::judge::{Judgement, judge};
use super::record;
use super::revision::Target;
use crate::desired::Ec2Deployment;
use crate::observed::DeploymentObservation;
use crate::plan::Context;

/// What to read next; nothing more when all is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// Deployments, by id.
    pub deployments: Vec<String>,
    /// Older deployments of the group, until [`reaches_back`] is satisfied.
    pub history: bool,
    /// The targets on which this deployment failed.
    pub failed_targets: Option<String>,
    /// The group's tags.
    pub tags: bool,
}

/// What the planner still has to see of a group whose observation has begun.
pub fn wants(declared: &Ec2Deployment, observed: &DeploymentObservation, context: &Context<'_>) -> Wants {
    let mut wants = Wants::default();
    if observed.group.present().is_none() {
        return wants;
    }
    let records = record::records(observed);
    let related = records.iter().flat_map(|record| [record.rolls_back(), record.rolled_back_by()]).flatten();
    for id in related.filter(|id| record::find(&records, id).is_none()) {
        if !wants.deployments.iter().any(|known| known == id) {
            wants.deployments.push(id.to_owned());
        }
    }
    if !wants.deployments.is_empty() {
        return wants;
    }
    let target = Target::new(declared, observed.object.present());
    match judge(&target, observed, context) {
        // A failure of ours may lie further back than what the group names, and must not be repeated.
        Judgement::Differs => {
            wants.history = !observed.history;
            wants.tags = observed.history && !observed.tags_asked;
        }
        // The group names its last attempt only: what came between that and the last success may have left instances on
        // something else.
        Judgement::Settled(last) if records.iter().any(|record| record.created() > last.created()) => {
            wants.history = !observed.history;
        }
        Judgement::Others(_) | Judgement::NotShownYet if record::last_success(&records).is_none() => {
            wants.history = !observed.history;
        }
        Judgement::Failed(failed) if observed.failed_targets.is_none() => wants.failed_targets = Some(failed.id().to_owned()),
        Judgement::Failed(_) => wants.tags = !observed.tags_asked,
        _ => {}
    }
    wants
}

/// The times (seconds since the epoch) from which on all of the group's deployments are read, one after the other, until
/// [`reaches_back`]: since our newest that is known, as others may have come after it, and ever further back.
/// ListDeployments promises no order, so that its first page may not hold the newest.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>
pub fn history_starts(observed: &DeploymentObservation) -> Vec<f64> {
    const DAY: f64 = 24.0 * 60.0 * 60.0;
    let records = record::records(observed);
    let own = record::newest_own(&records, &observed.owner).map(|own| own.created() - 1.0);
    let mut starts: Vec<f64> = own.into_iter().collect();
    for days in [1.0, 30.0, 365.0] {
        let start = observed.now - days * DAY;
        if starts.last().is_none_or(|last| start < *last) {
            starts.push(start);
        }
    }
    starts
}

/// Whether all since `start` goes back far enough: to a deployment of ours, and to one that succeeded.
pub fn reaches_back(observed: &DeploymentObservation, start: f64) -> bool {
    let records = record::records(observed);
    let own = record::newest_own(&records, &observed.owner);
    own.is_some_and(|own| own.created() >= start) && record::last_success(&records).is_some()
}
