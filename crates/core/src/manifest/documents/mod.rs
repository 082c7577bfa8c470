//! From files to documents: which of them are ours, the files that they name, their fields and references, and AWS's own
//! documents in them.

pub(super) mod aws;
pub(super) mod collect;
mod covers;
pub(super) mod fields;
pub(super) mod file;
pub(super) mod files;
mod gitlab_template;
pub(super) mod ignored;
pub(super) mod manifest;
pub(super) mod reading;
pub(super) mod words;
