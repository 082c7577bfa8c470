//! S3: what a bucket holds, and the calls that change it. It decides nothing; `driftless-core` does.

mod apply;
mod heads;
mod list;
mod multipart;
mod observe;
mod put;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use aws_config::SdkConfig;
use tokio::sync::Semaphore;

use super::target::Target;
use crate::artifact::Contents;
use heads::Heads;

/// Requests under way at once, as far as they carry no or few bytes. The AWS CLI has 10 of all kinds
/// (`max_concurrent_requests`, <https://docs.aws.amazon.com/cli/latest/topic/s3-config.html>); far from S3's limits of some
/// thousands a second either way.
const REQUESTS: usize = 32;

/// Bytes of objects in memory at once, over all resources of a target.
const BYTES: u32 = 64 * 1024 * 1024;

/// The S3 provider of one target, one for the whole process: what was learned of objects is kept, and all resources share what
/// may be under way at once. Clones share everything.
#[derive(Clone)]
pub struct S3 {
    target: Target,
    contents: Contents,
    heads: Arc<Heads>,
    requests: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    /// The latest that AWS's clock was seen to show: seconds since the epoch.
    clock: Arc<AtomicU64>,
}

impl S3 {
    /// For `target`, pushing what `contents` has.
    pub fn new(target: &Target, contents: Contents) -> Self {
        S3 {
            target: target.clone(),
            contents,
            heads: Arc::new(Heads::new(target.cache())),
            requests: Arc::new(Semaphore::new(REQUESTS)),
            bytes: Arc::new(Semaphore::new(BYTES as usize)),
            clock: Arc::default(),
        }
    }
}

/// The client of a target. At an address of its own (an emulator) the bucket stands in the path, as no name resolves there;
/// AWS's own have it in the host's name: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
pub(super) fn client(config: &SdkConfig, emulated: bool) -> aws_sdk_s3::Client {
    let emulated = emulated || config.endpoint_url().is_some() || crate::environment::has_s3_endpoint();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(emulated).build())
}

/// Sends one call of S3, as in `s3_call!(self.target, "PutObject", place, client, client.put_object().bucket(…))`: the SDK has
/// one builder type for each operation.
macro_rules! s3_call {
    ($target:expr, $action:expr, $place:expr, |$client:ident| $builder:expr) => {{
        let $client = $target.s3();
        let call = $crate::aws::error::Call { service: "s3", action: $action, resource: $place };
        $crate::aws::send::send($target.quotas(), call, None, |raw| $builder.customize().interceptor(raw).send()).await
    }};
}
use s3_call;

#[cfg(test)]
mod simulator_tests;
