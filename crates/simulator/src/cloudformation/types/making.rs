//! A resource as its type sees it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A resource of a stack as its type sees it.
#[derive(Clone, Copy)]
pub(crate) struct Making<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) stack_name: &'a str,
    pub(crate) stack_id: &'a str,
    pub(crate) logical: &'a str,
    pub(crate) kind: &'a str,
    /// The properties, evaluated.
    pub(crate) properties: &'a Value,
    /// The stack's tags.
    pub(crate) tags: &'a BTreeMap<String, String>,
}
