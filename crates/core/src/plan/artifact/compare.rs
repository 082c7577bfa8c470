//! How an object differs from what is declared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::marker::{INPUTS, JOB, OURS, SHA256};
use crate::count::counted;
use crate::desired::Sync;
use crate::observed::{Item, ObjectHead, StoredObject};
use crate::plan::{Cause, Change};
use crate::secret::Shown;

/// What S3 stores for an object that was sent without `Content-Type`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#SysMetadata>
pub(super) const UNKNOWN_TYPE: &str = "binary/octet-stream";

/// The member of an object's bytes.
pub(super) const CONTENT: &str = "content";

/// The `Content-Type` that is wanted.
pub(super) fn content_type(sync: &Sync, item: &Item) -> String {
    sync.content_type.clone().or_else(|| item.content_type.clone()).unwrap_or_else(|| UNKNOWN_TYPE.to_owned())
}

/// What differs, as lines of the diff below `/key`, each with its member. Empty: the object is as declared.
pub(super) fn differences(
    key: &str,
    sync: &Sync,
    item: &Item,
    object: &StoredObject,
    head: &ObjectHead,
) -> Vec<(String, Change)> {
    let mut found = Vec::new();
    let mut differs = |member: &str, old: Value, new: Value| {
        if old != new {
            let shown = |value: Value| (!value.is_null()).then_some(Shown::Plain(value));
            let path = format!("/{}/{member}", escaped(key));
            let change = Change { path, old: shown(old), new: shown(new), cause: Cause::Declared, deploys: false };
            found.push((member.to_owned(), change));
        }
    };
    let has = |name: &str| head.metadata.get(name).map(String::as_str);
    if !same_bytes(item, object, head) {
        let new = item.sha256.as_deref().or(item.inputs.as_deref());
        let old = if item.sha256.is_some() { has(SHA256) } else { has(INPUTS) };
        let old = old.map_or_else(|| json!(counted(object.bytes, "byte")), |digest| json!(short(digest)));
        // Two digests that begin alike are still two, and an object may have been cut short behind its metadata's back.
        differs(CONTENT, old, new.map_or(Value::Null, |digest| json!(format!("{}…", short(digest)))));
    }
    differs("contentType", json!(head.content_type), json!(content_type(sync, item)));
    differs("cacheControl", json!(head.cache_control), json!(sync.cache_control));
    let theirs: BTreeMap<&String, &String> = head.metadata.iter().filter(|(name, _)| !name.starts_with(OURS)).collect();
    for name in theirs.keys().copied().chain(sync.metadata.keys()).collect::<std::collections::BTreeSet<_>>() {
        differs(&format!("metadata/{}", escaped(name)), json!(theirs.get(name)), json!(sync.metadata.get(name)));
    }
    if let Some(class) = &sync.storage_class {
        // "Amazon S3 returns this header for all objects except for S3 Standard storage class objects."
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        differs("storageClass", json!(head.storage_class.as_deref().unwrap_or("STANDARD")), json!(class));
    }
    if let Some(encryption) = &sync.server_side_encryption {
        differs("serverSideEncryption", json!(head.server_side_encryption), json!(encryption));
    }
    if let Some(declared) = &sync.sse_kms_key_id
        && !head.kms_key_id.as_deref().is_some_and(|shown| same_key(declared, shown))
    {
        differs("sseKmsKeyId", json!(head.kms_key_id), json!(declared));
    }
    found
}

/// S3 shows the key's ARN, whichever of its names it was told: `arn:aws:kms:REGION:ACCOUNT:key/ID`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
fn same_key(declared: &str, shown: &str) -> bool {
    declared == shown || shown.rsplit_once(":key/").is_some_and(|(_, id)| id == declared)
}

/// By the digest that was written with the object; the size tells an object that is not what its metadata says.
fn same_bytes(item: &Item, object: &StoredObject, head: &ObjectHead) -> bool {
    let equal = |mine: &Option<String>, name: &str| mine.is_some() && mine.as_ref() == head.metadata.get(name);
    let same = equal(&item.sha256, SHA256) || equal(&item.inputs, INPUTS) || (item.sha256.is_none() && equal(&item.job, JOB));
    same && item.bytes.is_none_or(|bytes| bytes == object.bytes)
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// RFC 6901, 3.
pub(super) fn escaped(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// The line of the diff for an object that goes.
pub(super) fn removal(key: &str, object: &StoredObject) -> Change {
    Change {
        path: format!("/{}", escaped(key)),
        old: Some(Shown::Plain(json!(counted(object.bytes, "byte")))),
        new: None,
        cause: Cause::Removed,
        deploys: false,
    }
}
