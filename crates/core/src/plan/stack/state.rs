//! Every state that a stack can be in, and its way out.
//!
//! The states are StackStatus's of <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>; what
//! each means and allows stands under "Stack status codes",
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>.

use serde::Serialize;

/// What a state asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum WayOut {
    /// Whole: compared with what is declared, and changed where it differs.
    Compare,
    /// AWS works on it, whoever asked: it is waited for. Our own update of an older commit is cancelled.
    Wait,
    /// Only a change set is there yet: ours is executed, or removed.
    Review,
    /// The first create failed. The next create needs the stack deleted first: done when nothing in it is retained.
    Recreate,
    /// An operation failed and was told to keep what succeeded: the next one goes on from there, or rolls back first.
    Resume,
    /// The rollback of an update failed: continued once for each cause.
    ContinueRollback,
    /// A person is needed: AWS has no call that gets it out without a loss.
    Person,
    /// There is no stack.
    Gone,
}

/// One row for each state.
pub const STATES: [(&str, WayOut); 23] = [
    ("CREATE_IN_PROGRESS", WayOut::Wait),
    ("CREATE_COMPLETE", WayOut::Compare),
    // "Preserve successfully provisioned resources": retry, update or roll back.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    ("CREATE_FAILED", WayOut::Resume),
    ("ROLLBACK_IN_PROGRESS", WayOut::Wait),
    // "When in this state, only a delete operation can be performed."
    ("ROLLBACK_COMPLETE", WayOut::Recreate),
    // "Delete the stack or view the stack events to see any associated error messages."
    ("ROLLBACK_FAILED", WayOut::Recreate),
    ("DELETE_IN_PROGRESS", WayOut::Wait),
    ("DELETE_COMPLETE", WayOut::Gone),
    // "You might have some resources that are still running; however, you can't work with or update the stack."
    ("DELETE_FAILED", WayOut::Person),
    ("REVIEW_IN_PROGRESS", WayOut::Review),
    ("UPDATE_IN_PROGRESS", WayOut::Wait),
    ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", WayOut::Wait),
    ("UPDATE_COMPLETE", WayOut::Compare),
    ("UPDATE_FAILED", WayOut::Resume),
    ("UPDATE_ROLLBACK_IN_PROGRESS", WayOut::Wait),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
    ("UPDATE_ROLLBACK_FAILED", WayOut::ContinueRollback),
    ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", WayOut::Wait),
    ("UPDATE_ROLLBACK_COMPLETE", WayOut::Compare),
    ("IMPORT_IN_PROGRESS", WayOut::Wait),
    ("IMPORT_COMPLETE", WayOut::Compare),
    ("IMPORT_ROLLBACK_IN_PROGRESS", WayOut::Wait),
    ("IMPORT_ROLLBACK_FAILED", WayOut::Person),
    ("IMPORT_ROLLBACK_COMPLETE", WayOut::Compare),
];

/// The way out of a state. A state that AWS adds later is waited for when it says so itself, and else left to a person.
pub fn way_out(status: &str) -> WayOut {
    let row = STATES.iter().find(|(known, _)| *known == status).map(|(_, way)| *way);
    row.unwrap_or(if status.ends_with("_IN_PROGRESS") { WayOut::Wait } else { WayOut::Person })
}

/// Whether the stack's outputs are those of a whole stack.
pub(super) fn has_outputs(status: &str) -> bool {
    way_out(status) == WayOut::Compare || status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
}
