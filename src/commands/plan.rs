//! `driftless plan`: what would change. Never writes.

use std::process::ExitCode;

use driftless_core::graph;
use driftless_core::location::Problem;
use driftless_core::plan::render::{Options, render, summary};
use driftless_core::plan::{Plan, Verdict};
use futures_util::future::join_all;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::Setup;
use crate::cli::{Common, Output};

/// `--output json`.
#[derive(Serialize)]
struct Report<'a> {
    revision: String,
    plans: &'a [Plan],
    errors: &'a [Problem],
    warnings: &'a [Problem],
}

pub(super) async fn run(common: &Common, show_values: bool) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(common, CancellationToken::new()).await?;
    let commit = setup.reconciler.accept(setup.snapshot().await?);
    let desired = &commit.desired;
    // As they would be made: what others depend on comes first.
    let mut plans = Vec::new();
    for layer in graph::order(&desired.resources) {
        // What a layer gives, the next one takes.
        plans.extend(join_all(layer.iter().map(|id| setup.reconciler.preview(&commit, &desired.resources[id]))).await);
    }
    let plans: Vec<Plan> = if show_values { plans.into_iter().map(Plan::revealed).collect() } else { plans };
    match common.output {
        Output::Json => print::json(&Report {
            revision: desired.revision.to_string(),
            plans: &plans,
            errors: &desired.errors,
            warnings: &desired.warnings,
        }),
        Output::Text => {
            print::problems(&desired.errors, &desired.warnings);
            let options = Options { show_values, colour: print::colour() };
            for plan in &plans {
                print::line(render(plan, &options));
            }
            print::line(format!("{}: {}", desired.revision, summary(&plans)));
        }
    }
    Ok(ExitCode::from(exit_code(&plans, &desired.errors)))
}

/// 0 no difference, 1 difference, 2 error.
fn exit_code(plans: &[Plan], errors: &[Problem]) -> u8 {
    let unread = |plan: &Plan| matches!(plan.verdict, Verdict::Unknown { .. } | Verdict::Stalled { .. });
    if !errors.is_empty() || plans.iter().any(unread) {
        return 2;
    }
    u8::from(plans.iter().any(|plan| !plan.changes.is_empty() || !plan.is_empty()))
}
