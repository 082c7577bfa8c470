//! One of our documents, before it is read.

use crate::location::Location;
use crate::manifest::documents::fields::location;
use crate::manifest::text::bounds::ParsedDocument;
use crate::manifest::text::node::{Mark, Node};

/// One of our documents, not read yet.
#[derive(Debug)]
pub(in crate::manifest) struct Manifest {
    pub(in crate::manifest) file: String,
    pub(in crate::manifest) document: ParsedDocument,
}

/// Whether a file of this name can hold manifests.
pub(in crate::manifest) fn is_candidate(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// The place of a document in `file`.
pub(in crate::manifest) fn place_of(file: &str, node: &Node) -> Location {
    location(file, node.at)
}

/// `metadata.name`, or a word in its stead, and its place.
#[derive(Debug, Clone, Copy)]
pub(in crate::manifest) struct Name<'a> {
    pub(in crate::manifest) text: &'a str,
    pub(in crate::manifest) at: Mark,
}
