//! Amazon S3, in its REST protocol.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>

mod operation;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};

use crate::error::AwsError;
use crate::query;
use crate::server::Shared;

pub(crate) use operation::operation;

/// The buckets of the account, and their objects.
#[derive(Default)]
pub(crate) struct State {}

/// One call. The body is a stream; whatever is changed is changed under the lock of `shared`, in one step. Beside the
/// response stands how the call ended, for the log: `ok` or the error's code.
pub(crate) async fn call(shared: &Arc<Shared>, request: Request) -> (Response<Body>, String) {
    let _ = shared;
    let error = AwsError::new("NotImplemented", "A header or query you provided requested a function that is not implemented.");
    let error = error.with_status(501);
    (refuse(&error, request.method(), request.uri().path(), "0"), error.code)
}

/// An error as S3 writes it; a HEAD request's answer has no body.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses>
pub(crate) fn refuse(error: &AwsError, method: &Method, resource: &str, id: &str) -> Response<Body> {
    let members = [("Code", error.code.as_str()), ("Message", &error.message), ("Resource", resource), ("RequestId", id)];
    let body = query::document("Error", None, |xml| {
        members.iter().try_for_each(|(name, text)| query::element(xml, name, &(*text).into()))
    });
    let body = if method == Method::HEAD { Body::empty() } else { Body::from(body) };
    let response = Response::builder().status(error.status).header("content-type", "application/xml");
    response.header("x-amz-request-id", id).body(body).unwrap_or_default()
}
