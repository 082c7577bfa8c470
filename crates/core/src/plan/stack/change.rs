//! From a difference to an executed change set, a call a pass.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html>

use super::messages::{failure, nothing_changes, resource_changes, shorten, warnings};
use super::operations::{Memory, attempts, memory};
use super::pass::{PREPARING, Pass, WORKING};
use super::state::{WayOut, way_out};
use super::step::StackStep;
use super::token::{Kind, Token};
use crate::observed::{ChangeSet, Stack};
use crate::plan::ownership;
use crate::plan::{Cause, Change, Plan, Verdict};
use crate::secret::Shown;

/// Seconds during which an answer may lack what our own call has made (rule 5).
const LATE: f64 = 60.0;

/// There is no stack: a change set of type CREATE makes one that is REVIEW_IN_PROGRESS.
pub(super) fn create(pass: &Pass<'_>) -> Plan {
    if let Some(key) = pass.wanted.without_value() {
        let message = format!(
            "{} does not exist yet, so that `usePreviousValue` of the parameter `{key}` has no value, and the template has no default; declare one",
            pass.name()
        );
        return pass.plan(Verdict::stalled("ParameterWithoutValue", message));
    }
    let attempt = match memory(pass.operations, Kind::Change, &pass.wanted.digest) {
        Memory::Failed(operation, _) if !retries(pass, operation.ours()) => {
            let message = format!(
                "the creation of {} failed: {}; AWS has deleted the stack again (`onFailure: DELETE`, or somebody did), and it is tried again when the manifest or its template changes, or with `driftless retry {}`",
                pass.name(),
                failure(operation),
                pass.resource.id
            );
            return pass.plan(Verdict::Failed { reason: "CreateFailed", message });
        }
        Memory::Failed(_, attempt) => attempt + 1,
        Memory::Fresh(attempt) => attempt,
        // It went well, and the stack is gone all the same.
        Memory::Done => attempts(pass.operations, Kind::Change, &pass.wanted.digest) + 1,
    };
    ask(pass, None, Kind::Change, &pass.wanted.digest, attempt, everything(pass))
}

/// Only change sets are there yet. Leftovers of ours are removed; somebody else's are theirs.
pub(super) fn review(pass: &Pass<'_>, stack: &Stack) -> Plan {
    let foreign = pass.observation.change_sets.iter().find(|change_set| Token::parse(&change_set.name).is_none());
    if let Some(foreign) = foreign.filter(|_| !pass.resource.adopt_force) {
        let message = format!(
            "{} is REVIEW_IN_PROGRESS: the change set `{}`, which is not this agent's, waits for somebody; execute or delete it, or write `adopt: force` beside `spec`'s members",
            pass.name(),
            foreign.name
        );
        return pass.plan(Verdict::stalled("ReviewInProgress", message));
    }
    // A stack gets its tags when the change set is executed; until then they stand on the change set.
    let ours = pass.observation.change_sets.iter().filter(|change_set| Token::parse(&change_set.name).is_some());
    for change_set in ours.filter(|change_set| !change_set.tags.is_empty()) {
        if let Err(verdict) = ownership::of(&pass.name(), pass.resource, &change_set.tags, pass.context) {
            return pass.plan(verdict);
        }
    }
    // The list may lag behind the stack that our own call has just made.
    if pass.observation.change_sets.is_empty() && pass.observation.now - stack.created_at < LATE {
        let message = format!("{} is REVIEW_IN_PROGRESS, and its change set does not show yet", pass.name());
        return pass.progressing("Applying", message, PREPARING);
    }
    go_on(pass, stack, Kind::Change, &pass.wanted.digest, 1, everything(pass))
}

/// Everything is new.
fn everything(pass: &Pass<'_>) -> Vec<Change> {
    let file = match &pass.wanted.declared.template {
        crate::desired::StackTemplate::Body { file, .. } => file.clone().unwrap_or_else(|| "inline".to_owned()),
        crate::desired::StackTemplate::Url(url) => url.clone(),
    };
    let new = Some(Shown::Plain(serde_json::json!(file)));
    vec![Change { path: "/template".to_owned(), old: None, new, cause: Cause::Declared, deploys: false }]
}

