//! RunTask: standalone tasks, which run to their end, and the client token that keeps them from running twice.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::names::Names;
use super::service::Blueprint;
use super::tags::{self, Tags};
use super::task::{Fate, Phase, REMEMBERED, Stop, Task};
use super::task_definitions::TaskDefinition;
use super::{Answer, AwsError, Members, State, fill, services, text, validate_service};

/// Logical seconds that a program runs whose image says nothing of it.
const RUNS: f64 = 10.0;
/// "Up to 64 characters are allowed", "Up to 128 letters ...": API_RunTask.html.
const LONGEST_TOKEN: usize = 64;
const LONGEST_STARTED_BY: usize = 128;
/// "You can specify up to 10 tasks for each call": API_RunTask.html.
const MOST: i64 = 10;
/// The longest life of a token: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>.
const TOKEN_LIVES: f64 = 24.0 * 3600.0;

/// A task that no service runs.
pub(super) struct Standalone {
    pub(super) task: Task,
    pub(super) cluster: String,
    /// RunTask's input.
    pub(super) input: Members,
    pub(super) group: String,
    /// The exit code of its first essential container, and after how many seconds of RUNNING; `None`: it runs on.
    ends: Option<(i64, f64)>,
}

impl Standalone {
    /// What was due until `now`.
    fn advance(&mut self, now: Seconds) {
        while self.task.next <= now {
            let due = self.task.next;
            let was = self.task.phase;
            let ends = was == Phase::Running && self.task.blueprint.fate == Fate::Runs;
            if ends && let Some((code, after)) = self.ends {
                let at = self.task.started.unwrap_or(due) + after;
                if at > now {
                    self.task.next = at;
                    break;
                }
                let container = Some((self.task.blueprint.failing.0.clone(), Some(code), None));
                let reason = "Essential container in task exited".to_string();
                self.task.stop(Stop { code: "EssentialContainerExited", reason, container }, at);
                continue;
            }
            self.task.advance();
            if was == Phase::Pending && self.task.phase == Phase::Running && self.task.blueprint.fate == Fate::Runs {
                // Nobody waits for its health checks, but for its end.
                let after = self.ends.map_or(f64::INFINITY, |ends| ends.1);
                self.task.next = self.task.started.unwrap_or(due) + after;
            }
        }
    }

    /// The task, whole.
    pub(super) fn view(&self, names: &Names, with_tags: bool) -> Value {
        let arn = names.arn(&format!("task/{}/{}", self.cluster, self.task.id));
        let blueprint = &self.task.blueprint;
        let mut view = self.task.view(&arn);
        view["clusterArn"] = names.cluster(&self.cluster).into();
        view["group"] = self.group.clone().into();
        if let Some(by) = text(&self.input, "startedBy") {
            view["startedBy"] = by.into();
        }
        view["enableExecuteCommand"] = (self.input.get("enableExecuteCommand") == Some(&json!(true))).into();
        view["cpu"] = blueprint.cpu.clone().unwrap_or_else(|| "0".into()).into();
        view["memory"] = blueprint.memory.clone().unwrap_or_else(|| "0".into()).into();
        if let Some(overrides) = self.input.get("overrides") {
            view["overrides"] = overrides.clone();
        }
        if services::on_fargate(&self.input) {
            view["launchType"] = "FARGATE".into();
            view["platformVersion"] = super::view::LATEST.into();
            view["platformFamily"] = "Linux".into();
            view["ephemeralStorage"] = json!({"sizeInGiB": 20});
        } else {
            view["launchType"] = "EC2".into();
            view["containerInstanceArn"] = names.arn(&format!("container-instance/{}/{:032x}", self.cluster, 1)).into();
        }
        // "Stops a running task. Any tags associated with the task will be deleted.": API_StopTask.html
        let stopped = self.task.stop.as_ref().is_some_and(|stop| stop.code == "UserInitiated");
        view["tags"] = if with_tags && !stopped { tags::view(&self.task.tags) } else { json!([]) };
        view
    }
}

