//! The digests of files that were read once already: of a blob of Git for good, of a file on disk until it is touched.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::blob::{Digested, digested};
use crate::clock;
use crate::source::SourceError;
use crate::source::content::{Identity, Tree};

/// With so many kept, all are forgotten: some 20 MB.
const KEPT: usize = 100_000;

/// A file that was written within so many seconds may be written again without a new time: its digest is not kept.
/// As Git's index does it: <https://git-scm.com/docs/racy-git>.
const RACY: u128 = 2;

/// See the module.
#[derive(Default)]
pub(super) struct Hashes(Mutex<HashMap<Identity, Digested>>);

impl Hashes {
    /// Reads the file where it is not known; blocks.
    pub fn of(&self, tree: &Tree, path: &str) -> Result<Digested, SourceError> {
        let identity = tree.files().get(path).map(|file| file.identity.clone());
        if let Some(known) = identity.as_ref().and_then(|identity| self.known().get(identity).cloned()) {
            return Ok(known);
        }
        let reason = |error: std::io::Error| SourceError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        let found = digested(tree.read(path)?).map_err(reason)?;
        if let Some(identity) = identity.filter(settled) {
            let mut known = self.known();
            if known.len() >= KEPT {
                known.clear();
            }
            known.insert(identity, found.clone());
        }
        Ok(found)
    }

    /// What was known of the files of a tree was wrong.
    pub fn forget(&self, tree: &Tree) {
        let mut known = self.known();
        tree.files().values().for_each(|file| drop(known.remove(&file.identity)));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Identity, Digested>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settled(identity: &Identity) -> bool {
    match identity {
        Identity::Blob(_) => true,
        Identity::Disk { modified, .. } => modified / 1_000_000_000 + RACY < u128::from(clock::now()),
    }
}
