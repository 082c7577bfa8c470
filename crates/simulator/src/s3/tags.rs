//! Tags of objects and buckets. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use axum::http::StatusCode;
use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput, PutBucketTaggingInput,
    PutBucketTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Result, s3_error};

use super::error;
use super::front::Front;
use super::store::{Tags, Versioning};
use crate::query;

/// "You can associate up to 10 tags with an object."
const OF_AN_OBJECT: usize = 10;
/// "A tag set can have a maximum of 50 tags": <https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html>.
const OF_A_BUCKET: usize = 50;

/// A tag set, checked: keys of at most 128 characters, values of at most 256, no key twice, none of AWS's own.
fn checked(tags: impl Iterator<Item = (String, String)>, most: usize) -> S3Result<Tags> {
    let mut set = Tags::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(s3_error!(InvalidTag, "System tags cannot be added/updated by requester"));
        }
        if set.insert(key, value).is_some() {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    if set.len() > most {
        let what = if most == OF_AN_OBJECT { "Object" } else { "Bucket" };
        return Err(error("BadRequest", StatusCode::BAD_REQUEST, format!("{what} tags cannot be greater than {most}")));
    }
    Ok(set)
}

/// The `x-amz-tagging` header: "encoded as URL Query parameters".
pub(super) fn of_header(header: Option<&str>) -> S3Result<Tags> {
    let pairs = header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    checked(
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (query::decode(key), query::decode(value))),
        OF_AN_OBJECT,
    )
}

fn of_set(set: Vec<Tag>, most: usize) -> S3Result<Tags> {
    checked(set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())), most)
}

fn view(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

impl Front {
    pub(super) fn tag_object(&self, input: PutObjectTaggingInput) -> S3Result<PutObjectTaggingOutput> {
        let tags = of_set(input.tagging.tag_set, OF_AN_OBJECT)?;
        let version = input.version_id.as_deref();
        let version_id = self.step(|state, _| state.set_object_tags(&input.bucket, &input.key, version, tags))?;
        Ok(PutObjectTaggingOutput { version_id })
    }

    pub(super) fn untag_object(&self, input: DeleteObjectTaggingInput) -> S3Result<DeleteObjectTaggingOutput> {
        let version = input.version_id.as_deref();
        let version_id = self.step(|state, _| state.set_object_tags(&input.bucket, &input.key, version, Tags::new()))?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }

    pub(super) fn tags_of_object(&self, input: GetObjectTaggingInput) -> S3Result<GetObjectTaggingOutput> {
        self.step(|state, _| {
            let bucket = state.bucket(&input.bucket)?;
            let (version, object) = bucket.find(&input.key, input.version_id.as_deref())?;
            let version_id = (bucket.versioning != Versioning::Never).then(|| version.id.clone());
            Ok(GetObjectTaggingOutput { tag_set: view(&object.tags), version_id })
        })
    }

    pub(super) fn tag_bucket(&self, input: PutBucketTaggingInput) -> S3Result<PutBucketTaggingOutput> {
        let tags = of_set(input.tagging.tag_set, OF_A_BUCKET)?;
        self.step(|state, _| {
            let bucket = state.bucket_mut(&input.bucket)?;
            // What AWS itself put on it stays: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>
            // says that system tags can neither be added nor changed by a requester.
            bucket.tags.retain(|key, _| key.starts_with("aws:"));
            bucket.tags.extend(tags);
            Ok(PutBucketTaggingOutput {})
        })
    }

    pub(super) fn untag_bucket(&self, input: DeleteBucketTaggingInput) -> S3Result<DeleteBucketTaggingOutput> {
        self.step(|state, _| {
            state.bucket_mut(&input.bucket)?.tags.retain(|key, _| key.starts_with("aws:"));
            Ok(DeleteBucketTaggingOutput {})
        })
    }

    /// "NoSuchTagSet: There is no tag set associated with the bucket."
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html>
    pub(super) fn tags_of_bucket(&self, input: GetBucketTaggingInput) -> S3Result<GetBucketTaggingOutput> {
        self.step(|state, _| {
            let bucket = state.bucket(&input.bucket)?;
            if bucket.tags.is_empty() {
                return Err(s3_error!(NoSuchTagSet, "The TagSet does not exist"));
            }
            Ok(GetBucketTaggingOutput { tag_set: view(&bucket.tags) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tagging_header_is_a_query() {
        let tags = of_header(Some("team=shop&a%20b=c%2Fd&empty")).unwrap();
        let pairs: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a b", "c/d"), ("empty", ""), ("team", "shop")]);
        assert!(of_header(None).unwrap().is_empty());
        assert!(of_header(Some("a=1&a=2")).is_err());
        let many: Vec<String> = (0..11).map(|number| format!("k{number}=v")).collect();
        assert!(of_header(Some(&many.join("&"))).is_err());
    }
}
