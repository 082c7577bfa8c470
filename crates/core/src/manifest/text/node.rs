//! A parsed document as a small tree that knows where each key and value stands.

use serde_json::{Map, Number, Value};

/// A place in a file, from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Mark {
    pub(crate) const START: Mark = Mark { line: 1, column: 1 };
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Mark,
    pub(crate) content: Content,
    /// Of a number or a boolean: its text, where JSON would write the value otherwise (`007`, `0x1F`, `1e3`, `True`).
    spelling: Option<Box<str>>,
}

/// What JSON can say. Members stay in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// One `key: value`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// Of the key.
    pub(crate) at: Mark,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn new(at: Mark, content: Content) -> Self {
        Node { at, content, spelling: None }
    }

    /// An unquoted word that stands for `content`, as which it is remembered.
    pub(crate) fn spelt(at: Mark, content: Content, text: &str) -> Self {
        let plain = match &content {
            Content::Bool(value) => value.to_string() == text,
            Content::Number(value) => value.to_string() == text,
            _ => true,
        };
        Node { at, content, spelling: (!plain).then(|| text.into()) }
    }

    /// The same value at another place.
    pub(crate) fn copied(&self, at: Mark) -> Self {
        Node { at, ..self.clone() }
    }

    /// A scalar's text as it was written: what AWS gets where it takes text. None of nothing, lists and mappings.
    pub(crate) fn written(&self) -> Option<String> {
        match (&self.content, &self.spelling) {
            (Content::Text(text), _) => Some(text.clone()),
            (_, Some(spelling)) => Some(spelling.to_string()),
            (Content::Bool(value), None) => Some(value.to_string()),
            (Content::Number(value), None) => Some(value.to_string()),
            _ => None,
        }
    }

    /// How a number or boolean is spelt, where JSON would write it otherwise.
    pub(crate) fn spelling(&self) -> Option<&str> {
        self.spelling.as_deref()
    }

    /// The members; none for what is no mapping.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements; none for what is no list.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.content {
            Content::List(elements) => elements,
            _ => &[],
        }
    }

    /// A member of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Map(members) => members.iter_mut().find(|member| member.key == key).map(|member| &mut member.node),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// How many nodes there are, and how many bytes of text in them: what a copy costs.
    pub(crate) fn size(&self) -> (usize, usize) {
        let add = |(nodes, bytes): (usize, usize), (more, text): (usize, usize)| (nodes + more, bytes + text);
        match &self.content {
            Content::Text(text) => (1, text.len()),
            Content::List(elements) => elements.iter().map(Node::size).fold((1, 0), add),
            Content::Map(members) => {
                members.iter().map(|member| add(member.node.size(), (0, member.key.len()))).fold((1, 0), add)
            }
            _ => (1, 0),
        }
    }

    /// How many levels of lists and mappings there are.
    pub(crate) fn depth(&self) -> usize {
        let deepest = self.elements().iter().chain(self.members().iter().map(|member| &member.node)).map(Node::depth).max();
        match &self.content {
            Content::List(_) | Content::Map(_) => 1 + deepest.unwrap_or(0),
            _ => 0,
        }
    }

    /// What it is, for a message.
    pub(crate) fn kind(&self) -> String {
        let written = || self.written().unwrap_or_default();
        match &self.content {
            Content::Null => "empty".to_owned(),
            Content::Bool(_) => format!("the boolean {}", written()),
            Content::Number(_) => format!("the number {}", written()),
            Content::Text(text) => format!("the string {}", crate::model::report::shown(text)),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a mapping".to_owned(),
        }
    }

    /// Without the places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(elements) => Value::Array(elements.iter().map(Node::to_json).collect()),
            Content::Map(members) => {
                Value::Object(members.iter().map(|member| (member.key.clone(), member.node.to_json())).collect::<Map<_, _>>())
            }
        }
    }

    /// The same for a reader to whom every scalar is text in the end, as CloudFormation is: a number that JSON would write
    /// otherwise is its text.
    pub(crate) fn to_json_as_written(&self) -> Value {
        match &self.content {
            Content::Number(_) if self.spelling.is_some() => Value::String(self.written().unwrap_or_default()),
            Content::List(elements) => Value::Array(elements.iter().map(Node::to_json_as_written).collect()),
            Content::Map(members) => {
                let members = members.iter().map(|member| (member.key.clone(), member.node.to_json_as_written()));
                Value::Object(members.collect::<Map<_, _>>())
            }
            _ => self.to_json(),
        }
    }

    /// Where a JSON pointer (RFC 6901) leads, as far as it leads: the place of the member's key or of the list's element,
    /// and the value.
    pub(crate) fn locate(&self, pointer: &str) -> (Mark, &Node) {
        let (mut node, mut at) = (self, self.at);
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            match &node.content {
                Content::Map(members) => match members.iter().find(|member| member.key == part) {
                    Some(member) => (node, at) = (&member.node, member.at),
                    None => break,
                },
                Content::List(elements) => match part.parse::<usize>().ok().and_then(|index| elements.get(index)) {
                    Some(element) => (node, at) = (element, element.at),
                    None => break,
                },
                _ => break,
            }
        }
        (at, node)
    }
}
