//! AWS's documents, inline or from a file: loaded, interpolated, checked, and every finding led back to its line.

use std::collections::BTreeSet;

use serde_json::Value;

use super::collect::holds_manifests;
use super::fields::{Fields, Scope, location};
use super::files;
use super::reading::{Interpolated, Reading, TOO_MUCH};
use crate::desired::Document;
use crate::interpolate::{Place, first_reference};
use crate::location::Location;
use crate::manifest::text::node::{Content, Mark, Member, Node};
use crate::manifest::text::parse::{is_json, parse};
use crate::model::{Checked, Finding};

/// A document as it was written.
#[derive(Debug)]
pub(in crate::manifest) struct Written {
    /// The file it stands in: the manifest, or its own.
    pub(in crate::manifest) file: String,
    pub(in crate::manifest) root: Node,
    /// What the manifest has put into it: pointers, and where they come from.
    pub(in crate::manifest) laid: Vec<(String, Location)>,
    /// Values that interpolation changed.
    changed: BTreeSet<Mark>,
    /// Values that other resources give later.
    open: BTreeSet<Mark>,
}

impl Written {
    fn new(file: &str, root: Node, changed: BTreeSet<Mark>) -> Self {
        Written { file: file.to_owned(), root, laid: Vec::new(), changed, open: BTreeSet::new() }
    }

    /// Where `finding` is to be told, and in which words. None where a reference failed, which is told already, and where
    /// one is still open.
    fn tell(&self, scope: &Scope<'_>, finding: Finding) -> Option<(Location, String)> {
        let (at, node) = self.root.locate(&finding.pointer);
        if self.open.contains(&node.at) || (self.file == scope.file && scope.unresolved.contains(&node.at)) {
            return None;
        }
        let finding = Finding { message: as_written(finding.message, node), ..finding };
        let laid = self.laid.iter().find(|(laid, _)| *laid == finding.pointer).map(|(_, location)| location.clone());
        let message = match finding.message.split_once(", where AWS takes ") {
            Some((what, expected)) if self.changed.contains(&node.at) => {
                let expected = expected.split(": write").next().unwrap_or(expected);
                format!("{what}, where AWS takes {expected}; a reference's value is always a string, so write the value itself")
            }
            _ => finding.message,
        };
        Some((laid.unwrap_or_else(|| location(&self.file, at)), message))
    }

