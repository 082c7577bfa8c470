//! The state of S3: buckets, and in them the versions of objects and the uploads under way. Nothing here waits or reads a
//! body; whoever holds the world's lock makes one step.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::body::Blob;
use super::checksums::Checksum;
use super::multipart::Upload;
use crate::clock::Seconds;
use crate::ids::Ids;
use crate::options::Options;

/// Keys and values.
pub(crate) type Tags = BTreeMap<String, String>;

/// What is said of an object beside its bytes, in the words of PutObject's headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<s3s::dto::Timestamp>,
    pub(crate) website_redirect_location: Option<String>,
    /// `STANDARD` when the request names none.
    pub(crate) storage_class: String,
    pub(crate) encryption: Encryption,
    /// `x-amz-meta-*`, names in lower case.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// How an object is encrypted at rest. "Amazon S3 automatically applies server-side encryption with Amazon S3 managed keys
/// (SSE-S3)": <https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html>.
#[derive(Clone, Debug)]
pub(crate) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub(crate) algorithm: String,
    /// The ARN of the KMS key.
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: Option<bool>,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { algorithm: "AES256".into(), key: None, bucket_key: None }
    }
}

/// One version of an object. It never changes, but for its tags.
#[derive(Clone)]
pub(crate) struct Object {
    pub(super) body: Blob,
    /// Without its quotes.
    pub(crate) etag: String,
    pub(crate) headers: Headers,
    pub(super) checksum: Checksum,
    /// The lengths of its parts, when it was uploaded in parts.
    pub(super) parts: Vec<u64>,
    pub(super) tags: Tags,
}

impl Object {
    /// The bytes, in one piece.
    pub(crate) fn bytes(&self) -> bytes::Bytes {
        self.body.bytes()
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> u64 {
        self.body.len()
    }
}

/// A version of an object, or a delete marker.
#[derive(Clone)]
pub(super) struct Version {
    /// `null` where the bucket was not versioned when it was written.
    pub(super) id: String,
    pub(super) at: Seconds,
    /// `None` is a delete marker.
    pub(super) object: Option<Arc<Object>>,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>: once enabled it can only be suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Versioning {
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// A bucket.
pub(crate) struct Bucket {
    pub(crate) created: Seconds,
    pub(crate) versioning: Versioning,
    pub(crate) tags: Tags,
    /// The versions of each key, the current one last. A key without versions is not there.
    pub(super) keys: BTreeMap<String, Vec<Version>>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// What was put of its configurations, by their word in the query.
    pub(super) configurations: BTreeMap<&'static str, String>,
    /// How often each key was deleted: what a conditional write that is under way has to know.
    deletes: BTreeMap<String, u64>,
}

impl Bucket {
    fn new(created: Seconds) -> Self {
        let (keys, uploads) = (BTreeMap::new(), BTreeMap::new());
        let (configurations, deletes) = (BTreeMap::new(), BTreeMap::new());
        Self { created, versioning: Versioning::Never, tags: Tags::new(), keys, uploads, configurations, deletes }
    }

    /// The current version of a key; none when the key is not there or a delete marker is on top.
    pub(super) fn current(&self, key: &str) -> Option<(&Version, &Arc<Object>)> {
        let version = self.keys.get(key)?.last()?;
        version.object.as_ref().map(|object| (version, object))
    }

    /// A version by its id, or the current one. NoSuchKey, NoSuchVersion, and MethodNotAllowed for a delete marker that is
    /// named: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>.
    pub(super) fn find(&self, key: &str, id: Option<&str>) -> S3Result<(&Version, &Arc<Object>)> {
        check_version(id)?;
        let versions = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        let found = match id {
            None => versions.last().ok_or_else(|| no_such_key(None))?,
            Some(id) => versions
                .iter()
                .find(|version| version.id == id)
                .ok_or_else(|| s3_error!(NoSuchVersion, "The specified version does not exist."))?,
        };
        match (&found.object, id) {
            (Some(object), _) => Ok((found, object)),
            (None, None) => Err(no_such_key(Some(&found.id))),
            (None, Some(_)) => {
                let mut error = s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.");
                error.set_headers(marker_headers(&found.id));
                Err(error)
            }
        }
    }

