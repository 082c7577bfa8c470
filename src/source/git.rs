//! A Git repository as a source: resolves the reference, locally in place or through a bare shallow copy, and reads its tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use driftless_core::agent::{GitReference, GitSource};
use driftless_core::snapshot::{Revision, Snapshot};
use gix::bstr::ByteSlice;

use super::address::Address;
use super::blocking::with_deadline;
use super::content::Tree;
use super::http::{NO_ANSWER, Remote, SERVER_ANSWERED};
use super::tree::Reading;
use super::{DEFAULT_DEADLINE, Limits, SourceError};

/// A repository, and what of it to follow.
#[derive(Debug)]
pub struct Git {
    pub(super) inner: Arc<Inner>,
    interval: Duration,
    pub(super) deadline: Duration,
    pub(super) limits: Limits,
    /// One reading at a time: a hung fetch must not be joined by a second one in the same copy.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) address: Address,
    pub(super) reference: GitReference,
    pub(super) path: String,
    pub(super) remote: Option<Remote>,
}

impl Git {
    /// Checks the configuration; neither disk nor network is touched.
    ///
    /// # Errors
    /// [`SourceError::Configuration`].
    pub fn new(config: &GitSource, base: &Path, cache: &Path) -> Result<Self, SourceError> {
        let address = Address::parse(&config.url, base)?;
        let refused = |reason: String| SourceError::Configuration { source_name: address.shown(), reason };
        if config.path.split('/').any(|part| part == "..") || config.path.starts_with('/') {
            return Err(refused(format!("the path `{}` must be relative to the repository's root, without `..`", config.path)));
        }
        check_reference(&config.reference).map_err(refused)?;
        let remote = match &address {
            Address::Http { url, loopback } => {
                let token_file = config.token_file.as_ref().map(|file| base.join(file));
                Some(Remote::new(url, *loopback, token_file, &config.reference, cache))
            }
            Address::Local(_) => None,
        };
        Ok(Git {
            inner: Arc::new(Inner { address, reference: config.reference.clone(), path: config.path.clone(), remote }),
            interval: config.interval,
            deadline: DEFAULT_DEADLINE,
            limits: Limits::default(),
            turn: Arc::default(),
        })
    }

    /// Gives up a snapshot after this long.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Fetches over this wire instead of the machine's network.
    pub(super) fn over(mut self, wire: &crate::wire::BlockingWire) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner)
            && let Some(remote) = &mut inner.remote
        {
            remote.wire = Some(wire.clone());
        }
        self
    }

    /// Other limits than the default ones.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Between two looks, before jitter.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// `git`, the address without credentials, kind and name of the reference, and the path, one a line.
    pub fn identity(&self) -> String {
        let path = self.inner.path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        let (kind, name) = described(&self.inner.reference);
        format!("git\n{}\n{kind} {name}\n{path}", self.inner.address.canonical())
    }

    /// Fetches (unless the repository is local) and reads the reference's commit.
    ///
    /// # Errors
    /// All of [`SourceError`] that concern Git.
    pub async fn snapshot(&self) -> Result<Snapshot, SourceError> {
        let read = self.run(|inner, limits, until, abandoned| inner.snapshot_unless(None, limits, until, abandoned)).await?;
        Ok(read.expect("nothing is known that it could be"))
    }

    /// The same; None where the reference's commit is still `known`, whose tree is not read again.
    ///
    /// # Errors
    /// As [`snapshot`](Git::snapshot).
    pub async fn snapshot_unless(&self, known: &str) -> Result<Option<Snapshot>, SourceError> {
        let known = known.to_owned();
        self.run(move |inner, limits, until, abandoned| inner.snapshot_unless(Some(&known), limits, until, abandoned)).await
    }

    /// The files of a commit at hand. It waits for no turn: what is at hand can be listed while a fetch hangs.
    pub(super) async fn tree(&self, sha: &str, folder: &str) -> Result<Tree, SourceError> {
        let (inner, limits, sha, folder) = (self.inner.clone(), self.limits, sha.to_owned(), folder.to_owned());
        with_deadline(&self.inner.address.shown(), self.deadline, move |abandoned| inner.tree(&sha, &folder, limits, abandoned))
            .await
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, Limits, Instant, &AtomicBool) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (name, deadline, limits, inner) = (self.inner.address.shown(), self.deadline, self.limits, self.inner.clone());
        let until = Instant::now() + deadline;
        let Ok(turn) = tokio::time::timeout(deadline, self.turn.clone().lock_owned()).await else {
            return Err(SourceError::Timeout { source_name: name, deadline });
        };
        let left = until.saturating_duration_since(Instant::now());
        let result = with_deadline(&name, left, move |abandoned| {
            let _turn = turn; // Given back when the thread is done, not when we stop waiting for it.
            // Among processes, too.
            let _turn = inner.remote.as_ref().map(|remote| remote.turn(until, abandoned)).transpose()?;
            work(&inner, limits, until, abandoned)
        });
        match result.await {
            Err(SourceError::Timeout { source_name, .. }) => Err(SourceError::Timeout { source_name, deadline }),
            other => other,
        }
    }
}

