//! The identity of a declared resource: its kind and its name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kind {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        /// The kinds of resource a manifest can declare. The order is the one used in listings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind, for messages that list what is known.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The word users type.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$kind => stringify!($kind),)*
                }
            }
        }
    };
}

kinds!(kind);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == word).ok_or_else(|| UnknownKind(word.to_owned()))
    }
}

/// A word that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind `{0}`; the kinds are {kinds}", kinds = words())]
pub struct UnknownKind(pub String);

/// `EcsService, EcsTask and S3Artifact`.
fn words() -> String {
    let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    match words.split_last() {
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// `EcsService/web`: unique within one agent's source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ResourceId {
    /// What it is.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: String,
}

impl ResourceId {
    /// The id of the `kind` called `name`.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        ResourceId { kind, name: name.into() }
    }

    /// The id of the `EcsService` called `name`.
    pub fn ecs_service(name: impl Into<String>) -> Self {
        ResourceId::new(Kind::EcsService, name)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ResourceId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for ResourceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) =
            text.split_once('/').ok_or_else(|| format!("`{text}` is not of the form KIND/NAME, as in EcsService/web"))?;
        if name.is_empty() {
            return Err(format!("`{text}` has no name after the slash; write KIND/NAME, as in EcsService/web"));
        }
        Ok(ResourceId { kind: kind.parse().map_err(|unknown: UnknownKind| unknown.to_string())?, name: name.to_owned() })
    }
}
