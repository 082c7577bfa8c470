//! Which task definition revision the service should run: its own, another that exists, or a new one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::pass::{Pass, unknown};
use super::{memory, spelling};
use crate::desired::{Document, TaskDefinition};
use crate::model::{Operation, without_read_only};
use crate::normalise::{Difference, Pointer, Setting, Sort, Subject, compare, get, leaves, set};
use crate::observed::Observed;
use crate::plan::tags::{self, Tags};
use crate::plan::{Cause, Change, Context, EcsStep, Secret, TaskDefinitionRef, Verdict};
use crate::resource::ResourceId;
use crate::secret::Shown;

const SUBJECT: Subject = Subject::TaskDefinition;

/// What was chosen.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// What the service is to run instead of what it runs; None: what it runs is right.
    pub(super) reference: Option<TaskDefinitionRef>,
    /// The RegisterTaskDefinition that comes before.
    pub(super) step: Option<EcsStep>,
    /// Against what the service runs.
    pub(super) changes: Vec<Change>,
    /// The revision, when it exists.
    pub(super) arn: Option<String>,
    /// What AWS shows otherwise than it was registered.
    pub(super) notes: Vec<String>,
}

/// What a revision is to say.
pub(in crate::plan) struct Wanted {
    pub(in crate::plan) document: Document,
    /// People's tags; None: not declared.
    tags: Option<Tags>,
    digest: String,
}

impl Wanted {
    pub(in crate::plan) fn new(mut document: Document) -> Self {
        let tags = tags::declared(&document);
        document.remove("tags");
        let digest = crate::plan::digest::of(&json!({"document": document, "tags": tags}));
        Wanted { document, tags, digest }
    }
}

/// How far a revision is from what is wanted.
pub(in crate::plan) struct Fit {
    differences: Vec<Difference>,
    tags: Vec<Change>,
    /// The revision says that it was registered from the very same document.
    same_digest: bool,
}

impl Fit {
    /// None: the answer has no `taskDefinition`.
    pub(in crate::plan) fn of(wanted: &Wanted, answer: &Value) -> Option<Self> {
        let observed = answer.get("taskDefinition")?.as_object()?;
        let settings = (Setting::of_task_definition(&wanted.document), Setting::of_task_definition(observed));
        let live = tags::read(answer.get("tags"));
        let same_digest = live.get(tags::DEFINITION) == Some(&wanted.digest);
        let mut differences = compare(SUBJECT, &wanted.document, observed, &settings.0, &settings.1);
        // Nothing echoes them, and this very document has been registered as this revision.
        differences.retain(|difference| !(same_digest && difference.sort == Sort::Unechoed));
        let tags = wanted.tags.as_ref().map(|wanted| tag_changes(wanted, &tags::peoples(&live))).unwrap_or_default();
        Some(Fit { differences, tags, same_digest })
    }

    pub(in crate::plan) fn exact(&self) -> bool {
        self.differences.is_empty() && self.tags.is_empty()
    }

    /// The revision was registered from the very same document, and it never changes: what its answer shows otherwise is AWS's
    /// spelling, or not echoed. But tags are copied with a revision that somebody makes from ours, so that what AWS never
    /// spells otherwise (images, environment, commands, counts and flags) has to be as declared.
    pub(in crate::plan) fn as_registered(&self) -> bool {
        let spelled = |difference: &Difference| match difference.sort {
            Sort::Declared | Sort::Extra => spelling::may_be(difference) && !spelling::is_peoples_own(&difference.pointer),
            _ => true,
        };
        self.same_digest && self.tags.is_empty() && self.differences.iter().all(spelled)
    }

    /// [`as_registered`](Fit::as_registered), of a revision that our own record names: no copy then.
    fn recorded(&self, named: bool) -> bool {
        named && self.same_digest && self.tags.is_empty()
    }

    fn spellings(&self) -> Vec<String> {
        let spelled = self.differences.iter().filter(|difference| matches!(difference.sort, Sort::Declared | Sort::Extra));
        spelled.map(|difference| spelling::note(SUBJECT, difference)).collect()
    }
}

/// Whether the record of our last write names the revision.
fn is_recorded(pass: &Pass, answer: &Value) -> bool {
    let recorded = pass.written.as_ref().and_then(|written| written.definition.as_ref());
    recorded.is_some() && recorded == arn(answer).map(|arn| memory::definition(&arn)).as_ref()
}

