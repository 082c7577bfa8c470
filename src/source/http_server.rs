//! A Git server for the tests, by hand: just enough of protocol v2 over http, serving a local repository.
//!
//! <https://git-scm.com/docs/protocol-v2>, <https://git-scm.com/docs/gitprotocol-http>, <https://git-scm.com/docs/gitformat-pack>

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fixtures::id;

/// How the server treats the next requests.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Serves the repository.
    Serve,
    /// Serves it to whoever sends this `Authorization` value, others get 401.
    Demand(String),
    /// This status line's code and text, and headers.
    Answer(&'static str, String),
    /// Takes the request and never answers.
    Hang,
    /// Serves the repository, but no commit that no reference names.
    ServeNamed,
    /// Serves what references name, and answers 503 to whoever wants history.
    ServeTips,
    /// Lists references, then hangs in the middle of the pack.
    HangInPack,
    /// Lists references, then ends in the middle of the pack.
    BreakInPack,
}

/// Listens on 127.0.0.1 until dropped (the thread ends with the process).
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    manner: Arc<Mutex<Manner>>,
    repository: Arc<Mutex<PathBuf>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(repository: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Server {
            address: listener.local_addr().expect("an address"),
            manner: Arc::new(Mutex::new(Manner::Serve)),
            repository: Arc::new(Mutex::new(repository)),
            seen: Arc::default(),
        };
        let (manner, seen, repository) = (server.manner.clone(), server.seen.clone(), server.repository.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manner, seen) = (manner.clone(), seen.clone());
                let repository = repository.lock().expect("unpoisoned").clone();
                std::thread::spawn(move || serve(stream, &manner, &seen, &repository));
            }
        });
        server
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("unpoisoned") = manner;
    }

    /// Another repository, at the same address.
    pub(crate) fn serve(&self, repository: PathBuf) {
        *self.repository.lock().expect("unpoisoned") = repository;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/acme/deploy.git", self.address)
    }

    /// Request lines and headers so far, and commands in bodies.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("unpoisoned").clone()
    }
}

/// One request a connection.
fn serve(stream: TcpStream, manner: &Mutex<Manner>, seen: &Mutex<Vec<String>>, repository: &PathBuf) {
    let mut reader = BufReader::new(stream);
    let Some((head, body)) = request(&mut reader) else { return };
    let mut stream = reader.into_inner();
    let lines = packet_lines(&body);
    seen.lock().expect("unpoisoned").extend(head.iter().chain(&lines).cloned());
    let manner = manner.lock().expect("unpoisoned").clone();
    let authorization = head
        .iter()
        .find_map(|line| line.to_ascii_lowercase().starts_with("authorization:").then(|| line[14..].trim().to_owned()));
    match &manner {
        Manner::Hang => std::thread::sleep(Duration::from_secs(30)),
        Manner::Answer(status, headers) => respond(&mut stream, status, headers, b"no"),
        Manner::Demand(expected) if authorization.as_ref() != Some(expected) => {
            respond(&mut stream, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"Git\"\r\n", b"");
        }
        manner => answer_git(&mut stream, &head[0], &lines, repository, manner),
    }
}

