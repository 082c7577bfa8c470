//! What containers, volumes and the proxy say of each other: every name has to exist, and dependencies end somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Report, did_you_mean, list, shown, structure, structures, text, unresolved};
use crate::desired::Document;

/// Checks every reference inside a task definition.
pub(super) fn check(report: &mut Report) {
    let document = report.document;
    let containers: BTreeMap<&str, &Document> = structures(document, "containerDefinitions")
        .filter_map(|(_, container)| Some((text(container, "name")?, container)))
        .collect();
    let volumes: BTreeSet<&str> = structures(document, "volumes").filter_map(|(_, volume)| text(volume, "name")).collect();
    for (index, container) in structures(document, "containerDefinitions") {
        let path = format!("/containerDefinitions/{index}");
        dependencies(report, container, &path, &containers);
        // "The name of another container within the same task definition to mount volumes from." API_VolumeFrom.html
        for (index, from) in structures(container, "volumesFrom") {
            exists(
                report,
                text(from, "sourceContainer"),
                &format!("{path}/volumesFrom/{index}/sourceContainer"),
                "container",
                containers.keys().copied(),
            );
        }
        // "Must be a volume name referenced in the name parameter of task definition volume." API_MountPoint.html
        for (index, mount) in structures(container, "mountPoints") {
            exists(
                report,
                text(mount, "sourceVolume"),
                &format!("{path}/mountPoints/{index}/sourceVolume"),
                "volume",
                volumes.iter().copied(),
            );
        }
        // "the name of one container can be entered in the links of another container". API_ContainerDefinition.html
        for (index, link) in list(container, "links").iter().enumerate() {
            let name = link.as_str().map(|link| link.split(':').next().unwrap_or(link));
            exists(report, name, &format!("{path}/links/{index}"), "container", containers.keys().copied());
        }
    }
    // "The name of the container that will serve as the App Mesh proxy." API_ProxyConfiguration.html
    let proxy = structure(document, "proxyConfiguration").and_then(|proxy| text(proxy, "containerName"));
    exists(report, proxy, "/proxyConfiguration/containerName", "container", containers.keys().copied());
    cycle(report, &containers);
}

/// One error when `name` is not among `known`.
pub(super) fn exists<'k>(
    report: &mut Report,
    name: Option<&str>,
    path: &str,
    what: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) {
    let Some(name) = name.filter(|name| !name.is_empty() && !unresolved(name)) else { return };
    if known.clone().into_iter().any(|known| known == name) || report.refused(path) {
        return;
    }
    let near = did_you_mean(name, known);
    let message =
        format!("{} names the {what} {}, which the task definition does not have{near}", report.name(path), shown(name));
    report.error(path, message);
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>
fn dependencies(report: &mut Report, container: &Document, path: &str, containers: &BTreeMap<&str, &Document>) {
    for (index, dependency) in structures(container, "dependsOn") {
        let path = format!("{path}/dependsOn/{index}");
        let name = text(dependency, "containerName");
        exists(report, name, &format!("{path}/containerName"), "container", containers.keys().copied());
        let Some((name, other)) = name.and_then(|name| containers.get_key_value(name)) else { continue };
        match text(dependency, "condition") {
            // "This requires that the dependent container has health checks configured."
            Some("HEALTHY") if !other.contains_key("healthCheck") => {
                let message = format!(
                    "{} waits for `{name}` to be HEALTHY, and `{name}` has no `healthCheck`; AWS requires one",
                    report.name(&path)
                );
                report.error(format!("{path}/condition"), message);
            }
            // "This condition can't be set on an essential container", and essential is the default.
            Some(condition @ ("COMPLETE" | "SUCCESS")) if other.get("essential") != Some(&serde_json::Value::Bool(false)) => {
                let message = format!(
                    "{} waits for `{name}` to end ({condition}), and `{name}` is essential; AWS requires `essential: false` there",
                    report.name(&path)
                );
                report.error(format!("{path}/condition"), message);
            }
            _ => {}
        }
    }
}

/// A circle of `dependsOn` can never start.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_dependson>
fn cycle(report: &mut Report, containers: &BTreeMap<&str, &Document>) {
    let after = |name: &str| -> Vec<&str> {
        let Some(container) = containers.get(name) else { return Vec::new() };
        structures(container, "dependsOn").filter_map(|(_, dependency)| text(dependency, "containerName")).collect()
    };
    let mut settled = BTreeSet::new();
    for (index, container) in structures(report.document, "containerDefinitions") {
        let Some(start) = text(container, "name") else { continue };
        // Depth first, with the path that led here, and what is left to look at in each of its steps.
        let mut trail: Vec<(&str, Vec<&str>)> = vec![(start, after(start))];
        while let Some((name, rest)) = trail.last_mut() {
            let name = *name;
            match rest.pop() {
                None => {
                    settled.insert(name);
                    trail.pop();
                }
                Some(next) if settled.contains(next) => {}
                Some(next) => match trail.iter().position(|(name, _)| *name == next) {
                    Some(first) => {
                        let circle: Vec<&str> = trail[first..].iter().map(|(name, _)| *name).chain([next]).collect();
                        let message = format!("containers wait for each other: {}; AWS accepts no circle", circle.join(" → "));
                        return report.error(format!("/containerDefinitions/{index}/dependsOn"), message);
                    }
                    None => trail.push((next, after(next))),
                },
            }
        }
    }
}
