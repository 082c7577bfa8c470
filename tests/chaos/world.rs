//! One world: the servers, the repository and its branch, and the agents on it, each over lines of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driftless::agent::Agent;
use driftless::aws::target::Options as AwsOptions;
use driftless::cli::{Common, Output};
use driftless::config::Config;
use driftless::reconcile::{Reconciler, Targets};
use driftless::source::Source;
use driftless_core::plan::{Plan, render};
use driftless_core::resource::ResourceId;
use driftless_core::status::Phase;
use driftless_simulator::gitlab::TOKEN;
use driftless_simulator::{Options, Repository, Simulator, Spelling};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::aws;
use crate::draw::Draw;
use crate::laws::Observer;
use crate::line::{Line, MAIN, Servers};
use crate::script::{Cache, Spelt};
use crate::tree::Tree;

/// When the world begins, in seconds since 1970.
pub const START: f64 = 1_800_000_000.0;

/// `reconcile.interval`, in seconds.
pub const INTERVAL: u64 = 60;

pub struct World {
    pub servers: Arc<Servers>,
    repository: Repository,
    folder: TempDir,
    /// The branch, oldest first.
    pub branch: Vec<(String, Tree)>,
    commits: u64,
    /// Copies that were started, a person's `apply` too.
    pub starts: u64,
    draw: Draw,
}

