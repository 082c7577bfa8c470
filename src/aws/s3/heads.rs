//! What HeadObject said, kept for as long as the object is the same: key, ETag and size name it, as a listing shows them.
//!
//! A listing has no metadata and no checksums, so each object is looked at once; a second pass over two thousand of them is two
//! requests, and so is the first one of another process: what is known is kept in a file of the cache, as a copy of a
//! repository is. It is no memory that anything depends on: without it the objects are looked at. An object that was rewritten with the same bytes has the same ETag and may have other metadata: then its time
//! differs, so that is part of the name too.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use driftless_core::observed::ObjectHead;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::artifact::blob::hex;

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// How the names of files begin that are being written.
const UNFINISHED: &str = ".tmp";
const AN_HOUR: Duration = Duration::from_secs(3600);

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

/// What is known of a place, and whether the file has less.
#[derive(Default)]
struct Held {
    known: Known,
    learned: bool,
}

/// See the module. Of each place only what its last listing had is kept.
#[derive(Default)]
pub(super) struct Heads {
    places: Mutex<HashMap<Place, Held>>,
    /// The folder of the files, and what tells this target's from others'.
    cache: Option<(PathBuf, String)>,
}

impl Heads {
    /// Kept in this folder between two runs; with what tells this target's buckets from others of the same name.
    pub fn new(cache: Option<(PathBuf, String)>) -> Self {
        Heads { places: Mutex::default(), cache }
    }

    /// Makes what an earlier run knew of a place known. Blocks.
    pub fn recall(&self, place: &Place) {
        let Some(file) = self.file(place) else { return };
        if self.places().contains_key(place) {
            return;
        }
        // What cannot be read, or is not what was written, is not known.
        let known = std::fs::read(file).ok().and_then(|bytes| read(&bytes)).unwrap_or_default();
        self.places().entry(place.clone()).or_insert(Held { known, learned: false });
    }

    /// What is known of an object that was just listed.
    pub fn known(&self, place: &Place, key: &str, listed: &Listed) -> Option<ObjectHead> {
        let all = self.places();
        let (seen, head) = all.get(place)?.known.get(key)?;
        seen.is(listed).then(|| head.clone())
    }

    /// An object was just written. It is kept with the places that hold its key.
    pub fn learn(&self, bucket: &str, key: &str, listed: Listed, head: ObjectHead) {
        for ((of, prefix), held) in self.places().iter_mut() {
            if of == bucket && key.starts_with(prefix.as_str()) {
                held.known.insert(key.to_owned(), (listed.clone(), head.clone()));
                held.learned = true;
            }
        }
    }

    /// Keeps these of a place, and nothing else of it. Blocks where they are others than those that were kept.
    pub fn keep(&self, place: Place, heads: Known) {
        let file = self.file(&place);
        let before = self.places().insert(place, Held { known: heads.clone(), learned: false });
        let same = before.is_some_and(|before| !before.learned && before.known == heads);
        let Some(file) = file.filter(|file| !same || !file.exists()) else { return };
        if let Err(error) = write(&file, &heads) {
            tracing::debug!(file = %file.display(), %error, "what is known of objects could not be kept for the next run");
        }
    }

