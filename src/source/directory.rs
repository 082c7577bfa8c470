//! A folder as a source: read in full, named by its contents, watched through the file system's events.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use driftless_core::snapshot::{Entry, MAX_FILE_BYTES, Revision, Snapshot, Unread};
use notify::Watcher;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use super::blocking::with_deadline;
use super::{DEFAULT_DEADLINE, Limits, SourceError};

/// Events closer together than this are one change (an editor writes, renames, and touches).
const QUIET: Duration = Duration::from_millis(200);
/// Under a stream of events without a pause, a change is announced after this long.
const LONGEST_HOLD: Duration = Duration::from_secs(2);
/// Events can be lost (overflow, network file systems, a replaced root), so look this often anyway.
const FALLBACK: Duration = Duration::from_secs(30);
/// How often a reading is started anew when files vanish or change under it.
const ATTEMPTS: usize = 5;

/// A folder.
pub struct Directory {
    path: PathBuf,
    deadline: Duration,
    limits: Limits,
    /// The checkout of a repository, read as its commit will be: without its submodules.
    checkout: bool,
    /// The digest of the last snapshot that was handed out.
    last: Mutex<Option<String>>,
    touched: Arc<Notify>,
    watcher: Mutex<Option<notify::RecommendedWatcher>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Directory {
    /// The folder at `path`; nothing is read yet.
    pub fn new(path: PathBuf) -> Self {
        Directory {
            path,
            deadline: DEFAULT_DEADLINE,
            limits: Limits::default(),
            checkout: false,
            last: Mutex::new(None),
            touched: Arc::new(Notify::new()),
            watcher: Mutex::new(None),
        }
    }

    /// Gives up a snapshot after this long.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Other limits than the default ones.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The checkout of a repository, of which the agent will read commits: what is a submodule there is not entered here.
    pub fn of_checkout(mut self) -> Self {
        self.checkout = true;
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `directory` and the absolute path.
    pub fn identity(&self) -> String {
        let absolute = fs::canonicalize(&self.path).or_else(|_| std::path::absolute(&self.path));
        format!("directory\n{}", absolute.unwrap_or_else(|_| self.path.clone()).display())
    }

    /// Every file below the folder, except in hidden folders (`.git`, `.terraform` …). Symbolic links are reported,
    /// never followed; sockets, pipes and devices are left out.
    ///
    /// # Errors
    /// [`SourceError::PathNotFound`], [`Unreadable`](SourceError::Unreadable), [`TooLarge`](SourceError::TooLarge),
    /// [`Changing`](SourceError::Changing), [`Timeout`](SourceError::Timeout).
    pub async fn snapshot(&self) -> Result<Snapshot, SourceError> {
        let snapshot = self.read().await?;
        if let Revision::Directory { digest } = &snapshot.revision {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest.clone());
        }
        Ok(snapshot)
    }

    async fn read(&self) -> Result<Snapshot, SourceError> {
        let (path, limits) = (self.path.clone(), self.limits);
        let submodules = if self.checkout { submodules(&self.path) } else { None };
        with_deadline(&path.display().to_string(), self.deadline, move |abandoned| {
            read_with_retries(&path, limits, submodules.as_ref(), abandoned)
        })
        .await
    }

    /// Returns when the folder was touched, after 200 ms of quiet, or when its contents differ from the last snapshot's.
    pub async fn changed(&self) {
        if self.start_watching() && self.differs().await {
            return; // It changed before the watch began.
        }
        loop {
            if tokio::time::timeout(FALLBACK, self.touched.notified()).await.is_err() {
                if self.differs().await {
                    // An event was missed: the watch may hang on a folder that was replaced.
                    *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    return;
                }
                continue;
            }
            let hold = tokio::time::sleep(LONGEST_HOLD);
            tokio::pin!(hold);
            loop {
                tokio::select! {
                    () = &mut hold => return,
                    () = tokio::time::sleep(QUIET) => return,
                    () = self.touched.notified() => {}
                }
            }
        }
    }

    /// True when the watch is new. Where the system allows no watch, the fallback remains.
    fn start_watching(&self) -> bool {
        let mut slot = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return false;
        }
        // Events carry the paths as they were watched, so the root is taken as the system sees it.
        let root = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let (touched, below) = (self.touched.clone(), root.clone());
        let on_event = move |event: notify::Result<notify::Event>| {
            if event.as_ref().map_or(true, |event| concerns(event, &below)) {
                touched.notify_one();
            }
        };
        let config = notify::Config::default().with_follow_symlinks(false);
        let started = notify::RecommendedWatcher::new(on_event, config)
            .and_then(|mut watcher| watcher.watch(&root, notify::RecursiveMode::Recursive).map(|()| watcher));
        match started {
            Ok(watcher) => *slot = Some(watcher),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "cannot watch the folder; looking every {} s instead", FALLBACK.as_secs());
            }
        }
        true
    }

    /// A folder that cannot be read differs only if it could be read before.
    async fn differs(&self) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.read().await {
            Ok(Snapshot { revision: Revision::Directory { digest }, .. }) => last != Some(digest),
            Ok(_) | Err(_) => last.is_some(),
        }
    }
}

