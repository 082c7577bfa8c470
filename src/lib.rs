//! Effects.

pub mod aws;
pub mod backoff;
pub mod cli;
pub mod clock;
pub mod environment;
pub mod logging;
pub mod queue;
pub mod quota;
pub mod shutdown;
pub mod source;
