//! The one way to AWS: take the quota's token, send once, keep the raw answer, and say what went wrong.
//!
//! It is also the one place that knows what a shutdown means for a call. A read ends at once, wherever it is. A write that is not
//! sent yet is never sent; one that is sent is waited for, as long as [`WRITE_IN_HAND`].
//!
//! The SDK's own retries are off (rule 12 of the design): the queue's backoff is the only retry. The SDK may fail to parse
//! an answer or an error it does not know; the raw answer counts.

use std::future::Future;
use std::time::Instant;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::Bytes;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::credentials::Refused;
use super::error::{Call, ProviderError};
use super::raw::{Raw, RawAnswer};
use crate::clock;
use crate::quota::Quotas;
use crate::shutdown::WRITE_IN_HAND;

/// AWS agreed.
pub(super) struct Answer<T> {
    /// The SDK's reading, if it could read the answer. XML protocols are read through it.
    pub output: Option<T>,
    /// The answer, byte for byte.
    pub body: Bytes,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

impl<T> Answer<T> {
    /// The answer as JSON.
    pub fn json(&self, call: Call<'_>) -> Result<Value, ProviderError> {
        // TagResource and UntagResource answer with an empty object; some servers with nothing at all.
        if self.body.is_empty() {
            return Ok(Value::Object(Default::default()));
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| ProviderError::unavailable(call, "the answer is not JSON: is the endpoint AWS's, or a proxy's?"))
    }
}

/// Sends one call. `operation` gets the interceptor that puts `body` in place of the SDK's (None leaves the SDK's own)
/// and builds the future that sends, as in `|raw| client.describe_services().customize().interceptor(raw).send()`.
pub(super) async fn send<T, E, Sent>(
    quotas: &Quotas,
    call: Call<'_>,
    body: Option<Bytes>,
    operation: impl FnOnce(Raw) -> Sent,
) -> Result<Answer<T>, ProviderError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let stop = quotas.stop();
    if stop.run_until_cancelled(quotas.take(call.action)).await.is_none() {
        return Err(ProviderError::stopping(call));
    }
    let raw = Raw::new(body, quotas.paced());
    let started = Instant::now();
    let result = tokio::select! {
        biased;
        result = operation(raw.clone()) => result,
        lost = given_up(stop, call, &raw) => return Err(lost),
    };
    let answer = raw.answer();
    let outcome = judge(call, result, answer);
    let label = outcome.as_ref().map_or_else(ProviderError::label, |_| "ok");
    tracing::debug!(action = call.action, resource = call.resource, outcome = label, elapsed = ?started.elapsed(), "AWS call");
    if let Err(ProviderError::Throttled(_)) = &outcome {
        tracing::warn!(action = call.action, resource = call.resource, "AWS throttled a call; its bucket is slowed");
        quotas.throttled(call.action);
    }
    outcome
}

/// Sends what no raw answer can be kept of. It is a read: nothing of it is waited for once the process is to end.
pub(super) async fn read<T>(
    quotas: &Quotas,
    call: Call<'_>,
    work: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    quotas.stop().run_until_cancelled(work).await.unwrap_or_else(|| Err(ProviderError::stopping(call)))
}

/// When the process ends: what a call is given up with, as soon as it may be.
async fn given_up(stop: &CancellationToken, call: Call<'_>, raw: &Raw) -> ProviderError {
    stop.cancelled().await;
    if !(call.writes() && raw.is_sent()) {
        return ProviderError::stopping(call);
    }
    tracing::info!(action = call.action, resource = call.resource, "its answer is waited for before the end");
    tokio::time::sleep(WRITE_IN_HAND).await;
    ProviderError::unavailable(call, "the agent had to stop before the answer came")
}

