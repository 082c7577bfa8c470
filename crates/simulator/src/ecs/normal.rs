//! The normal forms that AWS brings a service's members into as it takes them: what DescribeServices then shows, and what
//! the same words sent again are compared with.

use serde_json::Value;

use super::Members;
use super::names::Names;

impl Names {
    /// Brings the members of CreateService or UpdateService into their normal form. A second time changes nothing.
    pub(super) fn normalise(&self, members: &mut Members) {
        if let Some(Value::Array(strategies)) = members.get_mut("placementStrategy") {
            strategies.iter_mut().for_each(placement);
        }
        if let Some(Value::Object(connect)) = members.get_mut("serviceConnectConfiguration") {
            self.connect(connect);
        }
    }

    /// A namespace given by its name is shown as an ARN, and the names that follow from it are filled in. "If this
    /// parameter isn't specified, the default value of `discoveryName.namespace` is used. If the `discoveryName` isn't
    /// specified, the port mapping name from the task definition is used in `portName.namespace`":
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectClientAlias.html>. The ARN:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/create-service-connect.html>.
    fn connect(&self, connect: &mut Members) {
        let Some(given) = connect.get("namespace").and_then(Value::as_str).map(str::to_string) else { return };
        // What stands in an ARN is an id, from which the name no longer follows.
        let name = (!given.starts_with("arn:")).then_some(given);
        for service in connect.get_mut("services").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(service) = service.as_object_mut() else { continue };
            let Some(port) = service.get("portName").cloned() else { continue };
            let discovery = service.entry("discoveryName").or_insert(port).as_str().unwrap_or_default().to_string();
            let aliases = service.get_mut("clientAliases").and_then(Value::as_array_mut).into_iter().flatten();
            for (alias, namespace) in aliases.filter_map(|alias| Some((alias.as_object_mut()?, name.as_ref()?))) {
                alias.entry("dnsName").or_insert_with(|| format!("{discovery}.{namespace}").into());
            }
        }
        if let Some(name) = name {
            connect.insert("namespace".into(), self.namespace(&name).into());
        }
    }

    /// The ARN of a Cloud Map namespace: always the same for the same name.
    fn namespace(&self, name: &str) -> String {
        let number =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("arn:aws:servicediscovery:{}:{}:namespace/ns-{number:016x}", self.region, self.account)
    }
}

/// "`instanceId` (or `host`, which has the same effect)":
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html>; `cpu` and `memory` come back in
/// capitals: <https://github.com/aws/amazon-ecs-cli/issues/586>, and `flattenPlacementStrategy` of
/// <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go>.
fn placement(strategy: &mut Value) {
    let shown = match strategy["field"].as_str() {
        Some(field) if field.eq_ignore_ascii_case("host") => "instanceId".to_string(),
        Some(field) if ["cpu", "memory"].iter().any(|known| field.eq_ignore_ascii_case(known)) => field.to_ascii_uppercase(),
        _ => return,
    };
    strategy["field"] = shown.into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_become_what_aws_shows_for_them_and_stay_so() {
        let names = Names { account: "123456789012".into(), region: "eu-central-1".into() };
        let sent = json!({
            "placementStrategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "memory"},
                {"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "random"}],
            "serviceConnectConfiguration": {"enabled": true, "namespace": "shop",
                "services": [{"portName": "http", "clientAliases": [{"port": 80}]},
                             {"portName": "admin", "discoveryName": "ops", "clientAliases": [{"port": 81, "dnsName": "ops"}]}]},
        });
        let mut members = sent.as_object().cloned().unwrap();
        names.normalise(&mut members);
        let fields: Vec<&Value> = members["placementStrategy"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
        assert_eq!(fields, [&json!("instanceId"), &json!("MEMORY"), &json!("attribute:ecs.availability-zone"), &Value::Null]);
        let connect = &members["serviceConnectConfiguration"];
        assert!(
            connect["namespace"]
                .as_str()
                .unwrap()
                .starts_with("arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-")
        );
        assert_eq!(connect["services"][0]["discoveryName"], "http");
        assert_eq!(connect["services"][0]["clientAliases"], json!([{"port": 80, "dnsName": "http.shop"}]));
        assert_eq!(connect["services"][1]["clientAliases"], json!([{"port": 81, "dnsName": "ops"}]));
        let once = members.clone();
        names.normalise(&mut members);
        assert_eq!(members, once);
    }
}
