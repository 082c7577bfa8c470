//! Effects.

pub mod cli;
pub mod clock;
pub mod environment;
pub mod logging;
pub mod source;