fn judge<T, E>(
    call: Call<'_>,
    result: Result<T, SdkError<E, HttpResponse>>,
    answer: Option<RawAnswer>,
) -> Result<Answer<T>, ProviderError>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let Some(answer) = answer else {
        return Err(match result {
            Err(error) => no_answer(call, &error),
            Ok(_) => ProviderError::unavailable(call, "the answer's body could not be kept"),
        });
    };
    if (200..300).contains(&answer.status) {
        let now = answer.date.unwrap_or_else(|| clock::now() as f64);
        return Ok(Answer { output: result.ok(), body: answer.body, now });
    }
    let (mut code, mut said) = said_in_json(&answer);
    if code.is_none()
        && let Err(error) = &result
        && let Some(service) = error.as_service_error()
    {
        code = service.code().map(str::to_owned);
        said = said.or_else(|| service.message().map(str::to_owned));
    }
    // S3 answers HEAD without a body: 404 says there that the object, not the action, is unknown.
    if code.is_none() && (call.service != "s3" || answer.status == 501) && no_such_action(&answer) {
        code = Some("NotImplemented".to_owned());
    }
    Err(ProviderError::from_answer(call, answer.status, code, said.as_deref().unwrap_or_default(), answer.request_id))
}

/// awsJson: the code is in `__type`, after a `#` and before a `:`, or in a header; the message in `message` or `Message`.
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
fn said_in_json(answer: &RawAnswer) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    let code = text("__type").or_else(|| answer.error_type.clone()).or_else(|| text("code"));
    let code = code.map(|code| {
        let code = code.rsplit('#').next().unwrap_or_default();
        code.split(':').next().unwrap_or_default().to_owned()
    });
    (code.filter(|code| !code.is_empty()), text("message").or_else(|| text("Message")))
}

/// 404 and 501 without a code, and moto's page (its server answers an action it lacks with Flask's HTML of status 500).
/// AWS's own failures have a request id.
fn no_such_action(answer: &RawAnswer) -> bool {
    let html = answer
        .body
        .trim_ascii_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"<!doc") || start.eq_ignore_ascii_case(b"<html"));
    matches!(answer.status, 404 | 501) || (answer.status == 500 && html && answer.request_id.is_none())
}

fn no_answer<E>(call: Call<'_>, error: &SdkError<E, HttpResponse>) -> ProviderError
where
    E: std::error::Error + 'static,
{
    let mut causes = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return ProviderError::denied(call, &refused.said, &refused.advice);
        }
        if let Some(CredentialsError::ProviderTimedOut(_)) = error.downcast_ref::<CredentialsError>() {
            return ProviderError::unavailable(call, "the credentials could not be had in time");
        }
        let text = error.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        cause = error.source();
    }
    match error {
        SdkError::TimeoutError(_) => ProviderError::unavailable(call, "no answer in time"),
        SdkError::ConstructionFailure(_) => {
            ProviderError::invalid(call, causes.join(": "), "check the target's region and endpointUrl")
        }
        _ => ProviderError::unavailable(call, unreachable(&causes)),
    }
}

/// What kept a request from getting through, in a person's words: the outer causes say only that there was one.
fn unreachable(causes: &[String]) -> String {
    let innermost = causes.last().map(String::as_str).unwrap_or_default();
    let has = |text: &str| causes.iter().any(|cause| cause.contains(text));
    if has("InvalidContentType") {
        return "the endpoint does not speak TLS: write its address with `http://`".to_owned();
    }
    if has("Connection refused") {
        return "nobody listens there (connection refused): check the target's endpointUrl and Region".to_owned();
    }
    if has("dns error") || has("failed to lookup address") {
        return format!("its name cannot be looked up ({innermost}): check the network, and the target's endpointUrl and Region");
    }
    innermost.to_owned()
}

#[cfg(test)]
mod words {
    use super::unreachable;

    #[test]
    fn what_kept_a_request_from_getting_through_is_told_in_plain_words() {
        let of = |causes: &[&str]| unreachable(&causes.iter().map(ToString::to_string).collect::<Vec<_>>());
        let refused =
            ["dispatch failure", "io error", "client error (Connect)", "tcp connect error", "Connection refused (os error 111)"];
        assert_eq!(of(&refused), "nobody listens there (connection refused): check the target's endpointUrl and Region");
        assert!(of(&["dispatch failure", "received corrupt message of type InvalidContentType"]).contains("`http://`"));
        assert_eq!(of(&["dispatch failure", "io error", "broken pipe"]), "broken pipe");
    }
}

#[cfg(test)]
#[path = "send_stopping_tests.rs"]
mod stopping;
