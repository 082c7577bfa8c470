//! The order in which resources are worked on: what depends on another comes after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::Resource;
use crate::resource::ResourceId;

/// Layers of resources: each depends only on what is in an earlier one. A dependency that is not in `resources` (it was
/// refused) counts as met here; whoever waits for it sees that it is not Ready. Should there be a cycle after all, its
/// resources make the last layer.
pub fn order(resources: &BTreeMap<ResourceId, Resource>) -> Vec<Vec<ResourceId>> {
    let mut waiting: BTreeMap<&ResourceId, BTreeSet<&ResourceId>> = resources
        .iter()
        .map(|(id, resource)| (id, resource.depends_on.iter().filter(|on| resources.contains_key(on)).collect()))
        .collect();
    let mut layers = Vec::new();
    while !waiting.is_empty() {
        let mut layer: Vec<&ResourceId> = waiting.iter().filter(|(_, on)| on.is_empty()).map(|(id, _)| *id).collect();
        if layer.is_empty() {
            layer = waiting.keys().copied().collect();
        }
        for id in &layer {
            waiting.remove(id);
        }
        let done: BTreeSet<&ResourceId> = layer.iter().copied().collect();
        for on in waiting.values_mut() {
            on.retain(|id| !done.contains(id));
        }
        layers.push(layer.into_iter().cloned().collect());
    }
    layers
}

/// What `resource` depends on, and what that depends on, and so on.
pub fn all_dependencies(resources: &BTreeMap<ResourceId, Resource>, resource: &Resource) -> BTreeSet<ResourceId> {
    let mut found = BTreeSet::new();
    let mut left: Vec<&ResourceId> = resource.depends_on.iter().collect();
    while let Some(id) = left.pop() {
        if found.insert(id.clone())
            && let Some(dependency) = resources.get(id)
        {
            left.extend(&dependency.depends_on);
        }
    }
    found
}

/// Every ring of `edges`, each once, as the way around it: `[a, b]` for a → b → a. It begins with its smallest member.
pub(crate) fn rings(edges: &BTreeMap<ResourceId, Vec<ResourceId>>) -> Vec<Vec<ResourceId>> {
    let mut settled: BTreeSet<&ResourceId> = BTreeSet::new();
    let mut on_trail: BTreeSet<&ResourceId> = BTreeSet::new();
    let mut rings = Vec::new();
    for start in edges.keys() {
        // Depth first, with the way that led here and what is left to look at in each of its steps.
        let mut trail: Vec<(&ResourceId, std::slice::Iter<'_, ResourceId>)> = Vec::new();
        if !settled.contains(start) {
            trail.push((start, edges[start].iter()));
            on_trail.insert(start);
        }
        while let Some((id, rest)) = trail.last_mut() {
            let id = *id;
            let Some(next) = rest.next() else {
                settled.insert(id);
                on_trail.remove(id);
                trail.pop();
                continue;
            };
            if on_trail.contains(next)
                && let Some(first) = trail.iter().position(|(id, _)| *id == next)
            {
                let mut ring: Vec<ResourceId> = trail[first..].iter().map(|(id, _)| (*id).clone()).collect();
                let smallest = ring.iter().enumerate().min_by_key(|(_, id)| *id).map_or(0, |(index, _)| index);
                ring.rotate_left(smallest);
                rings.push(ring);
            } else if !settled.contains(next)
                && let Some((next, on)) = edges.get_key_value(next)
            {
                trail.push((next, on.iter()));
                on_trail.insert(next);
            }
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(text: &str) -> BTreeMap<ResourceId, Vec<ResourceId>> {
        text.split(' ')
            .map(|line| {
                let (id, on) = line.split_once(':').expect("a colon");
                (ResourceId::ecs_service(id), on.split(',').filter(|id| !id.is_empty()).map(ResourceId::ecs_service).collect())
            })
            .collect()
    }

    fn names(ids: &[ResourceId]) -> String {
        ids.iter().map(|id| id.name.as_str()).collect::<Vec<_>>().join(",")
    }

    fn found(text: &str) -> Vec<String> {
        rings(&edges(text)).iter().map(|ring| names(ring)).collect()
    }

    fn layers(text: &str) -> String {
        let resources = edges(text).into_iter().map(|(id, depends_on)| (id.clone(), resource(id, depends_on))).collect();
        order(&resources).iter().map(|layer| names(layer)).collect::<Vec<_>>().join(" | ")
    }

    fn resource(id: ResourceId, depends_on: Vec<ResourceId>) -> Resource {
        use crate::desired::*;
        let service = EcsService {
            cluster: "default".into(),
            service_name: id.name.clone(),
            task_definition: TaskDefinition::Family { family: "web".into(), revision: None },
            images: BTreeMap::new(),
            service: Packed::default(),
            rollout: Rollout::default(),
            ignore: Vec::new(),
            removed: Vec::new(),
        };
        let location = crate::location::Location::new("a.yaml", 1, 1);
        Resource { depends_on, ..Resource::new(id, location, "prod", Spec::EcsService(service)) }
    }

    #[test]
    fn what_depends_comes_after_what_it_depends_on() {
        assert_eq!(layers("a:b,c b:c c: d:"), "c,d | b | a");
        assert_eq!(order(&BTreeMap::new()), Vec::<Vec<ResourceId>>::new());
    }

    #[test]
    fn dependencies_are_followed_to_their_end() {
        let resources = edges("a:b b:c,gone c: d:a").into_iter().map(|(id, on)| (id.clone(), resource(id, on))).collect();
        let found = all_dependencies(&resources, &resources[&ResourceId::ecs_service("a")]);
        assert_eq!(names(&found.into_iter().collect::<Vec<_>>()), "b,c,gone");
    }

    #[test]
    fn a_refused_dependency_does_not_stop_the_order() {
        assert_eq!(layers("a:gone b:a"), "a | b");
    }

    #[test]
    fn a_cycle_ends_in_one_last_layer() {
        assert_eq!(layers("a:b b:a c:"), "c | a,b");
    }

    #[test]
    fn every_ring_is_found_once_and_whole() {
        assert_eq!(found("a:b b:c c:a"), ["a,b,c"]);
        assert_eq!(found("a:a"), ["a"]);
        assert_eq!(found("z:c c:b b:z x:y y:x"), ["b,z,c", "x,y"]);
        assert_eq!(found("a:b b: c:a,b d:gone"), Vec::<String>::new());
        assert_eq!(found("a:b,c b:d c:d d:"), Vec::<String>::new());
    }
}
