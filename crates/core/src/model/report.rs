//! Collects findings about one document, and knows how to name a place in it to a person.

use serde_json::Value;

use super::Finding;
use crate::desired::Document;

/// Findings about one document. Pointers are into the document as it is sent.
pub(super) struct Report<'a> {
    pub(super) document: &'a Document,
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
    /// Words that the model does not know: nobody here can say what follows from them.
    doubted: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Report { document, errors: Vec::new(), warnings: Vec::new(), doubted: Vec::new() }
    }

    /// AWS refuses the document for this.
    pub(super) fn error(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        push(&mut self.errors, pointer.into(), message.into());
    }

    /// Worth a look.
    pub(super) fn warn(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        push(&mut self.warnings, pointer.into(), message.into());
    }

    /// A word that AWS's model does not know, and AWS may: no other rule judges by it.
    pub(super) fn doubt(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        let pointer = pointer.into();
        self.doubted.push(pointer.clone());
        self.warn(pointer, message);
    }

    /// Whether something at `pointer`, or in it, is already known to be wrong, or is a word that the model does not know.
    pub(super) fn refused(&self, pointer: &str) -> bool {
        let errors = self.errors.iter().map(|finding| &finding.pointer);
        errors
            .chain(&self.doubted)
            .any(|found| found.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// How a person would name the place: "container `app`: `portMappings[0].hostPort`".
    pub(super) fn name(&self, pointer: &str) -> String {
        name(self.document, pointer)
    }
}

fn push(findings: &mut Vec<Finding>, pointer: String, message: String) {
    let finding = Finding { pointer, message };
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

/// See [`Report::name`].
pub(super) fn name(document: &Document, pointer: &str) -> String {
    let mut parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let mut container = String::new();
    if let ["containerDefinitions", index, ..] = parts[..] {
        container = match document.get("containerDefinitions").and_then(|list| list.get(index.parse::<usize>().ok()?)) {
            Some(Value::Object(members)) => match members.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) {
                Some(name) => format!("container `{name}`"),
                None => format!("container {} (it has no name)", index.parse::<usize>().map_or(0, |index| index + 1)),
            },
            _ => format!("`containerDefinitions[{index}]`"),
        };
        parts.drain(..2);
    }
    let mut path = String::new();
    for part in parts {
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&part.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
    match (container.is_empty(), path.is_empty()) {
        (true, true) => "the document".to_owned(),
        (true, false) => format!("`{path}`"),
        (false, true) => container,
        (false, false) => format!("{container}: `{path}`"),
    }
}

/// A member's name as one part of a pointer (RFC 6901 section 3).
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// ": did you mean `x`?" when one of `known` is near to `word`, else nothing.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

/// The nearest of `known` to `word`, if it is near at all.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Comparing takes memory of the size of both words multiplied; nobody mistypes a name of this length.
    if word.len() > 300 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&lower, &other);
            let near = distance <= 2.max(other.chars().count() / 3) || other.contains(&lower) || lower.contains(&other);
            (if near && !other.is_empty() { distance } else { usize::MAX }, candidate)
        })
        .filter(|(distance, _)| *distance != usize::MAX)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "`a`, `b` and `c`".
pub(crate) fn listed<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `text`, shortened to what fits into a message, on one line.
pub(crate) fn shown(text: &str) -> String {
    if text.is_empty() {
        return "an empty text".to_owned();
    }
    let (text, more) = match text.char_indices().nth(80) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    if !text.contains(char::is_control) {
        return format!("`{text}{more}`");
    }
    let escaped: String = text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() }).collect();
    format!("`{escaped}{more}`")
}

/// Single characters, for a message: "`<>`", "`{}` and a space".
pub(super) fn characters<'c>(wrong: impl IntoIterator<Item = &'c char>) -> String {
    let (spaces, others): (Vec<&char>, Vec<&char>) = wrong.into_iter().partition(|c| c.is_whitespace());
    let others: String = others.into_iter().collect();
    match (others.is_empty(), spaces.is_empty()) {
        (true, _) => "a space".to_owned(),
        (false, true) => shown(&others),
        (false, false) => format!("{} and a space", shown(&others)),
    }
}

/// A member's string.
pub(super) fn text<'d>(members: &'d Document, member: &str) -> Option<&'d str> {
    members.get(member).and_then(Value::as_str)
}

/// A member's whole number.
pub(super) fn number(members: &Document, member: &str) -> Option<i64> {
    match members.get(member)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64)),
        _ => None,
    }
}

/// Whether a member is `true`.
pub(super) fn on(members: &Document, member: &str) -> bool {
    members.get(member) == Some(&Value::Bool(true))
}

/// A member's structure.
pub(super) fn structure<'d>(members: &'d Document, member: &str) -> Option<&'d Document> {
    members.get(member).and_then(Value::as_object)
}

/// A member's list; empty when there is none.
pub(super) fn list<'d>(members: &'d Document, member: &str) -> &'d [Value] {
    members.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The structures of a member's list, with their index.
pub(super) fn structures<'d>(members: &'d Document, member: &str) -> impl Iterator<Item = (usize, &'d Document)> + use<'d> {
    list(members, member).iter().enumerate().filter_map(|(index, value)| Some((index, value.as_object()?)))
}

/// Whether a string still waits for another resource's output (`${stack.NAME.outputs.KEY}`, `${artifact.NAME.*}`):
/// what it will say is not known yet, so its form is not judged.
pub(super) fn unresolved(text: &str) -> bool {
    text.contains("${stack.") || text.contains("${artifact.")
}
