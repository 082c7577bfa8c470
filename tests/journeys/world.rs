//! What every journey starts with: a simulator, a Git repository, and an agent on both, in this process or in one
//! of its own that can be killed.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftless::agent::Agent;
use driftless::aws::target::Options as AwsOptions;
use driftless::cli::{Common, Output};
use driftless::config::Config;
use driftless::demo::console::Console;
use driftless::demo::repository::{Author, DemoRepository};
use driftless::reconcile::{Reconciler, Targets};
use driftless_simulator::gitlab::{Row, TOKEN};
use driftless_simulator::{Options, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Logical seconds in a real one, unless a journey says otherwise.
pub const PACE: f64 = 60.0;

/// How long a journey waits for anything, in real time, before it has failed. Machines that test are slow at times.
const PATIENCE: Duration = Duration::from_secs(60);

/// The rights in the installer's template: words of the form `ecs:CreateService`.
fn shipped_rights() -> Vec<String> {
    let template = include_str!("../../manifests/driftless.template.yaml");
    let words = template.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    words.filter(|word| word.split_once(':').is_some_and(|(_, action)| !action.is_empty())).map(str::to_owned).collect()
}

pub struct World {
    pub simulator: Simulator,
    repository: DemoRepository,
    folder: TempDir,
    console: Console,
    pub pace: f64,
    /// The account that the role is in, which is the simulator's. The configuration says 123456789012 whatever it is.
    account: String,
    /// `reconcile.interval`, logical.
    pub interval: &'static str,
    /// `reconcile.prune`.
    pub prune: bool,
    /// Further members of `spec`, indented by two.
    pub more: &'static str,
    /// Where Git is, if not in this world's own repository.
    pub git: Option<String>,
    /// Where GitLab is, if not the simulator's.
    pub gitlab: Option<String>,
}

impl World {
    pub async fn start() -> World {
        World::with(Options { pace: PACE, ..Options::default() }).await
    }

    /// A cluster `shop`, an empty repository, no agent yet.
    pub async fn with(options: Options) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let (pace, account) = (options.pace, options.account_id.clone());
        // The agent has what the installer's template gives it, and nothing else.
        let options = Options { allow: options.allow.or_else(|| Some(shipped_rights())), ..options };
        let simulator = Simulator::start(options).await.expect("a port on loopback");
        simulator.gitlab().accept_unknown_commits(true);
        let repository = DemoRepository::create(&folder.path().join("deploy.git")).expect("a repository");
        std::fs::write(folder.path().join("gitlab-token"), format!("{TOKEN}\n")).expect("written");
        // Three parts make a JWT; the simulator verifies no signature.
        std::fs::write(folder.path().join("id-token"), "header.claims.signature\n").expect("written");
        let console = Console::new(simulator.url()).expect("a client");
        let world = World {
            simulator,
            repository,
            folder,
            console,
            pace,
            account,
            interval: "60s",
            prune: false,
            more: "",
            git: None,
            gitlab: None,
        };
        world.call("CreateCluster", json!({"clusterName": "shop"})).await;
        world.simulator.reset_calls();
        world
    }

    /// Commits these files; all others stay. Returns the commit's id.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        let files: Vec<(&str, Option<&str>)> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
        self.commit_saying(&files, "A change")
    }

    /// Commits these files, and removes those without a text.
    pub fn commit_saying(&self, files: &[(&str, Option<&str>)], message: &str) -> String {
        let files: Vec<(&str, Option<&[u8]>)> = files.iter().map(|(path, text)| (*path, text.map(str::as_bytes))).collect();
        let author = Author { name: "Ada", email: "ada@example.com", time: 1_700_000_000 };
        self.repository.commit(&files, message, author).expect("committed")
    }

    /// The agent in this process.
    pub async fn agent(&self) -> Running {
        let shutdown = CancellationToken::new();
        let common = self.write_config();
        let config = Config::load(&common).expect("a valid configuration");
        let source = Arc::new(config.open_source().expect("opens"));
        let targets = Targets::connect(&config.agent, &config.base, &AwsOptions::new(self.pace).until(shutdown.clone()))
            .await
            .expect("connects");
        let reconciler = Reconciler::new(config.agent.clone(), source.clone(), targets, self.pace, shutdown.clone());
        let agent = Agent::start(&config, source, reconciler.clone(), self.pace, shutdown.clone()).await.expect("starts");
        Running { reconciler, task: tokio::spawn(agent.run()), shutdown }
    }

    /// The binary with this world's configuration, and without any environment.
    fn binary(&self, arguments: &[&str]) -> tokio::process::Command {
        let common = self.write_config();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_driftless"));
        command.args(arguments).arg("--config").arg(&common.config);
        command.arg("--cache").arg(self.folder.path().join("cache")).args(["--pace", &self.pace.to_string()]);
        command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The agent as a process of its own: what `kill -9` is for.
    pub fn agent_process(&self) -> tokio::process::Child {
        self.agent_process_with(&[])
    }

    /// The same, in this environment.
    pub fn agent_process_with(&self, environment: &[(&str, &str)]) -> tokio::process::Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).expect("a log");
        let mut agent = self.binary(&["agent"]);
        agent.envs(environment.iter().copied()).stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts")
    }

    /// Where the last of the agent's processes serves its status, once it does.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        let log = self.logged();
        let line = log.lines().rev().find(|line| line.contains("serving the status"))?;
        let at = line.find("127.0.0.1:")?;
        let end = line[at..].find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).unwrap_or(line.len() - at);
        line[at..at + end].parse().ok()
    }

    /// Takes the repository away; the answer brings it back.
    pub fn take_repository_away(&self) -> impl FnOnce() {
        let here = self.repository.path().to_owned();
        let there = here.with_extension("away");
        std::fs::rename(&here, &there).expect("moved");
        move || std::fs::rename(there, here).expect("moved back")
    }

    /// Starts a command of the binary; [`World::ended`] waits for it.
    pub fn command_process(&self, arguments: &[&str]) -> tokio::process::Child {
        self.binary(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }

    /// A command's code, and what it printed.
    pub async fn ended(command: tokio::process::Child) -> (i32, String) {
        let output = command.wait_with_output().await.expect("waited for");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }

    /// Runs a command of the binary to its end: its code, and what it printed.
    pub async fn command(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.binary(arguments).output().await.expect("the binary starts");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("agent.log")
    }

    /// What the agent's processes logged.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn write_config(&self) -> Common {
        let config = self.folder.path().join("driftless.yaml");
        let (url, interval) = (self.simulator.url(), self.interval);
        let repository = self.git.clone().unwrap_or_else(|| self.repository.path().display().to_string());
        let gitlab = self.gitlab.as_ref().unwrap_or(&url);
        let (prune, more, account) = (self.prune, self.more, &self.account);
        let text = format!(
            r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: journey}}
