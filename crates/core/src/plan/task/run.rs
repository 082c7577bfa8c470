//! The calls of one run: the intent is on record before RunTask.

use serde_json::{Value, json};

use super::pass::{Pass, REQUEUE};
use super::record::{self, Recorded, Run, State};
use super::revision::{self, choose};
use crate::desired::{Document, TaskDefinition};
use crate::plan::ecs::task_definition::{arn, is_active};
use crate::plan::{EcsStep, Plan, Secret, TaskDefinitionRef, Verdict, tags};

/// How many runs of one resource a revision remembers. "Maximum number of tags per resource - 50", API_Tag.html, and other
/// resources and people need theirs.
const REMEMBERED: usize = 10;

/// Runs it for the `attempt`th time.
pub(super) fn first(pass: &Pass, revisions: &[Value], runs: &[Recorded], attempt: u32, mut plan: Plan) -> Result<Plan, Verdict> {
    // What ran last of this resource, whatever became of it: the newest of its runs whose definition can be read.
    let last = runs.iter().filter(|one| one.run.of.is_none()).max_by_key(|one| one.run.at);
    let last = last.and_then(|last| revisions.iter().find(|answer| arn(answer).as_ref() == Some(&last.revision)));
    let chosen = choose(pass, revisions, last)?;
    let mut run = Run::intended(attempt, pass.observation.now, pass.declared.timeout.as_secs(), pass.context);
    let before = runs.iter().find(|one| one.digest == pass.digest && one.run.state.ran_nothing() && !pass.context.retry);
    run.first = before.map(|before| before.run.first.unwrap_or(before.run.at));
    plan.steps.extend(chosen.step.map(Into::into));
    plan.steps.extend(intent(pass, revisions, runs, &run, &chosen.reference, true).into_iter().map(Into::into));
    plan.steps.push(run_task(pass, &run, chosen.reference).into());
    // What the last run's document was is not on record: it is shown where nothing else tells why there is another run.
    let again = runs.iter().any(|one| one.digest == pass.digest);
    if !again && (last.is_none() || chosen.changes.is_empty()) {
        plan.changes.extend(revision::of_document(&pass.declared.task.open()));
    }
    plan.changes.splice(0..0, chosen.changes);
    if attempt > 1 {
        plan.notes.push(format!("attempt {attempt}"));
    }
    plan.verdict = starting(pass);
    Ok(plan)
}

/// Writes the intent at the revision that is run, and, where a newer one has records, there too: so nothing that was written is
/// missing at the newest revision that has records, whichever others are deleted (`memory.rs`).
///
/// What follows a family registers nothing, so that no number tells of it that the newest revision was deleted: its intent is at
/// another revision as well.
/// Only one that is `fresh`, before which all that may know of a run was asked: its record may lie above a gap.
fn intent(
    pass: &Pass,
    revisions: &[Value],
    runs: &[Recorded],
    run: &Run,
    reference: &TaskDefinitionRef,
    fresh: bool,
) -> Vec<EcsStep> {
    let at = |run: &Run, reference: &TaskDefinitionRef| {
        let forgotten = match reference {
            TaskDefinitionRef::Arn(arn) => forget(pass, runs, arn),
            TaskDefinitionRef::Registered => None,
        };
        let document = on_record(pass, runs, &pass.digest, run, reference);
        forgotten.into_iter().chain([EcsStep::TagTaskDefinition { document, task_definition: reference.clone() }])
    };
    let mut steps: Vec<EcsStep> = at(run, reference).collect();
    let TaskDefinitionRef::Arn(own) = reference else { return steps };
    let newest = record::newest(revisions, &pass.who).filter(|newest| record::number(own).is_some_and(|own| own < *newest));
    let active = revisions.iter().filter(|answer| is_active(answer)).filter_map(arn);
    let above = active.filter(|arn| record::number(arn) >= newest).max_by_key(|arn| record::number(arn));
    let above = newest.and(above);
    let follows = fresh && matches!(pass.declared.task_definition, TaskDefinition::Family { .. });
    let other = || {
        let others = revisions.iter().filter(|answer| follows && is_active(answer)).filter_map(arn).filter(|arn| arn != own);
        others.max_by_key(|arn| record::number(arn))
    };
    if let Some(second) = above.or_else(other) {
        let copy = Run { of: record::number(own), ..run.clone() };
        steps.extend(at(&copy, &TaskDefinitionRef::Arn(second)));
    }
    steps
}

