//! Reads of the source, shared by all who need one: the interval's, and those of passes that have seen what another revision wrote.
//!
//! What such a pass needs is a read that begins after it has looked. One that is under way when it asks may have been
//! answered before; the next one serves all that have asked by then. So however many ask, at most two reads are waited for, and
//! one is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use driftless_core::snapshot::{Revision, Snapshot};
use tokio::sync::Mutex;

use crate::source::{Source, SourceError};

/// See the module.
pub(super) struct Reading {
    source: Arc<Source>,
    /// How many reads have begun.
    begun: AtomicU64,
    /// The newest read; locked while one is under way.
    last: Mutex<Option<Read>>,
    /// What is new comes into force.
    pub(super) follows: AtomicBool,
}

#[derive(Clone)]
struct Read {
    number: u64,
    said: Result<Revision, SourceError>,
}

/// Where the source is, as a read that began after the question found it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Head {
    /// Where the revision in question is.
    There,
    /// Elsewhere.
    Moved(Revision),
    /// It cannot be read now.
    Unread(SourceError),
}

impl Reading {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Reading { source, begun: AtomicU64::new(0), last: Mutex::new(None), follows: AtomicBool::new(false) }
    }

    /// What the source says, by a read that begins after this call. `known` is the revision in force, and `accept` puts another
    /// one in force, before anybody hears of it.
    pub(super) async fn read(
        &self,
        known: impl Fn() -> Revision,
        accept: impl AsyncFnOnce(Snapshot),
    ) -> Result<Revision, SourceError> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some(read) = last.as_ref().filter(|read| read.number > asked) {
            return read.said.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let known = known();
        let said = match self.source.snapshot_unless(&known).await {
            Ok(None) => Ok(known),
            Ok(Some(snapshot)) => {
                let revision = snapshot.revision.clone();
                if self.follows.load(Ordering::Relaxed) && revision != known {
                    accept(snapshot).await;
                }
                Ok(revision)
            }
            Err(error) => Err(error),
        };
        *last = Some(Read { number, said: said.clone() });
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Directory;

    fn nothing() -> Revision {
        Revision::Directory { digest: String::new() }
    }

    #[tokio::test]
    async fn one_read_serves_all_that_asked_before_it_began_and_none_that_asked_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let reading = Reading::new(Arc::new(Source::Directory(Directory::new(folder.path().to_owned()))));
        let ask = || reading.read(nothing, async |_| ());
        // As while one is under way.
        reading.begun.fetch_add(1, Ordering::SeqCst);
        let under_way = reading.last.lock().await;
        let all = futures_util::future::join_all((0..10).map(|_| ask()));
        let (all, ()) = tokio::join!(biased; all, async { drop(under_way) });
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(reading.begun.load(Ordering::SeqCst), 2);
        ask().await.expect("read");
        assert_eq!(reading.begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_that_waited_and_is_nothing_that_is_known_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("later");
        let reading = Reading::new(Arc::new(Source::Directory(Directory::new(place.clone()))));
        reading.read(nothing, async |_| ()).await.expect_err("not there");
        std::fs::create_dir(&place).expect("made");
        reading.read(nothing, async |_| ()).await.expect("there");
    }
}
