//! What only a service and its task definition together show.

use super::references::exists;
use super::report::{Report, list, listed, number, structure, structures, text};
use super::service::{controller, named_ports};
use super::{Finding, fargate, network};
use crate::desired::Document;

/// See [`super::check_together`].
pub(super) fn check(task: &Document, service: &Document) -> Vec<Finding> {
    let mut report = Report::new(service);
    // An external controller's task sets say all of this themselves.
    if controller(service) == "EXTERNAL" {
        return Vec::new();
    }
    mode(&mut report, task);
    launch(&mut report, task);
    ports(&mut report, task);
    volumes(&mut report, task);
    report.errors.into_iter().map(|finding| Finding { pointer: format!("/service{}", finding.pointer), ..finding }).collect()
}

/// "[networkConfiguration] is required for task definitions that use the awsvpc network mode to receive their own
/// elastic network interface, and it isn't supported for other network modes."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn mode(report: &mut Report, task: &Document) {
    let vpc = structure(report.document, "networkConfiguration").and_then(|network| structure(network, "awsvpcConfiguration"));
    let mode = text(task, "networkMode");
    // That `awsvpc` goes without it is said when the service is created: a service that is there has one already, which a
    // manifest need not repeat.
    if let (mode @ (None | Some("bridge" | "host" | "none")), Some(_)) = (mode, vpc) {
        let mode = mode.map_or("no networkMode, which means `bridge`".to_owned(), |mode| format!("networkMode `{mode}`"));
        let message =
            format!("`networkConfiguration` is given, and the task definition has {mode}; AWS accepts it with `awsvpc` only");
        report.error("/networkConfiguration", message);
    }
}

/// "Task definition does not support launch_type FARGATE": AWS validates every revision for every launch type when it
/// is registered, so what matters is whether Fargate could run it, not whether `requiresCompatibilities` names it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html#ECS-Type-TaskDefinition-compatibilities>
pub(super) fn launch(report: &mut Report, task: &Document) {
    let document = report.document;
    let provider = |name: &str| {
        structures(document, "capacityProviderStrategy").any(|(_, item)| text(item, "capacityProvider") == Some(name))
    };
    let (pointer, what) = match text(document, "launchType") {
        Some("FARGATE") => ("/launchType", "`launchType` is `FARGATE`"),
        None if provider("FARGATE") || provider("FARGATE_SPOT") => {
            ("/capacityProviderStrategy", "`capacityProviderStrategy` names Fargate")
        }
        _ => return,
    };
    // With FARGATE among them, the task definition's own check has said it already.
    if fargate::wanted(task) {
        return;
    }
    let mut alone = Report::new(task);
    fargate::task_level(&mut alone);
    if let Some(first) = alone.errors.first() {
        report.error(pointer, format!("{what}, and Fargate cannot run the task definition: {}", first.message));
    }
}

/// "The container name must be as it appears in a container definition"; "this port must correspond to a containerPort
/// in the task definition the tasks in the service are using."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRegistry.html>
fn ports(report: &mut Report, task: &Document) {
    let document = report.document;
    let containers: Vec<(&str, &Document)> = structures(task, "containerDefinitions")
        .filter_map(|(_, container)| Some((text(container, "name")?, container)))
        .collect();
    for member in ["loadBalancers", "serviceRegistries"] {
        for (index, element) in structures(document, member) {
            let path = format!("/{member}/{index}");
            let name = text(element, "containerName");
            exists(report, name, &format!("{path}/containerName"), "container", containers.iter().map(|(name, _)| *name));
            let Some((name, container)) = name.and_then(|name| containers.iter().find(|(other, _)| *other == name)) else {
                continue;
            };
            let Some(port) = number(element, "containerPort") else { continue };
            if !maps(container, port) {
                let mapped: Vec<String> = structures(container, "portMappings")
                    .filter_map(|(_, mapping)| {
                        number(mapping, "containerPort")
                            .map(|port| port.to_string())
                            .or(text(mapping, "containerPortRange").map(str::to_owned))
                    })
                    .collect();
                let message = format!(
                    "{} is {port}, which the container `{name}` does not map; its `portMappings` have {}",
                    report.name(&format!("{path}/containerPort")),
                    listed(mapped.iter().map(String::as_str))
                );
                report.error(format!("{path}/containerPort"), message);
            }
        }
    }
    // "The portName must match the name of one of the portMappings from all the containers in the task definition of this
    // Amazon ECS service." API_ServiceConnectService.html, API_VpcLatticeConfiguration.html
    let named: Vec<&str> = containers
        .iter()
        .flat_map(|(_, container)| structures(container, "portMappings").filter_map(|(_, mapping)| text(mapping, "name")))
        .collect();
    named_ports(report, &named);
}

fn maps(container: &Document, port: i64) -> bool {
    structures(container, "portMappings").any(|(_, mapping)| {
        number(mapping, "containerPort") == Some(port)
            || text(mapping, "containerPortRange")
                .and_then(network::bounds)
                .is_some_and(|(first, last)| (first..=last).contains(&port))
    })
}

/// "This value must match the volume name from the Volume object in the task definition."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceVolumeConfiguration.html>
fn volumes(report: &mut Report, task: &Document) {
    let known: Vec<&str> = structures(task, "volumes").filter_map(|(_, volume)| text(volume, "name")).collect();
    for (index, volume) in structures(report.document, "volumeConfigurations") {
        exists(report, text(volume, "name"), &format!("/volumeConfigurations/{index}/name"), "volume", known.iter().copied());
    }
    // "This limit includes constraints in the task definition and those specified at runtime": 10. API_CreateService.html
    let count = list(task, "placementConstraints").len() + list(report.document, "placementConstraints").len();
    if count > 10 && !report.refused("/placementConstraints") {
        report.error(
            "/placementConstraints",
            format!("there are {count} placement constraints with the task definition's; AWS accepts at most 10"),
        );
    }
}
