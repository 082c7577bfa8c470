//! What CreateStack, UpdateStack and CreateChangeSet have in common: template, parameters, capabilities, tags.

use std::sync::Arc;

use serde_json::Value;

use crate::error::AwsError;
use crate::query;

use crate::cloudformation::engine::ground::Ground;
use crate::cloudformation::engine::parts::{Options, Settings, Tags};
use crate::cloudformation::engine::source::from_s3;
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::{evaluate, policy};
use crate::cloudformation::errors::invalid;
use crate::cloudformation::template::parameters::Parameters;
use crate::cloudformation::template::{self, Template};
use crate::cloudformation::types;

/// The longest template sent inline, in bytes:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const INLINE: usize = 51_200;

/// A name as the API's pattern has it.
pub(crate) fn check_name(name: &str) -> Result<(), AwsError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let plain = first && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let arn = name
        .strip_prefix("arn:")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:/._+".contains(&byte)));
    if !plain && !arn {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
        )));
    }
    if !arn && name.len() > 128 {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must have length \
             less than or equal to 128"
        )));
    }
    Ok(())
}

/// The text of the template that a request brings; `None` when it brings none.
pub(crate) fn template_text(ground: &Ground<'_>, input: &Value) -> Result<Option<String>, AwsError> {
    match (query::text(input, "TemplateBody"), query::text(input, "TemplateURL")) {
        (Some(_), Some(_)) => Err(invalid("Only one of TemplateBody or TemplateUrl may be specified.")),
        (Some(body), None) if body.len() > INLINE => Err(invalid(format!(
            "1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: Member must have \
             length less than or equal to 51200"
        ))),
        (Some(body), None) => Ok(Some(body.to_string())),
        (None, Some(url)) => from_s3(ground, url).map(Some),
        (None, None) => Ok(None),
    }
}

/// Reads everything that makes a stack. `before` is the stack that is updated.
pub(crate) fn settings(
    ground: &Ground<'_>,
    stack: &Stack,
    input: &Value,
    before: Option<&Settings>,
) -> Result<Settings, AwsError> {
    // Of all requests only a change set's has a name of its own.
    let change_set = query::text(input, "ChangeSetName").is_some();
    let previous = query::flag(input, "UsePreviousTemplate") == Some(true);
    let text = template_text(ground, input)?;
    let template = match (text, previous, before) {
        (Some(_), true, _) => return Err(invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")),
        (Some(text), false, _) => Arc::new(template::read(&text)?),
        (None, true, Some(before)) => before.template.clone(),
        _ => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let parameters = Parameters::read(&template, input, before.map(|before| &before.parameters), &ground.state.stored)?;
    let texts = |key: &str| {
        let list = query::list(input, key)?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_string).collect::<Vec<_>>())
    };
    let role = query::text(input, "RoleARN");
    if let Some(role) = role.filter(|role| !is_role(role)) {
        return Err(invalid(format!("Role {role} is invalid or cannot be assumed")));
    }
    let notifications = texts("NotificationARNs").or_else(|| before.map(|before| before.notifications.clone()));
    let settings = Settings {
        capabilities: texts("Capabilities").unwrap_or_default(),
        // "If you don't specify this parameter, CloudFormation doesn't modify the stack's tags. If you specify an empty value,
        // CloudFormation removes all associated tags.": API_UpdateStack.html
        tags: tags(input)?.or_else(|| before.map(|before| before.tags.clone())).unwrap_or_default(),
        role: role.map(str::to_string).or_else(|| before.and_then(|before| before.role.clone())),
        notifications: notifications.unwrap_or_default(),
        template,
        parameters,
    };
    check_capabilities(&settings, change_set)?;
    evaluate::rehearse(ground.state, stack, &settings).map_err(invalid)?;
    Ok(settings)
}

/// Whether an ARN is a role's: CloudFormation can assume nothing else.
fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let name = parts.get(5).and_then(|rest| rest.strip_prefix("role/"));
    parts[0] == "arn" && parts.get(2) == Some(&"iam") && name.is_some_and(|name| !name.is_empty())
}

