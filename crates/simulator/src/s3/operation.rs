//! Which operation of S3's a request is, and on what: for the log and for faults, before anybody reads the body.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, Method, Uri, header};

use crate::query;

/// A host of this domain carries the bucket before it, as the SDKs do with an endpoint that is no address:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
pub(super) const DOMAIN: &str = ".localhost";

/// The name of the operation, and `bucket/key`, or the bucket, or nothing.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
pub(crate) fn operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> (&'static str, String) {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    // In a path, unlike in a form, a plus is a plus.
    let path = query::decode(&uri.path().trim_start_matches('/').replace('+', "%2B"));
    let resource = match host.strip_suffix(DOMAIN) {
        Some(bucket) => format!("{bucket}/{path}"),
        None => path,
    };
    let (bucket, key) = resource.split_once('/').unwrap_or((&resource, ""));
    let asked: BTreeSet<&str> = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split('=').next()).collect();
    let copies = headers.contains_key("x-amz-copy-source");
    let name = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => "ListBuckets",
        (false, true) => on_bucket(method, &asked),
        (false, false) => on_object(method, &asked, copies),
    };
    let resource = if key.is_empty() { bucket.to_string() } else { resource };
    (name, resource)
}

/// A bucket's configurations: the query's key, and what Get, Put and Delete are followed by.
const CONFIGURATIONS: [(&str, [&str; 3]); 16] = [
    ("versioning", ["GetBucketVersioning", "PutBucketVersioning", UNKNOWN]),
    ("tagging", ["GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"]),
    ("policy", ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"]),
    ("lifecycle", ["GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"]),
    ("encryption", ["GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"]),
    ("cors", ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"]),
    ("website", ["GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"]),
    ("acl", ["GetBucketAcl", "PutBucketAcl", UNKNOWN]),
    ("logging", ["GetBucketLogging", "PutBucketLogging", UNKNOWN]),
    ("notification", ["GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", UNKNOWN]),
    ("publicAccessBlock", ["GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"]),
    ("policyStatus", ["GetBucketPolicyStatus", UNKNOWN, UNKNOWN]),
    ("replication", ["GetBucketReplication", "PutBucketReplication", "DeleteBucketReplication"]),
    ("object-lock", ["GetObjectLockConfiguration", "PutObjectLockConfiguration", UNKNOWN]),
    ("accelerate", ["GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", UNKNOWN]),
    ("ownershipControls", ["GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"]),
];

const UNKNOWN: &str = crate::front::UNKNOWN;

fn on_bucket(method: &Method, asked: &BTreeSet<&str>) -> &'static str {
    if let Some((_, [get, put, delete])) = CONFIGURATIONS.iter().find(|row| asked.contains(row.0)) {
        return match *method {
            Method::GET => get,
            Method::PUT => put,
            Method::DELETE => delete,
            _ => UNKNOWN,
        };
    }
    let has = |key: &str| asked.contains(key);
    match *method {
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("versions") => "ListObjectVersions",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET => "ListObjects",
        Method::HEAD => "HeadBucket",
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::POST if has("delete") => "DeleteObjects",
        _ => UNKNOWN,
    }
}

fn on_object(method: &Method, asked: &BTreeSet<&str>, copies: bool) -> &'static str {
    let has = |key: &str| asked.contains(key);
    match *method {
        Method::HEAD => "HeadObject",
        Method::GET if has("tagging") => "GetObjectTagging",
        Method::GET if has("acl") => "GetObjectAcl",
        Method::GET if has("attributes") => "GetObjectAttributes",
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::PUT if has("tagging") => "PutObjectTagging",
        Method::PUT if has("acl") => "PutObjectAcl",
        Method::PUT if has("uploadId") && copies => "UploadPartCopy",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE if has("tagging") => "DeleteObjectTagging",
        Method::DELETE => "DeleteObject",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_names_of_awss_api() {
        let none = HeaderMap::new();
        let is = |method: Method, uri: &str| operation(&method, &uri.parse().unwrap(), &none);
        for (method, uri, name, resource) in [
            (Method::GET, "/", "ListBuckets", ""),
            (Method::PUT, "/shop", "CreateBucket", "shop"),
            (Method::GET, "/shop?list-type=2&prefix=a%2F", "ListObjectsV2", "shop"),
            (Method::GET, "/shop/?location", "GetBucketLocation", "shop"),
            (Method::POST, "/shop?delete", "DeleteObjects", "shop"),
            (Method::PUT, "/shop/a/b.zip?x-id=PutObject", "PutObject", "shop/a/b.zip"),
            (Method::PUT, "/shop/a%20b+c", "PutObject", "shop/a b+c"),
            (Method::POST, "/shop/a?uploads", "CreateMultipartUpload", "shop/a"),
            (Method::PUT, "/shop/a?partNumber=1&uploadId=u", "UploadPart", "shop/a"),
            (Method::POST, "/shop/a?uploadId=u", "CompleteMultipartUpload", "shop/a"),
            (Method::DELETE, "/shop/a?uploadId=u", "AbortMultipartUpload", "shop/a"),
        ] {
            assert_eq!(is(method, uri), (name, resource.to_string()), "{uri}");
        }
    }

    #[test]
    fn a_bucket_may_stand_in_the_hosts_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "shop.localhost:4566".parse().unwrap());
        assert_eq!(operation(&Method::GET, &"/a/b".parse().unwrap(), &headers), ("GetObject", "shop/a/b".into()));
        assert_eq!(operation(&Method::PUT, &"/".parse().unwrap(), &headers), ("CreateBucket", "shop".into()));
    }
}
