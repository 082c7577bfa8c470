//! Objects: put, got and deleted.

use axum::http::{HeaderMap, StatusCode};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::body::receive;
use super::checksums::{Algorithm, hex, put_checksum};
use super::chunked::Trailers;
use super::conditions::{self, Read, Write};
use super::front::Front;
use super::hashes::Hashes;
use super::store::{Encryption, Headers, Object, State, Version, Versioning};
use super::{error, tags, time};

/// The type of an object whose request names none.
const UNTYPED: &str = "binary/octet-stream";

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_RequestSyntax>
const CLASSES: [&str; 11] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
];

/// What a request's members say of an object; the inputs of PutObject, CopyObject and CreateMultipartUpload have the same.
macro_rules! headers_of {
    ($input:expr) => {
        $crate::s3::store::Headers {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
            expires: $input.expires.take(),
            website_redirect_location: $input.website_redirect_location.take(),
            storage_class: $input.storage_class.take().map_or("STANDARD".into(), |class| class.as_str().to_string()),
            encryption: $crate::s3::objects::encryption(
                $input.server_side_encryption.take(),
                $input.ssekms_key_id.take(),
                $input.bucket_key_enabled.take(),
            ),
            metadata: $input.metadata.take().unwrap_or_default().into_iter().collect(),
        }
    };
}
pub(super) use headers_of;

/// Writes what is encrypted how into an output.
macro_rules! put_encryption {
    ($output:expr, $encryption:expr) => {{
        $output.server_side_encryption = Some(ServerSideEncryption::from($encryption.algorithm.clone()));
        $output.ssekms_key_id = $encryption.key.clone();
        $output.bucket_key_enabled = $encryption.bucket_key;
    }};
}
pub(super) use put_encryption;

pub(super) fn encryption(algorithm: Option<ServerSideEncryption>, key: Option<String>, bucket_key: Option<bool>) -> Encryption {
    let algorithm = algorithm.map_or("AES256".into(), |algorithm| algorithm.as_str().to_string());
    Encryption { algorithm, key, bucket_key }
}

