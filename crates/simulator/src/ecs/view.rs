//! A service as DescribeServices shows it: what was sent comes back filled in, in another order, elsewhere, or not at
//! all. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>

use serde_json::{Value, json};

use super::Members;
use super::order;
use super::service::{Rollout, Service, Status};
use super::tags;
use super::task::Phase;

/// What `LATEST` stands for on Linux:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html>.
pub(super) const LATEST: &str = "1.4.0";

/// The members that a service does not show itself: they are under the PRIMARY deployment, or in the revision alone.
const ELSEWHERE: [&str; 6] = [
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
    "gatewayConnectors",
    "role",
];

impl Service {
    /// Desired, running and pending tasks of a deployment.
    pub(super) fn counts(&self, place: usize) -> (usize, usize, usize) {
        let id = &self.deployments[place].id;
        let tasks = || self.tasks.iter().filter(move |task| task.deployment == *id && task.lives());
        let running = tasks().filter(|task| task.phase == Phase::Running).count();
        let pending = tasks().count() - running;
        (if place == 0 { self.wanted() as usize } else { running + pending }, running, pending)
    }

    fn deployment_view(&self, place: usize) -> Value {
        let deployment = &self.deployments[place];
        let (desired, running, pending) = self.counts(place);
        let stopping = self.tasks.iter().any(|task| task.deployment == deployment.id && task.phase == Phase::Stopping);
        let mut view = json!({
            "id": deployment.id,
            "status": match place {
                0 => "PRIMARY",
                _ if running + pending == 0 && stopping => "DRAINING",
                _ => "ACTIVE",
            },
            "desiredCount": desired,
            "runningCount": running,
            "pendingCount": pending,
            "failedTasks": deployment.failed_tasks,
            "createdAt": deployment.created,
            "updatedAt": deployment.updated,
            "rolloutState": match deployment.rollout {
                Rollout::InProgress => "IN_PROGRESS",
                Rollout::Completed => "COMPLETED",
                Rollout::Failed => "FAILED",
            },
            "rolloutStateReason": deployment.reason,
        });
        let shown = [
            "taskDefinition",
            "capacityProviderStrategy",
            "launchType",
            "platformVersion",
            "platformFamily",
            "networkConfiguration",
            "serviceConnectConfiguration",
            "volumeConfigurations",
            "vpcLatticeConfigurations",
        ];
        for (key, member) in deployment.members.iter().filter(|(key, _)| shown.contains(&key.as_str())) {
            view[key] = member.clone();
        }
        // "deployments carry the number", the service says LATEST.
        if view["platformVersion"] == "LATEST" {
            view["platformVersion"] = LATEST.into();
        }
        if deployment.members.get("serviceConnectConfiguration").is_some_and(|connect| connect["enabled"] == true) {
            let services = deployment.members["serviceConnectConfiguration"]["services"].as_array().cloned();
            let names = services.unwrap_or_default().into_iter().map(|service| {
                let name = service.get("discoveryName").unwrap_or(&service["portName"]).clone();
                json!({"discoveryName": name, "discoveryArn": format!("arn:aws:servicediscovery:{}:{}:service/srv-{}",
                    self.names.region, self.names.account, name.as_str().unwrap_or_default())})
            });
            view["serviceConnectResources"] = names.collect();
        }
        view
    }

    /// The whole service.
    pub(super) fn view(&self, with_tags: bool) -> Value {
        let mut members: Members = self.members.clone();
        let role = members.remove("role");
        members.retain(|key, _| !ELSEWHERE.contains(&key.as_str()));
        let mut view = Value::Object(members);
        view["serviceArn"] = self.arn.clone().into();
        view["serviceName"] = self.name.clone().into();
        view["clusterArn"] = self.names.cluster(&self.cluster).into();
        view["status"] = match self.status {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive => "INACTIVE",
        }
        .into();
        view["desiredCount"] = self.wanted().into();
        view["runningCount"] = self.running().into();
        view["pendingCount"] = self.pending().into();
        view["createdAt"] = self.created.into();
        view["createdBy"] = self.names.role("deployer").into();
        view["events"] = self.events.iter().map(|event| event.view()).collect();
        view["deployments"] = (0..self.deployments.len()).map(|place| self.deployment_view(place)).collect();
        if let Some(role) = self.role_arn(role.as_ref().and_then(Value::as_str)) {
            view["roleArn"] = role.into();
        }
        if self.members.get("platformVersion").is_some() {
            view["platformFamily"] = "Linux".into();
        }
        if let Some(current) = self.history.last().filter(|_| self.is_active()) {
            view["currentServiceDeployment"] = current.arn.clone().into();
        }
        let live = self.deployments.iter().enumerate().filter(|(place, _)| *place == 0 || self.counts(*place).0 > 0);
        let summary = live.map(|(place, deployment)| {
            let (requested, running, pending) = self.counts(place);
            json!({"arn": deployment.revision, "requestedTaskCount": requested, "runningTaskCount": running, "pendingTaskCount": pending})
        });
        view["currentServiceRevisions"] = summary.collect();
        order::as_aws(&mut view);
        if with_tags {
            view["tags"] = tags::view(&self.tags);
        }
        view
    }

    /// A role of the caller's, or the service-linked one where ECS acts for the service:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html>.
    fn role_arn(&self, role: Option<&str>) -> Option<String> {
        match role {
            Some(role) if role.starts_with("arn:") => Some(role.into()),
            Some(role) => Some(self.names.role(role)),
            None => {
                let linked = self.members.contains_key("networkConfiguration")
                    || self.members["loadBalancers"].as_array().is_some_and(|balancers| !balancers.is_empty());
                linked.then(|| {
                    format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", self.names.account)
                })
            }
        }
    }
}
