//! `driftless plan`: what would change. Writes nothing; with `--change-set` a change set, which is removed again.

use std::process::ExitCode;

use anyhow::anyhow;
use driftless_core::desired::Desired;
use driftless_core::graph;
use driftless_core::location::Problem;
use driftless_core::plan::render::{Options, headline, render, summary, waits};
use driftless_core::plan::tree::tree;
use driftless_core::plan::{Plan, Verdict};
use driftless_core::resource::ResourceId;
use futures_util::future::join_all;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output};
use crate::reconcile::Pruning;

/// `--output json`.
#[derive(Serialize)]
struct Report<'a> {
    revision: String,
    plans: &'a [Plan],
    errors: &'a [Problem],
    warnings: &'a [Problem],
    /// With `reconcile.prune`: what left the source.
    prune: Option<PruneReport<'a>>,
}

#[derive(Serialize)]
struct PruneReport<'a> {
    plans: Vec<&'a Plan>,
    kept: &'a [(ResourceId, String)],
    blocked: Option<&'a str>,
}

pub(super) async fn run(common: &Common, show_values: bool, change_set: bool) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(common, CancellationToken::new()).await?;
    let commit = setup.reconciler.accept(setup.snapshot().await?);
    let desired = &commit.desired;
    // As they would be made: what others depend on comes first.
    let mut plans = Vec::new();
    for layer in graph::order(&desired.resources) {
        // What a layer gives, the next one takes.
        let looks = layer.iter().map(|id| async {
            let (reconciler, resource) = (&setup.reconciler, &desired.resources[id]);
            let plan = reconciler.preview(&commit, resource).await;
            if change_set { reconciler.with_change_set(&commit, resource, plan).await } else { plan }
        });
        plans.extend(join_all(looks).await);
    }
    let pruning = match setup.reconciler.prunes() {
        true => Some(
            setup.reconciler.look_for_leavers(&commit).await.map_err(|why| anyhow!("cannot tell what left the source: {why}"))?,
        ),
        false => None,
    };
    let plans: Vec<Plan> = if show_values { plans.into_iter().map(Plan::revealed).collect() } else { plans };
    match common.output {
        Output::Json => print::json(&Report {
            revision: desired.revision.to_string(),
            plans: &plans,
            errors: &desired.errors,
            warnings: &desired.warnings,
            prune: pruning.as_ref().map(|pruning| PruneReport {
                plans: pruning.plans().collect(),
                kept: &pruning.kept,
                blocked: pruning.blocked.as_deref(),
            }),
        }),
        Output::Text => {
            print::problems(&desired.errors, &desired.warnings);
            let options = Options { show_values, colour: print::colour() };
            print_tree(desired, &plans);
            for plan in plans.iter().chain(pruning.iter().flat_map(Pruning::plans)) {
                print::line(render(plan, &options));
            }
            pruning.iter().for_each(print_pruning);
            print::line(format!("{}: {}", desired.revision, summary(&plans)));
        }
    }
    let code = exit_code(&plans, &desired.errors);
    let goes = pruning.is_some_and(|pruning| pruning.plans().next().is_some());
    Ok(ExitCode::from(if goes { code.max(1) } else { code }))
}

/// Where resources wait for each other: all of them, each below what it waits for.
fn print_tree(desired: &Desired, plans: &[Plan]) {
    let label = |id: &ResourceId| plans.iter().find(|plan| plan.resource == *id).map_or_else(|| id.to_string(), headline);
    let lines = tree(&desired.resources, label);
    if !lines.is_empty() {
        print::line(lines.join("\n"));
        print::line("");
    }
}

fn print_pruning(pruning: &Pruning) {
    for (id, reason) in &pruning.kept {
        print::line(format!("{id}: left the source, and is kept: {reason}"));
    }
    if let Some(why) = &pruning.blocked {
        print::line(format!("nothing is pruned: {why}"));
    }
}

/// 0 no difference, 1 difference, 2 error.
fn exit_code(plans: &[Plan], errors: &[Problem]) -> u8 {
    let unread = |plan: &Plan| matches!(plan.verdict, Verdict::Unknown { .. } | Verdict::Stalled { .. });
    if !errors.is_empty() || plans.iter().any(unread) {
        return 2;
    }
    u8::from(plans.iter().any(|plan| !plan.changes.is_empty() || !plan.is_empty() || waits(plan)))
}
