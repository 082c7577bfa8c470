//! How AWS answers what it was sent.

use driftless_core::desired::Document;
use serde_json::{Map, Value, json};

use super::{ACCOUNT, World, object};

fn fill(members: &mut Document, defaults: Value) {
    for (name, value) in object(defaults) {
        members.entry(name).or_insert(value);
    }
}

fn role(members: &mut Document, name: &str) {
    if let Some(role) = members.get(name).and_then(Value::as_str).filter(|role| !role.starts_with("arn:")) {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        members.insert(name.to_owned(), json!(arn));
    }
}

/// RegisterTaskDefinition; what DescribeTaskDefinition answers from then on.
pub fn register(world: &mut World, document: &Document) -> String {
    let mut content = document.clone();
    let tags = content.remove("tags").unwrap_or(json!([]));
    let family = content["family"].as_str().expect("family is required").to_owned();
    let revision = 1 + world.revisions.iter().filter(|one| one["taskDefinition"]["family"] == family.as_str()).count();
    let arn = format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:task-definition/{family}:{revision}");
    let fargate = content.get("requiresCompatibilities").is_some_and(|list| list.to_string().contains("FARGATE"));
    fill(
        &mut content,
        json!({
            "volumes": [], "placementConstraints": [], "networkMode": if fargate { "awsvpc" } else { "bridge" },
            "compatibilities": ["EC2", "FARGATE"], "status": "ACTIVE", "registeredAt": 1.5, "registeredBy": "somebody",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.task-eni"}],
        }),
    );
    content.insert("taskDefinitionArn".to_owned(), json!(arn));
    content.insert("revision".to_owned(), json!(revision));
    role(&mut content, "taskRoleArn");
    role(&mut content, "executionRoleArn");
    // "0.5 vCPU" comes back as 512, "1 GB" as 1024.
    for member in ["cpu", "memory"] {
        let Some(text) = content.get(member).and_then(Value::as_str).map(str::to_lowercase) else { continue };
        if let Some(amount) = text.strip_suffix("vcpu").or_else(|| text.strip_suffix("gb")) {
            let units = amount.trim().parse::<f64>().expect("it is a number") * 1024.0;
            content.insert(member.to_owned(), json!(units.to_string()));
        }
    }
    let host_ports = matches!(content["networkMode"].as_str(), Some("awsvpc" | "host"));
    for container in content["containerDefinitions"].as_array_mut().expect("it is a list") {
        let Value::Object(container) = container else { continue };
        fill(
            container,
            json!({
                "cpu": 0, "essential": true, "environment": [], "mountPoints": [], "volumesFrom": [], "portMappings": [],
                "systemControls": [],
            }),
        );
        for mapping in container["portMappings"].as_array_mut().expect("it is a list") {
            let Value::Object(mapping) = mapping else { continue };
            let host = if host_ports { mapping["containerPort"].clone() } else { json!(0) };
            fill(mapping, json!({"protocol": "tcp", "hostPort": host}));
        }
        if let Some(Value::Object(check)) = container.get_mut("healthCheck") {
            fill(check, json!({"interval": 30, "timeout": 5, "retries": 3}));
        }
        if container.get("command") == Some(&json!([])) {
            container.remove("command");
        }
    }
    for volume in content["volumes"].as_array_mut().expect("it is a list") {
        let Value::Object(volume) = volume else { continue };
        if volume.len() == 1 {
            volume.insert("host".to_owned(), json!({}));
        }
    }
    world.revisions.push(json!({"taskDefinition": content, "tags": tags}));
    arn
}

