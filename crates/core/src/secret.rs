//! Redaction by type: a value that may be secret prints as `(changed)` wherever it goes, unless it is revealed.

use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// A value of a plan. `Hidden` (an environment entry's value, say) prints as `(changed)`, also as JSON.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// Prints as it is.
    Plain(Value),
    /// Never prints by itself.
    Hidden(Value),
}

impl Shown {
    /// The value for `--show-values`: a decision of the person at the terminal.
    pub fn revealed(self) -> Shown {
        match self {
            Shown::Plain(value) | Shown::Hidden(value) => Shown::Plain(value),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::Plain(value) => write!(f, "{value}"),
            Shown::Hidden(_) => f.write_str("(changed)"),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Shown::Plain(value) => value.serialize(serializer),
            Shown::Hidden(_) => serializer.serialize_str("(changed)"),
        }
    }
}
