//! Which call of which service concerns what: for messages, permissions and quotas.

use driftless_core::refusal;

/// Which call of which service concerns what: for messages and quotas.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) struct Call<'a> {
    /// IAM's prefix: `ecs`, `sts`.
    pub service: &'static str,
    /// `UpdateService`.
    pub action: &'static str,
    /// `shop/web`, or an ARN.
    pub resource: &'a str,
}

impl Call<'_> {
    /// What IAM calls the right to make it: S3's permissions have other names than its actions.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
    pub(super) fn permission(&self) -> String {
        let action = match (self.service, self.action) {
            // "To use HEAD, you must have the s3:GetObject permission."
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            ("s3", "HeadObject") => "GetObject",
            ("s3", "ListObjectsV2" | "HeadBucket") => "ListBucket",
            ("s3", "ListMultipartUploads") => "ListBucketMultipartUploads",
            ("s3", "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => "PutObject",
            (_, action) => action,
        };
        format!("{}:{action}", self.service)
    }

    /// Whether it may change something.
    pub(in crate::aws) fn writes(&self) -> bool {
        !refusal::reads(self.action)
    }
}
