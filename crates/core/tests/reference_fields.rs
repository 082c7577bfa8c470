//! docs/manifest-reference.md names every field that a manifest and the configuration may have, and no other. Which those are, the
//! reader itself tells: of an unknown field it says which are known.

use std::collections::BTreeSet;

use driftless_core::manifest::read_agent;
use serde_json::{Value, json};

use crate::manifest_source;

const REFERENCE: &str = include_str!("../../../docs/manifest-reference.md");
const KINDS: [&str; 5] = ["EcsService", "EcsTask", "CloudFormationStack", "S3Artifact", "Ec2Deployment"];
/// As no field is called, nor anything like it.
const NONE: &str = "qqqqqqqqqqqq";

/// A place in a document: members, each perhaps of a list's first element.
type Place = Vec<(String, bool)>;

fn path(place: &Place) -> String {
    let parts = place.iter().map(|(name, list)| if *list { format!("{name}[0]") } else { name.clone() });
    parts.collect::<Vec<_>>().join(".")
}

/// A document with an unknown field at this place alone.
fn document(kind: &str, place: &Place) -> String {
    let mut value = json!({NONE: 1});
    for (name, list) in place.iter().rev() {
        value = if *list { json!([value]) } else { value };
        value = json!({name: value});
    }
    let top = value.as_object_mut().expect("an object");
    top.insert("apiVersion".into(), json!("driftless/v1alpha1"));
    top.insert("kind".into(), json!(kind));
    let metadata = top.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("name".into(), json!("web"));
    }
    Value::to_string(&value)
}

/// The fields that are known there; None where there are no fields of ours.
fn known(kind: &str, place: &Place) -> Option<Vec<String>> {
    let text = document(kind, place);
    let told: Vec<String> = match kind {
        "Agent" => {
            let errors = read_agent("driftless.json", text.as_bytes()).expect_err("it has an unknown field");
            errors.into_iter().map(|problem| problem.message).collect()
        }
        _ => manifest_source::read(&[("web.json", text)]).errors.into_iter().map(|problem| problem.message).collect(),
    };
    let begin = format!("there is no field `{NONE}` in `{}`; known are ", path(place));
    let known = told.iter().find_map(|message| message.strip_prefix(begin.as_str()))?;
    Some(known.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// All fields of a kind, as `source.git.url`, and `[]` behind lists' names.
fn fields(kind: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut places: Vec<Place> = vec![vec![("metadata".to_owned(), false)], vec![("spec".to_owned(), false)]];
    while let Some(place) = places.pop() {
        let Some(names) = known(kind, &place) else { continue };
        for name in names {
            let below = |list: bool| place.iter().cloned().chain([(name.clone(), list)]).collect::<Place>();
            all.insert(path(&below(false)).replace("[0]", "[]"));
            places.extend([below(false), below(true)]);
        }
    }
    assert!(all.len() > 3, "{kind}: {all:?}");
    all
}

/// The part of the reference from this heading to the next one of its sort.
fn section(heading: &str) -> &'static str {
    let from = REFERENCE.find(heading).unwrap_or_else(|| panic!("no {heading}"));
    let rest = &REFERENCE[from + heading.len()..];
    let end = [rest.find("\n## "), rest.find("\n### ")].into_iter().flatten().min();
    &rest[..end.unwrap_or(rest.len())]
}

/// What stands in code in a line of text.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The words that stand in code, in whole blocks of it too.
fn named(text: &str) -> BTreeSet<&str> {
    let parts = text.split("```").enumerate();
    let blocks = parts.map(|(number, part)| if number % 2 == 1 { vec![part] } else { code(part) });
    blocks.flatten().flat_map(words).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn told(kind: &str) -> String {
    match kind {
        "Agent" => section("## The agent").to_owned(),
        kind => format!("{}{}", section(&format!("### `kind: {kind}`")), section("## Manifests")),
    }
}

#[test]
fn every_field_that_is_read_is_in_the_reference() {
    for kind in KINDS.into_iter().chain(["Agent"]) {
        // What a table says of `cluster` of another kind it says of this one's.
        let elsewhere = if kind == "EcsTask" { told("EcsService") } else { String::new() };
        let text = told(kind) + &elsewhere;
        let named = named(&text);
        let missing = fields(kind);
        let name = |field: &String| field.rsplit('.').next().unwrap_or_default().trim_end_matches("[]").to_owned();
        let missing: Vec<&String> = missing.iter().filter(|field| !named.contains(name(field).as_str())).collect();
        assert!(missing.is_empty(), "not in docs/manifest-reference.md, of {kind}: {missing:?}");
    }
}

#[test]
fn every_field_in_the_reference_is_read() {
    for kind in KINDS.into_iter().chain(["Agent"]) {
        let read = fields(kind);
        let names: BTreeSet<&str> = read.iter().flat_map(|field| words(field)).chain(["spec", "metadata"]).collect();
        let text = told(kind);
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let mut seen = 0;
        for cell in rows.filter_map(|row| row.split('|').nth(1)) {
            for field in code(cell) {
                seen += 1;
                // `adopt: force` has its value beside it.
                let field = field.split(':').next().unwrap_or_default();
                let unknown: Vec<&str> = words(field).filter(|word| !names.contains(word)).collect();
                assert!(
                    unknown.is_empty(),
                    "`{field}` of {kind} is in docs/manifest-reference.md, and not read: {unknown:?} of {read:?}"
                );
            }
        }
        assert!(seen > 3, "{kind}: {seen}");
    }
}

/// The words that follow these beginnings in the sources.
fn reasons(folder: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            reasons(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") && !entry.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&entry).expect("read");
            for begin in ["stalled(", "Stalled { reason: "] {
                let reasons = text.split(begin).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
                found.extend(reasons.map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_reason_for_which_something_is_stalled_is_in_the_operations_and_no_other() {
    let operations = include_str!("../../../docs/operations.md");
    let table = operations.split("### Why something is Stalled").nth(1).expect("the table");
    let table = table.split("\n\n").nth(1).expect("its rows");
    let told: BTreeSet<&str> = table.lines().filter_map(|row| row.split('|').nth(1)).flat_map(code).collect();
    let mut found = BTreeSet::new();
    for folder in ["crates/core/src", "src"] {
        reasons(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder), &mut found);
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(told, found);
}
