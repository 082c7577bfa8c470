//! One service: what it is told to run, its deployments, service deployments, revisions, tasks and events.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use crate::clock::Seconds;

use super::events::Event;
use super::names::Names;
use super::tags::Tags;
use super::task::{Fate, Phase, Task};
use super::task_definitions::TaskDefinition;
use super::{Members, text};

/// A service's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Draining,
    Inactive,
}

/// A rollout's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

/// What every task of a deployment is made of, and what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    /// Name and image.
    pub(super) containers: Vec<(String, String)>,
    pub(super) fate: Fate,
    /// The container that fails (else the first), and its image.
    pub(super) failing: (String, String),
    /// Whether a load balancer or a container's health check has to say HEALTHY before the task counts as up.
    pub(super) checked: bool,
    pub(super) target_group: Option<String>,
    /// Health check grace period, in seconds.
    pub(super) grace: f64,
    pub(super) cpu: Option<String>,
    pub(super) memory: Option<String>,
    /// Where its network interfaces are, with awsvpc.
    pub(super) subnets: Vec<String>,
    pub(super) family: String,
    /// The ARN of the revision.
    pub(super) task_definition: String,
}

fn subnets(members: &Members) -> Vec<String> {
    let vpc = members.get("networkConfiguration").map(|network| &network["awsvpcConfiguration"]["subnets"]);
    vpc.and_then(Value::as_array).into_iter().flatten().filter_map(|own| own.as_str().map(str::to_string)).collect()
}

impl Blueprint {
    /// From a task definition and the service's members.
    pub(super) fn of(definition: &TaskDefinition, members: &Members) -> Self {
        let string = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let containers: Vec<(String, String)> =
            definition.containers().map(|container| (string(&container["name"]), string(&container["image"]))).collect();
        let balancers = members.get("loadBalancers").and_then(Value::as_array).cloned().unwrap_or_default();
        let essential_check = |container: &Value| container["essential"] != false && container.get("healthCheck").is_some();
        let checked = !balancers.is_empty() || definition.containers().any(essential_check);
        // The name and the tag of an image: what stands after the last slash.
        let says = |image: &str, word: &str| image.rsplit('/').next().is_some_and(|name| name.contains(word));
        let find = |word: &str, essential: bool| {
            let mut candidates = definition.containers().filter(|container| !essential || container["essential"] != false);
            let found = candidates.find(|container| says(container["image"].as_str().unwrap_or_default(), word));
            found.map(|container| (string(&container["name"]), string(&container["image"])))
        };
        let (fate, failing) = match (find("nopull", false), find("crash", true), find("unhealthy", true)) {
            (Some(failing), _, _) => (Fate::CannotPull, Some(failing)),
            (_, Some(failing), _) => (Fate::Crashes, Some(failing)),
            (_, _, Some(failing)) if checked => (Fate::Unhealthy, Some(failing)),
            _ => (Fate::Runs, None),
        };
        Self {
            failing: failing.or_else(|| containers.first().cloned()).unwrap_or_default(),
            containers,
            fate,
            checked,
            target_group: balancers.iter().find_map(|balancer| balancer["targetGroupArn"].as_str().map(str::to_string)),
            grace: members.get("healthCheckGracePeriodSeconds").and_then(Value::as_f64).unwrap_or(0.0),
            cpu: text(&definition.content, "cpu").map(str::to_string),
            memory: text(&definition.content, "memory").map(str::to_string),
            subnets: if definition.network_mode() == "awsvpc" { subnets(members) } else { Vec::new() },
            task_definition: definition.arn.clone(),
            family: text(&definition.content, "family").unwrap_or_default().to_string(),
        }
    }

    /// `stoppedReason` of a task whose health checks failed:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.
    pub(super) fn unhealthy_reason(&self) -> String {
        match &self.target_group {
            Some(arn) => format!("Task failed ELB health checks in (target-group {arn})"),
            None => "Task failed container health checks".into(),
        }
    }
}