/// CreateService.
pub fn create(world: &mut World, document: &Document, arn: String) {
    let mut service = document.clone();
    let token = service.remove("clientToken").expect("a token is sent");
    assert!(token.as_str().is_some_and(|token| token.len() <= 36), "{token}");
    service.remove("cluster");
    let name = service["serviceName"].as_str().expect("it has a name").to_owned();
    service.insert("taskDefinition".to_owned(), json!(arn));
    service.insert("serviceArn".to_owned(), json!(format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:service/shop/{name}")));
    service.insert("clusterArn".to_owned(), json!(format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/shop")));
    let daemon = service.get("schedulingStrategy") == Some(&json!("DAEMON"));
    assert!(!daemon || !service.contains_key("desiredCount"), "a daemon takes no count");
    fill(
        &mut service,
        json!({
            "status": "ACTIVE", "createdAt": world.now, "events": [], "pendingCount": 0, "runningCount": 0, "desiredCount": 3,
            "schedulingStrategy": "REPLICA", "deploymentController": {"type": "ECS"}, "loadBalancers": [], "serviceRegistries": [],
            "placementConstraints": [], "placementStrategy": [], "enableECSManagedTags": false, "propagateTags": "NONE",
            "enableExecuteCommand": false, "availabilityZoneRebalancing": "ENABLED", "createdBy": "somebody",
            "deploymentConfiguration": {},
        }),
    );
    if service.get("launchType") == Some(&json!("FARGATE")) {
        fill(&mut service, json!({"platformVersion": "LATEST", "platformFamily": "Linux"}));
    }
    if service["loadBalancers"] != json!([]) {
        fill(&mut service, json!({"healthCheckGracePeriodSeconds": 0}));
    }
    if let Some(role) = service.remove("role") {
        service.insert("roleArn".to_owned(), role);
        self::role(&mut service, "roleArn");
    }
    service.insert("deployments".to_owned(), json!([]));
    world.service = Some(service);
    let relocated = ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"];
    let service = world.service.as_mut().expect("it was put there");
    let moved: Document = relocated.iter().filter_map(|name| Some(((*name).to_owned(), service.remove(*name)?))).collect();
    filled(service);
    deploy(service, moved, world.now);
}

/// UpdateService: "a member left out keeps its value".
pub fn update(world: &mut World, document: &Document, arn: Option<String>) {
    let service = world.service.as_mut().expect("there is a service");
    assert_eq!(document["service"], service["serviceName"]);
    let deploying = [
        "networkConfiguration",
        "platformVersion",
        "loadBalancers",
        "serviceRegistries",
        "serviceConnectConfiguration",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
    ];
    let starts = arn.is_some()
        || document.get("forceNewDeployment") == Some(&json!(true))
        || deploying.iter().any(|member| document.get(*member).is_some_and(|sent| runs(service, member) != Some(sent)));
    let mut moved = Map::new();
    for (name, value) in document {
        match name.as_str() {
            "cluster" | "service" | "forceNewDeployment" => {}
            "serviceConnectConfiguration" | "volumeConfigurations" | "vpcLatticeConfigurations" => {
                moved.insert(name.clone(), value.clone());
            }
            "launchType" | "role" | "schedulingStrategy" | "tags" => panic!("UpdateService has no {name}"),
            // AWS ignores what it does not know.
            name if name.starts_with('x') => {}
            _ => {
                service.insert(name.clone(), value.clone());
            }
        }
    }
    if service.get("capacityProviderStrategy") == Some(&json!([])) {
        service.insert("launchType".to_owned(), json!("FARGATE"));
    } else if service.contains_key("capacityProviderStrategy") {
        service.remove("launchType");
    }
    if let Some(arn) = arn {
        service.insert("taskDefinition".to_owned(), json!(arn));
    }
    filled(service);
    if starts {
        deploy(service, moved, world.now);
    }
}

/// What was sent of a member last: the same once more begins no deployment.
fn runs<'s>(service: &'s Document, member: &str) -> Option<&'s Value> {
    service.get(member).or_else(|| service["deployments"].get(0)?.get(member))
}

fn filled(service: &mut Document) {
    // AWS does not answer with what it does not know.
    service.retain(|name, _| !name.starts_with('x'));
    let daemon = service["schedulingStrategy"] == json!("DAEMON");
    if let Some(Value::Object(configuration)) = service.get_mut("deploymentConfiguration") {
        let (most, least) = if daemon { (100, 0) } else { (200, 100) };
        fill(configuration, json!({"maximumPercent": most, "minimumHealthyPercent": least, "strategy": "ROLLING"}));
        fill(configuration, json!({"deploymentCircuitBreaker": {}, "bakeTimeInMinutes": 0}));
        if let Some(Value::Object(breaker)) = configuration.get_mut("deploymentCircuitBreaker") {
            fill(breaker, json!({"enable": false, "rollback": false}));
        }
    }
    if let Some(Value::Object(vpc)) = service.get_mut("networkConfiguration").and_then(|n| n.get_mut("awsvpcConfiguration")) {
        fill(vpc, json!({"assignPublicIp": "DISABLED", "securityGroups": []}));
    }
    if let Some(Value::Array(items)) = service.get_mut("capacityProviderStrategy") {
        for item in items {
            if let Value::Object(item) = item {
                fill(item, json!({"weight": 0, "base": 0}));
            }
        }
    }
}

fn deploy(service: &mut Document, moved: Document, now: f64) {
    let before = service["deployments"].get(0).and_then(Value::as_object).cloned().unwrap_or_default();
    let number = before.get("id").and_then(Value::as_str).and_then(|id| id.rsplit('/').next()?.parse::<u64>().ok());
    let id = format!("ecs-svc/{}", number.unwrap_or_default() + 1);
    let mut deployment = moved;
    for name in ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"] {
        if let Some(value) = before.get(name) {
            deployment.entry(name).or_insert(value.clone());
        }
    }
    fill(
        &mut deployment,
        json!({
            "id": id, "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "taskDefinition": service["taskDefinition"],
            "createdAt": now, "updatedAt": now,
        }),
    );
    service.insert("deployments".to_owned(), json!([deployment]));
}

/// Members whose order AWS does not keep, by their names.
const SETS: &[&str] = &[
    "containerDefinitions",
    "environment",
    "secrets",
    "mountPoints",
    "portMappings",
    "volumes",
    "subnets",
    "securityGroups",
    "tags",
    "requiresCompatibilities",
    "volumesFrom",
    "loadBalancers",
    "capacityProviderStrategy",
];

/// The answer in another order, and with members that no model knows.
pub fn disguise(value: Value, world: &World) -> Value {
    let mut value = walk(value, "", world);
    if let Some(spelling) = world.spelling {
        spelling(&mut value);
    }
    value
}

fn walk(value: Value, name: &str, world: &World) -> Value {
    match value {
        Value::Object(members) => {
            let map = matches!(name, "dockerLabels" | "options");
            let mut walked: Document =
                members.into_iter().map(|(name, value)| (name.clone(), walk(value, &name, world))).collect();
            if let Some(unknown) = world.unknown.as_ref().filter(|_| !map) {
                walked.insert(unknown.clone(), json!({"new": [1]}));
            }
            Value::Object(walked)
        }
        Value::Array(list) => {
            let mut walked: Vec<Value> = list.into_iter().map(|value| walk(value, "", world)).collect();
            if world.shuffle && SETS.contains(&name) {
                walked.reverse();
            }
            Value::Array(walked)
        }
        scalar => scalar,
    }
}
