//! Presigned URLs: their signature is not verified, their end is.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>

use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::clock::{Seconds, of_compact_iso};

/// What a presigned URL carries of its signature, of version 4 and of version 2.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
pub(super) const MEMBERS: [&str; 10] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "Signature",
    "Expires",
];

/// AccessDenied for a URL that has expired. `now` is the real time, since that is what signers sign with.
pub(super) fn check(query: &str, now: Seconds) -> S3Result<()> {
    let member = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let number = |name: &str| member(name).and_then(|value| value.parse::<Seconds>().ok());
    let end = match (member("X-Amz-Signature"), member("Signature")) {
        (Some(_), _) => member("X-Amz-Date").and_then(of_compact_iso).zip(number("X-Amz-Expires")).map(|(at, lives)| at + lives),
        (None, Some(_)) => number("Expires"),
        (None, None) => None,
    };
    match end {
        Some(end) if end < now => Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Request has expired")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_ends_when_it_says() {
        let url = "X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Signature=00";
        let signed = of_compact_iso("20260101T000000Z").unwrap();
        assert!(check(url, signed + 60.0).is_ok());
        assert_eq!(check(url, signed + 61.0).unwrap_err().code(), &S3ErrorCode::AccessDenied);
        assert!(check("AWSAccessKeyId=A&Signature=b&Expires=100", 101.0).is_err());
        assert!(check("Expires=100&versionId=1", 101.0).is_ok(), "it is not signed");
    }
}
