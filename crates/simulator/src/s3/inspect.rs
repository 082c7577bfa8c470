//! What a test asks of S3 without a client, and puts there.

use std::collections::BTreeMap;

use bytes::Bytes;
use s3s::S3Result;

use super::body::Blob;
use super::checksums::{Algorithm, hex};
use super::hashes::Hashes;
use super::store::{Headers, Object, State, Versioning};
use crate::simulator::Simulator;

/// The current version of an object, as it is in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its bytes.
    pub bytes: Bytes,
    /// Without its quotes.
    pub etag: String,
    /// `null` where the bucket was not versioned when it was written.
    pub version_id: String,
    /// `binary/octet-stream` where the request named none.
    pub content_type: String,
    /// The Cache-Control header, if it has one.
    pub cache_control: Option<String>,
    /// The Content-Encoding header, if it has one.
    pub content_encoding: Option<String>,
    /// `STANDARD` where the request named none.
    pub storage_class: String,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub server_side_encryption: String,
    /// The user-defined metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How many parts it was uploaded in; 0 when it came in one piece.
    pub parts: usize,
}

impl Simulator {
    /// Makes a bucket. One that is there already is kept. Panics on a name that no bucket can have.
    pub fn create_bucket(&self, bucket: &str) {
        let made = self.with_s3(|state, now| match state.bucket(bucket) {
            Ok(_) => Ok(()),
            Err(_) => state.create_bucket(bucket, now),
        });
        made.unwrap_or_else(|error| panic!("{bucket}: {error}"));
    }

    /// Makes a bucket that keeps the versions of its objects.
    pub fn create_versioned_bucket(&self, bucket: &str) {
        self.create_bucket(bucket);
        let set = self.with_s3(|state, _| state.bucket_mut(bucket).map(|bucket| bucket.versioning = Versioning::Enabled));
        set.unwrap_or_else(|error| panic!("{bucket}: {error}"));
    }

    /// Puts an object, as PutObject without any header does. Its ETag, and its version where the bucket is versioned.
    /// Panics where there is no such bucket.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> (String, Option<String>) {
        let blob = Blob::from(bytes.into());
        let mut hashes = Hashes::plain(Algorithm::Crc64Nvme);
        blob.hash(&mut hashes);
        let put = self.with_s3(|state, now| {
            let (md5, checksum) = hashes.finish()?;
            let headers = Headers { storage_class: "STANDARD".into(), ..Headers::default() }.checked(state)?;
            let (etag, parts, tags) = (hex(&md5), Vec::new(), BTreeMap::new());
            let object = Object { body: blob, etag: etag.clone(), headers, checksum, parts, tags };
            Ok((etag, state.put(bucket, key, object, now)?))
        });
        put.unwrap_or_else(|error| panic!("{bucket}/{key}: {error}"))
    }

    /// The current version of an object; `None` when there is none.
    pub fn object(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        let found = self.with_s3(|state, _| {
            let (version, object) = state.bucket(bucket)?.find(key, None)?;
            Ok((version.id.clone(), object.clone()))
        });
        let (version_id, object) = found.ok()?;
        let headers = object.headers.clone();
        Some(StoredObject {
            bytes: object.body.bytes(),
            etag: object.etag.clone(),
            version_id,
            content_type: headers.content_type.unwrap_or_default(),
            cache_control: headers.cache_control,
            content_encoding: headers.content_encoding,
            storage_class: headers.storage_class,
            server_side_encryption: headers.encryption.algorithm,
            metadata: headers.metadata,
            tags: object.tags.clone(),
            parts: object.parts.len(),
        })
    }

    /// The keys that a bucket's listing shows, in their order; none where there is no such bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let keys = self.with_s3(|state, _| Ok(state.bucket(bucket)?.live().map(|(key, _, _)| key.clone()).collect()));
        keys.unwrap_or_default()
    }

    fn with_s3<R>(&self, act: impl FnOnce(&mut State, f64) -> S3Result<R>) -> S3Result<R> {
        self.with_world(|world, now| act(&mut world.s3, now))
    }
}
