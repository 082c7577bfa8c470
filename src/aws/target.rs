//! One account and Region: the SDK's clients, who the agent is there, and the quotas that its work shares.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::IdentityCache;
use driftless_core::agent;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::credentials;
use super::error::{Call, ProviderError};
use super::send::send;
use crate::quota::{Accounts, Quotas};
use crate::wire::Wire;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole call may take, credentials included.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// What connecting needs besides the configuration.
#[derive(Clone)]
pub struct Options {
    /// Shared by all targets of the process, so that two of one account and Region share their buckets.
    pub accounts: Arc<Accounts>,
    /// Used instead of the configured credentials: for the demo's simulator and for tests.
    pub credentials: Option<SharedCredentialsProvider>,
    /// Where what was learned of objects is kept between two runs; None: nowhere.
    pub cache: Option<PathBuf>,
    /// What carries the requests, where it is not the machine's network.
    pub wire: Option<Wire>,
    pace: f64,
    stop: CancellationToken,
}

impl Options {
    /// With the configured credentials. For `pace` see [`Quotas::new`].
    pub fn new(pace: f64) -> Self {
        let accounts = Arc::new(Accounts::new(pace));
        Options { accounts, credentials: None, cache: None, wire: None, pace, stop: CancellationToken::new() }
    }

    /// The same, whose calls end with `stop`: reads at once, and writes when they are answered.
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.accounts = Arc::new(Accounts::new(self.pace).until(stop.clone()));
        self.stop = stop;
        self
    }

    /// The same, with a folder of this machine for what need not be asked again.
    pub fn with_cache(mut self, cache: &Path) -> Self {
        self.cache = Some(cache.to_owned());
        self
    }

    /// The same, over this wire instead of the machine's network.
    pub fn over(mut self, wire: &Wire) -> Self {
        self.wire = Some(wire.clone());
        self
    }

    /// Cancelled when what works with the targets is to end.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The same, with fixed credentials: an emulator takes any.
    pub fn with_static_credentials(mut self, access_key_id: &str, secret_access_key: &str) -> Self {
        let fixed = aws_credential_types::Credentials::new(access_key_id, secret_access_key, None, None, "DriftlessFixed");
        self.credentials = Some(SharedCredentialsProvider::new(fixed));
        self
    }
}

/// A connected target. Clones share everything.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    name: String,
    region: String,
    declared_account: Option<String>,
    endpoint: Option<String>,
    caller: OnceCell<Caller>,
    artifacts_bucket: Option<String>,
    endpoint_url: Option<String>,
    cache: Option<PathBuf>,
    cloudformation: aws_sdk_cloudformation::Client,
    codedeploy: aws_sdk_codedeploy::Client,
    ecs: aws_sdk_ecs::Client,
    s3: aws_sdk_s3::Client,
    sts: aws_sdk_sts::Client,
    tagging: aws_sdk_resourcegroupstagging::Client,
    quotas: Arc<Quotas>,
    /// Actions that the server said it does not know.
    unknown_actions: Mutex<HashSet<&'static str>>,
}

/// GetCallerIdentity's answer.
struct Caller {
    account: String,
    arn: String,
}

impl Target {
    /// Sets up the clients; nothing is sent yet. `base` is the configuration file's folder: the token file is relative
    /// to it. `endpointUrl`, else AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECS / _STS (which the SDK reads), else AWS.
    /// The person's `~/.aws` files are not read.
    pub async fn connect(target: &agent::Target, base: &Path, options: &Options) -> Result<Self, ConnectError> {
        if let Some(url) = &target.endpoint_url
            && !url
                .parse::<http::Uri>()
                .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
        {
            return Err(ConnectError { target: target.name.clone(), url: url.clone() });
        }
        let provider = match &options.credentials {
            Some(fixed) => fixed.clone(),
            None => {
                let anonymous = loader(target, options).no_credentials().load().await;
                credentials::provider(&target.credentials, &target.name, base, &aws_sdk_sts::Client::new(&anonymous))
            }
        };
        // The wrapper around the provider decides when to refresh; the SDK's cache asks it often, and it answers at once.
        let cache = IdentityCache::lazy().buffer_time(Duration::from_secs(5 * 60)).load_timeout(OPERATION_TIMEOUT).build();
        let config = loader(target, options).credentials_provider(provider).identity_cache(cache).load().await;
        // An emulator has no host name for each bucket.
        Ok(Target(Arc::new(Inner {
            name: target.name.clone(),
            region: target.region.clone(),
            declared_account: target.account_id.clone(),
            endpoint: target.endpoint_url.clone(),
            caller: OnceCell::new(),
            artifacts_bucket: target.artifacts_bucket.clone(),
            endpoint_url: target.endpoint_url.clone(),
            cache: options.cache.clone(),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            codedeploy: aws_sdk_codedeploy::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            s3: super::s3::client(&config, target.endpoint_url.is_some()),
            sts: aws_sdk_sts::Client::new(&config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&config),
            quotas: options.accounts.quotas(&account_key(target)),
            unknown_actions: Mutex::default(),
        })))
    }

