//! Walks a declared document and an answer side by side, and lists where they differ.

use serde_json::{Map, Value};

use super::members::{elements, keyed};
use super::scalars::{self, Sameness};
use super::{Elements, Pointer, Setting, Subject, defaults, hidden, says_nothing};
use crate::desired::Document;
use crate::model::MemberKind;
use crate::secret::Shown;

/// What sort of difference one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Declared, and the answer says otherwise.
    Declared,
    /// Declared, and the answer has nothing there: it was taken away, or this server does not echo it.
    Missing,
    /// Declared, and an answer would not show it: a member that AWS's model does not know.
    Unechoed,
    /// Declared, and the answer names the same sort of thing in a form that cannot be compared: an id for a name.
    Incomparable,
    /// The same elements in another order, of a list whose order counts only because a key is there twice.
    Reordered,
    /// An element that the declared list (or map) does not have.
    Extra,
    /// Not declared, and not AWS's default.
    Undeclared,
}

/// One place where they differ: a scalar, or a list of scalars.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where.
    pub pointer: Pointer,
    /// What sort.
    pub sort: Sort,
    /// What the answer has.
    pub old: Option<Shown>,
    /// What is declared or, of an undeclared member, AWS's default where it has one.
    pub new: Option<Shown>,
    /// Of an undeclared member: whether a documented default says what it should be.
    pub has_default: bool,
}

impl Difference {
    /// Whether the answer has a list there.
    pub fn old_is_list(&self) -> bool {
        matches!(&self.old, Some(Shown::Plain(Value::Array(_)) | Shown::Hidden(Value::Array(_))))
    }
}

/// Every difference between `declared` and `observed`, in the order of their members.
/// Members that AWS's model does not know and nobody declared never are one.
pub fn compare(
    subject: Subject,
    declared: &Document,
    observed: &Document,
    declared_setting: &Setting,
    observed_setting: &Setting,
) -> Vec<Difference> {
    let mut walk = Walk { subject, declared: declared_setting, observed: observed_setting, found: Vec::new() };
    walk.members(declared, observed, "", &Pointer::default(), false);
    walk.found
}

/// A value's leaves, as differences in which it is all new.
pub fn leaves(subject: Subject, name: &str, value: &Value) -> Vec<(Pointer, Shown)> {
    let mut found = Vec::new();
    flatten(subject, name, &Pointer(vec![name.to_owned()]), value, &mut found);
    found
}

struct Walk<'a> {
    subject: Subject,
    declared: &'a Setting,
    observed: &'a Setting,
    found: Vec<Difference>,
}

