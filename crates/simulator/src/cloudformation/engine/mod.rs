//! The engine: stacks, and what happens to them over the logical clock. It stands below the kinds that it makes, and below
//! the API that asks for it.

pub(crate) mod change_set;
pub(crate) mod detection;
pub(crate) mod drift;
pub(crate) mod evaluate;
pub(crate) mod failures;
pub(crate) mod ground;
mod jobs;
pub(crate) mod makers;
pub(crate) mod nested;
pub(crate) mod operation;
pub(crate) mod parts;
pub(crate) mod phases;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod source;
pub(crate) mod stack;
pub(crate) mod state;
