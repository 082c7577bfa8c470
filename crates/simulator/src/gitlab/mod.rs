//! GitLab's projects, commits, pipelines, jobs and commit statuses, over its REST API v4, and the handle that scripts them.
//!
//! Rules: <https://docs.gitlab.com/api/commits/#set-commit-pipeline-status> for what may be sent, and GitLab's own source
//! for what that page leaves open: `app/services/ci/create_commit_status_service.rb` (which pipeline, which row, which
//! refusal) and `app/models/commit_status.rb` (the states).

mod answers;
mod jobs;
mod repository;
mod routes;
mod rules;
mod store;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;

pub use jobs::Job;
pub use store::{Pipeline, Row};
use store::{Store, Users};

/// The token of the user `driftless-bot`, who is always there.
pub const TOKEN: &str = "glpat-simulator";

/// A GitLab instance. Clones share it.
#[derive(Clone)]
pub struct GitLab {
    shared: Arc<Mutex<Instance>>,
}

/// All that one instance holds.
pub(crate) struct Instance {
    store: Store,
    users: Users,
    outage: Option<Outage>,
    refusals: VecDeque<Refusal>,
    posts: Vec<Post>,
    requests: Vec<String>,
    /// Artifacts are answered for by a redirect.
    elsewhere: bool,
}

/// How an instance that is down shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// 503 with an HTML page, as its proxy answers while the application restarts.
    Unavailable,
    /// The connection closes before an answer is complete.
    Closed,
}

/// What the next post of a status meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 409: another post holds the commit's lock.
    Conflict,
    /// 403: the user may not update the pipeline (a protected branch).
    Forbidden,
    /// Any other status, with GitLab's `message`.
    Answer(u16, String),
    /// The row is written, and the answer is lost.
    LostAnswer,
    /// The answer comes this much later.
    Late(Duration),
}

/// One POST of a commit status, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The commit in the path.
    pub sha: String,
    /// `name`, or `context`.
    pub name: String,
    /// `state`.
    pub state: String,
    /// `ref`, when sent.
    pub reference: Option<String>,
    /// `pipeline_id`, when sent.
    pub pipeline_id: Option<u64>,
    /// `description`, when sent.
    pub description: Option<String>,
    /// The user name behind the token.
    pub user: String,
    /// The HTTP status it was answered with (0: no answer).
    pub answer: u16,
}

impl Default for GitLab {
    fn default() -> Self {
        GitLab::new()
    }
}

impl GitLab {
    /// An instance without projects, whose only user is `driftless-bot` with [`TOKEN`].
    pub fn new() -> Self {
        let mut users = Users::default();
        users.add("driftless-bot", TOKEN);
        let instance = Instance {
            store: Store::default(),
            users,
            outage: None,
            refusals: VecDeque::new(),
            posts: Vec::new(),
            requests: Vec::new(),
            elsewhere: false,
        };
        GitLab { shared: Arc::new(Mutex::new(instance)) }
    }

    /// The routes under `/api/v4`, without a fallback, so that they can be merged into a larger router.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// A project by its full path (`acme/deploy`), empty. Its id; the same one for the same path.
    pub fn add_project(&self, path: &str) -> u64 {
        self.instance().store.add_project(path)
    }

    /// Commits are known on sight from now on, on whatever branch the request names; so are projects.
    pub fn accept_unknown_commits(&self, accept: bool) {
        let mut instance = self.instance();
        (instance.store.accept_unknown, instance.store.accept_projects) = (accept, accept);
    }

    /// A project whose commits are known on sight, as those of every project are from now on.
    pub fn open_project(&self, path: &str) -> u64 {
        let mut instance = self.instance();
        instance.store.accept_unknown = true;
        instance.store.add_project(path)
    }

    /// A user with a token of their own. Their id.
    pub fn add_user(&self, name: &str, token: &str) -> u64 {
        self.instance().users.add(name, token)
    }

    /// A commit that is now the tip of a branch; adding it again puts it on another branch as well.
    pub fn add_commit(&self, project: &str, sha: &str, branch: &str) {
        self.instance().store.add_commit(project, sha, branch, false);
    }

    /// A tag on a commit.
    pub fn add_tag(&self, project: &str, sha: &str, tag: &str) {
        self.instance().store.add_commit(project, sha, tag, true);
    }

    /// A CI pipeline of a push. Its id.
    pub fn add_pipeline(&self, project: &str, sha: &str, reference: &str) -> u64 {
        self.instance().store.add_pipeline(project, sha, reference, "push")
    }

    /// Switches CI/CD off in a project's settings: its pipelines are not shown (403), its commit statuses are as before
    /// (<https://docs.gitlab.com/user/project/settings/#configure-project-features-and-permissions>).
    pub fn switch_ci_off(&self, project: &str) {
        if let Some(project) = self.instance().store.project(project) {
            project.without_ci = true;
        }
    }

    /// The instance's `ci_pipeline_size`: how many jobs a pipeline may hold.
    pub fn limit_pipeline_size(&self, jobs: usize) {
        self.instance().store.pipeline_size = Some(jobs);
    }

    /// Goes down, or comes back.
    pub fn set_down(&self, outage: Option<Outage>) {
        self.instance().outage = outage;
    }

    /// The next posts meet these, one each.
    pub fn refuse_next(&self, refusals: impl IntoIterator<Item = Refusal>) {
        self.instance().refusals.extend(refusals);
    }

    /// No post is refused any more because it was told to be.
    pub fn refuse_no_more(&self) {
        self.instance().refusals.clear();
    }

    /// Every row of a commit, in the order they were made.
    pub fn statuses(&self, sha: &str) -> Vec<Row> {
        self.instance().store.rows_of(sha)
    }

    /// The pipelines of a commit, oldest first.
    pub fn pipelines(&self, sha: &str) -> Vec<Pipeline> {
        self.instance().store.pipelines_of(sha)
    }

    /// Every post of a status since the start, in order, refused ones included, outages not.
    pub fn posts(&self) -> Vec<Post> {
        self.instance().posts.clone()
    }

    /// Every request since the start: `GET /api/v4/user`, with its query.
    pub fn requests(&self) -> Vec<String> {
        self.instance().requests.clone()
    }

    pub(crate) fn instance(&self) -> MutexGuard<'_, Instance> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
