//! What CreateService and UpdateService refuse, with AWS's codes and, where they are recorded, its messages.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>

use serde_json::Value;

use super::task_definitions::TaskDefinition;
use super::{AwsError, Members, State, services, text};

type Checked = Result<(), AwsError>;

/// Fargate's platform versions on Linux, newest first:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html>.
const PLATFORM_VERSIONS: [&str; 6] = ["LATEST", "1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"];

impl State {
    /// What the document alone shows.
    pub(super) fn check_new_service(&self, input: &Members) -> Checked {
        let name = text(input, "serviceName").unwrap_or_default();
        // "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed."
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 255 || !name.chars().all(fits) {
            return Err(AwsError::parameter("Invalid service name: it has 1 to 255 letters, numbers, underscores and hyphens."));
        }
        // "Up to 36 ASCII characters in the range of 33-126 (inclusive) are allowed."
        let token = text(input, "clientToken").unwrap_or("token");
        if token.is_empty() || token.len() > 36 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
            return Err(AwsError::parameter("clientToken has 1 to 36 ASCII characters in the range of 33-126."));
        }
        let daemon = text(input, "schedulingStrategy") == Some("DAEMON");
        self.check_count(input, daemon)?;
        if !daemon && !input.contains_key("desiredCount") {
            // "desiredCount is required if schedulingStrategy is REPLICA or isn't specified."
            return Err(AwsError::parameter("The REPLICA scheduling strategy requires a desired count."));
        }
        let controller = input.get("deploymentController").and_then(|controller| controller["type"].as_str());
        match controller.unwrap_or("ECS") {
            "ECS" => {}
            "EXTERNAL" if input.contains_key("networkConfiguration") => {
                return Err(AwsError::parameter(
                    "NetworkConfiguration must be null when using an EXTERNAL deployment controller.",
                ));
            }
            other => {
                let message = format!("This simulator has no deployment controller {other}; see its README.");
                return Err(AwsError::new("UnsupportedFeatureException", message));
            }
        }
        let strategy = input.get("deploymentConfiguration").and_then(|configuration| configuration["strategy"].as_str());
        if let Some(other) = strategy.filter(|strategy| *strategy != "ROLLING") {
            let message = format!("This simulator has no deployment strategy {other}; see its README.");
            return Err(AwsError::new("UnsupportedFeatureException", message));
        }
        if !input.contains_key("taskDefinition") {
            return Err(AwsError::parameter("TaskDefinition can not be blank."));
        }
        let providers = input.get("capacityProviderStrategy").and_then(Value::as_array).is_some_and(|items| !items.is_empty());
        if providers && input.contains_key("launchType") {
            return Err(AwsError::parameter(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
            ));
        }
        Ok(())
    }

    /// A desired count that may be sent.
    pub(super) fn check_count(&self, input: &Members, daemon: bool) -> Result<Option<u32>, AwsError> {
        let Some(count) = input.get("desiredCount") else { return Ok(None) };
        if daemon {
            return Err(AwsError::parameter(
                "The daemon scheduling strategy does not support a desired count for services. Remove the desired count \
                 value and try again.",
            ));
        }
        match count.as_i64().and_then(|count| u32::try_from(count).ok()) {
            // "Tasks per service: 5,000": <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
            Some(count) if count <= 5000 => Ok(Some(count)),
            _ => Err(AwsError::parameter("Invalid desired count: it is between 0 and 5000.")),
        }
    }

    /// What the service and its task definition show together. With `update`, only what was sent is looked at where
    /// the rest was accepted before.
    pub(super) fn check_service_with(&self, members: &Members, definition: &TaskDefinition, update: Option<&Members>) -> Checked {
        let fargate = services::on_fargate(members);
        launch(members, definition, fargate, update)?;
        network(members, definition)?;
        load_balancers(members, definition)?;
        registries(members)?;
        percents(members)?;
        let awsvpc = definition.network_mode() == "awsvpc";
        if members.contains_key("role") && (awsvpc || balancers(members).is_empty()) {
            // "If your service doesn't use the awsvpc network mode" and "only permitted if you are using a load balancer".
            return Err(AwsError::parameter("You cannot specify an IAM role for services that require a service linked role."));
        }
        for (list, most) in [("placementConstraints", 10), ("placementStrategy", 5)] {
            let items = members.get(list).and_then(Value::as_array).map_or(0, Vec::len);
            if items > 0 && fargate {
                let what = if list == "placementStrategy" { "Placement strategies" } else { "Placement constraints" };
                return Err(AwsError::parameter(format!("{what} are not supported with FARGATE launch type.")));
            }
            if items > most {
                return Err(AwsError::parameter(format!("{list} has at most {most} entries.")));
            }
        }
        let grace = members.get("healthCheckGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
        if !(0..=2_147_483_647).contains(&grace) {
            return Err(AwsError::parameter("Invalid health check grace period."));
        }
        volumes(members, definition)
    }
}

