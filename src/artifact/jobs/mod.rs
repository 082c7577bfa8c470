//! What CI jobs kept: which job of the commit is meant, how it stands, and its files, fetched once.
//!
//! A job's files never change while GitLab has them, so they are known by the job's id.

mod download;
mod fetched;
mod find;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use driftless_core::agent::GitLab;

use super::blob::Blob;
use crate::reporter::client::{Client, Failure};
use download::Downloads;
use fetched::{Fetched, Kept};
use find::Found;

/// Jobs whose files are kept at hand, each on disk.
const JOBS: usize = 8;

/// Why a job's files could not be had.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// GitLab is down, or overloaded: again later.
    #[error("GitLab: {0}")]
    Down(String),
    /// A person or another commit must act.
    #[error("{message}")]
    Missing {
        /// One CamelCase word.
        reason: &'static str,
        /// For a person.
        message: String,
    },
    /// The job has not ended.
    #[error("{0}")]
    NotYet(String),
}

impl JobError {
    fn missing(reason: &'static str, message: impl Into<String>) -> Self {
        JobError::Missing { reason, message: message.into() }
    }
}

impl From<std::io::Error> for JobError {
    fn from(error: std::io::Error) -> Self {
        JobError::Down(format!("a download could not be kept: {error}"))
    }
}

impl From<Failure> for JobError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Down { message, .. } | Failure::Conflict(message) => JobError::Down(message),
            Failure::Refused(message) => JobError::missing("GitLabRefused", format!("GitLab: {message}")),
            Failure::AlreadySo | Failure::PipelineGone => JobError::Down("an answer that fits no question".to_owned()),
        }
    }
}

/// The jobs of one project.
pub(super) struct Jobs {
    client: Client,
    downloads: Downloads,
    /// The oldest first.
    kept: Mutex<VecDeque<Arc<Fetched>>>,
    /// One download at a time: two resources may want the same job.
    turn: tokio::sync::Mutex<()>,
}

impl Jobs {
    /// Of the project that is configured. Nothing is asked yet.
    pub fn new(config: &GitLab, token_file: PathBuf) -> Self {
        let client = Client::new(&config.url, &config.project, token_file, None);
        Jobs { client, downloads: Downloads::new(&config.url), kept: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The job that is meant: of the commit, or the latest success on `reference`.
    pub async fn find(&self, job: &str, reference: Option<&str>, sha: &str) -> Result<Found, JobError> {
        match reference {
            None => find::of_commit(&self.client, job, sha).await,
            Some(reference) => find::latest(&self.client, job, reference).await,
        }
    }

    /// One file of a job; its SHA-256 too.
    pub async fn file(&self, job: u64, path: &str) -> Result<(Blob, String), JobError> {
        let _turn = self.turn.lock().await;
        if let Some(found) = self.kept(job).iter().find_map(|fetched| fetched.file(path)) {
            return Ok(found);
        }
        let fetched = self.downloads.file(&self.client, job, path).await?;
        let found = fetched.file(path);
        self.keep(fetched);
        found.ok_or_else(|| JobError::Down("a file was fetched and is not there".to_owned()))
    }

    /// The files of a job below `folder` (empty: all), by path, without their bytes.
    pub async fn folder(&self, job: u64, folder: &str) -> Result<Vec<(String, Kept)>, JobError> {
        let found = self.archive(job).await?.folder(folder);
        if found.is_empty() {
            let message = format!(
                "job {job} kept nothing at or below `{folder}`; correct `spec.source.gitlabJob.path` or the job's `artifacts:paths`"
            );
            return Err(JobError::missing("NotFound", message));
        }
        Ok(found)
    }

    /// The bytes of one file, out of the archive where that was fetched.
    pub async fn open(&self, job: u64, path: &str) -> Result<Blob, JobError> {
        let archive = self.kept(job).into_iter().find(|fetched| fetched.is_archive());
        let Some(archive) = archive else { return self.file(job, path).await.map(|(blob, _)| blob) };
        let path = path.to_owned();
        blocking(move || archive.member(&path)).await
    }

    /// All that a job kept.
    pub async fn archive(&self, job: u64) -> Result<Arc<Fetched>, JobError> {
        let _turn = self.turn.lock().await;
        if let Some(archive) = self.kept(job).into_iter().find(|fetched| fetched.is_archive()) {
            return Ok(archive);
        }
        let archive = Arc::new(self.downloads.archive(&self.client, job).await?);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push_back(archive.clone());
        self.forget_the_oldest();
        Ok(archive)
    }

    fn kept(&self, job: u64) -> Vec<Arc<Fetched>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|fetched| fetched.job == job).cloned().collect()
    }

    fn keep(&self, fetched: Fetched) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::new(fetched));
        self.forget_the_oldest();
    }

    fn forget_the_oldest(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = kept.len().saturating_sub(JOBS);
        kept.drain(..surplus);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, JobError> + Send + 'static) -> Result<T, JobError> {
    crate::ambient::blocking(work).await.unwrap_or_else(|failure| Err(JobError::Down(failure.to_string())))
}
