//! Which members are sets or keyed lists. All that stand in no row here are ordered.
//!
//! Rows are patterns: names from the top of the document, with `*` for a list's elements.

use serde_json::{Map, Value};

/// How the elements of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elements {
    /// Order counts.
    Ordered,
    /// Scalars in any order.
    Set,
    /// Objects in any order, told apart by these members. With a key that is there twice, order counts.
    Keyed(&'static [&'static str]),
}

use Elements::{Keyed, Set};

/// What AWS's reference describes as a collection without an order: names are unique in it, or it says "a list of".
/// Order counts in `command`, `entryPoint`, `dnsServers`, `dnsSearchDomains`, `extraHosts`, `environmentFiles` ("from top
/// to bottom"), `placementStrategy` (applied in turn), `links` and `lifecycleHooks`, which therefore have no row.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
const TASK_DEFINITION: &[(&str, Elements)] = &[
    ("containerDefinitions", Keyed(&["name"])),
    ("containerDefinitions/*/environment", Keyed(&["name"])),
    ("containerDefinitions/*/secrets", Keyed(&["name"])),
    // "The container port and the protocol" tell two mappings of one container apart. API_PortMapping.html
    ("containerDefinitions/*/portMappings", Keyed(&["containerPort", "containerPortRange", "protocol"])),
    ("containerDefinitions/*/mountPoints", Keyed(&["containerPath"])),
    ("containerDefinitions/*/volumesFrom", Keyed(&["sourceContainer"])),
    ("containerDefinitions/*/dependsOn", Keyed(&["containerName"])),
    ("containerDefinitions/*/ulimits", Keyed(&["name"])),
    ("containerDefinitions/*/systemControls", Keyed(&["namespace"])),
    ("containerDefinitions/*/resourceRequirements", Keyed(&["type"])),
    ("containerDefinitions/*/logConfiguration/secretOptions", Keyed(&["name"])),
    ("containerDefinitions/*/linuxParameters/capabilities/add", Set),
    ("containerDefinitions/*/linuxParameters/capabilities/drop", Set),
    ("containerDefinitions/*/linuxParameters/devices/*/permissions", Set),
    ("containerDefinitions/*/restartPolicy/ignoredExitCodes", Set),
    ("volumes", Keyed(&["name"])),
    ("requiresCompatibilities", Set),
    ("placementConstraints", Keyed(&["type", "expression"])),
    ("inferenceAccelerators", Keyed(&["deviceName"])),
    ("proxyConfiguration/properties", Keyed(&["name"])),
    ("tags", Keyed(&["key"])),
];

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
const SERVICE: &[(&str, Elements)] = &[
    ("loadBalancers", Keyed(&["targetGroupArn", "loadBalancerName", "containerName", "containerPort"])),
    ("serviceRegistries", Keyed(&["registryArn"])),
    ("capacityProviderStrategy", Keyed(&["capacityProvider"])),
    ("networkConfiguration/awsvpcConfiguration/subnets", Set),
    ("networkConfiguration/awsvpcConfiguration/securityGroups", Set),
    ("deploymentConfiguration/alarms/alarmNames", Set),
    ("deploymentConfiguration/lifecycleHooks/*/lifecycleStages", Set),
    ("placementConstraints", Keyed(&["type", "expression"])),
    ("serviceConnectConfiguration/services", Keyed(&["portName"])),
    // By the port alone: where no `dnsName` is declared, `discoveryName.namespace` is shown, and "the maximum number of client
    // aliases that you can have in this list is 1". API_ServiceConnectClientAlias.html, API_ServiceConnectService.html
    ("serviceConnectConfiguration/services/*/clientAliases", Keyed(&["port"])),
    ("serviceConnectConfiguration/logConfiguration/secretOptions", Keyed(&["name"])),
    ("volumeConfigurations", Keyed(&["name"])),
    ("volumeConfigurations/*/managedEBSVolume/tagSpecifications", Keyed(&["resourceType"])),
    ("volumeConfigurations/*/managedEBSVolume/tagSpecifications/*/tags", Keyed(&["key"])),
    ("vpcLatticeConfigurations", Keyed(&["targetGroupArn", "portName"])),
    ("tags", Keyed(&["key"])),
];

/// How the list at `pattern` is compared.
pub(crate) fn elements(subject: super::Subject, pattern: &str) -> Elements {
    let table = match subject {
        super::Subject::TaskDefinition => TASK_DEFINITION,
        super::Subject::Service => SERVICE,
    };
    table.iter().find(|(row, _)| *row == pattern).map_or(Elements::Ordered, |(_, elements)| *elements)
}

/// An element's key as people read it: `app`, `80`, `53:udp`. A member that has its default (`protocol: tcp`) is left out.
pub(super) fn key(element: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    let parts: Vec<String> = keys
        .iter()
        .filter_map(|name| match element.get(*name)? {
            Value::String(text) if *name == "protocol" && text == "tcp" => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(":"))
}

/// The elements by key; None where order counts.
pub(crate) fn keyed(list: &[Value], elements: Elements) -> Option<Vec<(String, &Map<String, Value>)>> {
    let Keyed(keys) = elements else { return None };
    let mut found: Vec<(String, &Map<String, Value>)> = Vec::with_capacity(list.len());
    for value in list {
        let element = value.as_object()?;
        let key = key(element, keys)?;
        if found.iter().any(|(other, _)| *other == key) {
            return None;
        }
        found.push((key, element));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MemberKind, Operation, member_kind};

    #[test]
    fn every_row_is_a_list_that_the_model_knows_and_has_the_members_of_its_key() {
        let tables = [(TASK_DEFINITION, Operation::RegisterTaskDefinition), (SERVICE, Operation::CreateService)];
        for (table, operation) in tables {
            for (pattern, elements) in table {
                assert_eq!(member_kind(operation, pattern), Some(MemberKind::List), "{pattern}");
                let keys = match elements {
                    Keyed(keys) => keys,
                    _ => continue,
                };
                for key in *keys {
                    assert_eq!(
                        member_kind(operation, &format!("{pattern}/*/{key}")),
                        Some(MemberKind::Scalar),
                        "{pattern} {key}"
                    );
                }
            }
        }
    }
}
