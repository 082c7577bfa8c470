//! What earlier revisions declared and the one in force does not, as far as this process has had them in force.
//!
//! Services and stacks that left are found in AWS by their tags, whoever was looking when they left. Nothing in AWS leads to
//! an artifact's objects: S3's listings show no metadata, and the tagging API knows buckets only. So the agent remembers where
//! it pushed what left, or moved, while it was running.

use std::collections::BTreeMap;

use driftless_core::agent::Agent;
use driftless_core::desired::{Resource, Spec};
use driftless_core::prune::Thing;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Revision;

use super::Commit;

/// What left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What depended on what.
    pub(super) depended_on: BTreeMap<ResourceId, Vec<ResourceId>>,
    /// As they were declared when they left or moved, with their references in place.
    pub(super) artifacts: Vec<Resource>,
    /// What deploys to somewhere else than before: from where.
    pub(super) deployed: BTreeMap<ResourceId, String>,
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
                self.artifacts.retain(|other| other.id != *id || Thing::of(other) != Thing::of(&resolved));
                self.artifacts.push(resolved);
            }
            let before = resource.spec.thing().map(|(thing, _)| thing);
            let now = commit.desired.resources.get(id).and_then(|now| now.spec.thing()).map(|(thing, _)| thing);
            if let (Spec::Ec2Deployment(_), Some(before), Some(now)) = (&resource.spec, before, now)
                && before != now
            {
                self.deployed.insert(id.clone(), before);
            }
        }
        let revision = &previous.desired.revision;
        self.artifacts.retain(|one| match commit.desired.resources.get(&one.id) {
            None => !commit.declares(&one.id),
            Some(now) => !(Thing::of(one) == Thing::of(now) || is_a_version(one, revision)),
        });
        self.deployed.retain(|id, _| commit.declares(id));
    }
}

/// Whether the place names the commit, as in `key: app-${git.shortSha}.zip`: the next commit's is another version, and the ones before
/// are kept for whoever goes back to them.
fn is_a_version(artifact: &Resource, revision: &Revision) -> bool {
    let place = Thing::of(artifact).map(|thing| thing.to_string()).unwrap_or_default();
    revision.sha().and_then(|sha| sha.get(..8)).is_some_and(|sha| place.contains(sha))
}
