//! The commands, one a file: each reads its arguments, calls the library and prints; nothing is decided here.

mod agent;
mod apply;
mod plan;
mod print;
mod retry;
mod setup;
#[cfg(feature = "demo")]
mod simulate;
mod status;
mod validate;

use std::process::ExitCode;

use crate::cli::{Cli, Command, Output};
use crate::logging::{self, Reader};
use crate::signals::Signals;

/// Runs what was asked for, and prints what went wrong. The exit codes are listed in `docs/operations.md`.
pub async fn run(cli: Cli, signals: &Signals) -> ExitCode {
    let (filter, reader) = match &cli.command {
        Command::Agent { .. } => ("warn,driftless=info", Reader::Program),
        // It tells everything itself.
        #[cfg(feature = "demo")]
        Command::Demo { .. } => ("off", Reader::Person),
        // What happens to resources, and what is wrong with manifests, the commands print: one teller is enough.
        _ => ("error,driftless::reconcile=off", Reader::Person),
    };
    logging::start(filter, reader);
    let output = output(&cli.command);
    let outcome = match cli.command {
        Command::Agent { common } => agent::run(&common, signals).await,
        Command::Validate { common, strict } => return validate::run(&common, signals, strict).await,
        Command::Plan { common, show_values, change_set } => plan::run(&common, signals, show_values, change_set).await,
        Command::Apply { common, no_wait, allow_older } => apply::run(&common, signals, no_wait, allow_older).await,
        Command::Status { common, server, health, live } => status::run(&common, signals, &server, health, live).await,
        Command::Retry { common, server, resource } => retry::run(&common, signals, &server, resource).await,
        #[cfg(feature = "demo")]
        Command::Demo { example, exit } => crate::demo::run(example, exit, signals).await,
        #[cfg(feature = "demo")]
        Command::Simulate(settings) => simulate::run(&settings, signals).await,
    };
    outcome.unwrap_or_else(|error| {
        print::error(output, &error);
        ExitCode::from(2)
    })
}

fn output(command: &Command) -> Output {
    match command {
        Command::Agent { common }
        | Command::Validate { common, .. }
        | Command::Plan { common, .. }
        | Command::Apply { common, .. }
        | Command::Status { common, .. }
        | Command::Retry { common, .. } => common.output,
        #[cfg(feature = "demo")]
        Command::Demo { .. } | Command::Simulate(_) => Output::Text,
    }
}
