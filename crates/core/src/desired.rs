//! What the manifests of one revision declare, after parsing, interpolation and checking.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::location::{Location, Problem};
use crate::resource::ResourceId;
use crate::snapshot::Revision;

/// A JSON object in AWS's own member names.
pub type Document = Map<String, Value>;

/// Everything one revision declares. Resources that have an error are not in `resources`, but in `refused`.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Of the snapshot it was read from.
    pub revision: Revision,
    /// The valid resources, in order of kind and name.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Resources that were recognised but have an error in `errors`, with the place of their first line. A ring of
    /// `dependsOn` is one error, of its first resource; it names the others, which are refused as well.
    pub refused: BTreeMap<ResourceId, Location>,
    /// Each refuses one resource, or one document that could not even be read.
    pub errors: Vec<Problem>,
    /// Worth a look; refuses nothing.
    pub warnings: Vec<Problem>,
    /// How many documents were somebody else's (no `apiVersion: driftless/...`), and were ignored.
    pub ignored: usize,
}

/// One declared resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// Kind and name.
    pub id: ResourceId,
    /// Where its document begins.
    pub location: Location,
    /// The name of a target of the agent's configuration.
    pub target: String,
    /// What must be Ready at the same revision before this one is touched: `dependsOn` and references.
    pub depends_on: Vec<ResourceId>,
    /// `driftless/reconcile: disabled`: looked at, never written.
    pub reconcile_disabled: bool,
    /// `adopt: force` beside `spec`'s members.
    pub adopt_force: bool,
    /// What is declared.
    pub spec: Spec,
}

/// The kinds' own parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Spec {
    /// `kind: EcsService`.
    EcsService(EcsService),
}

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
    pub service: Document,
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
    Document(Document),
    /// An existing family, followed at its newest ACTIVE revision, or pinned to one.
    Family {
        /// The family's name.
        family: String,
        /// `web:12` pins revision 12.
        revision: Option<u64>,
    },
}

/// `spec.rollout`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rollout {
    /// How long a rollout may take before it is failed, without the document's own bake, step and hook times.
    pub timeout: Duration,
    /// What to do then.
    pub on_failure: OnFailure,
}

impl Default for Rollout {
    fn default() -> Self {
        Rollout { timeout: Duration::from_secs(60 * 60), on_failure: OnFailure::Rollback }
    }
}

/// `spec.rollout.onFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnFailure {
    /// Go back to the last revision that completed.
    Rollback,
    /// Report only.
    Stay,
}
