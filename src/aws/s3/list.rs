//! ListObjectsV2 and ListMultipartUploads, all pages.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>

use std::collections::BTreeMap;

use aws_sdk_s3::types::EncodingType;
use driftless_core::observed::UnfinishedUpload;

use super::heads::Listed;
use super::{S3, s3_call};
use crate::aws::error::{Call, ProviderError};

/// What a listing had, and AWS's clock.
pub(super) struct Listing {
    pub objects: BTreeMap<String, Listed>,
    pub now: f64,
}

/// A page is said to be truncated and names no next one: a server that is not S3.
fn endless(call: Call<'_>) -> ProviderError {
    ProviderError::unavailable(call, "the answer is cut short and does not say where it goes on")
}

impl S3 {
    /// Every object under a prefix.
    pub(super) async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing, ProviderError> {
        let place = format!("s3://{bucket}/{prefix}");
        let call = Call { service: "s3", action: "ListObjectsV2", resource: &place };
        let mut listing = Listing { objects: BTreeMap::new(), now: 0.0 };
        let mut next: Option<String> = None;
        loop {
            let answer = s3_call!(self.target, "ListObjectsV2", &place, |client| {
                // XML cannot carry every character a key may have.
                let page = client.list_objects_v2().bucket(bucket).prefix(prefix).encoding_type(EncodingType::Url);
                page.set_continuation_token(next.clone())
            })?;
            listing.now = answer.now;
            let page = answer.output.ok_or_else(|| ProviderError::unavailable(call, "the answer could not be read"))?;
            let encoded = page.encoding_type() == Some(&EncodingType::Url);
            for object in page.contents() {
                let (Some(key), Some(etag)) = (object.key(), object.e_tag()) else { continue };
                let bytes = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                let modified = object.last_modified().map(|time| time.secs() as f64);
                listing.objects.insert(decoded(key, encoded), Listed { etag: etag.to_owned(), bytes, modified });
            }
            if page.is_truncated() != Some(true) {
                return Ok(listing);
            }
            let token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() || token == next {
                return Err(endless(call));
            }
            next = token;
        }
    }

    /// Uploads under a prefix that this agent's principal began, and that are neither complete nor aborted.
    pub(super) async fn unfinished(&self, bucket: &str, prefix: &str) -> Result<Vec<UnfinishedUpload>, ProviderError> {
        let place = format!("s3://{bucket}/{prefix}");
        let call = Call { service: "s3", action: "ListMultipartUploads", resource: &place };
        let mut found = Vec::new();
        let mut next: Option<(String, Option<String>)> = None;
        loop {
            let answer = s3_call!(self.target, "ListMultipartUploads", &place, |client| {
                let page = client.list_multipart_uploads().bucket(bucket).prefix(prefix).encoding_type(EncodingType::Url);
                let (key, upload) = next.clone().unzip();
                page.set_key_marker(key).set_upload_id_marker(upload.flatten())
            })?;
            let page = answer.output.ok_or_else(|| ProviderError::unavailable(call, "the answer could not be read"))?;
            let encoded = page.encoding_type() == Some(&EncodingType::Url);
            for upload in page.uploads() {
                let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
                let by = upload.initiator().and_then(|initiator| initiator.id());
                found.push((UnfinishedUpload { key: decoded(key, encoded), upload_id: id.to_owned() }, by.map(str::to_owned)));
            }
            if page.is_truncated() != Some(true) {
                break;
            }
            let key = page.next_key_marker().map(|key| decoded(key, encoded));
            let marker = key.map(|key| (key, page.next_upload_id_marker().map(str::to_owned)));
            if marker.is_none() || marker == next {
                return Err(endless(call));
            }
            next = marker;
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let us = self.target.principal().await?;
        // An emulator may not say who began it.
        let ours = |by: &Option<String>| by.as_deref().is_none_or(|by| role(by) == role(&us));
        Ok(found.into_iter().filter(|(_, by)| ours(by)).map(|(upload, _)| upload).collect())
    }
}

/// The principal without its session: an agent that was restarted is another session of the same role.
/// `arn:aws:sts::123456789012:assumed-role/deploy/session`,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
fn role(arn: &str) -> &str {
    match arn.split_once(":assumed-role/") {
        Some((before, rest)) => {
            let name = rest.split('/').next().unwrap_or_default();
            &arn[..before.len() + ":assumed-role/".len() + name.len()]
        }
        None => arn,
    }
}

/// Percent-encoded bytes, and `+` for a space.
fn decoded(text: &str, encoded: bool) -> String {
    if !encoded || !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        for (encoded, key) in
            [("a%2Fb", "a/b"), ("a+b%2B", "a b+"), ("%C3%BC", "ü"), ("100%", "100%"), ("%zz", "%zz"), ("%01", "\u{1}")]
        {
            assert_eq!(decoded(encoded, true), key);
        }
        assert_eq!(decoded("a+b%2F", false), "a+b%2F");
    }

    #[test]
    fn a_principal_is_the_same_in_another_session() {
        let one = "arn:aws:sts::123456789012:assumed-role/deploy/one";
        assert_eq!(role(one), role("arn:aws:sts::123456789012:assumed-role/deploy/two"));
        assert_ne!(role(one), role("arn:aws:sts::123456789012:assumed-role/deployer/one"));
        assert_eq!(role("arn:aws:iam::123456789012:user/ada"), "arn:aws:iam::123456789012:user/ada");
    }
}
