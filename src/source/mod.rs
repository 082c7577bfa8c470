//! Where the manifests come from: a Git repository or a directory, read as one consistent snapshot.

mod address;
mod blocking;
pub mod content;
mod directory;
mod earlier;
mod error;
mod git;
mod history;
mod http;
mod tree;
mod turn;
mod wired;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod git_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
pub(crate) mod http_server;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod killed_tests;
#[cfg(test)]
mod wired_tests;

use std::path::Path;
use std::time::Duration;

use driftless_core::snapshot::{Revision, Snapshot};

pub use directory::Directory;
pub use error::SourceError;
pub use git::Git;
pub use history::Order;

/// What one snapshot may hold, against memory exhaustion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders together. Default 20,000.
    pub entries: usize,
    /// Bytes of all loaded files together. Default 256 MiB. What comes after that stays unloaded: files that look like
    /// manifests have all of it, others (which a manifest may name all the same) half.
    pub bytes: u64,
}

impl Limits {
    /// Whether a file may be loaded when so many bytes were loaded before it.
    fn loads(&self, path: &str, before: u64, bytes: u64) -> bool {
        let manifest = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
        before + bytes <= if manifest { self.bytes } else { self.bytes / 2 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { entries: 20_000, bytes: 256 * 1024 * 1024 }
    }
}

/// How long one snapshot may take unless [`Source::with_deadline`] says otherwise.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// The configured source. An enum, as there are exactly two and nobody adds a third from outside.
#[derive(Debug)]
pub enum Source {
    /// A repository, local or over http.
    Git(Git),
    /// A folder, watched.
    Directory(Directory),
}

/// Prepares the source; touches neither disk nor network.
///
/// `base` is the folder of `driftless.yaml`, which relative paths start from. Below `cache` the bare copies of remote
/// repositories live; it is created when needed, and may be deleted at any time.
///
/// # Errors
/// [`SourceError::Configuration`] for addresses that cannot work.
pub fn open(config: &driftless_core::agent::Source, base: &Path, cache: &Path) -> Result<Source, SourceError> {
    match config {
        driftless_core::agent::Source::Git(git) => Ok(Source::Git(Git::new(git, base, cache)?)),
        driftless_core::agent::Source::Directory { path } => Ok(Source::Directory(Directory::new(base.join(path)))),
    }
}

impl Source {
    /// Gives up a snapshot after this long.
    pub fn with_deadline(self, deadline: Duration) -> Self {
        match self {
            Source::Git(git) => Source::Git(git.with_deadline(deadline)),
            Source::Directory(directory) => Source::Directory(directory.with_deadline(deadline)),
        }
    }

    /// Fetches over this wire instead of the machine's network. Nothing to a source that needs none.
    pub fn over(self, wire: &crate::wire::BlockingWire) -> Self {
        match self {
            Source::Git(git) => Source::Git(git.over(wire)),
            directory => directory,
        }
    }

    /// What the source says now: fetches where that is needed, then reads.
    ///
    /// # Errors
    /// All of [`SourceError`]. The caller keeps its last snapshot.
    pub async fn snapshot(&self) -> Result<Snapshot, SourceError> {
        match self {
            Source::Git(git) => git.snapshot().await,
            Source::Directory(directory) => directory.snapshot().await,
        }
    }

    /// The same; None where it is still at the revision `known`.
    ///
    /// # Errors
    /// As [`snapshot`](Source::snapshot).
    pub async fn snapshot_unless(&self, known: &Revision) -> Result<Option<Snapshot>, SourceError> {
        match (self, known) {
            (Source::Git(git), Revision::Git { sha, .. }) => git.snapshot_unless(sha).await,
            _ => Ok(Some(self.snapshot().await?).filter(|snapshot| snapshot.revision != *known)),
        }
    }

    /// What an older commit said. What is not at hand is fetched, with more of the history or by itself.
    ///
    /// # Errors
    /// [`SourceError::is_gone`]: it will not be known any more. Any other: not now.
    pub async fn snapshot_at(&self, sha: &str) -> Result<Snapshot, SourceError> {
        match self {
            Source::Git(git) => git.snapshot_at(sha).await,
            Source::Directory(directory) => Err(SourceError::CommitNotFound {
                url: directory.path().display().to_string(),
                sha: sha.into(),
                reason: "a directory has no history".into(),
            }),
        }
    }

    /// The same, from the objects at hand; nothing is fetched. None: it would have to be.
    pub async fn snapshot_at_hand(&self, sha: &str) -> Option<Snapshot> {
        match self {
            Source::Git(git) => git.snapshot_at_hand(sha).await.ok(),
            Source::Directory(_) => None,
        }
    }

    /// The commits before `head`, newest first, of which a manifest with one of these words was changed or removed by the next one.
    /// A directory has none. Only what is at hand is looked at, unless `fetch`.
    ///
    /// # Errors
    /// They cannot be read now.
    pub async fn changed_before(
        &self,
        head: &str,
        words: &'static [&'static str],
        fetch: bool,
    ) -> Result<Vec<String>, SourceError> {
        match self {
            Source::Git(git) => git.changed_before(head, words, fetch).await,
            Source::Directory(_) => Ok(vec![]),
        }
    }

    /// How the commit `other` stands to the commit `head` by the history at hand; nothing is fetched.
    pub async fn order(&self, other: &str, head: &str) -> Order {
        match self {
            _ if other == head => Order::Same,
            Source::Git(git) => git.order(other, head).await,
            Source::Directory(_) => Order::Unknown,
        }
    }

    /// URL without credentials, reference and path: what `driftless:source` is the hash of.
    pub fn identity(&self) -> String {
        match self {
            Source::Git(git) => git.identity(),
            Source::Directory(directory) => directory.identity(),
        }
    }

    /// Between two reads; None for a directory, which is read when it changes.
    pub fn interval(&self) -> Option<Duration> {
        match self {
            Source::Git(git) => Some(git.interval()),
            Source::Directory(_) => None,
        }
    }

    /// Returns when it is worth taking a snapshot: for Git after its interval, varied by ±10 % with `random` in
    /// `0.0..1.0`; for a directory after file events, 200 ms after the last one. It may return without a change.
    pub async fn changed(&self, random: f64) {
        match self {
            Source::Git(git) => tokio::time::sleep(jittered(git.interval(), random)).await,
            Source::Directory(directory) => directory.changed().await,
        }
    }
}

/// 90 % to 110 % of `interval`.
fn jittered(interval: Duration, random: f64) -> Duration {
    interval.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_varies_by_a_tenth_either_way() {
        let minute = Duration::from_secs(60);
        assert_eq!(jittered(minute, 0.0), Duration::from_secs(54));
        assert_eq!(jittered(minute, 0.5), minute);
        assert_eq!(jittered(minute, 1.0), Duration::from_secs(66));
        assert_eq!(jittered(minute, f64::INFINITY), Duration::from_secs(66));
    }

    #[tokio::test]
    async fn a_directory_has_no_older_commits() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = driftless_core::agent::Source::Directory { path: ".".into() };
        let source = open(&config, folder.path(), folder.path()).expect("opens");
        let error = source.snapshot_at("1f0c").await.expect_err("no history");
        assert_eq!(error.label(), "commit_not_found");
        assert!(!error.retry());
    }
}
