//! Task definitions: families, revisions, and what a task of a revision is made of.

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::tags::{self, Tags};
use super::{Answer, AwsError, Members, State, fill, names, paging, text, texts, validate_task_definition, with_tags};

/// The members that name a role.
const ROLES: [&str; 2] = ["executionRoleArn", "taskRoleArn"];

/// One revision. Its content never changes; its status and tags do.
#[derive(Clone)]
pub(super) struct TaskDefinition {
    pub(super) arn: String,
    pub(super) revision: u64,
    pub(super) active: bool,
    /// The registered form: the document with its defaults.
    pub(super) content: Members,
    pub(super) tags: Tags,
    registered: Seconds,
    deregistered: Option<Seconds>,
    delete_requested: Option<Seconds>,
}

impl TaskDefinition {
    /// The network mode, with AWS's default.
    pub(super) fn network_mode(&self) -> &str {
        text(&self.content, "networkMode").unwrap_or("bridge")
    }

    /// The container definitions.
    pub(super) fn containers(&self) -> impl Iterator<Item = &Value> {
        self.content.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten()
    }

    /// The launch types it can run on, as `compatibilities` shows them.
    pub(super) fn compatibilities(&self) -> Vec<&'static str> {
        let fargate = validate_task_definition::fargate(&self.content).is_ok() && self.network_mode() == "awsvpc";
        if fargate { vec!["EC2", "FARGATE"] } else { vec!["EC2", "EXTERNAL"] }
    }

    fn view(&self, registered_by: &str) -> Value {
        let mut view = self.content.clone();
        view.insert("taskDefinitionArn".into(), self.arn.clone().into());
        view.insert("revision".into(), self.revision.into());
        view.insert("status".into(), self.status().into());
        view.insert("compatibilities".into(), json!(self.compatibilities()));
        view.insert("requiresAttributes".into(), self.attributes());
        view.insert("registeredAt".into(), self.registered.into());
        view.insert("registeredBy".into(), registered_by.into());
        if let Some(at) = self.deregistered {
            view.insert("deregisteredAt".into(), at.into());
        }
        if let Some(at) = self.delete_requested {
            view.insert("deleteRequestedAt".into(), at.into());
        }
        Value::Object(view)
    }

    fn status(&self) -> &'static str {
        match (self.active, self.delete_requested) {
            (true, _) => "ACTIVE",
            (false, None) => "INACTIVE",
            (false, Some(_)) => "DELETE_IN_PROGRESS",
        }
    }

    fn attributes(&self) -> Value {
        let mut attributes = vec![json!({"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"})];
        if self.network_mode() == "awsvpc" {
            attributes.push(json!({"name": "ecs.capability.task-eni"}));
        }
        if self.content.contains_key("executionRoleArn") {
            attributes.push(json!({"name": "ecs.capability.execution-role-awslogs"}));
        }
        attributes.into()
    }
}

impl State {
    pub(super) fn register_task_definition(&mut self, input: &Members, now: Seconds) -> Answer {
        // An empty role is no role: ecs-deploy sends one for every task definition without
        // (<https://github.com/fabfuel/ecs-deploy/blob/develop/ecs_deploy/ecs.py>), and ECS takes it.
        let mut input = input.clone();
        for role in ROLES {
            if text(&input, role) == Some("") {
                input.remove(role);
            }
        }
        let input = &input;
        validate_task_definition::check(input)?;
        let tags = tags::read(input)?;
        let family = text(input, "family").unwrap_or_default().to_string();
        let mut content = fill::registered(input.clone());
        for key in ROLES {
            // A role may be given by its name; it comes back as an ARN.
            if let Some(role) = text(&content, key).filter(|role| !role.starts_with("arn:")) {
                let arn = self.names.role(role);
                content.insert(key.into(), arn.into());
            }
        }
        let revisions = self.families.entry(family.clone()).or_default();
        let revision = revisions.last().map_or(1, |last| last.revision + 1);
        let arn = self.names.arn(&format!("task-definition/{family}:{revision}"));
        let (deregistered, delete_requested) = (None, None);
        let definition =
            TaskDefinition { arn, revision, active: true, content, tags, registered: now, deregistered, delete_requested };
        revisions.push(definition.clone());
        let mut answer = json!({"taskDefinition": definition.view(&self.names.role("deployer"))});
        if !definition.tags.is_empty() {
            answer["tags"] = tags::view(&definition.tags);
        }
        Ok(answer)
    }

