//! A bucket's configurations that have no effect here: policy, lifecycle, encryption, CORS and their like. What is put is
//! kept and shown again; what was never put is answered for as S3 does for a new bucket.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, Response, StatusCode, header};
use s3s::{S3Error, S3Result, s3_error};

use Absent::{Document, Error};

use super::error;
use super::front::Front;
use super::store::Bucket;

/// "The bucket policy is limited to 20 KB", and no other configuration is near this size.
const LONGEST: usize = 1 << 20;

/// What is answered for a configuration that is not there.
enum Absent {
    /// 404 with this code and message.
    Error(&'static str, &'static str),
    /// This document: every bucket has one from its creation on.
    Document(&'static str),
}
/// A configuration: the query's word, its document's root, what a new bucket answers, and what one answers after a delete.
struct Row {
    word: &'static str,
    root: &'static str,
    new: Absent,
    deleted: Option<(&'static str, &'static str)>,
}

const fn row(word: &'static str, root: &'static str, new: Absent) -> Row {
    Row { word, root, new, deleted: None }
}

const fn revocable(row: Row, code: &'static str, message: &'static str) -> Row {
    Row { deleted: Some((code, message)), ..row }
}

const NO_POLICY: Absent = Error("NoSuchBucketPolicy", "The bucket policy does not exist");

/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList> and the page of each Get.
/// New buckets are encrypted with SSE-S3 (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>),
/// block public access and have ACLs disabled
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>).
const ROWS: [Row; 13] = [
    row("policy", "", NO_POLICY),
    row("policyStatus", "PolicyStatus", NO_POLICY),
    row(
        "lifecycle",
        "LifecycleConfiguration",
        Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    ),
    row("cors", "CORSConfiguration", Error("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
    row(
        "website",
        "WebsiteConfiguration",
        Error("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ),
    row(
        "replication",
        "ReplicationConfiguration",
        Error("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    ),
    row(
        "object-lock",
        "ObjectLockConfiguration",
        Error("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
    ),
    row(
        "encryption",
        "ServerSideEncryptionConfiguration",
        Document(
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
             <BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
        ),
    ),
    row("notification", "NotificationConfiguration", Document("")),
    row("logging", "BucketLoggingStatus", Document("")),
    row("accelerate", "AccelerateConfiguration", Document("")),
    revocable(
        row(
            "publicAccessBlock",
            "PublicAccessBlockConfiguration",
            Document(
                "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
                 <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>",
            ),
        ),
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    revocable(
        row(
            "ownershipControls",
            "OwnershipControls",
            Document("<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"),
        ),
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
];

/// A request for a configuration of a bucket.
pub(super) struct Asked {
    bucket: String,
    row: &'static Row,
}

/// Whether a request is for a configuration: `resource` is the bucket alone.
pub(super) fn asked(method: &Method, query: Option<&str>, resource: &str) -> Option<Asked> {
    if resource.is_empty() || resource.contains('/') || ![Method::GET, Method::PUT, Method::DELETE].contains(method) {
        return None;
    }
    let mut words = query?.split('&').filter_map(|pair| pair.split('=').next());
    let row = words.find_map(|word| ROWS.iter().find(|row| row.word == word))?;
    Some(Asked { bucket: resource.to_string(), row })
}

impl Bucket {
    /// What is kept of a configuration: `None` where it was never put, an empty text where it was deleted for good.
    fn kept(&self, word: &str) -> Option<&str> {
        self.configurations.get(word).map(String::as_str)
    }
}

fn missing((code, message): (&str, &str)) -> S3Error {
    error(code, StatusCode::NOT_FOUND, message)
}

fn document(root: &str, inside: &str) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</{root}>"
    );
    shown("application/xml", text)
}

fn shown(kind: &'static str, text: String) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, kind).body(text.into()).unwrap_or_default()
}

fn done(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap_or_default()
}

impl Front {
    /// The answer to a request for a configuration.
    pub(super) async fn configuration(&self, asked: Asked, request: Request) -> S3Result<Response<Body>> {
        let Asked { bucket, row } = asked;
        let (parts, body) = request.into_parts();
        let too_long = |_| s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size");
        let sent = to_bytes(body, LONGEST).await.map_err(too_long)?;
        match parts.method {
            Method::PUT => {
                let text = checked(row, String::from_utf8_lossy(&sent).into_owned())?;
                self.step(|state, _| Ok(state.bucket_mut(&bucket)?.configurations.insert(row.word, text)))?;
                Ok(done(if row.word == "policy" { StatusCode::NO_CONTENT } else { StatusCode::OK }))
            }
            Method::DELETE => {
                self.step(|state, _| {
                    let kept = &mut state.bucket_mut(&bucket)?.configurations;
                    Ok(if row.deleted.is_some() { kept.insert(row.word, String::new()) } else { kept.remove(row.word) })
                })?;
                Ok(done(StatusCode::NO_CONTENT))
            }
            _ => self.step(|state, _| show(state.bucket(&bucket)?, row)),
        }
    }
}

fn show(bucket: &Bucket, row: &Row) -> S3Result<Response<Body>> {
    if row.word == "policyStatus" && bucket.kept("policy").is_some() {
        return Ok(document(row.root, "<IsPublic>false</IsPublic>"));
    }
    match (bucket.kept(row.word), row.deleted, &row.new) {
        (Some(""), Some(deleted), _) => Err(missing(deleted)),
        (Some(text), _, _) => Ok(shown(if row.word == "policy" { "application/json" } else { "application/xml" }, text.into())),
        (None, _, Error(code, message)) => Err(missing((code, message))),
        (None, _, Document(inside)) => Ok(document(row.root, inside)),
    }
}

/// A policy is JSON, everything else a document of its root.
fn checked(row: &Row, text: String) -> S3Result<String> {
    if row.word == "policy" {
        let is_json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok();
        return if is_json { Ok(text) } else { Err(s3_error!(MalformedPolicy, "This policy contains invalid Json")) };
    }
    if row.word == "policyStatus" {
        let message = "The specified method is not allowed against this resource.";
        return Err(s3_error!(MethodNotAllowed, "{message}"));
    }
    if !text.contains(&format!("<{}", row.root)) {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(s3_error!(MalformedXML, "{message}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_buckets_configurations_are_taken() {
        let word = |method: Method, query: &str, resource: &str| {
            asked(&method, Some(query), resource).map(|asked| (asked.bucket, asked.row.word))
        };
        assert_eq!(word(Method::GET, "policy", "shop"), Some(("shop".into(), "policy")));
        assert_eq!(word(Method::PUT, "cors=&x-id=PutBucketCors", "shop"), Some(("shop".into(), "cors")));
        assert_eq!(word(Method::GET, "versioning", "shop"), None);
        assert_eq!(word(Method::GET, "policy", "shop/key"), None);
        assert_eq!(word(Method::POST, "delete", "shop"), None);
    }
}