/// The stack is whole and differs.
pub(super) fn update(pass: &Pass<'_>, stack: &Stack, kind: Kind, digest: &str, changes: Vec<Change>) -> Plan {
    let attempt = match memory(pass.operations, kind, digest) {
        Memory::Fresh(attempt) => attempt,
        Memory::Failed(operation, attempt) => {
            let token = operation.ours();
            let under_way = ours(pass, kind, digest).any(|(_, found)| found.attempt > attempt);
            if !retries(pass, token) && !under_way {
                let what = match kind {
                    Kind::Heal => "putting back what drifted in",
                    _ if stack.status == "CREATE_FAILED" => "the creation of",
                    _ => "the change of",
                };
                let message = format!(
                    "{what} {} failed: {} (the stack is {}); it is tried again when the manifest or its template changes, or with `driftless retry {}`",
                    pass.name(),
                    failure(operation),
                    stack.status,
                    pass.resource.id
                );
                let plan = pass.plan(Verdict::Failed { reason: "UpdateFailed", message });
                return Plan { changes, ..plan };
            }
            attempt + 1
        }
        // The last that happened to the stack was exactly this, and it went well: AWS shows it in other words.
        Memory::Done if kind == Kind::Change && pass.wanted.declared.changed_secrets.is_empty() && !pass.context.retry => {
            return as_it_shows(pass, stack, &changes);
        }
        Memory::Done => attempts(pass.operations, kind, digest) + 1,
    };
    go_on(pass, stack, kind, digest, attempt, changes)
}

/// Exactly this was done last, and AWS shows it in other words.
fn as_it_shows(pass: &Pass<'_>, stack: &Stack, changes: &[Change]) -> Plan {
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let message = format!("{}; AWS took what is declared, and shows {} otherwise", stack.status, paths.join(", "));
    pass.plan(Verdict::Ready { message })
}

/// A failure is tried again when a person says so, or when a hidden parameter's value is another one since.
fn retries(pass: &Pass<'_>, failed: Option<Token<'_>>) -> bool {
    let since = failed.is_some_and(|token| token.revision != pass.context.revision);
    pass.context.retry || (since && !pass.wanted.declared.changed_secrets.is_empty())
}

/// Our change sets for `digest`.
fn ours<'p>(pass: &'p Pass<'_>, kind: Kind, digest: &'p str) -> impl Iterator<Item = (&'p ChangeSet, Token<'p>)> {
    let all = pass.observation.change_sets.iter().filter_map(|change_set| Some((change_set, Token::parse(&change_set.name)?)));
    all.filter(move |(_, token)| token.kind == kind && token.digest == digest)
}

/// From the change set that is there, or to a new one.
fn go_on(pass: &Pass<'_>, stack: &Stack, kind: Kind, digest: &str, attempt: u32, changes: Vec<Change>) -> Plan {
    let newest = ours(pass, kind, digest).max_by_key(|(_, token)| token.attempt).filter(|(_, token)| token.attempt >= attempt);
    let Some((change_set, token)) = newest else {
        return ask(pass, Some(stack), kind, digest, attempt, changes);
    };
    let next = token.attempt + 1;
    match (change_set.status.as_str(), change_set.execution_status.as_str()) {
        ("CREATE_COMPLETE", "AVAILABLE") => execute(pass, stack, change_set, &token),
        // AWS forgets an executed change set; a server that lists it says with it that this was done last.
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE") if stack.change_set_id.as_ref().is_none_or(|id| *id == change_set.id) => {
            as_it_shows(pass, stack, &changes)
        }
        ("CREATE_COMPLETE", "OBSOLETE" | "EXECUTE_FAILED" | "EXECUTE_COMPLETE") => {
            ask(pass, Some(stack), kind, digest, next, changes)
        }
        ("FAILED", _) if pass.context.retry => ask(pass, Some(stack), kind, digest, next, changes),
        // It is kept: as long as it stands there, AWS need not be asked again.
        ("FAILED", _) if nothing_changes(change_set) => {
            let reason = change_set.status_reason.as_deref().map(shorten).unwrap_or_default();
            let message = match kind {
                Kind::Heal => format!("{}; AWS finds nothing to put back: {reason}", stack.status),
                Kind::Look => format!("{}; nothing has changed behind the template", stack.status),
                _ => {
                    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                    format!("{}; what differs ({}) changes nothing for AWS: {reason}", stack.status, paths.join(", "))
                }
            };
            pass.plan(Verdict::Ready { message })
        }
        ("FAILED", _) => {
            let reason = change_set.status_reason.as_deref().map_or_else(|| "AWS gives no reason".to_owned(), shorten);
            let message = format!(
                "AWS could not make a change set for {}: {reason}; it is asked again when the manifest or its template changes, or with `driftless retry {}`",
                pass.name(),
                pass.resource.id
            );
            let plan = pass.plan(Verdict::Failed { reason: "ChangeSetFailed", message });
            Plan { changes, ..plan }
        }
        _ => {
            let message =
                format!("AWS works out what changes in {} (change set {}, {})", pass.name(), change_set.name, change_set.status);
            let plan = pass.progressing("Applying", message, PREPARING);
            Plan { changes, ..plan }
        }
    }
}

