//! One call of a service that speaks awsJson: our document goes out, and the answer comes back as AWS wrote it.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::error::{Call, ProviderError};
use super::raw::Raw;
use super::send::send;
use super::target::Target;

/// An answer.
pub(super) struct Said {
    /// Its body.
    pub json: Value,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// Sends `body` as the document of one call. `service` is IAM's prefix.
pub(super) async fn call<T, E, Sent>(
    target: &Target,
    service: &'static str,
    action: &'static str,
    resource: &str,
    body: &impl serde::Serialize,
    operation: impl FnOnce(Raw) -> Sent,
) -> Result<Said, ProviderError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let call = Call { service, action, resource };
    let bytes = serde_json::to_vec(body)
        .map_err(|error| ProviderError::invalid(call, format!("the document is not JSON: {error}"), "correct the manifest"))?;
    let answer = send(target.quotas(), call, Some(bytes.into()), operation).await?;
    Ok(Said { json: answer.json(call)?, now: answer.now })
}
