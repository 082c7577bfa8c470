//! Finds the files that manifests name by `file:`, inside the source's path and nowhere else.

use crate::lfs;
use crate::model::report::{nearest, shown};
use crate::snapshot::{Entry, MAX_FILE_BYTES, Snapshot};

/// The path in the snapshot that `written` in the manifest `manifest` leads to.
///
/// # Errors
/// A sentence: absolute, or out of the source's path.
pub(in crate::manifest) fn resolve(manifest: &str, written: &str) -> Result<String, String> {
    if written.starts_with('/') {
        return Err(format!(
            "{} is an absolute path; a path relative to the manifest is expected, inside the source's path",
            shown(written)
        ));
    }
    let mut parts: Vec<&str> = manifest.split('/').collect();
    parts.pop();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(format!("{} leads out of the source's path; only files inside it can be named", shown(written)));
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Whether `path`, a file or folder, is or holds `file`.
pub(in crate::manifest) fn covers(path: &str, file: &str) -> bool {
    path.is_empty() || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The bytes of the file `path`, which the manifest calls `written`.
///
/// # Errors
/// A sentence: not there (with the nearest that is, if `hints`), a folder, too large, a symbolic link, a submodule.
pub(in crate::manifest) fn open<'s>(snapshot: &'s Snapshot, path: &str, written: &str, hints: bool) -> Result<&'s [u8], String> {
    match snapshot.files.get(path) {
        Some(Entry::File(bytes)) if lfs::is_pointer(bytes) => Err(format!("`{path}`: {}", lfs::REFUSED)),
        Some(Entry::File(bytes)) => Ok(bytes),
        Some(other) => Err(unreadable(other, path).unwrap_or_default()),
        None => Err(missing(snapshot, path, written, hints)),
    }
}

/// Why an entry cannot be read; None for a file.
pub(in crate::manifest) fn unreadable(entry: &Entry, path: &str) -> Option<String> {
    match entry {
        Entry::File(_) => None,
        Entry::TooLarge(bytes) => Some(format!(
            "the file `{path}` has {bytes} bytes and was not read; at most {} MiB are read",
            MAX_FILE_BYTES / (1024 * 1024)
        )),
        Entry::Unloaded(bytes) => Some(format!(
            "the file `{path}` ({bytes} bytes) was not read: the source holds more than is kept at once; point the source's path at a smaller folder"
        )),
        Entry::Symlink => Some(format!("`{path}` is a symbolic link, and links are not followed; put the file itself there")),
        Entry::Submodule => {
            Some(format!("`{path}` is a submodule, and submodules are not entered; put the file itself into this repository"))
        }
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Found {
    File,
    Folder,
}

/// What is at `path`, which the manifest calls `written`; also a file that was not loaded. Of a folder only what is `meant`
/// counts, by its path in there.
///
/// # Errors
/// A sentence: nothing (with the nearest that is, if `hints`), or a symbolic link, a submodule or a pointer of Git LFS at or
/// below it.
pub(in crate::manifest) fn find(
    snapshot: &Snapshot,
    path: &str,
    written: &str,
    hints: bool,
    meant: impl Fn(&str) -> bool,
) -> Result<Found, String> {
    match snapshot.files.get(path) {
        Some(Entry::File(bytes)) if lfs::is_pointer(bytes) => return Err(format!("`{path}`: {}", lfs::REFUSED)),
        Some(Entry::File(_) | Entry::TooLarge(_) | Entry::Unloaded(_)) => return Ok(Found::File),
        Some(other) => return Err(unreadable(other, path).unwrap_or_default()),
        None => {}
    }
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut inside = snapshot.files.range(below.clone()..).take_while(|(file, _)| file.starts_with(&below)).peekable();
    if inside.peek().is_none() {
        let known = snapshot.files.keys().filter(|_| hints).flat_map(|file| {
            let folders = file.match_indices('/').map(|(end, _)| &file[..end]);
            folders.chain(std::iter::once(file.as_str()))
        });
        let folder = |parent: &str| snapshot.files.get(parent).is_some_and(|entry| unreadable(entry, parent).is_some());
        if path.match_indices('/').any(|(end, _)| folder(&path[..end])) {
            return Err(missing(snapshot, path, written, hints));
        }
        let near = nearest(path, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(format!(
            "there is neither a file nor a folder `{path}` in the source (paths are relative to the manifest){near}"
        ));
    }
    for (file, entry) in inside {
        let name = &file[below.len()..];
        let refused = match entry {
            // What could be below it is as far out as it is.
            Entry::Symlink | Entry::Submodule if meant(name) && meant(&format!("{name}/")) => unreadable(entry, file),
            Entry::File(bytes) if lfs::is_pointer(bytes) && meant(name) => Some(format!("`{file}`: {}", lfs::REFUSED)),
            _ => None,
        };
        if let Some(refused) = refused {
            return Err(format!("{refused}; or leave it out by `sync.exclude`"));
        }
    }
    Ok(Found::Folder)
}

fn missing(snapshot: &Snapshot, path: &str, written: &str, hints: bool) -> String {
    let mut parents = path.match_indices('/').map(|(end, _)| &path[..end]);
    if let Some(parent) = parents.find(|parent| matches!(snapshot.files.get(*parent), Some(Entry::Symlink | Entry::Submodule))) {
        return unreadable(&snapshot.files[parent], parent).unwrap_or_default();
    }
    if path.is_empty() || snapshot.files.keys().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))) {
        return format!("{} is a folder; a file is expected", shown(written));
    }
    // The same name elsewhere is nearer than a similar name here.
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let known = || snapshot.files.keys().map(String::as_str).filter(|_| hints);
    let near = known().find(|file| base(file) == base(path)).or_else(|| nearest(path, known()));
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("there is no file `{path}` in the source (paths are relative to the manifest){near}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_manifest_and_stay_inside() {
        assert_eq!(resolve("web.yaml", "web.json"), Ok("web.json".into()));
        assert_eq!(resolve("a/b/web.yaml", "./x//web.json"), Ok("a/b/x/web.json".into()));
        assert_eq!(resolve("a/b/web.yaml", "../../web.json"), Ok("web.json".into()));
        assert_eq!(
            resolve("a/web.yaml", "../../etc/passwd"),
            Err("`../../etc/passwd` leads out of the source's path; only files inside it can be named".into())
        );
        assert_eq!(
            resolve("a/web.yaml", "/etc/passwd"),
            Err("`/etc/passwd` is an absolute path; a path relative to the manifest is expected, inside the source's path".into())
        );
    }
}
