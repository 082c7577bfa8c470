//! Tags of applications and groups. <https://docs.aws.amazon.com/codedeploy/latest/userguide/tagging.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::applications::no_application;
use super::groups::no_group;
use super::{Members, State, refused, text, texts};
use crate::error::Answer;
use crate::error::AwsError;

type Tags = BTreeMap<String, String>;

/// The tags in a list member: keys of 1 to 128 characters, values of at most 256, none of AWS's own.
pub(super) fn read(input: &Members, key: &str) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for tag in input.get(key).and_then(Value::as_array).into_iter().flatten() {
        let (key, value) = (tag["Key"].as_str().unwrap_or_default(), tag["Value"].as_str().unwrap_or_default());
        let long = key.chars().count() > 128 || value.chars().count() > 256;
        if key.is_empty() || long || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(refused("InvalidTagsToAdd", "The specified tags are not valid."));
        }
        tags.insert(key.to_string(), value.to_string());
    }
    if tags.len() > 50 {
        return Err(refused("InvalidTagsToAdd", "A resource has at most 50 tags."));
    }
    Ok(tags)
}

impl State {
    /// The tags of the application or group with this ARN: `application:NAME` or `deploymentgroup:APPLICATION/NAME`.
    pub(crate) fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, AwsError> {
        if arn.is_empty() {
            return Err(refused("ResourceArnRequired", "The ARN of a resource is required, but was not found."));
        }
        let rest =
            arn.strip_prefix(&self.arn("")).ok_or_else(|| refused("InvalidArn", format!("The ARN is not valid: {arn}")))?;
        match rest.split_once(':') {
            Some(("application", name)) => {
                self.applications.get_mut(name).map(|own| &mut own.tags).ok_or_else(|| no_application(name))
            }
            Some(("deploymentgroup", path)) => {
                let (application, name) = path.split_once('/').unwrap_or((path, ""));
                let found = self.applications.get_mut(application).ok_or_else(|| no_application(application))?;
                found.groups.get_mut(name).map(|group| &mut group.tags).ok_or_else(|| no_group(name))
            }
            _ => Err(refused(
                "ArnNotSupported",
                "The specified ARN is not supported. For example, it might be an ARN for a resource that is not expected.",
            )),
        }
    }

    /// All applications and groups with their tags, by ARN.
    pub(crate) fn tagged(&self) -> Vec<(String, &Tags)> {
        let mut all = Vec::new();
        for (name, application) in &self.applications {
            all.push((self.arn(&format!("application:{name}")), &application.tags));
            let groups = application.groups.iter();
            all.extend(groups.map(|(group, own)| (self.arn(&format!("deploymentgroup:{name}/{group}")), &own.tags)));
        }
        all
    }

    pub(super) fn tag_resource(&mut self, input: &Members) -> Answer {
        let added = read(input, "Tags")?;
        if added.is_empty() {
            return Err(refused("TagRequired", "A tag was not specified."));
        }
        self.tags_of(text(input, "ResourceArn").unwrap_or_default())?.extend(added);
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&mut self, input: &Members) -> Answer {
        let keys = texts(input, "TagKeys");
        self.tags_of(text(input, "ResourceArn").unwrap_or_default())?.retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&mut self, input: &Members) -> Answer {
        let tags = self.tags_of(text(input, "ResourceArn").unwrap_or_default())?;
        let view: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        Ok(json!({"Tags": view}))
    }
}
