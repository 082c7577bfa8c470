//! GitLab's REST API v4, as far as commit statuses need it: tokens, parameters, answers, and the faults on demand.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::rules::{Refused, Wish, not_found};
use super::store::User;
use super::{GitLab, Outage, Post, Refusal, answers, jobs, repository};

pub(super) type Parameters = BTreeMap<String, String>;

/// Who asks; put there by [`admit`].
#[derive(Clone)]
struct Caller(User);

pub(super) fn router(gitlab: GitLab) -> Router {
    Router::new()
        .route("/api/v4/user", get(current_user))
        .route("/api/v4/projects", get(repository::projects))
        .route("/api/v4/projects/{id}", get(project))
        .route("/api/v4/projects/{id}/repository/commits/{sha}", get(repository::commit))
        .route("/api/v4/projects/{id}/repository/branches", get(repository::branches))
        .route("/api/v4/projects/{id}/repository/branches/{name}", get(repository::branch))
        .route("/api/v4/projects/{id}/repository/tags", get(repository::tags))
        .route("/api/v4/projects/{id}/pipelines/{pipeline}", get(repository::pipeline))
        .route("/api/v4/projects/{id}/jobs", get(repository::jobs))
        .route("/api/v4/projects/{id}/jobs/{job}", get(repository::job))
        .route("/api/v4/version", get(repository::version))
        .route("/api/v4/metadata", get(repository::version))
        .route("/api/v4/projects/{id}/repository/commits", get(commits))
        .route("/api/v4/projects/{id}/repository/commits/{sha}/statuses", get(statuses))
        .route("/api/v4/projects/{id}/pipelines", get(pipelines))
        .route("/api/v4/projects/{id}/statuses/{sha}", post(post_status))
        .merge(jobs::routes())
        .layer(middleware::from_fn_with_state(gitlab.clone(), admit))
        .with_state(gitlab.clone())
        .merge(jobs::storage(gitlab))
        .route("/api/v4", any(no_such_path))
        .route("/api/v4/{*path}", any(no_such_path))
}

/// Outages, and the token: `PRIVATE-TOKEN`, `JOB-TOKEN` or `Authorization: Bearer`
/// (<https://docs.gitlab.com/api/rest/authentication/>).
async fn admit(State(gitlab): State<GitLab>, mut request: Request, next: Next) -> Response {
    let outage = {
        let mut instance = gitlab.instance();
        let line = format!("{} {}", request.method(), request.uri());
        instance.requests.push(line);
        instance.outage
    };
    match outage {
        Some(Outage::Unavailable) => {
            let page = "<html><body><h1>GitLab is not responding</h1></body></html>";
            return (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/html")], page).into_response();
        }
        Some(Outage::Closed) => return broken_off(),
        None => {}
    }
    let token = token_of(request.headers());
    let user = token.and_then(|token| gitlab.instance().users.of(&token));
    let Some(user) = user else {
        return answer((401, json!({ "message": "401 Unauthorized" })));
    };
    request.extensions_mut().insert(Caller(user));
    next.run(request).await
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || value("authorization")?.strip_prefix("Bearer ");
    value("private-token").or_else(|| value("job-token")).or_else(bearer).map(str::to_owned)
}

/// What GitLab's API answers where it has nothing, whoever asks.
async fn no_such_path() -> Response {
    answer((404, json!({ "error": "404 Not Found" })))
}

/// A connection that closes in the middle of an answer.
fn broken_off() -> Response {
    let lost = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("the simulator breaks off")) });
    let body = Body::from_stream(lost);
    Response::builder().header(header::CONTENT_LENGTH, 64).body(body).unwrap_or_default()
}

pub(super) fn answer((status, body): Refused) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

async fn current_user(axum::Extension(Caller(user)): axum::Extension<Caller>) -> Response {
    Json(answers::user(&user)).into_response()
}

async fn project(State(gitlab): State<GitLab>, Path(id): Path<String>) -> Response {
    match gitlab.instance().store.project(&id) {
        Some(project) => Json(answers::project(project)).into_response(),
        None => answer(not_found("Project")),
    }
}

/// Newest first; `ref_name` is a branch or a tag, by default the branch `main`.
async fn commits(State(gitlab): State<GitLab>, Path(id): Path<String>, Query(query): Query<Parameters>) -> Response {
    let mut instance = gitlab.instance();
    let Some(project) = instance.store.project(&id) else { return answer(not_found("Project")) };
    let reference = query.get("ref_name").map_or("main", String::as_str);
    let on = project
        .commits
        .iter()
        .rev()
        .filter(|commit| commit.branches.iter().chain(&commit.tags).any(|name| name == reference) || commit.sha == reference);
    list(on.map(answers::commit).collect(), &query)
}

/// Newest first; filtered by `sha` and `ref`.
async fn pipelines(State(gitlab): State<GitLab>, Path(id): Path<String>, Query(query): Query<Parameters>) -> Response {
    let mut instance = gitlab.instance();
    let Some(project) = instance.store.project(&id) else { return answer(not_found("Project")) };
    if project.without_ci {
        return answer((403, json!({ "message": "403 Forbidden" })));
    }
    let wanted = project.pipelines.iter().rev().filter(|pipeline| {
        query.get("sha").is_none_or(|sha| pipeline.sha == *sha)
            && query.get("ref").is_none_or(|reference| pipeline.reference == *reference)
            && query.get("status").is_none_or(|status| answers::pipeline_status(pipeline, project) == *status)
    });
    list(wanted.map(|pipeline| answers::pipeline(pipeline, project)).collect(), &query)
}

