//! Members of AWS's answers, read by their names. One that is missing, or of another type, reads as empty.

use serde_json::Value;

/// A member that is a text.
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// A member that is a list.
pub(crate) fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_of_another_type_reads_as_empty() {
        let answer = json!({"status": "ACTIVE", "tags": [1, 2], "count": 3});
        assert_eq!((text(&answer, "status"), list(&answer, "tags").len()), ("ACTIVE", 2));
        assert_eq!((text(&answer, "count"), text(&answer, "gone"), text(&json!(null), "status")), ("", "", ""));
        assert_eq!((list(&answer, "status").len(), list(&answer, "gone").len(), list(&json!([1]), "tags").len()), (0, 0, 0));
    }
}
