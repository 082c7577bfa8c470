//! What a CI job of the commit kept, in a bucket.

use super::{artifact, keys, object, quiet, world};
use crate::world::World;

const PROJECT: &str = "acme/deploy";

/// A job `build` of a commit's pipeline.
fn job(world: &World, sha: &str, status: &str) -> u64 {
    let gitlab = world.simulator.gitlab();
    gitlab.add_project(PROJECT);
    let pipeline = gitlab.add_pipeline(PROJECT, sha, "main");
    gitlab.add_job(pipeline, "build", status)
}

fn downloads(world: &World) -> usize {
    world.simulator.gitlab().requests().iter().filter(|request| request.contains("/artifacts")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_artifact_of_the_commits_job_is_waited_for_and_pushed() {
    let world = world().await;
    let agent = world.agent().await;
    let sha =
        world.commit(&[("app.yaml", &artifact("app", "source: {gitlabJob: {job: build, path: dist/app.txt}}\nkey: app.txt"))]);
    world.until("the job is waited for", async || reason(&agent) == "JobNotFinished").await;
    let id = job(&world, &sha, "running");
    world.pass(60.0).await;
    assert_eq!((reason(&agent).as_str(), keys(&world).len()), ("JobNotFinished", 0));

    // It keeps its files in an object storage, where GitLab's token has no business.
    world.simulator.gitlab().store_artifacts_elsewhere(true);
    world.simulator.gitlab().keep_artifacts(id, &[("dist/app.txt", b"built"), ("dist/other.txt", b"x")]);
    world.simulator.gitlab().set_job_status(id, "success");
    world.ends_as(&sha, "success").await;
    let pushed = object(&world, "app.txt");
    assert_eq!((&pushed.bytes[..], pushed.content_type.as_str()), (&b"built"[..], "text/plain"));
    assert!(pushed.metadata["driftless-job"].starts_with(&format!("{id}-")), "{:?}", pushed.metadata);
    let requests = world.simulator.gitlab().requests();
    assert!(!requests.contains(&"LEAKED TOKEN".to_owned()), "{requests:?}");
    quiet(&world).await;
    assert_eq!(downloads(&world), 1, "a job's file is fetched once");
    agent.stop().await;

    // A restarted agent knows by the object which job it is from, also when GitLab has deleted its files.
    world.simulator.gitlab().expire_artifacts(id);
    let agent = world.agent().await;
    world.until("it has looked", async || reason(&agent) == "Ready").await;
    quiet(&world).await;
    assert_eq!((downloads(&world), world.count("PutObject")), (1, 1));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jobs_folder_goes_to_a_prefix_or_into_an_archive_and_the_next_commits_job_replaces_it() {
    let world = world().await;
    let agent = world.agent().await;
    let folder = artifact("folder", "source: {gitlabJob: {job: build, path: dist}}\nprefix: site\nsync: {delete: true}");
    let packed = artifact("packed", "source: {gitlabJob: {job: build, path: dist}}\nkey: app.zip\narchive: zip");
    let sha = world.commit(&[("folder.yaml", &folder), ("packed.yaml", &packed)]);
    let id = job(&world, &sha, "success");
    world.simulator.gitlab().keep_artifacts(id, &[("dist/a.html", b"a"), ("dist/sub/b.css", b"b"), ("log.txt", b"x")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world), ["app.zip", "site/a.html", "site/sub/b.css"]);
    assert_eq!(object(&world, "site/sub/b.css").content_type, "text/css");
    let archive = object(&world, "app.zip");
    quiet(&world).await;

    let sha = world.commit(&[("README", "A new commit")]);
    let id = job(&world, &sha, "success");
    world.simulator.gitlab().keep_artifacts(id, &[("dist/a.html", b"a"), ("dist/c.html", b"c")]);
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world), ["app.zip", "site/a.html", "site/c.html"]);
    assert!(object(&world, "app.zip").bytes != archive.bytes);
    // a.html is the same in both jobs, and is not written again.
    assert_eq!(world.count("PutObject"), 5);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_failed_or_that_there_is_not_is_told() {
    let world = world().await;
    let agent = world.agent().await;
    let of = |job: &str, more: &str| {
        artifact("app", &format!("source: {{gitlabJob: {{job: {job}, path: app.txt{more}}}}}\nkey: app.txt"))
    };
    let sha = world.commit(&[("app.yaml", &of("build", ""))]);
    job(&world, &sha, "failed");
    world.ends_as(&sha, "failed").await;
    assert_eq!(reason(&agent), "JobFailed");

    let sha = world.commit(&[("app.yaml", &of("bulid", ""))]);
    job(&world, &sha, "success");
    world.ends_as(&sha, "failed").await;
    let status = agent.reconciler.statuses().remove(0);
    assert_eq!(status.reason, "JobNotFound");
    assert!(status.message.contains("it has `build`"), "{}", status.message);

    // The latest success of a branch, whatever the commit.
    let id = job(&world, "0123456789abcdef0123456789abcdef01234567", "success");
    world.simulator.gitlab().keep_artifacts(id, &[("app.txt", b"of main")]);
    let sha = world.commit(&[("app.yaml", &of("build", ", ref: main"))]);
    world.ends_as(&sha, "success").await;
    assert_eq!(object(&world, "app.txt").bytes, "of main");
    agent.stop().await;
}

fn reason(agent: &crate::world::Running) -> String {
    agent.reconciler.statuses().first().map(|status| status.reason.clone()).unwrap_or_default()
}
