//! Sentences about a repository over http, against a server on loopback.

use std::path::Path;
use std::time::{Duration, Instant};

use driftless_core::agent::GitReference;
use driftless_core::snapshot::Entry;

use super::Git;
use super::SourceError;
use super::fixtures::{Item, Pushed, git_source, main_branch};
use super::http_server::{Manner, Server};

const TOKEN: &str = "glpat-hunter2";
/// `oauth2:glpat-hunter2` in base64.
const BASIC: &str = "Basic b2F1dGgyOmdscGF0LWh1bnRlcjI=";

struct Setting {
    pushed: Pushed,
    first: String,
    server: Server,
    folder: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let (pushed, first) = Pushed::with_main();
        let server = Server::start(pushed.path());
        Setting { server, pushed, first, folder: tempfile::tempdir().expect("a folder") }
    }

    fn source(&self, reference: GitReference) -> Git {
        let config = git_source(&self.server.url(), reference, "");
        Git::new(&config, self.folder.path(), &self.cache()).expect("a configuration").with_deadline(Duration::from_secs(20))
    }

    fn with_token(&self, token: &str) -> Git {
        std::fs::write(self.folder.path().join("token"), token).expect("written");
        let mut config = git_source(&self.server.url(), main_branch(), "");
        config.token_file = Some("token".into());
        Git::new(&config, self.folder.path(), &self.cache()).expect("a configuration").with_deadline(Duration::from_secs(20))
    }

    fn cache(&self) -> std::path::PathBuf {
        self.folder.path().join("cache")
    }

    fn push(&self, content: &str, parents: &[&str]) -> String {
        let sha = self.pushed.commit(&[("web.yaml", Item::File(content))], parents);
        self.pushed.point("refs/heads/main", &sha);
        sha
    }
}

fn content(snapshot: &driftless_core::snapshot::Snapshot) -> &Entry {
    &snapshot.files["web.yaml"]
}

