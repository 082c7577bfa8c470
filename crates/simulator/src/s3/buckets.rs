//! Buckets: made, found, versioned, listed and removed, and what is in them listed.

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::front::Front;
use super::listing::{self, Marker, Page, Query, encode};
use super::store::{Object, Versioning};
use super::time;

/// The canonical user that owns everything here.
const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

pub(super) fn owner() -> Option<Owner> {
    Some(Owner { display_name: None, id: Some(OWNER.into()) })
}

/// Common prefixes as listings show them.
fn prefixes<T>(page: &Page<T>, encoding: Option<&EncodingType>) -> Option<Vec<CommonPrefix>> {
    let list: Vec<_> = page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix, encoding)) }).collect();
    (!list.is_empty()).then_some(list)
}

impl Front {
    /// A Region's endpoint takes no other Region's constraint, and outside us-east-1 the constraint has to be there:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
    pub(super) fn create_bucket_of(&self, input: CreateBucketInput) -> S3Result<CreateBucketOutput> {
        self.step(|state, now| {
            let asked = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
            let asked = asked.as_ref().map_or("us-east-1", BucketLocationConstraint::as_str);
            if asked != state.region {
                return Err(s3_error!(
                    IllegalLocationConstraintException,
                    "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
                    if asked == "us-east-1" { "unspecified" } else { asked }
                ));
            }
            state.create_bucket(&input.bucket, now)?;
            Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
        })
    }

    pub(super) fn delete_bucket_of(&self, input: DeleteBucketInput) -> S3Result<DeleteBucketOutput> {
        self.step(|state, _| state.delete_bucket(&input.bucket).map(|()| DeleteBucketOutput {}))
    }

    pub(super) fn head_bucket_of(&self, input: HeadBucketInput) -> S3Result<HeadBucketOutput> {
        self.step(|state, _| {
            state.bucket(&input.bucket)?;
            Ok(HeadBucketOutput { bucket_region: Some(state.region.clone()), ..Default::default() })
        })
    }

    /// "For us-east-1 the constraint is null": <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>.
    pub(super) fn location_of(&self, input: GetBucketLocationInput) -> S3Result<GetBucketLocationOutput> {
        self.step(|state, _| {
            state.bucket(&input.bucket)?;
            let constraint = (state.region != "us-east-1").then(|| BucketLocationConstraint::from(state.region.clone()));
            Ok(GetBucketLocationOutput { location_constraint: constraint })
        })
    }

    pub(super) fn buckets_of(&self, input: ListBucketsInput) -> S3Result<ListBucketsOutput> {
        self.step(|state, _| {
            let prefix = input.prefix.as_deref().unwrap_or_default();
            let after = input.continuation_token.as_deref().map(listing::place).transpose()?;
            let limit = match (input.max_buckets, state.page_size) {
                (None, None) => usize::MAX,
                (wanted, forced) => listing::limit(wanted, forced)?,
            };
            let query = Query { prefix, delimiter: None, after, limit };
            let page = listing::page(state.buckets().map(|(name, bucket)| (name.as_str(), "", (name, bucket))), &query);
            let view = |(name, bucket): &(&String, &super::store::Bucket)| Bucket {
                bucket_region: Some(state.region.clone()),
                creation_date: Some(time(bucket.created)),
                name: Some((*name).clone()),
            };
            Ok(ListBucketsOutput {
                buckets: Some(page.items.iter().map(view).collect()),
                continuation_token: page.next.as_ref().map(listing::token),
                owner: owner(),
                prefix: input.prefix.clone(),
            })
        })
    }

    pub(super) fn versioning_of(&self, input: GetBucketVersioningInput) -> S3Result<GetBucketVersioningOutput> {
        self.step(|state, _| {
            let status = match state.bucket(&input.bucket)?.versioning {
                Versioning::Never => None,
                Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
                Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
            };
            Ok(GetBucketVersioningOutput { mfa_delete: None, status })
        })
    }