/// A token that is in use in a cluster: "requests with the same token in the same cluster are idempotent",
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>.
pub(super) struct Token {
    cluster: String,
    input: Members,
    tasks: Vec<String>,
    since: Seconds,
}

impl State {
    /// Moves every standalone task to `now`, and forgets what AWS no longer tells of.
    pub(super) fn advance_standalone(&mut self, now: Seconds) {
        self.standalone.iter_mut().for_each(|own| own.advance(now));
        self.standalone.retain(|own| own.task.stopped.is_none_or(|at| at + REMEMBERED > now));
        // It lives a day at most, and no longer than an hour after what it made has ended.
        let told = |id: &String| self.standalone.iter().any(|own| own.task.id == *id);
        self.tokens.retain(|token| token.since + TOKEN_LIVES > now && token.tasks.iter().any(told));
    }

    pub(super) fn run_task(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        check(input)?;
        if let Some(sent) = text(input, "clientToken")
            && let Some(token) =
                self.tokens.iter().find(|token| token.cluster == cluster && text(&token.input, "clientToken") == Some(sent))
        {
            if token.input != *input {
                let message = "The provided clientToken is already in use with a different RunTask request.";
                return Err(AwsError::new("ConflictException", message));
            }
            let own = self.standalone.iter().filter(|own| token.tasks.contains(&own.task.id));
            return Ok(json!({"tasks": own.map(|own| own.view(&self.names, true)).collect::<Vec<_>>(), "failures": []}));
        }
        let definition = self.usable(text(input, "taskDefinition").unwrap_or_default())?.clone();
        check_with(input, &definition)?;
        let blueprint = Arc::new(Blueprint::of(&definition, input));
        if let Some(failure) = self.no_room(&blueprint, input, &cluster) {
            return Ok(json!({"tasks": [], "failures": [failure]}));
        }
        let own_tags = self.task_tags(input, &definition, &cluster)?;
        let family = format!("family:{}", blueprint.family);
        let count = input.get("count").and_then(Value::as_i64).unwrap_or(1);
        let (sent, mut input) = (input.clone(), input.clone());
        if let Some(Value::Object(vpc)) = input.get_mut("networkConfiguration").and_then(|own| own.get_mut("awsvpcConfiguration"))
        {
            fill::default(vpc, "assignPublicIp", "DISABLED".into());
        }
        let mut started = Vec::new();
        for _ in 0..count {
            let by = text(&input, "startedBy").unwrap_or_default();
            let task = Task::start(self.ids.hex(), by, blueprint.clone(), own_tags.clone(), now);
            let group = text(&input, "group").unwrap_or(&family).to_string();
            let ends = ends(&blueprint);
            started.push(Standalone { task, cluster: cluster.clone(), input: input.clone(), group, ends });
        }
        let views: Vec<Value> = started.iter().map(|own| own.view(&self.names, true)).collect();
        if input.contains_key("clientToken") {
            let tasks = started.iter().map(|own| own.task.id.clone()).collect();
            self.tokens.push(Token { cluster, input: sent, tasks, since: now });
        }
        self.standalone.extend(started);
        Ok(json!({"tasks": views, "failures": []}))
    }
}

impl State {
    /// Why there is no room for the task, if there is none: an image named `noroom` never finds any, one named `noroom-2`
    /// not at its revision's first two calls.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    fn no_room(&mut self, blueprint: &Blueprint, input: &Members, cluster: &str) -> Option<Value> {
        let image = blueprint.containers.iter().find_map(|(_, image)| says(image, "noroom"))?;
        let refused = self.refused.entry(blueprint.task_definition.clone()).or_default();
        if number(image).is_some_and(|most| i64::from(*refused) >= most) {
            return None;
        }
        *refused += 1;
        if services::on_fargate(input) {
            let reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
            return Some(json!({"reason": reason}));
        }
        let host = self.names.arn(&format!("container-instance/{cluster}/{:032x}", 1));
        Some(json!({"arn": host, "reason": "RESOURCE:MEMORY"}))
    }

    /// The task's own tags, those of its definition where they are to be propagated, and ECS's own.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>
    fn task_tags(&self, input: &Members, definition: &TaskDefinition, cluster: &str) -> Result<Tags, AwsError> {
        let mut all = Tags::new();
        if text(input, "propagateTags") == Some("TASK_DEFINITION") {
            all.extend(definition.tags.clone());
        }
        all.extend(tags::read(input)?);
        if input.get("enableECSManagedTags") == Some(&json!(true)) {
            all.insert("aws:ecs:clusterName".into(), cluster.to_string());
        }
        Ok(all)
    }
}

