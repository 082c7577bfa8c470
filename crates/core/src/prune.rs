//! What has left the source and still stands in AWS: which of it is deleted, and in which order (rule 10). What a resource was
//! before its name, cluster, bucket or target was changed has left as well: it has moved from there.
//!
//! [`decide`] is pure. It deletes only what our own tags name as that very kind and name, and rather nothing than too much:
//! nothing from an empty or partly invalid source, nothing while a declared resource is not Ready, and nothing when much
//! would go at once, unless the commit says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::desired::{Desired, Resource, S3Artifact, Spec};
use crate::observed::Stack;
use crate::plan::tags::{self, Tags};
use crate::resource::{Kind, ResourceId};

/// The trailer of a commit's message that allows much to be deleted at once: `Driftless-Prune: all`.
pub const TRAILER: &str = "Driftless-Prune: all";

/// The reason of what is being deleted because it left the source.
pub const PRUNING: &str = "Pruning";

/// The reason of what is being deleted because the resource that it was is another thing now.
pub const MOVING: &str = "Moving";

/// Fewer deletions than this are never "much at once".
const FEW: usize = 5;

/// One thing in AWS that carries this agent's tags.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// The name of the target it was found in.
    pub target: String,
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub thing: Thing,
    /// AWS is deleting it already, or is at something else with it: it is waited for.
    pub going: bool,
    /// When its deletion last began, by AWS's clock: what tells one try from the next.
    pub deletion: Option<f64>,
    /// Why its last deletion came to nothing, as AWS says it: what still stands.
    pub trouble: Option<String>,
    /// Its tags, all of them.
    pub tags: Tags,
}

/// What can be deleted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Thing {
    /// A service.
    EcsService {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        name: String,
    },
    /// Objects with an artifact's marker.
    Objects {
        /// The bucket's name.
        bucket: String,
        /// The key, or what the keys begin with.
        place: String,
    },
    /// A stack.
    Stack {
        /// Its name.
        name: String,
    },
}

impl Item {
    /// What is left of an artifact, as it was last declared: what a service has in its tags, its manifest said.
    pub fn artifact(resource: &Resource, declared: &S3Artifact) -> Self {
        let (bucket, place) = (declared.bucket.clone(), declared.place.as_str().to_owned());
        let mut tags = Tags::from([(tags::RESOURCE.to_owned(), resource.id.to_string())]);
        if resource.prune_disabled {
            tags.insert(tags::PRUNE.to_owned(), tags::PRUNE_DISABLED.to_owned());
        }
        let arn = format!("arn:aws:s3:::{bucket}/{place}");
        Item {
            target: resource.target.clone(),
            arn,
            thing: Thing::Objects { bucket, place },
            going: false,
            deletion: None,
            trouble: None,
            tags,
        }
    }
}

impl Thing {
    fn kind(&self) -> Kind {
        match self {
            Thing::EcsService { .. } => Kind::EcsService,
            Thing::Objects { .. } => Kind::S3Artifact,
            Thing::Stack { .. } => Kind::CloudFormationStack,
        }
    }

    /// What `resource` is called in AWS, if it is of this kind.
    pub fn of(resource: &Resource) -> Option<Thing> {
        match &resource.spec {
            Spec::EcsService(service) => {
                let cluster = service.cluster.rsplit('/').next().unwrap_or_default().to_owned();
                Some(Thing::EcsService { cluster, name: service.service_name.clone() })
            }
            Spec::S3Artifact(artifact) => {
                Some(Thing::Objects { bucket: artifact.bucket.clone(), place: artifact.place.as_str().to_owned() })
            }
            Spec::CloudFormationStack(stack) => Some(Thing::Stack { name: stack.stack_name.clone() }),
            Spec::EcsTask(_) | Spec::Ec2Deployment(_) => None,
        }
    }

