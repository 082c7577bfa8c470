//! Reads mappings strictly: every member is known, has its type, and each mistake is one problem with its place.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::location::{Location, Problem};
use crate::manifest::text::node::{Content, Mark, Member, Node};
use crate::model::report::{did_you_mean, listed, nearest, shown};
use crate::resource::ResourceId;
use crate::sentence::whole;

/// All that was found so far.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Found {
    pub(in crate::manifest) errors: Vec<Problem>,
    pub(in crate::manifest) warnings: Vec<Problem>,
}

/// Unknown fields told of one mapping; whoever has more has another problem.
const MAX_UNKNOWN: usize = 20;
/// Errors of one commit that get a "did you mean": with thousands of names, looking for the nearest takes its time.
const MAX_HINTS: usize = 200;

impl Found {
    /// As a person reads it: in order, in whole sentences, each once.
    pub(in crate::manifest) fn told(&mut self) {
        for all in [&mut self.errors, &mut self.warnings] {
            all.iter_mut().for_each(|problem| problem.message = whole(std::mem::take(&mut problem.message)));
            all.sort();
            all.dedup();
        }
    }

    /// Whether it is still worth looking for the nearest name among many.
    pub(in crate::manifest) fn hints(&self) -> bool {
        self.errors.len() < MAX_HINTS
    }
}

/// Where problems of one document go.
#[derive(Debug)]
pub(in crate::manifest) struct Scope<'p> {
    pub(in crate::manifest) file: &'p str,
    /// Once its kind and name are known.
    pub(in crate::manifest) resource: Option<ResourceId>,
    /// Once it is known which target the manifest picks.
    pub(in crate::manifest) target: Option<String>,
    /// Values that could not be read or whose references could not be resolved, which is told already: nothing else is
    /// said of them.
    pub(in crate::manifest) unresolved: BTreeSet<Mark>,
    pub(in crate::manifest) found: &'p mut Found,
}

/// A mapping whose members' names are all known.
#[derive(Debug, Clone)]
pub(in crate::manifest) struct Fields<'n> {
    pub(in crate::manifest) node: &'n Node,
    /// Known names that somebody has probably meant with an unknown one: that they are missing is no second error.
    meant: Vec<String>,
    /// How messages call it: `spec.rollout`; empty at the top.
    path: &'n str,
}

impl<'n> Fields<'n> {
    /// A member that is there and not null.
    pub(in crate::manifest) fn member(&self, name: &str) -> Option<&'n Member> {
        self.node.members().iter().find(|member| member.key == name && !member.node.is_null())
    }

    pub(in crate::manifest) fn get(&self, name: &str) -> Option<&'n Node> {
        self.member(name).map(|member| &member.node)
    }

    /// Whether an unknown field was probably meant to be this one.
    pub(in crate::manifest) fn meant(&self, name: &str) -> bool {
        self.meant.iter().any(|meant| meant == name)
    }

    /// `spec.rollout.timeout`.
    pub(in crate::manifest) fn name(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }
}

impl<'p> Scope<'p> {
    pub(in crate::manifest) fn new(file: &'p str, found: &'p mut Found) -> Self {
        Scope { file, resource: None, target: None, unresolved: BTreeSet::new(), found }
    }

    pub(in crate::manifest) fn location(&self, at: Mark) -> Location {
        location(self.file, at)
    }

    pub(in crate::manifest) fn error(&mut self, at: Mark, message: impl Into<String>) {
        if !self.unresolved.contains(&at) {
            let location = self.location(at);
            self.error_in(location, message);
        }
    }

    pub(in crate::manifest) fn error_in(&mut self, location: Location, message: impl Into<String>) {
        self.found.errors.push(Problem { location, resource: self.resource.clone(), message: message.into() });
    }

    pub(in crate::manifest) fn warn_in(&mut self, location: Location, message: impl Into<String>) {
        self.found.warnings.push(Problem { location, resource: self.resource.clone(), message: message.into() });
    }

    /// "`spec.cluster` is the number 3; a string is expected".
    pub(in crate::manifest) fn wrong(&mut self, node: &Node, name: &str, expected: &str) {
        let hint = match (&node.content, expected.starts_with("a string")) {
            (Content::Number(_) | Content::Bool(_), true) => ": write it in quotes",
            _ => "",
        };
        self.error(node.at, format!("`{name}` is {}; {expected} is expected{hint}", node.kind()));
    }

    /// The mapping's members, each unknown one told of. None when it is no mapping.
    pub(in crate::manifest) fn fields<'n>(&mut self, node: &'n Node, path: &'n str, known: &[&str]) -> Option<Fields<'n>> {
        if !matches!(node.content, Content::Map(_)) {
            self.wrong(node, if path.is_empty() { "the document" } else { path }, "a mapping");
            return None;
        }
        let place = if path.is_empty() { "at the top of the document".to_owned() } else { format!("in `{path}`") };
        let mut meant = Vec::new();
        let unknown = node.members().iter().filter(|member| !known.contains(&member.key.as_str()));
        for member in unknown.take(MAX_UNKNOWN) {
            let near = nearest(&member.key, known.iter().copied());
            meant.extend(near.map(str::to_owned));
            let hint = match near {
                Some(near) => format!("; did you mean `{near}`?"),
                None if known.is_empty() => ", nor any other".to_owned(),
                None => format!("; known are {}", listed(known.iter().copied())),
            };
            self.error(member.at, format!("there is no field {} {place}{hint}", shown(&member.key)));
        }
        Some(Fields { node, meant, path })
    }

