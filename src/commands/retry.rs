//! `driftless retry`: a failed rollout is not tried again by itself; this is how a person says so.

use std::process::ExitCode;

use anyhow::bail;
use driftless_core::desired::{Desired, Resource};
use driftless_core::plan::ahead::Ahead;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Snapshot;
use driftless_core::{graph, manifest};

use super::setup::Setup;
use super::{apply, print, status};
use crate::cli::{Common, Server};
use crate::shutdown::{Shutdown, unless_stopped};
use crate::signals::Signals;

pub(super) async fn run(common: &Common, signals: &Signals, server: &Server, resource: ResourceId) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 2);
    let asked = async { anyhow::Ok(status::client(common, server).await?.retry(&resource).await) };
    let Some(answer) = unless_stopped(&shutdown.token(), asked).await else { bail!("interrupted") };
    match answer? {
        Ok(()) => {
            print::line(format!("the agent tries {resource} again; `driftless status` shows how it goes"));
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) if server.server.is_some() || error.was_answered() => return Err(error.into()),
        Err(error) => print::aside(format!("{error}; trying {resource} again from here")),
    }
    let setup = Setup::new(common, shutdown.token()).await?;
    let snapshot = setup.snapshot().await?;
    let mut desired = manifest::read(&snapshot, &setup.config.agent);
    let Some(mut only) = desired.resources.remove(&resource) else {
        bail!("{} declares no valid {resource}; `driftless validate` shows what it declares", desired.revision);
    };
    look_at_what_it_takes(&setup, &only, &desired, &snapshot).await;
    // What it depends on is not converged here.
    only.depends_on.clear();
    desired.resources = [(resource.clone(), only)].into();
    desired.refused.clear();
    desired.errors.clear();
    apply::converge(&setup, desired, snapshot, common.output, false, &[resource]).await
}

/// Reads what other resources give to `only`: the next revision in force knows it.
async fn look_at_what_it_takes(setup: &Setup, only: &Resource, desired: &Desired, snapshot: &Snapshot) {
    if only.references.is_empty() {
        return;
    }
    let commit = setup.reconciler.accept_desired(desired.clone(), snapshot.clone());
    let needed = graph::all_dependencies(&desired.resources, only);
    for id in graph::order(&desired.resources).into_iter().flatten().filter(|id| needed.contains(id)) {
        setup.reconciler.preview(&commit, &desired.resources[&id], &Ahead::default()).await;
    }
}
