//! The decision of one pass over one resource.

use std::collections::BTreeMap;

use super::shared::verdict::{Change, Verdict};
use super::step::Step;
use crate::resource::ResourceId;
use crate::secret::Shown;

/// The decision of one pass over one resource. Written as JSON, what may be secret in it is hidden.
#[derive(Debug, Clone, PartialEq)]
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
    /// Ready, and yet not all of it was looked at since it was written: what it heals besides is seen later.
    pub unchecked: bool,
    /// What it depends on and is to be written first; only of a plan that is made for a whole commit ([`ahead`](super::ahead)).
    pub after: Vec<ResourceId>,
}

impl Plan {
    /// Without steps.
    pub fn new(resource: &ResourceId, verdict: Verdict) -> Self {
        Plan {
            resource: resource.clone(),
            steps: vec![],
            changes: vec![],
            notes: vec![],
            verdict,
            outputs: BTreeMap::new(),
            unchecked: false,
            after: vec![],
        }
    }

    /// Nothing would be written: AWS is only asked to look, if anything.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(Step::looks)
    }

    /// Whether the thing itself would become another one: not where AWS is only asked to look.
    pub fn writes(&self) -> bool {
        !self.is_empty()
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
