//! How GitLab writes its things as JSON, and cuts lists into pages.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::store::{Commit, Pipeline, Project, Row, User, time};

pub(super) fn user(user: &User) -> Value {
    json!({ "id": user.id, "username": user.name, "name": user.name, "state": "active", "bot": true })
}

pub(super) fn project(project: &Project) -> Value {
    let (namespace, name) = project.path.rsplit_once('/').unwrap_or(("", &project.path));
    json!({
        "id": project.id, "name": name, "path": name, "path_with_namespace": project.path, "default_branch": "main",
        "name_with_namespace": project.path.replace('/', " / "), "visibility": "private", "archived": false,
        "namespace": { "full_path": namespace, "path": namespace.rsplit('/').next(), "kind": "group" },
    })
}

pub(super) fn commit(commit: &Commit) -> Value {
    let short = commit.sha.get(..8).unwrap_or(&commit.sha);
    let at = time(commit.created_at);
    json!({
        "id": commit.sha, "short_id": short, "title": short, "message": short, "parent_ids": [], "created_at": at,
        "authored_date": at, "committed_date": at, "author_name": "deployer", "author_email": "deployer@example.com",
        "committer_name": "deployer", "committer_email": "deployer@example.com",
    })
}

/// A pipeline; `rows` are the project's.
pub(super) fn pipeline(pipeline: &Pipeline, project: &Project) -> Value {
    json!({
        "id": pipeline.id, "project_id": project.id, "sha": pipeline.sha, "ref": pipeline.reference,
        "status": pipeline_status(pipeline, project), "source": pipeline.source,
        "created_at": time(pipeline.created_at), "updated_at": time(pipeline.created_at),
    })
}

/// As its rows and jobs make it; a pipeline of a push without any runs.
pub(super) fn pipeline_status(pipeline: &Pipeline, project: &Project) -> &'static str {
    let rows = project.rows.iter().filter(|row| row.pipeline_id == pipeline.id && !row.retried).map(|row| row.state.as_str());
    let jobs = project.jobs.iter().filter(|job| job.pipeline_id == pipeline.id).map(|job| job.status.as_str());
    let states: Vec<&str> = rows.chain(jobs).collect();
    let any = |state: &str| states.contains(&state);
    match () {
        () if states.is_empty() || any("running") => "running",
        () if any("pending") || any("created") => "pending",
        () if any("failed") => "failed",
        () if any("canceled") => "canceled",
        () => "success",
    }
}

pub(super) fn row(row: &Row) -> Value {
    json!({
        "id": row.id, "sha": row.sha, "ref": row.reference, "status": row.state, "name": row.name,
        "target_url": row.target_url, "description": row.description, "coverage": null, "allow_failure": false,
        "pipeline_id": row.pipeline_id,
        "created_at": time(row.created_at), "started_at": row.started_at.map(time), "finished_at": row.finished_at.map(time),
        "author": { "id": row.user_id, "username": row.user, "name": row.user, "state": "active" },
    })
}

/// One page of a list, with GitLab's headers (<https://docs.gitlab.com/api/rest/#offset-based-pagination>): 20 a page
/// unless `per_page` says otherwise, at most 100.
pub(super) fn page(all: Vec<Value>, page: Option<usize>, per_page: Option<usize>) -> (HeaderMap, Value) {
    let (page, per_page) = (page.unwrap_or(1).max(1), per_page.unwrap_or(20).clamp(1, 100));
    let total = all.len();
    let pages = total.div_ceil(per_page).max(1);
    let next = if page < pages { (page + 1).to_string() } else { String::new() };
    let previous = if page > 1 { (page - 1).to_string() } else { String::new() };
    let headers = [
        ("x-page", page.to_string()),
        ("x-per-page", per_page.to_string()),
        ("x-total", total.to_string()),
        ("x-total-pages", pages.to_string()),
        ("x-next-page", next),
        ("x-prev-page", previous),
    ];
    let headers = headers
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)));
    (headers.collect(), all.into_iter().skip((page - 1) * per_page).take(per_page).collect())
}
