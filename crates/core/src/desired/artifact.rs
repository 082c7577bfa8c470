//! `kind: S3Artifact` as declared.

use std::collections::BTreeMap;

use serde::Serialize;

use super::filter::Filters;

/// An object or a folder of a bucket, as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct S3Artifact {
    /// What is pushed.
    pub source: ArtifactSource,
    /// The bucket's name.
    pub bucket: String,
    /// Where in the bucket.
    pub place: ArtifactPlace,
    /// Packs the source, which is a folder then, into the one object at [`ArtifactPlace::Key`].
    pub archive: Option<ArchiveFormat>,
    /// How it is pushed.
    pub sync: Sync,
}

impl S3Artifact {
    /// Whether `sync.exclude` and `sync.include` leave an object below the prefix to this resource.
    pub fn meant(&self) -> impl Fn(&str) -> bool + use<> {
        let (matcher, place) = (self.sync.filters.matcher(), self.place.clone());
        move |key| match &place {
            ArtifactPlace::Prefix(prefix) => key.strip_prefix(prefix.as_str()).is_some_and(|name| matcher.takes(name)),
            ArtifactPlace::Key(whole) => key == whole,
        }
    }
}

/// `spec.source`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ArtifactSource {
    /// A file or folder of the source at the revision being deployed, relative to the source's path; empty: all of it.
    Path(String),
    /// What a CI job kept.
    GitLabJob {
        /// The job's name.
        job: String,
        /// A branch or tag whose latest success is taken; None: the job of the very commit being deployed.
        reference: Option<String>,
        /// A file or folder inside the job's artifacts; empty: all of it.
        path: String,
    },
}

/// `spec.key` or `spec.prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ArtifactPlace {
    /// One object.
    Key(String),
    /// What the keys of a folder's files begin with: it ends with `/`, or is empty for the bucket's root.
    Prefix(String),
}

impl ArtifactPlace {
    /// As written: the key, or the prefix.
    pub fn as_str(&self) -> &str {
        match self {
            ArtifactPlace::Key(text) | ArtifactPlace::Prefix(text) => text,
        }
    }
}

/// `spec.archive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum ArchiveFormat {
    /// `zip`.
    Zip,
    /// `tar.gz`.
    TarGz,
}

/// `spec.sync`: what `aws s3 sync` has as options.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sync {
    /// Objects of ours under the prefix that the folder no longer has are deleted.
    pub delete: bool,
    /// Which files of the folder are meant.
    pub filters: Filters,
    /// The `Cache-Control` of every object.
    pub cache_control: Option<String>,
    /// The `Content-Type` of every object; None: guessed by the file's name.
    pub content_type: Option<String>,
    /// Metadata of every object, without `x-amz-meta-`; names in lower case, as S3 keeps them.
    pub metadata: BTreeMap<String, String>,
    /// The storage class of every object; None: S3's own choice, and not compared.
    pub storage_class: Option<String>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`; None: the bucket's own setting, and not compared.
    pub server_side_encryption: Option<String>,
    /// Id, ARN or alias of the KMS key of every object; None: with `aws:kms` the AWS managed key, otherwise the bucket's own.
    pub sse_kms_key_id: Option<String>,
}

impl S3Artifact {
    /// See [`Spec::thing`](super::Spec::thing).
    pub(super) fn thing(&self) -> Option<(String, &'static str)> {
        None
    }

    /// See [`Spec::looked_at_with`](super::Spec::looked_at_with).
    pub(super) fn looked_at_with(&self) -> &str {
        ""
    }

    /// See [`Spec::removed_mut`](super::Spec::removed_mut).
    pub(super) fn removed_mut(&mut self) -> Option<&mut Vec<String>> {
        None
    }
}
