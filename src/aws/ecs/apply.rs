//! One step is one call, with the step's document as its body; RunTask that started nothing is two, and so is a write of a
//! service whose answer is to be remembered in the service's tags.

use driftless_core::desired::Document;
use driftless_core::plan::tags::{self, Tags};
use driftless_core::plan::{EcsStep, TaskDefinitionRef};
use serde_json::{Value, json};

use super::{Ecs, Said, ecs_call};
use crate::aws::error::{Call, ProviderError};
use crate::aws::providers::Applied;

impl Ecs {
    /// Makes the step's one call. `registered` is the ARN that the RegisterTaskDefinition step before it answered with.
    /// Every kind of [`ProviderError`]; after `Unavailable` the call may have had its effect.
    pub async fn apply(&self, step: &EcsStep, registered: Option<&str>) -> Result<Applied, ProviderError> {
        let target = &self.target;
        let resource = resource(step);
        let (said, arn) = match step {
            EcsStep::RegisterTaskDefinition { document, number } => {
                let said = ecs_call!(target, register_task_definition, "RegisterTaskDefinition", &resource, &document.0).await?;
                let arn = text(&said, "/taskDefinition/taskDefinitionArn");
                if arn.is_none() {
                    let call = Call { service: "ecs", action: "RegisterTaskDefinition", resource: &resource };
                    return Err(ProviderError::unavailable(call, "the answer has no taskDefinitionArn"));
                }
                let got = said.json.pointer("/taskDefinition/revision").and_then(Value::as_u64);
                if let Some((expected, got)) = number.zip(got).filter(|(expected, got)| expected != got) {
                    let call = Call { service: "ecs", action: "RegisterTaskDefinition", resource: &resource };
                    let said = format!(
                        "the new revision has the number {got}, and {expected} was to be expected: others were registered meanwhile, or \
                         the newest ones deleted; what they may know of a run is looked at first"
                    );
                    return Err(ProviderError::conflict(call, said));
                }
                (said, arn)
            }
            EcsStep::CreateService { document, task_definition, memory } => {
                let mut body = with(document, "taskDefinition", Some(task_definition), registered, step, &resource)?;
                let (key, value) = memory.first(body["taskDefinition"].as_str().unwrap_or_default());
                if let Some(tags) = body.get_mut("tags").and_then(Value::as_array_mut) {
                    tags.push(json!({"key": key, "value": value}));
                }
                let said = ecs_call!(target, create_service, "CreateService", &resource, &body).await?;
                let arn = text(&said, "/service/serviceArn");
                self.remember(arn.as_ref(), memory.after_create(&said.json)).await?;
                (said, arn)
            }
            EcsStep::UpdateService { document, task_definition, memory } => {
                let body = with(document, "taskDefinition", task_definition.as_ref(), registered, step, &resource)?;
                let said = ecs_call!(target, update_service, "UpdateService", &resource, &body).await?;
                let arn = text(&said, "/service/serviceArn");
                if let Some(memory) = memory {
                    let sent = body.get("taskDefinition").and_then(Value::as_str);
                    self.remember(memory.arn.as_ref().or(arn.as_ref()), memory.after_update(&said.json, sent)).await?;
                }
                (said, arn)
            }
            EcsStep::TagResource { document } => {
                (ecs_call!(target, tag_resource, "TagResource", &resource, document).await?, None)
            }
            EcsStep::UntagResource { document } => {
                (ecs_call!(target, untag_resource, "UntagResource", &resource, document).await?, None)
            }
            EcsStep::DeleteService { document } => {
                let said = ecs_call!(target, delete_service, "DeleteService", &resource, document).await?;
                let arn = text(&said, "/service/serviceArn");
                (said, arn)
            }
            EcsStep::StopServiceDeployment { document } => {
                let said = ecs_call!(target, stop_service_deployment, "StopServiceDeployment", &resource, document).await?;
                let arn = text(&said, "/serviceDeploymentArn");
                (said, arn)
            }
            EcsStep::TagTaskDefinition { document, task_definition } => {
                let body = with(document, "resourceArn", Some(task_definition), registered, step, &resource)?;
                (ecs_call!(target, tag_resource, "TagResource", &resource, &body).await?, None)
            }
            EcsStep::RunTask { document, task_definition, refused } => {
                let body = with(&document.0, "taskDefinition", Some(task_definition), registered, step, &resource)?;
                let refused = with(refused, "resourceArn", Some(task_definition), registered, step, &resource)?;
                self.run_task(&resource, &body, &refused).await?
            }
            EcsStep::StopTask { document } => {
                let said = ecs_call!(target, stop_task, "StopTask", &resource, document).await?;
                let arn = text(&said, "/task/taskArn");
                (said, arn)
            }
        };
        Ok(Applied { arn, now: said.now })
    }

