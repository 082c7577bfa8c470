//! The files of a source at one revision, of any size: listed without being read, then read one by one.
//!
//! A snapshot holds what manifests are made of and leaves large files out. What is pushed to a bucket may be larger than memory
//! likes, so it is read here when it is needed: from Git out of the object database, from a directory off the disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use gix::objs::tree::EntryKind;

use super::blocking::with_deadline;
use super::tree::{Reading, readable};
use super::{DEFAULT_DEADLINE, Limits, Source, SourceError};

/// The files of a source at one revision.
pub struct Tree {
    from: From,
    /// By path relative to the source's path.
    files: BTreeMap<String, TreeFile>,
    /// What is there and is not read, by path, with the reason and what to do.
    refused: Refused,
}

/// By path relative to the source's path: why it is not read, and what to do.
pub(super) type Refused = BTreeMap<String, &'static str>;

enum From {
    Git { repository: Box<gix::ThreadSafeRepository>, url: String },
    Directory(PathBuf),
}

/// A file, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its size.
    pub bytes: u64,
    /// Whether it may be run: Git's mode 100755, or the file's own.
    pub executable: bool,
    /// Equal for equal bytes.
    pub identity: Identity,
}

/// What tells that a file's bytes are those that were read before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A blob of Git.
    Blob(gix::ObjectId),
    /// A file on disk: it is another one when any of these differs.
    Disk {
        /// Relative to the source's path.
        path: String,
        /// Device and inode; zeros where the system has none.
        inode: (u64, u64),
        /// Its size.
        bytes: u64,
        /// Nanoseconds since the epoch.
        modified: u128,
    },
}

/// A file's bytes.
pub enum Bytes {
    /// All of them.
    Memory(io::Cursor<Vec<u8>>),
    /// Still on disk.
    File(fs::File),
}

impl Source {
    /// The files below `folder` (a file is below itself; empty is everything) at `revision`: a commit's id, from the objects at
    /// hand, or a directory's name, whose files are taken as they are now. Hidden folders are among them, `.git` is not.
    ///
    /// # Errors
    /// Those of a snapshot. What is found and not read (symbolic links, submodules, names that are no UTF-8) is in
    /// [`refused`](Tree::refused): whether it is meant at all the caller knows.
    pub async fn files(&self, revision: &str, folder: &str) -> Result<Tree, SourceError> {
        match self {
            Source::Git(git) => git.tree(revision, folder).await,
            Source::Directory(directory) => {
                let (root, folder) = (directory.path().to_owned(), folder.to_owned());
                let name = root.display().to_string();
                with_deadline(&name, DEFAULT_DEADLINE, move |abandoned| walk(&root, &folder, abandoned)).await
            }
        }
    }
}

impl super::git::Inner {
    pub(super) fn tree(&self, sha: &str, folder: &str, limits: Limits, abandoned: &AtomicBool) -> Result<Tree, SourceError> {
        let (repository, commit) = self.at(sha)?;
        let url = self.address.shown();
        let reading = Reading { url: &url, revision: sha, path: &self.path, limits, abandoned };
        let (files, refused) = reading.list(&repository, commit, folder)?;
        Ok(Tree { from: From::Git { repository: Box::new(repository.into_sync()), url }, files, refused })
    }
}

impl Tree {
    /// What there is, by path relative to the source's path.
    pub fn files(&self) -> &BTreeMap<String, TreeFile> {
        &self.files
    }

    /// What is there and is not read, by path relative to the source's path.
    pub fn refused(&self) -> &BTreeMap<String, &'static str> {
        &self.refused
    }

    /// Reads one file; blocks. A blob is unpacked into memory whole, as Git's packs have it; a file on disk is only opened.
    ///
    /// # Errors
    /// [`SourceError::PathNotFound`], [`Corrupt`](SourceError::Corrupt), [`Unreadable`](SourceError::Unreadable).
    pub fn read(&self, path: &str) -> Result<Bytes, SourceError> {
        let file = self.files.get(path).ok_or_else(|| SourceError::PathNotFound {
            path: path.to_owned(),
            within: "the source".into(),
            reason: "it was not there when the folder was listed".into(),
        })?;
        match (&self.from, &file.identity) {
            (From::Git { repository, url }, Identity::Blob(id)) => {
                let corrupt = |reason: String| SourceError::Corrupt { url: url.clone(), reason };
                let repository = repository.to_thread_local();
                let mut blob = repository.find_blob(*id).map_err(|error| corrupt(error.to_string()))?;
                Ok(Bytes::Memory(io::Cursor::new(blob.take_data())))
            }
            (From::Directory(root), _) => {
                let place = root.join(path);
                let failed = |error: io::Error| unreadable(&place, &error.to_string());
                // A file that became a link since it was listed would lead out of the source.
                if !fs::symlink_metadata(&place).map_err(failed)?.is_file() {
                    return Err(SourceError::Changing { path: place.display().to_string() });
                }
                Ok(Bytes::File(fs::File::open(&place).map_err(failed)?))
            }
            (From::Git { url, .. }, _) => Err(SourceError::Corrupt { url: url.clone(), reason: format!("`{path}` has no blob") }),
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Memory(bytes) => bytes.read(buffer),
            Bytes::File(file) => file.read(buffer),
        }
    }
}

