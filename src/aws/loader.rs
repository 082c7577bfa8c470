//! Reads that wait for each other: single questions about members of one group leave together, in full batches.
//!
//! A batch leaves as soon as it is full. What does not fill one leaves when nobody has asked for a while ([`LINGER`]) and
//! no batch of its group is under way, since its answer lets others ask; or when it has waited for [`LONGEST`].

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long after the last question, or the last answer, a partial batch leaves.
pub(super) const LINGER: Duration = Duration::from_millis(20);
/// How long a question waits for company at most.
pub(super) const LONGEST: Duration = Duration::from_millis(250);

/// Asks about the keys of one group at once; each key that is missing from the answer is asked in vain.
type Fetch<G, K, V> = dyn Fn(G, Vec<K>) -> Pin<Box<dyn Future<Output = HashMap<K, V>> + Send>> + Send + Sync;

/// See the module. `G` is the group (a cluster), `K` the key (a service's name), `V` what is answered. Clones share
/// everything.
pub(super) struct Loader<G, K, V>(Arc<Shared<G, K, V>>);

impl<G, K, V> Clone for Loader<G, K, V> {
    fn clone(&self) -> Self {
        Loader(self.0.clone())
    }
}

struct Shared<G, K, V> {
    full: usize,
    fetch: Box<Fetch<G, K, V>>,
    groups: Mutex<HashMap<G, Group<K, V>>>,
}

struct Group<K, V> {
    /// In the order of asking; the same key asked twice waits once.
    waiting: VecDeque<Waiting<K, V>>,
    under_way: usize,
    /// The last question or answer.
    stirred: Instant,
    /// Whether a task watches over this group's partial batch.
    watched: bool,
}

struct Waiting<K, V> {
    key: K,
    since: Instant,
    askers: Vec<oneshot::Sender<V>>,
}

impl<G, K, V> Loader<G, K, V>
where
    G: Clone + Eq + Hash + Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// `full` keys are a batch.
    pub fn new<F>(full: usize, fetch: impl Fn(G, Vec<K>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = HashMap<K, V>> + Send + 'static,
    {
        let fetch = Box::new(move |group, keys| Box::pin(fetch(group, keys)) as Pin<Box<dyn Future<Output = _> + Send>>);
        Loader(Arc::new(Shared { full, fetch, groups: Mutex::default() }))
    }

    /// What is said of `key`. None: the answer said nothing of it, or the fetch panicked.
    pub async fn load(&self, group: G, key: K) -> Option<V> {
        let (sender, answer) = oneshot::channel();
        self.ask(&group, key, sender);
        answer.await.ok()
    }

    fn ask(&self, name: &G, key: K, sender: oneshot::Sender<V>) {
        let now = Instant::now();
        let mut groups = self.groups();
        let group = groups.entry(name.clone()).or_insert_with(|| Group {
            waiting: VecDeque::new(),
            under_way: 0,
            stirred: now,
            watched: false,
        });
        group.stirred = now;
        match group.waiting.iter_mut().find(|waiting| waiting.key == key) {
            Some(waiting) => waiting.askers.push(sender),
            None => group.waiting.push_back(Waiting { key, since: now, askers: vec![sender] }),
        }
        if group.waiting.len() >= self.0.full {
            self.leave(name, group);
        } else if !group.watched {
            group.watched = true;
            tokio::spawn(self.clone().watch(name.clone()));
        }
    }

    /// Sends the oldest of the group's questions off.
    fn leave(&self, name: &G, group: &mut Group<K, V>) {
        let count = group.waiting.len().min(self.0.full);
        let batch: Vec<_> = group.waiting.drain(..count).collect();
        group.under_way += 1;
        let (this, name) = (self.clone(), name.clone());
        tokio::spawn(async move {
            // However the fetch ends (a panic included), the batch is no longer under way.
            let _ended = Ended { loader: this.clone(), group: name.clone() };
            let keys = batch.iter().map(|waiting| waiting.key.clone()).collect();
            let mut answers = (this.0.fetch)(name, keys).await;
            for waiting in batch {
                if let Some(answer) = answers.remove(&waiting.key) {
                    // Whoever stopped waiting is not missed.
                    waiting.askers.into_iter().for_each(|asker| drop(asker.send(answer.clone())));
                }
            }
        });
    }

    async fn watch(self, name: G) {
        loop {
            let look_again = {
                let mut groups = self.groups();
                let Some(group) = groups.get_mut(&name) else { return };
                let Some(oldest) = group.waiting.front() else {
                    group.watched = false;
                    return;
                };
                let now = Instant::now();
                let quiet = group.stirred + LINGER;
                let latest = oldest.since + LONGEST;
                if now >= latest || (now >= quiet && group.under_way == 0) {
                    self.leave(&name, group);
                    continue;
                }
                if group.under_way == 0 { quiet.min(latest) } else { latest.min(now.max(quiet) + LINGER) }
            };
            tokio::time::sleep_until(look_again).await;
        }
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, HashMap<G, Group<K, V>>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the end of a batch when dropped.
struct Ended<G, K, V>
where
    G: Eq + Hash,
{
    loader: Loader<G, K, V>,
    group: G,
}

impl<G: Eq + Hash, K, V> Drop for Ended<G, K, V> {
    fn drop(&mut self) {
        let mut groups = self.loader.0.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get_mut(&self.group) {
            group.under_way -= 1;
            group.stirred = Instant::now();
            // An idle group is forgotten, or clusters that are gone would stay for ever.
            if group.under_way == 0 && group.waiting.is_empty() && !group.watched {
                groups.remove(&self.group);
            }
        }
    }
}

#[cfg(test)]
#[path = "loader_tests.rs"]
mod tests;