    /// Whether another is called the same: surely (`Some(true)`), perhaps (None), or surely not.
    fn is(&self, other: &Thing) -> Option<bool> {
        let texts = match (self, other) {
            (Thing::EcsService { cluster, name }, Thing::EcsService { cluster: other, name: called }) => {
                [(cluster, other), (name, called)]
            }
            // Where one begins as the other does, they share objects.
            (Thing::Objects { bucket, place }, Thing::Objects { bucket: other, place: there }) if place != there => {
                let shared = place.starts_with(there.as_str()) || there.starts_with(place.as_str());
                return if bucket == other && shared { None } else { Some(false) };
            }
            (Thing::Objects { bucket, place }, Thing::Objects { bucket: other, place: there }) => {
                [(bucket, other), (place, there)]
            }
            (Thing::Stack { name }, Thing::Stack { name: called }) => [(name, called), (name, called)],
            _ => return Some(false),
        };
        texts.into_iter().map(|(one, other)| is_name(one, other)).fold(Some(true), both)
    }

    /// Whether its name is known before other resources are looked at.
    fn is_open(&self) -> bool {
        match self {
            Thing::EcsService { cluster, name } => [cluster, name].iter().any(|text| text.contains("${")),
            Thing::Objects { bucket, place } => [bucket, place].iter().any(|text| text.contains("${")),
            Thing::Stack { name } => name.contains("${"),
        }
    }
}

/// Whether two names are one: surely, perhaps (None), or surely not.
fn is_name(one: &str, other: &str) -> Option<bool> {
    match one == other {
        // What is taken from another resource is not known yet.
        _ if one.contains("${") || other.contains("${") => None,
        true => Some(true),
        // Whether AWS tells names apart that differ by case is not documented for each of them.
        false => (!one.eq_ignore_ascii_case(other)).then_some(false),
    }
}

/// Both: not, where one of them is not; else not certain, where one of them is not certain.
fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (one, other) => one.and(other),
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::EcsService { cluster, name } => write!(f, "service `{name}` of the cluster `{cluster}`"),
            Thing::Objects { bucket, place } => write!(f, "s3://{bucket}/{place}"),
            Thing::Stack { name } => write!(f, "stack `{name}`"),
        }
    }
}

/// Account and Region of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its Region.
    pub region: String,
    /// Its account, where it is known.
    pub account: Option<String>,
}

/// Where the agent itself runs, if in ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Myself {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name; None for a task without one.
    pub service: Option<String>,
    /// The ARN of the stack that the service belongs to.
    pub stack: Option<String>,
}

/// What is known of the commit besides what it declares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked<'a> {
    /// Its message, where it has one.
    pub message: Option<&'a str>,
    /// The agent's own service.
    pub myself: Option<&'a Myself>,
    /// Where each target is.
    pub places: BTreeMap<String, Place>,
    /// Resources that take from others, with what they take in its place, as far as that is known.
    pub resolved: BTreeMap<ResourceId, Resource>,
    /// What depended on what in earlier commits, as far as they are known: dependents go first.
    pub depended_on: BTreeMap<ResourceId, Vec<ResourceId>>,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prune<'a> {
    /// What goes, in layers: a layer goes when nothing of those before it stands any more.
    pub delete: Vec<Vec<(ResourceId, &'a Item)>>,
    /// What has left the source and stays, with the reason.
    pub kept: Vec<(ResourceId, String)>,
    /// Why nothing is deleted although something could be: what a person has to do.
    pub blocked: Option<String>,
}

impl Prune<'_> {
    /// How many things go.
    pub fn count(&self) -> usize {
        self.delete.iter().map(Vec::len).sum()
    }
}

/// Decides what of `inventory` goes, now that the source declares `desired`. The inventory holds everything with this agent's
/// and this source's tags, in all targets: what is still declared too.
pub fn decide<'a>(desired: &Desired, inventory: &'a [Item], asked: &Asked<'_>) -> Prune<'a> {
    let mut prune = Prune { delete: Vec::new(), kept: Vec::new(), blocked: None };
    let mut gone: Vec<(ResourceId, &Item)> = Vec::new();
    for item in inventory {
        let Some(id) = named(item) else { continue };
        if desired.refused.contains_key(&id) {
            continue;
        }
        if let Some(declared) = asked.declared(&id, desired) {
            match (is_of(item, declared, asked), Thing::of(declared).is_some_and(|thing| thing.is_open())) {
                // It is what is declared; or what is declared is known when another resource is Ready.
                (Some(true), _) | (None, true) => continue,
                (None, false) => {
                    let reason = format!("whether it is another thing than what {id} declares now is not certain");
                    prune.kept.push((id, reason));
                    continue;
                }
                (Some(false), _) => {}
            }
        }
        match kept(&id, item, desired, asked) {
            Some(reason) => prune.kept.push((id, reason)),
            None => gone.push((id, item)),
        }
    }
    if gone.is_empty() {
        return prune;
    }
    let new = gone.iter().filter(|(_, item)| !item.going).count();
    prune.blocked = blocked(desired, new, inventory.len(), asked).filter(|_| new > 0);
    if prune.blocked.is_none() {
        prune.delete = layers(gone, &asked.depended_on);
    }
    prune
}

