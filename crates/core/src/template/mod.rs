//! What Driftless has to know of a CloudFormation template: its parameters, and what it hides. Everything else in it is between
//! its author and AWS: templates go there byte for byte.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

mod address;
mod likeness;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::manifest::text::node::{Content, Mark, Node};
use crate::manifest::text::parse::parse_template;

pub use address::{dns_suffix, is_ssm_document, s3_object};
pub(crate) use likeness::{Likeness, likeness, text_likeness};

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

/// Whether it is a number or a truth value that stands there without quotes. A block's place is its text, so that it has none.
fn is_bare(node: &Node, text: &str, lines: &[&str]) -> bool {
    let typed = matches!(text, "true" | "false") || text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let (line, column) = (node.at.line as usize, node.at.column as usize);
    let at = || lines.get(line.checked_sub(1)?)?.chars().nth(column.checked_sub(1)?);
    typed && !matches!(at(), Some('"' | '\''))
}

#[cfg(test)]
mod tests;
