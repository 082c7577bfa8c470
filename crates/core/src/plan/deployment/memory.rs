//! What a deployment group itself remembers of our last deployment's failure: its tag `driftless:failed`.
//!
//! CodeDeploy names no time for which it keeps deployments, and a group names its last attempt only: Auto Scaling's, or somebody
//! else's, takes the place of ours. A tag lives as long as the group
//! (<https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TagResource.html>). It is there while our last deployment has
//! failed, and says `DIGEST DEPLOYMENT TIME AGENT@SOURCE`. An agent that may not tag groups remembers what CodeDeploy's lists do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::Record;
use super::revision::Target;
use super::step::DeploymentStep;
use crate::desired::Ec2Deployment;
use crate::observed::DeploymentObservation;
use crate::plan::Context;

/// The tag's key, as of a service's.
const FAILED: &str = "driftless:failed";

/// A failure on record at the group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Remembered<'a> {
    digest: &'a str,
    /// The deployment's.
    pub(super) id: &'a str,
    /// When it was created: seconds since the epoch.
    pub(super) at: u64,
    owner: &'a str,
}

impl<'a> Remembered<'a> {
    fn read(tags: &'a BTreeMap<String, String>) -> Option<Self> {
        let mut words = tags.get(FAILED)?.split_whitespace();
        let (digest, id, at) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        Some(Remembered { digest, id, at, owner: words.next()? })
    }

    /// Our failure to deploy the target, unless a deployment of ours is known that came after it.
    pub(super) fn of(target: &Target<'_>, observed: &'a DeploymentObservation, newest_own: Option<Record<'_>>) -> Option<Self> {
        let failure = Self::read(observed.tags.as_ref()?)?;
        let last = newest_own.is_none_or(|own| own.id() == failure.id || own.created() < failure.at as f64);
        (failure.digest == target.digest && failure.owner == observed.owner && last).then_some(failure)
    }
}

/// The group's ARN. Partition and account are its service role's, which "allows CodeDeploy to act on your behalf" in this account.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentGroupInfo.html>,
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-iam-access-control-identity-based.html#arn-formats>
pub fn group_arn(declared: &Ec2Deployment, group: &Value, region: &str) -> Option<String> {
    let role: Vec<&str> = group["serviceRoleArn"].as_str()?.splitn(6, ':').collect();
    let [_, partition, _, _, account, _] = role[..] else { return None };
    let name = format!("{}/{}", declared.application, declared.group);
    Some(format!("arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{name}"))
}

/// Puts the failure on record, where its tag is not there yet.
pub(super) fn remember(
    target: &Target<'_>,
    failed: Record<'_>,
    observed: &DeploymentObservation,
    context: &Context<'_>,
) -> Option<DeploymentStep> {
    let tags = observed.tags.as_ref()?;
    let arn = group_arn(target.declared, observed.group.present()?, context.region)?;
    let value = format!("{} {} {} {}", target.digest, failed.id(), failed.created() as u64, observed.owner);
    if tags.get(FAILED) == Some(&value) {
        return None;
    }
    let body = json!({"ResourceArn": arn, "Tags": [{"Key": FAILED, "Value": value}]});
    Some(DeploymentStep::TagResource { document: super::object(body) })
}

/// Takes a failure of ours off the group, before another deployment.
pub(super) fn forget(target: &Target<'_>, observed: &DeploymentObservation, context: &Context<'_>) -> Option<DeploymentStep> {
    let ours = Remembered::read(observed.tags.as_ref()?).is_some_and(|failure| failure.owner == observed.owner);
    let arn = group_arn(target.declared, observed.group.present()?, context.region).filter(|_| ours)?;
    let body = json!({"ResourceArn": arn, "TagKeys": [FAILED]});
    Some(DeploymentStep::UntagResource { document: super::object(body) })
}
