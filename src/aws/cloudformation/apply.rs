//! One step is one call; a large template goes to S3 before it.

use aws_sdk_cloudformation::types::{Capability, ChangeSetType, DeploymentMode, OnStackFailure, Parameter, Tag};
use driftless_core::desired::ParameterValue;
use driftless_core::observed::DriftDetection;
use driftless_core::plan::stack::{ChangeSetRequest, StackStep, TemplateSource};
use driftless_core::template::MAX_BODY;

use super::{CloudFormation, cfn_call};
use crate::aws::error::ProviderError;
use crate::aws::providers::Applied;
use crate::clock;

impl CloudFormation {
    /// Makes the step. Every kind of [`ProviderError`]; after `Unavailable` the call may have had its effect.
    pub async fn apply(&self, step: &StackStep) -> Result<Applied, ProviderError> {
        let target = &self.target;
        let action = step.action();
        match step {
            StackStep::CreateChangeSet(request) => self.create_change_set(request).await,
            StackStep::ExecuteChangeSet { stack, change_set, token, disable_rollback, .. } => {
                let request = cfn_call!(
                    target,
                    action,
                    stack,
                    execute_change_set()
                        .stack_name(stack)
                        .change_set_name(change_set)
                        .client_request_token(token)
                        .set_disable_rollback(disable_rollback.then_some(true))
                );
                Ok(Applied { arn: Some(change_set.clone()), now: request.await?.now })
            }
            StackStep::DeleteChangeSet { stack, change_set, .. } => {
                let request = cfn_call!(target, action, stack, delete_change_set().stack_name(stack).change_set_name(change_set));
                Ok(Applied { arn: Some(change_set.clone()), now: request.await?.now })
            }
            StackStep::DeleteStack { stack, token } => {
                let request = cfn_call!(target, action, stack, delete_stack().stack_name(stack).client_request_token(token));
                applied(stack, request.await?.now)
            }
            StackStep::CancelUpdateStack { stack, token } => {
                let request =
                    cfn_call!(target, action, stack, cancel_update_stack().stack_name(stack).client_request_token(token));
                applied(stack, request.await?.now)
            }
            StackStep::ContinueUpdateRollback { stack, token } => {
                let request =
                    cfn_call!(target, action, stack, continue_update_rollback().stack_name(stack).client_request_token(token));
                applied(stack, request.await?.now)
            }
            StackStep::RollbackStack { stack, token } => {
                let request = cfn_call!(target, action, stack, rollback_stack().stack_name(stack).client_request_token(token));
                applied(stack, request.await?.now)
            }
            StackStep::SetStackPolicy { stack, policy } => {
                let request = cfn_call!(target, action, stack, set_stack_policy().stack_name(stack).stack_policy_body(policy));
                applied(stack, request.await?.now)
            }
            StackStep::UpdateTerminationProtection { stack, enabled } => {
                let request = cfn_call!(
                    target,
                    action,
                    stack,
                    update_termination_protection().stack_name(stack).enable_termination_protection(*enabled)
                );
                applied(stack, request.await?.now)
            }
            StackStep::DetectStackDrift { stack } => {
                let said = cfn_call!(target, action, stack, detect_stack_drift().stack_name(stack)).await?;
                if let Some(id) = said.output.stack_drift_detection_id {
                    let status = "DETECTION_IN_PROGRESS".to_owned();
                    self.memory.detection(stack, DriftDetection { id, at: said.now, status, reason: None });
                }
                applied(stack, said.now)
            }
            StackStep::DescribeStackDriftDetectionStatus { stack, detection } => self.detection(stack, detection).await,
        }
    }

    /// How far a drift detection is. One that AWS does not know any more, or does not tell of, has ended.
    async fn detection(&self, stack: &str, id: &str) -> Result<Applied, ProviderError> {
        const ACTION: &str = "DescribeStackDriftDetectionStatus";
        let request =
            cfn_call!(&self.target, ACTION, stack, describe_stack_drift_detection_status().stack_drift_detection_id(id));
        let (status, reason, now) = match request.await {
            Ok(said) => {
                let status = said.output.detection_status.map(|word| word.as_str().to_owned()).unwrap_or_default();
                (status, said.output.detection_status_reason, said.now)
            }
            Err(error) if error.unknown_action() || matches!(error, ProviderError::NotFound(_) | ProviderError::Denied(_)) => {
                ("DETECTION_COMPLETE".to_owned(), None, clock::now() as f64)
            }
            Err(error) => return Err(error),
        };
        let at = self.memory.begun(stack, id).unwrap_or(now);
        self.memory.detection(stack, DriftDetection { id: id.to_owned(), at, status, reason });
        applied(stack, now)
    }

    pub(super) async fn create_change_set(&self, asked: &ChangeSetRequest) -> Result<Applied, ProviderError> {
        let (body, url) = match &asked.template {
            TemplateSource::Body(text) if text.len() > MAX_BODY => (None, Some(self.upload(&asked.stack, text).await?)),
            TemplateSource::Body(text) => (Some(text.clone()), None),
            TemplateSource::Url(url) => (None, Some(url.clone())),
        };
        let parameters = asked.parameters.iter().map(|(key, value)| {
            let parameter = Parameter::builder().parameter_key(key);
            match value {
                ParameterValue::Value(value) => parameter.parameter_value(value),
                ParameterValue::Previous => parameter.use_previous_value(true),
            }
            .build()
        });
        let tags = asked.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let kind = if asked.creates { ChangeSetType::Create } else { ChangeSetType::Update };
        // No ClientToken: the name is taken once anyway, and whether a token can be used again once its change set was deleted,
        // AWS does not say. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
        let on_failure = asked.on_failure.map(|word| OnStackFailure::from(word.as_str()));
        let request = cfn_call!(
            &self.target,
            "CreateChangeSet",
            &asked.stack,
            create_change_set()
                .stack_name(&asked.stack)
                .change_set_name(&asked.name)
                .change_set_type(kind)
                .set_template_body(body)
                .set_template_url(url)
                .set_parameters(Some(parameters.collect()))
                .set_capabilities(Some(asked.capabilities.iter().map(|word| Capability::from(word.as_str())).collect()))
                .set_tags(Some(tags.collect()))
                .set_role_arn(asked.role_arn.clone())
                .set_notification_arns(asked.notification_arns.clone())
                .set_on_stack_failure(on_failure)
                .set_include_nested_stacks(asked.nested.then_some(true))
                .set_deployment_mode(asked.revert_drift.then_some(DeploymentMode::RevertDrift))
        );
        // Before the answer, which may be lost.
        self.memory.sent(&asked.stack, &asked.name, asked.hidden.clone());
        let said = request.await?;
        Ok(Applied { arn: said.output.id, now: said.now })
    }
}

fn applied(stack: &str, now: f64) -> Result<Applied, ProviderError> {
    Ok(Applied { arn: Some(stack.to_owned()), now })
}
