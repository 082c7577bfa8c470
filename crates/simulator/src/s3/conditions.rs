//! Conditions on reads, writes and deletes: If-Match, If-None-Match and their like.

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Result, s3_error};

use super::store::{Bucket, Object, Version};
use super::time;

/// The conditions of a write or a delete.
#[derive(Clone, Debug, Default)]
pub(super) struct Write {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

fn failed<T>() -> S3Result<T> {
    Err(s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold"))
}

impl Write {
    /// Whether there is a condition at all. `If-None-Match` "expects the * character", and nothing else; and only one of the
    /// two can be asked: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
    pub(super) fn check(&self) -> S3Result<bool> {
        let unknown = self.if_none_match.as_ref().is_some_and(|condition| !condition.is_any());
        if unknown
            || self.if_match.as_ref().is_some_and(ETagCondition::is_any)
            || self.if_match.is_some() && self.if_none_match.is_some()
        {
            return Err(s3_error!(NotImplemented, "A header you provided implies functionality that is not implemented"));
        }
        Ok(self.if_match.is_some() || self.if_none_match.is_some())
    }

    /// Decides at the moment of the write. `deletes` is how often the key had been deleted when the request came.
    ///
    /// 412 where the key is taken (`If-None-Match`) or its ETag is another one (`If-Match`), 404 where there is nothing to
    /// match, 409 "if a delete request to an object succeeds before a conditional write operation on that object
    /// completes". A delete marker on top counts as no object.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-write-behavior>
    pub(super) fn decide(&self, bucket: &Bucket, key: &str, deletes: u64) -> S3Result<()> {
        if !self.check()? {
            return Ok(());
        }
        let current = bucket.current(key).map(|(_, object)| object);
        if self.if_none_match.is_some() && current.is_some() {
            return failed();
        }
        if bucket.deletes(key) != deletes {
            let message = "The conditional request cannot succeed due to a conflicting operation against this resource.";
            return Err(s3_error!(ConditionalRequestConflict, "{message}"));
        }
        match (&self.if_match, current) {
            (Some(_), None) => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
            (Some(condition), Some(object)) if !matches(condition, object) => failed(),
            _ => Ok(()),
        }
    }
}

/// "If there's an existing object with the same key name and matching ETag, the DeleteObject requests succeeds ... If the
/// ETag doesn't match, the delete operation fails with a 412 Precondition Failed"; `*` asks whether the object exists.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>
pub(super) fn delete(condition: Option<&ETagCondition>, bucket: &Bucket, key: &str) -> S3Result<()> {
    let Some(condition) = condition else { return Ok(()) };
    match bucket.current(key) {
        Some((_, object)) if matches(condition, object) => Ok(()),
        None if !condition.is_any() => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
        _ => failed(),
    }
}

fn matches(condition: &ETagCondition, object: &Object) -> bool {
    condition.is_any() || condition.as_etag().is_some_and(|etag| etag.value() == object.etag)
}

/// The conditions of a read, or of a copy's source.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Read {
    /// 304 NotModified or 412 PreconditionFailed. Of a pair the ETag decides alone: an If-Match that holds beside an
    /// If-Unmodified-Since that does not is 200, an If-None-Match that does not hold is 304.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub(super) fn decide(&self, version: &Version, object: &Object) -> S3Result<()> {
        let modified = time(version.at);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, object) => return failed(),
            (None, Some(since)) if modified > *since => return failed(),
            _ => {}
        }
        let unmodified = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, object),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if unmodified { Err(s3_error!(NotModified, "Not Modified")) } else { Ok(()) }
    }

    /// The same for a copy's source, where everything that does not hold is 412:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
    pub(super) fn decide_copy(&self, version: &Version, object: &Object) -> S3Result<()> {
        self.decide(version, object).or_else(|_| failed())
    }
}
