//! What is deployed: the revision, pinned to its content, the digest of the whole, and whether a deployment on record was it.

use serde_json::{Map, Value, json};

use super::record::Record;
use crate::desired::{Document, Ec2Deployment};
use crate::observed::RevisionObject;
use crate::plan::digest;

/// What should be deployed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target<'a> {
    pub(super) declared: &'a Ec2Deployment,
    /// CreateDeployment's document with its revision pinned; `description` is as declared.
    pub(super) document: Document,
    pub(super) digest: String,
}

impl<'a> Target<'a> {
    /// Pins the revision to `object`, where it says nothing of its content itself.
    pub(super) fn new(declared: &'a Ec2Deployment, object: Option<&RevisionObject>) -> Self {
        let mut document = declared.deployment.open();
        if let (Some(_), Some(object)) = (declared.unpinned(), object)
            && let Some(location) = document.get_mut("revision").and_then(|revision| revision["s3Location"].as_object_mut())
        {
            location.insert("eTag".into(), json!(object.e_tag));
            if let Some(version) = &object.version {
                location.insert("version".into(), json!(version));
            }
        }
        let digest = digest_of(&document);
        Target { declared, document, digest }
    }

    /// `s3://bucket/key`, for messages.
    pub(super) fn what(&self) -> String {
        described(&self.document["revision"])
    }

    /// A note, where the revision is pinned to what the next upload to the same key destroys: an automatic rollback and every
    /// instance that comes later fetch it once more, and "if the ETag is not what was specified, the download fails". A key that
    /// carries the commit is another one then.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_S3Location.html>
    pub(super) fn fleeting(&self, commit: &str) -> Option<String> {
        let location = &self.document.get("revision")?["s3Location"];
        let text = |member: &str| location[member].as_str().filter(|text| !text.is_empty());
        let (key, tag) = (text("key")?, unquoted(text("eTag")?));
        let carries = |what: &str| what.len() >= SHORT && key.contains(&what[..SHORT]);
        if text("version").is_some() || carries(commit) || carries(tag) {
            return None;
        }
        Some(format!(
            "{} has no version: when the next bundle is written to that key, this one is gone, and neither a rollback nor an \
             instance that comes later can fetch it; switch versioning on for the bucket, or let the key carry the commit \
             (`key: app-${{git.shortSha}}.zip`)",
            self.what()
        ))
    }

    /// `shop/production`, for messages.
    pub(super) fn whom(&self) -> String {
        format!("{}/{}", self.declared.application, self.declared.group)
    }

    /// Whether a deployment that does not carry our mark deployed the same, with the same settings.
    pub(super) fn is_what(&self, record: Record<'_>) -> bool {
        let settings = |(member, declared): (&String, &Value)| {
            NO_SETTINGS.contains(&member.as_str()) || agrees(declared, &record.0[member.as_str()])
        };
        same_revision(&self.document["revision"], &record.0["revision"]) && self.document.iter().all(settings)
    }

    /// The members that differ from what a deployment on record had: name, what it had, what is wanted.
    pub(super) fn differences(&self, record: Option<Record<'_>>) -> Vec<(String, Option<Value>, Value)> {
        let mut found = Vec::new();
        for (member, wanted) in self.document.iter().filter(|(member, _)| !WHERE.contains(&member.as_str())) {
            let had = record.map(|record| &record.0[member.as_str()]).filter(|had| !had.is_null());
            differ(&format!("/{member}"), had, wanted, &mut found);
        }
        found
    }
}

/// Characters of a commit's id or a digest that tell it from others.
const SHORT: usize = 7;

/// The members that say where to, and what for.
const WHERE: [&str; 3] = ["applicationName", "deploymentGroupName", "description"];
const NO_SETTINGS: [&str; 4] = ["applicationName", "deploymentGroupName", "description", "revision"];

