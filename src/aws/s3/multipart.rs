//! A large object, in parts: streamed off the disk or out of Git's unpacked blob, a few parts in memory at a time.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
//!
//! The whole object has one CRC64NVME, which S3 makes of those of its parts ("full object"); SHA-256 it can only combine
//! ("composite"), so that one stands in the metadata, and is checked here while the parts are read.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html#full-object-checksums>

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use driftless_core::observed::UnfinishedUpload;
use driftless_core::plan::artifact::Put;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sha2::{Digest, Sha256};

use super::put::{Answered, THRESHOLD, described, head_as_sent, patient, unreadable};
use super::{S3, s3_call};
use crate::artifact::ContentError;
use crate::artifact::blob::{Blob, hex};
use crate::aws::error::{Call, ProviderError};
use crate::aws::send::send;

/// "Part numbers: 1 to 10,000 (inclusive)", "Part size: 5 MiB to 5 GiB".
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MOST_PARTS: u64 = 10_000;

/// Parts of one object on their way at once; the AWS CLI has 10 for everything.
const PARTS: usize = 6;

/// "Processing of a CompleteMultipartUpload request could take several minutes to finalize": as if it carried so many bytes.
const COMPLETING: u64 = 64 * 1024 * 600;

/// Bytes in each part but the last: 8 MiB, as the AWS CLI has it, or as many as 10,000 parts need.
fn part_size(bytes: u64) -> u64 {
    const MIB: u64 = 1024 * 1024;
    THRESHOLD.max(bytes.div_ceil(MOST_PARTS).div_ceil(MIB) * MIB)
}

impl S3 {
    pub(super) async fn put_in_parts(&self, bucket: &str, put: &Put, blob: Blob) -> Result<f64, ProviderError> {
        let place = format!("s3://{bucket}/{}", put.key);
        let call = Call { service: "s3", action: "CreateMultipartUpload", resource: &place };
        let sha256 = match &put.item.sha256 {
            Some(known) => known.clone(),
            // It has to stand in the metadata before the first part goes.
            None => self.contents.unless_stopped(digest(blob.clone())).await.map_err(|error| unreadable(call, &error))?,
        };
        let metadata = self.metadata(put, sha256.clone());
        let upload = self.begin(bucket, put, &metadata, call).await?;
        let parts = match self.parts(bucket, &upload, &blob, &sha256, put).await {
            Ok(parts) => parts,
            Err(error) => {
                self.give_up(bucket, &upload).await;
                return Err(error);
            }
        };
        let completed = self.complete(bucket, put, &upload, &blob, metadata, parts).await;
        match &completed {
            // It may have been completed; should it not have been, the next look finds the upload.
            Ok(_) | Err(ProviderError::Unavailable(_)) => {}
            Err(_) => self.give_up(bucket, &upload).await,
        }
        completed
    }

    async fn begin(
        &self,
        bucket: &str,
        put: &Put,
        metadata: &BTreeMap<String, String>,
        call: Call<'_>,
    ) -> Result<UnfinishedUpload, ProviderError> {
        let answer = s3_call!(self.target, "CreateMultipartUpload", call.resource, |client| {
            described!(client.create_multipart_upload().bucket(bucket), put, metadata)
                .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
                .checksum_type(ChecksumType::FullObject)
        })?;
        let id = answer.output.and_then(|output| output.upload_id);
        let upload_id = id.ok_or_else(|| ProviderError::unavailable(call, "the answer names no upload"))?;
        Ok(UnfinishedUpload { key: put.key.clone(), upload_id })
    }

