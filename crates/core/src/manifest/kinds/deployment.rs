//! Reads `kind: Ec2Deployment`: CreateDeployment's document, and the artifact that it deploys.

use serde_json::{Value, json};

use crate::desired::{Document, Ec2Deployment, Reference, Resource};
use crate::manifest::documents::aws::{self as documents, Written};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::documents::manifest::Name;
use crate::manifest::documents::reading::Reading;
use crate::manifest::documents::words::resource_name;
use crate::manifest::text::node::Mark;
use crate::model::check_deployment;
use crate::model::report::shown;
use crate::resource::{Kind, ResourceId};

/// The members of `spec`.
pub(super) const SPEC: &[&str] = &["target", "dependsOn", "deployment", "artifact", "timeout", "adopt", "replace"];

/// The endings of keys that say what sort of bundle an object is, and AWS's word for it.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_S3Location.html>
const BUNDLES: [(&str, &str); 4] = [(".zip", "zip"), (".tar", "tar"), (".tar.gz", "tgz"), (".tgz", "tgz")];

/// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
pub(super) fn read(
    scope: &mut Scope<'_>,
    reading: &mut Reading<'_>,
    spec: &Fields<'_>,
    _name: &Name<'_>,
) -> Option<Ec2Deployment> {
    let timeout = scope.duration(spec, "timeout").unwrap_or(Ec2Deployment::TIMEOUT);
    let artifact = spec.member("artifact").and_then(|member| {
        let name = scope.text(spec, "artifact")?;
        match resource_name(&name) {
            Ok(()) => Some((name, member.node.at)),
            Err(_) => {
                let message = format!("`spec.artifact` is {}; the name of an S3Artifact is expected", shown(&name));
                scope.error(member.node.at, message);
                None
            }
        }
    });
    let node = scope.required(spec, "deployment", "CreateDeployment's document is expected: `file: NAME` or `inline: {…}`")?;
    let fields = scope.fields(node, "spec.deployment", &["file", "inline", "interpolate"])?;
    let written = match (fields.member("file"), fields.member("inline")) {
        (Some(_), Some(inline)) => {
            scope.error(inline.at, "`spec.deployment` has both `file` and `inline`; keep one of them");
            None
        }
        (None, None) => {
            scope.error(fields.node.at, "`spec.deployment` has no document; `file: NAME` or `inline: {…}` is expected");
            None
        }
        _ => documents::load(scope, reading, &fields),
    }?;
    read_document(scope, reading, &written, artifact, spec.meant("artifact"), timeout)
}

/// The resource of a document that was loaded. `artifact`: the S3Artifact that it deploys, and where that is said;
/// `otherwise`: somebody has probably meant to say so.
pub(super) fn read_document(
    scope: &mut Scope<'_>,
    reading: &mut Reading<'_>,
    written: &Written,
    artifact: Option<(String, Mark)>,
    otherwise: bool,
    timeout: std::time::Duration,
) -> Option<Ec2Deployment> {
    let before = scope.found.errors.len();
    let mut deployment = documents::check(scope, written, check_deployment);
    let (inner, _) = written.unwrapped(&["deploymentInfo"]);
    let has_revision = deployment.contains_key("revision");
    match artifact {
        Some(_) if has_revision => {
            let at = inner.members().iter().find(|member| member.key == "revision").map_or(inner.at, |member| member.at);
            let message = "the document has a `revision`, and `spec.artifact` says otherwise; remove one";
            scope.error_in(crate::manifest::documents::fields::location(&written.file, at), message);
        }
        Some((name, at)) => {
            let revision = of_artifact(scope, reading, &name, at)?;
            deployment.insert("revision".into(), revision);
        }
        None if !has_revision && !otherwise && scope.found.errors.len() == before => {
            let message =
                "`revision` is missing; AWS requires it: write it here, or `artifact: NAME` beside the manifest's `deployment`";
            scope.error_in(crate::manifest::documents::fields::location(&written.file, inner.at), message);
        }
        None => {}
    }
    let name = |member: &str| deployment.get(member).and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let (application, group) = (name("applicationName")?, name("deploymentGroupName")?);
    Some(Ec2Deployment { application, group, deployment: deployment.into(), timeout })
}

/// The revision that an S3Artifact is; as references where it is not known yet.
fn of_artifact(scope: &mut Scope<'_>, reading: &mut Reading<'_>, name: &str, at: Mark) -> Option<Value> {
    let artifact = ResourceId::new(Kind::S3Artifact, name);
    let Some(given) = reading.outputs.map(|outputs| outputs.get(&artifact)) else {
        let location = scope.location(at);
        for key in ["bucket", "key", "etag"] {
            reading.references.push((Reference { resource: artifact.clone(), key: key.into() }, location.clone()));
        }
        let of = |key: &str| format!("${{artifact.{name}.{key}}}");
        return Some(json!({"revisionType": "S3", "s3Location": {"bucket": of("bucket"), "key": of("key"), "eTag": of("etag")}}));
    };
    let output = |key: &str| given.and_then(|given| given.get(key)).map(String::as_str).filter(|value| !value.is_empty());
    let (Some(bucket), Some(key), Some(tag)) = (output("bucket"), output("key"), output("etag")) else {
        let message = format!(
            "`spec.artifact`: {artifact} is no single object (it gives no `bucket`, `key` and `etag`); CodeDeploy deploys one archive: give it `archive: zip`"
        );
        scope.error(at, message);
        return None;
    };
    let Some((_, bundle)) = BUNDLES.iter().find(|(ending, _)| key.ends_with(ending)) else {
        let message = format!(
            "`spec.artifact`: the key of {artifact} is {}, which does not say what it is; CodeDeploy takes an archive whose key ends in `.zip`, `.tar`, `.tar.gz` or `.tgz`",
            shown(key)
        );
        scope.error(at, message);
        return None;
    };
    let mut location = Document::new();
    location.insert("bucket".into(), json!(bucket));
    location.insert("key".into(), json!(key));
    location.insert("bundleType".into(), json!(bundle));
    // In quotes, as S3 gives it, or without, as the AWS CLI's `deploy push` passes it on.
    location.insert("eTag".into(), json!(tag.trim_matches('"')));
    // "null" is the version of what was put while versioning was suspended:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
    if let Some(version) = output("versionId").filter(|version| *version != "null") {
        location.insert("version".into(), json!(version));
    }
    Some(json!({"revisionType": "S3", "s3Location": location}))
}

/// Nothing that a commit stops declaring has to be known.
pub(super) fn removed(_: &Resource, _: &Ec2Deployment, _: &Resource, _: &Ec2Deployment) -> Vec<String> {
    Vec::new()
}
