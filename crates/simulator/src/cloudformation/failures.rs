//! Failures and drift on demand: what a test or a demo tells the simulator to go wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::stack::Resource;

/// When in a resource's life it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// When it is made, also as a replacement.
    Create,
    /// When it is changed in place.
    Update,
    /// When it is deleted: with its stack, or after an update that removed or replaced it.
    Delete,
    /// When a rollback restores or deletes it.
    Rollback,
}

/// A failure on demand. As JSON at `POST /_simulator/cloudformation/failures`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackFailure {
    /// The stack's name.
    pub stack: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// When it fails.
    pub on: On,
    /// The reason that the event gives.
    #[serde(default = "reason")]
    pub reason: String,
    /// How often; without it every time.
    #[serde(default)]
    pub times: Option<u32>,
}

fn reason() -> String {
    "Resource handler returned message: \"The simulator was told to let this fail\" (HandlerErrorCode: GeneralServiceException)"
        .into()
}

/// Drift on demand: somebody changes a resource behind the stack's back. As JSON at `POST /_simulator/cloudformation/drift`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackDrift {
    /// The stack's name.
    pub stack: String,
    /// The resource's logical id.
    pub logical_id: String,
    /// The property, as a JSON pointer into the resource's properties: `/Environment/Variables/LEVEL`.
    #[serde(default)]
    pub property: Option<String>,
    /// The property's new value; null takes it away.
    #[serde(default)]
    pub value: Value,
    /// The resource itself is deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl State {
    /// Why a resource fails now, if it was told to.
    pub(super) fn strike(&mut self, stack: &str, logical: &str, on: On) -> Option<String> {
        let matches = |failure: &StackFailure| failure.stack == stack && failure.logical_id == logical && failure.on == on;
        let failure = self.failures.iter_mut().find(|failure| matches(failure) && failure.times != Some(0))?;
        failure.times = failure.times.map(|times| times - 1);
        Some(failure.reason.clone())
    }

    /// Changes a resource behind its stack's back. False when there is no such resource.
    pub(crate) fn drift(&mut self, drift: &StackDrift) -> bool {
        let Some(stack) = self.named_mut(&drift.stack) else { return false };
        let Some(resource) = stack.resources.get_mut(&drift.logical_id) else { return false };
        resource.gone |= drift.deleted;
        if let Some(pointer) = &drift.property {
            put(resource, pointer, drift.value.clone());
        }
        true
    }
}

fn put(resource: &mut Resource, pointer: &str, value: Value) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let Some(parent) = resource.actual.pointer_mut(parent) else { return };
    match parent {
        Value::Object(members) if value.is_null() => drop(members.remove(key)),
        Value::Object(members) => drop(members.insert(key.to_string(), value)),
        Value::Array(items) => {
            let place = key.parse().ok().filter(|place: &usize| *place < items.len());
            match place {
                Some(place) if value.is_null() => drop(items.remove(place)),
                Some(place) => items[place] = value,
                None => items.push(value),
            }
        }
        _ => {}
    }
}
