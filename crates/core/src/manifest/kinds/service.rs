//! Reads `kind: EcsService`.

use serde_json::Value;

use super::task_definition::{self as task, Images};
use crate::desired::{Document, EcsService, FailAfter, OnFailure, Rollout, TaskDefinition};
use crate::location::Location;
use crate::manifest::documents::aws::{self as documents, Written};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::documents::manifest::Name;
use crate::manifest::documents::reading::Reading;
use crate::manifest::documents::words::aws_name;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::model::report::shown;
use crate::model::{Operation, check_service, check_together, input_members};

pub(super) use super::removed::of_service as removed;

/// The members of `spec`. `adopt` and `replace` stand beside them.
pub(super) const SPEC: &[&str] =
    &["target", "dependsOn", "cluster", "taskDefinition", "service", "rollout", "ignore", "adopt", "replace"];

/// Reads `spec`. None when something is missing without which there is no service; all problems are told in any case.
pub(super) fn read(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>, name: &Name<'_>) -> Option<EcsService> {
    let task = spec.get("taskDefinition").map(|node| task::read(scope, reading, node));
    let (mut service, written) = service_document(scope, reading, spec);
    let otherwise = spec.member("service").map_or(spec.node.at, |member| member.at);

    let document = task.as_ref().and_then(|task| task.definition.as_ref()?.document());
    let task_written = task.as_ref().and_then(|task| task.written.as_ref());
    documents::tell_together(scope, check_together(document.as_ref(), &service), written.as_ref(), task_written, otherwise);

    let place = |member: &str| place(scope.file, written.as_ref(), member, otherwise);
    let places = Places { cluster: place("cluster"), task: place("taskDefinition") };
    let cluster = cluster(scope, spec, &mut service, &places);
    let service_name = service_name(scope, &mut service, name);
    let (images, definition) = match task {
        Some(task) => (task.images, task.definition),
        None => (Images::default(), None),
    };
    let declared = spec.get("taskDefinition").is_some();
    let definition = task_definition(scope, spec, &mut service, definition, declared, &places);
    let rollout = rollout(scope, spec);
    let ignore = ignore(scope, spec);
    Some(EcsService {
        cluster,
        service_name: service_name?,
        task_definition: definition?,
        images: images.into_iter().map(|(name, (image, _))| (name, image)).collect(),
        service: service.into(),
        rollout,
        ignore,
        removed: Vec::new(),
    })
}

/// Where the members stand that the manifest may have as well.
pub(super) struct Places {
    pub(super) cluster: Location,
    pub(super) task: Location,
}

/// Where `member` of the document stands, or `otherwise`.
pub(super) fn place(file: &str, written: Option<&Written>, member: &str, otherwise: Mark) -> Location {
    match written {
        Some(written) => {
            let (inner, _) = written.unwrapped(&["services", "service"]);
            let at = inner.members().iter().find(|found| found.key == member).map_or(inner.at, |found| found.at);
            crate::manifest::documents::fields::location(&written.file, at)
        }
        None => crate::manifest::documents::fields::location(file, otherwise),
    }
}

/// CreateService's document; empty when there is none: then the service is as thin as can be.
fn service_document(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>) -> (Document, Option<Written>) {
    let Some(fields) = scope.inner(spec, "service", "spec.service", &["file", "inline", "interpolate"]) else {
        return (Document::new(), None);
    };
    match (fields.member("file"), fields.member("inline")) {
        (Some(_), Some(inline)) => {
            scope.error(inline.at, "`spec.service` has both `file` and `inline`; keep one of them");
            return (Document::new(), None);
        }
        (None, None) => {
            scope.error(fields.node.at, "`spec.service` has no document; `file: NAME` or `inline: {…}` is expected");
            return (Document::new(), None);
        }
        _ => {}
    }
    let Some(written) = documents::load(scope, reading, &fields) else { return (Document::new(), None) };
    (documents::check(scope, &written, check_service), Some(written))
}

