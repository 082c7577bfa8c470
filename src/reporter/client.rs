//! The wire to GitLab: the `gitlab` crate's endpoints over a client of our own, and what its refusals mean to us.
//!
//! The crate's own client has no timeout and asks for `/user` when it is built; this one reads its token anew for each
//! request, so a rotated token file is taken up, and never follows a redirect, so the token goes to one host only.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use driftless_core::report::{CommitStatus, State};
use gitlab::api::projects::pipelines::{PipelineStatus, Pipelines};
use gitlab::api::projects::repository::commits::{CommitStatusState, CommitStatuses, Commits, CreateCommitStatus};
use gitlab::api::users::CurrentUser;
use gitlab::api::{ApiError, AsyncClient, AsyncQuery, Pagination, RestClient, paged};
use http::header::HeaderValue;
use serde::Deserialize;

use crate::ambient;
use crate::wire::{Network, Wire};

/// GitLab waits 10 s for a commit's lock before it answers 409, so a client waits longer than 15 s.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The longest `target_url` (<https://docs.gitlab.com/api/commits/#set-commit-pipeline-status>).
const LONGEST_URL: usize = 255;

/// One project of one GitLab instance.
pub(crate) struct Client {
    network: Network,
    /// What carries the requests, where it is not the machine's network.
    wire: Option<Wire>,
    url: String,
    project: String,
    token_file: PathBuf,
    target_url: Option<String>,
}

/// Why a request had no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The token could not be read.
    #[error("GitLab's token file {path} {problem}; put a token with the scope `api` in its first line")]
    Token {
        /// The file.
        path: String,
        /// `cannot be read: …`, or what is wrong with its content.
        problem: String,
    },
    /// The connection, or the answer's body, failed.
    #[error("{0}")]
    Http(String),
}

/// What a failed request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The row stands there already, or is past it.
    AlreadySo,
    /// Somebody else's post holds the commit's lock.
    Conflict(String),
    /// The pipeline that was named is gone.
    PipelineGone,
    /// GitLab is down, overloaded, or does not take the token now. Whether the request had an effect is not known.
    Down {
        /// For a person.
        message: String,
        /// As GitLab asked.
        after: Option<Duration>,
    },
    /// GitLab will not: repeating it changes nothing.
    Refused(String),
}

/// A row, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    pub id: u64,
    pub name: String,
    pub status: String,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Absent before GitLab 16.
    pub pipeline_id: Option<u64>,
    pub author: Option<Author>,
}

/// Who posted a row, or who the token's user is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Author {
    pub id: u64,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Pipeline {
    sha: String,
}

/// Where a post goes besides its commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The branch or tag; None lets GitLab choose the first branch that contains the commit.
    pub reference: Option<String>,
    /// The pipeline that earlier posts went to.
    pub pipeline: Option<u64>,
}

