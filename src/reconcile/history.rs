//! What only an older commit can tell: members that were removed since a resource was last written (the second exception of rule 2),
//! values that AWS hides, and what depended on what.
//!
//! Unknown is not empty (rule 5): what cannot be read now is unknown, and is read again by a later pass. What the source has
//! answered not to have any more is gone, and stays so.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use driftless_core::agent::Agent;
use driftless_core::desired::{Desired, Resource};
use driftless_core::manifest;
use driftless_core::observed::Observation;
use driftless_core::plan;
use driftless_core::resource::ResourceId;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::source::{Source, SourceError};

/// How many older commits are kept parsed.
const KEPT: usize = 4;

/// How many of those that are gone are remembered.
const GONE: usize = 1000;

/// After a failure nobody else tries for so long: a thousand resources must not wait for a thousand deadlines.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// What an older commit says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told<T> {
    /// This.
    Known(T),
    /// It cannot be read now, for this reason.
    Unknown(String),
    /// It will not be known any more, for this reason.
    Gone(String),
}

impl<T> Told<T> {
    pub(super) fn map<U>(self, then: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Told::Known(value) => Told::Known(then(value)),
            Told::Unknown(why) => Told::Unknown(why),
            Told::Gone(why) => Told::Gone(why),
        }
    }
}

/// Reads older commits, each once.
pub(super) struct History {
    source: Arc<Source>,
    agent: Agent,
    /// Divides the wait after a failure.
    pace: f64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest last.
    parsed: VecDeque<(String, Arc<Desired>)>,
    gone: HashMap<String, String>,
    /// When the source last failed to tell, and why.
    failed: Option<(Instant, String)>,
}

impl History {
    pub(super) fn new(source: Arc<Source>, agent: Agent, pace: f64) -> Self {
        History { source, agent, pace, state: Mutex::default() }
    }

    /// The members of `resource` that the commit which last wrote it declared and `resource` no longer does; of a stack, its
    /// parameters that had another value. `revision` is the one in force. Where AWS tells all there is to know, no commit is
    /// read.
    pub(super) async fn removed(&self, resource: &Resource, observed: &Observation, revision: &str) -> Told<Vec<String>> {
        let Some(written_at) = plan::compared_with(resource, observed).filter(|written_at| *written_at != revision) else {
            return Told::Known(vec![]);
        };
        self.resource_at(&resource.id, written_at).await.map(|older| manifest::removed(&older, resource))
    }

    /// A resource as the commit `sha` declared it.
    pub(super) async fn resource_at(&self, id: &ResourceId, sha: &str) -> Told<Resource> {
        // On the heap: whoever observes is deep in futures already.
        match Box::pin(self.desired_at(sha)).await {
            Told::Known(desired) => match desired.resources.get(id) {
                Some(resource) => Told::Known(resource.clone()),
                None => Told::Gone(format!("the commit {sha} declares no valid {id}")),
            },
            Told::Unknown(why) => Told::Unknown(why),
            Told::Gone(why) => Told::Gone(why),
        }
    }

    /// One reader at a time: many resources were last written at the same commit.
    async fn desired_at(&self, sha: &str) -> Told<Arc<Desired>> {
        let mut state = self.state.lock().await;
        if let Some((_, known)) = state.parsed.iter().find(|(known, _)| known == sha) {
            return Told::Known(known.clone());
        }
        if let Some(why) = state.gone.get(sha) {
            return Told::Gone(why.clone());
        }
        let snapshot = match self.source.snapshot_at_hand(sha).await {
            Some(snapshot) => Ok(snapshot),
            None => {
                if let Some((at, why)) = &state.failed
                    && at.elapsed() < AFTER_A_FAILURE.div_f64(self.pace)
                {
                    return Told::Unknown(why.clone());
                }
                self.source.snapshot_at(sha).await
            }
        };
        let snapshot = match snapshot {
            Ok(snapshot) => snapshot,
            Err(error) => return state.without(sha, &error),
        };
        // Many manifests take their time, and other passes go on meanwhile.
        let agent = self.agent.clone();
        let desired = match crate::ambient::blocking(move || manifest::read(&snapshot, &agent)).await {
            Ok(desired) => Arc::new(desired),
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Told::Unknown("the agent is shutting down".to_owned()),
            },
        };
        state.failed = None;
        state.parsed.push_back((sha.to_owned(), desired.clone()));
        if state.parsed.len() > KEPT {
            state.parsed.pop_front();
        }
        Told::Known(desired)
    }
}

impl State {
    fn without<T>(&mut self, sha: &str, error: &SourceError) -> Told<T> {
        let why = error.to_string();
        if error.is_gone() {
            tracing::warn!(sha, "what this commit declared will not be known any more: {why}");
            if self.gone.len() >= GONE {
                self.gone.clear();
            }
            self.gone.insert(sha.to_owned(), why.clone());
            return Told::Gone(why);
        }
        tracing::warn!(sha, label = error.label(), "what this commit declared cannot be read now: {why}");
        self.failed = Some((Instant::now(), why.clone()));
        Told::Unknown(why)
    }
}

/// The value of `driftless:source`: 32 hex digits of the SHA-256 of the source's url, reference and path.
pub(super) fn source_hash(identity: &str) -> String {
    Sha256::digest(identity).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
