//! What an older commit declared and a newer one does not: design rule 2's second exception.

use super::kinds;
use crate::desired::Resource;

/// Pointers, in the form of `ignore`, to the members that `older` declares and `newer` does not; of a whole structure that
/// is gone, its own pointer. Elements are told apart where the normaliser gives their list a key; any other list is
/// declared as a whole, and nothing within it is "removed". Empty where the two are not about the same service.
///
/// Of a stack: the parameters whose declared value is another one. AWS does not show hidden ones (NoEcho), so that a change of
/// theirs is seen here only. What an older commit took from another resource is not known any more, and counts as unchanged.
pub fn removed(older: &Resource, newer: &Resource) -> Vec<String> {
    if older.target == newer.target { kinds::removed(older, newer) } else { Vec::new() }
}
