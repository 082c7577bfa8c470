//! How deployments go on over the logical clock: target by target, as many at a time as may be unhealthy.

use super::deployment::{Deployment, Phase, Status};
use super::instances::Fleet;
use super::lifecycle::{Side, Target, TargetStatus};
use super::{InstanceFailure, State, failures};
use crate::clock::Seconds;
use crate::s3;

/// How long a copied Auto Scaling group takes until its instances are up.
const PROVISIONING: Seconds = 10.0;

/// The words of AWS's own `errorInformation`, by code.
const TOO_FEW: &str = "The overall deployment failed because too many individual instances failed deployment, too few healthy \
                       instances are available for deployment, or some instances in your deployment group are experiencing \
                       problems.";
const NOWHERE: &str = "The deployment failed because no instances were found in your deployment group. Check your deployment group \
                       settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify \
                       the instances you want to deploy to, and then try again.";
const TOO_MANY: &str = "The deployment can't start because the minimum number of healthy instances leaves none to deploy to.";

/// What a step works with beside the deployment.
struct Hands<'a> {
    fleet: &'a mut Fleet,
    failures: &'a mut Vec<InstanceFailure>,
    s3: &'a s3::State,
}

impl State {
    /// Lets everything that was due until `now` happen, each thing at its own time.
    pub(super) fn advance(&mut self, s3: &s3::State, now: Seconds) {
        while let Some((at, id)) = self.earliest(now) {
            let Some(mut deployment) = self.deployments.remove(&id) else { return };
            deployment.step(&mut Hands { fleet: &mut self.fleet, failures: &mut self.failures, s3 }, at);
            let over = deployment.is_over();
            self.deployments.insert(id.clone(), deployment);
            if over {
                self.conclude(&id, at);
            }
        }
    }

    /// The next step that is due until `now`; of two at one time the older deployment's.
    fn earliest(&self, now: Seconds) -> Option<(Seconds, String)> {
        let active = self.order.iter().filter_map(|id| self.deployments.get(id)).filter(|own| !own.is_over());
        let due = active.map(|own| (own.due(), &own.id)).filter(|(at, _)| *at <= now);
        due.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(at, id)| (at, id.clone()))
    }

    /// Ends a deployment at once.
    pub(super) fn stop(&mut self, id: &str, now: Seconds) {
        if let Some(deployment) = self.deployments.get_mut(id) {
            deployment.halt(now);
            self.conclude(id, now);
        }
    }
}

impl Deployment {
    /// When its next step is due.
    fn due(&self) -> Seconds {
        let targets = self.targets.iter().filter_map(Target::due).fold(Seconds::INFINITY, Seconds::min);
        let own = if matches!(self.phase, Phase::Installing | Phase::Rerouting) { targets } else { self.next };
        self.stop.map_or(own, |stop| own.min(stop.at))
    }

    fn step(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        if self.stop.is_some_and(|stop| stop.at <= at) {
            return self.halt(at);
        }
        match self.phase {
            Phase::Waiting if self.status == Status::Created => (self.status, self.next) = (Status::Queued, at + 1.0),
            Phase::Waiting => self.begin(hands, at),
            Phase::Provisioning => self.provision(hands, at),
            Phase::Installing => self.install(hands, at),
            Phase::ReadyWait => self.halt(at),
            Phase::Rerouting => self.go_over(hands, at),
            Phase::TerminationWait => self.terminate(hands, at),
            Phase::Over => {}
        }
    }

