//! The demo's stories, one for each example: each step ends when it was seen in the simulated AWS and GitLab, or fails.

mod ec2_application;
mod fargate_with_network;
mod first_service;

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use super::examples::{EC2_APPLICATION, FARGATE_WITH_NETWORK};
use super::narrator::Narrator;
use super::world::World;

/// How long one step may take: several times what it takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells the story of the world's example; the first step that is not seen to happen ends it.
pub(super) async fn tell(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    let began = Instant::now();
    match world.example.name {
        name if name == FARGATE_WITH_NETWORK.name => fargate_with_network::tell(world, narrator).await?,
        name if name == EC2_APPLICATION.name => ec2_application::tell(world, narrator).await?,
        _ => first_service::tell(world, narrator).await?,
    }
    let seconds = began.elapsed().as_secs_f64();
    narrator.chapter(&format!("That is all, in {seconds:.0} seconds: Git says what should be, AWS says what is."));
    Ok(())
}

/// Waits until GitLab shows this end for the commit, and tells what happens meanwhile.
async fn ends_as(world: &World, narrator: &Narrator, sha: &str, end: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let ended = loop {
        world.narrate(narrator).await;
        match world.commit_status(sha) {
            Some(row) if ["success", "failed", "canceled"].contains(&row.state.as_str()) => break row,
            Some(row) if Instant::now() > deadline => bail!("GitLab still shows {} for {sha}: {:?}", row.state, row.description),
            None if Instant::now() > deadline => bail!("GitLab was told nothing about {sha}"),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    world.narrate(narrator).await;
    for row in world.commit_statuses(sha) {
        narrator.say(&format!("   GitLab {} {}: {} — {}", &sha[..8], row.name, row.state, row.description.unwrap_or_default()));
    }
    ensure!(ended.state == end, "the commit ended as {}, not as {end}: {:?}", ended.state, ended.description);
    Ok(())
}
