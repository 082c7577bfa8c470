//! What to do about a difference: the steps, and their causes.

pub mod ahead;
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
mod told;
pub mod tree;

pub use decision::Plan;
pub use dispatch::{compared_with, looks_a_second, meanwhile, plan, written_at};
pub use ecs::step::{EcsStep, Secret, TaskDefinitionRef};
pub use shared::context::{self, Context};
pub use shared::tags;
pub use shared::verdict::{Cause, Change, FAILED, NOT_READY, Verdict};
pub use step::{BOOKKEEPING, Step};

pub(crate) use shared::{digest, ownership};
