//! Reads all manifests of a commit, and holds them against each other: names, dependencies, and what of AWS they are about.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::collect;
use super::documents::fields::Found;
use super::documents::reading::Reading;
use super::fleeting;
use super::resource::{self, Recognised};
use crate::agent::Agent;
use crate::desired::{Desired, Outputs, Resource};
use crate::graph;
use crate::location::{Location, Problem};
use crate::resource::ResourceId;
use crate::snapshot::Snapshot;

/// Everything that one revision of the source declares. Performs no I/O and never fails: what is wrong stands in
/// [`Desired::errors`], and refuses that resource alone.
pub fn read(snapshot: &Snapshot, agent: &Agent) -> Desired {
    let mut found = Found::default();
    let mut reading = Reading::new(snapshot, agent, None);
    let mut all: Vec<Recognised> = Vec::new();
    let collected = collect::collect(&mut reading, &mut found, |reading, document, found| {
        let before = found.errors.len();
        if let Some(mut recognised) = resource::read(reading, document, found) {
            recognised.refused |= found.errors.len() > before;
            all.push(recognised);
        }
    });
    duplicates(&mut all, &mut found);
    same_thing(&mut all, &mut found);
    dependencies(&mut all, &mut found);
    fleeting::warn(&all, &snapshot.revision, &mut found);
    let (mut resources, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for recognised in all {
        match recognised.resource {
            Some(resource) if !recognised.refused => {
                resources.insert(recognised.id, resource);
            }
            _ => {
                refused.entry(recognised.id).or_insert(recognised.location);
            }
        }
    }
    found.told();
    Desired {
        revision: snapshot.revision.clone(),
        resources,
        refused,
        errors: found.errors,
        warnings: found.warnings,
        unread: collected.unread,
        ignored: collected.ignored,
    }
}

/// `resource` of the same snapshot once more, with what it takes from other resources in its place.
///
/// # Errors
/// What is wrong with it now: an output that there is not, or a value that AWS does not take where it stands.
pub fn resolve(snapshot: &Snapshot, agent: &Agent, resource: &Resource, outputs: &Outputs) -> Result<Resource, Vec<Problem>> {
    let mut found = Found::default();
    let mut reading = Reading::new(snapshot, agent, Some(outputs));
    let recognised = collect::document_at(&mut reading, &resource.location)
        .and_then(|document| resource::read(&mut reading, document, &mut found));
    found.told();
    match recognised.and_then(|recognised| recognised.resource) {
        Some(resolved) if found.errors.is_empty() => {
            // Its dependencies are what they were: with values in their place, the references are gone.
            let (depends_on, references) = (resource.depends_on.clone(), resource.references.clone());
            Ok(Resource { depends_on, references, ..resolved })
        }
        _ => Err(found.errors),
    }
}

/// Two documents of one kind and name: neither is more right than the other.
fn duplicates(all: &mut [Recognised], found: &mut Found) {
    let mut first: BTreeMap<ResourceId, usize> = BTreeMap::new();
    for index in 0..all.len() {
        let Some(other) = first.get(&all[index].id).copied() else {
            first.insert(all[index].id.clone(), index);
            continue;
        };
        let message = format!("`{}` is declared twice, first at {}; rename or remove one", all[index].id, all[other].location);
        let (location, resource) = (all[index].name_location.clone(), Some(all[index].id.clone()));
        found.errors.push(Problem { location, resource, message });
        all[index].refused = true;
        all[other].refused = true;
    }
}

/// Two resources that would converge the same thing of AWS would undo each other's work for ever.
fn same_thing(all: &mut [Recognised], found: &mut Found) {
    let mut first: BTreeMap<(String, String), usize> = BTreeMap::new();
    for index in 0..all.len() {
        let Some(resource) = &all[index].resource else { continue };
        let Some((thing, advice)) = resource.spec.thing() else { continue };
        let key = (resource.target.clone(), thing);
        match first.get(&key).copied() {
            None => {
                first.insert(key, index);
            }
            Some(other) if all[other].id == all[index].id => {}
            Some(other) => {
                for (one, two) in [(other, index), (index, other)] {
                    let message = format!(
                        "this is {} of the target `{}`, and so is `{}` at {}; {advice}",
                        key.1, key.0, all[two].id, all[two].location
                    );
                    let (location, resource) = (all[one].location.clone(), Some(all[one].id.clone()));
                    let problem = Problem { location, resource, message };
                    all[one].refused = true;
                    found.errors.push(problem);
                }
            }
        }
    }
}

/// Every dependency exists, and none leads back to where it began.
fn dependencies(all: &mut [Recognised], found: &mut Found) {
    let known: BTreeSet<ResourceId> = all.iter().map(|recognised| recognised.id.clone()).collect();
    for recognised in all.iter_mut() {
        for (on, location) in &recognised.depends_on {
            if !known.contains(on) {
                let names: Vec<String> =
                    known.iter().filter(|id| id.kind == on.kind && found.hints()).map(|id| id.name.clone()).collect();
                let near = crate::model::report::did_you_mean(&on.name, names.iter().map(String::as_str));
                let message = format!("`{on}` is named here, and no manifest declares it{near}");
                found.errors.push(Problem { location: location.clone(), resource: Some(recognised.id.clone()), message });
                recognised.refused = true;
            }
        }
    }
    let mut edges: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for recognised in all.iter() {
        edges.entry(recognised.id.clone()).or_default().extend(recognised.depends_on.iter().map(|(on, _)| on.clone()));
    }
    for ring in graph::rings(&edges) {
        let Some(place) = ring_place(all, &ring) else { continue };
        let way: Vec<String> = ring.iter().chain(ring.first()).map(ToString::to_string).collect();
        let message = match ring.len() {
            1 => format!("`dependsOn` names `{}` itself; remove it", ring[0]),
            _ => format!("resources wait for each other: {}; remove one `dependsOn` of the ring", way.join(" → ")),
        };
        found.errors.push(Problem { location: place, resource: ring.first().cloned(), message });
        all.iter_mut().filter(|recognised| ring.contains(&recognised.id)).for_each(|recognised| recognised.refused = true);
    }
}

/// Where the first of a ring names the next.
fn ring_place(all: &[Recognised], ring: &[ResourceId]) -> Option<Location> {
    let (first, next) = (ring.first()?, ring.get(1).or(ring.first())?);
    let named = all.iter().filter(|recognised| recognised.id == *first).flat_map(|recognised| &recognised.depends_on);
    named.filter(|(on, _)| on == next).map(|(_, location)| location.clone()).next()
}
