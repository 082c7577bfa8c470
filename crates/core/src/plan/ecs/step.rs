//! What an `EcsService` or `EcsTask` writes: one mutating call of ECS each.

use serde::Serialize;

use super::memory::Memory;
use crate::desired::Document;

/// One mutating call of ECS. Documents are the request's body, in AWS's own member names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum EcsStep {
    /// RegisterTaskDefinition.
    RegisterTaskDefinition {
        /// The body.
        document: Secret,
        /// The number that the revision gets, where another one says that others were registered meanwhile, or the newest ones
        /// deleted: then the family is looked at once more before anything is run.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
    },
    /// CreateService. `taskDefinition` is set by [`TaskDefinitionRef`]. And TagResource, where AWS's answer spells something
    /// otherwise than it was sent.
    CreateService {
        /// The body without `taskDefinition`.
        document: Document,
        /// What it runs.
        task_definition: TaskDefinitionRef,
        /// What is to be remembered of the answer.
        #[serde(skip)]
        memory: Box<Memory>,
    },
    /// UpdateService, and TagResource with what its answer tells.
    UpdateService {
        /// The body without `taskDefinition`.
        document: Document,
        /// What it runs, when that changes.
        task_definition: Option<TaskDefinitionRef>,
        /// What is to be remembered of the answer; None: nothing, as of a rollback.
        #[serde(skip)]
        memory: Option<Box<Memory>>,
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
    /// DeleteService.
    DeleteService {
        /// The body.
        document: Document,
    },
    /// StopServiceDeployment.
    StopServiceDeployment {
        /// The body.
        document: Document,
    },
    /// TagResource of a task definition revision, which the step before may have registered.
    TagTaskDefinition {
        /// The body without `resourceArn`.
        document: Document,
        /// Which revision.
        task_definition: TaskDefinitionRef,
    },
    /// RunTask; and TagResource with `refused`, where AWS answers that nothing runs.
    RunTask {
        /// The body without `taskDefinition`. Its overrides may hold environment values.
        document: Secret,
        /// What it runs.
        task_definition: TaskDefinitionRef,
        /// What the revision is then tagged with: TagResource's body without `resourceArn`.
        refused: Document,
    },
    /// StopTask.
    StopTask {
        /// The body.
        document: Document,
    },
}

impl EcsStep {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            EcsStep::RegisterTaskDefinition { .. } => "RegisterTaskDefinition",
            EcsStep::CreateService { .. } => "CreateService",
            EcsStep::UpdateService { .. } => "UpdateService",
            EcsStep::TagResource { .. } => "TagResource",
            EcsStep::UntagResource { .. } => "UntagResource",
            EcsStep::DeleteService { .. } => "DeleteService",
            EcsStep::StopServiceDeployment { .. } => "StopServiceDeployment",
            EcsStep::TagTaskDefinition { .. } => "TagResource",
            EcsStep::RunTask { .. } => "RunTask",
            EcsStep::StopTask { .. } => "StopTask",
        }
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        matches!(self, EcsStep::CreateService { .. })
    }

    /// DescribeServices, ListTasks and DescribeTasks may show the state before these for a while ("eventual consistency",
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>).
    pub fn seen_late(&self) -> bool {
        matches!(self, EcsStep::CreateService { .. } | EcsStep::UpdateService { .. } | EcsStep::RunTask { .. })
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
