//! One look at one stack: its description, and what else the planner needs this time.

use driftless_core::desired::{CloudFormationStack, OnStackFailure, Resource, StackTemplate};
use driftless_core::observed::{Observed, ResourceDrift, Stack, StackEvent, StackObservation, StackResource};
use driftless_core::plan::Context;
use driftless_core::plan::stack::{Wants, wants, wants_first};
use driftless_core::template::is_ssm_document;

use aws_sdk_cloudformation::types::{StackResourceDriftStatus, TemplateStage};

use super::stacks::Looked;
use super::{CloudFormation, PAGES, cfn_call, read};
use crate::aws::error::ProviderError;
use crate::clock;

/// Pages of events that are read at most: 1,000 events.
const EVENT_PAGES: usize = 10;

impl CloudFormation {
    /// Looks at the stack that `resource` declares as `declared`. A read that fails makes the whole look `Unknown` (rule 5:
    /// nothing is decided on half a look).
    pub async fn observe(&self, resource: &Resource, declared: &CloudFormationStack, context: &Context<'_>) -> StackObservation {
        let looked = self.stacks.load((), declared.stack_name.clone()).await.unwrap_or_else(|| Looked {
            stack: Observed::Unknown("DescribeStacks ended without an answer; the agent looks again".to_owned()),
            now: clock::now() as f64,
        });
        let mut observation = StackObservation::new(looked.stack, looked.now);
        if matches!(observation.stack, Observed::Unknown(_)) {
            return observation;
        }
        if let Err(error) = self.look_further(resource, declared, context, &mut observation).await {
            observation.stack = Observed::Unknown(error.to_string());
        }
        observation
    }

    async fn look_further(
        &self,
        resource: &Resource,
        declared: &CloudFormationStack,
        context: &Context<'_>,
        observation: &mut StackObservation,
    ) -> Result<(), ProviderError> {
        if let StackTemplate::Url(url) = &declared.template {
            // What a document of Systems Manager says is not read: AWS is asked what it changes.
            if !is_ssm_document(url) {
                observation.template_at_url = Some(self.object_at(url).await?);
            }
        }
        let first = wants_first(declared, &observation.stack);
        if first.predecessor {
            self.predecessor(declared, observation).await?;
        }
        self.memory.add_to(&declared.stack_name, observation);
        let Some(stack) = observation.stack.present().cloned() else { return Ok(()) };
        if first.template {
            observation.template = Some(self.template(&stack).await?);
        }
        if first.policy {
            observation.policy = Some(self.policy(&stack).await?);
        }
        let then: Wants = wants(resource, declared, observation, context);
        if then.events {
            observation.events = self.events(&stack.id, stack.status.ends_with("_IN_PROGRESS")).await?;
        }
        if then.change_sets {
            observation.change_sets = self.change_sets(&stack.name).await?;
        }
        if then.resources {
            observation.resources = self.resources(&stack.id).await?;
        }
        if then.drifts {
            observation.drifts = self.drifts(&stack.name).await?;
        }
        Ok(())
    }

    /// What became of the last stack of this name. It is the memory of a create that AWS deletes when it fails; without
    /// `onFailure: DELETE` a role that may not list stacks can do without.
    async fn predecessor(&self, declared: &CloudFormationStack, observation: &mut StackObservation) -> Result<(), ProviderError> {
        let found = match self.deleted.load((), declared.stack_name.clone()).await {
            Some(Err(ProviderError::Denied(failure))) if declared.on_failure != Some(OnStackFailure::Delete) => {
                tracing::warn!(%failure, "deleted stacks cannot be listed; the agent does without");
                None
            }
            Some(found) => found?,
            None => None,
        };
        if let Some(id) = found {
            observation.events = self.events(&id, false).await?;
            observation.predecessor = Some(id);
        }
        Ok(())
    }

    /// The template as it was given. <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html>
    async fn template(&self, stack: &Stack) -> Result<String, ProviderError> {
        if let Some(kept) = self.templates.get(&stack.id, stack.written()) {
            return Ok(kept);
        }
        let request = cfn_call!(
            &self.target,
            "GetTemplate",
            &stack.name,
            get_template().stack_name(&stack.name).template_stage(TemplateStage::Original)
        );
        let text = request.await?.output.template_body.unwrap_or_default();
        if stack.status.ends_with("_COMPLETE") {
            self.templates.keep(&stack.id, stack.written(), &text);
        }
        Ok(text)
    }

    /// "The stack policy body, or nothing": <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html>
    async fn policy(&self, stack: &Stack) -> Result<String, ProviderError> {
        let said = cfn_call!(&self.target, "GetStackPolicy", &stack.name, get_stack_policy().stack_name(&stack.name)).await?;
        Ok(said.output.stack_policy_body.unwrap_or_default())
    }

    /// Newest first; of a stack that AWS works on, back to where the operation began.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html>
    async fn events(&self, id: &str, current: bool) -> Result<Vec<StackEvent>, ProviderError> {
        let mut events: Vec<StackEvent> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..EVENT_PAGES {
            let token = next.take();
            let request =
                cfn_call!(&self.target, "DescribeStackEvents", id, describe_stack_events().stack_name(id).set_next_token(token));
            let said = request.await?;
            events.extend(said.output.stack_events.into_iter().flatten().map(read::event));
            next = said.output.next_token.filter(|token| !token.is_empty());
            let began = |event: &StackEvent| {
                event.physical_id == id
                    && matches!(event.status.as_str(), "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS")
            };
            if next.is_none() || (current && events.iter().any(began)) {
                break;
            }
        }
        Ok(events)
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html>
    async fn resources(&self, id: &str) -> Result<Vec<StackResource>, ProviderError> {
        let mut resources = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let token = next.take();
            let request =
                cfn_call!(&self.target, "ListStackResources", id, list_stack_resources().stack_name(id).set_next_token(token));
            let said = request.await?;
            resources.extend(said.output.stack_resource_summaries.into_iter().flatten().map(read::resource));
            next = said.output.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(resources)
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html>
    async fn drifts(&self, name: &str) -> Result<Vec<ResourceDrift>, ProviderError> {
        let mut drifts = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let token = next.take();
            let request = cfn_call!(
                &self.target,
                "DescribeStackResourceDrifts",
                name,
                describe_stack_resource_drifts()
                    .stack_name(name)
                    .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
                    .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
                    .stack_resource_drift_status_filters(StackResourceDriftStatus::UnknownValue)
                    .set_next_token(token)
            );
            let said = request.await?;
            drifts.extend(said.output.stack_resource_drifts.into_iter().flatten().map(read::drift));
            next = said.output.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(drifts)
    }
}
