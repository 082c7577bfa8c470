//! Change sets of a stack: those that are ours, resource by resource, with those of nested stacks below them.

use aws_sdk_cloudformation::types::{EventFilter, OperationEvent};
use driftless_core::observed::{ChangeSet, ResourceChange};
use driftless_core::plan::stack::Token;
use futures_util::future::{BoxFuture, FutureExt};

use super::{CloudFormation, PAGES, cfn_call, read};
use crate::aws::error::ProviderError;

impl CloudFormation {
    /// All change sets of the stack; ours are described.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html>
    pub(super) async fn change_sets(&self, stack: &str) -> Result<Vec<ChangeSet>, ProviderError> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let token = next.take();
            let request =
                cfn_call!(&self.target, "ListChangeSets", stack, list_change_sets().stack_name(stack).set_next_token(token));
            let said = request.await?;
            for summary in said.output.summaries.into_iter().flatten() {
                let (name, id) = (summary.change_set_name.unwrap_or_default(), summary.change_set_id.unwrap_or_default());
                if Token::parse(&name).is_some() {
                    // One that has just been deleted is no more.
                    let change_set = self.change_set(stack, &id).await?;
                    change_set.iter().for_each(|change_set| self.memory.looked(stack, change_set));
                    found.extend(change_set);
                    continue;
                }
                found.push(ChangeSet {
                    id,
                    name,
                    status: summary.status.map(|word| word.as_str().to_owned()).unwrap_or_default(),
                    status_reason: summary.status_reason,
                    execution_status: summary.execution_status.map(|word| word.as_str().to_owned()).unwrap_or_default(),
                    ..ChangeSet::default()
                });
            }
            next = said.output.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// One, with all pages of its changes and what its nested change sets say; None: it is gone.
    pub(super) async fn change_set(&self, stack: &str, id: &str) -> Result<Option<ChangeSet>, ProviderError> {
        let Some(mut found) = self.described(Some(stack), id, NESTED).await? else { return Ok(None) };
        if found.status == "FAILED" && !found.changes_nothing() {
            found.causes = self.causes(&found.id).await;
        }
        Ok(Some(found))
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html>
    async fn described(&self, stack: Option<&str>, id: &str, depth: usize) -> Result<Option<ChangeSet>, ProviderError> {
        let mut change_set = ChangeSet::default();
        let mut children: Vec<(usize, String)> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let token = next.take();
            let request = cfn_call!(
                &self.target,
                "DescribeChangeSet",
                id,
                describe_change_set()
                    .set_stack_name(stack.map(str::to_owned))
                    .change_set_name(id)
                    .include_property_values(true)
                    .set_next_token(token)
            );
            let said = match request.await {
                Ok(said) => said.output,
                Err(error) if error.code() == Some("ChangeSetNotFound") => return Ok(None),
                Err(ProviderError::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            change_set.id = said.change_set_id.unwrap_or_default();
            change_set.name = said.change_set_name.unwrap_or_default();
            change_set.status = said.status.map(|word| word.as_str().to_owned()).unwrap_or_default();
            change_set.status_reason = said.status_reason;
            change_set.execution_status = said.execution_status.map(|word| word.as_str().to_owned()).unwrap_or_default();
            change_set.created_at = read::at(said.creation_time);
            change_set.tags = read::tags(said.tags);
            for change in said.changes.into_iter().flatten().filter_map(|change| change.resource_change) {
                let nested = change.change_set_id.clone().filter(|id| !id.is_empty());
                children.extend(nested.map(|id| (change_set.changes.len(), id)));
                change_set.changes.push(read::change(change));
            }
            next = said.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        for (index, id) in children.into_iter().filter(|_| depth > 0) {
            change_set.changes[index].nested = self.nested(id, depth - 1).await?;
        }
        Ok(Some(change_set))
    }

    /// What the change set of a nested stack says; None: it is gone.
    fn nested(&self, id: String, depth: usize) -> BoxFuture<'_, Result<Option<Vec<ResourceChange>>, ProviderError>> {
        async move { Ok(self.described(None, &id, depth).await?.map(|found| found.changes)) }.boxed()
    }

    /// What AWS found before it made anything: the reason of the change set only names this call, which takes the full ARN.
    /// Where the call is not allowed, or not known, the reason alone has to do.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>
    async fn causes(&self, id: &str) -> Vec<String> {
        const ACTION: &str = "DescribeEvents";
        if self.target.lacks(ACTION) {
            return Vec::new();
        }
        let failed = EventFilter::builder().failed_events(true).build();
        match cfn_call!(&self.target, ACTION, id, describe_events().change_set_name(id).filters(failed)).await {
            Ok(said) => said.output.operation_events.into_iter().flatten().filter_map(cause).collect(),
            Err(error) if error.unknown_action() => {
                self.target.remember_lacking(ACTION);
                Vec::new()
            }
            Err(error) => {
                tracing::warn!(%error, "why AWS refused a change set cannot be read; its own sentence has to do");
                vec![format!("the cause could not be read: {error}")]
            }
        }
    }
}

/// How deep stacks may stand in stacks and still be looked into.
const NESTED: usize = 8;

/// `Bucket (AWS::S3::Bucket) NAME_CONFLICT_VALIDATION: … already exists, at /Resources/Bucket`.
fn cause(event: OperationEvent) -> Option<String> {
    let reason = event.validation_status_reason.or(event.hook_status_reason).or(event.resource_status_reason)?;
    let logical = event.logical_resource_id.unwrap_or_default();
    let kind = event.resource_type.map_or_else(String::new, |kind| format!(" ({kind})"));
    let name = event.validation_name.or(event.hook_type).map_or_else(String::new, |name| format!(" {name}"));
    let path = event.validation_path.map_or_else(String::new, |path| format!(", at {path}"));
    Some(format!("{logical}{kind}{name}: {reason}{path}").trim_start_matches([' ', ':']).to_owned())
}
