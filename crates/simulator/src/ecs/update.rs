//! UpdateService: which members it takes, how each is merged, and which start a deployment.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::service::{Blueprint, Status};
use super::{Answer, AwsError, Members, State, deployments, rollout, services, text};

/// The members whose change "triggers a new service deployment".
const TRIGGERS: [&str; 10] = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
    "gatewayConnectors",
];

/// The members that are changed without a deployment. `launchType`, `schedulingStrategy`, `role` and `tags` are not
/// UpdateService's: they are unknown members to it, and ignored.
const QUIET: [&str; 8] = [
    "capacityProviderStrategy",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
];

impl State {
    pub(super) fn update_service(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let arn = self.service_key(&cluster, services::short(input));
        let service = self.services.get(&arn).ok_or_else(AwsError::service_not_found)?;
        if service.status != Status::Active {
            return Err(AwsError::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let daemon = service.is_daemon();
        let mut members = service.members.clone();
        let desired = self.check_count(input, daemon)?.unwrap_or(service.desired);
        for key in QUIET.iter().chain(&TRIGGERS) {
            if let Some(sent) = input.get(*key) {
                members.insert((*key).into(), sent.clone());
            }
        }
        let running = text(&service.members, "taskDefinition").unwrap_or_default().to_string();
        let definition = match text(input, "taskDefinition") {
            Some(name) => self.usable(name)?.clone(),
            // A revision that was deregistered meanwhile still runs where it runs.
            None => {
                self.task_definition(&running).ok_or_else(|| AwsError::client("Unable to describe task definition."))?.clone()
            }
        };
        members.insert("taskDefinition".into(), definition.arn.clone().into());
        merge(&mut members, input);
        self.names.normalise(&mut members);
        self.check_service_with(&members, &definition, Some(input))?;
        let before = &self.services[&arn].members;
        let changed = |key: &str| input.contains_key(key) && before.get(key) != members.get(key);
        let forced = input.get("forceNewDeployment") == Some(&json!(true));
        let deploys = forced || TRIGGERS.iter().any(|key| changed(key));
        self.before_write(&arn, now);
        let blueprint = Blueprint::of(&definition, &members);
        let Some(service) = self.services.get_mut(&arn) else { return Err(AwsError::service_not_found()) };
        service.members = members;
        if service.desired != desired {
            service.desired = desired;
            service.steady = false;
        }
        if deploys {
            deployments::begin(service, &mut self.ids, blueprint, now);
        } else if let Some(primary) = service.deployments.first_mut() {
            primary.updated = now;
        }
        service.wake = service.wake.min(now + rollout::REACTION);
        Ok(json!({"service": service.view(true)}))
    }
}

/// What is merged or normalised rather than put in the old member's place.
fn merge(members: &mut Members, input: &Members) {
    if let Some(sent) = input.get("deploymentConfiguration") {
        let configuration = members.entry("deploymentConfiguration").or_insert_with(|| json!({}));
        for (key, member) in sent.as_object().into_iter().flatten() {
            configuration[key] = member.clone();
        }
    }
    // "Pass an empty list in the capacityProviderStrategy parameter" to go back to the launch type.
    match input.get("capacityProviderStrategy").and_then(Value::as_array) {
        Some(items) if items.is_empty() => {
            members.remove("capacityProviderStrategy");
            let fargate = members.contains_key("platformVersion");
            members.insert("launchType".into(), if fargate { "FARGATE" } else { "EC2" }.into());
        }
        Some(_) => {
            members.remove("launchType");
        }
        None => {}
    }
    services::network(members);
    services::balancers(members);
}
