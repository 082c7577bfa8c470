//! JSON pointers whose list elements are named by their keys: `/taskDefinition/containerDefinitions/app/image`.

use serde_json::{Map, Value};

use super::{Elements, Subject, members};
use crate::model::MemberKind;

/// A pointer below the subject's name, in parts. RFC 6901's escapes: `~1` is a slash, `~0` a tilde.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// Reads `/taskDefinition/…` or `/service/…`; None: of another subject.
    pub fn parse(subject: Subject, text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?.strip_prefix(subject.as_str())?;
        match rest.strip_prefix('/') {
            None if rest.is_empty() => Some(Pointer::default()),
            None => None,
            Some(rest) => Some(Pointer(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())),
        }
    }

    /// As text, below the subject's name.
    pub fn text(&self, subject: Subject) -> String {
        let mut text = format!("/{}", subject.as_str());
        for part in &self.0 {
            text.push('/');
            text.push_str(&part.replace('~', "~0").replace('/', "~1"));
        }
        text
    }

    /// Whether `other` is this place or one inside it.
    pub fn covers(&self, other: &Pointer) -> bool {
        other.0.starts_with(&self.0)
    }

    /// One part further.
    pub fn join(&self, part: impl Into<String>) -> Pointer {
        let mut parts = self.0.clone();
        parts.push(part.into());
        Pointer(parts)
    }
}

/// The next pattern, and where the part leads.
enum Next {
    Member(String),
    Element(String, Elements),
}

fn next(subject: Subject, pattern: &str, part: &str) -> Next {
    match subject.kind(pattern) {
        Some(MemberKind::List) => Next::Element(format!("{pattern}/*"), members::elements(subject, pattern)),
        Some(MemberKind::Map) => Next::Member(format!("{pattern}/*")),
        _ => Next::Member(format!("{pattern}/{part}")),
    }
}

fn position(list: &[Value], part: &str, elements: Elements) -> Option<usize> {
    let found = match elements {
        Elements::Keyed(keys) => list
            .iter()
            .position(|element| element.as_object().and_then(|element| members::key(element, keys)).as_deref() == Some(part)),
        Elements::Set => list.iter().position(|element| element == part),
        Elements::Ordered => None,
    };
    found.or_else(|| part.parse::<usize>().ok().filter(|index| *index < list.len() && matches!(elements, Elements::Ordered)))
}

/// What is there, if anything.
pub fn get<'v>(subject: Subject, document: &'v Map<String, Value>, pointer: &Pointer) -> Option<&'v Value> {
    let (first, rest) = pointer.0.split_first()?;
    let mut value = document.get(first)?;
    let mut pattern = first.clone();
    for part in rest {
        (value, pattern) = match (value, next(subject, &pattern, part)) {
            (Value::Object(members), Next::Member(pattern)) => (members.get(part)?, pattern),
            (Value::Array(list), Next::Element(pattern, elements)) => (list.get(position(list, part, elements)?)?, pattern),
            _ => return None,
        };
    }
    Some(value)
}

/// Puts `new` there (None: takes away what is there). Objects on the way are made where `new` needs them; a list's
/// element on the way has to exist. Nothing happens where the pointer leads nowhere.
pub fn set(subject: Subject, document: &mut Map<String, Value>, pointer: &Pointer, new: Option<Value>) {
    if let Some((first, rest)) = pointer.0.split_first() {
        member(subject, document, first, first.clone(), rest, new);
    }
}

fn member(subject: Subject, members: &mut Map<String, Value>, name: &str, pattern: String, rest: &[String], new: Option<Value>) {
    let Some((part, after)) = rest.split_first() else {
        match new {
            Some(new) => members.insert(name.to_owned(), new),
            None => members.remove(name),
        };
        return;
    };
    if !members.contains_key(name) && new.is_some() {
        let empty = if subject.kind(&pattern) == Some(MemberKind::List) { Value::Array(Vec::new()) } else { Map::new().into() };
        members.insert(name.to_owned(), empty);
    }
    if let Some(value) = members.get_mut(name) {
        inside(subject, value, &pattern, part, after, new);
    }
}

fn inside(subject: Subject, value: &mut Value, pattern: &str, part: &str, rest: &[String], new: Option<Value>) {
    match (value, next(subject, pattern, part)) {
        (Value::Object(members), Next::Member(pattern)) => member(subject, members, part, pattern, rest, new),
        (Value::Array(list), Next::Element(pattern, elements)) => {
            match (position(list, part, elements), rest.split_first(), new) {
                (Some(index), None, Some(new)) => list[index] = new,
                (Some(index), None, None) => {
                    list.remove(index);
                }
                (Some(index), Some((part, rest)), new) => inside(subject, &mut list[index], &pattern, part, rest, new),
                (None, None, Some(new)) => list.push(new),
                _ => {}
            }
        }
        _ => {}
    }
}
