//! Reads what every resource has: kind, name, annotations, target, dependencies.

use super::documents::fields::{Fields, Found, Scope, location};
use super::documents::manifest::{Manifest, Name, place_of};
use super::documents::reading::{Interpolated, Reading};
use super::documents::words::{check_version, resource_name, unknown_kind};
use super::kinds;
use super::kinds::stack::template as stack_template;
use super::text::node::{Content, Mark, Node};
use crate::desired::{Reference, Resource};
use crate::interpolate::Place;
use crate::location::Location;
use crate::model::report::{did_you_mean, listed, shown};
use crate::resource::{Kind, ResourceId};

/// A document whose kind and name are known.
#[derive(Debug)]
pub(super) struct Recognised {
    pub(super) id: ResourceId,
    /// The document's first line.
    pub(super) location: Location,
    /// Of `metadata.name`.
    pub(super) name_location: Location,
    /// As far as it could be read, also where the rest is refused.
    pub(super) depends_on: Vec<(ResourceId, Location)>,
    pub(super) resource: Option<Resource>,
    pub(super) refused: bool,
}

/// Reads one document. None when not even kind and name are known; all problems are told in any case.
pub(super) fn read(reading: &mut Reading<'_>, manifest: Manifest, found: &mut Found) -> Option<Recognised> {
    let Manifest { file, mut document } = manifest;
    let mut done = Interpolated::default();
    let template = stack_template::lift(&mut document.root);
    reading.interpolate(&mut document.root, Place::Field, &mut done);
    stack_template::put_back(&mut document.root, template);
    let mut scope = Scope::new(&file, found);
    let root = &document.root;
    let kind = kind(&mut scope, root)?;
    scope.resource = plain_name(root).map(|name| ResourceId { kind, name });
    for fault in &document.faults {
        let short_form = kind == Kind::CloudFormationStack && fault.message.starts_with("the tag `!");
        let hint = if short_form { "; a template with short forms is written as a block, `inline: |`" } else { "" };
        scope.error(fault.at, format!("{}{hint}", fault.message));
    }
    for (at, message) in &done.problems {
        scope.error(*at, message);
    }
    scope.unresolved = done.problems.iter().map(|(at, _)| *at).chain(document.faults.iter().map(|fault| fault.at)).collect();
    scope.unresolved.extend(done.open.iter().map(|(at, _)| *at));
    reading.changed = done.changed;
    reading.references = done.open.into_iter().map(|(at, reference)| (reference, location(&file, at))).collect();
    let top = scope.fields(root, "", &["apiVersion", "kind", "metadata", "spec"])?;
    check_version(&mut scope, &top);
    let annotations = metadata(&mut scope, &top);
    let name_at = root.get("metadata").and_then(|metadata| metadata.get("name")).map_or(root.at, |node| node.at);
    let mut recognised = scope.resource.clone().map(|id| Recognised {
        id,
        location: place_of(&file, root),
        name_location: root
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .map_or(place_of(&file, root), |node| place_of(&file, node)),
        depends_on: Vec::new(),
        resource: None,
        refused: true,
    });
    if let Some(spec) = scope.required(&top, "spec", "it says what is to run")
        && let Some(spec) = scope.fields(spec, "spec", kinds::members(kind))
    {
        let read = resource(&mut scope, reading, &spec, Head { kind, annotations, location: place_of(&file, root), name_at });
        if let (Some(recognised), (resource, depends_on)) = (&mut recognised, read) {
            recognised.refused = resource.is_none();
            recognised.resource = resource;
            recognised.depends_on = depends_on;
        }
    }
    recognised
}

fn kind(scope: &mut Scope<'_>, root: &Node) -> Option<Kind> {
    let Some(node) = root.get("kind").filter(|node| !node.is_null()) else {
        scope.error(root.at, format!("`kind` is missing; there is {}", listed(Kind::ALL.iter().map(|kind| kind.as_str()))));
        return None;
    };
    let Some(word) = node.text() else {
        scope.wrong(node, "kind", "a string");
        return None;
    };
    match word.parse() {
        Ok(kind) => Some(kind),
        Err(_) => {
            scope.error(node.at, unknown_kind(word));
            None
        }
    }
}

/// `metadata.name`, when it is one.
fn plain_name(root: &Node) -> Option<String> {
    let name = root.get("metadata")?.get("name")?.text()?;
    resource_name(name).is_ok().then(|| name.to_owned())
}

/// What stands outside of `spec`.
struct Head {
    kind: Kind,
    annotations: Annotations,
    location: Location,
    /// Of `metadata.name`.
    name_at: Mark,
}

/// `metadata.annotations`, as far as they are ours.
#[derive(Default)]
struct Annotations {
    /// `driftless/prune: disabled`.
    prune_disabled: bool,
    /// `driftless/reconcile: disabled`.
    reconcile_disabled: bool,
}

