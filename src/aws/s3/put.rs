//! PutObject: one object in one request, from memory, and only if the bucket is as it was seen.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::base64;
use driftless_core::observed::ObjectHead;
use driftless_core::plan::artifact::{AT, Put, SHA256};
use sha2::{Digest, Sha256};

use super::heads::Listed;
use super::{BYTES, S3};
use crate::artifact::ContentError;
use crate::artifact::blob::{Blob, hex};
use crate::aws::error::{Call, ProviderError};
use crate::aws::send::send;
use crate::aws::target::OPERATION_TIMEOUT;

/// Larger objects go in parts: the AWS CLI's `multipart_threshold`,
/// <https://docs.aws.amazon.com/cli/latest/topic/s3-config.html#multipart-threshold>.
pub(super) const THRESHOLD: u64 = 8 * 1024 * 1024;

/// What a connection has to carry at least, in bytes a second, before a request is given up.
const SLOWEST: u64 = 64 * 1024;

impl S3 {
    /// Writes one object. AWS's clock.
    pub(super) async fn put(&self, bucket: &str, put: &Put) -> Result<f64, ProviderError> {
        let place = format!("s3://{bucket}/{}", put.key);
        let call = Call { service: "s3", action: "PutObject", resource: &place };
        // Not more in memory at once than is allowed; of what goes in parts, each part asks for itself.
        let expected = put.item.bytes.unwrap_or_default().min(THRESHOLD);
        let room = self.room(expected).await;
        let blob = match self.contents.open(&put.item.origin).await {
            Ok(blob) => blob,
            Err(error) => return Err(unreadable(call, &error)),
        };
        if blob.len() > THRESHOLD {
            drop(room);
            return self.put_in_parts(bucket, put, blob).await;
        }
        let _request = self.requests.acquire().await.expect("never closed");
        let (bytes, digest) = read(blob).await.map_err(|error| unreadable(call, &error))?;
        let sha256 = hex(&digest);
        self.check(call, put, &sha256).await?;
        let size = bytes.len() as u64;
        let metadata = self.metadata(put, sha256);
        let client = self.target.s3();
        let request = described!(client.put_object().bucket(bucket), put, &metadata)
            // S3 refuses bytes that are not those which were decided on, and keeps the digest with the object.
            .checksum_sha256(base64::encode(digest))
            .set_if_match(put.replaces.clone())
            .set_if_none_match(put.replaces.is_none().then(|| "*".to_owned()))
            .body(ByteStream::from(bytes));
        let sent = send(self.target.quotas(), call, None, |raw| {
            request.customize().config_override(patient(size)).interceptor(raw).send()
        });
        let answer = sent.await?;
        if let Some(output) = &answer.output
            && let Some(etag) = output.e_tag()
        {
            let encryption = output.server_side_encryption().map(|encryption| encryption.as_str().to_owned());
            let answered = Answered {
                encryption,
                kms_key_id: output.ssekms_key_id().map(str::to_owned),
                version_id: output.version_id().map(str::to_owned),
                now: answer.now,
            };
            self.learn(bucket, put, etag, size, head_as_sent(put, metadata, answered));
        }
        Ok(answer.now)
    }

    /// All metadata of an object that is sent now: what only the bytes say, and when.
    pub(super) fn metadata(&self, put: &Put, sha256: String) -> BTreeMap<String, String> {
        let mut metadata = put.metadata.clone();
        metadata.insert(SHA256.to_owned(), sha256);
        // Many objects of one step are sent long after it was planned.
        let planned = metadata.get(AT).and_then(|at| at.parse::<u64>().ok()).unwrap_or_default();
        metadata.insert(AT.to_owned(), planned.max(self.clock.load(Ordering::Relaxed)).to_string());
        metadata
    }

    /// The bytes are those that were decided on.
    pub(super) async fn check(&self, call: Call<'_>, put: &Put, sha256: &str) -> Result<(), ProviderError> {
        if put.item.sha256.as_ref().is_some_and(|wanted| wanted != sha256) {
            self.contents.distrust(&put.item.origin).await;
            let error = ContentError::Changed(put.key.clone());
            return Err(unreadable(call, &error));
        }
        Ok(())
    }

