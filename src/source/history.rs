//! The source's own history: how two commits stand to each other, and what an older one said.
//!
//! The copy of a remote repository begins with the newest commit alone. What an older one has to tell is fetched when it is asked
//! for, the cheapest first: some more of the history, which mostly holds it; the very commit; then ever more of the history. A
//! server that gives no commit out by its id, and whose whole history does not hold it, has lost it: a force-push.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use driftless_core::agent::GitReference;
use driftless_core::snapshot::Snapshot;

use super::blocking::with_deadline;
use super::git::{Git, Inner, words};
use super::http::{Remote, TRACKED, full_name, receive};
use super::{Limits, SourceError};

/// How one commit stands to another by the source's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is the other.
    Same,
    /// The other was made from it.
    Older,
    /// It was made from the other.
    Newer,
    /// Neither: they are of different lines.
    Apart,
    /// The history at hand does not tell.
    Unknown,
}

/// So many commits are looked through for one answer.
const MOST: usize = 200_000;

/// How much of the history is fetched before the very commit is asked for ...
const FIRST: u32 = 50;
/// ... and after a server has refused that.
const THEN: [u32; 2] = [500, i32::MAX as u32];

/// Left of the deadline for saying that even the whole history did not come in time.
const TO_TELL: Duration = Duration::from_secs(3);

impl Git {
    /// What an older commit said; `sha` is a full id. What is not at hand is fetched.
    ///
    /// # Errors
    /// [`SourceError::CommitNotFound`]: it is gone for good; others as they come.
    pub async fn snapshot_at(&self, sha: &str) -> Result<Snapshot, SourceError> {
        let sha = sha.to_owned();
        self.run(move |inner, limits, until, abandoned| {
            let at_hand = inner.read_at(&sha, limits, abandoned);
            let (Err(SourceError::CommitNotFound { .. }), Some(remote)) = (&at_hand, &inner.remote) else { return at_hand };
            let Ok(id) = gix::ObjectId::from_hex(sha.as_bytes()) else { return at_hand };
            remote.obtain(id, &inner.reference, until, abandoned)?;
            inner.read_at(&sha, limits, abandoned)
        })
        .await
    }

    /// The same from the objects at hand. It waits for no turn.
    ///
    /// # Errors
    /// [`SourceError::CommitNotFound`] where it would have to be fetched, and those of reading.
    pub async fn snapshot_at_hand(&self, sha: &str) -> Result<Snapshot, SourceError> {
        let (inner, limits, sha) = (self.inner.clone(), self.limits, sha.to_owned());
        let name = self.inner.address.shown();
        with_deadline(&name, self.deadline, move |abandoned| inner.read_at(&sha, limits, abandoned)).await
    }

    /// How `other` stands to `head`, both full ids, by the objects at hand. It waits for no turn.
    pub async fn order(&self, other: &str, head: &str) -> Order {
        let (inner, other, head) = (self.inner.clone(), other.to_owned(), head.to_owned());
        let name = self.inner.address.shown();
        let told = with_deadline(&name, self.deadline, move |abandoned| Ok(inner.order(&other, &head, abandoned))).await;
        told.unwrap_or(Order::Unknown)
    }
}

impl Inner {
    fn read_at(&self, sha: &str, limits: Limits, abandoned: &AtomicBool) -> Result<Snapshot, SourceError> {
        let (repository, commit) = self.at(sha)?;
        self.read(&repository, commit, sha, limits, abandoned)
    }

    fn order(&self, other: &str, head: &str, abandoned: &AtomicBool) -> Order {
        let id = |sha: &str| gix::ObjectId::from_hex(sha.as_bytes()).ok();
        let (Some(other_id), Some(head_id), Ok((repository, _))) = (id(other), id(head), self.at(head)) else {
            return Order::Unknown;
        };
        if other_id == head_id {
            return Order::Same;
        }
        let back = reaches(&repository, head_id, other_id, abandoned);
        if back == Some(true) {
            return Order::Older;
        }
        match reaches(&repository, other_id, head_id, abandoned) {
            Some(true) => Order::Newer,
            Some(false) if back == Some(false) => Order::Apart,
            _ => Order::Unknown,
        }
    }
}

