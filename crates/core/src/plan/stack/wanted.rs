//! What a manifest wants of a stack: its declared members, with the template's own defaults where it says nothing.
//!
//! A parameter that the manifest does not name has the template's `Default`, as the template is the source's word too; AWS does
//! the same for a parameter that a change set leaves out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::step::{ChangeSetRequest, TemplateSource};
use crate::desired::{CloudFormationStack, DeletionPolicy, ParameterValue, Resource, StackTemplate};
use crate::observed::{Fingerprint, Stack, StackObservation};
use crate::plan::tags::{self, Tags};
use crate::plan::{Context, Verdict, digest};
use crate::template::{Template, is_json, is_ssm_document};

/// See the module.
pub(super) struct Wanted<'a> {
    pub(super) declared: &'a CloudFormationStack,
    pub(super) template: Template,
    /// Of everything that is asked for, but for values that AWS hides.
    pub(super) digest: String,
    /// Of the values that AWS hides.
    pub(super) fingerprint: Fingerprint,
    /// Ours.
    pub(super) own_tags: Tags,
}

impl<'a> Wanted<'a> {
    /// Err: the template cannot be read.
    pub(super) fn new(
        resource: &Resource,
        declared: &'a CloudFormationStack,
        observation: &'a StackObservation,
        context: &Context<'_>,
    ) -> Result<Self, Verdict> {
        let (text, file, place) = match &declared.template {
            StackTemplate::Body { text, file } => (text.as_str(), file.as_deref(), resource.location.to_string()),
            StackTemplate::Url(url) => match &observation.template_at_url {
                Some(text) => (text.as_str(), None, url.clone()),
                None if is_ssm_document(url) => ("", None, url.clone()),
                None => return Err(Verdict::Unknown { message: format!("the template at {url} was not read") }),
            },
        };
        let template = match &declared.template {
            StackTemplate::Url(url) if is_ssm_document(url) => Template::unread(),
            _ => Template::read(text, is_json(text, file)).map_err(|broken| {
                Verdict::stalled("InvalidTemplate", format!("{place}: line {}: {}", broken.at.line, broken.message))
            })?,
        };
        let mut own_tags = tags::ownership(&resource.id, context);
        // Whether pruning may delete the stack stands on it, because by then its manifest is gone. It stays without the tag.
        if declared.deletion_policy == DeletionPolicy::Delete && !resource.prune_disabled {
            own_tags.insert(tags::PRUNE.to_owned(), tags::PRUNE_ENABLED.to_owned());
        }
        // Pruning goes by it: a nested stack inherits all tags, and has another name. One that is ours without it is not
        // written for that, as its tags reach its resources.
        let ours = |stack: &Stack| stack.tags.contains_key(tags::AGENT) && !stack.tags.contains_key(tags::NAME);
        if !observation.stack.present().is_some_and(ours) {
            own_tags.insert(tags::NAME.to_owned(), declared.stack_name.clone());
        }
        let digest = digest_of(declared, &template);
        let fingerprint = Fingerprint::new(digest::of(&json!(hidden(declared, &template).collect::<BTreeMap<_, _>>())));
        Ok(Wanted { declared, template, digest, fingerprint, own_tags })
    }

    /// Parameters with a declared value that AWS hides.
    pub(super) fn hidden(&self) -> impl Iterator<Item = (&String, &str)> {
        hidden(self.declared, &self.template)
    }

    /// Whether there is a letter outside of ASCII in what is declared.
    pub(super) fn is_foreign(&self) -> bool {
        let text = |value: &ParameterValue| matches!(value, ParameterValue::Value(text) if !text.is_ascii());
        self.declared.parameters.values().any(text) || !self.template.canonical().to_string().is_ascii()
    }

    /// Whether AWS shows the parameter's value.
    pub(super) fn hides(&self, key: &str) -> bool {
        self.template.parameters.get(key).is_some_and(|parameter| parameter.no_echo)
    }

