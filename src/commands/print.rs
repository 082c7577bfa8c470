//! What the commands print: results on stdout, as text or as one JSON document; problems on stderr.

use std::io::{IsTerminal as _, Write as _};

use driftless_core::count::counted;
use driftless_core::location::Problem;
use driftless_core::plan::render;
use driftless_core::printable;
use driftless_core::report::held_up;
use driftless_core::snapshot::Revision;
use driftless_core::status::{Phase, Status};
use serde::Serialize;

use crate::cli::Output;
use crate::environment;
use crate::reconcile::Place;

/// Prints a line of the result, or several. A reader that has gone away (`| head`) ends nothing: the exit code still counts.
pub(super) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout().lock(), "{}", safe(text.as_ref()));
}

/// Prints the whole result as JSON.
pub(super) fn json(value: &impl Serialize) {
    let document = serde_json::to_string_pretty(value).expect("results have string keys");
    let _ = writeln!(std::io::stdout().lock(), "{}", printable::json(&document));
}

/// Prints what is no result, to stderr.
pub(super) fn aside(text: impl AsRef<str>) {
    eprintln!("{}", safe(text.as_ref()));
}

/// Nothing of others' text moves the cursor: of all that is not seen only our own colours are let through.
fn safe(text: &str) -> String {
    const OURS: [&str; 4] = [render::GREEN, render::RED, render::YELLOW, render::PLAIN];
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        let ours = OURS.iter().find(|colour| rest[at..].starts_with(**colour));
        told.push_str(&printable::lines(&rest[..at]));
        match ours {
            Some(colour) => told.push_str(colour),
            None => told.push_str(&printable::lines("\x1b")),
        }
        rest = &rest[at + ours.map_or(1, |colour| colour.len())..];
    }
    told.push_str(&printable::lines(rest));
    told
}

/// Whether stdout can show colours, and is wanted to.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && !environment::plain_text()
}

/// A command could not do its work.
pub(super) fn error(output: Output, error: &anyhow::Error) {
    if output == Output::Json {
        json(&serde_json::json!({ "error": format!("{error:#}") }));
    }
    aside(format!("error: {}", printable::below(&format!("{error:#}"))));
}

/// Errors and warnings of manifests, for people.
pub(super) fn problems(errors: &[Problem], warnings: &[Problem]) {
    let told = |problem: &Problem| printable::below(&problem.to_string());
    warnings.iter().for_each(|warning| aside(format!("warning: {}", told(warning))));
    errors.iter().for_each(|problem| aside(format!("error: {}", told(problem))));
}

/// `✓ EcsService/web  Ready: web:2 is running`.
pub(super) fn status(status: &Status) -> String {
    let (id, message) = (&status.resource, printable::below(&status.message));
    let (mark, phase) = match status.phase {
        Phase::Ready => ("✓", "Ready".to_owned()),
        // The message says it all.
        Phase::Waiting => return format!("⧗ {id}  {message}"),
        Phase::Reconciling => ("…", format!("Reconciling ({})", status.reason)),
        phase @ (Phase::Failed | Phase::Stalled) => ("✗", format!("{phase:?} ({})", status.reason)),
        Phase::Unknown => ("?", format!("Unknown ({})", status.reason)),
    };
    format!("{mark} {id}  {phase}: {message}")
}

/// `account 123456789012 in eu-central-1`; of several targets, each with its name.
pub(super) fn places(places: &[Place]) -> String {
    let alone = places.len() == 1;
    let one = |place: &Place| {
        let name = if alone { String::new() } else { format!("{}: ", place.target) };
        format!("{name}account {} in {}", place.account, place.region)
    };
    places.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What a summary begins with: the revision, and where it was looked at.
pub(super) fn whereabouts(revision: &Revision, known: &[Place]) -> String {
    let place = places(known);
    if place.is_empty() { revision.short() } else { format!("{} · {place}", revision.short()) }
}

/// `1 of 3 resources Ready, 1 failed, 1 waits`.
pub(super) fn standing(phases: &[Phase]) -> String {
    let ready = phases.iter().filter(|phase| **phase == Phase::Ready).count();
    let rest = held_up(phases.iter().copied()).map(|rest| format!(", {rest}")).unwrap_or_default();
    format!("{ready} of {} Ready{rest}", counted(phases.len(), "resource"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_colours_reach_the_terminal() {
        assert_eq!(safe("\x1b[31mgone\x1b[0m"), "\x1b[31mgone\x1b[0m");
        assert_eq!(safe("a\x1b[2Kb\x1b]0;title\x07\u{202e}c"), r"a\u{1b}[2Kb\u{1b}]0;title\u{7}\u{202e}c");
    }

    #[test]
    fn what_waits_says_for_what_and_what_runs_and_is_no_failure() {
        let web = driftless_core::resource::ResourceId::ecs_service("web");
        let verdict = driftless_core::plan::ahead::in_vain(&[(&web, "failed")], Some("runs worker:1 as before (1 of 1 task)"));
        let mut waits = Status::new(driftless_core::resource::ResourceId::ecs_service("worker"));
        waits.observe(&verdict, "main@1", 1);
        assert_eq!(
            status(&waits),
            "⧗ EcsService/worker  waits for EcsService/web, which failed; runs worker:1 as before (1 of 1 task)"
        );
        assert_eq!(standing(&[Phase::Failed, Phase::Waiting, Phase::Ready]), "1 of 3 resources Ready, 1 failed, 1 waits");
    }

    #[test]
    fn a_summary_says_which_account_and_which_region() {
        let place =
            |target: &str, account: &str| Place { target: target.into(), account: account.into(), region: "eu-central-1".into() };
        assert_eq!(places(&[place("prod", "123456789012")]), "account 123456789012 in eu-central-1");
        assert_eq!(
            places(&[place("prod", "123456789012"), place("stage", "210987654321")]),
            "prod: account 123456789012 in eu-central-1; stage: account 210987654321 in eu-central-1"
        );
        let revision = Revision::Git { reference: "main".into(), sha: "330b6e342ed884b5bd040841f9f46dd9ede12d60".into() };
        assert_eq!(
            whereabouts(&revision, &[place("prod", "123456789012")]),
            "main@330b6e34 · account 123456789012 in eu-central-1"
        );
    }
}
