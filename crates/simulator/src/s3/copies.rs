//! Copies of objects, within a bucket and from one to another.

use axum::http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::checksums::{Algorithm, put_checksum};
use super::conditions::{Read, Write};
use super::front::Front;
use super::hashes::Hashes;
use super::objects::{check_acl, etag, headers_of, put_encryption};
use super::store::{Headers, Object, Versioning};
use super::{tags, time};

/// Where a copy is from.
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
}

impl Source {
    pub(super) fn of(source: &CopySource) -> S3Result<Self> {
        match source {
            CopySource::Bucket { bucket, key, version_id } => {
                Ok(Self { bucket: bucket.to_string(), key: key.to_string(), version: version_id.as_deref().map(String::from) })
            }
            _ => Err(s3_error!(NotImplemented, "Access points are not simulated.")),
        }
    }
}

/// The conditions that have headers which the protocol's crate does not read for CopyObject.
fn write_conditions(headers: &HeaderMap) -> S3Result<Write> {
    let read = |name: &str| -> S3Result<Option<ETagCondition>> {
        let Some(value) = headers.get(name) else { return Ok(None) };
        let invalid = |_| s3_error!(InvalidArgument, "Invalid ETag in the {name} header");
        ETagCondition::parse_http_header(value.as_bytes()).map(Some).map_err(invalid)
    };
    Ok(Write { if_match: read("if-match")?, if_none_match: read("if-none-match")? })
}

impl Front {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub(super) fn copy(&self, mut request: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
        let write = write_conditions(&request.headers)?;
        let input = &mut request.input;
        check_acl(input.acl.as_ref())?;
        let source = Source::of(&input.copy_source)?;
        let replaces = input.metadata_directive.as_ref().is_some_and(|own| own.as_str() == MetadataDirective::REPLACE);
        let retags = input.tagging_directive.as_ref().is_some_and(|own| own.as_str() == TaggingDirective::REPLACE);
        let (classed, encrypted) = (input.storage_class.is_some(), input.server_side_encryption.is_some());
        let condition = Read {
            if_match: input.copy_source_if_match.take(),
            if_none_match: input.copy_source_if_none_match.take(),
            if_modified_since: input.copy_source_if_modified_since.take(),
            if_unmodified_since: input.copy_source_if_unmodified_since.take(),
        };
        let (version, object, versioned) = self.step(|state, _| {
            let bucket = state.bucket(&source.bucket)?;
            let (version, object) = bucket.source(&source.key, source.version.as_deref())?;
            Ok((version.clone(), object.clone(), bucket.versioning != Versioning::Never))
        })?;
        condition.decide_copy(&version, &object)?;
        let itself = source.bucket == input.bucket && source.key == input.key && source.version.is_none();
        if itself && !replaces && !classed && !encrypted && input.website_redirect_location.is_none() {
            let message = "This copy request is illegal because it is trying to copy an object to itself without changing the \
                           object's metadata, storage class, website redirect location or encryption attributes.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        }
        // The copy is one object, also of one that came in parts: its ETag and checksum are of the whole.
        let algorithm = input.checksum_algorithm.as_ref().map(|algorithm| Algorithm::read(algorithm.as_str())).transpose()?;
        let mut hashes = Hashes::plain(algorithm.unwrap_or(object.checksum.algorithm));
        object.body.hash(&mut hashes);
        let (md5, checksum) = hashes.finish()?;
        let mut headers = headers_of!(input);
        if !replaces {
            let (class, encryption) = (headers.storage_class, headers.encryption);
            headers = Headers { storage_class: class, encryption, ..object.headers.clone() };
        }
        let tags = if retags { tags::of_header(input.tagging.as_deref())? } else { object.tags.clone() };
        self.step(|state, now| {
            let headers = headers.checked(state)?;
            let deletes = state.bucket(&input.bucket)?.deletes(&input.key);
            write.decide(state.bucket(&input.bucket)?, &input.key, deletes)?;
            let etag = etag(state, &headers.encryption, &md5);
            let body = object.body.clone();
            let copy = Object { body, etag: etag.clone(), headers, checksum: checksum.clone(), parts: Vec::new(), tags };
            let mut output = CopyObjectOutput::default();
            put_encryption!(output, copy.headers.encryption);
            let mut result =
                CopyObjectResult { e_tag: Some(ETag::Strong(etag)), last_modified: Some(time(now)), ..Default::default() };
            put_checksum!(result, checksum);
            result.checksum_type = Some(checksum.kind.dto());
            output.copy_object_result = Some(result);
            output.copy_source_version_id = versioned.then(|| version.id.clone());
            output.version_id = state.put(&input.bucket, &input.key, copy, now)?;
            Ok(output)
        })
    }
}
