//! What every operation stands on: the stacks, and those who make resources.

use super::makers::Makers;
use super::stack::Stack;
use super::state::State;

/// The stacks of the account, and the makers.
pub(crate) struct Ground<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) makers: &'a mut dyn Makers,
}

/// Gives a stack and all the others apart: while it is looked at, the others do not see it.
pub(crate) fn with<T>(ground: &mut Ground<'_>, id: &str, run: impl FnOnce(&mut Ground<'_>, &mut Stack) -> T) -> Option<T> {
    let mut stack = ground.state.stacks.remove(id)?;
    let result = run(ground, &mut stack);
    ground.state.stacks.insert(stack.id.clone(), stack);
    Some(result)
}
