//! Driftless's effects: everything that talks to the world. What is decided stands in `driftless-core`.
//!
//! One commit's way through the code: [`source`] reads a snapshot, `driftless_core::manifest` reads what it declares,
//! [`reconcile`] observes through [`aws`], lets `driftless_core::plan` decide, and writes through [`aws`] again;
//! [`reporter`] tells GitLab. [`agent`] ties them together for good, [`commands`] for once.

pub mod agent;
pub mod ambient;
pub mod artifact;
pub mod aws;
pub mod backoff;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod environment;
pub mod health;
pub mod logging;
pub mod queue;
pub mod quota;
pub mod reconcile;
pub mod reporter;
pub mod server;
pub mod shutdown;
pub mod signals;
pub mod source;
pub mod wire;
