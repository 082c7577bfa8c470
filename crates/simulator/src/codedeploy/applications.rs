//! Applications. <https://docs.aws.amazon.com/codedeploy/latest/userguide/applications.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::groups::Group;
use super::revisions::Registered;
use super::{Members, State, refused, tags, text, texts};
use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;

/// An application, with its groups and revisions.
pub(super) struct Application {
    pub(super) id: String,
    pub(super) created: Seconds,
    /// `Server`, `Lambda` or `ECS`.
    pub(super) platform: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) groups: BTreeMap<String, Group>,
    /// The newest last.
    pub(super) revisions: Vec<Registered>,
}

/// "The maximum number of characters in an application's name is 100"; names have letters, digits and `+=,.@_-`:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
pub(super) fn checked_name<'a>(input: &'a Members, key: &str, what: &str) -> Result<&'a str, AwsError> {
    let name = text(input, key).unwrap_or_default();
    if name.is_empty() {
        return Err(refused(&format!("{what}NameRequired"), format!("{key} is required.")));
    }
    let word = name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c));
    if name.len() > 100 || !word {
        return Err(refused(&format!("Invalid{what}Name"), format!("{key} is not valid: {name}")));
    }
    Ok(name)
}

pub(super) fn no_application(name: &str) -> AwsError {
    refused("ApplicationDoesNotExist", format!("No application found for name: {name}"))
}

impl State {
    pub(super) fn application(&self, input: &Members) -> Result<(&str, &Application), AwsError> {
        let name = checked_name(input, "applicationName", "Application")?;
        let (name, application) = self.applications.get_key_value(name).ok_or_else(|| no_application(name))?;
        Ok((name, application))
    }

    pub(super) fn application_mut(&mut self, input: &Members) -> Result<&mut Application, AwsError> {
        let name = checked_name(input, "applicationName", "Application")?;
        self.applications.get_mut(name).ok_or_else(|| no_application(name))
    }

    fn application_view(&self, name: &str, application: &Application) -> Value {
        json!({
            "applicationId": application.id,
            "applicationName": name,
            "createTime": application.created,
            "linkedToGitHub": false,
            "computePlatform": application.platform,
        })
    }

    pub(super) fn create_application(&mut self, input: &Members, now: Seconds) -> Answer {
        let name = checked_name(input, "applicationName", "Application")?;
        let platform = text(input, "computePlatform").unwrap_or("Server");
        if !["Server", "Lambda", "ECS"].contains(&platform) {
            return Err(refused("InvalidComputePlatform", format!("{platform} is no compute platform.")));
        }
        let tags = tags::read(input, "tags")?;
        if self.applications.contains_key(name) {
            return Err(refused("ApplicationAlreadyExists", format!("Application {name} already exists.")));
        }
        let (id, platform, groups) = (self.ids.uuid(), platform.to_string(), BTreeMap::new());
        let application = Application { id: id.clone(), created: now, platform, tags, groups, revisions: Vec::new() };
        self.applications.insert(name.to_string(), application);
        Ok(json!({"applicationId": id}))
    }

    pub(super) fn get_application(&self, input: &Members) -> Answer {
        let (name, application) = self.application(input)?;
        Ok(json!({"application": self.application_view(name, application)}))
    }

    pub(super) fn batch_get_applications(&self, input: &Members) -> Answer {
        let names = texts(input, "applicationNames");
        if names.len() > 100 {
            return Err(refused("BatchLimitExceeded", "The maximum number of names or IDs for a batch request is 100."));
        }
        let view = |name: &String| {
            let application = self.applications.get(name).ok_or_else(|| no_application(name))?;
            Ok(self.application_view(name, application))
        };
        let views = names.iter().map(view).collect::<Result<Vec<_>, AwsError>>()?;
        Ok(json!({"applicationsInfo": views}))
    }

    pub(super) fn list_applications(&self, input: &Members) -> Answer {
        let names = self.applications.keys().map(|name| json!(name)).collect();
        super::paging::page(input, "applications", names, self.page_size)
    }

    pub(super) fn update_application(&mut self, input: &Members) -> Answer {
        let name = self.application(input)?.0.to_string();
        let Some(_) = text(input, "newApplicationName") else { return Ok(json!({})) };
        let new = checked_name(input, "newApplicationName", "Application")?.to_string();
        if self.applications.contains_key(&new) && new != name {
            return Err(refused("ApplicationAlreadyExists", format!("Application {new} already exists.")));
        }
        if let Some(application) = self.applications.remove(&name) {
            self.applications.insert(new.clone(), application);
        }
        self.deployments.values_mut().filter(|own| own.application == name).for_each(|own| own.application = new.clone());
        Ok(json!({}))
    }

    /// Deleting what is not there is no error: the page of DeleteApplication has none for it.
    pub(super) fn delete_application(&mut self, input: &Members) -> Answer {
        let name = checked_name(input, "applicationName", "Application")?;
        self.applications.remove(name);
        Ok(json!({}))
    }
}
