//! Which earlier commits declared something that the newest does not: told by the files that differ, so that few commits are read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use driftless_core::snapshot::MAX_FILE_BYTES;
use gix::objs::tree::EntryKind;

use super::SourceError;
use super::git::{Git, Inner};

/// So many commits are gone back, always to the first parent: what was in force on this branch. As many as are fetched at first
/// where an older commit is asked for (`history.rs`).
const BACK: usize = 50;

/// A folder's listing that is longer is not looked into.
const MAX_TREE_BYTES: u64 = 8 * 1024 * 1024;

impl Git {
    /// The commits before `head`, newest first, of which a file with one of these words was changed or removed by the next one.
    /// `fetch`: what is not at hand is fetched; else the answer ends where what is at hand ends.
    ///
    /// # Errors
    /// What is asked for could not be fetched now.
    pub async fn changed_before(
        &self,
        head: &str,
        words: &'static [&'static str],
        fetch: bool,
    ) -> Result<Vec<String>, SourceError> {
        let head = head.to_owned();
        self.run(move |inner, _, until, abandoned| {
            let find = || inner.changed_before(&head, words, abandoned);
            let (found, end) = find()?;
            let (Some(end), Some(remote)) = (end.filter(|_| fetch), &inner.remote) else { return Ok(found) };
            match remote.obtain(end, &inner.reference, until, abandoned) {
                Ok(()) => find().map(|(found, _)| found),
                Err(error) if error.is_gone() => Ok(found),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

impl Inner {
    /// And the first commit that is not at hand, where the way ended at one.
    fn changed_before(
        &self,
        head: &str,
        words: &[&str],
        abandoned: &AtomicBool,
    ) -> Result<(Vec<String>, Option<gix::ObjectId>), SourceError> {
        let (repository, mut newer) = self.at(head)?;
        let folder = |commit: &gix::Commit<'_>| -> Option<gix::ObjectId> {
            let tree = commit.tree().ok()?;
            match self.path.as_str() {
                "" | "." => Some(tree.id),
                path => Some(tree.lookup_entry_by_path(path).ok()??.object_id()),
            }
        };
        let mut found = Vec::new();
        for _ in 0..BACK {
            if abandoned.load(Ordering::Relaxed) {
                break;
            }
            let Ok(commit) = repository.find_commit(newer) else { break };
            let Some(parent) = commit.parent_ids().next().map(gix::Id::detach) else { break };
            let Ok(older) = repository.find_commit(parent) else { return Ok((found, Some(parent))) };
            if let Some(was) = folder(&older)
                && lost(&repository, was, folder(&commit), words, 0)
            {
                found.push(parent.to_string());
            }
            newer = parent;
        }
        Ok((found, None))
    }
}

/// Whether a file with one of the words is not what it was. Whatever cannot be read says nothing.
fn lost(repository: &gix::Repository, was: gix::ObjectId, is: Option<gix::ObjectId>, words: &[&str], depth: usize) -> bool {
    let small = |id: gix::ObjectId| repository.find_header(id).is_ok_and(|header| header.size() <= MAX_TREE_BYTES);
    let tree = |id: gix::ObjectId| repository.find_tree(id).ok().filter(|_| small(id));
    if Some(was) == is || depth > 100 {
        return false;
    }
    let Some(was) = tree(was) else { return false };
    let is = is.and_then(tree);
    let after = is.iter().flat_map(|is| is.iter()).filter_map(Result::ok);
    let after: HashMap<_, _> = after.map(|entry| (entry.filename().to_owned(), entry.object_id())).collect();
    was.iter().filter_map(Result::ok).any(|before| {
        let after = after.get(before.filename()).copied();
        let id = before.object_id();
        match before.mode().kind() {
            _ if after == Some(id) => false,
            EntryKind::Tree => lost(repository, id, after, words, depth + 1),
            EntryKind::Blob | EntryKind::BlobExecutable => {
                let name = before.filename().to_string();
                let manifest = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
                let small = || repository.find_header(id).is_ok_and(|header| header.size() <= MAX_FILE_BYTES);
                let has = |data: &[u8]| words.iter().any(|word| data.windows(word.len()).any(|part| part == word.as_bytes()));
                manifest && small() && repository.find_blob(id).is_ok_and(|blob| has(&blob.data))
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Item, Pushed, main_branch};

    const WORDS: &[&str] = &["S3Artifact"];

    #[tokio::test]
    async fn commits_whose_manifests_of_a_kind_are_not_what_they_were_are_found_and_no_others() {
        let pushed = Pushed::new();
        let commit = |artifact: &str, other: &str, parents: &[&str]| {
            let files = [("deploy/app.yaml", artifact), ("deploy/web.yaml", other), ("app.yaml", "kind: S3Artifact, elsewhere")];
            let there = files.into_iter().filter(|(_, text)| !text.is_empty());
            pushed.commit(&there.map(|(path, text)| (path, Item::File(text))).collect::<Vec<_>>(), parents)
        };
        let (one, two) = ("kind: S3Artifact, one", "kind: S3Artifact, two");
        let a = commit(one, "kind: EcsService", &[]);
        let b = commit(one, "kind: EcsService, changed", &[&a]);
        let c = commit(two, "kind: EcsService, changed", &[&b]);
        let d = commit(two, "", &[&c]);
        let aside = commit("kind: S3Artifact, aside", "", &[&a]);
        let e = commit("", "", &[&d, &aside]);
        pushed.point("refs/heads/main", &e);
        let source = pushed.source(main_branch(), "deploy");
        assert_eq!(source.changed_before(&e, WORDS, true).await.expect("read"), [d.clone(), b.clone()]);
        assert_eq!(source.changed_before(&d, WORDS, true).await.expect("read"), std::slice::from_ref(&b));
        pushed.forget(&b);
        assert_eq!(source.changed_before(&e, WORDS, true).await.expect("read"), [d]);
        source.changed_before(&"3".repeat(40), WORDS, true).await.expect_err("nobody knows it");
    }
}
