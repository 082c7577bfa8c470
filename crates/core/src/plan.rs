//! What to do about a difference: the steps, and their causes.

pub mod context;
pub mod ecs;
pub mod render;

use serde::Serialize;

use crate::desired::Document;
use crate::resource::ResourceId;
use crate::secret::Shown;

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
}

impl Plan {
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

/// One mutating call. Documents are the request's body, in AWS's own member names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Step {
    /// RegisterTaskDefinition.
    RegisterTaskDefinition {
        /// The body.
        document: Secret,
    },
    /// CreateService. `taskDefinition` is set by [`TaskDefinitionRef`].
    CreateService {
        /// The body without `taskDefinition`.
        document: Document,
        /// What it runs.
        task_definition: TaskDefinitionRef,
    },
    /// UpdateService.
    UpdateService {
        /// The body without `taskDefinition`.
        document: Document,
        /// What it runs, when that changes.
        task_definition: Option<TaskDefinitionRef>,
    },
    /// TagResource.
    TagResource {
        /// The body.
        document: Document,
    },
    /// UntagResource.
    UntagResource {
        /// The body.
        document: Document,
    },
    /// StopServiceDeployment.
    StopServiceDeployment {
        /// The body.
        document: Document,
    },
}

impl Step {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            Step::RegisterTaskDefinition { .. } => "RegisterTaskDefinition",
            Step::CreateService { .. } => "CreateService",
            Step::UpdateService { .. } => "UpdateService",
            Step::TagResource { .. } => "TagResource",
            Step::UntagResource { .. } => "UntagResource",
            Step::StopServiceDeployment { .. } => "StopServiceDeployment",
        }
    }
}

/// A document that holds environment values: serialises and prints as `(redacted)`.
#[derive(Clone, PartialEq)]
pub struct Secret(pub Document);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(redacted)")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(redacted)")
    }
}

/// Which task definition a service step names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum TaskDefinitionRef {
    /// A revision that exists.
    Arn(String),
    /// The one that the RegisterTaskDefinition step before it answers with.
    Registered,
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
