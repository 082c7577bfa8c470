//! Spellings that nobody has seen, drawn from a seed: another case, an alias, an ARN for a name, members, elements and
//! defaults filled in. AWS changes how it answers without a word; a client that holds only for the forms of its table
//! holds until then.
//!
//! Numbers and Booleans keep their values, words that AWS's model counts up (enums) keep theirs, and so does what a
//! resource is known by. All else may change, always in the same way for the same name, place and value.

use serde_json::{Map, Value, json};

use crate::ecs::shapes;

/// What the spellings are drawn from.
#[derive(Clone, Copy)]
pub(super) struct Invention {
    pub(super) seed: u64,
    /// How many answers were given before.
    pub(super) answers: u64,
}

/// What a resource is known by, and what stands for something else that is looked up.
const KEPT: [&str; 12] = [
    "clientToken",
    "cluster",
    "containerName",
    "deploymentController",
    "family",
    "name",
    "platformVersion",
    "role",
    "serviceName",
    "tags",
    "taskDefinition",
    "desiredCount",
];

/// Lists whose order says something.
const ORDERED: [&str; 3] = ["command", "entryPoint", "placementStrategy"];

impl Invention {
    /// Spells the members of an action's input where an answer shows them.
    pub(super) fn spell(self, action: &str, name: &str, members: &mut Map<String, Value>) {
        let walk = Walk { invention: self, name, unsettled: unsettled(name) };
        if let Some(shape) = shapes::of_action(action) {
            walk.structure(shape, members, "");
        }
    }

    /// Whether something is so here, for one in `of`.
    pub(super) fn draws(self, name: &str, place: &str, of: u64) -> bool {
        self.draw(name, place).is_multiple_of(of)
    }

    fn draw(self, name: &str, place: &str) -> u64 {
        let text = name.bytes().chain([0]).chain(place.bytes());
        let hash =
            text.fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        // FNV's last bits are poor; splitmix64 spreads them.
        let mut mixed = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Another spelling of a text, or the same one.
    pub(super) fn text(self, name: &str, place: &str, text: &str) -> String {
        if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return text.to_string();
        }
        if unsettled(name) {
            return format!("{text}-{}", self.answers);
        }
        match self.draw(name, place) % 16 {
            0 if text.bytes().any(|byte| byte.is_ascii_lowercase()) => text.to_ascii_uppercase(),
            0 => text.to_ascii_lowercase(),
            1 if !text.starts_with("arn:") => format!("arn:aws:invented:eu-central-1:123456789012:thing/{text}"),
            1 => text.rsplit([':', '/']).next().unwrap_or(text).to_string(),
            2 => format!("{text}.internal"),
            3 => format!("alias/{text}"),
            _ => text.to_string(),
        }
    }
}

/// Whether what has this name never looks the same twice.
pub(super) fn unsettled(name: &str) -> bool {
    name.contains("unsettled")
}

struct Walk<'a> {
    invention: Invention,
    name: &'a str,
    unsettled: bool,
}

impl Walk<'_> {
    fn draws(&self, place: &str, of: u64) -> bool {
        !self.unsettled && self.invention.draws(self.name, place, of)
    }

    fn structure(&self, shape: &str, members: &mut Map<String, Value>, place: &str) {
        let known = shapes::members(shape);
        for (key, shape) in known.iter().filter(|(key, _)| !KEPT.contains(&key.as_str())) {
            if let Some(member) = members.get_mut(key) {
                self.value(shape, member, key, &format!("{place}/{key}"));
            }
        }
        // At the top the defaults are those of the pages; below it anything may be filled in.
        if place.is_empty() {
            return;
        }
        let absent: Vec<_> = known.iter().filter(|(key, shape)| !members.contains_key(key) && filler(shape).is_some()).collect();
        if self.draws(&format!("{place}#filled"), 8) && !absent.is_empty() {
            let (key, shape) = absent[self.invention.draw(self.name, place) as usize % absent.len()];
            members.insert(key.clone(), filler(shape).unwrap_or_default());
        }
        if self.draws(&format!("{place}#unknown"), 8) {
            members.insert("inventedDefault".into(), "ENABLED".into());
        }
    }

    fn value(&self, shape: &str, value: &mut Value, key: &str, place: &str) {
        match value {
            Value::Object(members) if shapes::kind(shape) == "structure" => self.structure(shape, members, place),
            Value::Object(members) => {
                let inner = shapes::inner(shape);
                members.iter_mut().for_each(|(key, member)| self.value(inner, member, key, &format!("{place}/{key}")));
            }
            Value::Array(list) => {
                let inner = shapes::inner(shape);
                for element in list.iter_mut() {
                    self.value(inner, element, key, &format!("{place}/-"));
                }
                if self.draws(&format!("{place}#order"), 3) && !ORDERED.contains(&key) {
                    list.reverse();
                }
            }
            Value::String(text) if !shapes::counted(shape) => *text = self.invention.text(self.name, place, text),
            _ => {}
        }
    }
}

/// A default that AWS might fill in for an absent member.
fn filler(shape: &str) -> Option<Value> {
    match shapes::kind(shape) {
        _ if shapes::counted(shape) => None,
        "string" => Some("invented".into()),
        "boolean" => Some(json!(false)),
        "integer" | "long" => Some(json!(0)),
        "list" => Some(json!([])),
        _ => None,
    }
}
