//! What a change set would replace or remove although nobody asked for it.
//!
//! Asked for is what comes from a difference of the template or of a declared parameter's value, references included: not
//! from tags, from Systems Manager parameters that have moved, or from what CloudFormation changes of itself. AWS says where each
//! change comes from ("ChangeSource", "CausingEntity"):
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html>. Where it says nothing, any
//! difference of template or parameters counts.

use std::collections::BTreeSet;

use super::differences::Asked;
use crate::observed::{ChangeDetail, ChangeSet, ResourceChange};

/// One resource that would go.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loss<'c> {
    /// `Nested/Logical`.
    pub(super) name: String,
    pub(super) change: &'c ResourceChange,
}

/// Whether what there is of the resource now goes, or may go.
pub(super) fn destroys(change: &ResourceChange) -> bool {
    match change.action.as_str() {
        "Remove" => true,
        "Add" | "Import" => false,
        _ => matches!(change.replacement.as_deref(), Some("True" | "Conditional")),
    }
}

/// What goes without having been asked for, and is not allowed to. `gone` are resources that are not there any more.
pub(super) fn held<'c>(change_set: &'c ChangeSet, asked: &Asked, allowed: &[String], gone: &BTreeSet<&str>) -> Vec<Loss<'c>> {
    let mut found = Vec::new();
    let refers = |detail: &ChangeDetail| detail.entity.is_some();
    let names_causes = change_set.changes.iter().flat_map(|change| &change.details).any(refers);
    let look = Look { changes: &change_set.changes, asked, names_causes };
    for change in &change_set.changes {
        let of_commit = look.asked_for(change, &mut BTreeSet::new());
        if destroys(change) && !of_commit && !gone.contains(change.logical_id.as_str()) {
            found.push(Loss { name: change.logical_id.clone(), change });
        }
        // What is in a nested stack comes from what the parent gives it.
        let given = change.details.iter().any(|detail| look.comes_from_commit(change, detail, &mut BTreeSet::new()));
        nested(change, &change.logical_id, given || (change.details.is_empty() && asked.anything()), &mut found);
    }
    found.retain(|loss| !allowed.contains(&loss.name));
    found
}

fn nested<'c>(parent: &'c ResourceChange, path: &str, given: bool, found: &mut Vec<Loss<'c>>) {
    for change in parent.nested.iter().flatten() {
        let name = format!("{path}/{}", change.logical_id);
        let only_tags = !change.details.is_empty() && decisive(change).all(|detail| detail.attribute == "Tags");
        if destroys(change) && (!given || only_tags) {
            found.push(Loss { name: name.clone(), change });
        }
        nested(change, &name, given, found);
    }
}

/// Of several reasons those for which the resource is made anew; where AWS names none, all.
fn decisive(change: &ResourceChange) -> impl Iterator<Item = &ChangeDetail> {
    let recreates = |detail: &&ChangeDetail| matches!(detail.recreates.as_str(), "Always" | "Conditionally");
    let any = change.details.iter().any(|detail| recreates(&detail));
    change.details.iter().filter(move |detail| !any || recreates(detail))
}

struct Look<'c> {
    changes: &'c [ResourceChange],
    asked: &'c Asked,
    /// Some servers say `DirectModification` of everything.
    names_causes: bool,
}

impl<'c> Look<'c> {
    /// Whether the commit asks for it. `seen` ends a ring of references.
    fn asked_for(&self, change: &'c ResourceChange, seen: &mut BTreeSet<&'c str>) -> bool {
        if change.action == "Remove" {
            // It is in the template no more, or under a condition that a parameter decides.
            return self.written(change) || self.asked.all || !self.asked.parameters.is_empty();
        }
        if change.details.is_empty() {
            return self.asked.anything();
        }
        decisive(change).any(|detail| self.comes_from_commit(change, detail, seen))
    }

    /// Its own part of the template differs.
    fn written(&self, change: &ResourceChange) -> bool {
        self.asked.all || self.asked.resources.contains(&change.logical_id)
    }

    fn comes_from_commit(&self, change: &'c ResourceChange, detail: &'c ChangeDetail, seen: &mut BTreeSet<&'c str>) -> bool {
        // The stack's tags; a resource's own are `Properties`.
        if detail.attribute == "Tags" {
            return false;
        }
        let entity = detail.entity.as_deref().unwrap_or_default();
        match detail.source.as_str() {
            "DirectModification" => {
                let decided = !self.names_causes || self.asked.by_condition.contains(&change.logical_id);
                self.written(change) || (decided && !self.asked.parameters.is_empty())
            }
            "ParameterReference" => self.written(change) || self.asked.parameters.contains(entity),
            "ResourceReference" | "ResourceAttribute" => {
                let logical = entity.split('.').next().unwrap_or_default();
                let other = self.changes.iter().find(|other| other.logical_id == logical);
                let first = other.is_some_and(|other| seen.insert(&other.logical_id));
                self.written(change) || (first && other.is_some_and(|other| self.asked_for_at_all(other, seen)))
            }
            "Automatic" | "NoModification" => false,
            // Not said, or a word that AWS has added since.
            _ => self.asked.anything(),
        }
    }

    /// Whether any of its changes is the commit's: what refers to it changes with it.
    fn asked_for_at_all(&self, change: &'c ResourceChange, seen: &mut BTreeSet<&'c str>) -> bool {
        match change.details.is_empty() {
            true => self.asked_for(change, seen),
            false => change.details.iter().any(|detail| self.comes_from_commit(change, detail, seen)),
        }
    }
}

/// Whether nothing but what CloudFormation always says of nested stacks is in it: "the change set includes the nested stack
/// because it might change" (`Automatic`), and nothing does.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html>
pub(super) fn only_automatic(changes: &[ResourceChange]) -> bool {
    changes.iter().all(|change| {
        change.action == "Modify"
            && change.resource_type == "AWS::CloudFormation::Stack"
            && !destroys(change)
            && change.details.iter().all(|detail| detail.source == "Automatic")
            && change.nested.as_deref().is_none_or(only_automatic)
    })
}

#[cfg(test)]
#[path = "asked_for_tests.rs"]
mod tests;