    /// The revision that a family, `family:revision` or ARN names. A family alone names its latest ACTIVE revision.
    pub(super) fn task_definition(&self, name: &str) -> Option<&TaskDefinition> {
        if name.starts_with("arn:") && !name.starts_with(&self.names.arn("task-definition/")) {
            return None;
        }
        match names::short(name).split_once(':') {
            Some((family, revision)) => {
                let revision: u64 = revision.parse().ok()?;
                self.families.get(family)?.iter().find(|definition| definition.revision == revision)
            }
            None => self.families.get(names::short(name))?.iter().rev().find(|definition| definition.active),
        }
    }

    pub(super) fn task_definition_mut(&mut self, name: &str) -> Option<&mut TaskDefinition> {
        let arn = self.task_definition(name)?.arn.clone();
        self.families.values_mut().flatten().find(|definition| definition.arn == arn)
    }

    pub(super) fn describe_task_definition(&mut self, input: &Members, now: Seconds) -> Answer {
        let name = text(input, "taskDefinition").unwrap_or_default();
        let missing = || AwsError::client("Unable to describe task definition.");
        let definition = self.task_definition(name).ok_or_else(missing)?;
        let mut answer = json!({"taskDefinition": definition.view(&self.names.role("deployer"))});
        if with_tags(input) {
            let older = self.consistency.seen(&definition.arn, now).flatten();
            answer["tags"] = older.unwrap_or_else(|| tags::view(&definition.tags));
        }
        Ok(answer)
    }

    pub(super) fn deregister_task_definition(&mut self, input: &Members, now: Seconds) -> Answer {
        let name = text(input, "taskDefinition").unwrap_or_default();
        if !names::short(name).contains(':') {
            // "The family and revision ... You must specify a revision": API_DeregisterTaskDefinition.html
            return Err(AwsError::client("Revision is missing."));
        }
        let by = self.names.role("deployer");
        let missing = || AwsError::client("The specified task definition does not exist.");
        let definition = self.task_definition_mut(name).ok_or_else(missing)?;
        definition.active = false;
        definition.deregistered.get_or_insert(now);
        Ok(json!({"taskDefinition": definition.view(&by)}))
    }

    /// "You must deregister a task definition revision before you delete it", and "up to 10 task definitions as a list". A
    /// revision "transitions ... to DELETE_IN_PROGRESS", and here stays there.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html>
    pub(super) fn delete_task_definitions(&mut self, input: &Members, now: Seconds) -> Answer {
        let wanted = texts(input, "taskDefinitions");
        if wanted.is_empty() || wanted.len() > 10 {
            return Err(AwsError::parameter("The task definitions to delete are 1 to 10."));
        }
        if wanted.iter().any(|name| !names::short(name).contains(':')) {
            return Err(AwsError::client("Revision is missing."));
        }
        let by = self.names.role("deployer");
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for name in wanted {
            let arn =
                if name.starts_with("arn:") { name.to_string() } else { self.names.arn(&format!("task-definition/{name}")) };
            let reason = match self.task_definition_mut(name) {
                None => "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
                Some(definition) if definition.active => {
                    "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
                }
                Some(definition) => {
                    definition.delete_requested.get_or_insert(now);
                    deleted.push(definition.view(&by));
                    continue;
                }
            };
            failures.push(json!({"arn": arn, "reason": reason}));
        }
        Ok(json!({"taskDefinitions": deleted, "failures": failures}))
    }

    pub(super) fn list_task_definitions(&mut self, input: &Members) -> Answer {
        let status = text(input, "status").unwrap_or("ACTIVE");
        // The prefix is a whole family's name: "a family name filters the results", API_ListTaskDefinitions.html
        let wanted = text(input, "familyPrefix");
        let families = self.families.iter().filter(|(family, _)| wanted.is_none_or(|wanted| wanted == *family));
        let revisions = families.flat_map(|(_, revisions)| revisions).filter(|definition| definition.status() == status);
        let mut arns: Vec<Value> = revisions.map(|definition| definition.arn.clone().into()).collect();
        if text(input, "sort") == Some("DESC") {
            arns.reverse();
        }
        paging::page(input, "taskDefinitionArns", arns, 100, self.page_size)
    }

    pub(super) fn list_task_definition_families(&mut self, input: &Members) -> Answer {
        let prefix = text(input, "familyPrefix").unwrap_or_default();
        let status = text(input, "status").unwrap_or("ALL");
        let shown = |revisions: &Vec<TaskDefinition>| match status {
            "ACTIVE" => revisions.iter().any(|definition| definition.active),
            "INACTIVE" => !revisions.iter().any(|definition| definition.active),
            _ => true,
        };
        let families = self.families.iter().filter(|(family, revisions)| family.starts_with(prefix) && shown(revisions));
        let families = families.map(|(family, _)| family.clone().into()).collect();
        paging::page(input, "families", families, 100, self.page_size)
    }
}
