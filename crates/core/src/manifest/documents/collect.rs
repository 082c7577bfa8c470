//! Goes through the files of a snapshot, and tells our documents from everybody else's. One at a time: the trees of all of a
//! large source's documents would be its largest part.

use std::collections::BTreeSet;

use super::fields::{Found, location};
use super::ignored::Ignored;
use super::manifest::{Manifest, is_candidate, place_of};
use super::reading::{Interpolated, Reading, TOO_MUCH};
use super::words::{API_VERSION, PREFIX, is_ours};
use super::{covers, files, gitlab_template};
use crate::lfs;
use crate::location::{Location, Problem};
use crate::manifest::text::bounds::Fault;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::manifest::text::parse::{is_json, parse};
use crate::model::report::shown;
use crate::resource::Kind;
use crate::snapshot::{Entry, Unread};

/// Documents of one file that are told to be neither ours nor anybody's.
const MAX_ERRORS: usize = 20;

/// What the files hold besides our documents.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Collected {
    /// Documents of others, and agents.
    pub(in crate::manifest) ignored: usize,
    /// See [`Desired`](crate::desired::Desired).
    pub(in crate::manifest) unread: Vec<Problem>,
}

/// What one document of a file is.
enum Sort {
    Ours,
    Ignored,
    /// Somebody else's, and yet it looks as if it were meant for us.
    Suspicious(Mark, String),
    Neither(Mark, String),
}

/// What is to be told of a file that holds no manifest, once it turns out that none names it.
struct Pending<'a> {
    path: &'a str,
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    others: usize,
    /// It holds a manifest, and is told of in any case.
    ours: bool,
}

/// Parses every `*.yaml`, `*.yml` and `*.json`, and hands each of our documents to `read`. Problems of files that a manifest names
/// by `file:` are not told here.
pub(in crate::manifest) fn collect<'a>(
    reading: &mut Reading<'a>,
    found: &mut Found,
    mut read: impl FnMut(&mut Reading<'a>, Manifest, &mut Found),
) -> Collected {
    let mut collected = Collected::default();
    let mut pending: Vec<Pending<'_>> = Vec::new();
    let mut named = BTreeSet::new();
    let snapshot = reading.snapshot;
    let mut made = Vec::new();
    if let Some(template) = &reading.agent.gitlab_template {
        let files = [&template.create_stack_file, &template.s3_push_file, &template.ec2_deployment_file];
        named.extend(files.into_iter().flatten().filter_map(|path| files::resolve("driftless.yaml", path).ok()));
        made = gitlab_template::manifests(reading, template, found);
    }
    let ignored = Ignored::new(&reading.agent.ignore).ok();
    let pushed = covers::covers(reading, &made);
    for manifest in made {
        read(reading, manifest, found);
    }
    // Where no manifests are.
    let elsewhere = |path: &str| {
        ignored.as_ref().is_some_and(|ignored| ignored.covers(path)) || pushed.iter().any(|folder| files::covers(folder, path))
    };
    // A link that is called as a manifest's file is an error of its own.
    let told = |path: &str| is_candidate(path) && snapshot.files.contains_key(path);
    for Unread { path, reason } in snapshot.unread.iter().filter(|unread| !told(&unread.path) && !elsewhere(&unread.path)) {
        let message = format!("`{path}` {reason}, or list it in the agent's `source.ignore`; {NOT_PRUNED}");
        collected.unread.push(Problem { location: location(path, Mark::START), resource: None, message });
    }
    for (path, entry) in snapshot.files.iter().filter(|(path, _)| is_candidate(path) && !elsewhere(path)) {
        let mut told = Pending { path, errors: Vec::new(), warnings: Vec::new(), others: 0, ours: false };
        match entry {
            Entry::File(bytes) if lfs::is_pointer(bytes) => {
                told.errors.push(Fault::new(Mark::START, format!("`{path}`: {}", lfs::REFUSED)));
            }
            Entry::File(bytes) => {
                let parsed = parse(bytes, is_json(path));
                for document in parsed.documents {
                    match sort(&document.root) {
                        Sort::Ours if reading.keep(document.root.size().0) => {
                            told.ours = true;
                            names(reading, path, &document.root, &mut named);
                            read(reading, Manifest { file: path.clone(), document }, found);
                        }
                        Sort::Ours => told.errors.push(Fault::new(document.root.at, TOO_MUCH)),
                        Sort::Ignored => told.others += 1,
                        Sort::Suspicious(at, message) => {
                            told.others += 1;
                            told.warnings.push(Fault { at, message });
                        }
                        Sort::Neither(at, message) => told.errors.push(Fault { at, message }),
                    }
                }
                told.errors.truncate(MAX_ERRORS);
                told.warnings.truncate(MAX_ERRORS);
                told.errors.extend(parsed.broken);
            }
            _ => told.errors.extend(files::unreadable(entry, path).map(|message| Fault::new(Mark::START, message))),
        }
        if !told.errors.is_empty() || told.others > 0 {
            pending.push(told);
        }
    }
    for Pending { path, errors, warnings, others, .. } in pending.into_iter().filter(|one| one.ours || !named.contains(one.path))
    {
        collected.ignored += others;
        let problem = |fault: Fault| Problem { location: location(path, fault.at), resource: None, message: fault.message };
        found.errors.extend(errors.into_iter().map(problem));
        collected.unread.extend(warnings.into_iter().map(problem));
    }
    found.warnings.extend(collected.unread.iter().cloned());
    collected
}

