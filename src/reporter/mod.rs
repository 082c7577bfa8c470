//! Tells GitLab how a commit is doing, beside the deployments and never in their way: `report` puts the newest view of a
//! revision aside and returns; a task of its own sends what is new, and keeps at it while GitLab is down.
//!
//! GitLab is its own memory. After a restart the rows of the commit are read before anything is posted, and the rows that
//! a killed agent left unfinished on older commits are ended.

pub(crate) mod client;
mod history;
mod pass;
mod rows;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use driftless_core::report::CommitView;
use driftless_core::snapshot::Revision;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, LONGEST};
use crate::queue::Queue;
use crate::wire::Wire;

/// How long a look at older commits may go on once everything was told.
const AFTER_THE_LAST: Duration = Duration::from_millis(100);

/// Where to report, and how fast time goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ReporterConfig {
    /// `https://gitlab.example.com`.
    pub url: String,
    /// `group/project`, or its id.
    pub project: String,
    /// Read anew for each request; the token is the first line.
    pub token_file: PathBuf,
    /// Divides every wait. 1 outside of tests and demos.
    pub pace: f64,
    /// What a status links to; left out when longer than GitLab's 255 characters.
    pub target_url: Option<String>,
}

/// Reports commits to one GitLab project. Clones share it.
#[derive(Clone)]
pub struct Reporter {
    shared: Arc<Shared>,
    queue: Queue<Key>,
    /// No more waiting for CI pipelines.
    hurry: CancellationToken,
    stop: CancellationToken,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What the queue carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A commit has something to be told.
    Commit(String),
    /// Other commits of a branch or tag may have rows that nobody will end; those of a source that names a commit only may be
    /// anywhere.
    History { agent: String, reference: Option<String> },
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Commit(sha) => write!(f, "statuses of {sha}"),
            Key::History { reference: Some(reference), .. } => write!(f, "older commits of {reference}"),
            Key::History { .. } => write!(f, "older commits"),
        }
    }
}

/// The newest view of each commit, for the passes to pick up.
#[derive(Default)]
struct Shared {
    views: Mutex<Views>,
    told: Notify,
}

#[derive(Default)]
struct Views {
    by_sha: HashMap<String, Seen>,
    references: Vec<String>,
    in_force: Option<String>,
    superseded: HashSet<String>,
}

struct Seen {
    view: CommitView,
    /// GitLab shows it, or will not.
    told: bool,
    since: tokio::time::Instant,
}

impl Reporter {
    /// Starts the task that sends. After `shutdown` it no longer waits for CI pipelines; it ends with
    /// [`drain`](Reporter::drain).
    ///
    /// # Errors
    /// The TLS library cannot be started.
    pub fn start(config: ReporterConfig, shutdown: CancellationToken) -> anyhow::Result<Reporter> {
        Self::start_over(None, config, shutdown)
    }

    /// The same over this wire, if there is one, instead of the machine's network.
    ///
    /// # Errors
    /// Those of [`start`](Reporter::start).
    pub fn start_over(wire: Option<&Wire>, config: ReporterConfig, shutdown: CancellationToken) -> anyhow::Result<Reporter> {
        let (token_file, target_url) = (config.token_file.clone(), config.target_url.clone());
        let client = client::Client::new(&config.url, &config.project, token_file, target_url);
        let client = match wire {
            Some(wire) => client.over(wire),
            None => {
                client.ready()?;
                client
            }
        };
        let pace = Pace(config.pace);
        // Jitter keeps agents apart that report to one GitLab.
        let seed = crate::ambient::random();
        let (first, longest) = (pace.of(Duration::from_secs(2)), pace.of(LONGEST));
        let (shared, queue) = (Arc::new(Shared::default()), Queue::new(Backoff::new(first, longest, seed)));
        let (hurry, stop) = (shutdown.child_token(), CancellationToken::new());
        let outage = Backoff::new(first, longest, seed);
        let sender = Arc::new(pass::Sender::new(client, shared.clone(), pace, outage, hurry.clone()));
        let (runner, stopped) = (queue.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let pass = move |key| {
                let sender = sender.clone();
                async move { sender.pass(key).await }
            };
            let panicked = |key, message| tracing::error!(%key, message, "reporting to GitLab panicked; it is tried again");
            runner.run(stopped, pass, panicked).await;
        });
        Ok(Reporter { shared, queue, hurry, stop, task: Arc::new(Mutex::new(Some(task))) })
    }

    /// Takes the newest view of a revision. Never blocks; a directory's is dropped.
    pub fn report(&self, view: CommitView) {
        let Revision::Git { reference, sha } = view.revision.clone() else { return };
        let agent = view.agent.clone();
        let (news, first_of_its_reference) = {
            let mut views = self.shared.views();
            let first = !views.references.contains(&reference);
            if first {
                views.references.push(reference.clone());
            }
            (views.take(view), first)
        };
        for sha in news {
            self.queue.add(Key::Commit(sha));
        }
        if first_of_its_reference {
            self.queue.add(Key::History { agent, reference: (reference != sha).then_some(reference) });
        }
    }

    /// Waits until GitLab was told everything, at most until `deadline` has passed, and ends the task.
    /// Whether everything was told.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.hurry.cancel();
        for sha in self.shared.untold() {
            self.queue.add(Key::Commit(sha));
        }
        let all_told = tokio::time::timeout(deadline, self.shared.all_told()).await.is_ok();
        if !all_told {
            tracing::warn!("GitLab was not told everything before the shutdown; the next start reads its statuses and goes on");
        }
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task {
            if all_told {
                // Nothing is under way but the look at older commits, which the next start makes as well.
                let _ = tokio::time::timeout(AFTER_THE_LAST, &mut task).await;
            }
            // A request under way may take longer than anyone wants to wait.
            task.abort();
        }
        all_told
    }
}

