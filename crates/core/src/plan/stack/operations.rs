//! A stack's events as operations: what was asked for, by whom, and how it ended. This is the agent's memory of its own
//! attempts: it survives a restart, since AWS keeps it.

use super::token::{Kind, Token};
use crate::observed::StackEvent;

/// One operation on a stack, from its first event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation<'a> {
    /// Its ClientRequestToken.
    pub(super) token: Option<&'a str>,
    /// `UPDATE_IN_PROGRESS`: the stack's first state in it.
    pub(super) first: &'a str,
    /// The stack's last state in it.
    pub(super) last: &'a str,
    /// Oldest first.
    pub(super) events: Vec<&'a StackEvent>,
}

/// What is known of asking for one digest.
#[derive(Debug, PartialEq)]
pub(super) enum Memory<'a> {
    /// It may be asked for, as this attempt.
    Fresh(u32),
    /// It failed, and nothing has happened since that would make the next attempt another one.
    Failed(&'a Operation<'a>, u32),
    /// It is the last that was done, and it went well.
    Done,
}

impl<'a> Operation<'a> {
    /// Whose it is, if ours.
    pub(super) fn ours(&self) -> Option<Token<'a>> {
        self.token.and_then(Token::parse)
    }

    pub(super) fn ended(&self) -> bool {
        !self.last.ends_with("_IN_PROGRESS")
    }

    /// Ended as it was meant to. A rollback that was asked for (ContinueUpdateRollback, RollbackStack) makes nothing new: what
    /// failed before it has failed still.
    pub(super) fn succeeded(&self) -> bool {
        let wanted = self.first.strip_suffix("_IN_PROGRESS").unwrap_or_default();
        !wanted.contains("ROLLBACK") && self.last.strip_suffix("_COMPLETE") == Some(wanted)
    }

    /// We cancelled it for a newer commit: that is no failure of what it asked for.
    fn cancelled_by_us(&self) -> bool {
        let tokens = self.events.iter().filter_map(|event| event.token.as_deref());
        tokens.filter_map(Token::parse).any(|token| token.kind == Kind::Cancel)
    }
}

/// The operations of the stack `id`, newest first. `events` are newest first, as AWS gives them.
pub(super) fn operations<'a>(events: &'a [StackEvent], id: &str) -> Vec<Operation<'a>> {
    let mut found: Vec<Operation<'a>> = Vec::new();
    for event in events.iter().rev() {
        let of_stack = event.physical_id == id && event.resource_type == "AWS::CloudFormation::Stack";
        if of_stack && begins(event, found.last()) {
            let token = event.token.as_deref();
            found.push(Operation { token, first: &event.status, last: &event.status, events: Vec::new() });
        }
        // What is older than the first page's end belongs to nothing that is known.
        let Some(current) = found.last_mut() else { continue };
        current.events.push(event);
        if of_stack {
            current.last = &event.status;
        }
    }
    found.reverse();
    found
}

/// Whether an event of the stack is the first of an operation. A rollback belongs to what failed (also when it was asked
/// for by CancelUpdateStack), and the deletion that `OnFailure: DELETE` brings belongs to the create.
fn begins(event: &StackEvent, current: Option<&Operation<'_>>) -> bool {
    let Some(current) = current else { return event.status.ends_with("_IN_PROGRESS") };
    if current.ended() || current.last == "REVIEW_IN_PROGRESS" {
        let same_create =
            event.status == "DELETE_IN_PROGRESS" && event.token.is_some() && event.token.as_deref() == current.token;
        return event.status.ends_with("_IN_PROGRESS") && !same_create;
    }
    match event.status.as_str() {
        // Hooks repeat the state of the operation that they look at:
        // https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hooks-view-invocations.html
        status if status == current.last && event.token.as_deref() == current.token => false,
        "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS" => true,
        "DELETE_IN_PROGRESS" => event.token.as_deref() != current.token,
        _ => false,
    }
}

/// What is known of asking for `digest`.
pub(super) fn memory<'a>(operations: &'a [Operation<'a>], kind: Kind, digest: &str) -> Memory<'a> {
    let ours = |operation: &Operation<'a>| operation.ours().filter(|token| token.kind == kind && token.digest == digest);
    let Some((index, token)) = operations.iter().enumerate().find_map(|(index, operation)| Some((index, ours(operation)?)))
    else {
        return Memory::Fresh(recreation(operations, digest).unwrap_or(1));
    };
    let (operation, newer) = (&operations[index], &operations[..index]);
    let highest = attempts(operations, kind, digest);
    if operation.succeeded() && newer.is_empty() {
        return Memory::Done;
    }
    if let Some(attempt) = recreation(newer, digest) {
        return Memory::Fresh(attempt);
    }
    // A success or a deletion since then has made it another stack.
    let changed = newer.iter().any(|operation| operation.succeeded());
    if operation.succeeded() || operation.cancelled_by_us() || changed {
        return Memory::Fresh(highest + 1);
    }
    Memory::Failed(operation, token.attempt)
}

/// How often `digest` was asked for, as far as the events reach.
pub(super) fn attempts(operations: &[Operation<'_>], kind: Kind, digest: &str) -> u32 {
    let ours = operations.iter().filter_map(Operation::ours).filter(|token| token.kind == kind && token.digest == digest);
    ours.map(|token| token.attempt).max().unwrap_or(0)
}

/// How often `digest` was done last, with nothing else in between.
pub(super) fn in_a_row(operations: &[Operation<'_>], kind: Kind, digest: &str) -> usize {
    let same = |token: Token<'_>| token.kind == kind && token.digest == digest;
    operations.iter().take_while(|operation| operation.succeeded() && operation.ours().is_some_and(same)).count()
}

/// We deleted the stack to create it anew as this digest: the attempt that was meant.
fn recreation(operations: &[Operation<'_>], digest: &str) -> Option<u32> {
    let deletion = operations.iter().filter_map(Operation::ours);
    deletion.filter(|token| token.kind == Kind::Delete && token.digest == digest).map(|token| token.attempt).next()
}

#[cfg(test)]
#[path = "operations_tests.rs"]
mod tests;
