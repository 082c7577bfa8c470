//! What earlier revisions declared and the one in force does not, as far as this process has had them in force.
//!
//! Services and stacks that left are found in AWS by their tags, whoever was looking when they left. Nothing in AWS leads to
//! an artifact's objects: S3's listings show no metadata, and the tagging API knows buckets only. So the agent remembers where
//! it pushed what left while it was running.

use std::collections::BTreeMap;

use driftless_core::agent::Agent;
use driftless_core::desired::{Resource, Spec};
use driftless_core::resource::ResourceId;

use super::Commit;

/// What left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What depended on what.
    pub(super) depended_on: BTreeMap<ResourceId, Vec<ResourceId>>,
    /// As they were last declared, with their references in place.
    pub(super) artifacts: BTreeMap<ResourceId, Resource>,
}

impl Left {
    /// `commit` takes the place of `previous`.
    pub(super) fn supersede(&mut self, previous: &Commit, commit: &Commit, agent: &Agent) {
        for (id, resource) in &previous.desired.resources {
            self.depended_on.insert(id.clone(), resource.depends_on.clone());
            if matches!(resource.spec, Spec::S3Artifact(_))
                // One that never had its references in place was never pushed.
                && let Ok(resolved) = previous.resolve(resource, agent)
            {
                self.artifacts.insert(id.clone(), resolved);
            }
        }
        self.artifacts.retain(|id, _| !commit.declares(id));
    }
}
