//! What to do about a difference: the steps, and their causes.

pub mod artifact;
mod decision;
pub mod deployment;
mod dispatch;
pub mod ecs;
pub mod guard;
pub mod render;
mod shared;
pub mod stack;
mod step;
pub mod task;
pub mod tree;

pub use decision::Plan;
pub use dispatch::{looks_a_second, plan, written_at};
pub use ecs::step::{EcsStep, Secret, TaskDefinitionRef};
pub use shared::context::{self, Context};
pub use shared::tags;
pub use shared::verdict::{Cause, Change, Verdict};
pub use step::Step;

pub(crate) use shared::{digest, ownership};
