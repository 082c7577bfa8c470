//! What a deployment group remembers of a failure, when CodeDeploy's lists know of it no more.

use crate::deployment_world::{World, declared, message, told};
use driftless_core::observed::{FailedTargets, Observed};
use driftless_core::plan::deployment::{DeploymentStep, wants};
use driftless_core::plan::{Plan, Step};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const GROUP: &str = "arn:aws-cn:codedeploy:eu-central-1:123456789012:deploymentgroup:shop/web";

/// A group whose tags were read: there are none of ours.
fn group() -> World {
    let mut world = World::new();
    let role = "arn:aws-cn:iam::123456789012:role/codedeploy";
    world.observed.group = Observed::Present(json!({"computePlatform": "Server", "serviceRoleArn": role}));
    world.observed.failed_targets = Some(FailedTargets::default());
    (world.observed.tags, world.observed.tags_asked) = (Some([("team".to_owned(), "shop".to_owned())].into()), true);
    world
}

/// Does to the world's tags what the plan says.
fn tag(world: &mut World, plan: &Plan) {
    let tags = world.observed.tags.get_or_insert_default();
    for step in &plan.steps {
        match step {
            Step::CodeDeploy(DeploymentStep::TagResource { document }) => {
                assert_eq!(document["ResourceArn"], GROUP);
                for one in document["Tags"].as_array().expect("a list") {
                    let text = |member: &str| one[member].as_str().expect("a text").to_owned();
                    assert!(text("Value").len() <= 256, "{one}");
                    tags.insert(text("Key"), text("Value"));
                }
            }
            Step::CodeDeploy(DeploymentStep::UntagResource { document }) => {
                assert_eq!(document["ResourceArn"], GROUP);
                tags.retain(|key, _| !document["TagKeys"].as_array().expect("a list").contains(&json!(key)));
            }
            _ => {}
        }
    }
}

/// The group as it is when `a` had succeeded and our deployment of `b` has failed, and this is on record.
fn failed() -> World {
    let mut world =
        group().had_own("d-1", "a", "Succeeded", 2.0 * HOUR, json!({})).had_own("d-2", "b", "Failed", HOUR, json!({}));
    let plan = world.plan(&declared("b", json!({})));
    assert_eq!(told(&plan), "TagResource | Failed DeploymentFailed");
    assert!(plan.steps[0].keeps_books());
    tag(&mut world, &plan);
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "nothing | Failed DeploymentFailed", "once");
    world
}

/// So many days later nothing of it is listed, and Auto Scaling or somebody else has deployed since.
fn later(mut world: World, days: f64, since: Value) -> World {
    world.observed.now += days * DAY;
    world.observed.deployments.clear();
    world.had("d-9", "a", "Succeeded", -days * DAY + HOUR, since)
}

#[test]
fn a_failure_that_codedeploy_lists_no_more_is_not_tried_again() {
    for since in [json!({"creator": "autoscaling"}), json!({}), json!({"creator": "codeDeployRollback"})] {
        let world = later(failed(), 400.0, since);
        let plan = world.plan(&declared("b", json!({})));
        assert_eq!(told(&plan), "nothing | Failed DeploymentFailed");
        let wanted = "d-2 of s3://artifacts/app.zip to shop/web failed 400 days ago, as the tag `driftless:failed` of the deployment group \
                      says; CodeDeploy tells no more of it; `driftless retry` or a change deploys again";
        assert_eq!(message(&plan), wanted);
        assert!(!plan.changes.is_empty(), "what differs is shown");
    }
}

#[test]
fn a_change_and_a_person_deploy_again_and_what_failed_is_forgotten_then() {
    let world = later(failed(), 400.0, json!({}));
    assert_eq!(told(&world.plan(&declared("c", json!({})))), "UntagResource, CreateDeployment | Reconciling Deploying");
    let mut world = later(failed(), 400.0, json!({}));
    world.context.retry = true;
    let plan = world.plan(&declared("b", json!({})));
    assert_eq!(told(&plan), "UntagResource, CreateDeployment | Reconciling Deploying");
    tag(&mut world, &plan);
    assert_eq!(world.observed.tags.as_ref().map(|tags| tags.len()), Some(1), "people's own stay");
}

#[test]
fn what_the_group_has_counts_before_what_its_tag_says() {
    // Somebody deployed it by hand.
    let mut world = failed();
    world.observed.deployments.clear();
    let world = world.had("d-9", "b", "Succeeded", 60.0, json!({}));
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "nothing | Ready Ready");
    // A deployment of ours that came after it, whose tag an agent that was killed has left.
    let world = failed().had_own("d-3", "c", "Succeeded", 60.0, json!({}));
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "UntagResource, CreateDeployment | Reconciling Deploying");
    // Another agent's.
    let mut world = later(failed(), 400.0, json!({}));
    world.observed.owner = "staging@00000000".into();
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn an_agent_that_may_not_tag_remembers_what_the_lists_do() {
    let mut world = group().had_own("d-2", "b", "Failed", HOUR, json!({}));
    world.observed.tags = None;
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "nothing | Failed DeploymentFailed");
    let mut world = later(world, 400.0, json!({}));
    world.observed.tags = None;
    assert_eq!(told(&world.plan(&declared("b", json!({})))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn tags_are_read_before_a_deployment_and_after_a_failure_and_at_no_other_look() {
    let asked = |mut world: World, tag: &str| {
        (world.observed.tags, world.observed.tags_asked) = (None, false);
        wants(&declared(tag, json!({})), &world.observed, &world.context).tags
    };
    let one = || group().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert!(!asked(one(), "a"));
    assert!(asked(one(), "b"));
    assert!(asked(one().had_own("d-2", "b", "Failed", 60.0, json!({})), "b"));
    assert!(!asked(one().had_own("d-2", "b", "InProgress", 60.0, json!({})), "b"));
}
