//! What CodeDeploy itself checks of CreateDeployment's document, beyond its types, for deployments to EC2 instances.
//! The errors it would answer with stand at <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>.

use serde_json::Value;

use super::report::{Report, list, listed, on, shown, structure, structures, text, unresolved};
use crate::desired::Document;
use crate::plan::deployment::LONGEST_DESCRIPTION;

/// The types of a revision, and the member that says where it is.
const LOCATIONS: [(&str, &str); 4] =
    [("S3", "s3Location"), ("GitHub", "gitHubLocation"), ("String", "string"), ("AppSpecContent", "appSpecContent")];

/// Checks the whole document. Whether it has to have a revision depends on the manifest.
pub(super) fn check(report: &mut Report) {
    names(report);
    revision(report);
    description(report);
    targets(report);
    rollback(report);
    alarms(report);
}

/// "Letters (a-z, A-Z), numbers (0-9), periods (.), underscores (_), + (plus signs), = (equals signs), , (commas), @ (at
/// signs), - (minus signs)", for applications, groups and configurations alike; DeploymentGroupNameRequiredException.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>
fn names(report: &mut Report) {
    let document = report.document;
    if document.get("deploymentGroupName").and_then(Value::as_str).is_none_or(str::is_empty)
        && !report.refused("/deploymentGroupName")
    {
        report.error("", "`deploymentGroupName` is missing; AWS requires it");
    }
    for member in ["applicationName", "deploymentGroupName", "deploymentConfigName"] {
        let Some(name) = text(document, member).filter(|name| !unresolved(name)) else { continue };
        let wrong = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"._+=,@-".contains(*c));
        if let Some(wrong) = wrong {
            let message = format!(
                "`{member}` is {}, which has {}; AWS accepts letters, digits, `.`, `_`, `+`, `=`, `,`, `@` and `-`",
                shown(name),
                if wrong == ' ' { "a space".to_owned() } else { shown(&wrong.to_string()) }
            );
            report.error(format!("/{member}"), message);
        }
    }
}

/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RevisionLocation.html>
fn revision(report: &mut Report) {
    let Some(revision) = structure(report.document, "revision") else { return };
    let Some(kind) = text(revision, "revisionType").filter(|kind| !kind.is_empty()) else {
        let given = LOCATIONS.iter().find(|(_, member)| revision.contains_key(*member));
        let hint = given.map_or(String::new(), |(kind, member)| format!(": with `{member}` it is `{kind}`"));
        return report.error("/revision", format!("`revision.revisionType` is missing; AWS requires it{hint}"));
    };
    if unresolved(kind) || report.refused("/revision/revisionType") {
        return;
    }
    if matches!(kind, "String" | "AppSpecContent") {
        let message = format!(
            "`revision.revisionType` is `{kind}`, which AWS takes for Lambda and ECS deployments only; EC2 instances take `S3` or `GitHub`"
        );
        return report.error("/revision/revisionType", message);
    }
    let Some((_, wanted)) = LOCATIONS.iter().find(|(known, _)| *known == kind) else { return };
    for (other, member) in LOCATIONS.iter().filter(|(_, member)| member != wanted && revision.contains_key(*member)) {
        let message = format!(
            "`revision.{member}` says nothing beside `revisionType: {kind}`; remove it, or write `revisionType: {other}`"
        );
        report.warn(format!("/revision/{member}"), message);
    }
    match structure(revision, wanted) {
        Some(location) if kind == "S3" => s3(report, location),
        Some(location) => git_hub(report, location),
        None if report.refused(&format!("/revision/{wanted}")) => {}
        None => report.error("/revision", format!("`revision.{wanted}` is missing; AWS requires it with `revisionType: {kind}`")),
    }
}

/// "Archive files with the extension .zip or .tar and compressed archive files with the extension .tar.gz" for EC2; YAML and
/// JSON are an AppSpec file's, of a Lambda function or an ECS service.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_S3Location.html>
fn s3(report: &mut Report, location: &Document) {
    let base = "/revision/s3Location";
    required(report, location, base, &["bucket", "key", "bundleType"]);
    if let Some(kind @ ("YAML" | "JSON")) = text(location, "bundleType") {
        let message = format!(
            "`revision.s3Location.bundleType` is `{kind}`, which AWS takes for Lambda and ECS deployments only; EC2 instances take `tar`, `tgz` or `zip`"
        );
        report.error(format!("{base}/bundleType"), message);
    }
    if let Some(key) = text(location, "key").filter(|key| key.starts_with('/') || key.starts_with("s3://")) {
        let message = format!("`revision.s3Location.key` is {}; a key has neither the bucket nor a `/` in front", shown(key));
        report.warn(format!("{base}/key"), message);
    }
}

