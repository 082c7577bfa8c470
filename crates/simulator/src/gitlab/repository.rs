//! What GitLab's clients read beside what the statuses need: lists of projects, branches, tags and jobs, and one of each.
//! <https://docs.gitlab.com/api/projects/>, <https://docs.gitlab.com/api/branches/>, <https://docs.gitlab.com/api/pipelines/>

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::routes::{Parameters, answer, list};
use super::rules::not_found;
use super::store::{Commit, Project};
use super::{GitLab, answers, jobs as ci};

/// <https://docs.gitlab.com/api/version/> and <https://docs.gitlab.com/api/metadata/>
pub(super) async fn version() -> Response {
    Json(json!({ "version": "18.6.0", "revision": "simulator", "enterprise": false })).into_response()
}

/// The newest first; `search` is in the path, as with `search_namespaces`.
pub(super) async fn projects(State(gitlab): State<GitLab>, Query(query): Query<Parameters>) -> Response {
    let instance = gitlab.instance();
    let wanted = |project: &&Project| query.get("search").is_none_or(|search| project.path.contains(search.as_str()));
    let found: Vec<Value> = instance.store.projects.iter().rev().filter(wanted).map(answers::project).collect();
    list(found, &query)
}

/// Runs `show` on a project, or answers that there is none.
fn of_project(gitlab: &GitLab, id: &str, show: impl FnOnce(&Project) -> Response) -> Response {
    match gitlab.instance().store.project(id) {
        Some(project) => show(project),
        None => answer(not_found("Project")),
    }
}

fn found(what: &str, value: Option<Value>) -> Response {
    value.map_or_else(|| answer(not_found(what)), |value| Json(value).into_response())
}

/// By its id, the beginning of it, a branch or a tag.
pub(super) async fn commit(State(gitlab): State<GitLab>, Path((id, sha)): Path<(String, String)>) -> Response {
    of_project(&gitlab, &id, |project| {
        let view = project.commit(&sha).map(|commit| {
            let last = project.pipelines_of(&commit.sha).next().map(|pipeline| answers::pipeline(pipeline, project));
            let mut view = answers::commit(commit);
            view["status"] = last.as_ref().map_or(Value::Null, |pipeline| pipeline["status"].clone());
            view["last_pipeline"] = last.into();
            view
        });
        found("Commit", view)
    })
}

/// The names in `of`, each with its newest commit.
fn tips(project: &Project, of: fn(&Commit) -> &Vec<String>) -> BTreeMap<&str, &Commit> {
    project.commits.iter().flat_map(|commit| of(commit).iter().map(move |name| (name.as_str(), commit))).collect()
}

fn branch_view((name, commit): (&str, &Commit)) -> Value {
    let default = name == "main";
    json!({ "name": name, "commit": answers::commit(commit), "default": default, "protected": default, "merged": false })
}

/// By name.
pub(super) async fn branches(State(gitlab): State<GitLab>, Path(id): Path<String>, Query(query): Query<Parameters>) -> Response {
    of_project(&gitlab, &id, |project| {
        list(tips(project, |commit| &commit.branches).into_iter().map(branch_view).collect(), &query)
    })
}

pub(super) async fn branch(State(gitlab): State<GitLab>, Path((id, name)): Path<(String, String)>) -> Response {
    of_project(&gitlab, &id, |project| {
        let tip = tips(project, |commit| &commit.branches).remove_entry(name.as_str());
        found("Branch", tip.map(branch_view))
    })
}

pub(super) async fn tags(State(gitlab): State<GitLab>, Path(id): Path<String>, Query(query): Query<Parameters>) -> Response {
    let view = |(name, commit): (&str, &Commit)| json!({ "name": name, "target": commit.sha, "commit": answers::commit(commit) });
    of_project(&gitlab, &id, |project| list(tips(project, |commit| &commit.tags).into_iter().map(view).collect(), &query))
}

/// One pipeline by its id, or `latest`: that of the newest push to the default branch, or to `ref`.
pub(super) async fn pipeline(
    State(gitlab): State<GitLab>,
    Path((id, wanted)): Path<(String, String)>,
    Query(query): Query<Parameters>,
) -> Response {
    let reference = query.get("ref").map_or("main", String::as_str);
    of_project(&gitlab, &id, |project| {
        let mut newest = project.pipelines.iter().rev();
        let one = newest.find(|own| own.id.to_string() == wanted || wanted == "latest" && own.reference == reference);
        found("Pipeline", one.map(|pipeline| answers::pipeline(pipeline, project)))
    })
}

/// The newest first, of all pipelines; `scope` is a status.
pub(super) async fn jobs(State(gitlab): State<GitLab>, Path(id): Path<String>, Query(query): Query<Parameters>) -> Response {
    let scope = query.get("scope").or_else(|| query.get("scope[]"));
    of_project(&gitlab, &id, |project| {
        let wanted = project.jobs.iter().rev().filter(|job| scope.is_none_or(|scope| job.status == *scope));
        list(wanted.map(ci::shown).collect(), &query)
    })
}

pub(super) async fn job(State(gitlab): State<GitLab>, Path((id, job)): Path<(String, u64)>) -> Response {
    of_project(&gitlab, &id, |project| found("Job", project.jobs.iter().find(|own| own.id == job).map(ci::shown)))
}
