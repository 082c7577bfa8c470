//! What a killed agent left: commits whose rows nobody will end any more, however many were pushed since, and also where the
//! branch does not have them any more.
//!
//! They are found by asking for them. A pipeline is `running` or `pending` as long as one of its rows is
//! (<https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/ci/status/composite.rb>), and a list of pipelines takes a
//! status and a ref (<https://docs.gitlab.com/api/pipelines/#list-project-pipelines>). What is running for others' sake is
//! looked at once, and left alone.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::client::Failure;
use super::pass::{Sender, State};
use super::rows::{Rows, abandoned};
use crate::queue::Action;

/// So many commits are looked at before the commit in force has its turn again.
const AT_ONCE: usize = 5;

/// So many pipelines are listed at once; when those were looked at, it is asked for more.
const LISTED: usize = 1000;

/// So many commits are looked at where pipelines cannot be listed.
const NEWEST: usize = 100;

/// How far the search of a branch or tag has come. It goes on where an outage ended it.
#[derive(Debug, Default)]
pub(super) struct Search {
    waiting: VecDeque<String>,
    looked: HashSet<String>,
}

impl Search {
    /// Takes in the commits of a list. Whether any of them is new.
    fn take(&mut self, listed: Vec<String>) -> bool {
        for sha in listed {
            if !self.looked.contains(&sha) && !self.waiting.contains(&sha) {
                self.waiting.push_back(sha);
            }
        }
        !self.waiting.is_empty()
    }
}

impl Sender {
    /// Ends the next few of the commits that were left. Whoever names no branch or tag has them all looked at.
    pub(super) async fn history(&self, state: &mut State, agent: &str, reference: Option<&str>) -> Result<Action, Failure> {
        let user = self.user(state).await?;
        let search = state.searches.entry(reference.map(str::to_owned)).or_default();
        if search.waiting.is_empty() && !search.take(self.candidates(reference).await?) {
            state.searches.remove(&reference.map(str::to_owned));
            return Ok(Action::Done);
        }
        for _ in 0..AT_ONCE {
            let Some(sha) = search.waiting.front().cloned() else { break };
            // One that is in force, or has just been, has its own passes.
            if self.shared.view(&sha).is_none() {
                self.end(&sha, agent, user).await?;
            }
            search.waiting.pop_front();
            search.looked.insert(sha);
        }
        Ok(Action::Requeue(Duration::ZERO))
    }

    async fn candidates(&self, reference: Option<&str>) -> Result<Vec<String>, Failure> {
        match self.client.unfinished(reference, LISTED).await {
            // A project whose CI/CD is switched off lists no pipelines, and takes statuses all the same.
            Err(Failure::Refused(_)) => self.client.commits(reference, NEWEST).await,
            other => other,
        }
    }

    async fn end(&self, sha: &str, agent: &str, user: Option<u64>) -> Result<(), Failure> {
        let found = match self.client.rows(sha, None).await {
            Ok(found) => found,
            // A commit that is gone has a pipeline still.
            Err(Failure::Refused(message)) => {
                tracing::debug!(sha, error = message, "GitLab does not tell this commit's statuses");
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let mut rows = Rows::default();
        for post in abandoned(agent, user, found) {
            self.post(&mut rows, sha, &post).await?;
        }
        Ok(())
    }
}