/// CreateChangeSet, and what older ones of ours are in the way.
fn ask(pass: &Pass<'_>, stack: Option<&Stack>, kind: Kind, digest: &str, attempt: u32, changes: Vec<Change>) -> Plan {
    let id = stack.map(|stack| stack.id.as_str()).or(pass.observation.predecessor.as_deref());
    let name = pass.token(kind, digest, attempt, id);
    let reviewed = stack.filter(|stack| stack.status != "REVIEW_IN_PROGRESS");
    let mut request = pass.wanted.request(name, reviewed);
    request.revert_drift = kind == Kind::Heal;
    let mut steps = leftovers(pass, stack);
    steps.push(StackStep::CreateChangeSet(Box::new(request)).into());
    let message = format!("AWS is asked what changes in {}", pass.name());
    let plan = pass.progressing("Applying", message, PREPARING);
    Plan { steps, changes, ..plan }
}

/// Change sets of ours that nobody will execute any more.
fn leftovers(pass: &Pass<'_>, stack: Option<&Stack>) -> Vec<crate::plan::Step> {
    let Some(stack) = stack else { return Vec::new() };
    let ours = pass.observation.change_sets.iter().filter(|change_set| {
        // One of `plan --change-set` is its own to remove, while that runs.
        let left = Token::parse(&change_set.name).is_some_and(|token| token.kind != Kind::Plan);
        // One that was executed is AWS's record of it ("InvalidChangeSetStatus" is what its removal gets).
        let executed = change_set.execution_status.starts_with("EXECUTE");
        left && !executed && !change_set.status.starts_with("DELETE") && !change_set.status.ends_with("_IN_PROGRESS")
    });
    ours.map(|change_set| StackStep::DeleteChangeSet { stack: stack.id.clone(), change_set: change_set.id.clone() }.into())
        .collect()
}

/// ExecuteChangeSet, with what it does shown before.
fn execute(pass: &Pass<'_>, stack: &Stack, change_set: &ChangeSet, token: &Token<'_>) -> Plan {
    let declared = pass.wanted.declared;
    let creates = stack.status == "REVIEW_IN_PROGRESS";
    // "To update the stack from this state, please use the disable-rollback parameter" is what AWS says in a failed state.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    let resumes = way_out(&stack.status) == WayOut::Resume;
    let disable_rollback = (declared.disable_rollback && declared.on_failure.is_none()) || resumes;
    let step = StackStep::ExecuteChangeSet {
        stack: stack.id.clone(),
        change_set: change_set.id.clone(),
        token: change_set.name.clone(),
        disable_rollback,
        creates,
    };
    let mut notes = warnings(change_set);
    if change_set.changes.is_empty() {
        notes.push("no resource changes: only outputs do".to_owned());
    }
    let (word, what) = match (creates, token.kind) {
        (true, _) => ("Creating", "is created"),
        (_, Kind::Heal) => ("Healing", "is put back to what its template says"),
        _ => ("Updating", "is updated"),
    };
    let plan = pass.progressing(word, format!("{} {what}", pass.name()), WORKING);
    Plan { steps: vec![step.into()], changes: resource_changes(change_set), notes, ..plan }
}
