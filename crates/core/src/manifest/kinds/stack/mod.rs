//! Reads `kind: CloudFormationStack`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::desired::{CloudFormationStack, DeletionPolicy, DriftSettings, OnStackFailure, ParameterValue, Resource};
use crate::manifest::documents::fields::{Fields, Scope, location};
use crate::manifest::documents::file::read_file;
use crate::manifest::documents::manifest::Name;
use crate::manifest::documents::reading::Reading;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::model::report::shown;

mod parameters;
pub(in crate::manifest) mod template;

/// The members of `spec`.
pub(super) const SPEC: &[&str] = &[
    "target",
    "dependsOn",
    "adopt",
    "replace",
    "stackName",
    "template",
    "parameters",
    "parametersFile",
    "capabilities",
    "tags",
    "roleArn",
    "notificationArns",
    "stackPolicy",
    "terminationProtection",
    "onFailure",
    "disableRollback",
    "deletionPolicy",
    "allowReplacement",
    "drift",
];

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];
/// "You can specify a maximum of 50 tags", of which Driftless has up to five.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
const MAX_TAGS: usize = 45;
/// "Array Members: Maximum number of 5 items", same page.
const MAX_TOPICS: usize = 5;
/// "Stack policy: 16,384 bytes" (`StackPolicyBody`).
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html>
const MAX_POLICY: usize = 16_384;
/// AWS reads every resource of the stack to look for drift; more often than this is throttled away.
const MIN_DRIFT: Duration = Duration::from_secs(5 * 60);

/// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
pub(super) fn read(
    scope: &mut Scope<'_>,
    reading: &mut Reading<'_>,
    spec: &Fields<'_>,
    name: &Name<'_>,
) -> Option<CloudFormationStack> {
    let stack_name = stack_name(scope, spec, name);
    let template = template::read(scope, reading, spec);
    let parameters = parameters::read(scope, reading, spec, template.as_ref().and_then(|template| template.read.as_ref()));
    let capabilities = texts(scope, spec, "capabilities").map(|words| {
        for (index, (word, at)) in words.iter().enumerate() {
            scope.aws_known(*at, &format!("`spec.capabilities[{index}]`"), word, &CAPABILITIES);
        }
        words.into_iter().map(|(word, _)| word).collect()
    });
    let notification_arns = texts(scope, spec, "notificationArns").map(|arns| {
        if let (Some(node), true) = (spec.get("notificationArns"), arns.len() > MAX_TOPICS) {
            scope.error(node.at, format!("a stack notifies at most {MAX_TOPICS} topics, and these are {}", arns.len()));
        }
        for (_, at) in arns.iter().filter(|(arn, _)| !(arn.starts_with("arn:") || arn.contains("${"))) {
            scope.error(
                *at,
                "`spec.notificationArns` lists ARNs of SNS topics, as in `arn:aws:sns:eu-central-1:123456789012:stacks`",
            );
        }
        arns.into_iter().map(|(arn, _)| arn).collect()
    });
    let (on_failure, disable_rollback) = on_failure(scope, spec);
    let deletion_policy = match scope.word(spec, "deletionPolicy", &["retain", "delete"]) {
        Some("delete") => DeletionPolicy::Delete,
        _ => DeletionPolicy::Retain,
    };
    let allow_replacement = allow_replacement(scope, spec);
    Some(CloudFormationStack {
        allow_replacement,
        referenced: parameters::referenced(reading, spec),
        compared_secrets: false,
        capabilities,
        notification_arns,
        on_failure,
        disable_rollback,
        deletion_policy,
        tags: tags(scope, spec),
        role_arn: role(scope, spec),
        stack_policy: policy(scope, reading, spec),
        termination_protection: scope.flag(spec, "terminationProtection"),
        drift: drift(scope, spec),
        changed_secrets: Vec::new(),
        stack_name: stack_name?,
        template: template?.declared,
        parameters: parameters?,
    })
}

