//! Whether the agent does what it is there for, and whether it runs at all: two questions with two askers.
//!
//! People, and what wakes them, want the truth: an agent that has not read its source for three intervals follows nothing,
//! whatever else is well. A container's health check wants to know whether to replace the process: ECS stops the task of a
//! service that reports itself unhealthy and starts another
//! (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>). An outage of Git is no reason for that. The new
//! one cannot read the source either, and it lacks what the old one has in memory: the last revision, which it would go on
//! enforcing. So the check only fails where a restart can help: the process does not answer, or its loop does not come round.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many intervals without a read of the source are unhealthy.
const INTERVALS: u32 = 3;

/// A read may take this long: a shorter silence is none, however short the interval.
const SHORTEST: Duration = crate::source::DEFAULT_DEADLINE;

/// After so long without coming round, the loop never will: a read has a deadline, and so has the wait for the next.
const STUCK: Duration = Duration::from_secs(15 * 60);

/// What is known of the reads of a source. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    /// Between two reads; None where they come when something changes.
    interval: Option<Duration>,
    /// Divides the shortest silence.
    pace: f64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// The last read that went well, or the start.
    good: Instant,
    /// The last read, however it went, or the start.
    tried: Instant,
    /// When the source was last read, in seconds since the epoch.
    read_at: Option<u64>,
    /// Why the last read went wrong, and since when reads have, in seconds since the epoch.
    trouble: Option<(String, u64)>,
}

impl Health {
    /// Nothing was read yet. `interval` is the source's; None for one that is only read when it changes.
    pub fn new(interval: Option<Duration>, pace: f64) -> Self {
        let now = Instant::now();
        let state = State { good: now, tried: now, read_at: None, trouble: None };
        Health { interval, pace, state: Arc::new(Mutex::new(state)) }
    }

    /// The source was read.
    pub fn read(&self) {
        let now = Instant::now();
        *self.state() = State { good: now, tried: now, read_at: Some(crate::clock::now()), trouble: None };
    }

    /// It could not be read.
    pub fn failed(&self, why: String) {
        let mut state = self.state();
        state.tried = Instant::now();
        let since = state.trouble.take().map_or_else(crate::clock::now, |(_, since)| since);
        state.trouble = Some((why, since));
    }

    /// When the source was last read, in seconds since the epoch.
    pub fn read_at(&self) -> Option<u64> {
        self.state().read_at
    }

    /// Why the last read went wrong, if it did.
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.as_ref().map(|(why, _)| why.clone())
    }

    /// For people: why the agent does not follow its source, since when, and what stays in force meanwhile.
    pub fn unhealthy(&self) -> Option<String> {
        let state = self.state();
        let silent = state.good.elapsed();
        let longest = match (self.interval, &state.trouble) {
            (Some(interval), _) => (interval * INTERVALS).max(SHORTEST.div_f64(self.pace)),
            // Nothing has changed, so nothing was read.
            (None, None) => return None,
            (None, Some(_)) => SHORTEST.div_f64(self.pace),
        };
        if silent <= longest {
            return None;
        }
        let last = match state.read_at {
            Some(at) => {
                format!("the source was last read at {}, {} ago; that revision stays in force", at_utc(at), words(silent))
            }
            None => format!("the source could not be read since the agent started {} ago; nothing is in force", words(silent)),
        };
        let why = match &state.trouble {
            Some((why, since)) => format!("{why} (so since {})", at_utc(*since)),
            None => "a read is under way and does not end".to_owned(),
        };
        Some(format!("{last}: {why}"))
    }

    /// For whoever restarts the process: why that would help.
    pub fn stuck(&self) -> Option<String> {
        let interval = self.interval?;
        let silent = self.state().tried.elapsed();
        let longest = (interval * INTERVALS).max(STUCK);
        (silent > longest).then(|| format!("the agent's loop has not come round for {}", words(silent)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// `2026-11-28T01:40:00Z`.
pub(crate) fn at_utc(seconds: u64) -> String {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    let at = DateTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_else(|_| format!("{seconds} s after 1970"))
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_source_that_was_not_read_for_three_intervals_is_unhealthy_with_its_reason_until_it_is_read() {
        let health = Health::new(Some(MINUTE), 1.0);
        health.read();
        for _ in 0..3 {
            advance(MINUTE).await;
            health.failed("no route to git.example.com".to_owned());
            assert_eq!(health.unhealthy(), None);
        }
        advance(Duration::from_secs(1)).await;
        let told = health.unhealthy().expect("three intervals are over");
        assert!(
            told.contains("no route to git.example.com") && told.contains("3 min ago") && told.contains("so since 20"),
            "{told}"
        );
        assert!(told.contains("that revision stays in force"), "{told}");
        assert_eq!(health.stuck(), None, "a restart would not help");
        health.read();
        assert_eq!((health.unhealthy(), health.trouble()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_never_ends_and_a_source_that_was_never_read_are_unhealthy() {
        let health = Health::new(Some(MINUTE), 1.0);
        advance(MINUTE * 3 + Duration::from_secs(1)).await;
        let told = health.unhealthy().expect("never read");
        assert!(told.contains("nothing is in force") && told.contains("does not end"), "{told}");
        assert_eq!(health.read_at(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_interval_leaves_a_read_its_time() {
        let health = Health::new(Some(Duration::from_secs(1)), 1.0);
        health.read();
        advance(SHORTEST).await;
        assert_eq!(health.unhealthy(), None);
        advance(Duration::from_secs(1)).await;
        assert!(health.unhealthy().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_in_which_nothing_changes_is_well_and_one_that_cannot_be_read_is_not() {
        let health = Health::new(None, 1.0);
        health.read();
        advance(MINUTE * 600).await;
        assert_eq!((health.unhealthy(), health.stuck()), (None, None));
        health.failed("permission denied".to_owned());
        assert!(health.unhealthy().is_some_and(|told| told.contains("permission denied")));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_loop_that_does_not_come_round_is_a_reason_to_restart() {
        let health = Health::new(Some(MINUTE), 1.0);
        for _ in 0..600 {
            advance(MINUTE).await;
            health.failed("down".to_owned());
            assert_eq!(health.stuck(), None);
        }
        advance(STUCK + MINUTE).await;
        assert!(health.stuck().is_some());
    }
}
