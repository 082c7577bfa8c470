//! The work queue. It carries keys and nothing else: a pass reads the desired and the observed state anew, so a
//! trigger that is lost, doubled or late costs latency and never truth, and a thousand of them cost one pass.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;

/// What a pass over a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing more until the key is added again.
    Done,
    /// It went well; look again after this long.
    Requeue(Duration),
    /// It failed: try again after this long, or after the key's own backoff.
    Retry(Option<Duration>),
}

/// A queue of keys, shared by its clones.
///
/// - A key that is added twice before its pass begins has one pass.
/// - There is at most one pass per key at a time; a key that is added during its own pass has one more after it.
/// - The earliest of several wishes for a key wins.
/// - How many passes of different keys run at once is the caller's choice (a semaphore in the pass), not the queue's.
pub struct Queue<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

struct State<K> {
    keys: HashMap<K, Slot>,
    /// The keys that wait and have no pass under way, by when they are due.
    due: BTreeMap<Due, K>,
    backoff: Backoff<K>,
    next_ticket: u64,
    closed: bool,
}

/// When, and in which order among those due at the same instant.
type Due = (Instant, u64);

#[derive(Default)]
struct Slot {
    running: bool,
    /// Forgotten since its pass began: what that pass asks for no longer counts.
    forgotten: bool,
    next: Option<Due>,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Queue { shared: self.shared.clone() }
    }
}

impl<K: Clone + Eq + Hash + Display + Send + 'static> Queue<K> {
    /// An empty queue, whose failing keys wait as `backoff` says.
    pub fn new(backoff: Backoff<K>) -> Self {
        let state = State { keys: HashMap::new(), due: BTreeMap::new(), backoff, next_ticket: 0, closed: false };
        Queue { shared: Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }) }
    }

    /// The key wants a pass now. Cuts a requeue or a backoff short.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// The key wants a pass after `delay`, unless it has one sooner.
    pub fn add_after(&self, key: K, delay: Duration) {
        self.state().wish(key, delay);
        self.shared.changed.notify_one();
    }

    /// The key is gone: what it waits for is dropped, and what a pass under way asks for is ignored.
    pub fn forget(&self, key: &K) {
        self.state().forget(key);
    }

    /// Runs passes until `shutdown`; then takes nothing in, lets the passes under way finish, and returns.
    ///
    /// A panic in a pass is that key's failure: `on_panic` is told with the message, and the key is retried after its
    /// backoff. Dropping the returned future aborts the passes under way, so it is awaited to its end.
    pub async fn run<F, Pass>(&self, shutdown: CancellationToken, f: F, on_panic: impl Fn(K, String))
    where
        F: Fn(K) -> Pass + Send + Sync + 'static,
        Pass: Future<Output = Action> + Send + 'static,
    {
        let f = Arc::new(f);
        let mut passes = JoinSet::new();
        loop {
            for key in self.state().take_due() {
                passes.spawn(pass(f.clone(), key));
            }
            let wake = self.state().due.keys().next().map(|(at, _)| *at);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(ended) = passes.join_next(), if !passes.is_empty() => self.end(ended, &on_panic),
                () = self.shared.changed.notified() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
        self.state().close();
        while let Some(ended) = passes.join_next().await {
            self.end(ended, &on_panic);
        }
    }

    fn end(&self, ended: Result<Ended<K>, tokio::task::JoinError>, on_panic: &impl Fn(K, String)) {
        // A pass catches its own panics, and nothing aborts it while `run` is awaited.
        let Ok((key, outcome)) = ended else { return };
        let action = outcome.unwrap_or_else(|panic| {
            on_panic(key.clone(), message(panic.as_ref()));
            Action::Retry(None)
        });
        self.state().ended(key, action);
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // Nothing below panics halfway through a change; a poisoned lock holds a consistent state.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key, and what its pass asked for or panicked with.
type Ended<K> = (K, Result<Action, Box<dyn Any + Send>>);

async fn pass<K, F, Pass>(f: Arc<F>, key: K) -> Ended<K>
where
    K: Clone,
    F: Fn(K) -> Pass,
    Pass: Future<Output = Action>,
{
    // Unwind safe: what `f` captured is shared state behind its own locks, and the key is put back whole.
    let own = key.clone();
    let outcome = AssertUnwindSafe(async move { f(own).await }).catch_unwind().await;
    (key, outcome)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

impl<K: Clone + Eq + Hash + Display> State<K> {
    fn wish(&mut self, key: K, delay: Duration) {
        if self.closed {
            return;
        }
        let due = (Instant::now() + delay, self.next_ticket);
        self.next_ticket += 1;
        let slot = self.keys.entry(key.clone()).or_default();
        if slot.next.is_some_and(|sooner| sooner <= due) {
            return;
        }
        if let Some(later) = slot.next.replace(due) {
            self.due.remove(&later);
        }
        if !slot.running {
            self.due.insert(due, key);
        }
    }

    fn forget(&mut self, key: &K) {
        self.backoff.reset(key);
        let Some(slot) = self.keys.get_mut(key) else { return };
        if let Some(due) = slot.next.take() {
            self.due.remove(&due);
        }
        slot.forgotten = true;
        if !slot.running {
            self.keys.remove(key);
        }
    }

    fn take_due(&mut self) -> Vec<K> {
        let later = self.due.split_off(&(Instant::now(), u64::MAX));
        let due: Vec<K> = std::mem::replace(&mut self.due, later).into_values().collect();
        for key in &due {
            self.keys.insert(key.clone(), Slot { running: true, forgotten: false, next: None });
        }
        due
    }

    fn ended(&mut self, key: K, action: Action) {
        let slot = self.keys.remove(&key).unwrap_or_default();
        if let Some(due) = slot.next.filter(|_| !self.closed) {
            self.keys.insert(key.clone(), Slot { running: false, forgotten: false, next: Some(due) });
            self.due.insert(due, key.clone());
        }
        if slot.forgotten {
            return;
        }
        let again = match action {
            Action::Done | Action::Requeue(_) => {
                self.backoff.reset(&key);
                if let Action::Requeue(delay) = action { Some(delay) } else { None }
            }
            Action::Retry(delay) => {
                let own = self.backoff.failed(key.clone());
                Some(delay.unwrap_or(own))
            }
        };
        if let Some(delay) = again {
            tracing::debug!(%key, ?delay, "waits for its next pass");
            self.wish(key, delay);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        self.due.clear();
        self.keys.retain(|_, slot| slot.running);
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
