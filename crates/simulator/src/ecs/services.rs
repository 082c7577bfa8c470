//! CreateService, DescribeServices, ListServices, DeleteService.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::fill::default;
use super::service::{Blueprint, Service, Status};
use super::{Answer, AwsError, Members, State, deployments, names, paging, rollout, tags, text, texts, with_tags};

impl State {
    pub(super) fn create_service(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let name = text(input, "serviceName").unwrap_or_default().to_string();
        let arn = self.service_key(&cluster, &name);
        if let Some(existing) = self.services.get(&arn) {
            let token = |members: &Members| text(members, "clientToken").map(str::to_string);
            match existing.status {
                // The same token and the same parameters: the same service, and nothing is made anew.
                Status::Active if token(input).is_some() && existing.creation == *input => {
                    return Ok(json!({"service": existing.view(true)}));
                }
                Status::Active => return Err(AwsError::parameter("Creation of service was not idempotent.")),
                Status::Draining => return Err(AwsError::parameter("Unable to Start a service that is still Draining.")),
                Status::Inactive => {}
            }
        }
        self.check_new_service(input)?;
        let tags = tags::read(input)?;
        let definition = self.usable(text(input, "taskDefinition").unwrap_or_default())?.clone();
        self.check_service_with(input, &definition, None)?;
        self.before_write(&arn, now);
        let mut members = filled(input);
        self.names.normalise(&mut members);
        members.insert("taskDefinition".into(), definition.arn.clone().into());
        let blueprint = Blueprint::of(&definition, &members);
        let mut service = Service {
            name,
            cluster,
            names: self.names.clone(),
            status: Status::Active,
            desired: input.get("desiredCount").and_then(Value::as_u64).unwrap_or(0) as u32,
            members,
            tags,
            created: now,
            creation: input.clone(),
            deployments: Vec::new(),
            revisions: Vec::new(),
            history: Vec::new(),
            completed: None,
            tasks: Vec::new(),
            events: VecDeque::new(),
            wake: f64::INFINITY,
            steady: false,
            instances: self.container_instances,
            arn: arn.clone(),
        };
        deployments::begin(&mut service, &mut self.ids, blueprint, now);
        let view = service.view(true);
        self.services.insert(arn, service);
        Ok(json!({"service": view}))
    }

    /// The ACTIVE revision that a service is to run.
    pub(super) fn usable(&self, name: &str) -> Result<&super::TaskDefinition, AwsError> {
        let missing = || AwsError::client("Unable to describe task definition.");
        let definition = self.task_definition(name).ok_or_else(missing)?;
        if definition.active { Ok(definition) } else { Err(AwsError::client("TaskDefinition is inactive")) }
    }

    /// Remembers the state before a write, where reads are to lag behind.
    pub(super) fn before_write(&mut self, arn: &str, now: Seconds) {
        if self.consistency.lags() && arn.contains(":service/") {
            let before = self.services.get(arn).map(|service| service.view(true));
            self.consistency.wrote(arn, before, now);
        } else if self.consistency.lags() && arn.contains(":task-definition/") {
            // Its content never changes; its tags do.
            let before = self.task_definition(arn).map(|definition| tags::view(&definition.tags));
            self.consistency.wrote(arn, before, now);
        }
    }

    /// What a read sees of a service, with its tags.
    fn seen(&self, arn: &str, now: Seconds) -> Option<Value> {
        match self.consistency.seen(arn, now) {
            Some(older) => older,
            None => self.services.get(arn).map(|service| service.view(true)),
        }
    }

