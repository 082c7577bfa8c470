//! Documents go to AWS verbatim and answers come back raw: an interceptor that puts our bytes in place of the SDK's
//! body, and keeps the answer's, while the SDK signs, finds the endpoint and sends.
//!
//! A typed round trip would invent members (`cpu: 0`, `revision: 0`) and drop those this SDK does not know yet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;

/// One answer, whether AWS agreed or not. Its body can hold secrets: it has no Debug output of its own.
#[derive(Clone)]
pub(super) struct RawAnswer {
    /// HTTP's.
    pub status: u16,
    /// Unparsed.
    pub body: Bytes,
    /// The Date header, as seconds since the epoch. <https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1>
    pub date: Option<f64>,
    /// `x-amzn-requestid`, or S3's `x-amz-request-id`: what AWS's support asks for.
    pub request_id: Option<String>,
    /// `x-amzn-errortype`: the error's code in awsJson, where the body has none.
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
    pub error_type: Option<String>,
}

/// The interceptor of one call. Clones share the answer.
#[derive(Clone)]
pub(super) struct Raw {
    body: Option<Bytes>,
    /// Whether the answer's Date is to show the simulator's clock, which runs at another pace, and not the real one.
    paced: bool,
    answer: Arc<Mutex<Option<RawAnswer>>>,
    /// The request is on its way: it may have its effect.
    sent: Arc<AtomicBool>,
}

impl Raw {
    /// With `body` in place of the SDK's own; None leaves that one.
    pub fn new(body: Option<Bytes>, paced: bool) -> Self {
        Raw { body, paced, answer: Arc::default(), sent: Arc::default() }
    }

    /// Whether the request left, or is about to. Before that the credentials are asked for, which takes as long as their own
    /// server wants.
    pub fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// From now on the request may have its effect.
    pub fn is_on_its_way(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// What came back, if anything did.
    pub fn answer(&self) -> Option<RawAnswer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Bodies can hold secrets.
impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Raw")
    }
}

impl Intercept for Raw {
    fn name(&self) -> &'static str {
        "DriftlessRaw"
    }

    /// Runs once, before signing.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if self.paced {
            request.headers_mut().insert("x-simulator-clock", "logical");
        }
        if let Some(body) = &self.body {
            *request.body_mut() = SdkBody::from(body.clone());
            request.headers_mut().insert("content-length", body.len().to_string());
        }
        Ok(())
    }

    /// Runs when the request is signed, right before it is handed to the connection.
    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.is_on_its_way();
        Ok(())
    }

    /// The hooks before deserialization run before the body has been read.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let Some(body) = response.body().bytes() else { return Ok(()) };
        let answer = RawAnswer {
            status: response.status().as_u16(),
            body: Bytes::copy_from_slice(body),
            date: date(response.headers()),
            request_id: header(response.headers(), "x-amzn-requestid").or_else(|| header(response.headers(), "x-amz-request-id")),
            error_type: header(response.headers(), "x-amzn-errortype"),
        };
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(())
    }
}

fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).map(str::to_owned)
}

/// IMF-fixdate, as in `Mon, 23 Nov 2026 22:45:00 GMT`.
fn date(headers: &Headers) -> Option<f64> {
    DateTime::from_str(headers.get("date")?, Format::HttpDate).ok().map(|date| date.as_secs_f64())
}
