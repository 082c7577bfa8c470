//! What a plan writes to a bucket.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::observed::{Item, UnfinishedUpload};

/// Calls to S3 that belong together: the objects of one step are independent of each other, and are written in parallel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum ArtifactStep {
    /// AbortMultipartUpload, once for each.
    AbortUploads {
        /// In which bucket.
        bucket: String,
        /// What an agent that was killed left behind.
        uploads: Vec<UnfinishedUpload>,
    },
    /// PutObject, or a multipart upload, once for each.
    PutObjects {
        /// Into which bucket.
        bucket: String,
        /// What is written.
        objects: Vec<Put>,
    },
    /// DeleteObject, once for each.
    DeleteObjects {
        /// From which bucket.
        bucket: String,
        /// What goes.
        objects: Vec<Delete>,
    },
}

/// One object to write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Put {
    /// Where.
    pub key: String,
    /// What.
    pub item: Item,
    /// The ETag of the object it replaces; None: nothing may be there.
    pub replaces: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// All metadata except what is known only when the bytes are read ([`SHA256`](super::SHA256)).
    pub metadata: BTreeMap<String, String>,
    /// As declared.
    pub storage_class: Option<String>,
    /// As declared.
    pub server_side_encryption: Option<String>,
    /// As declared.
    pub sse_kms_key_id: Option<String>,
}

/// One object to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delete {
    /// Where.
    pub key: String,
    /// What was seen there: another object under the key is left alone.
    pub etag: String,
}

impl ArtifactStep {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            ArtifactStep::AbortUploads { .. } => "AbortMultipartUpload",
            ArtifactStep::PutObjects { .. } => "PutObject",
            ArtifactStep::DeleteObjects { .. } => "DeleteObject",
        }
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        matches!(self, ArtifactStep::PutObjects { objects, .. } if objects.iter().all(|put| put.replaces.is_none()))
    }

    /// Never: "Amazon S3 provides strong read-after-write consistency for PUT and DELETE requests of objects".
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>
    pub fn seen_late(&self) -> bool {
        false
    }
}