    /// Chooses the targets.
    fn begin(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        (self.status, self.started) = (Status::InProgress, Some(at));
        let own = hands.fleet.matching(&self.settings);
        if self.blue_green && self.only.is_none() {
            if own.is_empty() {
                return self.fail("NO_INSTANCES", NOWHERE, at);
            }
            (self.phase, self.next) = (Phase::Provisioning, at + PROVISIONING);
            return;
        }
        let mut ids = self.only.clone().unwrap_or_else(|| own.clone());
        ids.retain(|id| hands.fleet.instances.contains_key(id));
        if self.sent.get("updateOutdatedInstancesOnly").is_some_and(|only| *only == true) {
            ids.retain(|id| self.on(hands, id).is_none_or(|own| own.revision.as_ref() != Some(&self.revision)));
        }
        if ids.is_empty() {
            return self.fail("NO_INSTANCES", NOWHERE, at);
        }
        self.phase = Phase::Installing;
        if self.blue_green {
            let blue = own.into_iter().filter(|id| !ids.contains(id)).map(|id| Target::blue(id, at)).collect::<Vec<_>>();
            self.targets = ids.into_iter().map(|id| Target::green(id, at)).chain(blue).collect();
        } else {
            self.targets = ids.into_iter().map(|id| Target::in_place(id, self.traffic, at)).collect();
            let unhealthy: Vec<bool> =
                self.targets.iter().map(|own| self.on(hands, &own.instance).is_some_and(|own| own.failed)).collect();
            self.targets.iter_mut().zip(unhealthy).for_each(|(target, unhealthy)| target.unhealthy = unhealthy);
            // "CodeDeploy ... deploys to ... instances with an unhealthy status first":
            // <https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html>.
            self.targets.sort_by_key(|target| !target.unhealthy);
        }
        self.start_more(at);
    }

    fn on<'a>(&self, hands: &'a mut Hands<'_>, id: &str) -> Option<&'a mut super::instances::Installed> {
        hands.fleet.installed(id, &self.application, &self.group)
    }

    /// The replacement environment is there: as many instances as the original has, in an Auto Scaling group of their own.
    fn provision(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        let blue = hands.fleet.matching(&self.settings);
        let name = format!("CodeDeploy_{}_{}", self.group, self.id);
        let tags = blue.first().and_then(|id| hands.fleet.instances.get(id)).map(|own| own.tags.clone()).unwrap_or_default();
        let green = hands.fleet.add(blue.len() as u32, &tags, Some(&name));
        self.copied = Some(name);
        let blue = blue.into_iter().map(|id| Target::blue(id, at));
        self.targets = green.into_iter().map(|id| Target::green(id, at)).chain(blue).collect();
        self.phase = Phase::Installing;
        self.start_more(at);
    }

    /// Ends the events that are due, and notes on the instances what became of them.
    fn settle(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        let ignore = self.sent.get("ignoreApplicationStopFailures").is_some_and(|own| *own == true);
        for place in 0..self.targets.len() {
            if self.targets[place].due().is_none_or(|due| due > at) {
                continue;
            }
            let (instance, event) = (self.targets[place].instance.clone(), self.targets[place].event());
            let failure = failures::of(hands.failures, &instance, event, &self.revision, &self.id, hands.s3);
            self.targets[place].step(failure, ignore && event == "ApplicationStop", at);
            let (status, side) = (self.targets[place].status, self.targets[place].side);
            let revision = self.revision.clone();
            if let (true, Some(own)) = (side != Some(Side::Blue), self.on(hands, &instance)) {
                match status {
                    TargetStatus::Succeeded => (own.revision, own.failed) = (Some(revision), false),
                    TargetStatus::Failed => own.failed = true,
                    _ => {}
                }
            }
        }
    }

    fn install(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        self.settle(hands, at);
        self.start_more(at);
        if self.count(TargetStatus::InProgress) > 0 || self.is_over() {
            return;
        }
        if self.blue_green {
            return self.installed(at);
        }
        let minimum = self.minimum.of(self.targets.len());
        let succeeded = self.count(TargetStatus::Succeeded);
        // "Deployment to at least one instance must succeed": instances-health.html.
        if self.count(TargetStatus::Pending) == 0 && succeeded >= minimum.max(1) {
            return self.finish(Status::Succeeded, at);
        }
        self.fail("HEALTH_CONSTRAINTS", TOO_FEW, at);
    }

