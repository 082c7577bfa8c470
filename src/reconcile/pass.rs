//! One pass over one resource: observe, plan, write the plan's steps, and say when to look again.

use std::sync::Arc;
use std::time::Duration;

use driftless_core::desired::{Resource, Spec};
use driftless_core::observed::Observation;
use driftless_core::plan::guard::{self, Check};
use driftless_core::plan::{self, Context, Plan, Step, Verdict, ahead};
use driftless_core::resource::ResourceId;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::commit::Blocked;
use super::history::Told;
use super::order::{Clearance, Why};
use super::room::Room;
use super::{Commit, Event, Reconciler, verdicts};
use crate::aws::providers::{Made, Providers};
use crate::aws::{ProviderError, Retry};
use crate::queue::Action;
use crate::shutdown::unless_stopped;

/// How late the effect of a write is looked at, where much is under way.
const AFTER_A_WRITE: Duration = Duration::from_secs(5);

/// How soon what AWS was asked to look for is read.
const AFTER_A_LOOK: Duration = Duration::from_secs(30);

/// How late a resource is looked at whose state another actor is changing.
const CONFLICT: Duration = Duration::from_secs(60);

/// A right may come from a policy that a stack of the same commit has just made, and be known everywhere only after a while.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
const POLICY: Duration = Duration::from_secs(2 * 60);

/// What was observed longer ago is not decided on.
const STALE: Duration = Duration::from_secs(10);

impl Reconciler {
    /// One pass. Never waits for a rollout: the next pass finds it in progress.
    pub(super) async fn pass(&self, id: ResourceId) -> Action {
        let target = self.commit().desired.resources.get(&id).map(|resource| resource.target.clone());
        let Some(target) = target else { return Action::Done };
        match unless_stopped(&self.0.shutdown, self.0.rooms.enter(&target, id.kind)).await {
            // On the heap, from here on: whoever waits outside is small.
            Some(room) => Box::pin(self.pass_in(room, id)).await,
            None => Action::Requeue(Duration::ZERO),
        }
    }

    async fn pass_in(&self, room: Room, id: ResourceId) -> Action {
        let commit = self.commit();
        let Some(resource) = commit.desired.resources.get(&id) else { return Action::Done };
        if let Some(blocked) = commit.blocked(resource) {
            let waiting = self.waiting(&commit, resource, blocked);
            let Some(verdict) = unless_stopped(&self.0.shutdown, waiting).await else {
                return Action::Requeue(Duration::ZERO);
            };
            self.record(&commit, &id, &verdict, false);
            // Whatever it waits for queues it.
            return Action::Done;
        }
        let resource = match commit.resolve(resource, &self.0.agent) {
            Ok(resource) => resource,
            Err(verdict) => {
                self.record(&commit, &id, &verdict, false);
                return Action::Done;
            }
        };
        let providers = self.0.targets.of(&resource);
        let prepared = self.prepare(room, &commit, &resource, providers);
        // Until something is written nothing is lost with a pass: a shutdown waits for none.
        let prepared = unless_stopped(&self.0.shutdown, prepared).await;
        let Prepared { looked, mut plan, clearance, _place } = match prepared {
            Some(Ok(prepared)) => prepared,
            Some(Err(action)) => return action,
            None => return Action::Requeue(Duration::ZERO),
        };
        if !self.is_in_force(&commit) || self.0.shutdown.is_cancelled() {
            return Action::Requeue(Duration::ZERO);
        }
        let observed = &looked.observed;
        match (self.doubts(&commit, &plan, observed).await, clearance) {
            (None, Clearance::Confirmed(_, note)) => plan.notes.extend(note),
            (Some(why), Clearance::Confirmed(cleared, note)) if why == cleared => plan.notes.extend(note),
            (None, _) => {}
            // Something else has come up meanwhile.
            (Some(_), _) => return Action::Requeue(Duration::ZERO),
        }
        let revision = tag_value(&commit);
        let written_here = plan::written_at(observed) == Some(revision.as_str());
        match self.0.memory.check(&plan, &revision, || guard::digest(&resource, &revision), written_here, observed.now()) {
            Check::Go => {}
            Check::Late => {
                self.record(&commit, &id, &verdicts::written(&plan, AFTER_A_WRITE), true);
                return Action::Requeue(self.0.memory.look(&id, "", AFTER_A_WRITE));
            }
            Check::Stop(verdict) => {
                plan.steps.clear();
                plan.verdict = verdict;
            }
        }
        match Box::pin(self.act(&commit, &plan, observed, providers)).await {
            // An agent that was restarted after it wrote finds nothing to do; the change is this commit's all the same.
            Ok(Acted::Nothing) => self.settle(&commit, &plan, written_here),
            // AWS was asked to look, and the thing stays as it is: so does its verdict.
            Ok(Acted::Everything(_)) if plan.steps.iter().all(Step::looks) => {
                self.settle(&commit, &plan, false);
                Action::Requeue(self.paced(AFTER_A_LOOK))
            }
            Ok(Acted::Everything(now)) => {
                self.retried(&id);
                self.record(&commit, &id, &verdicts::written(&plan, AFTER_A_WRITE), true);
                Action::Requeue(self.0.memory.wrote(&plan, &revision, now, AFTER_A_WRITE))
            }
            Ok(Acted::Interrupted) => Action::Requeue(Duration::ZERO),
            Err(error) => self.refused(&commit, &id, &error),
        }
    }

