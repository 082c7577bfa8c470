//! What this process remembers of each resource between passes, and nothing that truth depends on. A pass without it writes once
//! more at most, or waits a little longer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use driftless_core::plan::Plan;
use driftless_core::plan::guard::{Check, Guard};
use driftless_core::refusal::Patience;
use driftless_core::resource::ResourceId;
use tokio::time::Instant;

use super::looks::Looks;

/// Seconds until a refusal that passes is tried again, at first ...
const FIRST_TRY: f64 = 1.0;
/// ... and at most.
const LONGEST_TRY: f64 = 15.0;

/// Of all resources.
#[derive(Debug)]
pub(super) struct Memory {
    /// Divides every wait.
    pace: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    resources: HashMap<ResourceId, Entry>,
    looks: Looks,
}

/// Of one resource.
#[derive(Debug)]
struct Entry {
    /// What another one wrote is what this one is here to change.
    revision: String,
    /// When we last wrote to it at this revision, by AWS's clock.
    wrote: Option<f64>,
    /// None: no pass has looked yet, so that it is not known whether an agent before this one wrote.
    guard: Option<Guard>,
    /// Of what the guard counts the writes of: what was declared, at whatever revision.
    digest: Option<u64>,
    refused: Option<Refused>,
}

/// Since when AWS has refused what it may take soon.
#[derive(Debug, Clone, Copy)]
struct Refused {
    since: Instant,
    /// Until when it is borne.
    until: Instant,
}

impl Memory {
    pub(super) fn new(pace: f64) -> Self {
        Memory { pace, state: Mutex::new(State { resources: HashMap::new(), looks: Looks::new() }) }
    }

    /// We wrote, at `now` of AWS's clock; or may have.
    pub(super) fn wrote_at(&self, id: &ResourceId, revision: &str, now: f64) {
        self.state().entry(id, revision).wrote = Some(now);
    }

    /// When we last wrote to a resource at this revision.
    pub(super) fn last_write(&self, id: &ResourceId, revision: &str) -> Option<f64> {
        self.state().resources.get(id).filter(|entry| entry.revision == revision)?.wrote
    }

    /// What to think of a plan before it is carried out, at `now` of AWS's clock ([`Guard::check`]). `written_here`: the thing
    /// says that this revision has written it. `digest` is of what is declared.
    pub(super) fn check(&self, plan: &Plan, revision: &str, digest: impl FnOnce() -> u64, written_here: bool, now: f64) -> Check {
        let mut state = self.state();
        let entry = state.entry(&plan.resource, revision);
        let guard = entry.guard.get_or_insert_with(|| if written_here { Guard::after_a_restart() } else { Guard::default() });
        guard.saw(plan);
        if plan.writes() {
            let digest = digest();
            // Another thing is declared: nothing of that was written yet.
            if entry.digest.replace(digest).is_some_and(|before| before != digest) {
                *guard = Guard::default();
            }
        }
        guard.check(plan, now)
    }

    /// Whether it was seen as declared, and nothing was written to it since.
    pub(super) fn is_equal(&self, id: &ResourceId) -> bool {
        self.state().resources.get(id).and_then(|entry| entry.guard.as_ref()).is_some_and(Guard::is_equal)
    }

    /// A person wants it tried again: nothing counts that was.
    pub(super) fn pardon(&self, id: &ResourceId) {
        if let Some(entry) = self.state().resources.get_mut(id) {
            entry.guard = Some(Guard::default());
            entry.refused = None;
        }
    }

    /// AWS took all steps of a plan, at `now` of its clock. Says when to look at their effect, at the latest after `longest`.
    pub(super) fn wrote(&self, plan: &Plan, revision: &str, now: f64, longest: Duration) -> Duration {
        let mut state = self.state();
        let entry = state.entry(&plan.resource, revision);
        entry.guard.get_or_insert_default().wrote(plan, now);
        entry.refused = None;
        state.looks.begin(&plan.resource);
        state.looks.next(&plan.resource, "", longest, self.pace)
    }

    /// AWS refused what it may take within `patience`. When to try again; None: it has been borne for so long.
    pub(super) fn refused(&self, id: &ResourceId, revision: &str, patience: Duration) -> Option<Duration> {
        let now = Instant::now();
        let mut state = self.state();
        let refused = &mut state.entry(id, revision).refused;
        let since = refused.map_or(now, |refused| refused.since);
        let until = since + patience.div_f64(self.pace);
        *refused = Some(Refused { since, until });
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        let borne = Patience { first: FIRST_TRY, longest: LONGEST_TRY, lasts: patience.as_secs_f64() };
        let wait = borne.wait(now.duration_since(since).as_secs_f64() * self.pace)?;
        Some(Duration::from_secs_f64(wait / self.pace).min(left))
    }

