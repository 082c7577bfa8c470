//! What the process remembers of stacks, because AWS does not show it. A restart forgets it, which costs a call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use driftless_core::observed::{ChangeSet, DriftDetection, Fingerprint, StackObservation};
use driftless_core::plan::stack::{Kind, Token};

/// How many change sets of one stack are remembered.
const KEPT: usize = 8;

/// By the stack's name.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<String, Remembered>>);

#[derive(Default)]
struct Remembered {
    /// The newest change set that only looked.
    looked: Option<ChangeSet>,
    /// What was sent in hidden parameters, by the change set's name; the newest last.
    sent: Vec<(String, Fingerprint)>,
    detection: Option<DriftDetection>,
}

impl Memory {
    fn with<T>(&self, stack: &str, act: impl FnOnce(&mut Remembered) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(stack.to_owned()).or_default())
    }

    /// A change set of ours was described.
    pub(super) fn looked(&self, stack: &str, change_set: &ChangeSet) {
        let looks = Token::parse(&change_set.name).is_some_and(|token| token.kind == Kind::Look);
        if looks && change_set.status == "CREATE_COMPLETE" {
            self.with(stack, |known| known.looked = Some(change_set.clone()));
        }
    }

    /// A change set was asked for.
    pub(super) fn sent(&self, stack: &str, name: &str, hidden: Fingerprint) {
        self.with(stack, |known| {
            if known.sent.len() >= KEPT {
                known.sent.remove(0);
            }
            known.sent.push((name.to_owned(), hidden));
        });
    }

    /// Drift detection was begun, or looked at.
    pub(super) fn detection(&self, stack: &str, detection: DriftDetection) {
        self.with(stack, |known| known.detection = Some(detection));
    }

    /// When the detection `id` was begun.
    pub(super) fn begun(&self, stack: &str, id: &str) -> Option<f64> {
        self.with(stack, |known| known.detection.as_ref().filter(|known| known.id == id).map(|known| known.at))
    }

    /// What is known of the observed stack.
    pub(super) fn add_to(&self, stack: &str, observation: &mut StackObservation) {
        self.with(stack, |known| {
            observation.looked = known.looked.clone();
            observation.sent = known.sent.iter().cloned().collect();
            observation.detection = known.detection.clone();
        });
    }
}