    /// Puts `tags` to the service that has just been written. Where this fails the write has had its effect all the same: the
    /// next pass finds it by its traces, and tells of the tags what there is to tell.
    async fn remember(&self, arn: Option<&String>, tags: Tags) -> Result<(), ProviderError> {
        let Some(arn) = arn.filter(|_| !tags.is_empty()) else { return Ok(()) };
        let body = json!({"resourceArn": arn, "tags": tags::write(&tags)});
        ecs_call!(&self.target, tag_resource, "TagResource", arn, &body).await?;
        Ok(())
    }
}

/// What the step concerns, for messages.
fn resource(step: &EcsStep) -> String {
    let text = |document: &Document, member: &str| document.get(member).and_then(Value::as_str).map(str::to_owned);
    let service = |document: &Document, name: &str| {
        let name = text(document, name).unwrap_or_default();
        format!("{}/{name}", text(document, "cluster").unwrap_or_else(|| "default".to_owned()))
    };
    match step {
        EcsStep::RegisterTaskDefinition { document, .. } => {
            format!("the family {}", text(&document.0, "family").unwrap_or_default())
        }
        EcsStep::CreateService { document, .. } => service(document, "serviceName"),
        EcsStep::UpdateService { document, .. } | EcsStep::DeleteService { document } => service(document, "service"),
        EcsStep::TagResource { document } | EcsStep::UntagResource { document } => {
            text(document, "resourceArn").unwrap_or_default()
        }
        EcsStep::StopServiceDeployment { document } => text(document, "serviceDeploymentArn").unwrap_or_default(),
        EcsStep::TagTaskDefinition { task_definition, .. } => revision(task_definition),
        EcsStep::RunTask { document, task_definition, .. } => {
            let cluster = text(&document.0, "cluster").unwrap_or_else(|| "default".to_owned());
            format!("{} in the cluster {cluster}", revision(task_definition))
        }
        EcsStep::StopTask { document } => text(document, "task").unwrap_or_default(),
    }
}

fn revision(reference: &TaskDefinitionRef) -> String {
    match reference {
        TaskDefinitionRef::Arn(arn) => arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        TaskDefinitionRef::Registered => "the new revision".to_owned(),
    }
}

/// The document with its task definition as `member`.
fn with(
    document: &Document,
    member: &str,
    wanted: Option<&TaskDefinitionRef>,
    registered: Option<&str>,
    step: &EcsStep,
    resource: &str,
) -> Result<Document, ProviderError> {
    let mut body = document.clone();
    let arn = match (wanted, registered) {
        (None, _) => return Ok(body),
        (Some(TaskDefinitionRef::Arn(arn)), _) => arn.as_str(),
        (Some(TaskDefinitionRef::Registered), Some(arn)) => arn,
        (Some(TaskDefinitionRef::Registered), None) => {
            let call = Call { service: "ecs", action: step.action(), resource };
            let said = "the step needs the revision that the step before it registers, and none was registered";
            return Err(ProviderError::invalid(call, said, "report this as a bug of Driftless"));
        }
    };
    body.insert(member.to_owned(), Value::String(arn.to_owned()));
    Ok(body)
}

fn text(said: &Said, pointer: &str) -> Option<String> {
    said.json.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