/// Whether the launch type, the platform version and the task definition go together.
pub(super) fn launch(members: &Members, definition: &TaskDefinition, fargate: bool, update: Option<&Members>) -> Checked {
    if let Some(version) = text(update.unwrap_or(members), "platformVersion") {
        if !fargate {
            return Err(AwsError::parameter("The platform version must be null when specifying an EC2 launch type."));
        }
        if !PLATFORM_VERSIONS.contains(&version) {
            return Err(AwsError::new("PlatformUnknownException", "The specified platform version does not exist."));
        }
        let old = !matches!(version, "LATEST" | "1.4.0");
        let efs = definition.content.get("volumes").and_then(Value::as_array).into_iter().flatten();
        // EFS volumes and larger ephemeral storage need 1.4.0 or later: platform-linux-fargate.html.
        let needs = efs.into_iter().any(|volume| volume.get("efsVolumeConfiguration").is_some())
            || definition.content.contains_key("ephemeralStorage");
        if old && needs {
            return Err(AwsError::new(
                "PlatformTaskDefinitionIncompatibilityException",
                "One or more of the requested capabilities are not supported.",
            ));
        }
    }
    if fargate && !definition.compatibilities().contains(&"FARGATE") {
        return Err(AwsError::parameter("Task definition does not support launch_type FARGATE."));
    }
    let requires = definition.content.get("requiresCompatibilities").and_then(Value::as_array);
    let only_fargate = requires.is_some_and(|list| !list.is_empty() && list.iter().all(|kind| kind == "FARGATE"));
    if text(members, "launchType").unwrap_or("EC2") == "EC2" && only_fargate && !fargate && update.is_none() {
        let providers = members.get("capacityProviderStrategy").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if !providers {
            return Err(AwsError::parameter("Task definition does not support launch_type EC2."));
        }
    }
    Ok(())
}

/// Whether the network configuration is there for `awsvpc`, and only there.
pub(super) fn network(members: &Members, definition: &TaskDefinition) -> Checked {
    let vpc = members.get("networkConfiguration").map(|network| &network["awsvpcConfiguration"]).filter(|vpc| !vpc.is_null());
    match (definition.network_mode(), vpc) {
        ("awsvpc", None) => {
            Err(AwsError::parameter("Network Configuration must be provided when networkMode 'awsvpc' is specified."))
        }
        ("awsvpc", Some(vpc)) => {
            let count = |key: &str| vpc[key].as_array().map_or(0, Vec::len);
            if count("subnets") == 0 {
                return Err(AwsError::parameter("subnets can not be empty."));
            }
            // "There's a limit of 16 subnets" and "of 5 security groups": API_AwsVpcConfiguration.html.
            if count("subnets") > 16 || count("securityGroups") > 5 {
                return Err(AwsError::parameter("awsvpcConfiguration has at most 16 subnets and 5 security groups."));
            }
            Ok(())
        }
        (_, Some(_)) => {
            Err(AwsError::parameter("Network Configuration is not valid for the given networkMode of this task definition."))
        }
        (_, None) => Ok(()),
    }
}

