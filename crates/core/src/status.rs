//! How a resource is doing: conditions in Kubernetes' and Flux's meaning.

use serde::{Deserialize, Serialize};

use crate::plan::Verdict;
use crate::resource::ResourceId;

/// Where a resource stands. Exactly one holds at a time; it renders as the conditions Ready, Reconciling, Stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// As declared, and its rollout has ended well.
    Ready,
    /// On its way, or waiting for a dependency.
    Reconciling,
    /// An attempt failed; it is retried only where that may help (a failed rollout is not).
    Failed,
    /// A person must fix something first.
    Stalled,
    /// AWS could not be read; nothing was written.
    Unknown,
}

/// The answer to "how is it doing": what `driftless status` prints and GitLab is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of what.
    pub resource: ResourceId,
    /// Where it stands.
    pub phase: Phase,
    /// One CamelCase word: `RolloutFailed`, `AdoptionWouldReset`, `Unsupported`, …
    pub reason: String,
    /// What happened to what, and what to do.
    pub message: String,
    /// The revision the last pass was made for.
    pub last_attempted_revision: Option<String>,
    /// The last revision at which it became Ready.
    pub last_applied_revision: Option<String>,
    /// The newest last; at most [`HISTORY`] entries.
    pub history: Vec<Transition>,
}

/// How many transitions a status remembers.
pub const HISTORY: usize = 10;

/// One entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Seconds since the epoch.
    pub at: u64,
    /// At which revision.
    pub revision: String,
    /// Into which phase.
    pub phase: Phase,
    /// With which reason.
    pub reason: String,
}

/// One of the conditions that a phase renders as, with the meaning that Kubernetes' kstatus and Flux give them:
/// <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md#conditions>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`, `Reconciling` or `Stalled`.
    #[serde(rename = "type")]
    pub condition: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// As the status has it.
    pub reason: String,
    /// As the status has it.
    pub message: String,
}

impl Verdict {
    /// The phase, the reason and the message that a status takes from this decision.
    pub fn standing(&self) -> (Phase, &str, &str) {
        match self {
            Verdict::Ready { message } => (Phase::Ready, "Ready", message),
            Verdict::Progressing { reason, message, .. } => (Phase::Reconciling, reason, message),
            Verdict::Failed { reason, message } => (Phase::Failed, reason, message),
            Verdict::Stalled { reason, message } => (Phase::Stalled, reason, message),
            Verdict::Unknown { message } => (Phase::Unknown, "Unreadable", message),
        }
    }
}

impl Status {
    /// Of a resource that no pass has looked at yet.
    pub fn new(resource: ResourceId) -> Self {
        Status {
            resource,
            phase: Phase::Reconciling,
            reason: "Pending".into(),
            message: "not looked at yet".into(),
            last_attempted_revision: None,
            last_applied_revision: None,
            history: vec![],
        }
    }

    /// Takes note of a pass's decision at `revision`, at `at` seconds since the epoch. Returns whether anything that is
    /// shown has changed. The history grows only with the phase, the reason or the revision: a rollout's counts change its
    /// message often, and would push out what a person looks for.
    pub fn observe(&mut self, verdict: &Verdict, revision: &str, at: u64) -> bool {
        let (phase, reason, message) = verdict.standing();
        let same_revision = self.last_attempted_revision.as_deref() == Some(revision);
        let same_standing = same_revision && self.phase == phase && self.reason == reason && !self.history.is_empty();
        if same_standing && self.message == message {
            return false;
        }
        if !same_standing {
            let revision = revision.to_owned();
            self.history.push(Transition { at, revision, phase, reason: reason.to_owned() });
            let surplus = self.history.len().saturating_sub(HISTORY);
            self.history.drain(..surplus);
        }
        self.phase = phase;
        self.reason = reason.to_owned();
        self.message = message.to_owned();
        self.last_attempted_revision = Some(revision.to_owned());
        if phase == Phase::Ready {
            self.last_applied_revision = Some(revision.to_owned());
        }
        true
    }

    /// Ready, Reconciling and Stalled, in this order. A failed rollout is not Ready and not Reconciling, and not Stalled
    /// either: the next commit rolls out without anybody's help.
    pub fn conditions(&self) -> [Condition; 3] {
        let ready = match self.phase {
            Phase::Ready => "True",
            Phase::Unknown => "Unknown",
            Phase::Reconciling | Phase::Failed | Phase::Stalled => "False",
        };
        let holds = |phase| if self.phase == phase { "True" } else { "False" };
        [("Ready", ready), ("Reconciling", holds(Phase::Reconciling)), ("Stalled", holds(Phase::Stalled))].map(
            |(condition, status)| Condition { condition, status, reason: self.reason.clone(), message: self.message.clone() },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: &'static str) -> Verdict {
        Verdict::Failed { reason, message: "app exited with 1".into() }
    }

    #[test]
    fn the_same_decision_twice_changes_nothing() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        assert!(status.observe(&failed("RolloutFailed"), "main@1", 10));
        assert!(!status.observe(&failed("RolloutFailed"), "main@1", 20));
        assert_eq!(status.history.len(), 1);
        assert_eq!(status.history[0].at, 10);
    }

    #[test]
    fn a_new_message_is_shown_and_makes_no_history() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        let running = |count| Verdict::Progressing { reason: "RollingOut", message: format!("{count} of 3 run"), requeue: 10 };
        assert!(status.observe(&running(1), "main@1", 10));
        assert!(status.observe(&running(2), "main@1", 20));
        assert_eq!((status.message.as_str(), status.history.len()), ("2 of 3 run", 1));
    }

    #[test]
    fn only_ready_applies_a_revision() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        status.observe(&Verdict::Ready { message: "web:1 runs".into() }, "main@1", 10);
        status.observe(&failed("RolloutFailed"), "main@2", 20);
        assert_eq!(status.last_applied_revision.as_deref(), Some("main@1"));
        assert_eq!(status.last_attempted_revision.as_deref(), Some("main@2"));
    }

    #[test]
    fn the_history_forgets_the_oldest() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        for at in 0..30 {
            status.observe(&failed("RolloutFailed"), &format!("main@{at}"), at);
        }
        assert_eq!((status.history.len(), status.history[0].at), (HISTORY, 20));
    }

    #[test]
    fn what_cannot_be_read_is_neither_ready_nor_not() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        status.observe(&Verdict::Unknown { message: "throttled".into() }, "main@1", 10);
        assert_eq!(status.conditions().map(|condition| condition.status), ["Unknown", "False", "False"]);
    }
}