fn answer_git(stream: &mut TcpStream, request: &str, lines: &[String], repository: &PathBuf, manner: &Manner) {
    const RESULT: &str = "Content-Type: application/x-git-upload-pack-result\r\n";
    if request.starts_with("GET /acme/deploy.git/info/refs?service=git-upload-pack ") {
        let mut body = packets(&["# service=git-upload-pack\n"]);
        body.extend(b"0000");
        body.extend(packets(&["version 2\n", "agent=test\n", "ls-refs=unborn\n", "fetch=shallow\n", "object-format=sha1\n"]));
        body.extend(b"0000");
        return respond(stream, "200 OK", "Content-Type: application/x-git-upload-pack-advertisement\r\n", &body);
    }
    let repository = gix::open_opts(repository, gix::open::Options::isolated()).expect("opens");
    if lines.iter().any(|line| line == "command=ls-refs") {
        return respond(stream, "200 OK", RESULT, &listed(&repository, lines));
    }
    let is_named = |sha: &str| listed(&repository, &[]).windows(40).any(|named| named == sha.as_bytes());
    let history = |line: &String| {
        line.strip_prefix("deepen ").is_some_and(|depth| depth != "1")
            || line.strip_prefix("want ").is_some_and(|sha| !is_named(sha))
    };
    if matches!(manner, Manner::ServeTips) && lines.iter().any(history) {
        return respond(stream, "503 Service Unavailable", "", b"");
    }
    let mut body = Vec::new();
    let value = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key).map(str::to_owned));
    if !lines.iter().any(|line| line == "done") {
        let common: Vec<_> =
            lines.iter().filter_map(|line| line.strip_prefix("have ")).filter(|sha| repository.has_object(id(sha))).collect();
        body.extend(packets(&["acknowledgments\n"]));
        if common.is_empty() {
            body.extend(packets(&["NAK\n"]));
            body.extend(b"0000");
            return respond(stream, "200 OK", RESULT, &body);
        }
        body.extend(common.iter().flat_map(|sha| packets(&[&format!("ACK {sha}\n")])));
        body.extend(packets(&["ready\n"]));
        body.extend(b"0001");
    }
    let want = value("want ").expect("a want");
    if !repository.has_object(id(&want)) || (matches!(manner, Manner::ServeNamed) && !is_named(&want)) {
        body.extend(packets(&[&format!("ERR upload-pack: not our ref {want}\n")]));
        return respond(stream, "200 OK", RESULT, &body);
    }
    let depth: usize = value("deepen ").map_or(usize::MAX, |depth| depth.parse().expect("a number"));
    let (commits, boundary) = ancestors(&repository, id(&want), depth);
    if depth != usize::MAX {
        let shallow = boundary.iter().map(|id| format!("shallow {id}\n"));
        let had: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("shallow ")).map(id).collect();
        let inside = had.iter().filter(|id| commits.contains(id) && !boundary.contains(id));
        let told: Vec<String> = shallow.chain(inside.map(|id| format!("unshallow {id}\n"))).collect();
        if !told.is_empty() {
            body.extend(packets(&["shallow-info\n"]));
            body.extend(told.iter().flat_map(|line| packets(&[line])));
            body.extend(b"0001");
        }
    }
    body.extend(packets(&["packfile\n"]));
    let pack = pack(&repository, id(&want), &commits);
    let sent = if matches!(manner, Manner::Serve | Manner::ServeNamed | Manner::ServeTips | Manner::Demand(_)) {
        pack.len()
    } else {
        pack.len() / 2
    };
    for chunk in pack[..sent].chunks(1000) {
        body.extend(format!("{:04x}\x01", chunk.len() + 5).bytes());
        body.extend(chunk);
    }
    if matches!(manner, Manner::HangInPack) {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{RESULT}Content-Length: {}\r\n\r\n", body.len() + 1000);
        let _ = stream.write_all(&body);
        return std::thread::sleep(Duration::from_secs(30));
    }
    body.extend(b"0000");
    respond(stream, "200 OK", RESULT, &body);
}

fn listed(repository: &gix::Repository, lines: &[String]) -> Vec<u8> {
    let prefixes: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("ref-prefix ")).collect();
    let mut body = Vec::new();
    for found in repository.references().expect("readable").all().expect("readable").flatten() {
        let name = found.name().as_bstr().to_string();
        if prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            let target = found.target().try_id().expect("direct").to_owned();
            let object = repository.find_object(target).expect("there");
            let peeled = if object.kind == gix::objs::Kind::Tag {
                format!(" peeled:{}", object.peel_to_kind(gix::objs::Kind::Commit).expect("a commit").id)
            } else {
                String::new()
            };
            body.extend(packets(&[&format!("{target} {name}{peeled}\n")]));
        }
    }
    body.extend(b"0000");
    body
}