fn text(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_branch_is_fetched_without_its_history_and_then_incrementally() {
    let setting = Setting::new();
    let second = setting.push("two", &[&setting.first]);
    let git = setting.source(main_branch());
    let snapshot = git.snapshot().await.expect("fetched");
    assert_eq!((snapshot.revision.sha(), content(&snapshot)), (Some(second.as_str()), &text("two")));
    assert!(setting.server.seen().contains(&"deepen 1".to_owned()));
    let before = git.snapshot_at_hand(&setting.first).await.expect_err("beyond the shallow history").to_string();
    assert!(before.contains("shallow and does not reach it"), "{before}");

    let third = setting.push("three", &[&second]);
    let snapshot = git.snapshot().await.expect("fetched");
    assert_eq!((snapshot.revision.sha(), content(&snapshot)), (Some(third.as_str()), &text("three")));
    assert!(setting.server.seen().contains(&format!("have {second}")), "{:#?}", setting.server.seen());
    assert_eq!(content(&git.snapshot_at(&second).await.expect("fetched earlier")), &text("two"));
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_told_as_that_and_not_as_the_source() {
    let setting = Setting::new();
    std::fs::write(setting.cache(), "in the way").expect("written");
    let error = setting.source(main_branch()).snapshot().await.expect_err("nowhere to keep it");
    assert!(matches!(error, SourceError::Cache { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.starts_with("the agent cannot keep its copy of the repository in `"), "{told}");
    assert!(told.ends_with("with --cache DIR or CACHE_DIRECTORY"), "{told}");
}

#[tokio::test]
async fn an_unchanged_branch_transfers_no_pack() {
    let setting = Setting::new();
    let git = setting.source(main_branch());
    let first = git.snapshot().await.expect("fetched");
    let fetches = |seen: Vec<String>| seen.iter().filter(|line| *line == "command=fetch").count();
    let before = fetches(setting.server.seen());
    assert_eq!(git.snapshot().await.expect("fetched"), first);
    assert_eq!(fetches(setting.server.seen()), before);
}

#[tokio::test]
async fn a_force_push_is_followed_and_the_copy_survives_a_restart() {
    let setting = Setting::new();
    setting.source(main_branch()).snapshot().await.expect("fetched");
    let rewritten = setting.push("rewritten", &[]);
    let git = setting.source(main_branch());
    assert_eq!(git.snapshot().await.expect("fetched").revision.sha(), Some(rewritten.as_str()));
    assert_eq!(content(&git.snapshot_at(&setting.first).await.expect("fetched earlier")), &text("one"));
}

#[tokio::test]
async fn a_branch_reset_to_an_older_commit_is_followed() {
    let setting = Setting::new();
    let git = setting.source(main_branch());
    git.snapshot().await.expect("fetched");
    setting.push("two", &[&setting.first]);
    git.snapshot().await.expect("fetched");
    setting.pushed.point("refs/heads/main", &setting.first);
    assert_eq!(git.snapshot().await.expect("fetched").revision.sha(), Some(setting.first.as_str()));
}

#[tokio::test]
async fn a_deleted_branch_is_an_error_and_comes_back_with_the_branch() {
    let setting = Setting::new();
    setting.pushed.point("refs/heads/other", &setting.first);
    let git = setting.source(main_branch());
    git.snapshot().await.expect("fetched");
    setting.pushed.delete("refs/heads/main");
    let error = git.snapshot().await.expect_err("deleted").to_string();
    assert!(error.contains("has no branch `main` (it has `other`)"), "{error}");
    setting.pushed.point("refs/heads/main", &setting.first);
    git.snapshot().await.expect("restored");
}

#[tokio::test]
async fn an_empty_repository_says_that_it_is_empty() {
    let setting = Setting::new();
    setting.pushed.delete("refs/heads/main");
    let error = setting.source(main_branch()).snapshot().await.expect_err("empty").to_string();
    assert!(error.contains("is empty; push a first commit to the branch main"), "{error}");
}

#[tokio::test]
async fn an_annotated_tag_leads_to_its_commit_and_a_moved_one_is_followed() {
    let setting = Setting::new();
    setting.pushed.annotate("v1", &setting.first);
    let git = setting.source(GitReference::Tag("v1".into()));
    assert_eq!(git.snapshot().await.expect("fetched").revision.to_string(), format!("v1@{}", setting.first));
    let second = setting.push("two", &[&setting.first]);
    setting.pushed.annotate("v1", &second);
    assert_eq!(git.snapshot().await.expect("fetched").revision.to_string(), format!("v1@{second}"));
}

#[tokio::test]
async fn a_pinned_commit_is_fetched_once_and_then_read_without_the_server() {
    let setting = Setting::new();
    setting.push("two", &[&setting.first]);
    let git = setting.source(GitReference::Commit(setting.first.clone()));
    assert_eq!(content(&git.snapshot().await.expect("fetched")), &text("one"));
    setting.server.behave(Manner::Answer("500 Internal Server Error", String::new()));
    assert_eq!(content(&git.snapshot().await.expect("at hand")), &text("one"));
}

#[tokio::test]
async fn a_commit_the_server_does_not_hold_is_an_error() {
    let setting = Setting::new();
    let error = setting.source(GitReference::Commit("3".repeat(40))).snapshot().await.expect_err("absent");
    assert_eq!(error.label(), "commit_not_found", "{error}");
}

#[tokio::test]
async fn the_token_is_read_anew_for_each_fetch_and_sent_as_basic_auth() {
    let setting = Setting::new();
    setting.server.behave(Manner::Demand(BASIC.into()));
    let git = setting.with_token("glpat-expired\n");
    let error = git.snapshot().await.expect_err("wrong").to_string();
    assert!(error.contains("refused the credentials (401)") && error.contains("token` is wrong, expired"), "{error}");
    assert!(!error.contains("glpat") && !error.contains("b2F1"), "{error}");
    std::fs::write(setting.folder.path().join("token"), format!("{TOKEN}\nsecond line\n")).expect("written");
    git.snapshot().await.expect("the new token is taken up");
}

#[tokio::test]
async fn without_a_token_a_private_repository_asks_for_one() {
    let setting = Setting::new();
    setting.server.behave(Manner::Demand(BASIC.into()));
    let error = setting.source(main_branch()).snapshot().await.expect_err("private").to_string();
    assert!(error.contains("not public; give spec.source.git a tokenFile"), "{error}");
}

#[tokio::test]
async fn a_missing_or_empty_or_odd_token_file_is_said_before_anything_is_sent() {
    let setting = Setting::new();
    for (content, word) in
        [("\n", "first line is empty"), ("a\u{7f}b", "characters that no token has"), ("a b", "characters that no token has")]
    {
        let error = setting.with_token(content).snapshot().await.expect_err("unusable");
        assert!(error.label() == "token" && error.to_string().contains(word), "{error}");
    }
    let git = setting.with_token(TOKEN);
    std::fs::remove_file(setting.folder.path().join("token")).expect("removed");
    assert_eq!(git.snapshot().await.expect_err("missing").label(), "token");
    assert!(setting.server.seen().is_empty());
}

#[tokio::test]
async fn a_token_never_follows_a_redirect() {
    let (setting, elsewhere) = (Setting::new(), Setting::new());
    let location = format!("Location: {}/info/refs?service=git-upload-pack\r\n", elsewhere.server.url());
    setting.server.behave(Manner::Answer("302 Found", location));
    let error = setting.with_token(TOKEN).snapshot().await.expect_err("redirected");
    assert_eq!(error.label(), "redirected", "{error}");
    assert!(elsewhere.server.seen().is_empty());
}

#[tokio::test]
async fn refusals_and_failures_of_the_server_are_told_apart() {
    let setting = Setting::new();
    for (status, label, retry) in [
        ("403 Forbidden", "repository_not_found", false),
        ("404 Not Found", "repository_not_found", false),
        ("500 Internal Server Error", "unreachable", true),
        ("503 Service Unavailable", "unreachable", true),
        ("429 Too Many Requests", "unreachable", true),
    ] {
        setting.server.behave(Manner::Answer(status, String::new()));
        let error = setting.with_token(TOKEN).snapshot().await.expect_err(status);
        assert_eq!((error.label(), error.retry()), (label, retry), "{error}");
        assert!(error.to_string().contains(&status[..3]), "{error}");
        assert!(!error.to_string().contains(TOKEN) && !error.to_string().contains("b2F1"), "{error}");
    }
    setting.server.behave(Manner::Answer("200 OK", "Content-Type: text/html\r\n".into()));
    let error = setting.source(main_branch()).snapshot().await.expect_err("a web page").to_string();
    assert!(error.contains("not as a Git server does"), "{error}");
}

#[tokio::test]
async fn a_vanished_server_is_unreachable_and_older_commits_stay_readable() {
    let mut setting = Setting::new();
    setting.source(main_branch()).snapshot().await.expect("fetched");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    setting.server.address.set_port(port); // Nobody listens there any more.
    let error = setting.source(main_branch()).snapshot().await.expect_err("gone");
    assert!(matches!(error, SourceError::Unreachable { .. }) && error.retry(), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}/acme/deploy.git")), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_at_the_deadline() {
    let setting = Setting::new();
    for manner in [Manner::Hang, Manner::HangInPack] {
        setting.server.behave(manner);
        let git = setting.source(main_branch()).with_deadline(Duration::from_millis(500));
        let started = Instant::now();
        let error = git.snapshot().await.expect_err("hangs");
        assert!(error.retry() && started.elapsed() < Duration::from_secs(3), "{error} after {:?}", started.elapsed());
        setting.server.behave(Manner::Serve);
        let git = git.with_deadline(Duration::from_secs(20));
        git.snapshot().await.expect("serves again");
        Git::new(&git_source(&setting.server.url(), main_branch(), ""), Path::new("/"), &setting.cache()).expect("the same copy");
        std::fs::remove_dir_all(setting.cache()).expect("removed");
    }
}

#[tokio::test]
async fn a_pack_that_ends_too_early_leaves_the_copy_usable() {
    let setting = Setting::new();
    let git = setting.source(main_branch());
    git.snapshot().await.expect("fetched");
    setting.push("two", &[&setting.first]);
    setting.server.behave(Manner::BreakInPack);
    let error = git.snapshot().await.expect_err("broken off");
    assert!(error.retry(), "{error}");
    setting.server.behave(Manner::Serve);
    assert_eq!(content(&git.snapshot().await.expect("fetched")), &text("two"));
}

#[tokio::test]
async fn a_damaged_copy_is_made_anew() {
    let setting = Setting::new();
    let git = setting.source(main_branch());
    git.snapshot().await.expect("fetched");
    let inside = std::fs::read_dir(setting.cache()).expect("readable").flatten().map(|entry| entry.path());
    let copy = inside.into_iter().find(|path| path.is_dir()).expect("a copy");
    for file in std::fs::read_dir(copy.join("objects/pack")).expect("readable").flatten() {
        std::fs::remove_file(file.path()).expect("removed");
    }
    assert_eq!(content(&git.snapshot().await.expect("fetched anew")), &text("one"));
    std::fs::remove_file(copy.join("HEAD")).expect("removed");
    assert_eq!(content(&git.snapshot().await.expect("fetched anew")), &text("one"));
}
