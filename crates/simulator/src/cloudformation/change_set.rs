//! A change set: what an update would do, computed once, shown, and then executed or deleted.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html>

use serde_json::{Value, json};

use crate::clock::{Seconds, iso_millis};

use super::stack::{Settings, Stack};
use super::views;

/// A change set of a stack.
#[derive(Clone, Debug)]
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) token: Option<String>,
    /// It would create the stack.
    pub(super) creates: bool,
    pub(super) description: Option<String>,
    pub(super) settings: Settings,
    pub(super) changes: Vec<Value>,
    /// Why it is FAILED.
    pub(super) failure: Option<String>,
    pub(super) created: Seconds,
    /// Until then it is CREATE_IN_PROGRESS.
    pub(super) ready: Seconds,
    pub(super) execution: &'static str,
    pub(super) on_stack_failure: Option<String>,
    pub(super) revert_drift: bool,
}

impl ChangeSet {
    /// `Status` at this time.
    pub(super) fn status(&self, now: Seconds) -> &'static str {
        match (&self.failure, now < self.ready) {
            (_, true) => "CREATE_IN_PROGRESS",
            (Some(_), false) => "FAILED",
            (None, false) => "CREATE_COMPLETE",
        }
    }

    /// `ExecutionStatus` at this time: "only AVAILABLE change sets can be executed".
    pub(super) fn execution(&self, now: Seconds) -> &'static str {
        if self.status(now) == "CREATE_COMPLETE" { self.execution } else { "UNAVAILABLE" }
    }

    /// As ListChangeSets shows it.
    pub(super) fn summary(&self, stack: &Stack, now: Seconds) -> Value {
        json!({
            "StackId": stack.id,
            "StackName": stack.name,
            "ChangeSetId": self.id,
            "ChangeSetName": self.name,
            "ExecutionStatus": self.execution(now),
            "Status": self.status(now),
            "StatusReason": self.failure.as_ref().filter(|_| now >= self.ready),
            "CreationTime": iso_millis(self.created),
            "Description": self.description,
            "IncludeNestedStacks": false,
            "ImportExistingResources": false,
        })
    }

    /// As DescribeChangeSet shows it, without its changes.
    pub(super) fn view(&self, stack: &Stack, now: Seconds) -> Value {
        let mut view = self.summary(stack, now);
        let settings = &self.settings;
        view["NotificationARNs"] = settings.notifications.iter().map(String::as_str).collect();
        view["RollbackConfiguration"] = json!({});
        view["Capabilities"] = settings.capabilities.iter().map(String::as_str).collect();
        view["OnStackFailure"] = json!(self.on_stack_failure);
        if self.revert_drift {
            view["DeploymentMode"] = "REVERT_DRIFT".into();
            view["StackDriftStatus"] = stack.drift.status.unwrap_or("NOT_CHECKED").into();
        }
        if !settings.parameters.is_empty() {
            view["Parameters"] = settings.parameters.view();
        }
        if !settings.tags.is_empty() {
            view["Tags"] = views::tags(&settings.tags);
        }
        view
    }

    /// The changes; with the values of properties only when they are asked for.
    pub(super) fn shown(&self, now: Seconds, values: bool) -> Vec<Value> {
        if self.status(now) == "CREATE_IN_PROGRESS" {
            return Vec::new();
        }
        let mut changes = self.changes.clone();
        for change in changes.iter_mut().filter(|_| !values && !self.revert_drift) {
            strip(&mut change["ResourceChange"], &["BeforeContext", "AfterContext"]);
            for detail in change["ResourceChange"]["Details"].as_array_mut().into_iter().flatten() {
                strip(&mut detail["Target"], &["Path", "BeforeValue", "AfterValue", "AttributeChangeType"]);
            }
        }
        changes
    }
}

fn strip(value: &mut Value, keys: &[&str]) {
    if let Value::Object(members) = value {
        members.retain(|key, _| !keys.contains(&key.as_str()));
    }
}
