//! Good and bad images: what is rolled out, what is rolled back, and what is never tried again by itself.

use driftless_simulator::{Options, Spelling};
use serde_json::json;

use crate::world::{CAREFUL, PACE, World, service};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_becomes_running_tasks_and_the_second_look_writes_nothing() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    world.ends_as(&sha, "success").await;
    let web = world.service("web").await;
    assert_eq!((&web["runningCount"], &web["desiredCount"]), (&json!(2), &json!(2)));
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
    assert_eq!(world.count("CreateService"), 1);

    let writes = world.simulator.mutations();
    agent.reconciler.look();
    world.pass(180.0).await;
    assert_eq!(world.simulator.mutations(), writes, "{:#?}", world.simulator.calls());
    agent.stop().await;

    // Nor does a restart.
    let agent = world.agent().await;
    world.pass(180.0).await;
    assert_eq!(world.simulator.mutations(), writes, "{:#?}", world.simulator.calls());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_fails_its_commit_and_is_tried_again_by_nobody_but_the_fix() {
    let world = World::start().await;
    let agent = world.agent().await;
    let good = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    world.ends_as(&good, "success").await;
    let first = world.service("web").await["taskDefinition"].clone();

    let bad = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2-crash", CAREFUL))]);
    world.ends_as(&bad, "failed").await;
    let row = world.row(&bad, "driftless/journey/EcsService/web").expect("the resource's own status");
    assert_eq!(row.state, "failed");
    assert!(
        row.description.as_deref().unwrap_or_default().contains("app")
            && row.description.as_deref().unwrap_or_default().contains("Essential container"),
        "{row:?}"
    );
    world
        .until("the first version is back", async || {
            let web = world.service("web").await;
            web["taskDefinition"] == first
                && web["runningCount"] == 2
                && web["deployments"].as_array().is_some_and(|all| all.len() == 1)
        })
        .await;

    // The first look after the rollback remembers the failure in a tag; after that nothing is written.
    world.pass(180.0).await;
    let deployed = (world.count("RegisterTaskDefinition"), world.count("UpdateService"));
    agent.stop().await;
    let agent = world.agent().await;
    world.pass(180.0).await;
    let other = world.commit(&[("worker.yaml", &service("worker", "registry.example.com/worker:1", CAREFUL))]);
    world.until("the unrelated commit is rolled out", async || world.service("worker").await["runningCount"] == 2).await;
    world.ends_as(&other, "failed").await;
    assert_eq!(world.count("UpdateService"), deployed.1, "{:#?}", world.simulator.calls());
    assert_eq!(world.count("RegisterTaskDefinition"), deployed.0 + 1, "the worker's only");
    assert_eq!(world.service("web").await["taskDefinition"], first);

    let fix = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:3", CAREFUL))]);
    world.ends_as(&fix, "success").await;
    assert_eq!(world.image("web").await, "registry.example.com/web:3");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fix_of_a_hanging_rollout_waits_for_no_timeout() {
    let world = World::start().await;
    let agent = world.agent().await;
    // No circuit breaker: ECS itself would try for ever, and our timeout is an hour away.
    let plain = "      desiredCount: 2\n  rollout: {failAfter: never}";
    let good = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", plain))]);
    world.ends_as(&good, "success").await;
    let bad = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2-nopull", plain))]);
    world.until("it is being rolled out", async || world.state(&bad) == "running").await;
    world.pass(60.0).await;
    let fix = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:3", plain))]);
    world.ends_as(&fix, "success").await;
    world.ends_as(&bad, "canceled").await;
    assert_eq!(world.image("web").await, "registry.example.com/web:3");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_circuit_breaker_our_timeout_rolls_back() {
    let world = World::start().await;
    let agent = world.agent().await;
    let manifest = |image: &str| service("web", image, "      desiredCount: 2\n  rollout: {timeout: 3m, failAfter: never}");
    let good = world.commit(&[("web.yaml", &manifest("registry.example.com/web:1"))]);
    world.ends_as(&good, "success").await;
    let bad = world.commit(&[("web.yaml", &manifest("registry.example.com/web:2-nopull"))]);
    world.ends_as(&bad, "failed").await;
    let row = world.row(&bad, "driftless/journey/EcsService/web").expect("a status");
    assert!(row.description.as_deref().unwrap_or_default().contains("CannotPullContainer"), "{row:?}");
    world
        .until("the first version is back alone", async || {
            let web = world.service("web").await;
            web["deployments"].as_array().is_some_and(|all| all.len() == 1) && web["runningCount"] == 2
        })
        .await;
    assert_eq!(world.image("web").await, "registry.example.com/web:1");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_circuit_breaker_tasks_that_only_crash_fail_the_rollout_long_before_its_timeout() {
    let world = World::start().await;
    let agent = world.agent().await;
    let plain = "      desiredCount: 2";
    let good = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", plain))]);
    world.ends_as(&good, "success").await;
    let bad = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2-crash", plain))]);
    world.ends_as(&bad, "failed").await;
    let row = world.row(&bad, "driftless/journey/EcsService/web").expect("a status");
    let told = row.description.as_deref().unwrap_or_default();
    assert!(told.contains("tasks of the rollout failed (rollout.failAfter: auto") && told.contains("container app"), "{row:?}");
    world.until("the first version is back", async || world.image("web").await == "registry.example.com/web:1").await;
    let updates = world.count("UpdateService");
    world.pass(180.0).await;
    assert_eq!(world.count("UpdateService"), updates, "nor is it tried again");
    agent.stop().await;
}

/// Whatever case, alias, ARN, order or default AWS may invent.
#[tokio::test(flavor = "multi_thread")]
async fn spellings_that_nobody_has_seen_cost_no_second_write_and_hide_no_edit() {
    for seed in 1..=4 {
        let options = Options { pace: PACE, spelling: Spelling::Invented(seed), ..Options::default() };
        let world = World::with(options).await;
        let agent = world.agent().await;
        let rich = "      desiredCount: 2
      placementConstraints: [{type: memberOf, expression: \"attribute:zone == a\"}]
      propagateTags: SERVICE
      deploymentConfiguration: {maximumPercent: 150, deploymentCircuitBreaker: {enable: true, rollback: true}}
      serviceConnectConfiguration: {enabled: true, namespace: shop, services: [{portName: http, clientAliases: [{port: 80}]}]}";
        let manifest = |image: &str| {
            let text = service("web", image, rich);
            let text = text.replace("{containerPort: 8080}", "{containerPort: 8080, name: http}");
            text.replace("requiresCompatibilities: [FARGATE]", "requiresCompatibilities: [EC2]")
                .replace("launchType: FARGATE", "launchType: EC2")
        };
        let sha = world.commit(&[("web.yaml", &manifest("registry.example.com/web:1"))]);
        world.ends_as(&sha, "success").await;
        let next = world.commit(&[("web.yaml", &manifest("registry.example.com/web:2"))]);
        world.ends_as(&next, "success").await;
        let counts = || ["RegisterTaskDefinition", "CreateService", "UpdateService"].map(|action| world.count(action));
        assert_eq!(counts(), [2, 1, 1], "seed {seed}: {:#?}", world.simulator.calls());
        agent.stop().await;
        let agent = world.agent().await;
        world.pass(180.0).await;
        assert_eq!(counts(), [2, 1, 1], "seed {seed}, after a restart: {:#?}", world.simulator.calls());
        world.call("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 5})).await;
        world.until("two tasks are wanted again", async || world.service("web").await["desiredCount"] == 2).await;
        agent.stop().await;
    }
}

/// Some of these services' lists of deployments lose the failed ones at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_rollout_is_not_tried_again_whatever_aws_shows_of_it() {
    const NAMES: [&str; 6] = ["web", "api", "shop", "mail", "search", "worker"];
    let world = World::with(Options { pace: PACE, spelling: Spelling::Invented(7), ..Options::default() }).await;
    let agent = world.agent().await;
    let files = |tag: &str| {
        NAMES.map(|name| (format!("{name}.yaml"), service(name, &format!("registry.example.com/{name}:{tag}"), CAREFUL)))
    };
    let commit = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        world.commit(&files)
    };
    let good = commit(&files("1"));
    world.ends_as(&good, "success").await;
    let bad = commit(&files("2-crash"));
    world.ends_as(&bad, "failed").await;
    world.pass(180.0).await;
    let counts = || ["RegisterTaskDefinition", "UpdateService", "StopServiceDeployment"].map(|action| world.count(action));
    let all = NAMES.len() as u64;
    assert_eq!(counts(), [2 * all, all, 0], "{:#?}", world.simulator.calls());
    agent.stop().await;
    let agent = world.agent().await;
    world.pass(240.0).await;
    assert_eq!(counts(), [2 * all, all, 0], "after a restart: {:#?}", world.simulator.calls());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_somebody_else_began_is_neither_stopped_nor_judged_nor_remembered() {
    let world = World::start().await;
    let agent = world.agent().await;
    // Whoever deploys images by hand, and a timeout that their rollout exceeds by far.
    let theirs = "      desiredCount: 2
  rollout: {timeout: 1m, failAfter: 1}
  ignore: [/taskDefinition/containerDefinitions/app/image]";
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", theirs))]);
    world.ends_as(&sha, "success").await;
    let mut definition = world.task_definition("web").await;
    definition["containerDefinitions"][0]["image"] = json!("registry.example.com/web:2-nopull");
    let members =
        ["family", "requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn", "containerDefinitions"];
    let document: serde_json::Map<String, serde_json::Value> =
        members.iter().map(|member| ((*member).to_owned(), definition[*member].clone())).collect();
    world.call("RegisterTaskDefinition", document.into()).await;
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "taskDefinition": "web"})).await;
    let writes = world.simulator.mutations();
    world.pass(300.0).await;
    assert_eq!(world.simulator.mutations(), writes, "{:#?}", world.simulator.calls());
    let id = driftless_core::resource::ResourceId::ecs_service("web");
    let progress = agent.reconciler.view().resources.into_iter().find(|one| one.resource == id).expect("a status");
    assert_eq!(progress.reason, "RolloutOfOthers", "{progress:?}");
    assert!(progress.message.contains("which Driftless did not begin"), "{progress:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_first_deployment_says_that_there_is_nothing_to_go_back_to_and_retry_tries_again() {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1-crash", CAREFUL))]);
    world.ends_as(&sha, "failed").await;
    let updates = world.count("UpdateService");
    world.pass(300.0).await;
    assert_eq!(world.count("UpdateService"), updates);
    let id = driftless_core::resource::ResourceId::ecs_service("web");
    assert!(agent.reconciler.retry(&id));
    world.until("it was tried again", async || world.count("UpdateService") == updates + 1).await;
    agent.stop().await;
}
