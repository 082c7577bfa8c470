//! How the rollout goes, asked of the module that judges it, and said in the plan's words.

use super::pass::Pass;
use crate::plan::{EcsStep, Verdict};
use crate::rollout::{self, Judgement, Target};

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
    Target { service: pass.declared, digest: &pass.digest, task_definition_arn: arn }
}
