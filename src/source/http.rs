//! Fetches over https into a bare, shallow copy, with a token that only ever goes to the configured host.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use driftless_core::agent::GitReference;
use gix::protocol::transport::client::AuthenticationRequired;
use gix::protocol::transport::client::blocking_io::http;
use sha2::{Digest, Sha256};

use super::SourceError;
use super::git::{missing_reference, peel, words};
use super::turn::{self, Turn};
use crate::wire::BlockingWire;

/// Where the copy keeps what it fetched.
pub(super) const TRACKED: &str = "refs/driftless/tip";
/// Each fetched commit is a pack of its own. With this many the copy is made anew.
const MAX_PACKS: usize = 256;

/// How a refusal of the server's begins.
pub(super) const SERVER_ANSWERED: &str = "the server answered";
/// The deadline came first.
pub(super) const NO_ANSWER: &str = "no answer before the deadline";

/// A repository behind http(s).
#[derive(Debug, Clone)]
pub(super) struct Remote {
    url: String,
    loopback: bool,
    token_file: Option<PathBuf>,
    copy: PathBuf,
    /// What carries the requests, where it is not the machine's network.
    pub(super) wire: Option<BlockingWire>,
}

/// The header's value; its `Debug` and errors never show it.
pub(super) struct Token {
    secret: String,
    encoded: String,
}

/// How gix talks to the server.
type Transport = Box<dyn gix::protocol::transport::client::blocking_io::Transport + Send>;

/// Fetches what was prepared, with so many commits of its history.
pub(super) fn receive(
    prepared: gix::remote::fetch::Prepare<'_, '_, Transport>,
    depth: NonZeroU32,
    abandoned: &AtomicBool,
) -> gix::Result<()> {
    prepared
        .with_shallow(gix::remote::fetch::Shallow::DepthAtRemote(depth))
        .with_reflog_message(gix::remote::fetch::RefLogMessage::Override { message: "driftless".into() })
        .receive(gix::progress::Discard, abandoned)
        .map(drop)
}

impl Remote {
    /// The copy's folder is named by url and reference, so that two agents never share one by accident.
    pub(super) fn new(url: &str, loopback: bool, token_file: Option<PathBuf>, reference: &GitReference, cache: &Path) -> Self {
        let hash = Sha256::digest(format!("{url}\n{reference:?}"));
        let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Remote { url: url.into(), loopback, token_file, copy: cache.join(format!("{name}.git")), wire: None }
    }

    /// Waits for the turn with the copy, which other processes may share.
    ///
    /// # Errors
    /// [`SourceError::CacheInUse`], [`SourceError::Cache`].
    pub(super) fn turn(&self, until: Instant, abandoned: &AtomicBool) -> Result<Turn, SourceError> {
        turn::take(&self.copy, until, abandoned)
    }

    /// The same repository, with an empty copy beside this one.
    pub(super) fn beside(&self) -> Remote {
        Remote { copy: turn::beside(&self.copy, "new"), ..self.clone() }
    }

