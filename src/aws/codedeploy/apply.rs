//! One step is one call, with the step's document as its body.

use driftless_core::plan::deployment::DeploymentStep;
use serde_json::Value;

use super::{CodeDeploy, codedeploy_call};
use crate::aws::error::ProviderError;
use crate::aws::providers::Applied;

impl CodeDeploy {
    /// Makes the step's one call.
    ///
    /// # Errors
    /// Every kind of [`ProviderError`]; after `Unavailable` the call may have had its effect.
    pub async fn apply(&self, step: &DeploymentStep) -> Result<Applied, ProviderError> {
        let target = &self.target;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        match step {
            DeploymentStep::CreateDeployment { document, .. } => {
                let member = |name: &str| text(document.get(name));
                let resource = format!("{}/{}", member("applicationName"), member("deploymentGroupName"));
                let said = codedeploy_call!(target, create_deployment, "CreateDeployment", &resource, document).await?;
                Ok(Applied { arn: said.json["deploymentId"].as_str().map(str::to_owned), now: said.now })
            }
            DeploymentStep::StopDeployment { document } => {
                let id = text(document.get("deploymentId"));
                let said = codedeploy_call!(target, stop_deployment, "StopDeployment", &id, document).await?;
                Ok(Applied { arn: Some(id), now: said.now })
            }
            DeploymentStep::TagResource { document } => {
                let arn = text(document.get("ResourceArn"));
                let said = codedeploy_call!(target, tag_resource, "TagResource", &arn, document).await?;
                Ok(Applied { arn: Some(arn), now: said.now })
            }
            DeploymentStep::UntagResource { document } => {
                let arn = text(document.get("ResourceArn"));
                let said = codedeploy_call!(target, untag_resource, "UntagResource", &arn, document).await?;
                Ok(Applied { arn: Some(arn), now: said.now })
            }
        }
    }
}
