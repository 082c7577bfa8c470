//! What was fetched of a job: one file, or the zip of all it kept. A zip is made by whoever runs the job, so nothing in it is
//! believed: a name that leads out, too many files or too many bytes refuse all of it; a link is no file, and is told where it is
//! meant.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use super::JobError;
use driftless_core::lfs;

use crate::artifact::blob::{Blob, Digested, Reader, digested};

/// Files and folders in one zip, as in a source.
const ENTRIES: usize = 20_000;
/// Bytes of all its files, unpacked.
const UNPACKED: u64 = 10 * 1024 * 1024 * 1024;

/// See the module.
pub struct Fetched {
    pub(super) job: u64,
    content: Content,
}

enum Content {
    File { path: String, blob: Blob, sha256: String },
    Archive { zip: Mutex<zip::ZipArchive<Reader>>, files: BTreeMap<String, Kept> },
}

/// A file of a job's zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its size.
    pub bytes: u64,
    /// Whether it may be run.
    pub executable: bool,
    /// 64 hex digits.
    pub sha256: String,
    /// Why it is not pushed, if it is meant at all: a link, a pointer.
    pub refused: Option<&'static str>,
    /// Its place in the zip.
    index: usize,
}

impl Fetched {
    /// Blocks.
    pub(super) fn of_file(job: u64, path: String, blob: Blob) -> Result<Self, JobError> {
        let Digested { sha256, lfs, .. } = digested(blob.reader())?;
        if lfs {
            let message = format!("`{path}` of job {job} is not taken: {}", lfs::REFUSED);
            return Err(JobError::missing("ArtifactRefused", message));
        }
        Ok(Fetched { job, content: Content::File { path, blob, sha256 } })
    }

    /// Reads all of it, to hash it; blocks.
    pub(super) fn of_archive(job: u64, blob: Blob) -> Result<Self, JobError> {
        let refused =
            |what: String| JobError::missing("ArtifactRefused", format!("the files of job {job} are not taken: {what}"));
        let unreadable = |error: zip::result::ZipError| refused(format!("no readable zip ({error})"));
        let mut zip = zip::ZipArchive::new(blob.reader()).map_err(unreadable)?;
        if zip.len() > ENTRIES {
            return Err(refused(format!("more than {ENTRIES} files and folders")));
        }
        let (mut files, mut unpacked) = (BTreeMap::new(), 0_u64);
        for index in 0..zip.len() {
            let entry = zip.by_index(index).map_err(unreadable)?;
            let name = contained(entry.name_raw()).map_err(&refused)?;
            if entry.is_dir() {
                continue;
            }
            let link = entry.is_symlink().then_some("it is a symbolic link; let the job keep the file itself");
            let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            // What the directory says of a size need not be true.
            let left = UNPACKED - unpacked;
            let read = digested(entry.take(left + 1)).map_err(|error| refused(format!("`{name}`: {error}")))?;
            unpacked += read.bytes;
            if unpacked > UNPACKED {
                return Err(refused(format!("more than {} GiB unpacked", UNPACKED >> 30)));
            }
            let refused = link.or(read.lfs.then_some(lfs::REFUSED));
            files.insert(name, Kept { bytes: read.bytes, executable, sha256: read.sha256, refused, index });
        }
        Ok(Fetched { job, content: Content::Archive { zip: Mutex::new(zip), files } })
    }

    pub(super) fn is_archive(&self) -> bool {
        matches!(self.content, Content::Archive { .. })
    }

    /// The one file that was fetched, if it is this one.
    pub(super) fn file(&self, wanted: &str) -> Option<(Blob, String)> {
        match &self.content {
            Content::File { path, blob, sha256 } if path == wanted => Some((blob.clone(), sha256.clone())),
            _ => None,
        }
    }

    /// What is below a folder, by path.
    pub(super) fn folder(&self, folder: &str) -> Vec<(String, Kept)> {
        let Content::Archive { files, .. } = &self.content else { return Vec::new() };
        let below = |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        files.iter().filter(|(path, _)| below(path)).map(|(path, kept)| (path.clone(), kept.clone())).collect()
    }

    /// Unpacks one file; blocks.
    pub(in crate::artifact) fn member(&self, path: &str) -> Result<Blob, JobError> {
        let Content::Archive { zip, files } = &self.content else {
            return Err(JobError::Down("one file was fetched where all are wanted".to_owned()));
        };
        let kept = files.get(path).ok_or_else(|| JobError::missing("NotFound", format!("job {} kept no `{path}`", self.job)))?;
        let mut zip = zip.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = zip.by_index(kept.index).map_err(|error| JobError::Down(error.to_string()))?;
        Ok(Blob::of_reader(entry.take(kept.bytes), kept.bytes)?)
    }
}

/// A name that stays inside. Err: why not.
fn contained(name: &[u8]) -> Result<String, String> {
    let name = std::str::from_utf8(name).map_err(|_| "a name that is no UTF-8".to_owned())?;
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if name.starts_with('/')
        || name.contains(['\\', '\0'])
        || parts.contains(&"..")
        || parts.first().is_some_and(|part| part.ends_with(':'))
    {
        return Err(format!("{name:?} leads out of the folder"));
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn archive(entries: &[(&str, &str)]) -> Result<Fetched, JobError> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in entries {
            let options =
                zip::write::SimpleFileOptions::default().unix_permissions(if name.ends_with("run") { 0o755 } else { 0o644 });
            if let Some(target) = text.strip_prefix("-> ") {
                zip.add_symlink(*name, target, options).expect("added");
            } else if name.ends_with('/') {
                zip.add_directory(*name, options).expect("added");
            } else {
                zip.start_file(*name, options).expect("begun");
                zip.write_all(text.as_bytes()).expect("written");
            }
        }
        Fetched::of_archive(7, Blob::Memory(zip.finish().expect("finished").into_inner().into()))
    }

    fn refused(entries: &[(&str, &str)]) -> String {
        archive(entries).err().expect("refused").to_string()
    }

    #[test]
    fn the_files_of_a_zip_are_known_by_size_mode_and_digest_and_read_one_by_one() {
        let fetched =
            archive(&[("dist/", ""), ("dist/bin/run", "#!"), ("dist/a.txt", "abc"), ("distant.txt", "x")]).expect("a zip");
        let names: Vec<String> = fetched.folder("dist").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["dist/a.txt", "dist/bin/run"]);
        assert_eq!(fetched.folder("").len(), 3);
        let kept = &fetched.folder("dist")[0].1;
        assert_eq!(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((kept.bytes, kept.executable, fetched.folder("dist")[1].1.executable), (3, false, true));
        let blob = fetched.member("dist/a.txt").expect("reads");
        assert_eq!(&blob.range(0, 3).expect("reads")[..], b"abc");
        assert!(fetched.member("dist/b.txt").is_err());
    }

    #[test]
    fn nothing_in_a_zip_leads_out_of_it() {
        for name in ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "C:/x"] {
            assert!(refused(&[("fine", "1"), (name, "x")]).contains("leads out of the folder"), "{name}");
        }
        let with_link = archive(&[("link", "-> /etc/passwd"), ("a", "1")]).expect("a zip");
        assert_eq!(with_link.folder("").iter().filter(|(_, kept)| kept.refused.is_some()).count(), 1);
        let blob = Blob::Memory(b"<html>".to_vec().into());
        assert!(Fetched::of_archive(7, blob).err().expect("refused").to_string().contains("no readable zip"));
    }
}
