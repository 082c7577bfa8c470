//! Where in the source something stands, and what is wrong there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::printable;
use crate::resource::ResourceId;

/// `file:line:column`; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The path relative to the source's path, with `/` between its parts.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

impl Location {
    /// A place in `file`.
    pub fn new(file: impl Into<String>, line: usize, column: usize) -> Self {
        Location { file: file.into(), line, column }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file's name is data: whoever pushes chooses it.
        write!(f, "{}:{}:{}", printable::one_line(&self.file), self.line, self.column)
    }
}

/// One thing a person should know about their manifests: an error that refuses a resource, or a warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Where to look.
    pub location: Location,
    /// The resource it concerns, where one could be told. An error with a resource fails that resource and its
    /// dependents; one without (a file that does not parse) fails nothing else, but keeps prune from running.
    pub resource: Option<ResourceId>,
    /// What happened, what was expected, and what to do, in one sentence or two.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.location)?;
        if let Some(resource) = &self.resource {
            write!(f, "{resource}: ")?;
        }
        f.write_str(&self.message)
    }
}
