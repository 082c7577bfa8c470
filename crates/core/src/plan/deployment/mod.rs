//! What to do about the difference between a declared Ec2Deployment and what its CodeDeploy deployment group has.
//!
//! A deployment carries no tags: our mark stands in its description. What the group has is its last successful
//! deployment; it is deployed to when that was something else. AWS takes no token for CreateDeployment, and one deployment
//! to a group at a time, so that what is under way is looked at first: ours is joined, or stopped when it has become
//! outdated, and others' are waited for. What failed stands in AWS's record, and is not tried again by itself.
//!
//! [`wants`] says what one pass has to read besides, [`plan`] decides. Both are pure.

mod judge;
mod marker;
mod memory;
mod message;
mod record;
mod revision;
pub(crate) mod step;
mod wants;

use serde_json::{Value, json};

use crate::desired::{Document, Ec2Deployment, Resource};
use crate::observed::{DeploymentObservation, Observed};
use crate::plan::{Cause, Change, Context, Plan, Verdict};
use crate::secret::Shown;
use judge::{Judgement, judge};
use record::Record;
use revision::Target;

pub use marker::owner;
pub use memory::group_arn;
pub use record::ACTIVE;
pub use step::DeploymentStep;
pub use wants::{Wants, history_starts, reaches_back, wants};

pub(crate) use marker::LONGEST as LONGEST_DESCRIPTION;

/// How soon a deployment is looked at again, in seconds.
const REQUEUE: u64 = 10;

/// The commit of our newest deployment that was read.
pub fn written_at(observed: &DeploymentObservation) -> Option<&str> {
    let records = record::records(observed);
    record::newest_own(&records, &observed.owner)?.marker().map(|marker| marker.revision)
}

/// See [`compared_with`](crate::plan::compared_with): AWS shows all of it.
pub fn compared_with<'o>(_: &Ec2Deployment, _: &'o DeploymentObservation) -> Option<&'o str> {
    None
}

/// What to do where two writes have not made AWS show what is declared.
pub(super) const NOT_CONVERGING: &str = "Look at the group's last deployments, and who else deploys to it";

/// How many can be looked at in a second with half of what AWS's request quotas give: CodeDeploy publishes no rates.
pub(super) const LOOKS_A_SECOND: f64 = 1.0;

/// How the group goes on while the deployment waits for another resource.
pub fn meanwhile(observed: &DeploymentObservation) -> Option<String> {
    match &observed.group {
        Observed::Present(_) => Some("its instances keep what they have".to_owned()),
        Observed::Absent => Some("there is no deployment group yet".to_owned()),
        Observed::Unknown(_) => None,
    }
}

/// Decides what to write for a CodeDeploy deployment.
pub fn plan(resource: &Resource, declared: &Ec2Deployment, observed: &DeploymentObservation, context: &Context<'_>) -> Plan {
    let (id, whom) = (&resource.id, format!("{}/{}", declared.application, declared.group));
    let group = match &observed.group {
        Observed::Unknown(why) => return Plan::new(id, Verdict::Unknown { message: why.clone() }),
        Observed::Absent => {
            let message = format!(
                "there is no deployment group {whom}: create it (a CloudFormationStack can), or correct the document's \
                 `applicationName` and `deploymentGroupName`, and the target's account and Region"
            );
            return Plan::new(id, Verdict::stalled("DeploymentGroupNotFound", message));
        }
        Observed::Present(group) => group,
    };
    if let Some(platform) = group["computePlatform"].as_str().filter(|platform| *platform != "Server") {
        let message = format!(
            "the deployment group {whom} is one of {platform}; an Ec2Deployment deploys to EC2 instances (compute platform Server)"
        );
        return Plan::new(id, Verdict::stalled("Unsupported", message));
    }
    if let Some((bucket, key)) = declared.unpinned() {
        match &observed.object {
            Observed::Present(_) => {}
            Observed::Unknown(why) => return Plan::new(id, Verdict::Unknown { message: why.clone() }),
            Observed::Absent => {
                let message = format!(
                    "there is no object s3://{bucket}/{key}, which the revision names: upload it (an S3Artifact can; then write \
                     `artifact: NAME` instead of the revision), or correct the document's `revision.s3Location`"
                );
                return Plan::new(id, Verdict::stalled("RevisionNotFound", message));
            }
        }
    }
    let target = Target::new(declared, observed.object.present());
    Pass { resource, target, observed, context, records: record::records(observed) }.plan()
}

