//! `driftless status`: what the agent says, or else what AWS shows, read-only.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use driftless_core::status::{Phase, Status};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output, Server};
use crate::config::Config;
use crate::server::{Client, Report};

pub(super) async fn run(common: &Common, server: &Server, health: bool) -> anyhow::Result<ExitCode> {
    let client = client(common, server)?;
    if health {
        client.health().await.context("the agent is not well")?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = match client.status().await {
        Ok(report) => report,
        // A server that was named by hand must answer.
        Err(error) if server.server.is_some() => return Err(error.into()),
        Err(error) => {
            eprintln!("{error}; looking at AWS instead");
            observe(common).await?
        }
    };
    tell(common.output, &report);
    let all_ready = report.resources.iter().all(|status| status.phase == Phase::Ready) && report.errors.is_empty();
    Ok(ExitCode::from(u8::from(!all_ready)))
}

/// The address is `--server`'s, else the configuration's.
pub(super) fn client(common: &Common, server: &Server) -> anyhow::Result<Client> {
    let url = match &server.server {
        Some(url) => url.clone(),
        None => format!("http://{}", Config::load(common)?.agent.listen),
    };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        bail!("--server takes an address such as http://127.0.0.1:8080, not `{url}`");
    }
    Ok(Client::new(url, Duration::from_secs(5)))
}

/// Without an agent: one look at everything, and nothing written.
async fn observe(common: &Common) -> anyhow::Result<Report> {
    let setup = Setup::new(common, CancellationToken::new()).await?;
    let commit = setup.reconciler.accept(setup.snapshot().await?);
    let look = commit.desired.resources.values().map(|resource| setup.reconciler.preview(&commit, resource));
    let revision = commit.desired.revision.to_string();
    let mut resources: Vec<Status> = setup.reconciler.statuses();
    for plan in join_all(look).await {
        let mut status = Status::new(plan.resource.clone());
        status.observe(&plan.verdict, &revision, crate::clock::now());
        resources.push(status);
    }
    resources.sort_by(|one, other| one.resource.cmp(&other.resource));
    Ok(Report {
        agent: setup.config.agent.name.clone(),
        revision: Some(revision),
        source_error: None,
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
    if let Some(error) = &report.source_error {
        eprintln!("warning: {error}");
    }
    for status in &report.resources {
        print::line(print::status(status));
    }
    let revision = report.revision.as_deref().unwrap_or("no revision read yet");
    print::line(format!("{}: {revision}, {}", report.agent, print::count(report.resources.len(), "resource")));
}