impl Headers {
    /// Storage class, encryption and the size of the metadata, as AWS checks them; and what AWS fills in.
    ///
    /// "The user-defined metadata is limited to 2 KB in size":
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
    pub(super) fn checked(mut self, state: &State) -> S3Result<Self> {
        if !CLASSES.contains(&self.storage_class.as_str()) {
            return Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid"));
        }
        let metadata: usize = self.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if metadata > 2048 {
            return Err(s3_error!(MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size"));
        }
        let encryption = &mut self.encryption;
        match (encryption.algorithm.as_str(), &encryption.key) {
            ("AES256", Some(_)) => {
                let message =
                    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
                return Err(s3_error!(InvalidArgument, "{message}"));
            }
            ("AES256", None) => {}
            // Without a key it is the AWS managed one of S3:
            // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>.
            ("aws:kms" | "aws:kms:dsse", key) => {
                let key = key.clone().unwrap_or_else(|| "alias/aws/s3".into());
                let name = if key.starts_with("alias/") { key.clone() } else { format!("key/{key}") };
                let arn = format!("arn:aws:kms:{}:{}:{name}", state.region, state.account);
                encryption.key = Some(if key.starts_with("arn:") { key } else { arn });
            }
            _ => return Err(s3_error!(InvalidArgument, "The encryption method specified is not supported")),
        }
        self.content_type.get_or_insert_with(|| UNTYPED.into());
        Ok(self)
    }
}

/// New buckets have ACLs disabled: "PUT requests that specify ACLs other than bucket owner full control" fail with
/// AccessControlListNotSupported: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
pub(super) fn check_acl(acl: Option<&ObjectCannedACL>) -> S3Result<()> {
    match acl.map(ObjectCannedACL::as_str) {
        None | Some(ObjectCannedACL::BUCKET_OWNER_FULL_CONTROL) => Ok(()),
        Some(_) => Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs")),
    }
}

/// "Objects created by ... and that are encrypted by SSE-S3 or plaintext, have ETags that are an MD5 digest of their object
/// data. Objects ... encrypted by SSE-C or SSE-KMS, have ETags that are not": the ETag is then an opaque one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>
pub(super) fn etag(state: &mut State, encryption: &Encryption, md5: &[u8; 16]) -> String {
    if encryption.algorithm == "AES256" { hex(md5) } else { state.opaque() }
}

/// What GetObject and HeadObject say alike.
macro_rules! described {
    ($kind:ident, $version:expr, $object:expr, $versioned:expr, $checksums:expr) => {{
        let (object, headers) = (&$object, &$object.headers);
        let mut output = $kind {
            accept_ranges: Some("bytes".into()),
            cache_control: headers.cache_control.clone(),
            content_disposition: headers.content_disposition.clone(),
            content_encoding: headers.content_encoding.clone(),
            content_language: headers.content_language.clone(),
            content_type: headers.content_type.clone(),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            expires: headers.expires.clone(),
            last_modified: Some(time($version.at)),
            metadata: (!headers.metadata.is_empty()).then(|| headers.metadata.clone().into_iter().collect()),
            // "This header is not returned for S3 Standard storage class objects."
            storage_class: (headers.storage_class != "STANDARD").then(|| StorageClass::from(headers.storage_class.clone())),
            version_id: $versioned.then(|| $version.id.clone()),
            website_redirect_location: headers.website_redirect_location.clone(),
            ..Default::default()
        };
        put_encryption!(output, headers.encryption);
        if $checksums {
            put_checksum!(output, object.checksum);
            output.checksum_type = Some(object.checksum.kind.dto());
        }
        output
    }};
}

/// The bytes that a read asks for: a range, or a part of an object that was uploaded in parts.
fn wanted(object: &Object, range: Option<Range>, part: Option<i32>) -> S3Result<Option<std::ops::Range<u64>>> {
    match (range, part) {
        (Some(_), Some(_)) => Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter")),
        (Some(range), None) => {
            let unsatisfiable = |_| s3_error!(InvalidRange, "The requested range is not satisfiable");
            range.check(object.len()).map(Some).map_err(unsatisfiable)
        }
        (None, None) => Ok(None),
        (None, Some(number)) => {
            let whole = [object.len()];
            let parts = if object.parts.is_empty() { whole.as_slice() } else { &object.parts };
            let place = usize::try_from(number - 1).ok().filter(|place| *place < parts.len());
            let place = place.ok_or_else(|| {
                let message = "The requested partnumber is not satisfiable";
                error("InvalidPartNumber", StatusCode::RANGE_NOT_SATISFIABLE, message)
            })?;
            let start = parts[..place].iter().sum::<u64>();
            Ok(Some(start..start + parts[place]))
        }
    }
}

/// Whether checksums are to be shown: "To retrieve the checksum, this mode must be enabled."
fn asks(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

impl Front {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>. The body comes in before the lock is taken;
    /// what a condition is decided by is looked at in the same step as the write.
    pub(super) async fn put(&self, mut request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let trailers = request.extensions.get::<Trailers>().cloned();
        let mut hashes = Hashes::declared(&request.headers, trailers, Algorithm::Crc64Nvme)?;
        let input = &mut request.input;
        check_acl(input.acl.as_ref())?;
        let tags = tags::of_header(input.tagging.as_deref())?;
        let condition = Write { if_match: input.if_match.take(), if_none_match: input.if_none_match.take() };
        condition.check()?;
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let (headers, deletes) = self.step(|state, _| {
            let deletes = state.bucket(&bucket)?.deletes(&key);
            Ok((headers_of!(input).checked(state)?, deletes))
        })?;
        let body = receive(input.body.take(), &mut hashes).await?;
        let (md5, checksum) = hashes.finish()?;
        self.step(|state, now| {
            condition.decide(state.bucket(&bucket)?, &key, deletes)?;
            let etag = etag(state, &headers.encryption, &md5);
            let object = Object { body, etag: etag.clone(), headers, checksum: checksum.clone(), parts: Vec::new(), tags };
            let mut output = PutObjectOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() };
            put_encryption!(output, object.headers.encryption);
            put_checksum!(output, checksum);
            output.checksum_type = Some(checksum.kind.dto());
            output.version_id = state.put(&bucket, &key, object, now)?;
            Ok(output)
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub(super) fn get(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let (version, object, versioned) = self.found(&input.bucket, &input.key, input.version_id.as_deref())?;
        let condition = Read {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        condition.decide(&version, &object)?;
        let range = wanted(&object, input.range, input.part_number)?;
        // A checksum is of the whole: it is of no use to who reads a range.
        let checksums = asks(input.checksum_mode.as_ref()) && range.is_none();
        let mut output = described!(GetObjectOutput, version, object, versioned, checksums);
        let body = match &range {
            Some(range) => object.body.slice(range.clone()),
            None => object.body.clone(),
        };
        output.content_length = Some(body.len() as i64);
        output.content_range = range.map(|range| content_range(&range, object.len()));
        output.tag_count = (!object.tags.is_empty()).then_some(object.tags.len() as i32);
        output.parts_count = input.part_number.filter(|_| !object.parts.is_empty()).map(|_| object.parts.len() as i32);
        output.body = Some(body.stream());
        Ok(output)
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub(super) fn head(&self, input: HeadObjectInput) -> S3Result<S3Response<HeadObjectOutput>> {
        let (version, object, versioned) = self.found(&input.bucket, &input.key, input.version_id.as_deref())?;
        let condition = Read {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        condition.decide(&version, &object)?;
        let range = wanted(&object, input.range, input.part_number)?;
        let checksums = asks(input.checksum_mode.as_ref()) && range.is_none();
        let mut output = described!(HeadObjectOutput, version, object, versioned, checksums);
        output.content_length = Some(range.as_ref().map_or(object.len(), |range| range.end - range.start) as i64);
        output.content_range = range.map(|range| content_range(&range, object.len()));
        output.parts_count = input.part_number.filter(|_| !object.parts.is_empty()).map(|_| object.parts.len() as i32);
        let mut headers = HeaderMap::new();
        if !object.tags.is_empty() {
            headers.insert("x-amz-tagging-count", object.tags.len().into());
        }
        Ok(S3Response::with_headers(output, headers))
    }

    /// A version, its object, and whether the bucket is or was versioned.
    pub(super) fn found(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> S3Result<(Version, std::sync::Arc<Object>, bool)> {
        self.step(|state, _| {
            let bucket = state.bucket(bucket)?;
            let (version, object) = bucket.find(key, version)?;
            Ok((version.clone(), object.clone(), bucket.versioning != Versioning::Never))
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
    pub(super) fn delete(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        self.step(|state, now| {
            let condition = input.if_match.as_ref();
            conditions::delete(condition, state.bucket(&input.bucket)?, &input.key)?;
            let deleted = state.delete(&input.bucket, &input.key, input.version_id.as_deref(), now)?;
            let delete_marker = deleted.marker.then_some(true);
            Ok(DeleteObjectOutput { delete_marker, version_id: deleted.version, request_charged: None })
        })
    }

    /// At most 1,000 keys; "the response includes a result of deletion that is only the errors" in quiet mode. The request
    /// needs a checksum. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    pub(super) fn delete_many(&self, request: S3Request<DeleteObjectsInput>) -> S3Result<DeleteObjectsOutput> {
        let input = request.input;
        let names = request.headers.keys().map(|name| name.as_str());
        if !names.into_iter().any(|name| name == "content-md5" || name.starts_with("x-amz-checksum-") || name == "x-amz-trailer")
        {
            return Err(s3_error!(InvalidRequest, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"));
        }
        if input.delete.objects.is_empty() || input.delete.objects.len() > 1000 {
            let message = "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(s3_error!(MalformedXML, "{message}"));
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        let (mut gone, mut errors) = (Vec::new(), Vec::new());
        self.step(|state, now| {
            state.bucket(&input.bucket)?;
            for wanted in input.delete.objects {
                let ObjectIdentifier { key, version_id, e_tag, .. } = wanted;
                let condition = e_tag.map(ETagCondition::ETag);
                let done = conditions::delete(condition.as_ref(), state.bucket(&input.bucket)?, &key)
                    .and_then(|()| state.delete(&input.bucket, &key, version_id.as_deref(), now));
                match done {
                    Err(error) => errors.push(Error {
                        code: Some(error.code().as_str().to_string()),
                        key: Some(key),
                        message: error.message().map(String::from),
                        version_id,
                    }),
                    Ok(deleted) => gone.push(DeletedObject {
                        delete_marker: deleted.marker.then_some(true),
                        delete_marker_version_id: deleted.version.filter(|_| deleted.marker),
                        key: Some(key),
                        version_id,
                    }),
                }
            }
            Ok(())
        })?;
        let deleted = (!quiet && !gone.is_empty()).then_some(gone);
        Ok(DeleteObjectsOutput { deleted, errors: (!errors.is_empty()).then_some(errors), request_charged: None })
    }
}

fn content_range(range: &std::ops::Range<u64>, whole: u64) -> String {
    format!("bytes {}-{}/{whole}", range.start, range.end.saturating_sub(1))
}
