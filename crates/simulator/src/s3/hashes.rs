//! What is computed while a body comes in, and what its request says it has to be.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use axum::http::{HeaderMap, StatusCode};
use s3s::crypto::{Checksum as _, Md5, Sha256};
use s3s::{S3Result, s3_error};

use super::checksums::{Algorithm, Checksum, Hasher, base64, hex};
use super::chunked::Trailers;
use super::error;

/// What is computed while a body comes in: its MD5 and its checksum, and what the request says they are.
pub(super) struct Hashes {
    md5: Md5,
    hasher: Hasher,
    /// The signature's digest of the payload, where the request has one.
    payload: Option<(Sha256, String)>,
    algorithm: Algorithm,
    declared: Option<Declared>,
    content_md5: Option<String>,
}

/// A Content-MD5 header that is one: 16 bytes in base64.
/// "InvalidDigest: The Content-MD5 or checksum value that you specified is not valid.":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>
fn digest(text: &str) -> S3Result<String> {
    if is_base64_of(text.trim(), 16) {
        return Ok(text.trim().to_string());
    }
    Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

/// Whether a text is so many bytes in base64, with padding.
fn is_base64_of(text: &str, length: usize) -> bool {
    let letters = text.trim_end_matches('=');
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len() == length.div_ceil(3) * 4 && letters.len() == (length * 4).div_ceil(3) && letters.bytes().all(letter)
}

enum Declared {
    Value(String),
    Trailer(Trailers),
}

impl Hashes {
    /// Reads what a request's headers declare. Without any, S3 computes CRC64NVME itself, or what a multipart upload was
    /// created with (`standard`).
    pub(super) fn declared(headers: &HeaderMap, trailers: Option<Trailers>, standard: Algorithm) -> S3Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let values: Vec<_> = Algorithm::ALL.into_iter().filter_map(|own| text(&own.header()).map(|value| (own, value))).collect();
        let trailer = text("x-amz-trailer").and_then(|name| Algorithm::ALL.into_iter().find(|own| name == own.header()));
        let found = match (values.as_slice(), trailer, trailers) {
            ([], None, _) => None,
            ([], Some(algorithm), Some(trailers)) => Some((algorithm, Declared::Trailer(trailers))),
            ([(algorithm, value)], None, _) => Some((*algorithm, Declared::Value((*value).into()))),
            _ => {
                let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
                return Err(s3_error!(InvalidRequest, "{message}"));
            }
        };
        if let Some((algorithm, Declared::Value(value))) = &found
            && !is_base64_of(value, algorithm.length())
        {
            return Err(s3_error!(InvalidRequest, "Value for {} header is invalid.", algorithm.header()));
        }
        if let Some(asked) = text("x-amz-sdk-checksum-algorithm") {
            let asked = Algorithm::read(asked)?;
            if found.as_ref().is_none_or(|(algorithm, _)| *algorithm != asked) {
                return Err(s3_error!(
                    InvalidRequest,
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
                ));
            }
        }
        let algorithm = found.as_ref().map_or(standard, |(algorithm, _)| *algorithm);
        let payload = text("x-amz-content-sha256").filter(|value| value.len() == 64).map(|value| (Sha256::new(), value.into()));
        Ok(Self {
            md5: Md5::new(),
            hasher: Hasher::new(algorithm),
            payload,
            algorithm,
            declared: found.map(|(_, declared)| declared),
            content_md5: text("content-md5").map(digest).transpose()?,
        })
    }

    /// Of bytes that are here already: nothing is declared.
    pub(super) fn plain(algorithm: Algorithm) -> Self {
        let (md5, hasher) = (Md5::new(), Hasher::new(algorithm));
        Self { md5, hasher, payload: None, algorithm, declared: None, content_md5: None }
    }

    /// The algorithm that the request itself names, if it does.
    pub(super) fn named(&self) -> Option<Algorithm> {
        self.declared.as_ref().map(|_| self.algorithm)
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        self.hasher.update(data);
        if let Some((hasher, _)) = &mut self.payload {
            hasher.update(data);
        }
    }

    /// The MD5 and the checksum of all that was read, or BadDigest and its like where they are not as declared:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>.
    pub(super) fn finish(self) -> S3Result<([u8; 16], Checksum)> {
        if let Some((hasher, expected)) = self.payload
            && hex(hasher.finalize().as_ref()) != expected
        {
            let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            return Err(error("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST, message));
        }
        let md5 = self.md5.finalize();
        if self.content_md5.is_some_and(|expected| expected != base64(&md5)) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
        let raw = self.hasher.finish();
        let expected = match self.declared {
            None => None,
            Some(Declared::Value(value)) => Some(value),
            Some(Declared::Trailer(trailers)) => Some(trailers.get(&self.algorithm.header()).ok_or_else(|| {
                let message = "The request contained trailing data that was not well-formed or did not conform to our \
                               published schema.";
                error("MalformedTrailerError", StatusCode::BAD_REQUEST, message)
            })?),
        };
        if expected.is_some_and(|expected| expected != base64(&raw)) {
            let name = self.algorithm.name();
            return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
        }
        Ok((md5, Checksum::whole(self.algorithm, raw)))
    }
}
