//! `kind: EcsTask` as declared.

use serde::Serialize;

/// A task that runs to its end, as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EcsTask {}