impl Client {
    /// Over the machine's network.
    pub fn new(url: &str, project: &str, token_file: PathBuf, target_url: Option<String>) -> Self {
        let network = Network::new(|| {
            reqwest::Client::builder()
                .timeout(TIMEOUT)
                .connect_timeout(TIMEOUT / 2)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("driftless/", env!("CARGO_PKG_VERSION")))
        });
        let target_url = target_url.filter(|url| url.len() <= LONGEST_URL);
        let (url, project) = (url.trim_end_matches('/').to_owned(), project.to_owned());
        Client { network, wire: None, url, project, token_file, target_url }
    }

    /// # Errors
    /// The TLS library refuses to start.
    pub fn ready(&self) -> reqwest::Result<()> {
        self.network.client().map(drop)
    }

    /// Over this wire instead of the machine's network.
    pub fn over(mut self, wire: &Wire) -> Self {
        self.wire = Some(wire.clone());
        self
    }

    /// The id of the token's user.
    pub async fn user(&self) -> Result<u64, Failure> {
        let endpoint = CurrentUser::builder().build().map_err(refused)?;
        let user: Author = endpoint.query_async(self).await.map_err(failure)?;
        Ok(user.id)
    }

    /// The latest rows of a commit, of every pipeline; only those called `name`, if one is given.
    pub(super) async fn rows(&self, sha: &str, name: Option<&str>) -> Result<Vec<Row>, Failure> {
        let mut endpoint = CommitStatuses::builder();
        endpoint.project(self.project.as_str()).commit(sha);
        if let Some(name) = name {
            endpoint.name(name);
        }
        let endpoint = endpoint.build().map_err(refused)?;
        paged(endpoint, Pagination::All).query_async(self).await.map_err(failure)
    }

    /// Whether a pipeline of the commit (and the branch or tag) exists.
    pub async fn has_pipeline(&self, sha: &str, reference: Option<&str>) -> Result<bool, Failure> {
        let mut endpoint = Pipelines::builder();
        endpoint.project(self.project.as_str()).sha(sha);
        if let Some(reference) = reference {
            endpoint.ref_(reference);
        }
        let endpoint = endpoint.build().map_err(refused)?;
        let found: Vec<Pipeline> = paged(endpoint, Pagination::Limit(1)).query_async(self).await.map_err(failure)?;
        Ok(!found.is_empty())
    }

    /// The commits of at most `count` pipelines in each of the states that one with an unfinished row is in, of a branch or tag
    /// if one is given; the newest first. <https://docs.gitlab.com/api/pipelines/#list-project-pipelines>
    pub async fn unfinished(&self, reference: Option<&str>, count: usize) -> Result<Vec<String>, Failure> {
        let mut commits = Vec::new();
        for status in [PipelineStatus::Running, PipelineStatus::Pending] {
            let mut endpoint = Pipelines::builder();
            endpoint.project(self.project.as_str()).status(status);
            if let Some(reference) = reference {
                endpoint.ref_(reference);
            }
            let endpoint = endpoint.build().map_err(refused)?;
            let found: Vec<Pipeline> = paged(endpoint, Pagination::Limit(count)).query_async(self).await.map_err(failure)?;
            commits.extend(found.into_iter().map(|pipeline| pipeline.sha));
        }
        Ok(commits)
    }

    /// The newest `count` commits of a branch or tag, of the default branch if none is given, newest first.
    pub async fn commits(&self, reference: Option<&str>, count: usize) -> Result<Vec<String>, Failure> {
        let mut endpoint = Commits::builder();
        endpoint.project(self.project.as_str());
        if let Some(reference) = reference {
            endpoint.ref_name(reference);
        }
        let endpoint = endpoint.build().map_err(refused)?;
        let found: Vec<Commit> = paged(endpoint, Pagination::Limit(count)).query_async(self).await.map_err(failure)?;
        Ok(found.into_iter().map(|commit| commit.id).collect())
    }

    /// Posts a status; the row as it stands then.
    pub(super) async fn post(&self, sha: &str, status: &CommitStatus, place: &Place) -> Result<Row, Failure> {
        let mut endpoint = CreateCommitStatus::builder();
        endpoint.project(self.project.as_str()).commit(sha).state(state(status.state));
        endpoint.name(status.name.as_str()).description(status.description.as_str());
        if let Some(reference) = &place.reference {
            endpoint.ref_(reference.as_str());
        }
        if let Some(pipeline) = place.pipeline {
            endpoint.pipeline_id(pipeline);
        }
        if let Some(url) = &self.target_url {
            endpoint.target_url(url.as_str());
        }
        endpoint.build().map_err(refused)?.query_async(self).await.map_err(failure)
    }

    /// The project's full path or id, as configured.
    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// What goes into `PRIVATE-TOKEN`, and to this GitLab's host only.
    pub(crate) async fn token(&self) -> Result<HeaderValue, TransportError> {
        let wrong = |problem: String| TransportError::Token { path: self.token_file.display().to_string(), problem };
        let file = self.token_file.clone();
        let content = ambient::blocking(move || std::fs::read_to_string(file)).await;
        let content = content.map_err(std::io::Error::other).flatten();
        let content = content.map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let line = content.lines().next().map(str::trim).filter(|line| !line.is_empty());
        let line = line.ok_or_else(|| wrong("has an empty first line".to_owned()))?;
        let mut token = HeaderValue::from_str(line).map_err(|_| wrong("holds characters no token has".to_owned()))?;
        token.set_sensitive(true);
        Ok(token)
    }

    async fn send(&self, mut request: http::Request<Vec<u8>>) -> Result<http::Response<Bytes>, TransportError> {
        if let Some(wire) = &self.wire {
            request.headers_mut().insert("PRIVATE-TOKEN", self.token().await?);
            let answer = tokio::time::timeout(TIMEOUT, wire.carry(request.map(Bytes::from))).await;
            return answer.unwrap_or_else(|_| Err("no answer in time".to_owned())).map_err(TransportError::Http);
        }
        let http = |error: reqwest::Error| TransportError::Http(causes(&error));
        let mut request = reqwest::Request::try_from(request).map_err(http)?;
        request.headers_mut().insert("PRIVATE-TOKEN", self.token().await?);
        let answer = self.network.client().map_err(http)?.execute(request).await.map_err(http)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut whole = http::Response::new(answer.bytes().await.map_err(http)?);
        *whole.status_mut() = status;
        *whole.headers_mut() = headers;
        Ok(whole)
    }
}

