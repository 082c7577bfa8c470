//! Change sets of a stack: those that are ours, resource by resource.

use driftless_core::observed::ChangeSet;
use driftless_core::plan::stack::Token;

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
                    found.extend(self.change_set(stack, &id).await?);
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

    /// One, with all pages of its changes; None: it is gone.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html>
    pub(super) async fn change_set(&self, stack: &str, id: &str) -> Result<Option<ChangeSet>, ProviderError> {
        let mut change_set = ChangeSet::default();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let token = next.take();
            let request = cfn_call!(
                &self.target,
                "DescribeChangeSet",
                id,
                describe_change_set().stack_name(stack).change_set_name(id).set_next_token(token)
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
            change_set.tags = read::tags(said.tags);
            let changes = said.changes.into_iter().flatten().filter_map(|change| change.resource_change);
            change_set.changes.extend(changes.map(read::change));
            next = said.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(Some(change_set))
    }
}
