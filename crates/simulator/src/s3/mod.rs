//! Amazon S3: its REST protocol is the `s3s` crate's, the store behind it is our own, in memory.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>

mod access;
mod attributes;
mod body;
mod buckets;
mod checksums;
mod chunked;
mod conditions;
mod configurations;
mod copies;
mod front;
mod hashes;
mod inspect;
mod listing;
mod multipart;
mod objects;
mod operation;
mod operations;
mod presigned;
mod store;
mod tags;
mod uploads;

use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use s3s::dto::Timestamp;
use s3s::{S3Error, S3ErrorCode};

use crate::clock::Seconds;

pub(crate) use front::{call, refuse};
pub use inspect::StoredObject;
pub(crate) use operation::operation;
pub(crate) use store::{State, Versioning};

/// S3 keeps its times in whole seconds.
fn time(at: Seconds) -> Timestamp {
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(at.max(0.0) as u64))
}

/// An error whose code the protocol's crate does not know.
fn error(code: &str, status: StatusCode, message: impl Into<String>) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message.into());
    error.set_status_code(status);
    error
}
