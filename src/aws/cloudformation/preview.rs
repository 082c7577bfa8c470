//! `driftless plan --change-set`: AWS's own word on what would change, in a change set that is removed again.

use std::time::Duration;

use driftless_core::observed::ChangeSet;
use driftless_core::plan::stack::{ChangeSetRequest, Kind, Token};
use tokio::time::Instant;

use super::{CloudFormation, cfn_call};
use crate::aws::error::ProviderError;

/// How long AWS may take to work a change set out.
const LONGEST: Duration = Duration::from_secs(300);
/// Between two looks.
const MOMENT: Duration = Duration::from_secs(2);

impl CloudFormation {
    /// Creates the change set of `asked` under a name of its own, waits for it, and removes it, with the stack in
    /// REVIEW_IN_PROGRESS that it made if there was none. `pace` divides the waits.
    pub async fn preview(&self, asked: &ChangeSetRequest, pace: f64) -> Result<ChangeSet, ProviderError> {
        let name =
            Token::parse(&asked.name).map_or_else(|| asked.name.clone(), |token| Token { kind: Kind::Plan, ..token }.to_string());
        let existed = self.stack_id(&asked.stack).await?.is_some();
        let asked = ChangeSetRequest { name: name.clone(), ..asked.clone() };
        let made = self.create_change_set(&asked).await;
        let may_be_there = made.as_ref().map_or_else(|error| error.failure().lost, |_| true);
        let found = match made {
            Ok(made) => self.worked_out(&asked.stack, made.arn.as_deref().unwrap_or(&name), pace).await,
            Err(error) => Err(error),
        };
        match self.remove(&asked, existed).await {
            Ok(()) => found,
            Err(error) if may_be_there => Err(left(error, &asked)),
            Err(error) => found.and(Err(error)),
        }
    }

    async fn stack_id(&self, name: &str) -> Result<Option<String>, ProviderError> {
        match cfn_call!(&self.target, "DescribeStacks", name, describe_stacks().stack_name(name)).await {
            Ok(said) => Ok(said.output.stacks.into_iter().flatten().next().and_then(|stack| stack.stack_id)),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn worked_out(&self, stack: &str, id: &str, pace: f64) -> Result<ChangeSet, ProviderError> {
        let until = Instant::now() + LONGEST;
        loop {
            let found = self.change_set(stack, id).await?;
            match found {
                Some(found) if matches!(found.status.as_str(), "CREATE_COMPLETE" | "FAILED") => return Ok(found),
                _ if Instant::now() >= until => {
                    let call =
                        crate::aws::error::Call { service: "cloudformation", action: "DescribeChangeSet", resource: stack };
                    return Err(ProviderError::unavailable(call, "AWS has not worked the change set out in five minutes"));
                }
                _ => {
                    // The next look says so.
                    self.target.quotas().stop().run_until_cancelled(tokio::time::sleep(MOMENT.div_f64(pace))).await;
                }
            }
        }
    }

    async fn remove(&self, asked: &ChangeSetRequest, existed: bool) -> Result<(), ProviderError> {
        let request = cfn_call!(
            &self.target,
            "DeleteChangeSet",
            &asked.stack,
            delete_change_set().stack_name(&asked.stack).change_set_name(&asked.name)
        );
        match request.await {
            Ok(_) => {}
            // There was none: it was refused before.
            Err(error) if error.code() == Some("ChangeSetNotFound") => {}
            Err(ProviderError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        if existed {
            return Ok(());
        }
        // Only what is still nothing but a change set's shell goes.
        let looked = cfn_call!(&self.target, "DescribeStacks", &asked.stack, describe_stacks().stack_name(&asked.stack)).await;
        let stack = match looked {
            Ok(said) => said.output.stacks.into_iter().flatten().next(),
            Err(ProviderError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let shell =
            stack.filter(|stack| stack.stack_status.as_ref().is_some_and(|status| status.as_str() == "REVIEW_IN_PROGRESS"));
        if let Some(id) = shell.and_then(|stack| stack.stack_id) {
            cfn_call!(&self.target, "DeleteStack", &id, delete_stack().stack_name(&id)).await?;
        }
        Ok(())
    }
}

/// It could not be removed: whoever asked for it is told its name.
fn left(error: ProviderError, asked: &ChangeSetRequest) -> ProviderError {
    let said = format!("the change set `{}` of the stack `{}` may be left", asked.name, asked.stack);
    error.with_advice(format!(
        "{said}: `aws cloudformation delete-change-set --stack-name {} --change-set-name {}` removes it",
        asked.stack, asked.name
    ))
}
