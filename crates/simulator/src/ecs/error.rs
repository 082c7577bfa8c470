//! The errors that ECS has in many places.
//! Codes: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html> and each action's page.

use crate::error::AwsError;

impl AwsError {
    /// The parameter isn't valid.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// An error "caused by a client action".
    pub(super) fn client(message: impl Into<String>) -> Self {
        Self::new("ClientException", message)
    }

    /// No such cluster.
    pub(super) fn cluster_not_found() -> Self {
        Self::new("ClusterNotFoundException", "Cluster not found.")
    }

    /// No such service.
    pub(super) fn service_not_found() -> Self {
        Self::new("ServiceNotFoundException", "Service not found.")
    }
}
