//! Reconcilers for the tests of this module: one that reaches nothing, and copies of one agent on a simulator.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use driftless_core::agent::Agent;
use driftless_core::snapshot::{Entry, Revision, Snapshot};
use driftless_core::status::Phase;
use driftless_simulator::{Options as SimulatorOptions, Simulator};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Reconciler, Targets};
use crate::aws::target::Options;
use crate::demo::console::Console;
use crate::source::Source;
use crate::source::fixtures::{Item, Pushed, main_branch};

/// Logical seconds in a real one.
const PACE: f64 = 60.0;

/// How long anything is waited for, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// One target at this endpoint.
pub(super) fn agent(endpoint: &str, more: &str) -> Agent {
    let text = format!(
        "apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: test}}
spec:
  source: {{directory: {{path: .}}}}
  targets:
    - {{name: shop, region: eu-central-1, accountId: \"123456789012\", endpointUrl: \"{endpoint}\"}}
{more}"
    );
    driftless_core::manifest::read_agent("driftless.yaml", text.as_bytes()).expect("valid").0
}

/// Nobody listens at its endpoint.
pub(super) async fn reconciler(source: Source) -> Reconciler {
    let agent = agent("http://127.0.0.1:9", "");
    let targets = Targets::connect(&agent, Path::new("/"), &Options::new(1.0)).await.expect("connects");
    Reconciler::new(agent, Arc::new(source), targets, 1.0, CancellationToken::new())
}

/// Services of these names, at the commit `main@sha`.
pub(super) fn snapshot(sha: &str, services: &[&str]) -> Snapshot {
    let text = |name: &&str| (format!("{name}.yaml"), Entry::File(service(name, "").into_bytes()));
    let revision = Revision::Git { reference: "main".into(), sha: sha.into() };
    Snapshot { revision, message: None, files: services.iter().map(text).collect(), unread: vec![] }
}

/// A service of one container.
pub(super) fn service(name: &str, image: &str) -> String {
    let image = if image.is_empty() { "web:1" } else { image };
    format!(
        "apiVersion: driftless/v1alpha1
kind: EcsService
metadata: {{name: {name}}}
spec:
  cluster: shop
  taskDefinition:
    inline:
      family: {name}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: \"256\"
      memory: \"512\"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions: [{{name: app, image: \"{image}\", essential: true}}]
  service:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
"
    )
}

/// A simulator with a cluster `shop`, and a repository.
pub(super) struct World {
    pub(super) simulator: Simulator,
    pub(super) pushed: Pushed,
    console: Console,
}

impl World {
    pub(super) async fn start() -> World {
        let options = SimulatorOptions { pace: PACE, ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).await.expect("a port on loopback");
        let console = Console::new(simulator.url()).expect("a client");
        let world = World { simulator, pushed: Pushed::new(), console };
        world.call("CreateCluster", json!({"clusterName": "shop"})).await;
        world
    }

    /// Pushes a commit of these services and images to main, whatever main was.
    pub(super) fn push(&self, services: &[(&str, &str)], parents: &[&str]) -> String {
        let texts: Vec<(String, String)> =
            services.iter().map(|(name, image)| (format!("{name}.yaml"), service(name, image))).collect();
        let files: Vec<(&str, Item<'_>)> = texts.iter().map(|(path, text)| (path.as_str(), Item::File(text))).collect();
        let sha = self.pushed.commit(&files, parents);
        self.pushed.point("refs/heads/main", &sha);
        sha
    }

    /// A copy of the agent that follows the repository, but reads it only when it is told to, or sees a reason itself.
    pub(super) async fn copy(&self) -> Copy {
        self.copy_of(Source::Git(self.pushed.source(main_branch(), "")), true).await
    }

    /// The same of another source; one that does not follow is an `apply`.
    pub(super) async fn copy_of(&self, source: Source, follows: bool) -> Copy {
        let shutdown = CancellationToken::new();
        let agent = agent(&self.simulator.url(), "  reconcile: {interval: 1h, prune: true}\n");
        let options = Options::new(PACE).with_static_credentials("AKIDEXAMPLE", "secret");
        let targets = Targets::connect(&agent, Path::new("/"), &options).await.expect("connects");
        let source = Arc::new(source);
        let reconciler = Reconciler::new(agent, source.clone(), targets, PACE, shutdown.clone());
        if follows {
            reconciler.follow();
            reconciler.read().await.expect("read");
        } else {
            reconciler.accept(source.snapshot().await.expect("read"));
        }
        let running = reconciler.clone();
        Copy { reconciler, task: tokio::spawn(async move { running.run().await }), shutdown }
    }

    pub(super) async fn call(&self, action: &str, body: Value) -> Value {
        self.console.call(action, body).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// An action of CloudFormation, and its answer's XML.
    pub(super) async fn query(&self, action: &str, members: &[(&str, &str)]) -> String {
        let answer = self.console.query("cloudformation", "2010-05-15", action, members).await;
        answer.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The service as AWS describes it, with its tags.
    pub(super) async fn service(&self, name: &str) -> Value {
        let body = json!({"cluster": "shop", "services": [name], "include": ["TAGS"]});
        self.call("DescribeServices", body).await["services"][0].clone()
    }

    pub(super) fn count(&self, action: &str) -> u64 {
        self.simulator.counters().get(action).copied().unwrap_or_default()
    }
}

/// A running copy of the agent.
pub(super) struct Copy {
    pub(super) reconciler: Reconciler,
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Copy {
    /// Everything is Ready at this commit.
    pub(super) async fn settles_at(&self, sha: &str) {
        until(&format!("everything is Ready at {sha}"), || self.is_ready_at(sha), || self.told()).await;
    }

    pub(super) fn is_ready_at(&self, sha: &str) -> bool {
        self.is_at(sha) && self.reconciler.statuses().iter().all(|status| status.phase == Phase::Ready)
    }

    pub(super) fn is_at(&self, sha: &str) -> bool {
        self.reconciler.commit().desired.revision.sha() == Some(sha)
    }

    /// A status of this phase or reason with these words in its message.
    pub(super) async fn says(&self, standing: &str, words: &str) {
        let said = || {
            self.reconciler.statuses().iter().any(|status| {
                (status.reason == standing || format!("{:?}", status.phase) == standing) && status.message.contains(words)
            })
        };
        until(&format!("it says {standing}: {words}"), said, || self.told()).await;
    }

    pub(super) fn told(&self) -> String {
        format!("{:#?}", self.reconciler.statuses())
    }

    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic");
    }
}

pub(super) async fn until(what: &str, holds: impl Fn() -> bool, told: impl Fn() -> String) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}\n{}", told());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
