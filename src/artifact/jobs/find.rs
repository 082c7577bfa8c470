//! Which job is meant, and whether it has ended.
//! <https://docs.gitlab.com/api/pipelines/#list-project-pipelines>, <https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>

use gitlab::api::projects::pipelines::{PipelineJobs, PipelineStatus, Pipelines};
use gitlab::api::{AsyncQuery, Pagination, paged};
use serde::Deserialize;

use super::JobError;
use crate::reporter::client::{Client, failure, refused};

/// Pipelines of a commit that are looked at, the newest first; and of a branch.
const PIPELINES: usize = 20;
/// Jobs of a pipeline that are looked at.
const JOBS: usize = 1000;

/// A job that has ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// GitLab's id of it.
    pub id: u64,
    /// GitLab has deleted its files, or it kept none. What to say of it.
    pub gone: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Pipeline {
    id: u64,
    /// `push`, `external` (made for commit statuses) …; absent before GitLab 13.
    source: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Job {
    id: u64,
    name: String,
    status: String,
    artifacts_file: Option<serde_json::Value>,
    artifacts_expire_at: Option<String>,
}

/// Of the very commit.
pub(super) async fn of_commit(client: &Client, name: &str, sha: &str) -> Result<Found, JobError> {
    let mut endpoint = Pipelines::builder();
    endpoint.project(client.project()).sha(sha);
    let endpoint = endpoint.build().map_err(refused)?;
    let pipelines: Vec<Pipeline> = paged(endpoint, Pagination::Limit(PIPELINES)).query_async(client).await.map_err(failure)?;
    // The pipeline of our own statuses runs no job.
    let own = pipelines.iter().filter(|pipeline| pipeline.source.as_deref() != Some("external"));
    let own: Vec<u64> = own.map(|pipeline| pipeline.id).collect();
    if own.is_empty() {
        return Err(JobError::NotYet(format!("GitLab has no pipeline of commit {} yet, and so no job `{name}`", short(sha))));
    }
    let mut all = Vec::new();
    for pipeline in own {
        all.extend(jobs(client, pipeline).await?);
    }
    decide(name, &format!("commit {}", short(sha)), &all)
}

/// Of the latest pipeline of a branch or tag that succeeded and has such a job: what GitLab calls the latest artifacts.
/// <https://docs.gitlab.com/api/job_artifacts/#download-job-artifacts-by-reference-name>
pub(super) async fn latest(client: &Client, name: &str, reference: &str) -> Result<Found, JobError> {
    let mut endpoint = Pipelines::builder();
    endpoint.project(client.project()).ref_(reference).status(PipelineStatus::Success);
    let endpoint = endpoint.build().map_err(refused)?;
    let pipelines: Vec<Pipeline> = paged(endpoint, Pagination::Limit(PIPELINES)).query_async(client).await.map_err(failure)?;
    for pipeline in &pipelines {
        let jobs = jobs(client, pipeline.id).await?;
        if let Some(job) = jobs.iter().find(|job| job.name == name && job.status == "success") {
            return Ok(found(job));
        }
    }
    let message = format!(
        "none of the latest successful pipelines of `{reference}` has a job `{name}` that succeeded; correct `spec.source.gitlabJob`, or let one succeed"
    );
    Err(JobError::missing("JobNotFound", message))
}

async fn jobs(client: &Client, pipeline: u64) -> Result<Vec<Job>, JobError> {
    let endpoint = PipelineJobs::builder().project(client.project()).pipeline(pipeline).build().map_err(refused)?;
    Ok(paged(endpoint, Pagination::Limit(JOBS)).query_async(client).await.map_err(failure)?)
}

/// A job that was run again succeeded where any of its runs did; the newest counts.
fn decide(name: &str, of: &str, all: &[Job]) -> Result<Found, JobError> {
    let mut named: Vec<&Job> = all.iter().filter(|job| job.name == name).collect();
    named.sort_by_key(|job| std::cmp::Reverse(job.id));
    if let Some(job) = named.iter().find(|job| job.status == "success") {
        return Ok(found(job));
    }
    let Some(newest) = named.first() else {
        let mut others: Vec<&str> = all.iter().map(|job| job.name.as_str()).collect();
        others.sort_unstable();
        others.dedup();
        others.truncate(10);
        let others = if others.is_empty() { "no job at all".to_owned() } else { format!("`{}`", others.join("`, `")) };
        let message = format!("the pipeline of {of} has no job `{name}`; it has {others}: correct `spec.source.gitlabJob.job`");
        return Err(JobError::missing("JobNotFound", message));
    };
    // https://docs.gitlab.com/api/jobs/#list-project-jobs: the statuses that `scope` takes.
    match newest.status.as_str() {
        "failed" | "canceled" | "canceling" | "skipped" => {
            let message = format!(
                "job `{name}` ({}) of {of} is {}: run it again, or push a commit whose job succeeds",
                newest.id, newest.status
            );
            Err(JobError::missing("JobFailed", message))
        }
        "manual" => Err(JobError::NotYet(format!("job `{name}` ({}) of {of} waits for somebody to start it", newest.id))),
        status => Err(JobError::NotYet(format!("job `{name}` ({}) of {of} is {status}", newest.id))),
    }
}

fn found(job: &Job) -> Found {
    let gone = job.artifacts_file.as_ref().is_none_or(serde_json::Value::is_null).then(|| match &job.artifacts_expire_at {
        Some(at) => format!(
            "the files of job `{}` ({}) expired at {at}: run it again, or let it keep them longer (`artifacts:expire_in`)",
            job.name, job.id
        ),
        None => format!("job `{}` ({}) kept no files: name them by `artifacts:paths` in .gitlab-ci.yml", job.name, job.id),
    });
    Found { id: job.id, gone }
}

fn short(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: u64, name: &str, status: &str) -> Job {
        let artifacts_file = Some(serde_json::json!({"filename": "artifacts.zip", "size": 1}));
        Job { id, name: name.into(), status: status.into(), artifacts_file, artifacts_expire_at: None }
    }

    #[test]
    fn any_success_counts_and_the_newest_of_them() {
        let all = [job(1, "build", "success"), job(3, "build", "failed"), job(2, "build", "success"), job(4, "test", "running")];
        assert_eq!(decide("build", "commit 1f", &all).expect("found").id, 2);
    }

    #[test]
    fn what_has_not_ended_is_waited_for_and_what_ended_badly_is_told() {
        for status in
            ["created", "pending", "preparing", "running", "scheduled", "waiting_for_resource", "waiting_for_callback", "manual"]
        {
            assert!(matches!(decide("build", "commit 1f", &[job(1, "build", status)]), Err(JobError::NotYet(_))), "{status}");
        }
        for status in ["failed", "canceled", "skipped"] {
            let error = decide("build", "commit 1f", &[job(1, "build", status)]).expect_err("told");
            assert!(matches!(error, JobError::Missing { reason: "JobFailed", .. }), "{status}");
        }
        let error = decide("built", "commit 1f", &[job(1, "build", "success")]).expect_err("told").to_string();
        assert_eq!(error, "the pipeline of commit 1f has no job `built`; it has `build`: correct `spec.source.gitlabJob.job`");
    }

    #[test]
    fn files_that_expired_are_told_apart_from_files_that_never_were() {
        let expired =
            Job { artifacts_file: None, artifacts_expire_at: Some("2026-11-01T00:00:00Z".into()), ..job(1, "build", "success") };
        assert!(found(&expired).gone.expect("gone").contains("expired at 2026-11-01"));
        let none = Job { artifacts_file: None, ..job(1, "build", "success") };
        assert!(found(&none).gone.expect("gone").contains("kept no files"));
        assert_eq!(found(&job(1, "build", "success")).gone, None);
    }
}