/// A member that is told apart from the document, where both may have it.
fn taken(service: &mut Document, member: &str) -> Option<String> {
    match service.remove(member)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// `spec.cluster`, or the document's own, which is taken out of it.
pub(super) fn cluster(scope: &mut Scope<'_>, spec: &Fields<'_>, service: &mut Document, places: &Places) -> String {
    let ours = scope.text(spec, "cluster");
    let theirs = taken(service, "cluster");
    if let (Some(ours), Some(theirs)) = (&ours, &theirs)
        && short(ours) != short(theirs)
    {
        let message = format!("the document's `cluster` is {}, and `spec.cluster` is {}; remove one", shown(theirs), shown(ours));
        scope.error_in(places.cluster.clone(), message);
    }
    if let Some(ours) = &ours
        && let Err(message) = cluster_name(ours)
    {
        let at = spec.get("cluster").map_or(spec.node.at, |node| node.at);
        scope.error(at, message);
    }
    ours.or(theirs).unwrap_or_else(|| "default".to_owned())
}

/// A cluster's or service's name is the last part of its ARN.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// "The short name or full Amazon Resource Name (ARN) of the cluster", and the name has "up to 255 letters (uppercase and
/// lowercase), numbers, underscores, and hyphens".
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html>
fn cluster_name(cluster: &str) -> Result<(), String> {
    let name = match cluster.strip_prefix("arn:") {
        Some(rest) => rest.split_once(":cluster/").map_or("", |(_, name)| name),
        None => cluster,
    };
    if aws_name(name) {
        return Ok(());
    }
    Err(format!(
        "`spec.cluster` is {}; a cluster's name (letters, digits, `_`, `-`, at most 255) or its ARN is expected",
        shown(cluster)
    ))
}

/// "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn service_name(scope: &mut Scope<'_>, service: &mut Document, name: &Name<'_>) -> Option<String> {
    if let Some(name) = taken(service, "serviceName") {
        return Some(name);
    }
    if !aws_name(name.text) {
        let message = format!(
            "{} cannot be the service's name, which has letters, digits, `_` and `-`; give it a `serviceName` in `spec.service`",
            shown(name.text)
        );
        scope.error(name.at, message);
        return None;
    }
    Some(name.text.to_owned())
}

/// `spec.taskDefinition`, or the document's own; both only when they say the same.
pub(super) fn task_definition(
    scope: &mut Scope<'_>,
    spec: &Fields<'_>,
    service: &mut Document,
    ours: Option<TaskDefinition>,
    declared: bool,
    places: &Places,
) -> Option<TaskDefinition> {
    let theirs = taken(service, "taskDefinition").map(|text| (task::family(&text), text));
    let external = service.get("deploymentController").is_some_and(|controller| controller["type"] == "EXTERNAL");
    let (theirs, text) = match theirs {
        None if spec.meant("taskDefinition") => return None,
        None if !declared && external => {
            let message = "a service with the deployment controller `EXTERNAL` gets its task definitions from task sets, and this version does not run such services yet; use `ECS`, the default";
            scope.error_in(places.task.clone(), message);
            return None;
        }
        None if !declared => {
            let message = "`taskDefinition` is missing; `file: NAME`, `inline: {…}` or `family: NAME` is expected under it, or a `taskDefinition` in AWS's document";
            scope.error(spec.node.at, message);
            return None;
        }
        None => return ours,
        Some((Some(theirs), text)) => (theirs, text),
        Some((None, text)) => {
            // The model has its own words for what is no task definition at all.
            if !scope.found.errors.iter().any(|error| error.location == places.task) {
                let message = format!(
                    "the document's `taskDefinition` is {}; a family (`web`), a revision (`web:12`) or an ARN is expected",
                    shown(&text)
                );
                scope.error_in(places.task.clone(), message);
            }
            return None;
        }
    };
    if !declared {
        return Some(theirs);
    }
    let same = match (&ours, &theirs) {
        (Some(ours @ TaskDefinition::Document(_)), TaskDefinition::Family { family, revision: None }) => {
            ours.family().as_ref() == Some(family)
        }
        // It has its own error already.
        (None, _) => true,
        (Some(ours), theirs) => ours == theirs,
    };
    if !same {
        let message = format!(
            "the document's `taskDefinition` is {}, and `spec.taskDefinition` says otherwise; remove it here",
            shown(&text)
        );
        scope.error_in(places.task.clone(), message);
    }
    ours
}