fn tag_changes(wanted: &Tags, live: &Tags) -> Vec<Change> {
    let keys: std::collections::BTreeSet<&String> = wanted.keys().chain(live.keys()).collect();
    let shown = |value: Option<&String>| value.map(|value| Shown::Plain(json!(value)));
    keys.into_iter()
        .filter(|key| wanted.get(*key) != live.get(*key))
        .map(|key| Change {
            path: Pointer(vec!["tags".to_owned(), key.clone()]).text(SUBJECT),
            old: shown(live.get(key)),
            new: shown(wanted.get(key)),
            cause: Cause::Declared,
            deploys: true,
        })
        .collect()
}

/// Whether the service's own revision is right without a look at any other; None: only the base says.
pub(super) fn own_is_right(pass: &Pass, own: &Value, created: bool) -> Option<bool> {
    let document = pass.definition.as_ref()?;
    let wanted = Wanted::new(carried(pass, document.clone(), Some(own)));
    Fit::of(&wanted, own).map(|fit| good_enough(pass, &fit, created) || fit.recorded(is_recorded(pass, own)))
}

/// On a service that we did not create, what is not declared belongs to AWS.
fn good_enough(pass: &Pass, fit: &Fit, created: bool) -> bool {
    let counts = |difference: &Difference| difference.sort != Sort::Undeclared || created || removed(pass, &difference.pointer);
    fit.tags.is_empty() && !fit.differences.iter().any(counts)
}

fn removed(pass: &Pass, pointer: &Pointer) -> bool {
    pass.declared.removed.iter().filter_map(|text| Pointer::parse(SUBJECT, text)).any(|removed| removed.covers(pointer))
}

/// Ignored members as the service's own revision has them.
fn carried(pass: &Pass, mut document: Document, own: Option<&Value>) -> Document {
    let Some(own) = own.and_then(|own| own.get("taskDefinition")).and_then(Value::as_object) else { return document };
    for pointer in pass.declared.ignore.iter().filter_map(|text| Pointer::parse(SUBJECT, text)) {
        set(SUBJECT, &mut document, &pointer, get(SUBJECT, own, &pointer).cloned());
    }
    document
}

/// Chooses. `own` is what the service runs, if it exists; `adopting`: it is not ours yet.
pub(super) fn choose(pass: &Pass, own: Option<&Value>, created: bool, adopting: bool) -> Result<Chosen, Verdict> {
    let document = match &pass.declared.task_definition {
        TaskDefinition::Family { family, revision } => return follow(pass, family, *revision, own),
        TaskDefinition::Document(_) => pass.definition.clone().unwrap_or_default(),
    };
    let wanted = Wanted::new(carried(pass, document, own));
    let own_fit = own.and_then(|own| Fit::of(&wanted, own));
    if own_fit.as_ref().is_some_and(|fit| good_enough(pass, fit, created)) {
        return Ok(Chosen { arn: own.and_then(arn), ..Chosen::default() });
    }
    let registered = |fit: &&Fit| own.is_some_and(|own| fit.recorded(is_recorded(pass, own)));
    if let Some(fit) = own_fit.as_ref().filter(registered) {
        return Ok(Chosen { arn: own.and_then(arn), notes: fit.spellings(), ..Chosen::default() });
    }
    if let Some(fit) = own_fit.as_ref().filter(|_| !created) {
        would_reset(pass, fit, adopting)?;
    }
    existing_or_new(pass, &wanted, own, own_fit, created)
}

/// Whether `arn` is the one revision that the manifest pins.
pub(super) fn pinned(arn: &str, family: &str, revision: Option<u64>) -> bool {
    revision.is_some_and(|revision| arn.ends_with(&format!(":task-definition/{family}:{revision}")))
}

