//! Revisions: what a deployment installs, and which an application has.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/application-revisions.html>

use serde_json::{Value, json};

use super::{Members, State, paging, refused, text};
use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;

/// A revision that an application knows.
pub(super) struct Registered {
    pub(super) location: Value,
    description: Option<String>,
    registered: Seconds,
    first_used: Option<Seconds>,
    last_used: Option<Seconds>,
    groups: Vec<String>,
}

/// The `revision` of an input, checked as far as its form says: a type and its location, an S3 one with bucket, key and a
/// bundle type. Whether the object is there shows when an instance downloads it.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RevisionLocation.html>
pub(super) fn read(input: &Members) -> Result<Value, AwsError> {
    let Some(revision) = input.get("revision") else {
        return Err(refused("RevisionRequired", "The revision ID was not specified."));
    };
    let invalid = |why: &str| refused("InvalidRevision", format!("The revision was specified in an invalid format: {why}"));
    let within = |part: &str, key: &str| revision[part][key].as_str().filter(|text| !text.is_empty());
    match revision["revisionType"].as_str() {
        Some("S3") => {
            if within("s3Location", "bucket").is_none() || within("s3Location", "key").is_none() {
                return Err(invalid("an S3 location has a bucket and a key."));
            }
            if !matches!(within("s3Location", "bundleType"), Some("zip" | "tar" | "tgz" | "YAML" | "JSON")) {
                return Err(invalid("bundleType is one of tar, tgz, zip, YAML and JSON."));
            }
        }
        Some("GitHub") => {
            if within("gitHubLocation", "repository").is_none() || within("gitHubLocation", "commitId").is_none() {
                return Err(invalid("a GitHub location has a repository and a commitId."));
            }
        }
        Some("String" | "AppSpecContent") => return Err(invalid("this type is for the Lambda and ECS platforms.")),
        _ => return Err(invalid("revisionType is S3 or GitHub.")),
    }
    Ok(revision.clone())
}

impl State {
    /// Notes that a revision is used by a group: a deployment registers it if nobody has.
    pub(super) fn use_revision(&mut self, application: &str, group: &str, location: &Value, now: Seconds) {
        let Some(application) = self.applications.get_mut(application) else { return };
        let registered = match application.revisions.iter_mut().position(|own| own.location == *location) {
            Some(place) => &mut application.revisions[place],
            None => {
                let groups = Vec::new();
                let (first_used, last_used, description) = (None, None, None);
                let location = location.clone();
                application.revisions.push(Registered { location, description, registered: now, first_used, last_used, groups });
                application.revisions.last_mut().expect("it was pushed")
            }
        };
        registered.first_used.get_or_insert(now);
        registered.last_used = Some(now);
        if !registered.groups.iter().any(|own| own == group) {
            registered.groups.push(group.to_string());
        }
    }

    pub(super) fn register_revision(&mut self, input: &Members, now: Seconds) -> Answer {
        self.application(input)?;
        let location = read(input)?;
        let description = text(input, "description").map(String::from);
        let application = self.application_mut(input)?;
        match application.revisions.iter_mut().find(|own| own.location == location) {
            Some(known) => known.description = description,
            None => {
                let (first_used, last_used, groups) = (None, None, Vec::new());
                let revision = Registered { location, description, registered: now, first_used, last_used, groups };
                application.revisions.push(revision);
            }
        }
        Ok(json!({}))
    }

    pub(super) fn get_revision(&self, input: &Members) -> Answer {
        let (name, application) = self.application(input)?;
        let location = read(input)?;
        let found = application.revisions.iter().find(|own| own.location == location);
        let found = found.ok_or_else(|| refused("RevisionDoesNotExist", "The named revision does not exist."))?;
        let mut info = json!({"deploymentGroups": found.groups, "registerTime": found.registered});
        let times = [("firstUsedTime", found.first_used), ("lastUsedTime", found.last_used)];
        for (key, time) in times.into_iter().filter_map(|(key, time)| time.map(|time| (key, time))) {
            info[key] = time.into();
        }
        if let Some(description) = &found.description {
            info["description"] = description.as_str().into();
        }
        Ok(json!({"applicationName": name, "revision": found.location, "revisionInfo": info}))
    }

    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListApplicationRevisions.html>
    pub(super) fn list_revisions(&self, input: &Members) -> Answer {
        let (_, application) = self.application(input)?;
        let (bucket, prefix) = (text(input, "s3Bucket"), text(input, "s3KeyPrefix"));
        if prefix.is_some() && bucket.is_none() {
            return Err(refused("BucketNameFilterRequired", "A bucket name is required, but was not provided."));
        }
        let deployed = text(input, "deployed").unwrap_or("ignore");
        let mut found: Vec<&Registered> = application.revisions.iter().collect();
        found.retain(|own| {
            let within = |key: &str| own.location["s3Location"][key].as_str().unwrap_or_default();
            let target = application.groups.values().any(|group| group.target.as_ref() == Some(&own.location));
            bucket.is_none_or(|bucket| within("bucket") == bucket)
                && prefix.is_none_or(|prefix| within("key").starts_with(prefix))
                && (deployed == "ignore" || target == (deployed == "include"))
        });
        let key = match text(input, "sortBy") {
            Some("firstUsedTime") => |own: &Registered| own.first_used,
            Some("lastUsedTime") => |own: &Registered| own.last_used,
            Some("registerTime") | None => |own: &Registered| Some(own.registered),
            Some(_) => return Err(refused("InvalidSortBy", "The column name to sort by is either not present or invalid.")),
        };
        found.sort_by(|one, other| key(one).partial_cmp(&key(other)).unwrap_or(std::cmp::Ordering::Equal));
        match text(input, "sortOrder") {
            Some("descending") => found.reverse(),
            Some("ascending") | None => {}
            Some(_) => return Err(refused("InvalidSortOrder", "The sort order was specified in an invalid format.")),
        }
        let locations = found.iter().map(|own| own.location.clone()).collect();
        paging::page(input, "revisions", locations, self.page_size)
    }
}