/// Of all that is deployed; a comment is not. Of what pins a revision, the ETag counts where there is one: the same content
/// uploaded once more is another version, and nothing else.
fn digest_of(document: &Document) -> String {
    let mut document = document.clone();
    document.remove("description");
    if let Some(location) = document.get_mut("revision").and_then(|revision| revision["s3Location"].as_object_mut()) {
        let tag = location.get("eTag").and_then(Value::as_str).map(unquoted).filter(|tag| !tag.is_empty());
        if let Some(tag) = tag.map(|tag| json!(tag)) {
            location.insert("eTag".into(), tag);
            location.remove("version");
        }
    }
    digest::of(&Value::Object(document))
}

/// S3 gives ETags in quotes, the AWS CLI's `deploy push` without; a proxy may mark one as weak.
pub(super) fn unquoted(tag: &str) -> &str {
    tag.trim_start_matches("W/").trim_matches('"')
}

/// A revision, for messages.
pub(super) fn described(revision: &Value) -> String {
    let text = |path: &str| revision.pointer(path).and_then(Value::as_str).unwrap_or("?");
    match revision["revisionType"].as_str() {
        Some("S3") => format!("s3://{}/{}", text("/s3Location/bucket"), text("/s3Location/key")),
        Some("GitHub") => format!("{}@{}", text("/gitHubLocation/repository"), text("/gitHubLocation/commitId")),
        _ => "the revision".to_owned(),
    }
}

/// Whether both name the same content. Two that name the same object without saying which content do not.
fn same_revision(wanted: &Value, had: &Value) -> bool {
    if wanted["revisionType"] != had["revisionType"] {
        return false;
    }
    match wanted["revisionType"].as_str() {
        Some("S3") => {
            let (wanted, had) = (&wanted["s3Location"], &had["s3Location"]);
            let text = |location: &'_ Value, member: &str| {
                location[member].as_str().map(|text| unquoted(text).to_owned()).filter(|text| !text.is_empty())
            };
            let both = |member: &str| Some((text(wanted, member)?, text(had, member)?));
            let pinned = both("eTag").or_else(|| both("version")).is_some_and(|(wanted, had)| wanted == had);
            let bundle = both("bundleType").is_none_or(|(wanted, had)| wanted == had);
            wanted["bucket"] == had["bucket"] && wanted["key"] == had["key"] && bundle && pinned
        }
        Some("GitHub") => {
            let same = |member: &str| wanted["gitHubLocation"][member] == had["gitHubLocation"][member];
            same("repository") && same("commitId")
        }
        _ => wanted == had,
    }
}

/// Whether all that is declared is on record. What AWS leaves out is its default: false, nothing, or DISALLOW ("the default
/// behavior if no option is specified", <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>).
fn agrees(declared: &Value, had: &Value) -> bool {
    match (declared, had) {
        (declared, Value::Null) => match declared {
            Value::Object(members) => members.values().all(|value| agrees(value, &Value::Null)),
            Value::Array(list) => list.is_empty(),
            Value::String(text) => text.is_empty() || text == "DISALLOW",
            other => other.is_null() || other == &Value::Bool(false),
        },
        (Value::Object(declared), Value::Object(had)) => {
            declared.iter().all(|(member, value)| agrees(value, had.get(member).unwrap_or(&Value::Null)))
        }
        // Events, alarms, tag filters and group names: sets, all of them.
        (Value::Array(declared), Value::Array(had)) => {
            declared.len() == had.len() && declared.iter().all(|value| had.iter().any(|had| agrees(value, had)))
        }
        _ => declared == had,
    }
}

/// Leaf by leaf.
fn differ(path: &str, had: Option<&Value>, wanted: &Value, found: &mut Vec<(String, Option<Value>, Value)>) {
    match (had, wanted) {
        (Some(Value::Object(_)) | None, Value::Object(members)) => {
            let nothing = Map::new();
            let before = had.and_then(Value::as_object).unwrap_or(&nothing);
            for (member, wanted) in members {
                differ(&format!("{path}/{member}"), before.get(member).filter(|had| !had.is_null()), wanted, found);
            }
        }
        (Some(had), wanted) if agrees(wanted, had) || unquoted_equal(had, wanted) => {}
        (had, wanted) => found.push((path.to_owned(), had.cloned(), wanted.clone())),
    }
}

