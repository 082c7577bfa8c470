//! The operations on multipart uploads.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::body::receive;
use super::buckets::owner;
use super::checksums::{Algorithm, Checksum, Kind, put_checksum};
use super::chunked::Trailers;
use super::conditions::Write;
use super::copies::Source;
use super::front::{AccessKey, Front};
use super::hashes::Hashes;
use super::listing::{self, Marker, Query, encode, encoded};
use super::multipart::{Part, Upload, check_number, no_such_upload};
use super::objects::{check_acl, etag, headers_of, put_encryption};
use super::store::{State, Versioning};
use super::{tags, time};
use crate::sts;

/// Who began an upload, as listings show it.
fn initiator(upload: &Upload) -> Option<Initiator> {
    Some(Initiator { display_name: None, id: Some(upload.initiator.clone()) })
}

/// The upload with this id, which is of this key.
fn upload<'a>(state: &'a mut State, bucket: &str, key: &str, id: &str) -> S3Result<&'a mut Upload> {
    let upload = state.bucket_mut(bucket)?.uploads.get_mut(id);
    upload.filter(|upload| upload.key == key).ok_or_else(no_such_upload)
}

impl Front {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
    pub(super) fn create_upload(&self, request: S3Request<CreateMultipartUploadInput>) -> S3Result<CreateMultipartUploadOutput> {
        let key = request.extensions.get::<AccessKey>().cloned();
        let mut input = request.input;
        check_acl(input.acl.as_ref())?;
        let tags = tags::of_header(input.tagging.as_deref())?;
        let named = input.checksum_algorithm.as_ref().map(|name| Algorithm::read(name.as_str())).transpose()?;
        if named.is_none() && input.checksum_type.is_some() {
            let message = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        }
        let kind = match named {
            Some(algorithm) => Kind::of_upload(algorithm, input.checksum_type.as_ref())?,
            None => Kind::FullObject,
        };
        self.step(|state, started| {
            let headers = headers_of!(input).checked(state)?;
            state.bucket(&input.bucket)?;
            let id = state.id() + &state.id();
            let mut output = CreateMultipartUploadOutput {
                bucket: Some(input.bucket.clone()),
                checksum_algorithm: named.map(Algorithm::dto),
                checksum_type: named.map(|_| kind.dto()),
                key: Some(input.key.clone()),
                upload_id: Some(id.clone()),
                ..Default::default()
            };
            put_encryption!(output, headers.encryption);
            // "If the principal is an IAM User, it provides a user ARN value", of a role's session that of the session, and of
            // an account, which nobody signs for, its canonical id.
            let initiator = match &key {
                Some(AccessKey(key)) => sts::principal(&state.account, key),
                None => owner().and_then(|owner| owner.id).unwrap_or_default(),
            };
            let key = input.key.clone();
            let upload = Upload { key, initiator, headers, tags, started, named, kind, parts: Default::default() };
            state.bucket_mut(&input.bucket)?.uploads.insert(id, upload);
            Ok(output)
        })
    }

