//! Templates that are given by their URL.

use super::ground::Ground;
use crate::cloudformation::errors::invalid;
use crate::error::AwsError;
use crate::query;

/// The longest template in S3, in bytes: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const LONGEST: u64 = 1_000_000;

/// A template in the simulator's own S3, at most 1 MB.
pub(crate) fn from_s3(ground: &Ground<'_>, url: &str) -> Result<String, AwsError> {
    let (bucket, key, version) = location(url)?;
    let missing = |what: &str| {
        invalid(format!(
            "S3 error: {what}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ))
    };
    let found = ground.makers.object(&bucket, &key, version.as_deref());
    let found = found.map_err(|()| missing("The specified bucket does not exist"))?;
    let object = found.ok_or_else(|| missing("The specified key does not exist."))?;
    if object.len() as u64 > LONGEST {
        return Err(invalid("Template may not exceed 1000000 bytes in size."));
    }
    String::from_utf8(object).map_err(|_| invalid("Template format error: unsupported structure."))
}

/// The bucket, the key and the version in a URL: the bucket in the host's name, or first in the path.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-bucket-intro.html>
fn location(url: &str) -> Result<(String, String, Option<String>), AwsError> {
    let unsupported = || invalid("TemplateURL must be a supported URL.");
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(unsupported)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').ok_or_else(unsupported)?;
    let host = host.split(':').next().unwrap_or(host);
    let version = query.split('&').find_map(|pair| pair.strip_prefix("versionId=")).map(str::to_string);
    let amazon = host.ends_with(".amazonaws.com");
    let in_host = if amazon {
        host.split_once(".s3.").or_else(|| host.split_once(".s3-")).map(|(bucket, _)| bucket)
    } else {
        host.strip_suffix(".localhost")
    };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
    let (bucket, key) = match in_host {
        Some(bucket) => (bucket, path),
        None if local || host.starts_with("s3.") || host.starts_with("s3-") => path.split_once('/').ok_or_else(unsupported)?,
        None => return Err(invalid(format!("S3 error: Domain name specified in {host} is not a valid S3 domain"))),
    };
    Ok((bucket.to_string(), query::decode(&key.replace('+', "%2B")), version))
}
