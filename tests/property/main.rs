//! The property: whatever AWS answers, every resource ends where it belongs and stays there. Random services, tasks, stacks,
//! artifacts and deployments against the simulator in invented spellings, driven by the real agent in this process.
//!
//! `DRIFTLESS_CASES=2000 cargo test --test property -- --nocapture` tries as many; `DRIFTLESS_SEED=7` tries one round alone.

mod case;
mod documents;
mod draw;
mod round;

#[allow(dead_code)] // The journeys use more of it.
#[path = "../journeys/world.rs"]
mod world;

use round::CASES;

/// How many are tried without being told.
const USUAL: u64 = 200;
/// Rounds at one time: each has an agent and a simulator of its own.
const AT_ONCE: u64 = 2;

#[expect(clippy::disallowed_methods, reason = "how much a person wants to try is theirs to say")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_aws_answers_every_resource_ends_where_it_belongs_and_stays_there() {
    let seeds: Vec<u64> = match asked("DRIFTLESS_SEED") {
        Some(seed) => vec![seed],
        None => (1..=asked("DRIFTLESS_CASES").unwrap_or(USUAL).div_ceil(CASES as u64)).collect(),
    };
    let (mut faults, mut tried) = (Vec::new(), 0);
    for some in seeds.chunks(AT_ONCE as usize) {
        let rounds: Vec<_> = some.iter().map(|seed| tokio::spawn(round::run(*seed))).collect();
        for round in rounds {
            let found = round.await.expect("a round ends");
            found.iter().for_each(|fault| println!("{fault}\n"));
            faults.extend(found);
            tried += CASES;
        }
        println!("{tried} cases, {} faults", faults.len());
    }
    assert!(faults.is_empty(), "{} of {tried} cases are not as they should be:\n\n{}", faults.len(), faults.join("\n\n"));
}