    /// Puts the copy of `fresh` in the place of this one. A kill in between leaves none, and the next fetch makes one.
    ///
    /// # Errors
    /// [`SourceError::Cache`].
    pub(super) fn replace_with(&self, fresh: &Remote) -> Result<(), SourceError> {
        let old = Remote { copy: turn::beside(&self.copy, "old"), ..self.clone() };
        old.discard()?;
        let moved = |from: &Remote, to: &Remote| match std::fs::rename(&from.copy, &to.copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SourceError::Cache { path: self.copy.display().to_string(), reason: error.to_string() })
            }
            _ => Ok(()),
        };
        moved(self, &old)?;
        moved(fresh, self)?;
        old.discard()
    }

    /// Fetches the reference's commit, depth 1, and returns the copy and the commit.
    ///
    /// # Errors
    /// All of [`SourceError`] that concern http.
    pub(super) fn fetch(
        &self,
        reference: &GitReference,
        until: Instant,
        abandoned: &AtomicBool,
    ) -> Result<(gix::Repository, gix::ObjectId), SourceError> {
        let repository = self.open_or_create()?;
        if let GitReference::Commit(sha) = reference
            && let Ok(id) = gix::ObjectId::from_hex(sha.as_bytes())
            && repository.has_object(id)
        {
            let commit = peel(&repository, id).map_err(|reason| self.corrupt(reason))?;
            return Ok((repository, commit));
        }
        let token = self.token()?;
        let refused = |error: gix::Error| self.classify(&error, token.as_ref(), until);
        let source = full_name(reference);
        let remote = self.remote(&repository, &source, TRACKED).map_err(refused)?;
        let prepared = self.prepare(&remote, token.as_ref(), until).map_err(refused)?;
        let Some(advertised) = prepared.ref_map().mappings.first() else {
            drop(prepared);
            return Err(self.explain_missing(&remote, reference, token.as_ref(), until));
        };
        let tip = advertised.remote.as_id().map(|id| id.to_owned());
        // gix asks for a pack whenever a depth is given, also for what is at hand.
        if let Some(tip) = tip.filter(|tip| repository.has_object(tip)) {
            drop(prepared);
            let commit = peel(&repository, tip).map_err(|reason| self.corrupt(reason))?;
            return Ok((repository, commit));
        }
        receive(prepared, NonZeroU32::MIN, abandoned).map_err(|error| match reference {
            // https://git-scm.com/docs/git-config#Documentation/git-config.txt-uploadpackallowAnySHA1InWant
            GitReference::Commit(sha) if words(&error).contains("not our ref") => self.commit_not_found(sha),
            _ => refused(error),
        })?;
        let repository = self.copy().map_err(|reason| self.corrupt(reason))?;
        let tip = match (tip, reference) {
            (Some(tip), _) => tip,
            (None, GitReference::Commit(sha)) => gix::ObjectId::from_hex(sha.as_bytes()).map_err(|error| self.corrupt(error))?,
            (None, _) => return Err(self.corrupt("the server named no commit for the reference")),
        };
        let commit = peel(&repository, tip).map_err(|reason| self.corrupt(reason))?;
        Ok((repository, commit))
    }

    /// Its address.
    pub(super) fn shown(&self) -> String {
        self.url.clone()
    }

    /// The copy as it is on the disk.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) fn copy(&self) -> Result<gix::Repository, String> {
        if !self.has_copy() {
            return Err("nothing was fetched yet".into());
        }
        gix::open_opts(&self.copy, options()).map_err(|error| words(&error))
    }

    /// Whether there is something to [discard](Remote::discard).
    pub(super) fn has_copy(&self) -> bool {
        self.copy.exists()
    }

    /// Removes the copy. The next fetch makes a new one.
    ///
    /// # Errors
    /// [`SourceError::Cache`].
    pub(super) fn discard(&self) -> Result<(), SourceError> {
        match std::fs::remove_dir_all(&self.copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SourceError::Cache { path: self.copy.display().to_string(), reason: error.to_string() })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn open_or_create(&self) -> Result<gix::Repository, SourceError> {
        let packs = std::fs::read_dir(self.copy.join("objects/pack")).map_or(0, |found| {
            found.flatten().filter(|file| file.path().extension().is_some_and(|extension| extension == "pack")).count()
        });
        if packs >= MAX_PACKS {
            self.discard()?;
        }
        if let Ok(repository) = self.copy()
            && is_whole(&repository)
        {
            return Ok(repository);
        }
        self.discard()?;
        std::fs::create_dir_all(&self.copy)
            .map_err(|error| SourceError::Cache { path: self.copy.display().to_string(), reason: error.to_string() })?;
        gix::ThreadSafeRepository::init_opts(&self.copy, gix::create::Kind::Bare, Default::default(), options())
            .map(|repository| repository.to_thread_local())
            .map_err(|error| SourceError::Cache { path: self.copy.display().to_string(), reason: words(&error) })
    }

    /// The server, asked for what `source` names there, which the copy keeps as `into`.
    pub(super) fn remote<'repo>(
        &self,
        repository: &'repo gix::Repository,
        source: &str,
        into: &str,
    ) -> gix::Result<gix::Remote<'repo>> {
        // `+`: a force-push is followed. https://git-scm.com/docs/git-fetch#Documentation/git-fetch.txt-ltrefspecgt
        repository
            .remote_at_without_url_rewrite(self.url.as_str())?
            .with_fetch_tags(gix::remote::fetch::Tags::None)
            .with_refspecs([format!("+{source}:{into}").as_str()], gix::remote::Direction::Fetch)
    }

    /// Asks the server what it has. Nothing is fetched yet: [`receive`] does.
    pub(super) fn prepare<'a, 'repo>(
        &self,
        remote: &'a gix::Remote<'repo>,
        token: Option<&Token>,
        until: Instant,
    ) -> gix::Result<gix::remote::fetch::Prepare<'a, 'repo, Transport>> {
        self.connect(remote, token, until)?.prepare_fetch(gix::progress::Discard, Default::default())
    }

    fn connect<'a, 'repo>(
        &self,
        remote: &'a gix::Remote<'repo>,
        token: Option<&Token>,
        until: Instant,
    ) -> gix::Result<gix::remote::Connection<'a, 'static, 'repo, Transport>> {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let loopback = self.loopback;
        let backend = http::reqwest::Options {
            configure_client: Some(Box::new(move |client| {
                let client = client.timeout(left).connect_timeout(left.min(Duration::from_secs(20)));
                Ok(if loopback { client.no_proxy() } else { client })
            })),
            configure_request: None,
        };
        let transport = http::Options {
            // With a header of ours gix refuses redirects, so the token stays with the configured host. The user name is
            // GitLab's: https://docs.gitlab.com/topics/git/clone/#clone-using-a-token
            extra_headers: token.map(|token| format!("Authorization: Basic {}", token.encoded)).into_iter().collect(),
            backend: Some(Arc::new(Mutex::new(backend))),
            ..Default::default()
        };
        // No credential helper is run and no prompt shown.
        let connection = match &self.wire {
            Some(wire) => {
                let (url, _) = remote.sanitized_url_and_version(gix::remote::Direction::Fetch)?;
                remote.to_connection_with_transport(super::wired::transport(wire, url))
            }
            None => remote.connect(gix::remote::Direction::Fetch)?,
        };
        let connection = connection.with_credentials(|_| Ok(None));
        Ok(connection.with_transport_options(Box::new(transport)))
    }

    /// The reference is not there: list what is, to tell a deleted branch from an empty repository.
    fn explain_missing(
        &self,
        remote: &gix::Remote<'_>,
        reference: &GitReference,
        token: Option<&Token>,
        until: Instant,
    ) -> SourceError {
        if let GitReference::Commit(sha) = reference {
            return self.commit_not_found(sha);
        }
        let all = gix::remote::ref_map::Options { prefix_from_spec_as_filter_on_remote: false, ..Default::default() };
        let listed = self.connect(remote, token, until).and_then(|connection| connection.ref_map(gix::progress::Discard, all));
        match listed {
            Ok((map, _)) => {
                let names: Vec<String> = map.remote_refs.iter().map(|found| found.unpack().0.to_string()).collect();
                missing_reference(&self.url, reference, &names)
            }
            Err(error) => self.classify(&error, token, until),
        }
    }

    /// The file is read anew for each fetch, so that a rotated token is taken up without a restart.
    pub(super) fn token(&self) -> Result<Option<Token>, SourceError> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let unusable =
            |reason: &str| SourceError::Token { file: file.display().to_string(), url: self.url.clone(), reason: reason.into() };
        let content = std::fs::read_to_string(file).map_err(|error| unusable(&error.to_string()))?;
        let secret = content.lines().next().unwrap_or_default().trim();
        if secret.is_empty() {
            return Err(unusable("its first line is empty"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable("its first line holds characters that no token has"));
        }
        Ok(Some(Token { secret: secret.into(), encoded: base64(format!("oauth2:{secret}").as_bytes()) }))
    }

    /// gix's errors carry their kind partly as types, partly only in words.
    pub(super) fn classify(&self, error: &gix::Error, token: Option<&Token>, until: Instant) -> SourceError {
        let mut reason = words(error);
        for secret in token.into_iter().flat_map(|token| [&token.encoded, &token.secret]) {
            reason = reason.replace(secret.as_str(), "(token)");
        }
        let url = self.url.clone();
        if error.downcast_any_ref::<AuthenticationRequired>().is_some() || error.is_unauthenticated() {
            let hint = match &self.token_file {
                Some(file) => format!(
                    "the token in `{}` is wrong, expired, or may not read the repository; replace it, it is read anew at each fetch",
                    file.display()
                ),
                None => "the repository is not public; give spec.source.git a tokenFile with a token that may read it".into(),
            };
            return SourceError::Unauthorized { url, hint };
        }
        let status =
            reason.split("Received HTTP status ").nth(1).and_then(|rest| rest.get(..3)).and_then(|code| code.parse::<u16>().ok());
        match status {
            Some(code @ (403 | 404 | 410)) => {
                SourceError::RepositoryNotFound { url, reason: format!("{SERVER_ANSWERED} {code}") }
            }
            Some(code) => SourceError::Unreachable { url, reason: format!("{SERVER_ANSWERED} {code}") },
            None if reason.contains("refusing to follow redirect") => SourceError::Redirected { url },
            None if reason.contains("to indicate 'smart' protocol") => {
                SourceError::RepositoryNotFound { url, reason: "the server answered, but not as a Git server does".into() }
            }
            None if Instant::now() >= until => SourceError::Unreachable { url, reason: NO_ANSWER.into() },
            None if error.is_corrupted() => SourceError::Corrupt { url, reason },
            None => SourceError::Unreachable { url, reason },
        }
    }

    fn commit_not_found(&self, sha: &str) -> SourceError {
        let reason =
            "the server does not hold it, or does not give out commits that no branch reaches; push a branch or tag that does";
        SourceError::CommitNotFound { url: self.url.clone(), sha: sha.into(), reason: reason.into() }
    }

    pub(super) fn corrupt(&self, reason: impl std::fmt::Display) -> SourceError {
        SourceError::Corrupt { url: self.url.clone(), reason: reason.to_string() }
    }
}

