//! What somebody changed behind the agent's back: healed within one interval, or rightly left alone.

use serde_json::json;

use crate::world::{CAREFUL, World, service};

async fn deployed(manifest: &str) -> (World, crate::world::Running) {
    let world = World::start().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", manifest)]);
    world.ends_as(&sha, "success").await;
    (world, agent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_edit_of_a_declared_member_is_healed_without_a_deployment() {
    let (world, agent) = deployed(&service("web", "registry.example.com/web:1", CAREFUL)).await;
    let before = world.service("web").await;
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 5})).await;
    world.until("two tasks are wanted again", async || world.service("web").await["desiredCount"] == 2).await;
    assert_eq!(world.service("web").await["taskDefinition"], before["taskDefinition"]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_edit_of_an_undeclared_member_with_a_default_is_healed_on_our_own_service() {
    let (world, agent) = deployed(&service("web", "registry.example.com/web:1", CAREFUL)).await;
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "enableExecuteCommand": true})).await;
    world.until("exec is off again", async || world.service("web").await["enableExecuteCommand"] == json!(false)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_service_comes_back_once_it_is_inactive() {
    let (world, agent) = deployed(&service("web", "registry.example.com/web:1", CAREFUL)).await;
    world.call("DeleteService", json!({"cluster": "shop", "service": "web", "force": true})).await;
    world
        .until("it is back", async || {
            let web = world.service("web").await;
            web["status"] == "ACTIVE" && web["runningCount"] == 2
        })
        .await;
    assert_eq!(world.count("CreateService"), 2);
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ignored_or_undeclared_without_a_default_is_left_alone() {
    let ignoring = format!("{CAREFUL}\n  ignore: [/service/desiredCount]");
    let (world, agent) = deployed(&service("web", "registry.example.com/web:1", &ignoring)).await;
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 4})).await;
    let arn = world.service("web").await["serviceArn"].clone();
    world.call("TagResource", json!({"resourceArn": arn, "tags": [{"key": "team", "value": "shop"}]})).await;
    let writes = world.simulator.mutations();
    world.pass(240.0).await;
    let web = world.service("web").await;
    assert_eq!(web["desiredCount"], 4);
    assert!(web["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag["key"] == "team")), "{web}");
    assert_eq!(world.simulator.mutations(), writes, "{:#?}", world.simulator.calls());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_manifest_that_names_a_rich_live_service_resets_nothing() {
    let world = World::start().await;
    world
        .call(
            "RegisterTaskDefinition",
            json!({"family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
                "taskRoleArn": "arn:aws:iam::123456789012:role/web",
                "containerDefinitions": [{"name": "app", "image": "registry.example.com/web:1", "essential": true,
                    "environment": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DATABASE", "value": "db.example.com"}],
                    "portMappings": [{"containerPort": 8080}]}]}),
        )
        .await;
    world
        .call(
            "CreateService",
            json!({"cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 3, "launchType": "FARGATE",
                "enableExecuteCommand": true,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}}}),
        )
        .await;
    world.pass(60.0).await;
    let (before, writes) = (world.service("web").await, world.simulator.mutations());
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", ""))]);
    world.ends_as(&sha, "failed").await;
    let status = agent.reconciler.statuses().remove(0);
    assert_eq!(status.reason, "AdoptionWouldReset", "{}", status.message);
    assert!(status.message.contains("taskRoleArn"), "{}", status.message);
    assert_eq!(world.simulator.mutations(), writes);
    let after = world.service("web").await;
    assert_eq!((&after["desiredCount"], &after["taskDefinition"]), (&before["desiredCount"], &before["taskDefinition"]));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_leaves_the_manifest_goes_back_to_its_default() {
    let with_exec = format!("{CAREFUL}\n      enableExecuteCommand: true\n      healthCheckGracePeriodSeconds: 60");
    let (world, agent) = deployed(&service("web", "registry.example.com/web:1", &with_exec)).await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], json!(true));
    let sha = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], json!(false));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_adopted_service_a_default_is_enforced_only_for_what_the_manifest_once_declared() {
    let world = World::start().await;
    world
        .call(
            "RegisterTaskDefinition",
            json!({"family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
                "containerDefinitions": [{"name": "app", "image": "registry.example.com/web:1", "essential": true,
                    "environment": [{"name": "LOG_LEVEL", "value": "info"}], "portMappings": [{"containerPort": 8080}]}]}),
        )
        .await;
    world
        .call(
            "CreateService",
            json!({"cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2, "launchType": "FARGATE",
                "enableExecuteCommand": true, "enableECSManagedTags": true,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}}}),
        )
        .await;
    world.pass(60.0).await;
    let agent = world.agent().await;
    // A new image, so that this commit writes the service and stands in its tag.
    let declared = "      desiredCount: 2\n      enableExecuteCommand: true";
    let first = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2", declared))]);
    world.ends_as(&first, "success").await;
    assert_eq!(world.service("web").await["enableExecuteCommand"], json!(true));

    let second = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2", "      desiredCount: 2"))]);
    world.ends_as(&second, "success").await;
    let web = world.service("web").await;
    assert_eq!(web["enableExecuteCommand"], json!(false), "it was declared, and is no longer");
    assert_eq!(web["enableECSManagedTags"], json!(true), "it was never declared, and the service is not ours");
    agent.stop().await;
}
