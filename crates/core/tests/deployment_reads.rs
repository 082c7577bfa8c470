//! What of a deployment group is read, and what is left alone.

use crate::deployment_world::{self, NOW, World, context, declared, message, told};
use driftless_core::observed::{DeploymentObservation, Observed};
use driftless_core::plan::deployment::{DeploymentStep, Wants, history_starts, owner, reaches_back, wants};
use driftless_core::plan::{Context, Step, deployment};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;

#[test]
fn nothing_is_decided_on_what_aws_does_not_show_yet() {
    let with_write = |world: World, write: f64| World { context: Context { last_write: Some(write), ..context() }, ..world };
    let before = || World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(told(&with_write(before(), NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Unknown Unreadable");
    assert_eq!(
        told(&with_write(before(), NOW - 61.0).plan(&declared("b", json!({})))),
        "CreateDeployment | Reconciling Deploying"
    );
    // After a retry the older failure is not the newer deployment's.
    let failed = || World::new().had_own("d-1", "b", "Failed", HOUR, json!({}));
    assert_eq!(told(&with_write(failed(), NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Unknown Unreadable");
    let both = failed().had_own("d-2", "b", "Failed", 9.0, json!({}));
    assert_eq!(told(&with_write(both, NOW - 10.0).plan(&declared("b", json!({})))), "nothing | Failed DeploymentFailed");
}

#[test]
fn a_group_of_another_agent_is_left_alone() {
    let theirs = |agent: &'static str, source: &'static str| {
        let mut other = World::new();
        other.context = Context { agent, source_hash: source, ..context() };
        other.observed.owner = owner(&other.context);
        other.observed.now = NOW - HOUR;
        let plan = other.plan(&declared("x", json!({})));
        let [Step::CodeDeploy(DeploymentStep::CreateDeployment { document, .. })] = &plan.steps[..] else { panic!("{plan:?}") };
        let description = document["description"].clone();
        World::new().had("d-1", "x", "Succeeded", HOUR, json!({"description": description}))
    };
    let plan = theirs("staging", "89abcdef").plan(&declared("a", json!({})));
    assert_eq!(told(&plan), "nothing | Stalled OwnedByAnotherAgent");
    assert!(message(&plan).contains("`staging`"), "{}", message(&plan));
    assert_eq!(told(&theirs("production", "00000000").plan(&declared("a", json!({})))), "nothing | Stalled AgentNameInUse");
    let mut forced = deployment_world::resource(&declared("a", json!({})));
    forced.adopt_force = true;
    let world = theirs("staging", "89abcdef");
    let observation = driftless_core::observed::Observation::Ec2Deployment(world.observed);
    assert_eq!(
        told(&driftless_core::plan::plan(&forced, &observation, &world.context)),
        "CreateDeployment | Reconciling Deploying"
    );
}

#[test]
fn what_is_no_group_of_ec2_and_what_cannot_be_read_is_never_written_to() {
    let of = |group: Observed<Value>| {
        let mut world = World::new();
        world.observed.group = group;
        told(&world.plan(&declared("a", json!({}))))
    };
    assert_eq!(of(Observed::Absent), "nothing | Stalled DeploymentGroupNotFound");
    assert_eq!(of(Observed::Unknown("throttled".into())), "nothing | Unknown Unreadable");
    assert_eq!(of(Observed::Present(json!({"computePlatform": "Lambda"}))), "nothing | Stalled Unsupported");
    assert_eq!(of(Observed::Present(json!({}))), "CreateDeployment | Reconciling Deploying");
}

#[test]
fn only_what_a_decision_needs_is_read_besides() {
    let of = |observed: &DeploymentObservation, tag: &str| wants(&declared(tag, json!({})), observed, &context());
    let mut world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    world.observed.history = false;
    assert_eq!(of(&world.observed, "a"), Wants::default());
    // The group names its last attempt alone: what came before that may have left instances on something else.
    let attempted = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had(
        "d-9",
        "a",
        "Succeeded",
        60.0,
        json!({"creator": "autoscaling"}),
    );
    let mut attempted = attempted.observed;
    attempted.history = false;
    assert_eq!(of(&attempted, "a"), Wants { history: true, ..Wants::default() });
    // Before anything is deployed, what failed is looked for.
    assert_eq!(of(&world.observed, "b"), Wants { history: true, ..Wants::default() });
    let world = world.had_own("d-2", "b", "Failed", 60.0, json!({}));
    assert_eq!(of(&world.observed, "b"), Wants { failed_targets: Some("d-2".into()), ..Wants::default() });
    let mut world = world;
    world.observed.deployments[1]["rollbackInfo"] = json!({"rollbackDeploymentId": "d-3"});
    assert_eq!(of(&world.observed, "b"), Wants { deployments: vec!["d-3".into()], ..Wants::default() });
    world.observed.group = Observed::Absent;
    assert_eq!(of(&world.observed, "b"), Wants::default());
}

#[test]
fn history_goes_back_to_our_newest_deployment_and_everything_after_it() {
    // The newest of ours that is known may not be the newest of ours.
    let world = World::new().had_own("d-1", "a", "Succeeded", 10.0 * 24.0 * HOUR, json!({}));
    let starts = history_starts(&world.observed);
    assert_eq!(starts[0], NOW - 10.0 * 24.0 * HOUR - 1.0);
    assert!(reaches_back(&world.observed, starts[0]));
    assert!(!reaches_back(&world.observed, NOW - 24.0 * HOUR));
    // Each start is read once, ever further back, also where ours was deployed a day ago to the second.
    let world = World::new().had_own("d-1", "a", "Succeeded", 24.0 * HOUR - 1.0, json!({}));
    assert_eq!(history_starts(&world.observed), [1.0, 30.0, 365.0].map(|days| NOW - days * 24.0 * HOUR));
    let world = World::new().had("d-1", "x", "Succeeded", HOUR, json!({}));
    let starts = history_starts(&world.observed);
    assert_eq!(starts, [1.0, 30.0, 365.0].map(|days| NOW - days * 24.0 * HOUR));
    assert!(!starts.iter().any(|start| reaches_back(&world.observed, *start)), "none of ours");
}

#[test]
fn the_commit_of_our_newest_deployment_is_the_one_that_wrote() {
    let world = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({})).had("d-2", "x", "Succeeded", 60.0, json!({}));
    assert_eq!(deployment::written_at(&world.observed), Some(context().revision));
    assert_eq!(deployment::written_at(&World::new().observed), None);
}

#[test]
fn a_bundle_that_the_next_upload_destroys_is_told_when_it_is_deployed() {
    let location = |key: &str, more: Value| {
        let mut location =
            json!({"bucket": "artifacts", "key": key, "bundleType": "zip", "eTag": "0123456789abcdef0123456789abcdef"});
        location.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        declared("", json!({"revision": {"revisionType": "S3", "s3Location": location}}))
    };
    let told = |declared| World::new().plan(&declared).notes.iter().any(|note| note.contains("versioning"));
    assert!(told(location("app.zip", json!({}))));
    assert!(!told(location("app.zip", json!({"version": "v1"}))), "the bucket keeps versions");
    assert!(!told(location("app-1f0c1f0.zip", json!({}))), "the commit's id stands in the key");
    assert!(!told(location("app-0123456789abcdef.zip", json!({}))), "the content's digest does");
    let settled = World::new().had_own("d-1", "a", "Succeeded", HOUR, json!({}));
    assert_eq!(settled.plan(&declared("a", json!({}))).notes, Vec::<String>::new(), "it is not said again and again");
}
