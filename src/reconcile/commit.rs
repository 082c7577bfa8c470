//! One revision in force: what it declares, and how far each of its resources has come at it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use driftless_core::agent::Agent;
use driftless_core::desired::{Desired, Outputs, Resource};
use driftless_core::manifest;
use driftless_core::plan::{Verdict, ahead};
use driftless_core::report::{CommitView, Progress};
use driftless_core::resource::{Kind, ResourceId};
use driftless_core::snapshot::{Revision, Snapshot};
use driftless_core::status::Phase;

use super::Pruned;
use super::order::Seen;

/// Between how a resource is and where it moved from.
const MOVED: &str = "; moved ";

/// What one revision declares, and its progress.
#[derive(Debug)]
pub struct Commit {
    /// As read from the snapshot.
    pub desired: Desired,
    /// What it was read from.
    snapshot: Arc<Snapshot>,
    dependents: BTreeMap<ResourceId, Vec<ResourceId>>,
    /// What its resources give to others, as they were last seen, at this revision or one before.
    outputs: Mutex<Outputs>,
    progress: Mutex<Standings>,
    pruned: Mutex<Pruned>,
    /// Who was seen to have written its resources.
    pub(super) seen: Seen,
    /// What is told of resources besides how they are: where they moved from.
    told: Mutex<BTreeMap<ResourceId, String>>,
    created: AtomicBool,
}

/// Of all resources.
#[derive(Debug)]
struct Standings {
    by_id: BTreeMap<ResourceId, Standing>,
    /// How many are not Ready: asked for after each pass, and there are many.
    not_ready: usize,
}

#[derive(Debug, Clone)]
struct Standing {
    progress: Progress,
    /// A pass has been made at this commit.
    looked: bool,
    /// It was Ready at this commit once: its dependents may go, and go on.
    was_ready: bool,
}

/// Why a resource may not be touched yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Blocked {
    /// For these, and why they will not be Ready by themselves.
    InVain(Vec<(ResourceId, &'static str)>),
    /// For what is on its way.
    InTurn(Verdict),
}

/// What [`Commit::progress`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progressed {
    /// Anything that a report shows.
    pub changed: bool,
    /// Ready for the first time, or failed: its dependents must look again.
    pub decided_for_dependents: bool,
}

impl Default for Commit {
    /// Before the first revision: declares nothing.
    fn default() -> Self {
        let revision = Revision::Directory { digest: String::new() };
        let desired = Desired {
            revision: revision.clone(),
            resources: BTreeMap::new(),
            refused: BTreeMap::new(),
            errors: vec![],
            warnings: vec![],
            unread: vec![],
            ignored: 0,
        };
        Commit::new(
            desired,
            Arc::new(Snapshot { revision, message: None, files: BTreeMap::new(), unread: vec![] }),
            Outputs::new(),
        )
    }
}

impl Commit {
    pub(super) fn new(desired: Desired, snapshot: Arc<Snapshot>, outputs: Outputs) -> Self {
        let mut dependents: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
        for resource in desired.resources.values() {
            for dependency in &resource.depends_on {
                dependents.entry(dependency.clone()).or_default().push(resource.id.clone());
            }
        }
        let all = desired.resources.keys().chain(desired.refused.keys());
        let by_id: BTreeMap<_, _> = all.map(|id| (id.clone(), Standing::before_any_pass(id))).collect();
        let progress = Standings { not_ready: by_id.len(), by_id };
        Commit {
            desired,
            snapshot,
            dependents,
            outputs: Mutex::new(outputs),
            progress: Mutex::new(progress),
            pruned: Mutex::default(),
            seen: Seen::default(),
            told: Mutex::default(),
            created: AtomicBool::new(false),
        }
    }

    /// The resource with what it takes from others in its place.
    ///
    /// # Errors
    /// The verdict of a resource that takes what is not there.
    pub(super) fn resolve(&self, resource: &Resource, agent: &Agent) -> Result<Resource, Verdict> {
        // Each pass asks, and there may be thousands that give something.
        let outputs = {
            let all = self.outputs.lock().expect("not poisoned");
            let given = resource.references.iter().filter_map(|reference| all.get_key_value(&reference.resource));
            given.map(|(id, outputs)| (id.clone(), outputs.clone())).collect()
        };
        self.resolve_with(resource, agent, &outputs)
    }

