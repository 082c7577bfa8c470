//! What Driftless has to know of a CloudFormation template: its parameters, and whether two say the same. Everything else in
//! it is between its author and AWS: templates go there byte for byte.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::manifest::text::node::{Content, Mark, Node};
use crate::manifest::text::parse::parse_template;

/// "Template body size in a request for a CreateStack, UpdateStack, or ValidateTemplate request: 51,200 bytes".
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const MAX_BODY: usize = 51_200;
/// "Template body size in an Amazon S3 object: 1 MB".
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const MAX_OBJECT: usize = 1_048_576;

/// A template as far as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    root: Node,
    /// `Parameters`, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// `Parameters` itself comes from a macro, so that more of them may appear.
    pub open_parameters: bool,
}

/// One of `Parameters`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// `Default`, as text.
    pub default: Option<String>,
    /// `NoEcho: true`: AWS never shows its value again.
    pub no_echo: bool,
    /// `CommaDelimitedList`, `List<…>`: white space around the commas means nothing.
    pub list: bool,
    pub(crate) at: Mark,
}

/// Why a template cannot be read, and where in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Broken {
    pub(crate) at: Mark,
    pub(crate) message: String,
}

/// Whether a template's text is JSON: its file is called so, or it looks like it.
pub(crate) fn is_json(text: &str, file: Option<&str>) -> bool {
    let by_name = file.map(|file| (file.ends_with(".json"), file.ends_with(".yaml") || file.ends_with(".yml")));
    match by_name {
        Some((true, _)) => true,
        Some((_, true)) => false,
        _ => text.trim_start().starts_with('{'),
    }
}

impl Template {
    /// Reads the template's text.
    pub(crate) fn read(text: &str, is_json: bool) -> Result<Template, Broken> {
        let parsed = parse_template(text.as_bytes(), is_json);
        if let Some(fault) = parsed.broken {
            return Err(Broken { at: fault.at, message: fault.message });
        }
        let mut documents = parsed.documents.into_iter();
        let Some(document) = documents.next() else {
            return Err(Broken { at: Mark::START, message: "the template is empty".to_owned() });
        };
        if let Some(second) = documents.next() {
            let message = "a second document begins here; a template is one".to_owned();
            return Err(Broken { at: second.root.at, message });
        }
        if let Some(fault) = document.faults.into_iter().next() {
            return Err(Broken { at: fault.at, message: fault.message });
        }
        let root = document.root;
        if !matches!(root.content, Content::Map(_)) {
            return Err(Broken { at: root.at, message: format!("this is {}; a template is a mapping", root.kind()) });
        }
        // "Resources (required)": https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
        match root.get("Resources") {
            Some(resources) if resources.members().is_empty() => {
                let message = "`Resources` has no resource; a template needs at least one".to_owned();
                return Err(Broken { at: resources.at, message });
            }
            Some(_) => {}
            None => {
                let near = root.members().iter().map(|member| member.key.as_str());
                let near = crate::model::report::nearest("Resources", near).filter(|near| *near != "Resources");
                let near = near.map_or(String::new(), |near| format!("; `{near}` is probably meant to be it"));
                return Err(Broken { at: root.at, message: format!("the template has no `Resources`{near}") });
            }
        }
        let declared = root.get("Parameters");
        let open_parameters = declared.is_some_and(|declared| declared.get("Fn::Transform").is_some());
        let parameters = declared.into_iter().flat_map(Node::members);
        let parameters = parameters.filter(|member| member.key != "Fn::Transform");
        let parameters = parameters.map(|member| (member.key.clone(), parameter(member.at, &member.node))).collect();
        Ok(Template { root, parameters, open_parameters })
    }

    /// The template as a value: short forms written out, every scalar as text.
    pub(crate) fn canonical(&self) -> Value {
        canonical(&self.root)
    }

    /// What in the template can change behind its back: AWS looks these up when it runs a change.
    pub(crate) fn hidden(&self) -> BTreeSet<&'static str> {
        let mut found = BTreeSet::new();
        look_for_hidden(&self.root, &mut found);
        if let Some(parameters) = self.root.get("Parameters") {
            let from_ssm = |node: &Node| node.get("Type").and_then(Node::text).is_some_and(|kind| kind.contains("AWS::SSM::"));
            if parameters.members().iter().any(|member| from_ssm(&member.node)) {
                found.insert("parameters from Systems Manager");
            }
        }
        if self.root.get("Transform").is_some() {
            found.insert("macros");
        }
        found
    }
}

