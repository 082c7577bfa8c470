//! `kind: EcsTask` as declared.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Packed, TaskDefinition};

/// A task that runs to its end, as declared. Its documents are already unwrapped, cleaned and interpolated: what is in
/// them is what is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EcsTask {
    /// Short name or ARN; `default` when neither the manifest nor the document says.
    pub cluster: String,
    /// What the task runs.
    pub task_definition: TaskDefinition,
    /// Image overrides by container name, as [`EcsService`](super::EcsService) has them.
    pub images: BTreeMap<String, String>,
    /// RunTask's document without `cluster`, `taskDefinition` and `count`, which is 1.
    pub task: Packed,
    /// How long it may run before it is stopped. No part of what makes it run again.
    pub timeout: Duration,
}

impl EcsTask {
    /// `timeout` where the manifest has none.
    pub const TIMEOUT: Duration = Duration::from_secs(60 * 60);

    /// The family that its task definition belongs to.
    pub fn family(&self) -> String {
        self.task_definition.family().unwrap_or_default()
    }
}

impl EcsTask {
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
