//! The stacks of one account in one Region, and what is looked up among them: stacks by name or id, exports, what is due.

use std::collections::BTreeMap;

use serde_json::Value;

use super::detection::Detection;
use super::failures::{On, StackDrift, StackFailure};
use super::parts::{Output, Resource};
use super::stack::Stack;
use crate::clock::Seconds;
use crate::cloudformation::errors::invalid;
use crate::error::Answer;
use crate::ids::Ids;
use crate::options::Options;
use crate::query;

/// The stacks of one account in one Region.
pub(crate) struct State {
    pub(crate) ids: Ids,
    pub(crate) account: String,
    pub(crate) region: String,
    page_size: Option<usize>,
    /// By id; the deleted ones too.
    pub(crate) stacks: BTreeMap<String, Stack>,
    /// Failures on demand.
    pub(crate) failures: Vec<StackFailure>,
    /// The SSM parameters that were set.
    pub(crate) stored: BTreeMap<String, String>,
    pub(crate) detections: Vec<Detection>,
}

impl State {
    /// No stack.
    pub(crate) fn new(options: &Options) -> Self {
        let ids = Ids::of_range(2);
        Self {
            ids,
            account: options.account_id.clone(),
            region: options.region.clone(),
            page_size: options.page_size,
            stacks: BTreeMap::new(),
            failures: Vec::new(),
            stored: BTreeMap::new(),
            detections: Vec::new(),
        }
    }

    /// When the next thing happens of itself.
    pub(crate) fn due(&self) -> Option<Seconds> {
        let operations = self.stacks.values().filter_map(|stack| stack.operation.as_ref()).map(|operation| operation.wake);
        let detections = self.detections.iter().filter(|detection| !detection.applied).map(|detection| detection.ready);
        operations.chain(detections).filter(|at| at.is_finite()).min_by(f64::total_cmp)
    }

    /// What the stacks have made of a type: physical ids and properties.
    pub(crate) fn made<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.stacks.values().flat_map(|stack| stack.resources.values());
        let own = resources.filter(move |resource| resource.declared.kind == kind && !resource.physical.is_empty());
        own.map(|resource| (resource.physical.as_str(), &resource.properties))
    }

    /// A stack by its id, or one that is not deleted by its name: "if the stack is deleted, you must specify the unique
    /// stack ID": <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>.
    pub(crate) fn find(&self, name: &str) -> Option<&Stack> {
        if name.starts_with("arn:") {
            return self.stacks.get(name);
        }
        self.stacks.values().find(|stack| stack.name == name && !stack.is_deleted())
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Stack> {
        let id = self.find(name)?.id.clone();
        self.stacks.get_mut(&id)
    }

    /// A stack that is not deleted, by its name.
    pub(crate) fn named_mut(&mut self, name: &str) -> Option<&mut Stack> {
        self.stacks.values_mut().find(|stack| stack.name == name && !stack.is_deleted())
    }

    /// All stacks with their tags, by ARN: what the tagging API finds.
    pub(crate) fn tagged(&self) -> Vec<(String, &BTreeMap<String, String>)> {
        let standing = self.stacks.values().filter(|stack| !stack.is_deleted());
        standing.filter_map(|stack| Some((stack.id.clone(), &stack.settings.as_ref()?.tags))).collect()
    }

    /// One page of a list under `key`.
    pub(crate) fn page(&self, input: &Value, key: &str, items: Vec<Value>, length: usize) -> Answer {
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

    /// Every export, with its stack and its name.
    pub(crate) fn exported(&self) -> impl Iterator<Item = (&Stack, &str, &Output)> {
        let standing = self.stacks.values().filter(|stack| !stack.is_deleted());
        let outputs = standing.flat_map(|stack| stack.outputs.iter().map(move |output| (stack, output)));
        outputs.filter_map(|(stack, output)| output.export.as_deref().map(|name| (stack, name, output)))
    }

    /// All exports by name.
    pub(crate) fn exports(&self) -> BTreeMap<String, String> {
        self.exported().map(|(_, name, output)| (name.to_string(), output.value.clone())).collect()
    }

    /// The stack that has an export of this name.
    pub(crate) fn exporter(&self, export: &str) -> Option<&str> {
        self.exported().find(|(_, name, _)| *name == export).map(|(stack, _, _)| stack.name.as_str())
    }

    /// The names of the stacks that import this.
    pub(crate) fn importers(&self, export: &str) -> Vec<String> {
        let importing = self.stacks.values().filter(|stack| !stack.is_deleted() && stack.imports.contains(export));
        importing.map(|stack| stack.name.clone()).collect()
    }

    /// Why a resource fails now, if it was told to.
    pub(crate) fn strike(&mut self, stack: &str, logical: &str, on: On) -> Option<String> {
        let matches = |failure: &StackFailure| failure.stack == stack && failure.logical_id == logical && failure.on == on;
        let failure = self.failures.iter_mut().find(|failure| matches(failure) && failure.times != Some(0))?;
        failure.times = failure.times.map(|times| times - 1);
        Some(failure.reason.clone())
    }

    /// Changes a resource behind its stack's back. False when there is no such resource.
    pub(crate) fn drift(&mut self, drift: &StackDrift) -> bool {
        let Some(stack) = self.named_mut(&drift.stack) else { return false };
        let Some(resource) = stack.resources.get_mut(&drift.logical_id) else { return false };
        resource.gone |= drift.deleted;
        resource.unreadable = drift.unknown;
        if let Some(pointer) = &drift.property {
            put(resource, pointer, drift.value.clone());
        }
        true
    }
}

fn put(resource: &mut Resource, pointer: &str, value: Value) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let Some(parent) = resource.actual.pointer_mut(parent) else { return };
    match parent {
        Value::Object(members) if value.is_null() => drop(members.remove(key)),
        Value::Object(members) => drop(members.insert(key.to_string(), value)),
        Value::Array(items) => {
            let place = key.parse().ok().filter(|place: &usize| *place < items.len());
            match place {
                Some(place) if value.is_null() => drop(items.remove(place)),
                Some(place) => items[place] = value,
                None => items.push(value),
            }
        }
        _ => {}
    }
}
