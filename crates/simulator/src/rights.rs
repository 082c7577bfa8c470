//! IAM, as far as a test wants it: the rights that a call needs, its own and those that AWS checks behind it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use axum::http::request::Parts;
use serde_json::Value;

use crate::error::AwsError;
use crate::query;
use crate::service::{self, Protocol, Service};

/// AccessDenied for a caller with temporary credentials (a role's session) who lacks a right. Who signs otherwise, or not at
/// all, is the account's own administrator.
pub(crate) fn deny(allowed: &[String], service: Service, action: &str, parts: &Parts, input: Option<&Value>) -> Option<AwsError> {
    let session = service::scope(&parts.headers).is_some_and(|scope| scope.access_key.starts_with("ASIA"));
    if !session {
        return None;
    }
    let lacking = needed(service, action, parts, input.unwrap_or(&Value::Null));
    let lacking = lacking.into_iter().find(|right| !allowed.contains(right))?;
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    let message = format!(
        "User: arn:aws:sts::123456789012:assumed-role/deployer/driftless is not authorized to perform: {lacking} because no \
         identity-based policy allows the {lacking} action"
    );
    Some(match service.protocol() {
        Protocol::Json => AwsError::new("AccessDeniedException", message),
        Protocol::Query | Protocol::Rest => AwsError::new("AccessDenied", message).with_status(403),
    })
}

/// The rights of one call.
fn needed(service: Service, action: &str, parts: &Parts, input: &Value) -> Vec<String> {
    let named = |service: &str, action: &str| format!("{service}:{action}");
    let behind = |own: String, others: &[(&str, bool)]| {
        let others = others.iter().filter(|(_, checked)| *checked).map(|(right, _)| (*right).to_string());
        std::iter::once(own).chain(others).collect()
    };
    let has = |key: &str| input.get(key).is_some_and(|value| !value.is_null());
    match service {
        Service::Sts => Vec::new(),
        Service::Tagging => vec![named("tag", action)],
        Service::Ssm => vec![named("ssm", action)],
        Service::Ecr => vec![named("ecr", action)],
        Service::Ecs => {
            let roles = ["taskRoleArn", "executionRoleArn", "infrastructureRoleArn"];
            let passes = action != "TagResource" && roles.iter().any(|role| holds(input, role))
                || action == "CreateService" && holds(input, "role");
            behind(named("ecs", action), &[("iam:PassRole", passes), ("ecs:TagResource", has("tags"))])
        }
        Service::CloudFormation => {
            let tags = query::list(input, "Tags").is_some_and(|tags| !tags.is_empty());
            let drift = action == "DetectStackDrift";
            let others = [
                ("iam:PassRole", query::text(input, "RoleARN").is_some()),
                ("cloudformation:TagResource", tags),
                ("cloudformation:DetectStackResourceDrift", drift),
                ("cloudformation:BatchDescribeTypeConfigurations", drift),
            ];
            behind(named("cloudformation", action), &others)
        }
        Service::CodeDeploy => {
            let deploys = action == "CreateDeployment";
            let others = [
                ("codedeploy:GetDeploymentConfig", deploys),
                ("codedeploy:GetApplicationRevision", deploys),
                ("codedeploy:RegisterApplicationRevision", deploys),
            ];
            behind(named("codedeploy", action), &others)
        }
        Service::S3 => {
            let keyed = parts.headers.get("x-amz-server-side-encryption").is_some_and(|value| value != "AES256");
            let version = parts.uri.query().is_some_and(|query| query.contains("versionId="));
            let others = [
                ("kms:GenerateDataKey", keyed),
                ("kms:Decrypt", keyed),
                ("s3:GetObjectVersion", version && action.starts_with("Get")),
            ];
            behind(named("s3", of_s3(action)), &others)
        }
    }
}

/// Whether a member of this name, with a text in it, is anywhere in a document.
fn holds(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
                || members.values().any(|inner| holds(inner, key))
        }
        Value::Array(items) => items.iter().any(|inner| holds(inner, key)),
        _ => false,
    }
}

/// The right behind an operation of S3's:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.
fn of_s3(operation: &str) -> &str {
    match operation {
        "HeadObject" => "GetObject",
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "ListParts" => "ListMultipartUploadParts",
        "DeleteObjects" => "DeleteObject",
        own => own,
    }
}
