//! One task: how it starts, runs, fails and stops.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::network;
use super::service::Blueprint;
use super::tags::Tags;

/// Logical seconds that a task spends in PROVISIONING and in PENDING, and from its stop to STOPPED.
const PROVISIONING: f64 = 2.0;
const PENDING: f64 = 3.0;
const STOPPING: f64 = 3.0;
/// Logical seconds of RUNNING until its health checks have said HEALTHY, or UNHEALTHY.
const HEALTHY: f64 = 4.0;
const UNHEALTHY: f64 = 8.0;
/// STOPPED tasks "appear in the returned results for at least one hour": API_DescribeTasks.html.
pub(super) const REMEMBERED: f64 = 3600.0;

/// What becomes of every task of a deployment. The image decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Runs,
    /// An image named `crash`: an essential container exits with code 1 before the task is seen RUNNING.
    Crashes,
    /// An image named `nopull`: the image cannot be pulled.
    CannotPull,
    /// An image named `unhealthy`: the health checks fail, where there are any.
    Unhealthy,
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Provisioning,
    Pending,
    Running,
    Stopping,
    Stopped,
}

/// Why a task was stopped.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// `stopCode`: EssentialContainerExited, TaskFailedToStart, ServiceSchedulerInitiated, UserInitiated.
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// Of the container that failed: its name, exit code and reason.
    pub(super) container: Option<(String, Option<i64>, Option<String>)>,
}

/// What the scheduler has to know of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It came up: RUNNING, and HEALTHY where that is checked.
    Up,
    /// It failed by itself, and counts for the circuit breaker.
    Failed,
}

/// One task of a service.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) deployment: String,
    pub(super) phase: Phase,
    pub(super) up: bool,
    pub(super) stop: Option<Stop>,
    pub(super) tags: Tags,
    pub(super) blueprint: Arc<Blueprint>,
    /// When the next thing happens to it; infinite when nothing will.
    pub(super) next: Seconds,
    pub(super) created: Seconds,
    pulling: Option<Seconds>,
    pulled: Option<Seconds>,
    pub(super) started: Option<Seconds>,
    executed: Option<Seconds>,
    pub(super) stopping: Option<Seconds>,
    pub(super) stopped: Option<Seconds>,
    health: Option<&'static str>,
}

impl Task {
    /// A task that has just been placed.
    pub(super) fn start(id: String, deployment: &str, blueprint: Arc<Blueprint>, tags: Tags, now: Seconds) -> Self {
        Self {
            id,
            deployment: deployment.into(),
            phase: Phase::Provisioning,
            up: false,
            stop: None,
            tags,
            blueprint,
            next: now + PROVISIONING,
            created: now,
            pulling: None,
            pulled: None,
            started: None,
            executed: None,
            stopping: None,
            stopped: None,
            health: None,
        }
    }

    /// Whether it counts for its service: it is neither stopped nor being stopped.
    pub(super) fn lives(&self) -> bool {
        !matches!(self.phase, Phase::Stopping | Phase::Stopped)
    }

    /// What is due at `self.next`.
    pub(super) fn advance(&mut self) -> Change {
        let blueprint = &self.blueprint.clone();
        let now = self.next;
        self.next = f64::INFINITY;
        if self.phase == Phase::Pending {
            self.pulled = Some(now);
        }
        match (self.phase, blueprint.fate) {
            (Phase::Provisioning, _) => {
                self.phase = Phase::Pending;
                self.pulling = Some(now);
                self.next = now + PENDING;
                Change::None
            }
            (Phase::Pending, Fate::CannotPull) => {
                let image = &blueprint.failing.1;
                let reason = format!(
                    "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found"
                );
                let container = Some((blueprint.failing.0.clone(), None, Some(reason.clone())));
                self.fail(Stop { code: "TaskFailedToStart", reason, container }, now)
            }
            (Phase::Pending, Fate::Crashes) => {
                let container = Some((blueprint.failing.0.clone(), Some(1), None));
                let reason = "Essential container in task exited".to_string();
                self.fail(Stop { code: "EssentialContainerExited", reason, container }, now)
            }
            (Phase::Pending, _) => self.run(blueprint, now),
            (Phase::Running, Fate::Unhealthy) => {
                self.health = Some("UNHEALTHY");
                let reason = blueprint.unhealthy_reason();
                let container = Some((blueprint.failing.0.clone(), Some(137), None));
                self.stop(Stop { code: "ServiceSchedulerInitiated", reason, container }, now);
                Change::Failed
            }
            (Phase::Running, _) => {
                self.health = Some("HEALTHY");
                self.up = true;
                Change::Up
            }
            (Phase::Stopping, _) => {
                self.phase = Phase::Stopped;
                if self.started.is_some() {
                    self.executed.get_or_insert(now);
                }
                self.stopped = Some(now);
                Change::None
            }
            (Phase::Stopped, _) => Change::None,
        }
    }

