//! CodeDeploy: what AWS has on record about a deployment group, and the calls that deploy to it. It decides nothing;
//! `driftless-core` does.

mod apply;
mod observe;
mod revision;

use std::future::Future;

use aws_sdk_codedeploy::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::error::{Call, ProviderError};
use super::raw::Raw;
use super::send::send;
use super::target::Target;

/// The CodeDeploy provider of one target. Clones share everything.
#[derive(Clone)]
pub struct CodeDeploy {
    target: Target,
}

impl CodeDeploy {
    /// For `target`.
    pub fn new(target: &Target) -> Self {
        CodeDeploy { target: target.clone() }
    }
}

/// An answer of CodeDeploy.
struct Said {
    /// Its body.
    json: Value,
    /// AWS's clock: seconds since the epoch.
    now: f64,
}

/// Sends `body` as the document of one call of CodeDeploy.
async fn call<T, E, Sent>(
    target: &Target,
    action: &'static str,
    resource: &str,
    body: &impl serde::Serialize,
    operation: impl FnOnce(Raw) -> Sent,
) -> Result<Said, ProviderError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let call = Call { service: "codedeploy", action, resource };
    let bytes = serde_json::to_vec(body)
        .map_err(|error| ProviderError::invalid(call, format!("the document is not JSON: {error}"), "correct the manifest"))?;
    let answer = send(target.quotas(), call, Some(bytes.into()), operation).await?;
    Ok(Said { json: answer.json(call)?, now: answer.now })
}

/// [`call`], as in `codedeploy_call!(target, get_deployment_group, "GetDeploymentGroup", "shop/web", &json!({…})).await`.
macro_rules! codedeploy_call {
    ($target:expr, $operation:ident, $action:expr, $resource:expr, $body:expr) => {
        $crate::aws::codedeploy::call($target, $action, $resource, $body, |raw| {
            $target.codedeploy().$operation().customize().interceptor(raw).send()
        })
    };
}
use codedeploy_call;