/// Whether `to` is among the ancestors of `from`; None: the history at hand ends before that is known.
fn reaches(repository: &gix::Repository, from: gix::ObjectId, to: gix::ObjectId, abandoned: &AtomicBool) -> Option<bool> {
    let (mut seen, mut next, mut whole) = (HashSet::from([from]), VecDeque::from([from]), true);
    while let Some(id) = next.pop_front() {
        if seen.len() > MOST || abandoned.load(Ordering::Relaxed) {
            return None;
        }
        let Ok(commit) = repository.find_commit(id) else {
            whole = false;
            continue;
        };
        for parent in commit.parent_ids().map(gix::Id::detach) {
            if parent == to {
                return Some(true);
            }
            if seen.insert(parent) {
                next.push_back(parent);
            }
        }
    }
    whole.then_some(false)
}

impl Remote {
    /// Makes the copy hold the commit `id`.
    ///
    /// # Errors
    /// [`SourceError::CommitNotFound`]: the server has answered, and does not have it any more. Others: not now.
    pub(super) fn obtain(
        &self,
        id: gix::ObjectId,
        reference: &GitReference,
        until: Instant,
        abandoned: &AtomicBool,
    ) -> Result<(), SourceError> {
        let (history, commit) = (full_name(reference), id.to_string());
        // Once it is whole, only what the history does not hold is missing.
        let whole =
            || self.copy().is_ok_and(|copy| matches!(copy.is_shallow(), Ok(false)) && copy.find_reference(TRACKED).is_ok());
        if !whole() && self.bring(&history, TRACKED, FIRST, id, until, abandoned)? {
            return Ok(());
        }
        // https://git-scm.com/docs/protocol-v2: "Wants can be anything and are not limited to advertised objects"; a server may
        // have its own mind, and older protocols ask for uploadpack.allowAnySHA1InWant.
        match self.bring(&commit, &format!("refs/driftless/at/{commit}"), 1, id, until, abandoned) {
            Ok(true) => return Ok(()),
            Ok(false) | Err(SourceError::CommitNotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let gone = |reason: String| SourceError::CommitNotFound { url: self.shown(), sha: commit.clone(), reason };
        let enough = until.checked_sub(TO_TELL).unwrap_or(until);
        for depth in THEN {
            if whole() {
                break;
            }
            match self.bring(&history, TRACKED, depth, id, enough, abandoned) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) if Instant::now() >= enough && depth != THEN[0] => {
                    let most = THEN[0];
                    return Err(gone(format!(
                        "the server does not give it out, it is not among the last {most} commits, and all of the history did not come in time"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
        Err(gone(format!(
            "the server does not give it out, and the whole history of {history} does not hold it: a force-push has taken it away, or it was never pushed"
        )))
    }

    /// Fetches `what` with so much of its history. Whether the copy holds the commit `id` then.
    fn bring(
        &self,
        what: &str,
        into: &str,
        depth: u32,
        id: gix::ObjectId,
        until: Instant,
        abandoned: &AtomicBool,
    ) -> Result<bool, SourceError> {
        let repository = self.open_or_create()?;
        let token = self.token()?;
        let refused = |error: gix::Error| match words(&error) {
            // git-upload-pack and JGit, in their words.
            said if ["not our ref", "unadvertised object", " not valid"].iter().any(|word| said.contains(word)) => {
                SourceError::CommitNotFound { url: self.shown(), sha: what.into(), reason: said }
            }
            _ => self.classify(&error, token.as_ref(), until),
        };
        let remote = self.remote(&repository, what, into).map_err(refused)?;
        let prepared = self.prepare(&remote, token.as_ref(), until).map_err(refused)?;
        if prepared.ref_map().mappings.is_empty() {
            // The reference has gone; that is for the next snapshot to say.
            return Ok(false);
        }
        receive(prepared, NonZeroU32::new(depth).unwrap_or(NonZeroU32::MIN), abandoned).map_err(refused)?;
        tracing::debug!(what, depth, "fetched more of the history");
        let repository = self.copy().map_err(|reason| self.corrupt(reason))?;
        Ok(repository.has_object(id))
    }
}
