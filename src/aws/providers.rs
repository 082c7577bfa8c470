//! The providers of one target: what of AWS each kind of resource is looked at and written through.

use driftless_core::desired::{Resource, Spec};
use driftless_core::observed::Observation;
use driftless_core::plan::{Context, EcsStep, Step};

use super::cloudformation::CloudFormation;
use super::codedeploy::CodeDeploy;
use super::ecs::Ecs;
use super::error::ProviderError;
use super::s3::S3;
use super::target::Target;
use crate::artifact::Contents;

/// What a step that succeeded gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Of what was made or changed, where the answer says: an ARN, a deployment's id, `s3://bucket/key`.
    pub arn: Option<String>,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// What the steps of one plan hand on to those after them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Made {
    /// The ARN that RegisterTaskDefinition answered with.
    pub task_definition: Option<String>,
}

/// One for each target and for the whole process: reads wait for each other, to leave in batches. Clones share everything.
#[derive(Clone)]
pub struct Providers {
    target: Target,
    cloudformation: CloudFormation,
    ecs: Ecs,
    codedeploy: CodeDeploy,
    s3: S3,
}

impl Providers {
    /// For `target`; what is pushed to buckets is in `contents`.
    pub fn new(target: &Target, contents: &Contents) -> Self {
        Providers {
            target: target.clone(),
            cloudformation: CloudFormation::new(target),
            ecs: Ecs::new(target),
            codedeploy: CodeDeploy::new(target),
            s3: S3::new(target, contents.clone()),
        }
    }

    /// CloudFormation.
    pub fn cloudformation(&self) -> &CloudFormation {
        &self.cloudformation
    }

    /// ECS.
    pub fn ecs(&self) -> &Ecs {
        &self.ecs
    }

    /// S3.
    pub fn s3(&self) -> &S3 {
        &self.s3
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Makes one step. `made` is what the plan's steps before it made; this one's is added.
    ///
    /// # Errors
    /// Every kind of [`ProviderError`]; after `Unavailable` the step may have had its effect.
    pub async fn apply(&self, step: &Step, made: &mut Made) -> Result<Applied, ProviderError> {
        match step {
            Step::Ecs(step) => {
                let applied = self.ecs.apply(step, made.task_definition.as_deref()).await?;
                if matches!(step, EcsStep::RegisterTaskDefinition { .. }) {
                    made.task_definition = applied.arn.clone();
                }
                Ok(applied)
            }
            Step::CloudFormation(step) => self.cloudformation.apply(step).await,
            Step::S3(step) => self.s3.apply(step).await,
            Step::CodeDeploy(step) => self.codedeploy.apply(step).await,
        }
    }
}

macro_rules! observe {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        impl Providers {
            /// Looks at what `resource` declares. Never fails: what could not be read is `Unknown` in the observation.
            pub async fn observe(&self, resource: &Resource, context: &Context<'_>) -> Observation {
                match &resource.spec {
                    $(Spec::$kind(declared) => {
                        Observation::$kind(look::$module(self, resource, declared, context).await.into())
                    })*
                }
            }
        }
    };
}

driftless_core::kinds!(observe);

/// How each kind is looked at: a function of the name of its module.
mod look {
    use driftless_core::desired::{CloudFormationStack, Ec2Deployment, EcsService, EcsTask, Resource, S3Artifact};
    use driftless_core::observed::{
        ArtifactObservation, DeploymentObservation, ServiceObservation, StackObservation, TaskObservation,
    };

    use super::{Context, Providers};

    pub(super) async fn service(
        providers: &Providers,
        resource: &Resource,
        declared: &EcsService,
        context: &Context<'_>,
    ) -> ServiceObservation {
        providers.ecs.observe(resource, declared, context).await
    }

    pub(super) async fn task(
        providers: &Providers,
        resource: &Resource,
        declared: &EcsTask,
        context: &Context<'_>,
    ) -> TaskObservation {
        providers.ecs.observe_task(resource, declared, context).await
    }

    pub(super) async fn stack(
        providers: &Providers,
        resource: &Resource,
        declared: &CloudFormationStack,
        context: &Context<'_>,
    ) -> StackObservation {
        providers.cloudformation.observe(resource, declared, context).await
    }

    pub(super) async fn artifact(
        providers: &Providers,
        _: &Resource,
        declared: &S3Artifact,
        context: &Context<'_>,
    ) -> ArtifactObservation {
        providers.s3.observe(declared, context).await
    }

    pub(super) async fn deployment(
        providers: &Providers,
        _: &Resource,
        declared: &Ec2Deployment,
        context: &Context<'_>,
    ) -> DeploymentObservation {
        providers.codedeploy.observe(declared, context).await
    }
}
