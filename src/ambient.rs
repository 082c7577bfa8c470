//! What every thread has around it without being handed it: the wall clock, chance, and other threads for work that blocks.
//!
//! In production these are the machine's. A test that runs whole agents on one thread and on tokio's paused time brings its
//! own for that thread, so that the same seed makes the same calls in the same order.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use tokio::task::JoinError;
use tokio::time::Instant;

thread_local! {
    static BROUGHT: RefCell<Option<Brought>> = const { RefCell::new(None) };
}

/// What a test brought for its thread.
struct Brought {
    /// Seconds since 1970 at `since`.
    start: f64,
    since: Instant,
    chance: StdRng,
    /// How long the work that has just run in place would have blocked.
    blocked: Duration,
}

/// The machine's own come back when it is dropped.
#[must_use]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        BROUGHT.with_borrow_mut(|brought| *brought = None);
    }
}

/// From now on, and on this thread: the wall clock shows `start` (seconds since 1970) and goes with tokio's, chance is drawn
/// from `seed`, and work that blocks runs in place. To be called inside of a runtime.
pub fn bring(start: f64, seed: u64) -> Guard {
    let chance = StdRng::seed_from_u64(seed);
    let new = Brought { start, since: Instant::now(), chance, blocked: Duration::ZERO };
    BROUGHT.with_borrow_mut(|brought| *brought = Some(new));
    Guard(())
}

/// Moves the wall clock that [`bring`] brought; nothing where it did not. The monotonic one stays.
pub fn skip(seconds: f64) {
    BROUGHT.with_borrow_mut(|brought| brought.iter_mut().for_each(|brought| brought.start += seconds));
}

/// Says of the work that runs in place that it would have blocked for so much longer.
pub fn blocks_for(time: Duration) {
    BROUGHT.with_borrow_mut(|brought| brought.iter_mut().for_each(|brought| brought.blocked += time));
}

/// Whether work that blocks runs in place on this thread.
pub fn is_in_place() -> bool {
    BROUGHT.with_borrow(Option::is_some)
}

/// Seconds since 1970-01-01T00:00:00Z.
#[allow(clippy::disallowed_methods)] // This is the file the ban in clippy.toml points to.
pub(crate) fn now() -> f64 {
    let brought =
        BROUGHT.with_borrow(|brought| brought.as_ref().map(|brought| brought.start + brought.since.elapsed().as_secs_f64()));
    brought.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()))
}

/// A number that nobody foresees.
pub(crate) fn random() -> u64 {
    let brought = BROUGHT.with_borrow_mut(|brought| brought.as_mut().map(|brought| brought.chance.next_u64()));
    brought.unwrap_or_else(rand::random)
}

/// The same, from 0 up to 1.
pub(crate) fn fraction() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Runs work that blocks beside the runtime's tasks: on a thread of its own, or in place, where a test brought that.
///
/// # Errors
/// The work panicked, or the runtime ends. In place, a panic is the caller's.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    if !is_in_place() {
        return tokio::task::spawn_blocking(work).await;
    }
    let done = work();
    let blocked = BROUGHT
        .with_borrow_mut(|brought| brought.as_mut().map(|brought| std::mem::take(&mut brought.blocked)).unwrap_or_default());
    if !blocked.is_zero() {
        tokio::time::sleep(blocked).await;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_a_test_brings_goes_with_tokios_clock_and_its_own_seed() {
        let drawn = |seed| {
            let _guard = bring(1_000.0, seed);
            (random(), random())
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let _guard = bring(1_000.0, 7);
        let thread = std::thread::current().id();
        let ran = blocking(move || {
            blocks_for(Duration::from_secs(5));
            std::thread::current().id() == thread
        });
        assert!(ran.await.expect("no panic"));
        skip(60.0);
        assert_eq!(now(), 1_065.0);
        drop(_guard);
        assert!(now() > 1_600_000_000.0 && !is_in_place());
    }
}
