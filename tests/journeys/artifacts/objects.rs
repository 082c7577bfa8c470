//! One object: a file, or a folder packed into one.

use sha2::{Digest, Sha256};

use super::{artifact, delete, keys, object, quiet, world};

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_pushed_once_with_its_digest_and_our_marker() {
    let world = world().await;
    let agent = world.agent().await;
    let manifest = artifact("app", "source: {path: dist/app.js}\nkey: releases/app.js\nsync: {cacheControl: no-cache}");
    let sha = world.commit(&[("app.yaml", &manifest), ("dist/app.js", "let a = 1;\n")]);
    world.ends_as(&sha, "success").await;

    let pushed = object(&world, "releases/app.js");
    assert_eq!((&pushed.bytes[..], pushed.content_type.as_str()), (&b"let a = 1;\n"[..], "text/javascript"));
    assert_eq!(pushed.cache_control.as_deref(), Some("no-cache"));
    let metadata = |name: &str| pushed.metadata.get(name).map(String::as_str);
    assert_eq!(metadata("driftless-sha256"), Some(hex(b"let a = 1;\n").as_str()));
    assert_eq!(metadata("driftless-agent"), Some("journey"));
    assert_eq!(metadata("driftless-resource"), Some("S3Artifact/app"));
    assert_eq!(metadata("driftless-revision"), Some(sha.as_str()));
    quiet(&world).await;

    // A commit that does not touch it pushes nothing, and one that does pushes it.
    let sha = world.commit(&[("README", "Hello")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.count("PutObject"), 1);
    let sha = world.commit(&[("dist/app.js", "let a = 2;\n")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(&object(&world, "releases/app.js").bytes[..], b"let a = 2;\n");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_metadata_alone_is_pushed_and_a_strangers_edit_is_healed() {
    let world = world().await;
    let agent = world.agent().await;
    let with = |sync: &str| artifact("page", &format!("source: {{path: page.html}}\nkey: index.html\nsync: {sync}"));
    let sha = world.commit(&[("page.yaml", &with("{cacheControl: no-cache, metadata: {team: shop}}")), ("page.html", "<p>")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(object(&world, "index.html").metadata.get("team").map(String::as_str), Some("shop"));

    let sha = world.commit(&[("page.yaml", &with("{contentType: text/plain, storageClass: STANDARD_IA}"))]);
    world.ends_as(&sha, "success").await;
    let pushed = object(&world, "index.html");
    assert_eq!(
        (pushed.content_type.as_str(), pushed.cache_control, pushed.storage_class.as_str()),
        ("text/plain", None, "STANDARD_IA")
    );
    assert_eq!(pushed.metadata.get("team"), None, "it is no longer declared");
    assert_eq!(world.count("PutObject"), 2);

    world.simulator.put_object("shop-artifacts", "index.html", "<b>defaced");
    world.until("the page is healed", async || object(&world, "index.html").bytes == "<p>").await;
    quiet(&world).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_in_parts_and_has_one_checksum() {
    let world = world().await;
    let agent = world.agent().await;
    let manifest = artifact("large", "source: {path: large.bin}\nkey: large.bin");
    let large = "0123456789abcdef".repeat(20 * 1024 * 1024 / 16);
    let sha = world.commit(&[("large.yaml", &manifest), ("large.bin", &large)]);
    world.ends_as(&sha, "success").await;
    let pushed = object(&world, "large.bin");
    assert_eq!((pushed.bytes.len(), pushed.parts), (20 * 1024 * 1024, 3));
    assert!(pushed.bytes == large.as_bytes());
    assert_eq!(pushed.metadata["driftless-sha256"], hex(large.as_bytes()));
    assert_eq!((world.count("UploadPart"), world.count("CompleteMultipartUpload"), world.count("PutObject")), (3, 1, 0));
    quiet(&world).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_packed_the_same_way_each_time() {
    let world = world().await;
    let agent = world.agent().await;
    for (format, key) in [("zip", "app.zip"), ("tar.gz", "app.tar.gz")] {
        let manifest =
            artifact("app", &format!("source: {{path: app}}\nkey: {key}\narchive: {format}\nsync: {{exclude: ['*.map']}}"));
        let files =
            [("app.yaml", manifest.as_str()), ("app/appspec.yml", "version: 0.0\n"), ("app/a.map", "{"), ("app/sub/b.txt", "b")];
        let sha = world.commit(&files);
        world.ends_as(&sha, "success").await;
        let pushed = object(&world, key);
        assert_eq!(pushed.metadata["driftless-sha256"], hex(&pushed.bytes));
        assert!(pushed.metadata.contains_key("driftless-inputs"));
        quiet(&world).await;
        // Packed anew after it was deleted, it is the same.
        delete(&world, key).await;
        world.until("it is back", async || keys(&world).contains(&key.to_owned())).await;
        assert!(object(&world, key).bytes == pushed.bytes);
        // What is left out changes nothing; what is in it does.
        let puts = world.count("PutObject");
        let sha = world.commit(&[("app/a.map", format)]);
        world.ends_as(&sha, "success").await;
        assert_eq!(world.count("PutObject"), puts);
        let sha = world.commit(&[("app/sub/b.txt", format)]);
        world.ends_as(&sha, "success").await;
        assert_eq!(world.count("PutObject"), puts + 1);
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_nobodys_is_adopted_and_one_of_another_agents_is_left() {
    let world = world().await;
    let (code, _) = world.command(&["validate"]).await;
    assert_eq!(code, 0);
    world.simulator.put_object("shop-artifacts", "app.txt", "old");
    world.commit(&[("app.yaml", &artifact("app", "source: {path: app.txt}\nkey: app.txt")), ("app.txt", "new")]);
    let (code, text) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("1 object without this resource's marker: adopted"), "{text}");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(object(&world, "app.txt").bytes, "new");

    // The same key in another manifest is another owner's.
    let sha =
        world.commit(&[("other.yaml", &artifact("other", "source: {path: other.txt}\nkey: app.txt")), ("other.txt", "mine")]);
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("OwnedByAnotherResource") && text.contains("S3Artifact/app"), "{sha} {text}");
    assert_eq!(object(&world, "app.txt").bytes, "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_is_told_with_what_to_do() {
    let world = world().await;
    let manifest = artifact("app", "source: {path: app.txt}\nkey: app.txt").replace("shop-artifacts", "nobodys-bucket");
    world.commit(&[("app.yaml", &manifest), ("app.txt", "new")]);
    let (_, text) = world.command(&["plan"]).await;
    assert!(text.contains("NoSuchBucket") && text.contains("create the bucket, or correct `spec.bucket`"), "{text}");
    assert_eq!(world.simulator.mutations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_lead_from_an_artifact_to_what_takes_it() {
    let world = world().await;
    world.simulator.create_versioned_bucket("shop-artifacts");
    let agent = world.agent().await;
    let taker = artifact(
        "note",
        "source: {path: note.txt}\nkey: notes/${artifact.app.etag}\nsync: {metadata: {of: \"${artifact.app.bucket}/${artifact.app.key}\", version: \"${artifact.app.versionId}\"}}",
    );
    let app = artifact("app", "source: {path: app.txt}\nkey: app.txt");
    let sha = world.commit(&[("app.yaml", &app), ("app.txt", "one"), ("note.yaml", &taker), ("note.txt", "n")]);
    world.ends_as(&sha, "success").await;
    let first = object(&world, "app.txt");
    let note = object(&world, &format!("notes/{}", first.etag));
    assert_eq!(note.metadata["of"], "shop-artifacts/app.txt");
    assert_eq!(note.metadata["version"], first.version_id);
    assert_ne!(first.version_id, "null");

    let sha = world.commit(&[("app.txt", "two")]);
    world.ends_as(&sha, "success").await;
    let second = object(&world, "app.txt");
    assert_eq!(object(&world, &format!("notes/{}", second.etag)).metadata["version"], second.version_id);
    agent.stop().await;
}
