//! Repositories made with gix alone, for the tests of this module.

use std::path::{Path, PathBuf};
use std::time::Duration;

use driftless_core::agent::{GitReference, GitSource};
use gix::objs::tree::EntryKind;
use gix::refs::transaction::PreviousValue;

use super::Git;

/// A bare repository that a test pushes to.
pub(crate) struct Pushed {
    folder: tempfile::TempDir,
}

/// What a test puts into a tree.
pub(crate) enum Item<'a> {
    File(&'a str),
    Bytes(&'a [u8]),
    Link(&'a str),
    Submodule,
}

impl Pushed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = gix::open::Options::isolated();
        gix::ThreadSafeRepository::init_opts(
            folder.path().join("deploy.git"),
            gix::create::Kind::Bare,
            Default::default(),
            options,
        )
        .expect("created");
        Pushed { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("deploy.git")
    }

    pub(crate) fn open(&self) -> gix::Repository {
        gix::open_opts(self.path(), gix::open::Options::isolated()).expect("opens")
    }

    /// A commit that no reference names yet.
    pub(crate) fn commit(&self, files: &[(&str, Item<'_>)], parents: &[&str]) -> String {
        let repository = self.open();
        let mut editor = repository.empty_tree().edit().expect("an editor");
        for (path, item) in files {
            let (kind, id) = match item {
                Item::File(text) => (EntryKind::Blob, repository.write_blob(text).expect("written").detach()),
                Item::Bytes(bytes) => (EntryKind::Blob, repository.write_blob(bytes).expect("written").detach()),
                Item::Link(to) => (EntryKind::Link, repository.write_blob(to).expect("written").detach()),
                Item::Submodule => (EntryKind::Commit, repository.empty_tree().id),
            };
            editor.upsert(*path, kind, id).expect("a path");
        }
        let tree = editor.write().expect("written").detach();
        self.commit_tree(tree, parents)
    }

    pub(crate) fn commit_tree(&self, tree: gix::ObjectId, parents: &[&str]) -> String {
        let repository = self.open();
        let who = who();
        let parents = parents.iter().map(|sha| id(sha));
        repository.new_commit_as(who, who, "a commit", tree, parents).expect("written").id.to_string()
    }

    /// Points a branch or tag (`refs/heads/main`) at a commit, whatever it pointed at: a push, or a force-push.
    pub(crate) fn point(&self, reference: &str, sha: &str) {
        self.open().reference(reference, id(sha), PreviousValue::Any, "").expect("edited");
    }

    /// Takes a commit away for good, as housekeeping does with what no reference leads to.
    pub(crate) fn forget(&self, sha: &str) {
        let (folder, name) = sha.split_at(2);
        std::fs::remove_file(self.path().join("objects").join(folder).join(name)).expect("a loose object");
    }

    /// Creates or moves an annotated tag.
    pub(crate) fn annotate(&self, tag: &str, sha: &str) {
        let kind = gix::objs::Kind::Commit;
        self.open().tag(tag, id(sha), kind, Some(who()), "a tag", PreviousValue::Any).expect("tagged");
    }

    pub(crate) fn delete(&self, reference: &str) {
        self.open().find_reference(reference).expect("there").delete().expect("deleted");
    }

    /// A first commit on main: `web.yaml` and `production/web.yaml`.
    pub(crate) fn with_main() -> (Self, String) {
        let pushed = Pushed::new();
        let sha = pushed.commit(&[("web.yaml", Item::File("one")), ("production/web.yaml", Item::File("one"))], &[]);
        pushed.point("refs/heads/main", &sha);
        (pushed, sha)
    }

    /// As a local source.
    pub(crate) fn source(&self, reference: GitReference, path: &str) -> Git {
        let config = git_source(&self.path().display().to_string(), reference, path);
        Git::new(&config, Path::new("/"), &self.folder.path().join("cache")).expect("a configuration")
    }
}

pub(crate) fn git_source(url: &str, reference: GitReference, path: &str) -> GitSource {
    GitSource { url: url.into(), reference, path: path.into(), interval: Duration::from_secs(60), token_file: None }
}

pub(crate) fn main_branch() -> GitReference {
    GitReference::Branch("main".into())
}

pub(crate) fn id(sha: &str) -> gix::ObjectId {
    gix::ObjectId::from_hex(sha.as_bytes()).expect("an id")
}

fn who() -> gix::actor::SignatureRef<'static> {
    gix::actor::SignatureRef { name: "Ada".into(), email: "ada@example.com".into(), time: "1700000000 +0000" }
}
