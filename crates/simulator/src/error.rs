//! An error of AWS's, as every service here answers it. Each protocol writes it in its own way.

/// What an action answers: its output's members.
pub(crate) type Answer = Result<serde_json::Value, AwsError>;

/// An error's code, message and HTTP status. The codes are those of each action's page; those that all services share are
/// on pages such as <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
}

impl AwsError {
    /// An error of the caller's: HTTP 400.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// The same error under another HTTP status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The action is not one that the simulator has, in an awsJson service.
    pub(crate) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "")
    }

    /// The action is not one that the simulator has, in an awsQuery service.
    pub(crate) fn invalid_action(action: &str, version: &str) -> Self {
        Self::new("InvalidAction", format!("Could not find operation {action} for version {version}"))
    }
}
