//! How a resource is doing: conditions in Kubernetes' and Flux's meaning.

use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Step, Verdict};
use crate::resource::{Kind, ResourceId};
use crate::sentence::whole;
use crate::snapshot::Revision;

/// Where a resource stands. Exactly one holds at a time; it renders as the conditions Ready, Reconciling, Stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// As declared, and its rollout has ended well.
    Ready,
    /// On its way.
    Reconciling,
    /// It waits for another resource, and runs on as before: no failure of its own.
    Waiting,
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

/// The reason of what no pass has looked at yet at the revision in force.
pub const PENDING: &str = "Pending";

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
            Verdict::Waiting { reason, message } => (Phase::Waiting, reason, message),
            Verdict::Failed { reason, message } => (Phase::Failed, reason, message),
            Verdict::Stalled { reason, message } => (Phase::Stalled, reason, message),
            Verdict::Unknown { message } => (Phase::Unknown, "Unreadable", message),
        }
    }
}

impl Plan {
    /// Where the resource stands now, before anything of this plan was done: for whoever looks without an agent.
    pub fn standing_now(&self) -> Verdict {
        if !self.writes() || !matches!(self.verdict, Verdict::Ready { .. } | Verdict::Progressing { .. }) {
            return self.verdict.clone();
        }
        let deploys = self.resource.kind == Kind::Ec2Deployment;
        let (reason, message) = if self.steps.iter().any(Step::runs) {
            ("NotRun", "not run yet as it is declared".to_owned())
        } else if self.steps.iter().any(Step::creates) {
            ("NotCreated", if deploys { "not deployed yet" } else { "not created yet" }.to_owned())
        } else {
            let message =
                "differs from what is declared; `driftless plan` shows where, `driftless apply` or the agent changes it";
            ("Differs", message.to_owned())
        };
        Verdict::Progressing { reason, message, requeue: 0 }
    }
}

impl Status {
    /// Of what one look without an agent has found. It has no history: nobody was there to see one.
    pub fn of(plan: &Plan, revision: &str) -> Self {
        let mut status = Status::new(plan.resource.clone());
        status.observe(&plan.standing_now(), revision, 0);
        status.history.clear();
        status
    }

    /// Of a resource that no pass has looked at yet.
    pub fn new(resource: ResourceId) -> Self {
        Status {
            resource,
            phase: Phase::Reconciling,
            reason: PENDING.into(),
            message: "not looked at yet".into(),
            last_attempted_revision: None,
            last_applied_revision: None,
            history: vec![],
        }
    }

    /// Another revision is in force: what is known was seen at an older one, and says nothing of this one until a pass has looked.
    /// Which revisions it was last looked at and Ready at stays.
    pub fn await_look(&mut self) {
        let known = match self.history.last() {
            Some(Transition { phase, reason, revision, .. }) => {
                let why = if format!("{phase:?}") == *reason { String::new() } else { format!(" ({reason})") };
                format!("; {phase:?}{why} when it was last looked at, at {}", short(revision))
            }
            None => String::new(),
        };
        self.phase = Phase::Reconciling;
        self.reason = PENDING.into();
        self.message = format!("not looked at yet at this revision{known}");
    }

    /// Takes note of a pass's decision at `revision`, at `at` seconds since the epoch. Returns whether anything that is
    /// shown has changed. The history grows only with the phase, the reason or the revision: a rollout's counts change its
    /// message often, and would push out what a person looks for.
    pub fn observe(&mut self, verdict: &Verdict, revision: &str, at: u64) -> bool {
        let (phase, reason, message) = verdict.standing();
        let same_revision = self.last_attempted_revision.as_deref() == Some(revision);
        let same_standing = same_revision && self.phase == phase && self.reason == reason && !self.history.is_empty();
        if same_standing && without_requests(&self.message) == without_requests(&whole(message.to_owned())) {
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
        self.message = whole(message.to_owned());
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
            Phase::Reconciling | Phase::Waiting | Phase::Failed | Phase::Stalled => "False",
        };
        let holds = |phase| if self.phase == phase { "True" } else { "False" };
        [("Ready", ready), ("Reconciling", holds(Phase::Reconciling)), ("Stalled", holds(Phase::Stalled))].map(
            |(condition, status)| Condition { condition, status, reason: self.reason.clone(), message: self.message.clone() },
        )
    }
}

