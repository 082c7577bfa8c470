//! What AWS could not do just now: a change set is asked for again a few times, and an operation that it rolled back is run once
//! more.

use super::messages::failure;
use super::operations::Operation;
use super::pass::Pass;
use super::token::Token;
use crate::plan::Plan;
use crate::refusal::{self, passes};

/// Of a change set that AWS could not work out.
const CHANGE_SETS: refusal::Patience = refusal::Patience { first: 15.0, longest: 300.0, lasts: 480.0 };
/// Of an operation that was rolled back: once more, as each writes.
const OPERATIONS: refusal::Patience = refusal::Patience { first: 60.0, longest: 60.0, lasts: 60.0 };

/// Seconds until the change set is asked for again, that was asked for `tries` times after the first and is `age` old; None: it has
/// failed for good.
pub(super) fn ask_again(tries: u32, age: f64) -> Option<f64> {
    CHANGE_SETS.after(tries).map(|wait| (wait - age).max(0.0))
}

/// The same of an operation.
fn run_again(tries: u32, age: f64) -> Option<f64> {
    OPERATIONS.after(tries).map(|wait| (wait - age).max(0.0))
}

/// What a failure for a reason that goes away by itself brings.
pub(super) enum Patience {
    /// Later.
    Waits(Box<Plan>),
    /// Now.
    Over,
    /// It has lasted, or was for another reason.
    None,
}

/// Whether an operation that AWS rolled back is run once more.
pub(super) fn of(pass: &Pass<'_>, operation: &Operation<'_>, what: &str) -> Patience {
    let told = failure(operation);
    let failed = pass.operations.iter().filter(|other| {
        let same = |one: Token<'_>, other: Token<'_>| one.kind == other.kind && one.digest == other.digest;
        !other.succeeded() && operation.ours().zip(other.ours()).is_some_and(|(one, other)| same(one, other))
    });
    let tries = failed.count().saturating_sub(1) as u32;
    let ended = operation.events.last().map_or(pass.observation.now, |event| event.at);
    match run_again(tries, pass.observation.now - ended).filter(|_| passes(&told)) {
        None => Patience::None,
        Some(wait) if wait <= 0.0 => Patience::Over,
        Some(wait) => {
            let message = format!("{what} {} failed for the moment: {told}; it is tried again in {wait:.0} s", pass.name());
            Patience::Waits(Box::new(pass.progressing("Retrying", message, wait.ceil() as u64)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_set_is_asked_for_ever_later_and_an_operation_run_once_more() {
        assert_eq!((ask_again(0, 5.0), ask_again(0, 20.0)), (Some(10.0), Some(0.0)));
        assert_eq!((ask_again(5, 0.0), ask_again(6, 1e6)), (Some(240.0), None));
        assert_eq!((run_again(0, 0.0), run_again(1, 1e6)), (Some(60.0), None));
    }
}
