//! Reads a file into documents, with bounds on everything that a hostile file could make grow.
//!
//! YAML's events come from `saphyr-parser`; the tree is our own, for its places and its bounds. JSON is read as what it
//! is, a subset of YAML but for escaped surrogates, by `json.rs`.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::bounds::{Budget, Fault, MAX_DEPTH, ParsedDocument, duplicate, note, too_deep};
use super::node::{Content, Mark, Member, Node};
use super::{json, scalar};

/// Characters that can begin a token of YAML, in one file. The scanner keeps every token of a `[` or `{` until its end,
/// 170 bytes each, before the first of them is seen here.
const MAX_INDICATORS: usize = 400_000;
/// All documents up to the first place that cannot be read, and that place.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Parsed {
    pub(crate) documents: Vec<ParsedDocument>,
    pub(crate) broken: Option<Fault>,
}

/// JSON is read as JSON, everything else as YAML.
pub(crate) fn is_json(path: &str) -> bool {
    path.ends_with(".json")
}

/// Reads `bytes`, as JSON when `is_json`, else as YAML 1.2.
pub(crate) fn parse(bytes: &[u8], is_json: bool) -> Parsed {
    parse_as(bytes, is_json, false)
}

/// The same for a CloudFormation template: a short form (`!Sub x`) becomes what it stands for (`{"Fn::Sub": "x"}`), and
/// unquoted words stay as written (`010` is no ten there), as every property of a template is text in the end.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
pub(crate) fn parse_template(bytes: &[u8], is_json: bool) -> Parsed {
    parse_as(bytes, is_json, true)
}

fn parse_as(bytes: &[u8], is_json: bool, template: bool) -> Parsed {
    let text = match text(bytes) {
        Ok(text) => text,
        Err(fault) => return Parsed { documents: Vec::new(), broken: Some(fault) },
    };
    if is_json {
        return match json::parse(text) {
            Ok(None) => Parsed::default(),
            Ok(Some(document)) => Parsed { documents: vec![document], broken: None },
            Err(fault) => Parsed { documents: Vec::new(), broken: Some(fault) },
        };
    }
    if let Some(fault) = crowded(text) {
        return Parsed { documents: Vec::new(), broken: Some(fault) };
    }
    let mut builder = Builder { template, ..Builder::default() };
    let mut broken = None;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(Fault::new(mark_of(error.marker()), not_yaml(error.info()))),
        };
        if let Err(fault) = step {
            broken = Some(fault);
            break;
        }
    }
    Parsed { documents: builder.documents, broken }
}

fn crowded(text: &str) -> Option<Fault> {
    let indicators = text.bytes().filter(|byte| b",:?-[]{}#&*!|>'\"%@`".contains(byte)).count();
    let message =
        format!("the file has more than {MAX_INDICATORS} of YAML's own characters (`,`, `:`, quotes and so on); split it");
    (indicators > MAX_INDICATORS).then(|| Fault::new(Mark::START, message))
}

fn not_yaml(info: &str) -> String {
    let hint = match info {
        info if info.contains("unknown anchor") => "; an alias (`*name`) repeats what stands above it, in the same document",
        info if info.contains("tab") => "; indent with spaces",
        info if info.contains("mapping values are not allowed") => "; a value that contains `: ` needs quotes",
        info if info.contains("while parsing a block mapping") => "; check the indentation of this line and the one before",
        info if info.contains("simple key expect") => "; is a `:` missing, or is the indentation wrong?",
        _ => "",
    };
    format!("this is not YAML: {info}{hint}")
}

fn mark_of(marker: &saphyr_parser::Marker) -> Mark {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: small(marker.line().max(1)), column: small(marker.col() + 1) }
}

/// UTF-8 without NUL, less a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Fault::new(Mark::START, "the file is in UTF-16; save it as UTF-8"));
    }
    let place = |before: &[u8]| {
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        let column = 1 + String::from_utf8_lossy(&before[start..]).chars().count();
        Mark { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    };
    if let Some(index) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Fault::new(
            place(&bytes[..index]),
            "the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8",
        ));
    }
    std::str::from_utf8(bytes)
        .map_err(|error| Fault::new(place(&bytes[..error.valid_up_to()]), "the file is not UTF-8 from here on; save it as UTF-8"))
}