/// The revision that a `family:` manifest follows or pins, with `images` laid over it.
fn follow(pass: &Pass, family: &str, revision: Option<u64>, own: Option<&Value>) -> Result<Chosen, Verdict> {
    let named = revision.map_or_else(|| family.to_owned(), |revision| format!("{family}:{revision}"));
    if let Some(own) = own.and_then(arn).filter(|own| pass.declared.images.is_empty() && pinned(own, family, revision)) {
        return Ok(Chosen { arn: Some(own), ..Chosen::default() });
    }
    let base = match &pass.observation.base {
        Observed::Present(base) => base,
        Observed::Unknown(why) => return Err(unknown(format!("task definition `{named}` could not be read: {why}"))),
        Observed::Absent => {
            return Err(Verdict::stalled(
                "TaskDefinitionNotFound",
                format!("there is no ACTIVE task definition `{named}`: register it, or correct `taskDefinition.family`"),
            ));
        }
    };
    let (Some(base_arn), Some(content)) = (arn(base), base.get("taskDefinition").and_then(Value::as_object)) else {
        return Err(unknown(format!("the answer about task definition `{named}` has no `taskDefinition`")));
    };
    let mut document = without_read_only(content, Operation::RegisterTaskDefinition);
    let differs = lay_images(&mut document, &pass.declared.images, &named)?;
    let people = tags::peoples(&tags::read(base.get("tags")));
    if !people.is_empty() {
        document.insert("tags".to_owned(), tags::write(&people));
    }
    let wanted = Wanted::new(if differs { carried(pass, document, own) } else { document });
    let own_fit = own.and_then(|own| Fit::of(&wanted, own));
    if differs {
        let right = |fit: &Fit| fit.exact() || own.is_some_and(|own| fit.recorded(is_recorded(pass, own)));
        if own_fit.as_ref().is_some_and(right) {
            return Ok(Chosen { arn: own.and_then(arn), ..Chosen::default() });
        }
        return existing_or_new(pass, &wanted, own, own_fit, true);
    }
    if own.and_then(arn).as_deref() == Some(base_arn.as_str()) {
        return Ok(Chosen { arn: Some(base_arn), ..Chosen::default() });
    }
    let mut changes = changes(pass, &wanted, own_fit.as_ref(), true);
    if let Some(own) = own.and_then(arn) {
        changes.insert(
            0,
            Change {
                path: Pointer::default().text(SUBJECT),
                old: Some(Shown::Plain(json!(own))),
                new: Some(Shown::Plain(json!(base_arn))),
                cause: Cause::Declared,
                deploys: true,
            },
        );
    }
    Ok(Chosen {
        reference: Some(TaskDefinitionRef::Arn(base_arn.clone())),
        step: None,
        changes,
        arn: Some(base_arn),
        notes: Vec::new(),
    })
}

/// Puts `images` into the content of the revision `named`; whether that changed anything.
pub(in crate::plan) fn lay_images(
    document: &mut Document,
    images: &BTreeMap<String, String>,
    named: &str,
) -> Result<bool, Verdict> {
    let mut differs = false;
    for (container, image) in images {
        let pointer = Pointer(["containerDefinitions", container, "image"].map(str::to_owned).to_vec());
        match get(SUBJECT, document, &pointer) {
            Some(live) if live == image => {}
            _ if get(SUBJECT, document, &Pointer(pointer.0[..2].to_vec())).is_none() => {
                return Err(Verdict::stalled(
                    "ContainerNotFound",
                    format!(
                        "`taskDefinition.images` names the container `{container}`, which task definition `{named}` does not have"
                    ),
                ));
            }
            _ => {
                set(SUBJECT, document, &pointer, Some(json!(image)));
                differs = true;
            }
        }
    }
    Ok(differs)
}

/// One of the newest revisions of the family, if it says the same, or a new one (rule 4).
fn existing_or_new(
    pass: &Pass,
    wanted: &Wanted,
    own: Option<&Value>,
    own_fit: Option<Fit>,
    created: bool,
) -> Result<Chosen, Verdict> {
    let candidates: &[Value] = match &pass.observation.candidates {
        Observed::Present(candidates) => candidates,
        Observed::Absent => &[],
        Observed::Unknown(why) => {
            return Err(unknown(format!("the task definition's newest revisions could not be read: {why}")));
        }
    };
    let changes = changes(pass, wanted, own_fit.as_ref(), created);
    let fits = |one: &Value, right: fn(&Fit) -> bool| Fit::of(wanted, one).is_some_and(|fit| right(&fit));
    let use_existing = |answer: &Value| {
        let found = arn(answer);
        let reference = found.clone().filter(|_| found != own.and_then(arn)).map(TaskDefinitionRef::Arn);
        let changes = if reference.is_some() { changes.clone() } else { Vec::new() };
        Chosen { reference, step: None, changes, arn: found, notes: twins(pass, wanted, candidates).into_iter().collect() }
    };
    if let Some(answer) = candidates.iter().find(|one| fits(one, Fit::exact)) {
        return Ok(use_existing(answer));
    }
    // The oldest: a copy of ours, tags included, is younger.
    if let Some(answer) = candidates.iter().rev().find(|one| fits(one, Fit::as_registered)) {
        return Ok(use_existing(answer));
    }
    if let Some(own) = own.filter(|_| own_fit.as_ref().is_some_and(Fit::as_registered)) {
        return Ok(use_existing(own));
    }
    Ok(Chosen {
        reference: Some(TaskDefinitionRef::Registered),
        step: Some(register(&pass.resource.id, pass.context, wanted)),
        changes,
        arn: None,
        notes: Vec::new(),
    })
}

