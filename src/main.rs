//! The `driftless` command: reads the command line, and leaves the rest to the library.
// What all commands wait for is one future, nested deeper than the compiler looks by default.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser as _;
use driftless::signals::Signals;

fn main() -> ExitCode {
    // Before anything else: until then a signal kills.
    let started = Signals::catch();
    let cli = driftless::cli::Cli::parse();
    let runtime = started.and_then(|signals| Ok((signals, tokio::runtime::Builder::new_multi_thread().enable_all().build()?)));
    let (signals, runtime) = match runtime {
        Ok(both) => both,
        Err(error) => {
            eprintln!("error: the threads could not be started: {error}");
            return ExitCode::from(2);
        }
    };
    let code = runtime.block_on(driftless::commands::run(cli, &signals));
    // A thread that hangs in a read of a file or of a socket is not waited for, as dropping the runtime would.
    // https://docs.rs/tokio/latest/tokio/runtime/struct.Runtime.html#shutdown
    runtime.shutdown_background();
    code
}
