//! The front door: which service a request is for, the faults and quotas before its call, the log around it, and the
//! protocol its answer is written in. It is the same for all services.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::faults::{Fault, When};
use crate::server::Shared;
use crate::service::{self, Protocol, Service};
use crate::wire::Connection;
use crate::{cloudformation, codedeploy, ecs, query, rights, s3, ssm, tagging, world};

/// The action of a request that is none of its service's.
pub(crate) const UNKNOWN: &str = "Unknown";

/// The longest body of a service other than S3, in bytes. CloudFormation's template is the largest thing sent inline.
const LONGEST: usize = 4 << 20;

/// A request, read as far as its service, its action and what it names.
struct Arrival {
    service: Service,
    action: String,
    resource: String,
    payload: Payload,
}

/// What a service is given.
enum Payload {
    /// A document or a form, read, and the access key of the signature (empty without one).
    Input(Value, String),
    /// The request itself: S3's body is a stream.
    Stream(Request),
}

/// An answer before it is written, and how the call ended.
enum Reply {
    Output(Result<Value, AwsError>),
    Response(Response<Body>, String),
}

/// All of AWS's requests come here.
pub(crate) async fn aws(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let arrival = match read(&parts, body).await {
        Ok(arrival) => arrival,
        Err(error) => return json_response(&Err(error), "00000000-0000-4000-a000-000000000000"),
    };
    let Arrival { service, action, resource, payload } = arrival;
    let (place, fault, id) = {
        let mut inner = shared.inner();
        let fault = inner.faults.strike(&action, &resource, shared.clock.now());
        inner.requests += 1;
        let id = format!("00000000-0000-4000-a000-{:012x}", inner.requests);
        (inner.log.add(service, &action, shared.clock.now(), resource), fault, id)
    };
    let when = fault.as_ref().map(|fault| fault.when);
    if when == Some(When::Hang) {
        hang(&shared, place).await;
    }
    let input = match &payload {
        Payload::Input(input, _) => Some(input),
        Payload::Stream(_) => None,
    };
    let denied = shared.allow.as_deref().and_then(|allowed| rights::deny(allowed, service, &action, &parts, input));
    let mut reply = if matches!(when, Some(When::Before | When::CloseBefore | When::Hang)) {
        drain(payload).await;
        Reply::Output(Ok(json!({})))
    } else if let Some(denied) = denied {
        drain(payload).await;
        Reply::Output(Err(denied))
    } else {
        handle(&shared, service, &action, payload, &id).await
    };
    if when == Some(When::HangAfter) {
        hang(&shared, place).await;
    }
    if let (Some(fault), Some(When::Before | When::After)) = (&fault, when) {
        reply = Reply::Output(Err(error_of(fault)));
    }
    leave(&shared, &connection, place, when, &reply);
    respond(service, &action, &parts, reply, &id)
}

/// Notes how the call ended, and closes the connection where that is the fault.
fn leave(shared: &Shared, connection: &Connection, place: usize, when: Option<When>, reply: &Reply) {
    let mut inner = shared.inner();
    let outcome = match (reply, when) {
        (_, Some(When::CloseBefore | When::LostAnswer)) => "closed",
        (Reply::Output(Err(error)), _) => &error.code,
        (Reply::Response(_, outcome), _) => outcome,
        (Reply::Output(Ok(_)), _) => "ok",
    };
    inner.log.outcome(place, outcome);
    if matches!(when, Some(When::CloseBefore | When::LostAnswer | When::Hang | When::HangAfter)) {
        connection.close();
    }
    if when.is_some_and(|when| !matches!(when, When::Hang | When::HangAfter)) {
        inner.faults.fire();
    }
}

