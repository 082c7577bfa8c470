//! The service scheduler: rolling deployments in batches, on the logical clock.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
//!
//! Nothing runs in the background. Each call first lets what was due happen, each thing at its own time; so the same
//! calls at the same times give the same state, however seldom somebody looks.

use crate::clock::Seconds;

use super::circuit_breaker;
use super::service::{Rollout, Service, Status};
use super::task::{Change, Phase, REMEMBERED, Stop, Task};
use crate::ids::Ids;

/// Logical seconds from a write to the scheduler's first look.
pub(super) const REACTION: f64 = 1.0;
/// Pause after a first failed batch, doubled with each further one up to the limit: a task that fails to start is
/// tried ever more slowly (service throttle logic,
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>).
const PAUSE: f64 = 10.0;
const LONGEST_PAUSE: f64 = 300.0;

const STUCK: &str = "was unable to stop or start tasks during a deployment because of the service deployment \
                     configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

/// Lets everything happen that was due until `now`.
pub(super) fn advance(service: &mut Service, ids: &mut Ids, now: Seconds) {
    loop {
        let due = service.tasks.iter().map(|task| task.next).fold(service.wake, f64::min);
        if due > now {
            break;
        }
        service.wake = f64::INFINITY;
        tasks(service, ids, due);
        schedule(service, ids, due);
    }
    service.tasks.retain(|task| task.stopped.is_none_or(|at| at + REMEMBERED > now));
}

/// Moves every task that is due, and counts what failed.
fn tasks(service: &mut Service, ids: &mut Ids, now: Seconds) {
    let (mut up, mut failed, mut unhealthy) = (Vec::new(), Vec::new(), Vec::new());
    for task in service.tasks.iter_mut().filter(|task| task.next <= now) {
        match task.advance() {
            Change::None => {}
            Change::Up => up.push(task.deployment.clone()),
            Change::Failed => {
                failed.push(task.deployment.clone());
                if task.phase == Phase::Stopping {
                    unhealthy.push(task.id.clone());
                }
            }
        }
    }
    for deployment in service.deployments.iter_mut() {
        let came_up = up.contains(&deployment.id);
        let lost = failed.iter().filter(|id| **id == deployment.id).count() as u32;
        if came_up {
            // "Once a service deployment has one or more successfully running tasks, the failed task count resets to
            // zero": API_Deployment.html.
            deployment.failed_tasks = 0;
            deployment.failures = 0;
        }
        if lost > 0 {
            deployment.failures += 1;
            deployment.pause_until = now + (PAUSE * f64::from(1 << (deployment.failures - 1).min(10))).min(LONGEST_PAUSE);
            deployment.failed_tasks += if deployment.rollout == Rollout::InProgress { lost } else { 0 };
            deployment.updated = now;
        }
    }
    let group = service.deployments.first().and_then(|deployment| deployment.blueprint.target_group.clone());
    service.say_targets(ids, now, "registered", up.len(), group.as_deref());
    for id in &unhealthy {
        match &group {
            Some(group) => service.say(
                ids,
                now,
                &format!("(task {id}) is unhealthy in (target-group {group}) due to (reason Health checks failed)."),
            ),
            None => service.say(ids, now, &format!("(task {id}) failed container health checks.")),
        }
    }
    service.say_tasks(ids, now, "has stopped", "running tasks", &unhealthy);
    if service.deployments.first().is_some_and(|primary| primary.failures == 3 && !failed.is_empty()) {
        service.say(ids, now, "is unable to consistently start tasks successfully.");
    }
    circuit_breaker::check(service, ids, now);
}

/// One look of the scheduler.
fn schedule(service: &mut Service, ids: &mut Ids, now: Seconds) {
    if service.status != Status::Active {
        return drain(service, ids, now);
    }
    if let Some(current) = service.current().filter(|current| current.status == "PENDING") {
        current.status = "IN_PROGRESS";
        current.started = Some(now);
        current.updated = now;
    }
    let Some(primary) = service.deployments.first().cloned() else { return };
    let counts = Counts::of(service, &primary.id);
    let blocked = start(service, ids, &counts, now);
    stop(service, ids, &counts, blocked, now);
    settle(service, ids, now);
}

/// Living tasks, and those that are up (RUNNING, and HEALTHY where that is checked).
struct Counts {
    wanted: usize,
    lower: usize,
    upper: usize,
    alive: usize,
    up: usize,
    alive_primary: usize,
    rolling: bool,
}

impl Counts {
    fn of(service: &Service, primary: &str) -> Self {
        let wanted = service.wanted() as usize;
        let alive = || service.tasks.iter().filter(|task| task.lives());
        let share = |key| wanted as f64 * service.percent(key) / 100.0;
        Self {
            wanted,
            // "the minimum ... is rounded up", "the maximum ... is rounded down": API_DeploymentConfiguration.html.
            lower: share("minimumHealthyPercent").ceil() as usize,
            upper: share("maximumPercent").floor() as usize,
            alive: alive().count(),
            up: alive().filter(|task| task.up).count(),
            alive_primary: alive().filter(|task| task.deployment == primary).count(),
            rolling: alive().any(|task| task.deployment != primary),
        }
    }
}