impl Inner {
    fn snapshot_unless(
        &self,
        known: Option<&str>,
        limits: Limits,
        until: Instant,
        abandoned: &AtomicBool,
    ) -> Result<Option<Snapshot>, SourceError> {
        let known = known.and_then(|sha| gix::ObjectId::from_hex(sha.as_bytes()).ok());
        let read = |repository: &gix::Repository, commit: gix::ObjectId| match known {
            Some(known) if known == commit => Ok(None),
            _ => self.read(repository, commit, self.reference.as_str(), limits, abandoned).map(Some),
        };
        let Some(remote) = &self.remote else {
            let repository = self.local()?;
            let commit = self.resolve(&repository)?;
            return read(&repository, commit);
        };
        let attempt = |remote: &Remote| {
            let (repository, commit) = remote.fetch(&self.reference, until, abandoned)?;
            read(&repository, commit)
        };
        let had_a_copy = remote.has_copy();
        match attempt(remote) {
            // A kill in the middle of a write, a full disk or whoever else was in the folder may have broken the copy, and a broken
            // copy may show as anything. Whose fault it was is told by a new one, made beside it: if that can be read, it
            // takes the old one's place. An outage of the server costs no history.
            Err(error) if had_a_copy && may_be_the_copys(&error) && !abandoned.load(Ordering::Relaxed) => {
                let fresh = remote.beside();
                let read = attempt(&fresh);
                if read.is_ok() {
                    tracing::warn!(url = %self.address.shown(), reason = %error, "the local copy was unusable and was made anew");
                    remote.replace_with(&fresh)?;
                } else {
                    fresh.discard()?;
                }
                read
            }
            result => result,
        }
    }

    /// A commit at hand.
    pub(super) fn at(&self, sha: &str) -> Result<(gix::Repository, gix::ObjectId), SourceError> {
        let repository = match &self.remote {
            Some(remote) => remote.copy().map_err(|reason| self.commit_not_found(sha, &reason))?,
            None => self.local()?,
        };
        let id = gix::ObjectId::from_hex(sha.as_bytes()).map_err(|_| self.commit_not_found(sha, "that is no full commit id"))?;
        if !repository.has_object(id) {
            let reason = match repository.is_shallow() {
                Ok(true) => "the history at hand is shallow and does not reach it",
                _ => "the repository does not hold it (a force-push may have removed it)",
            };
            return Err(self.commit_not_found(sha, reason));
        }
        let commit = peel(&repository, id).map_err(|reason| self.commit_not_found(sha, &reason))?;
        Ok((repository, commit))
    }

    pub(super) fn read(
        &self,
        repository: &gix::Repository,
        commit: gix::ObjectId,
        reference: &str,
        limits: Limits,
        abandoned: &AtomicBool,
    ) -> Result<Snapshot, SourceError> {
        let revision = Revision::Git { reference: reference.into(), sha: commit.to_string() };
        let (url, shown) = (self.address.shown(), revision.to_string());
        let reading = Reading { url: &url, revision: &shown, path: &self.path, limits, abandoned };
        let (files, unread) = reading.files(repository, commit)?;
        let message = message(repository, commit);
        Ok(Snapshot { revision, message, files, unread })
    }

    /// Opened anew each time, so that nothing another Git process does to it stays unseen.
    fn local(&self) -> Result<gix::Repository, SourceError> {
        let path = match &self.address {
            Address::Local(path) => path.clone(),
            Address::Http { url, .. } => PathBuf::from(url),
        };
        let not_found = |reason: String| SourceError::RepositoryNotFound { url: path.display().to_string(), reason };
        if !path.exists() {
            return Err(not_found("nothing is at that path".into()));
        }
        gix::open_opts(&path, gix::open::Options::isolated()).map_err(|error| not_found(words(&error)))
    }