fn rollout(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Rollout {
    let mut rollout = Rollout::default();
    let Some(fields) = scope.inner(spec, "rollout", "spec.rollout", &["timeout", "onFailure", "failAfter"]) else {
        return rollout;
    };
    rollout.timeout = scope.duration(&fields, "timeout").unwrap_or(rollout.timeout);
    if scope.word(&fields, "onFailure", &["rollback", "stay"]) == Some("stay") {
        rollout.on_failure = OnFailure::Stay;
    }
    rollout.fail_after = fail_after(scope, &fields).unwrap_or(rollout.fail_after);
    rollout
}

/// `auto`, `never`, or how many failed tasks are too many.
fn fail_after(scope: &mut Scope<'_>, rollout: &Fields<'_>) -> Option<FailAfter> {
    let node = rollout.get("failAfter")?;
    match node.text() {
        Some("auto") => return Some(FailAfter::Auto),
        Some("never") => return Some(FailAfter::Never),
        _ => {}
    }
    let tasks = match &node.content {
        Content::Number(number) => number.as_u64().filter(|tasks| *tasks > 0).and_then(|tasks| u32::try_from(tasks).ok()),
        _ => None,
    };
    if tasks.is_none() {
        scope.wrong(node, &rollout.name("failAfter"), "`auto`, `never` or a number of tasks");
    }
    tasks.map(FailAfter::Tasks)
}

fn ignore(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Vec<String> {
    let Some(node) = spec.get("ignore") else { return Vec::new() };
    let Content::List(elements) = &node.content else {
        scope.wrong(node, "spec.ignore", "a list of JSON pointers");
        return Vec::new();
    };
    let mut pointers = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let Some(pointer) = scope.text_of(element, &format!("spec.ignore[{index}]")) else { continue };
        match pointer_problem(&pointer) {
            Some(problem) => scope.error(element.at, format!("`spec.ignore[{index}]` is {}{problem}", shown(&pointer))),
            None => {
                warn_of_pointer(scope, element, &pointer);
                pointers.push(pointer);
            }
        }
    }
    pointers
}

/// What is wrong with a pointer of `ignore`.
fn pointer_problem(pointer: &str) -> Option<String> {
    let rest = pointer.strip_prefix("/service/").or_else(|| pointer.strip_prefix("/taskDefinition/"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.split('/').any(str::is_empty)) else {
        return Some(
            "; a JSON pointer that begins with `/service/` or `/taskDefinition/` is expected, as in `/service/desiredCount`"
                .to_owned(),
        );
    };
    let escapes = pointer.match_indices('~').all(|(at, _)| matches!(pointer.as_bytes().get(at + 1), Some(b'0' | b'1')));
    if !escapes {
        return Some("; in a JSON pointer `~` is written `~0`, and a `/` within a name `~1` (RFC 6901)".to_owned());
    }
    let mut parts = rest.split('/');
    let (list, element) = (parts.next(), parts.next());
    if list == Some("containerDefinitions") && element.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some("; list elements are named by their key: write the container's name instead of its number".to_owned());
    }
    None
}

fn warn_of_pointer(scope: &mut Scope<'_>, node: &Node, pointer: &str) {
    let mut parts = pointer.split('/').skip(1);
    let (side, member) = (parts.next(), parts.next().unwrap_or_default());
    let (operation, what) = match side {
        Some("service") => (Operation::CreateService, "a service"),
        _ => (Operation::RegisterTaskDefinition, "a task definition"),
    };
    if !input_members(operation).any(|known| known == member) {
        let near = crate::model::report::did_you_mean(member, input_members(operation));
        let location = scope.location(node.at);
        scope.warn_in(
            location,
            format!("{what} of AWS's model has no member {}, so that nothing is ignored by this{near}", shown(member)),
        );
    }
}
