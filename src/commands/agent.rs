//! `driftless agent`: the daemon.

use std::process::ExitCode;

use super::setup::Setup;
use crate::agent::Agent;
use crate::cli::Common;
use crate::shutdown::Shutdown;

pub(super) async fn run(common: &Common) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on_signals()?;
    let setup = Setup::new(common, shutdown.token()).await?;
    let agent = Agent::start(&setup.config, setup.source, setup.reconciler, common.pace, shutdown.token()).await?;
    tracing::info!(address = %agent.address()?, "serving the status");
    shutdown.spawn(agent.run());
    shutdown.drain().await?;
    Ok(ExitCode::SUCCESS)
}