impl RestClient for Client {
    type Error = TransportError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<reqwest::Url, ApiError<TransportError>> {
        Ok(format!("{}/api/v4/{endpoint}", self.url).parse()?)
    }
}

#[async_trait]
impl AsyncClient for Client {
    async fn rest_async(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<http::Response<Bytes>, ApiError<TransportError>> {
        let request = request.body(body).map_err(|error| ApiError::client(TransportError::Http(error.to_string())))?;
        self.send(request).await.map_err(ApiError::client)
    }
}

fn state(state: State) -> CommitStatusState {
    match state {
        State::Pending => CommitStatusState::Pending,
        State::Running => CommitStatusState::Running,
        State::Success => CommitStatusState::Success,
        State::Failed => CommitStatusState::Failed,
        State::Canceled => CommitStatusState::Canceled,
    }
}

pub(crate) fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}

/// An error with what caused it: reqwest's own text says only that sending failed.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

pub(crate) fn failure(error: ApiError<TransportError>) -> Failure {
    let (status, said) = match &error {
        ApiError::GitlabWithStatus { status, msg } => (status.as_u16(), msg.clone()),
        ApiError::GitlabObjectWithStatus { status, obj } | ApiError::GitlabUnrecognizedWithStatus { status, obj } => {
            (status.as_u16(), obj.to_string())
        }
        ApiError::GitlabService { status, .. } => (status.as_u16(), "an answer that is no JSON".to_owned()),
        ApiError::MovedPermanently { location } => (301, location.clone().unwrap_or_default()),
        ApiError::GitlabRateLimited { retry_after, .. } => {
            let after = Some(*retry_after).filter(|after| !after.is_zero());
            return Failure::Down { message: "429: GitLab limits the rate of requests".to_owned(), after };
        }
        ApiError::Client { source } => return Failure::Down { message: source.to_string(), after: None },
        ApiError::DataType { source, .. } => {
            return Failure::Refused(format!(
                "its answer is not what GitLab's API documents ({source}): is gitlab.url a GitLab, and of version 15 or later?"
            ));
        }
        _ => return Failure::Refused(error.to_string()),
    };
    meaning(status, &said)
}

/// What an HTTP status and GitLab's message mean.
pub(crate) fn meaning(status: u16, said: &str) -> Failure {
    let message = format!("{status}: {said}");
    match status {
        // `Cannot transition status via :run from :running (…)`: so already, or past it.
        400 if said.contains("Cannot transition status") => Failure::AlreadySo,
        404 if said.contains("Pipeline for pipeline_id") => Failure::PipelineGone,
        409 => Failure::Conflict(message),
        300..=399 => Failure::Refused(format!("{message}: GitLab redirects; write its own address as gitlab.url")),
        // A token is rotated by replacing its file, so this may end by itself.
        401 => Failure::Down { message: format!("{message}: put a valid token into gitlab.tokenFile"), after: None },
        403 => Failure::Refused(format!(
            "{message}: the token's user must be allowed to push or merge to a protected branch, and the token needs the scope `api`"
        )),
        404 => Failure::Refused(format!("{message}: check gitlab.url and gitlab.project, and that the commit was pushed there")),
        422 => Failure::Refused(format!("{message}: the instance's ci_pipeline_size limits the jobs of a pipeline")),
        408 | 429 | 500.. => Failure::Down { message, after: None },
        200..=299 => Failure::Down { message: format!("{message}: is gitlab.url a GitLab?"), after: None },
        _ => Failure::Refused(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gitlab_says_is_already_so_gone_later_or_never() {
        let enqueue = "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")";
        assert_eq!(meaning(400, enqueue), Failure::AlreadySo);
        assert!(matches!(meaning(400, "state does not have a valid value"), Failure::Refused(_)));
        assert_eq!(meaning(404, "404 Pipeline for pipeline_id, sha and ref Not Found"), Failure::PipelineGone);
        assert!(matches!(meaning(404, "404 References for commit Not Found"), Failure::Refused(_)));
        assert!(matches!(meaning(409, "Another update to this commit status is in progress"), Failure::Conflict(_)));
        for status in [401, 408, 429, 500, 502, 503, 504] {
            assert!(matches!(meaning(status, "x"), Failure::Down { .. }), "{status}");
        }
        for status in [302, 403, 422] {
            assert!(matches!(meaning(status, "x"), Failure::Refused(_)), "{status}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_told_without_the_names_of_our_types() {
        let source = serde_json::from_str::<Author>("{}").expect_err("no id");
        let Failure::Refused(told) = failure(ApiError::DataType { source, typename: "driftless::reporter::client::Row" }) else {
            panic!("it is refused")
        };
        assert!(told.contains("missing field `id`") && !told.contains("::"), "{told}");
    }
}