    fn run(&mut self, blueprint: &Blueprint, now: Seconds) -> Change {
        self.phase = Phase::Running;
        self.started = Some(now);
        if !blueprint.checked {
            self.up = true;
            return Change::Up;
        }
        self.health = Some("UNKNOWN");
        let verdict = if blueprint.fate == Fate::Unhealthy { UNHEALTHY.max(blueprint.grace) } else { HEALTHY };
        self.next = now + verdict;
        Change::None
    }

    fn fail(&mut self, stop: Stop, now: Seconds) -> Change {
        if stop.code == "EssentialContainerExited" {
            self.executed = Some(now);
        }
        self.stop = Some(stop);
        self.phase = Phase::Stopped;
        self.stopping = Some(now);
        self.stopped = Some(now);
        self.up = false;
        Change::Failed
    }

    /// Begins to stop it.
    pub(super) fn stop(&mut self, stop: Stop, now: Seconds) {
        if self.lives() {
            self.phase = Phase::Stopping;
            self.stopping = Some(now);
            if stop.code == "EssentialContainerExited" {
                self.executed = Some(now);
            }
            self.next = now + STOPPING;
            self.up = false;
            self.stop = Some(stop);
        }
    }

    /// Its status, as `lastStatus` gives it.
    pub(super) fn last_status(&self) -> &'static str {
        match self.phase {
            Phase::Provisioning => "PROVISIONING",
            Phase::Pending => "PENDING",
            Phase::Running => "RUNNING",
            Phase::Stopping => "DEPROVISIONING",
            Phase::Stopped => "STOPPED",
        }
    }

    /// The members that depend on where it is in its life; the rest is its deployment's.
    pub(super) fn view(&self, arn: &str) -> Value {
        let blueprint = &self.blueprint;
        let last_status = self.last_status();
        let region = arn.split(':').nth(3).unwrap_or_default();
        let mut view = json!({
            "taskArn": arn,
            "taskDefinitionArn": blueprint.task_definition,
            "lastStatus": last_status,
            "desiredStatus": if self.lives() { "RUNNING" } else { "STOPPED" },
            "healthStatus": self.health.unwrap_or("UNKNOWN"),
            "createdAt": self.created,
            "connectivity": "CONNECTED",
            "connectivityAt": self.created,
            "version": 1 + self.phase as u64,
            "attachments": network::attachments(self, region),
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": format!("{region}a"),
        });
        let times = [
            ("pullStartedAt", self.pulling),
            ("pullStoppedAt", self.pulled),
            ("startedAt", self.started),
            ("stoppingAt", self.stopping),
            ("executionStoppedAt", self.executed),
            ("stoppedAt", self.stopped),
        ];
        for (key, at) in times.into_iter().filter_map(|(key, at)| at.map(|at| (key, at))) {
            view[key] = at.into();
        }
        if let Some(stop) = &self.stop {
            view["stopCode"] = stop.code.into();
            view["stoppedReason"] = stop.reason.clone().into();
        }
        let containers = blueprint.containers.iter().enumerate();
        view["containers"] = containers.map(|(place, (name, image))| self.container(arn, place, name, image)).collect();
        view["overrides"] = json!({
            "containerOverrides": blueprint.containers.iter().map(|(name, _)| json!({"name": name})).collect::<Vec<_>>(),
            "inferenceAcceleratorOverrides": [],
        });
        view
    }

    fn container(&self, arn: &str, place: usize, name: &str, image: &str) -> Value {
        let status = match self.phase {
            Phase::Provisioning => "PENDING",
            Phase::Stopping => "STOPPED",
            _ => self.last_status(),
        };
        let mut view = json!({
            "containerArn": format!("{}/{place:08x}-0000-4000-a000-000000000000", arn.replace(":task/", ":container/")),
            "taskArn": arn,
            "name": name,
            "image": image,
            "lastStatus": status,
            "healthStatus": self.health.unwrap_or("UNKNOWN"),
            "networkBindings": [],
            "networkInterfaces": network::interfaces(self),
            "cpu": "0",
        });
        if self.started.is_some() {
            view["runtimeId"] = self.id.clone().into();
        }
        match self.stop.as_ref().map(|stop| &stop.container) {
            Some(Some((failed, exit, reason))) if failed == name => {
                if let Some(exit) = exit {
                    view["exitCode"] = (*exit).into();
                }
                if let Some(reason) = reason {
                    view["reason"] = reason.clone().into();
                }
            }
            // The containers beside a failed one, and all of a task that was stopped, are told to end (SIGTERM).
            Some(_) if self.started.is_some() && !self.lives() => view["exitCode"] = 0.into(),
            _ => {}
        }
        view
    }
}
