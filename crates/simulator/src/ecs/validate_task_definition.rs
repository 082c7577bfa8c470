//! What RegisterTaskDefinition refuses, with AWS's codes and, where they are recorded, its messages.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>

use std::collections::BTreeSet;

use serde_json::Value;

use super::{AwsError, Members, fill, names, text};

type Checked = Result<(), AwsError>;

/// A document as it was sent.
pub(super) fn check(input: &Members) -> Checked {
    let family = text(input, "family").unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if family.is_empty() || family.len() > 255 || !family.chars().all(fits) {
        return Err(AwsError::client("Family contains invalid characters."));
    }
    let containers = list(input, "containerDefinitions");
    if containers.is_empty() {
        return Err(AwsError::client("Container list cannot be empty."));
    }
    // "A maximum of 10 containers per task definition": service-quotas.html
    if containers.len() > 10 {
        return Err(AwsError::client("Too many containers: a task definition has at most 10."));
    }
    for role in ["taskRoleArn", "executionRoleArn"] {
        if text(input, role).is_some_and(|role| !role.is_empty() && !names::is_role(role)) {
            return Err(AwsError::client("Role is not valid"));
        }
    }
    for key in ["cpu", "memory"] {
        if text(input, key).is_some_and(|size| fill::units(key, size).is_none()) {
            return Err(AwsError::client(format!("Invalid '{key}' setting for task.")));
        }
    }
    let mut seen = BTreeSet::new();
    for container in containers {
        one(input, container)?;
        if !seen.insert(container["name"].as_str().unwrap_or_default()) {
            return Err(AwsError::client("Container names must be unique within a task definition."));
        }
    }
    if !containers.iter().any(|container| container["essential"] != false) {
        return Err(AwsError::client("Tasks must have at least one essential container."));
    }
    references(input, containers)?;
    let requires = list(input, "requiresCompatibilities");
    if requires.iter().any(|kind| kind == "FARGATE") {
        fargate(input)?;
        on_fargate(input, containers)?;
    }
    Ok(())
}

fn list<'a>(members: &'a Members, key: &str) -> &'a [Value] {
    members.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn elements<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// One container by itself.
fn one(input: &Members, container: &Value) -> Checked {
    let name = container["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(AwsError::client("Container.name should not be null or empty."));
    }
    if name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(AwsError::client("Container.name contains invalid characters."));
    }
    let image = container["image"].as_str().unwrap_or_default();
    if image.is_empty() {
        return Err(AwsError::client("Container.image should not be null or empty."));
    }
    // "Up to 255 letters, numbers, hyphens, underscores, colons, periods, forward slashes, and number signs"; and `@`
    // before a digest: API_ContainerDefinition.html.
    if !image.chars().all(|c| c.is_ascii_alphanumeric() || "-_:./#@".contains(c)) {
        return Err(AwsError::client("Container.image contains invalid characters."));
    }
    let (hard, soft) = (container["memory"].as_i64(), container["memoryReservation"].as_i64());
    if !input.contains_key("memory") && hard.is_none() && soft.is_none() {
        return Err(AwsError::client(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        )));
    }
    // "If you specify both, memory must be greater than memoryReservation", and "don't specify less than 6 MiB".
    if hard.zip(soft).is_some_and(|(hard, soft)| hard < soft) {
        return Err(AwsError::client(format!(
            "Invalid setting for container '{name}'. 'memory' must be greater than or equal to 'memoryReservation'."
        )));
    }
    if hard.or(soft).is_some_and(|memory| memory < 6) {
        return Err(AwsError::client(format!("Invalid setting for container '{name}'. 'memory' is at least 6 MiB.")));
    }
    ports(input, container)?;
    secrets(input, container)
}