    /// Sends every part, and checks that together they are what was decided on.
    async fn parts(
        &self,
        bucket: &str,
        upload: &UnfinishedUpload,
        blob: &Blob,
        sha256: &str,
        put: &Put,
    ) -> Result<Vec<CompletedPart>, ProviderError> {
        let place = format!("s3://{bucket}/{}", upload.key);
        let call = Call { service: "s3", action: "UploadPart", resource: &place };
        let size = part_size(blob.len());
        let (mut hash, mut offset, mut number) = (Sha256::new(), 0, 0);
        let (mut sent, mut sending) = (Vec::new(), FuturesUnordered::new());
        while offset < blob.len() {
            if sending.len() >= PARTS
                && let Some(part) = sending.next().await
            {
                sent.push(part?);
            }
            let length = size.min(blob.len() - offset);
            let room = self.room(length).await;
            let (bytes, hashed) = read(blob.clone(), offset, length, hash).await.map_err(|error| unreadable(call, &error))?;
            (hash, offset, number) = (hashed, offset + length, number + 1);
            sending.push(self.part(bucket, upload, number, bytes, room));
        }
        while let Some(part) = sending.next().await {
            sent.push(part?);
        }
        let found = hex(&hash.finalize());
        if found != sha256 {
            self.contents.distrust(&put.item.origin).await;
            return Err(unreadable(call, &ContentError::Changed(upload.key.clone())));
        }
        sent.sort_by_key(|part| part.part_number);
        Ok(sent)
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
    async fn part(
        &self,
        bucket: &str,
        upload: &UnfinishedUpload,
        number: i32,
        bytes: bytes::Bytes,
        _room: tokio::sync::SemaphorePermit<'_>,
    ) -> Result<CompletedPart, ProviderError> {
        let place = format!("s3://{bucket}/{}", upload.key);
        let call = Call { service: "s3", action: "UploadPart", resource: &place };
        let size = bytes.len() as u64;
        let request = self
            .target
            .s3()
            .upload_part()
            .bucket(bucket)
            .key(&upload.key)
            .upload_id(&upload.upload_id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .body(ByteStream::from(bytes));
        let sent = send(self.target.quotas(), call, None, |raw| {
            request.customize().config_override(patient(size)).interceptor(raw).send()
        });
        let output = sent.await?.output.ok_or_else(|| ProviderError::unavailable(call, "the answer could not be read"))?;
        let part = CompletedPart::builder().part_number(number);
        Ok(part.set_e_tag(output.e_tag).set_checksum_crc64_nvme(output.checksum_crc64_nvme).build())
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
    async fn complete(
        &self,
        bucket: &str,
        put: &Put,
        upload: &UnfinishedUpload,
        blob: &Blob,
        metadata: BTreeMap<String, String>,
        parts: Vec<CompletedPart>,
    ) -> Result<f64, ProviderError> {
        let place = format!("s3://{bucket}/{}", upload.key);
        let call = Call { service: "s3", action: "CompleteMultipartUpload", resource: &place };
        let request = self
            .target
            .s3()
            .complete_multipart_upload()
            .bucket(bucket)
            .key(&upload.key)
            .upload_id(&upload.upload_id)
            .checksum_type(ChecksumType::FullObject)
            .set_mpu_object_size(i64::try_from(blob.len()).ok())
            .set_if_match(put.replaces.clone())
            .set_if_none_match(put.replaces.is_none().then(|| "*".to_owned()))
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        let sent = send(self.target.quotas(), call, None, |raw| {
            request.customize().config_override(patient(COMPLETING)).interceptor(raw).send()
        });
        let answer = sent.await?;
        // "this header is sent before the operation is complete ... the response body can contain an error": status 200 alone
        // says nothing.
        let Some(output) = answer.output else {
            return Err(ProviderError::unavailable(call, "the answer does not say that the object was made"));
        };
        if let Some(etag) = output.e_tag() {
            let encryption = output.server_side_encryption().map(|encryption| encryption.as_str().to_owned());
            let answered = Answered {
                encryption,
                kms_key_id: output.ssekms_key_id().map(str::to_owned),
                version_id: output.version_id().map(str::to_owned),
                now: answer.now,
            };
            self.learn(bucket, put, etag, blob.len(), head_as_sent(put, metadata, answered));
        }
        Ok(answer.now)
    }

    /// Parts cost storage until their upload is aborted; what cannot be aborted now is found by the next look.
    async fn give_up(&self, bucket: &str, upload: &UnfinishedUpload) {
        if let Err(error) = self.abort(bucket, upload).await {
            tracing::warn!(%error, "an upload could not be aborted; the next look tries again");
        }
    }
}

async fn read(blob: Blob, offset: u64, length: u64, mut hash: Sha256) -> Result<(bytes::Bytes, Sha256), ContentError> {
    blocking(move || {
        let bytes = blob.range(offset, length)?;
        hash.update(&bytes);
        Ok((bytes, hash))
    })
    .await
}

async fn digest(blob: Blob) -> Result<String, ContentError> {
    blocking(move || blob.sha256()).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, ContentError> {
    match crate::ambient::blocking(work).await {
        Ok(done) => Ok(done?),
        Err(failure) => Err(ContentError::System(std::io::Error::other(failure))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_within_s3s_limits_at_every_size() {
        const MIB: u64 = 1024 * 1024;
        for (bytes, size) in [(8 * MIB + 1, 8 * MIB), (300 * MIB, 8 * MIB), (80_000 * MIB, 8 * MIB), (80_000 * MIB + 1, 9 * MIB)]
        {
            assert_eq!(part_size(bytes), size, "{bytes}");
        }
        // "Maximum object size: 50 TB".
        let largest = 50_000_000_000_000_u64;
        assert!(largest.div_ceil(part_size(largest)) <= MOST_PARTS);
        assert!(part_size(largest) <= 5 * 1024 * MIB);
    }
}
