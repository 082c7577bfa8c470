//! What a person reads about a deployment: how far it is, or what failed on which instance. The first sentence has to stand
//! alone: GitLab shows 255 characters.

use serde_json::Value;

use super::judge;
use super::memory::Remembered;
use super::record::{self, Record};
use super::revision::{Target, described, unquoted};
use crate::count::counted;
use crate::observed::DeploymentObservation;

/// How many failed targets are told.
const TARGETS: usize = 5;
/// How many lines of a script's log are told; "CodeDeploy returns up to the last 4 KB of the diagnostic log".
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Diagnostics.html>
const LOG_LINES: usize = 5;
/// Longer texts are cut.
const LONGEST: usize = 240;
/// The cause in the first sentence.
const CAUSE: usize = 120;

/// `d-ABC deploys s3://bucket/key to shop/production: 1 of 3 instances done, 2 pending`.
pub(super) fn progress(target: &Target<'_>, record: Record<'_>) -> String {
    let mut message = format!("{} deploys {} to {}", record.id(), described(&record.0["revision"]), target.whom());
    if let Some(counts) = counts(record) {
        message = format!("{message}: {counts}");
    }
    let options = &record.0["blueGreenDeploymentConfiguration"];
    if record.status() == "Ready" {
        message.push_str("; ");
        message.push_str(&ready(record, &options["deploymentReadyOption"]));
    } else if record.0["instanceTerminationWaitTimeStarted"] == true {
        let minutes = options["terminateBlueInstancesOnDeploymentSuccess"]["terminationWaitTimeInMinutes"].as_u64();
        message.push_str("; traffic is rerouted, and the original instances are terminated");
        message.push_str(&minutes.map(|minutes| format!(" after {minutes} minutes")).unwrap_or_default());
    }
    message
}

/// "STOP_DEPLOYMENT: Do not register new instances with a load balancer unless traffic rerouting is started using
/// ContinueDeployment. If traffic rerouting is not started before the end of the specified wait period, the deployment status
/// is changed to Stopped." <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html>
fn ready(record: Record<'_>, option: &Value) -> String {
    if option["actionOnTimeout"] == "CONTINUE_DEPLOYMENT" {
        return "the replacement instances are ready, and traffic is about to be rerouted".to_owned();
    }
    let minutes = option["waitTimeInMinutes"].as_u64().filter(|minutes| *minutes > 0);
    format!(
        "the replacement instances are ready, and it waits for ContinueDeployment, which is a person's decision (`aws deploy \
         continue-deployment --deployment-id {} --deployment-wait-type READY_WAIT`){}",
        record.id(),
        minutes.map(|minutes| format!("; CodeDeploy stops it after {}", counted(minutes, "minute"))).unwrap_or_default()
    )
}

/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentOverview.html>
fn counts(record: Record<'_>) -> Option<String> {
    let count = |member: &str| record.0["deploymentOverview"][member].as_u64().unwrap_or_default();
    let words = [
        ("Failed", "failed"),
        ("InProgress", "in progress"),
        ("Ready", "ready for traffic"),
        ("Pending", "pending"),
        ("Skipped", "skipped"),
    ];
    let all = count("Succeeded") + words.iter().map(|(member, _)| count(member)).sum::<u64>();
    let mut text = format!("{} of {} done", count("Succeeded"), counted(all, "instance"));
    for (member, word) in words.iter().filter(|(member, _)| count(member) > 0) {
        text.push_str(&format!(", {} {word}", count(member)));
    }
    (all > 0).then_some(text)
}

/// Whose a deployment is that is waited for.
pub(super) fn others(target: &Target<'_>, record: Record<'_>) -> String {
    let whose = match record.text("creator") {
        "codeDeployRollback" => "an automatic rollback".to_owned(),
        "autoscaling" | "autoscalingTermination" => "started by Auto Scaling".to_owned(),
        "CodeDeployAutoUpdate" => "CodeDeploy's own update of outdated instances".to_owned(),
        _ => match record.text("description") {
            "" => "somebody else's".to_owned(),
            said => format!("somebody else's: {}", shortened(said, CAUSE)),
        },
    };
    let counts = counts(record).map(|counts| format!("; {counts}")).unwrap_or_default();
    format!("waits for {} ({whose}), as {} takes one deployment at a time{counts}", record.id(), target.whom())
}