/// Reading is no change (our own would wake us), and neither is what happens in hidden folders.
fn concerns(event: &notify::Event, root: &Path) -> bool {
    if event.need_rescan() {
        return true;
    }
    let visible = |path: &PathBuf| {
        let folders = path.strip_prefix(root).ok().and_then(Path::parent);
        folders.is_none_or(|folders| !folders.iter().any(hidden))
    };
    !matches!(event.kind, notify::EventKind::Access(_)) && (event.paths.is_empty() || event.paths.iter().any(visible))
}

fn hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Why one reading ended early.
enum Interrupted {
    /// A file vanished or changed: start again.
    Raced,
    /// It will not get better.
    Failed(SourceError),
}

fn read_with_retries(
    root: &Path,
    limits: Limits,
    submodules: Option<&BTreeSet<PathBuf>>,
    abandoned: &AtomicBool,
) -> Result<Snapshot, SourceError> {
    for attempt in 0..ATTEMPTS {
        check_root(root)?;
        match read_once(root, limits, submodules, abandoned) {
            Ok((files, unread)) => {
                let revision = Revision::Directory { digest: digest(&files, &unread) };
                let files = files.into_iter().map(|(path, (entry, _))| (path, entry)).collect();
                return Ok(Snapshot { revision, message: None, files, unread });
            }
            Err(Interrupted::Failed(error)) => return Err(error),
            Err(Interrupted::Raced) => std::thread::sleep(Duration::from_millis(20 << attempt)),
        }
    }
    Err(SourceError::Changing { path: root.display().to_string() })
}

