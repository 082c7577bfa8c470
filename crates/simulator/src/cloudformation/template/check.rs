//! Whether all that a template refers to is there, and nothing refers to itself in a circle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{Template, format_error};
use super::references::{Reference, references};
use crate::cloudformation::errors::invalid;
use crate::error::AwsError;

/// The pseudo parameters:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html>.
const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Refuses a template that refers to what it does not declare, or in a circle.
pub(crate) fn check(template: &Template) -> Result<(), AwsError> {
    let is_parameter = |name: &str| PSEUDO.contains(&name) || template.member("Parameters", name).is_some();
    for block in ["Conditions", "Resources", "Outputs"] {
        let mut found = Vec::new();
        for (_, member) in template.section(block) {
            // A resource's own attribute `Condition` is a name, and its metadata is not looked at for references.
            let inside = match (block, member) {
                ("Conditions", value) => value.clone(),
                (_, Value::Object(members)) => {
                    let looked_at = members.iter().filter(|(key, _)| !matches!(key.as_str(), "Condition" | "DependsOn"));
                    looked_at.map(|(_, value)| value.clone()).collect()
                }
                (_, other) => other.clone(),
            };
            references(&inside, &mut found);
        }
        check_block(template, block, &found, &is_parameter)?;
    }
    check_conditions(template)?;
    circle(template)
}

fn check_block(
    template: &Template,
    block: &str,
    found: &[Reference],
    is_parameter: &dyn Fn(&str) -> bool,
) -> Result<(), AwsError> {
    let mut unresolved = BTreeSet::new();
    for reference in found {
        match reference {
            Reference::Name(name) => {
                let resource = block != "Conditions" && template.resources.contains_key(name);
                if !resource && !is_parameter(name) {
                    unresolved.insert(name.clone());
                }
            }
            Reference::Attribute(name, _) if block != "Conditions" && !template.resources.contains_key(name) => {
                return Err(invalid(format!("Template error: instance of Fn::GetAtt references undefined resource {name}")));
            }
            Reference::Condition(name, function) if template.member("Conditions", name).is_none() => {
                return Err(invalid(format!("Template error: unresolved condition dependency {name} in {function}")));
            }
            _ => {}
        }
    }
    if block == "Resources" {
        let depended = template.section(block).flat_map(|(_, member)| match &member["DependsOn"] {
            Value::String(single) => vec![single.clone()],
            list => list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect(),
        });
        unresolved.extend(depended.filter(|name| !template.resources.contains_key(name)));
    }
    if unresolved.is_empty() {
        return Ok(());
    }
    let names = unresolved.into_iter().collect::<Vec<_>>().join(", ");
    Err(format_error(match block {
        "Conditions" => {
            format!("Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block of the template")
        }
        _ => format!("Unresolved resource dependencies [{names}] in the {block} block of the template"),
    }))
}

/// The attribute `Condition` of resources and outputs.
fn check_conditions(template: &Template) -> Result<(), AwsError> {
    for block in ["Resources", "Outputs"] {
        for (_, member) in template.section(block) {
            let Some(name) = member.get("Condition").and_then(Value::as_str) else { continue };
            if template.member("Conditions", name).is_none() {
                let message = format!("Unresolved condition dependency {name} in the {block} block of the template");
                return Err(format_error(message));
            }
        }
    }
    Ok(())
}

/// Refuses resources that need each other.
fn circle(template: &Template) -> Result<(), AwsError> {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = template
        .resources
        .iter()
        .map(|(name, declared)| {
            let needs = declared.needs.iter().filter(|needed| template.resources.contains_key(*needed));
            (name.as_str(), needs.map(String::as_str).collect())
        })
        .collect();
    loop {
        let free: Vec<&str> = left.iter().filter(|(_, needs)| needs.is_empty()).map(|(name, _)| *name).collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|name| drop(left.remove(name)));
        left.values_mut().for_each(|needs| needs.retain(|needed| !free.contains(needed)));
    }
    if left.is_empty() {
        return Ok(());
    }
    let names = left.into_keys().collect::<Vec<_>>().join(", ");
    Err(invalid(format!("Circular dependency between resources: [{names}]")))
}

#[cfg(test)]
mod tests {
    fn refused(template: &str) -> String {
        crate::cloudformation::template::read(template).unwrap_err().message
    }

    #[test]
    fn a_reference_to_what_is_not_there_is_refused_in_awss_words() {
        let resource = "Resources: {A: {Type: 'AWS::SNS::Topic'";
        assert_eq!(
            refused(&format!("{resource}, Properties: {{X: !Ref Nope, Y: !Sub '${{Neither}}${{!Literal}}'}}}}}}")),
            "Template format error: Unresolved resource dependencies [Neither, Nope] in the Resources block of the template"
        );
        assert_eq!(
            refused(&format!("{resource}, DependsOn: Zed}}}}")),
            "Template format error: Unresolved resource dependencies [Zed] in the Resources block of the template"
        );
        assert_eq!(
            refused(&format!("{resource}, Properties: {{X: !GetAtt B.Arn}}}}}}")),
            "Template error: instance of Fn::GetAtt references undefined resource B"
        );
        assert_eq!(
            refused(&format!("{resource}, Properties: {{X: !If [No, a, b]}}}}}}")),
            "Template error: unresolved condition dependency No in Fn::If"
        );
        assert_eq!(
            refused(&format!("{resource}}}}}\nOutputs: {{O: {{Value: !Ref Nope}}}}")),
            "Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template"
        );
    }

    #[test]
    fn resources_that_need_each_other_are_refused() {
        let template = "Resources:\n  A: {Type: 'AWS::S::T', Properties: {X: !Ref B}}\n  B: {Type: 'AWS::S::T', DependsOn: [A]}\n\
                        \x20 C: {Type: 'AWS::S::T'}\n";
        assert_eq!(refused(template), "Circular dependency between resources: [A, B]");
    }

    #[test]
    fn a_template_without_resources_or_with_other_sections_is_refused() {
        assert_eq!(refused("Description: x"), "Template format error: At least one Resources member must be defined.");
        assert_eq!(
            refused("Resources: {A: {Properties: {}}}"),
            "Template format error: [/Resources/A] Every Resources object must contain a Type member."
        );
        assert_eq!(refused("Resource: {}"), "Template format error: Invalid template property or properties [Resource]");
        assert_eq!(refused("Resources: {A: {Type: 'AWS::S3'}}"), "Template format error: Unrecognized resource types: [AWS::S3]");
    }
}
