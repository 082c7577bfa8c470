//! A fetch that was killed may leave any of its files locked, empty, cut in half or missing: the next one works all the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fixtures::{Item, Pushed, git_source, main_branch};
use super::http_server::{Manner, Server};
use super::{Git, SourceError};

/// How a file of the copy is left.
#[derive(Debug, Clone, Copy)]
enum Left {
    Locked,
    Empty,
    Half,
    Garbage,
    Missing,
}

const ALL: [Left; 5] = [Left::Locked, Left::Empty, Left::Half, Left::Garbage, Left::Missing];

impl Left {
    fn leave(self, file: &Path) {
        // Packs are written read-only.
        let replace = |bytes: &[u8]| {
            std::fs::remove_file(file).expect("removed");
            std::fs::write(file, bytes).expect("written");
        };
        match self {
            Left::Locked => {
                let mut lock = file.as_os_str().to_owned();
                lock.push(".lock");
                std::fs::write(lock, "").expect("written");
            }
            Left::Empty => replace(b""),
            Left::Half => {
                let bytes = std::fs::read(file).expect("read");
                replace(&bytes[..bytes.len() / 2]);
            }
            Left::Garbage => {
                let bytes = std::fs::read(file).expect("read");
                replace(&vec![b'x'; bytes.len()]);
            }
            Left::Missing => std::fs::remove_file(file).expect("removed"),
        }
    }
}

struct Setting {
    pushed: Pushed,
    server: Server,
    folder: tempfile::TempDir,
    tip: String,
}

impl Setting {
    /// A repository whose tip has a parent, so that the copy is shallow.
    fn new() -> Self {
        let (pushed, first) = Pushed::with_main();
        let server = Server::start(pushed.path());
        let mut setting = Setting { server, pushed, folder: tempfile::tempdir().expect("a folder"), tip: first };
        setting.push("two");
        setting
    }

    fn push(&mut self, content: &str) {
        self.tip = self.pushed.commit(&[("web.yaml", Item::File(content))], &[&self.tip]);
        self.pushed.point("refs/heads/main", &self.tip);
    }

    /// As a process that has just started has it.
    fn source(&self) -> Git {
        let config = git_source(&self.server.url(), main_branch(), "");
        Git::new(&config, self.folder.path(), &self.cache()).expect("a configuration").with_deadline(Duration::from_secs(60))
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Reads the tip, with its one file.
    async fn reads(&self, what: &str) {
        let snapshot = self.source().snapshot().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((snapshot.revision.sha(), snapshot.files.len()), (Some(self.tip.as_str()), 1), "{what}");
    }

    /// Every file of the copy, from the copy's folder on.
    fn files(&self) -> Vec<PathBuf> {
        let copy = self.copy();
        let (mut found, mut folders) = (Vec::new(), vec![copy.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("read").flatten() {
                match entry.file_type().expect("known").is_dir() {
                    true => folders.push(entry.path()),
                    false => found.push(entry.path().strip_prefix(&copy).expect("in the copy").to_owned()),
                }
            }
        }
        found.sort();
        found
    }

    fn copy(&self) -> PathBuf {
        let copies = std::fs::read_dir(self.cache()).expect("read").flatten().map(|entry| entry.path());
        copies.into_iter().find(|path| path.is_dir()).expect("a copy")
    }
}

#[tokio::test]
async fn whatever_a_killed_fetch_leaves_of_a_file_the_next_one_works() {
    let mut setting = Setting::new();
    setting.reads("the first fetch").await;
    setting.push("three");
    setting.reads("the second fetch").await;
    let files = setting.files();
    for wanted in ["HEAD", "config", "shallow", "refs/driftless/tip"] {
        assert!(files.contains(&PathBuf::from(wanted)), "{files:#?}");
    }
    assert!(files.iter().filter(|file| file.extension().is_some_and(|end| end == "pack")).count() >= 2, "{files:#?}");
    let (whole, tip) = (setting.cache(), setting.tip.clone());
    let kept = setting.folder.path().join("kept");
    copy_all(&whole, &kept);
    let mut cases = 0;
    for file in &files {
        for left in ALL {
            std::fs::remove_dir_all(&whole).expect("removed");
            copy_all(&kept, &whole);
            setting.tip.clone_from(&tip);
            setting.pushed.point("refs/heads/main", &tip);
            left.leave(&setting.copy().join(file));
            let what = format!("{} {left:?}", file.display());
            setting.reads(&what).await;
            setting.push(&what);
            setting.reads(&format!("{what}, and then a push")).await;
            cases += 1;
        }
    }
    assert!(cases >= 40, "{cases}");
}

/// As `cp -r` does.
fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("read").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true => copy_all(&from, &to),
            false => drop(std::fs::copy(&from, &to).expect("copied")),
        }
    }
}

