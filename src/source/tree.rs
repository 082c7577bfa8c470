//! Reads the files of a commit from the object database, never from a checkout.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use driftless_core::snapshot::{Entry, MAX_FILE_BYTES, Unread};
use gix::objs::tree::EntryKind;

use super::content::{LINK, NO_UTF_8, Refused, SUBMODULE, TreeFile};
use super::{Limits, SourceError};

/// No file system takes longer paths (PATH_MAX on Linux), but a hostile tree nests without end.
const MAX_PATH_BYTES: usize = 4096;
/// A folder's own listing: room for some 100,000 entries.
const MAX_TREE_BYTES: u64 = 8 * 1024 * 1024;

/// What is read, and how it is called in messages.
pub(super) struct Reading<'a> {
    /// The URL or path of the repository.
    pub(super) url: &'a str,
    /// `main@1f0c…`.
    pub(super) revision: &'a str,
    /// The folder inside the repository, `""` for its root.
    pub(super) path: &'a str,
    /// What it may hold.
    pub(super) limits: Limits,
    /// Turns true when nobody waits any more.
    pub(super) abandoned: &'a AtomicBool,
}

impl Reading<'_> {
    /// Every file below the path, by its path relative to that, and what may hold manifests and is not entered.
    ///
    /// # Errors
    /// [`SourceError::PathNotFound`], [`TooLarge`](SourceError::TooLarge), [`Corrupt`](SourceError::Corrupt).
    pub(super) fn files(
        &self,
        repository: &gix::Repository,
        commit: gix::ObjectId,
    ) -> Result<(BTreeMap<String, Entry>, Vec<Unread>), SourceError> {
        let (mut files, mut unread) = (BTreeMap::new(), Vec::new());
        let (mut entries, mut bytes) = (0_usize, 0_u64);
        let mut folders = vec![(self.folder(repository, commit)?, String::new())];
        while let Some((id, prefix)) = folders.pop() {
            let tree = self.tree(repository, id)?;
            for item in tree.iter() {
                if self.abandoned.load(Ordering::Relaxed) {
                    return Err(self.corrupt("the reading was abandoned"));
                }
                let item = item.map_err(|error| self.corrupt(error))?;
                entries += 1;
                if entries > self.limits.entries {
                    return Err(self.too_large(format!("{} files and folders", self.limits.entries)));
                }
                let path = format!("{prefix}{}", self.name(item.filename())?);
                if path.len() > MAX_PATH_BYTES {
                    return Err(self.corrupt(format!("a path is longer than {MAX_PATH_BYTES} bytes: {}…", crop(&path))));
                }
                let entry = match item.mode().kind() {
                    EntryKind::Tree => {
                        folders.push((item.object_id(), format!("{path}/")));
                        continue;
                    }
                    EntryKind::Link => {
                        if !self.leads_to_a_file(repository, commit, &prefix, item.object_id()) {
                            unread.push(Unread::link(&path));
                        }
                        Entry::Symlink
                    }
                    EntryKind::Commit => {
                        unread.push(Unread::submodule(&path));
                        Entry::Submodule
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable => self.blob(repository, item.object_id(), &path, &mut bytes)?,
                };
                files.insert(path, entry);
            }
        }
        Ok((files, unread))
    }

    /// Whether a link in the folder `prefix` leads to a file of the same commit: then no folder hides behind it. What cannot be
    /// told is taken for one.
    fn leads_to_a_file(&self, repository: &gix::Repository, commit: gix::ObjectId, prefix: &str, link: gix::ObjectId) -> bool {
        let size = repository.find_header(link).map_or(u64::MAX, |header| header.size());
        if size > MAX_PATH_BYTES as u64 {
            return false;
        }
        let Ok(blob) = repository.find_blob(link) else { return false };
        let Ok(target) = std::str::from_utf8(&blob.data) else { return false };
        let mut parts: Vec<&str> =
            self.path.split('/').chain(prefix.split('/')).filter(|part| !matches!(*part, "" | ".")).collect();
        if target.starts_with('/') {
            return false;
        }
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return false,
                ".." => {}
                part => parts.push(part),
            }
        }
        let tree = repository.find_commit(commit).ok().and_then(|commit| commit.tree().ok());
        let found = tree.and_then(|tree| tree.lookup_entry(parts).ok().flatten());
        found.is_some_and(|entry| matches!(entry.mode().kind(), EntryKind::Blob | EntryKind::BlobExecutable))
    }

    /// The files at and below `below`, by their path relative to the configured one, and what cannot be pushed of it; nothing of
    /// them is read but their size.
    ///
    /// # Errors
    /// Those of [`files`](Self::files).
    pub(super) fn list(
        &self,
        repository: &gix::Repository,
        commit: gix::ObjectId,
        below: &str,
    ) -> Result<(BTreeMap<String, TreeFile>, Refused), SourceError> {
        let (mut files, mut refused) = (BTreeMap::new(), Refused::new());
        let inside =
            |path: &str| below.is_empty() || path == below || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
        let leads = |folder: &str| inside(folder) || below.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let mut folders = vec![(self.folder(repository, commit)?, String::new())];
        let mut entries = 0_usize;
        while let Some((id, prefix)) = folders.pop() {
            let tree = self.tree(repository, id)?;
            for item in tree.iter() {
                if self.abandoned.load(Ordering::Relaxed) {
                    return Err(self.corrupt("the reading was abandoned"));
                }
                let item = item.map_err(|error| self.corrupt(error))?;
                let path = format!("{prefix}{}", self.name(item.filename())?);
                if !leads(&path) {
                    continue;
                }
                entries += 1;
                if entries > self.limits.entries {
                    return Err(self.too_large(format!("{} files and folders", self.limits.entries)));
                }
                match item.mode().kind() {
                    EntryKind::Tree => folders.push((item.object_id(), format!("{path}/"))),
                    _ if !inside(&path) => {}
                    EntryKind::Link => drop(refused.insert(path, LINK)),
                    EntryKind::Commit => drop(refused.insert(path, SUBMODULE)),
                    EntryKind::Blob | EntryKind::BlobExecutable if std::str::from_utf8(item.filename()).is_err() => {
                        refused.insert(path, NO_UTF_8);
                    }
                    kind @ (EntryKind::Blob | EntryKind::BlobExecutable) => {
                        let bytes = repository.find_header(item.object_id()).map_err(|error| self.corrupt(error))?.size();
                        files.insert(path, TreeFile::blob(item.object_id(), bytes, kind));
                    }
                }
            }
        }
        if files.is_empty() && refused.is_empty() {
            return Err(SourceError::PathNotFound {
                path: below.to_owned(),
                within: format!("{} of {}", self.revision, self.url),
                reason: "no file is at or below it".into(),
            });
        }
        Ok((files, refused))
    }

    /// The header is looked up first, so that a large blob is never unpacked.
    fn blob(&self, repository: &gix::Repository, id: gix::ObjectId, path: &str, bytes: &mut u64) -> Result<Entry, SourceError> {
        let size = repository.find_header(id).map_err(|error| self.corrupt(error))?.size();
        if size > MAX_FILE_BYTES {
            return Ok(Entry::TooLarge(size));
        }
        if !self.limits.loads(path, *bytes, size) {
            return Ok(Entry::Unloaded(size));
        }
        *bytes += size;
        let mut blob = repository.find_blob(id).map_err(|error| self.corrupt(error))?;
        Ok(Entry::File(blob.take_data()))
    }

    /// The tree of the configured path.
    fn folder(&self, repository: &gix::Repository, commit: gix::ObjectId) -> Result<gix::ObjectId, SourceError> {
        let commit = repository.find_commit(commit).map_err(|error| self.corrupt(error))?;
        let mut folder = commit.tree_id().map_err(|error| self.corrupt(error))?.detach();
        for part in self.path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            let tree = self.tree(repository, folder)?;
            let mut found = None;
            for item in tree.iter() {
                let item = item.map_err(|error| self.corrupt(error))?;
                if item.filename() == part.as_bytes() {
                    found = Some((item.mode().kind(), item.object_id()));
                }
            }
            folder = match found {
                Some((EntryKind::Tree, id)) => id,
                Some((EntryKind::Link, _)) => return Err(self.not_found(part, "is a symbolic link, and links are not followed")),
                Some((EntryKind::Commit, _)) => {
                    return Err(self.not_found(part, "is a submodule, and submodules are not entered"));
                }
                Some((EntryKind::Blob | EntryKind::BlobExecutable, _)) => return Err(self.not_found(part, "is a file")),
                None => return Err(self.not_found(part, "is not in that commit")),
            };
        }
        Ok(folder)
    }

    fn tree<'repo>(&self, repository: &'repo gix::Repository, id: gix::ObjectId) -> Result<gix::Tree<'repo>, SourceError> {
        let size = repository.find_header(id).map_err(|error| self.corrupt(error))?.size();
        if size > MAX_TREE_BYTES {
            return Err(self.too_large(format!("{} MiB of names in one folder", MAX_TREE_BYTES / (1024 * 1024))));
        }
        repository.find_tree(id).map_err(|error| self.corrupt(error))
    }

    /// Git itself refuses such names; an object written by hand may still hold them.
    fn name(&self, name: &[u8]) -> Result<String, SourceError> {
        let name = readable(name);
        if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']) {
            return Err(self.corrupt(format!("a folder holds an entry named {name:?}, which Git forbids")));
        }
        Ok(name)
    }

    fn not_found(&self, part: &str, what: &str) -> SourceError {
        SourceError::PathNotFound {
            path: self.path.into(),
            within: format!("{} of {}", self.revision, self.url),
            reason: format!("`{part}` {what}"),
        }
    }

    fn too_large(&self, limit: String) -> SourceError {
        SourceError::TooLarge { source_name: self.url.into(), limit }
    }

    fn corrupt(&self, reason: impl std::fmt::Display) -> SourceError {
        SourceError::Corrupt { url: self.url.into(), reason: reason.to_string() }
    }
}

/// File names need not be UTF-8; bytes that are not are shown as `\xNN`, so that two names never become one.
pub(super) fn readable(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

fn crop(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_utf_8_stay_apart() {
        assert_eq!(readable(b"caf\xc3\xa9.yaml"), "café.yaml");
        assert_eq!(readable(b"caf\xe9.yaml"), "caf\\xe9.yaml");
    }
}
