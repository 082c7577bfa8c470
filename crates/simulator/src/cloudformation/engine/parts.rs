//! What a stack is made from and made of: its settings, its resources, its outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::cloudformation::template::parameters::Parameters;
use crate::cloudformation::template::{Declared, Template};

pub(crate) type Tags = BTreeMap<String, String>;

/// What a stack is made from: all that a rollback brings back.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) template: Arc<Template>,
    pub(crate) parameters: Parameters,
    pub(crate) capabilities: Vec<String>,
    pub(crate) tags: Tags,
    pub(crate) role: Option<String>,
    pub(crate) notifications: Vec<String>,
}

/// What a stack does when it fails, and what it is protected by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) disable_rollback: bool,
    /// `OnFailure: DELETE`.
    pub(crate) delete_on_failure: bool,
    pub(crate) retain_except_on_create: bool,
    pub(crate) protection: bool,
    pub(crate) policy: Option<String>,
    pub(crate) timeout_minutes: Option<String>,
}

/// Whether a thing was found to be as the template says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drift {
    /// `None` is NOT_CHECKED.
    pub(crate) status: Option<&'static str>,
    pub(crate) at: Seconds,
}

/// A resource of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) declared: Declared,
    /// Empty until there is one.
    pub(crate) physical: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) at: Seconds,
    /// The properties that the template came to.
    pub(crate) properties: Value,
    /// What is really there: it differs once somebody has changed it behind the stack's back.
    pub(crate) actual: Value,
    /// Somebody has deleted it behind the stack's back.
    pub(crate) gone: bool,
    /// CloudFormation cannot read it, for want of a right.
    pub(crate) unreadable: bool,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) drift: Drift,
}

/// An output with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

impl Resource {
    /// A resource that is about to be made.
    pub(crate) fn new(declared: Declared, properties: Value) -> Self {
        Self {
            declared,
            physical: String::new(),
            status: "CREATE_IN_PROGRESS",
            reason: None,
            at: 0.0,
            actual: properties.clone(),
            properties,
            gone: false,
            unreadable: false,
            attributes: Map::new(),
            drift: Drift::default(),
        }
    }
}