    /// Whether AWS refuses for now what it may take soon.
    pub(super) fn is_patient(&self, id: &ResourceId) -> bool {
        let state = self.state();
        let refused = state.resources.get(id).and_then(|entry| entry.refused);
        refused.is_some_and(|refused| Instant::now() < refused.until)
    }

    /// When to look again at what AWS works on.
    pub(super) fn look(&self, id: &ResourceId, shown: &str, longest: Duration) -> Duration {
        self.state().looks.next(id, shown, longest, self.pace)
    }

    /// It has come to an end: nothing is under way, and nothing is refused for now.
    pub(super) fn settled(&self, id: &ResourceId) {
        let mut state = self.state();
        state.looks.end(id);
        if let Some(entry) = state.resources.get_mut(id) {
            entry.refused = None;
        }
    }

    /// It left the source.
    pub(super) fn forget(&self, id: &ResourceId) {
        let mut state = self.state();
        state.looks.end(id);
        state.resources.remove(id);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&mut self, id: &ResourceId, revision: &str) -> &mut Entry {
        let new = || Entry { revision: revision.to_owned(), wrote: None, guard: None, digest: None, refused: None };
        let entry = self.resources.entry(id.clone()).or_insert_with(new);
        if entry.revision != revision {
            *entry = Entry { guard: entry.guard.take(), digest: entry.digest, ..new() };
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use driftless_core::desired::Document;
    use driftless_core::plan::{EcsStep, Verdict};
    use driftless_core::resource::Kind;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(120);

    fn id() -> ResourceId {
        ResourceId::new(Kind::EcsService, "web")
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_ever_later_until_its_patience_is_over() {
        let memory = Memory::new(1.0);
        let (began, mut waits) = (Instant::now(), Vec::new());
        while let Some(wait) = memory.refused(&id(), "a", PATIENCE) {
            assert!(memory.is_patient(&id()));
            waits.push(wait.as_secs());
            tokio::time::advance(wait).await;
        }
        assert_eq!(began.elapsed(), PATIENCE);
        assert_eq!(waits[..6], [1, 1, 2, 4, 8, 15]);
        assert!(!memory.is_patient(&id()));
        // The drift interval's look finds it refused still, and that is final at once.
        assert_eq!(memory.refused(&id(), "a", PATIENCE), None);
    }

    #[tokio::test(start_paused = true)]
    async fn another_revision_and_an_end_begin_the_patience_anew() {
        let memory = Memory::new(1.0);
        assert!(memory.refused(&id(), "a", PATIENCE).is_some());
        tokio::time::advance(PATIENCE).await;
        assert!(memory.refused(&id(), "b", PATIENCE).is_some());
        tokio::time::advance(PATIENCE).await;
        memory.settled(&id());
        assert!(memory.refused(&id(), "b", PATIENCE).is_some());
    }

    /// One that wants the same each time.
    fn plan() -> Plan {
        let progressing = Verdict::Progressing { reason: "Updating", message: "…".into(), requeue: 10 };
        let step = EcsStep::UpdateService { document: Document::new(), task_definition: None, memory: None };
        Plan { steps: vec![step.into()], ..Plan::new(&id(), progressing) }
    }

    /// How often the plan is carried out before it is stopped: written, and looked at a minute and more after that.
    fn writes(memory: &Memory, revision: &str, digest: u64, written_here: bool) -> u32 {
        let mut now = 1000.0;
        (0..)
            .find(|_| {
                now += 100.0;
                let check = memory.check(&plan(), revision, || digest, written_here, now);
                memory.wrote(&plan(), revision, now, Duration::from_secs(5));
                check != Check::Go
            })
            .unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_settles_is_written_twice_and_once_more_by_an_agent_that_was_killed() {
        let memory = Memory::new(1.0);
        assert_eq!(writes(&memory, "a", 1, false), 2);
        assert_eq!(writes(&memory, "b", 1, false), 0, "a revision that does not change it");
        assert_eq!(writes(&memory, "c", 2, false), 2, "one that does");
        assert_eq!(writes(&memory, "c", 3, true), 2, "what it takes from others is another value");
        memory.pardon(&id());
        assert_eq!(writes(&memory, "c", 3, true), 2, "a person's retry");
        assert_eq!(writes(&Memory::new(1.0), "c", 3, true), 1, "after a kill");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_of_one_revision() {
        let memory = Memory::new(1.0);
        memory.wrote_at(&id(), "a", 7.0);
        assert_eq!((memory.last_write(&id(), "a"), memory.last_write(&id(), "b")), (Some(7.0), None));
        memory.forget(&id());
        assert_eq!(memory.last_write(&id(), "a"), None);
    }
}
