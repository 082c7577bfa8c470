//! AWS CloudFormation, awsQuery: the stacks of one account in one Region, and the actions on them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>
//!
//! Floors, each of which knows only those below it: `api` (requests, answers), `kinds` (makes resources in the other
//! services), `engine` (stacks over the logical clock), `types` (what is known of resource types), `template`.

mod api;
mod engine;
mod errors;
mod kinds;
mod template;
mod types;

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::query;
use crate::world::World;

use api::{change_sets, describe, drift, early, exports, guards, lifecycle, registry, templates};
pub use engine::failures::{On, StackDrift, StackFailure};
use engine::ground::{Ground, with};
use engine::run;
use engine::stack::Stack;
pub(crate) use engine::state::State;

const VERSION: &str = "2010-05-15";

/// Runs something on the stacks and the services around them.
fn on<T>(world: &mut World, run: impl FnOnce(&mut Ground<'_>) -> T) -> T {
    let World { cloudformation, ecs, codedeploy, s3, iam, .. } = world;
    let mut makers = kinds::Services { ecs, codedeploy, s3, iam };
    run(&mut Ground { state: cloudformation, makers: &mut makers })
}

/// Lets happen what is due at `at`.
pub(crate) fn step(world: &mut World, at: Seconds) {
    on(world, |ground| {
        engine::drift::settle(ground, at);
        let due = |stack: &&Stack| stack.operation.as_ref().is_some_and(|operation| operation.wake <= at);
        let ids: Vec<String> = ground.state.stacks.values().filter(due).map(|stack| stack.id.clone()).collect();
        for id in ids {
            with(ground, &id, |ground, stack| run::step(ground, stack, at));
        }
    });
}

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    on(world, |ground| dispatch(ground, action, input, now))
}

fn dispatch(ground: &mut Ground<'_>, action: &str, input: &Value, now: Seconds) -> Answer {
    match action {
        "CreateStack" => lifecycle::create_stack(ground, input, now),
        "UpdateStack" => lifecycle::update_stack(ground, input, now),
        "DeleteStack" => lifecycle::delete_stack(ground, input, now),
        "CancelUpdateStack" => lifecycle::cancel_update_stack(ground, input, now),
        "ContinueUpdateRollback" => lifecycle::continue_update_rollback(ground, input, now),
        "RollbackStack" => lifecycle::rollback_stack(ground, input, now),
        "CreateChangeSet" => change_sets::create(ground, input, now),
        "DescribeChangeSet" => change_sets::describe(ground.state, input, now),
        "ListChangeSets" => change_sets::list(ground.state, input, now),
        "ExecuteChangeSet" => change_sets::execute(ground, input, now),
        "DeleteChangeSet" => change_sets::delete(ground.state, input),
        "DescribeStacks" => describe::stacks(ground.state, input),
        "ListStacks" => describe::list(ground.state, input),
        "DescribeStackEvents" => describe::events(ground.state, input),
        "DescribeStackResources" => describe::resources(ground.state, input),
        "DescribeStackResource" => describe::resource(ground.state, input),
        "ListStackResources" => describe::list_resources(ground.state, input),
        "GetTemplate" => templates::get(ground.state, input),
        "GetTemplateSummary" => templates::summary(ground, input),
        "ValidateTemplate" => templates::validate(ground, input),
        "SetStackPolicy" => guards::set_policy(ground, input),
        "GetStackPolicy" => guards::get_policy(ground.state, input),
        "UpdateTerminationProtection" => guards::protect(ground.state, input),
        "DescribeType" => registry::describe_type(&ground.state.region, input),
        "ListExports" => exports::list(ground.state, input),
        "ListImports" => exports::imports(ground.state, input),
        "DetectStackDrift" => drift::detect(ground.state, input, now),
        "DetectStackResourceDrift" => drift::detect_one(ground, input, now),
        "DescribeEvents" => early::events(ground.state, input, now),
        "DescribeStackDriftDetectionStatus" => drift::status(ground.state, input, now),
        "DescribeStackResourceDrifts" => drift::describe(ground.state, input),
        _ => Err(AwsError::invalid_action(action, VERSION)),
    }
}

/// What a call names, for the log and for faults: the stack's name, also where its ARN is sent; without one the change set's.
pub(crate) fn resource(input: &Value) -> String {
    let name = ["StackName", "ChangeSetName"].into_iter().find_map(|key| query::text(input, key)).unwrap_or_default();
    let inside = [":stack/", ":changeSet/"].into_iter().find_map(|kind| name.split_once(kind));
    inside.map_or(name, |(_, rest)| rest.split('/').next().unwrap_or(rest)).to_string()
}
