//! Why a call to AWS did not do what it should: six kinds, each with what to do next.

mod advice;
mod call;

use std::fmt;
use std::time::Duration;

use driftless_core::refusal::{self, Class, Meaning, Refusal};

pub(super) use call::Call;

/// A failed call. The message names the call, the resource, what AWS said, its request id, and what to do. It holds
/// neither credentials nor documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Too many calls; the bucket has been slowed.
    #[error("{0}")]
    Throttled(Box<Failure>),
    /// The agent may not, or is not who it says.
    #[error("{0}")]
    Denied(Box<Failure>),
    /// What the call names does not exist.
    #[error("{0}")]
    NotFound(Box<Failure>),
    /// AWS's state is not what the call was decided on: observe again.
    #[error("{0}")]
    Conflict(Box<Failure>),
    /// AWS does not take the request as it is.
    #[error("{0}")]
    Invalid(Box<Failure>),
    /// No answer, or AWS failed. A write may have happened all the same.
    #[error("{0}")]
    Unavailable(Box<Failure>),
}

/// What the caller does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Again after the queue's backoff.
    Backoff,
    /// Observe again soon: the next decision will be another one.
    Observe,
    /// Again at the drift interval: only a person or a commit can help.
    Interval,
}

/// The facts of one failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `UpdateService`.
    pub action: String,
    /// `shop/web`, or an ARN.
    pub resource: String,
    /// AWS's error code, where it gave one.
    pub code: Option<String>,
    /// AWS's message, or what happened on the way.
    pub said: String,
    /// What AWS's support asks for.
    pub request_id: Option<String>,
    /// What a person can do.
    pub advice: String,
    /// For so long the same call may still be taken, although nobody corrects anything: what it needs was just made.
    pub patience: Option<Duration>,
    /// The call may have had its effect all the same: nobody said no.
    pub lost: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: ", self.action, self.resource)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(self.said.trim_end_matches(['.', ' ']))?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

impl ProviderError {
    /// What to do next, when the failure's patience is over.
    pub fn retry(&self) -> Retry {
        match self {
            ProviderError::Throttled(_) | ProviderError::Unavailable(_) => Retry::Backoff,
            ProviderError::Conflict(_) => Retry::Observe,
            ProviderError::Denied(_) | ProviderError::NotFound(_) | ProviderError::Invalid(_) => Retry::Interval,
        }
    }

    /// One of six fixed words, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            ProviderError::Throttled(_) => "throttled",
            ProviderError::Denied(_) => "denied",
            ProviderError::NotFound(_) => "not_found",
            ProviderError::Conflict(_) => "conflict",
            ProviderError::Invalid(_) => "invalid",
            ProviderError::Unavailable(_) => "unavailable",
        }
    }

    /// AWS's error code.
    pub fn code(&self) -> Option<&str> {
        self.failure().code.as_deref()
    }

    /// The facts.
    pub fn failure(&self) -> &Failure {
        match self {
            ProviderError::Throttled(failure)
            | ProviderError::Denied(failure)
            | ProviderError::NotFound(failure)
            | ProviderError::Conflict(failure)
            | ProviderError::Invalid(failure)
            | ProviderError::Unavailable(failure) => failure,
        }
    }

    /// The same failure, with something else to do about it.
    pub(super) fn with_advice(mut self, advice: String) -> Self {
        let (ProviderError::Throttled(failure)
        | ProviderError::Denied(failure)
        | ProviderError::NotFound(failure)
        | ProviderError::Conflict(failure)
        | ProviderError::Invalid(failure)
        | ProviderError::Unavailable(failure)) = &mut self;
        failure.advice = advice;
        self
    }

    /// Whether the server has no such action: an emulator, since AWS's has them all. "UnknownOperationException",
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>; emulators have their own words.
    pub fn unknown_action(&self) -> bool {
        matches!(
            self.code(),
            Some(
                "UnknownOperationException" | "UnknownOperation" | "InvalidAction" | "NotImplemented" | "NotImplementedException"
            )
        )
    }

    /// The error that AWS's answer means. `status` is HTTP's.
    pub(super) fn from_answer(call: Call<'_>, status: u16, code: Option<String>, said: &str, request_id: Option<String>) -> Self {
        let refusal =
            Refusal { service: call.service, action: call.action, status, code: code.as_deref().unwrap_or_default(), said };
        let Meaning { class, patience, lost } = refusal::read(&refusal);
        let mut failure = Failure {
            action: call.action.to_owned(),
            resource: call.resource.to_owned(),
            code,
            said: shorten(said),
            request_id,
            advice: String::new(),
            patience,
            lost,
        };
        if failure.said.is_empty() {
            failure.said = format!("HTTP status {status}");
        }
        failure.advice = advice::of(class, call, &failure);
        Self::of(class, failure)
    }

    fn of(class: Class, failure: Failure) -> Self {
        match class {
            Class::Throttled => ProviderError::Throttled(failure.into()),
            Class::Denied => ProviderError::Denied(failure.into()),
            Class::NotFound => ProviderError::NotFound(failure.into()),
            Class::Conflict => ProviderError::Conflict(failure.into()),
            Class::Invalid => ProviderError::Invalid(failure.into()),
            Class::Unavailable => ProviderError::Unavailable(failure.into()),
        }
    }

    /// No answer came, or none that can be read.
    pub(super) fn unavailable(call: Call<'_>, said: impl Into<String>) -> Self {
        let advice = if call.writes() {
            "the call may have had its effect: the agent looks again before it acts"
        } else {
            "the agent tries again"
        };
        ProviderError::Unavailable(Failure { lost: true, ..Failure::ours(call, said, advice) }.into())
    }

    /// It was not sent, or its answer was not waited for, as the process ends.
    pub(super) fn stopping(call: Call<'_>) -> Self {
        let said = "the agent is stopping";
        ProviderError::Unavailable(Failure::ours(call, said, "the next start looks again, and goes on").into())
    }

    /// AWS agreed to the call and did nothing, for want of capacity: the backoff tries again. `code` stands for an error's.
    pub(super) fn no_room(call: Call<'_>, code: &str, said: &str, advice: &str) -> Self {
        ProviderError::Unavailable(Failure { code: Some(code.to_owned()), ..Failure::ours(call, said, advice) }.into())
    }

    /// What was decided on is no longer so.
    pub(super) fn conflict(call: Call<'_>, said: impl Into<String>) -> Self {
        ProviderError::Conflict(Failure::ours(call, said, "the agent looks again before it acts").into())
    }

    /// The credentials were refused or are missing.
    pub(super) fn denied(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        ProviderError::Denied(Failure::ours(call, said, advice).into())
    }

    /// The request cannot be made.
    pub(super) fn invalid(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        ProviderError::Invalid(Failure::ours(call, said, advice).into())
    }
}

impl Failure {
    fn ours(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        Failure {
            action: call.action.to_owned(),
            resource: call.resource.to_owned(),
            code: None,
            said: said.into(),
            request_id: None,
            advice: advice.to_owned(),
            patience: None,
            lost: false,
        }
    }
}

/// AWS's messages can repeat whole documents; a person reads a line.
fn shorten(said: &str) -> String {
    const LONGEST: usize = 600;
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
