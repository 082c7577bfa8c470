//! What is known of resource types without making anything: names and ids, attributes, tags, capabilities, and what a change
//! of a property brings.

pub(crate) mod identity;
mod making;
mod replacement;

use serde_json::{Map, Value, json};

pub(crate) use making::Making;
pub(crate) use replacement::{Recreation, recreation};

use crate::cloudformation::template::parameters::plain;

/// A stack inside a stack.
pub(crate) const NESTED: &str = "AWS::CloudFormation::Stack";

/// What an update changes of the attributes by itself: a launch template gets a new version.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-launchtemplate.html>
pub(crate) fn renew(kind: &str, attributes: &mut Map<String, Value>) {
    if kind == "AWS::EC2::LaunchTemplate" {
        let version = attributes.get("LatestVersionNumber").and_then(Value::as_str).and_then(|text| text.parse().ok());
        attributes.insert("LatestVersionNumber".into(), (version.unwrap_or(1) + 1).to_string().into());
    }
}

/// An attribute for `Fn::GetAtt`.
pub(crate) fn attribute(making: &Making<'_>, physical: &str, own: &Map<String, Value>, name: &str) -> Value {
    own.get(name).cloned().unwrap_or_else(|| identity::attribute(making, physical, name))
}

/// Whether a change of this type would need a new resource under the same name, and what that name is: "Rename ... and
/// update the stack again".
pub(crate) fn custom_name(kind: &str, before: &Value, after: &Value) -> Option<String> {
    let name = identity::declared_name(kind, after)?;
    (identity::declared_name(kind, before).as_ref() == Some(&name)).then_some(name)
}

/// The tags that a stack gives a resource: its own, and those of the resource's properties.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html>
pub(crate) fn tags(making: &Making<'_>) -> Vec<Value> {
    let mut tags = making.tags.clone();
    for own in making.properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (own["Key"].as_str(), own.get("Value")) {
            tags.insert(key.into(), plain(value));
        }
    }
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// The three tags that only CloudFormation can put on a resource.
pub(crate) fn system_tags(making: &Making<'_>) -> [(&'static str, String); 3] {
    [
        ("aws:cloudformation:stack-name", making.stack_name.into()),
        ("aws:cloudformation:stack-id", making.stack_id.into()),
        ("aws:cloudformation:logical-id", making.logical.into()),
    ]
}

/// Whether a type takes tags, so that the stack's reach it. Most do; these are parts of something else.
pub(crate) fn taggable(kind: &str) -> bool {
    const PARTS: [&str; 14] = [
        "Association",
        "Attachment",
        "Entry",
        "::Route",
        "Ingress",
        "Egress",
        "Policy",
        "RecordSet",
        "::Alias",
        "ScalableTarget",
        "CidrBlock",
        "AccessKey",
        "WaitCondition",
        "WaitConditionHandle",
    ];
    !kind.starts_with("Custom::") && !PARTS.iter().any(|part| kind.ends_with(part))
}

/// The types that a change of tags replaces: their pages say "Update requires: Replacement" of `Tags`, and the stack's own
/// tags are no exception: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2270>, issues/1655.
pub(crate) fn tags_replace(kind: &str) -> bool {
    matches!(kind, "AWS::Batch::ComputeEnvironment" | "AWS::Batch::JobQueue" | "AWS::Batch::SchedulingPolicy")
}

/// The types that need CAPABILITY_IAM, or CAPABILITY_NAMED_IAM with a name of their own:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>.
pub(crate) fn capability(kind: &str, properties: &Value) -> Option<&'static str> {
    const IAM: [&str; 8] =
        ["AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User", "UserToGroupAddition"];
    let name = kind.strip_prefix("AWS::IAM::").filter(|name| IAM.contains(name))?;
    // An inline policy has a name that is required and makes nothing of its own.
    let named = !matches!(name, "AccessKey" | "Policy" | "UserToGroupAddition");
    let property = identity::name_property(kind);
    let declared = named && properties.get(property).is_some();
    Some(if declared { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
}