    fn resolve(&self, repository: &gix::Repository) -> Result<gix::ObjectId, SourceError> {
        let url = self.address.shown();
        let corrupt = |reason: String| SourceError::Corrupt { url: url.clone(), reason };
        let full = match &self.reference {
            GitReference::Branch(name) => format!("refs/heads/{name}"),
            GitReference::Tag(name) => format!("refs/tags/{name}"),
            GitReference::Commit(sha) => {
                let id = gix::ObjectId::from_hex(sha.as_bytes()).map_err(|error| corrupt(error.to_string()))?;
                if !repository.has_object(id) {
                    return Err(self.commit_not_found(sha, "the repository does not hold it"));
                }
                return peel(repository, id).map_err(|reason| self.commit_not_found(sha, &reason));
            }
        };
        match repository.try_find_reference(full.as_str()).map_err(|error| corrupt(words(&error)))? {
            Some(mut reference) => {
                let commit = reference.peel_to_commit().map_err(|error| corrupt(words(&error)))?;
                Ok(commit.id)
            }
            None => {
                let all = repository.references().map_err(|error| corrupt(words(&error)))?;
                let names: Vec<String> = all
                    .all()
                    .map_err(|error| corrupt(words(&error)))?
                    .flatten()
                    .map(|found| found.name().as_bstr().to_string())
                    .collect();
                Err(missing_reference(&url, &self.reference, &names))
            }
        }
    }

    pub(super) fn commit_not_found(&self, sha: &str, reason: &str) -> SourceError {
        SourceError::CommitNotFound { url: self.address.shown(), sha: sha.into(), reason: reason.into() }
    }
}

/// Whether it could be that the copy is broken, and not that the server said so or that time ran out.
fn may_be_the_copys(error: &SourceError) -> bool {
    match error {
        SourceError::Corrupt { .. } | SourceError::Cache { .. } => true,
        SourceError::Unreachable { reason, .. } => !reason.starts_with(SERVER_ANSWERED) && reason != NO_ANSWER,
        _ => false,
    }
}

/// The commit's message. One that is no text, or cannot be read, says nothing.
fn message(repository: &gix::Repository, commit: gix::ObjectId) -> Option<String> {
    let commit = repository.find_commit(commit).ok()?;
    Some(commit.message_raw().ok()?.to_string())
}

/// Follows annotated tags down to their commit.
pub(super) fn peel(repository: &gix::Repository, id: gix::ObjectId) -> Result<gix::ObjectId, String> {
    let object = repository.find_object(id).map_err(|error| words(&error))?;
    let commit = object.peel_to_kind(gix::objs::Kind::Commit).map_err(|_| "it is no commit".to_owned())?;
    Ok(commit.id)
}

/// The error for a reference that is not among `names` (`refs/heads/main` …), with up to five that are of its kind.
pub(super) fn missing_reference(url: &str, reference: &GitReference, names: &[String]) -> SourceError {
    let (kind, name) = described(reference);
    let prefix = if kind == "tag" { "refs/tags/" } else { "refs/heads/" };
    if !names.iter().any(|name| name.starts_with("refs/heads/") || name.starts_with("refs/tags/")) {
        return SourceError::Empty { url: url.into(), reference: format!("the {kind} {name}") };
    }
    let mut candidates: Vec<String> = names.iter().filter_map(|full| full.strip_prefix(prefix)).map(str::to_owned).collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(common_prefix(candidate, name)));
    candidates.truncate(5);
    SourceError::ReferenceNotFound { url: url.into(), kind, name: name.into(), candidates }
}

fn common_prefix(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

fn described(reference: &GitReference) -> (&'static str, &str) {
    match reference {
        GitReference::Branch(name) => ("branch", name),
        GitReference::Tag(name) => ("tag", name),
        GitReference::Commit(sha) => ("commit", sha),
    }
}

fn check_reference(reference: &GitReference) -> Result<(), String> {
    let (kind, name) = described(reference);
    if let GitReference::Commit(sha) = reference {
        return match gix::ObjectId::from_hex(sha.as_bytes()) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("the commit `{sha}` must be a full id of 40 hex digits")),
        };
    }
    let full = format!("refs/heads/{name}");
    match gix::validate::reference::name(full.as_bytes().as_bstr()) {
        Ok(_) if !name.is_empty() => Ok(()),
        _ => Err(format!(
            "`{name}` cannot be the name of a {kind} (see git-check-ref-format); write it without refs/heads/ or refs/tags/"
        )),
    }
}

/// An error of gix with its causes, each said once.
pub(super) fn words(error: &gix::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in error.iter_errors() {
        let text = cause.to_string();
        if !text.is_empty() && !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}
