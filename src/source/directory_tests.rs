//! Sentences about a directory as a source.

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        write(folder.path(), path, content.as_bytes());
    }
    folder
}

fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, content).expect("a file");
}

async fn snapshot(root: &Path) -> Result<Snapshot, SourceError> {
    Directory::new(root.to_path_buf()).snapshot().await
}

#[tokio::test]
async fn files_are_read_with_paths_relative_to_the_folder() {
    let folder = folder(&[("web.yaml", "a"), ("deep/er/task.json", "b")]);
    let snapshot = snapshot(folder.path()).await.expect("readable");
    assert_eq!(snapshot.files.keys().collect::<Vec<_>>(), ["deep/er/task.json", "web.yaml"]);
    assert_eq!(snapshot.files["web.yaml"], Entry::File(b"a".to_vec()));
}

#[tokio::test]
async fn the_revision_is_twelve_hex_digits_of_paths_and_contents() {
    let (one, same) = (folder(&[("a", "1"), ("b", "2")]), folder(&[("b", "2"), ("a", "1")]));
    let first = snapshot(one.path()).await.expect("readable").revision;
    let text = first.to_string();
    assert!(text.starts_with("dir-") && text.len() == 16 && text[4..].bytes().all(|b| b.is_ascii_hexdigit()), "{text}");
    assert_eq!(first, snapshot(same.path()).await.expect("readable").revision);
    for other in [
        folder(&[("a", "2"), ("b", "1")]),
        folder(&[("a", "1")]),
        folder(&[("a", "12"), ("b", "")]),
        folder(&[("c", "1"), ("b", "2")]),
    ] {
        assert_ne!(first, snapshot(other.path()).await.expect("readable").revision);
    }
}

#[tokio::test]
async fn hidden_folders_are_skipped_and_hidden_files_are_not() {
    let folder = folder(&[(".git/config", "x"), (".gitlab-ci.yml", "y"), ("a/.cache/z", "z")]);
    let snapshot = snapshot(folder.path()).await.expect("readable");
    assert_eq!(snapshot.files.keys().collect::<Vec<_>>(), [".gitlab-ci.yml"]);
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_are_reported_and_never_followed() {
    let outside = folder(&[("secret", "s")]);
    let folder = folder(&[("a", "1")]);
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("file")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("folder")).expect("a link");
    std::os::unix::fs::symlink("/nowhere", folder.path().join("dangling")).expect("a link");
    let found = snapshot(folder.path()).await.expect("readable");
    let mut unread: Vec<&str> = found.unread.iter().map(|unread| unread.path.as_str()).collect();
    unread.sort_unstable();
    assert_eq!(unread, ["dangling", "folder"], "a link to a file hides no folder");
    let files = found.files;
    assert_eq!(files.len(), 4);
    assert!(["file", "folder", "dangling"].iter().all(|name| files[*name] == Entry::Symlink));
}

#[tokio::test]
async fn a_checkout_is_read_as_its_commit_will_be_without_submodules() {
    let folder = folder(&[
        (".git/HEAD", "x"),
        (".gitmodules", "[submodule \"a\"]\n\tpath = deploy/named\n\turl = ../a\n"),
        ("deploy/web.yaml", "x"),
        ("deploy/named/web.yaml", "x"),
        ("deploy/nested/.git", "gitdir: x"),
        ("deploy/nested/web.yaml", "x"),
    ]);
    let of = |directory: Directory| async move { directory.snapshot().await.expect("readable") };
    let path = folder.path().join("deploy");
    let read = of(Directory::new(path.clone()).of_checkout()).await;
    assert_eq!(read.files.keys().collect::<Vec<_>>(), ["named", "nested", "web.yaml"]);
    assert_eq!((&read.files["named"], &read.files["nested"]), (&Entry::Submodule, &Entry::Submodule));
    assert_eq!(read.unread.iter().map(|unread| unread.path.as_str()).collect::<Vec<_>>(), ["named", "nested"]);
    assert_eq!(of(Directory::new(path)).await.unread, [], "a folder of its own is what it is");
}

#[tokio::test]
async fn a_file_over_four_mebibytes_is_not_loaded() {
    let folder = folder(&[]);
    write(folder.path(), "fits", &vec![0; MAX_FILE_BYTES as usize]);
    write(folder.path(), "large", &vec![0; MAX_FILE_BYTES as usize + 1]);
    let files = snapshot(folder.path()).await.expect("readable").files;
    assert_eq!(files["large"], Entry::TooLarge(MAX_FILE_BYTES + 1));
    assert!(matches!(&files["fits"], Entry::File(content) if content.len() as u64 == MAX_FILE_BYTES));
}

