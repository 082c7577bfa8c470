//! AWS's spelling: what the answer to our own write shows otherwise than it was sent. It is remembered by short hashes of the
//! place, what is declared and what AWS shows, so that exactly this is no difference later, and anything else is drift.
//!
//! A count or a boolean that AWS shows otherwise is never a spelling: that is another state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::desired::Document;
use crate::normalise::{Difference, Pointer, Sort, Subject, get};
use crate::plan::digest;
use crate::secret::Shown;

/// How many short hashes fit into a tag's value of 256 characters.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
const MOST: usize = 256 / SHORT;

/// Hex digits of one.
pub(super) const SHORT: usize = 8;

/// Eight hex digits.
pub(super) fn short(value: &Value) -> String {
    let mut text = digest::of(value);
    text.truncate(SHORT);
    text
}

/// Short hashes, as a tag keeps them: one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hashes(BTreeSet<String>);

impl Hashes {
    /// Of a tag's value.
    pub(super) fn read(value: Option<&String>) -> Self {
        let text = value.map(String::as_str).unwrap_or_default();
        let whole = text.is_ascii() && text.len().is_multiple_of(SHORT);
        let parts = (0..text.len() / SHORT).map(|index| text[index * SHORT..][..SHORT].to_owned());
        Hashes(if whole { parts.collect() } else { BTreeSet::new() })
    }

