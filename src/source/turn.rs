//! Whose turn it is with a copy of a repository: an exclusive lock of the operating system on a file beside it, which the
//! kernel gives back when its process dies, however that dies.
//!
//! Git's own locks are files. A process that is killed leaves them, and nobody can tell them from those of a process that is at
//! work: gix then refuses every write, for ever. With the turn it is known that nobody is at work, so whatever lock is found
//! in the copy is nobody's, and is removed, like the half of a pack that a killed fetch leaves. Agents that share a cache take
//! turns, and whoever waits says for whom.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::SourceError;

/// Between two tries.
const MOMENT: Duration = Duration::from_millis(50);
/// After so long whoever waits says so.
const SAYS_SO: Duration = Duration::from_secs(2);

/// It is ours until dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// Waits for the turn with the copy at `copy` until `until`, and removes what a killed process left there.
///
/// # Errors
/// [`SourceError::CacheInUse`] when another process keeps it for too long, or nobody waits any more; [`SourceError::Cache`].
pub(super) fn take(copy: &Path, until: Instant, abandoned: &AtomicBool) -> Result<Turn, SourceError> {
    let path = beside(copy, "turn");
    let unusable = |error: std::io::Error| SourceError::Cache { path: path.display().to_string(), reason: error.to_string() };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(unusable)?;
    }
    // Whoever waits for the whole of its time would be cut off before it can say for whom.
    let now = Instant::now();
    let until = until - (until.saturating_duration_since(now) / 10).min(Duration::from_millis(500));
    let mut said = false;
    loop {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        match file.try_lock() {
            // The folder may have been deleted since the file was opened: then another process locks another file.
            Ok(()) if !is_at(&file, &path) => continue,
            Ok(()) => {
                sign(&mut file);
                tidy(copy);
                return Ok(Turn { _file: file });
            }
            // A file system without locks: then nobody's turn can be told, and nothing is anybody's to remove.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(Turn { _file: file }),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let holder = signed(&mut file);
        if Instant::now() >= until || abandoned.load(Ordering::Relaxed) {
            return Err(SourceError::CacheInUse { path: copy.display().to_string(), holder });
        }
        if !said && now.elapsed() >= SAYS_SO {
            said = true;
            tracing::info!(copy = %copy.display(), %holder, "another process has its turn with the copy of the repository; waiting");
        }
        std::thread::sleep(MOMENT);
    }
}

/// A file or folder that belongs to the copy and lies beside it, where removing the copy leaves it.
pub(super) fn beside(copy: &Path, what: &str) -> PathBuf {
    let mut name = copy.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}"));
    copy.with_file_name(name)
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = || Some((file.metadata().ok()?.ino(), std::fs::metadata(path).ok()?.ino()));
    same().is_some_and(|(held, found)| held == found)
}

/// Says who has the turn, for whoever waits. What cannot be written is not said.
fn sign(file: &mut File) {
    // https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html; containers share numbers, hardly ever names.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = Some(host.trim()).filter(|host| !host.is_empty()).map(|host| format!(" on {host}")).unwrap_or_default();
    let _ = file.set_len(0);
    let _ = file.rewind();
    let _ = write!(file, "process {}{host}", std::process::id());
}

fn signed(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.take(200).read_to_string(&mut text);
    let text: String = text.chars().filter(|one| !one.is_control()).collect();
    if text.is_empty() { "another process".to_owned() } else { text }
}

/// Removes what only a process at work may have: locks, files that are still written, copies that were to take the place of
/// this one or made room for it.
fn tidy(copy: &Path) {
    for left in ["new", "old"] {
        let _ = std::fs::remove_dir_all(beside(copy, left));
    }
    let mut folders = vec![copy.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            // Links are not followed.
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if name.ends_with(".lock") || name.starts_with(".tmp") || name.starts_with("tmp_") {
                tracing::info!(file = %entry.path().display(), "removed what a process that was killed left in the copy");
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(300)
    }

    #[test]
    fn one_has_the_turn_and_the_other_says_for_whom_it_waited() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("cache/0f.git");
        let turn = take(&copy, soon(), &AtomicBool::new(false)).expect("free");
        let error = take(&copy, soon(), &AtomicBool::new(false)).expect_err("taken").to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(turn);
        take(&copy, soon(), &AtomicBool::new(false)).expect("free again");
    }

    #[test]
    fn whoever_waits_is_let_in_as_soon_as_the_other_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("0f.git");
        let turn = take(&copy, soon(), &AtomicBool::new(false)).expect("free");
        let waits = std::thread::spawn(move || take(&copy, Instant::now() + Duration::from_secs(60), &AtomicBool::new(false)));
        std::thread::sleep(Duration::from_millis(120));
        drop(turn);
        waits.join().expect("no panic").expect("its turn came");
    }

    #[test]
    fn nobody_waits_for_a_turn_that_is_no_longer_wanted() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("0f.git");
        let _turn = take(&copy, soon(), &AtomicBool::new(false)).expect("free");
        let (began, hour) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        take(&copy, hour, &AtomicBool::new(true)).expect_err("nobody wants it");
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_deleted_cache_is_no_reason_for_two_to_have_the_turn() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("cache/0f.git");
        drop(take(&copy, soon(), &AtomicBool::new(false)).expect("free"));
        std::fs::remove_dir_all(folder.path().join("cache")).expect("deleted");
        let _turn = take(&copy, soon(), &AtomicBool::new(false)).expect("free");
        take(&copy, soon(), &AtomicBool::new(false)).expect_err("taken");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_with_the_turn_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("0f.git");
        let files = [
            "HEAD",
            "shallow.lock",
            "refs/driftless/tip",
            "refs/driftless/tip.lock",
            "objects/pack/.tmpA1",
            "objects/pack/p.pack",
        ];
        for file in files {
            let file = copy.join(file);
            std::fs::create_dir_all(file.parent().expect("in the copy")).expect("made");
            std::fs::write(file, "x").expect("written");
        }
        std::fs::create_dir_all(beside(&copy, "new")).expect("made");
        let _turn = take(&copy, soon(), &AtomicBool::new(false)).expect("free");
        let left: Vec<&str> = files.into_iter().filter(|file| copy.join(file).exists()).collect();
        assert_eq!(left, ["HEAD", "refs/driftless/tip", "objects/pack/p.pack"]);
        assert!(!beside(&copy, "new").exists());
    }
}
