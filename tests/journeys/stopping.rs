//! SIGTERM and SIGINT to the real binary, whatever its peers do: it ends in time and by itself, with code 0, and the next one
//! goes on. And what a source that cannot be read does to its health.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use driftless_simulator::{Fault, When};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

use crate::world::{CAREFUL, World, service};

/// Within so many seconds the process ends ...
const SOON: u64 = 5;
/// ... or within so many, with a write in hand.
const WITH_A_WRITE: u64 = 10;

/// Machines that test are slow at times. It is less than what is missing to the moment at which the process is ended by force:
/// what ends then has not ended by itself.
const SLACK: Duration = Duration::from_secs(4);

async fn signal(agent: &Child, name: &str) {
    let id = agent.id().expect("it runs").to_string();
    let sent = tokio::process::Command::new("kill").args([&format!("-{name}"), &id]).status().await;
    assert!(sent.expect("kill is there").success());
}

/// SIGTERM, and its end by itself within the time.
async fn ends(world: &World, mut agent: Child, within: u64) -> Duration {
    let began = Instant::now();
    signal(&agent, "TERM").await;
    let ended = tokio::time::timeout(Duration::from_secs(within) + SLACK, agent.wait()).await;
    let status = ended.unwrap_or_else(|_| panic!("it did not end: {}", world.logged())).expect("waited for");
    assert_eq!(status.code(), Some(0), "{}", world.logged());
    assert!(!world.logged().contains("had not ended"), "{}", world.logged());
    println!("ended {:.1} s after SIGTERM", began.elapsed().as_secs_f64());
    began.elapsed()
}

/// Takes connections and never answers.
async fn hangs() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    address
}

fn hang(action: &str) -> Fault {
    Fault { action: action.into(), when: When::Hang, ..Fault::default() }
}

