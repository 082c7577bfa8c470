//! `driftless apply`: one revision, converged once; waits for rollouts unless told not to.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use driftless_core::location::Problem;
use driftless_core::report::Progress;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Snapshot;
use driftless_core::status::{Phase, Status};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output};
use crate::reconcile::{Commit, Event, Pruned, Reconciler};
use crate::shutdown::Shutdown;

/// How long AWS may stay unreadable, or refuse a write for the moment, before `apply` gives up on a resource.
const PATIENCE: Duration = Duration::from_secs(30);

/// `--output json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    revision: String,
    resources: &'a [Status],
    /// With `--no-wait`: what AWS still works on.
    waiting: Vec<&'a ResourceId>,
    errors: &'a [Problem],
    warnings: &'a [Problem],
}

pub(super) async fn run(common: &Common, no_wait: bool) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on_signals()?;
    let setup = Setup::new(common, shutdown.token()).await?;
    let snapshot = setup.snapshot().await?;
    let desired = driftless_core::manifest::read(&snapshot, &setup.config.agent);
    converge(&setup, desired, snapshot, common.output, no_wait, &[]).await
}

/// Converges `desired`, and prints how that went. The resources in `retry` are tried again although they failed.
pub(super) async fn converge(
    setup: &Setup,
    desired: driftless_core::desired::Desired,
    snapshot: Snapshot,
    output: Output,
    no_wait: bool,
    retry: &[ResourceId],
) -> anyhow::Result<ExitCode> {
    if output == Output::Text {
        print::problems(&desired.errors, &desired.warnings);
    }
    let events = setup.reconciler.subscribe();
    let commit = setup.reconciler.accept_desired(desired, snapshot);
    for id in retry {
        setup.reconciler.retry(id);
    }
    let running = tokio::spawn({
        let reconciler = setup.reconciler.clone();
        async move { reconciler.run().await }
    });
    let printing = (output == Output::Text).then(|| tokio::spawn(print_events(events)));
    let finished = wait(&setup.reconciler, &commit, no_wait, patience(setup.reconciler.pace())).await;
    let interrupted = setup.shutdown.is_cancelled();
    setup.shutdown.cancel();
    running.await?;
    if let Some(printing) = printing {
        printing.abort();
    }
    tell(output, &commit, &setup.reconciler.statuses(), no_wait);
    if interrupted && !finished {
        bail!("interrupted; the step in hand was finished, and the next apply or agent goes on from there");
    }
    let bad = |progress: &Progress| matches!(progress.phase, Phase::Failed | Phase::Stalled | Phase::Unknown);
    let handed_over = |progress: &Progress| progress.phase == Phase::Reconciling && !(no_wait && is_with_aws(progress));
    let standings = commit.standings();
    let stuck = matches!(commit.pruning(), Pruned::Blocked(_));
    let failed =
        stuck || !commit.desired.errors.is_empty() || standings.iter().any(|progress| bad(progress) || handed_over(progress));
    Ok(ExitCode::from(u8::from(failed)))
}

/// Calls on the way take their real time, however fast a simulator's clock runs.
fn patience(pace: f64) -> Duration {
    PATIENCE.div_f64(pace).max(Duration::from_secs(2))
}

/// Until nothing more is to be expected; false when a shutdown came first.
async fn wait(reconciler: &Reconciler, commit: &Commit, no_wait: bool, patience: Duration) -> bool {
    let mut hopeful_until = Instant::now() + patience;
    loop {
        let standings = commit.standings();
        if standings.iter().all(|progress| is_final(progress) || (no_wait && is_with_aws(progress))) {
            let all_ready = standings.iter().all(|progress| progress.phase == Phase::Ready);
            if !(reconciler.prunes() && all_ready && commit.pruning() == Pruned::Pending) {
                return true;
            }
            hopeful_until = Instant::now() + patience;
        }
        // Unless AWS cannot be read or refuses for the moment, something is still moving.
        let stuck = |progress: &Progress| {
            let stuck = is_stuck(progress) && !reconciler.is_patient(&progress.resource);
            is_final(progress) || stuck || progress.reason == "DependencyNotReady"
        };
        if !standings.iter().all(stuck) {
            hopeful_until = Instant::now() + patience;
        }
        if Instant::now() >= hopeful_until {
            return true;
        }
        let moment = Duration::from_millis(50);
        if reconciler.shutdown().run_until_cancelled(tokio::time::sleep(moment)).await.is_none() {
            return false;
        }
    }
}

fn is_final(progress: &Progress) -> bool {
    matches!(progress.phase, Phase::Ready | Phase::Failed | Phase::Stalled)
}

fn is_stuck(progress: &Progress) -> bool {
    progress.phase == Phase::Unknown || matches!(progress.reason.as_str(), "Throttled" | "Unavailable" | "Conflict")
}

/// Everything is written, and only AWS's own work remains; or it waits for such a resource.
fn is_with_aws(progress: &Progress) -> bool {
    progress.phase == Phase::Reconciling
        && !is_stuck(progress)
        && !matches!(progress.reason.as_str(), "Pending" | "Applying" | "Applied")
}

async fn print_events(mut events: tokio::sync::broadcast::Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::Planned(plan)) => {
                let options = driftless_core::plan::render::Options { show_values: false, colour: print::colour() };
                print::line(driftless_core::plan::render::render(&plan, &options));
            }
            Ok(Event::Applied { resource, action, arn }) => {
                print::line(format!("  {resource}  {action} {}", arn.unwrap_or_default()).trim_end());
            }
            Ok(Event::Status(status)) if status.reason != "Applying" => print::line(print::status(&status)),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell(output: Output, commit: &Commit, statuses: &[Status], no_wait: bool) {
    let standings = commit.standings();
    let waiting: Vec<&ResourceId> =
        standings.iter().filter(|progress| no_wait && is_with_aws(progress)).map(|progress| &progress.resource).collect();
    let desired = &commit.desired;
    if output == Output::Json {
        let revision = desired.revision.to_string();
        return print::json(&Report {
            revision,
            resources: statuses,
            waiting,
            errors: &desired.errors,
            warnings: &desired.warnings,
        });
    }
    for id in &waiting {
        print::line(format!("{id} is still being rolled out by AWS"));
    }
    if let Pruned::Blocked(why) = commit.pruning() {
        print::line(format!("nothing is pruned: {why}"));
    }
    let ready = standings.iter().filter(|progress| progress.phase == Phase::Ready).count();
    print::line(format!("{}: {ready} of {} Ready", desired.revision, print::count(standings.len(), "resource")));
}