/// Which service and which action; bodies are read, but S3's.
async fn read(parts: &Parts, body: Body) -> Result<Arrival, AwsError> {
    let target = parts.headers.get("x-amz-target");
    if target.is_none() && !service::is_form(&parts.method, &parts.uri, &parts.headers) {
        let (action, resource) = s3::operation(&parts.method, &parts.uri, &parts.headers);
        let payload = Payload::Stream(Request::from_parts(parts.clone(), body));
        return Ok(Arrival { service: Service::S3, action: action.into(), resource, payload });
    }
    let too_long = |_| AwsError::new("RequestEntityTooLargeException", "The request's body is too long.").with_status(413);
    let body = to_bytes(body, LONGEST).await.map_err(too_long)?;
    let (service, action, input) = match target {
        Some(target) => {
            let known = Service::of_target(target.to_str().unwrap_or_default());
            let (service, action) = known.ok_or_else(AwsError::unknown_operation)?;
            let malformed = |_| AwsError::new("SerializationException", "The request's body is not JSON.");
            let empty = body.iter().all(u8::is_ascii_whitespace);
            let input = if empty { json!({}) } else { serde_json::from_slice(&body).map_err(malformed)? };
            (service, action.to_string(), input)
        }
        None => {
            let input = query::form(&body);
            let service = Service::of_form(&parts.headers, input["Version"].as_str().unwrap_or_default());
            (service, input["Action"].as_str().unwrap_or(UNKNOWN).to_string(), input)
        }
    };
    let resource = match service {
        Service::CloudFormation => cloudformation::resource(&input),
        Service::CodeDeploy => codedeploy::resource(&input),
        Service::Tagging => tagging::resource(&input),
        Service::Ssm => ssm::resource(&input),
        Service::Ecr => String::new(),
        _ => ecs::resource(&input),
    };
    let access_key = service::scope(&parts.headers).map_or_else(String::new, |scope| scope.access_key.to_string());
    Ok(Arrival { service, action, resource, payload: Payload::Input(input, access_key) })
}

/// Reads a body to its end and forgets it, so that a client which still sends sees the answer.
async fn drain(payload: Payload) {
    if let Payload::Stream(request) = payload {
        let mut body = request.into_body().into_data_stream();
        while let Some(Ok(_)) = body.next().await {}
    }
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

async fn handle(shared: &Arc<Shared>, service: Service, action: &str, payload: Payload, id: &str) -> Reply {
    let (input, access_key) = match payload {
        Payload::Input(input, access_key) => (input, access_key),
        Payload::Stream(request) => {
            let (response, outcome) = s3::call(shared, request, id).await;
            return Reply::Response(response, outcome);
        }
    };
    let mut inner = shared.inner();
    // The clock is read under the lock, so that time never goes backwards between two calls.
    let now: Seconds = shared.clock.now();
    if let (Some(quotas), Service::Ecs) = (&mut inner.quotas, service)
        && !quotas.take(action, now)
    {
        return Reply::Output(Err(AwsError::new("ThrottlingException", "Rate exceeded")));
    }
    let request = world::Request { service, action, input: &input, access_key: &access_key };
    Reply::Output(inner.world.call(&request, now))
}

fn respond(service: Service, action: &str, parts: &Parts, reply: Reply, id: &str) -> Response<Body> {
    let output = match reply {
        Reply::Response(response, _) => return response,
        Reply::Output(output) => output,
    };
    match (service.protocol(), output) {
        (Protocol::Json, output) => json_response(&output, id),
        (Protocol::Query, Ok(result)) => xml_response(200, query::answer(service.namespace(), action, &result, id), id),
        (Protocol::Query, Err(error)) => xml_response(error.status, query::error(service.namespace(), &error, id), id),
        (Protocol::Rest, Err(error)) => s3::refuse(&error, &parts.method, parts.uri.path(), id),
        (Protocol::Rest, Ok(_)) => Response::default(),
    }
}

fn json_response(output: &Result<Value, AwsError>, id: &str) -> Response<Body> {
    let (status, body) = match output {
        Ok(value) => (200, value.to_string()),
        Err(error) => (error.status, json!({"__type": error.code, "message": error.message}).to_string()),
    };
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", id)];
    (status_of(status), headers, body).into_response()
}

fn xml_response(status: u16, body: String, id: &str) -> Response<Body> {
    (status_of(status), [("content-type", "text/xml"), ("x-amzn-requestid", id)], body).into_response()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
