//! GetTemplate, GetTemplateSummary and ValidateTemplate.

use serde_json::{Value, json};

use crate::error::Answer;
use crate::query;

use super::{change_sets, requests};
use crate::cloudformation::engine::ground::Ground;
use crate::cloudformation::engine::state::State;
use crate::cloudformation::errors::{invalid, no_stack_with_id};
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::template::{self, Template};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html>: the template as it was sent. "If
/// the template doesn't include transforms, Original and Processed return the same template."
pub(crate) fn get(state: &State, input: &Value) -> Answer {
    let settings = match (query::text(input, "ChangeSetName"), query::text(input, "StackName")) {
        (Some(_), _) => Some(&change_sets::find(state, input)?.1.settings),
        (None, Some(name)) => state.find(name).ok_or_else(|| no_stack_with_id(name))?.settings.as_ref(),
        (None, None) => return Err(invalid("StackName is required if ChangeSetName is not specified.")),
    };
    let text = settings.map(|settings| settings.template.text.as_str());
    Ok(json!({"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}))
}

fn flag(value: &Value) -> bool {
    value == &Value::Bool(true) || value == "true"
}

fn common(template: &Template) -> Value {
    let (capabilities, kinds) = requests::needed(template);
    let mut answer = json!({"Description": template.description(), "DeclaredTransforms": template.transforms()});
    if !capabilities.is_empty() {
        answer["Capabilities"] = json!(capabilities);
        answer["CapabilitiesReason"] = format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")).into();
    }
    answer
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html>
pub(crate) fn validate(ground: &Ground<'_>, input: &Value) -> Answer {
    let text = requests::template_text(ground, input)?;
    let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let template = template::read(&text)?;
    let mut answer = common(&template);
    let parameter = |(name, declared): (&String, &Value)| {
        json!({
            "ParameterKey": name,
            "DefaultValue": declared.get("Default").map(plain),
            "NoEcho": flag(&declared["NoEcho"]),
            "Description": declared.get("Description"),
        })
    };
    answer["Parameters"] = template.section("Parameters").map(parameter).collect();
    Ok(answer)
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html>
pub(crate) fn summary(ground: &Ground<'_>, input: &Value) -> Answer {
    let template = match (requests::template_text(ground, input)?, query::text(input, "StackName")) {
        (Some(text), _) => template::read(&text)?,
        (None, Some(name)) => {
            let stack = ground.state.find(name).ok_or_else(|| no_stack_with_id(name))?;
            let in_review = || invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.");
            stack.settings.as_ref().ok_or_else(in_review)?.template.as_ref().clone()
        }
        (None, None) => return Err(invalid("Either StackName or TemplateBody or TemplateURL must be specified.")),
    };
    let mut answer = common(&template);
    let parameter = |(name, declared): (&String, &Value)| {
        let allowed = declared.get("AllowedValues").and_then(Value::as_array);
        let allowed: Vec<String> = allowed.into_iter().flatten().map(plain).collect();
        json!({
            "ParameterKey": name,
            "ParameterType": declared["Type"],
            "DefaultValue": declared.get("Default").map(plain),
            "NoEcho": flag(&declared["NoEcho"]),
            "Description": declared.get("Description"),
            "ParameterConstraints": if allowed.is_empty() { json!({}) } else { json!({"AllowedValues": allowed}) },
        })
    };
    answer["Parameters"] = template.section("Parameters").map(parameter).collect();
    answer["ResourceTypes"] = {
        let mut kinds: Vec<&str> = template.resources.values().map(|declared| declared.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        json!(kinds)
    };
    answer["Version"] = json!(template.top("AWSTemplateFormatVersion").map(plain));
    answer["Metadata"] = json!(template.top("Metadata").map(Value::to_string));
    Ok(answer)
}