    /// Starts as many targets as may be down. A healthy one is only taken when enough others stay healthy; one on which the
    /// last deployment failed is no loss.
    fn start_more(&mut self, at: Seconds) {
        if self.blue_green {
            let green =
                self.targets.iter_mut().filter(|own| own.side == Some(Side::Green) && own.status == TargetStatus::Pending);
            return green.for_each(|target| target.start(at));
        }
        let (total, minimum) = (self.targets.len(), self.minimum.of(self.targets.len()));
        let is_healthy =
            |own: &&Target| own.status == TargetStatus::Succeeded || own.status == TargetStatus::Pending && !own.unhealthy;
        let mut healthy = self.targets.iter().filter(is_healthy).count();
        let mut down = self.count(TargetStatus::InProgress);
        for target in self.targets.iter_mut().filter(|own| own.status == TargetStatus::Pending) {
            let allowed = if target.unhealthy { down < (total - minimum.min(total)).max(1) } else { healthy > minimum };
            if !allowed {
                break;
            }
            healthy -= usize::from(!target.unhealthy);
            down += 1;
            target.start(at);
        }
        let untouched = self.targets.iter().all(|own| own.status == TargetStatus::Pending);
        if down == 0 && untouched {
            self.fail("HEALTH_CONSTRAINTS_INVALID", TOO_MANY, at);
        }
    }

    /// The replacement environment has the revision: its traffic waits, or goes over at once.
    fn installed(&mut self, at: Seconds) {
        let total = self.targets.iter().filter(|own| own.side == Some(Side::Green)).count();
        if self.count(TargetStatus::Ready) < self.minimum.of(total).max(1) {
            return self.fail("HEALTH_CONSTRAINTS", TOO_FEW, at);
        }
        if self.option("deploymentReadyOption", "actionOnTimeout") == "STOP_DEPLOYMENT" {
            let minutes = self.option("deploymentReadyOption", "waitTimeInMinutes").as_f64().unwrap_or_default();
            (self.status, self.phase, self.next) = (Status::Ready, Phase::ReadyWait, at + minutes * 60.0);
            return;
        }
        self.reroute(at);
    }

    /// Lets the traffic go to the replacement environment.
    pub(super) fn reroute(&mut self, at: Seconds) {
        (self.status, self.phase) = (Status::InProgress, Phase::Rerouting);
        self.targets.iter_mut().filter(|own| own.status == TargetStatus::Ready).for_each(|target| target.release(at));
    }

    fn go_over(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        self.settle(hands, at);
        if self.count(TargetStatus::InProgress) > 0 {
            return;
        }
        let waiting = self.targets.iter_mut().filter(|own| own.status == TargetStatus::Pending);
        if waiting.map(|target| target.release(at)).count() > 0 {
            return;
        }
        if self.option("terminateBlueInstancesOnDeploymentSuccess", "action") != "TERMINATE" {
            return self.finish(Status::Succeeded, at);
        }
        let minutes = self.option("terminateBlueInstancesOnDeploymentSuccess", "terminationWaitTimeInMinutes");
        self.termination_wait_began = true;
        (self.phase, self.next) = (Phase::TerminationWait, at + minutes.as_f64().unwrap_or_default() * 60.0);
    }

    fn terminate(&mut self, hands: &mut Hands<'_>, at: Seconds) {
        for target in self.targets.iter().filter(|own| own.side == Some(Side::Blue)) {
            hands.fleet.remove(&target.instance);
        }
        self.finish(Status::Succeeded, at);
    }

    fn finish(&mut self, status: Status, at: Seconds) {
        (self.status, self.phase, self.completed) = (status, Phase::Over, Some(at));
    }

    fn fail(&mut self, code: &'static str, message: &str, at: Seconds) {
        self.error = Some((code, message.to_string()));
        self.targets.iter_mut().for_each(|target| target.skip(at));
        self.finish(Status::Failed, at);
    }

    /// Ends it because somebody, or a wait without an answer, stopped it.
    fn halt(&mut self, at: Seconds) {
        let message = if self.stop.is_some() {
            "The deployment was stopped by a user."
        } else {
            "The deployment was stopped because its traffic was not rerouted in time."
        };
        self.error = Some(("MANUAL_STOP", message.to_string()));
        self.targets.iter_mut().for_each(|target| target.skip(at));
        self.finish(Status::Stopped, at);
    }
}
