//! `kind: EcsService` as declared.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Packed;

/// An ECS service as declared. Its documents are already unwrapped, cleaned and interpolated: what is in them is
/// what is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EcsService {
    /// Short name or ARN; `default` when neither the manifest nor the document says.
    pub cluster: String,
    /// The document's `serviceName`, else `metadata.name`.
    pub service_name: String,
    /// What the service runs.
    pub task_definition: TaskDefinition,
    /// Image overrides by container name (`spec.taskDefinition.images`).
    /// For [`TaskDefinition::Document`] they are already in the document; for an existing family they are laid
    /// over the observed revision.
    pub images: BTreeMap<String, String>,
    /// CreateService's document without `cluster`, `serviceName` and `taskDefinition`.
    pub service: Packed,
    /// How a rollout is judged.
    pub rollout: Rollout,
    /// JSON pointers (`/service/desiredCount`, `/taskDefinition/containerDefinitions/app/image`) left to others.
    pub ignore: Vec<String>,
    /// The members that were declared at the last applied commit and are no longer (rule 2's second exception),
    /// as JSON pointers of the same form as `ignore`. Filled by the caller that can read the older commit.
    pub removed: Vec<String>,
}

/// Where a service's task definition comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum TaskDefinition {
    /// RegisterTaskDefinition's document.
    Document(Packed),
    /// An existing family, followed at its newest ACTIVE revision, or pinned to one.
    Family {
        /// The family's name.
        family: String,
        /// `web:12` pins revision 12.
        revision: Option<u64>,
    },
}

impl TaskDefinition {
    /// The family's name; None where a document has none.
    pub fn family(&self) -> Option<String> {
        match self {
            TaskDefinition::Document(document) => document.get("family")?.as_str().map(str::to_owned),
            TaskDefinition::Family { family, .. } => Some(family.clone()),
        }
    }

    /// RegisterTaskDefinition's document, where it is declared.
    pub fn document(&self) -> Option<super::Document> {
        match self {
            TaskDefinition::Document(document) => Some(document.open()),
            TaskDefinition::Family { .. } => None,
        }
    }
}

/// `spec.rollout`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rollout {
    /// How long a rollout may take before it is failed, without the document's own bake, step and hook times.
    pub timeout: Duration,
    /// What to do then.
    pub on_failure: OnFailure,
    /// How many failed tasks of the rollout are a failure, where AWS's circuit breaker is off.
    pub fail_after: FailAfter,
}

impl Default for Rollout {
    fn default() -> Self {
        Rollout { timeout: Duration::from_secs(60 * 60), on_failure: OnFailure::Rollback, fail_after: FailAfter::Auto }
    }
}

/// `spec.rollout.failAfter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FailAfter {
    /// As ECS's own circuit breaker: half of the desired count, at least 3, at most 200.
    Auto,
    /// So many.
    Tasks(u32),
    /// The timeout alone decides.
    Never,
}

/// `spec.rollout.onFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnFailure {
    /// Go back to the last revision that completed.
    Rollback,
    /// Report only.
    Stay,
}

impl EcsService {
    /// See [`Spec::thing`](super::Spec::thing).
    pub(super) fn thing(&self) -> Option<(String, &'static str)> {
        let cluster = self.cluster.rsplit('/').next().unwrap_or(&self.cluster);
        let thing = format!("the service `{}` in the cluster `{cluster}`", self.service_name);
        Some((thing, "remove one, or give it another `serviceName`"))
    }

    /// See [`Spec::looked_at_with`](super::Spec::looked_at_with).
    pub(super) fn looked_at_with(&self) -> &str {
        &self.cluster
    }

    /// See [`Spec::removed_mut`](super::Spec::removed_mut).
    pub(super) fn removed_mut(&mut self) -> Option<&mut Vec<String>> {
        Some(&mut self.removed)
    }
}