/// A folder on disk. Unlike a snapshot it has hidden folders too: a website's `.well-known` is meant to be pushed.
fn walk(root: &Path, folder: &str, abandoned: &AtomicBool) -> Result<Tree, SourceError> {
    let (mut files, mut refused) = (BTreeMap::new(), Refused::new());
    let mut place = root.to_path_buf();
    let mut kind = entry_kind(&place)?;
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        place.push(part);
        kind = entry_kind(&place)?;
        refuse_link(kind, &place)?;
    }
    if kind.is_file() {
        files.insert(folder.to_owned(), on_disk(&place, folder)?);
    }
    let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut folders = if kind.is_dir() { vec![(place, below)] } else { vec![] };
    while let Some((place, prefix)) = folders.pop() {
        for item in fs::read_dir(&place).map_err(|error| unreadable(&place, &error.to_string()))? {
            if abandoned.load(Ordering::Relaxed) {
                return Err(SourceError::Changing { path: root.display().to_string() });
            }
            let item = item.map_err(|error| unreadable(&place, &error.to_string()))?;
            let kind = item.file_type().map_err(|error| unreadable(&item.path(), &error.to_string()))?;
            let name = item.file_name();
            let Some(text) = name.to_str() else {
                refused.insert(format!("{prefix}{}", readable(name.as_encoded_bytes())), NO_UTF_8);
                continue;
            };
            if kind.is_symlink() {
                refused.insert(format!("{prefix}{text}"), LINK);
            } else if kind.is_dir() && text != ".git" {
                folders.push((item.path(), format!("{prefix}{text}/")));
            } else if kind.is_file() {
                let path = format!("{prefix}{text}");
                let file = on_disk(&item.path(), &path)?;
                files.insert(path, file);
            }
        }
        // Sockets, pipes and devices are left out, as in a snapshot.
    }
    Ok(Tree { from: From::Directory(root.to_path_buf()), files, refused })
}

pub(super) const NO_UTF_8: &str = "its name is no UTF-8, and the keys of a bucket are; give it another name";
pub(super) const LINK: &str = "it is a symbolic link, and links are not followed; put the file itself there";
pub(super) const SUBMODULE: &str = "it is a submodule, and submodules are not entered; put the file itself into this repository";

fn entry_kind(place: &Path) -> Result<fs::FileType, SourceError> {
    let found = fs::symlink_metadata(place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::PathNotFound {
            path: place.display().to_string(),
            within: "the file system".into(),
            reason: "nothing is there".into(),
        },
        _ => unreadable(place, &error.to_string()),
    })?;
    // The source's own folder may be reached by a link; what is below it may not.
    Ok(found.file_type())
}

fn refuse_link(kind: fs::FileType, place: &Path) -> Result<(), SourceError> {
    if kind.is_symlink() {
        return Err(unreadable(place, LINK));
    }
    Ok(())
}

fn on_disk(place: &Path, path: &str) -> Result<TreeFile, SourceError> {
    let found = fs::symlink_metadata(place).map_err(|error| unreadable(place, &error.to_string()))?;
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    #[cfg(unix)]
    let (inode, executable) = {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        ((found.dev(), found.ino()), found.permissions().mode() & 0o111 != 0)
    };
    #[cfg(not(unix))]
    let (inode, executable) = ((0, 0), false);
    let modified = modified.map_or(0, |time| time.as_nanos());
    let identity = Identity::Disk { path: path.to_owned(), inode, bytes: found.len(), modified };
    Ok(TreeFile { bytes: found.len(), executable, identity })
}

fn unreadable(place: &Path, reason: &str) -> SourceError {
    SourceError::Unreadable { path: place.display().to_string(), reason: reason.to_owned() }
}

impl TreeFile {
    /// Of a blob in Git.
    pub(super) fn blob(id: gix::ObjectId, bytes: u64, kind: EntryKind) -> Self {
        TreeFile { bytes, executable: kind == EntryKind::BlobExecutable, identity: Identity::Blob(id) }
    }
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
