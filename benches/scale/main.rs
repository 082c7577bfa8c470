//! What many services cost the agent: the binary as a process of its own beside the simulator, which is this program and is
//! not counted. `just bench`, or `just bench 2000` for another number of services; `docs/benchmarks.md` keeps what it printed.
//!
//! - *from nothing*: the agent makes all of them, and waits for their rollouts.
//! - *first look*: a new agent without a cache, until it knows all of them unchanged: it fetches, parses, reads AWS, compares.
//! - *drift*: its next look, at the interval.
//! - *a commit*: one that changes none of them: fetches, parses, reads AWS, compares.

mod manifests;
mod process;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use driftless_simulator::gitlab::TOKEN;
use driftless_simulator::{Options, Repository, Simulator};
use serde_json::json;

use process::Process;

/// AWS's seconds in a real one. Its quotas, which the agent keeps, give 20 reads a second: nobody has nine minutes for 10,000.
const PACE: f64 = 600.0;
/// An agent that has used nothing for so long has come to rest.
const REST: Duration = Duration::from_millis(600);
/// Between two looks at one that is measured.
const TICK: Duration = Duration::from_millis(50);
/// `reconcile.interval` of an agent whose next look is waited for, in real seconds.
const INTERVAL: f64 = 30.0;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo gives `--bench` where it was asked for one.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let asked: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    println!("{:<24} {:>8} {:>8} {:>9} {:>9} {:>8}", "", "CPU s", "wall s", "peak MB", "after MB", "calls");
    for count in if asked.is_empty() { vec![1_000, 10_000] } else { asked } {
        measure(count).await;
    }
}

async fn measure(count: usize) {
    let bench = Bench::with(count).await;
    let agent = bench.agent(24.0 * 3600.0);
    let began = Began::at(&agent);
    bench.waits_for_success().await;
    began.tell(&bench, &agent, "from nothing", |_| true).await;
    agent.stop().await;

    bench.simulator.reset_calls();
    std::fs::remove_dir_all(bench.folder.path().join("cache")).expect("a cache");
    let agent = bench.agent(INTERVAL * PACE);
    let looked = |calls: &BTreeMap<String, u64>| calls.get("DescribeServices").is_some_and(|times| *times as usize >= count / 10);
    Began::at(&agent).tell(&bench, &agent, "first look", looked).await;
    bench.simulator.reset_calls();
    Began::at(&agent).tell(&bench, &agent, "drift", looked).await;
    bench.simulator.reset_calls();
    bench.commit("README.md", "Nothing of any service.\n");
    Began::at(&agent).tell(&bench, &agent, "a commit", looked).await;
    agent.stop().await;
}

struct Bench {
    count: usize,
    simulator: Simulator,
    repository: Repository,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn with(count: usize) -> Bench {
        let simulator = Simulator::start(Options { pace: PACE, ..Options::default() }).await.expect("a port");
        simulator.gitlab().accept_unknown_commits(true);
        for cluster in manifests::clusters(count) {
            simulator.plainly("CreateCluster", &json!({"clusterName": cluster}));
        }
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("gitlab-token"), format!("{TOKEN}\n")).expect("written");
        let bench = Bench { count, repository: simulator.repository("acme/deploy"), simulator, folder };
        bench.commit("README.md", "Every service.\n");
        bench
    }

    /// All manifests, and this file.
    fn commit(&self, file: &str, text: &str) {
        let mut files = manifests::files(self.count);
        files.insert(file.to_owned(), text.as_bytes().to_vec());
        let parents: Vec<String> = self.repository.tip("refs/heads/main").into_iter().collect();
        let sha = self.repository.commit(&files, &parents, text, 1_700_000_000);
        self.repository.point("refs/heads/main", &sha);
    }

    /// `interval` is `reconcile.interval`, in AWS's seconds.
    fn agent(&self, interval: f64) -> Process {
        let (url, folder) = (self.simulator.url(), self.folder.path());
        let config = format!(
            r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {{name: bench}}
spec:
  source:
    git: {{url: "{url}/acme/deploy.git", branch: main, interval: 5s}}
  targets:
    - {{name: shop, region: eu-central-1, accountId: "123456789012", endpointUrl: "{url}"}}
  gitlab: {{url: "{url}", project: acme/deploy, tokenFile: gitlab-token}}
  reconcile: {{interval: {interval}s}}
  server: {{listen: "127.0.0.1:0"}}
"#
        );
        std::fs::write(folder.join("driftless.yaml"), config).expect("written");
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).expect("a log");
        let (config, cache) = (folder.join("driftless.yaml").display().to_string(), folder.join("cache").display().to_string());
        Process::start(&["agent", "--config", &config, "--cache", &cache, "--pace", &PACE.to_string()], log)
    }

    async fn waits_for_success(&self) {
        let sha = self.repository.tip("refs/heads/main").expect("committed");
        loop {
            let rows = self.simulator.gitlab().statuses(&sha);
            let ended =
                rows.iter().find(|row| row.name == "driftless/bench" && !["pending", "running"].contains(&row.state.as_str()));
            if let Some(row) = ended {
                assert_eq!(row.state, "success", "{row:?}");
                return;
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

/// What an agent had used when something began.
struct Began {
    at: Instant,
    cpu: f64,
}

impl Began {
    fn at(agent: &Process) -> Began {
        agent.forget_peak();
        Began { at: Instant::now(), cpu: agent.cpu() }
    }

    /// Waits until the calls that were made are what was waited for and the agent has come to rest, and prints a line.
    async fn tell(self, bench: &Bench, agent: &Process, what: &str, enough: impl Fn(&BTreeMap<String, u64>) -> bool) {
        let (mut cpu, mut since) = (agent.cpu(), Instant::now());
        // A read of the source each second may take a tick.
        while since.elapsed() < REST || !enough(&bench.simulator.counters()) {
            tokio::time::sleep(TICK).await;
            if agent.cpu() > cpu + 0.01 {
                (cpu, since) = (agent.cpu(), Instant::now());
            }
        }
        let calls: u64 = bench.simulator.counters().values().sum();
        if what != "from nothing" {
            assert_eq!(bench.simulator.mutations(), 0, "an unchanged service was written to: {:?}", bench.simulator.counters());
        }
        println!(
            "{:<24} {:>8.2} {:>8.1} {:>9.1} {:>9.1} {:>8}",
            format!("{} services, {what}", bench.count),
            cpu - self.cpu,
            since.duration_since(self.at).as_secs_f64(),
            agent.peak(),
            agent.resident(),
            calls
        );
    }
}
