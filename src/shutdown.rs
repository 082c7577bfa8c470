//! The one owner of shutdown: a signal cancels, what runs stops taking in, and the end is waited for with a deadline.
//!
//! The time is shared out here, and nothing that anybody else does can widen it. Once the end is asked for
//!
//! - a read is given up at once, also while it waits for its turn, and so is work on a thread of its own, which sees a flag;
//! - a write that has been sent is waited for, for [`WRITE_IN_HAND`]; none is begun (`src/aws/send.rs` is where both are so);
//! - GitLab has [`LAST_REPORT`] after that;
//! - and at [`DEADLINE`] the process ends, whatever still runs: by the thread that listens for signals (`src/signals.rs`).
//!
//! What was left is found by the next start: a pass observes before it acts.

use driftless_core::count::counted;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::signals::Signals;

/// How long the answer to a write may take that was sent before the end was asked for. The SDK gives a call 30 s, which is
/// all that ECS gives the container: whoever waits for so long is killed before it has told anybody.
pub const WRITE_IN_HAND: Duration = Duration::from_secs(7);

/// After the last step, how long GitLab may take to hear about it.
pub const LAST_REPORT: Duration = Duration::from_millis(2300);

/// When the process ends at the latest. ECS sends SIGTERM and, unless `stopTimeout` says otherwise, SIGKILL 30 s later
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>); docker stop 10 s later
/// (<https://docs.docker.com/reference/cli/docker/container/stop/>).
pub const DEADLINE: Duration = Duration::from_millis(9600);

/// Runs `work` unless the end is asked for, which is looked at first and last: work whose reads were given up has come to its end as
/// well, and what it says then is nothing. The signal comes on another thread, also between the two.
pub async fn unless_stopped<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        done = work => (!stop.is_cancelled()).then_some(done),
    }
}

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
#[error("{} had not ended when the shutdown's deadline came; the next start observes what was left and goes on", counted(*tasks, "task"))]
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

    /// As a command has it: asked for by signals, also by one that came before, with the default [`DEADLINE`]. Should the command
    /// not end by itself until then, or at a second signal, the process ends with the exit code `code`.
    pub fn on(signals: &Signals, code: i32) -> Self {
        signals.ends_with(code);
        let (token, hurry) = (signals.first().child_token(), signals.second().child_token());
        Shutdown { token, hurry, tasks: TaskTracker::new(), deadline: DEADLINE }
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
    async fn work_that_ends_with_the_shutdown_says_nothing() {
        let stop = CancellationToken::new();
        let given_up = async {
            stop.cancelled().await;
            "its reads were given up"
        };
        let (said, ()) = tokio::join!(unless_stopped(&stop, given_up), async { stop.cancel() });
        assert_eq!(said, None);
        let stop = CancellationToken::new();
        let asked_for_meanwhile = async {
            stop.cancel();
            "what it reads is given up"
        };
        assert_eq!(unless_stopped(&stop, asked_for_meanwhile).await, None);
        assert_eq!(unless_stopped(&CancellationToken::new(), async { 7 }).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_ends_before_it_is_asked_for() {
        let shutdown = Shutdown::new(DEADLINE);
        let waits = tokio::time::timeout(Duration::from_secs(3600), shutdown.drain());
        assert!(waits.await.is_err());
    }
}
