//! What reading needs to know of the whole commit, and how references are laid into a document.

use std::collections::BTreeSet;

use crate::agent::Agent;
use crate::desired::{Outputs, Reference};
use crate::interpolate::{Interpolation, Place};
use crate::location::Location;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::snapshot::Snapshot;

/// Values that all manifests of one commit and the documents they name may have together, against memory exhaustion.
/// 1,000 services with a task definition of 100 values each have 100,000.
const MAX_KEPT_NODES: usize = 4_000_000;
/// What is said where they have more.
pub(in crate::manifest) const TOO_MUCH: &str =
    "the manifests of this commit have more than 4,000,000 values together, and this is not read any more; split the source";

/// References told of one document that cannot be resolved.
const MAX_UNRESOLVED: usize = 50;

/// What reading needs to know of the whole commit.
pub(in crate::manifest) struct Reading<'a> {
    pub(in crate::manifest) snapshot: &'a Snapshot,
    pub(in crate::manifest) agent: &'a Agent,
    kept: usize,
    /// Values of the manifest being read that interpolation changed.
    pub(in crate::manifest) changed: BTreeSet<Mark>,
    /// What other resources give; None before they are asked: then what the manifest takes from them stays as written.
    pub(in crate::manifest) outputs: Option<&'a Outputs>,
    /// What the manifest being read takes from other resources, and where.
    pub(in crate::manifest) references: Vec<(Reference, Location)>,
}

impl<'a> Reading<'a> {
    pub(in crate::manifest) fn new(snapshot: &'a Snapshot, agent: &'a Agent, outputs: Option<&'a Outputs>) -> Self {
        Reading { snapshot, agent, kept: 0, changed: BTreeSet::new(), outputs, references: Vec::new() }
    }

    /// Whether so many more values may be kept.
    pub(in crate::manifest) fn keep(&mut self, nodes: usize) -> bool {
        self.kept = self.kept.saturating_add(nodes);
        self.kept <= MAX_KEPT_NODES
    }

    /// Replaces the references in every string of `node`.
    pub(in crate::manifest) fn interpolate(&self, node: &mut Node, place: Place, done: &mut Interpolated) {
        let interpolation =
            Interpolation { variables: &self.agent.variables, revision: &self.snapshot.revision, outputs: self.outputs };
        match &mut node.content {
            Content::Text(text) => match interpolation.apply(text, place) {
                Ok(Some(filled)) => {
                    *text = filled.text;
                    done.changed.insert(node.at);
                    done.open.extend(filled.open.into_iter().map(|reference| (node.at, reference)));
                }
                Ok(None) => {}
                Err(messages) if done.problems.len() < MAX_UNRESOLVED => {
                    done.problems.extend(messages.into_iter().map(|message| (node.at, message)));
                }
                Err(_) => {}
            },
            Content::List(elements) => elements.iter_mut().for_each(|element| self.interpolate(element, place, done)),
            Content::Map(members) => {
                for member in members {
                    let place = if member.key == "inline" { Place::Document } else { place };
                    self.interpolate(&mut member.node, place, done);
                }
            }
            _ => {}
        }
    }
}

/// What interpolating one document came to.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Interpolated {
    /// Values that were changed: each is a string now, whatever it looks like.
    pub(in crate::manifest) changed: BTreeSet<Mark>,
    /// What stays as written until other resources give it.
    pub(in crate::manifest) open: Vec<(Mark, Reference)>,
    pub(in crate::manifest) problems: Vec<(Mark, String)>,
}
