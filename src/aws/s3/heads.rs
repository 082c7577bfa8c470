//! What HeadObject said, kept for as long as the object is the same: key, ETag and size name it, as a listing shows them.
//!
//! A listing has no metadata and no checksums, so each object is looked at once; a second pass over two thousand of them is two
//! requests. An object that was rewritten with the same bytes has the same ETag and may have other metadata: then its time
//! differs, so that is part of the name too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use driftless_core::observed::ObjectHead;

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    /// With its quotes.
    pub etag: String,
    pub bytes: u64,
    /// Seconds since the epoch.
    pub modified: Option<f64>,
}

/// A write's answer has the time at which it was sent, a listing the time at which the object was made: the same within a few
/// seconds.
const CLOSE: f64 = 5.0;

impl Listed {
    /// Whether both are the same object.
    fn is(&self, other: &Listed) -> bool {
        let close = match (self.modified, other.modified) {
            (Some(one), Some(two)) => (one - two).abs() <= CLOSE,
            _ => true,
        };
        // With quotes or without.
        self.etag.trim_matches('"') == other.etag.trim_matches('"') && self.bytes == other.bytes && close
    }
}

/// A bucket, and a prefix.
type Place = (String, String);

/// Objects by key.
pub(super) type Known = HashMap<String, (Listed, ObjectHead)>;

/// See the module. Of each place only what its last listing had is kept.
#[derive(Default)]
pub(super) struct Heads(Mutex<HashMap<Place, Known>>);

impl Heads {
    /// What is known of an object that was just listed.
    pub fn known(&self, place: &Place, key: &str, listed: &Listed) -> Option<ObjectHead> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, head) = all.get(place)?.get(key)?;
        seen.is(listed).then(|| head.clone())
    }

    /// An object was just written. It is kept with the places that hold its key.
    pub fn learn(&self, bucket: &str, key: &str, listed: Listed, head: ObjectHead) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((of, prefix), heads) in all.iter_mut() {
            if of == bucket && key.starts_with(prefix.as_str()) {
                heads.insert(key.to_owned(), (listed.clone(), head.clone()));
            }
        }
    }

    /// Keeps these of a place, and nothing else of it.
    pub fn keep(&self, place: Place, heads: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(place, heads);
    }
}
