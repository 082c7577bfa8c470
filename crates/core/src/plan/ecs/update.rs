//! A service that is there: what to change, in which order, and where it stands.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::pass::{Pass, REQUEUE, unknown, unsupported};
use super::service::{self, Differences};
use super::task_definition::{Chosen, choose};
use super::{members, outcome};
use crate::desired::Document;
use crate::normalise::Subject;
use crate::plan::ownership::{self, Ownership};
use crate::plan::tags::{self, Tags};
use crate::plan::{Cause, Change, EcsStep, Plan, Verdict};
use crate::secret::Shown;

/// All that is known of the difference.
struct Found<'v> {
    service: &'v Map<String, Value>,
    tags: Tags,
    ownership: Ownership,
    chosen: Chosen,
    differences: Differences,
}

impl Found<'_> {
    fn deploys(&self) -> bool {
        self.chosen.reference.is_some() || !self.differences.deploying.is_empty()
    }
}

/// Plans the way from `service` to what is declared.
pub(super) fn update(pass: &Pass, service: &Map<String, Value>) -> Plan {
    let found = match find(pass, service) {
        Ok(found) => found,
        Err(verdict) => return pass.plan(verdict),
    };
    let arn = found.chosen.arn.clone().unwrap_or_default();
    // A failure of another digest is over: the resource has changed since.
    let changed_since = found.tags.get(tags::FAILED).is_some_and(|digest| *digest != pass.digest);
    let failure = outcome::remembered(pass, &arn).filter(|_| !changed_since);
    match failure {
        Some(message) if !pass.context.retry => failed(pass, &found, &arn, message),
        failure => proceed(pass, &found, &arn, failure.is_some()),
    }
}

/// Nothing stands in the way. `retried`: of a failure on record that a person wants tried again.
fn proceed(pass: &Pass, found: &Found, arn: &str, retried: bool) -> Plan {
    let name = &pass.declared.service_name;
    let forced = retried && !found.deploys();
    let deploys = found.deploys() || forced;
    let count = found.differences.quiet.get("desiredCount");
    let mut plan = pass.plan(Verdict::Ready { message: String::new() });
    plan.changes = changes(found, true);
    plan.notes.extend(found.differences.notes.iter().cloned());
    let mut steps = Vec::new();
    if retried {
        plan.notes.push("the failed rollout is tried again".to_owned());
        if found.tags.contains_key(tags::FAILED) {
            steps.push(untag(found, [tags::FAILED.to_owned()].into()));
        }
    }
    steps.extend(found.chosen.step.clone());
    steps.extend(update_service(pass, found, true, forced));
    let judged = (!deploys && count.is_none()).then(|| outcome::judge(pass, arn));
    let failing = judged.as_ref().is_some_and(|judged| matches!(judged.verdict, Verdict::Failed { .. }));
    let writes = !steps.is_empty();
    steps.extend(tag_steps(pass, found, Tagging { writes, complete: true, keep_failure: retried || failing }, &mut plan));
    if !steps.is_empty() && older(pass, found) {
        return pass
            .plan(unknown(format!("service `{name}` was written less than a minute ago, and AWS still shows an older state")));
    }
    plan.verdict = match (judged, count) {
        (Some(judged), _) => {
            steps.splice(0..0, judged.steps);
            judged.verdict
        }
        (None, Some(count)) if !deploys => progressing("Scaling", format!("service `{name}` is scaled to {count}")),
        (None, _) => {
            plan.notes.extend(superseding(pass, found));
            progressing("RolloutStarting", format!("a deployment of service `{name}` starts"))
        }
    };
    plan.steps = steps.into_iter().map(Into::into).collect();
    plan
}

/// Whether the answer may be older than our own write at this revision, which ends with the revision's tag.
fn older(pass: &Pass, found: &Found) -> bool {
    pass.just_written() && found.tags.get(tags::REVISION).map(String::as_str) != Some(pass.context.revision)
}

fn progressing(reason: &'static str, message: String) -> Verdict {
    Verdict::Progressing { reason, message, requeue: REQUEUE }
}

fn find<'v>(pass: &Pass, service: &'v Map<String, Value>) -> Result<Found<'v>, Verdict> {
    let tags = tags::read(service.get("tags"));
    let ownership = ownership::of(&pass.thing(), pass.resource, &tags, pass.context)?;
    if let Some(verdict) = unsupported(pass, service) {
        return Err(verdict);
    }
    if pass.observation.task_definition.is_none() && service.contains_key("taskDefinition") {
        return Err(unknown(format!("the task definition of service `{}` could not be read", pass.declared.service_name)));
    }
    let chosen = choose(pass, pass.observation.task_definition.as_ref(), ownership.created, ownership.adopting)?;
    let differences = service::differences(pass, service, &tags, &ownership)?;
    Ok(Found { service, tags, ownership, chosen, differences })
}

