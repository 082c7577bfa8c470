//! The loop that makes AWS be what a revision says: one keyed pass for each resource, again and again.
//!
//! A pass carries nothing from the one before it. It looks up what the revision in force declares, observes, plans,
//! writes at most the plan's steps, and says when to look again. So a restart, a lost event or a kill at any instant is
//! repaired by the next ordinary pass; this is why the queue holds keys, and why nothing here is written to disk.
//!
//! [`Reconciler::accept`] puts a revision in force, [`Reconciler::run`] works until it is told to stop, and
//! [`Reconciler::subscribe`] hears what happens.

mod commit;
mod events;
mod history;
mod left;
mod looks;
mod memory;
mod order;
mod pass;
mod preview;
mod prune;
mod reading;
mod recall;
mod room;
mod targets;
mod verdicts;

#[cfg(all(test, feature = "demo"))]
mod fixtures;
#[cfg(all(test, feature = "demo"))]
mod order_tests;
#[cfg(all(test, feature = "demo"))]
mod secrets_tests;
#[cfg(all(test, feature = "demo"))]
mod status_tests;
#[cfg(all(test, feature = "demo"))]
mod two_copies_tests;
#[cfg(all(test, feature = "demo"))]
mod unknown_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use driftless_core::agent::Agent;
use driftless_core::desired::Desired;
use driftless_core::plan::Verdict;
use driftless_core::report::CommitView;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::{Revision, Snapshot};
use driftless_core::status::Status;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

pub use commit::Commit;
pub use events::Event;
pub use preview::Previewed;
pub use prune::{Pruned, Pruning};
pub use targets::Targets;

use crate::ambient;
use crate::aws::ProviderError;
use crate::aws::providers::Providers;
use crate::backoff::{self, Backoff};
use crate::queue::Queue;
use crate::source::{Source, SourceError};
use history::History;
use left::Left;
use memory::Memory;
use order::Before;
use reading::Reading;
use room::Rooms;

/// How many events a slow listener may lag behind before it misses some.
const EVENTS: usize = 1024;

/// A resource that failed is tried again after about this long, and ever longer after that.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// So few that wait to write keep what they have seen. Of more each looks again when it may write: what they saw would be too old
/// by then, and is much.
const KEPT: usize = 64;

/// Where a target is, as AWS said.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// Its name.
    pub target: String,
    /// 12 digits.
    pub account: String,
    /// `eu-central-1`.
    pub region: String,
}

/// Who converges what, and where.
#[derive(Clone)]
pub struct Reconciler(Arc<Inner>);

struct Inner {
    agent: Agent,
    source_hash: String,
    targets: Targets,
    source: Arc<Source>,
    history: History,
    reading: Reading,
    /// Revisions that were in force before.
    before: Before,
    /// A person has said `--allow-older`.
    allow_older: AtomicBool,
    /// Divides every wait.
    pace: f64,
    queue: Queue<ResourceId>,
    /// How many resources are looked at at once.
    rooms: Rooms,
    /// Looks that are kept while the source is read, or while others write.
    kept: Semaphore,
    /// `reconcile.concurrency`: how many resources are written to at once. Observing is not counted, so that
    /// the services of a whole cluster can be described ten at a time.
    writers: Semaphore,
    commit: RwLock<Arc<Commit>>,
    statuses: Mutex<BTreeMap<ResourceId, Status>>,
    /// Of each resource between passes.
    memory: Memory,
    /// Resources that a person asked to try again.
    retries: Mutex<BTreeSet<ResourceId>>,
    /// What earlier revisions declared.
    left: Mutex<Left>,
    /// Everything is Ready: time to look at what left the source.
    prune: Notify,
    /// Where a container of ECS learns of its own task.
    ecs_metadata_uri: Option<String>,
    events: broadcast::Sender<Event>,
    shutdown: CancellationToken,
}

