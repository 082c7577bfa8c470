//! The agent's configuration file, read and resolved: where its manifests come from, and the folder that relative
//! paths start from.

use std::path::{Path, PathBuf};

use driftless_core::agent::{Agent, Source as Configured};
use driftless_core::location::Problem;
use driftless_core::manifest;
use driftless_core::snapshot::{Revision, Snapshot};

use crate::cli::Common;
use crate::source::{self, Directory, Source, SourceError};

/// `driftless.yaml`, and where it lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it says; the source is already replaced where `--source` says so.
    pub agent: Agent,
    /// The folder it lies in.
    pub base: PathBuf,
    /// Worth a look.
    pub warnings: Vec<Problem>,
    cache: PathBuf,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the agent's configuration {}: {reason}; name it with --config, or start from examples/first-service/driftless.yaml",
        file.display()
    )]
    Unreadable {
        /// As given.
        file: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("{}", problems.iter().map(|problem| problem.to_string()).collect::<Vec<_>>().join("\n"))]
    Invalid {
        /// All of them.
        problems: Vec<Problem>,
    },
}

impl Config {
    /// [`load`](Config::load)s it on a thread of its own: a file that hangs holds up nobody who is asked to end.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line.
    pub async fn read(common: &Common) -> Result<Self, ConfigError> {
        let common = common.clone();
        match tokio::task::spawn_blocking(move || Config::load(&common)).await {
            Ok(read) => read,
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }

    /// Reads the file that `--config` names.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line.
    pub fn load(common: &Common) -> Result<Self, ConfigError> {
        let file = &common.config;
        let bytes = std::fs::read(file).map_err(|reason| ConfigError::Unreadable { file: file.clone(), reason })?;
        let (mut agent, warnings) =
            manifest::read_agent(&file.display().to_string(), &bytes).map_err(|problems| ConfigError::Invalid { problems })?;
        let base = match file.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if let Some(folder) = &common.source {
            // Relative to where the command was typed, unlike paths in the file.
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            agent.source = Configured::Directory { path: folder.display().to_string() };
        }
        let cache = common.cache.clone().unwrap_or_else(crate::environment::cache_dir);
        Ok(Config { agent, base, warnings, cache })
    }

    /// Where copies of what is elsewhere are kept between two runs.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Opens the source; touches neither disk nor network yet.
    ///
    /// # Errors
    /// Addresses that cannot work.
    pub fn open_source(&self) -> Result<Source, SourceError> {
        source::open(&self.agent.source, &self.base, &self.cache)
    }

    /// What `validate` reads: the working tree beside the configuration, without any network.
    ///
    /// # Errors
    /// A folder that is not there.
    pub async fn working_tree(&self) -> Result<Snapshot, SourceError> {
        let (path, reference) = match &self.agent.source {
            Configured::Directory { path } => (self.base.join(path), None),
            Configured::Git(git) => (self.base.join(&git.path), Some(git.reference.as_str().to_owned())),
        };
        let folder = Directory::new(path);
        let folder = if reference.is_some() { folder.of_checkout() } else { folder };
        let mut snapshot = Source::Directory(folder).snapshot().await?;
        if let Some(reference) = reference {
            // Which commit the tree will become is not known yet; `${git.sha}` reads as forty zeros.
            snapshot.revision = Revision::Git { reference, sha: "0".repeat(40) };
        }
        Ok(snapshot)
    }
}