/// `main@330b6e34` of `main@330b6e342ed884b5bd040841f9f46dd9ede12d60`.
fn short(revision: &str) -> String {
    match revision.rsplit_once('@') {
        Some((reference, sha)) => Revision::Git { reference: reference.to_owned(), sha: sha.to_owned() }.short(),
        None => revision.to_owned(),
    }
}

/// A message without AWS's ids of requests: a refusal that is met again is the same, though each try has another id.
fn without_requests(message: &str) -> String {
    let mut told = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(" (request ") {
        told.push_str(before);
        rest = after.split_once(')').map_or("", |(_, behind)| behind);
    }
    told + rest
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
    fn another_id_of_a_request_is_no_news() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        let refused = |id: &str| Verdict::Progressing {
            reason: "Unavailable",
            message: format!("CreateService of shop/web: ServerException (request {id}); the agent tries again"),
            requeue: 0,
        };
        assert!(status.observe(&refused("1-a"), "main@1", 10));
        assert!(!status.observe(&refused("2-b"), "main@1", 20));
        assert!(status.message.contains("1-a"));
    }

    #[test]
    fn what_waits_for_another_is_neither_ready_nor_failed_nor_stalled() {
        let mut status = Status::new(ResourceId::ecs_service("worker"));
        let web = ResourceId::ecs_service("web");
        let verdict = crate::plan::ahead::in_vain(&[(&web, "failed")], Some("runs worker:1 as before"));
        status.observe(&verdict, "main@1", 10);
        assert_eq!((status.phase, status.reason.as_str()), (Phase::Waiting, "DependencyFailed"));
        assert_eq!(status.message, "waits for EcsService/web, which failed; runs worker:1 as before");
        assert_eq!(status.conditions().map(|condition| condition.status), ["False", "False", "False"]);
        let json = serde_json::to_value(&status).expect("it serialises");
        assert_eq!(json["phase"], "Waiting");
    }

    #[test]
    fn what_is_not_made_yet_is_not_told_as_being_made() {
        let document = serde_json::Map::new();
        let create = crate::plan::artifact::ArtifactStep::PutObjects { bucket: "releases".into(), objects: vec![] };
        let tell = |step: Step| {
            let verdict = Verdict::Progressing { reason: "Creating", message: "service `web` is created".into(), requeue: 10 };
            let plan = Plan { steps: vec![step], ..Plan::new(&ResourceId::ecs_service("web"), verdict) };
            let status = Status::of(&plan, "main@1");
            assert!(status.history.is_empty(), "nobody has seen when");
            (status.reason, status.message)
        };
        assert_eq!(tell(create.into()), ("NotCreated".into(), "not created yet".into()));
        let (reason, message) =
            tell(crate::plan::EcsStep::UpdateService { document, task_definition: None, memory: None }.into());
        assert_eq!(reason, "Differs");
        assert!(message.starts_with("differs from what is declared"), "{message}");
    }

    #[test]
    fn what_was_seen_at_an_older_revision_is_not_ready_at_a_newer_one_until_it_was_looked_at() {
        let mut status = Status::new(ResourceId::ecs_service("web"));
        let sha = "330b6e342ed884b5bd040841f9f46dd9ede12d60";
        status.observe(&Verdict::Ready { message: "web:1 runs".into() }, &format!("main@{sha}"), 10);
        for _ in 0..2 {
            status.await_look();
            assert_eq!((status.phase, status.reason.as_str()), (Phase::Reconciling, PENDING));
            assert_eq!(status.message, "not looked at yet at this revision; Ready when it was last looked at, at main@330b6e34");
            assert_eq!(status.last_applied_revision, Some(format!("main@{sha}")));
        }
        assert!(status.observe(&Verdict::Ready { message: "web:1 runs".into() }, "main@2", 20));
        assert_eq!((status.phase, status.history.len()), (Phase::Ready, 2));
        // Back at a revision at which it was Ready before.
        status.await_look();
        assert!(status.observe(&Verdict::Ready { message: "web:1 runs".into() }, "main@2", 30));
        assert_eq!(status.phase, Phase::Ready);
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
