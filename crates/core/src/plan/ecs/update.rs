//! A service that is there: what to change, in which order, and where it stands.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::memory::{self, Memory};
use super::outcome::Judged;
use super::pass::{Pass, REQUEUE, short_arn, unknown, unsupported};
use super::service::{self, Differences};
use super::spelling::Hashes;
use super::task_definition::{Chosen, choose};
use super::{members, outcome};
use crate::desired::Document;
use crate::normalise::Subject;
use crate::plan::ownership::{self, Ownership};
use crate::plan::tags::{self, Tags};
use crate::plan::{Cause, Change, EcsStep, Plan, TaskDefinitionRef, Verdict};
use crate::secret::Shown;

/// All that is known of the difference.
struct Found<'v> {
    service: &'v Map<String, Value>,
    tags: Tags,
    ownership: Ownership,
    chosen: Chosen,
    differences: Differences,
    /// The record of our last write is missing in the tags, and was put together from its traces.
    unrecorded: bool,
}

impl Found<'_> {
    fn deploys(&self) -> bool {
        self.chosen.reference.is_some() || !self.differences.deploying.is_empty()
    }
}

/// Plans UpdateService, our tags, or patience.
pub(super) fn update(pass: &Pass, service: &Map<String, Value>) -> Plan {
    let mut pass = pass.clone();
    let found = match find(&mut pass, service) {
        Ok(found) => found,
        Err(verdict) => return pass.plan(verdict),
    };
    let pass = &pass;
    let arn = found.chosen.arn.clone().unwrap_or_default();
    // A failure of another digest is over: the resource has changed since.
    let changed_since = found.tags.get(tags::FAILED).is_some_and(|digest| *digest != pass.digest);
    let judged = (!found.deploys()).then(|| outcome::judge(pass, &arn));
    let failure = match &judged {
        Some(Judged { verdict: Verdict::Failed { message, .. }, .. }) => Some(message.clone()),
        Some(_) => None,
        None => outcome::remembered(pass, &arn),
    };
    match failure.filter(|_| !changed_since) {
        Some(message) if found.deploys() && !pass.context.retry => failed(pass, &found, message),
        failure => proceed(pass, &found, judged, failure.is_some() && pass.context.retry),
    }
}

/// Nothing stands in the way. `retried`: of a failure on record that a person wants tried again.
fn proceed(pass: &Pass, found: &Found, judged: Option<Judged>, retried: bool) -> Plan {
    let name = &pass.declared.service_name;
    let forced = retried && !found.deploys();
    let theirs = others_rollout(pass, found);
    // A deployment of others is superseded by what the manifest says, and by nothing else.
    let waits = theirs.is_some() && found.deploys() && !declares(found);
    let deploys = (found.deploys() || forced) && !waits;
    let count = found.differences.quiet.get("desiredCount");
    let mut plan = pass.plan(Verdict::Ready { message: String::new() });
    plan.changes = changes(found, !waits);
    plan.notes.extend(found.chosen.notes.iter().chain(&found.differences.notes).cloned());
    plan.notes.extend(drift(pass, found, &plan.changes));
    let judged = judged.filter(|_| !forced && count.is_none());
    let failing = judged.as_ref().is_some_and(|judged| matches!(judged.verdict, Verdict::Failed { .. }));
    let how = How { deploying: deploys, forced, complete: !waits, keep_failure: retried || failing };
    let mut steps = Vec::new();
    if retried {
        plan.notes.push("the failed rollout is tried again".to_owned());
        if found.tags.contains_key(tags::FAILED) {
            steps.push(untag(found, [tags::FAILED.to_owned()].into()));
        }
    }
    if deploys {
        steps.extend(found.chosen.step.clone());
    }
    match writes(pass, found, how, &mut plan) {
        Ok(written) => steps.extend(written),
        Err(verdict) => {
            plan.verdict = verdict;
            return plan;
        }
    }
    if !steps.is_empty() && older(pass, found) {
        return pass
            .plan(unknown(format!("service `{name}` was written less than a minute ago, and AWS still shows an older state")));
    }
    plan.verdict = match (judged, count) {
        _ if waits => progressing("RolloutOfOthers", format!("{}; it is waited for", theirs.unwrap_or_default())),
        (Some(judged), _) => {
            steps.splice(0..0, judged.steps);
            judged.verdict
        }
        (None, Some(count)) if !deploys => progressing("Scaling", format!("service `{name}` is scaled to {count}")),
        (None, _) => {
            plan.notes.extend(superseding(pass, found, theirs));
            progressing("RolloutStarting", format!("a deployment of service `{name}` starts"))
        }
    };
    plan.steps = steps.into_iter().map(Into::into).collect();
    plan
}

