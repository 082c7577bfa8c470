//! Resource types: those that the simulator knows are made for real in it, all others get an id and attributes.

mod codedeploy;
mod ecs;
mod identity;
mod replacement;
mod s3;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::clock::Seconds;
use crate::world::World;

pub(super) use replacement::{Recreation, recreation};

/// A resource of a stack as its type sees it.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) stack_name: &'a str,
    pub(super) stack_id: &'a str,
    pub(super) logical: &'a str,
    pub(super) kind: &'a str,
    /// The properties, evaluated.
    pub(super) properties: &'a Value,
    /// The stack's tags.
    pub(super) tags: &'a BTreeMap<String, String>,
}

/// How far a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Done,
    /// Look again after so many seconds.
    Wait(u32),
    Failed(String),
}

/// A made resource's physical id, and the attributes that only its service knows.
pub(super) struct Made {
    pub(super) physical: String,
    pub(super) attributes: Map<String, Value>,
}

/// Logical seconds that an operation on a resource takes where nothing is waited for.
pub(super) const DURATION: Seconds = 2.0;

/// The types that are made for real, by what makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Ecs,
    CodeDeploy,
    Fleet,
    Bucket,
    Role,
    /// Any other type: an id and attributes.
    Nobody,
}

fn maker(kind: &str) -> Maker {
    match kind {
        "AWS::ECS::Cluster" | "AWS::ECS::TaskDefinition" | "AWS::ECS::Service" => Maker::Ecs,
        "AWS::CodeDeploy::Application" | "AWS::CodeDeploy::DeploymentGroup" => Maker::CodeDeploy,
        "AWS::AutoScaling::AutoScalingGroup" | "AWS::EC2::Instance" => Maker::Fleet,
        "AWS::S3::Bucket" => Maker::Bucket,
        "AWS::IAM::Role" => Maker::Role,
        _ => Maker::Nobody,
    }
}

/// Makes a resource.
pub(super) fn create(world: &mut World, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
    match maker(making.kind) {
        Maker::Ecs => ecs::create(world, making, now),
        Maker::CodeDeploy => codedeploy::create(world, making, now),
        Maker::Fleet => Ok(codedeploy::launch(world, making, now)),
        Maker::Bucket => s3::create(world, making, now),
        Maker::Role => role(world, making),
        Maker::Nobody => {
            let physical = identity::physical(making, &mut world.cloudformation.ids);
            Ok(Made { physical, attributes: Map::new() })
        }
    }
}

fn role(world: &mut World, making: &Making<'_>) -> Result<Made, String> {
    let name = identity::physical(making, &mut world.cloudformation.ids);
    let path = making.properties.get("Path").map_or_else(|| "/".into(), super::parameters::plain);
    // As recorded, for a name that is taken.
    let taken = || {
        format!(
            "Resource handler returned message: \"Role with name {name} already exists. (Service: Iam, Status Code: 409)\" \
             (HandlerErrorCode: AlreadyExists)"
        )
    };
    let arn = world.iam.create_role(making.account, &path, &name).ok_or_else(taken)?;
    Ok(Made { physical: name, attributes: Map::from_iter([("Arn".to_string(), arn.into())]) })
}

/// Changes a resource in place.
pub(super) fn update(world: &mut World, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    match maker(making.kind) {
        Maker::Ecs => ecs::update(world, making, physical, now),
        Maker::CodeDeploy => codedeploy::update(world, making, physical, now),
        Maker::Fleet => {
            codedeploy::scale(world, making, physical, now);
            Ok(())
        }
        Maker::Bucket => s3::update(world, making, physical),
        Maker::Role | Maker::Nobody => Ok(()),
    }
}

/// What an update changes of the attributes by itself: a launch template gets a new version.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-launchtemplate.html>
pub(super) fn renew(kind: &str, attributes: &mut Map<String, Value>) {
    if kind == "AWS::EC2::LaunchTemplate" {
        let version = attributes.get("LatestVersionNumber").and_then(Value::as_str).and_then(|text| text.parse().ok());
        attributes.insert("LatestVersionNumber".into(), (version.unwrap_or(1) + 1).to_string().into());
    }
}

