//! Whether a pass may write to, or judge, what another revision wrote last (X2): two copies of one agent, or an agent and a
//! person's `apply`, may see the source at different moments, and must never undo each other.
//!
//! What was written by a revision that is newer than ours, or that we do not know, and what is absent that we would make, is left
//! alone until the source has been read again, by a read that began after it was seen. Then the source's own head counts, wherever
//! it is. See docs/decisions/two-copies.md for each interleaving.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driftless_core::observed::Observation;
use driftless_core::plan::{self, Plan, Verdict};
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Revision;

use super::pass::tag_value;
use super::reading::Head;
use super::{Commit, Reconciler};
use crate::source::{Order, SourceError};

/// So many revisions that were in force before are remembered.
const BEFORE: usize = 1000;

/// A read that takes no longer is not told.
const SOON: Duration = Duration::from_secs(2);

/// Why the source must be read again first.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Why {
    /// It is not there, and would come into being or run: a newer commit may have removed it.
    Absent,
    /// This revision wrote it last; None: nobody knows which.
    WrittenBy(Option<String>),
}

/// Whether a plan may be carried out, or its verdict believed.
#[derive(Debug, PartialEq)]
pub(super) enum Clearance {
    /// Nothing was in its way.
    Go,
    /// The source was read for this, is where it was, and counts; with what a person should know.
    Confirmed(Why, Option<String>),
    /// Another revision has come into force.
    Moved,
    /// Not now, or not at this revision.
    Stop(Verdict),
}

/// What was seen of resources at one revision in force.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<ResourceId, One>>);

#[derive(Debug, Default)]
struct One {
    /// It was seen to be written by this revision.
    here: bool,
    /// A read of the source has found it where it was after this other revision's writing had been seen.
    confirmed: Option<String>,
}

impl Seen {
    fn with<T>(&self, id: &ResourceId, then: impl FnOnce(&mut One) -> T) -> T {
        then(self.0.lock().expect("not poisoned").entry(id.clone()).or_default())
    }
}

/// Revisions that were in force in this process before the one that is.
#[derive(Debug, Default)]
pub(super) struct Before(Mutex<VecDeque<String>>);

impl Before {
    /// `previous` has made room for `now`.
    pub(super) fn supersede(&self, previous: &str, now: &str) {
        let mut all = self.0.lock().expect("not poisoned");
        all.push_back(previous.to_owned());
        // The source may have gone back.
        all.retain(|one| one != now);
        let surplus = all.len().saturating_sub(BEFORE);
        all.drain(..surplus);
    }

    fn has(&self, revision: &str) -> bool {
        self.0.lock().expect("not poisoned").iter().any(|one| one == revision)
    }
}

impl Reconciler {
    /// Why the source must be read before this plan is carried out or believed, if it must be.
    pub(super) async fn doubts(&self, commit: &Commit, plan: &Plan, observed: &Observation) -> Option<Why> {
        let ours = tag_value(commit);
        let (written, id) = (plan::written_at(observed), &plan.resource);
        if written == Some(ours.as_str()) {
            commit.seen.with(id, |one| *one = One { here: true, confirmed: None });
        }
        if plan.steps.iter().any(|step| step.creates() || step.runs()) {
            return Some(Why::Absent);
        }
        let judges = matches!(plan.verdict, Verdict::Failed { .. } | Verdict::Progressing { .. });
        match written {
            Some(written) if written == ours => None,
            None => plan.writes().then_some(Why::WrittenBy(None)),
            Some(_) if !plan.writes() && !judges => None,
            Some(written) => {
                let (here, confirmed) = commit.seen.with(id, |one| (one.here, one.confirmed.as_deref() == Some(written)));
                // What we saw at our revision, and an older one has written since, is somebody's who may know better.
                let older = || async { self.0.before.has(written) || self.order(written, &ours).await == Order::Older };
                (!confirmed && (here || !older().await)).then(|| Why::WrittenBy(Some(written.to_owned())))
            }
        }
    }

