//! The demo's world: AWS and GitLab as the simulator plays them, a Git repository made from one of the examples, and
//! an agent that follows it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use driftless_core::plan::render::Options as Render;
use driftless_simulator::gitlab::{Row, TOKEN};
use driftless_simulator::{Options, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::console::Console;
use super::examples::Example;
use super::narrator::Narrator;
use super::repository::{Author, DemoRepository};
use crate::agent::Agent;
use crate::aws::target::Options as AwsOptions;
use crate::config::Config;
use crate::reconcile::{Event, Reconciler, Targets};

/// Logical seconds in a real one: a rollout of two minutes takes four seconds.
const PACE: f64 = 30.0;

/// Everything runs; [`stop`](World::stop) ends it.
pub(super) struct World {
    pub(super) agent_name: &'static str,
    /// What the repository is made from.
    pub(super) example: Example,
    simulator: Simulator,
    repository: DemoRepository,
    reconciler: Reconciler,
    agent: JoinHandle<()>,
    events: tokio::sync::Mutex<tokio::sync::broadcast::Receiver<Event>>,
    address: String,
    shutdown: CancellationToken,
    console: Console,
    folder: TempDir,
}

impl World {
    /// Sets everything up; the agent finds an empty repository first.
    pub(super) async fn start(example: Example, narrator: &Narrator, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let simulator = Simulator::start(Options { pace: PACE, ..Options::default() })
            .await
            .context("cannot start the simulator on 127.0.0.1")?;
        simulator.gitlab().accept_unknown_commits(true);
        let console = Console::new(simulator.url())?;
        let repository = DemoRepository::create(&folder.path().join("deploy.git"))?;
        let config = write_config(&example, folder.path(), &repository, &simulator.url())?;
        let source = Arc::new(config.open_source()?);
        let targets = Targets::connect(&config.agent, &config.base, &AwsOptions::new(PACE).until(shutdown.clone())).await?;
        let reconciler = Reconciler::new(config.agent.clone(), source.clone(), targets, PACE, shutdown.clone());
        let events = tokio::sync::Mutex::new(reconciler.subscribe());
        let agent = Agent::start(&config, source, reconciler.clone(), PACE, shutdown.clone()).await?;
        let address = format!("http://{}", agent.address()?);
        let agent = tokio::spawn(agent.run());
        narrator.say("A simulator of AWS and GitLab, an empty Git repository, and an agent that follows it:");
        let world = World {
            agent_name: "demo",
            example,
            simulator,
            repository,
            reconciler,
            agent,
            events,
            address,
            shutdown,
            console,
            folder,
        };
        world.explain(narrator);
        Ok(world)
    }

    /// Where everything is.
    pub(super) fn explain(&self, narrator: &Narrator) {
        let url = self.simulator.url();
        narrator.detail(&format!("AWS and GitLab  {url}"));
        narrator.detail(&format!("repository      {}", self.repository.path().display()));
        narrator.detail(&format!("agent           {}/v1/status", self.address));
        narrator.detail(&format!(
            "look yourself   aws {} --endpoint-url {url} --region eu-central-1   (any credentials will do)",
            self.example.look
        ));
    }

    /// Commits the example's first version.
    pub(super) fn first_commit(&self, message: &str) -> anyhow::Result<String> {
        let files: Vec<(&str, Option<&[u8]>)> = self.example.files.iter().map(|(path, bytes)| (*path, Some(*bytes))).collect();
        self.commit(&files, message)
    }

    /// Commits one file of the example with `from` replaced by `to`.
    pub(super) fn commit_change(&self, path: &str, from: &str, to: &str, message: &str) -> anyhow::Result<String> {
        let text = self.changed(path, from, to)?;
        self.commit(&[(path, Some(text.as_bytes()))], message)
    }

    /// The example's file with `from` replaced by `to`.
    pub(super) fn changed(&self, path: &str, from: &str, to: &str) -> anyhow::Result<String> {
        let text = self.example.text(path);
        ensure!(text.contains(from), "the example's {path} does not say `{from}` any more");
        Ok(text.replace(from, to))
    }

    /// Commits these files; all others stay.
    pub(super) fn commit(&self, files: &[(&str, Option<&[u8]>)], message: &str) -> anyhow::Result<String> {
        let author = Author { name: "Ada", email: "ada@example.com", time: crate::clock::now().cast_signed() };
        Ok(self.repository.commit(files, message, author)?)
    }

    /// What somebody else does in AWS, past the agent: an ECS action, as the console would call it.
    pub(super) async fn call(&self, action: &str, body: Value) -> anyhow::Result<Value> {
        self.console.call(action, body).await
    }

    /// The same for CodeDeploy.
    pub(super) async fn code_deploy(&self, action: &str, body: Value) -> anyhow::Result<Value> {
        self.console.json("CodeDeploy_20141006", action, body).await
    }

    /// A stack's status.
    pub(super) async fn stack_status(&self, name: &str) -> anyhow::Result<String> {
        let answer = self.console.query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", name)]).await?;
        let status = answer.split_once("<StackStatus>").and_then(|(_, rest)| rest.split_once("</StackStatus>"));
        Ok(status.map(|(status, _)| status.to_owned()).unwrap_or_default())
    }

    /// How many calls wrote something.
    pub(super) fn mutations(&self) -> u64 {
        self.simulator.mutations()
    }

    /// How often an action was called.
    pub(super) fn count(&self, action: &str) -> u64 {
        self.simulator.counters().get(action).copied().unwrap_or_default()
    }

    /// The actions that were called, oldest first.
    pub(super) fn calls(&self) -> Vec<String> {
        self.simulator.calls().into_iter().map(|call| call.action).collect()
    }

    /// The service as AWS describes it.
    pub(super) async fn service(&self, name: &str) -> anyhow::Result<Value> {
        let answer = self.call("DescribeServices", json!({"cluster": "shop", "services": [name]})).await?;
        Ok(answer["services"][0].clone())
    }

    /// The image that the service's task definition names.
    pub(super) async fn image(&self, name: &str) -> anyhow::Result<String> {
        let task_definition = self.service(name).await?["taskDefinition"].clone();
        let answer = self.call("DescribeTaskDefinition", json!({"taskDefinition": task_definition})).await?;
        Ok(answer["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap_or_default().to_owned())
    }

    /// GitLab's row for the agent's status of a commit, if it has heard of it.
    pub(super) fn commit_status(&self, sha: &str) -> Option<Row> {
        let name = format!("driftless/{}", self.agent_name);
        self.simulator.gitlab().statuses(sha).into_iter().rev().find(|row| row.name == name)
    }

    /// All of GitLab's rows for a commit.
    pub(super) fn commit_statuses(&self, sha: &str) -> Vec<Row> {
        self.simulator.gitlab().statuses(sha)
    }

    /// Tells what the agent has done since the last call.
    pub(super) async fn narrate(&self, narrator: &Narrator) {
        let mut events = self.events.lock().await;
        while let Ok(event) = events.try_recv() {
            if let Some(text) = event.told(&Render { show_values: false, colour: false }) {
                narrator.detail(&text);
            }
            if let Event::Status(status) = event {
                narrator.moving(&format!("{} {:?}: {}", status.resource, status.phase, status.message));
            }
        }
    }

    /// Ends the agent as Ctrl-C would, then the simulator.
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        drop(self.reconciler);
        if tokio::time::timeout(Duration::from_secs(20), self.agent).await.is_err() {
            tracing::error!("the agent did not end in time");
        }
        self.simulator.stop().await;
        drop(self.folder);
    }
}

/// The configuration a user would write, with short-lived credentials from a token file, as in production.
fn write_config(example: &Example, folder: &Path, repository: &DemoRepository, url: &str) -> anyhow::Result<Config> {
    let text = format!(
        r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: demo}}
spec:
  source:
    git: {{url: "{repository}", branch: main, path: deploy, interval: 1s}}
  targets:
    - name: shop
      region: eu-central-1
      accountId: "123456789012"
      credentials: {{webIdentity: {{roleArn: "arn:aws:iam::123456789012:role/driftless", tokenFile: id-token}}}}
      endpointUrl: {url}
  gitlab: {{url: "{url}", project: acme/deploy, tokenFile: gitlab-token}}
  variables: {variables}
  reconcile: {{interval: 1m}}
  server: {{listen: "127.0.0.1:0"}}
"#,
        repository = repository.path().display(),
        variables = example.variables,
    );
    std::fs::write(folder.join("driftless.yaml"), text)?;
    std::fs::write(folder.join("gitlab-token"), format!("{TOKEN}\n"))?;
    // Three parts make a JWT; the simulator verifies no signature.
    std::fs::write(folder.join("id-token"), "header.claims.signature\n")?;
    Ok(Config::load(&crate::cli::Common {
        config: folder.join("driftless.yaml"),
        source: None,
        output: crate::cli::Output::Text,
        cache: Some(folder.join("cache")),
        pace: PACE,
    })?)
}
