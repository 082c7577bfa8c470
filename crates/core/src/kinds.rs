//! The kinds of resource, one line each, and the services of AWS that their steps call.
//!
//! Whoever goes by kind takes this list: [`Kind`](crate::resource::Kind), [`Spec`](crate::desired::Spec),
//! [`Observation`](crate::observed::Observation), the manifests' reader and the planner here, the providers in `src/aws`. A new
//! kind is a line here, and a module of the line's name in each layer: `desired` (what is declared), `observed` (what AWS
//! shows), `manifest/kinds` (how it is read), `plan` (what is done), `src/aws` (how it is looked at).

/// Calls the macro `$with` with the kinds: documentation, the word in manifests (also the name of the declared type), the
/// module of each layer, and the observed type.
#[macro_export]
macro_rules! kinds {
    ($with:ident) => {
        $with! {
            /// A task definition revision, the service that runs it, and its rollout.
            EcsService as service: ServiceObservation,
            /// A task that runs to its end, once for each new definition.
            EcsTask as task: TaskObservation,
            /// A CloudFormation stack.
            CloudFormationStack as stack: Box<StackObservation>,
            /// A file, a folder or a job's artifact, in a bucket.
            S3Artifact as artifact: ArtifactObservation,
            /// A CodeDeploy deployment of an S3 revision to EC2 instances.
            Ec2Deployment as deployment: DeploymentObservation,
        }
    };
}

/// Calls the macro `$with` with the services that steps call: documentation, the variant of [`Step`](crate::plan::Step), the
/// module of `plan` whose `step` it is, and the step's type.
#[macro_export]
macro_rules! services {
    ($with:ident) => {
        $with! {
            /// Of an `EcsService` or an `EcsTask`.
            Ecs as ecs: EcsStep,
            /// Of a `CloudFormationStack`.
            CloudFormation as stack: StackStep,
            /// Of an `S3Artifact`.
            S3 as artifact: ArtifactStep,
            /// Of an `Ec2Deployment`.
            CodeDeploy as deployment: DeploymentStep,
        }
    };
}
