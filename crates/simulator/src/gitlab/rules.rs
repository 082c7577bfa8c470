//! What a post of a status does: which pipeline, which row, which transition, which refusal.

use serde_json::{Value, json};

use super::store::{Project, Row, Store, User};

/// The members of a post.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub state: String,
    pub name: String,
    pub reference: Option<String>,
    pub target_url: Option<String>,
    pub description: Option<String>,
    pub pipeline_id: Option<u64>,
}

/// An answer other than the row: HTTP status and body.
pub(super) type Refused = (u16, Value);

/// `{"message": "404 Commit Not Found"}`.
pub(super) fn not_found(what: &str) -> Refused {
    (404, json!({ "message": format!("404 {what} Not Found") }))
}

/// The longest `description` and `target_url`.
const LONGEST: usize = 255;

impl Store {
    /// Posts a status; the row as it stands then.
    pub fn post(&mut self, project: &str, sha: &str, wish: &Wish, user: &User) -> Result<Row, Refused> {
        if self.project(project).is_none() {
            return Err(not_found("Project"));
        }
        if self.accept_unknown && self.project(project).is_some_and(|known| known.commit(sha).is_none()) {
            self.add_commit(project, sha, wish.reference.as_deref().unwrap_or("main"), false);
        }
        let (limit, next_id, now) = (self.pipeline_size, self.id(), self.tick());
        let known = self.project(project).ok_or_else(|| not_found("Project"))?;
        let sha = known.commit(sha).ok_or_else(|| not_found("Commit"))?.sha.clone();
        let reference = known.reference_of(&sha, wish).ok_or_else(|| not_found("References for commit"))?;
        let found = known.matching_pipeline(&sha, wish);
        if wish.pipeline_id.is_some() && found.is_none() {
            return Err(not_found("Pipeline for pipeline_id, sha and ref"));
        }
        let full = found.is_some_and(|pipeline| known.is_full(pipeline, limit, &reference, &wish.name, user));
        if full && wish.pipeline_id.is_some() {
            return Err((422, json!({ "message": "The number of jobs has exceeded the limit" })));
        }
        let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > LONGEST);
        for (member, text) in [("description", &wish.description), ("target_url", &wish.target_url)] {
            if too_long(text) {
                return Err((400, json!({ "message": { member: ["is too long (maximum is 255 characters)"] } })));
            }
        }
        let pipeline = match found.filter(|_| !full) {
            Some(pipeline) => pipeline,
            None => self.add_pipeline(project, &sha, &reference, "external"),
        };
        let known = self.project(project).ok_or_else(|| not_found("Project"))?;
        known.apply(wish, Place { next_id, pipeline, sha, reference, user, now })
    }
}

/// Where a post's row belongs, and the id it gets when it is new.
struct Place<'a> {
    next_id: u64,
    pipeline: u64,
    sha: String,
    reference: String,
    user: &'a User,
    now: u64,
}

impl Project {
    /// `ref`, else the newest matching pipeline's, else the first branch that contains the commit.
    fn reference_of(&self, sha: &str, wish: &Wish) -> Option<String> {
        let of_pipeline = || {
            let id = self.matching_pipeline(sha, wish)?;
            self.pipelines.iter().find(|pipeline| pipeline.id == id).map(|pipeline| pipeline.reference.clone())
        };
        let of_branch = || self.commit(sha)?.branches.first().cloned();
        wish.reference.clone().or_else(of_pipeline).or_else(of_branch)
    }

    /// The newest pipeline of the commit, of the `ref` and `pipeline_id` where they are sent.
    fn matching_pipeline(&self, sha: &str, wish: &Wish) -> Option<u64> {
        self.pipelines_of(sha)
            .filter(|pipeline| wish.reference.as_ref().is_none_or(|reference| pipeline.reference == *reference))
            .find(|pipeline| wish.pipeline_id.is_none_or(|id| pipeline.id == id))
            .map(|pipeline| pipeline.id)
    }

    /// At `ci_pipeline_size`, and the post would add a row.
    fn is_full(&self, pipeline: u64, limit: Option<usize>, reference: &str, name: &str, user: &User) -> bool {
        let size = self.rows.iter().filter(|row| row.pipeline_id == pipeline).count();
        limit.is_some_and(|limit| size >= limit) && self.unfinished(pipeline, reference, name, user).is_none()
    }

    fn unfinished(&self, pipeline: u64, reference: &str, name: &str, user: &User) -> Option<usize> {
        self.rows.iter().position(|row| {
            row.is_unfinished()
                && row.pipeline_id == pipeline
                && row.reference == reference
                && row.name == name
                && row.user_id == user.id
        })
    }

    fn apply(&mut self, wish: &Wish, place: Place<'_>) -> Result<Row, Refused> {
        let found = self.unfinished(place.pipeline, &place.reference, &wish.name, place.user);
        let from = found.map_or("created", |index| self.rows[index].state.as_str());
        transition(from, &wish.state)?;
        let index = found.unwrap_or_else(|| self.add_row(wish, &place));
        let row = &mut self.rows[index];
        row.state.clone_from(&wish.state);
        // Attributes that were not sent stay as they are.
        row.description = wish.description.clone().or(row.description.take());
        row.target_url = wish.target_url.clone().or(row.target_url.take());
        if wish.state == "running" {
            row.started_at = Some(place.now);
        } else if !row.is_unfinished() {
            row.finished_at = Some(place.now);
        }
        Ok(row.clone())
    }

    fn add_row(&mut self, wish: &Wish, place: &Place<'_>) -> usize {
        let older = self.rows.iter_mut().filter(|row| row.pipeline_id == place.pipeline && row.name == wish.name);
        older.for_each(|row| row.retried = true);
        self.rows.push(Row {
            id: place.next_id,
            pipeline_id: place.pipeline,
            sha: place.sha.clone(),
            reference: place.reference.clone(),
            name: wish.name.clone(),
            user: place.user.name.clone(),
            user_id: place.user.id,
            state: "created".to_owned(),
            description: None,
            target_url: None,
            retried: false,
            created_at: place.now,
            started_at: None,
            finished_at: None,
        });
        self.rows.len() - 1
    }
}

/// The state machine of `app/models/commit_status.rb`, for the states a status of this API can be in. Running over a row
/// that is new or pending passes through `enqueue` first.
fn transition(from: &str, to: &str) -> Result<(), Refused> {
    let (event, allowed): (&str, &[&str]) = match to {
        "pending" => ("enqueue", &["created"]),
        "running" => ("run", &["created", "pending"]),
        "skipped" => ("skip", &["created", "pending"]),
        "success" => ("success", &["created", "pending", "running"]),
        "failed" => ("drop", &["created", "pending", "running"]),
        _ => ("cancel", &["created", "pending", "running"]),
    };
    if allowed.contains(&from) {
        return Ok(());
    }
    let message =
        format!("Cannot transition status via :{event} from :{from} (Reason(s): Status cannot transition via \"{event}\")");
    Err((400, json!({ "message": message })))
}
