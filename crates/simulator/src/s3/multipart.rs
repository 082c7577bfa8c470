//! Multipart uploads: parts, and how they become one object.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::collections::BTreeMap;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::CompletedPart;
use s3s::{S3Error, S3Result, s3_error};

use super::body::Blob;
use super::checksums::{Algorithm, Checksum, Kind, hex};
use super::store::{Headers, Object, Tags};
use crate::clock::Seconds;

/// "5 MiB to 5 GiB. There is no minimum size limit on the last part of your multipart upload."
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const SMALLEST: u64 = 5 << 20;

/// An upload under way.
pub(super) struct Upload {
    pub(super) key: String,
    /// The ARN of who began it: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Initiator.html>.
    pub(super) initiator: String,
    pub(super) headers: Headers,
    pub(super) tags: Tags,
    pub(super) started: Seconds,
    /// What the upload was created with; without one S3 keeps a CRC64NVME of its own.
    pub(super) named: Option<Algorithm>,
    pub(super) kind: Kind,
    pub(super) parts: BTreeMap<i32, Part>,
}

/// A part that was uploaded.
pub(super) struct Part {
    pub(super) body: Blob,
    pub(super) md5: [u8; 16],
    pub(super) etag: String,
    pub(super) checksum: Checksum,
    pub(super) at: Seconds,
}

/// The upload ID is unknown, or the upload is over.
pub(super) fn no_such_upload() -> S3Error {
    let message =
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    s3_error!(NoSuchUpload, "{message}")
}

/// "Part numbers can be any number from 1 to 10,000, inclusive."
pub(super) fn check_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

impl Upload {
    /// What checksum S3 keeps of the object.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.named.unwrap_or(Algorithm::Crc64Nvme)
    }

    /// A part's checksum is of the algorithm that the upload was created with; with a full-object one it may be left out.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>: "This checksum algorithm must be the same for
    /// all parts and it match the checksum value supplied in the CreateMultipartUpload request."
    pub(super) fn check_part(&self, named: Option<Algorithm>) -> S3Result<()> {
        // An upload that was created without an algorithm takes parts with any: today's SDKs send a CRC32 with each part
        // by themselves, and S3 keeps a CRC64NVME of the whole.
        let fits = self.named.is_none() || named == self.named || named.is_none() && self.kind == Kind::FullObject;
        if fits {
            return Ok(());
        }
        let word = |algorithm: Option<Algorithm>| algorithm.map_or("null".into(), |own| own.name().to_ascii_lowercase());
        let (expected, actual) = (word(self.named), word(named));
        Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
        ))
    }

    /// The object that the listed parts make. Errors: InvalidPart, InvalidPartOrder, EntityTooSmall, MalformedXML:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html#API_CompleteMultipartUpload_Errors>.
    pub(super) fn complete(&self, wanted: &[CompletedPart]) -> S3Result<Object> {
        if wanted.is_empty() {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema"
            ));
        }
        if !wanted.is_sorted_by(|one, other| one.part_number < other.part_number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ));
        }
        let parts = wanted.iter().map(|wanted| self.part(wanted)).collect::<S3Result<Vec<_>>>()?;
        let (_, before_last) = parts.split_last().unwrap_or((&parts[0], &[]));
        if before_last.iter().any(|part| part.body.len() < SMALLEST) {
            return Err(s3_error!(EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size"));
        }
        let mut md5 = Md5::new();
        parts.iter().for_each(|part| md5.update(&part.md5));
        let sums: Vec<_> = parts.iter().map(|part| (part.checksum.raw.clone(), part.body.len())).collect();
        let body = Blob::join(parts.iter().map(|part| &part.body));
        let computed = parts.iter().all(|part| part.checksum.algorithm == self.algorithm());
        let checksum = if computed {
            Checksum::of_parts(self.algorithm(), self.kind, &sums)
        } else {
            Checksum::whole(self.algorithm(), body.checksum(self.algorithm()))
        };
        Ok(Object {
            body,
            etag: format!("{}-{}", hex(&md5.finalize()), parts.len()),
            headers: self.headers.clone(),
            checksum,
            parts: sums.iter().map(|(_, length)| *length).collect(),
            tags: self.tags.clone(),
        })
    }

    /// A part by its number; its ETag and, where the upload has one, its checksum are as listed.
    fn part(&self, wanted: &CompletedPart) -> S3Result<&Part> {
        let invalid = || {
            s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag."
            )
        };
        let number = wanted.part_number.unwrap_or_default();
        let part = self.parts.get(&number).ok_or_else(invalid)?;
        if wanted.e_tag.as_ref().is_none_or(|etag| etag.value() != part.etag) {
            return Err(invalid());
        }
        let said = match part.checksum.algorithm {
            Algorithm::Crc32 => &wanted.checksum_crc32,
            Algorithm::Crc32c => &wanted.checksum_crc32c,
            Algorithm::Crc64Nvme => &wanted.checksum_crc64nvme,
            Algorithm::Sha1 => &wanted.checksum_sha1,
            Algorithm::Sha256 => &wanted.checksum_sha256,
        };
        match said {
            Some(said) if *said != part.checksum.text() => Err(invalid()),
            None if self.kind == Kind::Composite => {
                let name = self.algorithm().name().to_ascii_lowercase();
                Err(s3_error!(
                    InvalidRequest,
                    "The upload was created using a {name} checksum. The complete request must include the checksum for each \
                     part. It was missing for part {number} in the request."
                ))
            }
            _ => Ok(part),
        }
    }
}
