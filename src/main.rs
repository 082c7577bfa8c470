//! The `driftless` command: reads the command line, and leaves the rest to the library.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    driftless::commands::run(driftless::cli::Cli::parse()).await
}
