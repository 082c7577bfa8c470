//! Where a resource stands, what differs, and why.

use serde::Serialize;

use crate::secret::Shown;

/// One line of the diff.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// A JSON pointer, list elements by their key: `/taskDefinition/containerDefinitions/app/image`.
    pub path: String,
    /// What AWS has; None: nothing (`+`).
    pub old: Option<Shown>,
    /// What is wanted; None: nothing (`-`).
    pub new: Option<Shown>,
    /// Why it is enforced.
    pub cause: Cause,
    /// Whether the change starts a deployment.
    pub deploys: bool,
}

/// Why a difference is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Cause {
    /// The manifest says so.
    Declared,
    /// AWS's documented default, on a service this agent created.
    Default,
    /// Declared at the last applied commit, and removed since.
    Removed,
    /// Driftless's own tags.
    Ownership,
}

/// It waits for something that is on its way.
pub const NOT_READY: &str = "DependencyNotReady";

/// It waits for something that failed, or that a person has to see to: in vain, until that is Ready.
pub const FAILED: &str = "DependencyFailed";

/// Where the resource stands after this pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Verdict {
    /// As declared; nothing in progress.
    Ready {
        /// For a person.
        message: String,
    },
    /// It waits for another resource: nothing is written to it until that is Ready, and it runs on as before.
    Waiting {
        /// [`NOT_READY`] or [`FAILED`].
        reason: &'static str,
        /// For what, and what runs meanwhile.
        message: String,
    },
    /// Look again after so many seconds.
    Progressing {
        /// One CamelCase word.
        reason: &'static str,
        /// For a person.
        message: String,
        /// Seconds until the next look.
        requeue: u64,
    },
    /// The rollout failed; not retried until the resource changes.
    Failed {
        /// One CamelCase word.
        reason: &'static str,
        /// Container, ECS's reason, last events.
        message: String,
    },
    /// A person must act first.
    Stalled {
        /// One CamelCase word.
        reason: &'static str,
        /// What to do.
        message: String,
    },
    /// AWS could not be read.
    Unknown {
        /// What it said.
        message: String,
    },
}

impl Verdict {
    /// Its message without the joints of parts that are not there.
    pub(crate) fn whole(mut self) -> Self {
        let (Verdict::Ready { message }
        | Verdict::Waiting { message, .. }
        | Verdict::Progressing { message, .. }
        | Verdict::Failed { message, .. }
        | Verdict::Stalled { message, .. }
        | Verdict::Unknown { message }) = &mut self;
        *message = crate::sentence::whole(std::mem::take(message));
        self
    }

    /// A person must act first.
    pub(crate) fn stalled(reason: &'static str, message: impl Into<String>) -> Self {
        Verdict::Stalled { reason, message: message.into() }
    }
}
