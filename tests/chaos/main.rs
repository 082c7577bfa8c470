//! Chaos: whole agents beside the simulator in one thread and on paused time, without a socket. What happens follows from a
//! seed alone: commits, console edits, faults, kills at any request, second copies, outages; and the laws of `laws.rs` hold
//! all the while. `docs/reliability.md` says what is checked and what was found.
//!
//! `DRIFTLESS_SEED=7 cargo test --test chaos` runs one seed and tells it; `DRIFTLESS_SEEDS=10000` runs as many, and with
//! `DRIFTLESS_FIRST=1` until one breaks a law. `planted/run` does that for each of its faults.

// Optimised, whole agents are laid out in one go.
#![recursion_limit = "256"]

mod aws;
#[path = "../property/draw.rs"]
mod draw;
mod generate;
mod kept;
mod laws;
mod line;
mod run;
mod script;
mod seen;
mod shrink;
mod tree;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use run::run;

/// Seeds that are tried without being told.
const USUAL: u64 = 500;
/// Runs that shrinking one failing seed may cost.
const SHRINKING: usize = 60;

#[expect(clippy::disallowed_methods, reason = "how much a person wants to try is theirs to say")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_is_done_twice() {
    if let Some(seed) = asked("DRIFTLESS_SEED") {
        let told = tell(seed, true);
        assert!(told.is_none(), "{}", told.unwrap_or_default());
        return;
    }
    let (first, count) = (asked("DRIFTLESS_FROM").unwrap_or(1), asked("DRIFTLESS_SEEDS").unwrap_or(USUAL));
    // Each with a runtime of its own.
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || (asked("DRIFTLESS_FIRST").is_some() && failed_one(&failed)) {
                        break;
                    }
                    if let Some(told) = tell(seed, false) {
                        println!("{told}");
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push((seed, told));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{count} seeds from {first} on: {} break a law", failed.len());
    let seeds: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "seeds that break a law: {seeds:?}");
}

/// Whether the search may end, where only the first is asked for.
fn failed_one(failed: &Mutex<Vec<(u64, String)>>) -> bool {
    !failed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// Runs a seed; what a person is told when it breaks a law.
fn tell(seed: u64, alone: bool) -> Option<String> {
    let script = generate::script(seed);
    let outcome = run(&script);
    let first = outcome.broken.first().cloned();
    if alone {
        print!("{script}\n{}\n", outcome.calls.join("\n"));
        println!("{}", outcome.log);
    }
    let first = first?;
    let shorter =
        if alone || asked("DRIFTLESS_SHRINK").is_some() { shrink::shrink(&script, first.law, SHRINKING) } else { script };
    let all: Vec<String> = outcome.broken.iter().map(|broken| format!("  {}: {}", broken.law, broken.how)).collect();
    Some(format!(
        "DRIFTLESS_SEED={seed} breaks a law:\n{}\n{shorter}\nas a script to keep:\n{shorter:?}\nto see it again: DRIFTLESS_SEED={seed} cargo test --test chaos -- --nocapture\n",
        all.join("\n")
    ))
}
