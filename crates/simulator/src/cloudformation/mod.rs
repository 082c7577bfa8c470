//! AWS CloudFormation, awsQuery: the stacks of one account in one Region, and the actions on them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>

mod change_set;
mod change_sets;
mod describe;
mod document;
mod drift;
mod evaluate;
mod exports;
mod failures;
mod guards;
mod intrinsics;
mod jobs;
mod kinds;
mod lifecycle;
mod operation;
mod parameters;
mod phases;
mod plan;
mod policy;
mod references;
mod requests;
mod stack;
mod template;
mod templates;
mod views;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::ids::Ids;
use crate::options::Options;
use crate::query;
use crate::world::{Answer, World};

pub use failures::{On, StackDrift, StackFailure};
use stack::Stack;

const VERSION: &str = "2010-05-15";

/// The stacks of one account in one Region.
pub(crate) struct State {
    ids: Ids,
    page_size: Option<usize>,
    /// By id; the deleted ones too.
    stacks: BTreeMap<String, Stack>,
    /// Failures on demand.
    pub(crate) failures: Vec<StackFailure>,
    detections: Vec<drift::Detection>,
}

impl State {
    /// No stack.
    pub(crate) fn new(options: &Options) -> Self {
        let ids = Ids::of_range(2);
        Self { ids, page_size: options.page_size, stacks: BTreeMap::new(), failures: Vec::new(), detections: Vec::new() }
    }

    /// When the next thing happens of itself.
    pub(crate) fn due(&self) -> Option<Seconds> {
        let operations = self.stacks.values().filter_map(|stack| stack.operation.as_ref()).map(|operation| operation.wake);
        let detections = self.detections.iter().filter(|detection| !detection.applied).map(|detection| detection.ready);
        operations.chain(detections).filter(|at| at.is_finite()).min_by(f64::total_cmp)
    }