spec:
  source:
    git: {{url: "{repository}", branch: main, interval: 1s}}
  targets:
    - name: shop
      region: eu-central-1
      accountId: "123456789012"
      credentials: {{webIdentity: {{roleArn: "arn:aws:iam::{account}:role/driftless", tokenFile: id-token}}}}
      endpointUrl: {url}
      artifactsBucket: artifacts
  gitlab: {{url: "{gitlab}", project: acme/deploy, tokenFile: gitlab-token}}
  reconcile: {{interval: {interval}, prune: {prune}}}
  server: {{listen: "127.0.0.1:0"}}
{more}"#
        );
        write_if_changed(&config, &text);
        Common { config, source: None, output: Output::Text, cache: Some(self.folder.path().join("cache")), pace: self.pace }
    }

    /// An ECS action, as somebody else would call it. Panics when AWS refuses.
    pub async fn call(&self, action: &str, body: Value) -> Value {
        self.console.call(action, body).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// An action of CodeDeploy, likewise.
    pub async fn code_deploy(&self, action: &str, body: Value) -> Value {
        self.console.json("CodeDeploy_20141006", action, body).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// An action of CloudFormation, and its answer's XML.
    pub async fn cloudformation(&self, action: &str, members: &[(&str, &str)]) -> String {
        let answer = self.console.query("cloudformation", "2010-05-15", action, members).await;
        answer.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The service as AWS describes it, with its tags; null when there is none.
    pub async fn service(&self, name: &str) -> Value {
        let body = json!({"cluster": "shop", "services": [name], "include": ["TAGS"]});
        self.call("DescribeServices", body).await["services"][0].clone()
    }

    /// The document of the service's task definition.
    pub async fn task_definition(&self, name: &str) -> Value {
        let arn = self.service(name).await["taskDefinition"].clone();
        self.call("DescribeTaskDefinition", json!({"taskDefinition": arn})).await["taskDefinition"].clone()
    }

    /// The image of the service's first container.
    pub async fn image(&self, name: &str) -> String {
        self.task_definition(name).await["containerDefinitions"][0]["image"].as_str().unwrap_or_default().to_owned()
    }

    /// GitLab's newest row of this name for a commit.
    pub fn row(&self, sha: &str, name: &str) -> Option<Row> {
        self.simulator.gitlab().statuses(sha).into_iter().rev().find(|row| row.name == name)
    }

    /// The state of the agent's own status of a commit.
    pub fn state(&self, sha: &str) -> String {
        self.row(sha, "driftless/journey").map(|row| row.state).unwrap_or_default()
    }

    /// Waits until GitLab shows this end for the commit.
    pub async fn ends_as(&self, sha: &str, end: &str) {
        self.until(&format!("the commit ends as {end}"), async || {
            let state = self.state(sha);
            let final_state = ["success", "failed", "canceled"].contains(&state.as_str());
            assert!(!final_state || state == end, "the commit ended as {state}: {:?}", self.row(sha, "driftless/journey"));
            state == end
        })
        .await;
    }

    /// Waits until something holds; panics with what it waited for, the statuses and the agent's log.
    pub async fn until(&self, what: &str, holds: impl AsyncFnMut() -> bool) {
        self.until_within(PATIENCE.as_secs(), what, holds).await;
    }

    /// The same, with this many seconds of real time instead of the usual ones.
    pub async fn until_within(&self, seconds: u64, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !holds().await {
            assert!(Instant::now() < deadline, "waited in vain until {what}\n{}\n{:#}", self.logged(), self.service("web").await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets this many logical seconds pass.
    pub async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds / self.pace)).await;
    }

    /// How often an action was called.
    pub fn count(&self, action: &str) -> u64 {
        self.simulator.counters().get(action).copied().unwrap_or_default()
    }
}

/// An agent in this process.
pub struct Running {
    pub reconciler: Reconciler,
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Running {
    /// As SIGTERM does.
    pub async fn stop(self) {
        self.shutdown.cancel();
        drop(self.reconciler);
        self.task.await.expect("the agent ends without a panic");
    }
}

fn write_if_changed(file: &Path, text: &str) {
    if std::fs::read_to_string(file).ok().as_deref() != Some(text) {
        std::fs::write(file, text).expect("written");
    }
}

/// A service `name` whose one container `app` runs `image`; `more` are further members of `spec.service.inline`.
pub fn service(name: &str, image: &str, more: &str) -> String {
    format!(
        r#"apiVersion: driftless/v1alpha1
kind: EcsService
metadata: {{name: {name}}}
spec:
  cluster: shop
  taskDefinition:
    inline:
      family: {name}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions:
        - name: app
          image: {image}
          essential: true
          environment: [{{name: LOG_LEVEL, value: info}}]
          portMappings: [{{containerPort: 8080}}]
  service:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
{more}
"#
    )
}

/// Two tasks, and AWS's circuit breaker with rollback.
pub const CAREFUL: &str = "      desiredCount: 2
      deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}";