/// Checks `metadata`, and reads its annotations.
fn metadata(scope: &mut Scope<'_>, top: &Fields<'_>) -> Annotations {
    let mut found = Annotations::default();
    let Some(node) = scope.required(top, "metadata", "it holds the resource's name: `metadata: {name: web}`") else {
        return found;
    };
    let Some(fields) = scope.fields(node, "metadata", &["name", "annotations"]) else { return found };
    if let Some(name) = scope.required_text(&fields, "name", "it names the resource within its kind")
        && let Err(message) = resource_name(&name)
    {
        let at = fields.get("name").map_or(node.at, |node| node.at);
        scope.error(at, message);
    }
    let Some(annotations) = fields.get("annotations") else { return found };
    if !matches!(annotations.content, Content::Map(_)) {
        scope.wrong(annotations, "metadata.annotations", "a mapping");
    }
    for member in annotations.members() {
        // Annotations of others are theirs.
        if !member.key.starts_with("driftless/") {
            continue;
        }
        match member.key.as_str() {
            "driftless/prune" => found.prune_disabled = disabled(scope, &member.key, &member.node),
            "driftless/reconcile" => found.reconcile_disabled = disabled(scope, &member.key, &member.node),
            key => {
                let known = ["driftless/prune", "driftless/reconcile"];
                let near = did_you_mean(key, known);
                let near = if near.is_empty() { format!("; known are {}", listed(known)) } else { near };
                scope.error(member.at, format!("there is no annotation {}{near}", shown(key)));
            }
        }
    }
    found
}

fn disabled(scope: &mut Scope<'_>, key: &str, node: &Node) -> bool {
    match node.text() {
        Some("disabled") => true,
        Some("enabled") => false,
        _ => {
            scope.error(
                node.at,
                format!("the annotation `{key}` is {}; expected is `disabled`, or `enabled`, the default", node.kind()),
            );
            false
        }
    }
}

type Read = (Option<Resource>, Vec<(ResourceId, Location)>);

fn resource(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>, head: Head) -> Read {
    let target = target(scope, reading, spec);
    scope.target = target.clone();
    let mut depends_on = depends_on(scope, spec);
    let adopt_force = scope.word(spec, "adopt", &["force"]).is_some();
    if let Some(member) = spec.member("replace")
        && scope.word(spec, "replace", &["allow"]).is_some()
    {
        scope.error(
            member.at,
            "`spec.replace: allow` is not built yet in this version; delete the service by hand, and it is created anew",
        );
    }
    // Without a name the rest is read all the same, for its problems.
    let id = scope.resource.clone().unwrap_or_else(|| ResourceId::new(head.kind, "unnamed"));
    let name = Name { text: &id.name, at: head.name_at };
    let kinds = kinds::read(head.kind, scope, reading, spec, &name);
    let references = std::mem::take(&mut reading.references);
    depends_on.extend(references.iter().map(|(reference, location)| (reference.resource.clone(), location.clone())));
    let mut ids: Vec<ResourceId> = Vec::new();
    for (on, _) in &depends_on {
        if !ids.contains(on) {
            ids.push(on.clone());
        }
    }
    let mut references: Vec<Reference> = references.into_iter().map(|(reference, _)| reference).collect();
    references.sort();
    references.dedup();
    let resource = match (kinds, target) {
        (Some(spec), Some(target)) => Some(Resource {
            depends_on: ids,
            references,
            prune_disabled: head.annotations.prune_disabled,
            reconcile_disabled: head.annotations.reconcile_disabled,
            adopt_force,
            ..Resource::new(id, head.location, target, spec)
        }),
        _ => None,
    };
    (resource, depends_on)
}

fn target(scope: &mut Scope<'_>, reading: &Reading<'_>, spec: &Fields<'_>) -> Option<String> {
    let targets = &reading.agent.targets;
    let Some(node) = spec.get("target") else {
        return targets.first().map(|target| target.name.clone());
    };
    let name = scope.text(spec, "target")?;
    if targets.iter().any(|target| target.name == name) {
        return Some(name);
    }
    let names = || targets.iter().map(|target| target.name.as_str());
    let near = did_you_mean(&name, names());
    let near = if near.is_empty() { format!("; the agent has {}", listed(names())) } else { near };
    scope.error(node.at, format!("`spec.target` is {}, which the agent does not have{near}", shown(&name)));
    None
}

fn depends_on(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Vec<(ResourceId, Location)> {
    let Some(node) = spec.get("dependsOn") else { return Vec::new() };
    let Content::List(elements) = &node.content else {
        scope.wrong(node, "spec.dependsOn", "a list, as in `[{kind: EcsService, name: db}]`,");
        return Vec::new();
    };
    let mut ids = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let path = format!("spec.dependsOn[{index}]");
        let Some(fields) = scope.fields(element, &path, &["kind", "name"]) else { continue };
        let kind = scope.required_text(&fields, "kind", "the kind of what it depends on is expected");
        let name = scope.required_text(&fields, "name", "the name of what it depends on is expected");
        let (Some(kind), Some(name)) = (kind, name) else { continue };
        match kind.parse() {
            Ok(kind) => ids.push((ResourceId { kind, name }, scope.location(element.at))),
            Err(_) => {
                let at = fields.get("kind").map_or(element.at, |node| node.at);
                scope.error(at, unknown_kind(&kind));
            }
        }
    }
    ids
}