    pub(super) fn describe_services(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let wanted = texts(input, "services");
        if wanted.is_empty() {
            return Err(AwsError::parameter("Services cannot be empty."));
        }
        // "You may specify up to 10 services to describe in a single operation.": API_DescribeServices.html
        if wanted.len() > 10 {
            return Err(AwsError::parameter("Services list can have at most 10 items."));
        }
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for name in wanted {
            let arn = self.service_key(&cluster, name);
            match self.seen(&arn, now) {
                Some(mut view) => {
                    if !with_tags(input) {
                        view.as_object_mut().map(|view| view.remove("tags"));
                    }
                    services.push(view);
                }
                // API failure reasons: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        // In an order of its own: BatchGet-like answers promise none.
        services.reverse();
        Ok(json!({"services": services, "failures": failures}))
    }

    pub(super) fn list_services(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let (launch, scheduling) = (text(input, "launchType"), text(input, "schedulingStrategy"));
        let matches = |view: &Value| {
            view["status"] == "ACTIVE"
                && launch.is_none_or(|launch| view["launchType"] == launch)
                && scheduling.is_none_or(|scheduling| view["schedulingStrategy"] == scheduling)
        };
        let own = self.services.values().filter(|service| service.cluster == cluster);
        let shown = own.filter(|service| match self.consistency.seen(&service.arn, now) {
            Some(older) => older.as_ref().is_some_and(matches),
            None => service.is_active() && (launch.is_none() && scheduling.is_none() || matches(&service.view(false))),
        });
        let arns = shown.map(|service| service.arn.clone().into()).collect();
        paging::page(input, "serviceArns", arns, 10, self.page_size)
    }

    pub(super) fn delete_service(&mut self, input: &Members, now: Seconds) -> Answer {
        let cluster = self.cluster(input)?;
        let arn = self.service_key(&cluster, text(input, "service").unwrap_or_default());
        self.before_write(&arn, now);
        let found = self.services.get_mut(&arn).filter(|service| !service.is_inactive());
        let service = found.ok_or_else(AwsError::service_not_found)?;
        let force = input.get("force") == Some(&json!(true));
        // "It's only necessary to use this if the service uses the REPLICA scheduling strategy.": API_DeleteService.html
        if !force && !service.is_daemon() && service.desired > 0 {
            return Err(AwsError::parameter("The service cannot be stopped while it is scaled above 0."));
        }
        if service.is_active() {
            service.status = Status::Draining;
            service.desired = 0;
            service.wake = service.wake.min(now + rollout::REACTION);
        }
        Ok(json!({"service": service.view(true)}))
    }
}

/// The members of a new service, with the defaults that DescribeServices then shows.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn filled(input: &Members) -> Members {
    let mut members = input.clone();
    for key in ["serviceName", "cluster", "desiredCount", "tags", "clientToken"] {
        members.remove(key);
    }
    default(&mut members, "schedulingStrategy", "REPLICA".into());
    default(&mut members, "deploymentController", json!({"type": "ECS"}));
    for key in ["loadBalancers", "serviceRegistries", "placementConstraints", "placementStrategy"] {
        default(&mut members, key, json!([]));
    }
    default(&mut members, "enableECSManagedTags", json!(false));
    default(&mut members, "enableExecuteCommand", json!(false));
    default(&mut members, "propagateTags", "NONE".into());
    let providers = members.get("capacityProviderStrategy").and_then(Value::as_array).cloned().unwrap_or_default();
    if providers.is_empty() {
        members.remove("capacityProviderStrategy");
        default(&mut members, "launchType", "EC2".into());
    }
    members.insert("capacityProviderStrategy".into(), providers.iter().map(provider).collect());
    if providers.is_empty() {
        members.remove("capacityProviderStrategy");
    }
    if on_fargate(&members) {
        default(&mut members, "platformVersion", "LATEST".into());
        members.insert("platformFamily".into(), "Linux".into());
    }
    if text(&members, "platformVersion") == Some("") {
        members.remove("platformVersion");
    }
    let daemon = text(&members, "schedulingStrategy") == Some("DAEMON");
    let configuration = members.remove("deploymentConfiguration").unwrap_or_else(|| json!({}));
    members.insert("deploymentConfiguration".into(), configured(&configuration, daemon));
    let maximum = members["deploymentConfiguration"]["maximumPercent"].as_u64().unwrap_or(200);
    // "defaults the value to ENABLED"; it is for REPLICA services and needs room above 100 percent:
    // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html>
    let balanced = !daemon && maximum > 100;
    default(&mut members, "availabilityZoneRebalancing", if balanced { "ENABLED" } else { "DISABLED" }.into());
    network(&mut members);
    balancers(&mut members);
    members
}

fn provider(item: &Value) -> Value {
    let mut item = item.clone();
    if let Value::Object(item) = &mut item {
        default(item, "weight", json!(0));
        default(item, "base", json!(0));
    }
    item
}

/// Whether the service's tasks run on Fargate.
pub(super) fn on_fargate(members: &Members) -> bool {
    let providers = members.get("capacityProviderStrategy").and_then(Value::as_array);
    let named = |item: &Value| item["capacityProvider"].as_str().is_some_and(|name| name.starts_with("FARGATE"));
    text(members, "launchType") == Some("FARGATE") || providers.is_some_and(|items| items.iter().any(named))
}

/// A deployment configuration with its defaults. DAEMON has 100 and 0 percent by the API.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
fn configured(sent: &Value, daemon: bool) -> Value {
    let mut configuration = json!({
        "deploymentCircuitBreaker": {"enable": false, "rollback": false},
        "alarms": {"alarmNames": [], "enable": false, "rollback": false},
        "maximumPercent": if daemon { 100 } else { 200 },
        "minimumHealthyPercent": if daemon { 0 } else { 100 },
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    });
    for (key, member) in sent.as_object().into_iter().flatten() {
        configuration[key] = member.clone();
    }
    configuration
}

/// `assignPublicIp` is DISABLED by default: API_AwsVpcConfiguration.html.
pub(super) fn network(members: &mut Members) {
    let network = members.get_mut("networkConfiguration").and_then(|network| network.get_mut("awsvpcConfiguration"));
    if let Some(Value::Object(vpc)) = network {
        default(vpc, "assignPublicIp", "DISABLED".into());
        default(vpc, "securityGroups", json!([]));
    }
}

/// The grace period is shown where a load balancer gives it a meaning.
pub(super) fn balancers(members: &mut Members) {
    if members["loadBalancers"].as_array().is_some_and(|balancers| !balancers.is_empty()) {
        default(members, "healthCheckGracePeriodSeconds", json!(0));
    }
}

/// The short name at the end of a service's name or ARN.
pub(super) fn short(input: &Members) -> &str {
    names::short(text(input, "service").unwrap_or_default())
}
