//! How change sets are shown.

use serde_json::{Value, json};

use super::views;
use crate::clock::{Seconds, iso_millis};
use crate::cloudformation::engine::change_set::ChangeSet;
use crate::cloudformation::engine::stack::Stack;

impl ChangeSet {
    /// As ListChangeSets shows it.
    pub(crate) fn summary(&self, stack: &Stack, now: Seconds) -> Value {
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
            "IncludeNestedStacks": self.nested,
            "ImportExistingResources": false,
        })
    }

    /// As DescribeChangeSet shows it, without its changes.
    pub(crate) fn view(&self, stack: &Stack, now: Seconds) -> Value {
        let mut view = self.summary(stack, now);
        let settings = &self.settings;
        view["NotificationARNs"] = settings.notifications.iter().map(String::as_str).collect();
        view["RollbackConfiguration"] = json!({});
        view["Capabilities"] = settings.capabilities.iter().map(String::as_str).collect();
        view["OnStackFailure"] = json!(self.on_stack_failure);
        if let Some((parent, root)) = &self.parents {
            view["ParentChangeSetId"] = parent.as_str().into();
            view["RootChangeSetId"] = root.as_str().into();
        }
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
    pub(crate) fn shown(&self, now: Seconds, values: bool) -> Vec<Value> {
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