/// What has moved of an inventory, and from where to where: for those who delete nothing.
pub fn moved(desired: &Desired, inventory: &[Item], asked: &Asked<'_>) -> Vec<(ResourceId, String)> {
    let moved = inventory.iter().filter(|item| !item.tags.keys().any(|key| key.starts_with("aws:cloudformation:")));
    let moved = moved.filter_map(|item| {
        let id = named(item)?;
        let others = || desired.resources.values().filter_map(|other| asked.declared(&other.id, desired));
        let is_declared = || others().any(|other| is_of(item, other, asked) != Some(false));
        let moves = moves(&id, item, desired, asked).filter(|_| !is_declared())?;
        Some((id, moves))
    });
    moved.collect()
}

/// What a resource that is declared moves from and to; None where the thing has left with its resource.
pub fn moves(id: &ResourceId, item: &Item, desired: &Desired, asked: &Asked<'_>) -> Option<String> {
    let declared = asked.declared(id, desired)?;
    let there = Thing::of(declared)?;
    let to = match there == item.thing {
        true => format!("the target `{}`", declared.target),
        false => there.to_string(),
    };
    Some(format!("{} to {to}", item.thing))
}

impl Asked<'_> {
    fn declared<'d>(&'d self, id: &ResourceId, desired: &'d Desired) -> Option<&'d Resource> {
        self.resolved.get(id).or_else(|| desired.resources.get(id))
    }
}

/// Whether `resource` converges this very thing, under whatever name: surely, perhaps (None), or surely not.
fn is_of(item: &Item, resource: &Resource, asked: &Asked<'_>) -> Option<bool> {
    let Some(named) = Thing::of(resource) else { return Some(false) };
    let is = item.thing.is(&named);
    // A bucket's name is all that there is to tell it by.
    if matches!(item.thing, Thing::Objects { .. }) {
        return is;
    }
    let (there, item_is_in) = (asked.places.get(&resource.target), asked.places.get(&item.target));
    let known = |place: &Place, other: &Place| match (&place.account, &other.account) {
        _ if place.region != other.region => Some(false),
        (Some(account), Some(other)) => Some(account == other),
        _ => None,
    };
    let place = match (there, item_is_in) {
        _ if resource.target == item.target => Some(true),
        (Some(place), Some(other)) => known(place, other),
        // Two may be of one account and Region.
        _ => None,
    };
    both(is, place)
}

/// The resource that the thing's tags name, if it is of that kind at all: a stack's tags reach its resources, and then name
/// the stack.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>
fn named(item: &Item) -> Option<ResourceId> {
    let id: ResourceId = item.tags.get(tags::RESOURCE)?.parse().ok()?;
    (id.kind == item.thing.kind()).then_some(id)
}

/// Whether a stack with our tags is one that we made. A nested stack inherits its parent's tags, ours among them ("CloudFormation
/// also propagates these tags to the resources created in the stack"), and so may a stack that a resource of one makes: such a
/// one has a parent, or another name than the one that was recorded when the tags were written. Where none was, it has the
/// resource's.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>
pub fn is_ours(stack: &Stack) -> bool {
    let resource = || stack.tags.get(tags::RESOURCE).and_then(|id| id.parse::<ResourceId>().ok()).map(|id| id.name);
    let recorded = stack.tags.get(tags::NAME).cloned().or_else(resource);
    stack.parent_id.is_none() && recorded.as_ref() == Some(&stack.name)
}

