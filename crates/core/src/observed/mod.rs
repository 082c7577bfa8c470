//! What AWS runs, as AWS's own answers: raw JSON, so that nothing is invented and nothing unknown is dropped.

mod artifact;
mod deployment;
mod service;
mod stack;
mod task;

use serde::Serialize;

pub use artifact::*;
pub use deployment::{DeploymentObservation, FailedTargets, RevisionObject};
pub use service::ServiceObservation;
pub use stack::*;
pub use task::TaskObservation;

/// The result of looking at one thing. Unknown is not absent (rule 5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Observed<T> {
    /// It is there.
    Present(T),
    /// AWS said that it is not there.
    Absent,
    /// AWS could not or would not say, or its answer may be older than our own last write. Why, for a person.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The thing, if it is there.
    pub fn present(&self) -> Option<&T> {
        match self {
            Observed::Present(thing) => Some(thing),
            _ => None,
        }
    }
}

/// All that one pass has read about one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Observation {
    /// Of an `EcsService`.
    EcsService(ServiceObservation),
    /// Of an `EcsTask`.
    EcsTask(TaskObservation),
    /// Of a `CloudFormationStack`.
    CloudFormationStack(Box<StackObservation>),
    /// Of an `S3Artifact`.
    S3Artifact(ArtifactObservation),
    /// Of an `Ec2Deployment`.
    Ec2Deployment(DeploymentObservation),
}

impl Observation {
    /// AWS's clock: seconds since the epoch.
    pub fn now(&self) -> f64 {
        match self {
            Observation::EcsService(observation) => observation.now,
            Observation::EcsTask(observation) => observation.now,
            Observation::CloudFormationStack(observation) => observation.now,
            Observation::S3Artifact(observation) => observation.now,
            Observation::Ec2Deployment(observation) => observation.now,
        }
    }

    /// The commit that last wrote the thing, where AWS keeps it for us (`driftless:revision`).
    pub fn written_at(&self) -> Option<&str> {
        match self {
            Observation::EcsService(observation) => observation.written_at(),
            Observation::EcsTask(observation) => observation.written_at(),
            Observation::CloudFormationStack(observation) => observation.written_at(),
            Observation::S3Artifact(observation) => observation.written_at(),
            Observation::Ec2Deployment(observation) => observation.written_at(),
        }
    }
}
