//! Which task definition revision is run: one that exists and says the same, or a new one. The rule is `EcsService`'s.

use serde_json::{Value, json};

use super::memory::NEWEST;
use super::pass::Pass;
use super::record;
use crate::desired::{Document, TaskDefinition};
use crate::model::{Operation, without_read_only};
use crate::normalise::{Setting, Sort, Subject, compare, leaves};
use crate::observed::{Observed, TaskMemory};
use crate::plan::ecs::task_definition::{Fit, Wanted, arn, is_active, lay_images, register};
use crate::plan::{Cause, Change, EcsStep, TaskDefinitionRef, Verdict, tags};
use crate::secret::Shown;

/// What was chosen.
pub(super) struct Chosen {
    pub(super) reference: TaskDefinitionRef,
    /// The RegisterTaskDefinition that comes before.
    pub(super) step: Option<EcsStep>,
    pub(super) changes: Vec<Change>,
}

/// Chooses. `last` is what ran last, where that is known. Err: there is nothing to run, or AWS could not be asked.
pub(super) fn choose(pass: &Pass, revisions: &[Value], last: Option<&Value>) -> Result<Chosen, Verdict> {
    match &pass.declared.task_definition {
        TaskDefinition::Document(document) => Ok(existing_or_new(pass, &Wanted::new(document.open()), revisions, last)),
        TaskDefinition::Family { family, revision } => follow(pass, family, *revision, revisions, last),
    }
}

/// The revision that a `family:` manifest follows or pins, with `images` laid over it.
fn follow(
    pass: &Pass,
    family: &str,
    revision: Option<u64>,
    revisions: &[Value],
    last: Option<&Value>,
) -> Result<Chosen, Verdict> {
    let named = revision.map_or_else(|| family.to_owned(), |revision| format!("{family}:{revision}"));
    let base = match &pass.observation.base {
        Observed::Present(base) => base,
        Observed::Unknown(why) => {
            return Err(Verdict::Unknown { message: format!("task definition `{named}` could not be read: {why}") });
        }
        Observed::Absent => {
            return Err(Verdict::stalled(
                "TaskDefinitionNotFound",
                format!("there is no ACTIVE task definition `{named}`: register it, or correct `taskDefinition.family`"),
            ));
        }
    };
    let (Some(base_arn), Some(content)) = (arn(base), base.get("taskDefinition").and_then(Value::as_object)) else {
        let message = format!("the answer about task definition `{named}` has no `taskDefinition`");
        return Err(Verdict::Unknown { message });
    };
    let mut document = without_read_only(content, Operation::RegisterTaskDefinition);
    if !lay_images(&mut document, &pass.declared.images, &named)? {
        return Ok(existing(base_arn, last));
    }
    let people = tags::peoples(&tags::read(base.get("tags")));
    if !people.is_empty() {
        document.insert("tags".to_owned(), tags::write(&people));
    }
    Ok(existing_or_new(pass, &Wanted::new(document), revisions, last))
}

fn existing(chosen: String, last: Option<&Value>) -> Chosen {
    let short = |arn: &str| Shown::Plain(json!(arn.rsplit('/').next().unwrap_or(arn)));
    let last = last.and_then(arn);
    let old = last.as_deref().map(short);
    let change = (last.as_ref() != Some(&chosen)).then(|| Change { old, ..line("/taskDefinition".to_owned(), short(&chosen)) });
    Chosen { reference: TaskDefinitionRef::Arn(chosen), step: None, changes: change.into_iter().collect() }
}

fn existing_or_new(pass: &Pass, wanted: &Wanted, revisions: &[Value], last: Option<&Value>) -> Chosen {
    let active = revisions.iter().filter(|answer| is_active(answer));
    // Where only a deregistered revision has records that is newer than all of these, the new one is to be newer still.
    let newest = record::newest(revisions, &pass.who);
    let covered = active.clone().filter_map(arn).any(|arn| record::number(&arn) >= newest);
    let candidates: Vec<&Value> = if covered { active.take(NEWEST).collect() } else { Vec::new() };
    let fitting = |right: fn(&Fit) -> bool| {
        candidates.iter().find(|answer| Fit::of(wanted, answer).is_some_and(|fit| right(&fit))).and_then(|answer| arn(answer))
    };
    if let Some(arn) = fitting(Fit::exact).or_else(|| fitting(Fit::as_registered)) {
        return existing(arn, last);
    }
    let changes = match last.and_then(|last| last.get("taskDefinition")).and_then(Value::as_object) {
        Some(last) => against(wanted, last),
        None => {
            let all = wanted.document.iter().flat_map(|(name, value)| leaves(Subject::TaskDefinition, name, value));
            all.map(|(pointer, new)| line(pointer.text(Subject::TaskDefinition), new)).collect()
        }
    };
    let mut step = register(&pass.resource.id, pass.context, wanted);
    if let (EcsStep::RegisterTaskDefinition { number, .. }, TaskMemory::Whole { newest, .. }) =
        (&mut step, pass.observation.memory)
    {
        *number = Some(newest + 1);
    }
    Chosen { reference: TaskDefinitionRef::Registered, step: Some(step), changes }
}

/// What differs from the definition that ran last. What is no longer declared is AWS's default in a new revision.
fn against(wanted: &Wanted, last: &Document) -> Vec<Change> {
    let settings = (Setting::of_task_definition(&wanted.document), Setting::of_task_definition(last));
    let differences = compare(Subject::TaskDefinition, &wanted.document, last, &settings.0, &settings.1);
    let told = differences.into_iter().filter(|difference| difference.sort != Sort::Unechoed);
    told.map(|difference| Change {
        path: difference.pointer.text(Subject::TaskDefinition),
        old: difference.old.clone(),
        new: difference.new.clone(),
        cause: if difference.sort == Sort::Undeclared { Cause::Removed } else { Cause::Declared },
        deploys: true,
    })
    .collect()
}

/// RunTask's own document as lines of a diff. Overrides may hold environment values.
pub(super) fn of_document(document: &Document) -> Vec<Change> {
    let shown = |name: &str, value: &Value| match name {
        "overrides" => Shown::Hidden(value.clone()),
        _ => Shown::Plain(value.clone()),
    };
    document.iter().map(|(name, value)| line(format!("/task/{name}"), shown(name, value))).collect()
}

fn line(path: String, new: Shown) -> Change {
    Change { path, old: None, new: Some(new), cause: Cause::Declared, deploys: true }
}
