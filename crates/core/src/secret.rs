//! Redaction: a value that may be secret prints as `(hidden)` wherever it goes, unless it is revealed.
//!
//! It is hidden by its type ([`Shown::Hidden`]: what an environment entry says), and, when a [`Plan`](crate::plan::Plan) is
//! printed or written as JSON, by its name as well (`names.rs`): a password in a log driver's options, a token in a
//! label or on a command line.

mod mask;
mod names;

use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

pub use mask::{HIDDEN, guarded, masked};
pub use names::is_secret;

/// A value of a plan. `Hidden` (an environment entry's value, say) prints as `(hidden)`, also as JSON.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// Prints as it is, unless its name says that it should not.
    Plain(Value),
    /// Never prints by itself.
    Hidden(Value),
    /// Prints as it is: a person asked for it.
    Revealed(Value),
}

impl Shown {
    /// The value for `--show-values`: a decision of the person at the terminal.
    pub fn revealed(self) -> Shown {
        Shown::Revealed(self.into_value())
    }

    /// The value itself.
    pub fn value(&self) -> &Value {
        match self {
            Shown::Plain(value) | Shown::Hidden(value) | Shown::Revealed(value) => value,
        }
    }

    /// The value itself, for what is sent to AWS.
    pub fn into_value(self) -> Value {
        match self {
            Shown::Plain(value) | Shown::Hidden(value) | Shown::Revealed(value) => value,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::Plain(value) | Shown::Revealed(value) => write!(f, "{value}"),
            Shown::Hidden(_) => f.write_str(HIDDEN),
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
            Shown::Plain(value) | Shown::Revealed(value) => value.serialize(serializer),
            Shown::Hidden(_) => serializer.serialize_str(HIDDEN),
        }
    }
}
