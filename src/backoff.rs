//! How long to wait before a key that failed is tried again: exponentially longer, with jitter, forgotten on success.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use backoff::{BackoffBuilder, ExponentialBuilder};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

/// The longest wait between two attempts that an agent uses.
pub const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The series of waits of each key that is failing.
///
/// A wait lies between the series' current step and twice that, so keys that failed together come back apart
/// (<https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>). Steps double from half
/// of `first` to half of `longest`: no wait is longer than `longest`, and the jitter is still there at the end.
pub struct Backoff<K> {
    first: Duration,
    longest: Duration,
    seeds: StdRng,
    series: HashMap<K, <ExponentialBuilder as BackoffBuilder>::Backoff>,
}

impl<K: Eq + Hash> Backoff<K> {
    /// Waits between `first / 2` and `first` at the first failure, and never longer than `longest`. The same `seed`
    /// gives the same waits.
    pub fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Backoff { first, longest, seeds: StdRng::seed_from_u64(seed), series: HashMap::new() }
    }

    /// The key has failed once more: how long to wait now.
    pub fn failed(&mut self, key: K) -> Duration {
        let builder = ExponentialBuilder::new()
            .with_min_delay(self.first / 2)
            .with_max_delay(self.longest / 2)
            .without_max_times()
            .with_jitter();
        let series = self.series.entry(key).or_insert_with(|| builder.with_jitter_seed(self.seeds.next_u64()).build());
        series.next().unwrap_or(self.longest).min(self.longest)
    }

    /// The key has succeeded, or is gone: its next failure is a first one.
    pub fn reset(&mut self, key: &K) {
        self.series.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(seed: u64) -> Backoff<&'static str> {
        Backoff::new(Duration::from_secs(2), LONGEST, seed)
    }

    #[test]
    fn each_failure_waits_up_to_twice_as_long_as_the_one_before() {
        let mut backoff = backoff(1);
        for step in [1, 2, 4, 8, 16, 32, 64, 128] {
            let wait = backoff.failed("web");
            assert!(wait >= Duration::from_secs(step) && wait <= Duration::from_secs(2 * step), "{step}: {wait:?}");
        }
    }

    #[test]
    fn no_wait_is_longer_than_five_minutes_and_the_longest_ones_still_differ() {
        let mut backoff = backoff(2);
        let waits: Vec<Duration> = (0..40).map(|_| backoff.failed("web")).collect();
        assert!(waits.iter().all(|wait| *wait <= LONGEST), "{waits:?}");
        assert!(waits[30..].iter().all(|wait| *wait >= LONGEST / 2), "{waits:?}");
        assert!(waits[30..].windows(2).any(|pair| pair[0] != pair[1]), "{waits:?}");
    }

    #[test]
    fn a_success_starts_the_series_anew() {
        let mut backoff = backoff(3);
        for _ in 0..6 {
            backoff.failed("web");
        }
        backoff.reset(&"web");
        assert!(backoff.failed("web") <= Duration::from_secs(2));
    }

    #[test]
    fn one_key_s_failures_do_not_slow_another() {
        let mut backoff = backoff(4);
        for _ in 0..6 {
            backoff.failed("web");
        }
        assert!(backoff.failed("worker") <= Duration::from_secs(2));
    }

    #[test]
    fn keys_that_fail_together_come_back_apart() {
        let mut backoff = backoff(5);
        assert_ne!(backoff.failed("web"), backoff.failed("worker"));
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            let mut backoff = backoff(seed);
            [backoff.failed("web"), backoff.failed("web"), backoff.failed("worker")]
        };
        assert_eq!(waits(6), waits(6));
        assert_ne!(waits(6), waits(7));
    }
}
