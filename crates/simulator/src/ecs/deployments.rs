//! Service deployments and service revisions: the history of a service's rollouts.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::names;
use super::rollout::REACTION;
use super::service::{Blueprint, Deployment, Revision, Rollout, Service, ServiceDeployment};
use super::{Answer, AwsError, Members, State, circuit_breaker, paging, text, texts};
use crate::ids::Ids;

/// The members that a service revision is made of: those "that trigger a new service deployment" (each member's text in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>), and those that only come with one.
pub(super) const DEPLOYS: [&str; 13] = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "platformFamily",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "launchType",
    "capacityProviderStrategy",
    "monitoring",
    "gatewayConnectors",
];

/// Begins a deployment of the service's present members. One that is under way is superseded: its entry in the history
/// ends as STOPPED, and it stays in `deployments[]` as ACTIVE until the new one has replaced it.
pub(super) fn begin(service: &mut Service, ids: &mut Ids, blueprint: Blueprint, now: Seconds) {
    circuit_breaker::end(service, "STOPPED", "Service deployment superseded by a newer service deployment.", now);
    let place = format!("{}/{}", service.cluster, service.name);
    let blueprint = Arc::new(blueprint);
    let keys = DEPLOYS.iter().filter_map(|key| service.members.get_key_value(*key));
    let members: Members = keys.map(|(key, member)| (key.clone(), member.clone())).collect();
    // One number for both: `ecs-svc/N` deploys `service-revision/…/N`. `findPrimaryDeploymentARN` of terraform-provider-aws finds
    // the service deployment by it.
    let number = ids.digits();
    let revision = Revision {
        arn: service.names.arn(&format!("service-revision/{place}/{number}")),
        created: now,
        members: members.clone(),
        blueprint: blueprint.clone(),
    };
    let living = |deployment: &&Deployment| service.tasks.iter().any(|task| task.lives() && task.deployment == deployment.id);
    let sources = service.deployments.iter().filter(living).map(|deployment| deployment.revision.clone()).collect();
    let id = format!("ecs-svc/{number}");
    let deployment = Deployment {
        reason: format!("ECS deployment {id} in progress."),
        id,
        revision: revision.arn.clone(),
        rollout: Rollout::InProgress,
        failed_tasks: 0,
        failures: 0,
        pause_until: 0.0,
        hold_until: now + REACTION,
        created: now,
        updated: now,
        blueprint,
        members,
    };
    service.history.push(ServiceDeployment {
        arn: service.names.arn(&format!("service-deployment/{place}/{}", ids.word())),
        target: revision.arn.clone(),
        sources,
        status: "PENDING",
        reason: None,
        created: now,
        started: None,
        finished: None,
        stopped: None,
        updated: now,
        configuration: service.members["deploymentConfiguration"].clone(),
        breaker: if service.breaker("enable") { "MONITORING" } else { "DISABLED" },
        failure_count: 0,
        threshold: circuit_breaker::threshold(service.wanted()),
        rollback: None,
    });
    service.revisions.push(revision);
    service.deployments.insert(0, deployment);
    service.steady = false;
    service.wake = service.wake.min(now + REACTION);
}

impl Service {
    /// A revision with its counts.
    fn revision_summary(&self, arn: &str) -> Value {
        let deployment = self.deployments.iter().position(|deployment| deployment.revision == arn);
        let counts = deployment.map_or((0, 0, 0), |place| self.counts(place));
        json!({
            "arn": arn,
            "requestedTaskCount": counts.0,
            "runningTaskCount": counts.1,
            "pendingTaskCount": counts.2,
            "requestedProductionTrafficWeight": if deployment == Some(0) { 100.0 } else { 0.0 },
        })
    }

    fn service_deployment(&self, entry: &ServiceDeployment) -> Value {
        let mut view = json!({
            "serviceDeploymentArn": entry.arn,
            "serviceArn": self.arn,
            "clusterArn": self.names.cluster(&self.cluster),
            "createdAt": entry.created,
            "updatedAt": entry.updated,
            "sourceServiceRevisions": entry.sources.iter().map(|arn| self.revision_summary(arn)).collect::<Vec<_>>(),
            "targetServiceRevision": self.revision_summary(&entry.target),
            "status": entry.status,
            "deploymentConfiguration": entry.configuration,
            "deploymentCircuitBreaker": {
                "status": entry.breaker,
                "failureCount": entry.failure_count,
                "threshold": entry.threshold,
            },
            "alarms": {"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []},
        });
        let times = [("startedAt", entry.started), ("finishedAt", entry.finished), ("stoppedAt", entry.stopped)];
        for (key, at) in times.into_iter().filter_map(|(key, at)| at.map(|at| (key, at))) {
            view[key] = at.into();
        }
        if let Some(reason) = &entry.reason {
            view["statusReason"] = reason.clone().into();
        }
        if let Some((reason, started, revision)) = &entry.rollback {
            view["rollback"] = json!({"reason": reason, "startedAt": started, "serviceRevisionArn": revision});
        }
        view
    }

    fn revision_view(&self, revision: &Revision) -> Value {
        let mut view = Value::Object(revision.members.clone());
        view["serviceRevisionArn"] = revision.arn.clone().into();
        view["serviceArn"] = self.arn.clone().into();
        view["clusterArn"] = self.names.cluster(&self.cluster).into();
        view["createdAt"] = revision.created.into();
        view["guardDutyEnabled"] = false.into();
        let images = revision.blueprint.containers.iter();
        view["containerImages"] = images.map(|(name, image)| json!({"containerName": name, "image": image})).collect();
        if view["platformVersion"] == "LATEST" {
            view["platformVersion"] = super::view::LATEST.into();
        }
        super::order::as_aws(&mut view);
        view
    }
}

impl State {
    fn owner(&self, arn: &str, kind: &str) -> Option<&Service> {
        let rest = arn.strip_prefix(&self.names.arn(&format!("{kind}/")))?;
        let mut parts = rest.split('/');
        let (cluster, name) = (parts.next()?, parts.next()?);
        self.services.get(&self.names.service(cluster, name))
    }

