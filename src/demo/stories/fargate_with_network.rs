//! The story of `examples/fargate-with-network`: a network, a migration in it, a service after that; the same again for
//! another version; a migration that fails, and leaves the service alone; and a template that changes.

use anyhow::ensure;
use serde_json::{Value, json};

use super::{Narrator, World, ends_as};

/// The manifests that name the image.
const IMAGES: [&str; 2] = ["deploy/migrate.yaml", "deploy/web.yaml"];

/// Tells all of it; the first step that is not seen to happen ends it.
pub(super) async fn tell(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("1. One push: a network, the migration in it, and the web servers after that.");
    let sha = world.first_commit("Deploy the shop into a network of its own")?;
    ends_as(world, narrator, &sha, "success").await?;
    ensure!(stack_status(world).await? == "CREATE_COMPLETE", "the stack is not made");
    runs(world, "1.0.0", 3).await?;
    in_order(world, &["ExecuteChangeSet", "RunTask", "CreateService"])?;
    narrator.say(
        "   The stack's outputs became the migration's and the service's subnets; the migration ended before the service began.",
    );

    narrator.chapter("2. A new version: its migration runs once, then the web servers roll.");
    let sha = commit_version(world, "1.1.0", "Roll out 1.1.0")?;
    ends_as(world, narrator, &sha, "success").await?;
    runs(world, "1.1.0", 3).await?;
    ensure!(world.count("RunTask") == 2, "{} migrations ran, not 2", world.count("RunTask"));

    narrator.chapter("3. A version whose migration fails. The web servers are not touched.");
    let before = world.count("UpdateService");
    let sha = commit_version(world, "1.2.0-crash", "Roll out 1.2.0")?;
    ends_as(world, narrator, &sha, "failed").await?;
    ensure!(world.count("UpdateService") == before, "the service was updated although its migration failed");
    runs(world, "1.1.0", 3).await?;
    narrator.say("   Still 1.1.0, and the failed migration is not run again by itself.");

    narrator.chapter("4. The fix, and in the same commit a change of the network's template.");
    let template = world.changed("deploy/network.template.yaml", "RetentionInDays: 30", "RetentionInDays: 60")?;
    let [migrate, web] = version(world, "1.2.1")?;
    let files = [
        ("deploy/network.template.yaml", Some(template.as_bytes())),
        (IMAGES[0], Some(migrate.as_bytes())),
        (IMAGES[1], Some(web.as_bytes())),
    ];
    let sha = world.commit(&files, "Fix the migration; keep logs for 60 days")?;
    ends_as(world, narrator, &sha, "success").await?;
    ensure!(stack_status(world).await? == "UPDATE_COMPLETE", "the template's change has not arrived");
    runs(world, "1.2.1", 3).await
}

fn commit_version(world: &World, tag: &str, message: &str) -> anyhow::Result<String> {
    let [migrate, web] = version(world, tag)?;
    world.commit(&[(IMAGES[0], Some(migrate.as_bytes())), (IMAGES[1], Some(web.as_bytes()))], message)
}

fn version(world: &World, tag: &str) -> anyhow::Result<[String; 2]> {
    let image = format!("shop/web:{tag}");
    Ok([world.changed(IMAGES[0], "shop/web:1.0.0", &image)?, world.changed(IMAGES[1], "shop/web:1.0.0", &image)?])
}

async fn stack_status(world: &World) -> anyhow::Result<String> {
    world.stack_status("shop-network").await
}

/// Whether so many web servers of this version run, in the subnets that the stack made.
async fn runs(world: &World, version: &str, count: u64) -> anyhow::Result<()> {
    let (image, web) = (world.image("web").await?, world.service("web").await?);
    ensure!(image.ends_with(&format!(":{version}")), "the web servers run {image}");
    ensure!(web["runningCount"] == json!(count), "{} web servers run", web["runningCount"]);
    let subnets = web.pointer("/networkConfiguration/awsvpcConfiguration/subnets").and_then(Value::as_array).cloned();
    let real = |subnet: &Value| subnet.as_str().is_some_and(|subnet| subnet.starts_with("subnet-"));
    ensure!(subnets.is_some_and(|subnets| subnets.len() == 2 && subnets.iter().all(real)), "no subnets of the stack: {web}");
    Ok(())
}

/// Whether the first calls of these actions came in this order.
fn in_order(world: &World, actions: &[&str]) -> anyhow::Result<()> {
    let calls = world.calls();
    let first = |action: &&str| calls.iter().position(|call| call == action);
    let places: Vec<Option<usize>> = actions.iter().map(first).collect();
    ensure!(places.iter().all(Option::is_some) && places.is_sorted(), "{actions:?} came as {places:?}");
    Ok(())
}