fn balancers(members: &Members) -> &[Value] {
    members.get("loadBalancers").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A target group's ARN:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html>.
fn is_target_group(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6
        && parts[0] == "arn"
        && parts[2] == "elasticloadbalancing"
        && parts[4].len() == 12
        && parts[4].bytes().all(|byte| byte.is_ascii_digit())
        && parts[5].starts_with("targetgroup/")
}

fn load_balancers(members: &Members, definition: &TaskDefinition) -> Checked {
    let list = balancers(members);
    // "Maximum number of target groups for a service: 5": service-quotas.html.
    if list.len() > 5 {
        return Err(AwsError::parameter("load balancers can have at most 5 items."));
    }
    for balancer in list {
        let group = balancer["targetGroupArn"].as_str();
        if group.is_none() == balancer["loadBalancerName"].is_null() {
            return Err(AwsError::parameter("Either a targetGroupArn or a loadBalancerName is needed, and not both."));
        }
        if let Some(arn) = group.filter(|arn| !is_target_group(arn)) {
            return Err(AwsError::parameter(format!("The target group with targetGroupArn {arn} does not exist.")));
        }
        let name = balancer["containerName"].as_str().unwrap_or_default();
        let Some(container) = definition.containers().find(|container| container["name"] == name) else {
            return Err(AwsError::parameter(format!("The container {name} does not exist in the task definition.")));
        };
        let port = &balancer["containerPort"];
        let ports = container["portMappings"].as_array().into_iter().flatten();
        let in_range = |mapping: &Value| {
            let range = mapping["containerPortRange"].as_str().and_then(|range| range.split_once('-'));
            let bound = |text: &str| text.parse::<u64>().ok();
            range.is_some_and(|(low, high)| port.as_u64() >= bound(low) && port.as_u64() <= bound(high))
        };
        if !ports.into_iter().any(|mapping| mapping["containerPort"] == *port || in_range(mapping)) {
            return Err(AwsError::parameter(format!("The container {name} did not have a container port {port} defined.")));
        }
    }
    Ok(())
}

fn registries(members: &Members) -> Checked {
    // "Each service may be associated with one service registry.": API_CreateService.html.
    match members.get("serviceRegistries").and_then(Value::as_array) {
        Some(list) if list.len() > 1 => Err(AwsError::parameter("serviceRegistries can have at most 1 item.")),
        _ => Ok(()),
    }
}

fn percents(members: &Members) -> Checked {
    let Some(configuration) = members.get("deploymentConfiguration") else { return Ok(()) };
    let breaker = &configuration["deploymentCircuitBreaker"];
    if breaker["rollback"] == true && breaker["enable"] == false {
        return Err(AwsError::parameter(
            "Invalid deployment circuit breaker: rollback can only be enabled when the circuit breaker is enabled.",
        ));
    }
    let percent = |key: &str| configuration[key].as_i64();
    if percent("minimumHealthyPercent").is_some_and(|value| value < 0) || percent("maximumPercent").is_some_and(|value| value < 0)
    {
        return Err(AwsError::parameter("minimumHealthyPercent and maximumPercent cannot be negative."));
    }
    let daemon = text(members, "schedulingStrategy") == Some("DAEMON");
    // "The REPLICA ... maximumPercent": it has to exceed the minimum, else nothing could ever be replaced.
    match (percent("minimumHealthyPercent"), percent("maximumPercent")) {
        (Some(low), Some(high)) if !daemon && high < low => {
            Err(AwsError::parameter("maximumPercent must be greater than or equal to minimumHealthyPercent."))
        }
        _ => Ok(()),
    }
}

/// A configured volume has to be one that the task definition leaves to the launch.
fn volumes(members: &Members, definition: &TaskDefinition) -> Checked {
    let list = members.get("volumeConfigurations").and_then(Value::as_array).into_iter().flatten();
    let mut declared = definition.content.get("volumes").and_then(Value::as_array).into_iter().flatten();
    for volume in list {
        let name = &volume["name"];
        if !declared.any(|other| other["name"] == *name && other["configuredAtLaunch"] == true) {
            return Err(AwsError::parameter(format!(
                "The volume {name} is not configured at launch in the task definition {}.",
                definition.arn
            )));
        }
    }
    Ok(())
}
