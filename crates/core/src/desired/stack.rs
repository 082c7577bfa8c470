//! `kind: CloudFormationStack` as declared.

use serde::Serialize;

/// A CloudFormation stack as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudFormationStack {
    /// `spec.stackName`, else `metadata.name`.
    pub stack_name: String,
}
