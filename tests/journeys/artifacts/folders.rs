//! A folder, as `aws s3 sync` pushes it.

use super::{artifact, keys, object, quiet, world};

fn site(sync: &str) -> String {
    artifact("site", &format!("source: {{path: public}}\nprefix: site\nsync: {sync}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_differs_is_uploaded_and_a_second_pass_asks_for_nothing_again() {
    let world = world().await;
    let agent = world.agent().await;
    let files: Vec<(String, String)> = (0..150).map(|n| (format!("public/f{n:03}.txt"), format!("this is {n}"))).collect();
    let mut commit: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let manifest = site("{}");
    // No manifest, and yet below the folder that is pushed.
    commit.extend([("site.yaml", manifest.as_str()), ("public/config.json", "[1, 2"), ("public/.well-known/x", "hidden")]);
    let sha = world.commit(&commit);
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world).len(), 152);
    assert_eq!(object(&world, "site/f007.txt").bytes, "this is 7");
    assert_eq!(object(&world, "site/.well-known/x").content_type, "binary/octet-stream");
    assert_eq!(world.count("PutObject"), 152);
    assert_eq!(world.count("HeadObject"), 0, "what was just written need not be asked about");
    quiet(&world).await;
    assert_eq!(world.count("HeadObject"), 0);

    let sha = world.commit(&[("public/f007.txt", "changed")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.count("PutObject"), 153);
    agent.stop().await;

    // A restarted agent looks at each object once.
    let agent = world.agent().await;
    world.until("it has looked", async || world.count("HeadObject") == 152).await;
    quiet(&world).await;
    assert_eq!((world.count("HeadObject"), world.count("PutObject")), (152, 153));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_run_asks_only_about_objects_that_changed_since() {
    let world = world().await;
    let files: Vec<(String, String)> = (0..40).map(|n| (format!("public/f{n:02}.txt"), format!("this is {n}"))).collect();
    let manifest = site("{}");
    let mut commit: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    commit.push(("site.yaml", manifest.as_str()));
    world.commit(&commit);
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = world.command(&["plan"]).await;
    assert_eq!((code, world.count("HeadObject")), (0, 0), "{text}");
    // Somebody writes over one of them.
    world.simulator.put_object("shop-artifacts", "site/f07.txt", "theirs");
    let (code, text) = world.command(&["plan"]).await;
    assert_eq!((code, world.count("HeadObject")), (1, 1), "{text}");
    assert!(text.contains("f07.txt"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_the_folder_is_deleted_only_where_told_and_only_if_it_is_ours() {
    let world = world().await;
    let agent = world.agent().await;
    world.simulator.put_object("shop-artifacts", "site/strangers.txt", "x");
    world.simulator.put_object("shop-artifacts", "site-of-another/a.txt", "x");
    let files = [("public/a.txt", "a"), ("public/b.txt", "b"), ("public/c.py", "c"), ("public/d.py", "d")];
    let sha = world.commit(&[&[("site.yaml", site("{}").as_str())], &files[..]].concat());
    world.ends_as(&sha, "success").await;
    let sha = world.commit_saying(&[("public/b.txt", None), ("public/d.py", None)], "Without b and d");
    world.ends_as(&sha, "success").await;
    assert!(keys(&world).contains(&"site/b.txt".into()), "nobody said that it is to be deleted");

    // What is excluded is on neither side: c.py is in the folder, and d.py is not.
    let sha = world.commit(&[("site.yaml", &site("{delete: true, exclude: ['*.py']}"))]);
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world), ["site-of-another/a.txt", "site/a.txt", "site/c.py", "site/d.py", "site/strangers.txt"]);
    assert_eq!(world.count("DeleteObject"), 1);
    quiet(&world).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_whose_files_are_all_left_out_deletes_nothing() {
    let world = world().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("site.yaml", &site("{delete: true}")), ("public/a.txt", "a")]);
    world.ends_as(&sha, "success").await;
    let sha = world.commit(&[("site.yaml", &site("{delete: true, exclude: ['*']}"))]);
    world.ends_as(&sha, "failed").await;
    assert_eq!(agent.reconciler.statuses()[0].reason, "EmptyArtifact");
    assert_eq!(keys(&world), ["site/a.txt"]);
    agent.stop().await;
}
