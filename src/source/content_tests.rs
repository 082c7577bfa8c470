use std::io::Read;

use super::*;
use crate::source::fixtures::{Item, Pushed, main_branch};

fn text(tree: &Tree, path: &str) -> String {
    let mut text = String::new();
    tree.read(path).expect("opens").read_to_string(&mut text).expect("reads");
    text
}

fn names(tree: &Tree) -> Vec<&str> {
    tree.files().keys().map(String::as_str).collect()
}

fn directory(files: &[(&str, &str)]) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        std::fs::write(place, text).expect("written");
    }
    let source = Source::Directory(crate::source::Directory::new(folder.path().into()));
    (folder, source)
}

#[tokio::test]
async fn a_commits_files_are_listed_and_read_at_that_very_commit() {
    let pushed = Pushed::new();
    let large = vec![b'x'; 5 * 1024 * 1024];
    let first = pushed.commit(
        &[
            ("production/site/a.txt", Item::File("one")),
            ("production/site/sub/large.bin", Item::Bytes(&large)),
            ("production/site2/b.txt", Item::File("b")),
            ("elsewhere/c.txt", Item::File("c")),
        ],
        &[],
    );
    let second = pushed.commit(&[("production/site/a.txt", Item::File("two"))], &[&first]);
    pushed.point("refs/heads/main", &second);
    let source = Source::Git(pushed.source(main_branch(), "production"));

    let tree = source.files(&first, "site").await.expect("lists");
    assert_eq!(names(&tree), ["site/a.txt", "site/sub/large.bin"]);
    assert_eq!((tree.files()["site/sub/large.bin"].bytes, text(&tree, "site/a.txt").as_str()), (5 * 1024 * 1024, "one"));
    assert_eq!(text(&source.files(&second, "site").await.expect("lists"), "site/a.txt"), "two");
    assert_eq!(names(&source.files(&first, "site/a.txt").await.expect("lists")), ["site/a.txt"]);
    assert_eq!(source.files(&first, "").await.expect("lists").files().len(), 3);
    let missing = source.files(&first, "sit").await.err().expect("is not there").to_string();
    assert!(missing.contains("no folder `sit`"), "{missing}");
}

#[tokio::test]
async fn a_directory_is_listed_with_its_hidden_folders_but_not_gits_own() {
    let (_folder, source) =
        directory(&[("public/.well-known/x", "x"), ("public/.git/config", "g"), ("public/a.txt", "a"), ("b.txt", "b")]);
    let tree = source.files("dir-0123456789ab", "public").await.expect("lists");
    assert_eq!(names(&tree), ["public/.well-known/x", "public/a.txt"]);
    assert_eq!(text(&tree, "public/a.txt"), "a");
    assert!(source.files("dir-0123456789ab", "gone").await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_refused_wherever_they_stand_and_modes_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, source) = directory(&[("public/run", "#!"), ("public/a.txt", "a")]);
    std::fs::set_permissions(folder.path().join("public/run"), std::fs::Permissions::from_mode(0o755)).expect("set");
    let tree = source.files("dir-0", "public").await.expect("lists");
    assert_eq!((tree.files()["public/run"].executable, tree.files()["public/a.txt"].executable), (true, false));

    // A file that becomes a link after it was listed leads nowhere.
    std::fs::remove_file(folder.path().join("public/a.txt")).expect("removed");
    symlink("/etc/passwd", folder.path().join("public/a.txt")).expect("linked");
    assert!(tree.read("public/a.txt").is_err());
    let tree = source.files("dir-0", "public").await.expect("lists");
    assert_eq!(names(&tree), ["public/run"]);
    assert!(tree.refused()["public/a.txt"].contains("it is a symbolic link"), "{:?}", tree.refused());
    symlink(folder.path().join("public"), folder.path().join("link")).expect("linked");
    assert!(source.files("dir-0", "link").await.is_err());
}