#[tokio::test]
async fn a_missing_folder_and_a_file_in_its_place_are_said_plainly() {
    let folder = folder(&[("file", "")]);
    let missing = snapshot(&folder.path().join("gone")).await.expect_err("missing").to_string();
    assert!(missing.contains("gone` in the file system: nothing is there; create it"), "{missing}");
    let file = snapshot(&folder.path().join("file")).await.expect_err("a file").to_string();
    assert!(file.contains("it is a file"), "{file}");
}

#[tokio::test]
async fn too_many_files_are_refused_and_bytes_beyond_the_limit_stay_unloaded() {
    let folder = folder(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let limited = |entries, bytes| Directory::new(folder.path().into()).with_limits(Limits { entries, bytes });
    assert!(limited(3, 3).snapshot().await.is_ok());
    let many = limited(2, 3).snapshot().await.expect_err("too many").to_string();
    assert!(many.contains("more than 2 files and folders"), "{many}");
    // A manifest may have all of the room, what only may be named by one half of it.
    write(folder.path(), "m.yaml", b"123");
    let files = limited(4, 3).snapshot().await.expect("readable").files;
    let unloaded = |path: &str| matches!(files[path], Entry::Unloaded(_));
    assert_eq!(files.keys().filter(|path| unloaded(path)).count(), 3, "{files:?}");
    let roomy = limited(4, 12).snapshot().await.expect("readable").files;
    assert!(roomy.values().all(|entry| matches!(entry, Entry::File(_))), "{roomy:?}");
}

#[tokio::test]
async fn a_file_that_vanishes_under_the_reader_starts_the_reading_again() {
    assert!(matches!(read_file(Path::new("/nowhere/at/all"), |_| true), Err(Interrupted::Raced)));
    let folder = folder(&[("steady", "1")]);
    let (stop, root) = (Arc::new(AtomicBool::new(false)), folder.path().to_path_buf());
    let churn = {
        let stop = stop.clone();
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                fs::write(root.join("fleeting"), "x").expect("written");
                fs::remove_file(root.join("fleeting")).expect("removed");
                std::thread::sleep(Duration::from_millis(2));
            }
        })
    };
    for _ in 0..100 {
        let snapshot = snapshot(folder.path()).await.expect("retried until it holds");
        assert_eq!(snapshot.files["steady"], Entry::File(b"1".to_vec()));
    }
    stop.store(true, Ordering::Relaxed);
    churn.join().expect("ends");
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_written_file_is_announced_once_it_is_quiet() {
    let folder = folder(&[("a", "1")]);
    let directory = Directory::new(folder.path().into());
    directory.snapshot().await.expect("readable");
    let (_, ()) = tokio::join!(async { tokio::time::timeout(SOON, directory.changed()).await.expect("announced") }, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        write(folder.path(), "a", b"2");
    });
}

#[tokio::test]
async fn a_change_between_the_snapshot_and_the_first_watch_is_not_lost() {
    let folder = folder(&[("a", "1")]);
    let directory = Directory::new(folder.path().into());
    directory.snapshot().await.expect("readable");
    write(folder.path(), "a", b"2");
    tokio::time::timeout(SOON, directory.changed()).await.expect("announced");
}

#[tokio::test]
async fn reading_the_folder_and_writing_in_dot_git_announce_nothing() {
    let folder = folder(&[("a", "1"), (".git/index", "1")]);
    let directory = Directory::new(folder.path().into());
    directory.snapshot().await.expect("readable");
    let (quiet, ()) = tokio::join!(tokio::time::timeout(Duration::from_millis(1500), directory.changed()), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        directory.snapshot().await.expect("readable");
        write(folder.path(), ".git/index", b"2");
    });
    assert!(quiet.is_err(), "nothing changed");
}

#[tokio::test]
async fn a_constant_stream_of_writes_is_still_announced() {
    let folder = folder(&[("a", "1")]);
    let directory = Directory::new(folder.path().into());
    directory.snapshot().await.expect("readable");
    let writes = async {
        for n in 0_u32.. {
            write(folder.path(), "a", &n.to_be_bytes());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        announced = tokio::time::timeout(SOON, directory.changed()) => announced.expect("announced in spite of it"),
        () = writes => {}
    }
}