/// "The name must be ... alphanumeric characters (case-sensitive) and hyphens. It must start with an alphabetical character and
/// can't be longer than 128 characters": `[a-zA-Z][-a-zA-Z0-9]*`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
fn stack_name(scope: &mut Scope<'_>, spec: &Fields<'_>, name: &Name<'_>) -> Option<String> {
    let valid = |name: &str| {
        name.len() <= 128
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let rule = "a stack's name has letters, digits and `-`, begins with a letter, and has at most 128 characters";
    match spec.get("stackName") {
        None if valid(name.text) => Some(name.text.to_owned()),
        None => {
            let message = format!("{} cannot be the stack's name: {rule}; give it a `spec.stackName`", shown(name.text));
            scope.error(name.at, message);
            None
        }
        Some(node) => {
            let text = scope.text(spec, "stackName")?;
            if !valid(&text) {
                scope.error(node.at, format!("`spec.stackName` is {}; {rule}", shown(&text)));
            }
            Some(text)
        }
    }
}

/// A list of strings, with their places.
fn texts(scope: &mut Scope<'_>, spec: &Fields<'_>, name: &str) -> Option<Vec<(String, Mark)>> {
    let node = spec.get(name)?;
    let Content::List(elements) = &node.content else {
        scope.wrong(node, &spec.name(name), "a list of strings");
        return None;
    };
    let texts = elements.iter().enumerate().filter_map(|(index, element)| {
        scope.text_of(element, &format!("{}[{index}]", spec.name(name))).map(|text| (text, element.at))
    });
    Some(texts.collect())
}

/// `{key: value}`, or the AWS CLI's `[{Key, Value}]`.
fn tags(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<BTreeMap<String, String>> {
    let node = spec.get("tags")?;
    let mut tags = BTreeMap::new();
    let mut found: Vec<(String, Mark, Node)> = Vec::new();
    match &node.content {
        Content::Map(members) => {
            found.extend(members.iter().map(|member| (member.key.clone(), member.at, member.node.clone())));
        }
        Content::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let path = format!("spec.tags[{index}]");
                let Some(fields) = scope.fields(element, &path, &["Key", "Value"]) else { continue };
                let Some(key) = scope.required_text(&fields, "Key", "the tag's key is expected") else { continue };
                let value = fields.get("Value").cloned().unwrap_or(Node::new(element.at, Content::Text(String::new())));
                found.push((key, element.at, value));
            }
        }
        _ => {
            scope.wrong(node, "spec.tags", "a mapping of keys and values");
            return None;
        }
    }
    for (key, at, value) in found {
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
        if key.starts_with("aws:") || key.starts_with("driftless:") {
            scope.error(
                at,
                format!("the tag {} cannot be declared: `aws:` is AWS's and `driftless:` is the agent's", shown(&key)),
            );
        } else if key.is_empty() || key.chars().count() > 128 {
            scope.error(at, "a tag's key has 1 to 128 characters");
        }
        let text = match value.written() {
            Some(text) if text.chars().count() <= 256 => text,
            Some(_) => {
                scope.error(value.at, format!("the value of the tag {} has more than 256 characters", shown(&key)));
                continue;
            }
            None => {
                scope.wrong(&value, &format!("spec.tags.{key}"), "a string");
                continue;
            }
        };
        tags.insert(key, text);
    }
    if tags.len() > MAX_TAGS {
        let message = format!("a stack has at most 50 tags, up to five of them Driftless's own, and these are {}", tags.len());
        scope.error(node.at, message);
    }
    Some(tags)
}

/// "The logical ID must be alphanumeric (A-Za-z0-9) and unique within the template"; of a nested stack `Nested/Logical`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
fn allow_replacement(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Vec<String> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ids = texts(scope, spec, "allowReplacement").unwrap_or_default();
    for (id, at) in ids.iter().filter(|(id, _)| !id.split('/').all(is_id)) {
        let message = format!(
            "`spec.allowReplacement` lists logical ids of the template, as in `Database`, or `Nested/Database` of a nested stack; {} is none",
            shown(id)
        );
        scope.error(*at, message);
    }
    ids.into_iter().map(|(id, _)| id).collect()
}

