//! Rules about how a service is deployed.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>

use serde_json::Value;

use super::containers::range;
use super::report::{Report, list, number, on, shown, structure, structures, text};
use super::service::controller;
use crate::desired::Document;

/// Checks `deploymentConfiguration`, and what the controller asks for.
pub(super) fn check(report: &mut Report) {
    let document = report.document;
    let controller = controller(document);
    // "If the service uses the CODE_DEPLOY deployment controller, the service is required to use either an Application
    // Load Balancer or Network Load Balancer." API_CreateService.html
    if controller == "CODE_DEPLOY" && list(document, "loadBalancers").is_empty() {
        report.error("", "there is no load balancer; the deployment controller `CODE_DEPLOY` requires one in `loadBalancers`");
    }
    let Some(configuration) = structure(document, "deploymentConfiguration") else { return };
    let path = "/deploymentConfiguration";
    percents(report, configuration);
    // "The deployment circuit breaker can only be used for services using the rolling update (ECS) deployment type";
    // "You can only use the DeploymentAlarms method to detect failures when the DeploymentController is set to ECS".
    for member in ["deploymentCircuitBreaker", "alarms"] {
        if matches!(controller, "CODE_DEPLOY" | "EXTERNAL")
            && structure(configuration, member).is_some_and(|members| on(members, "enable"))
        {
            let message = format!(
                "`deploymentConfiguration.{member}` works with the deployment controller `ECS` only, and it is `{controller}`"
            );
            report.error(format!("{path}/{member}"), message);
        }
    }
    strategy(report, configuration, controller);
    hooks(report, configuration);
}

fn percents(report: &mut Report, configuration: &Document) {
    let path = "/deploymentConfiguration";
    for member in ["minimumHealthyPercent", "maximumPercent"] {
        range(report, Some(configuration), path, member, 0, i64::MAX, "%");
    }
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html: a minimum of 100 and a
    // maximum of 100 leave no room for a replica service to replace a task.
    let (least, most) = (number(configuration, "minimumHealthyPercent"), number(configuration, "maximumPercent"));
    let daemon = text(report.document, "schedulingStrategy") == Some("DAEMON");
    // A daemon service has 100 as its maximum on the same page; the API's reference does not say that more is refused,
    // so only a warning.
    if let (true, Some(most)) = (daemon, most.filter(|most| *most > 100)) {
        let message =
            format!("`maximumPercent` is {most}; a `DAEMON` service runs at most one task on each instance, which is 100");
        report.warn(format!("{path}/maximumPercent"), message);
    }
    if let (Some(least), Some(most), false) = (least.or(Some(100)), most, daemon)
        && most <= least
        && most > 0
    {
        let message = format!(
            "`maximumPercent` ({most}) leaves no room above `minimumHealthyPercent` ({least}): no task could be replaced"
        );
        report.warn(format!("{path}/maximumPercent"), message);
    }
}

fn strategy(report: &mut Report, configuration: &Document, controller: &str) {
    let path = "/deploymentConfiguration";
    let strategy = text(configuration, "strategy").unwrap_or("ROLLING");
    // "This is only valid when you run CreateService or UpdateService with deploymentController set to ECS and a
    // deploymentConfiguration with a strategy set to LINEAR." API_LinearConfiguration.html, API_CanaryConfiguration.html
    for (member, of) in [("linearConfiguration", "LINEAR"), ("canaryConfiguration", "CANARY")] {
        if structure(configuration, member).is_some() && strategy != of && !report.refused("/deploymentConfiguration/strategy") {
            let message = format!(
                "`deploymentConfiguration.{member}` is valid with the strategy `{of}` only, and it is {}",
                shown(strategy)
            );
            report.error(format!("{path}/{member}"), message);
        }
    }
    if strategy != "ROLLING"
        && matches!(controller, "CODE_DEPLOY" | "EXTERNAL")
        && !report.refused("/deploymentConfiguration/strategy")
    {
        let message = format!(
            "`deploymentConfiguration.strategy` is {}; the deployment controller `{controller}` does not take it",
            shown(strategy)
        );
        report.error(format!("{path}/strategy"), message);
    }
    // "You must provide this parameter when you use the BLUE_GREEN deployment strategy"; the console and others leave
    // it to its default, so only a warning.
    if strategy == "BLUE_GREEN" && !configuration.contains_key("bakeTimeInMinutes") {
        report.warn(
            format!("{path}/strategy"),
            "`deploymentConfiguration.bakeTimeInMinutes` is missing; AWS's reference asks for it with `BLUE_GREEN`",
        );
    }
    // "Valid values are 0 to 1440 minutes (24 hours)."
    range(report, Some(configuration), path, "bakeTimeInMinutes", 0, 1440, "minutes");
    let (linear, canary) = (structure(configuration, "linearConfiguration"), structure(configuration, "canaryConfiguration"));
    range(report, linear, &format!("{path}/linearConfiguration"), "stepBakeTimeInMinutes", 0, 1440, "minutes");
    range(report, canary, &format!("{path}/canaryConfiguration"), "canaryBakeTimeInMinutes", 0, 1440, "minutes");
    // "multiples of 0.1 from 3.0 to 100.0", "from 0.1 to 100.0".
    percent(report, linear, &format!("{path}/linearConfiguration"), "stepPercent", 3.0);
    percent(report, canary, &format!("{path}/canaryConfiguration"), "canaryPercent", 0.1);
}

fn percent(report: &mut Report, members: Option<&Document>, path: &str, member: &str, least: f64) {
    let Some(value) = members.and_then(|members| members.get(member)).and_then(Value::as_f64) else { return };
    let tenths = value * 10.0;
    if !(least..=100.0).contains(&value) || (tenths - tenths.round()).abs() > 1e-6 {
        let path = format!("{path}/{member}");
        let message = format!("{} is {value}; AWS accepts multiples of 0.1 from {least:.1} to 100.0", report.name(&path));
        report.error(path, message);
    }
}

/// "You must provide this parameter when configuring a deployment lifecycle hook."
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html>
fn hooks(report: &mut Report, configuration: &Document) {
    for (index, hook) in structures(configuration, "lifecycleHooks") {
        let path = format!("/deploymentConfiguration/lifecycleHooks/{index}");
        let lambda = text(hook, "targetType").is_none_or(|target| target == "AWS_LAMBDA");
        if lambda && text(hook, "hookTargetArn").is_none_or(str::is_empty) {
            report.error(path.clone(), format!("{} has no `hookTargetArn`; AWS requires it", report.name(&path)));
        }
        if list(hook, "lifecycleStages").is_empty() {
            report.error(path.clone(), format!("{} has no `lifecycleStages`; AWS requires at least one", report.name(&path)));
        }
    }
}