/// Why this one stays, if it does.
fn kept(id: &ResourceId, item: &Item, desired: &Desired, asked: &Asked<'_>) -> Option<String> {
    if let Some(stack) = item.tags.iter().find(|(key, _)| key.starts_with("aws:cloudformation:")) {
        return Some(format!("it belongs to a CloudFormation stack (tag {}), which alone deletes it", stack.0));
    }
    let prune = item.tags.get(tags::PRUNE).map(String::as_str);
    match (&item.thing, prune) {
        (Thing::Stack { .. }, Some(tags::PRUNE_ENABLED)) => {}
        (Thing::Stack { .. }, _) => return Some("`deletionPolicy: retain`, the default of a stack".to_owned()),
        (_, Some(tags::PRUNE_DISABLED)) => return Some("`driftless/prune: disabled`".to_owned()),
        _ => {}
    }
    if let Some(declared) = desired.resources.get(id) {
        if declared.reconcile_disabled {
            return Some("`driftless/reconcile: disabled`".to_owned());
        }
        if declared.prune_disabled {
            return Some("`driftless/prune: disabled`".to_owned());
        }
    }
    let others = desired.resources.values().filter(|resource| resource.id.kind == item.thing.kind());
    for other in others.filter_map(|other| asked.declared(&other.id, desired)) {
        match is_of(item, other, asked) {
            Some(false) => {}
            Some(true) => return Some(format!("{} at {} declares the same thing under another name", other.id, other.location)),
            None => return Some(format!("{} at {} may declare the same thing under another name", other.id, other.location)),
        }
    }
    is_myself(item, asked.myself?).then(|| format!("{id} is what this agent runs in"))
}

fn is_myself(item: &Item, myself: &Myself) -> bool {
    match &item.thing {
        Thing::EcsService { cluster, name } => myself.cluster == *cluster && myself.service.as_ref() == Some(name),
        Thing::Objects { .. } => false,
        Thing::Stack { .. } => myself.stack.as_ref() == Some(&item.arn),
    }
}

/// Why nothing at all is deleted.
fn blocked(desired: &Desired, gone: usize, all: usize, asked: &Asked<'_>) -> Option<String> {
    let things = if gone == 1 { "1 thing has".to_owned() } else { format!("{gone} things have") };
    if let Some(problem) = desired.errors.first() {
        let more = desired.errors.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        return Some(format!(
            "{things} left the source, and nothing is deleted while a part of it cannot be read: {}: {}{more}; correct it",
            problem.location, problem.message
        ));
    }
    if let Some(unread) = desired.unread.first() {
        let more = desired.unread.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        return Some(format!(
            "{things} left the source, and nothing is deleted while a part of it is not read: {}: {}{more}",
            unread.location, unread.message
        ));
    }
    if desired.resources.is_empty() {
        return Some(format!(
            "{things} left the source, which declares nothing at all any more, and nothing is deleted; if that is meant, delete them by hand, or keep one manifest"
        ));
    }
    let told = asked.message.is_some_and(|message| message.lines().any(|line| line.trim() == TRAILER));
    if gone > FEW && gone * 2 > all && !told {
        return Some(format!(
            "{gone} of the {all} things that this agent made have left the source, more than half, and nothing is deleted; if that is meant, commit with the line `{TRAILER}` at the end of the message"
        ));
    }
    None
}

/// Dependents first; where nothing is known of that, services before the stacks they may run in.
fn layers<'a>(
    mut gone: Vec<(ResourceId, &'a Item)>,
    depended_on: &BTreeMap<ResourceId, Vec<ResourceId>>,
) -> Vec<Vec<(ResourceId, &'a Item)>> {
    let mut layers = Vec::new();
    while !gone.is_empty() {
        let names: BTreeSet<ResourceId> = gone.iter().map(|(id, _)| id.clone()).collect();
        let needed: BTreeSet<&ResourceId> =
            names.iter().filter_map(|id| depended_on.get(id)).flatten().filter(|on| names.contains(on)).collect();
        let services = names.iter().any(|id| id.kind != Kind::CloudFormationStack && !needed.contains(id));
        let goes = |id: &ResourceId| !needed.contains(id) && (id.kind != Kind::CloudFormationStack || !services);
        let (layer, rest): (Vec<_>, Vec<_>) = gone.into_iter().partition(|(id, _)| goes(id));
        if layer.is_empty() {
            // A ring of earlier commits: all at once.
            layers.push(rest);
            break;
        }
        layers.push(layer);
        gone = rest;
    }
    layers
}

#[cfg(test)]
#[path = "prune_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "prune_words_tests.rs"]
mod words;
