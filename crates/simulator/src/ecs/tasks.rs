//! ListTasks, DescribeTasks, StopTask: of services' tasks and of standalone ones.

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::run_task::Standalone;
use super::service::Service;
use super::task::{Phase, Stop, Task};
use super::{Answer, AwsError, Members, State, names, paging, tags, text, texts, with_tags};

impl Service {
    /// A task, whole.
    fn task_view(&self, task: &Task, with_tags: bool) -> Value {
        let blueprint = &task.blueprint;
        let mut view = task.view(&self.task_arn(&task.id));
        view["clusterArn"] = self.names.cluster(&self.cluster).into();
        view["group"] = format!("service:{}", self.name).into();
        view["startedBy"] = task.deployment.clone().into();
        view["enableExecuteCommand"] = self.members["enableExecuteCommand"].clone();
        view["cpu"] = blueprint.cpu.clone().unwrap_or_else(|| "0".into()).into();
        view["memory"] = blueprint.memory.clone().unwrap_or_else(|| "0".into()).into();
        if super::services::on_fargate(&self.members) {
            view["launchType"] = "FARGATE".into();
            view["platformVersion"] = super::view::LATEST.into();
            view["platformFamily"] = "Linux".into();
            view["ephemeralStorage"] = json!({"sizeInGiB": 20});
        } else {
            view["launchType"] = "EC2".into();
            let host = self.names.arn(&format!("container-instance/{}/{:032x}", self.cluster, 1));
            view["containerInstanceArn"] = host.into();
        }
        view["tags"] = if with_tags { tags::view(&task.tags) } else { json!([]) };
        view
    }
}

impl State {
    pub(super) fn list_tasks(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let (service, family) = (text(input, "serviceName"), text(input, "family"));
        let (started_by, launch) = (text(input, "startedBy"), text(input, "launchType"));
        if let Some(name) = service
            && !self.services.contains_key(&self.service_key(&cluster, name))
        {
            return Err(AwsError::service_not_found());
        }
        // "When you specify startedBy as the filter, it must be the only filter that you use." The desired status, which
        // has a default, is not counted here.
        if started_by.is_some() && (service.is_some() || family.is_some() || launch.is_some()) {
            return Err(AwsError::parameter("startedBy must be the only filter."));
        }
        // "the default status filter is RUNNING", which is the desired status: API_ListTasks.html
        let stopped = text(input, "desiredStatus") == Some("STOPPED");
        let pending = text(input, "desiredStatus") == Some("PENDING");
        let wanted = |task: &Task, fargate: bool| {
            task.lives() != stopped
                && !pending
                && launch.is_none_or(|launch| (launch == "FARGATE") == fargate)
                && family.is_none_or(|family| task.blueprint.family == family)
                && started_by.is_none_or(|by| task.deployment == by)
        };
        let own = self.services.values().filter(|own| own.cluster == cluster);
        let own = own.filter(|own| service.is_none_or(|name| own.name == names::short(name)));
        let tasks = own.flat_map(|own| own.tasks.iter().map(move |task| (own, task)));
        let tasks = tasks.filter(|(own, task)| wanted(task, super::services::on_fargate(&own.members)));
        let mut arns: Vec<Value> = tasks.map(|(own, task)| own.task_arn(&task.id).into()).collect();
        let standalone = self.standalone.iter().filter(|own| service.is_none() && own.cluster == cluster);
        let shown = standalone.filter(|own| !self.consistency.hides(own.task.created, now));
        let shown = shown.filter(|own| wanted(&own.task, super::services::on_fargate(&own.input)));
        arns.extend(shown.map(|own| Value::from(self.names.arn(&format!("task/{cluster}/{}", own.task.id)))));
        paging::page(input, "taskArns", arns, 100, self.page_size)
    }

    pub(super) fn describe_tasks(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let wanted = texts(input, "tasks");
        // "A list of up to 100 task IDs or full ARN entries.": API_DescribeTasks.html
        if wanted.is_empty() {
            return Err(AwsError::parameter("Tasks cannot be empty."));
        }
        if wanted.len() > 100 {
            return Err(AwsError::parameter("Tasks list can have at most 100 items."));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in wanted {
            let standalone = self.find_standalone(&cluster, name).filter(|own| !self.consistency.hides(own.task.created, now));
            match (self.find_task(&cluster, name), standalone) {
                (Some((service, task)), _) => found.push(service.task_view(task, with_tags(input))),
                (None, Some(own)) => found.push(own.view(&self.names, with_tags(input))),
                (None, None) => {
                    let arn = self.names.arn(&format!("task/{cluster}/{}", names::short(name)));
                    failures.push(json!({"arn": arn, "reason": "MISSING"}));
                }
            }
        }
        Ok(json!({"tasks": found, "failures": failures}))
    }

    fn find_task(&self, cluster: &str, name: &str) -> Option<(&Service, &Task)> {
        let id = names::short(name);
        let own = self.services.values().filter(|service| service.cluster == cluster);
        own.flat_map(|service| service.tasks.iter().map(move |task| (service, task))).find(|(_, task)| task.id == id)
    }

    fn find_standalone(&self, cluster: &str, name: &str) -> Option<&Standalone> {
        self.standalone.iter().find(|own| own.cluster == cluster && own.task.id == names::short(name))
    }

    pub(super) fn stop_task(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let id = names::short(text(input, "task").unwrap_or_default()).to_string();
        let missing = || AwsError::parameter("The referenced task was not found.");
        let told = text(input, "reason").unwrap_or("Task stopped by user").to_string();
        if let Some(own) = self.standalone.iter_mut().find(|own| own.cluster == cluster && own.task.id == id) {
            own.task.stop(Stop { code: "UserInitiated", reason: told, container: None }, now);
            return Ok(json!({"task": own.view(&self.names, true)}));
        }
        let arn = self.find_task(&cluster, &id).map(|(service, _)| service.arn.clone()).ok_or_else(missing)?;
        let service = self.services.get_mut(&arn).ok_or_else(missing)?;
        for task in service.tasks.iter_mut().filter(|task| task.id == id && task.phase != Phase::Stopped) {
            task.stop(Stop { code: "UserInitiated", reason: told.clone(), container: None }, now);
        }
        service.steady = false;
        service.wake = service.wake.min(now + super::rollout::REACTION);
        let task = service.tasks.iter().find(|task| task.id == id).ok_or_else(missing)?;
        Ok(json!({"task": service.task_view(task, true)}))
    }
}