impl Views {
    /// Takes a view in; the commits that have something new to be told.
    ///
    /// An agent follows one source, so one commit is in force. Passes of an older one may still end while the newer takes
    /// over, and their views come late: a commit that was superseded comes back only once no other is in force. And a
    /// newer commit supersedes the one in force, should the view that says so have been lost.
    fn take(&mut self, view: CommitView) -> Vec<String> {
        let Some(sha) = view.revision.sha().map(str::to_owned) else { return Vec::new() };
        let other = self.in_force.take_if(|in_force| *in_force != sha);
        let mut news = vec![sha.clone()];
        if view.superseded {
            self.superseded.insert(sha.clone());
            self.in_force = other;
        } else if other.is_some() && self.superseded.contains(&sha) {
            self.in_force = other;
            return Vec::new();
        } else {
            self.superseded.remove(&sha);
            self.in_force = Some(sha.clone());
            if let Some(other) = other {
                self.superseded.insert(other.clone());
                if let Some(seen) = self.by_sha.get_mut(&other) {
                    (seen.view.superseded, seen.told) = (true, false);
                }
                news.push(other);
            }
        }
        let since = self.by_sha.get(&sha).map_or_else(tokio::time::Instant::now, |seen| seen.since);
        self.by_sha.insert(sha, Seen { view, told: false, since });
        news
    }
}

impl Shared {
    fn views(&self) -> MutexGuard<'_, Views> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest view of a commit, and since when it is known.
    fn view(&self, sha: &str) -> Option<(CommitView, tokio::time::Instant)> {
        self.views().by_sha.get(sha).map(|seen| (seen.view.clone(), seen.since))
    }

    /// Everything `view` says was told. A superseded commit is forgotten then. False when a newer view has come.
    fn told(&self, sha: &str, view: &CommitView) -> bool {
        let mut views = self.views();
        let Some(seen) = views.by_sha.get_mut(sha) else { return true };
        if seen.view != *view {
            return false;
        }
        seen.told = true;
        if view.superseded {
            views.by_sha.remove(sha);
        }
        self.told.notify_waiters();
        true
    }

    fn untold(&self) -> Vec<String> {
        let views = self.views();
        let mut untold: Vec<_> = views.by_sha.iter().filter(|(_, seen)| !seen.told).map(|(sha, _)| sha.clone()).collect();
        untold.sort();
        untold
    }

    async fn all_told(&self) {
        loop {
            let told = self.told.notified();
            if self.untold().is_empty() {
                return;
            }
            told.await;
        }
    }
}

/// Divides waits.
#[derive(Debug, Clone, Copy)]
struct Pace(f64);

impl Pace {
    fn of(self, duration: Duration) -> Duration {
        duration.div_f64(self.0.max(f64::MIN_POSITIVE))
    }
}

#[cfg(test)]
mod restart_tests;
#[cfg(test)]
mod tests;