    pub(super) fn set_versioning(&self, input: PutBucketVersioningInput) -> S3Result<PutBucketVersioningOutput> {
        self.step(|state, _| {
            let bucket = state.bucket_mut(&input.bucket)?;
            bucket.versioning = match input.versioning_configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
                Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
                Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
                _ => {
                    let message = "The Versioning element must be specified";
                    return Err(s3_error!(IllegalVersioningConfigurationException, "{message}"));
                }
            };
            Ok(PutBucketVersioningOutput {})
        })
    }

    /// A listing gives each object's ETag and the algorithm of its checksum, and never the checksum:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>.
    pub(super) fn list(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        self.step(|state, _| {
            let bucket = state.bucket(&input.bucket)?;
            let start = input.start_after.clone().filter(|start| !start.is_empty());
            let after = match input.continuation_token.as_deref() {
                Some(token) => Some(listing::place(token)?),
                None => start.map(|name| Marker { name, id: None }),
            };
            let limit = listing::limit(input.max_keys, state.page_size)?;
            let prefix = input.prefix.as_deref().unwrap_or_default();
            let query = Query { prefix, delimiter: input.delimiter.as_deref(), after, limit };
            let things = bucket.live().map(|(key, version, object)| (key.as_str(), "", (key, version.at, object)));
            let page = listing::page(things, &query);
            let encoding = input.encoding_type.as_ref();
            let view = |(key, at, object): &(&String, f64, &std::sync::Arc<Object>)| s3s::dto::Object {
                checksum_algorithm: Some(vec![object.checksum.algorithm.dto()]),
                checksum_type: Some(object.checksum.kind.dto()),
                e_tag: Some(ETag::Strong(object.etag.clone())),
                key: Some(encode(key, encoding)),
                last_modified: Some(time(*at)),
                owner: input.fetch_owner.unwrap_or_default().then(owner).flatten(),
                restore_status: None,
                size: Some(object.len() as i64),
                storage_class: Some(ObjectStorageClass::from(object.headers.storage_class.clone())),
            };
            Ok(ListObjectsV2Output {
                name: Some(input.bucket.clone()),
                prefix: Some(encode(prefix, encoding)),
                max_keys: Some(listing::shown(input.max_keys)),
                key_count: Some((page.items.len() + page.prefixes.len()) as i32),
                continuation_token: input.continuation_token.clone(),
                is_truncated: Some(page.next.is_some()),
                next_continuation_token: page.next.as_ref().map(listing::token),
                contents: (!page.items.is_empty()).then(|| page.items.iter().map(view).collect()),
                common_prefixes: prefixes(&page, encoding),
                delimiter: input.delimiter.as_deref().map(|delimiter| encode(delimiter, encoding)),
                encoding_type: input.encoding_type.clone(),
                start_after: input.start_after.as_deref().map(|start| encode(start, encoding)),
                request_charged: None,
            })
        })
    }

    /// The listing of version 1, which goes on behind a name: "NextMarker ... is returned only if you have the delimiter
    /// request parameter specified". <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>
    pub(super) fn list_first(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let marker = input.marker.clone().filter(|marker| !marker.is_empty());
        let listed = self.list(ListObjectsV2Input {
            bucket: input.bucket,
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            fetch_owner: Some(true),
            max_keys: input.max_keys,
            prefix: input.prefix,
            start_after: marker,
            ..Default::default()
        })?;
        let next = listed.next_continuation_token.as_deref().map(listing::place).transpose()?;
        let encoding = listed.encoding_type.as_ref();
        Ok(ListObjectsOutput {
            next_marker: next.filter(|_| listed.delimiter.is_some()).map(|next| encode(&next.name, encoding)),
            marker: Some(listed.start_after.unwrap_or_default()),
            name: listed.name,
            prefix: listed.prefix,
            max_keys: listed.max_keys,
            is_truncated: listed.is_truncated,
            contents: listed.contents,
            common_prefixes: listed.common_prefixes,
            delimiter: listed.delimiter,
            encoding_type: listed.encoding_type,
            request_charged: None,
        })
    }

    /// Versions and delete markers, the newest of each key first.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>
    pub(super) fn list_versions(&self, input: ListObjectVersionsInput) -> S3Result<ListObjectVersionsOutput> {
        self.step(|state, _| {
            let bucket = state.bucket(&input.bucket)?;
            let name = input.key_marker.clone().filter(|marker| !marker.is_empty());
            let id = input.version_id_marker.clone().filter(|marker| !marker.is_empty());
            let limit = listing::limit(input.max_keys, state.page_size)?;
            let prefix = input.prefix.as_deref().unwrap_or_default();
            let after = name.map(|name| Marker { name, id });
            let query = Query { prefix, delimiter: input.delimiter.as_deref(), after, limit };
            let things = bucket.keys.iter().flat_map(|(key, versions)| {
                let newest = versions.len() - 1;
                let each = versions.iter().enumerate().rev();
                each.map(move |(place, version)| (key.as_str(), version.id.as_str(), (key, version, place == newest)))
            });
            let page = listing::page(things, &query);
            let encoding = input.encoding_type.as_ref();
            let (mut versions, mut markers) = (Vec::new(), Vec::new());
            for (key, version, latest) in &page.items {
                let (key, is_latest) = (Some(encode(key, encoding)), Some(*latest));
                let (last_modified, version_id) = (Some(time(version.at)), Some(version.id.clone()));
                match &version.object {
                    None => markers.push(DeleteMarkerEntry { is_latest, key, last_modified, owner: owner(), version_id }),
                    Some(object) => versions.push(ObjectVersion {
                        checksum_algorithm: Some(vec![object.checksum.algorithm.dto()]),
                        checksum_type: Some(object.checksum.kind.dto()),
                        e_tag: Some(ETag::Strong(object.etag.clone())),
                        is_latest,
                        key,
                        last_modified,
                        owner: owner(),
                        restore_status: None,
                        size: Some(object.len() as i64),
                        storage_class: Some(ObjectVersionStorageClass::from(object.headers.storage_class.clone())),
                        version_id,
                    }),
                }
            }
            Ok(ListObjectVersionsOutput {
                common_prefixes: prefixes(&page, encoding),
                delete_markers: (!markers.is_empty()).then_some(markers),
                delimiter: input.delimiter.as_deref().map(|delimiter| encode(delimiter, encoding)),
                encoding_type: input.encoding_type.clone(),
                is_truncated: Some(page.next.is_some()),
                key_marker: Some(input.key_marker.as_deref().map(|marker| encode(marker, encoding)).unwrap_or_default()),
                max_keys: Some(listing::shown(input.max_keys)),
                name: Some(input.bucket.clone()),
                next_key_marker: page.next.as_ref().map(|next| encode(&next.name, encoding)),
                next_version_id_marker: page.next.as_ref().and_then(|next| next.id.clone()),
                prefix: Some(encode(prefix, encoding)),
                request_charged: None,
                version_id_marker: input.version_id_marker.clone(),
                versions: (!versions.is_empty()).then_some(versions),
            })
        })
    }
}