fn check_root(root: &Path) -> Result<(), SourceError> {
    let not_found = |reason: &str| SourceError::PathNotFound {
        path: root.display().to_string(),
        within: "the file system".into(),
        reason: reason.into(),
    };
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(not_found("it is a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(not_found("nothing is there")),
        Err(error) => Err(SourceError::Unreadable { path: root.display().to_string(), reason: error.to_string() }),
    }
}

/// A file, and what of it counts as its content where that was not read: when it was last written.
type Stamped = (Entry, u128);

type Files = (BTreeMap<String, Stamped>, Vec<Unread>);

fn read_once(
    root: &Path,
    limits: Limits,
    submodules: Option<&BTreeSet<PathBuf>>,
    abandoned: &AtomicBool,
) -> Result<Files, Interrupted> {
    let (mut files, mut unread) = (BTreeMap::new(), Vec::new());
    let (mut entries, mut bytes) = (0_usize, 0_u64);
    let mut folders = vec![(root.to_path_buf(), String::new())];
    let too_large = |limit| Interrupted::Failed(SourceError::TooLarge { source_name: root.display().to_string(), limit });
    while let Some((folder, prefix)) = folders.pop() {
        let mut items = fs::read_dir(&folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|error| interrupted(&folder, &error))?;
        // Which files are loaded when there are too many must not change from look to look.
        items.sort_by_key(fs::DirEntry::file_name);
        for item in items {
            if abandoned.load(Ordering::Relaxed) {
                return Err(Interrupted::Raced);
            }
            let kind = item.file_type().map_err(|error| interrupted(&item.path(), &error))?;
            if kind.is_dir() && hidden(&item.file_name()) {
                continue;
            }
            entries += 1;
            if entries > limits.entries {
                return Err(too_large(format!("{} files and folders", limits.entries)));
            }
            let name = format!("{prefix}{}", super::tree::readable(item.file_name().as_encoded_bytes()));
            if kind.is_dir() && submodules.is_some_and(|known| is_submodule(known, &item.path())) {
                unread.push(Unread::submodule(&name));
                files.insert(name, (Entry::Submodule, 0));
            } else if kind.is_dir() {
                folders.push((item.path(), format!("{name}/")));
            } else if kind.is_symlink() {
                if !fs::metadata(item.path()).is_ok_and(|target| target.is_file()) {
                    unread.push(Unread::link(&name));
                }
                files.insert(name, (Entry::Symlink, 0));
            } else if kind.is_file() {
                let entry = read_file(&item.path(), |size| limits.loads(&name, bytes, size))?;
                if let Entry::File(content) = &entry.0 {
                    bytes += content.len() as u64;
                }
                files.insert(name, entry);
            }
        }
    }
    Ok((files, unread))
}

/// The submodules of the repository that `folder` is in, as its `.gitmodules` names them; none where it is in no repository.
/// <https://git-scm.com/docs/gitmodules>
fn submodules(folder: &Path) -> Option<BTreeSet<PathBuf>> {
    let folder = fs::canonicalize(folder).ok()?;
    let root = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let text = fs::read_to_string(root.join(".gitmodules")).unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
    Some(paths.map(|path| root.join(path.trim().trim_matches('"'))).collect())
}

/// Whether Git would have a link to another commit here: one of `known`, or a repository of its own.
fn is_submodule(known: &BTreeSet<PathBuf>, folder: &Path) -> bool {
    fs::canonicalize(folder).is_ok_and(|folder| known.contains(&folder)) || folder.join(".git").exists()
}

/// Reads a regular file; what was swapped for a link, or written to, between the looks is a race.
fn read_file(path: &Path, loads: impl FnOnce(u64) -> bool) -> Result<Stamped, Interrupted> {
    let failed = |error: io::Error| interrupted(path, &error);
    let expected = fs::symlink_metadata(path).map_err(failed)?;
    if !expected.is_file() {
        return Err(Interrupted::Raced);
    }
    let modified = expected.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |time| time.as_nanos());
    if expected.len() > MAX_FILE_BYTES {
        return Ok((Entry::TooLarge(expected.len()), modified));
    }
    if !loads(expected.len()) {
        return Ok((Entry::Unloaded(expected.len()), modified));
    }
    let mut file = fs::File::open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    let mut content = Vec::new();
    (&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
    let after = file.metadata().map_err(failed)?;
    if !same_file(&expected, &opened) || !same_file(&opened, &after) || content.len() as u64 != after.len() {
        return Err(Interrupted::Raced);
    }
    Ok((Entry::File(content), 0))
}

fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if (one.dev(), one.ino()) != (other.dev(), other.ino()) {
            return false;
        }
    }
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

fn interrupted(path: &Path, error: &io::Error) -> Interrupted {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Interrupted::Raced,
        _ => Interrupted::Failed(SourceError::Unreadable { path: path.display().to_string(), reason: error.to_string() }),
    }
}

/// 12 hex digits over the sorted paths and what the snapshot holds under each; lengths keep neighbours apart. Of what is not
/// read, size and time stand for the content.
fn digest(files: &BTreeMap<String, Stamped>, unread: &[Unread]) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (path, (entry, modified)) in files {
        part(path.as_bytes());
        match entry {
            Entry::File(content) => {
                part(b"file");
                part(content);
            }
            Entry::TooLarge(size) | Entry::Unloaded(size) => {
                part(b"not loaded");
                part(&size.to_be_bytes());
                part(&modified.to_be_bytes());
            }
            Entry::Symlink => part(b"symlink"),
            Entry::Submodule => part(b"submodule"),
        }
    }
    for unread in unread {
        part(b"unread");
        part(unread.path.as_bytes());
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