    /// The same with other values than those that are known.
    pub(super) fn resolve_with(&self, resource: &Resource, agent: &Agent, outputs: &Outputs) -> Result<Resource, Verdict> {
        if resource.references.is_empty() {
            return Ok(resource.clone());
        }
        if let Some(missing) = resource.references.iter().find(|reference| !outputs.contains_key(&reference.resource)) {
            return Err(ahead::without(&missing.resource, &missing.key));
        }
        manifest::resolve(&self.snapshot, agent, resource, outputs).map_err(|problems| {
            let told: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.location, problem.message)).collect();
            Verdict::Stalled { reason: "Invalid", message: told.join("; ") }
        })
    }

    /// What is known of what resources give to others.
    pub(super) fn outputs(&self) -> Outputs {
        self.outputs.lock().expect("not poisoned").clone()
    }

    /// Takes note of what a resource gives to others. Whether that is news.
    pub(super) fn give(&self, id: &ResourceId, outputs: &BTreeMap<String, String>) -> bool {
        let mut all = self.outputs.lock().expect("not poisoned");
        all.insert(id.clone(), outputs.clone()).is_none_or(|before| before != *outputs)
    }

    /// Whether any source was ever read.
    pub fn is_real(&self) -> bool {
        !matches!(&self.desired.revision, Revision::Directory { digest } if digest.is_empty())
    }

    /// Whether the revision names the resource, validly or not.
    pub fn declares(&self, id: &ResourceId) -> bool {
        self.desired.resources.contains_key(id) || self.desired.refused.contains_key(id)
    }

    /// What it declares, as it is looked at: one after the other what shares calls.
    pub(super) fn in_turn(&self) -> Vec<ResourceId> {
        let mut all: Vec<&Resource> = self.desired.resources.values().collect();
        all.sort_by_key(|resource| (resource.id.kind, &resource.target, resource.spec.looked_at_with()));
        all.into_iter().map(|resource| resource.id.clone()).collect()
    }

    pub(super) fn dependents(&self, id: &ResourceId) -> &[ResourceId] {
        self.dependents.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The resources that were recognised but have an error, each with its first error.
    pub(super) fn refusals(&self) -> Vec<(ResourceId, Verdict)> {
        let first = |id: &ResourceId| self.desired.errors.iter().find(|problem| problem.resource.as_ref() == Some(id));
        let verdict = |(id, location)| {
            let message = match first(id) {
                Some(problem) => format!("{}: {}", problem.location, problem.message),
                None => format!("{location}: the manifest has an error"),
            };
            (id.clone(), Verdict::Stalled { reason: "Invalid", message })
        };
        self.desired.refused.iter().map(verdict).collect()
    }

    /// Why this resource may not be touched yet: a dependency that has not been Ready at this commit.
    pub(super) fn blocked(&self, resource: &Resource) -> Option<Blocked> {
        let progress = &self.progress.lock().expect("not poisoned").by_id;
        let all = resource.depends_on.iter().filter_map(|id| Some((id, progress.get(id)?)));
        let (stopped, moving): (Vec<_>, Vec<_>) =
            all.filter(|(_, standing)| !standing.was_ready).partition(|(_, standing)| standing.progress.is_stopped());
        if !stopped.is_empty() {
            let why = |progress: &Progress| match progress.phase {
                Phase::Stalled => "needs a person first",
                Phase::Waiting => "waits in vain itself",
                _ => "failed",
            };
            return Some(Blocked::InVain(
                stopped.into_iter().map(|(id, standing)| (id.clone(), why(&standing.progress))).collect(),
            ));
        }
        let moving: Vec<&ResourceId> = moving.into_iter().map(|(id, _)| id).collect();
        (!moving.is_empty()).then(|| Blocked::InTurn(ahead::in_turn(&moving)))
    }

    /// Whether a stack that this resource depends on was created or changed at this commit.
    pub(super) fn follows_a_changed_stack(&self, id: &ResourceId) -> bool {
        let progress = &self.progress.lock().expect("not poisoned").by_id;
        let changed = |on: &ResourceId| {
            on.kind == Kind::CloudFormationStack && progress.get(on).is_some_and(|standing| standing.progress.stepped)
        };
        self.desired.resources.get(id).is_some_and(|resource| resource.depends_on.iter().any(changed))
    }

    /// Takes note of a verdict. `stepped` says whether this pass had something to write.
    pub(super) fn progress(&self, id: &ResourceId, verdict: &Verdict, stepped: bool) -> Progressed {
        let all = &mut *self.progress.lock().expect("not poisoned");
        let Some(standing) = all.by_id.get_mut(id) else {
            return Progressed { changed: false, decided_for_dependents: false };
        };
        let before = standing.clone();
        let (phase, reason, message) = verdict.standing();
        if !standing.looked && !matches!(phase, Phase::Waiting | Phase::Unknown) {
            // A rollout that is under way at the first look is this commit's too: the agent may have been
            // restarted after it wrote.
            standing.progress.stepped = stepped || phase == Phase::Reconciling;
            standing.looked = true;
        }
        standing.was_ready |= phase == Phase::Ready;
        let ready = |phase: Phase| usize::from(phase == Phase::Ready);
        all.not_ready = all.not_ready + ready(standing.progress.phase) - ready(phase);
        standing.progress.phase = phase;
        standing.progress.reason = reason.to_owned();
        standing.progress.message = message.to_owned();
        Progressed {
            changed: before.progress != standing.progress,
            decided_for_dependents: before.was_ready != standing.was_ready
                || before.progress.is_stopped() != standing.progress.is_stopped(),
        }
    }

    /// What reporters see.
    pub(super) fn view(&self, agent: &str, superseded: bool) -> CommitView {
        let progress = &self.progress.lock().expect("not poisoned").by_id;
        CommitView {
            agent: agent.to_owned(),
            revision: self.desired.revision.clone(),
            problems: self.desired.errors.clone(),
            resources: progress.values().map(|standing| standing.progress.clone()).collect(),
            superseded,
        }
    }

    /// The commit's message.
    pub(super) fn message(&self) -> Option<&str> {
        self.snapshot.message.as_deref()
    }

    /// Whether all that it declares is Ready.
    pub(super) fn all_ready(&self) -> bool {
        self.progress.lock().expect("not poisoned").not_ready == 0
    }

    /// What to tell of a resource besides how it is; None: nothing any more.
    pub(super) fn tell(&self, id: &ResourceId, told: Option<String>) {
        let mut all = self.told.lock().expect("not poisoned");
        match told {
            Some(told) => drop(all.insert(id.clone(), told)),
            None => drop(all.remove(id)),
        }
    }

    /// All that is told so.
    pub(super) fn all_told(&self) -> BTreeMap<ResourceId, String> {
        self.told.lock().expect("not poisoned").clone()
    }

    /// Takes note that something has come into being at this revision.
    pub(super) fn creates(&self) {
        self.created.store(true, Ordering::Relaxed);
    }

    /// Whether something has.
    pub(super) fn has_created(&self) -> bool {
        self.created.load(Ordering::Relaxed)
    }

    /// A verdict of a resource that is Ready, with what else is told of it.
    pub(super) fn with_told<'v>(&self, id: &ResourceId, verdict: &'v Verdict) -> Cow<'v, Verdict> {
        match (verdict, self.told.lock().expect("not poisoned").get(id)) {
            (Verdict::Ready { message }, Some(told)) if !message.ends_with(told) => {
                // What was told before this.
                let message = message.split(MOVED).next().unwrap_or_default();
                Cow::Owned(Verdict::Ready { message: format!("{message}{MOVED}{}", told.trim_start_matches("moved ")) })
            }
            _ => Cow::Borrowed(verdict),
        }
    }

    /// How far a resource has come at this revision, where it is Ready.
    pub(super) fn standing(&self, id: &ResourceId) -> Option<Verdict> {
        let progress = &self.progress.lock().expect("not poisoned").by_id;
        let standing = progress.get(id).filter(|standing| standing.progress.phase == Phase::Ready)?;
        Some(Verdict::Ready { message: standing.progress.message.clone() })
    }

    /// Takes note of how far pruning has come.
    pub(super) fn pruned(&self, pruned: Pruned) {
        *self.pruned.lock().expect("not poisoned") = pruned;
    }

    /// How far pruning has come.
    pub fn pruning(&self) -> Pruned {
        self.pruned.lock().expect("not poisoned").clone()
    }

    /// How far each resource has come at this revision.
    pub fn standings(&self) -> Vec<Progress> {
        self.progress.lock().expect("not poisoned").by_id.values().map(|standing| standing.progress.clone()).collect()
    }
}

impl Standing {
    fn before_any_pass(id: &ResourceId) -> Self {
        let progress = Progress {
            resource: id.clone(),
            stepped: false,
            phase: Phase::Reconciling,
            reason: "Pending".into(),
            message: "not looked at yet".into(),
        };
        Standing { progress, looked: false, was_ready: false }
    }
}