    /// Room in memory for so many bytes.
    pub(super) async fn room(&self, bytes: u64) -> tokio::sync::SemaphorePermit<'_> {
        let bytes = u32::try_from(bytes).unwrap_or(BYTES).min(BYTES);
        self.bytes.acquire_many(bytes).await.expect("never closed")
    }

    /// What a HEAD would say now, so that it need not be asked.
    pub(super) fn learn(&self, bucket: &str, put: &Put, etag: &str, bytes: u64, head: ObjectHead) {
        let now = head.modified.unwrap_or_default();
        self.clock.fetch_max(now.max(0.0) as u64, Ordering::Relaxed);
        let listed = Listed { etag: etag.to_owned(), bytes, modified: head.modified };
        self.heads.learn(bucket, &put.key, listed, head);
    }
}

/// All of a blob, and its SHA-256.
async fn read(blob: Blob) -> Result<(bytes::Bytes, [u8; 32]), ContentError> {
    let read = move || -> std::io::Result<_> {
        let bytes = blob.range(0, blob.len())?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        Ok((bytes, digest))
    };
    match crate::ambient::blocking(read).await {
        Ok(read) => Ok(read?),
        Err(failure) => Err(ContentError::System(std::io::Error::other(failure))),
    }
}

/// What the answer to a write says of the object.
pub(super) struct Answered {
    pub encryption: Option<String>,
    pub kms_key_id: Option<String>,
    pub version_id: Option<String>,
    /// AWS's clock.
    pub now: f64,
}

/// The object's head as it was sent, and as the answer shows it.
pub(super) fn head_as_sent(put: &Put, metadata: BTreeMap<String, String>, answered: Answered) -> ObjectHead {
    ObjectHead {
        content_type: Some(put.content_type.clone()),
        cache_control: put.cache_control.clone(),
        metadata,
        // As HeadObject says it.
        storage_class: put.storage_class.clone().filter(|class| class != "STANDARD"),
        server_side_encryption: answered.encryption,
        kms_key_id: answered.kms_key_id,
        modified: Some(answered.now),
        version_id: answered.version_id,
    }
}

/// The key and all headers that describe an object, on the SDK's builder of either call that makes one.
macro_rules! described {
    ($builder:expr, $put:expr, $metadata:expr) => {
        $builder
            .key(&$put.key)
            .content_type(&$put.content_type)
            .set_cache_control($put.cache_control.clone())
            .set_metadata(Some($metadata.clone().into_iter().collect()))
            .set_storage_class($put.storage_class.as_deref().map(aws_sdk_s3::types::StorageClass::from))
            .set_server_side_encryption($put.server_side_encryption.as_deref().map(aws_sdk_s3::types::ServerSideEncryption::from))
            .set_ssekms_key_id($put.sse_kms_key_id.clone())
    };
}
pub(super) use described;

/// A request that carries so many bytes may take as long as a slow connection needs.
pub(super) fn patient(bytes: u64) -> aws_sdk_s3::config::Builder {
    let longest = OPERATION_TIMEOUT + Duration::from_secs(bytes / SLOWEST);
    let timeouts = TimeoutConfig::builder().operation_timeout(longest).build();
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts)
}

/// What there is to push could not be had.
pub(super) fn unreadable(call: Call<'_>, error: &ContentError) -> ProviderError {
    match error {
        ContentError::Changed(_) => ProviderError::conflict(call, format!("nothing was written: {error}")),
        ContentError::Refused { .. } => {
            ProviderError::invalid(call, format!("nothing was written: {error}"), "correct the source or the manifest")
        }
        ContentError::Source(source) if !source.retry() => {
            ProviderError::invalid(call, format!("nothing was written: {error}"), "correct the source or the manifest")
        }
        _ => ProviderError::conflict(call, format!("nothing was written: {error}")),
    }
}
