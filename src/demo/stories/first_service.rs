//! The story of `examples/first-service`: a first deployment, a commit, a console edit that is healed, a bad image that is rolled back, the fix.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::{Narrator, PATIENCE, World, ends_as};

/// Tells all of it; the first step that is not seen to happen ends it.
pub(super) async fn tell(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    first_deployment(world, narrator).await?;
    a_commit(world, narrator).await?;
    a_console_edit(world, narrator).await?;
    a_bad_image(world, narrator).await?;
    the_fix(world, narrator).await
}

async fn first_deployment(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("1. Somebody pushes the shop: two services, the worker after the web servers.");
    world.call("CreateCluster", json!({"clusterName": "shop"})).await?;
    let sha = world.first_commit("Deploy the shop")?;
    ends_as(world, narrator, &sha, "success").await?;
    let (web, worker) = (world.service("web").await?, world.service("worker").await?);
    ensure!(web["runningCount"] == 3 && worker["runningCount"] == 1, "the tasks do not run: {web} {worker}");
    narrator.say("   3 web servers and 1 worker are running.");
    Ok(())
}

async fn a_commit(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("2. A commit changes the image of the web servers. Only they are touched.");
    let worker = world.service("worker").await?["taskDefinition"].clone();
    let sha = commit_image(world, "1.1.0", "Roll out web 1.1.0")?;
    ends_as(world, narrator, &sha, "success").await?;
    runs(world, "1.1.0").await?;
    ensure!(world.service("worker").await?["taskDefinition"] == worker, "the worker was deployed again");
    Ok(())
}

async fn a_console_edit(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("3. Somebody scales the web servers to 1 in the console. Git says 3.");
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 1})).await?;
    let edited = world.service("web").await?;
    ensure!(edited["desiredCount"] == 1, "the edit was not taken: {edited}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        world.narrate(narrator).await;
        let web = world.service("web").await?;
        if web["desiredCount"] == 3 && web["runningCount"] == 3 {
            narrator.say("   Healed: 3 again, without a deployment.");
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the edit was not healed: {web}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn a_bad_image(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("4. A commit brings an image that crashes.");
    let sha = commit_image(world, "1.2.0-crash", "Roll out web 1.2.0")?;
    ends_as(world, narrator, &sha, "failed").await?;
    let description = world.commit_status(&sha).and_then(|row| row.description).unwrap_or_default();
    ensure!(description.contains("app"), "the commit status does not name the container: {description}");
    // ECS has stopped starting the bad image; it puts the old one back by itself.
    let deadline = Instant::now() + PATIENCE;
    while runs(world, "1.1.0").await.is_err() {
        world.narrate(narrator).await;
        ensure!(Instant::now() < deadline, "the web servers were not rolled back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    narrator.say("   Rolled back: version 1.1.0 never stopped. The bad commit is not tried again.");
    Ok(())
}

async fn the_fix(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("5. The fix. It is rolled out at once, and waits for no timeout.");
    let sha = commit_image(world, "1.2.1", "Fix the crash of web 1.2.0")?;
    ends_as(world, narrator, &sha, "success").await?;
    runs(world, "1.2.1").await
}

/// Commits another image of the web servers.
fn commit_image(world: &World, tag: &str, message: &str) -> anyhow::Result<String> {
    world.commit_change("deploy/web.yaml", "shop/web:1.0.0", &format!("shop/web:{tag}"), message)
}

/// Whether the web servers' task definition names this version, and as many of them run as should.
async fn runs(world: &World, version: &str) -> anyhow::Result<()> {
    let (image, web) = (world.image("web").await?, world.service("web").await?);
    ensure!(image.ends_with(&format!(":{version}")), "the web servers run {image}");
    ensure!(web["runningCount"].as_u64() >= Some(3), "only {} web servers run", web["runningCount"]);
    Ok(())
}
