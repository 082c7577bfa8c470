//! Rules about a service: how it is scheduled, placed and reached.
//! Unless a rule says otherwise, its page is <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>.

use super::arn::Arn;
use super::containers::{log_options, range, word};
use super::network::port_name;
use super::references::exists;
use super::report::{Report, list, number, shown, structure, structures, text, unresolved};
use crate::desired::Document;

/// What only one task set has, not the service, when an external controller deploys: "you can specify only parameters
/// that aren't controlled at the task set level". "NetworkConfiguration must be null" is AWS's answer.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateTaskSet.html>
const OF_TASK_SETS: &[&str] =
    &["launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration", "loadBalancers", "serviceRegistries"];

/// Checks CreateService's document.
pub(super) fn check(report: &mut Report) {
    let document = report.document;
    names(report);
    range(report, Some(document), "", "desiredCount", 0, i64::from(i32::MAX), "tasks");
    range(report, Some(document), "", "healthCheckGracePeriodSeconds", 0, i64::from(i32::MAX), "seconds");
    scheduling(report);
    common(report);
    load_balancers(report);
    discovery(report);
}

/// What RunTask's document has in common with it.
pub(super) fn common(report: &mut Report) {
    launch(report);
    placement(report);
    network(report);
    volumes(report);
}

/// The type of the deployment controller; ECS is the default.
pub(super) fn controller(document: &Document) -> &str {
    structure(document, "deploymentController").and_then(|controller| text(controller, "type")).unwrap_or("ECS")
}

fn names(report: &mut Report) {
    let document = report.document;
    if let Some(name) = text(document, "serviceName").filter(|name| !name.is_empty()) {
        word(report, "/serviceName", name);
    }
    references(report);
    // "Up to 36 ASCII characters in the range of 33-126 (inclusive) are allowed."
    if let Some(token) =
        text(document, "clientToken").filter(|token| token.len() > 36 || !token.bytes().all(|b| (33..=126).contains(&b)))
    {
        report
            .error("/clientToken", format!("`clientToken` is {}; AWS accepts up to 36 printable ASCII characters", shown(token)));
    }
}

/// The cluster and the task definition, as RunTask's document may name them too.
pub(super) fn references(report: &mut Report) {
    let document = report.document;
    if let Some(cluster) = text(document, "cluster").filter(|cluster| !cluster.is_empty()) {
        resource(report, "/cluster", cluster, "cluster/", "a cluster's name or ARN");
    }
    if let Some(task) = text(document, "taskDefinition").filter(|task| !task.is_empty()) {
        resource(report, "/taskDefinition", task, "task-definition/", "`family`, `family:revision` or a task definition's ARN");
    }
}

