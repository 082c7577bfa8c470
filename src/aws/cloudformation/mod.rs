//! CloudFormation: what AWS says of stacks, and the calls that change them. It decides nothing; `driftless-core` does.

mod apply;
mod change_sets;
mod memory;
mod observe;
mod preview;
mod read;
mod stacks;
mod templates;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudformation::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error::{Call, ProviderError};
use super::loader::Loader;
use super::raw::Raw;
use super::send::send;
use super::target::Target;
use memory::Memory;
use stacks::{Deleted, Looked};

/// The CloudFormation provider of one target, one for the whole process: its reads wait for each other, to leave together, and
/// templates are kept. Clones share everything.
#[derive(Clone)]
pub struct CloudFormation {
    target: Target,
    /// By name.
    stacks: Loader<(), String, Looked>,
    /// The newest deleted stack, by name.
    deleted: Loader<(), String, Deleted>,
    templates: Arc<Templates>,
    memory: Arc<Memory>,
}

impl CloudFormation {
    /// For `target`.
    pub fn new(target: &Target) -> Self {
        let (stacks, deleted) = (stacks::loader(target.clone()), stacks::deleted(target.clone()));
        CloudFormation { target: target.clone(), stacks, deleted, templates: Arc::default(), memory: Arc::default() }
    }
}

/// Templates of whole stacks. One cannot change without `LastUpdatedTime`, by which it is kept.
#[derive(Default)]
struct Templates(Mutex<HashMap<String, (f64, String)>>);

impl Templates {
    fn get(&self, stack: &str, written: f64) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(stack).filter(|(at, _)| *at == written).map(|(_, text)| text.clone())
    }

    fn keep(&self, stack: &str, written: f64, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stack.to_owned(), (written, text.to_owned()));
    }
}

/// An answer of CloudFormation.
struct Said<T> {
    /// As the SDK reads it.
    output: T,
    /// AWS's clock: seconds since the epoch.
    now: f64,
}

/// Sends one call.
async fn call<T, E, Sent>(
    target: &Target,
    action: &'static str,
    resource: &str,
    operation: impl FnOnce(Raw) -> Sent,
) -> Result<Said<T>, ProviderError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let call = Call { service: "cloudformation", action, resource };
    let answer = send(target.quotas(), call, None, operation).await?;
    match answer.output {
        Some(output) => Ok(Said { output, now: answer.now }),
        None => Err(ProviderError::unavailable(call, "the answer cannot be read: is the endpoint AWS's, or a proxy's?")),
    }
}

/// [`call`], as in `cfn_call!(target, "DescribeStacks", "network", describe_stacks().stack_name("network")).await`: the SDK
/// has one builder type for each operation.
macro_rules! cfn_call {
    ($target:expr, $action:expr, $resource:expr, $($request:tt)+) => {
        $crate::aws::cloudformation::call($target, $action, $resource, |raw| {
            $target.cloudformation().$($request)+.customize().interceptor(raw).send()
        })
    };
}
use cfn_call;

/// Pages that are read of one answer at most; AWS gives 100 of most things in each.
const PAGES: usize = 100;
