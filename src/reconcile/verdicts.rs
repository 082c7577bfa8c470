//! What the loop's own mishaps mean for a resource: where it stands, and when to look again.

use std::time::Duration;

use driftless_core::plan::{Plan, Verdict};
use driftless_core::resource::ResourceId;

use crate::aws::ProviderError;

/// A panic is this resource's failure and nobody else's.
pub(super) fn panicked(id: &ResourceId, message: &str) -> Verdict {
    Verdict::Failed {
        reason: "Panicked",
        message: format!(
            "a bug in driftless: the pass over {id} panicked ({message}); other resources go on, and this one is tried again; please report it with the log"
        ),
    }
}

/// What only the commit that last wrote a resource can tell cannot be read now.
pub(super) fn history_unread(id: &ResourceId, why: &str) -> Verdict {
    Verdict::Unknown {
        message: format!(
            "what was removed from {id}, or has another hidden value, since it was last written is not known, as the commit that wrote it cannot be read now: {why}; nothing is written before that, and it is tried again"
        ),
    }
}

/// It will not be known any more.
pub(super) fn history_gone(why: &str) -> String {
    format!("what was removed since the last write cannot be known any more, and stays as AWS has it: {why}")
}

/// A write was refused or got no answer.
pub(super) fn write_failed(error: &ProviderError) -> Verdict {
    let message = error.to_string();
    match error {
        // Nothing is wrong with the resource: the queue's backoff tries again.
        ProviderError::Throttled(_) => Verdict::Progressing { reason: "Throttled", message, requeue: 0 },
        ProviderError::Unavailable(failure) if failure.patience.is_none() => {
            Verdict::Progressing { reason: "Unavailable", message, requeue: 0 }
        }
        ProviderError::Conflict(_) => Verdict::Progressing { reason: "Conflict", message, requeue: 0 },
        error => Verdict::Failed { reason: reason(error), message },
    }
}

/// A write was refused that AWS may take within `patience`: what it needs was just made.
pub(super) fn refused_for_now(error: &ProviderError, patience: Duration) -> Verdict {
    let minutes = patience.as_secs().div_ceil(60);
    let message = format!(
        "{error}; as it may have been made a moment ago, and AWS knows it everywhere only after a while, the agent tries again for {minutes} min before it takes that for final"
    );
    Verdict::Progressing { reason: reason(error), message, requeue: 0 }
}

fn reason(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Throttled(_) => "Throttled",
        ProviderError::Unavailable(_) => "Unavailable",
        ProviderError::Conflict(_) => "Conflict",
        ProviderError::Denied(_) => "AccessDenied",
        ProviderError::NotFound(_) => "NotFound",
        ProviderError::Invalid(_) => "Refused",
    }
}

/// While the steps are being made. Also where they only tidy up after a failure: a failure is final, and whoever waits for
/// the end must not take it for that before its rollback is asked for.
pub(super) fn writing(plan: &Plan) -> Verdict {
    let actions: Vec<&str> = plan.steps.iter().map(|step| step.action()).collect();
    Verdict::Progressing { reason: "Applying", message: actions.join(", "), requeue: 0 }
}

/// After the steps nothing is Ready yet: the next pass, `again` from now, looks whether AWS took it.
pub(super) fn written(plan: &Plan, again: Duration) -> Verdict {
    match &plan.verdict {
        Verdict::Ready { message } => {
            Verdict::Progressing { reason: "Applied", message: message.clone(), requeue: again.as_secs() }
        }
        other => other.clone(),
    }
}