/// What is said of a part that was not read.
const NOT_PRUNED: &str = "until then nothing is pruned, as what is not read is not known to be gone";

/// The manifest that begins at `place`.
pub(in crate::manifest) fn document_at(reading: &mut Reading<'_>, place: &Location) -> Option<Manifest> {
    let template = reading.agent.gitlab_template.as_ref();
    if let Some(manifest) = template.and_then(|template| gitlab_template::at(reading, template, place)) {
        return Some(manifest);
    }
    let Some(Entry::File(bytes)) = reading.snapshot.files.get(&place.file) else { return None };
    let documents = parse(bytes, is_json(&place.file)).documents;
    let document = documents.into_iter().find(|document| place_of(&place.file, &document.root) == *place)?;
    Some(Manifest { file: place.file.clone(), document })
}

/// Whether a manifest stands in `bytes`, the content of the file `path`: whoever names it by `file:` means another one.
pub(in crate::manifest) fn holds_manifests(path: &str, bytes: &[u8]) -> bool {
    // Most files are not worth a parse.
    is_candidate(path)
        && std::str::from_utf8(bytes).is_ok_and(|text| text.contains(PREFIX))
        && parse(bytes, is_json(path)).documents.iter().any(|document| matches!(sort(&document.root), Sort::Ours))
}

fn sort(root: &Node) -> Sort {
    if !matches!(root.content, Content::Map(_)) {
        let message = format!(
            "this document is {}, neither a manifest nor anything that names itself; move it out of the source's path, or name it by `file:`",
            root.kind()
        );
        return Sort::Neither(root.at, message);
    }
    let kind = root.get("kind");
    match root.get("apiVersion") {
        None => match kind {
            None => Sort::Ignored,
            Some(kind) => {
                let message =
                    format!("the document has a `kind` and no `apiVersion`; for a manifest write `apiVersion: {API_VERSION}`");
                Sort::Neither(kind.at, message)
            }
        },
        // As good as none.
        Some(version) if kind.is_some() && (version.is_null() || version.text() == Some("")) => Sort::Neither(
            version.at,
            format!("the document has a `kind`, and its `apiVersion` is empty; for a manifest write `apiVersion: {API_VERSION}`"),
        ),
        Some(_) if is_ours(root) => match kind.and_then(Node::text) {
            Some("Agent") => Sort::Ignored,
            _ => Sort::Ours,
        },
        Some(version) => {
            let text = version.text().unwrap_or_default();
            let kind = kind.and_then(Node::text).filter(|kind| kind.parse::<Kind>().is_ok());
            if !misspelt(text) && kind.is_none() {
                return Sort::Ignored;
            }
            let meant = match kind {
                Some(kind) if !misspelt(text) => format!("; `{kind}` is a kind of Driftless: write `{API_VERSION}`."),
                _ => format!("; did you mean `{API_VERSION}`?"),
            };
            let message = format!(
                "`apiVersion` is {}, so that the document is ignored{meant} If it is somebody else's, list the file in the agent's `source.ignore`; {NOT_PRUNED}",
                shown(text)
            );
            Sort::Suspicious(version.at, message)
        }
    }
}

/// Whether an `apiVersion` is within two letters of ours, as a whole or before the slash.
fn misspelt(version: &str) -> bool {
    let near = |one: &str, other: &str| one.len() < 64 && strsim::damerau_levenshtein(&one.to_lowercase(), other) <= 2;
    let group = |version: &'_ str| version.split('/').next().unwrap_or_default().to_owned();
    near(version, API_VERSION) || near(&group(version), &group(API_VERSION))
}

/// Every `file:` and `parametersFile:` in the document, outside of inline documents. Where one cannot be resolved, its reader tells.
fn names(reading: &Reading<'_>, manifest: &str, node: &Node, named: &mut BTreeSet<String>) {
    for member in node.members().iter().filter(|member| member.key != "inline") {
        if matches!(member.key.as_str(), "file" | "parametersFile") && member.node.text().is_some() {
            let mut value = member.node.clone();
            reading.interpolate(&mut value, crate::interpolate::Place::Field, &mut Interpolated::default());
            named.extend(value.text().and_then(|written| files::resolve(manifest, written).ok()));
        }
        names(reading, manifest, &member.node, named);
    }
    for element in node.elements() {
        names(reading, manifest, element, named);
    }
}