    /// Reads the source, as a resource's plan must wait for that, and says what follows.
    pub(super) async fn clear(&self, commit: &Arc<Commit>, id: &ResourceId, why: Why) -> Clearance {
        let head = self.head(commit);
        tokio::pin!(head);
        let head = match tokio::time::timeout(SOON, &mut head).await {
            Ok(head) => head,
            Err(_) => {
                // What was known of it is not the truth any more, and nobody knows how long it takes.
                self.record(commit, id, &reading(id, &why, &commit.desired.revision), false);
                head.await
            }
        };
        match head {
            Head::There => {
                let mut note = None;
                if let Why::WrittenBy(Some(written)) = &why {
                    note = self.note(written, commit).await;
                    commit.seen.with(id, |one| *one = One { here: false, confirmed: Some(written.clone()) });
                }
                Clearance::Confirmed(why, note)
            }
            Head::Moved(_) if self.0.reading.follows.load(Ordering::Relaxed) => Clearance::Moved,
            Head::Moved(to) if self.0.allow_older.load(Ordering::Relaxed) => {
                let note = format!("`--allow-older`: the source is at {} by now", to.short());
                Clearance::Confirmed(why, Some(note))
            }
            Head::Moved(to) => Clearance::Stop(older(id, &why, &commit.desired.revision, &to)),
            Head::Unread(error) => Clearance::Stop(unread(id, &why, &commit.desired.revision, &error)),
        }
    }

    /// Where the source is, by a read that begins after this call.
    pub(super) async fn head(&self, commit: &Commit) -> Head {
        match self.read().await {
            Ok(revision) if revision == commit.desired.revision => Head::There,
            Ok(revision) => Head::Moved(revision),
            Err(error) => Head::Unread(error),
        }
    }

    async fn order(&self, written: &str, ours: &str) -> Order {
        Box::pin(self.0.source.order(written, ours)).await
    }

    /// What a person should know of a writer that the source's head overrules.
    pub(super) async fn note(&self, written: &str, commit: &Commit) -> Option<String> {
        let (writer, ours) = (short(written), commit.desired.revision.short());
        match self.order(written, &tag_value(commit)).await {
            Order::Newer => Some(format!(
                "{writer}, which wrote it last, is newer than {ours}; the source has gone back to that, and its head counts"
            )),
            Order::Apart => Some(format!(
                "{writer}, which wrote it last, is not in the history of {ours} (a force-push, or it was never pushed); the source's head counts"
            )),
            Order::Same | Order::Older | Order::Unknown => None,
        }
    }
}

/// `1f0c2d3e` of a commit's id, `dir-…` of a directory's.
fn short(revision: &str) -> &str {
    if revision.len() == 40 { &revision[..8] } else { revision }
}

fn seen(id: &ResourceId, why: &Why) -> String {
    match why {
        Why::Absent => format!("{id} is not there as declared, which a newer commit may have wanted"),
        Why::WrittenBy(Some(written)) => format!("{id} was last written at the commit {}", short(written)),
        Why::WrittenBy(None) => format!("which commit last wrote {id} is not known"),
    }
}

fn older(id: &ResourceId, why: &Why, ours: &Revision, head: &Revision) -> Verdict {
    let message = format!(
        "{}, and the source has moved on to {} since {} was read: nothing is written to it at the older revision; apply again, which takes the newer one, or say `--allow-older`",
        seen(id, why),
        head.short(),
        ours.short()
    );
    Verdict::Stalled { reason: "OlderRevision", message }
}

fn reading(id: &ResourceId, why: &Why, ours: &Revision) -> Verdict {
    let message = format!(
        "{}; the source is being read to see whether {} still is what it wants, and until then it is neither written nor judged",
        seen(id, why),
        ours.short()
    );
    Verdict::Unknown { message }
}

fn unread(id: &ResourceId, why: &Why, ours: &Revision, error: &SourceError) -> Verdict {
    let message = format!(
        "{}, and whether {} still is what the source wants cannot be read: {error}; until then it is neither written nor judged",
        seen(id, why),
        ours.short()
    );
    Verdict::Unknown { message }
}