    /// The document itself, without the wrapper that AWS's answers have, and the pointer to it:
    /// `/taskDefinition`, `/service` or `/services/0`.
    pub(in crate::manifest) fn unwrapped(&self, wrappers: &[&'static str]) -> (&Node, &'static str) {
        for wrapper in wrappers {
            match self.root.get(wrapper) {
                Some(inner) if matches!(inner.content, Content::Map(_)) => {
                    let pointer = match *wrapper {
                        "service" => "/service",
                        "deploymentInfo" => "/deploymentInfo",
                        _ => "/taskDefinition",
                    };
                    return (inner, pointer);
                }
                Some(list) if !list.elements().is_empty() => return (&list.elements()[0], "/services/0"),
                _ => {}
            }
        }
        (&self.root, "")
    }
}

/// The document of `fields`, by `file` or `inline`. None where there is neither, or it cannot be read, which is told.
/// Inline documents were interpolated with their manifest.
pub(in crate::manifest) fn load(scope: &mut Scope<'_>, reading: &mut Reading<'_>, fields: &Fields<'_>) -> Option<Written> {
    let interpolate = scope.flag(fields, "interpolate");
    if let (Some(member), None) = (fields.member("interpolate"), fields.get("file")) {
        let message = format!("`{}` belongs beside `file`; inline documents are always interpolated", fields.name("interpolate"));
        scope.error(member.at, message);
    }
    if let Some(inline) = fields.get("inline") {
        if !matches!(inline.content, Content::Map(_)) {
            scope.wrong(inline, &fields.name("inline"), "a mapping, AWS's own document,");
            return None;
        }
        return Some(Written::new(scope.file, inline.clone(), reading.changed.clone()));
    }
    let written = scope.text(fields, "file")?;
    let at = fields.get("file").map_or(fields.node.at, |node| node.at);
    let named = format!("`{}`", fields.name("file"));
    match from_file(scope.file, reading, &written, scope.found.hints()) {
        Ok(mut written) => {
            in_file(scope, reading, &mut written, interpolate == Some(true))?;
            Some(written)
        }
        Err((Some(location), message)) => {
            scope.error_in(location, message);
            None
        }
        Err((None, message)) => {
            scope.error(at, format!("{named}: {message}"));
            None
        }
    }
}

/// The one document of a file. An error in the file stands there; one about the file stands where it is named.
fn from_file(
    manifest: &str,
    reading: &mut Reading<'_>,
    written: &str,
    hints: bool,
) -> Result<Written, (Option<Location>, String)> {
    let about = |message: String| (None, message);
    let path = files::resolve(manifest, written).map_err(about)?;
    let bytes = files::open(reading.snapshot, &path, written, hints).map_err(about)?;
    if holds_manifests(&path, bytes) {
        return Err(about(format!("`{path}` holds manifests; a file with AWS's document alone is expected")));
    }
    let parsed = parse(bytes, is_json(&path));
    let there = |at: Mark, message: String| (Some(location(&path, at)), message);
    if let Some(fault) = parsed.broken {
        return Err(there(fault.at, fault.message));
    }
    let mut documents = parsed.documents.into_iter();
    let Some(document) = documents.next() else {
        return Err(about(format!("the file `{path}` is empty; AWS's document is expected in it")));
    };
    if let Some(second) = documents.next() {
        return Err(there(second.root.at, "a second document begins here; a file named by `file:` holds one".to_owned()));
    }
    if let Some(fault) = document.faults.into_iter().next() {
        return Err(there(fault.at, fault.message));
    }
    let (nodes, _) = document.root.size();
    if !reading.keep(nodes) {
        return Err(about(TOO_MUCH.to_owned()));
    }
    Ok(Written::new(&path, document.root, BTreeSet::new()))
}

/// References in a file are read only where the manifest says so; where it does not, one is worth a warning.
fn in_file(scope: &mut Scope<'_>, reading: &mut Reading<'_>, written: &mut Written, interpolate: bool) -> Option<()> {
    if interpolate {
        let mut done = Interpolated::default();
        reading.interpolate(&mut written.root, Place::Document, &mut done);
        for (at, message) in &done.problems {
            scope.error_in(location(&written.file, *at), message);
        }
        written.changed = done.changed;
        written.open = done.open.iter().map(|(at, _)| *at).collect();
        let open = done.open.into_iter().map(|(at, reference)| (reference, location(&written.file, at)));
        reading.references.extend(open);
        return done.problems.is_empty().then_some(());
    }
    if let Some((at, reference)) = first_in(&written.root) {
        let message =
            format!("`{reference}` is sent as it stands: a file is interpolated only with `interpolate: true` beside `file:`");
        scope.warn_in(location(&written.file, at), message);
    }
    Some(())
}

fn first_in(node: &Node) -> Option<(Mark, String)> {
    match &node.content {
        Content::Text(text) => first_reference(text).map(|reference| (node.at, reference.to_owned())),
        Content::List(elements) => elements.iter().find_map(first_in),
        Content::Map(members) => members.iter().find_map(|member| first_in(&member.node)),
        _ => None,
    }
}

/// Checks the document against AWS's model, and tells what is wrong where it stands. The document comes back in any case,
/// for what else can be said about it.
pub(in crate::manifest) fn check(scope: &mut Scope<'_>, written: &Written, model: fn(&Value) -> Checked) -> Document {
    let mut root = written.root.clone();
    scalars(scope, &written.file, &mut root);
    let checked = model(&root.to_json());
    for (location, message) in checked.errors.into_iter().filter_map(|finding| written.tell(scope, finding)).collect::<Vec<_>>() {
        scope.error_in(location, message);
    }
    for (location, message) in checked.warnings.into_iter().filter_map(|finding| written.tell(scope, finding)).collect::<Vec<_>>()
    {
        scope.warn_in(location, message);
    }
    checked.document
}

/// Tells the findings of [`check_together`](crate::model::check_together): pointers after `/service` or
/// `/taskDefinition` lead into the unwrapped documents. Without a service document, they are about `otherwise`.
pub(in crate::manifest) fn tell_together(
    scope: &mut Scope<'_>,
    findings: Vec<Finding>,
    service: Option<&Written>,
    task: Option<&Written>,
    otherwise: Mark,
) {
    for finding in findings {
        let (written, base, rest) = match finding.pointer.strip_prefix("/service") {
            Some(rest) => (service, service.map_or("", |service| service.unwrapped(&["services", "service"]).1), rest),
            None => {
                let rest = finding.pointer.strip_prefix("/taskDefinition").unwrap_or_default();
                (task, task.map_or("", |task| task.unwrapped(&["taskDefinition"]).1), rest)
            }
        };
        let finding = Finding { pointer: format!("{base}{rest}"), ..finding };
        let told = match written {
            Some(written) => written.tell(scope, finding),
            None => Some((scope.location(otherwise), finding.message)),
        };
        if let Some((location, message)) = told {
            scope.error_in(location, message);
        }
    }
}

/// What a finding says of a scalar, in the words of the file: 7 is `007` there.
fn as_written(message: String, node: &Node) -> String {
    let (Some(spelling), Some(value)) = (node.spelling(), plain(node)) else { return message };
    message
        .replace(&format!("the number {value},"), &format!("the number {spelling},"))
        .replace(&format!("the boolean {value},"), &format!("the boolean {spelling},"))
        .replace(&format!("write \"{value}\""), &format!("write \"{spelling}\""))
}

/// The value of a number or boolean, as JSON writes it.
fn plain(node: &Node) -> Option<String> {
    matches!(node.content, Content::Number(_) | Content::Bool(_)).then(|| node.to_json().to_string())
}

/// The members at the top of a task definition that are numbers in AWS's eyes, whatever their type: `cpu: 0256` is 256.
const SIZES: [&str; 2] = ["cpu", "memory"];

/// Numbers and booleans where AWS takes people's own text: environment values, tags, and (where JSON would write them otherwise)
/// what stands at the top, as `family: 007`. They become the text that stands in the file. Anywhere else a number in a string's
/// place is refused, by the model.
fn scalars(scope: &mut Scope<'_>, file: &str, root: &mut Node) {
    let Content::Map(members) = &mut root.content else { return };
    for member in members {
        let own = member.node.spelling().is_some() && !SIZES.contains(&member.key.as_str());
        if own && matches!(member.node.content, Content::Number(_)) {
            text(scope, file, &member.key, &mut member.node);
        }
        entries(scope, file, member);
    }
}

fn entries(scope: &mut Scope<'_>, file: &str, member: &mut Member) {
    let names: &[&str] = match member.key.as_str() {
        "environment" => &["name", "value"],
        "tags" => &["key", "value"],
        _ => &[],
    };
    if let (Content::Number(number), Some(spelling)) = (&member.node.content, member.node.spelling().filter(|text| octal(text))) {
        // Read by YAML 1.2 as ten, and by older readers as eight.
        let message = format!(
            "`{}` is {spelling}, which is {number} in YAML 1.2 and another number for older readers of YAML: write {number}",
            member.key
        );
        scope.warn_in(location(file, member.node.at), message);
    }
    match &mut member.node.content {
        Content::Map(members) => members.iter_mut().for_each(|inner| entries(scope, file, inner)),
        Content::List(elements) => {
            for element in elements {
                let Content::Map(members) = &mut element.content else { continue };
                for inner in members {
                    if names.contains(&inner.key.as_str()) {
                        text(scope, file, &format!("{}[].{}", member.key, inner.key), &mut inner.node);
                    }
                    entries(scope, file, inner);
                }
            }
        }
        _ => {}
    }
}

/// `010`, `-007`: digits after a zero.
fn octal(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The scalar as the text that stands in the file. It may be secret, and is not repeated.
fn text(scope: &mut Scope<'_>, file: &str, name: &str, node: &mut Node) {
    let what = match node.content {
        Content::Number(_) => "a number",
        Content::Bool(_) => "a boolean",
        _ => return,
    };
    let Some(written) = node.written() else { return };
    let message = format!("`{name}` is {what}, and AWS takes text: it is sent as it stands here; write it in quotes");
    scope.warn_in(location(file, node.at), message);
    node.content = Content::Text(written);
}