    pub(super) fn describe_service_deployments(&mut self, input: &Members) -> Answer {
        let arns = texts(input, "serviceDeploymentArns");
        // "You can specify a maximum of 20": API_DescribeServiceDeployments.html
        if arns.is_empty() || arns.len() > 20 {
            return Err(AwsError::parameter("The list of service deployment ARNs must have 1 to 20 entries."));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            let owner = self.owner(arn, "service-deployment");
            let entry = owner.and_then(|service| Some((service, service.history.iter().find(|entry| entry.arn == arn)?)));
            match entry {
                Some((service, entry)) => found.push(service.service_deployment(entry)),
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({"serviceDeployments": found, "failures": failures}))
    }

    pub(super) fn describe_service_revisions(&mut self, input: &Members) -> Answer {
        let arns = texts(input, "serviceRevisionArns");
        // "You can specify a maximum of 20": API_DescribeServiceRevisions.html
        if arns.is_empty() || arns.len() > 20 {
            return Err(AwsError::parameter("The list of service revision ARNs must have 1 to 20 entries."));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            let owner = self.owner(arn, "service-revision");
            let entry = owner.and_then(|service| Some((service, service.revisions.iter().find(|entry| entry.arn == arn)?)));
            match entry {
                Some((service, entry)) => found.push(service.revision_view(entry)),
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({"serviceRevisions": found, "failures": failures}))
    }

    pub(super) fn list_service_deployments(&mut self, input: &Members) -> Answer {
        let name = text(input, "service").unwrap_or_default();
        let cluster = match self.names.arn("service/") {
            prefix if name.starts_with(&prefix) => name[prefix.len()..].split('/').next().unwrap_or_default().to_string(),
            _ => self.cluster(input)?,
        };
        let key = self.service_key(&cluster, name);
        let service = self.services.get(&key).ok_or_else(AwsError::service_not_found)?;
        let statuses = texts(input, "status");
        let bound = |side: &str| input.get("createdAt").and_then(|range| range[side].as_f64());
        let (after, before) = (bound("after"), bound("before"));
        let shown = service.history.iter().rev().filter(|entry| {
            (statuses.is_empty() || statuses.contains(&entry.status))
                && after.is_none_or(|after| entry.created > after)
                && before.is_none_or(|before| entry.created < before)
        });
        let brief = |entry: &ServiceDeployment| {
            let mut brief = service.service_deployment(entry);
            brief["targetServiceRevisionArn"] = entry.target.clone().into();
            let kept = ["serviceDeploymentArn", "serviceArn", "clusterArn", "startedAt", "createdAt", "finishedAt"];
            let more = ["targetServiceRevisionArn", "status", "statusReason"];
            if let Value::Object(members) = &mut brief {
                members.retain(|key, _| kept.contains(&key.as_str()) || more.contains(&key.as_str()));
            }
            brief
        };
        let briefs = shown.map(brief).collect();
        paging::page(input, "serviceDeployments", briefs, 20, self.page_size)
    }

    pub(super) fn stop_service_deployment(&mut self, input: &Members, now: Seconds) -> Answer {
        let arn = text(input, "serviceDeploymentArn").unwrap_or_default().to_string();
        let missing = || AwsError::new("ServiceDeploymentNotFoundException", "The specified service deployment was not found.");
        let key = self.owner(&arn, "service-deployment").map(|service| service.arn.clone()).ok_or_else(missing)?;
        self.before_write(&key, now);
        let service = self.services.get_mut(&key).ok_or_else(missing)?;
        if !service.history.iter().any(|entry| entry.arn == arn) {
            return Err(missing());
        }
        if text(input, "stopType").unwrap_or("ROLLBACK") != "ROLLBACK" {
            return Err(AwsError::parameter("The stop type ABORT is not supported for this deployment."));
        }
        let stoppable = service.current().is_some_and(|current| current.arn == arn && current.rollback.is_none());
        if !stoppable {
            let message = format!("The service deployment {} is not in progress.", names::short(&arn));
            return Err(AwsError::new("ConflictException", message));
        }
        circuit_breaker::fail(service, "ECS deployment stopped.", now);
        let why = "Service deployment rolled back because it was stopped by a user.";
        circuit_breaker::roll_back(service, &mut self.ids, why, "ECS deployment rolling back", now);
        Ok(json!({"serviceDeploymentArn": arn}))
    }
}
