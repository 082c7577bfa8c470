//! The agent's own small HTTP interface, and its client: `status`, the health check and `retry`.
//!
//! It listens on loopback by default and has no accounts, so all that can be asked of it is harmless: statuses hold
//! no values of manifests, and a retry makes one more pass over what Git already says.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use driftless_core::location::Problem;
use driftless_core::resource::{Kind, ResourceId};
use driftless_core::status::Status;
use serde::{Deserialize, Serialize};

use crate::health::{self, Health};
use crate::reconcile::Reconciler;

/// Asked of every `POST`: a web page in somebody's browser cannot send it to another origin unasked.
const HEADER: &str = "x-driftless";

/// What `driftless status` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `metadata.name` of the agent.
    pub agent: String,
    /// The revision in force; none before the source was first read.
    pub revision: Option<String>,
    /// Why the source could not be read the last time, if so. The revision above stays in force.
    pub source_error: Option<String>,
    /// When the source was last read, as in `2026-11-28T01:40:00Z`.
    #[serde(default)]
    pub source_read_at: Option<String>,
    /// Why the agent does not follow its source, if it does not: what `status --health` fails with.
    #[serde(default)]
    pub unhealthy: Option<String>,
    /// What is wrong with the revision's manifests.
    pub errors: Vec<Problem>,
    /// In order of kind and name.
    pub resources: Vec<Status>,
    /// `agent`, or `aws` when it was observed without one.
    pub from: String,
}

/// What the server answers from.
#[derive(Clone)]
pub struct Served {
    /// `metadata.name`.
    pub agent: String,
    /// The loop.
    pub reconciler: Reconciler,
    /// How the reads of the source go.
    pub health: Health,
}

/// The routes.
pub fn router(served: Served) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/livez", get(livez))
        .route("/v1/status", get(status))
        .route("/v1/retry/{kind}/{name}", post(retry))
        .with_state(served)
}

/// For people and what wakes them: whether the agent does what it is there for.
async fn healthz(State(served): State<Served>) -> (StatusCode, String) {
    told(served.health.unhealthy())
}

/// For whoever restarts the process: whether that would help. See [`health`].
async fn livez(State(served): State<Served>) -> (StatusCode, String) {
    told(served.health.stuck())
}

fn told(trouble: Option<String>) -> (StatusCode, String) {
    match trouble {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn status(State(served): State<Served>) -> Json<Report> {
    let commit = served.reconciler.commit();
    let read = commit.is_real();
    Json(Report {
        agent: served.agent.clone(),
        revision: read.then(|| commit.desired.revision.to_string()),
        source_error: served.health.trouble(),
        source_read_at: served.health.read_at().map(health::at_utc),
        unhealthy: served.health.unhealthy(),
        errors: commit.desired.errors.clone(),
        resources: served.reconciler.statuses(),
        from: "agent".into(),
    })
}

async fn retry(
    State(served): State<Served>,
    Path((kind, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, (StatusCode, String)> {
    if !headers.contains_key(HEADER) {
        return Err((StatusCode::FORBIDDEN, format!("the header {HEADER} is missing; use `driftless retry`\n")));
    }
    let kind: Kind = kind.parse().map_err(|unknown| (StatusCode::BAD_REQUEST, format!("{unknown}\n")))?;
    let id = ResourceId { kind, name };
    if served.reconciler.retry(&id) {
        return Ok(StatusCode::ACCEPTED);
    }
    let revision = &served.reconciler.commit().desired.revision;
    Err((StatusCode::NOT_FOUND, format!("{revision} declares no valid {id}; `driftless status` lists what it declares\n")))
}

/// Asks a running agent.
#[derive(Debug)]
pub struct Client {
    url: String,
    timeout: Duration,
}

/// The agent gave no answer, or no good one.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody there.
    #[error("no agent answers at {url} ({reason}); start one with `driftless agent`, or name its address with --server")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// It answered with an error.
    #[error("the agent at {url} answered {status}: {message}")]
    Refused {
        /// Where it is.
        url: String,
        /// HTTP's status.
        status: u16,
        /// In its words.
        message: String,
    },
}

impl ClientError {
    /// Whether there is an agent at all.
    pub fn was_answered(&self) -> bool {
        matches!(self, ClientError::Refused { .. })
    }
}

impl Client {
    /// A client of the agent at `url`, which waits for an answer for `timeout`.
    pub fn new(url: String, timeout: Duration) -> Self {
        Client { url: url.trim_end_matches('/').to_owned(), timeout }
    }

    /// `GET /v1/status`.
    ///
    /// # Errors
    /// No answer, or no status.
    pub async fn status(&self) -> Result<Report, ClientError> {
        let response = self.send(reqwest::Method::GET, "/v1/status").await?;
        response.json().await.map_err(|error| self.unreachable(&error))
    }

    /// `GET /healthz`: whether the agent follows its source.
    ///
    /// # Errors
    /// No answer, or why not.
    pub async fn health(&self) -> Result<(), ClientError> {
        self.send(reqwest::Method::GET, "/healthz").await.map(drop)
    }

    /// `GET /livez`: whether the process is at work.
    ///
    /// # Errors
    /// No answer, or why not.
    pub async fn live(&self) -> Result<(), ClientError> {
        self.send(reqwest::Method::GET, "/livez").await.map(drop)
    }

    /// `POST /v1/retry/KIND/NAME`.
    ///
    /// # Errors
    /// No answer, or no such resource.
    pub async fn retry(&self, id: &ResourceId) -> Result<(), ClientError> {
        self.send(reqwest::Method::POST, &format!("/v1/retry/{id}")).await.map(drop)
    }

    async fn send(&self, method: reqwest::Method, path: &str) -> Result<reqwest::Response, ClientError> {
        let client =
            reqwest::Client::builder().timeout(self.timeout).no_proxy().build().map_err(|error| self.unreachable(&error))?;
        let request = client.request(method, format!("{}{path}", self.url)).header(HEADER, "1");
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let message = response.text().await.unwrap_or_default().trim().to_owned();
        Err(ClientError::Refused { url: self.url.clone(), status: status.as_u16(), message })
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        // The outer error only repeats the address.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        ClientError::Unreachable { url: self.url.clone(), reason: cause.to_string() }
    }
}