fn ports(input: &Members, container: &Value) -> Checked {
    let mode = text(input, "networkMode").unwrap_or("bridge");
    for mapping in elements(container, "portMappings") {
        let port = |key: &str| mapping[key].as_i64();
        if port("containerPort").is_none() && mapping["containerPortRange"].is_null() {
            return Err(AwsError::client("containerPort or containerPortRange is required in a port mapping."));
        }
        if [port("containerPort"), port("hostPort")].into_iter().flatten().any(|port| !(0..=65535).contains(&port)) {
            return Err(AwsError::client("Invalid port: it is between 0 and 65535."));
        }
        let differ = port("hostPort").is_some_and(|host| host != 0 && Some(host) != port("containerPort"));
        if differ && mode == "awsvpc" {
            return Err(AwsError::client(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            ));
        }
        if differ && mode == "host" {
            return Err(AwsError::client(
                "When networkMode=host, the host ports and container ports in port mappings must match.",
            ));
        }
    }
    if mode == "none" && !elements(container, "portMappings").is_empty() {
        // "If the network mode is set to none, you cannot specify port mappings": API_RegisterTaskDefinition.html
        return Err(AwsError::client("Port mappings are not supported with networkMode=none."));
    }
    Ok(())
}

/// A secret's source: a Secrets Manager or Parameter Store ARN of 12 account digits, or a parameter's name.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>
fn is_secret(from: &str) -> bool {
    let parts: Vec<&str> = from.split(':').collect();
    if parts.first() != Some(&"arn") {
        return !from.is_empty() && from.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c));
    }
    let account = parts.get(4).is_some_and(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
    let known = match parts.get(2) {
        Some(&"ssm") => parts.len() == 6 && parts[5].starts_with("parameter/"),
        // After the secret's name: JSON key, version stage, version id.
        Some(&"secretsmanager") => (7..=10).contains(&parts.len()) && parts[5] == "secret",
        _ => false,
    };
    account && known
}

