//! The object that a revision in S3 names, looked at so that the deployment can say which content it is.

use driftless_core::observed::{Observed, RevisionObject};

use super::CodeDeploy;
use crate::aws::error::{Call, ProviderError};
use crate::aws::send::send;

impl CodeDeploy {
    /// HeadObject. Without the right to list the bucket, S3 says of an object that is not there "403 Forbidden": that is
    /// unknown, not absent. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub(super) async fn object(&self, bucket: &str, key: &str) -> Observed<RevisionObject> {
        let resource = format!("s3://{bucket}/{key}");
        let call = Call { service: "s3", action: "HeadObject", resource: &resource };
        let s3 = self.target.s3();
        let head = |raw| s3.head_object().bucket(bucket).key(key).customize().interceptor(raw).send();
        match send(self.target.quotas(), call, None, head).await {
            Ok(answer) => {
                let output = answer.output.as_ref();
                let Some(tag) = output.and_then(|head| head.e_tag()).map(|tag| tag.trim_matches('"')) else {
                    return Observed::Unknown(ProviderError::unavailable(call, "the answer has no ETag").to_string());
                };
                // "null" is the version of what was put while versioning was suspended.
                let version = output.and_then(|head| head.version_id()).filter(|version| *version != "null");
                Observed::Present(RevisionObject { e_tag: tag.to_owned(), version: version.map(str::to_owned) })
            }
            Err(ProviderError::NotFound(_)) => Observed::Absent,
            Err(error) => Observed::Unknown(error.to_string()),
        }
    }
}
