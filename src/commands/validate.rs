//! `driftless validate`: everything that can be told without a network.

use std::process::ExitCode;

use driftless_core::count::counted;
use driftless_core::desired::Desired;
use driftless_core::location::Problem;
use driftless_core::manifest;
use driftless_core::resource::ResourceId;
use serde::Serialize;

use super::print;
use crate::cli::{Common, Output};
use crate::config::{Config, ConfigError};
use crate::signals::Signals;

/// `--output json`.
#[derive(Serialize)]
struct Report<'a> {
    valid: bool,
    resources: Vec<&'a ResourceId>,
    errors: &'a [Problem],
    warnings: &'a [Problem],
    /// Among the warnings, those about parts that were not read.
    unread: &'a [Problem],
    ignored: usize,
}

pub(super) async fn run(common: &Common, signals: &Signals, strict: bool) -> ExitCode {
    // It writes nothing, and holds nothing.
    signals.end_at_once(1);
    match check(common).await {
        Ok((config, desired)) => tell(common.output, &config, &desired, strict),
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                Some(ConfigError::Invalid { problems }) => tell_errors(common.output, problems),
                _ => print::error(common.output, &error),
            }
            ExitCode::from(1)
        }
    }
}

async fn check(common: &Common) -> anyhow::Result<(Config, Desired)> {
    let config = Config::load(common)?;
    // Addresses that can never work are found here, too.
    config.open_source()?;
    let desired = manifest::read(&config.working_tree().await?, &config.agent);
    Ok((config, desired))
}

fn tell(output: Output, config: &Config, desired: &Desired, strict: bool) -> ExitCode {
    let warnings: Vec<Problem> = config.warnings.iter().chain(&desired.warnings).cloned().collect();
    let valid = desired.errors.is_empty() && (!strict || warnings.is_empty());
    match output {
        Output::Json => print::json(&Report {
            valid,
            resources: desired.resources.keys().collect(),
            errors: &desired.errors,
            warnings: &warnings,
            unread: &desired.unread,
            ignored: desired.ignored,
        }),
        Output::Text => {
            print::problems(&desired.errors, &warnings);
            let mut parts = vec![counted(desired.resources.len(), "valid resource")];
            parts.extend((!desired.errors.is_empty()).then(|| counted(desired.errors.len(), "error")));
            parts.extend((!warnings.is_empty()).then(|| counted(warnings.len(), "warning")));
            let unread = || format!("{} not read", counted(desired.unread.len(), "place"));
            parts.extend((!desired.unread.is_empty()).then(unread));
            parts.extend((desired.ignored > 0).then(|| format!("{} ignored", counted(desired.ignored, "other document"))));
            let strict =
                if strict && desired.errors.is_empty() && !valid { "; with `--strict` a warning is an error" } else { "" };
            print::line(format!("{}{strict}", parts.join(", ")));
        }
    }
    ExitCode::from(u8::from(!valid))
}

/// The configuration itself is wrong: there is nothing to read manifests with.
fn tell_errors(output: Output, errors: &[Problem]) {
    match output {
        Output::Json => print::json(&Report { valid: false, resources: vec![], errors, warnings: &[], unread: &[], ignored: 0 }),
        Output::Text => print::problems(errors, &[]),
    }
}