/// The deployment under way that we did not begin, in words.
fn others_rollout(pass: &Pass, found: &Found) -> Option<String> {
    let primary = members::primary(found.service).filter(|primary| primary["rolloutState"] == "IN_PROGRESS")?;
    let service = pass.observation.service.present()?;
    let ours = pass.written.as_ref().is_some_and(|written| written.owns(service, primary));
    let id = primary["id"].as_str().unwrap_or_default();
    (!ours).then(|| {
        let name = &pass.declared.service_name;
        format!("a rollout of service `{name}` is under way that Driftless did not begin (deployment {id})")
    })
}

/// The resource is as it was when it was written last, so that what differs was changed in AWS.
fn drift(pass: &Pass, found: &Found, changes: &[Change]) -> Option<String> {
    let same = pass.written.as_ref().is_some_and(|written| written.digest == pass.digest);
    let revision = found.tags.get(tags::REVISION).filter(|_| same)?;
    let drifted = changes.iter().filter(|change| !matches!(change.cause, Cause::Removed | Cause::Ownership));
    let paths: Vec<&str> = drifted.map(|change| change.path.as_str()).collect();
    let revision = if revision.len() == 40 { &revision[..8] } else { revision };
    (!paths.is_empty()).then(|| format!("changed in AWS since it was written at {revision}: {}", paths.join(", ")))
}

/// Whether what is to be deployed is what the manifest says, or no longer says.
fn declares(found: &Found) -> bool {
    let all = found.chosen.changes.iter().chain(&found.differences.changes).filter(|change| change.deploys);
    all.map(|change| change.cause).any(|cause| matches!(cause, Cause::Declared | Cause::Removed))
}

/// Whether the answer may be older than our own write at this revision, which ends with the revision's tag.
fn older(pass: &Pass, found: &Found) -> bool {
    pass.just_written() && found.tags.get(tags::REVISION).map(String::as_str) != Some(pass.context.revision)
}

fn progressing(reason: &'static str, message: String) -> Verdict {
    Verdict::Progressing { reason, message, requeue: REQUEUE }
}

fn find<'v>(pass: &mut Pass, service: &'v Map<String, Value>) -> Result<Found<'v>, Verdict> {
    let tags = tags::read(service.get("tags"));
    let ownership = ownership::of(&pass.thing(), pass.resource, &tags, pass.context)?;
    if let Some(verdict) = short_arn(pass, service).or_else(|| unsupported(pass, service)) {
        return Err(verdict);
    }
    if pass.observation.task_definition.is_none() && service.contains_key("taskDefinition") {
        return Err(unknown(format!("the task definition of service `{}` could not be read", pass.declared.service_name)));
    }
    let trace = if ownership.adopting { None } else { outcome::unrecorded(pass) };
    let unrecorded = trace.is_some();
    pass.written = trace.or(pass.written.take());
    let chosen = choose(pass, pass.observation.task_definition.as_ref(), ownership.created, ownership.adopting)?;
    let differences = service::differences(pass, service, &tags, &ownership)?;
    Ok(Found { service, tags, ownership, chosen, differences, unrecorded })
}

