//! The soak: the real binary for ten minutes beside the simulator, over sockets, with commits, console edits, faults, `kill -9`
//! and SIGTERM at any moment. What it holds of memory and descriptors, and how long it takes to stop, is printed.
//!
//! `just soak`, or `DRIFTLESS_SOAK=60 cargo test --test soak -- --ignored --nocapture` for another number of seconds.

#[allow(dead_code)] // The suite of chaos uses more of it.
#[path = "../property/draw.rs"]
mod draw;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use driftless_simulator::gitlab::TOKEN;
use driftless_simulator::{Fault, Options, Repository, Simulator, When};
use serde_json::json;
use tokio::process::{Child, Command};

use draw::Draw;

/// Logical seconds in a real one.
const PACE: f64 = 30.0;
/// Services that the repository declares.
const SERVICES: u64 = 15;
/// How long a stop may take, and a little for a busy machine.
const STOPS_WITHIN: Duration = Duration::from_secs(11);

#[expect(clippy::disallowed_methods, reason = "how long a person wants to soak it is theirs to say")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

struct Soak {
    simulator: Simulator,
    repository: Repository,
    folder: tempfile::TempDir,
    images: BTreeMap<u64, u64>,
    tip: Vec<String>,
    agent: Child,
    draw: Draw,
    kills: u32,
    peak: u64,
    descriptors: usize,
    stops: Vec<(Duration, Option<i32>)>,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten minutes; `just soak` runs it"]
async fn ten_minutes_of_kills_leave_nothing_behind() {
    let seconds = asked("DRIFTLESS_SOAK").unwrap_or(600);
    let mut soak = Soak::start().await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut rounds = 0;
    while Instant::now() < until {
        soak.round().await;
        rounds += 1;
    }
    soak.simulator.clear_faults();
    soak.commit();
    let converged = soak.converges().await;
    soak.measure();
    soak.simulator.reset_calls();
    tokio::time::sleep(Duration::from_secs_f64(190.0 / PACE)).await;
    let written = soak.simulator.mutations();
    let slowest = soak.stops.iter().map(|(took, _)| *took).max().unwrap_or_default();
    let (kills, stops, commits) = (soak.kills, soak.stops.len(), soak.tip.len());
    println!("{seconds} s, {rounds} rounds: {commits} commits, {kills} kill -9, {stops} SIGTERM (the slowest took {slowest:?})");
    println!("memory at most {} MB, descriptors at most {}", soak.peak / 1024, soak.descriptors);
    assert!(converged, "it did not converge; its log is {}", soak.log());
    assert_eq!(written, 0, "{:?}", soak.simulator.counters());
    for (took, code) in &soak.stops {
        assert!(*took < STOPS_WITHIN && *code == Some(0), "a stop took {took:?} and ended with {code:?}");
    }
}

impl Soak {
    async fn start() -> Soak {
        let simulator = Simulator::start(Options { pace: PACE, ..Options::default() }).await.expect("a port");
        simulator.gitlab().accept_unknown_commits(true);
        simulator.plainly("CreateCluster", &json!({"clusterName": "shop"}));
        let folder = tempfile::tempdir().expect("a folder");
        let url = simulator.url();
        let config = format!(
            r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: soak}}
spec:
  source:
    git: {{url: "{url}/acme/deploy.git", branch: main, interval: 1s}}
  targets:
    - {{name: shop, region: eu-central-1, accountId: "123456789012", endpointUrl: "{url}"}}
  gitlab: {{url: "{url}", project: acme/deploy, tokenFile: gitlab-token}}
  reconcile: {{interval: 60s, prune: true}}
  server: {{listen: "127.0.0.1:0"}}
"#
        );
        std::fs::write(folder.path().join("driftless.yaml"), config).expect("written");
        std::fs::write(folder.path().join("gitlab-token"), format!("{TOKEN}\n")).expect("written");
        let repository = simulator.repository("acme/deploy");
        let agent = spawn(folder.path().to_owned());
        let images = (0..SERVICES).map(|service| (service, 0)).collect();
        let (tip, stops) = (Vec::new(), Vec::new());
        let draw = Draw::new(asked("DRIFTLESS_SEED").unwrap_or(1));
        let mut soak = Soak { simulator, repository, folder, images, tip, agent, draw, kills: 0, peak: 0, descriptors: 0, stops };
        soak.commit();
        soak
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    async fn round(&mut self) {
        match self.draw.number() % 8 {
            0..4 => self.commit(),
            4 => {
                let name = format!("web-{}", self.draw.number() % SERVICES);
                self.simulator.plainly("UpdateService", &json!({"cluster": "shop", "service": name, "desiredCount": 3}));
            }
            5 => {
                let when = *self.draw.one(&[When::Before, When::LostAnswer, When::CloseBefore, When::Hang]);
                let probability = Some(0.2);
                let fault = Fault { probability, when, times: Some(5), seed: self.draw.number(), ..Fault::default() };
                self.simulator.add_fault(fault);
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(self.draw.number() % 4_000)).await;
        self.measure();
        match self.draw.number() % 4 {
            0 => self.stop().await,
            1 | 2 => {
                self.agent.kill().await.expect("killed");
                self.kills += 1;
                self.agent = spawn(self.folder.path().to_owned());
            }
            _ => {}
        }
    }

    /// Edits a service, on the branch's tip.
    fn commit(&mut self) {
        let service = self.draw.number() % SERVICES;
        *self.images.entry(service).or_default() += 1;
        let files = self.images.iter().map(|(service, version)| (format!("web-{service}.yaml"), manifest(*service, *version)));
        let parents: Vec<String> = self.tip.last().cloned().into_iter().collect();
        let sha = self.repository.commit(&files.collect(), &parents, "Edit a service", 1_700_000_000 + self.tip.len() as u64);
        self.repository.point("refs/heads/main", &sha);
        self.tip.push(sha);
    }

    async fn stop(&mut self) {
        let pid = self.agent.id().unwrap_or_default().to_string();
        let starts = Instant::now();
        while !catches_signals(&pid) && starts.elapsed() < Duration::from_secs(5) {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(told.is_ok_and(|status| status.success()), "the agent is there");
        let ended: Option<ExitStatus> =
            tokio::time::timeout(Duration::from_secs(60), self.agent.wait()).await.ok().and_then(Result::ok);
        self.stops.push((began.elapsed(), ended.and_then(|status| status.code())));
        self.agent = spawn(self.folder.path().to_owned());
    }

    fn measure(&mut self) {
        let process = PathBuf::from(format!("/proc/{}", self.agent.id().unwrap_or_default()));
        let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse().ok());
        self.peak = self.peak.max(resident.unwrap_or_default());
        self.descriptors = self.descriptors.max(std::fs::read_dir(process.join("fd")).map_or(0, Iterator::count));
    }

    /// Whether GitLab shows success for the tip within two minutes.
    async fn converges(&self) -> bool {
        let sha = self.tip.last().cloned().unwrap_or_default();
        for _ in 0..240 {
            let rows = self.simulator.gitlab().statuses(&sha);
            if rows.iter().any(|row| row.name == "driftless/soak" && row.state == "success") {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        false
    }
}

/// Whether `main` was reached: what comes before, the loading of the program, is the system's.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn catches_signals(pid: &str) -> bool {
    const TERM: u64 = 1 << 14;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught & TERM != 0)
}

fn spawn(folder: PathBuf) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).expect("a log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftless"));
    command.arg("agent").arg("--config").arg(folder.join("driftless.yaml")).arg("--cache").arg(folder.join("cache"));
    command.args(["--pace", &PACE.to_string()]).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.env("AWS_ACCESS_KEY_ID", "agent").env("AWS_SECRET_ACCESS_KEY", "secret");
    command.kill_on_drop(true).spawn().expect("the binary starts")
}

fn manifest(service: u64, version: u64) -> Vec<u8> {
    let text = format!(
        r#"apiVersion: driftless/v1alpha1
kind: EcsService
metadata: {{name: web-{service}}}
spec:
  cluster: shop
  taskDefinition:
    inline:
      family: web-{service}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions: [{{name: app, image: "registry.example.com/web:{version}"}}]
  service:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
      desiredCount: 1
"#
    );
    text.into_bytes()
}