/// "The GitHub account and repository pair", "specified as account/repository"; "the SHA1 commit ID".
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GitHubLocation.html>
fn git_hub(report: &mut Report, location: &Document) {
    let base = "/revision/gitHubLocation";
    required(report, location, base, &["repository", "commitId"]);
    let known = |member: &str| text(location, member).filter(|text| !text.is_empty() && !unresolved(text));
    if let Some(repository) =
        known("repository").filter(|repository| repository.split('/').filter(|part| !part.is_empty()).count() != 2)
    {
        let message = format!("`revision.gitHubLocation.repository` is {}; AWS takes `account/repository`", shown(repository));
        report.error(format!("{base}/repository"), message);
    }
    if let Some(id) = known("commitId").filter(|id| id.len() != 40 || !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        let message =
            format!("`revision.gitHubLocation.commitId` is {}; AWS takes a commit's full SHA1, 40 hexadecimal digits", shown(id));
        report.error(format!("{base}/commitId"), message);
    }
}

fn required(report: &mut Report, location: &Document, base: &str, members: &[&str]) {
    for member in members {
        let at = format!("{base}/{member}");
        if location.get(*member).is_some_and(|value| value.as_str().is_none_or(|text| !text.is_empty())) || report.refused(&at) {
            continue;
        }
        let message = format!("{} is missing; AWS requires it", report.name(&at));
        report.error(if location.contains_key(*member) { &at } else { base }, message);
    }
}

/// "Maximum number of characters in a deployment description: 256".
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>
fn description(report: &mut Report) {
    let count = text(report.document, "description").map_or(0, |text| text.chars().count());
    if count > LONGEST_DESCRIPTION {
        let message = format!("`description` has {count} characters; AWS accepts at most {LONGEST_DESCRIPTION}");
        report.error("/description", message);
    }
}

/// `tagFilters`: "Cannot be used in the same call as ec2TagSet." TagSetListLimitExceededException: "The number of tag groups
/// included in the tag set list exceeded the maximum allowed limit of 3."
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TargetInstances.html>
fn targets(report: &mut Report) {
    let Some(targets) = structure(report.document, "targetInstances") else { return };
    let groups = structure(targets, "ec2TagSet").map_or(&[][..], |set| list(set, "ec2TagSetList"));
    if !list(targets, "tagFilters").is_empty() && !groups.is_empty() {
        report.error(
            "/targetInstances/ec2TagSet",
            "`targetInstances` has both `tagFilters` and `ec2TagSet`; AWS accepts one of them",
        );
    }
    if groups.len() > 3 {
        let message = format!("`targetInstances.ec2TagSet.ec2TagSetList` has {} tag groups; AWS accepts at most 3", groups.len());
        report.error("/targetInstances/ec2TagSet/ec2TagSetList", message);
    }
}

/// InvalidAutoRollbackConfigException: "automatic rollback is enabled, but an invalid triggering event type or no event types
/// were listed." <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>
fn rollback(report: &mut Report) {
    let Some(configuration) = structure(report.document, "autoRollbackConfiguration") else { return };
    if on(configuration, "enabled")
        && list(configuration, "events").is_empty()
        && !report.refused("/autoRollbackConfiguration/events")
    {
        let events = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
        let message =
            format!("`autoRollbackConfiguration` is enabled and lists no `events`; AWS requires some of {}", listed(events));
        report.error("/autoRollbackConfiguration", message);
    }
}

/// InvalidAlarmConfigException: "The alarm list is null", "the alarm name is empty or null or exceeds the limit of 255
/// characters", "two alarms with the same name have been specified", "the alarm configuration is enabled, but the alarm list is
/// empty". "A maximum of 10 alarms can be added."
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AlarmConfiguration.html>
fn alarms(report: &mut Report) {
    let Some(configuration) = structure(report.document, "overrideAlarmConfiguration") else { return };
    let base = "/overrideAlarmConfiguration";
    let alarms = list(configuration, "alarms");
    if on(configuration, "enabled") && alarms.is_empty() && !report.refused(&format!("{base}/alarms")) {
        report.error(base, "`overrideAlarmConfiguration` is enabled and lists no `alarms`; AWS requires at least one");
    }
    if alarms.len() > 10 {
        let message = format!("`overrideAlarmConfiguration.alarms` has {} alarms; AWS accepts at most 10", alarms.len());
        report.error(format!("{base}/alarms"), message);
    }
    let mut known: Vec<&str> = Vec::new();
    for (index, alarm) in structures(configuration, "alarms") {
        let at = format!("{base}/alarms/{index}");
        match text(alarm, "name") {
            Some(name) if unresolved(name) => {}
            None | Some("") if !report.refused(&at) => {
                let message = format!("{} is missing; AWS requires it", report.name(&format!("{at}/name")));
                report.error(at, message);
            }
            Some(name) if name.chars().count() > 255 => {
                let message =
                    format!("{} has more than 255 characters, which is AWS's limit", report.name(&format!("{at}/name")));
                report.error(format!("{at}/name"), message);
            }
            Some(name) if known.contains(&name) => {
                let message = format!("the alarm {} is listed twice; AWS accepts each once", shown(name));
                report.error(format!("{at}/name"), message);
            }
            Some(name) => known.push(name),
            None => {}
        }
    }
}
