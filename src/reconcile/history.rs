//! What an older commit declared: the second exception of rule 2 enforces the default of a member that was declared when
//! the resource was last written, and has been removed since.

use std::collections::HashMap;
use std::sync::Arc;

use driftless_core::agent::Agent;
use driftless_core::desired::{Desired, Resource};
use driftless_core::manifest;
use driftless_core::observed::Observation;
use driftless_core::plan;
use driftless_core::resource::ResourceId;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::source::Source;

/// How many older commits are kept parsed.
const KEPT: usize = 4;

/// Reads older commits, each once.
pub(super) struct History {
    source: Arc<Source>,
    agent: Agent,
    /// By commit id; None where the commit cannot be read (a shallow or rewritten history).
    parsed: Mutex<HashMap<String, Option<Arc<Desired>>>>,
}

impl History {
    pub(super) fn new(source: Arc<Source>, agent: Agent) -> Self {
        History { source, agent, parsed: Mutex::default() }
    }

    /// The members of `resource` that the commit which last wrote it declared and `resource` no longer does.
    pub(super) async fn removed(&self, resource: &Resource, observed: &Observation, sha: Option<&str>) -> Vec<String> {
        let Some(written_at) = plan::written_at(observed) else { return vec![] };
        if sha.is_none_or(|sha| sha == written_at) {
            return vec![];
        }
        let older = self.desired_at(written_at).await;
        let older = older.as_ref().and_then(|older| older.resources.get(&resource.id));
        older.map(|older| manifest::removed(older, resource)).unwrap_or_default()
    }

    /// Whether the commit that last wrote the resource can be read, so that [`History::removed`] has compared it.
    pub(super) async fn knows(&self, resource: &Resource, observed: &Observation, sha: Option<&str>) -> bool {
        let (Some(written_at), Some(sha)) = (plan::written_at(observed), sha) else { return false };
        let older = if sha == written_at { return true } else { self.desired_at(written_at).await };
        older.is_some_and(|older| older.resources.contains_key(&resource.id))
    }

    /// A resource as the commit `sha` declared it.
    pub(super) async fn resource_at(&self, id: &ResourceId, sha: &str) -> Option<Resource> {
        self.desired_at(sha).await?.resources.get(id).cloned()
    }

    /// One reader at a time: many resources were last written at the same commit.
    async fn desired_at(&self, sha: &str) -> Option<Arc<Desired>> {
        let mut parsed = self.parsed.lock().await;
        if let Some(known) = parsed.get(sha) {
            return known.clone();
        }
        let desired = match self.source.snapshot_at(sha).await {
            Ok(snapshot) => Some(Arc::new(manifest::read(&snapshot, &self.agent))),
            Err(error) => {
                tracing::warn!(sha, "cannot tell what was removed since the last write, so AWS keeps it: {error}");
                None
            }
        };
        if parsed.len() >= KEPT {
            parsed.clear();
        }
        parsed.insert(sha.to_owned(), desired.clone());
        desired
    }
}

/// The value of `driftless:source`: 32 hex digits of the SHA-256 of the source's url, reference and path.
pub(super) fn source_hash(identity: &str) -> String {
    Sha256::digest(identity).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