/// What stands after `word` in the image's name and tag, if `word` is there.
fn says<'i>(image: &'i str, word: &str) -> Option<&'i str> {
    let name = image.rsplit('/').next()?;
    name.find(word).map(|at| &name[at + word.len()..])
}

/// The number of `-3`, `-3-more`.
fn number(after: &str) -> Option<i64> {
    let digits = after.strip_prefix('-')?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `exit-3` is the exit code, `takes-600` the seconds; an image named `forever` never ends.
fn ends(blueprint: &Blueprint) -> Option<(i64, f64)> {
    let image = &blueprint.failing.1;
    if says(image, "forever").is_some() {
        return None;
    }
    let told = |word: &str| says(image, word).and_then(number);
    Some((told("exit").unwrap_or(0), told("takes").map_or(RUNS, |seconds| seconds as f64)))
}

/// What the document alone shows.
fn check(input: &Members) -> Result<(), AwsError> {
    let printable = |text: &str| text.bytes().all(|byte| (33..=126).contains(&byte));
    if let Some(token) = text(input, "clientToken")
        && (token.is_empty() || token.len() > LONGEST_TOKEN || !printable(token))
    {
        return Err(AwsError::parameter("clientToken has 1 to 64 ASCII characters in the range of 33-126."));
    }
    // The page names no space, and ECS takes one: ecs-deploy starts its tasks by "ECS Deploy".
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_/ ".contains(c);
    if let Some(by) = text(input, "startedBy")
        && (by.len() > LONGEST_STARTED_BY || !by.chars().all(fits))
    {
        return Err(AwsError::parameter("startedBy has up to 128 letters, numbers, hyphens, slashes and underscores."));
    }
    let count = input.get("count").and_then(Value::as_i64).unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(AwsError::parameter("Count must be between 1 and 10."));
    }
    let providers = input.get("capacityProviderStrategy").and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    if providers && input.contains_key("launchType") {
        return Err(AwsError::parameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    // "An error will be received if you specify the SERVICE option when running a task."
    if text(input, "propagateTags") == Some("SERVICE") {
        return Err(AwsError::parameter("Tags can only be propagated from the task definition when running a task."));
    }
    // "A total of 8192 characters are allowed for overrides", with the characters of the JSON.
    if input.get("overrides").is_some_and(|overrides| overrides.to_string().chars().count() > 8192) {
        return Err(AwsError::parameter("Container Overrides length must be at most 8192"));
    }
    Ok(())
}

/// What the document and its task definition show together.
fn check_with(input: &Members, definition: &TaskDefinition) -> Result<(), AwsError> {
    validate_service::launch(input, definition, services::on_fargate(input), None)?;
    validate_service::network(input, definition)?;
    let overrides = input.get("overrides").and_then(|own| own.get("containerOverrides")).and_then(Value::as_array);
    for name in overrides.into_iter().flatten().filter_map(|own| own["name"].as_str()) {
        if !definition.containers().any(|container| container["name"] == name) {
            let message = format!("Override for container named {name} is not a container in the TaskDefinition.");
            return Err(AwsError::parameter(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_how_its_program_ends() {
        assert_eq!(says("registry.example.com/forever/migrate:1-exit-3", "exit").and_then(number), Some(3));
        assert_eq!(says("registry.example.com/exit-4/migrate:1", "exit"), None, "only what stands after the last slash");
        assert_eq!(number("-600-more"), Some(600));
        assert_eq!(number(""), None);
    }
}
