//! `driftless retry`: a failed rollout is not tried again by itself; this is how a person says so.

use std::process::ExitCode;

use anyhow::bail;
use driftless_core::manifest;
use driftless_core::resource::ResourceId;

use super::setup::Setup;
use super::{apply, print, status};
use crate::cli::{Common, Server};
use crate::shutdown::Shutdown;

pub(super) async fn run(common: &Common, server: &Server, resource: ResourceId) -> anyhow::Result<ExitCode> {
    match status::client(common, server)?.retry(&resource).await {
        Ok(()) => {
            print::line(format!("the agent tries {resource} again; `driftless status` shows how it goes"));
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) if server.server.is_some() || error.was_answered() => return Err(error.into()),
        Err(error) => eprintln!("{error}; trying {resource} again from here"),
    }
    let shutdown = Shutdown::on_signals()?;
    let setup = Setup::new(common, shutdown.token()).await?;
    let mut desired = manifest::read(&setup.snapshot().await?, &setup.config.agent);
    let Some(mut only) = desired.resources.remove(&resource) else {
        bail!("{} declares no valid {resource}; `driftless validate` shows what it declares", desired.revision);
    };
    // What it depends on is not looked at here.
    only.depends_on.clear();
    desired.resources = [(resource.clone(), only)].into();
    desired.refused.clear();
    desired.errors.clear();
    apply::converge(&setup, desired, common.output, false, &[resource]).await
}
