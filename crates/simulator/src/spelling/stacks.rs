//! Where in CloudFormation's answers a stack's own words stand.

use serde_json::Value;

use super::invented::{Invention, unsettled};

/// The lists of a stack or a change set whose order means nothing.
const UNORDERED: [&str; 4] = ["Tags", "Outputs", "Parameters", "Capabilities"];

/// Spells the stacks, change sets and templates of an answer.
pub(super) fn spell(invention: Option<Invention>, answer: &mut Value) {
    // "DescribeStacks and GetTemplate show `?`" for what is not ASCII:
    // <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220> and issues/814.
    if let Some(Value::String(body)) = answer.get_mut("TemplateBody") {
        *body = ascii(body);
    }
    let own = answer.get("Stacks").is_none() && answer.get("StackName").is_some();
    if own {
        holder(invention, answer);
    }
    answer.get_mut("Stacks").and_then(Value::as_array_mut).into_iter().flatten().for_each(|stack| holder(invention, stack));
}

fn ascii(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect()
}

/// A stack, or a change set.
fn holder(invention: Option<Invention>, holder: &mut Value) {
    let name = holder["StackName"].as_str().unwrap_or_default().to_string();
    for (list, key, value) in
        [("Tags", "Key", "Value"), ("Outputs", "OutputKey", "OutputValue"), ("Parameters", "ParameterKey", "ParameterValue")]
    {
        for item in holder.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            for member in [key, value] {
                if let Some(Value::String(text)) = item.get_mut(member) {
                    *text = ascii(text);
                }
            }
            let Some(invention) = invention.filter(|_| list == "Parameters") else { continue };
            let place = format!("/Parameters/{}", item[key].as_str().unwrap_or_default());
            if let Some(Value::String(text)) = item.get_mut(value)
                && text != "****"
                && (unsettled(&name) || invention.draws(&name, &format!("{place}#spelled"), 4))
            {
                *text = invention.text(&name, &place, text);
            }
        }
    }
    if let Some(Value::String(text)) = holder.get_mut("Description") {
        *text = ascii(text);
    }
    let Some(invention) = invention else { return };
    for list in UNORDERED {
        if let Some(Value::Array(items)) = holder.get_mut(list)
            && invention.draws(&name, list, 2)
        {
            items.reverse();
        }
    }
}
