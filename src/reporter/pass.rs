//! One pass over a commit: read what GitLab has, once; then post what is new, one status after the other, until it shows
//! the newest view.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use driftless_core::report::CommitView;
use driftless_core::snapshot::Revision;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Failure, Place};
use super::history::Search;
use super::rows::{Post, Rows};
use super::{Key, Pace, Shared};
use crate::backoff::Backoff;
use crate::queue::Action;

/// How long the first post waits for a CI pipeline of the commit. One that is created after it would become the newest,
/// and GitLab's page would show the statuses in another pipeline than the jobs
/// (<https://github.com/runatlantis/atlantis/issues/6871>).
const PIPELINE_WAIT: Duration = Duration::from_secs(15);

/// Between two looks for it.
const PIPELINE_LOOK: Duration = Duration::from_secs(3);

/// Sends to one project, one request at a time: concurrent posts for a commit would only wait for its lock.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) shared: Arc<Shared>,
    pace: Pace,
    hurry: CancellationToken,
    state: Mutex<State>,
}

/// What was learned so far.
pub(super) struct State {
    commits: HashMap<String, Rows>,
    /// For what a killed agent left, by branch or tag.
    pub(super) searches: HashMap<Option<String>, Search>,
    /// The token's user: None until asked, Some(None) when GitLab would not say.
    user: Option<Option<u64>>,
    outage: Backoff<()>,
    /// While GitLab is down nothing is sent before this.
    blocked: Option<Instant>,
}

impl Sender {
    pub fn new(client: Client, shared: Arc<Shared>, pace: Pace, outage: Backoff<()>, hurry: CancellationToken) -> Self {
        let state = State { commits: HashMap::new(), searches: HashMap::new(), user: None, outage, blocked: None };
        Sender { client, shared, pace, hurry, state: Mutex::new(state) }
    }

    /// The queue's pass.
    pub async fn pass(&self, key: Key) -> Action {
        let mut state = self.state.lock().await;
        if let Some(wait) = state.blocked.and_then(|until| until.checked_duration_since(Instant::now()))
            && !wait.is_zero()
        {
            return Action::Retry(Some(wait));
        }
        let outcome = match &key {
            Key::Commit(sha) => self.commit(&mut state, sha).await,
            Key::History { agent, reference } => self.history(&mut state, agent, reference.as_deref()).await,
        };
        match outcome {
            Ok(action) => {
                if state.blocked.take().is_some() {
                    tracing::info!("GitLab answers again; it is told what it missed");
                }
                state.outage.reset(&());
                action
            }
            Err(failure) => self.failed(&mut state, &key, failure),
        }
    }

    /// Whatever is not the answer to a single post, which [`Sender::post`] deals with.
    fn failed(&self, state: &mut State, key: &Key, failure: Failure) -> Action {
        if let Key::Commit(sha) = key
            && let Some(rows) = state.commits.get_mut(sha)
        {
            // The request may have had its effect: a final state posted twice would show twice.
            rows.read = false;
        }
        match failure {
            Failure::Down { message, after } => {
                let wait = state.outage.failed(()).max(after.map_or(Duration::ZERO, |after| self.pace.of(after)));
                if state.blocked.replace(Instant::now() + wait).is_none() {
                    tracing::warn!(error = message, "GitLab cannot be told; statuses wait, deployments do not");
                }
                Action::Retry(Some(wait))
            }
            Failure::Conflict(message) => {
                tracing::debug!(%key, error = message, "GitLab is busy with this commit; it is told later");
                Action::Retry(None)
            }
            Failure::Refused(message) => {
                let told_once = match key {
                    Key::Commit(sha) => {
                        state.commits.get_mut(sha).is_some_and(|rows| std::mem::replace(&mut rows.complained, true))
                    }
                    Key::History { .. } => false,
                };
                if !told_once {
                    tracing::error!(%key, error = message, "GitLab refuses; this is not tried again");
                }
                if let Key::Commit(sha) = key
                    && let Some((view, _)) = self.shared.view(sha)
                {
                    self.shared.told(sha, &view);
                }
                Action::Done
            }
            Failure::AlreadySo | Failure::PipelineGone => Action::Done,
        }
    }

    async fn commit(&self, state: &mut State, sha: &str) -> Result<Action, Failure> {
        loop {
            let Some((view, since)) = self.shared.view(sha) else { return Ok(Action::Done) };
            let user = self.user(state).await?;
            let rows = state.commits.entry(sha.to_owned()).or_insert_with(|| new_rows(&view));
            if !rows.read {
                let found = self.client.rows(sha, None).await?;
                rows.learn(&view.agent, user, found);
            }
            if rows.is_empty() && self.waits(&view, since) {
                let reference = rows.place.reference.as_deref();
                match self.client.has_pipeline(sha, reference).await {
                    Ok(false) => return Ok(Action::Requeue(self.pace.of(PIPELINE_LOOK))),
                    // A project without CI may refuse the list; statuses can be posted all the same.
                    Ok(true) | Err(Failure::Refused(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            match rows.next(&view) {
                Some(post) => self.post(rows, sha, &post).await?,
                None if self.shared.told(sha, &view) => {
                    if view.superseded {
                        state.commits.remove(sha);
                    }
                    return Ok(Action::Done);
                }
                None => {}
            }
        }
    }

    fn waits(&self, view: &CommitView, since: Instant) -> bool {
        !view.superseded && !self.hurry.is_cancelled() && since.elapsed() < self.pace.of(PIPELINE_WAIT)
    }

    /// One post, and what its answer settles. An error is one that the whole pass must stop for.
    pub(super) async fn post(&self, rows: &mut Rows, sha: &str, post: &Post) -> Result<(), Failure> {
        match self.client.post(sha, &post.status, &post.place).await {
            Ok(row) => {
                let (name, state) = (&post.status.name, post.status.state.as_str());
                tracing::info!(sha, name, state, pipeline = row.pipeline_id, "told GitLab");
                rows.posted(post, &row);
                Ok(())
            }
            Err(Failure::AlreadySo) => {
                rows.give_up(post);
                Ok(())
            }
            Err(Failure::PipelineGone) if rows.place.pipeline.is_some() && rows.place == post.place => {
                rows.place.pipeline = None;
                Ok(())
            }
            Err(Failure::PipelineGone) => {
                rows.give_up(post);
                Ok(())
            }
            Err(Failure::Refused(message)) => {
                // Each transition is offered once, so that a permission given meanwhile counts; the log says it once.
                if !std::mem::replace(&mut rows.complained, true) {
                    let name = &post.status.name;
                    tracing::error!(sha, name, error = message, "GitLab refuses the commit status");
                }
                rows.give_up(post);
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Whose rows are ours; None when GitLab will not say, and then all of the agent's rows are taken for ours.
    pub(super) async fn user(&self, state: &mut State) -> Result<Option<u64>, Failure> {
        if let Some(known) = state.user {
            return Ok(known);
        }
        let user = match self.client.user().await {
            Ok(id) => Some(id),
            Err(down @ Failure::Down { .. }) => return Err(down),
            Err(_) => None,
        };
        state.user = Some(user);
        Ok(user)
    }
}

/// A branch's and a tag's name are sent with every post; a pinned commit has none, and GitLab takes the first branch
/// that contains it.
fn new_rows(view: &CommitView) -> Rows {
    let reference = match &view.revision {
        Revision::Git { reference, sha } if reference != sha => Some(reference.clone()),
        _ => None,
    };
    Rows::at(Place { reference, pipeline: None })
}
