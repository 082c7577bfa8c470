//! `driftless apply`: one revision, converged once; waits for rollouts unless told not to.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use driftless_core::location::Problem;
use driftless_core::plan::render::Options;
use driftless_core::report::Progress;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::Snapshot;
use driftless_core::status::{Phase, Status};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::Setup;
use crate::aws::ProviderError;
use crate::cli::{Common, Output};
use crate::reconcile::{Commit, Event, Place, Pruned, Reconciler};
use crate::shutdown::Shutdown;
use crate::signals::Signals;

/// How long AWS may stay unreadable, or refuse a write for the moment, before `apply` gives up on a resource.
const PATIENCE: Duration = Duration::from_secs(30);

/// `--output json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    revision: String,
    /// The accounts and Regions.
    targets: &'a [Place],
    resources: &'a [Status],
    /// With `--no-wait`: what AWS still works on.
    waiting: Vec<&'a ResourceId>,
    /// What waits for another resource, and was not begun.
    not_begun: Vec<&'a ResourceId>,
    errors: &'a [Problem],
    warnings: &'a [Problem],
}

pub(super) async fn run(common: &Common, signals: &Signals, no_wait: bool, allow_older: bool) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 2);
    let setup = Setup::new(common, shutdown.token()).await?;
    if allow_older {
        setup.reconciler.allow_older();
    }
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
    let events = setup.reconciler.subscribe();
    let commit = setup.reconciler.accept_desired(desired, snapshot);
    let places = match setup.reconciler.check_accounts(&commit).await {
        Ok(places) => places,
        // It is asked again before each write, with patience.
        Err(ProviderError::Throttled(_) | ProviderError::Unavailable(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if output == Output::Text {
        print::problems(&commit.desired.errors, &commit.desired.warnings);
    }
    for id in retry {
        setup.reconciler.retry(id);
    }
    let running = tokio::spawn({
        let reconciler = setup.reconciler.clone();
        async move { reconciler.run().await }
    });
    let ended = CancellationToken::new();
    let printing = (output == Output::Text).then(|| tokio::spawn(print_events(events, ended.clone())));
    let finished = wait(&setup.reconciler, &commit, no_wait, patience(setup.reconciler.pace())).await;
    let interrupted = setup.shutdown.is_cancelled();
    setup.shutdown.cancel();
    running.await?;
    ended.cancel();
    if let Some(printing) = printing {
        // All that happened comes before what it came to.
        printing.await?;
    }
    tell(output, &commit, &places, &setup.reconciler.statuses(), no_wait);
    if interrupted && !finished {
        let left: Vec<String> = left_under_way(&commit.standings());
        let left = if left.is_empty() { "nothing is under way".to_owned() } else { format!("under way: {}", left.join(", ")) };
        bail!("interrupted; {left}. No further step was begun, and the next apply or agent goes on from there");
    }
    let bad = |progress: &Progress| matches!(progress.phase, Phase::Failed | Phase::Stalled | Phase::Waiting | Phase::Unknown);
    let handed_over = |progress: &Progress| progress.phase == Phase::Reconciling && !(no_wait && is_with_aws(progress));
    let standings = commit.standings();
    let stuck = matches!(commit.pruning(), Pruned::Blocked(_));
    let failed =
        stuck || !commit.desired.errors.is_empty() || standings.iter().any(|progress| bad(progress) || handed_over(progress));
    Ok(ExitCode::from(u8::from(failed)))
}

/// What was begun and has not come to its end: AWS goes on with what it was told.
fn left_under_way(standings: &[Progress]) -> Vec<String> {
    let begun = standings.iter().filter(|progress| progress.phase == Phase::Reconciling && progress.reason != "Pending");
    begun.map(|progress| format!("{} ({})", progress.resource, progress.reason)).collect()
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
        if is_over(&standings, commit, no_wait) {
            let all_ready = standings.iter().all(|progress| progress.phase == Phase::Ready);
            if !(reconciler.prunes() && all_ready && commit.pruning() == Pruned::Pending) {
                return true;
            }
            hopeful_until = Instant::now() + patience;
        }
        // Unless AWS cannot be read or refuses for the moment, something is still moving.
        let stuck = |progress: &Progress| {
            let stuck = is_stuck(progress) && !reconciler.is_patient(&progress.resource);
            is_final(progress) || stuck || progress.phase == Phase::Waiting
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

/// Whether everything has come to an end or, with `no_wait`, is in AWS's hands or waits for what is.
fn is_over(standings: &[Progress], commit: &Commit, no_wait: bool) -> bool {
    let of = |id: &ResourceId| standings.iter().find(|progress| progress.resource == *id);
    // One whose dependency has just become Ready is about to begin.
    let in_line = |progress: &Progress| {
        let resource = commit.desired.resources.get(&progress.resource);
        let mut on = resource.into_iter().flat_map(|resource| &resource.depends_on);
        progress.phase == Phase::Waiting && on.any(|id| of(id).is_some_and(|on| is_with_aws(on) || on.phase == Phase::Waiting))
    };
    standings.iter().all(|progress| is_final(progress) || (no_wait && (is_with_aws(progress) || in_line(progress))))
}

fn is_final(progress: &Progress) -> bool {
    matches!(progress.phase, Phase::Ready) || progress.is_stopped()
}

fn is_stuck(progress: &Progress) -> bool {
    progress.phase == Phase::Unknown || matches!(progress.reason.as_str(), "Throttled" | "Unavailable" | "Conflict")
}

/// Everything is written, and only AWS's own work remains.
fn is_with_aws(progress: &Progress) -> bool {
    progress.phase == Phase::Reconciling
        && !is_stuck(progress)
        && !matches!(progress.reason.as_str(), "Pending" | "Applying" | "Applied")
}

/// Tells what happens, until `ended` and all of it is told.
async fn print_events(mut events: Receiver<Event>, ended: CancellationToken) {
    let options = Options { show_values: false, colour: print::colour() };
    loop {
        let event = tokio::select! {
            biased;
            event = events.recv() => event,
            () = ended.cancelled() => return,
        };
        match event {
            Ok(Event::Status(status)) if status.reason != "Applying" => print::line(print::status(&status)),
            Ok(event) => event.told(&options).into_iter().for_each(print::line),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell(output: Output, commit: &Commit, places: &[Place], statuses: &[Status], no_wait: bool) {
    let standings = commit.standings();
    let those = |wanted: &dyn Fn(&Progress) -> bool| standings.iter().filter(|progress| wanted(progress)).collect::<Vec<_>>();
    let waiting = those(&|progress| no_wait && is_with_aws(progress));
    let not_begun = those(&|progress| progress.phase == Phase::Waiting);
    let desired = &commit.desired;
    if output == Output::Json {
        let ids = |all: Vec<&'_ Progress>| all.into_iter().map(|progress| progress.resource.clone()).collect::<Vec<_>>();
        let (waiting, not_begun) = (ids(waiting), ids(not_begun));
        return print::json(&Report {
            revision: desired.revision.to_string(),
            targets: places,
            resources: statuses,
            waiting: waiting.iter().collect(),
            not_begun: not_begun.iter().collect(),
            errors: &desired.errors,
            warnings: &desired.warnings,
        });
    }
    for progress in &waiting {
        print::line(format!("still under way: {}: {}", progress.resource, progress.message));
    }
    // Of what waits in vain, its status has said so.
    for progress in not_begun.into_iter().filter(|progress| !progress.waits_in_vain()) {
        print::line(format!("not begun: {} {}", progress.resource, progress.message));
    }
    if let Pruned::Blocked(why) = commit.pruning() {
        print::line(format!("nothing is pruned: {why}"));
    }
    let phases: Vec<Phase> = standings.iter().map(|progress| progress.phase).collect();
    let under_way = if waiting.is_empty() { String::new() } else { format!(", {} under way", waiting.len()) };
    print::line(format!("{}: {}{under_way}", print::whereabouts(&desired.revision, places), print::standing(&phases)));
}
