//! What GitLab is told about a commit: its statuses, derived from how the commit's resources are doing.
//!
//! One row `driftless/<agent>` stands for the commit, and one `driftless/<agent>/<Kind>/<name>` for each resource whose
//! first pass at the commit had something to write. Few rows on purpose: each counts against the instance's limit on the
//! size of a pipeline (`ci_pipeline_size`).

use crate::count::counted;
use crate::location::Problem;
use crate::plan::FAILED;
use crate::printable;
use crate::resource::ResourceId;
use crate::snapshot::Revision;
use crate::status::Phase;

/// The most rows of single resources that a commit gets.
pub const MOST_RESOURCES: usize = 20;

/// The longest `description` GitLab takes is 255 characters (<https://docs.gitlab.com/api/commits/#set-commit-pipeline-status>).
/// The limit here is in bytes of UTF-8, because that is what the `gitlab` crate counts.
pub const LONGEST_DESCRIPTION: usize = 255;

/// All that the reports about one revision are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitView {
    /// The agent's name.
    pub agent: String,
    /// The revision the manifests were read at.
    pub revision: Revision,
    /// The errors in the manifests. Any makes the commit failed.
    pub problems: Vec<Problem>,
    /// Every valid resource of the revision, from the first view on: a resource without a pass yet is Reconciling.
    pub resources: Vec<Progress>,
    /// A newer revision has been seen: whatever is unfinished ends as canceled.
    pub superseded: bool,
}

impl CommitView {
    /// The same view, where a resource that `has_row` names a row of counts as stepped: a restarted agent's first pass at
    /// a commit has no step when the killed one had taken it, and the row it began is still to be ended.
    pub fn remembering(mut self, has_row: impl Fn(&str) -> bool) -> CommitView {
        for progress in &mut self.resources {
            progress.stepped |= has_row(&resource_name(&self.agent, &progress.resource));
        }
        self
    }
}

/// How one resource is doing at the revision of a [`CommitView`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub resource: ResourceId,
    /// Its first pass at this revision had a step. Stays true once it is.
    pub stepped: bool,
    /// Where it stands.
    pub phase: Phase,
    /// One CamelCase word.
    pub reason: String,
    /// For a person; no secrets.
    pub message: String,
}

impl Progress {
    /// It failed, or a person has to act first.
    pub fn is_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed | Phase::Stalled)
    }

    /// It waits for what will not be Ready by this commit.
    pub fn waits_in_vain(&self) -> bool {
        self.phase == Phase::Waiting && self.reason == FAILED
    }

    /// Nothing will come of it at this commit without somebody's help.
    pub fn is_stopped(&self) -> bool {
        self.is_failed() || self.waits_in_vain()
    }
}

/// `1 failed, 1 waits`: what keeps a commit from being Ready; None where nothing does.
pub fn held_up(phases: impl IntoIterator<Item = Phase>) -> Option<String> {
    let (mut failed, mut waiting, mut unknown) = (0, 0, 0);
    for phase in phases {
        failed += usize::from(matches!(phase, Phase::Failed | Phase::Stalled));
        waiting += usize::from(phase == Phase::Waiting);
        unknown += usize::from(phase == Phase::Unknown);
    }
    let mut parts = Vec::new();
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((waiting > 0).then(|| format!("{waiting} wait{}", if waiting == 1 { "s" } else { "" })));
    parts.extend((unknown > 0).then(|| format!("{unknown} could not be looked at")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// One row as it should stand at GitLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitStatus {
    /// `driftless/<agent>` or `driftless/<agent>/<Kind>/<name>`.
    pub name: String,
    /// Of GitLab's states, those the agent uses.
    pub state: State,
    /// What happened to what: one line of at most [`LONGEST_DESCRIPTION`] bytes.
    pub description: String,
}

/// A commit status's state, in GitLab's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Seen; nothing was written yet.
    Pending,
    /// Something was written, and it is not finished.
    Running,
    /// As declared.
    Success,
    /// It will not come to be as declared without a change, or has not so far.
    Failed,
    /// A newer commit came first.
    Canceled,
}

impl State {
    /// The word GitLab uses.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Running => "running",
            State::Success => "success",
            State::Failed => "failed",
            State::Canceled => "canceled",
        }
    }

    /// GitLab keeps the row as it is; the next post of its name makes another one.
    pub fn is_final(self) -> bool {
        matches!(self, State::Success | State::Failed | State::Canceled)
    }

    /// Whether a row that stands at `self` is to be told `next`.
    ///
    /// GitLab refuses pending over pending or running and running over running, and doubles a final state that is
    /// posted again. Beyond that: success at a commit stays (healing drift later is not that deployment's outcome),
    /// a failure may still become a success (a retry) but not run again, and a canceled commit may come back (a branch
    /// that is set back to it).
    pub fn admits(self, next: State) -> bool {
        match self {
            State::Pending => next != State::Pending,
            State::Running => next.is_final(),
            State::Success => false,
            State::Failed => next == State::Success,
            State::Canceled => next != State::Canceled,
        }
    }
}

/// The name of the row that stands for the whole commit.
pub fn overall_name(agent: &str) -> String {
    format!("driftless/{agent}")
}

/// The name of one resource's row.
pub fn resource_name(agent: &str, resource: &ResourceId) -> String {
    format!("{}/{resource}", overall_name(agent))
}

