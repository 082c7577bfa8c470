//! From an HTTP request to an operation and back: what the protocol's crate does not do for us stands here.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use s3s::dto::Range;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::operation::{DOMAIN, operation};
use super::store::State;
use super::{chunked, configurations, presigned};
use crate::clock::Seconds;
use crate::error::AwsError;
use crate::query;
use crate::server::Shared;
use crate::service;

/// An error's document is never longer.
const ERROR: usize = 1 << 20;

/// S3's operations, on the state that all services share.
pub(super) struct Front {
    shared: Arc<Shared>,
}

impl Front {
    /// One step under the lock, at its own time.
    pub(super) fn step<R>(&self, act: impl FnOnce(&mut State, Seconds) -> S3Result<R>) -> S3Result<R> {
        self.shared.step(|world, now| act(&mut world.s3, now))
    }
}

/// A bucket in the host's name, `BUCKET.localhost`, or in the path.
struct Host;

impl S3Host for Host {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.split(':').next().unwrap_or_default();
        Ok(match name.strip_suffix(DOMAIN) {
            Some(bucket) => VirtualHost::new(&DOMAIN[1..]).with_bucket(bucket),
            None => VirtualHost::new(name),
        })
    }
}

/// The access key of a request's signature, kept beside it when the signature is taken off.
#[derive(Clone)]
pub(super) struct AccessKey(pub(super) String);

