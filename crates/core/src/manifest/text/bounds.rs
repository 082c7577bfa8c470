//! What both readers answer with, and the bounds that a hostile file meets in each of them.

use super::node::{Mark, Node};

/// Lists and mappings within each other. AWS's documents end at 10.
pub(crate) const MAX_DEPTH: usize = 64;
/// Values in one file, copies made by aliases included: the largest CloudFormation template (1 MB) has some 50,000.
pub(crate) const MAX_NODES: usize = 200_000;
/// Text in one file, copies made by aliases included. The file itself has at most 4 MiB.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Faults told of one document; whoever has more has another problem.
const MAX_FAULTS: usize = 20;

/// What is wrong at one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: Mark,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(at: Mark, message: impl Into<String>) -> Self {
        Fault { at, message: message.into() }
    }
}

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParsedDocument {
    pub(crate) root: Node,
    /// What is readable and yet not meant: duplicate keys, unknown tags. Somebody else's documents may have them.
    pub(crate) faults: Vec<Fault>,
}

/// Duplicate keys and others, up to the bound.
pub(crate) fn note(faults: &mut Vec<Fault>, at: Mark, message: impl Into<String>) {
    if faults.len() < MAX_FAULTS {
        faults.push(Fault::new(at, message));
    }
}

/// The message for a second `key`.
pub(crate) fn duplicate(key: &str, first: Mark) -> String {
    format!("the key {} stands twice here, first in line {}; remove one", crate::model::report::shown(key), first.line)
}

/// Counts what a file has grown to.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    pub(crate) fn take(&mut self, nodes: usize, bytes: usize, at: Mark) -> Result<(), Fault> {
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes > MAX_NODES {
            return Err(Fault::new(
                at,
                format!("the file has more than {MAX_NODES} values (with what its aliases repeat); split it"),
            ));
        }
        if self.bytes > MAX_BYTES {
            return Err(Fault::new(at, "the file has more than 16 MiB of text (with what its aliases repeat); split it"));
        }
        Ok(())
    }
}

/// The message for what is nested too deeply.
pub(crate) fn too_deep() -> String {
    format!("lists and mappings are nested more than {MAX_DEPTH} deep; AWS has no such document")
}
