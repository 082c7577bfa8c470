//! What of one target carries this agent's and this source's tags: what prune decides on.
//!
//! The tagging API finds it whatever its cluster and name, also when the last manifest that named the cluster is gone. Its
//! index lags behind, so that each thing is looked at itself before it counts. A server without that API (an emulator)
//! is listed instead.

use driftless_core::observed::Observed;
use driftless_core::plan::tags;
use driftless_core::prune::{Item, Thing, is_ours};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::error::{Call, ProviderError};
use super::providers::Providers;
use super::tagging::tagged;

/// What prune can delete, in the words of the tagging API.
const TYPES: [&str; 2] = ["ecs:service", "cloudformation:stack"];

impl Providers {
    /// Everything with the tags `driftless:agent` = `agent` and `driftless:source` = `source_hash`. With `known`, only what the
    /// tagging API names besides those: a hint, and not worth listing an account.
    ///
    /// # Errors
    /// Any read that failed: half an inventory is none.
    pub async fn inventory(&self, agent: &str, source_hash: &str, known: Option<&[Thing]>) -> Result<Vec<Item>, ProviderError> {
        let filters = json!([{"Key": tags::AGENT, "Values": [agent]}, {"Key": tags::SOURCE, "Values": [source_hash]}]);
        let what = format!("the things tagged {}={agent}", tags::AGENT);
        let arns = match tagged(self.target(), &filters, &TYPES, &what).await {
            Err(error) if error.unknown_action() && known.is_none() => {
                let mut arns = self.ecs().all_services().await?;
                arns.extend(self.cloudformation().all_stacks().await?);
                arns
            }
            arns => arns?,
        };
        let unknown = |arn: &&String| !known.into_iter().flatten().any(|thing| is_called(arn, thing));
        let looks = arns.iter().filter(unknown).map(async |arn| match (service(arn), stack(arn)) {
            (Some((cluster, name)), _) => self.service(cluster, name).await,
            (_, Some(name)) => self.stack(arn, name).await,
            _ => Ok(None),
        });
        let found: Result<Vec<Option<Item>>, ProviderError> = join_all(looks).await.into_iter().collect();
        let ours = |item: &Item| {
            let is = |key, value: &str| item.tags.get(key).map(String::as_str) == Some(value);
            is(tags::AGENT, agent) && is(tags::SOURCE, source_hash)
        };
        Ok(found?.into_iter().flatten().filter(ours).collect())
    }

    /// The stack as CloudFormation itself shows it; None when it is gone, or another one of its name has come.
    async fn stack(&self, arn: &str, name: &str) -> Result<Option<Item>, ProviderError> {
        let stack = match self.cloudformation().look(name).await {
            // What inherited our tags is not ours: it goes with the stack that it belongs to.
            Observed::Present(stack) if stack.id == arn && is_ours(&stack) => stack,
            Observed::Present(_) | Observed::Absent => return Ok(None),
            Observed::Unknown(why) => {
                let call = Call { service: "cloudformation", action: "DescribeStacks", resource: name };
                return Err(ProviderError::unavailable(call, why));
            }
        };
        Ok(Some(Item {
            target: self.target().name().to_owned(),
            arn: stack.id,
            thing: Thing::Stack { name: stack.name },
            // Whatever AWS is at, and whoever asked for it, is waited for.
            going: stack.status.ends_with("_IN_PROGRESS") && stack.status != "REVIEW_IN_PROGRESS",
            deletion: stack.deleted_at,
            trouble: (stack.status == "DELETE_FAILED")
                .then(|| format!("DELETE_FAILED: {}", stack.status_reason.unwrap_or_else(|| "AWS does not say why".to_owned()))),
            tags: stack.tags,
        }))
    }

    /// The service as ECS itself shows it; None when it is gone.
    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Item>, ProviderError> {
        let service = match self.ecs().look(cluster, name).await {
            Observed::Present(service) => service,
            Observed::Absent => return Ok(None),
            Observed::Unknown(why) => {
                let resource = format!("{cluster}/{name}");
                let call = Call { service: "ecs", action: "DescribeServices", resource: &resource };
                return Err(ProviderError::unavailable(call, why));
            }
        };
        if service["status"] == "INACTIVE" {
            return Ok(None);
        }
        Ok(Some(Item {
            target: self.target().name().to_owned(),
            arn: service["serviceArn"].as_str().unwrap_or_default().to_owned(),
            thing: Thing::EcsService { cluster: cluster.to_owned(), name: name.to_owned() },
            going: service["status"] == "DRAINING",
            deletion: None,
            trouble: None,
            tags: tags::read(service.get("tags")),
        }))
    }
}

/// Whether an ARN is of what is called so.
fn is_called(arn: &str, thing: &Thing) -> bool {
    match thing {
        Thing::EcsService { cluster, name } => service(arn) == Some((cluster, name)),
        Thing::Stack { name } => stack(arn) == Some(name),
        Thing::Objects { .. } => false,
    }
}

/// The name in `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID`.
fn stack(arn: &str) -> Option<&str> {
    let (head, path) = arn.split_once(":stack/")?;
    if !head.contains(":cloudformation:") {
        return None;
    }
    path.split_once('/').map(|(name, _)| name)
}

/// Cluster and name of `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`. Services with the older, shorter ARN take no tags:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>
fn service(arn: &str) -> Option<(&str, &str)> {
    let (head, path) = arn.split_once(":service/")?;
    if !head.contains(":ecs:") {
        return None;
    }
    path.split_once('/')
}

/// Members of a list, as text.
pub(super) fn texts(answer: &Value, list: &str) -> Vec<String> {
    answer[list].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_told_by_its_arn() {
        assert_eq!(stack("arn:aws:cloudformation:eu-central-1:123456789012:stack/network/0a1b2c3d"), Some("network"));
        assert_eq!(stack("arn:aws:cloudformation:eu-central-1:123456789012:stackset/network:0a1b"), None);
        assert_eq!(stack("arn:aws:ecs:eu-central-1:123456789012:service/shop/web"), None);
    }

    #[test]
    fn a_service_is_told_by_its_arn() {
        assert_eq!(service("arn:aws:ecs:eu-central-1:123456789012:service/shop/web"), Some(("shop", "web")));
        assert_eq!(service("arn:aws:ecs:eu-central-1:123456789012:service/web"), None);
        assert_eq!(service("arn:aws:vpc-lattice:eu-central-1:123456789012:service/svc-1/x"), None);
        assert_eq!(service("arn:aws:ecs:eu-central-1:123456789012:cluster/shop"), None);
    }
}
