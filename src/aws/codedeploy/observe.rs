//! One look at one deployment group: what is under way, what its instances have, and what failed.

use std::collections::BTreeMap;

use driftless_core::desired::Ec2Deployment;
use driftless_core::observed::{DeploymentObservation, FailedTargets, Observed};
use driftless_core::plan::Context;
use driftless_core::plan::deployment::{ACTIVE, group_arn, history_starts, owner, reaches_back, wants};
use serde_json::{Value, json};

use super::{CodeDeploy, codedeploy_call};
use crate::aws::error::ProviderError;
use crate::clock;

/// "The maximum number of deployment IDs you can specify is 25."
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html>
const BATCH: usize = 25;
/// Pages of ListDeployments that are read for one window of time.
const PAGES: usize = 10;
/// Deployments of one window that are looked at. A group has fewer in a year, unless its Auto Scaling group never rests.
const OLDER: usize = 500;
/// A deployment takes no longer, in seconds: five days for a blue/green deployment's waits and more.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html#limits-deployments>
const UNDER_WAY: f64 = 6.0 * 24.0 * 60.0 * 60.0;
/// Failed targets that are described: "the maximum number of deployment target IDs you can specify is 25".
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html>
const TARGETS: usize = 25;
/// How often the planner may ask for more in one look.
const ROUNDS: usize = 8;

impl CodeDeploy {
    /// Looks at the group that `declared` names. A read that fails makes the group `Unknown`: nothing is decided on half a look
    /// (rule 5 of the design).
    pub async fn observe(&self, declared: &Ec2Deployment, context: &Context<'_>) -> DeploymentObservation {
        let mut observed = DeploymentObservation::new(owner(context), clock::now() as f64);
        if let Err(error) = self.look(declared, context, &mut observed).await {
            observed.group = Observed::Unknown(error.to_string());
        }
        observed
    }

