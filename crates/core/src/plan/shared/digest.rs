//! Digests: of a resource, so that a failure is remembered for exactly it, and of what no answer shows.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// 32 hex digits over a value; members in order of their names.
pub(crate) fn of(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    hex(text.as_bytes())
}

/// The first 32 hex digits of the SHA-256.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(&members[name], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for value in list {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