/// A list or mapping that is not finished.
struct Frame {
    at: Mark,
    anchor: usize,
    body: Body,
    /// The function that a template's short form stands for.
    function: Option<String>,
}

enum Body {
    List(Vec<Node>),
    Map { members: Vec<Member>, seen: HashMap<String, Mark>, key: Option<Key>, merges: Vec<Node> },
}

struct Key {
    text: String,
    at: Mark,
    /// `<<`, unquoted.
    merge: bool,
}

#[derive(Default)]
struct Builder {
    documents: Vec<ParsedDocument>,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    faults: Vec<Fault>,
    budget: Budget,
    /// See [`parse_template`].
    template: bool,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let at = mark_of(&span.start);
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::DocumentEnd => {
                let faults = std::mem::take(&mut self.faults);
                if let Some(root) = self.root.take().filter(|root| !root.is_null()) {
                    self.documents.push(ParsedDocument { root, faults });
                }
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at)?,
            Event::SequenceStart(anchor, tag) => {
                let function = self.tag(tag.as_deref(), "seq", at);
                self.open(at, anchor, Body::List(Vec::new()), function)?;
            }
            Event::MappingStart(anchor, tag) => {
                let function = self.tag(tag.as_deref(), "map", at);
                let body = Body::Map { members: Vec::new(), seen: HashMap::new(), key: None, merges: Vec::new() };
                self.open(at, anchor, body, function)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    let open = self.stack.iter().any(|frame| frame.anchor == anchor);
                    return Err(Fault::new(
                        at,
                        match open {
                            true => "the alias stands within what it names, which would never end",
                            false => {
                                "what the alias names stands in another document of the file, or further below; an alias repeats what stands above it in the same document: write it out here"
                            }
                        },
                    ));
                };
                let (nodes, bytes) = node.size();
                if self.stack.len() + node.depth() > MAX_DEPTH {
                    return Err(Fault::new(at, too_deep()));
                }
                self.budget.take(nodes, bytes, at)?;
                let node = node.copied(at);
                self.add(node)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
        Ok(())
    }

    /// A tag that changes nothing is fine; any other is a fault, but for a template's short forms.
    fn tag(&mut self, tag: Option<&Tag>, expected: &str, at: Mark) -> Option<String> {
        let tag = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == expected))?;
        let function = self.template.then(|| function(&tag.to_string())).flatten();
        if function.is_none() {
            note(&mut self.faults, at, format!("the tag `{tag}` has no meaning here; remove it"));
        }
        function
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, at: Mark) -> Result<(), Fault> {
        self.budget.take(1, text.len(), at)?;
        let quoted = style != ScalarStyle::Plain;
        let string = tag.is_some_and(says_string);
        let function = tag.filter(|_| !string).and_then(|tag| self.tag(Some(tag), "", at));
        if self.wants_key() {
            // A key is its text, whatever it looks like: JSON's keys are strings.
            return self.key(Node::new(at, Content::Text(text.to_owned())), anchor, text == "<<" && !quoted);
        }
        let content = if quoted || string || (self.template && !matches!(text, "" | "~" | "null" | "Null" | "NULL")) {
            Content::Text(text.to_owned())
        } else {
            scalar::plain(text).unwrap_or_else(|message| {
                note(&mut self.faults, at, message);
                Content::Text(text.to_owned())
            })
        };
        let node = applied(function, Node::spelt(at, content, text));
        self.anchor(anchor, &node)?;
        self.add(node)
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { body: Body::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, node: Node, anchor: usize, merge: bool) -> Result<(), Fault> {
        self.anchor(anchor, &node)?;
        let at = node.at;
        let text = match node.content {
            Content::Text(text) => text,
            Content::Null => String::new(),
            Content::Bool(value) => value.to_string(),
            Content::Number(value) => value.to_string(),
            Content::List(_) | Content::Map(_) => {
                return Err(Fault::new(at, "a list or mapping stands where a key is expected; a key is a word"));
            }
        };
        if let Some(Frame { body: Body::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some(Key { text, at, merge });
        }
        Ok(())
    }

    /// A copy is kept for aliases, and counted.
    fn anchor(&mut self, anchor: usize, node: &Node) -> Result<(), Fault> {
        if anchor != 0 {
            let (nodes, bytes) = node.size();
            self.budget.take(nodes, bytes, node.at)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn open(&mut self, at: Mark, anchor: usize, body: Body, function: Option<String>) -> Result<(), Fault> {
        self.budget.take(1, 0, at)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(Fault::new(at, too_deep()));
        }
        if self.wants_key() {
            return Err(Fault::new(
                at,
                "a list or mapping stands where a key is expected; is `${…}` or `{{…}}` missing its quotes?",
            ));
        }
        self.stack.push(Frame { at, anchor, body, function });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let content = match frame.body {
            Body::List(elements) => Content::List(elements),
            Body::Map { mut members, mut seen, merges, .. } => {
                for merge in merges {
                    self.merge(merge, &mut members, &mut seen);
                }
                Content::Map(members)
            }
        };
        let node = applied(frame.function, Node::new(frame.at, content));
        self.anchor(frame.anchor, &node)?;
        self.add(node)
    }

    /// `<<: *other` and `<<: [*one, *other]`: members that are not there yet.
    /// YAML 1.2 has dropped it, and everybody still writes it: <https://yaml.org/type/merge.html>
    fn merge(&mut self, merge: Node, members: &mut Vec<Member>, seen: &mut HashMap<String, Mark>) {
        match merge.content {
            Content::Map(others) => {
                for other in others {
                    if !seen.contains_key(&other.key) {
                        seen.insert(other.key.clone(), other.at);
                        members.push(other);
                    }
                }
            }
            Content::List(elements) if elements.iter().all(|element| matches!(element.content, Content::Map(_))) => {
                for element in elements {
                    self.merge(element, members, seen);
                }
            }
            _ => note(
                &mut self.faults,
                merge.at,
                format!("`<<` merges a mapping or a list of mappings, and this is {}", merge.kind()),
            ),
        }
    }

    /// Puts a finished value where it belongs: into the list, behind its key, or at the root.
    fn add(&mut self, node: Node) -> Result<(), Fault> {
        if self.wants_key() {
            return self.key(node, 0, false);
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame { body: Body::List(elements), .. }) => elements.push(node),
            Some(Frame { body: Body::Map { members, seen, key, merges }, .. }) => {
                let Some(key) = key.take() else { return Ok(()) };
                if key.merge {
                    merges.push(node);
                } else if let Some(first) = seen.get(&key.text) {
                    note(&mut self.faults, key.at, duplicate(&key.text, *first));
                } else {
                    seen.insert(key.text.clone(), key.at);
                    members.push(Member { key: key.text, at: key.at, node });
                }
            }
        }
        Ok(())
    }
}

/// `!!str`, and `!` alone, "the non-specific tag": <https://yaml.org/spec/1.2.2/#691-node-tags>.
fn says_string(tag: &Tag) -> bool {
    (tag.is_yaml_core_schema() && tag.suffix == "str") || (tag.suffix == "!" && matches!(tag.handle.as_str(), "" | "!"))
}

/// `!Ref` and `!Condition` are the long forms without `Fn::`; every other function has it.
fn function(tag: &str) -> Option<String> {
    let name = tag.strip_prefix('!').filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    Some(if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") })
}

/// `{"Fn::Sub": value}`. "`!GetAtt A.B`" is a list of two in the long form.
fn applied(function: Option<String>, value: Node) -> Node {
    let Some(key) = function else { return value };
    let at = value.at;
    let value = match &value.content {
        Content::Text(text) if key == "Fn::GetAtt" => match text.split_once('.') {
            Some((resource, attribute)) => {
                let part = |part: &str| Node::new(at, Content::Text(part.to_owned()));
                Node::new(at, Content::List(vec![part(resource), part(attribute)]))
            }
            None => value,
        },
        _ => value,
    };
    Node::new(at, Content::Map(vec![Member { key, at, node: value }]))
}
