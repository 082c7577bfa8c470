//! Reads `spec.taskDefinition`: a document with its images, or an existing family.

use std::collections::BTreeMap;

use crate::desired::TaskDefinition;
use crate::manifest::documents::aws::{self as documents, Written};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::documents::reading::Reading;
use crate::manifest::documents::words::aws_name;
use crate::manifest::text::node::{Content, Mark, Member, Node};
use crate::model::check_task_definition;
use crate::model::report::{did_you_mean, listed, shown};

/// Images by container, each with its place.
pub(super) type Images = BTreeMap<String, (String, Mark)>;

/// What was read. Problems are told; what could not be read is None.
#[derive(Debug, Default)]
pub(super) struct Task {
    pub(super) definition: Option<TaskDefinition>,
    pub(super) written: Option<Written>,
    pub(super) images: Images,
}

/// Reads `spec.taskDefinition`.
pub(super) fn read(scope: &mut Scope<'_>, reading: &mut Reading<'_>, node: &Node) -> Task {
    if let Some(text) = node.text() {
        let message = format!(
            "`spec.taskDefinition` is the string {}; for an existing family write `taskDefinition: {{family: …}}`",
            shown(text)
        );
        scope.error(node.at, message);
        return Task::default();
    }
    let known = ["file", "inline", "family", "images", "interpolate"];
    let Some(fields) = scope.fields(node, "spec.taskDefinition", &known) else { return Task::default() };
    let images = images(scope, &fields);
    let given: Vec<&Member> = ["file", "inline", "family"].into_iter().filter_map(|name| fields.member(name)).collect();
    match given[..] {
        [] => {
            let message = "`spec.taskDefinition` has no document; `file: NAME`, `inline: {…}` or `family: NAME` is expected";
            scope.error(node.at, message);
            Task { images, ..Task::default() }
        }
        [one] if one.key == "family" => Task { definition: existing(scope, &fields), written: None, images },
        [_] => document(scope, reading, &fields, images),
        [first, second, ..] => {
            let message = format!("`spec.taskDefinition` has both `{}` and `{}`; keep one of them", first.key, second.key);
            scope.error(second.at, message);
            Task { images, ..Task::default() }
        }
    }
}

fn document(scope: &mut Scope<'_>, reading: &mut Reading<'_>, fields: &Fields<'_>, images: Images) -> Task {
    let Some(mut written) = documents::load(scope, reading, fields) else { return Task { images, ..Task::default() } };
    lay(scope, &mut written, &images);
    let document = documents::check(scope, &written, check_task_definition);
    Task { definition: Some(TaskDefinition::Document(document.into())), written: Some(written), images }
}

fn existing(scope: &mut Scope<'_>, fields: &Fields<'_>) -> Option<TaskDefinition> {
    if let Some(member) = fields.member("interpolate") {
        scope.error(member.at, "`spec.taskDefinition.interpolate` belongs beside `file`");
    }
    let text = scope.text(fields, "family")?;
    let family = family(&text);
    if family.is_none() {
        let at = fields.get("family").map_or(fields.node.at, |node| node.at);
        let message = format!(
            "`spec.taskDefinition.family` is {}; a family (`web`) or one of its revisions (`web:12`) is expected, of letters, digits, `_` and `-`",
            shown(&text)
        );
        scope.error(at, message);
    }
    family
}

/// `web`, `web:12`, or the ARN of a revision.
///
/// "The family and revision (family:revision) or full ARN of the task definition to run in your service. If a revision
/// isn't specified, the latest ACTIVE revision is used."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
pub(super) fn family(text: &str) -> Option<TaskDefinition> {
    let text = match text.strip_prefix("arn:") {
        Some(rest) => rest.split_once(":task-definition/")?.1,
        None => text,
    };
    let (family, revision) = match text.split_once(':') {
        Some((family, revision)) => (family, Some(revision.parse::<u64>().ok().filter(|revision| *revision > 0)?)),
        None => (text, None),
    };
    aws_name(family).then(|| TaskDefinition::Family { family: family.to_owned(), revision })
}

fn images(scope: &mut Scope<'_>, fields: &Fields<'_>) -> Images {
    let Some(node) = fields.get("images") else { return Images::new() };
    let Content::Map(members) = &node.content else {
        scope.wrong(node, "spec.taskDefinition.images", "a mapping of container names to images");
        return Images::new();
    };
    let mut images = Images::new();
    for member in members {
        let name = format!("spec.taskDefinition.images.{}", member.key);
        let image = if member.node.is_null() {
            scope.error(member.at, format!("`{name}` is empty; an image is expected"));
            None
        } else {
            scope.text_of(&member.node, &name)
        };
        // A name in its stead, so that the missing image is not told a second time.
        images.insert(member.key.clone(), (image.unwrap_or_else(|| "unknown".to_owned()), member.at));
    }
    images
}

/// Puts each image into its container. What is no list of containers is left to the model, which says so.
fn lay(scope: &mut Scope<'_>, written: &mut Written, images: &Images) {
    let base = written.unwrapped(&["taskDefinition"]).1;
    let root = if base.is_empty() { Some(&mut written.root) } else { written.root.get_mut("taskDefinition") };
    let Some(Content::List(containers)) =
        root.and_then(|root| root.get_mut("containerDefinitions")).map(|list| &mut list.content)
    else {
        return;
    };
    for (container, (image, at)) in images {
        let mut found = false;
        for (index, node) in containers.iter_mut().enumerate() {
            if node.get("name").and_then(Node::text) == Some(container) {
                found = true;
                set(node, "image", Node::new(*at, Content::Text(image.clone())));
                written.laid.push((format!("{base}/containerDefinitions/{index}/image"), scope.location(*at)));
            }
        }
        if !found {
            let names: Vec<&str> = containers.iter().filter_map(|node| node.get("name")?.text()).collect();
            let near = did_you_mean(container, names.iter().copied());
            let near = if near.is_empty() { format!("; there is {}", listed(names)) } else { near };
            let message = format!(
                "`spec.taskDefinition.images` names the container {}, which the task definition does not have{near}",
                shown(container)
            );
            scope.error(*at, message);
        }
    }
}

/// Replaces a member's value, or adds it.
fn set(node: &mut Node, key: &str, value: Node) {
    let Content::Map(members) = &mut node.content else { return };
    match members.iter_mut().find(|member| member.key == key) {
        Some(member) => member.node = value,
        None => members.push(Member { key: key.to_owned(), at: node.at, node: value }),
    }
}
