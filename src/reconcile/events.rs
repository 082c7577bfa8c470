//! What the reconciler tells whoever listens: the terminal, the log, the reporter. Every event is a value that
//! stands alone; one that is missed costs a line, never the truth.

use driftless_core::plan::render::{Options, render};
use driftless_core::plan::{BOOKKEEPING, Plan, Step, Verdict};
use driftless_core::report::CommitView;
use driftless_core::resource::ResourceId;
use driftless_core::status::{Phase, Status};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A revision came into force.
    Accepted(CommitView),
    /// A revision was replaced by a newer one.
    Superseded(CommitView),
    /// A resource of the revision in force moved on; [`Reconciler::view`](super::Reconciler::view) shows how far. A view in
    /// each event would be a copy of every resource for every move of one.
    Progress,
    /// A pass found a difference, and is about to write.
    Planned(Plan),
    /// One call was made and answered.
    Applied {
        /// To which resource.
        resource: ResourceId,
        /// AWS's name of the action.
        action: &'static str,
        /// What it made or changed, when the answer says.
        arn: Option<String>,
    },
    /// A resource's status changed.
    Status(Status),
}

impl Event {
    /// What a person who watches reads of what is about to be written and of what was; None of what says nothing by itself. How
    /// it went, a status says: so a failure is told there, once, and bookkeeping nowhere.
    pub fn told(&self, options: &Options) -> Option<String> {
        match self {
            Event::Planned(plan) => {
                let goes_on = !matches!(plan.verdict, Verdict::Failed { .. } | Verdict::Stalled { .. } | Verdict::Unknown { .. });
                let says = !plan.changes.is_empty() || !plan.notes.is_empty() || !plan.steps.iter().all(Step::keeps_books);
                (goes_on && says).then(|| render(plan, options))
            }
            Event::Applied { action, .. } if BOOKKEEPING.contains(action) => None,
            Event::Applied { resource, action, arn } => {
                let what = arn.as_deref().map(short).filter(|what| !what.is_empty());
                let what = what.map(|what| format!(": {what}")).unwrap_or_default();
                Some(format!("  → {action} for {resource}{what}"))
            }
            Event::Accepted(_) | Event::Superseded(_) | Event::Progress | Event::Status(_) => None,
        }
    }

    /// Writes the event to the log. Plans are logged by size alone; their text is for people who ask for it.
    pub(super) fn log(&self) {
        match self {
            Event::Accepted(view) => {
                tracing::info!(revision = %view.revision, resources = view.resources.len(), errors = view.problems.len(), "revision in force");
                for problem in &view.problems {
                    tracing::error!(revision = %view.revision, "{problem}");
                }
            }
            Event::Superseded(view) => tracing::info!(revision = %view.revision, "superseded"),
            Event::Progress => {}
            Event::Planned(plan) => {
                tracing::info!(resource = %plan.resource, changes = plan.changes.len(), steps = plan.steps.len(), "differs")
            }
            Event::Applied { resource, action, arn } => {
                tracing::info!(%resource, action, arn = arn.as_deref().unwrap_or_default(), "applied")
            }
            Event::Status(status) => log_status(status),
        }
    }
}

/// What ends an ARN and tells a thing from its neighbours.
fn short(arn: &str) -> &str {
    if arn.starts_with("arn:") { arn.rsplit('/').next().unwrap_or(arn) } else { arn }
}

fn log_status(status: &Status) {
    let (resource, reason, message) = (&status.resource, &status.reason, &status.message);
    match status.phase {
        Phase::Ready | Phase::Reconciling | Phase::Waiting => {
            tracing::info!(%resource, phase = ?status.phase, reason, "{message}")
        }
        Phase::Unknown => tracing::warn!(%resource, phase = ?status.phase, reason, "{message}"),
        Phase::Failed | Phase::Stalled => tracing::error!(%resource, phase = ?status.phase, reason, "{message}"),
    }
}
