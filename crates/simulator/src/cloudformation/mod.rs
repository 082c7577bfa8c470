//! AWS CloudFormation, awsQuery.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::query;
use crate::world::{Answer, World};

const VERSION: &str = "2010-05-15";

/// The stacks of one account in one Region.
#[derive(Default)]
pub(crate) struct State {}

impl State {
    /// When the next thing happens of itself.
    pub(crate) fn due(&self) -> Option<Seconds> {
        None
    }
}

/// Lets the one thing happen that is due at `at`.
pub(crate) fn step(_world: &mut World, _at: Seconds) {}

/// One call, at `now`.
pub(crate) fn call(_world: &mut World, action: &str, _input: &Value, _now: Seconds) -> Answer {
    Err(AwsError::invalid_action(action, VERSION))
}

/// What a call names, for the log and for faults: the stack's name, also where its ARN is sent.
pub(crate) fn resource(input: &Value) -> String {
    let name = query::text(input, "StackName").unwrap_or_default();
    let inside = name.split_once(":stack/").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    inside.unwrap_or(name).to_string()
}
