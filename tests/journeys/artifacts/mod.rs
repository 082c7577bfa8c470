//! Files of the source in a bucket: pushed once, compared by content, healed, deleted only where told and only what is ours.

mod folders;
mod jobs;
mod kill;
mod objects;

use crate::world::World;

/// A bucket, and a world around it.
async fn world() -> World {
    let world = World::start().await;
    world.simulator.create_bucket("shop-artifacts");
    world
}

/// A manifest `NAME`; `spec` are the lines after `bucket`.
fn artifact(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {{name: {name}}}\nspec:\n  bucket: shop-artifacts\n  {}\n",
        spec.replace('\n', "\n  ")
    )
}

fn object(world: &World, key: &str) -> driftless_simulator::StoredObject {
    world.simulator.object("shop-artifacts", key).unwrap_or_else(|| panic!("there is no {key}: {:?}", keys(world)))
}

fn keys(world: &World) -> Vec<String> {
    world.simulator.keys("shop-artifacts")
}

/// Two drift intervals in which nothing is written.
async fn quiet(world: &World) {
    let (writes, looks) = (world.simulator.mutations(), world.simulator.calls().len());
    world.pass(150.0).await;
    assert!(world.simulator.calls().len() > looks, "the agent looked");
    let written: Vec<_> = world.simulator.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(world.simulator.mutations(), writes, "{written:?}");
}

/// As somebody else deletes it.
async fn delete(world: &World, key: &str) {
    let url = format!("{}/shop-artifacts/{key}", world.simulator.url());
    let answer = reqwest::Client::new().delete(url).send().await.expect("answered");
    assert!(answer.status().is_success(), "{answer:?}");
}
