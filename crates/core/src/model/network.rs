//! Rules of the network modes, and of port mappings.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>

use std::collections::BTreeSet;

use super::report::{Report, list, number, shown, structures, text, unresolved};
use crate::desired::Document;

/// Checks every container against the task definition's network mode.
pub(super) fn check(report: &mut Report) {
    let document = report.document;
    let mode = text(document, "networkMode");
    let mut named = BTreeSet::new();
    for (index, container) in structures(document, "containerDefinitions") {
        let path = format!("/containerDefinitions/{index}");
        members(report, container, &path, mode);
        // "If the network mode of a task definition is set to none, then you can't specify port mappings." API_ContainerDefinition.html
        if mode == Some("none") && !list(container, "portMappings").is_empty() {
            let path = format!("{path}/portMappings");
            let message = format!("{} are given; with networkMode `none` AWS accepts no port mappings", report.name(&path));
            report.error(path, message);
        }
        let mut seen = BTreeSet::new();
        for (index, mapping) in structures(container, "portMappings") {
            let path = format!("{path}/portMappings/{index}");
            ports(report, mapping, &path, mode);
            if let Some(name) = text(mapping, "name").filter(|name| !name.is_empty()) {
                port_name(report, name, &format!("{path}/name"));
                if !named.insert(name) {
                    let message = format!("{}: the port name `{name}` is given twice in the task definition", report.name(&path));
                    report.warn(format!("{path}/name"), message);
                }
            }
            // "This parameter only applies to Service Connect", which finds ports by name; the API takes it without one.
            if mapping.contains_key("appProtocol") && !mapping.contains_key("name") {
                let message = format!(
                    "{} has no effect without a `name`: only Service Connect uses it, by the port's name",
                    report.name(&format!("{path}/appProtocol"))
                );
                report.warn(format!("{path}/appProtocol"), message);
            }
            // "You can't expose the same container port for multiple protocols. If you attempt this, an error is
            // returned", says the reference; DNS servers do it all the same, so only a warning.
            if let Some(port) = number(mapping, "containerPort").filter(|port| !seen.insert(*port)) {
                let message = format!(
                    "{}: the container's port {port} is mapped twice; AWS's reference does not allow it",
                    report.name(&path)
                );
                report.warn(format!("{path}/containerPort"), message);
            }
        }
    }
}

/// Members that a network mode rules out. API_ContainerDefinition.html
fn members(report: &mut Report, container: &Document, path: &str, mode: Option<&str>) {
    // "This parameter is only supported if the network mode of a task definition is bridge", the default.
    if let Some(mode @ ("host" | "awsvpc" | "none")) = mode
        && !list(container, "links").is_empty()
    {
        let path = format!("{path}/links");
        let message = format!(
            "{} work with networkMode `bridge` only, and it is {}; containers of one task reach each other at localhost",
            report.name(&path),
            shown(mode)
        );
        report.error(path, message);
    }
    if mode != Some("awsvpc") {
        return;
    }
    // "The hostname parameter is not supported if you're using the awsvpc network mode."
    if text(container, "hostname").is_some_and(|hostname| !hostname.is_empty()) {
        let path = format!("{path}/hostname");
        let message = format!("{} is not accepted with networkMode `awsvpc`: remove it", report.name(&path));
        report.error(path, message);
    }
    // "This parameter isn't supported for Windows containers or tasks that use the awsvpc network mode."
    if !list(container, "extraHosts").is_empty() {
        let path = format!("{path}/extraHosts");
        let message = format!("{} are not accepted with networkMode `awsvpc`: remove them", report.name(&path));
        report.error(path, message);
    }
}

fn ports(report: &mut Report, mapping: &Document, path: &str, mode: Option<&str>) {
    let (container, host) = (number(mapping, "containerPort"), number(mapping, "hostPort"));
    let range = text(mapping, "containerPortRange");
    for (member, port, least) in [("containerPort", container, 1), ("hostPort", host, 0)] {
        if let Some(port) = port.filter(|port| !(least..=65_535).contains(port)) {
            let path = format!("{path}/{member}");
            let message = format!("{} is {port}; a port is {least} to 65535", report.name(&path));
            report.error(path, message);
        }
    }
    // "Invalid 'containerPort' setting for container" is AWS's answer.
    if container.is_none() && range.is_none() && !report.refused(&format!("{path}/containerPort")) {
        let message = format!("{} has neither `containerPort` nor `containerPortRange`; AWS requires one", report.name(path));
        report.error(path, message);
    }
    // "If you use containers in a task with the awsvpc or host network mode, the hostPort can either be left blank or set
    // to the same value as the containerPort."
    if let (Some(mode @ ("awsvpc" | "host")), Some(container), Some(host)) = (mode, container, host)
        && host != container
    {
        let place = format!("{path}/hostPort");
        let message = format!(
            "{} is {host}, and `containerPort` is {container}; with networkMode `{mode}` AWS accepts the same port, or none",
            report.name(&place)
        );
        if host == 0 { report.warn(place, message) } else { report.error(place, message) }
    }
    if let Some(range) = range.filter(|range| !unresolved(range)) {
        port_range(report, mapping, path, range, mode);
    }
}

/// "The containerPortRange valid values are between 1 and 65535. The first port in the range must be less than last
/// port in the range"; "if you specify a containerPortRange, leave [hostPort] empty"; "you must use either the bridge
/// network mode or the awsvpc network mode".
fn port_range(report: &mut Report, mapping: &Document, path: &str, range: &str, mode: Option<&str>) {
    let place = format!("{path}/containerPortRange");
    if bounds(range).is_none() {
        let message =
            format!("{} is {}; AWS accepts first-last, as 8000-8010, within 1 to 65535", report.name(&place), shown(range));
        report.error(place.clone(), message);
    }
    if mapping.contains_key("hostPort") {
        let message = format!(
            "{} stands beside a `containerPortRange`; AWS requires it to be left out there",
            report.name(&format!("{path}/hostPort"))
        );
        report.error(format!("{path}/hostPort"), message);
    }
    if let Some(mode @ ("host" | "none")) = mode {
        let message = format!("{} works with networkMode `bridge` or `awsvpc`, and it is `{mode}`", report.name(&place));
        report.error(place, message);
    }
}

/// The first and the last port of `8000-8010`.
pub(super) fn bounds(range: &str) -> Option<(i64, i64)> {
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (1 <= first && first < last && last <= 65_535).then_some((first, last))
}

/// "The name can include up to 64 characters. The characters can include lowercase letters, numbers, underscores (_),
/// and hyphens (-). The name can't start with a hyphen." Also of Service Connect's discovery names.
pub(super) fn port_name(report: &mut Report, name: &str, path: &str) {
    let fits = name.len() <= 64
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    if !fits && !unresolved(name) {
        let message = format!(
            "{} is {}; AWS accepts up to 64 small letters, digits, underscores and hyphens, no hyphen first",
            report.name(path),
            shown(name)
        );
        report.error(path, message);
    }
}
