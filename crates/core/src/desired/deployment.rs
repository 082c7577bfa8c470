//! `kind: Ec2Deployment` as declared.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Packed;

/// A CodeDeploy deployment as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ec2Deployment {
    /// The document's `applicationName`.
    pub application: String,
    /// The document's `deploymentGroupName`.
    pub group: String,
    /// CreateDeployment's document as it is sent, but for `description`, which is as declared, and for what a revision in S3
    /// that names neither `eTag` nor `version` is pinned to. An artifact's revision is in it already.
    pub deployment: Packed,
    /// How long a deployment may take before it is stopped, without the waits of a blue/green deployment.
    pub timeout: Duration,
}

impl Ec2Deployment {
    /// What `spec.timeout` is when it is not declared.
    pub const TIMEOUT: Duration = Duration::from_secs(60 * 60);

    /// Bucket and key of a revision in S3 that does not say which content it is.
    ///
    /// "If the ETag is not specified as an input parameter, ETag validation of the object is skipped"; "if the version is not
    /// specified, the system uses the most recent version by default".
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_S3Location.html>
    pub fn unpinned(&self) -> Option<(String, String)> {
        let revision = self.deployment.get("revision")?;
        let location = revision.get("s3Location")?;
        let text = |member: &str| location.get(member).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        match (text("eTag"), text("version")) {
            (None, None) => Some((text("bucket")?, text("key")?)),
            _ => None,
        }
    }
}

impl Ec2Deployment {
    /// See [`Spec::thing`](super::Spec::thing).
    pub(super) fn thing(&self) -> Option<(String, &'static str)> {
        let thing = format!("the deployment group `{}` of the application `{}`", self.group, self.application);
        let advice = "a group has one revision at a time: remove one, or give it another `deploymentGroupName`";
        Some((thing, advice))
    }

    /// See [`Spec::looked_at_with`](super::Spec::looked_at_with).
    pub(super) fn looked_at_with(&self) -> &str {
        ""
    }

    /// See [`Spec::removed_mut`](super::Spec::removed_mut).
    pub(super) fn removed_mut(&mut self) -> Option<&mut Vec<String>> {
        None
    }
}