/// While failed, members that start a deployment are left alone; all others are not.
fn failed(pass: &Pass, found: &Found, message: String) -> Plan {
    let mut plan = pass.plan(Verdict::Failed { reason: "RolloutFailed", message });
    plan.changes = changes(found, false);
    let mut steps = Vec::new();
    plan.notes.push("what starts a deployment is left as it is until the resource changes, or `driftless retry`".to_owned());
    // AWS keeps its own record for 90 days, and knows nothing of digests.
    if !found.tags.contains_key(tags::FAILED) {
        steps.push(tag(found, &[(tags::FAILED.to_owned(), pass.digest.clone())].into()));
    }
    // The commit's tag waits while something of the commit does: what it removed would be forgotten.
    match writes(pass, found, How { deploying: false, forced: false, complete: false, keep_failure: true }, &mut plan) {
        Ok(written) => steps.extend(written),
        Err(verdict) => plan.verdict = verdict,
    }
    // What is left as it is is a difference all the same.
    let left = changes(found, true).into_iter().filter(|change| change.deploys);
    plan.changes.splice(0..0, left);
    plan.steps = steps.into_iter().map(Into::into).collect();
    plan
}

fn changes(found: &Found, deploying: bool) -> Vec<Change> {
    let all = found.chosen.changes.iter().chain(&found.differences.changes);
    all.filter(|change| deploying || !change.deploys).cloned().collect()
}

/// How the pass writes.
#[derive(Clone, Copy)]
struct How {
    /// What starts a deployment is sent.
    deploying: bool,
    /// A deployment is to start although nothing differs.
    forced: bool,
    /// All of the commit is written.
    complete: bool,
    /// The tag of a failure is this digest's, or is taken away elsewhere.
    keep_failure: bool,
}

/// UpdateService, UntagResource and TagResource: of tags what goes away, then UpdateService, whose tags are put together with what its
/// answer tells. Until then `driftless:revision` names the commit that what was removed since is told from.
/// Err: the same has been written often enough.
fn writes(pass: &Pass, found: &Found, how: How, plan: &mut Plan) -> Result<Vec<EcsStep>, Verdict> {
    let update = update_service(pass, found, how);
    let (mut put, take) = tag_changes(pass, found, how, plan);
    let prior = pass.written.as_ref();
    let bookkeeping = update.is_none() && put.is_empty() && take.is_empty();
    if bookkeeping {
        // The count begins anew where equality is seen; and a record that is missing is put.
        let settled = prior.and_then(|prior| memory::settled(prior, &pass.digest)).filter(|_| plan.changes.is_empty());
        let record = settled.or_else(|| prior.filter(|_| found.unrecorded).cloned());
        let tags = record.map(|record| [(tags::WRITTEN.to_owned(), record.to_string())].into());
        return Ok(tags.map(|tags| tag(found, &tags)).into_iter().collect());
    }
    let anew = pass.context.retry || pass.context.equal;
    let Some(written) = memory::again(prior, &pass.digest, &plan.changes, anew) else {
        return Err(not_converging(pass, &plan.changes));
    };
    if how.complete {
        put.insert(tags::REVISION.to_owned(), pass.context.revision.to_owned());
    }
    let not_sent = if how.deploying { Document::new() } else { found.differences.deploying.clone() };
    put.insert(tags::DECLARED.to_owned(), service::member_digests(pass, &not_sent));
    put.retain(|key, value| found.tags.get(key) != Some(value));
    let mut steps = Vec::new();
    if !take.is_empty() {
        steps.push(untag(found, take));
    }
    let Some((document, task_definition)) = update else {
        let spellings: Hashes = found.differences.spellings.iter().map(|(_, hash)| hash.clone()).collect();
        if !spellings.is_empty() {
            put.insert(tags::SPELLING.to_owned(), spellings.text());
        }
        put.insert(tags::WRITTEN.to_owned(), written.to_string());
        put.retain(|key, value| found.tags.get(key) != Some(value));
        steps.push(tag(found, &put));
        return Ok(steps);
    };
    let others = found.differences.spellings.iter().filter(|(member, _)| !document.contains_key(member));
    let memory = Memory {
        arn: found.service.get("serviceArn").and_then(Value::as_str).map(str::to_owned),
        tags: put,
        written,
        before: members::primary(found.service).and_then(|primary| primary["id"].as_str()).map(str::to_owned),
        deploys: how.deploying,
        declared: found.differences.declared.clone(),
        kept: others.map(|(_, hash)| hash.clone()).collect(),
        spellings: found.tags.get(tags::SPELLING).cloned(),
        sent: document.clone(),
    };
    steps.insert(0, EcsStep::UpdateService { document, task_definition, memory: Some(Box::new(memory)) });
    Ok(steps)
}