/// By id, oldest first; the latest of each name in each pipeline, unless `all` is asked for.
async fn statuses(
    State(gitlab): State<GitLab>,
    Path((id, sha)): Path<(String, String)>,
    Query(query): Query<Parameters>,
) -> Response {
    let mut instance = gitlab.instance();
    let accept_unknown = instance.store.accept_unknown;
    let Some(project) = instance.store.project(&id) else { return answer(not_found("Project")) };
    let sha = match project.commit(&sha) {
        Some(commit) => commit.sha.clone(),
        None if accept_unknown => sha,
        None => return answer(not_found("Commit")),
    };
    let all = query.get("all").is_some_and(|all| all == "true");
    let mut rows: Vec<_> = project
        .rows
        .iter()
        .filter(|row| row.sha == sha && (all || !row.retried))
        .filter(|row| query.get("ref").is_none_or(|reference| row.reference == *reference))
        .filter(|row| query.get("name").is_none_or(|name| row.name == *name))
        .filter(|_| query.get("stage").is_none_or(|stage| stage == "external"))
        .filter(|row| query.get("pipeline_id").is_none_or(|id| row.pipeline_id.to_string() == *id))
        .collect();
    if query.get("order_by").is_some_and(|by| by == "pipeline_id") {
        rows.sort_by_key(|row| (row.pipeline_id, row.id));
    }
    if query.get("sort").is_some_and(|sort| sort == "desc") {
        rows.reverse();
    }
    list(rows.into_iter().map(answers::row).collect(), &query)
}

pub(super) fn list(all: Vec<Value>, query: &Parameters) -> Response {
    let number = |name: &str| query.get(name).and_then(|value| value.parse().ok());
    let (headers, page) = answers::page(all, number("page"), number("per_page"));
    (headers, Json(page)).into_response()
}

async fn post_status(
    State(gitlab): State<GitLab>,
    Path((id, sha)): Path<(String, String)>,
    axum::Extension(Caller(user)): axum::Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parameters = parameters(&uri, &headers, &body);
    let wish = match wish(&parameters) {
        Ok(wish) => wish,
        Err(refused) => return answer(refused),
    };
    let refusal = gitlab.instance().refusals.pop_front();
    if let Some(Refusal::Late(delay)) = refusal {
        tokio::time::sleep(delay).await;
    }
    let mut instance = gitlab.instance();
    let outcome = match &refusal {
        Some(Refusal::Conflict) => Err((409, json!({ "message": "Another update to this commit status is in progress" }))),
        Some(Refusal::Forbidden) => Err((403, json!({ "message": "403 Forbidden" }))),
        Some(Refusal::Answer(status, message)) => Err((*status, json!({ "message": message }))),
        Some(Refusal::LostAnswer | Refusal::Late(_)) | None => instance.store.post(&id, &sha, &wish, &user),
    };
    let lost = refusal == Some(Refusal::LostAnswer);
    let status = match &outcome {
        _ if lost => 0,
        Ok(_) => 201,
        Err((status, _)) => *status,
    };
    instance.posts.push(Post {
        sha,
        name: wish.name,
        state: wish.state,
        reference: wish.reference,
        pipeline_id: wish.pipeline_id,
        description: wish.description,
        user: user.name,
        answer: status,
    });
    match outcome {
        _ if lost => broken_off(),
        Ok(row) => (StatusCode::CREATED, Json(answers::row(&row))).into_response(),
        Err(refused) => answer(refused),
    }
}

/// From the query, and from a form or a JSON object as the body: GitLab takes all three.
fn parameters(uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Parameters {
    let parse = |uri: &Uri| Query::<Parameters>::try_from_uri(uri).map(|Query(found)| found).unwrap_or_default();
    let mut all = parse(uri);
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if json {
        let object: BTreeMap<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        all.extend(object.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name, text)
        }));
    } else if let Ok(text) = std::str::from_utf8(body)
        && let Ok(form) = format!("/?{text}").parse::<Uri>()
    {
        all.extend(parse(&form));
    }
    all
}

/// Grape's checks, before anything is looked up.
fn wish(parameters: &Parameters) -> Result<Wish, Refused> {
    let bad = |message: &str| (400, json!({ "error": message }));
    let state = parameters.get("state").ok_or_else(|| bad("state is missing"))?;
    if !["pending", "running", "success", "failed", "canceled", "skipped"].contains(&state.as_str()) {
        return Err(bad("state does not have a valid value"));
    }
    let pipeline_id = parameters.get("pipeline_id").map(|id| id.parse().map_err(|_| bad("pipeline_id is invalid")));
    let text = |name: &str| parameters.get(name).cloned();
    Ok(Wish {
        state: state.clone(),
        name: text("name").or_else(|| text("context")).unwrap_or_else(|| "default".to_owned()),
        reference: text("ref"),
        target_url: text("target_url"),
        description: text("description"),
        pipeline_id: pipeline_id.transpose()?,
    })
}
