//! Reads manifests: strict with what is written, kind to who wrote it.
//!
//! [`read`] takes every document of a snapshot, and tells all that is wrong with them at once: each mistake is one problem
//! with `file:line:column`, what was expected, and the nearest known name. What is valid goes on without what is not.
//!
//! From below: `text` (YAML and JSON with places), `documents` (files, fields, references, AWS's documents), `kinds` and `agent`
//! (what each kind of manifest and the agent's configuration say), `read` (all of them together).

mod agent;
mod documents;
mod fleeting;
mod kinds;
mod read;
mod removed;
mod resource;
pub(crate) mod text;

pub use agent::read_agent;
pub use read::{read, resolve};
pub use removed::removed;
