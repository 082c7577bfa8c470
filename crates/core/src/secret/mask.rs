//! Values with what is secret in them put out of sight: by the member's name in documents, by the flag's or the variable's in
//! command lines, and passwords in addresses.

use serde_json::{Map, Value};

use super::{Shown, is_secret};

/// What stands in a secret's place.
pub const HIDDEN: &str = "(hidden)";

/// Members of AWS's documents that are called like a secret and say where one is, or that there is one.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
const NO_SECRETS: &[&str] =
    &["secrets", "secretOptions", "repositoryCredentials", "credentialSpecs", "authorizationConfig", "clientToken"];

/// The value of the member `name` as it may be printed.
pub fn guarded(name: &str, shown: Shown) -> Shown {
    match shown {
        Shown::Plain(value) if hides(name, &value) => Shown::Hidden(value),
        Shown::Plain(value) => Shown::Plain(masked(value)),
        other => other,
    }
}

/// Whether the member's whole value is a secret.
fn hides(name: &str, value: &Value) -> bool {
    let says_something = match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => !text.is_empty() && !is_pointer(text),
        Value::Array(list) => list.iter().any(|element| !element.as_str().is_some_and(is_pointer)),
        Value::Number(_) | Value::Object(_) => true,
    };
    says_something && !NO_SECRETS.contains(&name) && is_secret(name)
}

/// Whether the text names a secret instead of being one: an ARN, a type of resource, CloudFormation's dynamic references
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>), one of our references, or what
/// stands in the place of a value that was not shown in the first place.
fn is_pointer(text: &str) -> bool {
    ["arn:", "AWS::", "{{resolve:", "${", "(", "****"].iter().any(|begin| text.starts_with(begin))
}

/// The value with everything in it put out of sight that is called like a secret.
pub fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_text(&text)),
        Value::Array(list) => Value::Array(masked_list(list)),
        Value::Object(members) => Value::Object(masked_members(members)),
        other => other,
    }
}

fn masked_members(members: Map<String, Value>) -> Map<String, Value> {
    // `{name, value}` and `{key, value}`: the value's name is another member's value.
    let text = |member: &str| members.get(member).and_then(Value::as_str);
    let named = ["name", "key", "Key", "ParameterKey", "parameterKey"].iter().find_map(|member| text(member)).map(str::to_owned);
    let one = |(name, value): (String, Value)| {
        let is_value = matches!(name.as_str(), "value" | "Value" | "ParameterValue" | "parameterValue");
        let value = match (&named, name.as_str()) {
            (Some(named), _) if is_value && hides(named, &value) => HIDDEN.into(),
            (_, "environment") => masked_environment(value),
            _ if hides(&name, &value) => HIDDEN.into(),
            _ => masked(value),
        };
        (name, value)
    };
    members.into_iter().map(one).collect()
}

/// Everything an environment entry says is hidden, whatever it is called.
fn masked_environment(value: Value) -> Value {
    let Value::Array(list) = value else { return masked(value) };
    let one = |entry: Value| match entry {
        Value::Object(mut members) => {
            for (name, value) in &mut members {
                if name != "name" {
                    *value = HIDDEN.into();
                }
            }
            Value::Object(members)
        }
        other => masked(other),
    };
    Value::Array(list.into_iter().map(one).collect())
}

/// A list that is a command's: what follows `--password` is one, too.
fn masked_list(list: Vec<Value>) -> Vec<Value> {
    let mut follows = false;
    let one = |value: Value| match &value {
        Value::String(text) if std::mem::take(&mut follows) && !text.starts_with('-') && !is_pointer(text) => HIDDEN.into(),
        Value::String(text) => {
            follows = is_flag(text);
            masked(value)
        }
        _ => masked(value),
    };
    list.into_iter().map(one).collect()
}

/// `--password`, whose value stands behind it.
fn is_flag(text: &str) -> bool {
    text.starts_with('-') && !text.contains(['=', ' ']) && is_secret(text)
}

/// A text in which `--token=…`, `TOKEN=…`, `"token": "…"`, `x-api-key: …`, `Bearer …`, `--password …` and `//user:…@host` are
/// without their secrets.
fn masked_text(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        told.push_str(name);
        rest = after;
        let secret = match separator(name, after) {
            Some(separator) => {
                told.push_str(&after[..separator]);
                rest = &after[separator..];
                true
            }
            None => false,
        };
        if secret {
            let (value, after) = value(rest);
            told.push_str(if value.is_empty() || is_pointer(value) { value } else { HIDDEN });
            rest = after;
        } else if let Some(c) = rest.chars().next() {
            told.push(c);
            rest = &rest[c.len_utf8()..];
            if c == '/' && told.ends_with("://") {
                rest = user(rest, &mut told);
            }
        }
    }
    told
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// How long what stands between a secret's name and its value is; None: the name is no secret's, or nothing follows it.
fn separator(name: &str, after: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    let quoted = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let quote = after.len() - quoted.len();
    let spaces = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let secret = is_secret(name);
    // `Authorization: Bearer abc`: the word is no secret, what follows it is.
    let scheme = |text: &str| {
        ["Bearer ", "bearer ", "Basic ", "basic ", "token "]
            .iter()
            .find(|scheme| text.starts_with(**scheme))
            .map_or(0, |scheme| scheme.len())
    };
    match quoted.chars().next()? {
        '=' if secret => Some(quote + 1),
        // `arn:aws:secretsmanager:…:secret:name` has no space.
        ':' if secret => {
            let after = &quoted[1..];
            let wide = spaces(after);
            let begins = after[wide..].starts_with(['"', '\'']);
            (wide > 0 || begins).then(|| quote + 1 + wide + scheme(&after[wide..]))
        }
        ' ' if quote == 0 && (name.starts_with('-') && secret || name == "Bearer") => {
            Some(spaces(after)).filter(|wide| after[*wide..].chars().next().is_some_and(|c| c != '-'))
        }
        _ => None,
    }
}

