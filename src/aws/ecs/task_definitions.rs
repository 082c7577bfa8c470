//! What revisions contain, kept for good: a task definition revision never changes once registered, only its status and
//! people's tags do. Driftless's own tags are written with the registration and belong to the content. <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// How much is kept, in bytes of JSON. At 6 KB a revision, some ten thousand revisions.
const LARGEST: usize = 64 * 1024 * 1024;

/// Revisions' contents by ARN. What has not been asked for longest goes first.
#[derive(Default)]
pub(super) struct Contents(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// Counts the questions.
    tick: u64,
}

struct Entry {
    json: Box<[u8]>,
    asked: u64,
}

impl Contents {
    /// `{taskDefinition, tags}` without its status and people's tags.
    pub fn get(&self, arn: &str) -> Option<Value> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tick += 1;
        let tick = kept.tick;
        let entry = kept.entries.get_mut(arn)?;
        entry.asked = tick;
        serde_json::from_slice(&entry.json).ok()
    }

    /// Keeps DescribeTaskDefinition's answer, and gives what is kept of it.
    pub fn keep(&self, arn: &str, answer: Value) -> Value {
        let content = content(answer);
        self.insert(arn, &content, LARGEST);
        content
    }

    fn insert(&self, arn: &str, content: &Value, largest: usize) {
        let Ok(json) = serde_json::to_vec(content) else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tick += 1;
        let entry = Entry { asked: kept.tick, json: json.into_boxed_slice() };
        kept.bytes += entry.json.len();
        if let Some(older) = kept.entries.insert(arn.to_owned(), entry) {
            kept.bytes -= older.json.len();
        }
        if kept.bytes > largest {
            kept.shrink(largest / 8 * 7);
        }
    }
}

impl Kept {
    fn shrink(&mut self, to: usize) {
        let mut oldest: Vec<(u64, String)> = self.entries.iter().map(|(arn, entry)| (entry.asked, arn.clone())).collect();
        oldest.sort_unstable();
        for (_, arn) in oldest {
            if self.bytes <= to {
                return;
            }
            if let Some(gone) = self.entries.remove(&arn) {
                self.bytes -= gone.json.len();
            }
        }
    }
}

/// Without what can change after registration.
fn content(mut answer: Value) -> Value {
    if let Some(tags) = answer.get_mut("tags").and_then(Value::as_array_mut) {
        let ours = |tag: &Value| tag.get("key").and_then(Value::as_str).is_some_and(|key| key.starts_with("driftless:"));
        tags.retain(ours);
    }
    if let Some(definition) = answer.get_mut("taskDefinition").and_then(Value::as_object_mut) {
        for changing in ["status", "deregisteredAt", "deleteRequestedAt"] {
            definition.remove(changing);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn status_and_peoples_tags_are_not_kept_and_our_own_are() {
        let contents = Contents::default();
        let answer = json!({"taskDefinition": {"family": "web", "status": "ACTIVE"},
            "tags": [{"key": "a", "value": "b"}, {"key": "driftless:definition", "value": "0123"}]});
        let kept = contents.keep("arn:web:1", answer);
        let ours = json!([{"key": "driftless:definition", "value": "0123"}]);
        assert_eq!(kept, json!({"taskDefinition": {"family": "web"}, "tags": ours}));
        assert_eq!(contents.get("arn:web:1"), Some(kept));
        assert_eq!(contents.get("arn:web:2"), None);
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let contents = Contents::default();
        let value = json!("x".repeat(98));
        for number in 0..10 {
            contents.insert(&format!("arn:{number}"), &value, 1000);
        }
        assert!(contents.get("arn:0").is_some());
        contents.insert("arn:10", &value, 1000);
        assert!(contents.get("arn:0").is_some(), "it was asked for just now");
        assert!(contents.get("arn:1").is_none());
        assert!(contents.get("arn:10").is_some());
        assert!(contents.0.lock().unwrap().bytes <= 1000);
    }

    #[test]
    fn a_revision_kept_twice_counts_once() {
        let contents = Contents::default();
        contents.insert("arn", &json!("xx"), 1000);
        contents.insert("arn", &json!("xx"), 1000);
        assert_eq!(contents.0.lock().unwrap().bytes, 4);
    }
}