    /// The version that a copy is from. Here a delete marker that is named is a bad request: "The source of a copy request
    /// may not specifically refer to a delete marker by version id.", as S3 says it
    /// (<https://github.com/ceph/s3-tests> has it among what S3 refuses).
    pub(super) fn source(&self, key: &str, id: Option<&str>) -> S3Result<(&Version, &Arc<Object>)> {
        self.find(key, id).map_err(|error| match error.code() {
            S3ErrorCode::MethodNotAllowed => {
                let message = "The source of a copy request may not specifically refer to a delete marker by version id.";
                s3_error!(InvalidRequest, "{message}")
            }
            _ => error,
        })
    }

    /// How often a key has been deleted so far.
    pub(super) fn deletes(&self, key: &str) -> u64 {
        self.deletes.get(key).copied().unwrap_or_default()
    }

    /// Puts a version on top. Where versioning is not enabled it takes the place of the one whose id is `null`.
    fn push(&mut self, key: &str, version: Version) {
        let versions = self.keys.entry(key.to_string()).or_default();
        if version.id == "null" {
            versions.retain(|older| older.id != "null");
        }
        versions.push(version);
    }

    /// What ListObjectsV2 shows: keys with their current versions, in the order of their UTF-8 bytes.
    pub(super) fn live(&self) -> impl Iterator<Item = (&String, &Version, &Arc<Object>)> {
        self.keys.keys().filter_map(|key| self.current(key).map(|(version, object)| (key, version, object)))
    }
}

/// An id that S3 never gave out in its form is refused as such, not looked for: "Invalid version id specified".
/// "Version IDs are Unicode, UTF-8 encoded, URL-ready, opaque strings that are no more than 1,024 bytes long"; those that
/// are seen have 32 letters. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
fn check_version(id: Option<&str>) -> S3Result<()> {
    let formed = |id: &str| {
        id == "null" || id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match id {
        Some("") => Err(s3_error!(InvalidArgument, "Version id cannot be the empty string")),
        Some(id) if !formed(id) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
        _ => Ok(()),
    }
}

/// "The specified key does not exist."; with a delete marker on top the headers tell so.
fn no_such_key(marker: Option<&str>) -> S3Error {
    let mut error = s3_error!(NoSuchKey, "The specified key does not exist.");
    if let Some(id) = marker {
        error.set_headers(marker_headers(id));
    }
    error
}

fn marker_headers(id: &str) -> axum::http::HeaderMap {
    let mut headers = axum::http::HeaderMap::new();
    headers.insert("x-amz-delete-marker", axum::http::HeaderValue::from_static("true"));
    if let Ok(id) = axum::http::HeaderValue::from_str(id) {
        headers.insert("x-amz-version-id", id);
    }
    headers
}

/// What a delete did.
pub(super) struct Deleted {
    /// The version that is gone, or the delete marker that was made.
    pub(super) version: Option<String>,
    /// Whether that version is a delete marker.
    pub(super) marker: bool,
}

/// All buckets of the account in its Region.
pub(crate) struct State {
    pub(crate) region: String,
    pub(super) account: String,
    pub(super) page_size: Option<usize>,
    buckets: BTreeMap<String, Bucket>,
    ids: Ids,
}

impl State {
    /// No bucket yet.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            region: options.region.clone(),
            account: options.account_id.clone(),
            page_size: options.page_size,
            buckets: BTreeMap::new(),
            ids: Ids::of_range(3),
        }
    }

    /// The next version's or upload's id: "Version IDs are ... randomly generated ... opaque strings".
    pub(super) fn id(&mut self) -> String {
        self.ids.word() + &self.ids.hex()[..11]
    }

    /// The ETag of an object that is encrypted with a KMS key: no digest of anything.
    pub(super) fn opaque(&mut self) -> String {
        self.ids.hex()
    }

    /// All buckets by name.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&String, &Bucket)> {
        self.buckets.iter()
    }

    /// A bucket, or NoSuchBucket.
    pub(crate) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets.get(name).ok_or_else(no_such_bucket)
    }

