//! The simulator's own controls, under `/_simulator/`: JSON in, JSON out. The crate's README lists them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cloudformation::{StackDrift, StackFailure};
use crate::codedeploy;
use crate::faults::Fault;
use crate::gitlab;
use crate::server::Shared;

type App = State<Arc<Shared>>;

/// The routes below `/_simulator`.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/health", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/counters", get(|State(shared): App| async move { Json(shared.inner().log.counters()) }))
        .route("/totals", get(totals))
        .route("/calls", get(|State(shared): App| async move { Json(shared.inner().log.calls()) }))
        .route("/reset", post(reset))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/clock", get(clock).post(skip))
        .route("/gitlab/projects", post(add_project))
        .route("/gitlab/commits", post(add_commit))
        .route("/gitlab/pipelines", post(add_pipeline))
        .route("/gitlab/jobs", post(add_job))
        .nest("/codedeploy", codedeploy::router())
        .route("/cloudformation/failures", post(add_stack_failure).delete(clear_stack_failures))
        .route("/cloudformation/drift", post(drift))
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({"message": "The simulator has no such control."}))) })
}

async fn totals(State(shared): App) -> Json<Value> {
    let inner = shared.inner();
    let log = &inner.log;
    Json(json!({"mutations": log.mutations(), "throttled": log.throttled()}))
}

async fn reset(State(shared): App) -> Json<Value> {
    shared.inner().log.reset();
    Json(json!({}))
}

async fn add_fault(State(shared): App, Json(fault): Json<Fault>) -> Json<Value> {
    shared.inner().faults.add(fault);
    Json(json!({}))
}

async fn clear_faults(State(shared): App) -> Json<Value> {
    shared.inner().faults.clear();
    Json(json!({}))
}

async fn clock(State(shared): App) -> Json<Value> {
    Json(json!({"now": shared.clock.now(), "pace": shared.clock.pace()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    /// Logical seconds to go forward at once.
    skip: f64,
}

async fn skip(State(shared): App, Json(skip): Json<Skip>) -> Json<Value> {
    shared.clock.skip(skip.skip);
    Json(json!({"now": shared.clock.now()}))
}

async fn add_stack_failure(State(shared): App, Json(failure): Json<StackFailure>) -> Json<Value> {
    shared.inner().world.cloudformation.failures.push(failure);
    Json(json!({}))
}

async fn clear_stack_failures(State(shared): App) -> Json<Value> {
    shared.inner().world.cloudformation.failures.clear();
    Json(json!({}))
}

async fn drift(State(shared): App, Json(drift): Json<StackDrift>) -> (StatusCode, Json<Value>) {
    let now = shared.clock.now();
    let mut inner = shared.inner();
    inner.world.advance(now);
    if inner.world.cloudformation.drift(&drift) {
        (StatusCode::OK, Json(json!({})))
    } else {
        (StatusCode::NOT_FOUND, Json(json!({"message": "There is no such resource in a stack of that name."})))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProject {
    /// `acme/deploy`.
    path: String,
}

async fn add_project(State(shared): App, Json(new): Json<NewProject>) -> Json<Value> {
    Json(json!({"id": shared.gitlab.add_project(&new.path), "token": gitlab::TOKEN}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCommit {
    project: String,
    sha: String,
    /// The branch that it is now the tip of.
    branch: Option<String>,
    tag: Option<String>,
}

async fn add_commit(State(shared): App, Json(new): Json<NewCommit>) -> Json<Value> {
    if let Some(tag) = &new.tag {
        shared.gitlab.add_tag(&new.project, &new.sha, tag);
    }
    if new.branch.is_some() || new.tag.is_none() {
        shared.gitlab.add_commit(&new.project, &new.sha, new.branch.as_deref().unwrap_or("main"));
    }
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPipeline {
    project: String,
    sha: String,
    /// The branch or tag that it runs for.
    #[serde(rename = "ref", default = "main")]
    reference: String,
}

fn main() -> String {
    "main".to_owned()
}

async fn add_pipeline(State(shared): App, Json(new): Json<NewPipeline>) -> Json<Value> {
    shared.gitlab.add_project(&new.project);
    Json(json!({"id": shared.gitlab.add_pipeline(&new.project, &new.sha, &new.reference)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewJob {
    pipeline: u64,
    name: String,
    status: String,
}

async fn add_job(State(shared): App, Json(new): Json<NewJob>) -> Json<Value> {
    Json(json!({"id": shared.gitlab.add_job(new.pipeline, &new.name, &new.status)}))
}
