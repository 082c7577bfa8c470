//! What the manifests of one revision declare, after parsing, interpolation and checking.

mod artifact;
mod deployment;
pub mod filter;
mod packed;
mod service;
mod stack;
mod task;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::location::{Location, Problem};
use crate::resource::ResourceId;
use crate::snapshot::Revision;

pub use artifact::*;
pub use deployment::*;
pub use packed::Packed;
pub use service::*;
pub use stack::*;
pub use task::*;

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
    /// Parts of the source that were not read though manifests may be in them; each is a warning too. While there is one, what
    /// is missing is not known to be gone.
    pub unread: Vec<Problem>,
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
    /// What `spec` takes from other resources. Where there is any, `spec` still holds `${stack.…}` and `${artifact.…}` as
    /// written: [`manifest::resolve`](crate::manifest::resolve) reads it with their values.
    pub references: Vec<Reference>,
    /// `driftless/prune: disabled`: kept in AWS when it leaves the source.
    pub prune_disabled: bool,
    /// `driftless/reconcile: disabled`: looked at, never written.
    pub reconcile_disabled: bool,
    /// `adopt: force` beside `spec`'s members.
    pub adopt_force: bool,
    /// What is declared.
    pub spec: Spec,
}

impl Resource {
    /// With nothing but what it has to have.
    pub fn new(id: ResourceId, location: Location, target: impl Into<String>, spec: Spec) -> Self {
        Resource {
            id,
            location,
            target: target.into(),
            depends_on: Vec::new(),
            references: Vec::new(),
            prune_disabled: false,
            reconcile_disabled: false,
            adopt_force: false,
            spec,
        }
    }
}

/// `${stack.NAME.outputs.KEY}` or `${artifact.NAME.KEY}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reference {
    /// Whose value it is.
    pub resource: ResourceId,
    /// The output's key; of an artifact `bucket`, `key`, `versionId` or `etag`.
    pub key: String,
}

/// What resources give to others, by resource and key.
pub type Outputs = BTreeMap<ResourceId, BTreeMap<String, String>>;

macro_rules! spec {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        /// The kinds' own parts.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub enum Spec {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Spec {
            /// What of AWS the resource converges and shares with nobody, and what to do when two do; None where nothing
            /// clashes.
            pub fn thing(&self) -> Option<(String, &'static str)> {
                match self {
                    $(Spec::$kind(declared) => declared.thing(),)*
                }
            }

            /// What resources are in that one call can look at together, an ECS cluster say; empty where each has calls of its own.
            pub fn looked_at_with(&self) -> &str {
                match self {
                    $(Spec::$kind(declared) => declared.looked_at_with(),)*
                }
            }

            /// Where the caller that can read the older commit puts what [`removed`](crate::manifest::removed) finds; None of
            /// kinds that need no such thing.
            pub fn removed_mut(&mut self) -> Option<&mut Vec<String>> {
                match self {
                    $(Spec::$kind(declared) => declared.removed_mut(),)*
                }
            }
        }
    };
}

kinds!(spec);
