//! The HTTP front: which service a request is for, the faults and quotas before it, the log and the clock around it.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock, Seconds};
use crate::ecs::{self, AwsError, World};
use crate::faults::{Fault, Faults, When};
use crate::gitlab::GitLab;
use crate::log::Log;
use crate::options::Options;
use crate::quotas::Quotas;
use crate::wire::Connection;
use crate::{controls, sts};

/// `X-Amz-Target` of an ECS call is this, a dot, and the action.
const ECS: &str = "AmazonEC2ContainerServiceV20141113";

/// Everything that changes, behind one lock: a call is one step.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
    pub(crate) quotas: Option<Quotas>,
    requests: u64,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) options: Options,
    pub(crate) stopping: CancellationToken,
    pub(crate) gitlab: GitLab,
    inner: Mutex<Inner>,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let inner = Inner {
            world: World::new(&options),
            log: Log::default(),
            faults: Faults::default(),
            quotas: options.quotas.then(Quotas::default),
            requests: 0,
        };
        let (clock, stopping) = (Clock::start(options.pace), CancellationToken::new());
        Self { clock, options, stopping, gitlab: GitLab::new(), inner: Mutex::new(inner) }
    }

    /// The state. A panic of one call leaves it as it was then; the next call goes on with it.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// All routes: AWS's services at `/`, GitLab's API at `/api/v4`, the controls at `/_simulator/`.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let gitlab = shared.gitlab.router();
    Router::new()
        .route("/", post(aws))
        .nest("/_simulator", controls::router())
        .with_state(shared.clone())
        .merge(gitlab)
        .layer(middleware::from_fn_with_state(shared, date))
}

/// Every answer carries the logical clock: <https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1>.
async fn date(State(shared): State<Arc<Shared>>, request: axum::extract::Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::from_str(&clock::http_date(shared.clock.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// How the services write their answers and errors.
#[derive(Clone, Copy)]
enum Protocol {
    /// awsJson 1.1: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.
    Json,
    /// awsQuery: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.
    Query,
}

/// A request, read as far as its action and input.
struct Request {
    protocol: Protocol,
    action: String,
    input: Value,
    /// The access key of the signature's credential scope, empty without one.
    access_key: String,
}

impl Request {
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, AwsError> {
        let access_key = sts::access_key(headers);
        let Some(target) = headers.get("x-amz-target") else {
            let input = sts::form(body);
            let action = input["Action"].as_str().unwrap_or("Unknown").to_string();
            return Ok(Self { protocol: Protocol::Query, action, input, access_key });
        };
        let target = target.to_str().unwrap_or_default();
        let action = target.strip_prefix(ECS).and_then(|rest| rest.strip_prefix('.')).unwrap_or("Unknown").to_string();
        let malformed = |_| AwsError::new("SerializationException", "The request's body is not JSON.");
        let empty = body.iter().all(u8::is_ascii_whitespace);
        let input = if empty { json!({}) } else { serde_json::from_slice(body).map_err(malformed)? };
        Ok(Self { protocol: Protocol::Json, action, input, access_key })
    }
}

async fn aws(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = match Request::read(&headers, &body) {
        Ok(request) => request,
        Err(error) => return respond(Protocol::Json, &Err(error), 0),
    };
    let (place, fault) = {
        let mut inner = shared.inner();
        let resource = ecs::resource(&request.input);
        let fault = inner.faults.strike(&request.action, &resource);
        (inner.log.add(&request.action, shared.clock.now(), resource), fault)
    };
    let when = fault.as_ref().map(|fault| fault.when);
    if when == Some(When::Hang) {
        hang(&shared, place).await;
    }
    let untouched = matches!(when, Some(When::Before | When::CloseBefore | When::Hang));
    let mut answer = if untouched { Ok(Output::Json(json!({}))) } else { handle(&shared, &request) };
    if when == Some(When::HangAfter) {
        hang(&shared, place).await;
    }
    if let (Some(fault), Some(When::Before | When::After)) = (&fault, when) {
        answer = Err(error_of(fault));
    }
    let mut inner = shared.inner();
    inner.requests += 1;
    let outcome = match (&answer, when) {
        (_, Some(When::CloseBefore | When::LostAnswer)) => "closed",
        (Err(error), _) => &error.code,
        (Ok(_), _) => "ok",
    };
    inner.log.outcome(place, outcome);
    if matches!(when, Some(When::CloseBefore | When::LostAnswer | When::Hang | When::HangAfter)) {
        connection.close();
    }
    if when.is_some_and(|when| !matches!(when, When::Hang | When::HangAfter)) {
        inner.faults.fire();
    }
    respond(request.protocol, &answer, inner.requests)
}

/// Gives no answer until the caller has gone away or the simulator stops.
async fn hang(shared: &Shared, place: usize) {
    shared.inner().log.outcome(place, "hung");
    shared.inner().faults.fire();
    shared.stopping.cancelled().await;
}

fn error_of(fault: &Fault) -> AwsError {
    AwsError { code: fault.code.clone(), message: fault.message.clone(), status: fault.status }
}

/// What an action gives: JSON, or the inside of an XML answer.
enum Output {
    Json(Value),
    Xml { action: String, result: String },
}

fn handle(shared: &Shared, request: &Request) -> Result<Output, AwsError> {
    let mut inner = shared.inner();
    // The clock is read under the lock, so that time never goes backwards between two calls.
    let now: Seconds = shared.clock.now();
    if let Some(quotas) = &mut inner.quotas
        && !quotas.take(&request.action, now)
    {
        return Err(AwsError::throttled());
    }
    match request.protocol {
        Protocol::Json => inner.world.call(&request.action, &request.input, now).map(Output::Json),
        Protocol::Query => {
            let result = sts::call(&shared.options, &request.action, &request.input, &request.access_key, now)?;
            Ok(Output::Xml { action: request.action.clone(), result })
        }
    }
}

fn respond(protocol: Protocol, answer: &Result<Output, AwsError>, number: u64) -> Response<Body> {
    let id = format!("00000000-0000-4000-a000-{number:012x}");
    let (kind, status, body) = match (protocol, answer) {
        (_, Ok(Output::Json(value))) => ("application/x-amz-json-1.1", 200, value.to_string()),
        (_, Ok(Output::Xml { action, result })) => ("text/xml", 200, sts::answer(action, result, &id)),
        (Protocol::Json, Err(error)) => {
            let body = json!({"__type": error.code, "message": error.message}).to_string();
            ("application/x-amz-json-1.1", error.status, body)
        }
        (Protocol::Query, Err(error)) => ("text/xml", error.status, sts::error(&error.code, &error.message, &id)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", kind), ("x-amzn-requestid", id.as_str())], body).into_response()
}
