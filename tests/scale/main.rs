//! Many services: no throttle received, few calls, and what that costs. Figures are printed (`--nocapture`), never asserted.
//!
//! A binary of its own, one journey at a time: beside others on a small machine the agent's clock would stumble.

mod graph;

#[allow(dead_code)] // The journeys use more of it.
#[path = "../journeys/world.rs"]
mod world;

use std::time::Instant;

use driftless_simulator::Options;

use tokio::sync::Mutex;
use world::{World, service};

/// Held by the journey that runs.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_services_are_created_under_amazons_quotas_without_one_throttle() {
    let _alone = ALONE.lock().await;
    // A slow pace: at 60 a hiccup of this machine of 70 ms is four seconds of AWS's, all that is kept free of a burst.
    let world = World::with(Options { pace: 8.0, quotas: true, ..Options::default() }).await;
    let agent = world.agent().await;
    let began = Instant::now();
    let sha = commit_services(&world, 200);
    world.ends_as(&sha, "success").await;
    let logical = began.elapsed().as_secs_f64() * world.pace;
    println!("200 services from nothing: {logical:.0} s of AWS's time, {:?}", world.simulator.counters());
    let throttled: Vec<_> = world.simulator.calls().into_iter().filter(|call| call.outcome == "ThrottlingException").collect();
    assert!(throttled.is_empty(), "{throttled:#?}");
    assert_eq!(world.count("CreateService"), 200);
    assert_eq!(world.count("RegisterTaskDefinition"), 200);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_thousand_unchanged_services_takes_a_hundred_calls_and_no_write_and_little_memory() {
    let _alone = ALONE.lock().await;
    let mut world = World::with(Options { pace: 600.0, ..Options::default() }).await;
    world.interval = "24h";
    let agent = world.agent().await;
    let sha = commit_services(&world, 1000);
    world.until_within(600, "the commit ends as success", async || world.state(&sha) == "success").await;
    // Whatever the last rollout still asked for has been answered.
    world.pass(600.0).await;
    world.simulator.reset_calls();

    let (began, cpu) = (Instant::now(), cpu_seconds());
    agent.reconciler.look();
    world.until("every service was described", async || world.count("DescribeServices") >= 100).await;
    let (wall, cpu) = (began.elapsed(), cpu_seconds() - cpu);
    world.pass(600.0).await;
    let calls: u64 = world.simulator.counters().values().sum();
    println!(
        "a drift pass over 1,000 unchanged services: {calls} calls, {:.2} s wall, {cpu:.2} s CPU (agent and simulator, debug build), {} MiB peak memory",
        wall.as_secs_f64(),
        peak_memory_mib("self")
    );
    // Ten to a call; on a busy machine one or the other leaves before it is full.
    assert!(calls <= 110, "{:?}", world.simulator.counters());
    assert_eq!(world.simulator.mutations(), 0);
    agent.stop().await;

    // Another one in a process of its own, for its memory. `just bench` measures it as it is shipped; as built for tests it has
    // 80 MiB with nothing to look at.
    world.simulator.reset_calls();
    let process = world.agent_process();
    world.until("every service was described", async || world.count("DescribeServices") >= 100).await;
    world.pass(600.0).await;
    let peak = peak_memory_mib(&process.id().expect("it runs").to_string());
    println!("a first look at 1,000 services: {peak} MiB peak memory (debug build)");
    assert!(peak < 160, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_services_that_have_just_begun_end_at_once() {
    let _alone = ALONE.lock().await;
    let mut world = World::with(Options { pace: 60.0, ..Options::default() }).await;
    world.interval = "24h";
    commit_services(&world, 10_000);
    let stopped = async |when: &str, agent: world::Running| {
        let began = Instant::now();
        agent.stop().await;
        println!("10,000 services, {when}: ended after {:.2} s", began.elapsed().as_secs_f64());
        // Five by the contract, and as much again for a busy machine.
        assert!(began.elapsed().as_secs() < 10, "{when}: {:?}", began.elapsed());
    };
    let agent = world.agent().await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    stopped("while the manifests are read", agent).await;
    let agent = world.agent().await;
    world.until_within(900, "the first are looked at", async || world.count("DescribeServices") > 20).await;
    stopped("while the services are looked at", agent).await;
}

fn commit_services(world: &World, count: usize) -> String {
    let files: Vec<(String, String)> = (0..count)
        .map(|n| {
            let name = format!("service-{n:04}");
            let manifest = service(&name, &format!("registry.example.com/{name}:1"), "      desiredCount: 1");
            (format!("{name}.yaml"), manifest)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.commit(&files)
}

/// User and system time of this process, in seconds; fields 14 and 15 of proc(5)'s stat, in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// `VmHWM` of proc(5)'s status of a process.
fn peak_memory_mib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}
