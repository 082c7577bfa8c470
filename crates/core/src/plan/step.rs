//! What a plan writes: one step is one call to AWS, or a few that belong together.

use serde::Serialize;

use super::artifact::ArtifactStep;
use super::deployment::DeploymentStep;
use super::stack::StackStep;
use crate::desired::Document;

/// One step, by the service it calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// Of an `EcsService` or an `EcsTask`.
    Ecs(EcsStep),
    /// Of a `CloudFormationStack`.
    CloudFormation(StackStep),
    /// Of an `S3Artifact`.
    S3(ArtifactStep),
    /// Of an `Ec2Deployment`.
    CodeDeploy(DeploymentStep),
}

impl Step {
    /// AWS's name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            Step::Ecs(step) => step.action(),
            Step::CloudFormation(step) => step.action(),
            Step::S3(step) => step.action(),
            Step::CodeDeploy(step) => step.action(),
        }
    }

    /// Whether the thing comes into being by this step.
    pub fn creates(&self) -> bool {
        match self {
            Step::Ecs(step) => matches!(step, EcsStep::CreateService { .. }),
            Step::CloudFormation(step) => step.creates(),
            Step::S3(step) => step.creates(),
            Step::CodeDeploy(step) => step.creates(),
        }
    }

    /// Whether a program runs once by this step.
    pub fn runs(&self) -> bool {
        matches!(self, Step::Ecs(EcsStep::RunTask { .. }))
    }

    /// Whether it only asks AWS to look at the thing, which stays as it is.
    pub fn looks(&self) -> bool {
        matches!(self, Step::CloudFormation(step) if step.looks())
    }

    /// Whether an answer of AWS may show the state before this step for a while.
    pub fn seen_late(&self) -> bool {
        match self {
            Step::Ecs(step) => step.seen_late(),
            Step::CloudFormation(step) => step.seen_late(),
            Step::S3(step) => step.seen_late(),
            Step::CodeDeploy(step) => step.seen_late(),
        }
    }
}

impl From<EcsStep> for Step {
    fn from(step: EcsStep) -> Self {
        Step::Ecs(step)
    }
}

/// One mutating call of ECS. Documents are the request's body, in AWS's own member names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum EcsStep {
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
