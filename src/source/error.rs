//! Why a source could not be read: what happened, to which source, and what to do about it.

use std::time::Duration;

/// A failure of [`Source`](super::Source). Texts carry no credentials: URLs are shown without user information and
/// query, and tokens are struck out of what a server or library said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The configuration names something that cannot work.
    #[error("the source `{source_name}` cannot be used: {reason}")]
    Configuration {
        /// The URL or path.
        source_name: String,
        /// What is wrong, and what to write instead.
        reason: String,
    },
    /// The token file could not be read, or holds no token.
    #[error("the token file `{file}` for {url} cannot be used: {reason}; put the token on its first line, readable by the agent")]
    Token {
        /// As resolved against the configuration's folder.
        file: String,
        /// Whom the token is for.
        url: String,
        /// What is wrong with the file.
        reason: String,
    },
    /// No connection, or it broke.
    #[error("cannot reach {url}: {reason}; the last snapshot stays in force, and the agent tries again at its interval")]
    Unreachable {
        /// Without credentials.
        url: String,
        /// In the transport's words.
        reason: String,
    },
    /// The deadline passed.
    #[error("reading {source_name} took longer than {} s and was given up; the server or disk is slow or hangs, and the agent tries again at its interval", deadline.as_secs_f64())]
    Timeout {
        /// The URL or path.
        source_name: String,
        /// What was allowed.
        deadline: Duration,
    },
    /// 401.
    #[error("{url} refused the credentials (401): {hint}")]
    Unauthorized {
        /// Without credentials.
        url: String,
        /// Which file to look at.
        hint: String,
    },
    /// 403, 404, or no repository at a local path.
    #[error(
        "there is no readable Git repository at {url}: {reason}; check the address, and that the token may read the repository"
    )]
    RepositoryNotFound {
        /// Without credentials, or the path.
        url: String,
        /// What was found instead.
        reason: String,
    },
    /// The server answers from elsewhere, and a token is only ever sent to the configured host.
    #[error(
        "{url} redirects elsewhere, and a token is never sent along a redirect; configure the final address (GitLab's ends in `.git`)"
    )]
    Redirected {
        /// Without credentials.
        url: String,
    },
    /// No reference at all.
    #[error("the repository {url} is empty; push a first commit to {reference}")]
    Empty {
        /// Without credentials.
        url: String,
        /// `the branch main`.
        reference: String,
    },
    /// The branch or tag does not exist (any more).
    #[error("{url} has no {kind} `{name}`{}; it was deleted, renamed or not pushed yet: restore it or change spec.source.git", nearest(.candidates))]
    ReferenceNotFound {
        /// Without credentials.
        url: String,
        /// `branch` or `tag`.
        kind: &'static str,
        /// As configured.
        name: String,
        /// Some that exist.
        candidates: Vec<String>,
    },
    /// The commit is not in the object database: never fetched, or beyond a shallow history.
    #[error("the commit {sha} of {url} is not at hand: {reason}")]
    CommitNotFound {
        /// Without credentials.
        url: String,
        /// As asked for.
        sha: String,
        /// Why not.
        reason: String,
    },
    /// The configured folder does not exist in the commit, or on the disk.
    #[error("there is no folder `{path}` in {within}: {reason}; create it or change the source's path")]
    PathNotFound {
        /// As configured.
        path: String,
        /// `main@1f0c… of https://…`, or `the file system`.
        within: String,
        /// What is there instead.
        reason: String,
    },
    /// More than [`Limits`](super::Limits) allow.
    #[error("{source_name} holds more than {limit}; point the source's path at a smaller folder")]
    TooLarge {
        /// The URL or path.
        source_name: String,
        /// `20000 files and folders`.
        limit: String,
    },
    /// The file system refuses.
    #[error("cannot read `{path}`: {reason}; make it readable for the agent or move it out of the source")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// In the system's words.
        reason: String,
    },
    /// The copies of remote repositories cannot be kept.
    #[error(
        "the agent cannot keep its copy of the repository in `{path}`: {reason}; give it a folder that it may write to and that \
         has room, with --cache DIR or CACHE_DIRECTORY"
    )]
    Cache {
        /// The copy's folder.
        path: String,
        /// In the system's words.
        reason: String,
    },
    /// Another process has its turn with the copy.
    #[error(
        "the copy of the repository in `{path}` is in use by {holder}, whose turn did not end in time; the agent tries again at \
         its interval. Agents that share a cache take turns: give each a folder of its own with --cache DIR or CACHE_DIRECTORY, \
         and see to a process that hangs"
    )]
    CacheInUse {
        /// The copy's folder.
        path: String,
        /// `process 7 on ip-10-0-0-1`.
        holder: String,
    },
    /// Files came and went while they were read.
    #[error("`{path}` kept changing while it was read; the agent tries again when it is quiet")]
    Changing {
        /// The directory.
        path: String,
    },
    /// The repository, here or there, is damaged or speaks something unknown.
    #[error(
        "{url} could not be read: {reason}; `git fsck` in the repository says more, and a damaged local copy is renewed at the next try"
    )]
    Corrupt {
        /// Without credentials.
        url: String,
        /// In gix's words.
        reason: String,
    },
}

impl SourceError {
    /// Whether the same call may succeed later without anybody changing configuration or repository.
    pub fn retry(&self) -> bool {
        matches!(
            self,
            SourceError::Unreachable { .. }
                | SourceError::Timeout { .. }
                | SourceError::CacheInUse { .. }
                | SourceError::Changing { .. }
                | SourceError::Corrupt { .. }
        )
    }

    /// Whether the source has answered, and will not know any more what was asked for: an older commit that a force-push has
    /// taken away, or that had nothing to read. Anything else may be known later.
    pub fn is_gone(&self) -> bool {
        matches!(self, SourceError::CommitNotFound { .. } | SourceError::PathNotFound { .. } | SourceError::TooLarge { .. })
    }

    /// A fixed word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            SourceError::Configuration { .. } => "configuration",
            SourceError::Token { .. } => "token",
            SourceError::Unreachable { .. } => "unreachable",
            SourceError::Timeout { .. } => "timeout",
            SourceError::Unauthorized { .. } => "unauthorized",
            SourceError::RepositoryNotFound { .. } => "repository_not_found",
            SourceError::Redirected { .. } => "redirected",
            SourceError::Empty { .. } => "empty",
            SourceError::ReferenceNotFound { .. } => "reference_not_found",
            SourceError::CommitNotFound { .. } => "commit_not_found",
            SourceError::PathNotFound { .. } => "path_not_found",
            SourceError::TooLarge { .. } => "too_large",
            SourceError::Unreadable { .. } => "unreadable",
            SourceError::Cache { .. } => "cache",
            SourceError::CacheInUse { .. } => "cache_in_use",
            SourceError::Changing { .. } => "changing",
            SourceError::Corrupt { .. } => "corrupt",
        }
    }
}

fn nearest(candidates: &[String]) -> String {
    match candidates {
        [] => String::new(),
        some => format!(" (it has {})", some.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
