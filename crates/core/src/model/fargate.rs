//! What Fargate does not take: sizes outside of its table, and members that need a host.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>

use serde_json::Value;

use super::report::{Report, list, listed, number, on, shown, structure, structures, text, unresolved};
use crate::count::counted;
use crate::desired::Document;

/// CPU units, and the memory in MiB that goes with them: least, most, step.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html#ECS-RegisterTaskDefinition-request-memory>
const SIZES: &[(u64, u64, u64, u64)] = &[
    (256, 512, 2048, 0), // 512, 1024 and 2048
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Task-level `cpu` in CPU units: "256", or "0.25 vCPU" in any case, with or without the space.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html#ECS-RegisterTaskDefinition-request-cpu>
pub fn cpu_units(text: &str) -> Option<u64> {
    units(text, "vcpu")
}

/// Task-level `memory` in MiB: "512", or "0.5 GB" in any case, with or without the space.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html#ECS-RegisterTaskDefinition-request-memory>
pub fn memory_mib(text: &str) -> Option<u64> {
    units(text, "gb")
}

fn units(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let Some(amount) = text.strip_suffix(unit) else { return text.parse().ok() };
    let amount = amount.trim_end();
    if amount.is_empty() || !amount.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let amount = amount.parse::<f64>().ok()? * 1024.0;
    (amount.fract() == 0.0 && amount < 1e12).then_some(amount as u64)
}

/// The task-level sizes, for any launch type.
pub(super) fn sizes(report: &mut Report) {
    if let Some(cpu) = text(report.document, "cpu").filter(|cpu| !cpu.is_empty() && !unresolved(cpu)) {
        match cpu_units(cpu) {
            None => {
                report.error("/cpu", format!("`cpu` is {}; AWS accepts CPU units (\"256\") or vCPUs (\"0.25 vCPU\")", shown(cpu)))
            }
            // "Supported values are between 128 CPU units (0.125 vCPUs) and 196608 CPU units (192 vCPUs)."
            Some(units) if !(128..=196_608).contains(&units) => {
                report.error(
                    "/cpu",
                    format!("`cpu` is {units} CPU units; AWS accepts 128 (0.125 vCPU) to 196608 (192 vCPU) for a task"),
                );
            }
            Some(_) => {}
        }
    }
    if let Some(memory) = text(report.document, "memory").filter(|memory| !memory.is_empty() && !unresolved(memory))
        && memory_mib(memory).is_none_or(|memory| memory == 0)
    {
        report.error("/memory", format!("`memory` is {}; AWS accepts MiB (\"512\") or GB (\"0.5 GB\")", shown(memory)));
    }
}

/// Whether the document asks to be validated for Fargate ("even if EC2 is also specified":
/// <https://docs.aws.amazon.com/AmazonECS/latest/userguide/task-cpu-memory-error.html>).
pub(super) fn wanted(document: &Document) -> bool {
    list(document, "requiresCompatibilities").iter().any(|value| value == "FARGATE")
}

/// Everything that Fargate does not take.
pub(super) fn check(report: &mut Report) {
    task_level(report);
    let document = report.document;
    for (index, container) in structures(document, "containerDefinitions") {
        members(report, container, &format!("/containerDefinitions/{index}"));
        linux(report, container, &format!("/containerDefinitions/{index}"));
        timeouts(report, container, &format!("/containerDefinitions/{index}"));
        execution_role(report, container, &format!("/containerDefinitions/{index}"));
    }
    for (index, volume) in structures(document, "volumes") {
        let path = format!("/volumes/{index}");
        // "Docker volumes aren't supported by tasks run on Fargate." API_Volume.html
        if structure(volume, "dockerVolumeConfiguration").is_some() {
            refuse(
                report,
                &format!("{path}/dockerVolumeConfiguration"),
                "Fargate has no Docker volumes: use `efsVolumeConfiguration`, or an empty `host`",
            );
        }
        // "If you're using the Fargate launch type, the sourcePath parameter is not supported." API_HostVolumeProperties.html
        if structure(volume, "host").and_then(|host| text(host, "sourcePath")).is_some_and(|path| !path.is_empty()) {
            refuse(
                report,
                &format!("{path}/host/sourcePath"),
                "Fargate has no host whose path could be mounted: leave `host` empty, or use `efsVolumeConfiguration`",
            );
        }
    }
}

/// What Fargate asks of the task as a whole, without which no revision is compatible with it.
pub(super) fn task_level(report: &mut Report) {
    task(report);
    pair(report);
}

fn refuse(report: &mut Report, path: &str, why: &str) {
    let message = format!("{}: {why}", report.name(path));
    report.error(path, message);
}

fn task(report: &mut Report) {
    let document = report.document;
    // "For Amazon ECS tasks on Fargate, the awsvpc network mode is required." API_RegisterTaskDefinition.html
    match text(document, "networkMode") {
        Some(mode @ ("bridge" | "host" | "none")) => {
            report.error("/networkMode", format!("`networkMode` is {}; Fargate requires `awsvpc`", shown(mode)))
        }
        None => report.error("", "`networkMode` is missing, which means `bridge`; Fargate requires `awsvpc`"),
        Some(_) => {}
    }
    // "Task placement constraints aren't supported for tasks run on Fargate." API_TaskDefinitionPlacementConstraint.html
    if !list(document, "placementConstraints").is_empty() {
        refuse(report, "/placementConstraints", "Fargate has no instances to place tasks on: remove it");
    }
    // "On Fargate for Linux containers, the only valid value is task." API_RegisterTaskDefinition.html
    if text(document, "pidMode") == Some("host") {
        refuse(report, "/pidMode", "Fargate accepts `task` only");
    }
    // "This parameter is not supported for Windows containers or tasks run on Fargate." API_RegisterTaskDefinition.html
    if text(document, "ipcMode").is_some() {
        refuse(report, "/ipcMode", "Fargate does not take it: remove it");
    }
}

/// Fargate requires both sizes, and takes the pairs of its table: "No Fargate configuration exists for given values."
fn pair(report: &mut Report) {
    let document = report.document;
    for (member, values) in [("cpu", "256, 512, 1024, 2048, 4096, 8192 or 16384"), ("memory", "512 and more")] {
        if !document.contains_key(member) {
            report.error("", format!("`{member}` is missing; Fargate requires it for the task ({values})"));
        }
    }
    let (Some(cpu), Some(memory)) = (text(document, "cpu").and_then(cpu_units), text(document, "memory").and_then(memory_mib))
    else {
        return;
    };
    let Some((_, least, most, step)) = SIZES.iter().copied().find(|(units, ..)| *units == cpu) else {
        let known: Vec<String> = SIZES.iter().map(|(units, ..)| units.to_string()).collect();
        let message = format!("`cpu` is {cpu}; Fargate accepts {} CPU units", listed(known.iter().map(String::as_str)));
        return report.error("/cpu", message);
    };
    let fits = match step {
        0 => [512, 1024, 2048].contains(&memory),
        step => (least..=most).contains(&memory) && (memory - least).is_multiple_of(step),
    };
    if !fits {
        let accepted = if step == 0 { "512, 1024 or 2048".to_owned() } else { format!("{least} to {most} in steps of {step}") };
        report.error("/memory", format!("`memory` is {memory} MiB; with `cpu` {cpu} Fargate accepts {accepted}"));
    }
    // "The CPU units cannot be less than 1 vCPU when you use Windows containers on Fargate"; 8 and 16 vCPU "require
    // Linux platform 1.4.0 or later". API_RegisterTaskDefinition.html
    let family = structure(document, "runtimePlatform").and_then(|platform| text(platform, "operatingSystemFamily"));
    if family.is_some_and(|family| family.starts_with("WINDOWS")) && !(1024..=4096).contains(&cpu) {
        report.error("/cpu", format!("`cpu` is {cpu}; Windows containers on Fargate take 1024 to 4096"));
    }
    // "the total amount of CPU reserved for all containers within a task be lower than the task-level cpu value";
    // equal is taken as well. API_ContainerDefinition.html
    let total: i64 = structures(document, "containerDefinitions").filter_map(|(_, container)| number(container, "cpu")).sum();
    if u64::try_from(total).is_ok_and(|total| total > cpu) {
        report.error(
            "/cpu",
            format!("`cpu` is {cpu}, and the containers reserve {total} together; Fargate accepts no more than the task's"),
        );
    }
}

/// Members of a container that Fargate does not take. Each is refused when it says something: `false` and `[]` do not.
fn members(report: &mut Report, container: &Document, path: &str) {
    // "This parameter is not supported for Windows containers or tasks run on Fargate." API_ContainerDefinition.html
    if on(container, "privileged") {
        refuse(report, &format!("{path}/privileged"), "Fargate runs no privileged containers: remove it");
    }
    // "This field isn't valid for containers in tasks using the Fargate launch type." API_ContainerDefinition.html
    if !list(container, "dockerSecurityOptions").is_empty() {
        refuse(report, &format!("{path}/dockerSecurityOptions"), "Fargate does not take it: remove it");
    }
    // The developer guide lists these as not valid on Fargate, the API reference does not: so only a warning.
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    let says = |member: &str| match container.get(member) {
        Some(Value::Bool(value)) => *value,
        Some(Value::Array(value)) => !value.is_empty(),
        _ => false,
    };
    for member in ["disableNetworking", "dnsServers", "dnsSearchDomains"] {
        if says(member) {
            let path = format!("{path}/{member}");
            let message = format!("{}: AWS's developer guide lists it as not valid on Fargate", report.name(&path));
            report.warn(path, message);
        }
    }
    for (index, requirement) in structures(container, "resourceRequirements") {
        if text(requirement, "type") == Some("GPU") {
            let path = format!("{path}/resourceRequirements/{index}");
            let message = format!("{}: AWS's developer guide lists GPUs as not available on Fargate", report.name(&path));
            report.warn(path, message);
        }
    }
    // "For tasks on Fargate, the supported log drivers are awslogs, splunk, and awsfirelens." API_LogConfiguration.html
    if let Some(log) = structure(container, "logConfiguration")
        && let Some(driver) = text(log, "logDriver")
    {
        let path = format!("{path}/logConfiguration");
        if !["awslogs", "splunk", "awsfirelens"].contains(&driver) && !report.refused(&format!("{path}/logDriver")) {
            let message = format!(
                "{} is {}; Fargate accepts `awslogs`, `splunk` and `awsfirelens`",
                report.name(&format!("{path}/logDriver")),
                shown(driver)
            );
            report.error(format!("{path}/logDriver"), message);
        }
        // "awslogs-stream-prefix. Required: Yes, when using Fargate." API_LogConfiguration.html
        let prefix = structure(log, "options").is_some_and(|options| options.contains_key("awslogs-stream-prefix"));
        if driver == "awslogs" && !prefix {
            let message =
                format!("{} has no `awslogs-stream-prefix`; Fargate requires it", report.name(&format!("{path}/options")));
            report.error(path, message);
        }
    }
}

fn linux(report: &mut Report, container: &Document, path: &str) {
    let Some(linux) = structure(container, "linuxParameters") else { return };
    let path = format!("{path}/linuxParameters");
    // "If you're using tasks that use the Fargate launch type, the devices / maxSwap / swappiness / sharedMemorySize
    // parameter isn't supported." `tmpfs` is supported by now. API_LinuxParameters.html
    if !list(linux, "devices").is_empty() {
        refuse(report, &format!("{path}/devices"), "Fargate has no host devices: remove it");
    }
    for member in ["sharedMemorySize", "maxSwap", "swappiness"] {
        if linux.contains_key(member) {
            refuse(report, &format!("{path}/{member}"), "Fargate does not take it: remove it");
        }
    }
    // "Tasks launched on Fargate only support adding the SYS_PTRACE kernel capability." API_KernelCapabilities.html
    let added = structure(linux, "capabilities").map_or(&[][..], |capabilities| list(capabilities, "add"));
    for (index, capability) in added.iter().enumerate() {
        if let Some(capability) = capability.as_str().filter(|capability| *capability != "SYS_PTRACE") {
            refuse(
                report,
                &format!("{path}/capabilities/add/{index}"),
                &format!("Fargate adds `SYS_PTRACE` only, not {}", shown(capability)),
            );
        }
    }
}

/// "The valid values for Fargate are 2-120 seconds." API_ContainerDefinition.html, at both members.
fn timeouts(report: &mut Report, container: &Document, path: &str) {
    for member in ["startTimeout", "stopTimeout"] {
        if let Some(seconds) = number(container, member).filter(|seconds| !(2..=120).contains(seconds)) {
            let path = format!("{path}/{member}");
            let message = format!("{} is {}; Fargate accepts 2 to 120", report.name(&path), counted(seconds, "second"));
            report.error(path, message);
        }
    }
}

/// "Fargate requires task definition to have execution role ARN to support ECR images", and "... log driver awslogs".
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>
fn execution_role(report: &mut Report, container: &Document, path: &str) {
    if report.document.contains_key("executionRoleArn") {
        return;
    }
    if text(container, "image").is_some_and(private_ecr) {
        let path = format!("{path}/image");
        let message = format!(
            "{} is in a private ECR registry, and `executionRoleArn` is missing; Fargate requires an execution role to pull it",
            report.name(&path)
        );
        report.error(path, message);
    }
    if structure(container, "logConfiguration").and_then(|log| text(log, "logDriver")) == Some("awslogs") {
        let path = format!("{path}/logConfiguration");
        let message = format!(
            "{} is `awslogs`, and `executionRoleArn` is missing; Fargate requires an execution role to send logs",
            report.name(&format!("{path}/logDriver"))
        );
        report.error(path, message);
    }
}

/// `123456789012.dkr.ecr.eu-central-1.amazonaws.com/web:1`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
fn private_ecr(image: &str) -> bool {
    let Some((registry, _)) = image.split_once('/') else { return false };
    let Some((account, rest)) = registry.split_once(".dkr.ecr.") else { return false };
    account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && (rest.ends_with(".amazonaws.com") || rest.ends_with(".amazonaws.com.cn"))
}
