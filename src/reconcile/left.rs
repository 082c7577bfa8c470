//! What earlier revisions declared and the one in force does not, as far as this process has had them in force.
//!
//! Services and stacks that left are found in AWS by their tags, whoever was looking when they left. Nothing in AWS leads to
//! an artifact's objects: S3's listings show no metadata, and the tagging API knows buckets only. So the agent remembers where
//! it pushed what left, or moved, while it was running, and what it was before it asks the source's history, once.

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
    /// What deploys to or runs somewhere else than before: from where, and what stays there.
    pub(super) deployed: BTreeMap<ResourceId, String>,
    /// The source's history was asked.
    pub(super) recalled: bool,
}

impl Left {
    /// `commit` takes the place of `previous`.
    pub(super) fn supersede(&mut self, previous: &Commit, commit: &Commit, agent: &Agent) {
        if previous.all_ready() {
            // Told.
            self.deployed.clear();
        }
        for (id, resource) in &previous.desired.resources {
            self.depended_on.insert(id.clone(), resource.depends_on.clone());
            let now = commit.desired.resources.get(id).and_then(ran_at);
            if let (Some((before, stays)), Some((now, _))) = (ran_at(resource), now)
                && before != now
            {
                self.deployed.insert(id.clone(), format!("{before}, {stays}"));
            }
        }
        self.remember(previous, commit, agent);
        self.deployed.retain(|id, _| commit.declares(id));
    }

    /// What an older commit said that no agent of this process had in force. The newest first.
    pub(super) fn recall(&mut self, older: &Commit, commit: &Commit, agent: &Agent) {
        self.remember(older, commit, agent);
    }

    /// Where `previous` pushed artifacts, unless `commit` pushes them there as well.
    fn remember(&mut self, previous: &Commit, commit: &Commit, agent: &Agent) {
        for (id, resource) in &previous.desired.resources {
            if matches!(resource.spec, Spec::S3Artifact(_))
                // One that never had its references in place was never pushed.
                && let Ok(resolved) = previous.resolve(resource, agent)
            {
                self.artifacts.retain(|other| other.id != *id || Thing::of(other) != Thing::of(&resolved));
                self.artifacts.push(resolved);
            }
        }
        let revision = &previous.desired.revision;
        self.artifacts.retain(|one| match commit.desired.resources.get(&one.id) {
            None => !commit.declares(&one.id),
            Some(now) => !(Thing::of(one) == Thing::of(now) || is_a_version(one, revision)),
        });
    }
}

/// What a resource deploys to or runs with, and what stays there when it moves on; None of kinds whose things are found in AWS.
fn ran_at(resource: &Resource) -> Option<(String, &'static str)> {
    match &resource.spec {
        Spec::Ec2Deployment(deployment) => {
            let group = format!("the deployment group `{}` of the application `{}`", deployment.group, deployment.application);
            Some((group, "which keeps what it runs"))
        }
        Spec::EcsTask(task) => {
            let cluster = task.cluster.rsplit('/').next().unwrap_or(&task.cluster);
            let family = format!("the family `{}` in the cluster `{cluster}`", task.family());
            Some((family, "whose task definitions stay registered, with what they remember of its runs"))
        }
        Spec::EcsService(_) | Spec::CloudFormationStack(_) | Spec::S3Artifact(_) => None,
    }
}

