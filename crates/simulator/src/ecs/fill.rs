//! What RegisterTaskDefinition adds to a document: the defaults that DescribeTaskDefinition then shows.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>

use serde_json::{Value, json};

use super::{Members, text};

/// Sets a member that is absent.
pub(super) fn default(members: &mut Members, key: &str, value: Value) {
    members.entry(key).or_insert(value);
}

/// The registered form of a document: defaults, normalised sizes, sets in AWS's order.
pub(super) fn registered(mut document: Members) -> Members {
    document.remove("tags");
    for key in ["cpu", "memory"] {
        if let Some(units) = text(&document, key).and_then(|size| units(key, size)) {
            document.insert(key.into(), units.to_string().into());
        }
    }
    let mode = text(&document, "networkMode").unwrap_or("bridge").to_string();
    default(&mut document, "networkMode", mode.clone().into());
    default(&mut document, "volumes", json!([]));
    default(&mut document, "placementConstraints", json!([]));
    if let Some(Value::Array(volumes)) = document.get_mut("volumes") {
        volumes.iter_mut().filter_map(Value::as_object_mut).for_each(volume);
    }
    if let Some(Value::Array(containers)) = document.get_mut("containerDefinitions") {
        containers.iter_mut().filter_map(Value::as_object_mut).for_each(|members| container(members, &mode));
    }
    let mut whole = Value::Object(document);
    super::order::as_aws(&mut whole);
    match whole {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}

fn volume(members: &mut Members) {
    let others = ["efsVolumeConfiguration", "dockerVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"];
    let plain = !others.iter().any(|key| members.contains_key(*key)) && members.get("configuredAtLaunch") != Some(&json!(true));
    if plain {
        default(members, "host", json!({}));
    }
    // "If this parameter is omitted, the root of the Amazon EFS volume will be used": API_EFSVolumeConfiguration.html
    if let Some(Value::Object(efs)) = members.get_mut("efsVolumeConfiguration") {
        default(efs, "rootDirectory", "/".into());
    }
}

fn container(members: &mut Members, mode: &str) {
    for key in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
        default(members, key, json!([]));
    }
    default(members, "cpu", json!(0));
    default(members, "essential", json!(true));
    if let Some(Value::Array(ports)) = members.get_mut("portMappings") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            default(port, "protocol", "tcp".into());
            // With awsvpc and host the host's port is the container's; with bridge 0 asks for a dynamic one:
            // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>
            if let Some(own) = port.get("containerPort").cloned() {
                default(port, "hostPort", if mode == "bridge" { json!(0) } else { own.clone() });
                // A 0 that was sent with awsvpc or host comes back as the container's port too:
                // <https://github.com/hashicorp/terraform-provider-aws/issues/3401>
                if mode != "bridge" && port.get("hostPort") == Some(&json!(0)) {
                    port.insert("hostPort".into(), own);
                }
            }
        }
    }
    // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>
    if let Some(Value::Object(check)) = members.get_mut("healthCheck") {
        default(check, "interval", json!(30));
        default(check, "timeout", json!(5));
        default(check, "retries", json!(3));
    }
    if let Some(Value::Object(log)) = members.get_mut("logConfiguration") {
        default(log, "secretOptions", json!([]));
    }
}

/// CPU units or MiB: "256", ".25 vCPU", "0.5 GB". None where the text is no size.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>
pub(super) fn units(key: &str, size: &str) -> Option<u64> {
    let size = size.trim();
    if let Ok(plain) = size.parse::<u64>() {
        return Some(plain);
    }
    let lower = size.to_ascii_lowercase();
    let suffix = if key == "cpu" { "vcpu" } else { "gb" };
    let number: f64 = lower.strip_suffix(suffix)?.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * 1024.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_their_unit() {
        assert_eq!(units("cpu", ".5 vCPU"), Some(512));
        assert_eq!(units("cpu", "1vcpu"), Some(1024));
        assert_eq!(units("memory", "0.5GB"), Some(512));
        assert_eq!(units("memory", "3 GB"), Some(3072));
        assert_eq!(units("memory", "__MEMORY__"), None);
        assert_eq!(units("cpu", "1 GB"), None);
    }
}
