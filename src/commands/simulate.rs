//! `driftless simulate`: AWS and GitLab on loopback, to try things on.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use driftless_simulator::gitlab::TOKEN;
use driftless_simulator::{Options, Simulator, Spelling};

use super::print;
use crate::cli::Simulate;
use crate::shutdown::Shutdown;
use crate::signals::Signals;

pub(super) async fn run(settings: &Simulate, signals: &Signals) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 0);
    let lag = Duration::try_from_secs_f64(settings.eventual_consistency).context("--eventual-consistency takes seconds")?;
    let spelling = match settings.spelling {
        None => Spelling::Plain,
        Some(None) => Spelling::Known,
        Some(Some(seed)) => Spelling::Invented(seed),
    };
    let options = Options {
        spelling,
        pace: settings.pace,
        real_date: !settings.logical_date,
        quotas: settings.quotas,
        auto_clusters: settings.auto_clusters,
        eventual_consistency: (!lag.is_zero()).then_some(lag),
        ..Options::default()
    };
    let listen = settings.listen;
    let simulator = Simulator::start_on(listen, options)
        .await
        .with_context(|| format!("cannot listen on {listen}; take another port with --listen 127.0.0.1:0"))?;
    for project in &settings.gitlab_project {
        simulator.gitlab().open_project(project);
    }
    print::line(format!("listening on {}", simulator.url()));
    eprintln!("stop with Ctrl-C; nothing is kept. In another terminal:");
    eprintln!("  export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test", simulator.url());
    if !settings.gitlab_project.is_empty() {
        eprintln!("GitLab is at the same address; its token is {TOKEN}");
    }
    shutdown.token().cancelled().await;
    simulator.stop().await;
    Ok(ExitCode::SUCCESS)
}
