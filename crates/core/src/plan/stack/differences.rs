//! What differs between a stack and its declaration, and what of it may ask for a replacement.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::{Cause, Change};
use crate::secret::Shown;

/// What differs, and which live parameters an adoption would put back to the template's default.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) changes: Vec<Change>,
    /// What AWS does not show well enough to tell: "the tag `owner`".
    pub(super) unsure: Vec<String>,
    /// Keys of parameters that the manifest does not name and whose value on the stack is not the template's default.
    pub(super) resets: Vec<String>,
    /// What a change of a resource may come from.
    pub(super) asked: Asked,
}

/// What the template and the parameters ask for that the stack has not: what a replacement may come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Asked {
    /// A part of the template differs that may concern any resource.
    pub(super) all: bool,
    /// Resources whose part of the template differs.
    pub(super) resources: BTreeSet<String>,
    /// Parameters with another value.
    pub(super) parameters: BTreeSet<String>,
    /// Resources of which a parameter may decide by a condition or a macro, which AWS does not name as a cause.
    pub(super) by_condition: BTreeSet<String>,
}

impl Asked {
    /// Whether anything is.
    pub(super) fn anything(&self) -> bool {
        self.all || !self.resources.is_empty() || !self.parameters.is_empty()
    }
}

/// One line of the diff.
pub(super) fn change(path: String, old: Option<Value>, new: Option<Value>) -> Change {
    Change { path, old: old.map(Shown::Plain), new: new.map(Shown::Plain), cause: Cause::Declared, deploys: false }
}
