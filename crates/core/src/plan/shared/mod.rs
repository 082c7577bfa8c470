//! What the plans of all kinds share. It stands below the kinds, and knows none of them.

pub mod context;
pub(crate) mod digest;
pub(crate) mod ownership;
pub mod tags;
pub mod verdict;
