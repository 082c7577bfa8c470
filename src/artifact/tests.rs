//! Which files of a folder are pushed, and which refuse all of it.

use driftless_core::desired::Sync;

use super::*;
use crate::source::Directory;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

fn contents(files: &[(&str, &str)]) -> (tempfile::TempDir, Contents) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        std::fs::write(place, text).expect("written");
    }
    let contents = Contents::default();
    contents.follow(Arc::new(Source::Directory(Directory::new(folder.path().into()))));
    (folder, contents)
}

fn artifact(place: ArtifactPlace, archive: Option<ArchiveFormat>, exclude: &[&str]) -> S3Artifact {
    let exclude = exclude.iter().map(|pattern| (*pattern).to_owned()).collect();
    let sync = Sync { filters: Filters { exclude, include: Vec::new() }, ..Sync::default() };
    S3Artifact { source: ArtifactSource::Path("web".into()), bucket: "shop".into(), place, archive, sync }
}

/// The keys, or why nothing is pushed.
async fn told(contents: &Contents, declared: &S3Artifact) -> String {
    match contents.observe(declared, "dir-0123456789ab", None).await {
        Content::Present(items) => items.into_keys().collect::<Vec<_>>().join(" "),
        Content::Missing { reason, message, .. } => format!("{reason}: {message}"),
        other => format!("{other:?}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_refuses_a_folder_unless_it_is_excluded() {
    let (folder, contents) = contents(&[("web/a.html", "a"), ("web/b.py", "b"), ("shared/x.html", "x")]);
    std::os::unix::fs::symlink(folder.path().join("shared"), folder.path().join("web/shared")).expect("linked");
    let prefix = || ArtifactPlace::Prefix("site/".into());
    let refused = told(&contents, &artifact(prefix(), None, &["*.py"])).await;
    assert!(refused.starts_with("Unreadable: `web/shared` is not pushed: it is a symbolic link"), "{refused}");
    assert!(refused.ends_with("or leave it out by `sync.exclude`"), "{refused}");
    for pattern in ["shared", "shared/*"] {
        assert_eq!(told(&contents, &artifact(prefix(), None, &["*.py", pattern])).await, "site/a.html", "{pattern}");
    }
    let key = ArtifactPlace::Key("site.zip".into());
    assert_eq!(told(&contents, &artifact(key, Some(ArchiveFormat::Zip), &["shared"])).await, "site.zip");
}

#[tokio::test]
async fn a_pointer_of_git_lfs_is_never_pushed_in_the_place_of_its_file() {
    let (_folder, contents) = contents(&[("web/a.html", "a"), ("web/logo.png", POINTER)]);
    let places = [
        (ArtifactPlace::Prefix("site/".into()), None),
        (ArtifactPlace::Key("site.zip".into()), Some(ArchiveFormat::Zip)),
        (ArtifactPlace::Key("site.tgz".into()), Some(ArchiveFormat::TarGz)),
    ];
    for (place, archive) in places {
        let refused = told(&contents, &artifact(place.clone(), archive, &[])).await;
        assert!(refused.contains("`web/logo.png`") && refused.contains("Git LFS"), "{refused}");
        assert!(!told(&contents, &artifact(place, archive, &["*.png"])).await.contains("LFS"));
    }
    let one = S3Artifact {
        source: ArtifactSource::Path("web/logo.png".into()),
        ..artifact(ArtifactPlace::Key("logo.png".into()), None, &["*"])
    };
    assert!(told(&contents, &one).await.contains("Git LFS"), "one file has no filters");
}