/// A copy of the agent.
pub struct Copy {
    pub line: Arc<Line>,
    /// What `driftless status` is answered from.
    reconciler: Reconciler,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    pub fn new(seed: u64, lag: u8, spelt: Spelt) -> World {
        let eventual_consistency = (lag > 0).then(|| std::time::Duration::from_secs(lag.into()));
        let spelling = match spelt {
            Spelt::Plainly => Spelling::Plain,
            Spelt::Known => Spelling::Known,
            Spelt::Invented => Spelling::Invented(seed),
        };
        let options = Options { start: Some(START), eventual_consistency, spelling, ..Options::default() };
        let simulator = Simulator::in_memory(options);
        simulator.gitlab().accept_unknown_commits(true);
        for bucket in ["artifacts", "bundles"] {
            simulator.create_bucket(bucket);
        }
        for key in ["v0.zip", "v1.zip", "v2.zip", "crash.zip"] {
            simulator.put_object("bundles", key, key.as_bytes().to_vec());
        }
        for cluster in aws::CLUSTERS {
            simulator.plainly("CreateCluster", &json!({"clusterName": cluster}));
        }
        let role = "arn:aws:iam::123456789012:role/codedeploy";
        let group = json!({"applicationName": "shop", "deploymentGroupName": "fleet", "serviceRoleArn": role,
            "ec2TagFilters": [{"Key": "role", "Value": "fleet", "Type": "KEY_AND_VALUE"}]});
        aws::ask(&simulator, "codedeploy", "CreateApplication", &json!({"applicationName": "shop"}));
        aws::ask(&simulator, "codedeploy", "CreateDeploymentGroup", &group);
        let theirs = json!({"family": "theirs", "containerDefinitions": [{"name": "app", "image": "registry.example.com/theirs:1", "memory": 64}]});
        simulator.plainly("RegisterTaskDefinition", &theirs);
        simulator.plainly(
            "CreateService",
            &json!({"cluster": "shop", "serviceName": "theirs", "taskDefinition": "theirs", "desiredCount": 1}),
        );
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("gitlab-token"), format!("{TOKEN}\n")).expect("written");
        std::fs::write(folder.path().join("git-token"), "canary-git-token\n").expect("written");
        let repository = simulator.repository("acme/deploy");
        let servers = Arc::new(Servers::new(simulator, Observer::new(), repository.clone()));
        World { servers, repository, folder, branch: Vec::new(), commits: 0, starts: 0, draw: Draw::new(seed ^ 0x0063_6861_6f73) }
    }

    /// What the branch's tip declares.
    pub fn tip(&self) -> Tree {
        self.branch.last().map(|(_, tree)| tree.clone()).unwrap_or_default()
    }

    /// A commit on the branch's tip.
    pub fn commit(&mut self, tree: Tree) {
        self.commits += 1;
        let parents: Vec<String> = self.branch.last().map(|(sha, _)| sha.clone()).into_iter().collect();
        let time = START as u64 + self.commits;
        let sha = self.repository.commit(&tree.files(), &parents, &format!("Change {}", self.commits), time);
        self.repository.point(MAIN, &sha);
        self.servers.observer().pushed(&sha, &tree);
        self.branch.push((sha, tree));
    }

    /// The branch is put back by so many commits.
    pub fn force_push(&mut self, back: usize) {
        self.branch.truncate(self.branch.len().saturating_sub(back).max(1));
        if let Some((sha, tree)) = self.branch.last() {
            self.repository.point(MAIN, sha);
            self.servers.observer().pushed(sha, tree);
        }
    }

    /// Starts a copy of the agent.
    pub async fn start(&mut self, who: &'static str, minutes: u64) -> Copy {
        let line = Line::new(who, &self.servers, self.draw.number());
        self.servers.observer().starts(who);
        self.starts += 1;
        let (config, source, reconciler, shutdown) = self.connect(who, minutes, &line).await;
        let wired = Agent::wired(&config, source, reconciler.clone(), &line.wires(), shutdown.clone());
        let agent = wired.expect("assembled");
        let dead = line.dead.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = dead.cancelled() => {}
                () = agent.run() => {}
            }
        });
        Copy { line, reconciler, shutdown, task }
    }

    /// A person applies the tip, with a cache of their own, until all has come to an end or ten minutes have passed.
    pub async fn apply(&mut self) -> Copy {
        let line = Line::new("apply", &self.servers, self.draw.number());
        self.servers.observer().starts("apply");
        self.starts += 1;
        let (_, source, reconciler, shutdown) = self.connect("apply", 60, &line).await;
        let (dead, ends, kept) = (line.dead.clone(), shutdown.clone(), reconciler.clone());
        let work = async move {
            let Ok(snapshot) = source.snapshot().await else { return };
            let commit = reconciler.accept(snapshot);
            let running = reconciler.run();
            let until = async {
                for _ in 0..600 {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    if commit.standings().iter().all(|one| one.phase == Phase::Ready || one.is_stopped()) {
                        break;
                    }
                }
                ends.cancel();
            };
            tokio::join!(running, until);
        };
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = dead.cancelled() => {}
                () = work => {}
            }
        });
        Copy { line, reconciler: kept, shutdown, task }
    }

    /// What a person's `plan` of the tip says, as text and as JSON.
    pub async fn plan(&mut self) -> String {
        let line = Line::new("plan", &self.servers, self.draw.number());
        let (_, source, reconciler, _) = self.connect("plan", 60, &line).await;
        let Ok(snapshot) = source.snapshot().await else { return String::new() };
        let commit = reconciler.accept(snapshot);
        let looked = reconciler.preview_all(&commit).await;
        let options = render::Options { show_values: false, colour: false };
        let told = |plan: &Plan| format!("{}\n{}\n", render::render(plan, &options), json!(plan));
        looked.iter().map(|one| told(&one.plan)).collect()
    }

    async fn connect(&self, who: &str, minutes: u64, line: &Arc<Line>) -> (Config, Arc<Source>, Reconciler, CancellationToken) {
        let (wires, shutdown) = (line.wires(), CancellationToken::new());
        let config = Config::load(&self.common(who, minutes)).expect("a valid configuration");
        let source = Arc::new(config.open_source().expect("an address").over(&wires.git));
        let options = AwsOptions::new(1.0).until(shutdown.clone()).with_cache(config.cache());
        let options = options.with_static_credentials("agent", "secret").over(&wires.aws);
        let targets = Targets::connect(&config.agent, &config.base, &options).await.expect("connects");
        let reconciler = Reconciler::new(config.agent.clone(), source.clone(), targets, 1.0, shutdown.clone());
        (config, source, reconciler, shutdown)
    }

    /// A copy's cache, as it is found at its next start.
    pub fn cache_is(&self, who: &str, cache: Cache) {
        let folder = self.folder.path().join(who);
        match cache {
            Cache::Kept => {}
            Cache::Wiped => drop(std::fs::remove_dir_all(&folder)),
            Cache::Halved(how) => halve(&folder, how),
        }
    }

    fn common(&self, who: &str, minutes: u64) -> Common {
        let interval = if minutes == 0 { "30s".to_owned() } else { format!("{minutes}m") };
        let text = format!(
            r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: chaos}}
