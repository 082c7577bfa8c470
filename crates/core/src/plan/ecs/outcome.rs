//! How the rollout goes, asked of the module that judges it, and said in the plan's words.

use serde_json::Value;

use super::pass::Pass;
use super::written::{Begun, Written};
use crate::plan::{EcsStep, Verdict};
use crate::rollout::{self, Judgement, Target};

/// UpdateService follows a registration, and a deployment UpdateService, within so many seconds.
const MOMENT: f64 = 60.0;

/// A judgement as a verdict.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) steps: Vec<EcsStep>,
}

/// Of a service that has nothing left to be deployed.
pub(super) fn judge(pass: &Pass, arn: &str) -> Judged {
    match rollout::judge(&target(pass, arn), pass.observation) {
        Judgement::Settled { message } => Judged { verdict: Verdict::Ready { message }, steps: Vec::new() },
        Judgement::InProgress { reason, message, requeue } => {
            Judged { verdict: Verdict::Progressing { reason, message, requeue }, steps: Vec::new() }
        }
        Judgement::Failed { reason, message, steps } => Judged { verdict: Verdict::Failed { reason, message }, steps },
    }
}

/// The failure of this very target that is on record. `arn` is empty where its revision does not exist.
pub(super) fn remembered(pass: &Pass, arn: &str) -> Option<String> {
    rollout::remembered(&target(pass, arn), pass.observation)
}

fn target<'a>(pass: &'a Pass, arn: &'a str) -> Target<'a> {
    Target { service: pass.declared, digest: &pass.digest, task_definition_arn: arn, written: pass.written.as_ref() }
}

/// A rollout of ours that its answer never came to be recorded of, as the agent was killed or the answer was lost: the record that
/// should be there. Known by when it began: within moments of our own write, or of the registration of the revision that
/// this very commit registered for it. Never on a service that is being adopted.
pub(super) fn unrecorded(pass: &Pass) -> Option<Written> {
    if pass.written.as_ref().is_some_and(|written| written.digest == pass.digest) {
        return None;
    }
    let service = pass.observation.service.present()?;
    let moments = pass.traces();
    let near = |at: f64| moments.iter().any(|moment| (-2.0..=MOMENT).contains(&(at - moment)));
    let primary = service["deployments"].as_array()?.iter().find(|deployment| deployment["status"] == "PRIMARY")?;
    if pass.written.as_ref().is_some_and(|written| written.owns(service, primary)) {
        return None;
    }
    let began = |deployment: &Value| deployment["createdAt"].as_f64().filter(|at| near(*at));
    let (id, at) = match began(primary) {
        Some(at) => (primary["id"].as_str()?.to_owned(), at),
        // It has been taken back since.
        None => {
            let own = pass.observation.service_deployments.first().filter(|newest| began(newest).is_some())?;
            let revision = own["targetServiceRevision"]["arn"].as_str()?.rsplit('/').next()?;
            (format!("ecs-svc/{revision}"), own["createdAt"].as_f64()?)
        }
    };
    let definition = service["taskDefinition"].as_str().map(super::memory::definition);
    let begun = Some(Begun::Deployment { id, at: at as u64 });
    Some(Written { digest: pass.digest.clone(), times: 1, begun, definition, left: None })
}