/// What is asked for.
pub(super) fn full_name(reference: &GitReference) -> String {
    match reference {
        GitReference::Branch(name) => format!("refs/heads/{name}"),
        GitReference::Tag(name) => format!("refs/tags/{name}"),
        GitReference::Commit(sha) => sha.clone(),
    }
}

/// Whether the copy still holds what it fetched last: a kill in the middle of a write may have left less.
fn is_whole(repository: &gix::Repository) -> bool {
    match repository.try_find_reference(TRACKED) {
        Ok(Some(mut tracked)) => tracked.peel_to_commit().is_ok_and(|commit| commit.tree().is_ok()),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Nothing of the machine's or user's Git configuration applies to the copy.
fn options() -> gix::open::Options {
    // Reflogs need a name; nobody reads them.
    gix::open::Options::isolated().config_overrides([
        "user.name=driftless",
        "user.email=driftless@localhost",
        "core.logAllRefUpdates=false",
    ])
}

/// Standard alphabet with padding: https://www.rfc-editor.org/rfc/rfc4648#section-4
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let sextet = (group >> (18 - 6 * position)) & 63;
            text.push(if position <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_rfc() {
        // https://www.rfc-editor.org/rfc/rfc4648#section-10
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(super::base64(plain.as_bytes()), encoded);
        }
        assert_eq!(super::base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
