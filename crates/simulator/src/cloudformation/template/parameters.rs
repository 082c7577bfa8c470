//! A template's parameters: what is given for them, what they come to, and how they are shown.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::AwsError;
use crate::query;

use super::model::Template;
use crate::cloudformation::errors::invalid;

/// The values of SSM parameters that somebody has set; all others have made-up ones.
pub(crate) type Stored = BTreeMap<String, String>;

/// The parameters of a stack or a change set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parameters {
    /// As they were given, or by default: what `UsePreviousValue` takes up.
    given: BTreeMap<String, String>,
    /// What `Ref` gives: lists for list types, the resolved value of an SSM parameter.
    pub(crate) values: BTreeMap<String, Value>,
    /// The values of SSM parameters.
    resolved: BTreeMap<String, String>,
    /// Those shown as `****`.
    hidden: Vec<String>,
}

impl Parameters {
    /// Reads `Parameters.member.N` for a template. `previous` are the stack's own, for `UsePreviousValue`.
    pub(crate) fn read(template: &Template, input: &Value, previous: Option<&Self>, ssm: &Stored) -> Result<Self, AwsError> {
        let mut given = BTreeMap::new();
        for item in query::list(input, "Parameters").unwrap_or_default() {
            let key = query::text(item, "ParameterKey").unwrap_or_default().to_string();
            if query::flag(item, "UsePreviousValue") == Some(true) {
                // "If you specify true, do not specify a parameter value.": API_Parameter.html
                if query::text(item, "ParameterValue").is_some() {
                    return Err(invalid(format!(
                        "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                    )));
                }
                let value = previous.and_then(|previous| previous.given.get(&key)).cloned();
                let missing = || {
                    invalid(format!(
                        "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                    ))
                };
                given.insert(key.clone(), value.ok_or_else(missing)?);
            } else {
                given.insert(key, item["ParameterValue"].as_str().unwrap_or_default().to_string());
            }
        }
        let unknown: Vec<&str> =
            given.keys().map(String::as_str).filter(|key| template.member("Parameters", key).is_none()).collect();
        if !unknown.is_empty() {
            return Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
        }
        let mut missing = Vec::new();
        for (name, declared) in template.section("Parameters") {
            if given.contains_key(name) {
                continue;
            }
            match declared.get("Default") {
                Some(default) => drop(given.insert(name.clone(), plain(default))),
                None => missing.push(name.as_str()),
            }
        }
        if !missing.is_empty() {
            return Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))));
        }
        let mut parameters = Self { given, ..Self::default() };
        for (name, declared) in template.section("Parameters") {
            parameters.take(name, declared, ssm)?;
        }
        Ok(parameters)
    }

    fn take(&mut self, name: &str, declared: &Value, ssm: &Stored) -> Result<(), AwsError> {
        let value = self.given.get(name).cloned().unwrap_or_default();
        let kind = declared["Type"].as_str().unwrap_or_default();
        check(name, &value, declared)?;
        if matches!(&declared["NoEcho"], Value::Bool(true)) || declared["NoEcho"] == "true" {
            self.hidden.push(name.to_string());
        }
        let (value, kind) = match kind.strip_prefix("AWS::SSM::Parameter::Value<").and_then(|rest| rest.strip_suffix('>')) {
            Some(inner) => {
                let resolved = ssm.get(&value).cloned().unwrap_or_else(|| stored(&value, inner));
                self.resolved.insert(name.to_string(), resolved.clone());
                (resolved, inner)
            }
            None => (value, kind),
        };
        let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        let value = if list { value.split(',').map(|part| Value::from(part.trim())).collect() } else { value.into() };
        self.values.insert(name.to_string(), value);
        Ok(())
    }

    /// As DescribeStacks and DescribeChangeSet show them: "returns the parameter value masked as asterisks (*****)" for
    /// NoEcho; recorded answers have four.
    pub(crate) fn view(&self) -> Value {
        let shown = |key: &String, value: &String| {
            let value = if self.hidden.contains(key) { "****" } else { value };
            json!({"ParameterKey": key, "ParameterValue": value, "ResolvedValue": self.resolved.get(key)})
        };
        self.given.iter().map(|(key, value)| shown(key, value)).collect()
    }

    /// Whether there are none: then the member is not shown.
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }
}

/// A default's or an allowed value's text: the template may write it as a number or a Boolean.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A made-up value of an SSM parameter, always the same for the same name, and of the form its type wants.
fn stored(name: &str, kind: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let prefix = match kind {
        "AWS::EC2::Image::Id" => "ami-0",
        "AWS::EC2::VPC::Id" => "vpc-0",
        "AWS::EC2::Subnet::Id" => "subnet-0",
        "AWS::EC2::SecurityGroup::Id" => "sg-0",
        _ => return format!("value-of-{}", name.trim_start_matches('/')),
    };
    format!("{prefix}{hash:016x}")
}