/// Starts what PRIMARY lacks and the maximum allows. Tells how many more it would start if there were room.
fn start(service: &mut Service, ids: &mut Ids, counts: &Counts, now: Seconds) -> usize {
    let lacking = counts.wanted.saturating_sub(counts.alive_primary);
    let room = if counts.rolling { counts.upper.saturating_sub(counts.alive) } else { lacking };
    let primary = &service.deployments[0];
    if lacking == 0 || primary.rollout == Rollout::Failed {
        return 0;
    }
    if primary.pause_until > now {
        service.wake = service.wake.min(primary.pause_until);
        return 0;
    }
    let (id, blueprint) = (primary.id.clone(), primary.blueprint.clone());
    let tags = if service.members["propagateTags"] == "SERVICE" { service.tags.clone() } else { Default::default() };
    let started: Vec<String> = (0..lacking.min(room)).map(|_| ids.hex()).collect();
    let tasks = started.iter().map(|task| Task::start(task.clone(), &id, blueprint.clone(), tags.clone(), now));
    service.tasks.extend(tasks);
    service.steady &= started.is_empty();
    service.say_tasks(ids, now, "has started", "tasks", &started);
    lacking - lacking.min(room)
}

/// Stops what is too much: PRIMARY's surplus, what replaced deployments have that is not up, and of what is up as much
/// as PRIMARY has replaced; or, where PRIMARY finds no room, as much as the minimum allows.
fn stop(service: &mut Service, ids: &mut Ids, counts: &Counts, blocked: usize, now: Seconds) {
    let primary = service.deployments[0].id.clone();
    let mut surplus = counts.alive_primary.saturating_sub(counts.wanted);
    let floor = if blocked > 0 { counts.lower } else { counts.wanted };
    let mut spare = counts.up.saturating_sub(floor);
    if blocked > 0 {
        spare = spare.min(blocked);
    }
    let mut stopped = Vec::new();
    // The newest first, and of PRIMARY those that are not up yet first.
    for up in [false, true] {
        for task in service.tasks.iter_mut().rev().filter(|task| task.lives() && task.up == up) {
            let own = task.deployment == primary;
            let goes = if own { surplus > 0 } else { !up || spare > 0 };
            if !goes {
                continue;
            }
            if own {
                surplus -= 1;
            } else if up {
                spare -= 1;
            }
            let reason = format!("Scaling activity initiated by (deployment {})", task.deployment);
            task.stop(Stop { code: "ServiceSchedulerInitiated", reason, container: None }, now);
            stopped.push(task.id.clone());
        }
    }
    service.steady &= stopped.is_empty();
    let group = service.deployments[0].blueprint.target_group.clone();
    service.say_targets(ids, now, "deregistered", stopped.len(), group.as_deref());
    if group.is_some() && !stopped.is_empty() {
        service.say(ids, now, &format!("has begun draining connections on {} tasks.", stopped.len()));
    }
    service.say_tasks(ids, now, "has stopped", "running tasks", &stopped);
    let waits = service.tasks.iter().any(|task| task.next.is_finite());
    if blocked > 0 && stopped.is_empty() && !waits && service.wake.is_infinite() {
        service.say(ids, now, STUCK);
    } else if blocked > 0 && !stopped.is_empty() {
        service.wake = service.wake.min(now + REACTION);
    }
}

/// Notes that a rollout has completed, or that the service has what it wants again.
fn settle(service: &mut Service, ids: &mut Ids, now: Seconds) {
    let primary = &service.deployments[0];
    let counts = Counts::of(service, &primary.id);
    let satisfied = !counts.rolling && counts.alive_primary == counts.wanted && counts.up == counts.wanted;
    if !satisfied {
        return;
    }
    if primary.rollout == Rollout::InProgress {
        let id = primary.id.clone();
        let draining = service.tasks.iter().any(|task| task.deployment != id && task.phase == Phase::Stopping);
        if draining || primary.hold_until > now {
            service.wake = service.wake.min(if draining { f64::INFINITY } else { primary.hold_until });
            return;
        }
        service.deployments.truncate(1);
        let primary = &mut service.deployments[0];
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {id} completed.");
        primary.failed_tasks = 0;
        primary.updated = now;
        service.completed = Some(primary.clone());
        circuit_breaker::completed(service, now);
        service.say_deployment(ids, now, &id, "deployment completed.");
        service.steady = false;
    }
    if !service.steady {
        service.steady = true;
        service.say(ids, now, "has reached a steady state.");
    }
}

/// A deleted service stops its tasks; "after all tasks have transitioned to either STOPPING or STOPPED status, the
/// service status moves from DRAINING to INACTIVE": API_DeleteService.html.
fn drain(service: &mut Service, ids: &mut Ids, now: Seconds) {
    let mut stopped = Vec::new();
    for task in service.tasks.iter_mut().filter(|task| task.lives()) {
        let reason = format!("Scaling activity initiated by (deployment {})", task.deployment);
        task.stop(Stop { code: "ServiceSchedulerInitiated", reason, container: None }, now);
        stopped.push(task.id.clone());
    }
    service.say_tasks(ids, now, "has stopped", "running tasks", &stopped);
    if service.tasks.iter().all(|task| task.phase == Phase::Stopped) {
        service.status = Status::Inactive;
        service.deployments.clear();
    }
}
