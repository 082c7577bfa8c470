//! `driftless plan`: what would change. Writes nothing; with `--change-set` a change set, which is removed again.

use std::process::ExitCode;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output};
use crate::reconcile::{Place, Previewed, Pruning, Reconciler};
use crate::shutdown::Shutdown;
use crate::signals::Signals;
use anyhow::anyhow;
use driftless_core::desired::Desired;
use driftless_core::location::Problem;
use driftless_core::plan::render::{Options, closing, is_short, is_unchanged, label, render, waits};
use driftless_core::plan::tree::tree;
use driftless_core::plan::{Plan, Step, Verdict};
use driftless_core::resource::ResourceId;
use futures_util::future::join_all;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// `--output json`.
#[derive(Serialize)]
struct Report<'a> {
    revision: String,
    /// The accounts and Regions that were looked at.
    targets: &'a [Place],
    plans: &'a [Plan],
    errors: &'a [Problem],
    warnings: &'a [Problem],
    /// With `reconcile.prune`: what left the source.
    prune: Option<PruneReport<'a>>,
    /// Without: what moves from where to where, and leaves something behind.
    moves: &'a [(ResourceId, String)],
}

#[derive(Serialize)]
struct PruneReport<'a> {
    plans: Vec<&'a Plan>,
    kept: &'a [(ResourceId, String)],
    blocked: Option<&'a str>,
}

pub(super) async fn run(common: &Common, signals: &Signals, show_values: bool, change_set: bool) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on(signals, 2);
    let (stop, planned) = (shutdown.token(), plan(common, shutdown.token(), show_values, change_set));
    if change_set {
        // Calls end by themselves then; what was made on the way is removed, or told.
        let code = planned.await?;
        return if stop.is_cancelled() { Err(anyhow!("interrupted; what is said above may be incomplete")) } else { Ok(code) };
    }
    tokio::select! {
        biased;
        // First: a look whose reads were given up has come to its end as well, and says nothing.
        () = stop.cancelled() => Err(anyhow!("interrupted; nothing was written")),
        code = planned => code,
    }
}

async fn plan(common: &Common, stop: CancellationToken, show_values: bool, change_set: bool) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(common, stop).await?;
    let commit = setup.reconciler.accept(setup.snapshot().await?);
    let desired = &commit.desired;
    // What another account has says nothing about this one.
    let places = setup.reconciler.check_accounts(&commit).await?;
    // As they would be made: what others depend on comes first.
    let looked = setup.reconciler.preview_all(&commit).await;
    let plans = looked.into_iter().map(|one| async {
        let Previewed { resource, plan, .. } = one;
        if change_set { setup.reconciler.with_change_set(&commit, &resource, plan).await } else { plan }
    });
    let plans: Vec<Plan> = join_all(plans).await;
    // Of an interrupted look the pruning would be an error, and what the change sets left is to be told.
    let pruning = match setup.reconciler.prunes() && !setup.shutdown.is_cancelled() {
        true => Some(
            setup.reconciler.look_for_leavers(&commit).await.map_err(|why| anyhow!("cannot tell what left the source: {why}"))?,
        ),
        false => None,
    };
    // What is made anew may have been something else before.
    let creates = plans.iter().any(|plan| plan.steps.iter().any(Step::creates));
    let moves = match pruning.is_none() && creates && !setup.shutdown.is_cancelled() {
        true => setup.reconciler.look_for_moves(&commit).await.unwrap_or_else(|why| {
            tracing::info!("whether anything moves is not known: {why}");
            Vec::new()
        }),
        false => Vec::new(),
    };
    let plans: Vec<Plan> = if show_values { plans.into_iter().map(Plan::revealed).collect() } else { plans };
    match common.output {
        Output::Json => print::json(&Report {
            revision: desired.revision.to_string(),
            targets: &places,
            plans: &plans,
            errors: &desired.errors,
            warnings: &desired.warnings,
            prune: pruning.as_ref().map(|pruning| PruneReport {
                plans: pruning.plans().collect(),
                kept: &pruning.kept,
                blocked: pruning.blocked.as_deref(),
            }),
            moves: &moves,
        }),
        Output::Text => {
            print::problems(&desired.errors, &desired.warnings);
            let options = Options { show_values, colour: print::colour() };
            let leavers: Vec<&Plan> = pruning.iter().flat_map(Pruning::plans).collect();
            print_plans(desired, &plans, &options);
            leavers.iter().for_each(|plan| print::line(render(plan, &options)));
            pruning.iter().for_each(print_pruning);
            for (id, moves) in &moves {
                print::line(format!("{id}: moves from {moves}; the old one {}", Reconciler::STAYS));
            }
            let closing = closing(plans.iter().chain(leavers), desired.errors.len(), &options);
            print::line(format!("{}: {closing}", print::whereabouts(&desired.revision, &places)));
        }
    }
    let code = exit_code(&plans, &desired.errors);
    let goes = pruning.is_some_and(|pruning| pruning.plans().next().is_some());
    Ok(ExitCode::from(if goes { code.max(1) } else { code }))
}

