//! `driftless status`: what the agent says, or else what AWS shows, read-only.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use driftless_core::snapshot::Revision;
use driftless_core::status::{Phase, Status};
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output, Server};
use crate::config::Config;
use crate::server::{Client, Report};
use crate::shutdown::Shutdown;
use crate::signals::Signals;

pub(super) async fn run(
    common: &Common,
    signals: &Signals,
    server: &Server,
    health: bool,
    live: bool,
) -> anyhow::Result<ExitCode> {
    let stop = Shutdown::on(signals, 2).token();
    let asked = ask(common, server, health, live, stop.clone());
    tokio::select! {
        biased;
        () = stop.cancelled() => bail!("interrupted"),
        code = asked => code,
    }
}

async fn ask(common: &Common, server: &Server, health: bool, live: bool, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let client = client(common, server).await?;
    if health {
        client.health().await.context("the agent is not well")?;
        return Ok(ExitCode::SUCCESS);
    }
    if live {
        client.live().await.context("the agent is not at work")?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = match client.status().await {
        Ok(report) => report,
        // A server that was named by hand must answer.
        Err(error) if server.server.is_some() => return Err(error.into()),
        Err(error) => {
            print::aside(format!("{error}; looking at AWS instead"));
            observe(common, stop).await?
        }
    };
    tell(common.output, &report);
    Ok(ExitCode::from(exit_code(&report)))
}

/// 0 all Ready, 1 not, 2: AWS could not be read, so that nobody knows.
fn exit_code(report: &Report) -> u8 {
    let is = |wanted: Phase| report.resources.iter().any(|status| status.phase == wanted);
    let all_ready = report.resources.iter().all(|status| status.phase == Phase::Ready) && report.errors.is_empty();
    if is(Phase::Unknown) { 2 } else { u8::from(!all_ready) }
}

/// The address is `--server`'s, else the configuration's.
pub(super) async fn client(common: &Common, server: &Server) -> anyhow::Result<Client> {
    let url = match &server.server {
        Some(url) => url.clone(),
        None => format!("http://{}", Config::read(common).await?.agent.listen),
    };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        bail!("--server takes an address such as http://127.0.0.1:8080, not `{url}`");
    }
    Ok(Client::new(url, Duration::from_secs(5)))
}

/// Without an agent: one look at everything, a layer of the graph after the other, and nothing written.
async fn observe(common: &Common, stop: CancellationToken) -> anyhow::Result<Report> {
    let setup = Setup::new(common, stop).await?;
    let commit = setup.reconciler.accept(setup.snapshot().await?);
    setup.reconciler.check_accounts(&commit).await?;
    let revision = commit.desired.revision.to_string();
    // Those whose manifests have an error.
    let mut resources: Vec<Status> = setup.reconciler.statuses();
    resources.retain(|status| commit.desired.refused.contains_key(&status.resource));
    resources.iter_mut().for_each(|status| status.history.clear());
    let looked = setup.reconciler.preview_all(&commit).await;
    resources.extend(looked.iter().map(|one| Status::of(&one.plan, &revision)));
    resources.sort_by(|one, other| one.resource.cmp(&other.resource));
    Ok(Report {
        agent: setup.config.agent.name.clone(),
        revision: Some(revision),
        source_error: None,
        source_read_at: None,
        unhealthy: None,
        errors: commit.desired.errors.clone(),
        resources,
        from: "aws".into(),
    })
}

fn tell(output: Output, report: &Report) {
    if output == Output::Json {
        return print::json(report);
    }
    print::problems(&report.errors, &[]);
    // Why it is unhealthy says why the source cannot be read.
    if let Some(trouble) = report.unhealthy.as_ref().or(report.source_error.as_ref()) {
        print::aside(format!("warning: {trouble}"));
    }
    for status in &report.resources {
        print::line(print::status(status));
    }
    let revision = report.revision.as_deref().map_or_else(|| "no revision read yet".to_owned(), short);
    let phases: Vec<Phase> = report.resources.iter().map(|status| status.phase).collect();
    let read = report.source_read_at.as_ref().map(|at| format!(", read at {at}")).unwrap_or_default();
    print::line(format!("{}: {revision}{read}: {}", report.agent, print::standing(&phases)));
}

/// `main@330b6e34` of `main@330b6e342ed884b5bd040841f9f46dd9ede12d60`.
fn short(revision: &str) -> String {
    match revision.rsplit_once('@') {
        Some((reference, sha)) => Revision::Git { reference: reference.to_owned(), sha: sha.to_owned() }.short(),
        None => revision.to_owned(),
    }
}