/// Whether a row of this name is one of the agent's.
pub fn is_ours(agent: &str, name: &str) -> bool {
    name.strip_prefix("driftless/")
        .and_then(|rest| rest.strip_prefix(agent))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The rows of a commit as they should stand now: the overall one first, then at most [`MOST_RESOURCES`] of resources,
/// failures first. A directory has none.
///
/// A commit with more resources than rows gets a row only for what has finished: failures at once, successes when all is
/// over. So no row is begun that a later failure would push out unfinished.
pub fn statuses(view: &CommitView) -> Vec<CommitStatus> {
    if view.revision.sha().is_none() {
        return Vec::new();
    }
    let crowded = view.resources.len() > MOST_RESOURCES;
    let over = view.resources.iter().all(|progress| state_of(progress).is_final() || progress.waits_in_vain());
    let mut rows: Vec<CommitStatus> = view
        .resources
        .iter()
        .filter(|progress| progress.stepped)
        .filter(|progress| !crowded || over || state_of(progress) == State::Failed)
        .map(|progress| resource_row(view, progress))
        .collect();
    rows.sort_by(|a, b| (a.state != State::Failed, &a.name).cmp(&(b.state != State::Failed, &b.name)));
    rows.truncate(MOST_RESOURCES);
    let (state, description) = overall(view);
    rows.insert(0, CommitStatus { name: overall_name(&view.agent), state, description });
    rows
}

fn state_of(progress: &Progress) -> State {
    match progress.phase {
        Phase::Ready => State::Success,
        Phase::Failed | Phase::Stalled => State::Failed,
        // Of one that was begun (by an agent that was killed): its row ends, and comes back when it goes on.
        Phase::Waiting if progress.reason == FAILED => State::Canceled,
        Phase::Reconciling | Phase::Waiting | Phase::Unknown => State::Running,
    }
}

fn resource_row(view: &CommitView, progress: &Progress) -> CommitStatus {
    let name = resource_name(&view.agent, &progress.resource);
    let state = state_of(progress);
    if view.superseded && !state.is_final() {
        let description = cut(&format!("superseded by a newer commit; was {}", said(progress)), "");
        return CommitStatus { name, state: State::Canceled, description };
    }
    CommitStatus { name, state, description: cut(&said(progress), "") }
}

/// `RolloutFailed: container app exited with 1`, or whichever of the two there is. Of a message only the first line: what
/// stands below it (a service's last events) is for those who ask for the status.
fn said(progress: &Progress) -> String {
    match (progress.reason.as_str(), progress.message.lines().next().unwrap_or_default()) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

fn overall(view: &CommitView) -> (State, String) {
    let count = |state| view.resources.iter().filter(|progress| state_of(progress) == state).count();
    let (ready, failed, all) = (count(State::Success), count(State::Failed), view.resources.len());
    if let Some(first) = view.problems.first() {
        return (State::Failed, cut(&first.to_string(), &and_more(view.problems.len() - 1, "error")));
    }
    let mut failures = view.resources.iter().filter(|progress| progress.is_failed());
    if let Some(first) = failures.next() {
        let alone = failed == 1 && !view.resources.iter().any(|progress| progress.phase == Phase::Waiting);
        let counts = held_up(view.resources.iter().map(|progress| progress.phase))
            .filter(|_| !alone)
            .map(|counts| format!(" ({counts})"))
            .unwrap_or_default();
        return (State::Failed, cut(&format!("{}: {}", first.resource, said(first)), &counts));
    }
    let unfinished = view.resources.iter().filter(|progress| state_of(progress) == State::Running);
    // Those already written to come first: they are what is being waited for.
    let waited_for = unfinished.max_by_key(|progress| (progress.stepped, std::cmp::Reverse(&progress.resource)));
    match waited_for {
        _ if view.superseded && (ready < all || all == 0) => {
            (State::Canceled, format!("superseded by a newer commit; {ready} of {} were ready", counted(all, "resource")))
        }
        None => (State::Success, success(view)),
        Some(progress) if view.resources.iter().any(|progress| progress.stepped) => {
            (State::Running, cut(&format!("{ready} of {all} ready; {}: {}", progress.resource, said(progress)), ""))
        }
        Some(_) => (State::Pending, format!("{} to reconcile", counted(all, "resource"))),
    }
}

fn success(view: &CommitView) -> String {
    let all = view.resources.len();
    let written: Vec<String> =
        view.resources.iter().filter(|progress| progress.stepped).map(|progress| progress.resource.to_string()).collect();
    match (all, written.as_slice()) {
        (0, _) => "no resources are declared".to_owned(),
        (_, []) => format!("nothing had to be written; {all} of {all} ready"),
        (_, [first, rest @ ..]) => {
            let mut deployed = format!("deployed {first}");
            let mut left = rest.len();
            for name in rest {
                // Room for the longest suffix with any count of digits.
                if deployed.len() + name.len() > LONGEST_DESCRIPTION - 60 {
                    break;
                }
                deployed = format!("{deployed}, {name}");
                left -= 1;
            }
            let more = if left > 0 { format!(" and {left} more") } else { String::new() };
            cut(&deployed, &format!("{more}; {all} of {all} ready"))
        }
    }
}

fn and_more(count: usize, what: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!(" and {}", counted(count, &format!("more {what}"))),
    }
}

/// `text` as one line that, with `suffix` behind it, is not longer than a description may be. What is too long loses its middle:
/// behind the last semicolon stands what to do. The cause comes first, so that has two thirds in any case.
fn cut(text: &str, suffix: &str) -> String {
    const ELLIPSIS: char = '…';
    let line = printable::one_line(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
    let room = LONGEST_DESCRIPTION.saturating_sub(suffix.len());
    if line.len() <= room {
        return line + suffix;
    }
    let last = line.rfind("; ").map(|at| &line[at..]).filter(|last| last.len() <= room / 3).unwrap_or_default();
    let mut end = room.saturating_sub(ELLIPSIS.len_utf8() + last.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ELLIPSIS}{last}{suffix}", line[..end].trim_end())
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
