//! The errors that all actions on stacks share.

use serde_json::Value;

use crate::error::AwsError;
use crate::query;

/// The error for everything that is wrong with a request:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>.
pub(crate) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

/// "Stack [X] does not exist", as the writing actions say it.
pub(crate) fn no_stack(name: &str) -> AwsError {
    invalid(format!("Stack [{name}] does not exist"))
}

/// "Stack with id X does not exist", as the reading actions say it.
pub(crate) fn no_stack_with_id(name: &str) -> AwsError {
    invalid(format!("Stack with id {name} does not exist"))
}

/// A required string.
pub(crate) fn required<'a>(input: &'a Value, key: &str) -> Result<&'a str, AwsError> {
    let missing = || {
        let name = format!("{}{}", key[..1].to_lowercase(), &key[1..]);
        invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    };
    query::text(input, key).ok_or_else(missing)
}
