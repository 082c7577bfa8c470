//! The Resource Groups Tagging API, awsJson 1.1.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html>

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::world::{Answer, World};

/// One call, at `now`.
pub(crate) fn call(_world: &mut World, _action: &str, _input: &Value, _now: Seconds) -> Answer {
    Err(AwsError::unknown_operation())
}