fn check(name: &str, value: &str, declared: &Value) -> Result<(), AwsError> {
    let refuse = |what: String| {
        let own = declared.get("ConstraintDescription").and_then(Value::as_str);
        Err(invalid(match own {
            // "Without a constraint description, a parameter that has an allowed pattern of ... displays the following error".
            Some(description) => format!("Parameter {name} failed to satisfy constraint: {description}"),
            None => format!("Parameter '{name}' {what}"),
        }))
    };
    let number = |key: &str| declared.get(key).map(plain).and_then(|text| text.parse::<f64>().ok());
    let kind = declared["Type"].as_str().unwrap_or_default();
    let parts: Vec<&str> = match kind {
        "CommaDelimitedList" | "List<Number>" => value.split(',').map(str::trim).collect(),
        _ => vec![value],
    };
    for part in parts {
        if matches!(kind, "Number" | "List<Number>") {
            let Ok(parsed) = part.parse::<f64>() else {
                return Err(invalid(format!("Parameter '{name}' must be a number.")));
            };
            if let Some(least) = number("MinValue").filter(|least| parsed < *least) {
                return refuse(format!("must be a number not less than {least}"));
            }
            if let Some(most) = number("MaxValue").filter(|most| parsed > *most) {
                return refuse(format!("must be a number not greater than {most}"));
            }
        }
        let length = part.chars().count() as f64;
        if let Some(least) = number("MinLength").filter(|least| length < *least) {
            return refuse(format!("must contain at least {least} characters"));
        }
        if let Some(most) = number("MaxLength").filter(|most| length > *most) {
            return refuse(format!("must contain at most {most} characters"));
        }
        let allowed = declared.get("AllowedValues").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| !allowed.iter().any(|item| plain(item) == part)) {
            return refuse("must be one of AllowedValues".into());
        }
        let pattern = declared.get("AllowedPattern").and_then(Value::as_str);
        if let Some(pattern) = pattern.filter(|pattern| !matches(pattern, part)) {
            return refuse(format!("must match pattern {pattern}"));
        }
    }
    Ok(())
}

/// Whether the whole value matches, as Java's `matches` has it. A pattern that only Java can read lets everything through.
fn matches(pattern: &str, value: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).map_or(true, |regex| regex.is_match(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Parameters:\n  Size: {Type: Number, MinValue: 1, MaxValue: 5, Default: 2}\n\
        \x20 Name: {Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: small letters}\n\
        \x20 Zones: {Type: CommaDelimitedList, Default: 'a, b'}\n  Secret: {Type: String, NoEcho: true, Default: s}\n\
        \x20 Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /aws/image}\n\
        Resources: {A: {Type: 'AWS::SNS::Topic'}}";

    fn read(pairs: &[(&str, &str)]) -> Result<Parameters, AwsError> {
        let list: Vec<Value> = pairs.iter().map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": value})).collect();
        Parameters::read(
            &crate::cloudformation::template::read(TEMPLATE).unwrap(),
            &json!({"Parameters": list}),
            None,
            &Stored::new(),
        )
    }

    #[test]
    fn values_have_the_types_that_are_declared_and_secrets_are_not_shown() {
        let parameters = read(&[("Name", "web")]).unwrap();
        assert_eq!(parameters.values["Zones"], json!(["a", "b"]));
        assert_eq!(parameters.values["Size"], "2");
        let image = parameters.values["Image"].as_str().unwrap();
        assert!(image.starts_with("ami-0") && image.len() == 21, "{image}");
        let view = parameters.view();
        let secret = view.as_array().unwrap().iter().find(|one| one["ParameterKey"] == "Secret").unwrap();
        assert_eq!(secret["ParameterValue"], "****");
    }

    #[test]
    fn what_is_missing_unknown_or_against_a_constraint_is_refused_in_awss_words() {
        let message = |pairs: &[(&str, &str)]| read(pairs).unwrap_err().message;
        assert_eq!(message(&[]), "Parameters: [Name] must have values");
        assert_eq!(message(&[("Name", "a"), ("Other", "b")]), "Parameters: [Other] do not exist in the template");
        assert_eq!(message(&[("Name", "A")]), "Parameter Name failed to satisfy constraint: small letters");
        assert_eq!(message(&[("Name", "a"), ("Size", "many")]), "Parameter 'Size' must be a number.");
        assert_eq!(message(&[("Name", "a"), ("Size", "9")]), "Parameter 'Size' must be a number not greater than 5");
    }
}
