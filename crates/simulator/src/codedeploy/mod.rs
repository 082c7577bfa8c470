//! AWS CodeDeploy, awsJson 1.1.
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/Welcome.html>

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::world::{Answer, World};

/// Applications, groups and deployments.
#[derive(Default)]
pub(crate) struct State {}

/// Lets everything that was due until `now` happen.
pub(crate) fn advance(_world: &mut World, _now: Seconds) {}

/// One call, at `now`.
pub(crate) fn call(_world: &mut World, _action: &str, _input: &Value, _now: Seconds) -> Answer {
    Err(AwsError::unknown_operation())
}

/// What a call names, for the log and for faults.
pub(crate) fn resource(_input: &Value) -> String {
    String::new()
}
