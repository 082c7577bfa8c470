//! Finds the files that artifacts push: below an `S3Artifact`'s `source.path` nothing is read as a manifest, whatever it is
//! called. A website's `config.json` need not say that it is none of ours.

use super::files;
use super::ignored::Ignored;
use super::manifest::{Manifest, is_candidate};
use super::reading::{Interpolated, Reading};
use super::words::is_ours;
use crate::interpolate::Place;
use crate::manifest::text::node::Node;
use crate::manifest::text::parse::{is_json, parse};
use crate::resource::Kind;
use crate::snapshot::Entry;

/// Folders and files of the snapshot that are pushed, and not read. `made` are manifests that no file holds. A manifest that is
/// pushed itself covers nothing.
pub(in crate::manifest) fn covers(reading: &Reading<'_>, made: &[Manifest]) -> Vec<String> {
    let of = |manifest: &Manifest| pushed(reading, &manifest.file, &manifest.document.root);
    let mut named: Vec<(String, &str)> =
        made.iter().filter_map(|manifest| Some((of(manifest)?, manifest.file.as_str()))).collect();
    let ignored = Ignored::new(&reading.agent.ignore).ok();
    let may_be = |path: &str| is_candidate(path) && !ignored.as_ref().is_some_and(|ignored| ignored.covers(path));
    for (file, entry) in reading.snapshot.files.iter().filter(|(path, _)| may_be(path)) {
        let Entry::File(bytes) = entry else { continue };
        // Most files are not worth a parse.
        if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains(Kind::S3Artifact.as_str())) {
            continue;
        }
        for document in parse(bytes, is_json(file)).documents {
            named.extend(pushed(reading, file, &document.root).map(|path| (path, file.as_str())));
        }
    }
    // Outer folders first: they decide whether an inner one's manifest is read at all.
    named.sort_by_key(|(path, _)| path.len());
    let mut covers: Vec<String> = Vec::new();
    for (path, manifest) in named {
        // What covers its own manifest is refused when that is read.
        if !files::covers(&path, manifest) && !covers.iter().any(|outer| files::covers(outer, manifest)) {
            covers.push(path);
        }
    }
    covers
}

/// What a document pushes, if it is an artifact with a path.
fn pushed(reading: &Reading<'_>, file: &str, root: &Node) -> Option<String> {
    if !is_ours(root) || root.get("kind").and_then(Node::text) != Some(Kind::S3Artifact.as_str()) {
        return None;
    }
    let mut path = root.get("spec")?.get("source")?.get("path")?.clone();
    reading.interpolate(&mut path, Place::Field, &mut Interpolated::default());
    files::resolve(file, path.text()?).ok()
}
