//! What a pass reads for an `S3Artifact`: what there is to push, and what the bucket holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Observed;
use crate::desired::ArchiveFormat;

/// All that one pass reads about an object or folder of a bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArtifactObservation {
    /// What there is to push.
    pub content: Content,
    /// What the bucket holds at the key, or under the prefix, by key. Objects that are neither declared nor, with
    /// `sync.delete`, to be judged, are not looked at more closely than a listing does.
    pub objects: Observed<BTreeMap<String, StoredObject>>,
    /// Multipart uploads to declared keys that this agent's principal began and nobody finished.
    pub unfinished: Vec<UnfinishedUpload>,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// What there is to push.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Content {
    /// All of it, by the key that it belongs at.
    Present(BTreeMap<String, Item>),
    /// A job has not ended yet: look again.
    NotYet {
        /// For a person.
        message: String,
    },
    /// It is not there, and will not be by waiting: a person, or another commit, must act.
    Missing {
        /// One CamelCase word.
        reason: &'static str,
        /// For a person.
        message: String,
        /// The job whose files GitLab no longer has: what of it is in the bucket already is as declared.
        job: Option<String>,
    },
    /// It could not be read.
    Unknown(String),
}

/// One object to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Where its bytes come from.
    pub origin: Origin,
    /// How many bytes; None for an archive, which is packed only when it is pushed.
    pub bytes: Option<u64>,
    /// 64 hex digits; None where only [`inputs`](Item::inputs) say what it is.
    pub sha256: Option<String>,
    /// A digest of what the bytes are made of: equal inputs are an equal object, whatever made them.
    pub inputs: Option<String>,
    /// The job it comes from: `ID` as GitLab has it.
    pub job: Option<String>,
    /// Guessed by the name, as `aws s3 sync` does; None where the name says nothing.
    pub content_type: Option<String>,
}

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum Origin {
    /// One file.
    File {
        /// Of what.
        tree: Tree,
        /// By its path in there.
        path: String,
    },
    /// Many files, packed.
    Archive {
        /// Of what.
        tree: Tree,
        /// As what.
        format: ArchiveFormat,
        /// In order of their names.
        members: Vec<Member>,
    },
}

/// A set of files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum Tree {
    /// The source at a revision: a commit's id, or `dir-…`.
    Revision(String),
    /// A job's artifacts, by the job's id.
    Job(u64),
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Member {
    /// What it is called in the archive.
    pub name: String,
    /// What it is called in its tree.
    pub path: String,
    /// Whether it may be run: mode 0755, else 0644.
    pub executable: bool,
}

/// An object as a listing shows it, and more where it was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredObject {
    /// With its quotes, as S3 writes it.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// HeadObject's answer; None: not asked for.
    pub head: Option<ObjectHead>,
}

/// HeadObject's answer, as far as it is compared.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectHead {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// Without `x-amz-meta-`, in lower case.
    pub metadata: BTreeMap<String, String>,
    /// None: STANDARD.
    pub storage_class: Option<String>,
    /// `AES256`, `aws:kms`, …
    pub server_side_encryption: Option<String>,
    /// The ARN of the key that encrypts it, where that is one of KMS.
    pub kms_key_id: Option<String>,
    /// `Last-Modified`: seconds since the epoch. An object never changes: what changes it makes another one.
    pub modified: Option<f64>,
    /// None: the bucket keeps no versions.
    pub version_id: Option<String>,
}

/// A multipart upload that was begun and neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfinishedUpload {
    /// To which key.
    pub key: String,
    /// S3's id of it.
    pub upload_id: String,
}
