//! The top floor: the actions, from a request's members to an answer's.

mod change_set_views;
pub(crate) mod change_sets;
pub(crate) mod describe;
pub(crate) mod drift;
pub(crate) mod early;
pub(crate) mod exports;
pub(crate) mod guards;
mod inside;
pub(crate) mod lifecycle;
pub(crate) mod registry;
mod requests;
pub(crate) mod templates;
mod views;
