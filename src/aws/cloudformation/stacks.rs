//! Stacks by name, looked at together: many names cost a few pages of the account's stacks instead of a call each.

use std::collections::HashMap;

use aws_sdk_cloudformation::types::StackStatus;
use driftless_core::observed::{Observed, Stack};
use futures_util::future::join_all;

use super::{CloudFormation, PAGES, cfn_call, read};
use crate::aws::error::ProviderError;
use crate::aws::loader::Loader;
use crate::aws::target::Target;
use crate::clock;

/// From so many names on, the account's stacks are listed first.
const MANY: usize = 8;
/// Names that are asked for together at most.
const TOGETHER: usize = 100;

/// One stack, and when AWS said so.
#[derive(Clone)]
pub(super) struct Looked {
    pub(super) stack: Observed<Stack>,
    /// AWS's clock: seconds since the epoch.
    pub(super) now: f64,
}

/// The id of the newest deleted stack of a name.
pub(super) type Deleted = Result<Option<String>, ProviderError>;

/// DescribeStacks, by name.
pub(super) fn loader(target: Target) -> Loader<(), String, Looked> {
    Loader::new(TOGETHER, move |(), names: Vec<String>| {
        let target = target.clone();
        async move {
            let mut found = if names.len() >= MANY { list(&target, &names).await } else { HashMap::new() };
            let missing: Vec<&String> = names.iter().filter(|name| !found.contains_key(*name)).collect();
            let looked = join_all(missing.iter().map(|name| describe(&target, name))).await;
            found.extend(missing.into_iter().cloned().zip(looked));
            found
        }
    })
}

/// Those of `names` that the account's first pages have. What they lack is asked for by name: a page is no proof that a stack is
/// absent. More pages than half of the names are not worth it.
async fn list(target: &Target, names: &[String]) -> HashMap<String, Looked> {
    let mut found = HashMap::new();
    let mut next: Option<String> = None;
    for _ in 0..names.len() / 2 {
        let token = next.take();
        let said = cfn_call!(target, "DescribeStacks", "all stacks", describe_stacks().set_next_token(token)).await;
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                // A role may be allowed to see stacks by name only.
                tracing::debug!(%error, "the account's stacks cannot be listed; each is asked for by name");
                return found;
            }
        };
        for stack in said.output.stacks.into_iter().flatten() {
            let whole = stack.enable_termination_protection.is_some();
            let stack = read::stack(stack);
            if whole && names.contains(&stack.name) && stack.status != "DELETE_COMPLETE" {
                found.insert(stack.name.clone(), Looked { stack: Observed::Present(stack), now: said.now });
            }
        }
        next = said.output.next_token.filter(|token| !token.is_empty());
        if next.is_none() || found.len() == names.len() {
            break;
        }
    }
    found
}

impl CloudFormation {
    /// The stack of this name as DescribeStacks shows it now.
    pub(in crate::aws) async fn look(&self, name: &str) -> Observed<Stack> {
        describe(&self.target, name).await.stack
    }

    /// The ARNs of all stacks of the account and Region: where no tagging API finds them.
    pub(in crate::aws) async fn all_stacks(&self) -> Result<Vec<String>, ProviderError> {
        let (target, mut arns, mut next) = (&self.target, Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let token = next.take();
            let said = cfn_call!(target, "DescribeStacks", "all stacks", describe_stacks().set_next_token(token)).await?;
            arns.extend(said.output.stacks.into_iter().flatten().filter_map(|stack| stack.stack_id));
            next = said.output.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(arns)
    }
}

/// "If the stack doesn't exist, a ValidationError is returned."
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
async fn describe(target: &Target, name: &str) -> Looked {
    let now = clock::now() as f64;
    match cfn_call!(target, "DescribeStacks", name, describe_stacks().stack_name(name)).await {
        Ok(said) => {
            let stack = said.output.stacks.into_iter().flatten().next().map(read::stack);
            let stack = stack.filter(|stack| stack.status != "DELETE_COMPLETE");
            Looked { stack: stack.map_or(Observed::Absent, Observed::Present), now: said.now }
        }
        Err(ProviderError::NotFound(_)) => Looked { stack: Observed::Absent, now },
        Err(error) => Looked { stack: Observed::Unknown(error.to_string()), now },
    }
}

/// ListStacks of what was deleted ("stacks that have been deleted are ... viewable for 90 days"), by name.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html>
pub(super) fn deleted(target: Target) -> Loader<(), String, Deleted> {
    Loader::new(TOGETHER, move |(), names: Vec<String>| {
        let target = target.clone();
        async move {
            let listed = list_deleted(&target).await;
            let of = |name: &String| match &listed {
                Ok(all) => Ok(all.get(name).map(|(_, id)| id.clone())),
                Err(error) => Err(error.clone()),
            };
            names.iter().map(|name| (name.clone(), of(name))).collect()
        }
    })
}

/// By name: when it was deleted, and its id.
async fn list_deleted(target: &Target) -> Result<HashMap<String, (f64, String)>, ProviderError> {
    const LIST: &str = "ListStacks";
    let mut newest: HashMap<String, (f64, String)> = HashMap::new();
    let mut next: Option<String> = None;
    if target.lacks(LIST) {
        return Ok(newest);
    }
    for _ in 0..PAGES {
        let token = next.take();
        let request = cfn_call!(
            target,
            LIST,
            "the deleted stacks",
            list_stacks().stack_status_filter(StackStatus::DeleteComplete).set_next_token(token)
        );
        let said = match request.await {
            Err(error) if error.unknown_action() => {
                target.remember_lacking(LIST);
                return Ok(newest);
            }
            said => said?,
        };
        for summary in said.output.stack_summaries.into_iter().flatten() {
            // An emulator may not know the filter.
            if summary.stack_status.as_ref() != Some(&StackStatus::DeleteComplete) {
                continue;
            }
            let deleted = summary.deletion_time.map(|time| time.as_secs_f64()).unwrap_or_default();
            if let (Some(name), Some(id)) = (summary.stack_name, summary.stack_id)
                && newest.get(&name).is_none_or(|(at, _)| *at <= deleted)
            {
                newest.insert(name, (deleted, id));
            }
        }
        next = said.output.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    Ok(newest)
}