fn role(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<String> {
    let role = scope.text(spec, "roleArn")?;
    let is_role = role.starts_with("arn:") && role.contains(":role/");
    if !is_role && !role.contains("${") {
        let at = spec.get("roleArn").map_or(spec.node.at, |node| node.at);
        let message = format!(
            "`spec.roleArn` is {}; a role's ARN is expected, as in `arn:aws:iam::123456789012:role/stacks`",
            shown(&role)
        );
        scope.error(at, message);
    }
    Some(role)
}

/// "This parameter can't be specified when the OnStackFailure parameter to the CreateChangeSet API operation was specified."
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>
fn on_failure(scope: &mut Scope<'_>, spec: &Fields<'_>) -> (Option<OnStackFailure>, bool) {
    let on_failure = match scope.word(spec, "onFailure", &["ROLLBACK", "DO_NOTHING", "DELETE"]) {
        Some("ROLLBACK") => Some(OnStackFailure::Rollback),
        Some("DO_NOTHING") => Some(OnStackFailure::DoNothing),
        Some("DELETE") => Some(OnStackFailure::Delete),
        _ => None,
    };
    let disable_rollback = scope.flag(spec, "disableRollback").unwrap_or(false);
    if let (Some(member), true, Some(_)) = (spec.member("disableRollback"), disable_rollback, on_failure) {
        scope.error(member.at, "`disableRollback` and `onFailure` exclude each other at AWS; keep one of them");
    }
    (on_failure, disable_rollback)
}

/// `{file}` or `{inline}`: the policy's own document.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>
fn policy(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>) -> Option<Value> {
    let fields = scope.inner(spec, "stackPolicy", "spec.stackPolicy", &["file", "inline"])?;
    let (file, root) = match (fields.get("file"), fields.get("inline")) {
        (None, Some(inline)) => (scope.file.to_owned(), inline.clone()),
        (Some(_), None) => read_file(scope, reading, &fields, "file")?,
        _ => {
            scope.error(fields.node.at, "`spec.stackPolicy` takes one of `file: NAME` and `inline: {Statement: […]}`");
            return None;
        }
    };
    if !root.get("Statement").is_some_and(|statement| matches!(statement.content, Content::List(_))) {
        let message = "a stack policy is a mapping with a list called `Statement`";
        scope.error_in(location(&file, root.at), message);
        return None;
    }
    let policy = root.to_json();
    if policy.to_string().len() > MAX_POLICY {
        scope.error_in(location(&file, root.at), format!("a stack policy has at most {MAX_POLICY} bytes"));
    }
    Some(policy)
}

fn drift(scope: &mut Scope<'_>, spec: &Fields<'_>) -> DriftSettings {
    let mut drift = DriftSettings::default();
    let Some(fields) = scope.inner(spec, "drift", "spec.drift", &["detect", "interval", "heal"]) else { return drift };
    drift.heal = scope.flag(&fields, "heal").unwrap_or(false);
    drift.detect = scope.flag(&fields, "detect").unwrap_or(true);
    if let Some(interval) = scope.duration(&fields, "interval") {
        if interval < MIN_DRIFT {
            let at = fields.get("interval").map_or(fields.node.at, |node| node.at);
            scope.error(at, "`spec.drift.interval` is at least `5m`: AWS reads every resource of the stack each time");
        }
        drift.interval = interval;
    }
    if drift.heal && !drift.detect {
        let at = fields.member("heal").map_or(fields.node.at, |member| member.at);
        scope.error(at, "`heal` needs `detect: true`: what has drifted has to be found first");
    }
    drift
}

/// The parameters whose declared value is another one than at an older commit; see [`removed`](crate::manifest::removed).
pub(super) fn removed(_: &Resource, old: &CloudFormationStack, _: &Resource, new: &CloudFormationStack) -> Vec<String> {
    let same = old.stack_name == new.stack_name;
    let open = |value: &ParameterValue| matches!(value, ParameterValue::Value(text) if text.contains("${"));
    let changed = new
        .parameters
        .iter()
        .filter(|(key, value)| same && old.parameters.get(*key).is_none_or(|old| old != *value && !open(old)));
    changed.map(|(key, _)| key.clone()).collect()
}
