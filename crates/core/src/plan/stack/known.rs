//! What is known although AWS does not show it: hidden parameters, letters outside of ASCII, a template that cannot be read.
//!
//! Equal is only what is known to be. The stack is as declared where the change set of ours that was executed last, or that AWS
//! has answered with "no changes" since, asked for exactly this; else AWS is asked once, with a change set, whose name then
//! says so ([`super::token`]). Hidden values are in no name. Their writer's commit tells them, or, for what comes from
//! references (`${vars.…}`), this process's own memory of what it has sent.

use super::differences::Differences;
use super::token::Token;
use super::wanted::Wanted;
use crate::observed::{Stack, StackObservation, change_set_name};
use crate::plan::Context;

/// Takes out of `found.unsure` what is known to be as declared, and adds the hidden parameters of which nothing is known.
pub(super) fn settle(
    wanted: &Wanted<'_>,
    stack: &Stack,
    observation: &StackObservation,
    context: &Context<'_>,
    found: &mut Differences,
) {
    let answers = answers(stack, observation);
    if answers.iter().any(|(_, token)| token.declares(&wanted.digest)) {
        found.unsure.clear();
    }
    let declared = wanted.declared;
    let sent = answers.iter().any(|(name, _)| observation.sent.get(*name) == Some(&wanted.fingerprint));
    let here = answers.iter().any(|(_, token)| token.revision == context.revision);
    for (key, value) in wanted.hidden() {
        let known = match value.starts_with("{{resolve:") {
            // It stands in the digest as it is written.
            true => answers.iter().any(|(_, token)| token.declares(&wanted.digest)),
            false => {
                let by_commit = here || (declared.compared_secrets && !answers.is_empty());
                sent || (by_commit && !declared.referenced.contains(key))
            }
        };
        if !known && !declared.changed_secrets.contains(key) && stack.parameters.contains_key(key) {
            found.asked.parameters.insert(key.clone());
            found.unsure.push(format!("the hidden parameter `{key}`"));
        }
    }
}

/// The change sets of ours that tell what the stack is: those that AWS answered with "no changes" since the stack was last
/// written, and the one that was executed last.
fn answers<'o>(stack: &'o Stack, observation: &'o StackObservation) -> Vec<(&'o str, Token<'o>)> {
    let kept = observation.change_sets.iter().filter(|change_set| change_set.changes_nothing() && change_set.is_since(stack));
    let names = kept.map(|change_set| change_set.name.as_str()).chain(executed(stack));
    names.filter_map(|name| Some((name, Token::parse(name).filter(Token::asks)?))).collect()
}

/// The name of the change set that made the stack what it is. After a rollback the stack shows the one that failed, and after a
/// direct update none: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>.
fn executed(stack: &Stack) -> Option<&str> {
    let whole = matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    stack.change_set_id.as_deref().filter(|_| whole).map(change_set_name)
}

/// See [`super::written_at`].
pub(super) fn written_at(observation: &StackObservation) -> Option<&str> {
    let stack = observation.stack.present()?;
    let answer = answers(stack, observation).into_iter().map(|(_, token)| token).next();
    let tried = || Token::parse(change_set_name(stack.change_set_id.as_deref()?));
    answer.or_else(tried).map(|token| token.revision)
}

/// What a person reads of it.
pub(super) fn told(unsure: &[String]) -> String {
    format!("AWS does not show whether {} is as declared: it is asked once, with a change set", unsure.join(", "))
}
