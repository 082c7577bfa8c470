//! How the rollout of the target goes, asked of the one module that judges it.

use super::Pass;
use crate::plan::{Step, Verdict};

/// A judgement in the planner's words.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) steps: Vec<Step>,
}

/// See `rollout::judge`.
pub(super) fn judge(pass: &Pass, _digest: &str, _arn: &str) -> Judged {
    let service = pass.observation.service.present().and_then(|service| service.as_object());
    let primary = service.and_then(super::members::primary);
    let state = primary.and_then(|primary| primary.get("rolloutState")?.as_str());
    let verdict = match state {
        Some("COMPLETED") | None => Verdict::Ready { message: "the service runs as declared".to_owned() },
        _ => Verdict::Progressing { reason: "RollingOut", message: "a deployment is in progress".to_owned(), requeue: 10 },
    };
    Judged { verdict, steps: Vec::new() }
}

/// See `rollout::remembered`.
pub(super) fn remembered(pass: &Pass, digest: &str, _arn: &str) -> Option<String> {
    let tags = super::tags::read(pass.observation.service.present()?.get("tags"));
    (tags.get(super::tags::FAILED).map(String::as_str) == Some(digest)).then(|| "its rollout failed".to_owned())
}
