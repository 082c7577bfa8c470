//! A template's text, JSON or YAML, as a JSON value in which every intrinsic function has its long form.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>

use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;

use crate::error::AwsError;

use crate::cloudformation::errors::invalid;

/// Reads a template. Short forms (`!Ref`, `!GetAtt a.b`) become `{"Ref": ..}`, `{"Fn::GetAtt": [a, b]}`.
pub(crate) fn read(text: &str) -> Result<Value, AwsError> {
    // A byte order mark at the front is none of the template: CloudFormation takes such files.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            invalid(format!("Template format error: JSON not well-formed. (line {line}, column {column})"))
        })?
    } else {
        let yaml: Yaml = serde_yaml::from_str(text).map_err(|error| {
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            invalid(format!("Template format error: YAML not well-formed.{}", place.unwrap_or_default()))
        })?;
        json_of(yaml)
    };
    if !value.is_object() {
        return Err(invalid("Template format error: unsupported structure."));
    }
    match null_in(&value, String::new()) {
        Some(path) => Err(invalid(format!("[{path}] 'null' values are not allowed in templates"))),
        None => Ok(value),
    }
}

/// The path of the first null, `/Outputs/MyOutput/Value`.
fn null_in(value: &Value, path: String) -> Option<String> {
    match value {
        Value::Null => Some(path),
        Value::Object(members) => members.iter().find_map(|(key, member)| null_in(member, format!("{path}/{key}"))),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| null_in(item, format!("{path}/{at}"))),
        _ => None,
    }
}

fn json_of(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or_default(),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(json_of).collect(),
        Yaml::Mapping(members) => {
            let key = |key: Yaml| match json_of(key) {
                Value::String(text) => text,
                // An account's number as a key of a mapping.
                other => other.to_string(),
            };
            Value::Object(members.into_iter().map(|(name, value)| (key(name), json_of(value))).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            long_form(tag.trim_start_matches('!'), json_of(tagged.value))
        }
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
fn long_form(tag: &str, value: Value) -> Value {
    match tag {
        "Ref" | "Condition" => json!({tag: value}),
        // "!GetAtt logicalNameOfResource.attributeName": the name of a resource has no dot, an attribute may have some.
        "GetAtt" => match value.as_str().and_then(|text| text.split_once('.')) {
            Some((resource, attribute)) => json!({"Fn::GetAtt": [resource, attribute]}),
            None => json!({"Fn::GetAtt": value}),
        },
        _ => json!({format!("Fn::{tag}"): value}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_of_yaml_are_the_long_forms_of_json() {
        let yaml = "A: !Ref B\nC: !GetAtt D.Endpoint.Address\nE: !GetAtt [D, Arn]\nF: !If [G, !Sub '${B}', !Ref 'AWS::NoValue']\n\
                    H:\n  123456789012: !Condition G\nI: !Equals [!Ref B, '']\nJ: !Base64\n  'Fn::Join': [',', [a]]\n";
        let json = json!({
            "A": {"Ref": "B"},
            "C": {"Fn::GetAtt": ["D", "Endpoint.Address"]},
            "E": {"Fn::GetAtt": ["D", "Arn"]},
            "F": {"Fn::If": ["G", {"Fn::Sub": "${B}"}, {"Ref": "AWS::NoValue"}]},
            "H": {"123456789012": {"Condition": "G"}},
            "I": {"Fn::Equals": [{"Ref": "B"}, ""]},
            "J": {"Fn::Base64": {"Fn::Join": [",", ["a"]]}},
        });
        assert_eq!(read(yaml).unwrap(), json);
        assert_eq!(read(&json.to_string()).unwrap(), json);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_awss_words() {
        let message = |text: &str| read(text).unwrap_err().message;
        assert!(message("{\"A\": }").starts_with("Template format error: JSON not well-formed. (line 1, column "));
        assert!(message("A: [").starts_with("Template format error: YAML not well-formed. (line "));
        assert_eq!(message("Outputs:\n  A:\n    Value:\n"), "[/Outputs/A/Value] 'null' values are not allowed in templates");
        assert_eq!(message("text"), "Template format error: unsupported structure.");
    }
}
