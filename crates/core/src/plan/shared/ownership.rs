//! Whose a live thing is, and whether this agent may write to it (rule 10).

use super::context::Context;
use super::tags::{self, Tags};
use super::verdict::Verdict;
use crate::desired::Resource;

/// What a thing's tags say.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) struct Ownership {
    /// This agent created it: AWS's defaults are enforced.
    pub(in crate::plan) created: bool,
    /// Our tags are not on it yet, or not all.
    pub(in crate::plan) adopting: bool,
    /// The tags that make it ours and are not on it.
    pub(in crate::plan) claims: Tags,
}

/// Reads the tags of `thing` ("service `web`"), which `resource` declares; Err: nothing may be written.
pub(in crate::plan) fn of(thing: &str, resource: &Resource, tags: &Tags, context: &Context<'_>) -> Result<Ownership, Verdict> {
    if let Some(stack) = tags.get("aws:cloudformation:stack-name").or_else(|| tags.get("aws:cloudformation:stack-id"))
        && !resource.adopt_force
    {
        return Err(Verdict::stalled(
            "ManagedByCloudFormation",
            format!(
                "{thing} belongs to the CloudFormation stack `{stack}`, which would undo what is written here: \
                 take it out of the stack, or write `adopt: force` beside `spec`'s members"
            ),
        ));
    }
    let wanted = tags::ownership(&resource.id, context);
    let ours = &wanted[tags::AGENT];
    match tags.get(tags::AGENT) {
        None => {}
        Some(agent) if agent != ours => {
            return Err(Verdict::stalled(
                "OwnedByAnotherAgent",
                format!(
                    "{thing} is owned by the agent `{agent}` (tag {}): remove it from that agent's source and its \
                     driftless tags from it, or remove it here",
                    tags::AGENT
                ),
            ));
        }
        Some(agent) if tags.get(tags::SOURCE) != wanted.get(tags::SOURCE) => {
            return Err(Verdict::stalled(
                "AgentNameInUse",
                format!(
                    "{thing} is owned by an agent that is also called `{agent}` and reads another source (tag {}): \
                     give one of the two another `metadata.name`; if it is this agent and its source has moved, remove the \
                     tag `{}` from it, and it is adopted anew",
                    tags::SOURCE,
                    tags::AGENT
                ),
            ));
        }
        Some(_) => {
            if let Some(other) = tags.get(tags::RESOURCE).filter(|other| **other != wanted[tags::RESOURCE])
                && !resource.adopt_force
            {
                return Err(Verdict::stalled(
                    "OwnedByAnotherResource",
                    format!(
                        "{thing} is owned by {other} of this agent (tag {}): two manifests may not name one thing; if {other} was renamed, write `adopt: force` beside `spec`'s members once",
                        tags::RESOURCE
                    ),
                ));
            }
        }
    }
    let adopting = !tags.contains_key(tags::AGENT) || !tags.contains_key(tags::RESOURCE);
    let mut wanted = wanted;
    if let Some(word) = prune(resource, tags) {
        wanted.insert(tags::PRUNE.to_owned(), word.to_owned());
    }
    let claims = wanted.into_iter().filter(|(key, value)| tags.get(key) != Some(value)).collect();
    Ok(Ownership { created: tags.get(tags::CREATED).is_some_and(|created| created == "true"), adopting, claims })
}

/// What `driftless:prune` has to say, if anything: one without the annotation gets the tag only where it was there before.
pub(in crate::plan) fn prune(resource: &Resource, tags: &Tags) -> Option<&'static str> {
    if resource.prune_disabled {
        return Some(tags::PRUNE_DISABLED);
    }
    tags.contains_key(tags::PRUNE).then_some(tags::PRUNE_ENABLED)
}
