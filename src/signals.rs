//! SIGTERM and SIGINT, caught from the first instant of `main` on, and kept until a command knows how it ends.
//!
//! A signal that nobody listens for kills the process, or, where the process is a container's first, is thrown away by the kernel
//! (<https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>): then ECS waits for half a minute and kills. So the handlers stand
//! before the command line is read, on a thread that does nothing else: however busy or blocked the others are, it ends the process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::shutdown::DEADLINE;

/// What is left to whoever ends by itself at the deadline or at a second signal, before the process is ended.
const GRACE: Duration = Duration::from_millis(200);

/// The exit code while no command has said another: "could not run".
const NOT_BEGUN: i32 = 2;

/// The process's signals.
#[derive(Debug, Clone)]
pub struct Signals {
    first: CancellationToken,
    /// Whoever asks twice does not want to wait.
    second: CancellationToken,
    /// Nothing is to be ended in order.
    at_once: CancellationToken,
    code: Arc<Mutex<i32>>,
}

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// The operating system refuses a handler or a thread.
    pub fn catch() -> std::io::Result<Self> {
        let signals = Signals {
            first: CancellationToken::new(),
            second: CancellationToken::new(),
            at_once: CancellationToken::new(),
            code: Arc::new(Mutex::new(NOT_BEGUN)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let both = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        drop(entered);
        let ours = signals.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(ours.listen(both));
            std::process::exit(ours.code());
        })?;
        Ok(signals)
    }

    /// The first asks for the end, the second ends the wait for it. Returns when the process has to end, whatever still runs.
    async fn listen(&self, (mut terminate, mut interrupt): (Signal, Signal)) {
        let mut next = async || {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "shutting down");
        };
        next().await;
        self.first.cancel();
        tokio::select! {
            () = self.at_once.cancelled() => {}
            () = tokio::time::sleep(DEADLINE + GRACE) => {}
            () = next() => {
                self.second.cancel();
                tokio::time::sleep(GRACE).await;
            }
        }
    }

    /// For what keeps nothing in order: a signal, also one that came before, ends the process there and then with this code.
    pub fn end_at_once(&self, code: i32) {
        self.ends_with(code);
        self.at_once.cancel();
    }

    /// For what ends by itself when asked to: with this code the process ends where it does not.
    pub(crate) fn ends_with(&self, code: i32) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }

    fn code(&self) -> i32 {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled by the first.
    pub(crate) fn first(&self) -> &CancellationToken {
        &self.first
    }

    /// Cancelled by the second.
    pub(crate) fn second(&self) -> &CancellationToken {
        &self.second
    }
}
