//! Sentences about the history of a source: what is fetched on demand, what is gone for good, and what only cannot be read now.

use std::time::Duration;

use driftless_core::snapshot::Entry;

use super::fixtures::{Item, Pushed, git_source, main_branch};
use super::http_server::{Manner, Server};
use super::{Git, Order};

struct Setting {
    pushed: Pushed,
    /// On main, the oldest first.
    commits: Vec<String>,
    server: Server,
    folder: tempfile::TempDir,
}

impl Setting {
    /// A main branch of so many commits.
    fn with(count: usize) -> Self {
        let pushed = Pushed::new();
        let mut commits: Vec<String> = Vec::new();
        for number in 0..count {
            let parents: Vec<&str> = commits.last().map(String::as_str).into_iter().collect();
            commits.push(pushed.commit(&[("web.yaml", Item::File(&number.to_string()))], &parents));
        }
        pushed.point("refs/heads/main", commits.last().expect("one at least"));
        let server = Server::start(pushed.path());
        Setting { pushed, commits, server, folder: tempfile::tempdir().expect("a folder") }
    }

    /// With a cache of its own.
    fn source(&self, cache: &str) -> Git {
        let config = git_source(&self.server.url(), main_branch(), "");
        let git = Git::new(&config, self.folder.path(), &self.folder.path().join(cache)).expect("a configuration");
        git.with_deadline(Duration::from_secs(20))
    }

    fn fetches(&self) -> usize {
        self.server.seen().iter().filter(|line| *line == "command=fetch").count()
    }
}

fn says(snapshot: &driftless_core::snapshot::Snapshot) -> String {
    let Entry::File(bytes) = &snapshot.files["web.yaml"] else { panic!("a file") };
    String::from_utf8(bytes.clone()).expect("text")
}

#[tokio::test]
async fn an_older_commit_is_fetched_when_it_is_asked_for_and_its_neighbours_with_it() {
    let setting = Setting::with(60);
    let git = setting.source("cache");
    git.snapshot().await.expect("fetched");
    assert!(git.snapshot_at_hand(&setting.commits[40]).await.is_err(), "the newest commit alone is at hand");
    assert_eq!(says(&git.snapshot_at(&setting.commits[40]).await.expect("deepened")), "40");
    let fetches = setting.fetches();
    assert_eq!(says(&git.snapshot_at(&setting.commits[20]).await.expect("came with it")), "20");
    assert_eq!(setting.fetches(), fetches);
    // Beyond the step, by itself.
    assert_eq!(says(&git.snapshot_at(&setting.commits[3]).await.expect("by its id")), "3");
    // The head is read as before.
    assert_eq!(says(&git.snapshot().await.expect("fetched")), "59");
    // A wiped cache costs nothing but time.
    assert_eq!(says(&setting.source("another").snapshot_at(&setting.commits[3]).await.expect("by its id")), "3");
}

#[tokio::test]
async fn a_server_that_gives_out_no_unnamed_commit_is_asked_for_the_history() {
    let setting = Setting::with(60);
    setting.server.behave(Manner::ServeNamed);
    let git = setting.source("cache");
    assert_eq!(says(&git.snapshot_at(&setting.commits[3]).await.expect("deepened")), "3");
    assert!(setting.server.seen().contains(&"deepen 500".to_owned()));
}

#[tokio::test]
async fn what_a_force_push_took_away_is_gone_and_what_cannot_be_read_now_is_not() {
    let setting = Setting::with(3);
    let git = setting.source("cache");
    git.snapshot().await.expect("fetched");
    let error = git.snapshot_at(&"3".repeat(40)).await.expect_err("nobody has it");
    assert!(error.is_gone() && error.to_string().contains("force-push"), "{error}");
    let git = setting.source("another");
    for manner in [Manner::Answer("503 Service Unavailable", String::new()), Manner::BreakInPack, Manner::ServeTips] {
        setting.server.behave(manner);
        let error = git.snapshot_at(&setting.commits[0]).await.expect_err("not now");
        assert!(!error.is_gone(), "{error}");
    }
    setting.server.behave(Manner::Serve);
    assert_eq!(says(&git.snapshot_at(&setting.commits[0]).await.expect("again")), "0");
}

#[tokio::test]
async fn the_history_at_hand_tells_older_from_newer_and_says_so_where_it_does_not() {
    let setting = Setting::with(5);
    let [oldest, .., head] = &setting.commits[..] else { panic!("five") };
    let (before, apart) = (&setting.commits[3], setting.pushed.commit(&[("web.yaml", Item::File("apart"))], &[]));
    let local = setting.pushed.source(main_branch(), "");
    for (other, than, order) in [
        (head, head, Order::Same),
        (oldest, head, Order::Older),
        (head, oldest, Order::Newer),
        (&apart, head, Order::Apart),
        (&"3".repeat(40), head, Order::Unknown),
        (&"dir-0123456789ab".to_owned(), head, Order::Unknown),
    ] {
        assert_eq!(local.order(other, than).await, order, "{other} {than}");
    }
    let remote = setting.source("cache");
    remote.snapshot().await.expect("fetched");
    let fetches = setting.fetches();
    // The commit itself names its parent, though that is not at hand.
    assert_eq!(remote.order(before, head).await, Order::Older);
    assert_eq!(remote.order(oldest, head).await, Order::Unknown);
    assert_eq!(setting.fetches(), fetches, "nothing is fetched for it");
    remote.snapshot_at(oldest).await.expect("deepened");
    assert_eq!(remote.order(oldest, head).await, Order::Older);
}

#[tokio::test]
async fn a_head_that_has_not_moved_is_not_read_again() {
    let setting = Setting::with(2);
    for git in [setting.pushed.source(main_branch(), ""), setting.source("cache")] {
        assert_eq!(git.snapshot_unless(&setting.commits[1]).await.expect("read"), None);
        let read = git.snapshot_unless(&setting.commits[0]).await.expect("read").expect("moved");
        assert_eq!(read.revision.sha(), Some(setting.commits[1].as_str()));
    }
}
