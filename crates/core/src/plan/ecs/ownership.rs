//! Whose a live service is, and whether this agent may write to it (rule 10).

use super::tags::{self, Tags};
use super::{Pass, stalled};
use crate::plan::Verdict;

/// What the tags of a service say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ownership {
    /// This agent created it: AWS's defaults are enforced.
    pub(super) created: bool,
    /// Our tags are not on it yet, or not all.
    pub(super) adopting: bool,
    /// The tags that make it ours and are not on it.
    pub(super) claims: Tags,
}

/// Reads the tags; Err: nothing may be written.
pub(super) fn of(pass: &Pass, tags: &Tags) -> Result<Ownership, Verdict> {
    let name = &pass.declared.service_name;
    if let Some(stack) = tags.get("aws:cloudformation:stack-name").or_else(|| tags.get("aws:cloudformation:stack-id"))
        && !pass.resource.adopt_force
    {
        return Err(stalled(
            "ManagedByCloudFormation",
            format!(
                "service `{name}` belongs to the CloudFormation stack `{stack}`, which would undo what is written here: \
                 take it out of the stack, or write `adopt: force` beside `spec`'s members"
            ),
        ));
    }
    let wanted = tags::ownership(&pass.resource.id, pass.context);
    let ours = &wanted[tags::AGENT];
    match tags.get(tags::AGENT) {
        None => {}
        Some(agent) if agent != ours => {
            return Err(stalled(
                "OwnedByAnotherAgent",
                format!(
                    "service `{name}` is owned by the agent `{agent}` (tag {}): remove it from that agent's source and its \
                     driftless tags from the service, or remove it here",
                    tags::AGENT
                ),
            ));
        }
        Some(agent) if tags.get(tags::SOURCE) != wanted.get(tags::SOURCE) => {
            return Err(stalled(
                "AgentNameInUse",
                format!(
                    "service `{name}` is owned by an agent that is also called `{agent}` and reads another source (tag {}): \
                     give one of the two another `metadata.name`; if it is this agent and its source has moved, remove the \
                     tag `{}` from the service, and it is adopted anew",
                    tags::SOURCE,
                    tags::AGENT
                ),
            ));
        }
        Some(_) => {
            if let Some(other) = tags.get(tags::RESOURCE).filter(|other| **other != wanted[tags::RESOURCE])
                && !pass.resource.adopt_force
            {
                return Err(stalled(
                    "OwnedByAnotherResource",
                    format!(
                        "service `{name}` is owned by {other} of this agent (tag {}): two manifests may not name one \
                         service; if {other} was renamed, write `adopt: force` beside `spec`'s members once",
                        tags::RESOURCE
                    ),
                ));
            }
        }
    }
    let adopting = !tags.contains_key(tags::AGENT) || !tags.contains_key(tags::RESOURCE);
    let claims = wanted.into_iter().filter(|(key, value)| tags.get(key) != Some(value)).collect();
    Ok(Ownership { created: tags.get(tags::CREATED).is_some_and(|created| created == "true"), adopting, claims })
}
