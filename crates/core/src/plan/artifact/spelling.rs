//! What S3 shows otherwise than it was sent, remembered in the object itself.
//!
//! An object never changes: what differs on the very object that we wrote, and that nobody has copied over since, is how S3
//! spells what was sent. A first look cannot know that, and writes once more; that write notes what was seen, one short hash for
//! each difference (the member, the declared value, the shown one). A difference that is noted is told and not written. So a
//! digest is written twice at most, and a change of somebody else's is another difference, or on another object.

use serde_json::json;

use super::marker::{AT, SPELLED};
use crate::observed::{ObjectHead, StoredObject};
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
}

impl Spelling {
    /// Reads an object's metadata.
    pub(super) fn of(object: &StoredObject, head: &ObjectHead) -> Self {
        let known = head.metadata.get(SPELLED).map(String::as_str).unwrap_or_default();
        let at = head.metadata.get(AT).and_then(|at| at.parse::<f64>().ok());
        let own = match (at, head.modified) {
            (Some(at), Some(modified)) => modified - at <= SOON + object.bytes as f64 / SLOW,
            _ => true,
        };
        Spelling { known: known.split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect(), own }
    }

    /// Whether it is known that S3 shows this.
    pub(super) fn knows(&self, member: &str, change: &Change) -> bool {
        self.own && self.known.contains(&hash(member, change))
    }

    /// The metadata's value once these differences are written over; the newest stay where there are many.
    pub(super) fn noting<'c>(mut self, differences: impl Iterator<Item = (&'c str, &'c Change)>) -> Option<String> {
        for (member, change) in differences {
            let hash = hash(member, change);
            self.known.retain(|known| *known != hash);
            self.known.push(hash);
        }
        let surplus = self.known.len().saturating_sub(MOST);
        let value = self.known.split_off(surplus).join(",");
        (!value.is_empty()).then_some(value)
    }
}
