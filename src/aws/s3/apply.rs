//! A step is one call for each of its objects, in parallel. The others go on when one fails: what is written stays written, and
//! the next look finds what is left.

use std::future::Future;

use driftless_core::observed::UnfinishedUpload;
use driftless_core::plan::artifact::{ArtifactStep, Delete};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::{REQUESTS, S3, s3_call};
use crate::aws::error::ProviderError;
use crate::aws::providers::Applied;

impl S3 {
    /// Makes the step. Every kind of [`ProviderError`]; after `Unavailable` a call may have had its effect.
    pub async fn apply(&self, step: &ArtifactStep) -> Result<Applied, ProviderError> {
        match step {
            ArtifactStep::AbortUploads { bucket, uploads } => {
                let all = uploads.iter().cloned().map(|upload| {
                    let (this, bucket) = (self.clone(), bucket.clone());
                    async move { this.abort(&bucket, &upload).await }
                });
                together(format!("s3://{bucket}"), "upload", all.collect()).await
            }
            ArtifactStep::PutObjects { bucket, objects } => {
                let what = match &objects[..] {
                    [only] => format!("s3://{bucket}/{}", only.key),
                    _ => format!("s3://{bucket}"),
                };
                let all = objects.iter().cloned().map(|put| {
                    let (this, bucket) = (self.clone(), bucket.clone());
                    async move { this.put(&bucket, &put).await }
                });
                together(what, "object", all.collect()).await
            }
            ArtifactStep::DeleteObjects { bucket, objects } => {
                let all = objects.iter().cloned().map(|delete| {
                    let (this, bucket) = (self.clone(), bucket.clone());
                    async move { this.delete(&bucket, &delete).await }
                });
                together(format!("s3://{bucket}"), "object", all.collect()).await
            }
        }
    }

    /// What was completed or aborted since is as gone as can be.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
    pub(super) async fn abort(&self, bucket: &str, upload: &UnfinishedUpload) -> Result<f64, ProviderError> {
        let place = format!("s3://{bucket}/{}", upload.key);
        let aborted = s3_call!(self.target, "AbortMultipartUpload", &place, |client| {
            client.abort_multipart_upload().bucket(bucket).key(&upload.key).upload_id(&upload.upload_id)
        });
        match aborted {
            Ok(answer) => Ok(answer.now),
            Err(error) if error.code() == Some("NoSuchUpload") => Ok(0.0),
            Err(error) => Err(error),
        }
    }

    /// Only the object that was seen: "If the ETag doesn't match, the delete operation fails with a 412 Precondition Failed".
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>
    async fn delete(&self, bucket: &str, delete: &Delete) -> Result<f64, ProviderError> {
        let _request = self.requests.acquire().await.expect("never closed");
        let place = format!("s3://{bucket}/{}", delete.key);
        let deleted = s3_call!(self.target, "DeleteObject", &place, |client| {
            client.delete_object().bucket(bucket).key(&delete.key).if_match(&delete.etag)
        });
        match deleted {
            Ok(answer) => Ok(answer.now),
            // Gone already.
            Err(ProviderError::NotFound(failure)) if failure.code.as_deref() != Some("NoSuchBucket") => Ok(0.0),
            Err(error) => Err(error),
        }
    }
}

/// Waits for all of them; the first failure is told, the others are logged.
async fn together<Sent: Future<Output = Result<f64, ProviderError>>>(
    place: String,
    what: &str,
    calls: Vec<Sent>,
) -> Result<Applied, ProviderError> {
    let count = calls.len();
    let mut running = stream::iter(calls).buffer_unordered(REQUESTS);
    let (mut now, mut failed) = (0.0_f64, None);
    while let Some(outcome) = running.next().await {
        match outcome {
            Ok(at) => now = now.max(at),
            Err(error) if failed.is_none() => failed = Some(error),
            Err(error) => tracing::warn!(%error, "another {what} of the same step failed too"),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let arn = if count == 1 { place } else { format!("{place} ({count} {what}s)") };
    Ok(Applied { arn: Some(arn), now: if now > 0.0 { now } else { crate::clock::now() as f64 } })
}
