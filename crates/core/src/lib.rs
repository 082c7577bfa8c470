//! Driftless's decisions: what the manifests say, how that differs from what AWS runs, what to do about it,
//! and how it went. Nothing here performs I/O, reads a clock or knows the environment; `src/` does that.
//!
//! Data flows one way: [`Snapshot`](snapshot::Snapshot) → [`Desired`](desired::Desired)
//! (+ [`ServiceObservation`](observed::ServiceObservation)) → [`Plan`](plan::Plan) → outcomes →
//! [`Status`](status::Status).

#[macro_use]
mod kinds;

pub mod agent;
pub mod count;
pub mod desired;
pub mod graph;
pub mod interpolate;
mod json;
pub mod lfs;
pub mod location;
pub mod manifest;
pub mod model;
pub mod normalise;
pub mod observed;
pub mod plan;
pub mod printable;
pub mod prune;
pub mod refusal;
pub mod report;
pub mod resource;
pub mod secret;
mod sentence;
pub mod snapshot;
pub mod status;
pub mod template;

pub use plan::ecs::rollout;
