//! Reads JSON (RFC 8259) with the place of every key and value, and within the same bounds as YAML.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use serde_json::Number;

use super::bounds::{Budget, Fault, MAX_DEPTH, ParsedDocument, duplicate, note, too_deep};
use super::node::{Content, Mark, Member, Node};

/// The one value of the file; None for a file of white space.
pub(super) fn parse(text: &str) -> Result<Option<ParsedDocument>, Fault> {
    let mut reader =
        Reader { rest: text.chars().peekable(), at: Mark::START, depth: 0, faults: Vec::new(), budget: Budget::default() };
    reader.space();
    if reader.rest.peek().is_none() {
        return Ok(None);
    }
    let root = reader.value()?;
    reader.space();
    match reader.rest.peek() {
        None => Ok(Some(ParsedDocument { root, faults: reader.faults })),
        Some(_) => Err(reader.expected("the end of the file (JSON holds one value)")),
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    at: Mark,
    depth: usize,
    faults: Vec<Fault>,
    budget: Budget,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.at = Mark { line: self.at.line.saturating_add(1), column: 1 };
        } else {
            self.at.column = self.at.column.saturating_add(1);
        }
        Some(next)
    }

    fn space(&mut self) {
        while matches!(self.rest.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    /// The message for what stands here and should not.
    fn expected(&mut self, what: &str) -> Fault {
        let message = match self.rest.peek() {
            None => format!("the file ends, where {what} is expected"),
            Some('#') => "a comment begins here, and JSON has none; remove it, or name the file `.yaml`".to_owned(),
            // No YAML either.
            Some('/') => "a comment begins here, and JSON has none; remove it".to_owned(),
            Some('\'') => "a single quote stands here; JSON has double ones".to_owned(),
            Some(found) => format!("{} stands here, where {what} is expected", crate::model::report::shown(&found.to_string())),
        };
        Fault::new(self.at, format!("this is not JSON: {message}"))
    }

    fn value(&mut self) -> Result<Node, Fault> {
        let at = self.at;
        self.budget.take(1, 0, at)?;
        let content = match self.rest.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"') => Content::Text(self.string()?),
            Some('-' | '0'..='9') => return self.number(),
            Some('a'..='z' | 'A'..='Z') => self.word()?,
            _ => return Err(self.expected("a value")),
        };
        Ok(Node::new(at, content))
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Content, Fault>) -> Result<Content, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::new(self.at, too_deep()));
        }
        self.depth += 1;
        self.next();
        self.space();
        let content = inner(self);
        self.depth -= 1;
        content
    }

    fn array(&mut self) -> Result<Content, Fault> {
        let mut elements = Vec::new();
        if self.rest.peek() == Some(&']') {
            self.next();
            return Ok(Content::List(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.ends(']', "`,` or `]`")? {
                return Ok(Content::List(elements));
            }
        }
    }

    fn object(&mut self) -> Result<Content, Fault> {
        let (mut members, mut seen): (Vec<Member>, HashMap<String, Mark>) = (Vec::new(), HashMap::new());
        if self.rest.peek() == Some(&'}') {
            self.next();
            return Ok(Content::Map(members));
        }
        loop {
            let at = self.at;
            if self.rest.peek() != Some(&'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if self.rest.peek() != Some(&':') {
                return Err(self.expected("`:`"));
            }
            self.next();
            self.space();
            let node = self.value()?;
            match seen.get(&key) {
                Some(first) => note(&mut self.faults, at, duplicate(&key, *first)),
                None => {
                    seen.insert(key.clone(), at);
                    members.push(Member { key, at, node });
                }
            }
            if self.ends('}', "`,` or `}`")? {
                return Ok(Content::Map(members));
            }
        }
    }

    /// After an element: whether the list or object ends here.
    fn ends(&mut self, end: char, what: &str) -> Result<bool, Fault> {
        self.space();
        match self.rest.peek() {
            Some(found) if *found == end => {
                self.next();
                Ok(true)
            }
            Some(',') => {
                self.next();
                self.space();
                match self.rest.peek() {
                    Some(found) if *found == end => Err(Fault::new(
                        self.at,
                        format!("this is not JSON: the last element is followed by a comma before `{end}`; remove it"),
                    )),
                    _ => Ok(false),
                }
            }
            _ => Err(self.expected(what)),
        }
    }

    fn word(&mut self) -> Result<Content, Fault> {
        let (at, mut word) = (self.at, String::new());
        while let Some(letter) = self.rest.peek().copied().filter(|c| c.is_ascii_alphanumeric() && word.len() < 40) {
            word.push(letter);
            self.next();
        }
        match word.as_str() {
            "null" => Ok(Content::Null),
            "true" => Ok(Content::Bool(true)),
            "false" => Ok(Content::Bool(false)),
            _ => Err(Fault::new(at, format!("this is not JSON: the word `{word}`; write strings in double quotes"))),
        }
    }

    fn number(&mut self) -> Result<Node, Fault> {
        let (at, mut text) = (self.at, String::new());
        while let Some(c) = self.rest.peek().copied().filter(|c| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')) {
            text.push(c);
            self.next();
        }
        self.budget.take(0, text.len(), at)?;
        // Zero has no sign as a whole number.
        let unsigned = if text == "-0" { "0" } else { text.as_str() };
        let number: Option<Number> = serde_json::from_str(unsigned).ok();
        let integer = !text.contains(['.', 'e', 'E']);
        match number {
            Some(number) if integer && number.is_f64() => {
                let message =
                    format!("{} does not fit into 64 bits; write it in quotes, as a string", crate::model::report::shown(&text));
                note(&mut self.faults, at, message);
                Ok(Node::new(at, Content::Text(text)))
            }
            Some(number) => Ok(Node::spelt(at, Content::Number(number), &text)),
            None => Err(Fault::new(at, format!("this is not JSON: {} is no number of JSON", crate::model::report::shown(&text)))),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.next();
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.next() {
                None => return Err(Fault::new(start, "this is not JSON: the string that begins here does not end")),
                Some('"') => break,
                Some('\\') => text.push(self.escaped(at)?),
                Some(c) if c < ' ' => {
                    let message =
                        "this is not JSON: a line break or control character within a string; write `\\n`, or close the string";
                    return Err(Fault::new(at, message));
                }
                Some(c) => text.push(c),
            }
        }
        self.budget.take(0, text.len(), start)?;
        Ok(text)
    }

    fn escaped(&mut self, at: Mark) -> Result<char, Fault> {
        let refused = |what: String| Fault::new(at, format!("this is not JSON: {what}"));
        match self.next() {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let half = |unit: Option<u32>| unit.ok_or_else(|| refused("`\\u` needs four hexadecimal digits".to_owned()));
                let first = half(self.hex())?;
                let mut units = vec![first as u16];
                if (0xd800..0xdc00).contains(&first) && self.next() == Some('\\') && self.next() == Some('u') {
                    units.push(half(self.hex())? as u16);
                }
                let decoded = String::from_utf16(&units).ok().and_then(|text| text.chars().next());
                decoded.ok_or_else(|| refused("half of a surrogate pair stands alone".to_owned()))
            }
            Some(c) => Err(refused(format!("`\\{}` is no escape of JSON; a backslash is written `\\\\`", c.escape_debug()))),
            None => Err(refused("the file ends within a string".to_owned())),
        }
    }

    fn hex(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.next()?.to_digit(16)?;
        }
        Some(unit)
    }
}
