//! The decision of one pass over one resource.

use std::collections::BTreeMap;

use serde::Serialize;

use super::shared::verdict::{Change, Verdict};
use super::step::Step;
use crate::resource::ResourceId;
use crate::secret::Shown;

/// The decision of one pass over one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of what.
    pub resource: ResourceId,
    /// In the order in which they are applied; each is one call to AWS. Empty: nothing to write now.
    pub steps: Vec<Step>,
    /// Why: one line of the diff each.
    pub changes: Vec<Change>,
    /// What a person should know besides (adoption, superseding).
    pub notes: Vec<String>,
    /// Where the resource stands, if the steps (when there are any) succeed.
    pub verdict: Verdict,
    /// What other resources can take from this one, as it is now (not after the steps): a stack's outputs, an artifact's key.
    pub outputs: BTreeMap<String, String>,
}

impl Plan {
    /// Without steps.
    pub fn new(resource: &ResourceId, verdict: Verdict) -> Self {
        Plan { resource: resource.clone(), steps: vec![], changes: vec![], notes: vec![], verdict, outputs: BTreeMap::new() }
    }

    /// Nothing would be written: AWS is only asked to look, if anything.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(Step::looks)
    }

    /// The plan with the values that are hidden by type: a decision of the person at the terminal (`--show-values`).
    pub fn revealed(mut self) -> Plan {
        for change in &mut self.changes {
            change.old = change.old.take().map(Shown::revealed);
            change.new = change.new.take().map(Shown::revealed);
        }
        self
    }
}
