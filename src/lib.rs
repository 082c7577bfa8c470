//! Effects.

pub mod source;