    /// What manifests call it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where what was learned of this target's objects is kept between two runs, if anywhere, and what tells it from others.
    pub(super) fn cache(&self) -> Option<(PathBuf, String)> {
        let endpoint = self.0.endpoint_url.clone().or_else(crate::environment::s3_endpoint).unwrap_or_default();
        Some((self.0.cache.clone()?.join("objects"), format!("{endpoint} {}", self.0.region)))
    }

    /// `eu-central-1`.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The account's 12 digits: as AWS said at [`Target::check_account`], else as configured.
    pub fn account_id(&self) -> Option<&str> {
        self.0.caller.get().map(|caller| &caller.account).or(self.0.declared_account.as_ref()).map(String::as_str)
    }

    /// Asks AWS whose credentials these are, once, and refuses another account than the configured one. For use before
    /// the first write. A failure is not remembered.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    pub async fn check_account(&self) -> Result<String, ProviderError> {
        self.0.caller.get_or_try_init(|| self.ask_caller()).await.map(|caller| caller.account.clone())
    }

    /// Who the agent is there: the ARN of a user, or of a role's session. Asked once.
    pub(super) async fn principal(&self) -> Result<String, ProviderError> {
        self.0.caller.get_or_try_init(|| self.ask_caller()).await.map(|caller| caller.arn.clone())
    }

    async fn ask_caller(&self) -> Result<Caller, ProviderError> {
        let at = self.0.endpoint.as_deref().map(|url| format!(" ({url})")).unwrap_or_default();
        let resource = format!("the target {}{at}", self.0.name);
        let call = Call { service: "sts", action: "GetCallerIdentity", resource: &resource };
        let sts = &self.0.sts;
        let answer =
            send(&self.0.quotas, call, None, |raw| sts.get_caller_identity().customize().interceptor(raw).send()).await?;
        let said = answer.output.and_then(|output| Some((output.account?, output.arn.unwrap_or_default())));
        let Some((account, arn)) = said else {
            return Err(ProviderError::unavailable(call, "the answer names no account"));
        };
        match &self.0.declared_account {
            Some(declared) if *declared != account => Err(ProviderError::invalid(
                call,
                format!("the credentials belong to account {account}, and the configuration says {declared}; nothing is written"),
                "give the agent credentials of the configured account, or correct spec.targets[].accountId",
            )),
            _ => Ok(Caller { account, arn }),
        }
    }

    pub(super) fn cloudformation(&self) -> &aws_sdk_cloudformation::Client {
        &self.0.cloudformation
    }

    pub(super) fn codedeploy(&self) -> &aws_sdk_codedeploy::Client {
        &self.0.codedeploy
    }

    pub(super) fn ecs(&self) -> &aws_sdk_ecs::Client {
        &self.0.ecs
    }

    /// Where CloudFormation's large templates are put.
    pub fn artifacts_bucket(&self) -> Option<&str> {
        self.0.artifacts_bucket.as_deref()
    }

    pub(super) fn s3(&self) -> &aws_sdk_s3::Client {
        &self.0.s3
    }

    pub(super) fn tagging(&self) -> &aws_sdk_resourcegroupstagging::Client {
        &self.0.tagging
    }

    pub(super) fn quotas(&self) -> &Quotas {
        &self.0.quotas
    }

    /// Whether the server said earlier that it has no such action.
    pub(super) fn lacks(&self, action: &str) -> bool {
        self.0.unknown_actions.lock().unwrap_or_else(PoisonError::into_inner).contains(action)
    }

    /// The server said that it has no such action: it is not asked again.
    pub(super) fn remember_lacking(&self, action: &'static str) {
        if self.0.unknown_actions.lock().unwrap_or_else(PoisonError::into_inner).insert(action) {
            tracing::warn!(action, target = self.0.name, "the server at the endpoint has no such action; the agent does without");
        }
    }
}

/// Credentials and clients print nothing.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({} in {})", self.0.name, self.0.region)
    }
}

/// A target's configuration cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target `{target}` has the endpointUrl `{url}`, which is no URL; write one as in http://127.0.0.1:4566")]
pub struct ConnectError {
    /// Its name.
    pub target: String,
    /// As written.
    pub url: String,
}

#[allow(deprecated)] // The successor of ProfileFiles stands in a crate that is not otherwise needed.
fn loader(target: &agent::Target, options: &Options) -> ConfigLoader {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
    let no_files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, "").build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(target.region.clone()))
        .profile_files(no_files)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build());
    let loader = match &options.wire {
        Some(wire) => loader.http_client(wire.sdk_client()),
        None => loader,
    };
    match &target.endpoint_url {
        Some(url) => loader.endpoint_url(url),
        None => loader,
    }
}

/// Account, Region and endpoint as far as they are known. Where the account is not, the same credentials are the same
/// account.
fn account_key(target: &agent::Target) -> String {
    let account = match (&target.account_id, &target.credentials) {
        (Some(id), _) => id.clone(),
        // arn:aws:iam::123456789012:role/deploy
        (None, agent::Credentials::WebIdentity { role_arn, .. }) => role_arn.split(':').nth(4).unwrap_or_default().to_owned(),
        (None, agent::Credentials::Environment) => "environment".to_owned(),
        (None, agent::Credentials::EcsTaskRole) => "task role".to_owned(),
    };
    format!("{account} {} {}", target.region, target.endpoint_url.as_deref().unwrap_or_default())
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
