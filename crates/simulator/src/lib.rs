//! AWS and GitLab on loopback, spoken in their wire protocols, on a logical clock: what `driftless demo`,
//! `driftless simulate` and the tests run against. Nothing of the agent is known here: the simulator follows AWS's
//! documentation, cited beside each rule; what AWS does and it does not stands in this crate's README.

mod clock;
mod cloudformation;
mod codedeploy;
mod consistency;
mod controls;
mod ecr;
mod ecs;
mod error;
mod faults;
mod first_use;
mod front;
mod git;
pub mod gitlab;
mod iam;
mod ids;
mod log;
mod options;
mod query;
mod quotas;
mod rights;
mod s3;
mod server;
mod service;
mod simulator;
mod spelling;
mod ssm;
mod sts;
mod tagging;
mod types;
mod wire;
mod world;

pub use cloudformation::{On, StackDrift, StackFailure};
pub use codedeploy::InstanceFailure;
pub use faults::{Fault, When};
pub use git::Repository;
pub use log::Call;
pub use options::{Options, Spelling};
pub use s3::StoredObject;
pub use simulator::Simulator;