fn unquoted_equal(one: &Value, other: &Value) -> bool {
    one.as_str().zip(other.as_str()).is_some_and(|(one, other)| unquoted(one) == unquoted(other))
}

#[cfg(test)]
mod sameness {
    use super::*;

    #[test]
    fn two_revisions_are_the_same_content_where_they_say_which_and_say_the_same() {
        let s3 = |more: Value| {
            let mut location = json!({"bucket": "b", "key": "k", "bundleType": "zip", "eTag": "e"});
            for (member, value) in more.as_object().into_iter().flatten() {
                location[member] = value.clone();
            }
            json!({"revisionType": "S3", "s3Location": location})
        };
        let git = |repository: &str, id: &str| json!({"revisionType": "GitHub", "gitHubLocation": {"repository": repository, "commitId": id}});
        let rows = [
            (s3(json!({})), s3(json!({})), true),
            (s3(json!({"eTag": "\"e\""})), s3(json!({"eTag": "W/\"e\""})), true),
            (s3(json!({})), s3(json!({"eTag": "f"})), false),
            (s3(json!({})), s3(json!({"bucket": "c"})), false),
            (s3(json!({})), s3(json!({"key": "l"})), false),
            (s3(json!({})), s3(json!({"bundleType": "tar"})), false),
            (s3(json!({})), s3(json!({"bundleType": null})), true),
            (s3(json!({"eTag": null})), s3(json!({"eTag": null})), false),
            (s3(json!({"eTag": null, "version": "1"})), s3(json!({"eTag": null, "version": "1"})), true),
            (s3(json!({"version": "1"})), s3(json!({"version": "2"})), true),
            (git("a/b", "1"), git("a/b", "1"), true),
            (git("a/b", "1"), git("a/c", "1"), false),
            (git("a/b", "1"), git("a/b", "2"), false),
            (json!({"revisionType": "New", "a": 1}), json!({"revisionType": "New", "a": 1}), true),
            (json!({"revisionType": "New", "a": 1}), json!({"revisionType": "New", "a": 2}), false),
        ];
        for (one, other, same) in rows {
            assert_eq!(same_revision(&one, &other), same, "{one} {other}");
        }
        assert_eq!(described(&s3(json!({}))), "s3://b/k");
        assert_eq!((described(&git("a/b", "1")), described(&json!({}))), ("a/b@1".to_owned(), "the revision".to_owned()));
    }

    #[test]
    fn what_aws_leaves_out_is_its_default_and_lists_are_sets() {
        let rows = [
            (json!(false), json!(null), true),
            (json!(true), json!(null), false),
            (json!(""), json!(null), true),
            (json!("DISALLOW"), json!(null), true),
            (json!("OVERWRITE"), json!(null), false),
            (json!([]), json!(null), true),
            (json!(["a"]), json!(null), false),
            (json!({"a": false, "b": []}), json!(null), true),
            (json!({"a": true}), json!(null), false),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1, "c": false}), json!({"a": 1}), true),
            (json!({"a": 1}), json!({"a": 2}), false),
            (json!(["a", "b"]), json!(["b", "a"]), true),
            (json!(["a"]), json!(["a", "b"]), false),
            (json!(["a", "c"]), json!(["a", "b"]), false),
        ];
        for (declared, had, wanted) in rows {
            assert_eq!(agrees(&declared, &had), wanted, "{declared} {had}");
        }
        let mut found = Vec::new();
        differ(
            "",
            Some(&json!({"a": 1, "b": {"c": 1}, "t": "\"e\""})),
            &json!({"a": 2, "b": {"c": 1, "d": "x"}, "t": "e", "n": {"m": 1}}),
            &mut found,
        );
        let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["/a", "/b/d", "/n/m"]);
    }
}