fn look_for_hidden(node: &Node, found: &mut BTreeSet<&'static str>) {
    match &node.content {
        Content::Text(text) if text.contains("{{resolve:") => {
            found.insert("dynamic references");
        }
        Content::List(elements) => elements.iter().for_each(|element| look_for_hidden(element, found)),
        Content::Map(members) => {
            for member in members {
                match member.key.as_str() {
                    "Fn::Transform" => drop(found.insert("macros")),
                    "Type" if member.node.text() == Some("AWS::CloudFormation::Stack") => drop(found.insert("nested stacks")),
                    _ => {}
                }
                look_for_hidden(&member.node, found);
            }
        }
        _ => {}
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
fn parameter(at: Mark, node: &Node) -> Parameter {
    let text = |key: &str| node.get(key).and_then(scalar);
    Parameter {
        default: text("Default"),
        no_echo: text("NoEcho").is_some_and(|word| word.eq_ignore_ascii_case("true")),
        list: text("Type").is_some_and(|kind| kind == "CommaDelimitedList" || kind.contains("List<")),
        at,
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.content {
        Content::Text(text) => Some(text.clone()),
        Content::Bool(value) => Some(value.to_string()),
        Content::Number(value) => Some(value.to_string()),
        _ => None,
    }
}

fn canonical(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::List(elements) => elements.iter().map(canonical).collect(),
        Content::Map(members) => {
            Value::Object(members.iter().map(|member| (member.key.clone(), canonical(&member.node))).collect::<Map<_, _>>())
        }
        _ => Value::String(scalar(node).unwrap_or_default()),
    }
}

/// Whether AWS's `Original` template of a stack is the declared one. Equal texts are; so are texts that differ only in
/// what CloudFormation takes for no change (comments, order, white space, JSON against YAML), since it would refuse a
/// change set for that ("The submitted information didn't contain changes").
///
/// GetTemplate shows `?` for every character outside of ASCII (<https://github.com/aws/aws-cdk/pull/25912>), so that a
/// change between two such characters is not seen.
pub(crate) fn same(declared: &str, live: &str) -> bool {
    let plain = |text: &str| ascii(&text.replace("\r\n", "\n")).trim_end().to_owned();
    let (declared, live) = (plain(declared), plain(live));
    if declared == live {
        return true;
    }
    let read = |text: &str| Template::read(text, is_json(text, None)).ok().map(|template| template.canonical());
    read(&declared).is_some_and(|declared| read(&live) == Some(declared))
}

/// Bucket, key and version of an object's address in S3, in each of its forms; None for any other address.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
pub fn s3_object(url: &str) -> Option<(String, String, Option<String>)> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    let (path, version) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query.strip_prefix("versionId=")?.to_owned())),
        None => (path, None),
    };
    let host = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let is_s3 = |host: &str| host == "s3" || host.starts_with("s3.") || host.starts_with("s3-");
    let (bucket, key) = if is_s3(host) {
        path.split_once('/')?
    } else {
        let end = host.match_indices(".s3").map(|(at, _)| at).filter(|at| is_s3(&host[at + 1..])).last()?;
        (&host[..end], path)
    };
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned(), version))
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

    #[test]
    fn parameters_are_read_with_their_defaults_as_written() {
        let template = Template::read(YAML, false).expect("a template");
        assert_eq!(template.parameters["Size"].default.as_deref(), Some("010"));
        assert!(template.parameters["Key"].no_echo && !template.parameters["Size"].no_echo);
    }

    #[test]
    fn comments_order_and_short_forms_are_no_change() {
        let json = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Other": {"Fn::GetAtt": ["A", "B.C"]},
            "List": {"Fn::Join": [",", [{"Ref": "Size"}, "b"]]}, "TopicName": {"Fn::Sub": "${AWS::StackName}-x"}}}},
            "Parameters": {"Size": {"Type": "Number", "Default": "010"}, "Key": {"Type": "String", "NoEcho": true}}}"#;
        assert!(same(YAML, json));
        assert!(!same(YAML, &json.replace("-x", "-y")));
        assert!(same(YAML, &format!("{YAML}\n\n")));
    }

    #[test]
    fn characters_that_get_template_cannot_show_are_no_change() {
        assert!(same("Resources: {A: {Type: T, D: für}}", "Resources: {A: {Type: T, D: f??r}}"));
        assert!(same("Resources: {A: {Type: T, D: für}}", "Resources: {A: {Type: T, D: f?r}}"));
        assert!(!same("Resources: {A: {Type: T, D: für}}", "Resources: {A: {Type: T, D: fur}}"));
    }

    #[test]
    fn a_template_without_resources_is_told_with_what_was_meant() {
        let broken = Template::read("Resource:\n  A: {Type: T}\n", false).expect_err("refused");
        assert_eq!(broken.message, "the template has no `Resources`; `Resource` is probably meant to be it");
        let broken = Template::read("Resources:\n  A: [1\n", false).expect_err("refused");
        assert!(broken.at.line >= 2 && broken.message.starts_with("this is not YAML"), "{broken:?}");
    }

    #[test]
    fn every_form_of_an_address_in_s3_is_known_and_no_other() {
        let object =
            |url: &str| s3_object(url).map(|(bucket, key, version)| format!("{bucket} {key} {}", version.unwrap_or_default()));
        assert_eq!(object("https://a.b.s3.eu-central-1.amazonaws.com/x/y.json").as_deref(), Some("a.b x/y.json "));
        assert_eq!(object("https://s3.eu-central-1.amazonaws.com/b/x/y").as_deref(), Some("b x/y "));
        assert_eq!(object("https://s3-eu-west-1.amazonaws.com/b/x?versionId=7").as_deref(), Some("b x 7"));
        assert_eq!(object("https://b.s3.amazonaws.com/x").as_deref(), Some("b x "));
        for other in [
            "http://b.s3.amazonaws.com/x",
            "https://169.254.170.2/x/y",
            "https://example.com/s3.amazonaws.com/x",
            "https://b.s3.amazonaws.com/",
        ] {
            assert_eq!(object(other), None, "{other}");
        }
    }

    #[test]
    fn what_changes_behind_an_equal_template_is_known() {
        let hidden = |text: &str| Template::read(text, false).expect("a template").hidden().into_iter().collect::<Vec<_>>();
        assert!(hidden(YAML).is_empty());
        let all = "Transform: AWS::Serverless-2016-10-31\nParameters: {Ami: {Type: 'AWS::SSM::Parameter::Value<String>'}}\nResources:\n  A: {Type: AWS::CloudFormation::Stack}\n  B: {Type: T, P: '{{resolve:ssm:/a}}'}\n";
        assert_eq!(hidden(all), ["dynamic references", "macros", "nested stacks", "parameters from Systems Manager"]);
    }
}