/// Sends RunTask of a run that nobody has seen once more: with the same token it starts nothing twice. The intent is written
/// again as well: what was read may be older than a refusal, which would then stand on record of a task that runs.
pub(super) fn again(pass: &Pass, revisions: &[Value], runs: &[Recorded], own: &Recorded, mut plan: Plan) -> Plan {
    let task_definition = TaskDefinitionRef::Arn(own.revision.clone());
    plan.steps.extend(intent(pass, revisions, runs, &own.run, &task_definition, false).into_iter().map(Into::into));
    plan.steps.push(run_task(pass, &own.run, TaskDefinitionRef::Arn(own.revision.clone())).into());
    plan.notes.push("RunTask is sent again with the same client token: what runs already is not run twice".to_owned());
    plan.verdict = starting(pass);
    plan
}

fn starting(pass: &Pass) -> Verdict {
    let message = format!("{} is run", pass.resource.id);
    Verdict::Progressing { reason: "Starting", message, requeue: REQUEUE }
}

/// The same run has the same document to the letter: "if you retry a request with the same client token and one or more of
/// the parameters have changed, the retry fails with a ConflictException".
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
fn run_task(pass: &Pass, run: &Run, task_definition: TaskDefinitionRef) -> EcsStep {
    let mut document = pass.declared.task.open();
    let mut all = tags::declared(&document).unwrap_or_default();
    all.extend(tags::ownership(&pass.resource.id, pass.context));
    all.insert(tags::REVISION.to_owned(), run.commit.clone());
    document.insert("tags".to_owned(), tags::write(&all));
    document.insert("cluster".to_owned(), json!(pass.declared.cluster));
    document.insert("count".to_owned(), json!(1));
    document.insert("clientToken".to_owned(), json!(record::token(&pass.who, &pass.digest, run.attempt)));
    document.insert("startedBy".to_owned(), json!(record::started_by(&pass.who, &pass.digest, run.attempt)));
    // The next attempt waits a minute from this refusal, and not from the first time that it was sent: by then nobody reads what was
    // on record before the refusal, and sends this token again beside the next one's.
    let (at, first) =
        (pass.observation.now.max(0.0) as u64, run.first.or((run.at < pass.observation.now as u64).then_some(run.at)));
    let refused = Run { state: State::Refused, at, first, ..run.clone() };
    let refused = record::tag(&record::key(&pass.who, &pass.digest), &refused);
    EcsStep::RunTask { document: Secret(document), task_definition, refused }
}

/// TagResource's body with a run of `digest`, as the intent is, and with what other revisions remember of other runs: should those be
/// deregistered or deleted, this one still knows what has run.
pub(super) fn on_record(pass: &Pass, runs: &[Recorded], digest: &str, run: &Run, reference: &TaskDefinitionRef) -> Document {
    let here = |one: &&Recorded| matches!(reference, TaskDefinitionRef::Arn(arn) if *arn == one.revision);
    let others = || runs.iter().filter(|one| one.digest != digest);
    let room = (REMEMBERED - 1).saturating_sub(others().filter(here).count());
    let mut carried: Vec<&Recorded> = others().filter(|one| !here(one)).collect();
    carried.sort_by_key(|one| std::cmp::Reverse(one.run.at));
    let mut tags = vec![json!({"key": record::key(&pass.who, digest), "value": record::value(run)})];
    let copies = carried.iter().take(room).map(|one| (record::key(&pass.who, &one.digest), one.copied()));
    tags.extend(copies.map(|(key, run)| json!({"key": key, "value": record::value(&run)})));
    let mut document = Document::new();
    document.insert("tags".to_owned(), Value::Array(tags));
    document
}

/// Takes the oldest records off a revision that has many: those whose runs are over.
fn forget(pass: &Pass, runs: &[Recorded], arn: &str) -> Option<EcsStep> {
    let mut over: Vec<&Recorded> = runs.iter().filter(|one| one.revision == arn && one.digest != pass.digest).collect();
    let surplus = (over.len() + 1).saturating_sub(REMEMBERED);
    over.retain(|one| one.run.state.is_over());
    over.sort_by_key(|one| one.run.at);
    let keys: Vec<String> = over.iter().take(surplus).map(|one| record::key(&pass.who, &one.digest)).collect();
    if keys.is_empty() {
        return None;
    }
    let mut document = Document::new();
    document.insert("resourceArn".to_owned(), json!(arn));
    document.insert("tagKeys".to_owned(), json!(keys));
    Some(EcsStep::UntagResource { document })
}
