//! Buckets of Amazon S3.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html>

use s3s::S3Error;
use serde_json::Map;

use crate::clock::Seconds;
use crate::s3::Versioning;

use crate::cloudformation::engine::makers::Made;
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::types::{Making, identity, system_tags, tags};
use crate::ids::Ids;

fn refused(error: &S3Error) -> String {
    let status = error.status_code().map_or(400, |status| status.as_u16());
    format!("{} (Service: S3, Status Code: {status})", error.message().unwrap_or_default())
}

pub(crate) fn create(state: &mut crate::s3::State, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
    let name = identity::physical(making, ids);
    // As recorded, for a name that is taken.
    state.create_bucket(&name, now).map_err(|error| match error.code().as_str() {
        "BucketAlreadyOwnedByYou" => format!("{name} already exists"),
        _ => refused(&error),
    })?;
    update(state, making, &name)?;
    Ok(Made { physical: name, attributes: Map::new() })
}

pub(crate) fn update(state: &mut crate::s3::State, making: &Making<'_>, physical: &str) -> Result<(), String> {
    let bucket = state.bucket_mut(physical).map_err(|error| refused(&error))?;
    bucket.tags = tags(making).iter().map(|tag| (plain(&tag["key"]), plain(&tag["value"]))).collect();
    bucket.tags.extend(system_tags(making).map(|(key, value)| (key.to_string(), value)));
    let wanted = making.properties.get("VersioningConfiguration").map(|wanted| plain(&wanted["Status"]));
    bucket.versioning = match (wanted.as_deref(), bucket.versioning) {
        (Some("Enabled"), _) => Versioning::Enabled,
        (_, Versioning::Never) => Versioning::Never,
        // "You can't turn versioning off, but you can suspend it."
        _ => Versioning::Suspended,
    };
    Ok(())
}

/// "You can only delete empty buckets": the page above.
pub(crate) fn delete(state: &mut crate::s3::State, physical: &str) -> Result<(), String> {
    match state.delete_bucket(physical) {
        Err(error) if error.code().as_str() == "NoSuchBucket" => Ok(()),
        other => other.map_err(|error| refused(&error)),
    }
}
