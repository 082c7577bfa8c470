//! Logs, always on stderr, as results are on stdout: for people on a terminal and beside what commands print, JSON from an
//! agent anywhere else.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Who reads the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever started the command, in a terminal or in a CI job's log.
    Person,
    /// A person on a terminal, and a program anywhere else.
    Program,
}

/// Starts logging. `RUST_LOG` overrides `default`, which is a filter such as `warn,driftless=info`.
pub fn start(default: &str, reader: Reader) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    let colours = terminal && !crate::environment::plain_text();
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // A second start, in a test, changes nothing.
    let _ = match terminal || reader == Reader::Person {
        true => builder.compact().try_init(),
        false => builder.json().try_init(),
    };
}