impl Walk<'_> {
    /// Of a map every key is people's own, so what is not declared is one too many; of a structure it is AWS's.
    fn members(&mut self, declared: &Document, observed: &Document, at: &str, pointer: &Pointer, map: bool) {
        let names = declared.keys().chain(observed.keys().filter(|name| !declared.contains_key(*name)));
        for name in names {
            let pattern = match (at.is_empty(), map) {
                (true, _) => name.clone(),
                (false, true) => format!("{at}/*"),
                (false, false) => format!("{at}/{name}"),
            };
            let one = declared.get(name).filter(|value| !value.is_null());
            let other = observed.get(name).filter(|value| !value.is_null());
            let nothing = |value: Option<&Value>, parent: &Document, setting: &Setting| {
                value.is_none_or(|value| says_nothing(self.subject, &pattern, value, parent, setting))
            };
            if nothing(one, declared, self.declared) && nothing(other, observed, self.observed) {
                continue;
            }
            let pointer = pointer.join(name);
            match (one, other) {
                (Some(one), Some(other)) => self.values(one, other, &pattern, &pointer),
                (Some(one), None) => self.missing(one, &pattern, &pointer, observed),
                (None, Some(other)) => self.undeclared(other, &pattern, &pointer, map, declared),
                (None, None) => {}
            }
        }
    }

    fn missing(&mut self, value: &Value, pattern: &str, pointer: &Pointer, parent: &Document) {
        let known = self.subject.kind(pattern).is_some();
        let default = defaults::default(self.subject, pattern, parent, self.observed);
        let sort = if known { Sort::Missing } else { Sort::Unechoed };
        let old = default.map(|default| show(self.subject, pattern, &default));
        self.all(value, pattern, pointer, |pointer, new| Difference {
            pointer,
            sort,
            old: old.clone(),
            new: Some(new),
            has_default: false,
        });
    }

    fn undeclared(&mut self, value: &Value, pattern: &str, pointer: &Pointer, map: bool, parent: &Document) {
        if map {
            return self.extra(value, pattern, pointer);
        }
        let Some(kind) = self.subject.kind(pattern) else { return };
        if let (Value::Object(members), MemberKind::Structure) = (value, kind)
            && defaults::default(self.subject, pattern, parent, self.declared).is_none()
        {
            // A structure's members have defaults of their own.
            return self.members(&Map::new(), members, pattern, pointer, false);
        }
        let default = defaults::default(self.subject, pattern, parent, self.declared);
        let has_default = default.is_some();
        let new = default.filter(|default| default.as_array().is_none_or(|list| !list.is_empty()));
        let new = new.map(|default| show(self.subject, pattern, &default));
        self.all(value, pattern, pointer, |pointer, old| Difference {
            pointer,
            sort: Sort::Undeclared,
            old: Some(old),
            new: new.clone(),
            has_default,
        });
    }

    fn extra(&mut self, value: &Value, pattern: &str, pointer: &Pointer) {
        self.all(value, pattern, pointer, |pointer, old| Difference {
            pointer,
            sort: Sort::Extra,
            old: Some(old),
            new: None,
            has_default: false,
        });
    }

    fn values(&mut self, one: &Value, other: &Value, pattern: &str, pointer: &Pointer) {
        match (one, other, self.subject.kind(pattern)) {
            (Value::Object(one), Value::Object(other), Some(MemberKind::Structure)) => {
                self.members(one, other, pattern, pointer, false);
            }
            (Value::Object(one), Value::Object(other), Some(MemberKind::Map)) => self.members(one, other, pattern, pointer, true),
            (Value::Array(one), Value::Array(other), Some(_)) => self.lists(one, other, pattern, pointer),
            // Of what AWS's model does not know yet, answers may hold more than was sent, as of all else.
            (Value::Object(_) | Value::Array(_), _, None) if scalars::within(one, other) => {}
            _ => match scalars::compare(self.subject, pattern, one, other) {
                Sameness::Same => {}
                Sameness::Different => self.differ(Sort::Declared, one, other, pattern, pointer),
                Sameness::Incomparable => self.differ(Sort::Incomparable, one, other, pattern, pointer),
            },
        }
    }

    fn lists(&mut self, one: &[Value], other: &[Value], pattern: &str, pointer: &Pointer) {
        let how = elements(self.subject, pattern);
        let inner = format!("{pattern}/*");
        if how == Elements::Set {
            let sorted = |list: &[Value]| {
                let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
                texts.sort();
                texts
            };
            if sorted(one) != sorted(other) {
                self.differ(Sort::Declared, &one.into(), &other.into(), pattern, pointer);
            }
            return;
        }
        if let (Some(one), Some(other)) = (keyed(one, how), keyed(other, how)) {
            for (key, element) in &one {
                let pointer = pointer.join(key);
                match other.iter().find(|(name, _)| name == key) {
                    Some((_, other)) => self.members(element, other, &inner, &pointer, false),
                    None => self.missing(&Value::Object((*element).clone()), &inner, &pointer, &Map::new()),
                }
            }
            for (key, element) in other.iter().filter(|(key, _)| one.iter().all(|(name, _)| name != key)) {
                self.extra(&Value::Object((*element).clone()), &inner, &pointer.join(key));
            }
            return;
        }
        if matches!(how, Elements::Keyed(_)) && !self.same_order(one, other, &inner) && self.same_elements(one, other, &inner) {
            return self.differ(Sort::Reordered, &one.into(), &other.into(), pattern, pointer);
        }
        let objects = one.iter().chain(other).any(Value::is_object);
        if one.len() == other.len() && objects {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                self.values(one, other, &inner, &pointer.join(index.to_string()));
            }
        } else if !scalars::equal(&one.into(), &other.into()) {
            self.differ(Sort::Declared, &one.into(), &other.into(), pattern, pointer);
        }
    }

    fn same_order(&self, one: &[Value], other: &[Value], pattern: &str) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| self.same(one, other, pattern))
    }

    fn same_elements(&self, one: &[Value], other: &[Value], pattern: &str) -> bool {
        let mut left: Vec<&Value> = other.iter().collect();
        one.len() == other.len()
            && one.iter().all(|one| match left.iter().position(|other| self.same(one, other, pattern)) {
                Some(index) => {
                    left.remove(index);
                    true
                }
                None => false,
            })
    }

    fn same(&self, one: &Value, other: &Value, pattern: &str) -> bool {
        let mut walk = Walk { found: Vec::new(), ..*self };
        walk.values(one, other, pattern, &Pointer::default());
        walk.found.is_empty()
    }

    fn differ(&mut self, sort: Sort, one: &Value, other: &Value, pattern: &str, pointer: &Pointer) {
        self.found.push(Difference {
            pointer: pointer.clone(),
            sort,
            old: Some(show(self.subject, pattern, other)),
            new: Some(show(self.subject, pattern, one)),
            has_default: false,
        });
    }

    fn all(&mut self, value: &Value, pattern: &str, pointer: &Pointer, make: impl Fn(Pointer, Shown) -> Difference) {
        let mut found = Vec::new();
        flatten(self.subject, pattern, pointer, value, &mut found);
        self.found.extend(found.into_iter().map(|(pointer, shown)| make(pointer, shown)));
    }
}

fn show(subject: Subject, pattern: &str, value: &Value) -> Shown {
    if hidden(subject, pattern) { Shown::Hidden(value.clone()) } else { Shown::Plain(value.clone()) }
}

fn flatten(subject: Subject, pattern: &str, pointer: &Pointer, value: &Value, found: &mut Vec<(Pointer, Shown)>) {
    let kind = subject.kind(pattern);
    match value {
        Value::Object(members) if !members.is_empty() && kind.is_some() => {
            for (name, value) in members {
                let pattern = if kind == Some(MemberKind::Map) { format!("{pattern}/*") } else { format!("{pattern}/{name}") };
                flatten(subject, &pattern, &pointer.join(name), value, found);
            }
        }
        Value::Array(list) => match keyed(list, elements(subject, pattern)) {
            Some(keyed) if !keyed.is_empty() => {
                for (key, element) in keyed {
                    let element = Value::Object(element.clone());
                    flatten(subject, &format!("{pattern}/*"), &pointer.join(key), &element, found);
                }
            }
            _ => found.push((pointer.clone(), show(subject, pattern, value))),
        },
        _ => found.push((pointer.clone(), show(subject, pattern, value))),
    }
}
