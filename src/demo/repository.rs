//! A Git repository made commit by commit without a `git` binary: the demo's, and the journeys' tests'.

use std::path::{Path, PathBuf};

use gix::objs::tree::EntryKind;

/// A bare repository whose branch `main` grows by [`commit`](DemoRepository::commit).
#[derive(Debug)]
pub struct DemoRepository {
    path: PathBuf,
}

/// A repository could not be made or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the repository in {}: {reason}; check that the folder is writable", path.display())]
pub struct RepositoryError {
    /// `create`, `open`, `commit to`.
    action: &'static str,
    path: PathBuf,
    reason: String,
}

/// Who commits, and when.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// As in `git config user.name`.
    pub name: &'a str,
    /// As in `git config user.email`.
    pub email: &'a str,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
}

impl DemoRepository {
    /// Makes an empty bare repository in `dir`, which must be empty or not exist yet.
    ///
    /// # Errors
    /// When the folder is in use or cannot be written.
    pub fn create(dir: &Path) -> Result<Self, RepositoryError> {
        let failed = |reason: String| RepositoryError { action: "create", path: dir.into(), reason };
        std::fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
        gix::ThreadSafeRepository::init_opts(dir, gix::create::Kind::Bare, Default::default(), gix::open::Options::isolated())
            .map_err(|error| failed(error.to_string()))?;
        Ok(DemoRepository { path: dir.into() })
    }

    /// What to write into `spec.source.git.url`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Edits the tree of `main`'s tip and commits the result: each path gets its new content, or, with `None`, is
    /// removed; all others stay. Returns the commit's full id.
    ///
    /// # Errors
    /// When a path is not one Git takes, or the repository cannot be written.
    pub fn commit(&self, files: &[(&str, Option<&[u8]>)], message: &str, author: Author<'_>) -> Result<String, RepositoryError> {
        self.try_commit(files, message, author).map_err(|error| RepositoryError {
            action: "commit to",
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }

    fn try_commit(&self, files: &[(&str, Option<&[u8]>)], message: &str, author: Author<'_>) -> gix::Result<String> {
        let repository = gix::open_opts(&self.path, gix::open::Options::isolated())?;
        let tip = match repository.try_find_reference("refs/heads/main")? {
            Some(mut main) => Some(main.peel_to_commit()?),
            None => None,
        };
        let tree = match &tip {
            Some(commit) => commit.tree()?,
            None => repository.empty_tree(),
        };
        let mut editor = tree.edit()?;
        for (path, content) in files {
            match content {
                Some(content) => editor.upsert(*path, EntryKind::Blob, repository.write_blob(content)?)?,
                None => editor.remove(*path)?,
            };
        }
        let tree = editor.write()?;
        let time = format!("{} +0000", author.time);
        let signature = gix::actor::SignatureRef { name: author.name.into(), email: author.email.into(), time: &time };
        let parents = tip.map(|commit| commit.id);
        let commit = repository.commit_as(signature, signature, "refs/heads/main", message, tree, parents)?;
        Ok(commit.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: Author<'_> = Author { name: "Ada", email: "ada@example.com", time: 1_700_000_000 };

    fn files(repository: &DemoRepository, sha: &str) -> Vec<(String, String)> {
        let repository = gix::open_opts(repository.path(), gix::open::Options::isolated()).expect("opens");
        let id = gix::ObjectId::from_hex(sha.as_bytes()).expect("an id");
        let tree = repository.find_commit(id).expect("there").tree().expect("a tree");
        let listed = tree.traverse().breadthfirst.files().expect("listed");
        let blob = |id| String::from_utf8(repository.find_blob(id).expect("there").take_data()).expect("text");
        let mut files: Vec<_> = listed
            .into_iter()
            .filter(|entry| entry.mode.is_blob())
            .map(|entry| (entry.filepath.to_string(), blob(entry.oid)))
            .collect();
        files.sort();
        files
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(path, content)| ((*path).into(), (*content).into())).collect()
    }

    #[test]
    fn commits_add_change_and_remove_files_and_keep_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = DemoRepository::create(&folder.path().join("deploy.git")).expect("created");
        let first = repository.commit(&[("a/b.yaml", Some(b"1")), ("c", Some(b"2"))], "first", AUTHOR).expect("committed");
        let second = repository.commit(&[("c", Some(b"3")), ("d", Some(b"4"))], "second", AUTHOR).expect("committed");
        let third = repository.commit(&[("a/b.yaml", None)], "third", AUTHOR).expect("committed");
        assert_eq!(files(&repository, &first), pairs(&[("a/b.yaml", "1"), ("c", "2")]));
        assert_eq!(files(&repository, &second), pairs(&[("a/b.yaml", "1"), ("c", "3"), ("d", "4")]));
        assert_eq!(files(&repository, &third), pairs(&[("c", "3"), ("d", "4")]));
    }

    #[test]
    fn the_same_history_has_the_same_ids() {
        let folder = tempfile::tempdir().expect("a folder");
        let shas = ["one", "two"].map(|name| {
            let repository = DemoRepository::create(&folder.path().join(name)).expect("created");
            repository.commit(&[("a", Some(b"1"))], "first", AUTHOR).expect("committed")
        });
        assert_eq!(shas[0], shas[1]);
        assert_eq!(shas[0].len(), 40);
    }

    #[test]
    fn a_used_folder_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        DemoRepository::create(folder.path()).expect("created");
        let error = DemoRepository::create(folder.path()).expect_err("in use").to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
    }
}
