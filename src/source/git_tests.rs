//! Sentences about a local Git repository as a source.

use std::path::Path;
use std::sync::Arc;

use driftless_core::agent::GitReference;
use driftless_core::snapshot::{Entry, MAX_FILE_BYTES, Revision, Snapshot};
use gix::prelude::Write;

use super::fixtures::{Item, Pushed, git_source, main_branch};
use super::{Git, Limits};

fn file(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_branch_is_read_from_the_object_database_and_called_branch_at_sha() {
    let (pushed, sha) = Pushed::with_main();
    let snapshot = pushed.source(main_branch(), "").snapshot().await.expect("readable");
    assert_eq!(snapshot.revision, Revision::Git { reference: "main".into(), sha: sha.clone() });
    assert_eq!(snapshot.revision.to_string(), format!("main@{sha}"));
    assert_eq!(snapshot.files.keys().collect::<Vec<_>>(), ["production/web.yaml", "web.yaml"]);
}

#[tokio::test]
async fn a_file_url_reads_the_same_repository() {
    let (pushed, sha) = Pushed::with_main();
    let config = git_source(&format!("file://{}", pushed.path().display()), main_branch(), "");
    let git = Git::new(&config, Path::new("/"), Path::new("/nowhere")).expect("a configuration");
    assert_eq!(git.snapshot().await.expect("readable").revision.sha(), Some(sha.as_str()));
    assert_eq!(git.identity(), pushed.source(main_branch(), "").identity());
}

#[tokio::test]
async fn a_relative_path_starts_at_the_configurations_folder() {
    let (pushed, sha) = Pushed::with_main();
    let config = git_source("deploy.git", main_branch(), "");
    let git = Git::new(&config, pushed.path().parent().expect("a parent"), Path::new("/nowhere")).expect("a configuration");
    assert_eq!(git.snapshot().await.expect("readable").revision.sha(), Some(sha.as_str()));
}

#[tokio::test]
async fn only_the_configured_path_is_read_and_names_are_relative_to_it() {
    let (pushed, _) = Pushed::with_main();
    for path in ["production", "production/", "./production"] {
        let files = pushed.source(main_branch(), path).snapshot().await.expect("readable").files;
        assert_eq!(files.keys().collect::<Vec<_>>(), ["web.yaml"]);
    }
}

#[tokio::test]
async fn a_push_is_seen_by_the_next_snapshot() {
    let (pushed, first) = Pushed::with_main();
    let git = pushed.source(main_branch(), "");
    git.snapshot().await.expect("readable");
    let second = pushed.commit(&[("web.yaml", Item::File("two"))], &[&first]);
    pushed.point("refs/heads/main", &second);
    let snapshot = git.snapshot().await.expect("readable");
    assert_eq!(snapshot.revision.sha(), Some(second.as_str()));
    assert_eq!(snapshot.files.into_iter().collect::<Vec<_>>(), [("web.yaml".into(), file("two"))]);
    let older = git.snapshot_at(&first).await.expect("at hand");
    assert_eq!(older.files["web.yaml"], file("one"));
    assert_eq!(older.revision.sha(), Some(first.as_str()));
}

#[tokio::test]
async fn a_force_push_is_followed() {
    let (pushed, _) = Pushed::with_main();
    let git = pushed.source(main_branch(), "");
    git.snapshot().await.expect("readable");
    let unrelated = pushed.commit(&[("web.yaml", Item::File("rewritten"))], &[]);
    pushed.point("refs/heads/main", &unrelated);
    assert_eq!(git.snapshot().await.expect("readable").files["web.yaml"], file("rewritten"));
}

#[tokio::test]
async fn a_deleted_branch_is_an_error_that_names_the_branches_there_are() {
    let (pushed, sha) = Pushed::with_main();
    pushed.point("refs/heads/maintenance", &sha);
    let git = pushed.source(main_branch(), "");
    git.snapshot().await.expect("readable");
    pushed.delete("refs/heads/main");
    let error = git.snapshot().await.expect_err("deleted");
    assert!(!error.retry());
    assert!(error.to_string().contains("has no branch `main` (it has `maintenance`); it was deleted"), "{error}");
}

#[tokio::test]
async fn an_empty_repository_says_that_it_is_empty() {
    let error = Pushed::new().source(main_branch(), "").snapshot().await.expect_err("empty");
    assert!(error.to_string().ends_with("is empty; push a first commit to the branch main"), "{error}");
}

#[tokio::test]
async fn annotated_and_plain_tags_lead_to_their_commit_and_a_moved_tag_is_followed() {
    let (pushed, first) = Pushed::with_main();
    let second = pushed.commit(&[("web.yaml", Item::File("two"))], &[&first]);
    pushed.annotate("v1", &first);
    pushed.point("refs/tags/v2", &first);
    for tag in ["v1", "v2"] {
        let git = pushed.source(GitReference::Tag(tag.into()), "");
        assert_eq!(git.snapshot().await.expect("readable").revision.to_string(), format!("{tag}@{first}"));
        match tag {
            "v1" => pushed.annotate(tag, &second),
            _ => pushed.point("refs/tags/v2", &second),
        }
        assert_eq!(git.snapshot().await.expect("readable").revision.to_string(), format!("{tag}@{second}"));
    }
    let error = pushed.source(GitReference::Tag("v3".into()), "").snapshot().await.expect_err("no such tag").to_string();
    assert!(error.contains("has no tag `v3` (it has `v1`, `v2`)"), "{error}");
}

#[tokio::test]
async fn a_pinned_commit_stays_when_the_branch_moves() {
    let (pushed, first) = Pushed::with_main();
    let second = pushed.commit(&[("web.yaml", Item::File("two"))], &[&first]);
    pushed.point("refs/heads/main", &second);
    let git = pushed.source(GitReference::Commit(first.clone()), "");
    assert_eq!(git.snapshot().await.expect("readable").revision.sha(), Some(first.as_str()));
    let absent = pushed.source(GitReference::Commit("1".repeat(40)), "").snapshot().await.expect_err("absent");
    assert_eq!(absent.label(), "commit_not_found");
}

#[tokio::test]
async fn a_tag_on_something_that_is_no_commit_is_refused() {
    let (pushed, _) = Pushed::with_main();
    let blob = pushed.open().write_blob("x").expect("written").to_string();
    pushed.point("refs/tags/odd", &blob);
    assert!(pushed.source(GitReference::Tag("odd".into()), "").snapshot().await.is_err());
    assert_eq!(pushed.source(main_branch(), "").snapshot_at(&blob).await.expect_err("a blob").label(), "commit_not_found");
}

#[tokio::test]
async fn a_missing_path_and_what_is_no_folder_are_said_with_the_revision() {
    let pushed = Pushed::new();
    let sha = pushed.commit(&[("file", Item::File("x")), ("link", Item::Link("file")), ("module", Item::Submodule)], &[]);
    pushed.point("refs/heads/main", &sha);
    for (path, what) in
        [("gone", "is not in that commit"), ("file", "is a file"), ("link", "symbolic link"), ("module/x", "submodule")]
    {
        let error = pushed.source(main_branch(), path).snapshot().await.expect_err(path).to_string();
        assert!(error.contains(&format!("no folder `{path}` in main@{sha}")) && error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn links_submodules_and_large_files_are_named_and_not_read() {
    let pushed = Pushed::new();
    let (fits, large) = (vec![0; MAX_FILE_BYTES as usize], vec![0; MAX_FILE_BYTES as usize + 1]);
    let items = [
        ("fits", Item::Bytes(&fits)),
        ("large", Item::Bytes(&large)),
        ("link", Item::Link("/etc/passwd")),
        ("module", Item::Submodule),
    ];
    pushed.point("refs/heads/main", &pushed.commit(&items, &[]));
    let files = pushed.source(main_branch(), "").snapshot().await.expect("readable").files;
    assert!(matches!(files["fits"], Entry::File(_)));
    assert_eq!(files["large"], Entry::TooLarge(MAX_FILE_BYTES + 1));
    assert_eq!((&files["link"], &files["module"]), (&Entry::Symlink, &Entry::Submodule));
}

#[tokio::test]
async fn what_may_hold_manifests_and_is_not_entered_is_unread() {
    let pushed = Pushed::new();
    let items = [
        ("README.md", Item::File("x")),
        ("docs/readme", Item::Link("../README.md")),
        ("team", Item::Link("elsewhere/team")),
        ("elsewhere/team/web.yaml", Item::File("x")),
        ("outside", Item::Link("../../x")),
        ("passwd", Item::Link("/etc/passwd")),
        ("nothing", Item::Link("gone")),
        ("module", Item::Submodule),
    ];
    pushed.point("refs/heads/main", &pushed.commit(&items, &[]));
    let unread = |snapshot: Snapshot| snapshot.unread.into_iter().map(|unread| unread.path).collect::<Vec<_>>();
    let mut all = unread(pushed.source(main_branch(), "").snapshot().await.expect("readable"));
    all.sort();
    assert_eq!(all, ["module", "nothing", "outside", "passwd", "team"]);
    assert_eq!(unread(pushed.source(main_branch(), "docs").snapshot().await.expect("readable")), [""; 0]);
}

#[tokio::test]
async fn too_many_files_are_refused_and_bytes_beyond_the_limit_stay_unloaded() {
    let (pushed, _) = Pushed::with_main(); // Two files of three bytes, one folder.
    let limited = |entries, bytes| pushed.source(main_branch(), "").with_limits(Limits { entries, bytes });
    assert!(limited(3, 6).snapshot().await.is_ok());
    let many = limited(2, 6).snapshot().await.expect_err("too many").to_string();
    assert!(many.contains("more than 2 files and folders; point the source's path at a smaller folder"), "{many}");
    let files = limited(3, 5).snapshot().await.expect("readable").files;
    assert_eq!(files.values().filter(|entry| matches!(entry, Entry::Unloaded(3))).count(), 1, "{files:?}");
}

#[tokio::test]
async fn a_tree_that_multiplies_itself_ends_at_the_limit() {
    let pushed = Pushed::new();
    let repository = pushed.open();
    let mut tree = repository.empty_tree().id;
    for _ in 0..40 {
        let entries = ["a", "b"].map(|name| gix::objs::tree::Entry {
            mode: gix::objs::tree::EntryKind::Tree.into(),
            filename: name.into(),
            oid: tree,
        });
        tree = repository.write_object(&gix::objs::Tree { entries: entries.into() }).expect("written").detach();
    }
    pushed.point("refs/heads/main", &pushed.commit_tree(tree, &[]));
    assert_eq!(pushed.source(main_branch(), "").snapshot().await.expect_err("2^40 folders").label(), "too_large");
}

#[tokio::test]
async fn names_that_git_forbids_never_reach_a_snapshot() {
    for name in ["..", ".", "a/b"] {
        let pushed = Pushed::new();
        let repository = pushed.open();
        let oid = repository.write_blob("x").expect("written").detach();
        // Written as raw bytes: gix itself refuses to write such a tree.
        let raw = [format!("100644 {name}\0").as_bytes(), oid.as_slice()].concat();
        let tree = repository.objects.write_buf(gix::objs::Kind::Tree, &raw).expect("written");
        pushed.point("refs/heads/main", &pushed.commit_tree(tree, &[]));
        let error = pushed.source(main_branch(), "").snapshot().await.expect_err(name);
        assert_eq!(error.label(), "corrupt", "{error}");
    }
}

#[tokio::test]
async fn a_shallow_history_says_so_when_an_older_commit_is_asked_for() {
    let (pushed, sha) = Pushed::with_main();
    let missing = "2".repeat(40);
    let git = pushed.source(main_branch(), "");
    let complete = git.snapshot_at(&missing).await.expect_err("absent").to_string();
    assert!(complete.contains("a force-push may have removed it"), "{complete}");
    std::fs::write(pushed.path().join("shallow"), format!("{sha}\n")).expect("written");
    assert!(git.snapshot().await.is_ok());
    let shallow = git.snapshot_at(&missing).await.expect_err("absent").to_string();
    assert!(shallow.contains("shallow and does not reach it"), "{shallow}");
    assert_eq!(git.snapshot_at("main").await.expect_err("no id").label(), "commit_not_found");
}

#[tokio::test]
async fn a_folder_without_a_repository_and_no_folder_are_said_plainly() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in ["", "gone"] {
        let config = git_source(&folder.path().join(path).display().to_string(), main_branch(), "");
        let error = Git::new(&config, Path::new("/"), Path::new("/")).expect("accepted").snapshot().await.expect_err("nothing");
        assert_eq!(error.label(), "repository_not_found", "{error}");
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_lost_object_is_an_error_and_no_crash() {
    let (pushed, sha) = Pushed::with_main();
    std::fs::remove_file(pushed.path().join(format!("objects/{}/{}", &sha[..2], &sha[2..]))).expect("removed");
    let error = pushed.source(main_branch(), "").snapshot().await.expect_err("damaged");
    assert_eq!(error.label(), "corrupt", "{error}");
}

#[tokio::test]
async fn concurrent_snapshots_are_all_served() {
    let (pushed, sha) = Pushed::with_main();
    let git = Arc::new(pushed.source(main_branch(), ""));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let git = git.clone();
                async move { git.snapshot().await }
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic").expect("readable").revision.sha(), Some(sha.as_str()));
    }
}

#[test]
fn impossible_references_and_paths_are_refused_before_anything_is_read() {
    let new =
        |reference, path| Git::new(&git_source("/srv/deploy.git", reference, path), Path::new("/"), Path::new("/")).map(|_| ());
    assert_eq!(new(main_branch(), "production"), Ok(()));
    assert_eq!(new(GitReference::Branch("feature/x".into()), ""), Ok(()));
    for reference in ["", "a..b", "a b", "-x:refs/heads/y", "a*", "x.lock", "/x"] {
        let error = new(GitReference::Branch(reference.into()), "").expect_err(reference);
        assert_eq!(error.label(), "configuration");
    }
    let short = new(GitReference::Commit("1f0c".into()), "").expect_err("short").to_string();
    assert!(short.contains("full id of 40 hex digits"), "{short}");
    for path in ["/etc", "..", "a/../../b"] {
        assert!(new(main_branch(), path).is_err(), "{path}");
    }
}

#[test]
fn the_identity_changes_with_address_reference_and_path_only() {
    let identity = |url: &str, reference, path| {
        Git::new(&git_source(url, reference, path), Path::new("/"), Path::new("/")).expect("accepted").identity()
    };
    let url = "https://gitlab.example.com/acme/deploy.git";
    let one = identity(url, main_branch(), "production");
    assert_eq!(one, "git\nhttps://gitlab.example.com/acme/deploy\nbranch main\nproduction");
    assert_eq!(one, identity("https://gitlab.example.com/acme/deploy", main_branch(), "production/"));
    assert_ne!(one, identity(url, GitReference::Tag("main".into()), "production"));
    assert_ne!(one, identity(url, main_branch(), "staging"));
    assert_ne!(one, identity("https://gitlab.example.com/acme/other.git", main_branch(), "production"));
}
