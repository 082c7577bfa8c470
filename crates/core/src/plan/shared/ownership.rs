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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;
    use crate::resource::ResourceId;

    fn resource(change: impl FnOnce(&mut Resource)) -> Resource {
        let spec = crate::desired::EcsTask {
            cluster: "shop".into(),
            task_definition: crate::desired::TaskDefinition::Family { family: "web".into(), revision: None },
            images: [].into(),
            task: Default::default(),
            timeout: crate::desired::EcsTask::TIMEOUT,
        };
        let spec = crate::desired::Spec::EcsTask(spec);
        let mut resource = Resource::new(ResourceId::ecs_service("web"), Location::new("web.yaml", 1, 1), "prod", spec);
        change(&mut resource);
        resource
    }

    fn ours() -> Tags {
        tags::ownership(&ResourceId::ecs_service("web"), &Context::example())
    }

    fn with(mut all: Tags, key: &str, value: &str) -> Tags {
        all.insert(key.into(), value.into());
        all
    }

    #[test]
    fn a_thing_is_ours_nobody_s_or_somebody_else_s_by_its_tags() {
        let without = |key: &str| {
            let mut all = ours();
            all.remove(key);
            all
        };
        // The tags; the reason for which nothing may be written, or: created by us, adopted now, how many tags are missing.
        type Said<'a> = Result<(bool, bool, usize), &'a str>;
        let rows: [(Tags, Said); 10] = [
            (Tags::new(), Ok((false, true, 3))),
            (ours(), Ok((false, false, 0))),
            (with(ours(), tags::CREATED, "true"), Ok((true, false, 0))),
            (with(ours(), tags::CREATED, "false"), Ok((false, false, 0))),
            (without(tags::RESOURCE), Ok((false, true, 1))),
            (with(ours(), tags::AGENT, "staging"), Err("OwnedByAnotherAgent")),
            (with(ours(), tags::SOURCE, "other"), Err("AgentNameInUse")),
            (without(tags::SOURCE), Err("AgentNameInUse")),
            (with(ours(), tags::RESOURCE, "EcsService/api"), Err("OwnedByAnotherResource")),
            (with(ours(), "aws:cloudformation:stack-name", "net"), Err("ManagedByCloudFormation")),
        ];
        for (tags, wanted) in rows {
            let found = of("service `web`", &resource(|_| {}), &tags, &Context::example());
            let found = match &found {
                Ok(ownership) => Ok((ownership.created, ownership.adopting, ownership.claims.len())),
                Err(verdict) => {
                    assert!(verdict.standing().2.starts_with("service `web` "), "{verdict:?}");
                    Err(verdict.standing().1)
                }
            };
            assert_eq!(found, wanted, "{tags:?}");
        }
        let by_id = with(Tags::new(), "aws:cloudformation:stack-id", "arn");
        assert!(of("it", &resource(|_| {}), &by_id, &Context::example()).is_err());
        // What a person takes over by force is a stack's, or another resource's of this agent; never another agent's.
        let forced = resource(|resource| resource.adopt_force = true);
        let allowed = |tags: &Tags| of("it", &forced, tags, &Context::example()).is_ok();
        assert!(allowed(&by_id) && allowed(&with(ours(), tags::RESOURCE, "EcsService/api")));
        assert!(!allowed(&with(ours(), tags::AGENT, "staging")) && !allowed(&with(ours(), tags::SOURCE, "other")));
    }

    #[test]
    fn whether_a_thing_may_be_pruned_is_told_where_that_was_told_before_or_is_forbidden() {
        let kept = resource(|resource| resource.prune_disabled = true);
        let plain = resource(|_| {});
        let tagged = with(ours(), tags::PRUNE, tags::PRUNE_DISABLED);
        assert_eq!([prune(&kept, &ours()), prune(&kept, &tagged)], [Some(tags::PRUNE_DISABLED); 2]);
        assert_eq!([prune(&plain, &ours()), prune(&plain, &tagged)], [None, Some(tags::PRUNE_ENABLED)]);
        let claims = |resource: &Resource, tags: &Tags| {
            of("it", resource, tags, &Context::example()).map(|found| found.claims).unwrap_or_default()
        };
        assert_eq!(claims(&kept, &ours()).get(tags::PRUNE).map(String::as_str), Some(tags::PRUNE_DISABLED));
        assert_eq!((claims(&kept, &tagged), claims(&plain, &ours())), (Tags::new(), Tags::new()));
    }
}
