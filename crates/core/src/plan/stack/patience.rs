//! An operation that AWS rolled back for a reason that goes away by itself: run once more.

use super::messages::failure;
use super::operations::Operation;
use super::pass::Pass;
use super::token::Token;
use super::transient;
use crate::plan::Plan;

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
    match transient::run_again(tries, pass.observation.now - ended).filter(|_| transient::is(&told)) {
        None => Patience::None,
        Some(wait) if wait <= 0.0 => Patience::Over,
        Some(wait) => {
            let message = format!("{what} {} failed for the moment: {told}; it is tried again in {wait:.0} s", pass.name());
            Patience::Waits(Box::new(pass.progressing("Retrying", message, wait.ceil() as u64)))
        }
    }
}