    /// A stack by its id, or one that is not deleted by its name: "if the stack is deleted, you must specify the unique
    /// stack ID": <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>.
    fn find(&self, name: &str) -> Option<&Stack> {
        if name.starts_with("arn:") {
            return self.stacks.get(name);
        }
        self.stacks.values().find(|stack| stack.name == name && !stack.is_deleted())
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Stack> {
        let id = self.find(name)?.id.clone();
        self.stacks.get_mut(&id)
    }

    /// A stack that is not deleted, by its name.
    fn named_mut(&mut self, name: &str) -> Option<&mut Stack> {
        self.stacks.values_mut().find(|stack| stack.name == name && !stack.is_deleted())
    }

    /// All stacks with their tags, by ARN: what the tagging API finds.
    pub(crate) fn tagged(&self) -> Vec<(String, &BTreeMap<String, String>)> {
        let standing = self.stacks.values().filter(|stack| !stack.is_deleted());
        standing.filter_map(|stack| Some((stack.id.clone(), &stack.settings.as_ref()?.tags))).collect()
    }

    /// One page of a list under `key`.
    fn page(&self, input: &Value, key: &str, items: Vec<Value>, length: usize) -> Answer {
        let length = self.page_size.map_or(length, |forced| forced.min(length)).max(1);
        let start = match query::text(input, "NextToken") {
            Some(token) => token.strip_prefix("next-").and_then(|place| usize::from_str_radix(place, 16).ok()),
            None => Some(0),
        };
        let start = start.ok_or_else(|| invalid("Invalid NextToken"))?;
        let more = items.len() > start + length;
        let mut answer = serde_json::json!({});
        answer[key] = items.into_iter().skip(start).take(length).collect();
        if more {
            answer["NextToken"] = format!("next-{:06x}", start + length).into();
        }
        Ok(answer)
    }
}

/// Lets happen what is due at `at`.
pub(crate) fn step(world: &mut World, at: Seconds) {
    drift::settle(world, at);
    let due = |stack: &&Stack| stack.operation.as_ref().is_some_and(|operation| operation.wake <= at);
    let ids: Vec<String> = world.cloudformation.stacks.values().filter(due).map(|stack| stack.id.clone()).collect();
    for id in ids {
        with(world, &id, |world, stack| operation::step(world, stack, at));
    }
}

/// Gives a stack and the rest of the world apart: while it is looked at, the others do not see it.
fn with<T>(world: &mut World, id: &str, run: impl FnOnce(&mut World, &mut Stack) -> T) -> Option<T> {
    let mut stack = world.cloudformation.stacks.remove(id)?;
    let result = run(world, &mut stack);
    world.cloudformation.stacks.insert(stack.id.clone(), stack);
    Some(result)
}

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    match action {
        "CreateStack" => lifecycle::create_stack(world, input, now),
        "UpdateStack" => lifecycle::update_stack(world, input, now),
        "DeleteStack" => lifecycle::delete_stack(world, input, now),
        "CancelUpdateStack" => lifecycle::cancel_update_stack(world, input, now),
        "ContinueUpdateRollback" => lifecycle::continue_update_rollback(world, input, now),
        "RollbackStack" => lifecycle::rollback_stack(world, input, now),
        "CreateChangeSet" => change_sets::create(world, input, now),
        "DescribeChangeSet" => change_sets::describe(&world.cloudformation, input, now),
        "ListChangeSets" => change_sets::list(&world.cloudformation, input, now),
        "ExecuteChangeSet" => change_sets::execute(world, input, now),
        "DeleteChangeSet" => change_sets::delete(&mut world.cloudformation, input),
        "DescribeStacks" => describe::stacks(&world.cloudformation, input),
        "ListStacks" => describe::list(&world.cloudformation, input),
        "DescribeStackEvents" => describe::events(&world.cloudformation, input),
        "DescribeStackResources" => describe::resources(&world.cloudformation, input),
        "DescribeStackResource" => describe::resource(&world.cloudformation, input),
        "ListStackResources" => describe::list_resources(&world.cloudformation, input),
        "GetTemplate" => templates::get(&world.cloudformation, input),
        "GetTemplateSummary" => templates::summary(world, input),
        "ValidateTemplate" => templates::validate(world, input),
        "SetStackPolicy" => guards::set_policy(world, input),
        "GetStackPolicy" => guards::get_policy(&world.cloudformation, input),
        "UpdateTerminationProtection" => guards::protect(&mut world.cloudformation, input),
        "ListExports" => exports::list(&world.cloudformation, input),
        "ListImports" => exports::imports(&world.cloudformation, input),
        "DetectStackDrift" => drift::detect(&mut world.cloudformation, input, now),
        "DescribeStackDriftDetectionStatus" => drift::status(&world.cloudformation, input, now),
        "DescribeStackResourceDrifts" => drift::describe(&world.cloudformation, input),
        _ => Err(AwsError::invalid_action(action, VERSION)),
    }
}

/// The error for everything that is wrong with a request:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

/// "Stack [X] does not exist", as the writing actions say it.
fn no_stack(name: &str) -> AwsError {
    invalid(format!("Stack [{name}] does not exist"))
}

/// "Stack with id X does not exist", as the reading actions say it.
fn no_stack_with_id(name: &str) -> AwsError {
    invalid(format!("Stack with id {name} does not exist"))
}

/// A required string.
fn required<'a>(input: &'a Value, key: &str) -> Result<&'a str, AwsError> {
    let missing = || {
        let name = format!("{}{}", key[..1].to_lowercase(), &key[1..]);
        invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    };
    query::text(input, key).ok_or_else(missing)
}

/// What a call names, for the log and for faults: the stack's name, also where its ARN is sent; without one the change set's.
pub(crate) fn resource(input: &Value) -> String {
    let name = ["StackName", "ChangeSetName"].into_iter().find_map(|key| query::text(input, key)).unwrap_or_default();
    let inside = [":stack/", ":changeSet/"].into_iter().find_map(|kind| name.split_once(kind));
    inside.map_or(name, |(_, rest)| rest.split('/').next().unwrap_or(rest)).to_string()
}
