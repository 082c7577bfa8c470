//! Everything that talks to AWS. Documents go out verbatim and answers come back raw; one function sends; quotas are
//! respected before AWS has to say so.

pub mod cloudformation;
pub mod codedeploy;
mod credentials;
pub mod ecs;
mod error;
mod inventory;
mod json;
mod loader;
pub mod myself;
pub mod providers;
mod raw;
mod s3;
mod send;
mod tagging;
pub mod target;

#[cfg(test)]
mod fixtures;

pub use error::{Failure, ProviderError, Retry};
