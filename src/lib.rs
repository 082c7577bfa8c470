//! Effects.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod environment;
pub mod logging;
pub mod quota;
pub mod source;