fn tags(input: &Value) -> Result<Option<Tags>, AwsError> {
    let Some(list) = query::list(input, "Tags") else { return Ok(None) };
    // "You can specify a maximum of 50 unique tags for each stack."
    if list.len() > 50 {
        return Err(invalid(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
        ));
    }
    let mut tags = Tags::new();
    for item in list {
        let (key, value) = (query::text(item, "Key").unwrap_or_default(), item["Value"].as_str().unwrap_or_default());
        // <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html>
        if key.is_empty() || key.starts_with("aws:") {
            return Err(invalid(format!(
                "Tag key '{key}' is not allowed: aws: prefixed tag key names are not allowed for external use."
            )));
        }
        if tags.insert(key.to_string(), value.to_string()).is_some() {
            // Recorded: <https://github.com/elastic/cloud-on-k8s/issues/9232>.
            return Err(invalid("Tags contain duplicate keys; tag keys must be unique"));
        }
    }
    Ok(Some(tags))
}

/// The capabilities that a template needs, and the types that need them.
pub(crate) fn needed(template: &Template) -> (Vec<&'static str>, Vec<String>) {
    let mut kinds: Vec<String> = Vec::new();
    let mut named = false;
    for declared in template.resources.values() {
        if let Some(capability) = types::capability(&declared.kind, &declared.properties) {
            named |= capability == "CAPABILITY_NAMED_IAM";
            kinds.push(declared.kind.clone());
        }
    }
    kinds.sort();
    kinds.dedup();
    let mut needed = Vec::new();
    if !kinds.is_empty() {
        needed.push(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" });
    }
    if !template.transforms().is_empty() {
        needed.push("CAPABILITY_AUTO_EXPAND");
    }
    (needed, kinds)
}

/// Of CAPABILITY_AUTO_EXPAND: "This capacity doesn't apply to creating change sets, and specifying it when creating change
/// sets has no effect." <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
fn check_capabilities(settings: &Settings, change_set: bool) -> Result<(), AwsError> {
    let given = |capability: &str| settings.capabilities.iter().any(|given| given == capability);
    let (needed, _) = needed(&settings.template);
    // "If you have IAM resources, you can specify either capability."
    let has = |needed: &str| given(needed) || needed == "CAPABILITY_IAM" && given("CAPABILITY_NAMED_IAM");
    let has = |needed: &str| has(needed) || change_set && needed == "CAPABILITY_AUTO_EXPAND";
    let lacking: Vec<&str> = needed.into_iter().filter(|needed| !has(needed)).collect();
    if !lacking.is_empty() {
        let message = format!("Requires capabilities : [{}]", lacking.join(", "));
        return Err(AwsError::new("InsufficientCapabilitiesException", message));
    }
    match settings.template.transforms() {
        transforms if transforms.is_empty() => Ok(()),
        transforms => Err(invalid(format!("The simulator runs no transforms: [{}]", transforms.join(", ")))),
    }
}

/// What CreateStack says of failures and protection.
pub(crate) fn options(ground: &Ground<'_>, input: &Value) -> Result<Options, AwsError> {
    let disable = query::flag(input, "DisableRollback");
    let on_failure = query::text(input, "OnFailure");
    if disable.is_some() && on_failure.is_some() {
        return Err(invalid("You can specify either DisableRollback or OnFailure, but not both."));
    }
    Ok(Options {
        disable_rollback: disable == Some(true) || on_failure == Some("DO_NOTHING"),
        delete_on_failure: on_failure == Some("DELETE"),
        retain_except_on_create: query::flag(input, "RetainExceptOnCreate") == Some(true),
        protection: query::flag(input, "EnableTerminationProtection") == Some(true),
        policy: policy_of(ground, input, "StackPolicy")?,
        timeout_minutes: query::text(input, "TimeoutInMinutes").map(str::to_string),
    })
}

/// A stack policy that comes with a request: `StackPolicyBody` or `StackPolicyURL`, or the pair for the time of an update.
pub(crate) fn policy_of(ground: &Ground<'_>, input: &Value, prefix: &str) -> Result<Option<String>, AwsError> {
    let (body, url) = (format!("{prefix}Body"), format!("{prefix}URL"));
    let policy = match (query::text(input, &body), query::text(input, &url)) {
        (Some(_), Some(_)) => return Err(invalid(format!("You cannot specify both {url} and {body}"))),
        (Some(body), None) => Some(body.to_string()),
        (None, Some(url)) => Some(from_s3(ground, url)?),
        (None, None) => None,
    };
    policy.iter().try_for_each(|policy| policy::check(policy))?;
    Ok(policy)
}
