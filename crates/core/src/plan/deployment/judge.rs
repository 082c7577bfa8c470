//! How the group stands to what is declared: what is under way and whose it is, what its instances have, and what failed.

use super::memory::Remembered;
use super::record::{self, Record};
use super::revision::Target;
use crate::observed::DeploymentObservation;
use crate::plan::Context;

/// How long AWS may show a state before our own write.
const LATE: f64 = 60.0;
/// How far two of AWS's clocks may be apart: the answer's Date has whole seconds.
const SKEW: f64 = 5.0;

/// What to do, and about which deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Judgement<'a> {
    /// The group has it.
    Settled(Record<'a>),
    /// Our deployment of it is under way.
    Joined(Record<'a>),
    /// It is under way for longer than it may.
    Overdue(Record<'a>),
    /// Our deployment of something older is under way.
    Outdated(Record<'a>),
    /// CodeDeploy takes our deployment of it (the first) back.
    RollingBack(Record<'a>, Record<'a>),
    /// Somebody else's deployment is under way.
    Others(Record<'a>),
    /// Our last deployment of it failed, or was stopped.
    Failed(Record<'a>),
    /// The same, as the group itself remembers: CodeDeploy does not tell of it any more.
    Remembered(Remembered<'a>),
    /// We wrote a moment ago, and AWS does not show it yet.
    NotShownYet,
    /// Nothing of the kind: it has to be deployed.
    Differs,
}

/// Judges what was observed. `retry`: a failure on record counts for nothing.
pub(super) fn judge<'a>(target: &Target<'_>, observed: &'a DeploymentObservation, context: &Context<'_>) -> Judgement<'a> {
    let records = record::records(observed);
    let owner = observed.owner.as_str();
    let own = record::newest_own(&records, owner);
    let is_target = |record: Record<'_>| record.marker().is_some_and(|marker| marker.digest == target.digest);
    let last = record::last_success(&records);
    let settled = last.filter(|last| has(target, *last, &records, owner) && record::stray(&records, *last).is_none());
    for active in records.iter().copied().filter(|record| record.is_active()) {
        if let Some(failed) = active.rolls_back().and_then(|id| record::find(&records, id)).filter(|failed| failed.is_of(owner)) {
            return if is_target(failed) { Judgement::RollingBack(failed, active) } else { Judgement::Others(active) };
        }
        if active.is_of(owner) {
            return match is_target(active) {
                true if observed.now > active.created() + allowed(target, active) => Judgement::Overdue(active),
                true => Judgement::Joined(active),
                false => Judgement::Outdated(active),
            };
        }
        if !active.catches_up() || settled.is_none() {
            return Judgement::Others(active);
        }
    }
    let unseen = context
        .last_write
        .filter(|write| observed.now - write < LATE && own.is_none_or(|own| own.created() < write - SKEW || !is_target(own)));
    match (settled, own.filter(|own| own.failed() && is_target(*own))) {
        (Some(last), _) => Judgement::Settled(last),
        _ if unseen.is_some() => Judgement::NotShownYet,
        (None, Some(failed)) if !context.retry => Judgement::Failed(failed),
        (None, _) if context.retry => Judgement::Differs,
        (None, _) => Remembered::of(target, observed, own).map_or(Judgement::Differs, Judgement::Remembered),
    }
}

/// Whether a deployment that succeeded put there what is declared.
fn has(target: &Target<'_>, last: Record<'_>, records: &[Record<'_>], owner: &str) -> bool {
    match last.marker().filter(|marker| marker.is_of(owner)) {
        Some(marker) => marker.digest == target.digest,
        // It took our deployment of this very thing back: what it put there is something else, even if it looks alike.
        None => {
            let undone = last.rolls_back().and_then(|id| record::find(records, id)).filter(|undone| undone.is_of(owner));
            let undone = undone.and_then(|undone| undone.marker()).is_some_and(|marker| marker.digest == target.digest);
            !undone && target.is_what(last)
        }
    }
}

/// Seconds that a deployment may take. Waits that the group declares for a blue/green deployment are added: until traffic is
/// rerouted (with STOP_DEPLOYMENT), and until the original instances are terminated. Both are minutes.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BlueGreenDeploymentConfiguration.html>
pub(super) fn allowed(target: &Target<'_>, record: Record<'_>) -> f64 {
    let options = &record.0["blueGreenDeploymentConfiguration"];
    let ready = &options["deploymentReadyOption"];
    let ready = if ready["actionOnTimeout"] == "STOP_DEPLOYMENT" { ready["waitTimeInMinutes"].as_f64() } else { None };
    let end = &options["terminateBlueInstancesOnDeploymentSuccess"];
    let end = if end["action"] == "TERMINATE" { end["terminationWaitTimeInMinutes"].as_f64() } else { None };
    target.declared.timeout.as_secs_f64() + 60.0 * (ready.unwrap_or_default() + end.unwrap_or_default())
}
