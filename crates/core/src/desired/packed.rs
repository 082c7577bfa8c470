//! AWS's documents as they are kept from one look to the next.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Document;

/// A document as JSON, shared by its clones. As a tree it is ten times as large, and it is one only while its resource is looked at:
/// of ten thousand resources that are known, a few dozen are.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Arc<str>);

impl Packed {
    /// The document, as it was packed.
    pub fn open(&self) -> Document {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// A member's value.
    pub fn get(&self, member: &str) -> Option<Value> {
        self.open().remove(member)
    }

    /// Changes it.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Document)) {
        let mut document = self.open();
        edit(&mut document);
        *self = document.into();
    }

    /// Its JSON, without white space. Equal documents have equal ones.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Without members.
impl Default for Packed {
    fn default() -> Self {
        Document::new().into()
    }
}

impl From<&Document> for Packed {
    fn from(document: &Document) -> Self {
        // A map with strings for keys always has a text.
        Packed(serde_json::to_string(document).unwrap_or_default().into())
    }
}

impl From<Document> for Packed {
    fn from(document: Document) -> Self {
        Packed::from(&document)
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.open(), f)
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.open().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_packed_document_prints_as_what_is_in_it() {
        let document = serde_json::json!({"a": [1]}).as_object().cloned().unwrap_or_default();
        let packed = super::Packed::from(&document);
        assert_eq!(format!("{packed:?}"), format!("{document:?}"));
        assert_eq!(serde_json::to_value(&packed).unwrap_or_default(), serde_json::Value::Object(document));
    }

    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was_packed() {
        let document = json!({
            "b": [1, -1, u64::MAX, i64::MIN, 1.0, 0.1, 99.95, 1e21],
            "a": {"": null, "ä\u{0}\"\\": "\u{1f600}\n", "t": true, "e": {}, "l": []},
        });
        let document = document.as_object().expect("a map");
        let packed = Packed::from(document);
        assert_eq!(packed.open(), *document);
        assert_eq!(Packed::from(packed.open()), packed);
        assert_eq!((packed.get("a"), packed.get("c")), (document.get("a").cloned(), None));
    }
}