/// Whether the place names the commit, as in `key: app-${git.shortSha}.zip`: the next commit's is another version, and the ones before
/// are kept for whoever goes back to them.
fn is_a_version(artifact: &Resource, revision: &Revision) -> bool {
    let place = Thing::of(artifact).map(|thing| thing.to_string()).unwrap_or_default();
    revision.sha().and_then(|sha| sha.get(..8)).is_some_and(|sha| place.contains(sha))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use driftless_core::desired::Outputs;
    use driftless_core::snapshot::{Entry, Snapshot};

    use super::super::fixtures;
    use super::*;

    fn commit(sha: &str, manifests: &str) -> Commit {
        let files =
            [("all.yaml", manifests), ("app", "x")].map(|(name, text)| (name.to_owned(), Entry::File(text.as_bytes().to_vec())));
        let files = BTreeMap::from(files);
        let snapshot = Snapshot { files, ..fixtures::snapshot(sha, &[]) };
        let desired = driftless_core::manifest::read(&snapshot, &fixtures::agent("http://127.0.0.1:1", ""));
        assert_eq!(desired.errors, [], "{manifests}");
        Commit::new(desired, Arc::new(snapshot), Outputs::new())
    }

    fn artifact(key: &str) -> String {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {{name: app}}\nspec: {{source: {{path: app}}, bucket: releases, key: \"{key}\"}}\n"
        )
    }

    fn deployment(group: &str) -> String {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: Ec2Deployment\nmetadata: {{name: web}}\nspec:\n  deployment:\n    inline:\n      \
             applicationName: shop\n      deploymentGroupName: {group}\n      revision: {{revisionType: S3, s3Location: {{bucket: b, key: k.zip, \
             bundleType: zip}}}}\n"
        )
    }

    /// The places that are left after these commits, one after the other.
    fn left(manifests: &[String]) -> (Vec<String>, Vec<String>) {
        let commits: Vec<Commit> =
            manifests.iter().enumerate().map(|(number, text)| commit(&number.to_string().repeat(40), text)).collect();
        let mut left = Left::default();
        for pair in commits.windows(2) {
            left.supersede(&pair[0], &pair[1], &fixtures::agent("http://127.0.0.1:1", ""));
        }
        let places = left.artifacts.iter().filter_map(Thing::of).map(|thing| thing.to_string()).collect();
        (places, left.deployed.into_values().collect())
    }

    #[test]
    fn where_an_artifact_was_is_remembered_when_it_leaves_or_moves_and_not_when_it_names_the_commit() {
        let none = String::new();
        for (manifests, places) in [
            (vec![artifact("app.zip"), none.clone()], vec!["s3://releases/app.zip"]),
            (vec![artifact("app.zip"), artifact("app.zip")], vec![]),
            (vec![artifact("app.zip"), artifact("shop.zip")], vec!["s3://releases/app.zip"]),
            (vec![artifact("1"), artifact("2"), artifact("3")], vec!["s3://releases/1", "s3://releases/2"]),
            (vec![artifact("1"), artifact("2"), artifact("1")], vec!["s3://releases/2"]),
            (vec![artifact("app-${git.shortSha}.zip"), artifact("app-${git.shortSha}.zip")], vec![]),
        ] {
            assert_eq!(left(&manifests).0, places, "{manifests:?}");
        }
    }

    #[test]
    fn what_a_deployment_has_moved_from_is_named() {
        let moved = left(&[deployment("web"), deployment("site")]).1;
        assert_eq!(moved, ["the deployment group `web` of the application `shop`, which keeps what it runs"]);
        assert!(left(&[deployment("web"), deployment("web")]).1.is_empty());
        assert!(left(&[deployment("web"), String::new()]).1.is_empty());
    }

    #[test]
    fn what_a_task_has_moved_from_is_named() {
        let task = |cluster: &str, family: &str| {
            format!(
                "apiVersion: driftless/v1alpha1\nkind: EcsTask\nmetadata: {{name: migrate}}\nspec: {{cluster: {cluster}, taskDefinition: {{family: {family}}}}}\n"
            )
        };
        let stays = "whose task definitions stay registered, with what they remember of its runs";
        for (cluster, family, moves) in [
            ("shop", "migrate", false),
            ("shop", "migrate-2", true),
            ("arn:aws:ecs:eu-central-1:123456789012:cluster/shop", "migrate", false),
            ("other", "migrate", true),
        ] {
            let moved = left(&[task("shop", "migrate"), task(cluster, family)]).1;
            let from = format!("the family `migrate` in the cluster `shop`, {stays}");
            assert_eq!(moved, if moves { vec![from] } else { vec![] }, "{cluster} {family}");
        }
    }

    #[test]
    fn what_older_commits_say_counts_from_the_newest_on_and_not_where_it_is_still_declared() {
        let places = |older: &[&str], now: &str| {
            let (agent, now) = (fixtures::agent("http://127.0.0.1:1", ""), commit(&"9".repeat(40), &artifact(now)));
            let mut left = Left::default();
            for (number, key) in older.iter().enumerate() {
                left.recall(&commit(&number.to_string().repeat(40), &artifact(key)), &now, &agent);
            }
            assert!(left.deployed.is_empty() && left.depended_on.is_empty());
            left.artifacts.iter().filter_map(Thing::of).map(|thing| thing.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(places(&["2", "1", "2"], "3"), ["s3://releases/1", "s3://releases/2"]);
        assert_eq!(places(&["2", "3"], "3"), ["s3://releases/2"]);
        assert_eq!(places(&["app-${git.shortSha}.zip", "app.zip"], "app-${git.shortSha}.zip"), ["s3://releases/app.zip"]);
    }
}
