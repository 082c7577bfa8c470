//! What S3 shows otherwise than it was sent, remembered in the object itself.
//!
//! An object never changes: what differs on the very object that we wrote, and that nobody has copied over since, is how S3
//! spells what was sent. A first look cannot know that, and writes once more; that write notes what was seen, one short hash for
//! each difference (the member, the declared value, the shown one), and a short digest of what was declared. A difference that
//! is noted is told and not written; another one on that same object is of answers that keep moving, and not written either. So a
//! digest is written twice at most, and a change of somebody else's is on another object.

use serde_json::json;

use super::marker::{AT, SPELLED};
use crate::desired::Sync;
use crate::observed::{Item, ObjectHead, StoredObject};
use crate::plan::{Change, digest};
use crate::secret::Shown;

/// How many are remembered of an object: metadata has 2 KB.
const MOST: usize = 8;
/// Hex digits of each.
const LENGTH: usize = 8;

/// Seconds from the time that was noted to the one that S3 gives the object, besides those that its bytes take.
const SOON: f64 = 60.0;
/// Bytes in a second, of a slow connection.
const SLOW: f64 = 64.0 * 1024.0;

/// The hash of one difference of an object; `member` without the object's key, so that all objects share it.
fn hash(member: &str, change: &Change) -> String {
    let shown = |value: &Option<Shown>| value.as_ref().map(ToString::to_string);
    let said = json!([member, shown(&change.new), shown(&change.old)]);
    let mut hash = digest::of(&said);
    hash.truncate(LENGTH);
    hash
}

/// What is remembered of an object.
pub(super) struct Spelling {
    known: Vec<String>,
    /// It is the object that we wrote.
    own: bool,
    /// The digest that it was written for a second time.
    twice: Option<String>,
    /// Of what is declared now.
    declared: String,
}

/// What stands before the digest that an object was written for twice.
const TWICE: &str = "twice=";

impl Spelling {
    /// Reads an object's metadata. What is declared are `sync` and `item`.
    pub(super) fn of(object: &StoredObject, head: &ObjectHead, sync: &Sync, item: &Item) -> Self {
        let known = head.metadata.get(SPELLED).map(String::as_str).unwrap_or_default();
        let at = head.metadata.get(AT).and_then(|at| at.parse::<f64>().ok());
        let own = match (at, head.modified) {
            (Some(at), Some(modified)) => modified - at <= SOON + object.bytes as f64 / SLOW,
            _ => true,
        };
        let (twice, known): (Vec<&str>, Vec<&str>) = known.split(',').partition(|part| part.starts_with(TWICE));
        let mut declared = digest::of(&json!([sync, item.sha256, item.inputs, item.content_type]));
        declared.truncate(LENGTH);
        Spelling {
            known: known.into_iter().filter(|hash| !hash.is_empty()).map(str::to_owned).collect(),
            own,
            twice: twice.first().and_then(|part| part.strip_prefix(TWICE)).map(str::to_owned),
            declared,
        }
    }

    /// Whether this very object is the second one that was written for what is declared, because the first differed.
    pub(super) fn is_second(&self) -> bool {
        self.own && self.twice.as_deref() == Some(&self.declared)
    }

    /// Whether it is known that S3 shows this.
    pub(super) fn knows(&self, member: &str, change: &Change) -> bool {
        self.own && self.known.contains(&hash(member, change))
    }

    /// The metadata's value once these differences are written over; the newest stay where there are many.
    pub(super) fn noting<'c>(mut self, differences: impl Iterator<Item = (&'c str, &'c Change)>) -> Option<String> {
        let mut noted = false;
        for (member, change) in differences {
            noted = true;
            let hash = hash(member, change);
            self.known.retain(|known| *known != hash);
            self.known.push(hash);
        }
        let surplus = self.known.len().saturating_sub(MOST);
        let mut value = self.known.split_off(surplus);
        // What differs on somebody's copy is their doing.
        value.extend((noted && self.own).then(|| format!("{TWICE}{}", self.declared)));
        (!value.is_empty()).then(|| value.join(","))
    }
}