    async fn look(
        &self,
        declared: &Ec2Deployment,
        context: &Context<'_>,
        observed: &mut DeploymentObservation,
    ) -> Result<(), ProviderError> {
        let group = Group { application: &declared.application, name: &declared.group };
        let info = match self.group(&group, observed).await {
            Ok(info) => info,
            Err(ProviderError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some((bucket, key)) = declared.unpinned() {
            observed.object = self.object(&bucket, &key).await;
        }
        let mut ids = self.active(&group, observed.now).await?;
        let named = ["lastSuccessfulDeployment", "lastAttemptedDeployment"].map(|member| info[member]["deploymentId"].as_str());
        ids.extend(named.into_iter().flatten().map(str::to_owned));
        self.add(ids, observed).await?;
        observed.group = Observed::Present(info);
        for _ in 0..ROUNDS {
            let wanted = wants(declared, observed, context);
            if !wanted.deployments.is_empty() {
                self.add_or_note(wanted.deployments, observed).await?;
            } else if wanted.history {
                self.history(&group, observed).await?;
            } else if let Some(id) = wanted.failed_targets {
                // They only make messages better: a failure is one without them too.
                observed.failed_targets = Some(self.failed_targets(&id).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "failed targets could not be read");
                    FailedTargets::default()
                }));
            } else if wanted.tags {
                observed.tags_asked = true;
                observed.tags = self.tags(declared, context, observed).await;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// What the group remembers. Where it cannot be read, CodeDeploy's lists are all there is.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListTagsForResource.html>
    async fn tags(
        &self,
        declared: &Ec2Deployment,
        context: &Context<'_>,
        observed: &DeploymentObservation,
    ) -> Option<BTreeMap<String, String>> {
        let arn = group_arn(declared, observed.group.present()?, context.region)?;
        let body = json!({"ResourceArn": arn});
        match codedeploy_call!(&self.target, list_tags_for_resource, "ListTagsForResource", &arn, &body).await {
            Ok(said) => {
                let tags = said.json["Tags"].as_array().into_iter().flatten();
                let text = |tag: &Value, member: &str| tag[member].as_str().map(str::to_owned);
                Some(tags.filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value").unwrap_or_default()))).collect())
            }
            Err(error) => {
                tracing::warn!(%error, "what the deployment group remembers of failures cannot be read");
                None
            }
        }
    }

    /// `deploymentGroupInfo`.
    async fn group(&self, group: &Group<'_>, observed: &mut DeploymentObservation) -> Result<Value, ProviderError> {
        let body = json!({"applicationName": group.application, "deploymentGroupName": group.name});
        let said = codedeploy_call!(&self.target, get_deployment_group, "GetDeploymentGroup", &group.to_string(), &body).await?;
        observed.now = said.now;
        Ok(said.json["deploymentGroupInfo"].clone())
    }

    /// Ids of the deployments that have not ended. The model has all of [`ACTIVE`] for `includeOnlyStatuses`; where CodeDeploy
    /// refuses some of the newer words, the older ones are asked for, and then, without any, the newest of the group: what is
    /// under way shows its status when it is read.
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>
    async fn active(&self, group: &Group<'_>, now: f64) -> Result<Vec<String>, ProviderError> {
        let older: Vec<&str> = ACTIVE.into_iter().filter(|status| !matches!(*status, "Baking" | "Ready")).collect();
        for statuses in [ACTIVE.to_vec(), older] {
            match self.list(group, json!({"includeOnlyStatuses": statuses})).await {
                Err(ProviderError::Invalid(failure)) => {
                    tracing::debug!(%failure, "these statuses are no filter for CodeDeploy");
                }
                listed => return listed,
            }
        }
        self.list(group, json!({"createTimeRange": {"start": now - UNDER_WAY}})).await
    }

    /// Ids of the group's deployments, as far as `filter` lets them through.
    async fn list(&self, group: &Group<'_>, filter: Value) -> Result<Vec<String>, ProviderError> {
        let mut ids = Vec::new();
        let mut body = filter;
        body["applicationName"] = json!(group.application);
        body["deploymentGroupName"] = json!(group.name);
        for _ in 0..PAGES {
            let said = codedeploy_call!(&self.target, list_deployments, "ListDeployments", &group.to_string(), &body).await?;
            let page = said.json["deployments"].as_array().cloned().unwrap_or_default();
            ids.extend(page.iter().filter_map(Value::as_str).map(str::to_owned));
            match said.json["nextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) if ids.len() < OLDER => body["nextToken"] = json!(token),
                _ => break,
            }
        }
        Ok(ids)
    }

    /// Reads those deployments that are not known yet.
    async fn add(&self, ids: Vec<String>, observed: &mut DeploymentObservation) -> Result<(), ProviderError> {
        let known = |deployments: &[Value], id: &str| deployments.iter().any(|known| known["deploymentId"] == *id);
        let mut new: Vec<String> = Vec::new();
        for id in ids {
            if !new.contains(&id) && !known(&observed.deployments, &id) {
                new.push(id);
            }
        }
        for batch in new.chunks(BATCH) {
            let resource = match batch {
                [one] => one.clone(),
                many => format!("{} deployments", many.len()),
            };
            let body = json!({"deploymentIds": batch});
            let said = codedeploy_call!(&self.target, batch_get_deployments, "BatchGetDeployments", &resource, &body).await?;
            observed.deployments.extend(said.json["deploymentsInfo"].as_array().into_iter().flatten().cloned());
        }
        Ok(())
    }

    /// The same, for deployments that others name: one that AWS does not know any more is noted with its id alone, so that it
    /// is not asked for again.
    async fn add_or_note(&self, ids: Vec<String>, observed: &mut DeploymentObservation) -> Result<(), ProviderError> {
        match self.add(ids.clone(), observed).await {
            Ok(()) | Err(ProviderError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        for id in ids {
            if !observed.deployments.iter().any(|known| known["deploymentId"] == *id) {
                observed.deployments.push(json!({"deploymentId": id}));
            }
        }
        Ok(())
    }

    /// Older deployments, window by window.
    async fn history(&self, group: &Group<'_>, observed: &mut DeploymentObservation) -> Result<(), ProviderError> {
        for start in history_starts(observed) {
            let ids = self.list(group, json!({"createTimeRange": {"start": start}})).await?;
            self.add(ids.into_iter().take(OLDER).collect(), observed).await?;
            if reaches_back(observed, start) {
                break;
            }
        }
        observed.history = true;
        Ok(())
    }

    async fn failed_targets(&self, deployment: &str) -> Result<FailedTargets, ProviderError> {
        let mut ids: Vec<String> = Vec::new();
        let mut body = json!({"deploymentId": deployment, "targetFilters": {"TargetStatus": ["Failed"]}});
        for _ in 0..PAGES {
            let said =
                codedeploy_call!(&self.target, list_deployment_targets, "ListDeploymentTargets", deployment, &body).await?;
            ids.extend(said.json["targetIds"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            match said.json["nextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => body["nextToken"] = json!(token),
                None => break,
            }
        }
        let all = ids.len();
        ids.truncate(TARGETS);
        if ids.is_empty() {
            return Ok(FailedTargets::default());
        }
        let body = json!({"deploymentId": deployment, "targetIds": ids});
        let said =
            codedeploy_call!(&self.target, batch_get_deployment_targets, "BatchGetDeploymentTargets", deployment, &body).await?;
        let shown = said.json["deploymentTargets"].as_array().cloned().unwrap_or_default();
        Ok(FailedTargets { shown, all })
    }
}

/// Which group.
struct Group<'a> {
    application: &'a str,
    name: &'a str,
}

impl std::fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.application, self.name)
    }
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
