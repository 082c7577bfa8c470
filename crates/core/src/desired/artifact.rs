//! `kind: S3Artifact` as declared.

use serde::Serialize;

/// An object or a folder of a bucket, as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct S3Artifact {}
