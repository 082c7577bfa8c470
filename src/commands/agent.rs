//! `driftless agent`: the daemon.

use std::process::ExitCode;

use super::setup::Setup;
use crate::agent::Agent;
use crate::cli::Common;
use crate::shutdown::{Shutdown, unless_stopped};
use crate::signals::Signals;

pub(super) async fn run(common: &Common, signals: &Signals) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 0);
    let starting = async {
        let setup = Setup::new(common, shutdown.token()).await?;
        Agent::start(&setup.config, setup.source, setup.reconciler, common.pace, shutdown.token()).await
    };
    let Some(agent) = unless_stopped(&shutdown.token(), starting).await else { return Ok(ExitCode::SUCCESS) };
    let agent = agent?;
    tracing::info!(address = %agent.address()?, "serving the status");
    shutdown.spawn(agent.run());
    if let Err(unfinished) = shutdown.drain().await {
        // Whoever asked for the end has it; that something was left is no failure.
        tracing::warn!("{unfinished}");
    }
    Ok(ExitCode::SUCCESS)
}