    /// Looks, and, where something is to be written, reads the source if that must come first, and waits for the permit to write.
    /// Err: nothing can be decided now, or not at this revision; that is on record.
    async fn prepare(
        &self,
        room: Room,
        commit: &Arc<Commit>,
        resource: &Resource,
        providers: &Providers,
    ) -> Result<Prepared<'_>, Action> {
        let id = &resource.id;
        let decide =
            |looked: &Looked| self.decide(commit, looked, providers).map_err(|verdict| self.undecided(commit, id, &verdict));
        let looked = self.observe(commit, resource, providers).await;
        let looked_at = Instant::now();
        let plan = decide(&looked)?;
        // It may be what a revision wrote that we do not know of.
        let why = self.doubts(commit, &plan, &looked.observed).await;
        if why.is_none() && plan.steps.is_empty() {
            return Ok(Prepared { looked, plan, clearance: Clearance::Go, _place: Place::Room(room) });
        }
        // From here on it may take long. Neither room nor permit is kept while the source is read.
        drop((room, plan));
        let kept = self.0.kept.try_acquire();
        let mut looked = kept.is_ok().then_some(looked);
        let clearance = match why {
            Some(why) => self.clear(commit, id, why).await,
            None => Clearance::Go,
        };
        match &clearance {
            Clearance::Go | Clearance::Confirmed(Why::Absent, _) => {}
            // Whoever wrote it may have written again.
            Clearance::Confirmed(Why::WrittenBy(_), _) => looked = None,
            Clearance::Moved => return Err(Action::Requeue(Duration::ZERO)),
            Clearance::Stop(verdict) => return Err(self.undecided(commit, id, verdict)),
        }
        let writer = self.0.writers.acquire().await.expect("never closed");
        let looked = match looked.filter(|_| looked_at.elapsed() <= self.paced(STALE)) {
            Some(looked) => looked,
            // Few write at a time: they need no room.
            None => self.observe(commit, resource, providers).await,
        };
        let plan = decide(&looked)?;
        Ok(Prepared { looked, plan, clearance, _place: Place::Writer(writer) })
    }

    fn undecided(&self, commit: &Arc<Commit>, id: &ResourceId, verdict: &Verdict) -> Action {
        self.record(commit, id, verdict, false);
        if matches!(verdict, Verdict::Unknown { .. }) { Action::Retry(None) } else { Action::Done }
    }

    /// A write was refused, or its answer was lost.
    fn refused(&self, commit: &Arc<Commit>, id: &ResourceId, error: &ProviderError) -> Action {
        let denied = matches!(error, ProviderError::Denied(_)) && !error.failure().said.contains("explicit deny");
        let just_made = || (denied && commit.follows_a_changed_stack(id)).then_some(POLICY);
        let patience = error.failure().patience.or_else(just_made);
        if let Some(patience) = patience
            && let Some(wait) = self.0.memory.refused(id, &tag_value(commit), patience)
        {
            self.record(commit, id, &verdicts::refused_for_now(error, patience), true);
            return Action::Requeue(wait);
        }
        self.record(commit, id, &verdicts::write_failed(error), true);
        match error.retry() {
            // The drift interval's look tries again.
            _ if patience.is_some() => Action::Done,
            Retry::Interval => Action::Done,
            // What the state is conflicts with may take its time.
            Retry::Observe => Action::Requeue(self.0.memory.look(id, error.failure().said.as_str(), CONFLICT)),
            Retry::Backoff => Action::Retry(None),
        }
    }

    /// What AWS runs, and the resource with what was removed from its manifest since it was last written.
    pub(super) async fn observe(&self, commit: &Commit, resource: &Resource, providers: &Providers) -> Looked {
        let mut resource = resource.clone();
        let observed = self.observe_once(commit, &resource, providers).await;
        let mut looked = match self.0.history.removed(&resource, &observed, &tag_value(commit)).await {
            Told::Known(removed) => {
                let before = resource.clone();
                if let Some(place) = resource.spec.removed_mut() {
                    *place = removed;
                }
                if let Spec::CloudFormationStack(stack) = &mut resource.spec {
                    stack.compared_secrets = plan::written_at(&observed).is_some();
                }
                let again = resource != before;
                let looked = Looked { resource, observed, unknown: None, note: None };
                if !again {
                    return looked;
                }
                looked
            }
            Told::Unknown(why) => return Looked { unknown: Some(why), resource, observed, note: None },
            Told::Gone(why) => return Looked { unknown: None, resource, observed, note: Some(why) },
        };
        // What must be read depends on what is compared.
        looked.observed = self.observe_once(commit, &looked.resource, providers).await;
        looked
    }

    async fn observe_once(&self, commit: &Commit, resource: &Resource, providers: &Providers) -> Observation {
        let revision = tag_value(commit);
        // On the heap, and gone with its end: what waits to write is small.
        Box::pin(providers.observe(resource, &self.context(&revision, &resource.id, providers))).await
    }

    /// Err: what only an older commit can tell is not known.
    pub(super) fn decide(&self, commit: &Commit, looked: &Looked, providers: &Providers) -> Result<Plan, Verdict> {
        let (resource, revision) = (&looked.resource, tag_value(commit));
        if let Some(why) = &looked.unknown {
            return Err(verdicts::history_unread(&resource.id, why));
        }
        let mut plan = plan::plan(resource, &looked.observed, &self.context(&revision, &resource.id, providers));
        if let Some(why) = looked.note.as_ref().filter(|_| plan.writes()) {
            plan.notes.push(verdicts::history_gone(why));
        }
        Ok(plan)
    }

    /// The verdict of what waits; where it is in vain, with what runs meanwhile.
    async fn waiting(&self, commit: &Commit, resource: &Resource, blocked: Blocked) -> Verdict {
        let on = match blocked {
            Blocked::InTurn(verdict) => return verdict,
            Blocked::InVain(on) => on,
        };
        let meanwhile = match commit.resolve(resource, &self.0.agent) {
            Ok(resource) => plan::meanwhile(&self.observe_once(commit, &resource, self.0.targets.of(&resource)).await),
            Err(_) => None,
        };
        let on: Vec<(&ResourceId, &str)> = on.iter().map(|(id, why)| (id, *why)).collect();
        ahead::in_vain(&on, meanwhile.as_deref())
    }

    pub(super) fn context<'a>(&'a self, revision: &'a str, id: &ResourceId, providers: &'a Providers) -> Context<'a> {
        Context {
            agent: &self.0.agent.name,
            source_hash: &self.0.source_hash,
            revision,
            region: providers.target().region(),
            account_id: providers.target().account_id(),
            last_write: self.0.memory.last_write(id, revision),
            equal: self.0.memory.is_equal(id),
            retry: self.0.retries.lock().expect("not poisoned").contains(id),
        }
    }

    /// Makes the plan's calls, in order. A newer revision or a shutdown ends it between two of them.
    async fn act(
        &self,
        commit: &Arc<Commit>,
        plan: &Plan,
        observed: &Observation,
        providers: &Providers,
    ) -> Result<Acted, ProviderError> {
        if plan.steps.is_empty() {
            return Ok(Acted::Nothing);
        }
        if let Err(error) = providers.target().check_account().await {
            return self.stopped(error);
        }
        if plan.steps.iter().any(Step::creates) {
            commit.creates();
        }
        if !plan.steps.iter().all(Step::looks) {
            self.emit(Event::Planned(plan.clone()));
            self.record(commit, &plan.resource, &verdicts::writing(plan), true);
        }
        let (mut made, mut now) = (Made::default(), observed.now());
        for step in &plan.steps {
            if !self.is_in_force(commit) || self.0.shutdown.is_cancelled() {
                return Ok(Acted::Interrupted);
            }
            let outcome = providers.apply(step, &mut made).await;
            if step.seen_late() {
                match &outcome {
                    Ok(applied) => self.wrote(commit, &plan.resource, applied.now),
                    // An answer that was lost may have had its effect.
                    Err(error) if error.failure().lost => self.wrote(commit, &plan.resource, observed.now()),
                    Err(_) => {}
                }
            }
            let applied = match outcome {
                Ok(applied) => applied,
                Err(error) => return self.stopped(error),
            };
            now = applied.now;
            self.emit(Event::Applied { resource: plan.resource.clone(), action: step.action(), arn: applied.arn });
        }
        Ok(Acted::Everything(now))
    }

    /// What is not sent as the process ends is no failure of the resource's. An answer that was lost is told as ever.
    fn stopped(&self, error: ProviderError) -> Result<Acted, ProviderError> {
        if self.0.shutdown.is_cancelled() && !error.failure().lost { Ok(Acted::Interrupted) } else { Err(error) }
    }

    fn wrote(&self, commit: &Commit, id: &ResourceId, now: f64) {
        self.0.memory.wrote_at(id, &tag_value(commit), now);
    }

    fn retried(&self, id: &ResourceId) {
        self.0.retries.lock().expect("not poisoned").remove(id);
    }

    /// Nothing to write: the verdict stands.
    fn settle(&self, commit: &Arc<Commit>, plan: &Plan, stepped: bool) -> Action {
        let news = matches!(plan.verdict, Verdict::Ready { .. }) && commit.give(&plan.resource, &plan.outputs);
        self.record(commit, &plan.resource, &plan.verdict, stepped);
        if !matches!(plan.verdict, Verdict::Unknown { .. }) {
            self.retried(&plan.resource);
        }
        if news {
            // What takes from it looks again.
            commit.dependents(&plan.resource).iter().for_each(|dependent| self.0.queue.add(dependent.clone()));
        }
        match &plan.verdict {
            // The next look is the drift interval's, or a newer revision's.
            // Or that of what it waits for.
            Verdict::Ready { .. } | Verdict::Failed { .. } | Verdict::Stalled { .. } | Verdict::Waiting { .. } => {
                self.0.memory.settled(&plan.resource);
                Action::Done
            }
            // A time that the plan has reckoned.
            Verdict::Progressing { reason: "NotRun", requeue, .. } => Action::Requeue(self.paced(Duration::from_secs(*requeue))),
            Verdict::Progressing { reason, message, requeue } => {
                let longest = Duration::from_secs((*requeue).max(1));
                Action::Requeue(self.0.memory.look(&plan.resource, &format!("{reason} {message}"), longest))
            }
            Verdict::Unknown { .. } => Action::Retry(None),
        }
    }
}

/// What a pass works with.
pub(super) struct Looked {
    pub(super) resource: Resource,
    pub(super) observed: Observation,
    /// Why what only an older commit can tell is not known.
    unknown: Option<String>,
    /// Why it will not be known any more.
    note: Option<String>,
}

/// What a pass decides on, and its place in the meantime.
struct Prepared<'a> {
    looked: Looked,
    plan: Plan,
    clearance: Clearance,
    _place: Place<'a>,
}

/// Held until a pass has ended.
#[expect(dead_code, reason = "held")]
enum Place<'a> {
    /// It has nothing to do but to tell.
    Room(Room),
    /// It may write.
    Writer(SemaphorePermit<'a>),
}

/// How far the writes came.
enum Acted {
    Nothing,
    /// The last at this time of AWS's clock.
    Everything(f64),
    Interrupted,
}

/// The value of the tag `driftless:revision`: a commit's id, or `dir-…`.
pub(super) fn tag_value(commit: &Commit) -> String {
    let revision = &commit.desired.revision;
    revision.sha().map(str::to_owned).unwrap_or_else(|| revision.to_string())
}
