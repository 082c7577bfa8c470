//! Who the agent is: the three kinds of credentials, and a wrapper that outlives a failed refresh.

use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::error::ProvideErrorMetadata;
use tokio::time::Instant;

use super::error::{Call, ProviderError};
use crate::clock;
use driftless_core::agent;

/// Refreshed this long before they expire, so that an outage of STS that is shorter harms nobody.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// After a failed refresh the old ones are used for so long before the next attempt.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a refresh may take.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(15);

/// The credentials cannot be had, and trying again will not help by itself. Found in the SDK's chain of causes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}; {advice}")]
pub(super) struct Refused {
    /// What is missing, or what AWS said.
    pub said: String,
    /// What to do.
    pub advice: String,
}

impl Refused {
    fn error(said: impl Into<String>, advice: impl Into<String>) -> CredentialsError {
        CredentialsError::invalid_configuration(Refused { said: said.into(), advice: advice.into() })
    }
}

/// The provider that a target's `credentials` name. `base` is the configuration file's folder. `sts` is a client
/// without credentials, at the target's endpoint.
pub(super) fn provider(
    wanted: &agent::Credentials,
    target: &str,
    base: &Path,
    sts: &aws_sdk_sts::Client,
) -> SharedCredentialsProvider {
    match wanted {
        agent::Credentials::Environment => SharedCredentialsProvider::new(LastGood::new(Explained {
            inner: EnvironmentVariableCredentialsProvider::new(),
            said: format!(
                "the target `{target}` takes its credentials from the environment, and AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set"
            ),
            advice: "set both (and AWS_SESSION_TOKEN for temporary ones), or configure spec.targets[].credentials".to_owned(),
        })),
        agent::Credentials::WebIdentity { role_arn, token_file } => SharedCredentialsProvider::new(LastGood::new(WebIdentity {
            sts: sts.clone(),
            role_arn: role_arn.clone(),
            token_file: base.join(token_file),
        })),
        agent::Credentials::EcsTaskRole => SharedCredentialsProvider::new(LastGood::new(Explained {
            inner: EcsCredentialsProvider::builder().build(),
            said: format!(
                "the target `{target}` takes its credentials from the task role, and ECS gave this container none (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set)"
            ),
            advice:
                "run the agent as an ECS task whose task definition has a taskRoleArn, or configure spec.targets[].credentials"
                    .to_owned(),
        })),
    }
}

/// A provider of the SDK whose "not loaded" is said in our words.
#[derive(Debug)]
struct Explained<P> {
    inner: P,
    said: String,
    advice: String,
}

impl<P: ProvideCredentials> ProvideCredentials for Explained<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            match self.inner.provide_credentials().await {
                Err(CredentialsError::CredentialsNotLoaded(_)) => Err(Refused::error(&self.said, &self.advice)),
                other => other,
            }
        })
    }
}

/// AssumeRoleWithWebIdentity with a token read from its file at each refresh.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
///
/// The SDK's own provider takes no endpoint for its STS call, and sends the newline at the end of the file along.
struct WebIdentity {
    sts: aws_sdk_sts::Client,
    role_arn: String,
    token_file: std::path::PathBuf,
}

impl std::fmt::Debug for WebIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebIdentity({})", self.role_arn)
    }
}

