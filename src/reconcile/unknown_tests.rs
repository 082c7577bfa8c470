//! What only an older commit can tell, while it cannot be read: unknown, and never nothing (X3).

use std::path::Path;
use std::time::Duration;

use driftless_core::resource::ResourceId;
use serde_json::json;

use super::fixtures::{World, agent, service};
use super::history::{History, Told};
use crate::source::fixtures::{Item, Pushed, git_source, main_branch};
use crate::source::http_server::{Manner, Server};
use crate::source::{Git, Source};

/// A repository behind http, with a cache of its own.
struct Behind {
    server: Server,
    folder: tempfile::TempDir,
}

impl Behind {
    fn new(pushed: &Pushed) -> Self {
        Behind { server: Server::start(pushed.path()), folder: tempfile::tempdir().expect("a folder") }
    }

    fn source(&self, cache: &str) -> Source {
        let config = git_source(&self.server.url(), main_branch(), "");
        let git = Git::new(&config, Path::new("/"), &self.folder.path().join(cache)).expect("a configuration");
        Source::Git(git.with_deadline(Duration::from_secs(20)))
    }
}

#[tokio::test]
async fn a_commit_that_cannot_be_read_now_is_unknown_and_read_again_and_one_that_is_lost_is_gone() {
    let pushed = Pushed::new();
    let text = service("web", "web:1");
    let first = pushed.commit(&[("web.yaml", Item::File(&text))], &[]);
    let second = pushed.commit(&[("README.md", Item::File("no more"))], &[&first]);
    pushed.point("refs/heads/main", &second);
    let behind = Behind::new(&pushed);
    let source = std::sync::Arc::new(behind.source("cache"));
    source.snapshot().await.expect("the newest commit alone");
    // The wait after a failure is divided by this.
    let history = History::new(source, agent("http://127.0.0.1:9", ""), 1e6);
    let web = ResourceId::ecs_service("web");
    behind.server.behave(Manner::ServeTips);
    for _ in 0..2 {
        assert!(matches!(history.resource_at(&web, &first).await, Told::Unknown(why) if why.contains("503")));
    }
    behind.server.behave(Manner::Serve);
    assert!(matches!(history.resource_at(&web, &first).await, Told::Known(_)));
    assert!(matches!(history.resource_at(&web, &"3".repeat(40)).await, Told::Gone(why) if why.contains("force-push")));
    assert!(matches!(history.resource_at(&web, "dir-0123456789ab").await, Told::Gone(_)));
    assert!(matches!(history.resource_at(&ResourceId::ecs_service("api"), &first).await, Told::Gone(_)));
}

/// `web` as somebody made it, adopted with one member more, which the second commit no longer declares.
async fn adopted(world: &World) -> (String, String) {
    let with = service("web", "web:1") + "      enableExecuteCommand: true\n";
    let pushed = |text: &str, parents: &[&str]| {
        let sha = world.pushed.commit(&[("web.yaml", Item::File(text))], parents);
        world.pushed.point("refs/heads/main", &sha);
        sha
    };
    let definition = json!({
        "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "containerDefinitions": [{"name": "app", "image": "web:1", "essential": true}],
    });
    world.call("RegisterTaskDefinition", definition).await;
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}});
    let service_document = json!({
        "cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": network,
    });
    world.call("CreateService", service_document).await;
    let first = pushed(&with, &[]);
    (first.clone(), pushed(&service("web", "web:1"), &[&first]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_removed_is_put_back_to_its_default_also_by_an_agent_that_could_not_read_the_older_commit_at_first() {
    let world = World::start().await;
    let (first, second) = adopted(&world).await;
    world.pushed.point("refs/heads/main", &first);
    let behind = Behind::new(&world.pushed);
    let before = world.copy_of(behind.source("one"), true).await;
    before.settles_at(&first).await;
    before.stop().await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], true);
    let writes = world.simulator.mutations();

    world.pushed.point("refs/heads/main", &second);
    behind.server.behave(Manner::ServeTips);
    // Another machine: nothing is at hand.
    let copy = world.copy_of(behind.source("two"), true).await;
    copy.says("Unknown", "is not known, as the commit that wrote it cannot be read now").await;
    assert_eq!(world.simulator.mutations(), writes, "neither the service nor its tags are written");
    behind.server.behave(Manner::Serve);
    copy.settles_at(&second).await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], false);
    copy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_force_push_took_away_keeps_nobody_from_being_ready() {
    let world = World::start().await;
    let (first, _) = adopted(&world).await;
    world.pushed.point("refs/heads/main", &first);
    let behind = Behind::new(&world.pushed);
    let before = world.copy_of(behind.source("one"), true).await;
    before.settles_at(&first).await;
    before.stop().await;
    let rewritten = world.push(&[("web", "web:1")], &[]);
    // It is the other's: this one never had it.
    let elsewhere = Pushed::new();
    let text = service("web", "web:1");
    let same = elsewhere.commit(&[("web.yaml", Item::File(&text))], &[]);
    elsewhere.point("refs/heads/main", &same);
    assert_eq!(rewritten, same, "the same tree, the same author, and no parent");
    behind.server.serve(elsewhere.path());
    let copy = world.copy_of(behind.source("two"), true).await;
    copy.settles_at(&same).await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], true, "nobody knows that it was declared");
    copy.stop().await;
}