/// Takes the signature off a request: nobody checks it here, and the crate would refuse what it cannot check.
fn unsign(request: &mut Request) {
    request.headers_mut().remove(header::AUTHORIZATION);
    let Some(query) = request.uri().query() else { return };
    let kept = query.split('&').filter(|pair| !presigned::MEMBERS.contains(&pair.split('=').next().unwrap_or_default()));
    let path = format!("{}?{}", request.uri().path(), kept.collect::<Vec<_>>().join("&"));
    if let Ok(uri) = path.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

/// Takes off a Range header that S3 does not look at: one that is malformed, and one of several ranges. "Amazon S3 doesn't
/// support retrieving multiple ranges of data per GET request", and answers with the whole object, as
/// <https://www.rfc-editor.org/rfc/rfc9110#section-14.2> lets a server do.
fn forget_odd_ranges(request: &mut Request) {
    let Some(range) = request.headers().get(header::RANGE) else { return };
    let range = range.to_str().ok().filter(|text| *text != "bytes=-");
    if range.and_then(|text| Range::parse(text).ok()).is_none() {
        request.headers_mut().remove(header::RANGE);
    }
}

/// Replaces an `aws-chunked` body by its payload. "Amazon S3 stores the resulting object without the aws-chunked value":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.
fn dechunk(request: Request) -> S3Result<Request> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let streams = text("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
    let encodings: Vec<String> =
        text("content-encoding").unwrap_or_default().split(',').map(|own| own.trim().to_string()).collect();
    if !streams && !encodings.iter().any(|own| own == "aws-chunked") {
        return Ok(request);
    }
    let length = text("x-amz-decoded-content-length").and_then(|length| length.parse().ok()).ok_or_else(|| {
        S3Error::with_message(S3ErrorCode::MissingContentLength, "You must provide the Content-Length HTTP header.")
    })?;
    let (mut parts, body) = request.into_parts();
    let (payload, trailers) = chunked::payload(body, length);
    parts.extensions.insert(trailers);
    parts.headers.insert(header::CONTENT_LENGTH, length.into());
    let kept = encodings.into_iter().filter(|own| !own.is_empty() && own != "aws-chunked").collect::<Vec<_>>().join(",");
    match HeaderValue::from_str(&kept) {
        Ok(kept) if !kept.is_empty() => drop(parts.headers.insert(header::CONTENT_ENCODING, kept)),
        _ => drop(parts.headers.remove(header::CONTENT_ENCODING)),
    }
    Ok(Request::from_parts(parts, payload))
}

/// One call. The body is a stream; whatever is changed is changed under the lock of `shared`, in one step. Beside the
/// response stands how the call ended, for the log: `ok` or the error's code.
pub(crate) async fn call(shared: &Arc<Shared>, request: Request, id: &str) -> (Response<Body>, String) {
    let (method, path) = (request.method().clone(), request.uri().path().to_string());
    let unasked = expects_in_vain(&request);
    let mut response = match answer(shared, request).await {
        Ok(response) => response,
        Err(error) => match error.to_http_response() {
            Ok(response) => response.map(Body::new),
            Err(_) => Response::default(),
        },
    };
    let mut outcome = "ok".to_string();
    let refused = !response.status().is_success();
    if refused {
        let (parts, body) = response.into_parts();
        let document = to_bytes(body, ERROR).await.unwrap_or_default();
        let error = error_of(&String::from_utf8_lossy(&document), parts.status);
        outcome = error.code.clone();
        response = refuse(&error, &method, &path, id);
        // What an error says beside its document, for example that a delete marker is on top.
        let said = parts.headers.into_iter().filter_map(|(name, value)| name.map(|name| (name, value)));
        response.headers_mut().extend(said.filter(|(name, _)| name.as_str().starts_with("x-amz-")));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    if unasked.is_some_and(|empty| empty || refused) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    (response, outcome)
}

/// Whether a request waits for `100 Continue` before its body, and if it does, whether it has none.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html> takes such requests. Our HTTP server sends the 100
/// only when it begins to read a body. Without one botocore is confused by the next answer on the same connection, so
/// the connection ends with this one.
fn expects_in_vain(request: &Request) -> Option<bool> {
    request.headers().get(header::EXPECT)?;
    Some(request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length == "0"))
}

async fn answer(shared: &Arc<Shared>, mut request: Request) -> S3Result<Response<Body>> {
    presigned::check(request.uri().query().unwrap_or_default(), shared.clock.real())?;
    if let Some(key) = service::scope(request.headers()).map(|scope| AccessKey(scope.access_key.to_string())) {
        request.extensions_mut().insert(key);
    }
    unsign(&mut request);
    forget_odd_ranges(&mut request);
    let request = dechunk(request)?;
    let front = Front { shared: shared.clone() };
    let (action, resource) = operation(request.method(), request.uri(), request.headers());
    if let Some(asked) = configurations::asked(request.method(), request.uri().query(), &resource) {
        return front.configuration(asked, request).await;
    }
    let request = request.map(s3s::Body::http_body_unsync);
    let mut service = S3ServiceBuilder::new(front);
    service.set_host(Host);
    let answer = service.build().call(request).await;
    let broken = |_| S3Error::with_message(S3ErrorCode::InternalError, "We encountered an internal error. Please try again.");
    let mut response = answer.map_err(broken)?.map(Body::new);
    // A HEAD with a range or a part's number is partial content, as a GET is; the protocol's crate says 200.
    if response.status() == StatusCode::OK && response.headers().contains_key(header::CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    // Here alone an ETag has no quotes: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>.
    if action == "GetObjectAttributes" && response.status() == StatusCode::OK {
        let (mut parts, body) = response.into_parts();
        let document = to_bytes(body, ERROR).await.unwrap_or_default();
        parts.headers.remove(header::CONTENT_LENGTH);
        let document = String::from_utf8_lossy(&document)
            .replace("&quot;", "")
            .replace("<ETag>\"", "<ETag>")
            .replace("\"</ETag>", "</ETag>");
        return Ok(Response::from_parts(parts, Body::from(document)));
    }
    Ok(response)
}

/// The code and message in an error's document, as the protocol's crate writes it.
fn error_of(document: &str, status: StatusCode) -> AwsError {
    let inside = |name: &str| {
        let (_, rest) = document.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        quick_xml::escape::unescape(text).ok().map(|text| text.into_owned())
    };
    let code = inside("Code").unwrap_or_else(|| "InternalError".into());
    AwsError::new(&code, inside("Message").unwrap_or_default()).with_status(status.as_u16())
}

/// An error as S3 writes it; a HEAD request's answer has no body, nor has one that says Not Modified.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses>
pub(crate) fn refuse(error: &AwsError, method: &Method, resource: &str, id: &str) -> Response<Body> {
    let members = [("Code", error.code.as_str()), ("Message", &error.message), ("Resource", resource), ("RequestId", id)];
    let body = query::document("Error", None, |xml| {
        members.iter().try_for_each(|(name, text)| query::element(xml, name, &(*text).into()))
    });
    let empty = method == Method::HEAD || error.status == StatusCode::NOT_MODIFIED.as_u16();
    let body = if empty { Body::empty() } else { Body::from(body) };
    let response = Response::builder().status(error.status).header("content-type", "application/xml");
    response.header("x-amz-request-id", id).body(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presigned_url_keeps_what_is_no_signature() {
        let uri = "/b/k?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00&x-id=GetObject";
        let mut request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        unsign(&mut request);
        assert_eq!(request.uri(), "/b/k?versionId=1&x-id=GetObject");
    }

    #[test]
    fn an_errors_code_and_message_are_read_back() {
        let error = error_of("<Error><Code>NoSuchKey</Code><Message>a &lt; b</Message></Error>", StatusCode::NOT_FOUND);
        assert_eq!((error.code.as_str(), error.message.as_str(), error.status), ("NoSuchKey", "a < b", 404));
    }
}
