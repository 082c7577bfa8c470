//! Downloads from GitLab, to disk. GitLab may answer from its object storage or a CDN, by a redirect: the token is for GitLab's
//! host alone, and goes nowhere else. <https://docs.gitlab.com/administration/object_storage/#proxy-download>

use std::io::Write;
use std::time::Duration;

use gitlab::api::Endpoint;
use gitlab::api::projects::jobs::artifacts::{DownloadJobArtifactFile, DownloadJobArtifacts};
use http::{StatusCode, header};

use super::fetched::Fetched;
use super::{JobError, blocking};
use crate::artifact::blob::Blob;
use crate::reporter::client::{Client, causes, meaning, refused};
use crate::wire::Network;

/// Larger downloads are given up: five times what GitLab.com allows a job
/// (<https://docs.gitlab.com/user/gitlab_com/#cicd>).
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(30);

/// Redirects that are followed, one after another.
const HOPS: usize = 3;

pub(super) struct Downloads {
    network: Network,
    url: String,
}

impl Downloads {
    pub fn new(url: &str) -> Self {
        let network = Network::new(|| {
            reqwest::Client::builder()
                .connect_timeout(SILENCE / 3)
                .read_timeout(SILENCE)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("driftless/", env!("CARGO_PKG_VERSION")))
        });
        Downloads { network, url: url.trim_end_matches('/').to_owned() }
    }

    /// <https://docs.gitlab.com/api/job_artifacts/#download-a-single-artifact-file-by-job-id>
    pub async fn file(&self, client: &Client, job: u64, path: &str) -> Result<Fetched, JobError> {
        let endpoint =
            DownloadJobArtifactFile::builder().project(client.project()).job(job).path(path).build().map_err(refused)?;
        let what = format!("`{path}` of job {job}");
        let blob = self.fetch(client, &endpoint.endpoint(), &what).await?;
        let path = path.to_owned();
        blocking(move || Fetched::of_file(job, path, blob)).await
    }

    /// <https://docs.gitlab.com/api/job_artifacts/#download-job-artifacts-by-job-id>
    pub async fn archive(&self, client: &Client, job: u64) -> Result<Fetched, JobError> {
        let endpoint = DownloadJobArtifacts::builder().project(client.project()).job(job).build().map_err(refused)?;
        let blob = self.fetch(client, &endpoint.endpoint(), &format!("the files of job {job}")).await?;
        blocking(move || Fetched::of_archive(job, blob)).await
    }

    async fn fetch(&self, client: &Client, endpoint: &str, what: &str) -> Result<Blob, JobError> {
        let down = |error: reqwest::Error| JobError::Down(causes(&error.without_url()));
        let first = format!("{}/api/v4/{endpoint}", self.url);
        let token = client.token().await.map_err(|error| JobError::Down(error.to_string()))?;
        let http = self.network.client().map_err(down)?;
        let mut answer = http.get(&first).header("PRIVATE-TOKEN", token).send().await.map_err(down)?;
        for _ in 0..HOPS {
            if !answer.status().is_redirection() {
                break;
            }
            let next = elsewhere(&answer).ok_or_else(|| {
                JobError::missing(
                    "GitLabRefused",
                    format!("GitLab sends {what} to an address that is not taken: https is expected"),
                )
            })?;
            answer = http.get(next).send().await.map_err(down)?;
        }
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND => {
                let message = format!("GitLab has not {what}: it is not among the job's `artifacts:paths`, or has expired (404)");
                return Err(JobError::missing("NotFound", message));
            }
            status => {
                let said = answer.text().await.unwrap_or_default();
                let said: String = said.chars().take(200).collect();
                return Err(meaning(status.as_u16(), &said).into());
            }
        }
        if answer.content_length().is_some_and(|length| length > LARGEST) {
            return Err(too_large(what));
        }
        let mut file = tempfile::tempfile()?;
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await.map_err(down)? {
            bytes += chunk.len() as u64;
            if bytes > LARGEST {
                return Err(too_large(what));
            }
            file = blocking(move || {
                file.write_all(&chunk)?;
                Ok(file)
            })
            .await?;
        }
        Ok(Blob::of_file(file)?)
    }
}

/// Where a redirect leads: to https, or on from a plain address to another plain one (a GitLab without TLS).
fn elsewhere(answer: &reqwest::Response) -> Option<reqwest::Url> {
    let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    let next = answer.url().join(location).ok()?;
    (next.scheme() == "https" || next.scheme() == answer.url().scheme()).then_some(next)
}

fn too_large(what: &str) -> JobError {
    JobError::missing("TooLarge", format!("{what}: more than {} GiB are not fetched", LARGEST >> 30))
}
