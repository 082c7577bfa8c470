//! One deployment: its state, and how GetDeployment shows it.

use serde_json::{Value, json};

use super::configs::Minimum;
use super::lifecycle::{Target, TargetStatus};
use super::{Members, text};
use crate::clock::Seconds;

/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html>; Baking is for alarms, of which there
/// are none here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    Queued,
    InProgress,
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

/// What a deployment is about, in the order of a blue/green one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has begun.
    Waiting,
    /// The replacement environment comes up.
    Provisioning,
    Installing,
    /// Until somebody, or the time, lets the traffic go over.
    ReadyWait,
    Rerouting,
    /// Until the original environment is taken down.
    TerminationWait,
    Over,
}

/// A stop that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) at: Seconds,
    /// Whether the caller wants the updated instances rolled back; `None` leaves it to the configuration.
    pub(super) rollback: Option<bool>,
}

/// A deployment.
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) application: String,
    pub(super) group: String,
    pub(super) config: String,
    pub(super) minimum: Minimum,
    pub(super) revision: Value,
    pub(super) previous: Option<Value>,
    /// `user`, `autoscaling`, `codeDeployRollback` or `CodeDeployAutoUpdate`.
    pub(super) creator: &'static str,
    /// What CreateDeployment was sent: the description, `targetInstances` and the like.
    pub(super) sent: Members,
    /// The group as it was when the deployment was created.
    pub(super) settings: Members,
    pub(super) blue_green: bool,
    pub(super) traffic: bool,
    /// The only instances that it goes to; without it, the group's.
    pub(super) only: Option<Vec<String>>,
    pub(super) created: Seconds,
    pub(super) started: Option<Seconds>,
    pub(super) completed: Option<Seconds>,
    pub(super) status: Status,
    pub(super) phase: Phase,
    pub(super) targets: Vec<Target>,
    pub(super) error: Option<(&'static str, String)>,
    pub(super) rollback: Members,
    /// The deployments of CodeDeploy's own that bring instances up to this one's revision.
    pub(super) updates: Vec<String>,
    /// The deployment whose revision this one brings outdated instances up to.
    pub(super) root: Option<String>,
    pub(super) stop: Option<Stop>,
    /// The Auto Scaling group that a blue/green deployment made.
    pub(super) copied: Option<String>,
    /// Whether the wait before the original instances are terminated has begun.
    pub(super) termination_wait_began: bool,
    /// When the next step is due.
    pub(super) next: Seconds,
}

impl Deployment {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it is over, and well.
    pub(super) fn succeeded(&self) -> bool {
        self.status == Status::Succeeded
    }

    /// How many targets are so far.
    pub(super) fn count(&self, progress: TargetStatus) -> usize {
        self.targets.iter().filter(|target| target.status == progress).count()
    }

    /// A member of the blue/green configuration, the deployment's group's.
    pub(super) fn option(&self, part: &str, key: &str) -> Value {
        self.settings.get("blueGreenDeploymentConfiguration").map(|own| own[part][key].clone()).unwrap_or_default()
    }

    /// How it ends automatically: the deployment's own configuration, or the group's.
    fn rollback_configuration(&self) -> Value {
        let own = self.sent.get("autoRollbackConfiguration").or_else(|| self.settings.get("autoRollbackConfiguration"));
        own.cloned().unwrap_or_else(|| json!({"enabled": false, "events": []}))
    }

    /// Whether an event of <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html>
    /// rolls it back.
    pub(super) fn rolls_back_on(&self, event: &str) -> bool {
        let configuration = self.rollback_configuration();
        let listed = configuration["events"].as_array().is_some_and(|events| events.iter().any(|own| own == event));
        configuration["enabled"] == true && listed
    }

    /// As a group shows its last ones: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LastDeploymentInfo.html>.
    pub(super) fn last(&self) -> Value {
        let mut last = json!({"deploymentId": self.id, "status": self.status.name(), "createTime": self.created});
        if let Some(completed) = self.completed {
            last["endTime"] = completed.into();
        }
        last
    }

    /// As <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html> has it.
    pub(super) fn view(&self) -> Value {
        let flag = |key: &str| self.sent.get(key).and_then(Value::as_bool).unwrap_or_default();
        let kind = if self.blue_green { "BLUE_GREEN" } else { "IN_PLACE" };
        let option = if self.blue_green || self.traffic { "WITH_TRAFFIC_CONTROL" } else { "WITHOUT_TRAFFIC_CONTROL" };
        let mut view = json!({
            "applicationName": self.application,
            "deploymentGroupName": self.group,
            "deploymentConfigName": self.config,
            "deploymentId": self.id,
            "revision": self.revision,
            "status": self.status.name(),
            "createTime": self.created,
            "creator": self.creator,
            "ignoreApplicationStopFailures": flag("ignoreApplicationStopFailures"),
            "updateOutdatedInstancesOnly": flag("updateOutdatedInstancesOnly"),
            "autoRollbackConfiguration": self.rollback_configuration(),
            "deploymentStyle": {"deploymentType": kind, "deploymentOption": option},
            // Once begun it has begun: it stays true after the deployment has succeeded.
            "instanceTerminationWaitTimeStarted": self.termination_wait_began,
            "fileExistsBehavior": text(&self.sent, "fileExistsBehavior").unwrap_or("DISALLOW"),
            "deploymentStatusMessages": [],
            "computePlatform": "Server",
        });
        let times = [("startTime", self.started), ("completeTime", self.completed)];
        for (key, time) in times.into_iter().filter_map(|(key, time)| time.map(|time| (key, time))) {
            view[key] = time.into();
        }
        for key in ["description", "targetInstances"] {
            if let Some(member) = self.sent.get(key) {
                view[key] = member.clone();
            }
        }
        let settings: &[&str] =
            if self.blue_green { &["blueGreenDeploymentConfiguration", "loadBalancerInfo"] } else { &["loadBalancerInfo"] };
        for key in settings {
            if let Some(member) = self.settings.get(*key) {
                view[*key] = member.clone();
            }
        }
        self.view_of_course(&mut view);
        view
    }

    /// What becomes known as it goes on.
    fn view_of_course(&self, view: &mut Value) {
        if let Some(previous) = &self.previous {
            view["previousRevision"] = previous.clone();
        }
        if !self.targets.is_empty() {
            let all = [
                TargetStatus::Pending,
                TargetStatus::InProgress,
                TargetStatus::Succeeded,
                TargetStatus::Failed,
                TargetStatus::Skipped,
                TargetStatus::Ready,
            ];
            let overview = all.into_iter().map(|progress| (progress.name().to_string(), json!(self.count(progress))));
            view["deploymentOverview"] = Value::Object(overview.collect());
        }
        if let Some((code, message)) = &self.error {
            view["errorInformation"] = json!({"code": code, "message": message});
        }
        if !self.rollback.is_empty() {
            view["rollbackInfo"] = Value::Object(self.rollback.clone());
        }
        if !self.updates.is_empty() {
            view["relatedDeployments"] = json!({"autoUpdateOutdatedInstancesDeploymentIds": self.updates});
        }
        if let Some(root) = &self.root {
            view["relatedDeployments"] = json!({"autoUpdateOutdatedInstancesRootDeploymentId": root});
        }
    }
}