/// What was written so often, and what AWS still shows.
fn not_converging(pass: &Pass, changes: &[Change]) -> Verdict {
    let what: Vec<String> = changes
        .iter()
        .map(|change| {
            let text = |shown: &Option<Shown>| shown.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            format!("{} is {} and should be {}", change.path, text(&change.old), text(&change.new))
        })
        .collect();
    Verdict::stalled(
        "NotConverging",
        format!(
            "service `{}` was written twice, and AWS still shows something else: {}. Either AWS does not take what is declared, or \
             somebody else sets it: declare what AWS shows, or list the place under `ignore`; `driftless retry {}` writes it again",
            pass.declared.service_name,
            what.join("; "),
            pass.resource.id
        ),
    )
}

/// UpdateService's body without `taskDefinition`, and what it runs, when that changes.
fn update_service(pass: &Pass, found: &Found, how: How) -> Option<(Document, Option<TaskDefinitionRef>)> {
    let mut document = found.differences.quiet.clone();
    let mut task_definition = None;
    if how.deploying {
        document.extend(found.differences.deploying.clone());
        task_definition = found.chosen.reference.clone();
    }
    if how.forced {
        document.insert("forceNewDeployment".to_owned(), json!(true));
    }
    if document.is_empty() && task_definition.is_none() {
        return None;
    }
    document.insert("cluster".to_owned(), json!(pass.declared.cluster));
    document.insert("service".to_owned(), json!(pass.declared.service_name));
    Some((document, task_definition))
}

/// The tags to put and to take away, ours and people's.
fn tag_changes(pass: &Pass, found: &Found, how: How, plan: &mut Plan) -> (Tags, BTreeSet<String>) {
    let mut put: Tags = found.ownership.claims.clone();
    let mut take = BTreeSet::new();
    for (key, value) in &put {
        plan.changes.push(line(key, found.tags.get(key), Some(value), Cause::Ownership));
    }
    if let Some(wanted) = tags::declared(&pass.service).filter(|_| !pass.ignores("tags")) {
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
    let written = !plan.changes.is_empty() || how.forced;
    // A failure of another digest is over.
    if written && found.tags.contains_key(tags::FAILED) && !how.keep_failure {
        take.insert(tags::FAILED.to_owned());
    }
    (put, take)
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
fn superseding(pass: &Pass, found: &Found, theirs: Option<String>) -> Option<String> {
    let name = &pass.declared.service_name;
    let newest = pass.observation.service_deployments.first().and_then(|newest| newest.get("status")?.as_str());
    if matches!(newest, Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")) {
        return Some(format!("warning: a rollback of service `{name}` is under way, and is superseded"));
    }
    if let Some(theirs) = theirs {
        return Some(format!("warning: {theirs}, and is superseded, as the manifest says otherwise"));
    }
    let state = members::primary(found.service).and_then(|primary| primary.get("rolloutState"))?;
    (state == "IN_PROGRESS").then(|| format!("an unfinished rollout of service `{name}` is superseded"))
}
