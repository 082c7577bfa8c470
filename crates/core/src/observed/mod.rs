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
pub use task::{TaskMemory, TaskObservation};

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

macro_rules! observation {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        /// All that one pass has read about one resource.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub enum Observation {
            $($(#[$doc])* $kind($observation),)*
        }

        impl Observation {
            /// AWS's clock: seconds since the epoch.
            pub fn now(&self) -> f64 {
                match self {
                    $(Observation::$kind(observation) => observation.now,)*
                }
            }
        }
    };
}

kinds!(observation);
