//! CI jobs and what they kept: <https://docs.gitlab.com/api/jobs/>, <https://docs.gitlab.com/api/job_artifacts/>.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::GitLab;
use super::routes::{Parameters, answer, list};
use super::rules::not_found;
use super::store::time;

/// A CI job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique in the instance.
    pub id: u64,
    /// The pipeline it is part of.
    pub pipeline_id: u64,
    /// As .gitlab-ci.yml calls it.
    pub name: String,
    /// `created`, `pending`, `running`, `success`, `failed`, `canceled`, `skipped`, `manual` …
    pub status: String,
    /// What it kept, by path; None: nothing.
    pub artifacts: Option<BTreeMap<String, Vec<u8>>>,
    /// GitLab has deleted what it kept.
    pub expired: bool,
}

impl GitLab {
    /// A job of a pipeline, in a status, without artifacts. Its id.
    pub fn add_job(&self, pipeline: u64, name: &str, status: &str) -> u64 {
        let mut instance = self.instance();
        let id = instance.store.id();
        let job =
            Job { id, pipeline_id: pipeline, name: name.to_owned(), status: status.to_owned(), artifacts: None, expired: false };
        let project =
            instance.store.projects.iter_mut().find(|project| project.pipelines.iter().any(|known| known.id == pipeline));
        if let Some(project) = project {
            project.jobs.push(job);
        }
        id
    }

    /// A job goes on to another status.
    pub fn set_job_status(&self, job: u64, status: &str) {
        self.change_job(job, |job| job.status = status.to_owned());
    }

    /// What a job kept.
    pub fn keep_artifacts(&self, job: u64, files: &[(&str, &[u8])]) {
        let kept = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        self.change_job(job, |job| job.artifacts = Some(kept));
    }

    /// What a job kept is deleted, as after its `expire_in`.
    pub fn expire_artifacts(&self, job: u64) {
        self.change_job(job, |job| job.expired = true);
    }

    /// Artifacts are answered for by a redirect to an object storage from now on, which refuses GitLab's token as S3 would refuse a
    /// second way of signing in.
    pub fn store_artifacts_elsewhere(&self, elsewhere: bool) {
        self.instance().elsewhere = elsewhere;
    }

    fn change_job(&self, id: u64, change: impl FnOnce(&mut Job)) {
        let mut instance = self.instance();
        let mut jobs = instance.store.projects.iter_mut().flat_map(|project| &mut project.jobs);
        if let Some(job) = jobs.find(|job| job.id == id) {
            change(job);
        }
    }

    fn job(&self, id: u64) -> Option<Job> {
        let instance = self.instance();
        instance.store.projects.iter().flat_map(|project| &project.jobs).find(|job| job.id == id).cloned()
    }
}

/// Behind the token.
pub(super) fn routes() -> Router<GitLab> {
    Router::new()
        .route("/api/v4/projects/{id}/pipelines/{pipeline}/jobs", get(jobs))
        .route("/api/v4/projects/{id}/jobs/{job}/artifacts", get(archive))
        .route("/api/v4/projects/{id}/jobs/{job}/artifacts/{*path}", get(file))
}

/// The object storage that GitLab redirects to, at an address of its own.
pub(super) fn storage(gitlab: GitLab) -> Router {
    Router::new()
        .route("/gitlab-storage/{job}", get(stored_archive))
        .route("/gitlab-storage/{job}/{*path}", get(stored_file))
        .with_state(gitlab)
}

/// The newest first; those that were run again are left out, which here are none.
async fn jobs(
    State(gitlab): State<GitLab>,
    Path((id, pipeline)): Path<(String, u64)>,
    Query(query): Query<Parameters>,
) -> Response {
    let mut instance = gitlab.instance();
    let Some(project) = instance.store.project(&id) else { return answer(not_found("Project")) };
    if !project.pipelines.iter().any(|known| known.id == pipeline) {
        return answer(not_found("Pipeline"));
    }
    let of = project.jobs.iter().rev().filter(|job| job.pipeline_id == pipeline);
    list(of.map(shown).collect(), &query)
}

pub(super) fn shown(job: &Job) -> Value {
    let kept = job.artifacts.as_ref().filter(|_| !job.expired);
    json!({
        "id": job.id, "name": job.name, "stage": "build", "status": job.status, "tag": false, "allow_failure": false,
        "pipeline": { "id": job.pipeline_id },
        "artifacts": kept.iter().map(|_| json!({ "file_type": "archive", "filename": "artifacts.zip" })).collect::<Vec<_>>(),
        "artifacts_file": kept.map(|kept| json!({ "filename": "artifacts.zip", "size": kept.len() })),
        "artifacts_expire_at": job.artifacts.as_ref().map(|_| time(job.id)),
    })
}

async fn archive(State(gitlab): State<GitLab>, Path((_, job)): Path<(String, u64)>) -> Response {
    if gitlab.instance().elsewhere {
        return redirect(format!("/gitlab-storage/{job}"));
    }
    packed(&gitlab, job)
}

async fn file(State(gitlab): State<GitLab>, Path((_, job, path)): Path<(String, u64, String)>) -> Response {
    if gitlab.instance().elsewhere {
        return redirect(format!("/gitlab-storage/{job}/{path}"));
    }
    one(&gitlab, job, &path)
}

async fn stored_archive(State(gitlab): State<GitLab>, headers: HeaderMap, Path(job): Path<u64>) -> Response {
    signed_twice(&gitlab, &headers).unwrap_or_else(|| packed(&gitlab, job))
}

async fn stored_file(State(gitlab): State<GitLab>, headers: HeaderMap, Path((job, path)): Path<(u64, String)>) -> Response {
    signed_twice(&gitlab, &headers).unwrap_or_else(|| one(&gitlab, job, &path))
}

fn redirect(to: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

fn signed_twice(gitlab: &GitLab, headers: &HeaderMap) -> Option<Response> {
    let leaked = headers.contains_key("private-token") || headers.contains_key(header::AUTHORIZATION);
    leaked.then(|| {
        gitlab.instance().requests.push("LEAKED TOKEN".to_owned());
        (StatusCode::BAD_REQUEST, "Only one auth mechanism allowed").into_response()
    })
}

fn kept(gitlab: &GitLab, job: u64) -> Option<BTreeMap<String, Vec<u8>>> {
    gitlab.job(job).filter(|job| !job.expired)?.artifacts
}

fn one(gitlab: &GitLab, job: u64, path: &str) -> Response {
    match kept(gitlab, job).and_then(|mut kept| kept.remove(path)) {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        None => answer((404, json!({ "message": "404 Not Found" }))),
    }
}

fn packed(gitlab: &GitLab, job: u64) -> Response {
    let Some(kept) = kept(gitlab, job) else { return answer((404, json!({ "message": "404 Not Found" }))) };
    match zip(&kept) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn zip(files: &BTreeMap<String, Vec<u8>>) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        archive.start_file(path.as_str(), zip::write::SimpleFileOptions::default())?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
