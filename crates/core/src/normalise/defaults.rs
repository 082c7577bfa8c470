//! AWS's documented defaults: what an undeclared member means, and what an absent one in an answer equals.
//!
//! A row holds only under its condition. Members whose default depends on settings of the account or the cluster
//! (`availabilityZoneRebalancing`, `launchType` and `capacityProviderStrategy`, a volume's encryption) have none.

use serde_json::{Map, Value, json};

use super::{Setting, Subject};

/// A default's value.
#[derive(Debug, Clone, Copy)]
enum Is {
    Flag(bool),
    Number(i64),
    Text(&'static str),
    /// The value of another member of the same object.
    Sibling(&'static str),
    /// `[]`.
    Empty,
}

/// When a default holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Network mode `awsvpc` or `host`.
    HostPorts,
    /// Any other network mode.
    Bridged,
    /// On Fargate.
    Fargate,
    /// Not on Fargate.
    Instances,
    /// The service has a load balancer.
    LoadBalancer,
    /// The scheduling strategy is REPLICA.
    Replica,
    /// The scheduling strategy is DAEMON.
    Daemon,
}

struct Row {
    pattern: &'static str,
    is: Is,
    when: When,
    /// The page of AWS's documentation, under <https://docs.aws.amazon.com/AmazonECS/latest/>.
    #[allow(dead_code)]
    source: &'static str,
}

const fn row(pattern: &'static str, is: Is, when: When, source: &'static str) -> Row {
    Row { pattern, is, when, source }
}

use Is::{Empty, Flag, Number, Sibling, Text};
use When::{Always, Bridged, Daemon, Fargate, HostPorts, Instances, LoadBalancer, Replica};

const CONTAINER: &str = "APIReference/API_ContainerDefinition.html";
const PARAMETERS: &str = "developerguide/task_definition_parameters.html";
const PORT: &str = "APIReference/API_PortMapping.html";
const HEALTH: &str = "APIReference/API_HealthCheck.html";
const RESTART: &str = "APIReference/API_ContainerRestartPolicy.html";
const VOLUME: &str = "APIReference/API_DockerVolumeConfiguration.html";
const EFS: &str = "APIReference/API_EFSVolumeConfiguration.html";

const TASK_DEFINITION: &[Row] = &[
    // "If no network mode is specified, the default is bridge"; Fargate takes no other than awsvpc.
    row("networkMode", Text("bridge"), Instances, "APIReference/API_RegisterTaskDefinition.html"),
    row("networkMode", Text("awsvpc"), Fargate, "APIReference/API_RegisterTaskDefinition.html"),
    row("enableFaultInjection", Flag(false), Always, "APIReference/API_RegisterTaskDefinition.html"),
    // "Default: LINUX", "Default: X86_64", for Fargate.
    row("runtimePlatform/operatingSystemFamily", Text("LINUX"), Always, PARAMETERS),
    row("runtimePlatform/cpuArchitecture", Text("X86_64"), Always, PARAMETERS),
    row("containerDefinitions/*/essential", Flag(true), Always, CONTAINER),
    // Answers hold 0 where nothing was reserved.
    row("containerDefinitions/*/cpu", Number(0), Always, CONTAINER),
    row("containerDefinitions/*/privileged", Flag(false), Always, PARAMETERS),
    row("containerDefinitions/*/readonlyRootFilesystem", Flag(false), Always, PARAMETERS),
    row("containerDefinitions/*/disableNetworking", Flag(false), Always, PARAMETERS),
    row("containerDefinitions/*/interactive", Flag(false), Always, PARAMETERS),
    row("containerDefinitions/*/pseudoTerminal", Flag(false), Always, PARAMETERS),
    // "By default, the value is enabled."
    row("containerDefinitions/*/versionConsistency", Text("enabled"), Always, CONTAINER),
    row("containerDefinitions/*/portMappings/*/protocol", Text("tcp"), Always, PORT),
    // With awsvpc and host an omitted host port is the container's; with bridge "you can omit the hostPort (or set it to 0)".
    row("containerDefinitions/*/portMappings/*/hostPort", Sibling("containerPort"), HostPorts, PORT),
    row("containerDefinitions/*/portMappings/*/hostPort", Number(0), Bridged, PORT),
    row("containerDefinitions/*/mountPoints/*/readOnly", Flag(false), Always, "APIReference/API_MountPoint.html"),
    row("containerDefinitions/*/volumesFrom/*/readOnly", Flag(false), Always, "APIReference/API_VolumeFrom.html"),
    row("containerDefinitions/*/healthCheck/interval", Number(30), Always, HEALTH),
    row("containerDefinitions/*/healthCheck/timeout", Number(5), Always, HEALTH),
    row("containerDefinitions/*/healthCheck/retries", Number(3), Always, HEALTH),
    // "By default, the startPeriod is off."
    row("containerDefinitions/*/healthCheck/startPeriod", Number(0), Always, HEALTH),
    row("containerDefinitions/*/restartPolicy/enabled", Flag(false), Always, RESTART),
    row("containerDefinitions/*/restartPolicy/restartAttemptPeriod", Number(300), Always, RESTART),
    row(
        "containerDefinitions/*/linuxParameters/initProcessEnabled",
        Flag(false),
        Always,
        "APIReference/API_LinuxParameters.html",
    ),
    row("volumes/*/configuredAtLaunch", Flag(false), Always, "APIReference/API_Volume.html"),
    row("volumes/*/dockerVolumeConfiguration/scope", Text("task"), Always, VOLUME),
    row("volumes/*/dockerVolumeConfiguration/autoprovision", Flag(false), Always, VOLUME),
    row("volumes/*/dockerVolumeConfiguration/driver", Text("local"), Always, VOLUME),
    row("volumes/*/efsVolumeConfiguration/rootDirectory", Text("/"), Always, EFS),
    row("volumes/*/efsVolumeConfiguration/transitEncryption", Text("DISABLED"), Always, EFS),
    row(
        "volumes/*/efsVolumeConfiguration/authorizationConfig/iam",
        Text("DISABLED"),
        Always,
        "APIReference/API_EFSAuthorizationConfig.html",
    ),
];

const SERVICE_PAGE: &str = "APIReference/API_CreateService.html";
const UPDATE: &str = "APIReference/API_UpdateService.html";
const DEPLOYMENT: &str = "APIReference/API_DeploymentConfiguration.html";
const BREAKER: &str = "APIReference/API_DeploymentCircuitBreaker.html";
const ALARMS: &str = "APIReference/API_DeploymentAlarms.html";
const PROVIDER: &str = "APIReference/API_CapacityProviderStrategyItem.html";

const SERVICE: &[Row] = &[
    row("schedulingStrategy", Text("REPLICA"), Always, SERVICE_PAGE),
    row("deploymentController/type", Text("ECS"), Always, SERVICE_PAGE),
    row("deploymentConfiguration/strategy", Text("ROLLING"), Always, DEPLOYMENT),
    // For daemons "0% for the CLI, the AWS SDKs, and the APIs", and 50% in the console; their maximum is 100%.
    row("deploymentConfiguration/maximumPercent", Number(200), Replica, DEPLOYMENT),
    row("deploymentConfiguration/minimumHealthyPercent", Number(100), Replica, DEPLOYMENT),
    row("deploymentConfiguration/maximumPercent", Number(100), Daemon, DEPLOYMENT),
    row("deploymentConfiguration/minimumHealthyPercent", Number(0), Daemon, DEPLOYMENT),
    row("deploymentConfiguration/bakeTimeInMinutes", Number(0), Always, DEPLOYMENT),
    row("deploymentConfiguration/lifecycleHooks", Empty, Always, DEPLOYMENT),
    row("deploymentConfiguration/deploymentCircuitBreaker/enable", Flag(false), Always, BREAKER),
    row("deploymentConfiguration/deploymentCircuitBreaker/rollback", Flag(false), Always, BREAKER),
    row("deploymentConfiguration/alarms/alarmNames", Empty, Always, ALARMS),
    row("deploymentConfiguration/alarms/enable", Flag(false), Always, ALARMS),
    row("deploymentConfiguration/alarms/rollback", Flag(false), Always, ALARMS),
    // "If you don't specify a health check grace period value, the default value of 0 is used."
    row("healthCheckGracePeriodSeconds", Number(0), LoadBalancer, SERVICE_PAGE),
    row("platformVersion", Text("LATEST"), Fargate, SERVICE_PAGE),
    row("enableECSManagedTags", Flag(false), Always, SERVICE_PAGE),
    // "If no value is specified, the tags aren't propagated."
    row("propagateTags", Text("NONE"), Always, UPDATE),
    row("enableExecuteCommand", Flag(false), Always, SERVICE_PAGE),
    row(
        "networkConfiguration/awsvpcConfiguration/assignPublicIp",
        Text("DISABLED"),
        Always,
        "APIReference/API_AwsVpcConfiguration.html",
    ),
    row("capacityProviderStrategy/*/weight", Number(0), Always, PROVIDER),
    row("capacityProviderStrategy/*/base", Number(0), Always, PROVIDER),
    // "You can remove existing ... by passing an empty list."
    row("placementConstraints", Empty, Always, UPDATE),
    row("placementStrategy", Empty, Always, UPDATE),
    row("loadBalancers", Empty, Always, UPDATE),
    row("serviceRegistries", Empty, Always, UPDATE),
    row("volumeConfigurations", Empty, Always, UPDATE),
    row("vpcLatticeConfigurations", Empty, Always, UPDATE),
    row("serviceConnectConfiguration/enabled", Flag(false), Always, "APIReference/API_ServiceConnectConfiguration.html"),
    // Without a discovery name "the port mapping name from the task definition is used".
    row(
        "serviceConnectConfiguration/services/*/discoveryName",
        Sibling("portName"),
        Always,
        "APIReference/API_ServiceConnectService.html",
    ),
    row(
        "serviceConnectConfiguration/accessLogConfiguration/includeQueryParameters",
        Text("DISABLED"),
        Always,
        "APIReference/API_ServiceConnectAccessLogConfiguration.html",
    ),
    row(
        "volumeConfigurations/*/managedEBSVolume/filesystemType",
        Text("xfs"),
        Always,
        "APIReference/API_ServiceManagedEBSVolumeConfiguration.html",
    ),
];

/// What the member at `pattern` of `parent` means when it is left out; None: no documented default.
pub(super) fn default(subject: Subject, pattern: &str, parent: &Map<String, Value>, setting: &Setting) -> Option<Value> {
    let table = match subject {
        Subject::TaskDefinition => TASK_DEFINITION,
        Subject::Service => SERVICE,
    };
    let row = table.iter().find(|row| row.pattern == pattern && holds(row.when, setting))?;
    Some(match row.is {
        Flag(flag) => json!(flag),
        Number(number) => json!(number),
        Text(text) => json!(text),
        Empty => json!([]),
        Sibling(name) => parent.get(name)?.clone(),
    })
}

fn holds(when: When, setting: &Setting) -> bool {
    match when {
        When::Always => true,
        When::HostPorts => setting.host_ports,
        When::Bridged => !setting.host_ports,
        When::Fargate => setting.fargate,
        When::Instances => !setting.fargate,
        When::LoadBalancer => setting.load_balancer,
        When::Replica => !setting.daemon,
        When::Daemon => setting.daemon,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Operation, member_kind};

    #[test]
    fn every_row_is_a_member_that_the_model_knows() {
        for (table, operation) in [(TASK_DEFINITION, Operation::RegisterTaskDefinition), (SERVICE, Operation::CreateService)] {
            for row in table {
                assert!(member_kind(operation, row.pattern).is_some(), "{}", row.pattern);
                assert!(row.source.contains("/") && row.source.ends_with(".html"), "{}", row.pattern);
            }
        }
    }

    #[test]
    fn what_an_account_or_a_cluster_decides_has_no_row() {
        let fargate = Setting { fargate: true, load_balancer: true, ..Setting::default() };
        for pattern in ["availabilityZoneRebalancing", "launchType", "capacityProviderStrategy"] {
            assert_eq!(default(Subject::Service, pattern, &Map::new(), &fargate), None, "{pattern}");
        }
    }
}