/// What is really there of a resource that the simulator has made; `None` when somebody has deleted it. Of other types only
/// what it was told is known.
pub(super) fn look(world: &mut World, making: &Making<'_>, physical: &str, actual: &Value, now: Seconds) -> Option<Value> {
    match maker(making.kind) {
        Maker::Ecs => ecs::look(world, making, physical, actual, now),
        Maker::Bucket => world.s3.bucket(physical).is_ok().then(|| actual.clone()),
        _ => Some(actual.clone()),
    }
}

/// Removes a resource. One that is gone already is no error.
pub(super) fn delete(world: &mut World, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
    match maker(making.kind) {
        Maker::Ecs => ecs::delete(world, making, physical, now),
        Maker::CodeDeploy => codedeploy::delete(world, making, physical, now),
        Maker::Fleet => {
            codedeploy::terminate(world, physical);
            Ok(())
        }
        Maker::Bucket => s3::delete(world, physical),
        Maker::Role => {
            world.iam.delete_role(physical);
            Ok(())
        }
        Maker::Nobody => Ok(()),
    }
}

/// How far the creation or the update of a resource is.
pub(super) fn made(world: &mut World, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
    match maker(making.kind) {
        Maker::Ecs => ecs::made(world, making, physical, now),
        _ => Progress::Done,
    }
}

/// How far the removal of a resource is.
pub(super) fn removed(world: &mut World, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
    match maker(making.kind) {
        Maker::Ecs => ecs::removed(world, making, physical, now),
        _ => Progress::Done,
    }
}

/// An attribute for `Fn::GetAtt`.
pub(super) fn attribute(making: &Making<'_>, physical: &str, own: &Map<String, Value>, name: &str) -> Value {
    own.get(name).cloned().unwrap_or_else(|| identity::attribute(making, physical, name))
}

/// Whether a change of this type would need a new resource under the same name, and what that name is: "Rename ... and
/// update the stack again".
pub(super) fn custom_name(kind: &str, before: &Value, after: &Value) -> Option<String> {
    let name = identity::declared_name(kind, after)?;
    (identity::declared_name(kind, before).as_ref() == Some(&name)).then_some(name)
}

/// The tags that a stack gives a resource: its own, and those of the resource's properties.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html>
pub(super) fn tags(making: &Making<'_>) -> Vec<Value> {
    let mut tags = making.tags.clone();
    for own in making.properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (own["Key"].as_str(), own.get("Value")) {
            tags.insert(key.into(), super::parameters::plain(value));
        }
    }
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// The three tags that only CloudFormation can put on a resource.
pub(super) fn system_tags(making: &Making<'_>) -> [(&'static str, String); 3] {
    [
        ("aws:cloudformation:stack-name", making.stack_name.into()),
        ("aws:cloudformation:stack-id", making.stack_id.into()),
        ("aws:cloudformation:logical-id", making.logical.into()),
    ]
}

/// Whether a type takes tags, so that the stack's reach it. Most do; these are parts of something else.
pub(super) fn taggable(kind: &str) -> bool {
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

/// The types that need CAPABILITY_IAM, or CAPABILITY_NAMED_IAM with a name of their own:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>.
pub(super) fn capability(kind: &str, properties: &Value) -> Option<&'static str> {
    const IAM: [&str; 8] =
        ["AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User", "UserToGroupAddition"];
    let name = kind.strip_prefix("AWS::IAM::").filter(|name| IAM.contains(name))?;
    // An inline policy has a name that is required and makes nothing of its own.
    let named = !matches!(name, "AccessKey" | "Policy" | "UserToGroupAddition");
    let property = identity::name_property(kind);
    let declared = named && properties.get(property).is_some();
    Some(if declared { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
}