    pub(super) fn contains(&self, hash: &str) -> bool {
        self.0.contains(hash)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A tag's value. Of more than fit the rest is forgotten, which costs a write and then the guard's verdict.
    pub(super) fn text(&self) -> String {
        self.0.iter().take(MOST).map(String::as_str).collect()
    }
}

impl FromIterator<String> for Hashes {
    fn from_iter<I: IntoIterator<Item = String>>(hashes: I) -> Self {
        Hashes(hashes.into_iter().collect())
    }
}

/// What remembers the difference.
pub(super) fn hash(difference: &Difference) -> String {
    short(&json!([difference.pointer.0, value(&difference.new), value(&difference.old)]))
}

/// What remembers that the id of something named is known: another id is another thing from then on.
pub(super) fn known(difference: &Difference) -> String {
    short(&json!([difference.pointer.0, value(&difference.new), "known"]))
}

/// All that remembers the difference.
pub(super) fn hashes(difference: &Difference) -> impl Iterator<Item = String> + use<> {
    let known = (difference.sort == Sort::Incomparable).then(|| known(difference));
    [hash(difference)].into_iter().chain(known)
}

/// Whether AWS may mean by what it shows (`old`) what is declared (`new`).
pub(super) fn may_be(difference: &Difference) -> bool {
    let (declared, shown) = (value(&difference.new), value(&difference.old));
    if text(&declared).is_some() && text(&declared) == text(&shown) {
        // `"5"` for `5`.
        return true;
    }
    let exact = |value: &Value| matches!(value, Value::Number(_) | Value::Bool(_));
    if exact(&declared) || exact(&shown) {
        return false;
    }
    // Counts and booleans inside of what the model does not know.
    let (mut said, mut seen) = (Vec::new(), Vec::new());
    scalars(&declared, &mut said);
    scalars(&shown, &mut seen);
    said.iter().all(|one| match seen.iter().position(|other| other == one) {
        Some(index) => {
            seen.remove(index);
            true
        }
        None => false,
    })
}

/// The places in `differences` where AWS may mean what was sent by what it shows. What nobody has sent is AWS's own default, whatever
/// the pages say, and of whatever type.
pub(super) fn of_aws(differences: &[Difference], sent: &Document) -> BTreeSet<usize> {
    let renamed = under_another_key(differences);
    let means = |place: usize, difference: &Difference| {
        let undeclared = difference.sort == Sort::Undeclared;
        let filled_in = undeclared && get(Subject::Service, sent, &difference.pointer).is_none();
        (!undeclared || difference.has_default) && (filled_in || renamed.contains(&place) || may_be(difference))
    };
    differences.iter().enumerate().filter(|(place, difference)| means(*place, difference)).map(|(place, _)| place).collect()
}

/// The places in `differences` of elements that AWS shows under another key: a capacity provider by its ARN, a name in other
/// letters. What is declared is missing then, and an element with the same counts and booleans is one too many.
fn under_another_key(differences: &[Difference]) -> BTreeSet<usize> {
    let of = |sort: Sort| differences.iter().enumerate().filter(move |(_, difference)| difference.sort == sort);
    let mut found = BTreeSet::new();
    for (_, missing) in of(Sort::Missing) {
        for (_, extra) in of(Sort::Extra) {
            let Some(key) = other_key(&missing.pointer, &extra.pointer) else { continue };
            let element = |sort: Sort, pointer: &Pointer| -> Vec<usize> {
                let inside = of(sort).filter(|(_, other)| other.pointer.0.starts_with(&pointer.0[..=key]));
                inside.map(|(place, _)| place).collect()
            };
            let (declared, shown) = (element(Sort::Missing, &missing.pointer), element(Sort::Extra, &extra.pointer));
            let same = |one: &usize| {
                let one = &differences[*one];
                shown.iter().map(|other| &differences[*other]).any(|other| {
                    one.pointer.0[key + 1..] == other.pointer.0[key + 1..]
                        && may_be(&Difference { old: other.old.clone(), ..one.clone() })
                })
            };
            let taken = declared.iter().chain(&shown).any(|place| found.contains(place));
            if !taken && declared.iter().all(same) {
                found.extend(declared.into_iter().chain(shown));
            }
        }
    }
    found
}

/// Where the two pointers differ, if they do in one part alone that is neither the first nor the last.
fn other_key(one: &Pointer, other: &Pointer) -> Option<usize> {
    let (one, other) = (&one.0, &other.0);
    let mut differ = (0..one.len().min(other.len())).filter(|index| one[*index] != other[*index]);
    let key = differ.next().filter(|key| one.len() == other.len() && *key > 0 && *key + 1 < one.len())?;
    differ.next().is_none().then_some(key)
}

/// For a person: ``AWS shows `MEMORY` for `memory` ``.
pub(super) fn note(subject: Subject, difference: &Difference) -> String {
    let shown = |shown: &Option<Shown>| shown.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    format!(
        "AWS shows {} for {} at {}: its own spelling of what was written",
        shown(&difference.old),
        shown(&difference.new),
        difference.pointer.text(subject)
    )
}

/// What people write themselves and AWS keeps letter by letter: here nothing is ever spelled otherwise.
pub(super) fn is_peoples_own(pointer: &Pointer) -> bool {
    const OWN: [&str; 6] = ["image", "environment", "environmentFiles", "secrets", "command", "entryPoint"];
    pointer.0.first().is_some_and(|first| first == "containerDefinitions")
        && pointer.0.get(2).is_some_and(|member| OWN.contains(&member.as_str()))
}

fn value(shown: &Option<Shown>) -> Value {
    shown.as_ref().map(Shown::value).cloned().unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn scalars(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Number(_) | Value::Bool(_) => found.push(value.clone()),
        Value::Array(list) => list.iter().for_each(|value| scalars(value, found)),
        Value::Object(members) => members.values().for_each(|value| scalars(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(new: Value, old: Value) -> Difference {
        let shown = |value: Value| (!value.is_null()).then_some(Shown::Plain(value));
        let pointer = Pointer(vec!["placementStrategy".into(), "0".into(), "field".into()]);
        Difference { pointer, sort: Sort::Declared, old: shown(old), new: shown(new), has_default: false }
    }

    #[test]
    fn names_may_be_spelled_otherwise_and_counts_and_booleans_never_are() {
        let table = [
            (json!("memory"), json!("MEMORY"), true),
            (json!("web"), json!("arn:aws:…/web"), true),
            (json!(["a", "b"]), json!(["b", "a"]), true),
            (json!("x"), json!(null), true),
            (json!("5"), json!(5), true),
            (json!(true), json!("true"), true),
            (json!({"port": 80}), json!({"port": 80, "more": 1}), true),
            (json!(2), json!(3), false),
            (json!(true), json!(false), false),
            (json!(true), json!(null), false),
            (json!("a"), json!(3), false),
            (json!({"port": 80}), json!({"port": 81}), false),
            (json!([{"on": true}]), json!([{"on": false}]), false),
            (json!({"on": true}), json!(null), false),
            (json!({"name": "a"}), json!(null), true),
            (json!([1, 1]), json!([1, 2]), false),
        ];
        for (new, old, expected) in table {
            assert_eq!(may_be(&difference(new.clone(), old.clone())), expected, "{new} {old}");
        }
    }

    #[test]
    fn an_element_under_another_key_is_the_same_only_with_its_counts() {
        use crate::normalise::{Setting, compare};
        let document = |strategy: Value| json!({"capacityProviderStrategy": strategy}).as_object().cloned().unwrap_or_default();
        let element = |name: &str, weight: u64| json!({"capacityProvider": name, "weight": weight});
        let setting = Setting::default();
        let declared = document(json!([element("mine", 1), element("other", 2)]));
        for (shown, all) in [
            (json!([element("arn:aws:ecs:::mine", 1), element("arn:aws:ecs:::other", 2)]), true),
            (json!([element("OTHER", 2), element("MINE", 1)]), true),
            (json!([element("mine", 1), element("arn:aws:ecs:::other", 2)]), true),
            (json!([element("MINE", 3), element("other", 2)]), false),
            (json!([element("mine", 1)]), false),
            (json!([element("mine", 1), element("other", 2), element("third", 1)]), false),
        ] {
            let differences = compare(Subject::Service, &declared, &document(shown.clone()), &setting, &setting);
            assert!(!differences.is_empty());
            assert_eq!(under_another_key(&differences).len() == differences.len(), all, "{shown}: {differences:#?}");
        }
    }

    #[test]
    fn another_key_is_one_part_within_the_place() {
        let at = |one: &[&str], other: &[&str]| {
            let pointer = |parts: &[&str]| Pointer(parts.iter().map(|part| (*part).to_owned()).collect());
            other_key(&pointer(one), &pointer(other))
        };
        assert_eq!(at(&["list", "a", "weight"], &["list", "b", "weight"]), Some(1));
        assert_eq!(at(&["list", "a", "tags", "k", "value"], &["list", "a", "tags", "l", "value"]), Some(3));
        for (one, other) in [
            (&["list", "a", "weight"], &["list", "a", "weight"]),
            (&["list", "a", "weight"], &["other", "a", "weight"]),
            (&["list", "a", "weight"], &["list", "a", "base"]),
            (&["list", "a", "weight"], &["list", "b", "base"]),
        ] {
            assert_eq!(at(one, other), None, "{one:?} {other:?}");
        }
        assert_eq!(at(&["list", "a", "weight", "x"], &["list", "b", "weight"]), None);
        assert_eq!(at(&["list", "a"], &["list", "b"]), None);
    }

    #[test]
    fn what_people_write_themselves_in_containers_is_kept_letter_by_letter() {
        let own = |text: &str| is_peoples_own(&Pointer(text.split('/').map(str::to_owned).collect()));
        for place in ["image", "environment/A/value", "environmentFiles", "secrets/A/valueFrom", "command/0", "entryPoint"] {
            assert!(own(&format!("containerDefinitions/app/{place}")), "{place}");
        }
        for place in
            ["containerDefinitions/app/cpu", "containerDefinitions/image", "containerDefinitions", "volumes/data/image", "image"]
        {
            assert!(!own(place), "{place}");
        }
    }

    #[test]
    fn what_is_not_declared_is_awss_default_only_where_nobody_sent_it_and_a_default_says_what_it_should_be() {
        let undeclared = |has_default: bool| Difference {
            sort: Sort::Undeclared,
            has_default,
            pointer: Pointer(vec!["desiredCount".into()]),
            ..difference(json!(1), json!(2))
        };
        let sent = json!({"desiredCount": 1}).as_object().cloned().unwrap_or_default();
        let of = |difference: Difference, sent: &Document| !of_aws(&[difference], sent).is_empty();
        assert!(of(undeclared(true), &Document::new()));
        assert!(!of(undeclared(true), &sent), "a count that was sent is never spelled otherwise");
        assert!(!of(undeclared(false), &Document::new()));
        let declared = |new: Value, old: Value| difference(new, old);
        assert!(of(declared(json!("a"), json!("A")), &sent) && !of(declared(json!(1), json!(2)), &Document::new()));
    }

    #[test]
    fn a_hash_is_of_this_place_and_these_two_values() {
        let one = hash(&difference(json!("memory"), json!("MEMORY")));
        assert_eq!(one.len(), SHORT);
        assert_ne!(one, hash(&difference(json!("memory"), json!("CPU"))));
        assert_ne!(one, hash(&difference(json!("cpu"), json!("MEMORY"))));
        let mut elsewhere = difference(json!("memory"), json!("MEMORY"));
        elsewhere.pointer.0[1] = "1".into();
        assert_ne!(one, hash(&elsewhere));
    }

    #[test]
    fn a_tag_holds_thirty_two_and_reads_nothing_into_another_value() {
        let many: Hashes = (0..40).map(|number| format!("{number:08x}")).collect();
        let text = many.text();
        assert_eq!(text.len(), 256);
        let read = Hashes::read(Some(&text));
        assert!(read.contains("00000005") && !read.contains("00000027"), "{read:?}");
        assert!(Hashes::read(Some(&"no hash at all".to_owned())).is_empty());
        assert!(Hashes::read(None).is_empty());
    }
}
