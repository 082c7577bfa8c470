//! Tags of clusters, services and task definitions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::{Answer, AwsError, Members, State, names, text, texts};

/// Keys and values.
pub(crate) type Tags = BTreeMap<String, String>;

/// The `tags` of an input, checked by the restrictions of
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>.
pub(super) fn read(input: &Members) -> Result<Tags, AwsError> {
    let list = input.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut tags = Tags::new();
    for tag in &list {
        let key = tag["key"].as_str().unwrap_or_default();
        let value = tag["value"].as_str().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(AwsError::parameter("Invalid tag: a key has 1 to 128 characters and a value at most 256."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(AwsError::parameter("Tag keys cannot start with 'aws:'"));
        }
        if tags.insert(key.to_string(), value.to_string()).is_some() {
            return Err(AwsError::parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
    }
    // "Maximum number of tags per resource - 50"
    if tags.len() > 50 {
        return Err(AwsError::parameter("Too many tags: a resource has at most 50."));
    }
    Ok(tags)
}

/// As AWS gives tags back: a list, in an order of its own.
pub(super) fn view(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

impl State {
    /// The active clusters, services and task definitions with their tags, by ARN.
    pub(crate) fn tagged(&self) -> Vec<(String, &Tags)> {
        let clusters = self.clusters.iter().filter(|(_, own)| own.active);
        let clusters = clusters.map(|(name, own)| (self.names.cluster(name), &own.tags));
        let services = self.services.iter().filter(|(_, own)| !own.is_inactive()).map(|(arn, own)| (arn.clone(), &own.tags));
        let definitions = self.families.values().flatten().filter(|own| own.active).map(|own| (own.arn.clone(), &own.tags));
        clusters.chain(services).chain(definitions).collect()
    }

    /// The tags of the resource with this ARN.
    fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, AwsError> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default().to_string();
        let own = arn == self.names.arn(&resource);
        let parts: Vec<&str> = resource.split('/').collect();
        match parts.as_slice() {
            _ if !own => Err(AwsError::parameter("Invalid arn syntax.")),
            ["cluster", name] => {
                let found = self.clusters.get_mut(*name).filter(|cluster| cluster.active);
                found.map(|cluster| &mut cluster.tags).ok_or_else(AwsError::cluster_not_found)
            }
            ["service", _, _] => {
                let found = self.services.get_mut(arn).filter(|service| !service.is_inactive());
                found.map(|service| &mut service.tags).ok_or_else(AwsError::service_not_found)
            }
            ["task-definition", _] => {
                let missing = || AwsError::parameter("The specified task definition is not found.");
                self.task_definition_mut(arn).map(|definition| &mut definition.tags).ok_or_else(missing)
            }
            ["task", cluster, id] => {
                let tasks = self.services.values_mut().filter(|service| service.cluster == **cluster);
                let standalone = self.standalone.iter_mut().filter(|own| own.cluster == **cluster).map(|own| &mut own.task);
                let mut all = tasks.flat_map(|service| service.tasks.iter_mut()).chain(standalone);
                let found = all.find(|task| task.id == **id);
                found.map(|task| &mut task.tags).ok_or_else(|| AwsError::parameter("The specified task is not found."))
            }
            _ => Err(AwsError::parameter("Invalid arn syntax.")),
        }
    }

    /// Puts tags on a resource that only AWS's own services can: their keys begin with `aws:`.
    pub(crate) fn system_tags(&mut self, arn: &str, added: &[(&str, String)]) {
        if let Ok(tags) = self.tags_of(arn) {
            tags.extend(added.iter().map(|(key, value)| (key.to_string(), value.clone())));
        }
    }

    pub(super) fn tag_resource(&mut self, input: &Members, now: Seconds) -> Answer {
        let arn = text(input, "resourceArn").unwrap_or_default();
        let added = read(input)?;
        self.before_write(arn, now);
        let tags = self.tags_of(arn)?;
        let mut together = tags.clone();
        together.extend(added);
        if together.len() > 50 {
            return Err(AwsError::parameter("Too many tags: a resource has at most 50."));
        }
        *tags = together;
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&mut self, input: &Members, now: Seconds) -> Answer {
        let arn = text(input, "resourceArn").unwrap_or_default();
        self.before_write(arn, now);
        let tags = self.tags_of(arn)?;
        texts(input, "tagKeys").iter().for_each(|key| drop(tags.remove(*key)));
        Ok(json!({}))
    }

    pub(super) fn list_tags_for_resource(&mut self, input: &Members) -> Answer {
        let arn = text(input, "resourceArn").unwrap_or_default();
        Ok(json!({"tags": view(self.tags_of(arn)?)}))
    }

    /// The key of a service in the state: its ARN, from its name or ARN and its cluster.
    pub(super) fn service_key(&self, cluster: &str, service: &str) -> String {
        self.names.service(cluster, names::short(service))
    }
}