    /// What is sent. `live`: the stack that there is.
    pub(super) fn request(&self, name: String, live: Option<&Stack>) -> ChangeSetRequest {
        let declared = self.declared;
        let known = |key: &str| self.template.open_parameters || self.template.parameters.contains_key(key);
        let parameters = declared.parameters.iter().filter(|(key, _)| known(key));
        // Of a stack that is yet to be created there is no previous value: the template's default is it.
        let parameters = parameters.filter(|(_, value)| live.is_some() || **value != ParameterValue::Previous);
        let peoples = declared.tags.clone().or_else(|| live.map(|stack| tags::peoples(&stack.tags)));
        let mut all_tags = peoples.unwrap_or_default();
        all_tags.extend(self.own_tags.clone());
        ChangeSetRequest {
            stack: declared.stack_name.clone(),
            name,
            creates: live.is_none(),
            template: match &declared.template {
                StackTemplate::Body { text, .. } => TemplateSource::Body(text.clone()),
                StackTemplate::Url(url) => TemplateSource::Url(url.clone()),
            },
            parameters: parameters.map(|(key, value)| (key.clone(), value.clone())).collect(),
            capabilities: declared
                .capabilities
                .clone()
                .unwrap_or_else(|| live.map(|stack| stack.capabilities.clone()).unwrap_or_default()),
            tags: all_tags,
            role_arn: declared.role_arn.clone(),
            notification_arns: declared.notification_arns.clone(),
            on_failure: declared.on_failure.filter(|_| live.is_none()),
            hidden: self.fingerprint.clone(),
            // What is yet to be created replaces nothing.
            nested: live.is_some() && self.template.nests(),
            revert_drift: false,
            tries: 0,
            looks: false,
        }
    }

    /// A parameter without default whose previous value there is none of.
    pub(super) fn without_value(&self) -> Option<&str> {
        let previous = self.declared.parameters.iter().filter(|(_, value)| **value == ParameterValue::Previous);
        let mut missing =
            previous.filter(|(key, _)| self.template.parameters.get(*key).is_some_and(|parameter| parameter.default.is_none()));
        missing.next().map(|(key, _)| key.as_str())
    }
}

/// Whether a value is declared that AWS hides; a template that cannot be read may hide all of them.
pub(super) fn hides_any(declared: &CloudFormationStack, observation: &StackObservation) -> bool {
    let valued = |value: &ParameterValue| matches!(value, ParameterValue::Value(_));
    if !declared.parameters.values().any(valued) {
        return false;
    }
    let template = match &declared.template {
        StackTemplate::Body { text, file } => Template::read(text, is_json(text, file.as_deref())).ok(),
        StackTemplate::Url(url) if is_ssm_document(url) => None,
        StackTemplate::Url(_) => {
            observation.template_at_url.as_ref().and_then(|text| Template::read(text, is_json(text, None)).ok())
        }
    };
    template.is_none_or(|template| hidden(declared, &template).next().is_some())
}

fn hidden<'a>(declared: &'a CloudFormationStack, template: &'a Template) -> impl Iterator<Item = (&'a String, &'a str)> {
    let no_echo = |key: &str| template.parameters.get(key).is_some_and(|parameter| parameter.no_echo);
    declared.parameters.iter().filter_map(move |(key, value)| match value {
        ParameterValue::Value(value) if no_echo(key) => Some((key, value.as_str())),
        _ => None,
    })
}

/// Comments, order and white space of the template are no part of it. A hidden value is never part of it: whoever reads the stack's events could try values until the digest fits. A dynamic
/// reference (`{{resolve:…}}`) is no secret but says where one is.
fn digest_of(declared: &CloudFormationStack, template: &Template) -> String {
    let value = |(key, value): (&String, &ParameterValue)| {
        let hidden = template.parameters.get(key).is_some_and(|parameter| parameter.no_echo);
        let shown = match value {
            ParameterValue::Previous => json!({"previous": true}),
            ParameterValue::Value(text) if !hidden || text.starts_with("{{resolve:") => json!(text),
            ParameterValue::Value(_) => json!({"hidden": true}),
        };
        (key.clone(), shown)
    };
    let sorted = |list: &Option<Vec<String>>| {
        let mut list = list.clone();
        if let Some(list) = &mut list {
            list.sort();
        }
        list
    };
    let url = match &declared.template {
        StackTemplate::Url(url) => Some(url),
        StackTemplate::Body { .. } => None,
    };
    let parameters: BTreeMap<String, Value> = declared.parameters.iter().map(value).collect();
    digest::of(&json!({
        "stack": declared.stack_name,
        "template": digest::of(&template.exact()),
        "url": url,
        "parameters": parameters,
        "tags": declared.tags,
        "role": declared.role_arn,
        "topics": sorted(&declared.notification_arns),
        "capabilities": sorted(&declared.capabilities),
        "onFailure": declared.on_failure.map(|word| word.as_str()),
        "disableRollback": declared.disable_rollback,
        "delete": declared.deletion_policy == DeletionPolicy::Delete,
    }))
}
