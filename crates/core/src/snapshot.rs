//! One consistent reading of a source: the revision and every file under its path.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::printable;

/// Which state of the source a snapshot shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Revision {
    /// A Git commit, and the branch, tag or commit that the configuration names.
    Git {
        /// As configured: `main`, `v1.2.0`, or a commit's id.
        reference: String,
        /// 40 (or, for SHA-256 repositories, 64) hex digits.
        sha: String,
    },
    /// A directory, by the first 12 hex digits of the SHA-256 over its sorted paths and contents.
    Directory {
        /// 12 hex digits.
        digest: String,
    },
}

impl Revision {
    /// The commit's id, of a Git source.
    pub fn sha(&self) -> Option<&str> {
        match self {
            Revision::Git { sha, .. } => Some(sha),
            Revision::Directory { .. } => None,
        }
    }

    /// `main@1f0c2d3e`: what people read. A commit that is configured by its id is told by that alone.
    pub fn short(&self) -> String {
        const SHORT: usize = 8;
        match self {
            Revision::Git { reference, sha } => {
                let id = sha.get(..SHORT).unwrap_or(sha);
                if reference == sha { id.to_owned() } else { format!("{}@{id}", printable::one_line(reference)) }
            }
            Revision::Directory { .. } => self.to_string(),
        }
    }
}

/// `main@1f0c…` in full, or `dir-0123456789ab`.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Revision::Git { reference, sha } => write!(f, "{reference}@{sha}"),
            Revision::Directory { digest } => write!(f, "dir-{digest}"),
        }
    }
}

/// A file of the source, or why it may not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Its bytes, whatever they are.
    File(Vec<u8>),
    /// Larger than [`MAX_FILE_BYTES`]; not loaded. The size in bytes.
    TooLarge(u64),
    /// Not loaded, as the files before it were as much as is kept at once. The size in bytes.
    Unloaded(u64),
    /// A symbolic link: never followed.
    Symlink,
    /// A Git submodule: never entered.
    Submodule,
}

/// The largest file that is read: 4 MiB. AWS's own documents end far below it (a task definition at 64 KiB).
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// All that one revision of the source holds under the configured path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which state this is.
    pub revision: Revision,
    /// The commit's message; None for a directory.
    pub message: Option<String>,
    /// By path relative to the source's path, `/` between its parts.
    pub files: BTreeMap<String, Entry>,
    /// What is there and was not looked into, though manifests may be in it.
    pub unread: Vec<Unread>,
}

/// A place of the source that was not looked into. Unread is not absent: what stood there before may stand there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// As a file's.
    pub path: String,
    /// A clause that follows the path: "is a submodule, and submodules are not entered".
    pub reason: String,
}

impl Unread {
    /// A symbolic link that does not lead to a file: to a folder, out of the source, or to nothing.
    pub fn link(path: impl Into<String>) -> Self {
        let reason =
            "is a symbolic link that leads to no file of this source, and links are not followed; put the folder itself there";
        Unread { path: path.into(), reason: reason.to_owned() }
    }

    /// A submodule.
    pub fn submodule(path: impl Into<String>) -> Self {
        let reason = "is a submodule, and submodules are not entered; put its files into this repository";
        Unread { path: path.into(), reason: reason.to_owned() }
    }
}