    /// A part that is sent again takes the place of the one before.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
    pub(super) async fn upload_part_of(&self, mut request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let trailers = request.extensions.get::<Trailers>().cloned();
        let input = &mut request.input;
        check_number(input.part_number)?;
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let algorithm = self.step(|state, _| Ok(upload(state, &bucket, &key, &id)?.algorithm()))?;
        let mut hashes = Hashes::declared(&request.headers, trailers, algorithm)?;
        let named = hashes.named();
        self.step(|state, _| upload(state, &bucket, &key, &id)?.check_part(named))?;
        let body = receive(input.body.take(), &mut hashes).await?;
        let (md5, checksum) = hashes.finish()?;
        self.step(|state, now| {
            let encryption = upload(state, &bucket, &key, &id)?.headers.encryption.clone();
            let etag = etag(state, &encryption, &md5);
            let mut output = UploadPartOutput { e_tag: Some(ETag::Strong(etag.clone())), ..Default::default() };
            put_encryption!(output, encryption);
            if named.is_some() {
                put_checksum!(output, checksum);
            }
            let part = Part { body, md5, etag, checksum, at: now };
            upload(state, &bucket, &key, &id)?.parts.insert(input.part_number, part);
            Ok(output)
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>
    pub(super) fn copy_part(&self, input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        check_number(input.part_number)?;
        let source = Source::of(&input.copy_source)?;
        let (object, version) = self.step(|state, _| {
            let bucket = state.bucket(&source.bucket)?;
            let (version, object) = bucket.source(&source.key, source.version.as_deref())?;
            Ok((object.clone(), (bucket.versioning != Versioning::Never).then(|| version.id.clone())))
        })?;
        let body = match &input.copy_source_range {
            None => object.body.clone(),
            Some(range) => {
                let invalid = || {
                    s3_error!(
                        InvalidArgument,
                        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
                    )
                };
                // Only `first-last` is a range here, and the last byte has to be there.
                let Ok(Range::Int { first, last: Some(last) }) = Range::parse(range) else { return Err(invalid()) };
                if last >= object.len() {
                    let message = format!("Range specified is not valid for source object of size: {}", object.len());
                    return Err(s3_error!(InvalidArgument, "{message}"));
                }
                object.body.slice(first..last + 1)
            }
        };
        let algorithm = self.step(|state, _| Ok(upload(state, &input.bucket, &input.key, &input.upload_id)?.algorithm()))?;
        let mut hashes = Hashes::plain(algorithm);
        body.hash(&mut hashes);
        let (md5, checksum) = hashes.finish()?;
        self.step(|state, now| {
            let encryption = upload(state, &input.bucket, &input.key, &input.upload_id)?.headers.encryption.clone();
            let etag = etag(state, &encryption, &md5);
            let (e_tag, last_modified) = (Some(ETag::Strong(etag.clone())), Some(time(now)));
            let mut result = CopyPartResult { e_tag, last_modified, ..Default::default() };
            let upload = upload(state, &input.bucket, &input.key, &input.upload_id)?;
            if upload.named.is_some() {
                put_checksum!(result, checksum);
            }
            upload.parts.insert(input.part_number, Part { body, md5, etag, checksum, at: now });
            let mut output =
                UploadPartCopyOutput { copy_part_result: Some(result), copy_source_version_id: version, ..Default::default() };
            put_encryption!(output, encryption);
            Ok(output)
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>. "The object's creation date is
    /// the date of initiation of the multipart upload": <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
    pub(super) fn complete(&self, request: S3Request<CompleteMultipartUploadInput>) -> S3Result<CompleteMultipartUploadOutput> {
        let host = request.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_string();
        let input = request.input;
        let condition = Write { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
        condition.check()?;
        let wanted = input.multipart_upload.as_ref().and_then(|list| list.parts.clone()).unwrap_or_default();
        self.step(|state, _| {
            let upload = upload(state, &input.bucket, &input.key, &input.upload_id)?;
            if input.checksum_type.as_ref().is_some_and(|kind| *kind != upload.kind.dto()) {
                let message = "The upload was created using another checksum type than the complete request names.";
                return Err(s3_error!(InvalidRequest, "{message}"));
            }
            let (started, mut object) = (upload.started, upload.complete(&wanted)?);
            if input.mpu_object_size.is_some_and(|size| size != object.len() as i64) {
                let message = "The provided 'x-amz-mp-object-size' header value does not match what was computed.";
                return Err(s3_error!(InvalidRequest, "{message}"));
            }
            check_whole(&input, &object.checksum)?;
            let bucket = state.bucket(&input.bucket)?;
            condition.decide(bucket, &input.key, bucket.deletes(&input.key))?;
            if object.headers.encryption.algorithm != "AES256" {
                object.etag = format!("{}-{}", state.opaque(), wanted.len());
            }
            let mut output = CompleteMultipartUploadOutput {
                bucket: Some(input.bucket.clone()),
                e_tag: Some(ETag::Strong(object.etag.clone())),
                key: Some(input.key.clone()),
                // "The URI that identifies the newly created object."
                location: Some(format!("http://{host}/{}/{}", input.bucket, encoded(&input.key))),
                checksum_type: Some(object.checksum.kind.dto()),
                ..Default::default()
            };
            put_encryption!(output, object.headers.encryption);
            put_checksum!(output, object.checksum);
            output.version_id = state.put(&input.bucket, &input.key, object, started)?;
            state.bucket_mut(&input.bucket)?.uploads.remove(&input.upload_id);
            Ok(output)
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
    pub(super) fn abort(&self, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        self.step(|state, _| {
            upload(state, &input.bucket, &input.key, &input.upload_id)?;
            state.bucket_mut(&input.bucket)?.uploads.remove(&input.upload_id);
            Ok(AbortMultipartUploadOutput::default())
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
    pub(super) fn list_parts_of(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        self.step(|state, _| {
            let limit = listing::limit(input.max_parts, state.page_size)?;
            let upload = upload(state, &input.bucket, &input.key, &input.upload_id)?;
            let marker: i32 = input.part_number_marker.unwrap_or_default();
            let mut parts: Vec<_> = upload.parts.iter().filter(|(number, _)| **number > marker).collect();
            let more = parts.len() > limit;
            parts.truncate(limit);
            let view = |(number, part): &(&i32, &Part)| {
                let mut view = s3s::dto::Part {
                    e_tag: Some(ETag::Strong(part.etag.clone())),
                    last_modified: Some(time(part.at)),
                    part_number: Some(**number),
                    size: Some(part.body.len() as i64),
                    ..Default::default()
                };
                if upload.named.is_some() {
                    put_checksum!(view, part.checksum);
                }
                view
            };
            Ok(ListPartsOutput {
                bucket: Some(input.bucket.clone()),
                checksum_algorithm: upload.named.map(Algorithm::dto),
                checksum_type: upload.named.map(|_| upload.kind.dto()),
                is_truncated: Some(more),
                key: Some(input.key.clone()),
                max_parts: Some(listing::shown(input.max_parts)),
                next_part_number_marker: parts.last().filter(|_| more).map(|(number, _)| **number),
                part_number_marker: Some(marker),
                parts: (!parts.is_empty()).then(|| parts.iter().map(view).collect()),
                initiator: initiator(upload),
                owner: owner(),
                storage_class: Some(StorageClass::from(upload.headers.storage_class.clone())),
                upload_id: Some(input.upload_id.clone()),
                ..Default::default()
            })
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>: by key, and of one key the oldest first.
    pub(super) fn list_uploads(&self, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
        self.step(|state, _| {
            let limit = listing::limit(input.max_uploads, state.page_size)?;
            let prefix = input.prefix.as_deref().unwrap_or_default();
            let name = input.key_marker.clone().filter(|marker| !marker.is_empty());
            let id = input.upload_id_marker.clone().filter(|marker| !marker.is_empty());
            let after = name.map(|name| Marker { name, id });
            let query = Query { prefix, delimiter: input.delimiter.as_deref(), after, limit };
            let mut uploads: Vec<_> = state.bucket(&input.bucket)?.uploads.iter().collect();
            uploads.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key).then(one.started.total_cmp(&other.started)));
            let page =
                listing::page(uploads.iter().map(|(id, upload)| (upload.key.as_str(), id.as_str(), (*id, *upload))), &query);
            let encoding = input.encoding_type.as_ref();
            let view = |(id, upload): &(&String, &Upload)| MultipartUpload {
                checksum_algorithm: upload.named.map(Algorithm::dto),
                checksum_type: upload.named.map(|_| upload.kind.dto()),
                initiated: Some(time(upload.started)),
                initiator: initiator(upload),
                owner: owner(),
                key: Some(encode(&upload.key, encoding)),
                storage_class: Some(StorageClass::from(upload.headers.storage_class.clone())),
                upload_id: Some((*id).clone()),
            };
            let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix, encoding)) });
            Ok(ListMultipartUploadsOutput {
                bucket: Some(input.bucket.clone()),
                common_prefixes: (!page.prefixes.is_empty()).then(|| prefixes.collect()),
                delimiter: input.delimiter.clone(),
                encoding_type: input.encoding_type.clone(),
                is_truncated: Some(page.next.is_some()),
                key_marker: Some(input.key_marker.clone().unwrap_or_default()),
                max_uploads: Some(listing::shown(input.max_uploads)),
                next_key_marker: page.next.as_ref().map(|next| encode(&next.name, encoding)),
                next_upload_id_marker: page.next.as_ref().and_then(|next| next.id.clone()),
                prefix: Some(encode(prefix, encoding)),
                upload_id_marker: input.upload_id_marker.clone(),
                uploads: (!page.items.is_empty()).then(|| page.items.iter().map(view).collect()),
                ..Default::default()
            })
        })
    }
}

/// A checksum of the whole that the complete request gives has to be what S3 computed.
fn check_whole(input: &CompleteMultipartUploadInput, computed: &Checksum) -> S3Result<()> {
    let said = match computed.algorithm {
        Algorithm::Crc32 => &input.checksum_crc32,
        Algorithm::Crc32c => &input.checksum_crc32c,
        Algorithm::Crc64Nvme => &input.checksum_crc64nvme,
        Algorithm::Sha1 => &input.checksum_sha1,
        Algorithm::Sha256 => &input.checksum_sha256,
    };
    if said.as_ref().is_some_and(|said| *said != computed.text()) {
        let name = computed.algorithm.name();
        return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
    }
    Ok(())
}
