//! The model of AWS's ECS documents: what of a written document is sent, and what AWS would refuse, told offline.

use serde_json::Value;

use crate::desired::Document;

/// A document as it is sent, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Unwrapped, without read-only members and nulls: what is sent.
    pub document: Document,
    /// AWS refuses the document for each of these.
    pub errors: Vec<Finding>,
    /// Worth a look; refuses nothing.
    pub warnings: Vec<Finding>,
}

/// One thing a person should know about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// RFC 6901, into the document as it was written, before unwrapping.
    pub pointer: String,
    /// What is wrong with which member, and what AWS accepts.
    pub message: String,
}

/// Cleans and checks RegisterTaskDefinition's document, wrapped or not.
pub fn check_task_definition(written: &Value) -> Checked {
    unwrap(written, &["taskDefinition"])
}

/// Cleans and checks CreateService's document, wrapped or not. `cluster`, `serviceName`, `taskDefinition` and
/// `desiredCount` may stand in it, and need not.
pub fn check_service(written: &Value) -> Checked {
    unwrap(written, &["services", "service"])
}

/// What only the two documents together show. Pointers begin with `/service` or `/taskDefinition` and lead into
/// the documents as they are sent.
pub fn check_together(_task_definition: Option<&Document>, _service: &Document) -> Vec<Finding> {
    Vec::new()
}

fn unwrap(written: &Value, wrappers: &[&str]) -> Checked {
    let inner = wrappers.iter().find_map(|wrapper| match written.get(wrapper)? {
        Value::Array(list) => list.first()?.as_object(),
        other => other.as_object(),
    });
    Checked { document: inner.or(written.as_object()).cloned().unwrap_or_default(), ..Checked::default() }
}
