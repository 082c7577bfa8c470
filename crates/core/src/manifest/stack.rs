//! Reads `kind: CloudFormationStack`.

use super::Reading;
use super::fields::{Fields, Scope};
use crate::desired::CloudFormationStack;

/// The members of `spec`.
pub(super) const SPEC: &[&str] = &["target", "dependsOn", "adopt", "replace"];

/// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
pub(super) fn read(
    _scope: &mut Scope<'_>,
    _reading: &mut Reading<'_>,
    _spec: &Fields<'_>,
    name: &str,
) -> Option<CloudFormationStack> {
    Some(CloudFormationStack { stack_name: name.to_owned() })
}
