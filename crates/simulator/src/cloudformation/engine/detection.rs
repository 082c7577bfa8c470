//! One detection of a stack's drift.

use crate::clock::Seconds;

/// How long a detection takes, in logical seconds.
pub(crate) const DURATION: Seconds = 3.0;

/// One detection of a stack's drift.
pub(crate) struct Detection {
    pub(crate) id: String,
    pub(crate) stack: String,
    pub(crate) began: Seconds,
    pub(crate) ready: Seconds,
    /// Its result stands in the stack.
    pub(crate) applied: bool,
    /// How many resources have drifted.
    pub(crate) drifted: usize,
}