fn secrets(input: &Members, container: &Value) -> Checked {
    let secrets = elements(container, "secrets");
    if !secrets.is_empty() && !input.contains_key("executionRoleArn") {
        return Err(AwsError::client(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    let environment = elements(container, "environment");
    for (place, secret) in secrets.iter().enumerate() {
        let name = &secret["name"];
        let shared = environment.iter().any(|entry| entry["name"] == *name);
        if shared || secrets[..place].iter().any(|other| other["name"] == *name) {
            return Err(AwsError::client(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the \
                 container, such as '{}'.",
                name.as_str().unwrap_or_default()
            )));
        }
        if !is_secret(secret["valueFrom"].as_str().unwrap_or_default()) {
            return Err(AwsError::client("Invalid secret: valueFrom is neither a secret's nor a parameter's ARN or name."));
        }
    }
    Ok(())
}

/// What containers name of each other and of the volumes.
fn references(input: &Members, containers: &[Value]) -> Checked {
    let exists = |name: &Value| containers.iter().any(|container| container["name"] == *name);
    let volumes = list(input, "volumes");
    for container in containers {
        let own = &container["name"];
        for mount in elements(container, "mountPoints") {
            let volume = &mount["sourceVolume"];
            if !volume.is_null() && !volumes.iter().any(|other| other["name"] == *volume) {
                return Err(AwsError::client(format!("Unknown volume '{}'.", volume.as_str().unwrap_or_default())));
            }
        }
        for dependency in elements(container, "dependsOn") {
            if !exists(&dependency["containerName"]) || dependency["containerName"] == *own {
                return Err(AwsError::client(format!("Invalid dependency {} of container {own}.", dependency["containerName"])));
            }
        }
        for from in elements(container, "volumesFrom") {
            if !exists(&from["sourceContainer"]) {
                return Err(AwsError::client(format!("Unknown container {} in volumesFrom.", from["sourceContainer"])));
            }
        }
        for link in elements(container, "links").iter().filter_map(Value::as_str) {
            if text(input, "networkMode").is_some_and(|mode| mode != "bridge") {
                return Err(AwsError::client("Links are only supported when networkMode=bridge."));
            }
            if !exists(&link.split(':').next().unwrap_or_default().into()) {
                return Err(AwsError::client(format!("Unknown container '{link}' in links.")));
            }
        }
    }
    match input.get("proxyConfiguration").map(|proxy| &proxy["containerName"]) {
        Some(name) if !exists(name) => Err(AwsError::client(format!("The proxy's container {name} does not exist."))),
        _ => Ok(()),
    }
}

/// CPU units, and the least, most and step of memory in MiB that go with them; smallest memory of 512 for 256 aside.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size>
const SIZES: [(u64, u64, u64, u64); 8] = [
    (256, 512, 512, 512),
    (256, 1024, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// The sizes and the network mode that Fargate requires.
pub(super) fn fargate(input: &Members) -> Checked {
    let size = |key: &str| text(input, key).and_then(|size| fill::units(key, size));
    let Some(cpu) = size("cpu") else {
        return Err(AwsError::client("Fargate requires that 'cpu' be defined at the task level."));
    };
    let Some(memory) = size("memory") else {
        return Err(AwsError::client("Fargate requires that 'memory' be defined at the task level."));
    };
    let fits = |&(units, least, most, step): &(u64, u64, u64, u64)| {
        units == cpu && (least..=most).contains(&memory) && (memory - least).is_multiple_of(step)
    };
    if !SIZES.iter().any(fits) {
        return Err(AwsError::client("No Fargate configuration exists for given values."));
    }
    if text(input, "networkMode") != Some("awsvpc") {
        return Err(AwsError::client("Fargate only supports network mode \u{2018}awsvpc\u{2019}."));
    }
    Ok(())
}

/// What Fargate does not have:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>.
fn on_fargate(input: &Members, containers: &[Value]) -> Checked {
    let role = input.contains_key("executionRoleArn");
    for container in containers {
        let image = container["image"].as_str().unwrap_or_default();
        let registry = image.split('/').next().unwrap_or_default();
        if !role && registry.contains(".dkr.ecr.") {
            return Err(AwsError::client("Fargate requires task definition to have execution role ARN to support ECR images."));
        }
        if !role && container["logConfiguration"]["logDriver"] == "awslogs" {
            return Err(AwsError::client(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            ));
        }
        let unsupported = ["privileged", "disableNetworking"].into_iter().find(|key| container[*key] == true);
        let lists = ["links", "dnsServers", "dnsSearchDomains", "extraHosts", "dockerSecurityOptions"];
        let lists = lists.into_iter().find(|key| !elements(container, key).is_empty());
        let devices = (!elements(&container["linuxParameters"], "devices").is_empty()).then_some("devices");
        if let Some(key) = unsupported.or(lists).or(devices) {
            return Err(AwsError::client(format!("Fargate does not support '{key}'.")));
        }
        for key in ["startTimeout", "stopTimeout"] {
            // "The valid values for Fargate are 2-120 seconds.": API_ContainerDefinition.html
            if container[key].as_i64().is_some_and(|seconds| seconds > 120 || (key == "startTimeout" && seconds < 2)) {
                return Err(AwsError::client(format!("Fargate supports a '{key}' of at most 120 seconds.")));
            }
        }
    }
    // "FSx and Docker volumes ... aren't supported on Fargate", nor is a host's path: API_Volume.html
    for volume in list(input, "volumes") {
        let host = volume["host"]["sourcePath"].is_string();
        if host || !volume["dockerVolumeConfiguration"].is_null() {
            return Err(AwsError::client(format!("Fargate does not support the volume {}.", volume["name"])));
        }
    }
    // "The minimum supported value is 21 GiB and the maximum is 200": API_EphemeralStorage.html
    let storage = input.get("ephemeralStorage").and_then(|storage| storage["sizeInGiB"].as_i64());
    if storage.is_some_and(|size| !(21..=200).contains(&size)) {
        return Err(AwsError::client("Ephemeral storage is between 21 and 200 GiB."));
    }
    if !list(input, "placementConstraints").is_empty() {
        return Err(AwsError::client("Fargate does not support task placement constraints."));
    }
    Ok(())
}