/// That two copies of the agent have registered the same, each before it saw the other's: both looked at once, and RegisterTaskDefinition
/// takes no token (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>).
fn twins(pass: &Pass, wanted: &Wanted, candidates: &[Value]) -> Option<String> {
    let ours = |answer: &&Value| {
        let tags = tags::read(answer.get("tags"));
        let is = |key: &str, value: &str| tags.get(key).is_some_and(|tag| tag == value);
        is(tags::AGENT, pass.context.agent) && is(tags::DEFINITION, &wanted.digest) && is(tags::REVISION, pass.context.revision)
    };
    let twins: Vec<String> = candidates.iter().filter(ours).filter_map(arn).collect();
    let short = |arn: &String| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let names: Vec<String> = twins.iter().rev().map(short).collect();
    (names.len() > 1).then(|| {
        format!(
            "{} say the same and were registered for this commit: two copies of this agent looked at once; it does no harm, and one of \
             them is used",
            names.join(" and ")
        )
    })
}

/// Whether a revision may be run and tagged.
pub(in crate::plan) fn is_active(answer: &Value) -> bool {
    answer.pointer("/taskDefinition/status").is_none_or(|status| status == "ACTIVE")
}

/// RegisterTaskDefinition of what is wanted, with our tags.
pub(in crate::plan) fn register(resource: &ResourceId, context: &Context, wanted: &Wanted) -> EcsStep {
    let mut document = wanted.document.clone();
    let mut all = wanted.tags.clone().unwrap_or_default();
    all.extend(tags::ownership(resource, context));
    all.insert(tags::REVISION.to_owned(), context.revision.to_owned());
    all.insert(tags::DEFINITION.to_owned(), wanted.digest.clone());
    document.insert("tags".to_owned(), tags::write(&all));
    EcsStep::RegisterTaskDefinition { document: Secret(document), number: None }
}

/// Err: registering what is declared would take away what the running revision has and the manifest does not mention.
fn would_reset(pass: &Pass, fit: &Fit, adopting: bool) -> Result<(), Verdict> {
    let lost: Vec<String> = fit
        .differences
        .iter()
        .filter(|difference| match difference.sort {
            Sort::Undeclared => !removed(pass, &difference.pointer),
            // Once it is ours, a list without an element says that the element is to go.
            Sort::Extra => adopting,
            _ => false,
        })
        .map(|difference| difference.pointer.text(SUBJECT))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Verdict::stalled(
        "AdoptionWouldReset",
        format!(
            "service `{}` was not created by Driftless, and a new task definition revision would reset what its manifest does \
             not mention: {}. Declare each of them, or list it under `ignore` to keep what runs",
            pass.declared.service_name,
            lost.join(", ")
        ),
    ))
}

fn changes(pass: &Pass, wanted: &Wanted, own: Option<&Fit>, created: bool) -> Vec<Change> {
    let Some(fit) = own else {
        let all = wanted.document.iter().flat_map(|(name, value)| leaves(SUBJECT, name, value));
        return all
            .map(|(pointer, new)| Change {
                path: pointer.text(SUBJECT),
                old: None,
                new: Some(new),
                cause: Cause::Declared,
                deploys: true,
            })
            .collect();
    };
    let counted = fit.differences.iter().filter(|d| d.sort != Sort::Undeclared || created || removed(pass, &d.pointer));
    let mut changes: Vec<Change> = counted
        .map(|difference| Change {
            path: difference.pointer.text(SUBJECT),
            old: difference.old.clone(),
            new: difference.new.clone(),
            cause: match difference.sort {
                Sort::Undeclared if removed(pass, &difference.pointer) => Cause::Removed,
                Sort::Undeclared => Cause::Default,
                _ => Cause::Declared,
            },
            deploys: true,
        })
        .collect();
    changes.extend(fit.tags.iter().cloned());
    changes
}

/// The ARN in a DescribeTaskDefinition answer.
pub(in crate::plan) fn arn(answer: &Value) -> Option<String> {
    answer.get("taskDefinition")?.get("taskDefinitionArn")?.as_str().map(str::to_owned)
}