spec:
  source:
    git: {{url: "https://gitlab.example.com/acme/deploy.git", branch: main, interval: {interval}, tokenFile: git-token}}
  targets:
    - {{name: shop, region: eu-central-1, accountId: "123456789012", endpointUrl: "http://127.0.0.1:1", artifactsBucket: artifacts}}
  gitlab: {{url: "https://gitlab.example.com", project: acme/deploy, tokenFile: gitlab-token}}
  reconcile: {{interval: {INTERVAL}s, prune: true}}
"#
        );
        let config = self.folder.path().join(format!("{who}.yaml"));
        std::fs::write(&config, text).expect("written");
        Common { config, source: None, output: Output::Text, cache: Some(self.folder.path().join(who)), pace: 1.0 }
    }
}

impl Copy {
    pub fn lives(&self) -> bool {
        !self.line.dead.is_cancelled() && !self.task.is_finished()
    }

    /// The revision at which its `status` says Ready of all.
    pub fn all_ready_at(&self) -> Option<String> {
        let (commit, statuses) = (self.reconciler.commit(), self.reconciler.statuses());
        let ready = |id: &ResourceId| statuses.iter().any(|status| status.resource == *id && status.phase == Phase::Ready);
        let declared = &commit.desired.resources;
        (!declared.is_empty() && declared.keys().all(ready)).then(|| commit.desired.revision.sha().map(str::to_owned))?
    }

    /// As `kill -9` does.
    pub async fn kill(self) {
        self.line.dead.cancel();
        let _ = self.task.await;
    }

    /// As SIGTERM does. How many seconds it took; None: the agent was dead already.
    pub async fn stop(self) -> Option<f64> {
        let began = tokio::time::Instant::now();
        let lived = self.lives();
        self.shutdown.cancel();
        let _ = self.task.await;
        (lived && !self.line.dead.is_cancelled()).then(|| began.elapsed().as_secs_f64())
    }
}

/// What a kill in the middle of a write may leave of the copies of repositories and of all else that is cached.
fn halve(folder: &Path, how: u8) {
    let mut files = BTreeMap::new();
    list(folder, &mut files);
    let of = |end: &str| files.keys().filter(|file| file.to_string_lossy().ends_with(end)).cloned().collect::<Vec<PathBuf>>();
    let half = |file: &PathBuf| {
        let bytes = std::fs::read(file).unwrap_or_default();
        // Packs are read-only.
        let _ = std::fs::remove_file(file);
        let _ = std::fs::write(file, &bytes[..bytes.len() / 2]);
    };
    let repositories: Vec<PathBuf> = of("/HEAD").iter().filter_map(|head| Some(head.parent()?.to_owned())).collect();
    match how {
        // A lock that nobody holds any more.
        0 => repositories.iter().for_each(|repository| drop(std::fs::write(repository.join("shallow.lock"), ""))),
        1 => of(".pack").iter().take(1).for_each(half),
        2 => of(".idx").iter().take(1).for_each(|file| drop(std::fs::remove_file(file))),
        3 => of("/refs/driftless/tip").iter().for_each(half),
        4 => of("/shallow").iter().for_each(half),
        // Only a part of the folder was made.
        _ => repositories.iter().for_each(|repository| drop(std::fs::remove_dir_all(repository.join("refs")))),
    }
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, ()>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&entry.path(), files),
            _ => drop(files.insert(entry.path(), ())),
        }
    }
}