/// While failed, members that start a deployment are left alone; all others are not.
fn failed(pass: &Pass, found: &Found, arn: &str, message: String) -> Plan {
    let mut plan = pass.plan(Verdict::Failed { reason: "RolloutFailed", message });
    plan.changes = changes(found, false);
    let mut steps = Vec::new();
    if found.deploys() {
        plan.notes.push("what starts a deployment is left as it is until the resource changes, or `driftless retry`".to_owned());
        // AWS keeps its own record for 90 days, and knows nothing of digests.
        if !found.tags.contains_key(tags::FAILED) {
            steps.push(tag(found, &[(tags::FAILED.to_owned(), pass.digest.clone())].into()));
        }
    } else {
        let judged = outcome::judge(pass, arn);
        if matches!(judged.verdict, Verdict::Failed { .. }) {
            (steps, plan.verdict) = (judged.steps, judged.verdict);
        }
    }
    let update = update_service(pass, found, false, false);
    let writes = update.is_some();
    steps.extend(update);
    // The commit's tag waits while something of the commit does: what it removed would be forgotten.
    let tagging = Tagging { writes, complete: !found.deploys(), keep_failure: true };
    steps.extend(tag_steps(pass, found, tagging, &mut plan));
    plan.steps = steps.into_iter().map(Into::into).collect();
    plan
}

fn changes(found: &Found, deploying: bool) -> Vec<Change> {
    let all = found.chosen.changes.iter().chain(&found.differences.changes);
    all.filter(|change| deploying || !change.deploys).cloned().collect()
}

fn update_service(pass: &Pass, found: &Found, deploying: bool, forced: bool) -> Option<EcsStep> {
    let mut document = found.differences.quiet.clone();
    let mut task_definition = None;
    if deploying {
        document.extend(found.differences.deploying.clone());
        task_definition = found.chosen.reference.clone();
    }
    if forced {
        document.insert("forceNewDeployment".to_owned(), json!(true));
    }
    if document.is_empty() && task_definition.is_none() {
        return None;
    }
    document.insert("cluster".to_owned(), json!(pass.declared.cluster));
    document.insert("service".to_owned(), json!(pass.declared.service_name));
    Some(EcsStep::UpdateService { document, task_definition })
}

/// What else happens in the pass that tags.
#[derive(Clone, Copy)]
struct Tagging {
    /// Something else is written.
    writes: bool,
    /// All of the commit is.
    complete: bool,
    /// The tag of a failure is this digest's, or is taken away elsewhere.
    keep_failure: bool,
}

/// UntagResource and TagResource, after UpdateService: until then `driftless:revision` names the commit that what was
/// removed since is told from.
fn tag_steps(pass: &Pass, found: &Found, how: Tagging, plan: &mut Plan) -> Vec<EcsStep> {
    let mut put: Tags = found.ownership.claims.clone();
    let mut take = BTreeSet::new();
    for (key, value) in &put {
        plan.changes.push(line(key, found.tags.get(key), Some(value), Cause::Ownership));
    }
    if let Some(wanted) = tags::declared(&pass.declared.service).filter(|_| !pass.ignores("tags")) {
        let live = tags::peoples(&found.tags);
        for (key, value) in wanted.iter().filter(|(key, value)| live.get(*key) != Some(value)) {
            plan.changes.push(line(key, live.get(key), Some(value), Cause::Declared));
            put.insert(key.clone(), value.clone());
        }
        for (key, value) in live.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            plan.changes.push(line(key, Some(value), None, Cause::Declared));
            take.insert(key.clone());
        }
    }
    if found.ownership.adopting {
        plan.notes.push(format!("service `{}` exists and is adopted", pass.declared.service_name));
    }
    if !how.writes && put.is_empty() && take.is_empty() {
        return Vec::new();
    }
    // A failure of another digest is over.
    if found.tags.contains_key(tags::FAILED) && !how.keep_failure {
        take.insert(tags::FAILED.to_owned());
    }
    if how.complete {
        put.insert(tags::REVISION.to_owned(), pass.context.revision.to_owned());
        put.insert(tags::DECLARED.to_owned(), service::declared_digest(pass));
    }
    put.retain(|key, value| found.tags.get(key) != Some(value));
    let mut steps = Vec::new();
    if !take.is_empty() {
        steps.push(untag(found, take));
    }
    if !put.is_empty() {
        steps.push(tag(found, &put));
    }
    steps
}

fn tag(found: &Found, put: &Tags) -> EcsStep {
    let mut document = Document::new();
    document.insert("resourceArn".to_owned(), found.service.get("serviceArn").cloned().unwrap_or_default());
    document.insert("tags".to_owned(), tags::write(put));
    EcsStep::TagResource { document }
}

fn untag(found: &Found, keys: BTreeSet<String>) -> EcsStep {
    let mut document = Document::new();
    document.insert("resourceArn".to_owned(), found.service.get("serviceArn").cloned().unwrap_or_default());
    document.insert("tagKeys".to_owned(), json!(keys));
    EcsStep::UntagResource { document }
}

fn line(key: &str, old: Option<&String>, new: Option<&String>, cause: Cause) -> Change {
    let shown = |value: Option<&String>| value.map(|value| Shown::Plain(json!(value)));
    let pointer = crate::normalise::Pointer(vec!["tags".to_owned(), key.to_owned()]);
    Change { path: pointer.text(Subject::Service), old: shown(old), new: shown(new), cause, deploys: false }
}

/// A new target replaces an unfinished one at once (rule 8).
fn superseding(pass: &Pass, found: &Found) -> Option<String> {
    let name = &pass.declared.service_name;
    let newest = pass.observation.service_deployments.first().and_then(|newest| newest.get("status")?.as_str());
    if matches!(newest, Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")) {
        return Some(format!("warning: a rollback of service `{name}` is under way, and is superseded"));
    }
    let state = members::primary(found.service).and_then(|primary| primary.get("rolloutState"))?;
    (state == "IN_PROGRESS").then(|| format!("an unfinished rollout of service `{name}` is superseded"))
}
