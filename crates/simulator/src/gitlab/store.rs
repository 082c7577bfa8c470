//! What the instance knows: users, projects, commits, pipelines, rows.

use std::collections::BTreeMap;

/// Users by token.
#[derive(Default)]
pub(super) struct Users {
    by_token: BTreeMap<String, User>,
}

/// Who posts. Rows belong to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub id: u64,
    pub name: String,
}

impl Users {
    pub fn add(&mut self, name: &str, token: &str) -> u64 {
        let id = self.by_token.values().find(|user| user.name == name).map_or(self.by_token.len() as u64 + 1, |user| user.id);
        self.by_token.insert(token.to_owned(), User { id, name: name.to_owned() });
        id
    }

    pub fn of(&self, token: &str) -> Option<User> {
        self.by_token.get(token).cloned()
    }
}

/// Projects with all that is in them.
#[derive(Default)]
pub(super) struct Store {
    pub projects: Vec<Project>,
    /// Commits are known on sight.
    pub accept_unknown: bool,
    /// So are projects.
    pub accept_projects: bool,
    pub pipeline_size: Option<usize>,
    next_id: u64,
    clock: u64,
}

/// A project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub id: u64,
    pub path: String,
    pub commits: Vec<Commit>,
    pub pipelines: Vec<Pipeline>,
    pub rows: Vec<Row>,
    pub jobs: Vec<super::Job>,
    /// CI/CD is switched off in the project's settings.
    pub without_ci: bool,
}

/// A commit, and the branches and tags that contain it.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub sha: String,
    pub branches: Vec<String>,
    pub tags: Vec<String>,
    pub created_at: u64,
}

/// A pipeline: of a push, or made for statuses that found none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Unique in the instance; the newest is the highest.
    pub id: u64,
    /// Its commit.
    pub sha: String,
    /// The branch or tag it ran for.
    pub reference: String,
    /// `push`, or `external`.
    pub source: String,
    /// Logical seconds, see [`time`].
    pub(super) created_at: u64,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Unique in the instance.
    pub id: u64,
    /// The pipeline it is part of.
    pub pipeline_id: u64,
    /// Its commit.
    pub sha: String,
    /// The branch or tag.
    pub reference: String,
    /// What tells one system's status from another's.
    pub name: String,
    /// The user who posted it.
    pub user: String,
    /// `pending`, `running`, `success`, `failed`, `canceled` or `skipped`.
    pub state: String,
    /// As posted with the last transition.
    pub description: Option<String>,
    /// As posted with the last transition.
    pub target_url: Option<String>,
    /// Another row of the same name came after it in its pipeline: listed only with `all`.
    pub retried: bool,
    pub(super) user_id: u64,
    pub(super) created_at: u64,
    pub(super) started_at: Option<u64>,
    pub(super) finished_at: Option<u64>,
}

impl Row {
    /// Pending or running: the next post of its name changes it, instead of making another.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "running")
    }
}

impl Store {
    pub fn add_project(&mut self, path: &str) -> u64 {
        if let Some(project) = self.projects.iter().find(|project| project.path == path) {
            return project.id;
        }
        let id = self.id();
        let path = path.to_owned();
        self.projects.push(Project {
            id,
            path,
            commits: Vec::new(),
            pipelines: Vec::new(),
            rows: Vec::new(),
            jobs: Vec::new(),
            without_ci: false,
        });
        id
    }

    /// By id or full path.
    pub fn project(&mut self, key: &str) -> Option<&mut Project> {
        let known = self.projects.iter().position(|project| project.path == key || project.id.to_string() == key);
        let index = match known {
            Some(index) => index,
            None if self.accept_projects && key.contains('/') => {
                self.add_project(key);
                self.projects.len() - 1
            }
            None => return None,
        };
        self.projects.get_mut(index)
    }

    pub fn add_commit(&mut self, project: &str, sha: &str, reference: &str, tag: bool) {
        self.add_project(project);
        let created_at = self.tick();
        let Some(project) = self.project(project) else { return };
        if !project.commits.iter().any(|commit| commit.sha == sha) {
            let sha = sha.to_owned();
            project.commits.push(Commit { sha, branches: Vec::new(), tags: Vec::new(), created_at });
        }
        let Some(commit) = project.commits.iter_mut().find(|commit| commit.sha == sha) else { return };
        let names = if tag { &mut commit.tags } else { &mut commit.branches };
        if !names.iter().any(|name| name == reference) {
            names.push(reference.to_owned());
        }
    }

    pub fn add_pipeline(&mut self, project: &str, sha: &str, reference: &str, source: &str) -> u64 {
        let (id, created_at) = (self.id(), self.tick());
        let pipeline =
            Pipeline { id, sha: sha.to_owned(), reference: reference.to_owned(), source: source.to_owned(), created_at };
        if let Some(project) = self.project(project) {
            project.pipelines.push(pipeline);
        }
        id
    }

    pub fn rows_of(&self, sha: &str) -> Vec<Row> {
        self.projects.iter().flat_map(|project| &project.rows).filter(|row| row.sha == sha).cloned().collect()
    }

    pub fn pipelines_of(&self, sha: &str) -> Vec<Pipeline> {
        self.projects.iter().flat_map(|project| &project.pipelines).filter(|pipeline| pipeline.sha == sha).cloned().collect()
    }

    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The logical clock: a second for each change.
    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

impl Project {
    /// The commit that a full id, its beginning, a branch or a tag stands for.
    pub fn commit(&self, key: &str) -> Option<&Commit> {
        let named = |commit: &&Commit| {
            commit.branches.iter().chain(&commit.tags).any(|name| name == key) || (key.len() >= 7 && commit.sha.starts_with(key))
        };
        self.commits.iter().find(|commit| commit.sha == key).or_else(|| self.commits.iter().rev().find(named))
    }

    /// Newest first.
    pub fn pipelines_of(&self, sha: &str) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.iter().rev().filter(move |pipeline| pipeline.sha == sha)
    }
}

/// A logical time as GitLab writes times. Each change of the instance is a second, from the first of January 2026 on: they
/// show an order, not a duration.
pub(super) fn time(seconds: u64) -> String {
    let (day, hour, minute, second) = (1 + seconds / 86_400 % 31, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}