/// One word, and what failed where, what became of it, and what to do.
pub(super) fn failure(target: &Target<'_>, failed: Record<'_>, observed: &DeploymentObservation) -> (&'static str, String) {
    let took = failed.0["completeTime"].as_f64().map_or(0.0, |end| end - failed.created());
    let stopped = failed.status() == "Stopped";
    let error = &failed.0["errorInformation"];
    let said = |member: &str| error[member].as_str().unwrap_or_default();
    let code = match (said("code"), shortened(said("message"), LONGEST)) {
        ("", message) => message,
        (code, message) if message.is_empty() => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    let targets = observed.failed_targets.clone().unwrap_or_default();
    let instances: Vec<&Value> = targets.shown.iter().take(TARGETS).map(|shown| &shown["instanceTarget"]).collect();
    let at_first = instances.first().map(|first| at_an_instance(first, targets.all));
    let (reason, cause) = match (stopped, said("code")) {
        // "MANUAL_STOP: The deployment was stopped manually."
        (true, "MANUAL_STOP" | "") if took >= judge::allowed(target, failed) => {
            ("DeploymentTimedOut", "was stopped, as it took longer than `timeout`".to_owned())
        }
        (true, "MANUAL_STOP" | "") => ("DeploymentStopped", "was stopped, by a person or for another commit".to_owned()),
        (true, _) => ("DeploymentStopped", format!("was stopped: {}", shortened(&code, CAUSE))),
        (false, _) => match &at_first {
            Some(at_first) => ("DeploymentFailed", format!("failed {at_first}")),
            None if code.is_empty() => ("DeploymentFailed", "failed".to_owned()),
            None => ("DeploymentFailed", format!("failed: {}", shortened(&code, CAUSE))),
        },
    };
    let mut message = format!(
        "{} of {} to {} {cause}; {}; `driftless retry` or a change deploys again",
        failed.id(),
        target.what(),
        target.whom(),
        fate(failed, observed)
    );
    // What the first sentence has no room for.
    let whole = (!code.is_empty() && (at_first.is_some() || code.chars().count() > CAUSE)).then_some(code);
    for line in whole.into_iter().chain(instances.iter().flat_map(|instance| told(instance))) {
        message.push_str("\n  ");
        message.push_str(&line);
    }
    if targets.all > instances.len() {
        message.push_str(&format!("\n  {} instances failed in all", targets.all));
    }
    (reason, message)
}

/// The same of one that CodeDeploy does not tell of any more.
pub(super) fn remembered(target: &Target<'_>, failure: Remembered<'_>, now: f64) -> String {
    let days = ((now - failure.at as f64) / 86_400.0).max(0.0) as u64;
    format!(
        "{} of {} to {} failed {} ago, as the tag `driftless:failed` of the deployment group says; CodeDeploy tells no more of it; \
         `driftless retry` or a change deploys again",
        failure.id,
        target.what(),
        target.whom(),
        counted(days, "day")
    )
}

/// `at ApplicationStart (scripts/start.sh, ScriptFailed) on i-0abc and 2 other instances`.
fn at_an_instance(instance: &Value, all: usize) -> String {
    let text = |value: &Value, member: &str| value[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let others = match all.saturating_sub(1) {
        0 => String::new(),
        1 => " and another instance".to_owned(),
        more => format!(" and {more} other instances"),
    };
    let on = format!("on {}{others}", id(instance));
    let Some(event) = failed_event(instance) else { return on };
    let why = [text(&event["diagnostics"], "scriptName"), text(&event["diagnostics"], "errorCode")];
    let why = why.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let why = if why.is_empty() { why } else { format!(" ({why})") };
    format!("at {}{why} {on}", text(event, "lifecycleEventName").unwrap_or_default())
}

fn id(instance: &Value) -> &str {
    instance["targetId"].as_str().unwrap_or("an instance").rsplit('/').next().unwrap_or_default()
}

fn failed_event(instance: &Value) -> Option<&Value> {
    instance["lifecycleEvents"].as_array()?.iter().find(|event| event["status"] == "Failed")
}

/// What became of the group.
fn fate(failed: Record<'_>, observed: &DeploymentObservation) -> String {
    let records = record::records(observed);
    let Some(id) = failed.rolled_back_by() else {
        return match failed.0["rollbackInfo"]["rollbackMessage"].as_str().filter(|said| !said.is_empty()) {
            Some(said) => shortened(said, CAUSE),
            None => "it was not rolled back".to_owned(),
        };
    };
    match record::find(&records, id) {
        Some(back) if back.succeeded() => format!("rolled back by {id} to {}", what(back)),
        Some(back) if back.failed() => format!("and its rollback {id} failed as well"),
        _ => format!("rolled back by {id}"),
    }
}

/// The revision of a deployment, with the part of its content that tells it from another one at the same place.
pub(super) fn what(record: Record<'_>) -> String {
    let revision = &record.0["revision"];
    let pin = ["version", "eTag"].into_iter().find_map(|member| revision["s3Location"][member].as_str());
    let pin = pin.map(|pin| format!(" ({})", shortened(unquoted(pin), 12))).unwrap_or_default();
    format!("{}{pin}", described(revision))
}

/// One instance: `i-0abc: AfterInstall: scripts/start.sh: ScriptFailed: …`, and its script's last lines.
fn told(instance: &Value) -> Vec<String> {
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    let id = id(instance).to_owned();
    let Some(event) = failed_event(instance) else {
        return vec![format!("{id}: failed, and CodeDeploy does not say at which lifecycle event")];
    };
    let diagnostics = &event["diagnostics"];
    let parts = [
        id,
        text(event, "lifecycleEventName"),
        text(diagnostics, "scriptName"),
        text(diagnostics, "errorCode"),
        shortened(&text(diagnostics, "message"), LONGEST),
    ];
    let line = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(": ");
    let log = text(diagnostics, "logTail");
    let lines: Vec<&str> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].iter().map(|line| format!("  {}", shortened(line, LONGEST)));
    std::iter::once(line).chain(last).collect()
}

/// One line of at most so many characters.
fn shortened(said: &str, most: usize) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
