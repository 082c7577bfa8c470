//! ECS: what AWS runs, as it says it, and the calls that change it. It decides nothing; `driftless-core` does.

mod apply;
mod listing;
mod observe;
mod observe_task;
mod run_task;
mod services;
mod task_definitions;

use std::future::Future;
use std::sync::Arc;

use aws_sdk_ecs::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::error::{Call, ProviderError};
use super::loader::Loader;
use super::raw::Raw;
use super::send::send;
use super::target::Target;
use services::Looked;
use task_definitions::Contents;

/// The ECS provider of one target. One for the whole process: its reads wait for each other, to leave in batches, and
/// what it has read of task definition revisions is kept. Clones share everything.
#[derive(Clone)]
pub struct Ecs {
    target: Target,
    /// By cluster and service name.
    services: Loader<String, String, Looked>,
    contents: Arc<Contents>,
}

impl Ecs {
    /// For `target`.
    pub fn new(target: &Target) -> Self {
        Ecs { target: target.clone(), services: services::loader(target.clone()), contents: Arc::default() }
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

/// An answer of ECS.
pub(in crate::aws) struct Said {
    /// Its body.
    pub json: Value,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// Sends `body` as the document of one call of ECS.
pub(in crate::aws) async fn call<T, E, Sent>(
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
    let call = Call { service: "ecs", action, resource };
    let bytes = serde_json::to_vec(body)
        .map_err(|error| ProviderError::invalid(call, format!("the document is not JSON: {error}"), "correct the manifest"))?;
    let answer = send(target.quotas(), call, Some(bytes.into()), operation).await?;
    Ok(Said { json: answer.json(call)?, now: answer.now })
}

/// [`call`], as in `ecs_call!(target, describe_services, "DescribeServices", "shop/web", &json!({…})).await`: the SDK has
/// one builder type for each operation.
macro_rules! ecs_call {
    ($target:expr, $operation:ident, $action:expr, $resource:expr, $body:expr) => {
        $crate::aws::ecs::call($target, $action, $resource, $body, |raw| {
            $target.ecs().$operation().customize().interceptor(raw).send()
        })
    };
}
pub(in crate::aws) use ecs_call;

#[cfg(test)]
mod simulator_tests;
