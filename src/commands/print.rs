//! What the commands print: results on stdout, as text or as one JSON document; problems on stderr.

use std::io::{IsTerminal as _, Write as _};

use driftless_core::location::Problem;
use driftless_core::status::{Phase, Status};
use serde::Serialize;

use crate::cli::Output;

/// Prints a line of the result. A reader that has gone away (`| head`) ends nothing: the exit code still counts.
pub(super) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout().lock(), "{}", text.as_ref());
}

/// Prints the whole result as JSON.
pub(super) fn json(value: &impl Serialize) {
    line(serde_json::to_string_pretty(value).expect("results have string keys"));
}

/// Whether stdout can show colours.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal()
}

/// A command could not do its work.
pub(super) fn error(output: Output, error: &anyhow::Error) {
    if output == Output::Json {
        json(&serde_json::json!({ "error": format!("{error:#}") }));
    }
    eprintln!("error: {error:#}");
}

/// Errors and warnings of manifests, for people.
pub(super) fn problems(errors: &[Problem], warnings: &[Problem]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    for problem in errors {
        eprintln!("error: {problem}");
    }
}

/// `✓ EcsService/web  Ready: web:2 is running`.
pub(super) fn status(status: &Status) -> String {
    let mark = match status.phase {
        Phase::Ready => "✓",
        Phase::Reconciling => "…",
        Phase::Failed | Phase::Stalled => "✗",
        Phase::Unknown => "?",
    };
    let phase = match status.phase {
        Phase::Ready => "Ready".to_owned(),
        phase => format!("{phase:?} ({})", status.reason),
    };
    format!("{mark} {}  {phase}: {}", status.resource, status.message)
}

/// `1 thing`, `2 things`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