    /// The same for a member of `fields`; None where it is absent.
    pub(in crate::manifest) fn inner<'n>(
        &mut self,
        fields: &Fields<'n>,
        name: &str,
        path: &'n str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        self.fields(fields.get(name)?, path, known)
    }

    /// A member that has to be there.
    pub(in crate::manifest) fn required<'n>(&mut self, fields: &Fields<'n>, name: &str, what: &str) -> Option<&'n Node> {
        let node = fields.get(name);
        if node.is_none() && !fields.meant(name) {
            let empty = fields.node.members().iter().find(|member| member.key == name);
            let is = if empty.is_some() { "is empty" } else { "is missing" };
            let at = empty.map_or(fields.node.at, |member| member.at);
            self.error(at, format!("`{}` {is}; {what}", fields.name(name)));
        }
        node
    }

    /// A string that is not empty.
    pub(in crate::manifest) fn text(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let node = fields.get(name)?;
        self.text_of(node, &fields.name(name))
    }

    pub(in crate::manifest) fn text_of(&mut self, node: &Node, name: &str) -> Option<String> {
        match node.text() {
            Some("") => {
                self.error(node.at, format!("`{name}` is an empty string; give it a value or remove it"));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(node, name, "a string");
                None
            }
        }
    }

    /// A string that has to be there; `what` says what for.
    pub(in crate::manifest) fn required_text(&mut self, fields: &Fields<'_>, name: &str, what: &str) -> Option<String> {
        let node = self.required(fields, name, what)?;
        self.text_of(node, &fields.name(name))
    }

    pub(in crate::manifest) fn flag(&mut self, fields: &Fields<'_>, name: &str) -> Option<bool> {
        let node = fields.get(name)?;
        match node.content {
            Content::Bool(value) => Some(value),
            _ => {
                self.wrong(node, &fields.name(name), "true or false");
                None
            }
        }
    }

    /// A whole number from 1 to `most`.
    pub(in crate::manifest) fn count(&mut self, fields: &Fields<'_>, name: &str, most: u64) -> Option<usize> {
        let node = fields.get(name)?;
        let value = match &node.content {
            Content::Number(number) => number.as_u64().filter(|value| (1..=most).contains(value)),
            _ => None,
        };
        if value.is_none() {
            self.wrong(node, &fields.name(name), &format!("a whole number from 1 to {most}"));
        }
        value.and_then(|value| usize::try_from(value).ok())
    }

    /// One of `words`.
    pub(in crate::manifest) fn word(&mut self, fields: &Fields<'_>, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let node = fields.get(name)?;
        let text = self.text_of(node, &fields.name(name))?;
        let word = words.iter().copied().find(|word| *word == text);
        if word.is_none() {
            let expected = if words.len() == 1 { "" } else { "one of " };
            let message = format!(
                "`{}` is {}; {expected}{} is expected{}",
                fields.name(name),
                shown(&text),
                listed(words.iter().copied()),
                did_you_mean(&text, words.iter().copied())
            );
            self.error(node.at, message);
        }
        word
    }

    /// One of AWS's words, as written. A word that this version does not know is AWS's to judge.
    pub(in crate::manifest) fn aws_word(&mut self, fields: &Fields<'_>, name: &str, words: &[&str]) -> Option<String> {
        let node = fields.get(name)?;
        let text = self.text_of(node, &fields.name(name))?;
        self.aws_known(node.at, &format!("`{}`", fields.name(name)), &text, words);
        Some(text)
    }

    /// Warns where `what` is none of the words that AWS is known to take.
    pub(in crate::manifest) fn aws_known(&mut self, at: Mark, what: &str, text: &str, words: &[&str]) {
        if !words.contains(&text) && !text.contains("${") {
            let message = format!(
                "{what} is {}; AWS accepts {}, as far as this version knows, and it is sent as it is{}",
                shown(text),
                listed(words.iter().copied()),
                did_you_mean(text, words.iter().copied())
            );
            let location = self.location(at);
            self.warn_in(location, message);
        }
    }

    /// `60m`, `1h30m`, `10s`: more than nothing.
    pub(in crate::manifest) fn duration(&mut self, fields: &Fields<'_>, name: &str) -> Option<Duration> {
        let node = fields.get(name)?;
        let duration = node.text().and_then(duration);
        if duration.is_none() {
            let name = fields.name(name);
            let message = format!("`{name}` is {}; a duration such as `10s`, `60m` or `1h30m` is expected", node.kind());
            self.error(node.at, message);
        }
        duration
    }
}

/// A place in `file`.
pub(in crate::manifest) fn location(file: &str, at: Mark) -> Location {
    Location::new(file, at.line as usize, at.column as usize)
}

/// Hours, minutes and seconds, each at most once and in this order; None for anything else, zero and more than a year.
pub(in crate::manifest) fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds, mut units) = (text, 0_u64, &[('h', 3600), ('m', 60), ('s', 1)][..]);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit = after.chars().next()?;
        let index = units.iter().position(|(letter, _)| *letter == unit)?;
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(units[index].1)?)?;
        units = &units[index + 1..];
        rest = &after[1..];
    }
    (1..=366 * 24 * 3600).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_hours_minutes_and_seconds_in_this_order() {
        for (text, seconds) in [("10s", 10), ("60m", 3600), ("1h30m", 5400), ("1h1s", 3601), ("2h0m5s", 7205), ("007s", 7)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "10",
            "s",
            "0s",
            "0h0m",
            "1m1h",
            "1s1s",
            "-1s",
            "1.5h",
            "1 h",
            "1d",
            "1ms",
            "١s",
            "99999999999999999999h",
            "9999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
