//! What upload-pack answers, in protocol v2: <https://git-scm.com/docs/protocol-v2>, <https://git-scm.com/docs/protocol-common>.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Id, Objects};
use super::pack::pack;

/// What is advertised before any command.
pub(super) fn advertisement() -> Vec<u8> {
    let mut body = lines(["# service=git-upload-pack\n"]);
    body.extend(b"0000");
    body.extend(lines(["version 2\n", "agent=simulator\n", "ls-refs=unborn\n", "fetch=shallow\n", "object-format=sha1\n"]));
    body.extend(b"0000");
    body
}

/// The answer to one command.
pub(super) fn command(objects: &Objects, references: &BTreeMap<String, Id>, body: &[u8]) -> Vec<u8> {
    let said = said(body);
    match said.iter().find_map(|line| line.strip_prefix("command=")) {
        Some("ls-refs") => ls_refs(references, &said),
        Some("fetch") => fetch(objects, &said),
        _ => lines(["ERR unknown command\n"]),
    }
}

fn ls_refs(references: &BTreeMap<String, Id>, said: &[String]) -> Vec<u8> {
    let prefixes: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("ref-prefix ")).collect();
    let wanted = |name: &str| prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
    let head = references.get("refs/heads/main").map(|id| ("HEAD", id, " symref-target:refs/heads/main"));
    let all = head.into_iter().chain(references.iter().map(|(name, id)| (name.as_str(), id, "")));
    let shown = all.filter(|(name, ..)| wanted(name)).map(|(name, id, more)| format!("{id} {name}{more}\n"));
    let mut body = lines(shown);
    body.extend(b"0000");
    body
}

fn fetch(objects: &Objects, said: &[String]) -> Vec<u8> {
    let of = |key: &str| said.iter().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect::<BTreeSet<Id>>();
    let (wants, haves, shallow) = (of("want "), of("have "), of("shallow "));
    if let Some(unknown) = wants.iter().find(|id| objects.get(id).is_none()) {
        return lines([format!("ERR upload-pack: not our ref {unknown}\n")]);
    }
    let common: BTreeSet<Id> = haves.into_iter().filter(|id| objects.get(id).is_some()).collect();
    let mut body = Vec::new();
    if !said.iter().any(|line| line == "done") {
        body.extend(lines(["acknowledgments\n"]));
        if common.is_empty() {
            body.extend(lines(["NAK\n"]));
            body.extend(b"0000");
            return body;
        }
        body.extend(lines(common.iter().map(|id| format!("ACK {id}\n"))));
        body.extend(lines(["ready\n"]));
        body.extend(b"0001");
    }
    let depth = said.iter().find_map(|line| line.strip_prefix("deepen ")?.parse::<usize>().ok());
    let theirs = reach(objects, &common, usize::MAX, &shallow).0;
    let commits = match depth {
        Some(depth) => {
            let relative = said.iter().any(|line| line == "deepen-relative");
            let (within, edge) = if relative && !shallow.is_empty() {
                // Counted from where the client's history ends.
                let (mut all, edge) = reach(objects, &shallow, depth.saturating_add(1), &BTreeSet::new());
                all.extend(reach(objects, &wants, usize::MAX, &shallow).0);
                (all, edge)
            } else {
                reach(objects, &wants, depth, &BTreeSet::new())
            };
            let cut: Vec<String> = edge.difference(&shallow).map(|id| format!("shallow {id}\n")).collect();
            let grown = shallow.iter().filter(|id| within.contains(*id) && !edge.contains(*id));
            let grown: Vec<String> = grown.map(|id| format!("unshallow {id}\n")).collect();
            if !cut.is_empty() || !grown.is_empty() {
                body.extend(lines(["shallow-info\n"]));
                body.extend(lines(cut));
                body.extend(lines(grown));
                body.extend(b"0001");
            }
            within
        }
        None => reach(objects, &wants, usize::MAX, &shallow).0,
    };
    body.extend(lines(["packfile\n"]));
    let sent: BTreeSet<Id> = commits.difference(&theirs).cloned().collect();
    for chunk in pack(objects, &sent, &theirs).chunks(60_000) {
        body.extend(format!("{:04x}\x01", chunk.len() + 5).bytes());
        body.extend(chunk);
    }
    body.extend(b"0000");
    body
}

/// The commits from `starts` on, at most so many in a row and not past `ends`; and those whose parents are left out for
/// their depth.
fn reach(objects: &Objects, starts: &BTreeSet<Id>, depth: usize, ends: &BTreeSet<Id>) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let (mut found, mut edge) = (BTreeSet::new(), BTreeSet::new());
    let mut layer = starts.clone();
    let mut at = 1;
    while !layer.is_empty() {
        let mut next = BTreeSet::new();
        for id in layer {
            if !found.insert(id.clone()) || ends.contains(&id) {
                continue;
            }
            let parents = objects.parents(&id);
            if at >= depth && !parents.is_empty() {
                edge.insert(id);
            } else {
                next.extend(parents.iter().cloned());
            }
        }
        layer = next;
        at = at.saturating_add(1);
    }
    (found, edge)
}

/// As packet lines: <https://git-scm.com/docs/protocol-common#_pkt_line_format>.
fn lines(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<u8> {
    let line = |text: &str| format!("{:04x}{text}", text.len() + 4).into_bytes();
    texts.into_iter().flat_map(|text| line(text.as_ref())).collect()
}

/// The packet lines of a request, without its delimiters.
fn said(mut body: &[u8]) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(size) = body.get(..4).and_then(|hex| usize::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
        let size = size.max(4);
        let Some(line) = body.get(4..size) else { break };
        if !line.is_empty() {
            said.push(String::from_utf8_lossy(line).trim_end().to_owned());
        }
        body = &body[size..];
    }
    said
}
