//! The one owner of shutdown: a signal cancels, what runs stops taking in, and the end is waited for with a deadline.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the agent drains by default. ECS sends SIGTERM and, unless `stopTimeout` says otherwise, SIGKILL 30 s later
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>).
pub const DEADLINE: Duration = Duration::from_secs(25);

/// Whom to ask whether the process is to end, and who waits until it may.
#[derive(Clone)]
pub struct Shutdown {
    token: CancellationToken,
    /// Cancelled by a second signal: whoever asks twice does not want to wait.
    hurry: CancellationToken,
    tasks: TaskTracker,
    deadline: Duration,
}

/// What did not end within the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{tasks} tasks had not ended when the shutdown's deadline came; the next start observes what they left and goes on")]
pub struct Unfinished {
    /// How many.
    pub tasks: usize,
}

impl Shutdown {
    /// Nothing asks for it yet. [`drain`](Shutdown::drain) waits at most `deadline`.
    pub fn new(deadline: Duration) -> Self {
        let (token, hurry) = (CancellationToken::new(), CancellationToken::new());
        Shutdown { token, hurry, tasks: TaskTracker::new(), deadline }
    }

    /// As the process of a command has it: asked for by signals, with the default [`DEADLINE`].
    ///
    /// # Errors
    /// The operating system refuses a handler.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Shutdown::new(DEADLINE);
        shutdown.listen()?;
        Ok(shutdown)
    }

    /// Cancelled when the process is to end; for all that takes work in.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Asks for the end: as a signal does.
    pub fn request(&self) {
        self.token.cancel();
    }

    /// Runs a task that [`drain`](Shutdown::drain) waits for. It ends by itself once the token is cancelled.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Listens for SIGTERM (ECS, systemd) and SIGINT (Ctrl-C): the first asks for the end, the second ends the wait for it.
    ///
    /// # Errors
    /// The operating system refuses a handler.
    pub fn listen(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (token, hurry) = (self.token.clone(), self.hurry.clone());
        tokio::spawn(async move {
            for asked in [token, hurry] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "shutting down");
                asked.cancel();
            }
        });
        Ok(())
    }

    /// Waits until the end is asked for, and then until the tasks have ended.
    ///
    /// # Errors
    /// [`Unfinished`], when the deadline or a second signal comes first.
    pub async fn drain(&self) -> Result<(), Unfinished> {
        self.token.cancelled().await;
        self.tasks.close();
        tokio::select! {
            biased;
            () = self.tasks.wait() => Ok(()),
            () = self.hurry.cancelled() => Err(Unfinished { tasks: self.tasks.len() }),
            () = tokio::time::sleep(self.deadline) => Err(Unfinished { tasks: self.tasks.len() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    /// A task that takes `seconds` to finish its step once it is told to end.
    fn finishes_after(shutdown: &Shutdown, seconds: u64) {
        let token = shutdown.token();
        shutdown.spawn(async move {
            token.cancelled().await;
            sleep(Duration::from_secs(seconds)).await;
        });
    }

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_the_slowest_task() {
        let shutdown = Shutdown::new(DEADLINE);
        finishes_after(&shutdown, 3);
        finishes_after(&shutdown, 7);
        shutdown.request();
        let began = Instant::now();
        assert_eq!(shutdown.drain().await, Ok(()));
        assert_eq!(began.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn draining_gives_up_at_its_deadline_and_says_how_much_is_left() {
        let shutdown = Shutdown::new(DEADLINE);
        finishes_after(&shutdown, 3);
        finishes_after(&shutdown, 60);
        shutdown.request();
        let began = Instant::now();
        assert_eq!(shutdown.drain().await, Err(Unfinished { tasks: 1 }));
        assert_eq!(began.elapsed(), DEADLINE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_ends_the_wait() {
        let shutdown = Shutdown::new(DEADLINE);
        finishes_after(&shutdown, 60);
        shutdown.request();
        let hurry = shutdown.hurry.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(2)).await;
            hurry.cancel();
        });
        let began = Instant::now();
        assert_eq!(shutdown.drain().await, Err(Unfinished { tasks: 1 }));
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_ends_before_it_is_asked_for() {
        let shutdown = Shutdown::new(DEADLINE);
        let waits = tokio::time::timeout(Duration::from_secs(3600), shutdown.drain());
        assert!(waits.await.is_err());
    }
}
