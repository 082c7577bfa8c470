//! Buckets of Amazon S3.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html>

use s3s::S3Error;
use serde_json::Map;

use crate::clock::Seconds;
use crate::s3::Versioning;
use crate::world::World;

use super::super::parameters::plain;
use super::{Made, Making, identity, system_tags, tags};

fn refused(error: &S3Error) -> String {
    let status = error.status_code().map_or(400, |status| status.as_u16());
    format!("{} (Service: S3, Status Code: {status})", error.message().unwrap_or_default())
}

pub(super) fn create(world: &mut World, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
    let name = identity::physical(making, &mut world.cloudformation.ids);
    // As recorded, for a name that is taken.
    world.s3.create_bucket(&name, now).map_err(|error| match error.code().as_str() {
        "BucketAlreadyOwnedByYou" => format!("{name} already exists"),
        _ => refused(&error),
    })?;
    update(world, making, &name)?;
    Ok(Made { physical: name, attributes: Map::new() })
}

pub(super) fn update(world: &mut World, making: &Making<'_>, physical: &str) -> Result<(), String> {
    let bucket = world.s3.bucket_mut(physical).map_err(|error| refused(&error))?;
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
pub(super) fn delete(world: &mut World, physical: &str) -> Result<(), String> {
    match world.s3.delete_bucket(physical) {
        Err(error) if error.code().as_str() == "NoSuchBucket" => Ok(()),
        other => other.map_err(|error| refused(&error)),
    }
}
