//! `kill -9` of the agent at every mutating call of a create and of an update, before the call has its effect and after
//! (the answer never arrives), then a restart: one service, one new revision, one deployment, statuses right.

use driftless_simulator::When;
use serde_json::Value;

use crate::killing::{kill_at, killed};
use crate::world::{CAREFUL, World, service};

fn revisions(world: &World) -> impl Future<Output = Value> {
    world.call("ListTaskDefinitions", serde_json::json!({"familyPrefix": "web"}))
}

async fn a_killed_create_converges(action: &str, when: When) {
    let world = World::start().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let mut agent = kill_at(&world, action, when).await;
    world.ends_as(&sha, "success").await;
    world.until("two tasks run", async || world.service("web").await["runningCount"] == 2).await;

    let services = world.call("ListServices", serde_json::json!({"cluster": "shop"})).await;
    assert_eq!(services["serviceArns"].as_array().map(Vec::len), Some(1));
    assert_eq!(revisions(&world).await["taskDefinitionArns"].as_array().map(Vec::len), Some(1));
    deployed_once(&world, 1).await;
    let row = world.row(&sha, "driftless/journey/EcsService/web").expect("the resource's status");
    assert_eq!(row.state, "success", "{row:?}");
    agent.kill().await.expect("killed");
}

async fn a_killed_update_converges(action: &str, when: When) {
    let world = World::start().await;
    let first = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let mut agent = world.agent_process();
    world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");

    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2", CAREFUL))]);
    let mut agent = kill_at(&world, action, when).await;
    world.ends_as(&sha, "success").await;
    world
        .until("only the new version runs", async || {
            let web = world.service("web").await;
            web["runningCount"] == 2 && web["deployments"].as_array().is_some_and(|all| all.len() == 1)
        })
        .await;
    assert_eq!(world.image("web").await, "registry.example.com/web:2");
    assert_eq!(revisions(&world).await["taskDefinitionArns"].as_array().map(Vec::len), Some(2));
    deployed_once(&world, 2).await;
    let rows: Vec<_> = world.simulator.gitlab().statuses(&sha);
    assert!(rows.iter().all(|row| row.state == "success"), "{rows:?}");
    agent.kill().await.expect("killed");
}

/// As many deployments as there were versions: none was started twice.
async fn deployed_once(world: &World, versions: usize) {
    let body = serde_json::json!({"cluster": "shop", "service": "web"});
    let deployments = world.call("ListServiceDeployments", body).await;
    assert_eq!(deployments["serviceDeployments"].as_array().map(Vec::len), Some(versions), "{deployments:#}");
}

killed! {
    a_create_killed_before_the_revision_is_registered: a_killed_create_converges, "RegisterTaskDefinition", Hang;
    a_create_killed_after_the_revision_is_registered: a_killed_create_converges, "RegisterTaskDefinition", HangAfter;
    a_create_killed_before_the_service_is_created: a_killed_create_converges, "CreateService", Hang;
    a_create_killed_after_the_service_is_created: a_killed_create_converges, "CreateService", HangAfter;
    an_update_killed_before_the_revision_is_registered: a_killed_update_converges, "RegisterTaskDefinition", Hang;
    an_update_killed_after_the_revision_is_registered: a_killed_update_converges, "RegisterTaskDefinition", HangAfter;
    an_update_killed_before_the_service_is_updated: a_killed_update_converges, "UpdateService", Hang;
    an_update_killed_after_the_service_is_updated: a_killed_update_converges, "UpdateService", HangAfter;
    an_update_killed_before_the_revision_is_tagged: a_killed_update_converges, "TagResource", Hang;
    an_update_killed_after_the_revision_is_tagged: a_killed_update_converges, "TagResource", HangAfter;
}