    /// A bucket to change, or NoSuchBucket.
    pub(crate) fn bucket_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets.get_mut(name).ok_or_else(no_such_bucket)
    }

    /// Makes a bucket. One that is the caller's already is BucketAlreadyOwnedByYou, but in us-east-1, where that is no error:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html#API_CreateBucket_Errors>.
    pub(crate) fn create_bucket(&mut self, name: &str, now: Seconds) -> S3Result<()> {
        if !s3s::path::check_bucket_name(name) {
            return Err(s3_error!(InvalidBucketName, "The specified bucket is not valid."));
        }
        if self.buckets.contains_key(name) {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return if self.region == "us-east-1" { Ok(()) } else { Err(s3_error!(BucketAlreadyOwnedByYou, "{message}")) };
        }
        self.buckets.insert(name.to_string(), Bucket::new(now));
        Ok(())
    }

    /// Removes a bucket. "All objects (including all object versions and delete markers) in the bucket must be deleted
    /// before": <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>.
    pub(crate) fn delete_bucket(&mut self, name: &str) -> S3Result<()> {
        let bucket = self.bucket(name)?;
        if !bucket.keys.is_empty() {
            let message = if bucket.versioning == Versioning::Never {
                "The bucket you tried to delete is not empty"
            } else {
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            };
            return Err(s3_error!(BucketNotEmpty, "{message}"));
        }
        self.buckets.remove(name);
        Ok(())
    }

    /// Writes an object. The id of its version where the bucket is or was versioned.
    pub(crate) fn put(&mut self, bucket: &str, key: &str, object: Object, at: Seconds) -> S3Result<Option<String>> {
        let versioning = self.bucket(bucket)?.versioning;
        let id = if versioning == Versioning::Enabled { self.id() } else { "null".into() };
        let version = Version { id: id.clone(), at, object: Some(Arc::new(object)) };
        self.bucket_mut(bucket)?.push(key, version);
        Ok((versioning != Versioning::Never).then_some(id))
    }

    /// Deletes a version for good, or without an id what versioning makes of it: gone, or a delete marker on top.
    /// Deleting what is not there succeeds. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html>
    pub(super) fn delete(&mut self, bucket: &str, key: &str, id: Option<&str>, now: Seconds) -> S3Result<Deleted> {
        check_version(id)?;
        let marker = self.id();
        let bucket = self.bucket_mut(bucket)?;
        *bucket.deletes.entry(key.to_string()).or_default() += 1;
        let Some(id) = id else {
            let id = match bucket.versioning {
                Versioning::Never => {
                    bucket.keys.remove(key);
                    return Ok(Deleted { version: None, marker: false });
                }
                Versioning::Enabled => marker,
                Versioning::Suspended => "null".into(),
            };
            bucket.push(key, Version { id: id.clone(), at: now, object: None });
            return Ok(Deleted { version: Some(id), marker: true });
        };
        let mut was_marker = false;
        if let Some(versions) = bucket.keys.get_mut(key) {
            was_marker = versions.iter().any(|version| version.id == id && version.object.is_none());
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                bucket.keys.remove(key);
            }
        }
        Ok(Deleted { version: Some(id.into()), marker: was_marker })
    }

    /// Replaces the tags of a version. Its id, where the bucket is or was versioned.
    pub(super) fn set_object_tags(&mut self, bucket: &str, key: &str, id: Option<&str>, tags: Tags) -> S3Result<Option<String>> {
        let bucket = self.bucket_mut(bucket)?;
        let id = bucket.find(key, id)?.0.id.clone();
        let version = bucket.keys.get_mut(key).and_then(|versions| versions.iter_mut().find(|version| version.id == id));
        if let Some(object) = version.and_then(|version| version.object.as_mut()) {
            Arc::make_mut(object).tags = tags;
        }
        Ok((bucket.versioning != Versioning::Never).then_some(id))
    }

    /// The current version of an object and its id, for the other services.
    pub(crate) fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Option<(&str, &Object)> {
        let (version, object) = self.buckets.get(bucket)?.find(key, version).ok()?;
        Some((version.id.as_str(), object.as_ref()))
    }
}

fn no_such_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}
