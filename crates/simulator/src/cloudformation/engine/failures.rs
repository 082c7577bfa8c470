//! Failures and drift on demand: what a test or a demo tells the simulator to go wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// CloudFormation cannot read the resource, so that its drift is UNKNOWN.
    #[serde(default)]
    pub unknown: bool,
    /// The resource itself is deleted.
    #[serde(default)]
    pub deleted: bool,
}
