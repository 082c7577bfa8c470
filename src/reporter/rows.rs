//! What the reporter knows of one commit's rows at GitLab, and from that which post comes next. No I/O.

use std::collections::BTreeMap;

use driftless_core::report::{self, CommitStatus, CommitView, State};

use super::client::{Place, Row};

/// One commit's rows, as read or posted.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Whether GitLab was asked what it has; after a request with an unknown outcome it is asked again.
    pub read: bool,
    /// Where later posts go: the answer of the first one, or what was there before a restart.
    pub place: Place,
    /// A refusal of this commit is already in the log.
    pub complained: bool,
    states: BTreeMap<String, State>,
    /// Unfinished rows that no post of ours would reach: an older one of a name that has a newer row elsewhere.
    strays: Vec<(String, Place)>,
}

/// A post to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Post {
    pub status: CommitStatus,
    pub place: Place,
}

impl Rows {
    /// Of a commit whose first post goes to `place`.
    pub fn at(place: Place) -> Rows {
        Rows { place, ..Rows::default() }
    }

    /// Takes in what GitLab has of the agent's rows. `user` is ours, where it could be told: an unfinished row of
    /// another user is out of our reach, a final one stands for its state all the same.
    pub fn learn(&mut self, agent: &str, user: Option<u64>, mut found: Vec<Row>) {
        found.retain(|row| report::is_ours(agent, &row.name));
        found.sort_by_key(|row| row.id);
        self.strays.clear();
        let mut newest: BTreeMap<String, (State, Place)> = BTreeMap::new();
        for row in found {
            let Some(state) = state_of(&row.status) else { continue };
            let foreign = user.zip(row.author.as_ref()).is_some_and(|(user, author)| author.id != user);
            if foreign && !state.is_final() {
                tracing::debug!(row = row.name, "another user's unfinished commit status cannot be ended with this token");
                continue;
            }
            let place = Place { reference: row.reference, pipeline: row.pipeline_id };
            if let Some((older, place)) = newest.insert(row.name.clone(), (state, place))
                && !older.is_final()
            {
                self.strays.push((row.name, place));
            }
        }
        // The overall row says where the commit's statuses are; it is the one that is begun first.
        let overall = newest.get(&report::overall_name(agent)).or_else(|| newest.values().next());
        if let Some((_, place)) = overall
            && place.pipeline.is_some()
        {
            self.place = place.clone();
        }
        self.states.extend(newest.into_iter().map(|(name, (state, _))| (name, state)));
        self.read = true;
    }

    /// Nothing was ever posted for this commit.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// GitLab has, or will not have, the row in this state.
    pub fn settle(&mut self, status: &CommitStatus) {
        self.states.insert(status.name.clone(), status.state);
    }

    /// The answer to a post: the row, and where it is.
    pub fn posted(&mut self, post: &Post, row: &Row) {
        if let Some(index) = self.strays.iter().position(|(name, place)| *name == post.status.name && *place == post.place) {
            self.strays.swap_remove(index);
            return;
        }
        self.place = Place { reference: row.reference.clone(), pipeline: row.pipeline_id };
        self.settle(&post.status);
    }

    /// A stray that GitLab will not end is let go.
    pub fn give_up(&mut self, post: &Post) {
        let before = self.strays.len();
        self.strays.retain(|(name, place)| *name != post.status.name || *place != post.place);
        if self.strays.len() == before {
            self.settle(&post.status);
        }
    }

    /// The next post that brings GitLab closer to the view; None when it shows all that it is to show.
    ///
    /// While the commit is unfinished its overall row comes first, and at the end last: so a killed agent's leftovers
    /// are found by their overall row alone.
    pub fn next(&self, view: &CommitView) -> Option<Post> {
        let here = |status: CommitStatus| Post { status, place: self.place.clone() };
        let view = view.clone().remembering(|name| self.states.contains_key(name));
        let mut wanted = report::statuses(&view);
        if wanted.first().is_some_and(|overall| overall.state.is_final()) {
            wanted.rotate_left(1);
        }
        let known = self.states.keys().filter(|name| **name != report::overall_name(&view.agent)).count();
        let over = wanted.last().is_some_and(|last| last.state.is_final()) || view.superseded;
        let mut left = over.then(|| self.leftover(&wanted)).flatten().into_iter();
        let next = wanted.into_iter().find(|status| match self.states.get(&status.name) {
            Some(state) => state.admits(status.state),
            None => known < report::MOST_RESOURCES || status.name == report::overall_name(&view.agent),
        });
        let stray = || self.strays.first().map(|(name, place)| Post { status: ended(name), place: place.clone() });
        left.next().map(here).or_else(|| next.map(here)).or_else(stray)
    }

    /// A row that is unfinished although the commit is over and nothing speaks of it any more.
    fn leftover(&self, wanted: &[CommitStatus]) -> Option<CommitStatus> {
        let (name, _) =
            self.states.iter().find(|(name, state)| !state.is_final() && wanted.iter().all(|status| status.name != **name))?;
        Some(ended(name))
    }
}

/// The unfinished rows of a commit that the agent has left for good, each to be canceled where it is; the overall row last.
pub(super) fn abandoned(agent: &str, user: Option<u64>, mut found: Vec<Row>) -> Vec<Post> {
    found.retain(|row| {
        let foreign = user.zip(row.author.as_ref()).is_some_and(|(user, author)| author.id != user);
        let unfinished = state_of(&row.status).is_some_and(|state| !state.is_final());
        report::is_ours(agent, &row.name) && unfinished && !foreign
    });
    found.sort_by_key(|row| (row.name == report::overall_name(agent), row.id));
    let post = |row: Row| Post { status: ended(&row.name), place: Place { reference: row.reference, pipeline: row.pipeline_id } };
    found.into_iter().map(post).collect()
}

fn ended(name: &str) -> CommitStatus {
    let description = "superseded; the agent stopped before it saw the end".to_owned();
    CommitStatus { name: name.to_owned(), state: State::Canceled, description }
}

/// A row of GitLab's in our words; `created`, `manual` and the like are not ours.
fn state_of(status: &str) -> Option<State> {
    [State::Pending, State::Running, State::Success, State::Failed, State::Canceled]
        .into_iter()
        .find(|state| state.as_str() == status)
}