/// A world with one service, whose agent has just run into this.
async fn stuck_at(action: &str) -> (World, Child) {
    let world = World::start().await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    world.simulator.add_fault(hang(action));
    let agent = world.agent_process();
    tokio::time::timeout(Duration::from_secs(60), fired.changed()).await.expect("it is called").expect("the simulator lives");
    (world, agent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_hangs_is_not_waited_for() {
    for action in ["DescribeServices", "AssumeRoleWithWebIdentity", "GetCallerIdentity"] {
        let (world, agent) = stuck_at(action).await;
        ends(&world, agent, SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_hangs_is_waited_for_and_then_left_to_the_next_start() {
    let (world, agent) = stuck_at("CreateService").await;
    let took = ends(&world, agent, WITH_A_WRITE).await;
    assert!(took >= Duration::from_secs(6), "it was waited for: {took:?}");
    world.simulator.clear_faults();
    let agent = world.agent_process();
    world.until("the service runs", async || world.service("web").await["runningCount"] == 2).await;
    ends(&world, agent, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_hangs_ends_with_the_process() {
    let world = World::start().await;
    world.simulator.create_bucket("shop-artifacts");
    let manifest = "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {name: site}\nspec:\n  bucket: shop-artifacts\n  \
                    source: {path: site}\n  prefix: site/\n";
    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    world.simulator.add_fault(hang("PutObject"));
    world.commit(&[("site.yaml", manifest), ("site/index.html", "hello")]);
    let agent = world.agent_process();
    tokio::time::timeout(Duration::from_secs(60), fired.changed()).await.expect("it is called").expect("the simulator lives");
    ends(&world, agent, WITH_A_WRITE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_hangs_is_not_waited_for() {
    let mut world = World::start().await;
    world.git = Some(format!("http://{}/acme/deploy.git", hangs().await));
    let agent = world.agent_process();
    world.until("it listens", async || world.address().is_some()).await;
    // Its first fetch is under way, or about to be.
    tokio::time::sleep(Duration::from_millis(500)).await;
    ends(&world, agent, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gitlab_that_hangs_has_its_part_of_the_time_and_no_more() {
    let mut world = World::start().await;
    world.gitlab = Some(format!("http://{}", hangs().await));
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let agent = world.agent_process();
    world.until("the service runs", async || world.service("web").await["runningCount"] == 2).await;
    let took = ends(&world, agent, SOON).await;
    assert!(took >= Duration::from_secs(1), "it was tried: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_our_own_port_holds_nothing_else() {
    let world = World::start().await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let agent = world.agent_process();
    world.until("it listens", async || world.address().is_some()).await;
    let mut client = TcpStream::connect(world.address().expect("it listens")).await.expect("connected");
    client.write_all(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n").await.expect("half a request");
    ends(&world, agent, SOON).await;
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_of_our_own_task_holds_nothing() {
    let mut world = World::start().await;
    world.prune = true;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let metadata = hangs().await;
    let agent = world.agent_process_with(&[("ECS_CONTAINER_METADATA_URI_V4", &format!("http://{metadata}/v4/x"))]);
    world.until("the service runs", async || world.service("web").await["runningCount"] == 2).await;
    world.until("it looks for what left", async || world.count("GetResources") > 0).await;
    ends(&world, agent, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_agent_said_last_is_taken_up_by_the_next() {
    let world = World::start().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    // An answer that comes while it stops.
    world.simulator.add_fault(Fault {
        action: "CreateService".into(),
        when: When::HangAfter,
        times: Some(1),
        ..Fault::default()
    });
    let agent = world.agent_process();
    fired.changed().await.expect("the simulator lives");
    ends(&world, agent, WITH_A_WRITE).await;
    assert_eq!(world.state(&sha), "running", "the last report says how far it came: {}", world.logged());
    let newer = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2", CAREFUL))]);
    let agent = world.agent_process();
    world.ends_as(&newer, "success").await;
    world
        .until("the older commit's rows are ended", async || {
            world.simulator.gitlab().statuses(&sha).iter().all(|row| !row.is_unfinished())
        })
        .await;
    ends(&world, agent, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_services_that_have_just_begun_end_at_once() {
    let world = World::start().await;
    let files: Vec<(String, String)> = (0..1_000)
        .map(|n| {
            let name = format!("service-{n:04}");
            let manifest = service(&name, &format!("registry.example.com/{name}:1"), "      desiredCount: 1");
            (format!("{name}.yaml"), manifest)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.commit(&files);
    // While the manifests are read.
    let agent = world.agent_process();
    world.until("it listens", async || world.address().is_some()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ends(&world, agent, SOON).await;
    // While the services are observed, and the first are made.
    let agent = world.agent_process();
    world.until_within(300, "the first are made", async || world.count("CreateService") > 0).await;
    let took = ends(&world, agent, WITH_A_WRITE).await;
    println!("{} of 1,000 were created; it took {took:?}", world.count("CreateService"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_says_what_is_under_way_and_an_interrupted_plan_that_nothing_is() {
    let mut world = World::start().await;
    world.pace = 1.0;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    // Tasks that are not yet running when the signal comes.
    let apply = world.command_process(&["apply"]);
    world.until("the service is made", async || world.count("CreateService") > 0).await;
    signal(&apply, "INT").await;
    let (code, text) = World::ended(apply).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("interrupted; ") && text.contains("EcsService/web"), "{text}");

    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    world.simulator.add_fault(hang("DescribeServices"));
    let writes = world.simulator.mutations();
    let plan = world.command_process(&["plan"]);
    fired.changed().await.expect("the simulator lives");
    let began = Instant::now();
    signal(&plan, "INT").await;
    let (code, text) = World::ended(plan).await;
    assert!(began.elapsed() < Duration::from_secs(SOON) + SLACK);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("interrupted; nothing was written"), "{text}");
    assert_eq!(world.simulator.mutations(), writes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_read_its_source_is_unhealthy_and_at_work() {
    let world = World::start().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let agent = world.agent_process();
    world.ends_as(&sha, "success").await;
    let server = format!("http://{}", world.address().expect("it listens"));
    let health = async |question: &str| world.command(&["status", "--server", &server, question]).await;
    assert_eq!(health("--health").await.0, 0);
    let (_, text) = world.command(&["status", "--server", &server]).await;
    assert!(text.contains(", read at 20"), "{text}");

    let back = world.take_repository_away();
    world.until("it is unhealthy", async || health("--health").await.0 == 2).await;
    let (_, text) = health("--health").await;
    assert!(text.contains("the source was last read at 20") && text.contains("nothing is at that path"), "{text}");
    assert_eq!(health("--live").await.0, 0, "a restart would not help");
    let (_, text) = world.command(&["status", "--server", &server]).await;
    assert!(text.contains("warning: the source was last read at 20"), "{text}");
    back();
    world.until("it is well again", async || health("--health").await.0 == 0).await;
    ends(&world, agent, SOON).await;
}
