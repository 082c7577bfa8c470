//! A reconciler that reaches nothing, for the tests of this module.

use std::path::Path;
use std::sync::Arc;

use driftless_core::agent::Agent;
use driftless_core::snapshot::{Entry, Revision, Snapshot};
use tokio_util::sync::CancellationToken;

use super::{Reconciler, Targets};
use crate::aws::target::Options;
use crate::source::Source;

/// One target; nobody listens at its endpoint.
const CONFIGURATION: &str = "apiVersion: driftless/v1alpha1
kind: Agent
metadata: {name: test}
spec:
  source: {directory: {path: .}}
  targets:
    - {name: shop, region: eu-central-1, accountId: \"123456789012\", endpointUrl: \"http://127.0.0.1:9\"}
";

pub(super) fn agent() -> Agent {
    driftless_core::manifest::read_agent("driftless.yaml", CONFIGURATION.as_bytes()).expect("valid").0
}

pub(super) async fn reconciler(source: Source) -> Reconciler {
    let targets = Targets::connect(&agent(), Path::new("/"), &Options::new(1.0)).await.expect("connects");
    Reconciler::new(agent(), Arc::new(source), targets, 1.0, CancellationToken::new())
}

/// Services of these names, at the commit `main@sha`.
pub(super) fn snapshot(sha: &str, services: &[&str]) -> Snapshot {
    let text = |name: &&str| {
        let text = format!(
            "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: {name}}}\nspec:\n  cluster: shop\n  taskDefinition: {{family: {name}}}\n  service: {{inline: {{desiredCount: 1}}}}\n"
        );
        (format!("{name}.yaml"), Entry::File(text.into_bytes()))
    };
    let revision = Revision::Git { reference: "main".into(), sha: sha.into() };
    Snapshot { revision, message: None, files: services.iter().map(text).collect(), unread: vec![] }
}
