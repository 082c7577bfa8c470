//! Git's objects, and their names: <https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>.

use std::collections::BTreeMap;

use sha1::{Digest, Sha1};

/// The name of an object: 40 hexadecimal digits.
pub(super) type Id = String;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) data: Vec<u8>,
    /// A commit's parents; of a tree its entries; of a blob nothing.
    pub(super) leads_to: Vec<Id>,
    /// A commit's tree.
    pub(super) tree: Option<Id>,
}

/// All objects of a repository.
#[derive(Default)]
pub(super) struct Objects(BTreeMap<Id, Object>);

impl Objects {
    pub(super) fn get(&self, id: &str) -> Option<&Object> {
        self.0.get(id)
    }

    /// The parents of a commit; none of anything else.
    pub(super) fn parents(&self, id: &str) -> &[Id] {
        self.get(id).filter(|object| object.kind == Kind::Commit).map_or(&[], |commit| &commit.leads_to)
    }

    /// A commit of these files, by their paths.
    pub(super) fn commit(&mut self, files: &BTreeMap<String, Vec<u8>>, parents: &[Id], message: &str, time: u64) -> Id {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        let tree = self.tree(&files);
        let parent_lines: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let who = format!("Ada <ada@example.com> {time} +0000");
        let text = format!("tree {tree}\n{parent_lines}author {who}\ncommitter {who}\n\n{message}\n");
        self.add(Object { kind: Kind::Commit, data: text.into_bytes(), leads_to: parents.to_vec(), tree: Some(tree) })
    }

    fn tree(&mut self, files: &[(&str, &[u8])]) -> Id {
        let mut folders: BTreeMap<&str, Vec<(&str, &[u8])>> = BTreeMap::new();
        let mut entries: Vec<(String, &str, &str, Id)> = Vec::new();
        for (path, bytes) in files {
            match path.split_once('/') {
                Some((folder, rest)) => folders.entry(folder).or_default().push((rest, bytes)),
                None => {
                    let blob = Object { kind: Kind::Blob, data: bytes.to_vec(), leads_to: Vec::new(), tree: None };
                    entries.push(((*path).to_owned(), path, "100644", self.add(blob)));
                }
            }
        }
        for (folder, files) in folders {
            let id = self.tree(&files);
            // A folder is sorted as if its name ended with a slash.
            entries.push((format!("{folder}/"), folder, "40000", id));
        }
        entries.sort();
        let mut data = Vec::new();
        for (_, name, mode, id) in &entries {
            data.extend(format!("{mode} {name}\0").into_bytes());
            data.extend(bytes_of(id));
        }
        let leads_to = entries.into_iter().map(|(_, _, _, id)| id).collect();
        self.add(Object { kind: Kind::Tree, data, leads_to, tree: None })
    }

    fn add(&mut self, object: Object) -> Id {
        let kind = match object.kind {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
        };
        let mut hash = Sha1::new();
        hash.update(format!("{kind} {}\0", object.data.len()));
        hash.update(&object.data);
        let id: Id = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.entry(id.clone()).or_insert(object);
        id
    }
}

fn bytes_of(id: &str) -> Vec<u8> {
    (0..id.len() / 2).filter_map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_as_git_names_them() {
        let mut objects = Objects::default();
        // `git hash-object`, of the empty tree and of "hello\n".
        assert_eq!(objects.tree(&[]), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let files = [("hello", b"hello\n".as_slice())];
        let tree = objects.tree(&files);
        assert_eq!(objects.get(&tree).expect("there").leads_to, ["ce013625030ba8dba906f756967f9e9ca394464a"]);
    }
}
