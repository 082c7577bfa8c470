//! A change set: what an update would do, computed once, shown, and then executed or deleted.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html>

use serde_json::Value;

use crate::clock::Seconds;

use super::parts::Settings;

/// A change set of a stack.
#[derive(Clone, Debug)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: Option<String>,
    /// It would create the stack.
    pub(crate) creates: bool,
    pub(crate) description: Option<String>,
    pub(crate) settings: Settings,
    pub(crate) changes: Vec<Value>,
    /// Why it is FAILED.
    pub(crate) failure: Option<String>,
    pub(crate) created: Seconds,
    /// Until then it is CREATE_IN_PROGRESS.
    pub(crate) ready: Seconds,
    pub(crate) execution: &'static str,
    pub(crate) on_stack_failure: Option<String>,
    pub(crate) revert_drift: bool,
    /// `IncludeNestedStacks`.
    pub(crate) nested: bool,
    /// Of a nested stack: the parent's and the topmost change set.
    pub(crate) parents: Option<(String, String)>,
    /// What early validation has found: the resource, its type, its name.
    pub(crate) taken: Vec<(String, String, String)>,
}

impl ChangeSet {
    /// `Status` at this time.
    pub(crate) fn status(&self, now: Seconds) -> &'static str {
        match (&self.failure, now < self.ready) {
            (_, true) => "CREATE_IN_PROGRESS",
            (Some(_), false) => "FAILED",
            (None, false) => "CREATE_COMPLETE",
        }
    }

    /// `ExecutionStatus` at this time: "only AVAILABLE change sets can be executed".
    pub(crate) fn execution(&self, now: Seconds) -> &'static str {
        if self.status(now) == "CREATE_COMPLETE" { self.execution } else { "UNAVAILABLE" }
    }
}