/// One entry of `deployments[]`.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub(super) id: String,
    /// The service revision that it deploys.
    pub(super) revision: String,
    pub(super) rollout: Rollout,
    pub(super) reason: String,
    pub(super) failed_tasks: u32,
    /// Failures in a row, for the pause before the next try.
    pub(super) failures: u32,
    /// Until then nothing is started.
    pub(super) pause_until: Seconds,
    /// It is not COMPLETED before then.
    pub(super) hold_until: Seconds,
    pub(super) created: Seconds,
    pub(super) updated: Seconds,
    pub(super) blueprint: Arc<Blueprint>,
    /// The members of the service whose change starts a deployment, as they were when this one began.
    pub(super) members: Members,
}

/// One service revision.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub(super) arn: String,
    pub(super) created: Seconds,
    pub(super) members: Members,
    pub(super) blueprint: Arc<Blueprint>,
}

/// One service deployment: the history's entry of a rollout.
#[derive(Clone, Debug)]
pub(super) struct ServiceDeployment {
    pub(super) arn: String,
    pub(super) target: String,
    pub(super) sources: Vec<String>,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) created: Seconds,
    pub(super) started: Option<Seconds>,
    pub(super) finished: Option<Seconds>,
    pub(super) stopped: Option<Seconds>,
    pub(super) updated: Seconds,
    pub(super) configuration: Value,
    pub(super) breaker: &'static str,
    pub(super) failure_count: u32,
    pub(super) threshold: u32,
    /// Reason, start, and the revision that is deployed again.
    pub(super) rollback: Option<(String, Seconds, String)>,
}

/// One service.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) names: Names,
    pub(super) status: Status,
    pub(super) desired: u32,
    /// The members of CreateService with AWS's defaults, kept up to date by UpdateService. Not in it: `serviceName`,
    /// `cluster`, `desiredCount`, `tags`, `clientToken`.
    pub(super) members: Members,
    pub(super) tags: Tags,
    pub(super) created: Seconds,
    /// The input that created it, for the idempotency of `clientToken`.
    pub(super) creation: Members,
    /// The first is PRIMARY.
    pub(super) deployments: Vec<Deployment>,
    /// Oldest first.
    pub(super) revisions: Vec<Revision>,
    /// Oldest first.
    pub(super) history: Vec<ServiceDeployment>,
    /// The last deployment that COMPLETED: what a rollback goes back to.
    pub(super) completed: Option<Deployment>,
    pub(super) tasks: Vec<Task>,
    /// Newest first; AWS gives the last 100.
    pub(super) events: VecDeque<Event>,
    /// When the scheduler looks at it next; infinite when nothing is to be done.
    pub(super) wake: Seconds,
    pub(super) steady: bool,
    /// The active container instances of its cluster.
    pub(super) instances: u32,
}

impl Service {
    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    pub(super) fn is_inactive(&self) -> bool {
        self.status == Status::Inactive
    }

    pub(super) fn is_daemon(&self) -> bool {
        text(&self.members, "schedulingStrategy") == Some("DAEMON")
    }

    /// How many tasks it is to run: `desiredCount`, or one for each container instance.
    pub(super) fn wanted(&self) -> u32 {
        match self.status {
            Status::Active if self.is_daemon() => self.instances,
            Status::Active => self.desired,
            _ => 0,
        }
    }

    /// Tasks that are RUNNING.
    pub(super) fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.phase == Phase::Running).count()
    }

    /// Tasks that are on their way to RUNNING.
    pub(super) fn pending(&self) -> usize {
        self.tasks.iter().filter(|task| matches!(task.phase, Phase::Provisioning | Phase::Pending)).count()
    }

    /// A percentage of its deployment configuration.
    pub(super) fn percent(&self, key: &str) -> f64 {
        self.members["deploymentConfiguration"][key].as_f64().unwrap_or(100.0)
    }

    /// A flag of its circuit breaker: `enable` or `rollback`.
    pub(super) fn breaker(&self, flag: &str) -> bool {
        self.members["deploymentConfiguration"]["deploymentCircuitBreaker"][flag] == true
    }

    /// The history's entry of the rollout that is under way, if one is.
    pub(super) fn current(&mut self) -> Option<&mut ServiceDeployment> {
        let ongoing = ["PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"];
        self.history.last_mut().filter(|entry| ongoing.contains(&entry.status))
    }

    /// A task's ARN, in the long form.
    pub(super) fn task_arn(&self, id: &str) -> String {
        self.names.arn(&format!("task/{}/{id}", self.cluster))
    }
}
