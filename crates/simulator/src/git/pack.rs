//! Packs: <https://git-scm.com/docs/gitformat-pack>.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha1::{Digest, Sha1};

use super::objects::{Id, Objects};

/// The commits, and of their files all that `but` do not hold. Without deltas.
pub(super) fn pack(objects: &Objects, commits: &BTreeSet<Id>, but: &BTreeSet<Id>) -> Vec<u8> {
    let known = contents(objects, but, &BTreeSet::new());
    let mut ids = contents(objects, commits, &known);
    ids.extend(commits.iter().cloned());
    let mut pack = [b"PACK".as_slice(), &2_u32.to_be_bytes(), &(ids.len() as u32).to_be_bytes()].concat();
    for object in ids.iter().filter_map(|id| objects.get(id)) {
        let mut size = object.data.len();
        let mut byte = ((object.kind as u8) << 4) | (size & 15) as u8;
        size >>= 4;
        while size > 0 {
            pack.push(byte | 128);
            byte = (size & 127) as u8;
            size >>= 7;
        }
        pack.push(byte);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let _ = zlib.write_all(&object.data);
        pack.extend(zlib.finish().unwrap_or_default());
    }
    let hash = Sha1::digest(&pack);
    pack.extend(hash);
    pack
}

/// The trees and blobs of commits, less those in `known`.
fn contents(objects: &Objects, commits: &BTreeSet<Id>, known: &BTreeSet<Id>) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Id> = commits.iter().filter_map(|id| objects.get(id)?.tree.as_ref()).collect();
    while let Some(id) = next.pop() {
        if !known.contains(id) && found.insert(id.clone()) {
            next.extend(objects.get(id).map_or(&[][..], |object| &object.leads_to));
        }
    }
    found
}
