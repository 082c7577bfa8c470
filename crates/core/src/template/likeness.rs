//! Whether two templates, or two texts of which AWS shows one, say the same.

use serde_json::{Map, Value};

use super::{Template, is_json};

/// How like a declared text is to the one that AWS shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The same.
    Same,
    /// The same as far as AWS shows it.
    Unsure,
    /// Another.
    Different,
}

/// Whether AWS's `Original` template of a stack is the declared one. Equal texts are; so are texts that differ only in
/// what CloudFormation takes for no change (comments, order, white space, JSON against YAML), since it would refuse a
/// change set for that ("The submitted information didn't contain changes").
///
/// GetTemplate shows `?` for every character outside of ASCII
/// (<https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220>), so that of such text only the likeness
/// is known; and whether `1` is `"1"` is for each resource type to say.
pub(crate) fn likeness(declared: &Template, live: &str) -> Likeness {
    let Ok(live) = Template::read(live, is_json(live, None)) else { return Likeness::Different };
    let (wanted, shown) = (declared.canonical(), live.canonical());
    if folded(&wanted) != folded(&shown) {
        Likeness::Different
    } else if wanted == shown && declared.exact() == live.exact() && is_shown(&wanted.to_string()) {
        Likeness::Same
    } else {
        Likeness::Unsure
    }
}

/// Whether AWS shows every character of it.
fn is_shown(text: &str) -> bool {
    text.is_ascii() && !text.contains('?')
}

/// The same for a single text that AWS shows with `?`: a tag, a parameter's value.
pub(crate) fn text_likeness(declared: &str, shown: &str) -> Likeness {
    if ascii(declared) != ascii(shown) {
        Likeness::Different
    } else if declared == shown && is_shown(declared) {
        Likeness::Same
    } else {
        Likeness::Unsure
    }
}

/// A value with every text in it as [`ascii`] has it.
fn folded(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(ascii(text)),
        Value::Array(elements) => elements.iter().map(folded).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (ascii(key), folded(value))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}

/// Every run of `?` and of characters outside of ASCII as one `?`.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }) {
        if !(letter == '?' && out.ends_with('?')) {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "# a comment\nParameters:\n  Size: {Type: Number, Default: 010}\n  Key: {Type: String, NoEcho: true}\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: !Sub '${AWS::StackName}-x'\n      Other: !GetAtt A.B.C\n      List: !Join [',', [!Ref Size, b]]\n";

    fn like(declared: &str, live: &str) -> Likeness {
        likeness(&Template::read(declared, is_json(declared, None)).expect("a template"), live)
    }

    #[test]
    fn comments_order_and_short_forms_are_no_change() {
        let json = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Other": {"Fn::GetAtt": ["A", "B.C"]},
            "List": {"Fn::Join": [",", [{"Ref": "Size"}, "b"]]}, "TopicName": {"Fn::Sub": "${AWS::StackName}-x"}}}},
            "Parameters": {"Size": {"Type": "Number", "Default": "010"}, "Key": {"Type": "String", "NoEcho": true}}}"#;
        assert_eq!(like(YAML, json), Likeness::Same);
        assert_eq!(like(YAML, &json.replace("-x", "-y")), Likeness::Different);
        assert_eq!(like(YAML, &format!("{YAML}\n\n# für")), Likeness::Same, "a comment is no part of it");
        // Each resource type reads these its own way.
        let count = |value: &str| format!("Resources: {{A: {{Type: T, Properties: {{Count: {value}}}}}}}");
        assert_eq!(like(&count("1"), &count("'1'")), Likeness::Unsure);
        assert_eq!(like(&count("1"), r#"{"Resources": {"A": {"Type": "T", "Properties": {"Count": 1}}}}"#), Likeness::Same);
    }

    #[test]
    fn of_characters_that_get_template_cannot_show_only_the_likeness_is_known() {
        let template = |text: &str| format!("Resources: {{A: {{Type: T, D: {text}}}}}");
        for (declared, live, expected) in [
            ("für", "f??r", Likeness::Unsure),
            ("für", "f?r", Likeness::Unsure),
            ("你好", "????", Likeness::Unsure),
            ("f?r", "f?r", Likeness::Unsure),
            ("für", "fur", Likeness::Different),
            ("fürs", "f?rt", Likeness::Different),
            ("fur", "fur", Likeness::Same),
        ] {
            assert_eq!(like(&template(declared), &template(live)), expected, "{declared} {live}");
            assert_eq!(text_likeness(declared, live), expected, "{declared} {live}");
        }
    }
}
