//! `driftless demo`: the simulator, a fresh Git repository and a real agent in one process, and a story told with them.
//!
//! Nothing in it is staged: each step of the story waits until the thing was seen in the simulated AWS and GitLab, asked
//! over their own protocols, and fails when it was not.

pub mod console;
pub mod examples;
mod narrator;
pub mod repository;
mod stories;
mod world;

use std::process::ExitCode;

use narrator::Narrator;
use world::World;

use crate::shutdown::Shutdown;
use crate::signals::Signals;

/// Tells the story of one of the examples. With `exit` it ends then, with a code that says whether all of it was seen; on a terminal without
/// `exit` the world goes on until Ctrl-C, to play with.
///
/// # Errors
/// When the world cannot be set up: no port on loopback, no folder for temporary files.
pub async fn run(example: examples::Example, exit: bool, signals: &Signals) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 1);
    let narrator = Narrator::new();
    let interrupted = shutdown.token();
    let world = World::start(example, &narrator, shutdown.token()).await?;
    let told = tokio::select! {
        told = stories::tell(&world, &narrator) => told,
        () = interrupted.cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    if told.is_ok() && !exit && narrator.is_live() {
        narrator.say("The agent and the simulator go on. Ctrl-C ends them and keeps nothing. Play with them:");
        world.explain(&narrator);
        interrupted.cancelled().await;
    }
    world.stop().await;
    match told {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            narrator.say(&format!("The demo did not go as it should: {error:#}"));
            Ok(ExitCode::FAILURE)
        }
    }
}