/// So many unchanged resources are listed; more are only counted.
const LISTED: usize = 10;

/// Where resources wait for each other, all of them, each below what it waits for; and then whatever has more to say.
fn print_plans(desired: &Desired, plans: &[Plan], options: &Options) {
    let told = |id: &ResourceId| plans.iter().find(|plan| plan.resource == *id).map_or_else(|| id.to_string(), label);
    let unchanged = plans.iter().filter(|plan| is_unchanged(plan) && is_short(plan)).count();
    let all_unchanged = unchanged == plans.len();
    let lines = if unchanged > LISTED { Vec::new() } else { tree(&desired.resources, told) };
    if !lines.is_empty() {
        print::line(lines.join("\n"));
        if !all_unchanged {
            print::line("");
        }
    }
    for plan in plans {
        let in_tree = !lines.is_empty();
        let counted = is_unchanged(plan) && unchanged > LISTED;
        if !(is_short(plan) && (counted || in_tree)) {
            print::line(render(plan, options));
        }
    }
}

fn print_pruning(pruning: &Pruning) {
    for (id, reason) in &pruning.kept {
        print::line(format!("{id}: {reason}"));
    }
    if let Some(why) = &pruning.blocked {
        print::line(format!("nothing is pruned: {why}"));
    }
}

/// 0 no difference, 1 difference, 2 error. What failed and is not tried again is a difference: AWS is not as Git says.
fn exit_code(plans: &[Plan], errors: &[Problem]) -> u8 {
    let unread = |plan: &Plan| matches!(plan.verdict, Verdict::Unknown { .. } | Verdict::Stalled { .. });
    if !errors.is_empty() || plans.iter().any(unread) {
        return 2;
    }
    let failed = |plan: &Plan| matches!(plan.verdict, Verdict::Failed { .. });
    u8::from(plans.iter().any(|plan| !plan.changes.is_empty() || !plan.is_empty() || waits(plan) || failed(plan)))
}

#[cfg(test)]
mod tests {
    use driftless_core::plan::ahead::in_turn;

    use super::*;

    #[test]
    fn a_failure_on_record_is_a_difference_and_what_cannot_be_told_is_an_error() {
        let id = ResourceId::ecs_service("web");
        let message = String::new;
        let table = [
            (Verdict::Ready { message: message() }, 0),
            (Verdict::Progressing { reason: "RollingOut", message: message(), requeue: 10 }, 0),
            (Verdict::Failed { reason: "RolloutFailed", message: message() }, 1),
            (in_turn(&[&id]), 1),
            (Verdict::Stalled { reason: "AdoptionWouldReset", message: message() }, 2),
            (Verdict::Unknown { message: message() }, 2),
        ];
        for (verdict, code) in table {
            assert_eq!(exit_code(&[Plan::new(&id, verdict.clone())], &[]), code, "{verdict:?}");
        }
    }
}