/// One look at one group.
struct Pass<'a> {
    resource: &'a Resource,
    target: Target<'a>,
    observed: &'a DeploymentObservation,
    context: &'a Context<'a>,
    records: Vec<Record<'a>>,
}

impl Pass<'_> {
    fn plan(&self) -> Plan {
        let (target, whom) = (&self.target, self.target.whom());
        let verdict = match judge(target, self.observed, self.context) {
            Judgement::Settled(last) => {
                Verdict::Ready { message: format!("{whom} has {}, deployed by {}", target.what(), last.id()) }
            }
            Judgement::Joined(own) => {
                let reason = if own.status() == "Ready" { "WaitsForContinueDeployment" } else { "Deploying" };
                progressing(reason, message::progress(target, own))
            }
            Judgement::RollingBack(failed, back) => progressing(
                "RollingBack",
                format!("{} of {} failed, and CodeDeploy rolls {whom} back by {}", failed.id(), target.what(), back.id()),
            ),
            Judgement::Others(active) => {
                let mut plan = self.without_steps(progressing("OtherDeployment", message::others(target, active)));
                plan.changes = self.changes();
                return plan;
            }
            Judgement::NotShownYet => Verdict::Unknown {
                message: format!(
                    "{whom} was deployed to a moment ago, and CodeDeploy does not show it yet; the agent looks again"
                ),
            },
            Judgement::Failed(failed) => {
                let (reason, message) = message::failure(target, failed, self.observed);
                let mut plan = self.without_steps(Verdict::Failed { reason, message });
                let step = memory::remember(target, failed, self.observed, self.context);
                plan.steps.extend(step.map(Into::into));
                plan.changes = self.changes();
                return plan;
            }
            Judgement::Remembered(failure) => {
                let mut plan = self.without_steps(Verdict::Failed {
                    reason: "DeploymentFailed",
                    message: message::remembered(target, failure, self.observed.now),
                });
                plan.changes = self.changes();
                return plan;
            }
            Judgement::Overdue(own) => return self.stop(own, rolls_back(own), "TimedOut", "it took longer than `timeout`"),
            // The next deployment follows at once: a rollback would only stand in its way.
            Judgement::Outdated(own) => return self.stop(own, false, "Superseding", "something newer is to be deployed"),
            Judgement::Differs => return self.create(),
        };
        self.without_steps(verdict)
    }

    fn without_steps(&self, verdict: Verdict) -> Plan {
        Plan::new(&self.resource.id, verdict)
    }

    /// Stops a deployment of ours, once: CodeDeploy ends the lifecycle event it is at.
    fn stop(&self, own: Record<'_>, roll_back: bool, reason: &'static str, why: &str) -> Plan {
        let message = format!("{} of {} to {} is stopped: {why}", own.id(), message::what(own), self.target.whom());
        let mut plan = self.without_steps(progressing(reason, message.clone()));
        if own.0["errorInformation"]["code"] != "MANUAL_STOP" {
            let body = json!({"deploymentId": own.id(), "autoRollbackEnabled": roll_back});
            plan.steps.push(DeploymentStep::StopDeployment { document: object(body) }.into());
            plan.changes = self.changes();
            plan.notes.push(message);
        }
        plan
    }

    fn create(&self) -> Plan {
        if let Some(verdict) = self.refused() {
            return self.without_steps(verdict);
        }
        let last = record::last_success(&self.records);
        let target = &self.target;
        let mut document = target.document.clone();
        let declared = document.get("description").and_then(Value::as_str);
        let description = marker::description(declared, &target.digest, &self.resource.id.name, self.context, self.observed.now);
        document.insert("description".into(), json!(description));
        let mut plan = self.without_steps(progressing("Deploying", format!("deploys {} to {}", target.what(), target.whom())));
        plan.steps.extend(memory::forget(target, self.observed, self.context).map(Into::into));
        plan.steps.push(DeploymentStep::CreateDeployment { document, first: last.is_none() }.into());
        plan.changes = self.changes();
        if let Some(last) = last.filter(|last| !last.is_of(&self.observed.owner)) {
            let whose = if last.is_rollback() { "an automatic rollback" } else { "not deployed by this agent" };
            plan.notes.push(format!("{} has {} now, by {} ({whose})", target.whom(), message::what(last), last.id()));
        }
        plan.notes.extend(target.fleeting(self.context.revision));
        if let Some((last, stray)) = last.and_then(|last| Some((last, record::stray(&self.records, last)?))) {
            let how = if stray.status() == "Stopped" { "was stopped" } else { "failed" };
            plan.notes.push(format!(
                "some instances of {} may have {}: {} {how} half-way, after {} had succeeded",
                target.whom(),
                message::what(stray),
                stray.id(),
                last.id()
            ));
        } else if plan.changes.is_empty()
            && let Some(last) = last
        {
            plan.notes.push(format!("deployed anew, as the document has changed otherwise since {}", last.id()));
        }
        plan
    }

    /// Another agent deploys to the group: the two would undo each other's work for ever.
    fn refused(&self) -> Option<Verdict> {
        let newest = self.records.iter().find_map(|record| Some((record, record.marker()?)))?;
        let (record, marker) = newest;
        if marker.is_of(&self.observed.owner) || self.resource.adopt_force {
            return None;
        }
        let (id, whom, agent) = (record.id(), self.target.whom(), marker.agent());
        Some(if agent == self.context.agent {
            let message = format!(
                "{whom} was deployed to ({id}) by an agent that is also called `{agent}` and reads another source: give one of \
                 the two another `metadata.name`; if it is this agent and its source has moved, write `adopt: force` beside \
                 `spec`'s members once"
            );
            Verdict::stalled("AgentNameInUse", message)
        } else {
            let message = format!(
                "{whom} was deployed to ({id}) by the agent `{agent}`: remove it from that agent's source and write `adopt: \
                 force` beside `spec`'s members here once, or remove it here"
            );
            Verdict::stalled("OwnedByAnotherAgent", message)
        })
    }

    /// Against what the group has, or, where that is the declared revision, against what came to some instances since.
    fn changes(&self) -> Vec<Change> {
        let last = record::last_success(&self.records);
        let stray = last.and_then(|last| record::stray(&self.records, last));
        let has = last.filter(|last| stray.is_none() || !self.target.differences(Some(*last)).is_empty());
        let differences = self.target.differences(has.or(stray)).into_iter();
        differences
            .map(|(path, old, new)| Change {
                path,
                old: old.map(Shown::Plain),
                new: Some(Shown::Plain(new)),
                cause: Cause::Declared,
                deploys: true,
            })
            .collect()
    }
}

fn progressing(reason: &'static str, message: String) -> Verdict {
    Verdict::Progressing { reason, message, requeue: REQUEUE }
}

/// Whether the deployment's own settings roll back what fails: a person's "deployment failure" covers one that never ends.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html>
fn rolls_back(record: Record<'_>) -> bool {
    let configuration = &record.0["autoRollbackConfiguration"];
    let events = configuration["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    configuration["enabled"] == true
        && events.iter().any(|event| event == "DEPLOYMENT_FAILURE" || event == "DEPLOYMENT_STOP_ON_REQUEST")
}

fn object(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        _ => Document::new(),
    }
}
