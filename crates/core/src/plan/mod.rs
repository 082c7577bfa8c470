//! What to do about a difference: the steps, and their causes.

pub mod artifact;
pub mod context;
pub mod deployment;
pub(crate) mod digest;
pub mod ecs;
pub(crate) mod ownership;
pub mod render;
pub mod stack;
mod step;
pub mod tags;
pub mod task;
pub mod tree;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::desired::{Resource, Spec};
use crate::observed::Observation;
use crate::resource::ResourceId;
use crate::secret::Shown;

pub use context::Context;
pub use step::{EcsStep, Secret, Step, TaskDefinitionRef};

/// Decides what to write for one resource, whose references have their values ([`manifest::resolve`](crate::manifest::resolve)).
pub fn plan(resource: &Resource, observation: &Observation, context: &Context<'_>) -> Plan {
    let mut plan = match (&resource.spec, observation) {
        (Spec::EcsService(declared), Observation::EcsService(observed)) => ecs::plan(resource, declared, observed, context),
        (Spec::EcsTask(declared), Observation::EcsTask(observed)) => task::plan(resource, declared, observed, context),
        (Spec::CloudFormationStack(declared), Observation::CloudFormationStack(observed)) => {
            stack::plan(resource, declared, observed, context)
        }
        (Spec::S3Artifact(declared), Observation::S3Artifact(observed)) => artifact::plan(resource, declared, observed, context),
        (Spec::Ec2Deployment(declared), Observation::Ec2Deployment(observed)) => {
            deployment::plan(resource, declared, observed, context)
        }
        _ => {
            let message = format!("{} was observed as another kind; this is a bug of Driftless", resource.id);
            Plan::new(&resource.id, Verdict::Unknown { message })
        }
    };
    if resource.reconcile_disabled {
        if !plan.steps.is_empty() {
            plan.verdict = Verdict::Ready { message: format!("{} differs, and is left as it is", resource.id) };
        }
        plan.steps.clear();
        plan.notes.push("`driftless/reconcile: disabled`: looked at, not written".to_owned());
    }
    plan
}

/// The decision of one pass over one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of what.
    pub resource: ResourceId,
    /// In the order in which they are applied; each is one call to AWS. Empty: nothing to write now.
    pub steps: Vec<Step>,
    /// Why: one line of the diff each.
    pub changes: Vec<Change>,
    /// What a person should know besides (adoption, superseding).
    pub notes: Vec<String>,
    /// Where the resource stands, if the steps (when there are any) succeed.
    pub verdict: Verdict,
    /// What other resources can take from this one, as it is now (not after the steps): a stack's outputs, an artifact's key.
    pub outputs: BTreeMap<String, String>,
}

impl Plan {
    /// Without steps.
    pub fn new(resource: &ResourceId, verdict: Verdict) -> Self {
        Plan { resource: resource.clone(), steps: vec![], changes: vec![], notes: vec![], verdict, outputs: BTreeMap::new() }
    }

    /// Nothing differs and nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The plan with the values that are hidden by type: a decision of the person at the terminal (`--show-values`).
    pub fn revealed(mut self) -> Plan {
        for change in &mut self.changes {
            change.old = change.old.take().map(Shown::revealed);
            change.new = change.new.take().map(Shown::revealed);
        }
        self
    }
}

/// One line of the diff.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// A JSON pointer, list elements by their key: `/taskDefinition/containerDefinitions/app/image`.
    pub path: String,
    /// What AWS has; None: nothing (`+`).
    pub old: Option<Shown>,
    /// What is wanted; None: nothing (`-`).
    pub new: Option<Shown>,
    /// Why it is enforced.
    pub cause: Cause,
    /// Whether the change starts a deployment.
    pub deploys: bool,
}

/// Why a difference is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Cause {
    /// The manifest says so.
    Declared,
    /// AWS's documented default, on a service this agent created.
    Default,
    /// Declared at the last applied commit, and removed since.
    Removed,
    /// Driftless's own tags.
    Ownership,
}

/// Where the resource stands after this pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Verdict {
    /// As declared; nothing in progress.
    Ready {
        /// For a person.
        message: String,
    },
    /// Look again after so many seconds.
    Progressing {
        /// One CamelCase word.
        reason: &'static str,
        /// For a person.
        message: String,
        /// Seconds until the next look.
        requeue: u64,
    },
    /// The rollout failed; not retried until the resource changes.
    Failed {
        /// One CamelCase word.
        reason: &'static str,
        /// Container, ECS's reason, last events.
        message: String,
    },
    /// A person must act first.
    Stalled {
        /// One CamelCase word.
        reason: &'static str,
        /// What to do.
        message: String,
    },
    /// AWS could not be read.
    Unknown {
        /// What it said.
        message: String,
    },
}

impl Verdict {
    /// A person must act first.
    pub(crate) fn stalled(reason: &'static str, message: impl Into<String>) -> Self {
        Verdict::Stalled { reason, message: message.into() }
    }
}