impl WebIdentity {
    async fn assume(&self) -> provider::Result {
        let file = self.token_file.display();
        let token = tokio::fs::read_to_string(&self.token_file).await.map_err(|error| {
            Refused::error(
                format!("the web identity token file `{file}` cannot be read: {error}"),
                format!("put the token for {} there, readable by the agent", self.role_arn),
            )
        })?;
        let token = token.trim();
        if token.is_empty() {
            return Err(Refused::error(format!("the web identity token file `{file}` is empty"), "put a token there"));
        }
        let sent = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role_arn)
            // Of [\w+=,.@-]*, 2 to 64 characters; CloudTrail shows it.
            .role_session_name("driftless")
            .web_identity_token(token)
            .send()
            .await;
        let answer = sent.map_err(|error| self.explained(error))?;
        let found = answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS answered without credentials"))?;
        let expires = SystemTime::try_from(found.expiration).map_err(CredentialsError::unhandled)?;
        let (key, secret, session) = (found.access_key_id, found.secret_access_key, found.session_token);
        Ok(Credentials::new(key, secret, Some(session), Some(expires), "DriftlessWebIdentity"))
    }

    fn explained<E>(&self, error: aws_sdk_sts::error::SdkError<E>) -> CredentialsError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (Some(service), Some(raw)) = (error.as_service_error(), error.raw_response()) else {
            return CredentialsError::provider_error(error);
        };
        let call = Call { service: "sts", action: "AssumeRoleWithWebIdentity", resource: &self.role_arn };
        let (code, said) = (service.code().map(str::to_owned), service.message().unwrap_or_default());
        let request_id = raw.headers().get("x-amzn-requestid").map(str::to_owned);
        match ProviderError::from_answer(call, raw.status().as_u16(), code, said, request_id) {
            // The queue's backoff is right for these.
            ProviderError::Throttled(_) | ProviderError::Unavailable(_) => CredentialsError::provider_error(error),
            refused => {
                let advice = match &refused {
                    ProviderError::Denied(failure) if failure.code.as_deref() == Some("AccessDenied") => {
                        "check the role's trust policy: its principal, the token's audience and subject".to_owned()
                    }
                    other => other.failure().advice.clone(),
                };
                let failure = refused.failure();
                let said = format!(
                    "{} of {}: {}: {}",
                    failure.action,
                    failure.resource,
                    failure.code.as_deref().unwrap_or("refused"),
                    failure.said
                );
                Refused::error(said, advice)
            }
        }
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

/// Keeps the last good credentials while a refresh fails and they are still valid. (The SDK's cache gives the error at
/// once, seconds before the old ones expire.)
#[derive(Debug)]
pub(super) struct LastGood<P> {
    inner: P,
    /// Held over a refresh: one at a time.
    refreshing: tokio::sync::Mutex<()>,
    state: std::sync::Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    last: Option<Credentials>,
    /// When the last good ones are to be replaced.
    refresh_at: Option<SystemTime>,
    failed_at: Option<Instant>,
}

impl<P: ProvideCredentials> LastGood<P> {
    /// Around `inner`.
    pub fn new(inner: P) -> Self {
        LastGood { inner, refreshing: tokio::sync::Mutex::default(), state: std::sync::Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last good ones, if no refresh is due now.
    fn fresh(&self) -> Option<Credentials> {
        let state = self.state();
        let now = now();
        let due = state.refresh_at.is_none_or(|at| at <= now);
        let pausing = state.failed_at.is_some_and(|at| at.elapsed() < PAUSE);
        (!due || pausing).then(|| valid(&state, now)).flatten()
    }

    async fn get(&self) -> provider::Result {
        if let Some(last) = self.fresh() {
            return Ok(last);
        }
        let _one = self.refreshing.lock().await;
        if let Some(last) = self.fresh() {
            return Ok(last);
        }
        let outcome = tokio::time::timeout(REFRESH_TIMEOUT, self.inner.provide_credentials())
            .await
            .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(REFRESH_TIMEOUT)));
        let now = now();
        let mut state = self.state();
        match outcome {
            Ok(found) => {
                let early = |expires: SystemTime| {
                    let left = expires.duration_since(now).unwrap_or_default();
                    expires - EARLY.min(left / 2)
                };
                // Without an expiry they are good until the process ends.
                let refresh_at = found.expiry().map(early).unwrap_or(now + Duration::from_secs(3600));
                *state = State { last: Some(found.clone()), refresh_at: Some(refresh_at), failed_at: None };
                Ok(found)
            }
            Err(error) => {
                state.failed_at = Some(Instant::now());
                match valid(&state, now) {
                    Some(last) => {
                        tracing::warn!(%error, "credentials could not be refreshed; the last good ones are still valid and stay in use");
                        Ok(last)
                    }
                    None => Err(error),
                }
            }
        }
    }
}

/// Credentials expire by this machine's clock.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(clock::now())
}

fn valid(state: &State, now: SystemTime) -> Option<Credentials> {
    state.last.clone().filter(|last| last.expiry().is_none_or(|expires| expires > now))
}

impl<P: ProvideCredentials> ProvideCredentials for LastGood<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
