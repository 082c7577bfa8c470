//! What GitLab hears: through pending and running to the end, each transition once, also when GitLab was away.

use crate::world::{CAREFUL, World, service};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_goes_through_pending_and_running_to_success_and_each_is_sent_once() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    // With the commit's CI pipeline there, the first status is sent at once.
    let pipeline = world.simulator.gitlab().add_pipeline("acme/deploy", &sha, "main");
    world.ends_as(&sha, "success").await;
    world
        .until("the resource's status ends", async || {
            world.row(&sha, "driftless/journey/EcsService/web").is_some_and(|row| row.state == "success")
        })
        .await;
    world.pass(180.0).await;
    let sent: Vec<String> = world
        .simulator
        .gitlab()
        .posts()
        .into_iter()
        .filter(|post| post.name == "driftless/journey")
        .map(|post| post.state)
        .collect();
    // Pending is not sent when the first step comes before GitLab has answered about the pipeline.
    assert!(sent == ["pending", "running", "success"] || sent == ["running", "success"], "{sent:?}");
    assert!(world.simulator.gitlab().statuses(&sha).iter().all(|row| row.pipeline_id == pipeline));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gitlab_being_down_delays_statuses_and_no_deployment() {
    let world = World::start().await;
    world.simulator.gitlab().set_down(Some(driftless_simulator::gitlab::Outage::Unavailable));
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    world.until("it runs", async || world.service("web").await["runningCount"] == 2).await;
    assert_eq!(world.state(&sha), "");
    world.simulator.gitlab().set_down(None);
    world.ends_as(&sha, "success").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_with_an_error_fails_its_commit_with_the_line_and_the_rest_goes_on() {
    let world = World::start().await;
    let agent = world.agent().await;
    let broken = service("worker", "registry.example.com/worker:1", CAREFUL).replace("cluster:", "clutser:");
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL)), ("worker.yaml", &broken)]);
    world.ends_as(&sha, "failed").await;
    let row = world.row(&sha, "driftless/journey").expect("a status");
    assert!(row.description.as_deref().unwrap_or_default().contains("worker.yaml:5:3"), "{row:?}");
    world.until("the good one runs", async || world.service("web").await["runningCount"] == 2).await;
    assert!(world.service("worker").await.is_null());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dependent_waits_until_its_dependency_is_ready_at_the_same_commit() {
    let world = World::start().await;
    let agent = world.agent().await;
    let waiting = format!("{CAREFUL}\n  dependsOn: [{{kind: EcsService, name: web}}]");
    let sha = world.commit(&[
        ("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL)),
        ("worker.yaml", &service("worker", "registry.example.com/worker:1", &waiting)),
    ]);
    world.until("the worker is created", async || !world.service("worker").await.is_null()).await;
    assert_eq!(world.service("web").await["runningCount"], 2, "the worker came before the web servers were Ready");
    world.ends_as(&sha, "success").await;

    // A failure stops its dependents, and nothing else.
    let bad = world.commit(&[
        ("web.yaml", &service("web", "registry.example.com/web:2-crash", CAREFUL)),
        ("worker.yaml", &service("worker", "registry.example.com/worker:2", &waiting)),
        ("other.yaml", &service("other", "registry.example.com/other:1", CAREFUL)),
    ]);
    world.ends_as(&bad, "failed").await;
    world.until("the other one runs", async || world.service("other").await["runningCount"] == 2).await;
    assert_eq!(world.image("worker").await, "registry.example.com/worker:1");
    agent.stop().await;
}
