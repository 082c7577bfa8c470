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
    /// What it was read from: quotes are seen there.
    source: String,
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
        // A macro at the top of the template, `AWS::Include` among them, may bring them:
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
        let brought = root.get("Transform").is_some() || root.get("Fn::Transform").is_some();
        match root.get("Resources") {
            Some(resources) if resources.members().is_empty() && !brought => {
                let message = "`Resources` has no resource; a template needs at least one".to_owned();
                return Err(Broken { at: resources.at, message });
            }
            Some(_) => {}
            None => {
                let near = root.members().iter().map(|member| member.key.as_str());
                let near = crate::model::report::nearest("Resources", near).filter(|near| *near != "Resources");
                if near.is_some() || !brought {
                    let near = near.map_or(String::new(), |near| format!("; `{near}` is probably meant to be it"));
                    return Err(Broken { at: root.at, message: format!("the template has no `Resources`{near}") });
                }
            }
        }
        let declared = root.get("Parameters");
        let included = |node: Option<&Node>| node.is_some_and(|node| node.get("Fn::Transform").is_some());
        let open_parameters = included(declared) || included(Some(&root));
        let parameters = declared.into_iter().flat_map(Node::members);
        let parameters = parameters.filter(|member| member.key != "Fn::Transform");
        let parameters = parameters.map(|member| (member.key.clone(), parameter(member.at, &member.node))).collect();
        Ok(Template { root, source: text.to_owned(), parameters, open_parameters })
    }

    /// A template that nobody here can read: an SSM document's.
    pub(crate) fn unread() -> Template {
        Template {
            root: Node::new(Mark::START, Content::Null),
            source: String::new(),
            parameters: BTreeMap::new(),
            open_parameters: true,
        }
    }

    /// Whether it is one.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.root.content, Content::Null)
    }

    /// The template as a value: short forms written out, every scalar as text.
    pub(crate) fn canonical(&self) -> Value {
        canonical(&self.root, None)
    }

    /// The same with numbers and truth values told from texts, but in `Parameters`, where all are texts. Comments, order and
    /// white space are not in it.
    pub(crate) fn exact(&self) -> Value {
        let lines: Vec<&str> = self.source.lines().collect();
        match &self.root.content {
            Content::Map(members) => {
                let all = members.iter().map(|member| {
                    let lines = (member.key != "Parameters").then_some(&lines[..]);
                    (member.key.clone(), canonical(&member.node, lines))
                });
                all.collect::<Map<_, _>>().into()
            }
            _ => canonical(&self.root, None),
        }
    }

    /// Logical id, type and condition of each resource.
    pub(crate) fn resources(&self) -> Vec<(&str, Option<&str>, Option<&str>)> {
        let members = self.root.get("Resources").map(Node::members).unwrap_or_default();
        let members = members.iter().filter(|member| !member.key.starts_with("Fn::"));
        members
            .map(|member| {
                let text = |key| member.node.get(key).and_then(Node::text);
                (member.key.as_str(), text("Type"), text("Condition"))
            })
            .collect()
    }

    /// Resources in which something is decided by a condition, or by a macro.
    pub(crate) fn conditional(&self) -> BTreeSet<String> {
        fn decides(node: &Node) -> bool {
            let words = ["Fn::If", "Condition", "Fn::FindInMap", "Fn::Transform"];
            match &node.content {
                Content::List(elements) => elements.iter().any(decides),
                Content::Map(members) => {
                    members.iter().any(|member| words.contains(&member.key.as_str()) || decides(&member.node))
                }
                _ => false,
            }
        }
        let macros = self.has_macros();
        let members = self.root.get("Resources").map(Node::members).unwrap_or_default();
        members.iter().filter(|member| macros || decides(&member.node)).map(|member| member.key.clone()).collect()
    }

    /// Whether a macro makes something else of it than what is written.
    pub(crate) fn has_macros(&self) -> bool {
        self.is_unread() || self.hidden().contains("macros")
    }

    /// Whether it has stacks within it, as far as can be told.
    pub(crate) fn nests(&self) -> bool {
        let nested = |kind: Option<&str>| matches!(kind, Some("AWS::CloudFormation::Stack" | "AWS::Serverless::Application"));
        self.is_unread() || self.hidden().contains("nested stacks") || self.resources().iter().any(|(_, kind, _)| nested(*kind))
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

/// `lines`: the source, where `1` is told from `"1"`.
fn canonical(node: &Node, lines: Option<&[&str]>) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::List(elements) => elements.iter().map(|element| canonical(element, lines)).collect(),
        Content::Map(members) => {
            let members = members.iter().map(|member| (member.key.clone(), canonical(&member.node, lines)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => {
            let text = scalar(node).unwrap_or_default();
            match lines.is_some_and(|lines| is_bare(node, &text, lines)) {
                true => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                false => Value::String(text),
            }
        }
    }
}

/// Whether it is a number or a truth value that stands there without quotes.
fn is_bare(node: &Node, text: &str, lines: &[&str]) -> bool {
    let typed = matches!(text, "true" | "false") || text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let (line, column) = (node.at.line as usize, node.at.column as usize);
    let at = || lines.get(line.checked_sub(1)?)?.chars().nth(column.checked_sub(1)?);
    typed && !matches!(at(), Some('"' | '\'' | '|' | '>'))
}

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

/// The suffix of a Region's endpoints, by its partition.
/// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>
pub fn dns_suffix(region: &str) -> &'static str {
    let row = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    row.map_or("amazonaws.com", |(_, suffix)| suffix)
}

const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// Whether it names a Systems Manager document: `ssm-doc://arn:aws:ssm:REGION:ACCOUNT:document/NAME`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>,
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli_cloudformation_code_examples.html>
pub fn is_ssm_document(url: &str) -> bool {
    let arn = url.strip_prefix("ssm-doc://").unwrap_or_default();
    let name = arn.split_once(":document/").filter(|(head, _)| head.starts_with("arn:") && head.contains(":ssm:"));
    name.is_some_and(|(_, name)| !name.is_empty())
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
    let suffixes = SUFFIXES.iter().map(|(_, suffix)| *suffix).chain(["amazonaws.com"]);
    let host = suffixes.filter_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.')).next()?;
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
            ("fur", "fur", Likeness::Same),
        ] {
            assert_eq!(like(&template(declared), &template(live)), expected, "{declared} {live}");
            assert_eq!(text_likeness(declared, live), expected, "{declared} {live}");
        }
    }

    #[test]
    fn resources_may_come_from_a_macro_at_the_top_or_an_include() {
        for accepted in [
            "Transform: Mine\nMappings: {A: {B: {C: d}}}\n",
            "Transform: [Mine]\nResources: {}\n",
            "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n",
            "Resources: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://b/k}}}\n",
        ] {
            assert!(Template::read(accepted, false).is_ok(), "{accepted}");
        }
        let broken = Template::read("Transform: Mine\nResource: {A: {Type: T}}\n", false).expect_err("refused");
        assert!(broken.message.contains("`Resource` is probably meant to be it"));
        assert!(Template::read("Description: nothing\nResources: {}\n", false).is_err());
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
        assert_eq!(object("https://b.s3.cn-north-1.amazonaws.com.cn/x").as_deref(), Some("b x "));
        assert_eq!(object("https://b.s3.eusc-de-east-1.amazonaws.eu/x").as_deref(), Some("b x "));
        assert_eq!(dns_suffix("eusc-de-east-1"), "amazonaws.eu");
        assert_eq!(dns_suffix("eu-central-1"), "amazonaws.com");
        assert!(is_ssm_document("ssm-doc://arn:aws:ssm:eu-central-1:123456789012:document/net"));
        assert!(!is_ssm_document("ssm-doc://net") && !is_ssm_document("https://arn:aws:ssm:x:1:document/net"));
        for other in [
            "http://b.s3.amazonaws.com/x",
            "https://169.254.170.2/x/y",
            "https://example.com/s3.amazonaws.com/x",
            "https://b.s3.eviamazonaws.com/x",
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