/// A name of letters, digits, hyphens and underscores (a task definition may have `:revision`), or ECS's ARN of it.
fn resource(report: &mut Report, path: &str, value: &str, prefix: &str, accepted: &str) {
    if unresolved(value) || report.refused(path) {
        return;
    }
    let name = match value.starts_with("arn:") {
        true => Arn::parse(value).ok().filter(|arn| arn.service == "ecs").and_then(|arn| arn.resource.strip_prefix(prefix)),
        false => Some(value),
    };
    let plain =
        |name: &str| (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let fits = name.is_some_and(|name| match name.split_once(':') {
        Some((family, revision)) => {
            path == "/taskDefinition" && plain(family) && revision.parse::<u64>().is_ok_and(|revision| revision > 0)
        }
        None => plain(name),
    });
    if !fits {
        report.error(path, format!("{} is {}; AWS accepts {accepted}", report.name(path), shown(value)));
    }
}

/// "Tasks using the Fargate launch type or the CODE_DEPLOY or EXTERNAL deployment controller types don't support the
/// DAEMON scheduling strategy."
fn scheduling(report: &mut Report) {
    let document = report.document;
    if text(document, "schedulingStrategy") == Some("DAEMON") {
        if text(document, "launchType") == Some("FARGATE") {
            report.error(
                "/schedulingStrategy",
                "`schedulingStrategy` is `DAEMON`, which the launch type `FARGATE` does not support: use `REPLICA`",
            );
        }
        if let controller @ ("CODE_DEPLOY" | "EXTERNAL") = controller(document) {
            let message = format!(
                "`schedulingStrategy` is `DAEMON`, which the deployment controller `{controller}` does not support: use `REPLICA`"
            );
            report.error("/schedulingStrategy", message);
        }
        // "When you're using this strategy, you don't need to specify a desired number of tasks, a task placement
        // strategy": "The daemon scheduling strategy does not support placement strategies" is AWS's answer.
        if !list(document, "placementStrategy").is_empty() {
            report.error("/placementStrategy", "`placementStrategy` is given; with `DAEMON` AWS accepts none: remove it");
        }
    }
    if controller(document) == "EXTERNAL" {
        for member in OF_TASK_SETS.iter().filter(|member| says(document, member)) {
            let message = format!(
                "`{member}` belongs to a task set; with the deployment controller `EXTERNAL` AWS does not accept it here: remove it"
            );
            report.error(format!("/{member}"), message);
        }
    }
}

/// Whether a member is there and not empty.
fn says(document: &Document, member: &str) -> bool {
    match document.get(member) {
        None | Some(serde_json::Value::Null) => false,
        Some(serde_json::Value::Array(list)) => !list.is_empty(),
        Some(serde_json::Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    }
}

fn launch(report: &mut Report) {
    let document = report.document;
    let launch = text(document, "launchType");
    let strategy = list(document, "capacityProviderStrategy");
    // "If a launchType is specified, the capacityProviderStrategy parameter must be omitted."
    if let (Some(launch), false) = (launch, strategy.is_empty()) {
        report.error(
            "/launchType",
            format!("`launchType` (`{launch}`) and `capacityProviderStrategy` exclude each other: remove one"),
        );
    }
    // "If you want to use Amazon ECS Managed Instances, you must use the capacityProviderStrategy request parameter and
    // omit the launchType request parameter."
    if launch == Some("MANAGED_INSTANCES") {
        report.error(
            "/launchType",
            "`launchType` is `MANAGED_INSTANCES`; AWS accepts managed instances through `capacityProviderStrategy` only",
        );
    }
    // "A platform version is specified only for tasks using the Fargate launch type."
    if let (Some(launch @ ("EC2" | "EXTERNAL")), true) = (launch, says(document, "platformVersion")) {
        report.error("/platformVersion", format!("`platformVersion` is of Fargate, and `launchType` is `{launch}`: remove it"));
    }
    if let Some(version) = text(document, "platformVersion").filter(|version| !unresolved(version)) {
        // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html lists 1.3.0 and 1.4.0 for Linux, and
        // 1.0.0 for Windows, which the service does not tell apart: so only a warning.
        let old = ["1.0.0", "1.1.0", "1.2.0"].contains(&version);
        let form =
            version == "LATEST" || version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
        if old {
            report.warn(
                "/platformVersion",
                format!("`platformVersion` is {version}, which AWS no longer lists for Linux: use LATEST or 1.4.0"),
            );
        } else if !form {
            report.warn(
                "/platformVersion",
                format!("`platformVersion` is {}; AWS knows LATEST and versions like 1.4.0", shown(version)),
            );
        }
    }
    if strategy.len() > 20 {
        report.error(
            "/capacityProviderStrategy",
            format!("there are {} capacity providers; AWS accepts at most 20", strategy.len()),
        );
    }
    let items = || structures(document, "capacityProviderStrategy");
    // "Only one capacity provider in a capacity provider strategy can have a base defined." API_CapacityProviderStrategyItem.html
    if items().filter(|(_, item)| number(item, "base").is_some_and(|base| base > 0)).count() > 1 {
        report.error("/capacityProviderStrategy", "more than one capacity provider has a `base`; AWS accepts one");
    }
    // "If you specify multiple capacity providers in a strategy that all have a weight of 0, any RunTask or CreateService
    // actions using the capacity provider strategy will fail."
    if strategy.len() > 1 && items().all(|(_, item)| number(item, "weight").unwrap_or(0) == 0) {
        report.error("/capacityProviderStrategy", "no capacity provider has a `weight` above 0; AWS requires one");
    }
}

fn placement(report: &mut Report) {
    let document = report.document;
    for (member, most) in [("placementConstraints", 10), ("placementStrategy", 5)] {
        let count = list(document, member).len();
        if count > most {
            report.error(format!("/{member}"), format!("`{member}` has {count} elements; AWS accepts at most {most}"));
        }
        // "If you're using the Fargate launch type, task placement constraints aren't supported." API_PlacementConstraint.html
        if count > 0 && text(document, "launchType") == Some("FARGATE") {
            report.error(
                format!("/{member}"),
                format!("`{member}` is given; Fargate has no instances to place tasks on: remove it"),
            );
        }
    }
    // "You can't specify an expression if the constraint type is distinctInstance"; "a maximum length of 2000 characters".
    for (index, constraint) in structures(document, "placementConstraints") {
        let path = format!("/placementConstraints/{index}/expression");
        let Some(expression) = text(constraint, "expression").filter(|expression| !expression.is_empty()) else { continue };
        if text(constraint, "type") == Some("distinctInstance") {
            report.error(path, format!("`placementConstraints[{index}].expression` is given; `distinctInstance` takes none"));
        } else if expression.chars().count() > 2000 {
            report.error(path, format!("`placementConstraints[{index}].expression` is longer than 2000 characters"));
        }
    }
    // "For the binpack placement strategy, valid values are cpu and memory." API_PlacementStrategy.html
    for (index, strategy) in structures(document, "placementStrategy") {
        let field = text(strategy, "field").unwrap_or_default();
        if text(strategy, "type") == Some("binpack")
            && !field.eq_ignore_ascii_case("cpu")
            && !field.eq_ignore_ascii_case("memory")
        {
            let message = format!("`placementStrategy[{index}].field` is {}; `binpack` takes `cpu` or `memory`", shown(field));
            report.error(format!("/placementStrategy/{index}"), message);
        }
    }
}

fn load_balancers(report: &mut Report) {
    let document = report.document;
    let (balancers, network) = (list(document, "loadBalancers"), says(document, "networkConfiguration"));
    // "The period of time, in seconds, that the Amazon ECS service scheduler ignores unhealthy Elastic Load Balancing, VPC
    // Lattice, and container health checks", says the reference; AWS has answered "Health check grace period is only valid for
    // services configured to use load balancers" (https://github.com/hashicorp/terraform-provider-aws/issues/31104).
    let grace = number(document, "healthCheckGracePeriodSeconds").filter(|seconds| *seconds > 0);
    if let (Some(seconds), true, false) = (grace, balancers.is_empty(), says(document, "vpcLatticeConfigurations")) {
        report.warn(
            "/healthCheckGracePeriodSeconds",
            format!("`healthCheckGracePeriodSeconds` is {seconds}, and the service has no load balancer; AWS may refuse it then: remove it, unless it is meant for the containers' own health checks"),
        );
    }
    // "Target groups per service: 5". https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
    if balancers.len() > 5 {
        report.error(
            "/loadBalancers",
            format!("there are {} load balancers; AWS accepts at most 5 for a service", balancers.len()),
        );
    }
    for (index, balancer) in structures(document, "loadBalancers") {
        let path = format!("/loadBalancers/{index}");
        let (group, classic) = (says(balancer, "targetGroupArn"), says(balancer, "loadBalancerName"));
        // "this object must contain the load balancer target group ARN, the container name, and the container port ...
        // The load balancer name parameter must be omitted"; and the other way round for Classic Load Balancers.
        if group == classic {
            let what = if group { "both; AWS accepts one" } else { "neither; AWS requires one" };
            report
                .error(path.clone(), format!("{}: of `targetGroupArn` and `loadBalancerName` it has {what}", report.name(&path)));
        }
        for member in ["containerName", "containerPort"].into_iter().filter(|member| !says(balancer, member)) {
            report.error(path.clone(), format!("{}: `{member}` is missing; AWS requires it", report.name(&path)));
        }
        range(report, Some(balancer), &path, "containerPort", 1, 65_535, "");
        // "Services with tasks that use the awsvpc network mode ... Classic Load Balancers aren't supported."
        if classic && network {
            let message =
                format!("{} names a Classic Load Balancer, which tasks with networkMode `awsvpc` cannot use", report.name(&path));
            report.error(format!("{path}/loadBalancerName"), message);
        }
    }
    // "This parameter is only permitted if you are using a load balancer with your service and your task definition
    // doesn't use the awsvpc network mode"; "the service-linked role is required if your task definition uses the awsvpc
    // network mode or if the service is configured to use service discovery, an external deployment controller,
    // multiple target groups, ... in which case you don't specify a role here."
    let against = [
        (balancers.is_empty(), "there is no load balancer"),
        (balancers.len() > 1, "there is more than one load balancer"),
        (network, "the tasks use networkMode `awsvpc`"),
        (says(document, "serviceRegistries"), "the service uses service discovery"),
        (controller(document) == "EXTERNAL", "the deployment controller is `EXTERNAL`"),
    ];
    if let (true, Some((_, why))) = (says(document, "role"), against.iter().find(|(holds, _)| *holds)) {
        report.error("/role", format!("`role` is given, and {why}; AWS uses its service-linked role there: remove it"));
    }
    // "Each service may be associated with one service registry."
    if list(document, "serviceRegistries").len() > 1 {
        report.error("/serviceRegistries", "there is more than one service registry; AWS accepts one");
    }
    // "you must specify either a containerName and containerPort combination or a port value. However, you can't specify
    // both." API_ServiceRegistry.html
    for (index, registry) in structures(document, "serviceRegistries") {
        if says(registry, "port") && (says(registry, "containerName") || says(registry, "containerPort")) {
            let message = format!(
                "`serviceRegistries[{index}]` has `port` beside `containerName` or `containerPort`; AWS accepts one or the other"
            );
            report.error(format!("/serviceRegistries/{index}"), message);
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html>
fn network(report: &mut Report) {
    let Some(vpc) =
        structure(report.document, "networkConfiguration").and_then(|network| structure(network, "awsvpcConfiguration"))
    else {
        return;
    };
    let path = "/networkConfiguration/awsvpcConfiguration";
    // "There's a limit of 16 subnets that can be specified", "5 security groups". An id is the prefix and hex digits:
    // https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html
    for (member, most, prefix) in [("subnets", 16, "subnet-"), ("securityGroups", 5, "sg-")] {
        let path = format!("{path}/{member}");
        let ids = list(vpc, member);
        if ids.len() > most {
            report.error(path.clone(), format!("{} has {} elements; AWS accepts at most {most}", report.name(&path), ids.len()));
        }
        if ids.is_empty() && member == "subnets" && vpc.contains_key(member) {
            report.error(path.clone(), format!("{} is empty; AWS requires at least one subnet", report.name(&path)));
        }
        for (index, id) in ids.iter().enumerate() {
            let Some(id) = id.as_str().filter(|id| !unresolved(id)) else { continue };
            let fits = id
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
            if !fits {
                let path = format!("{path}/{index}");
                report.error(
                    path.clone(),
                    format!("{} is {}; AWS accepts an id like `{prefix}0a1b2c3d4e5f60718`", report.name(&path), shown(id)),
                );
            }
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html>
fn discovery(report: &mut Report) {
    let Some(connect) = structure(report.document, "serviceConnectConfiguration") else { return };
    let path = "/serviceConnectConfiguration";
    if let Some(log) = structure(connect, "logConfiguration") {
        log_options(report, log, &format!("{path}/logConfiguration"));
    }
    for (index, service) in structures(connect, "services") {
        let path = format!("{path}/services/{index}");
        if let Some(name) = text(service, "discoveryName").filter(|name| !name.is_empty()) {
            port_name(report, name, &format!("{path}/discoveryName"));
        }
        // "The maximum number of client aliases that you can have in this list is 1."
        if list(service, "clientAliases").len() > 1 {
            let path = format!("{path}/clientAliases");
            report.error(path.clone(), format!("{}: there is more than one alias; AWS accepts one", report.name(&path)));
        }
        for (index, alias) in structures(service, "clientAliases") {
            // "The name can include up to 127 characters." API_ServiceConnectClientAlias.html
            if let Some(name) = text(alias, "dnsName").filter(|name| name.len() > 127 || name.starts_with('-')) {
                let path = format!("{path}/clientAliases/{index}/dnsName");
                report.error(
                    path.clone(),
                    format!("{} is {}; AWS accepts up to 127 characters, no hyphen first", report.name(&path), shown(name)),
                );
            }
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceManagedEBSVolumeConfiguration.html>
fn volumes(report: &mut Report) {
    for (index, volume) in structures(report.document, "volumeConfigurations") {
        let Some(ebs) = structure(volume, "managedEBSVolume") else { continue };
        let path = format!("/volumeConfigurations/{index}/managedEBSVolume");
        // "You must specify either a volume size or a snapshot ID."
        if !says(ebs, "sizeInGiB") && !says(ebs, "snapshotId") {
            report.error(
                path.clone(),
                format!("{} has neither `sizeInGiB` nor `snapshotId`; AWS requires one", report.name(&path)),
            );
        }
        let kind = text(ebs, "volumeType").filter(|kind| !unresolved(kind));
        if let Some(kind) = kind.filter(|kind| !["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"].contains(kind)) {
            let path = format!("{path}/volumeType");
            report.warn(path.clone(), format!("{} is {}, which AWS's reference does not list", report.name(&path), shown(kind)));
        }
        // "This parameter is required for io1 and io2 volume types."
        if kind.is_some_and(|kind| kind == "io1" || kind == "io2") && !says(ebs, "iops") {
            report.error(path.clone(), format!("{} has no `iops`; the volume types io1 and io2 require it", report.name(&path)));
        }
    }
}

/// What the service says of its task definition, as [`super::together`] needs it: see there.
pub(super) fn named_ports(report: &mut Report, known: &[&str]) {
    let document = report.document;
    let connect = structure(document, "serviceConnectConfiguration");
    for (index, service) in connect.map(|connect| structures(connect, "services")).into_iter().flatten() {
        let path = format!("/serviceConnectConfiguration/services/{index}/portName");
        exists(report, text(service, "portName"), &path, "port", known.iter().copied());
    }
    for (index, lattice) in structures(document, "vpcLatticeConfigurations") {
        let path = format!("/vpcLatticeConfigurations/{index}/portName");
        exists(report, text(lattice, "portName"), &path, "port", known.iter().copied());
    }
}
