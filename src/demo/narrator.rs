//! The demo's voice: headings and lines; on a terminal also colours, and one line at the bottom that moves.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;

use driftless_core::printable;

/// Writes the story to stdout.
#[derive(Debug)]
pub(super) struct Narrator {
    live: bool,
    /// The terminal shows styles, and moves its cursor.
    styled: bool,
    /// Whether the moving line is on the screen.
    moving: Mutex<bool>,
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
const CLEAR_LINE: &str = "\r\x1b[2K";

impl Narrator {
    pub(super) fn new() -> Self {
        let live = std::io::stdout().is_terminal();
        Narrator { live, styled: live && !crate::environment::plain_text(), moving: Mutex::new(false) }
    }

    /// Whether somebody sits at a terminal.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// A new chapter.
    pub(super) fn chapter(&self, title: &str) {
        self.print(&if self.styled { format!("\n{BOLD}{title}{PLAIN}") } else { format!("\n{title}") });
    }

    /// What a person should read.
    pub(super) fn say(&self, text: &str) {
        self.print(&printable::lines(text));
    }

    /// What happened underneath.
    pub(super) fn detail(&self, text: &str) {
        for line in printable::lines(text).lines() {
            self.print(&if self.styled { format!("{DIM}    {line}{PLAIN}") } else { format!("    {line}") });
        }
    }

    /// On a terminal, the bottom line; on a pipe nothing, as a pipe keeps every version of it.
    pub(super) fn moving(&self, text: &str) {
        if self.styled {
            let mut moving = self.moving.lock().expect("not poisoned");
            *moving = true;
            // Longer lines would wrap, and then not be cleared.
            let short: String = printable::one_line(text).chars().take(100).collect();
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "{CLEAR_LINE}{DIM}    {short}{PLAIN}").and_then(|()| out.flush());
        }
    }

    fn print(&self, line: &str) {
        let mut moving = self.moving.lock().expect("not poisoned");
        let clear = if std::mem::take(&mut *moving) { CLEAR_LINE } else { "" };
        let _ = writeln!(std::io::stdout().lock(), "{clear}{line}");
    }
}
