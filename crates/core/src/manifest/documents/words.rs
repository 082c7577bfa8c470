//! The words every document has: `apiVersion`, `kind` and names.

use super::fields::{Fields, Scope};
use crate::manifest::text::node::Node;
use crate::model::report::{did_you_mean, listed, shown};
use crate::resource::Kind;

/// What stands at the top of each of our documents.
pub(crate) const API_VERSION: &str = "driftless/v1alpha1";

/// How it begins, in any version.
pub(in crate::manifest) const PREFIX: &str = "driftless/";

/// Whether a document is meant for us: `apiVersion: driftless/…`.
pub(in crate::manifest) fn is_ours(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::text).is_some_and(|version| version.starts_with(PREFIX))
}

/// The version has to be the one there is.
pub(in crate::manifest) fn check_version(scope: &mut Scope<'_>, top: &Fields<'_>) {
    let Some(node) = top.get("apiVersion") else { return };
    if let Some(version) = node.text().filter(|version| *version != API_VERSION) {
        scope.error(node.at, format!("`apiVersion` is {}; this version of Driftless reads `{API_VERSION}`", shown(version)));
    }
}

/// `metadata.name` of a resource. It stands in AWS's tags, in GitLab's status names and after `KIND/` on the command
/// line, so it has letters, digits, `-`, `_` and `.`, begins and ends with a letter or digit, and at most 128 characters.
pub(in crate::manifest) fn resource_name(name: &str) -> Result<(), String> {
    checked(name, "`metadata.name`", 128)
}

/// The agent's `metadata.name`: the same with at most 63 characters, so that `driftless/AGENT/KIND/NAME` fits into the
/// 255 characters of a GitLab status's name.
pub(in crate::manifest) fn agent_name(name: &str) -> Result<(), String> {
    checked(name, "`metadata.name`", 63)
}

fn checked(name: &str, what: &str, most: usize) -> Result<(), String> {
    let count = name.chars().count();
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edges = [name.chars().next(), name.chars().last()];
    let problem = if let Some(wrong) = name.chars().find(|c| !inner(*c)) {
        if wrong == ' ' { "has a space".to_owned() } else { format!("has {}", shown(&wrong.to_string())) }
    } else if !edges.iter().flatten().all(char::is_ascii_alphanumeric) {
        "does not begin and end with a letter or digit".to_owned()
    } else if count > most {
        format!("has {count} characters")
    } else {
        return Ok(());
    };
    Err(format!(
        "{what} is {}, which {problem}; expected are letters, digits, `-`, `_` and `.`, at most {most} of them, the first and the last a letter or digit",
        shown(name)
    ))
}

/// The message for a kind that there is not.
pub(in crate::manifest) fn unknown_kind(kind: &str) -> String {
    let kinds = || Kind::ALL.iter().map(|kind| kind.as_str());
    let near = did_you_mean(kind, kinds().chain(["Agent"]));
    let near = if near.is_empty() { format!("; there is {}", listed(kinds())) } else { near };
    format!("there is no kind {}{near}", shown(kind))
}

/// Letters, digits, underscores and hyphens, 1 to 255.
pub(in crate::manifest) fn aws_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