impl Reconciler {
    /// Prepares; nothing runs and nothing is read yet.
    ///
    /// `pace` divides every wait of the loop: 1 in production, more against a simulator whose clock runs faster.
    pub fn new(agent: Agent, source: Arc<Source>, targets: Targets, pace: f64, shutdown: CancellationToken) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        targets.follow(source.clone());
        Reconciler(Arc::new(Inner {
            source_hash: history::source_hash(&source.identity()),
            history: History::new(source.clone(), agent.clone(), pace),
            reading: Reading::new(source.clone()),
            source,
            before: Before::default(),
            allow_older: AtomicBool::new(false),
            rooms: Rooms::default(),
            kept: Semaphore::new(KEPT),
            writers: Semaphore::new(agent.reconcile.concurrency.max(1)),
            agent,
            targets,
            pace,
            queue: Queue::new(Backoff::new(FIRST_RETRY.div_f64(pace), backoff::LONGEST.div_f64(pace), ambient::random())),
            commit: RwLock::default(),
            statuses: Mutex::default(),
            memory: Memory::new(pace),
            retries: Mutex::default(),
            left: Mutex::default(),
            prune: Notify::new(),
            ecs_metadata_uri: crate::environment::ecs_metadata_uri(),
            events,
            shutdown,
        }))
    }

    /// Puts a revision in force, and queues all of its resources. The one before is superseded: what it had not
    /// finished is left to this one.
    pub fn accept(&self, snapshot: Snapshot) -> Arc<Commit> {
        let desired = driftless_core::manifest::read(&snapshot, &self.0.agent);
        self.accept_desired(desired, snapshot)
    }

    /// [`accept`](Self::accept), with the manifests read on a thread of its own: some thousand take seconds, in which a thread
    /// that others wait for would hear nothing, no signal either. Whoever stops waiting puts nothing in force.
    pub async fn accept_aside(&self, snapshot: Snapshot) -> Arc<Commit> {
        let agent = self.0.agent.clone();
        let read = crate::ambient::blocking(move || (driftless_core::manifest::read(&snapshot, &agent), snapshot)).await;
        match read {
            Ok((desired, snapshot)) => self.accept_desired(desired, snapshot),
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends.
                Err(_) => self.commit(),
            },
        }
    }

    /// [`accept`](Self::accept), of what was read from the snapshot and perhaps narrowed already.
    pub fn accept_desired(&self, desired: Desired, snapshot: Snapshot) -> Arc<Commit> {
        let commit = Arc::new(Commit::new(desired, Arc::new(snapshot), self.commit().outputs()));
        let previous = {
            // Nobody sees the new revision with what was seen at the one before.
            let mut statuses = self.0.statuses.lock().expect("not poisoned");
            for id in commit.desired.resources.keys().chain(commit.desired.refused.keys()) {
                statuses.entry(id.clone()).or_insert_with(|| Status::new(id.clone())).await_look();
            }
            std::mem::replace(&mut *self.0.commit.write().expect("not poisoned"), commit.clone())
        };
        if previous.is_real() {
            self.0.before.supersede(&pass::tag_value(&previous), &pass::tag_value(&commit));
            self.emit(Event::Superseded(self.view_of(&previous, true)));
            self.0.left.lock().expect("not poisoned").supersede(&previous, &commit, &self.0.agent);
        }
        self.forget_all_but(&commit);
        self.emit(Event::Accepted(self.view_of(&commit, false)));
        for (id, verdict) in commit.refusals() {
            self.record(&commit, &id, &verdict, false);
        }
        for id in commit.in_turn() {
            self.0.queue.add(id);
        }
        // An empty one is Ready at once.
        if commit.all_ready() {
            self.0.prune.notify_one();
        }
        commit
    }

    /// From now on whatever a read of the source finds new comes into force, whoever asked for the read.
    pub fn follow(&self) {
        self.0.reading.follows.store(true, Ordering::Relaxed);
    }

    /// A person wants this revision to be written although the source has moved on.
    pub fn allow_older(&self) {
        self.0.allow_older.store(true, Ordering::Relaxed);
    }

    /// Reads the source, by a read that begins after this call; others that ask meanwhile share it. Where the source is.
    ///
    /// # Errors
    /// All of [`SourceError`]; the revision in force stays.
    pub async fn read(&self) -> Result<Revision, SourceError> {
        let known = || self.commit().desired.revision.clone();
        Box::pin(self.0.reading.read(known, async |snapshot| drop(self.accept_aside(snapshot).await))).await
    }

    /// Works until the shutdown that was given to [`new`](Self::new): passes as the queue says, and over everything once
    /// each `reconcile.interval`. Returns when the steps in hand are done.
    pub async fn run(&self) {
        let passes = {
            let (this, panicked) = (self.clone(), self.clone());
            self.0.queue.run(
                self.0.shutdown.clone(),
                move |id| {
                    let this = this.clone();
                    async move { this.pass(id).await }
                },
                move |id: ResourceId, message: String| panicked.record_panic(&id, &message),
            )
        };
        tokio::join!(passes, self.look_for_drift(), self.keep_pruned());
    }

    /// Over everything at once rather than each resource on a timer of its own, as ten services share a call only when
    /// they are asked for together.
    async fn look_for_drift(&self) {
        let interval = self.paced(self.0.agent.reconcile.interval);
        while self.0.shutdown.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
            self.look();
        }
    }

    /// Asks AWS whose credentials each target's are that a resource of the commit is in, and refuses another account than the
    /// configured one. In order of the targets' names.
    ///
    /// # Errors
    /// The first refusal, or whatever kept AWS from answering.
    pub async fn check_accounts(&self, commit: &Commit) -> Result<Vec<Place>, ProviderError> {
        let used: BTreeSet<&str> = commit.desired.resources.values().map(|resource| resource.target.as_str()).collect();
        let used: Vec<_> = self.0.targets.all().filter(|one| used.contains(one.target().name())).collect();
        let asked = futures_util::future::join_all(used.iter().map(|one| one.target().check_account())).await;
        let place = |(one, account): (&&Providers, Result<String, ProviderError>)| {
            let target = one.target();
            Ok(Place { target: target.name().to_owned(), account: account?, region: target.region().to_owned() })
        };
        used.iter().zip(asked).map(place).collect()
    }

    /// What divides the loop's waits.
    pub fn pace(&self) -> f64 {
        self.0.pace
    }

    /// What ends the loop.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Queues every resource of the revision in force.
    pub fn look(&self) {
        for id in self.commit().in_turn() {
            self.0.queue.add(id);
        }
    }

    /// Tries a failed resource again. False: the revision in force does not declare it.
    pub fn retry(&self, id: &ResourceId) -> bool {
        let known = self.commit().desired.resources.contains_key(id);
        if known {
            self.0.retries.lock().expect("not poisoned").insert(id.clone());
            self.0.memory.pardon(id);
            self.0.queue.add(id.clone());
        }
        known
    }

    /// What happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// How everything is doing, in order of kind and name.
    pub fn statuses(&self) -> Vec<Status> {
        self.0.statuses.lock().expect("not poisoned").values().cloned().collect()
    }

    /// The revision in force.
    pub fn commit(&self) -> Arc<Commit> {
        self.0.commit.read().expect("not poisoned").clone()
    }

    /// Whether AWS refuses for now what it may take soon, as what it needs was just made: there is hope for some minutes.
    pub fn is_patient(&self, id: &ResourceId) -> bool {
        self.0.memory.is_patient(id)
    }

    /// How far the revision in force has come.
    pub fn view(&self) -> CommitView {
        self.view_of(&self.commit(), false)
    }

    fn is_in_force(&self, commit: &Arc<Commit>) -> bool {
        Arc::ptr_eq(&self.commit(), commit)
    }

    fn paced(&self, duration: Duration) -> Duration {
        duration.div_f64(self.0.pace)
    }

    fn emit(&self, event: Event) {
        event.log();
        // An error means that nobody listens.
        let _ = self.0.events.send(event);
    }

    fn view_of(&self, commit: &Commit, superseded: bool) -> CommitView {
        commit.view(&self.0.agent.name, superseded)
    }

    /// Takes note of where a resource stands at a commit: in its status, in the commit's progress, and to whoever listens.
    fn record(&self, commit: &Arc<Commit>, id: &ResourceId, verdict: &Verdict, stepped: bool) {
        let revision = commit.desired.revision.to_string();
        let verdict = &*commit.with_told(id, verdict);
        let status = {
            let mut statuses = self.0.statuses.lock().expect("not poisoned");
            // A pass that began at an older revision says nothing of the one in force.
            let in_force = self.is_in_force(commit);
            let status = in_force.then(|| statuses.entry(id.clone()).or_insert_with(|| Status::new(id.clone())));
            status.and_then(|status| status.observe(verdict, &revision, crate::clock::now()).then(|| status.clone()))
        };
        let progressed = commit.progress(id, verdict, stepped);
        if let Some(status) = status {
            self.emit(Event::Status(status));
        }
        if progressed.changed && self.is_in_force(commit) {
            self.emit(Event::Progress);
        }
        if progressed.changed && commit.all_ready() {
            self.0.prune.notify_one();
        }
        if progressed.decided_for_dependents {
            for dependent in commit.dependents(id) {
                self.0.queue.add(dependent.clone());
            }
        }
    }

    fn record_panic(&self, id: &ResourceId, message: &str) {
        self.record(&self.commit(), id, &verdicts::panicked(id, message), false);
    }

    /// What left the source is no business of the passes any more. Whether it is deleted, [`prune`] sees to.
    fn forget_all_but(&self, commit: &Commit) {
        let mut statuses = self.0.statuses.lock().expect("not poisoned");
        statuses.retain(|id, _| {
            let declared = commit.declares(id);
            if !declared {
                self.0.queue.forget(id);
                self.0.memory.forget(id);
                let then = if self.prunes() {
                    "goes when all that is declared is Ready"
                } else {
                    "is left as it is in AWS, as `reconcile.prune` is false"
                };
                tracing::warn!(resource = %id, "left the source, and {then}");
            }
            declared
        });
    }
}