    fn file(&self, (bucket, prefix): &Place) -> Option<PathBuf> {
        let (folder, target) = self.cache.as_ref()?;
        let name = Sha256::digest(format!("{target}\n{bucket}\n{prefix}"));
        Some(folder.join(format!("{}.json", hex(&name[..16]))))
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Held>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a whole or not at all: another process may read it, and a kill may come at any instant. The first line is the digest of
/// the rest.
fn write(file: &Path, heads: &Known) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let json = serde_json::to_vec(heads)?;
    let mut whole = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    writeln!(whole, "{}", hex(&Sha256::digest(&json)))?;
    whole.write_all(&json)?;
    whole.persist(file)?;
    sweep(folder);
    Ok(())
}

fn read(bytes: &[u8]) -> Option<Known> {
    let (digest, json) = bytes.split_at_checked(64)?;
    let json = json.strip_prefix(b"\n")?;
    (hex(&Sha256::digest(json)).as_bytes() == digest).then(|| serde_json::from_slice(json).ok())?
}

/// What a process that was killed was writing. One that is at work is done with it within the hour.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && age.is_some_and(|age| age > AN_HOUR) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(etag: &str, modified: f64) -> Listed {
        Listed { etag: etag.into(), bytes: 1, modified: Some(modified) }
    }

    #[test]
    fn what_one_run_knew_the_next_one_knows_as_long_as_the_object_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let heads = |target: &str| Heads::new(Some((folder.path().join("objects"), target.to_owned())));
        let place = ("shop".to_owned(), "site/".to_owned());
        let head = ObjectHead { content_type: Some("text/html".into()), ..ObjectHead::default() };
        heads("a").keep(place.clone(), HashMap::from([("site/x".into(), (listed("\"1\"", 10.0), head.clone()))]));
        let next = heads("a");
        assert_eq!(next.known(&place, "site/x", &listed("\"1\"", 10.0)), None, "it has not looked");
        next.recall(&place);
        assert_eq!(next.known(&place, "site/x", &listed("1", 10.0)), Some(head), "with quotes or without");
        assert_eq!(next.known(&place, "site/x", &listed("\"2\"", 10.0)), None);
        assert_eq!(next.known(&place, "site/x", &listed("\"1\"", 100.0)), None, "written again, with the same bytes");
        let other = heads("another target");
        other.recall(&place);
        assert_eq!(other.known(&place, "site/x", &listed("\"1\"", 10.0)), None);
        // What was written since the last look is kept with the next one.
        let changed = listed("\"3\"", 20.0);
        next.learn("shop", "site/x", changed.clone(), ObjectHead::default());
        next.keep(place.clone(), HashMap::from([("site/x".into(), (changed.clone(), ObjectHead::default()))]));
        let third = heads("a");
        third.recall(&place);
        assert_eq!(third.known(&place, "site/x", &changed), Some(ObjectHead::default()));
    }

    #[test]
    fn whatever_a_kill_leaves_of_the_file_is_not_known_and_the_next_run_writes_it_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let heads = || Heads::new(Some((folder.path().join("objects"), "a".to_owned())));
        let place = ("shop".to_owned(), "site/".to_owned());
        let known = || HashMap::from([("site/x".to_owned(), (listed("1", 10.0), ObjectHead::default()))]);
        let knows = || {
            let heads = heads();
            heads.recall(&place);
            heads.known(&place, "site/x", &listed("1", 10.0)).is_some()
        };
        heads().keep(place.clone(), known());
        let file = heads().file(&place).expect("a cache");
        let whole = std::fs::read(&file).expect("kept");
        let mut other = whole.clone();
        *other.last_mut().expect("not empty") ^= 1;
        for left in
            [Vec::new(), whole[..10].to_vec(), whole[..whole.len() / 2].to_vec(), whole[65..].to_vec(), other, b"{".to_vec()]
        {
            assert!(knows());
            std::fs::write(&file, &left).expect("written");
            assert!(!knows(), "{}", String::from_utf8_lossy(&left));
            let next = heads();
            next.recall(&place);
            next.keep(place.clone(), known());
        }
        let left = file.with_file_name(format!("{UNFINISHED}x"));
        let old = std::fs::File::create(&left).expect("written");
        old.set_modified(std::fs::metadata(&left).and_then(|found| found.modified()).expect("known") - 2 * AN_HOUR).expect("set");
        let young = file.with_file_name(format!("{UNFINISHED}y"));
        std::fs::write(&young, "").expect("written");
        std::fs::remove_file(&file).expect("removed");
        heads().keep(place.clone(), known());
        assert_eq!((left.exists(), young.exists()), (false, true), "somebody may be writing the other");
    }
}
