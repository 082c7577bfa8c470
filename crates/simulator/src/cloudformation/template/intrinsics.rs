//! Intrinsic functions: what the values of a template come to.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value};

use super::model::Template;
use super::parameters::{Parameters, plain};
use super::references::{self, Reference};

/// What stands for a value that is known only after the change, as recorded change sets show it.
pub(crate) const AFTER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Everything that a function may look at.
pub(crate) struct Scope<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a Parameters,
    pub(crate) pseudo: &'a Pseudo,
    pub(crate) conditions: &'a BTreeMap<String, bool>,
    /// What `Ref` (without an attribute) and `Fn::GetAtt` of a resource give.
    pub(crate) resource: &'a dyn Fn(&str, Option<&str>) -> Evaluated,
    /// The exports of all stacks.
    pub(crate) exports: &'a BTreeMap<String, String>,
}

/// The pseudo parameters' values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pseudo {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stack_name: String,
    pub(crate) stack_id: String,
    pub(crate) notifications: Vec<String>,
}

/// A value, or why there is none, in AWS's words.
pub(crate) type Evaluated = Result<Value, String>;

/// Which conditions hold: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html>.
pub(crate) fn conditions(
    template: &Template,
    parameters: &Parameters,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, String> {
    let mut known = BTreeMap::new();
    let names: Vec<&String> = template.section("Conditions").map(|(name, _)| name).collect();
    // A condition may name another one: as many rounds as there are conditions are enough.
    for _ in 0..names.len() {
        for name in &names {
            let body = template.member("Conditions", name).unwrap_or(&Value::Null);
            let mut found = Vec::new();
            references::references(body, &mut found);
            let ready = |reference: &Reference| match reference {
                Reference::Condition(other, _) => known.contains_key(other),
                _ => true,
            };
            if !known.contains_key(*name) && found.iter().all(ready) {
                let none = |name: &str, _: Option<&str>| Err(format!("{name} is no parameter"));
                let scope =
                    Scope { template, parameters, pseudo, conditions: &known, resource: &none, exports: &BTreeMap::new() };
                let holds = scope.test(body)?;
                known.insert((*name).clone(), holds);
            }
        }
    }
    match names.iter().find(|name| !known.contains_key(**name)) {
        Some(circular) => Err(format!("Template format error: Found circular condition dependency with condition {circular}")),
        None => Ok(known),
    }
}

impl Scope<'_> {
    /// What a value comes to; `None` for `AWS::NoValue`, which takes the member away that it stands in.
    pub(crate) fn value(&self, value: &Value) -> Result<Option<Value>, String> {
        match value {
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.value(item)).collect();
                Ok(Some(items?.into_iter().flatten().collect()))
            }
            Value::Object(members) => {
                if let Some((name, argument)) = members.iter().next().filter(|_| members.len() == 1)
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.function(name, argument);
                }
                let mut out = Map::new();
                for (key, member) in members {
                    if let Some(member) = self.value(member)? {
                        out.insert(key.clone(), member);
                    }
                }
                Ok(Some(Value::Object(out)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    /// A value that has to be there.
    fn some(&self, value: &Value) -> Evaluated {
        Ok(self.value(value)?.unwrap_or(Value::Null))
    }

    fn text(&self, value: &Value) -> Result<String, String> {
        Ok(plain(&self.some(value)?))
    }

    fn function(&self, name: &str, argument: &Value) -> Result<Option<Value>, String> {
        let value = match name {
            "Ref" => return self.reference(&plain(argument)),
            "Fn::If" => {
                let (condition, then, otherwise) = (&argument[0], &argument[1], &argument[2]);
                let holds = self.holds(condition.as_str().unwrap_or_default(), "Fn::If")?;
                return self.value(if holds { then } else { otherwise });
            }
            "Fn::GetAtt" => self.attribute(argument)?,
            "Fn::Sub" => self.substitute(argument)?,
            "Fn::Join" => self.join(argument)?,
            "Fn::Select" => self.select(argument)?,
            "Fn::Split" => {
                let (delimiter, text) = (self.text(&argument[0])?, self.text(&argument[1])?);
                match (argument.as_array().map(Vec::len), delimiter.is_empty(), text.contains(AFTER)) {
                    (_, _, true) => AFTER.into(),
                    (Some(2), false, _) => text.split(&delimiter).map(Value::from).collect(),
                    _ => {
                        return Err(
                            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and \
                                    (2) a string to be split or a function that returns a string to be split."
                                .into(),
                        );
                    }
                }
            }
            "Fn::FindInMap" => self.find(argument)?,
            "Fn::ImportValue" => {
                let name = self.text(argument)?;
                let value = self.exports.get(&name).ok_or_else(|| format!("No export named {name} found"))?;
                value.as_str().into()
            }
            "Fn::GetAZs" => {
                let asked = self.text(argument)?;
                let region = if asked.is_empty() { &self.pseudo.region } else { &asked };
                ["a", "b", "c"].iter().map(|zone| Value::from(format!("{region}{zone}"))).collect()
            }
            "Fn::Base64" => base64(self.text(argument)?.as_bytes()).into(),
            "Fn::Cidr" => cidr(&self.some(argument)?)?,
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                self.test(&Value::Object(Map::from_iter([(name.to_string(), argument.clone())])))?.into()
            }
            "Fn::Length" => self.some(argument)?.as_array().map_or(0, Vec::len).into(),
            "Fn::ToJsonString" => self.some(argument)?.to_string().into(),
            other => return Err(format!("Template error: the simulator does not know the function {other}")),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, String> {
        let pseudo = self.pseudo;
        Ok(Some(match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => pseudo.account.as_str().into(),
            "AWS::Region" => pseudo.region.as_str().into(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => pseudo.stack_name.as_str().into(),
            "AWS::StackId" => pseudo.stack_id.as_str().into(),
            "AWS::NotificationARNs" => pseudo.notifications.iter().map(String::as_str).collect(),
            _ => match self.parameters.values.get(name) {
                Some(value) => value.clone(),
                None => (self.resource)(name, None)?,
            },
        }))
    }

    fn attribute(&self, argument: &Value) -> Evaluated {
        let argument = match argument {
            Value::Array(list) => Value::Array(vec![list[0].clone(), self.some(list.get(1).unwrap_or(&Value::Null))?]),
            other => other.clone(),
        };
        match references::attribute(&argument) {
            Some(Reference::Attribute(name, attribute)) if !attribute.is_empty() => (self.resource)(&name, Some(&attribute)),
            _ => Err("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the \
                      resource attribute"
                .into()),
        }
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>
    fn substitute(&self, argument: &Value) -> Evaluated {
        let (text, variables) = match argument {
            Value::String(text) => (text.clone(), Map::new()),
            Value::Array(list) => {
                let variables = list.get(1).map(|variables| self.some(variables)).transpose()?;
                let text = list.first().and_then(Value::as_str).unwrap_or_default().to_string();
                (text, variables.and_then(|variables| variables.as_object().cloned()).unwrap_or_default())
            }
            _ => return Err("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.".into()),
        };
        let (mut out, mut rest) = (String::new(), text.as_str());
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                continue;
            };
            match (name.strip_prefix('!'), variables.get(name.trim())) {
                // "${!Literal}" resolves to "${Literal}".
                (Some(literal), _) => out.push_str(&format!("${{{literal}}}")),
                (_, Some(value)) => out.push_str(&plain(value)),
                _ => out.push_str(&self.named(name.trim())?),
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out.into())
    }

    fn named(&self, name: &str) -> Result<String, String> {
        let value = match name.split_once('.') {
            Some((resource, attribute)) => Some((self.resource)(resource, Some(attribute))?),
            None => self.reference(name)?,
        };
        Ok(value.map(|value| plain(&value)).unwrap_or_default())
    }

    fn join(&self, argument: &Value) -> Evaluated {
        let (delimiter, items) = (self.text(&argument[0])?, self.some(&argument[1])?);
        match items {
            Value::Array(items) => Ok(items.iter().map(plain).collect::<Vec<_>>().join(&delimiter).into()),
            Value::String(text) if text == AFTER => Ok(AFTER.into()),
            _ => Err("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of \
                      strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
                .into()),
        }
    }

    fn select(&self, argument: &Value) -> Evaluated {
        let (index, items) = (self.text(&argument[0])?, self.some(&argument[1])?);
        let index: usize = index.parse().map_err(|_| {
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list".to_string()
        })?;
        match &items {
            Value::Array(items) => items
                .get(index)
                .cloned()
                .ok_or_else(|| format!("Template error: Fn::Select cannot select nonexistent value at index {index}")),
            Value::String(text) if text.contains(AFTER) => Ok(AFTER.into()),
            _ => Err("Template error: Fn::Select requires a list argument with two elements: an integer index and a list".into()),
        }
    }

    fn find(&self, argument: &Value) -> Evaluated {
        let (map, first, second) = (self.text(&argument[0])?, self.text(&argument[1])?, self.text(&argument[2])?);
        let found = self.template.member("Mappings", &map).and_then(|map| map.get(&first)?.get(&second));
        match (found, argument.get(3).and_then(|more| more.get("DefaultValue"))) {
            (Some(found), _) => Ok(found.clone()),
            (None, Some(default)) => self.some(default),
            (None, None) => Err(format!("Template error: Unable to get mapping for {map}::{first}::{second}")),
        }
    }

    fn holds(&self, name: &str, function: &str) -> Result<bool, String> {
        let known = self.conditions.get(name).copied();
        known.ok_or_else(|| format!("Template error: unresolved condition dependency {name} in {function}"))
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html>
    fn test(&self, value: &Value) -> Result<bool, String> {
        let Some((name, argument)) = value.as_object().and_then(|members| members.iter().next()) else {
            return Ok(value == &Value::Bool(true) || value == "true");
        };
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match name.as_str() {
            "Condition" => self.holds(argument.as_str().unwrap_or_default(), "Condition"),
            "Fn::Equals" if arguments.len() == 2 => Ok(self.text(&arguments[0])? == self.text(&arguments[1])?),
            "Fn::Equals" => Err("Template error: every Fn::Equals object requires a list of 2 string parameters.".into()),
            "Fn::Not" if arguments.len() == 1 => Ok(!self.test(&arguments[0])?),
            "Fn::Not" => Err("Template error: every Fn::Not object requires one boolean parameter.".into()),
            "Fn::And" | "Fn::Or" if !(2..=10).contains(&arguments.len()) => Err(format!(
                "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
            )),
            "Fn::And" => arguments.iter().try_fold(true, |held, one| Ok(held & self.test(one)?)),
            "Fn::Or" => arguments.iter().try_fold(false, |held, one| Ok(held | self.test(one)?)),
            _ => Ok(plain(&self.some(value)?) == "true"),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize] as char;
            out.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

/// `Fn::Cidr`: so many blocks with so many bits for hosts, IPv4 or IPv6.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html>
fn cidr(arguments: &Value) -> Evaluated {
    let wrong = || format!("Template error: Fn::Cidr cannot divide {arguments}");
    let number = |at: usize| plain(&arguments[at]).parse::<u32>();
    let block = plain(&arguments[0]);
    if block.contains(AFTER) {
        return Ok(AFTER.into());
    }
    let (address, length) = block.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let (first, width): (u128, u32) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let length: u32 = length.parse().map_err(|_| wrong())?;
    let (count, bits) = (number(1).map_err(|_| wrong())?, number(2).unwrap_or(8));
    let room = width.checked_sub(length).and_then(|room| room.checked_sub(bits)).ok_or_else(wrong)?;
    if room < 32 && u64::from(count) > 1_u64 << room {
        return Err(wrong());
    }
    let blocks = (0..u128::from(count)).map(|at| {
        let start = first + (at << bits);
        let start = if width == 32 { IpAddr::V4((start as u32).into()) } else { IpAddr::V6(start.into()) };
        Value::from(format!("{start}/{}", width - bits))
    });
    Ok(blocks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEMPLATE: &str = "Parameters: {Stage: {Type: String, Default: prod}}\n\
        Mappings: {Sizes: {prod: {Count: 3}}}\n\
        Conditions: {Prod: !Equals [!Ref Stage, prod], Both: !And [!Condition Prod, !Not [!Equals [a, b]]]}\n\
        Resources: {A: {Type: 'AWS::SNS::Topic'}}";

    fn evaluate(expression: Value) -> Result<Option<Value>, String> {
        let template = crate::cloudformation::template::read(TEMPLATE).unwrap();
        let parameters = Parameters::read(&template, &json!({}), None, &std::collections::BTreeMap::new()).unwrap();
        let pseudo = Pseudo { region: "eu-central-1".into(), stack_name: "web".into(), ..Pseudo::default() };
        let conditions = conditions(&template, &parameters, &pseudo).unwrap();
        assert!(conditions["Both"]);
        let resource = |name: &str, attribute: Option<&str>| Ok(format!("{name}/{}", attribute.unwrap_or("ref")).into());
        let exports = BTreeMap::from([("net-Vpc".to_string(), "vpc-1".to_string())]);
        let scope = Scope {
            template: &template,
            parameters: &parameters,
            pseudo: &pseudo,
            conditions: &conditions,
            resource: &resource,
            exports: &exports,
        };
        scope.value(&expression)
    }

    #[test]
    fn functions_come_to_their_values() {
        for (expression, wanted) in [
            (json!({"Ref": "Stage"}), json!("prod")),
            (json!({"Ref": "A"}), json!("A/ref")),
            (json!({"Fn::GetAtt": ["A", "Endpoint.Port"]}), json!("A/Endpoint.Port")),
            (json!({"Fn::Sub": "${Stage}-${A.Arn}-${!Literal}-${AWS::Region}"}), json!("prod-A/Arn-${Literal}-eu-central-1")),
            (json!({"Fn::Sub": ["${x}${Stage}", {"x": {"Ref": "A"}}]}), json!("A/refprod")),
            (json!({"Fn::Join": ["-", ["a", {"Ref": "AWS::NoValue"}, 1]]}), json!("a-1")),
            (json!({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}), json!("b")),
            (json!({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Count"]}), json!(3)),
            (json!({"Fn::If": ["Prod", "yes", "no"]}), json!("yes")),
            (json!({"Fn::ImportValue": {"Fn::Sub": "net-Vpc"}}), json!("vpc-1")),
            (json!({"Fn::GetAZs": ""}), json!(["eu-central-1a", "eu-central-1b", "eu-central-1c"])),
            (json!({"Fn::Base64": "hello"}), json!("aGVsbG8=")),
            (json!({"Fn::Cidr": ["10.0.0.0/16", 2, "8"]}), json!(["10.0.0.0/24", "10.0.1.0/24"])),
            (json!({"Fn::Cidr": ["2600:1f14::/56", 2, 64]}), json!(["2600:1f14::/64", "2600:1f14:0:1::/64"])),
            (json!({"a": {"Ref": "AWS::NoValue"}, "b": 1}), json!({"b": 1})),
        ] {
            assert_eq!(evaluate(expression.clone()), Ok(Some(wanted)), "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_said_in_awss_words() {
        for (expression, message) in [
            (json!({"Fn::ImportValue": "none"}), "No export named none found"),
            (json!({"Fn::FindInMap": ["Sizes", "dev", "Count"]}), "Template error: Unable to get mapping for Sizes::dev::Count"),
            (
                json!({"Fn::Select": ["x", ["a"]]}),
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
            ),
        ] {
            assert_eq!(evaluate(expression.clone()), Err(message.to_string()), "{expression}");
        }
    }
}
