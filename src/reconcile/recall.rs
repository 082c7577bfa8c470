//! What a restart would forget: where artifacts were before the revision in force. Nothing in AWS leads to their objects, and the
//! source's history does.

use std::sync::Arc;

use driftless_core::desired::Spec;
use driftless_core::snapshot::Entry;

use super::{Commit, Reconciler};

/// What manifests of artifacts, and GitLab's own files of them, have in them.
const MENTIONS: &[&str] = &["S3Artifact", "s3Location"];

/// So many earlier commits that changed one are read at most.
const RECALLED: usize = 10;

impl Reconciler {
    /// Asks the source's history, once in the life of a process, where artifacts were before the revision in force: a restart
    /// forgets nothing. Whether that has told of any. What cannot be read now is asked for at the next look.
    pub(super) async fn recall(&self, commit: &Commit) -> bool {
        let asked = || self.0.left.lock().expect("not poisoned").recalled;
        let Some(head) = commit.desired.revision.sha().filter(|_| !asked()) else { return false };
        // What is not at hand is fetched only where there is an artifact that may have moved.
        let declares = commit.desired.resources.values().any(|resource| matches!(resource.spec, Spec::S3Artifact(_)));
        let older = match self.0.source.changed_before(head, MENTIONS, declares).await {
            Ok(older) => older,
            Err(error) => {
                tracing::debug!(%error, "where artifacts were in earlier commits cannot be read now");
                return false;
            }
        };
        let mut told = false;
        for sha in older.into_iter().take(RECALLED) {
            let mut snapshot = match self.0.source.snapshot_at(&sha).await {
                Ok(snapshot) => snapshot,
                Err(error) if error.is_gone() => continue,
                Err(error) => {
                    tracing::debug!(%error, sha, "where artifacts were in an earlier commit cannot be read now");
                    return false;
                }
            };
            // Of thousands of manifests few are of artifacts, and the others need not be parsed. That they are there counts.
            let manifests = snapshot.files.iter_mut().filter(|(path, _)| is_manifest(path));
            for (_, entry) in manifests {
                if matches!(entry, Entry::File(bytes) if !mentions(bytes)) {
                    *entry = Entry::File(Vec::new());
                }
            }
            let agent = self.0.agent.clone();
            let read = crate::ambient::blocking(move || (driftless_core::manifest::read(&snapshot, &agent), snapshot)).await;
            let Ok((desired, snapshot)) = read else { return false };
            let older = Commit::new(desired, Arc::new(snapshot), commit.outputs());
            let mut left = self.0.left.lock().expect("not poisoned");
            left.recall(&older, commit, &self.0.agent);
            told |= !left.artifacts.is_empty();
        }
        self.0.left.lock().expect("not poisoned").recalled = true;
        told
    }
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

fn mentions(bytes: &[u8]) -> bool {
    MENTIONS.iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
}
