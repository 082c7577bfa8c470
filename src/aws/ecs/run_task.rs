//! RunTask, and what is on record where AWS says that nothing runs.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use driftless_core::desired::Document;
use serde_json::Value;

use super::observe::members;
use super::{Ecs, Said, ecs_call};
use crate::aws::error::{Call, ProviderError};

impl Ecs {
    /// Runs the task of `body`, and gives the answer and the task's ARN. Where AWS says that nothing runs, the revision is
    /// tagged with `refused`, so that the next attempt has a token of its own: whether AWS remembers a token whose request
    /// failed is not documented.
    ///
    /// # Errors
    /// Every kind; after `Unavailable` the task may run, unless AWS's own reason is in it.
    pub(super) async fn run_task(
        &self,
        resource: &str,
        body: &Document,
        refused: &Document,
    ) -> Result<(Said, Option<String>), ProviderError> {
        let target = &self.target;
        let answer = ecs_call!(target, run_task, "RunTask", resource, body).await;
        let error = match answer {
            Ok(said) => match said.json.pointer("/tasks/0/taskArn").and_then(Value::as_str).map(str::to_owned) {
                Some(arn) => return Ok((said, Some(arn))),
                None => no_task(resource, &said.json),
            },
            Err(error) => error,
        };
        if nothing_runs(&error) {
            let refused = with_reason(refused, &error);
            ecs_call!(target, tag_resource, "TagResource", resource, &refused).await?;
        }
        Err(error)
    }
}

/// The longest value of a tag: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>.
const LONGEST_VALUE: usize = 256;

/// TagResource's body with why nothing runs at the end of each value, in characters that a tag takes, with `_` for spaces.
fn with_reason(refused: &Document, error: &ProviderError) -> Document {
    let failure = error.failure();
    let why = if failure.said.is_empty() { failure.code.as_deref().unwrap_or_default() } else { &failure.said };
    let fits = |c: char| match c {
        ' ' => '_',
        c if c.is_ascii_alphanumeric() || "+-=._:/@".contains(c) => c,
        _ => '-',
    };
    let why: String = why.trim().chars().map(fits).collect();
    let mut body = refused.clone();
    for tag in body.get_mut("tags").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::String(value)) = tag.get_mut("value") {
            value.push_str(" why=");
            value.push_str(&why);
            // All of it is ASCII.
            value.truncate(LONGEST_VALUE);
        }
    }
    body
}

/// Whether AWS has refused the call: also where the refusal is one that passes, such as "No Container Instances were found in
/// your cluster." A throttled one is sent again as it was; a conflict (the token is in use) means that a task runs.
fn nothing_runs(error: &ProviderError) -> bool {
    match error {
        ProviderError::Denied(_) | ProviderError::NotFound(_) | ProviderError::Invalid(_) => true,
        ProviderError::Unavailable(failure) => !failure.lost,
        ProviderError::Throttled(_) | ProviderError::Conflict(_) => false,
    }
}

/// In the place of an error's code: RunTask succeeded and placed no task.
const NO_TASK: &str = "failures";

/// RunTask answers with `failures` instead of an error where there is no room for the task.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn no_task(resource: &str, answer: &Value) -> ProviderError {
    let call = Call { service: "ecs", action: "RunTask", resource };
    let text = |failure: &Value, member: &str| failure.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut reasons: Vec<String> = members(answer, "failures")
        .map(|failure| format!("{} {}", text(failure, "reason"), text(failure, "detail")).trim().to_owned())
        .collect();
    reasons.dedup();
    if reasons.is_empty() {
        return ProviderError::unavailable(call, "the answer has neither a task nor a reason");
    }
    ProviderError::no_room(call, NO_TASK, &reasons.join(", "), advice(&reasons[0]))
}

/// What a person can do, by the reasons of the page above.
fn advice(reason: &str) -> &'static str {
    match reason.split([':', ' ']).next().unwrap_or_default() {
        "RESOURCE" => {
            "no instance of the cluster has room for the task: add instances, or make the task smaller; the agent tries again"
        }
        "AGENT" => "the container agent of the instances is not connected: look after it; the agent tries again",
        "ATTRIBUTE" | "LOCATION" => {
            "no instance of the cluster has what the task definition requires (its requiresAttributes): add one that has; the agent tries again"
        }
        "EMPTY" | "INACTIVE" | "MISSING" => {
            "the cluster has no instance that can run it: add one, or run it on Fargate; the agent tries again"
        }
        _ => "nothing runs; the agent tries again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failure_says_why_nothing_runs_and_what_to_do() {
        let answer = json!({"tasks": [], "failures": [{"arn": "arn:aws:ecs:…", "reason": "RESOURCE:MEMORY"}]});
        let error = no_task("migrate:1 in the cluster shop", &answer);
        assert!(nothing_runs(&error));
        insta::assert_snapshot!(error, @"RunTask of migrate:1 in the cluster shop: failures: RESOURCE:MEMORY; no instance of the cluster has room for the task: add instances, or make the task smaller; the agent tries again");
        let tags = json!({"tags": [{"key": "driftless:run/a/b", "value": "refused attempt=1"}]});
        let tagged = with_reason(tags.as_object().expect("an object"), &error);
        assert_eq!(tagged["tags"][0]["value"], "refused attempt=1 why=RESOURCE:MEMORY");
        let nothing = no_task("migrate:1", &json!({}));
        assert!(!nothing_runs(&nothing), "{nothing}");
    }
}