#[tokio::test]
async fn a_lock_of_any_of_gits_names_that_a_kill_left_is_broken() {
    let mut setting = Setting::new();
    setting.reads("the first fetch").await;
    let kept = setting.tip.clone();
    let locks = [
        "shallow.lock",
        "packed-refs.lock",
        "HEAD.lock",
        "config.lock",
        "index.lock",
        "refs/driftless/tip.lock",
        "refs/heads/main.lock",
        "objects/info/alternates.lock",
        "objects/pack/multi-pack-index.lock",
    ];
    for lock in locks {
        let path = setting.copy().join(lock);
        std::fs::create_dir_all(path.parent().expect("in the copy")).expect("made");
        std::fs::write(&path, "").expect("written");
        setting.push(lock);
        setting.reads(lock).await;
        assert!(!path.exists(), "{lock}");
    }
    setting.source().snapshot_at_hand(&kept).await.expect("a lock costs no history: the copy is the one of before");
}

#[tokio::test]
async fn a_copy_that_cannot_be_used_is_made_anew_once_and_an_outage_of_the_server_costs_none() {
    let mut setting = Setting::new();
    setting.reads("the first fetch").await;
    let second = setting.tip.clone();
    setting.push("three");
    setting.server.behave(Manner::BreakInPack);
    let error = setting.source().snapshot().await.expect_err("the server breaks off");
    assert!(error.retry(), "{error}");
    setting.server.behave(Manner::Serve);
    let old = setting.source().snapshot_at(&second).await.expect("what was at hand stays at hand");
    assert_eq!(old.revision.sha(), Some(second.as_str()));
    setting.reads("after the outage").await;
    let names: Vec<_> = std::fs::read_dir(setting.cache()).expect("read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "the copy and its turn, and nothing beside them: {names:?}");
}

#[tokio::test]
async fn agents_that_share_a_cache_take_turns() {
    let mut setting = Setting::new();
    setting.reads("the first fetch").await;
    setting.push("three");
    let readers: Vec<_> = (0..6).map(|_| setting.source()).collect();
    let read = futures_util::future::join_all(readers.iter().map(Git::snapshot)).await;
    for one in read {
        assert_eq!(one.expect("read").revision.sha(), Some(setting.tip.as_str()));
    }
    setting.push("four");
    setting.server.behave(Manner::HangInPack);
    let (hangs, waits) = (setting.source().with_deadline(Duration::from_secs(8)), setting.source());
    let hanging = tokio::spawn(async move { hangs.snapshot().await });
    while !is_taken(&setting) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = waits.with_deadline(Duration::from_secs(2)).snapshot().await.expect_err("its turn does not come");
    assert!(matches!(error, SourceError::CacheInUse { .. }), "{error}");
    hanging.await.expect("no panic").expect_err("it hangs");
}

/// Whether somebody has the turn.
fn is_taken(setting: &Setting) -> bool {
    let copy = setting.copy();
    let file = std::fs::File::open(super::turn::beside(&copy, "turn")).expect("there");
    file.try_lock().is_err()
}