/// So many commits back from `want`, and those of them whose parents come no more. Without a depth, the one alone: what a client
/// has is not looked at.
fn ancestors(repository: &gix::Repository, want: gix::ObjectId, depth: usize) -> (Vec<gix::ObjectId>, Vec<gix::ObjectId>) {
    let first = repository.find_object(want).expect("there").peel_to_commit().expect("a commit").id;
    let (mut all, mut layer) = (vec![first], vec![first]);
    let parents = |id: &gix::ObjectId| -> Vec<gix::ObjectId> {
        repository.find_commit(*id).expect("there").parent_ids().map(gix::Id::detach).collect()
    };
    for _ in 1..depth.min(if depth == usize::MAX { 1 } else { 10_000 }) {
        layer = layer.iter().flat_map(parents).filter(|id| !all.contains(id)).collect();
        all.extend(&layer);
    }
    let boundary = layer.into_iter().filter(|id| !parents(id).is_empty()).collect();
    (all, boundary)
}

/// Tag, commits, trees and blobs, without deltas, in stored deflate blocks.
fn pack(repository: &gix::Repository, want: gix::ObjectId, commits: &[gix::ObjectId]) -> Vec<u8> {
    let mut ids = vec![want];
    for id in commits {
        let tree = repository.find_commit(*id).expect("there").tree().expect("a tree");
        ids.extend([*id, tree.id]);
        ids.extend(tree.traverse().breadthfirst.files().expect("listed").into_iter().map(|entry| entry.oid));
    }
    ids.sort();
    ids.dedup();
    let mut pack = [b"PACK".as_slice(), &2_u32.to_be_bytes(), &(ids.len() as u32).to_be_bytes()].concat();
    for id in ids {
        let object = repository.find_object(id).expect("there");
        let kind = match object.kind {
            gix::objs::Kind::Commit => 1,
            gix::objs::Kind::Tree => 2,
            gix::objs::Kind::Blob => 3,
            gix::objs::Kind::Tag => 4,
        };
        let mut size = object.data.len();
        let mut byte = (kind << 4) | (size & 15) as u8;
        size >>= 4;
        while size > 0 {
            pack.push(byte | 128);
            byte = (size & 127) as u8;
            size >>= 7;
        }
        pack.push(byte);
        pack.extend(zlib_stored(&object.data));
    }
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    pack.extend(hasher.try_finalize().expect("no collision").as_slice());
    pack
}

/// <https://www.rfc-editor.org/rfc/rfc1950> around <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4>.
fn zlib_stored(data: &[u8]) -> Vec<u8> {
    assert!(data.len() <= 65_535, "one block is enough for tests");
    let size = (data.len() as u16).to_le_bytes();
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    [&[0x78, 0x01, 0x01], size.as_slice(), &size.map(|byte| !byte), data, &(b << 16 | a).to_be_bytes()].concat()
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        head.iter().find_map(|line| {
            line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        })
    };
    let mut body = Vec::new();
    if let Some(length) = header("content-length") {
        body.resize(length.parse().ok()?, 0);
        reader.read_exact(&mut body).ok()?;
    } else if header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).ok()? + 2];
            reader.read_exact(&mut chunk).ok()?;
            if chunk.len() == 2 {
                break;
            }
            body.extend(&chunk[..chunk.len() - 2]);
        }
    }
    (!head.is_empty()).then_some((head, body))
}

fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(body);
}

fn packets(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{:04x}{line}", line.len() + 4).into_bytes()).collect()
}

fn packet_lines(mut body: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(size) = body.get(..4).and_then(|hex| usize::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
        let size = size.max(4);
        let Some(line) = body.get(4..size) else { break };
        if !line.is_empty() {
            lines.push(String::from_utf8_lossy(line).trim_end().to_owned());
        }
        body = &body[size..];
    }
    lines
}