/// A value, with the quotes that it stands in, and what is behind it.
fn value(text: &str) -> (&str, &str) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let end = text[1..].find(quote).map_or(text.len(), |end| end + 2);
        return text.split_at(end);
    }
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | ')' | '}')).unwrap_or(text.len());
    // `$(…)` and `${…}` are no values yet.
    text.split_at(end)
}

/// Behind `//`: tells the user's name, and the password as hidden.
fn user<'t>(rest: &'t str, told: &mut String) -> &'t str {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'')).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return rest };
    match rest[..at].find(':') {
        Some(colon) if !rest[colon + 1..at].starts_with("${") => {
            told.push_str(&rest[..=colon]);
            told.push_str(HIDDEN);
            &rest[at..]
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_on_command_lines_are_hidden_and_nothing_else_is() {
        let table = [
            ("run --token=cmd-s3cret --port=80", "run --token=(hidden) --port=80"),
            ("run --password cmd-s3cret -v", "run --password (hidden) -v"),
            ("DB_PASSWORD='s3 cret' TOKEN=abc exec web", "DB_PASSWORD=(hidden) TOKEN=(hidden) exec web"),
            ("curl -H \"Authorization: Bearer s3cret\" https://x", "curl -H \"Authorization: Bearer (hidden)\" https://x"),
            ("curl -H 'X-Api-Key: s3cret'", "curl -H 'X-Api-Key: (hidden)'"),
            ("postgres://web:s3cret@db:5432/shop?sslmode=on", "postgres://web:(hidden)@db:5432/shop?sslmode=on"),
            ("https://x/?a=1&token=s3cret&b=2", "https://x/?a=1&token=(hidden)&b=2"),
            (r#"{"user":"web","password":"s3cret","n":1}"#, r#"{"user":"web","password":(hidden),"n":1}"#),
            ("Server=db;Password=s3cret;Database=shop", "Server=db;Password=(hidden);Database=shop"),
            (
                "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db",
                "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db",
            ),
            ("{{resolve:secretsmanager:db:SecretString:password}}", "{{resolve:secretsmanager:db:SecretString:password}}"),
            ("--token=${TOKEN} --force", "--token=${TOKEN} --force"),
            ("registry.example.com/shop/web:1.0.0", "registry.example.com/shop/web:1.0.0"),
            ("für alle: 10 €", "für alle: 10 €"),
        ];
        for (text, told) in table {
            assert_eq!(masked(json!(text)), json!(told));
        }
    }

    #[test]
    fn lists_hide_what_follows_a_flag() {
        let list = json!(["run", "--password", "s3cret", "--token=abc", "--secret", "--verbose", "80"]);
        assert_eq!(masked(list), json!(["run", "--password", HIDDEN, "--token=(hidden)", "--secret", "--verbose", "80"]));
    }

    #[test]
    fn documents_hide_by_the_member_s_name_and_by_the_name_beside_a_value() {
        let document = json!({
            "logConfiguration": {"options": {"splunk-token": "s", "splunk-url": "https://s"}, "secretOptions": [{"name": "t", "valueFrom": "arn:aws:ssm:x"}]},
            "environment": [{"name": "A", "value": "s", "xNew": "s"}],
            "secrets": [{"name": "DB_PASSWORD", "valueFrom": "prod/db"}],
            "parameters": [{"ParameterKey": "DbPassword", "ParameterValue": "s"}, {"ParameterKey": "Size", "ParameterValue": "1"}],
            "tags": [{"key": "team", "value": "shop"}],
            "credentials": {"user": "s"},
            "passwordEnabled": true,
        });
        assert_eq!(
            masked(document),
            json!({
                "logConfiguration": {"options": {"splunk-token": HIDDEN, "splunk-url": "https://s"}, "secretOptions": [{"name": "t", "valueFrom": "arn:aws:ssm:x"}]},
                "environment": [{"name": "A", "value": HIDDEN, "xNew": HIDDEN}],
                "secrets": [{"name": "DB_PASSWORD", "valueFrom": "prod/db"}],
                "parameters": [{"ParameterKey": "DbPassword", "ParameterValue": HIDDEN}, {"ParameterKey": "Size", "ParameterValue": "1"}],
                "tags": [{"key": "team", "value": "shop"}],
                "credentials": HIDDEN,
                "passwordEnabled": true,
            })
        );
    }

    #[test]
    fn a_member_is_hidden_by_its_name_unless_it_only_says_where_the_secret_is() {
        let plain = |value: Value| Shown::Plain(value);
        assert_eq!(guarded("splunk-token", plain(json!("s"))), Shown::Hidden(json!("s")));
        assert_eq!(guarded("Pin", plain(json!(1234))), Shown::Hidden(json!(1234)));
        for value in [json!("arn:aws:secretsmanager:x"), json!("{{resolve:ssm:x}}"), json!(true), json!("")] {
            assert_eq!(guarded("DbPassword", plain(value.clone())), plain(value));
        }
        assert_eq!(guarded("image", plain(json!("web:1"))), plain(json!("web:1")));
        assert_eq!(guarded("token", Shown::Revealed(json!("s"))), Shown::Revealed(json!("s")));
    }
}
