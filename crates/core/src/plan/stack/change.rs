//! From a difference to an executed change set, a call a pass.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html>

use super::differences::{Differences, change};
use super::execute;
use super::known;
use super::messages::{failure, list, shorten};
use super::operations::{Memory, attempts, in_a_row, memory};
use super::pass::{PREPARING, Pass};
use super::patience::{self, Patience};
use super::step::StackStep;
use super::token::{Kind, Token};
use crate::model::report::escape;
use crate::observed::{ChangeSet, Stack};
use crate::plan::{Change, Plan, Step, Verdict};
use crate::plan::{ownership, tags};
use crate::refusal::passes;

/// Seconds during which an answer may lack what our own call has made (rule 5).
const LATE: f64 = 60.0;

/// So often the same drift is put back, without a look that found none in between.
const HEALS: usize = 2;

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
    ask(pass, None, Kind::Change, &pass.wanted.digest, attempt, new(pass))
}

/// Everything is asked for.
fn new(pass: &Pass<'_>) -> Differences {
    Differences { changes: everything(pass), ..Differences::default() }
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
    go_on(pass, stack, Kind::Change, &pass.wanted.digest, 1, new(pass))
}

/// Everything is new: the template and the resources that it names.
fn everything(pass: &Pass<'_>) -> Vec<Change> {
    let file = match &pass.wanted.declared.template {
        crate::desired::StackTemplate::Body { file, .. } => file.clone().unwrap_or_else(|| "inline".to_owned()),
        crate::desired::StackTemplate::Url(url) => url.clone(),
    };
    let new = |path: String, text: String| change(path, None, Some(text.into()));
    let resources = pass.wanted.template.resources().into_iter().map(|(logical, kind, condition)| {
        let condition = condition.map_or_else(String::new, |condition| format!(", where `{condition}` holds"));
        new(format!("/resources/{}", escape(logical)), format!("{}{condition}", kind.unwrap_or("of no type")))
    });
    std::iter::once(new("/template".to_owned(), file)).chain(resources).collect()
}

/// The stack is whole and differs.
pub(super) fn update(pass: &Pass<'_>, stack: &Stack, kind: Kind, digest: &str, found: Differences) -> Plan {
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
                match patience::of(pass, operation, what) {
                    Patience::Waits(plan) => return Plan { changes: found.changes, ..*plan },
                    Patience::Over => {}
                    Patience::None => {
                        let message = format!(
                            "{what} {} failed: {} (the stack is {}); it is tried again when the manifest or its template changes, or with `driftless retry {}`",
                            pass.name(),
                            failure(operation),
                            stack.status,
                            pass.resource.id
                        );
                        let plan = pass.plan(Verdict::Failed { reason: "UpdateFailed", message });
                        return Plan { changes: found.changes, ..plan };
                    }
                }
            }
            attempt + 1
        }
        // The last that happened to the stack was exactly this, and it went well: AWS shows it in other words.
        Memory::Done if kind == Kind::Change && as_sent(pass, &found) && !pass.context.retry => {
            return as_it_shows(pass, stack, &found.changes);
        }
        // The very same has drifted again right after it was put back, twice: putting it back once more is no cure.
        Memory::Done if kind == Kind::Heal && in_a_row(pass.operations, kind, digest) >= HEALS && !anew(pass) => {
            return never_healed(pass, found.changes);
        }
        Memory::Done => attempts(pass.operations, kind, digest) + 1,
    };
    go_on(pass, stack, kind, digest, attempt, found)
}

/// Whether what differs now is somebody else's doing, or a person wants it tried again.
fn anew(pass: &Pass<'_>) -> bool {
    pass.context.equal || pass.context.retry
}

fn never_healed(pass: &Pass<'_>, changes: Vec<Change>) -> Plan {
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let message = format!(
        "{} was put back twice, and each time AWS found it drifted in the same way: {}; it is not put back a third time. Declare what \
         AWS shows, or turn `drift.heal` off; if somebody else changes it, agree on one of the two; then `driftless retry {}`",
        pass.name(),
        paths.join(", "),
        pass.resource.id
    );
    Plan { changes, ..pass.plan(Verdict::stalled("NotConverging", message)) }
}

/// Nothing differs but what AWS shows in other words: no hidden value is another one.
fn as_sent(pass: &Pass<'_>, found: &Differences) -> bool {
    pass.wanted.declared.changed_secrets.is_empty() && found.unsure.is_empty()
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
fn go_on(pass: &Pass<'_>, stack: &Stack, kind: Kind, digest: &str, attempt: u32, found: Differences) -> Plan {
    let newest = ours(pass, kind, digest).max_by_key(|(_, token)| token.attempt).filter(|(_, token)| token.attempt >= attempt);
    let Some((change_set, token)) = newest else {
        return ask(pass, Some(stack), kind, digest, attempt, found);
    };
    let next = token.attempt + 1;
    match (change_set.status.as_str(), change_set.execution_status.as_str()) {
        ("CREATE_COMPLETE", "AVAILABLE") => execute::execute(pass, stack, change_set, &token, &found),
        // AWS forgets an executed change set; a server that lists it says with it that this was done last.
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE") if stack.change_set_id.as_ref().is_none_or(|id| *id == change_set.id) => {
            as_it_shows(pass, stack, &found.changes)
        }
        ("CREATE_COMPLETE", "OBSOLETE" | "EXECUTE_FAILED" | "EXECUTE_COMPLETE") => {
            ask(pass, Some(stack), kind, digest, next, found)
        }
        ("FAILED", _) if pass.context.retry => ask(pass, Some(stack), kind, digest, next, found),
        // Somebody has written the stack since.
        ("FAILED", _) if !change_set.is_since(stack) => ask(pass, Some(stack), kind, digest, next, found),
        // It does not say what hidden values were sent: they are not known to be these ([`super::known`]).
        ("FAILED", _) if change_set.changes_nothing() && kind == Kind::Change && !as_sent(pass, &found) => {
            ask(pass, Some(stack), kind, digest, next, found)
        }
        // It is kept: as long as it stands there, AWS need not be asked again.
        ("FAILED", _) if change_set.changes_nothing() => {
            let reason = change_set.status_reason.as_deref().map(shorten).unwrap_or_default();
            let message = match kind {
                Kind::Heal => format!("{}; AWS finds nothing to put back: {reason}", stack.status),
                Kind::Look => format!("{}; nothing has changed behind the template", stack.status),
                _ => {
                    let paths: Vec<&str> = found.changes.iter().map(|change| change.path.as_str()).collect();
                    format!("{}; what differs ({}) changes nothing for AWS: {reason}", stack.status, paths.join(", "))
                }
            };
            pass.plan(Verdict::Ready { message })
        }
        ("FAILED", _) => failed(pass, stack, change_set, &token, attempt, found),
        _ => {
            let message =
                format!("AWS works out what changes in {} (change set {}, {})", pass.name(), change_set.name, change_set.status);
            let plan = match kind {
                Kind::Look => pass.plan(Verdict::Ready { message: format!("{}; {message}", stack.status) }),
                _ => pass.progressing("Applying", message, PREPARING),
            };
            Plan { changes: found.changes, ..plan }
        }
    }
}

/// AWS could not work the change set out: for a moment, or for a reason that a person has to see to.
fn failed(pass: &Pass<'_>, stack: &Stack, change_set: &ChangeSet, token: &Token<'_>, first: u32, found: Differences) -> Plan {
    let reason = change_set.status_reason.as_deref().map_or_else(|| "AWS gives no reason".to_owned(), shorten);
    // "To troubleshoot Early Validation errors, use the DescribeEvents API": what that says is the cause.
    let causes: Vec<String> = change_set.causes.iter().map(|cause| shorten(cause)).collect();
    let reason = if causes.is_empty() { reason } else { format!("{} ({reason})", list(causes.iter().cloned(), causes.len())) };
    let age = change_set.created_at.map_or(f64::INFINITY, |at| pass.observation.now - at);
    if let Some(wait) = patience::ask_again(token.attempt - first, age).filter(|_| passes(&reason)) {
        if wait <= 0.0 {
            return ask(pass, Some(stack), token.kind, token.digest, token.attempt + 1, found);
        }
        let message = format!(
            "AWS could not work out what changes in {} just now: {reason}; it is asked again in {wait:.0} s",
            pass.name()
        );
        let plan = pass.progressing("Retrying", message, wait.ceil() as u64);
        return Plan { changes: found.changes, ..plan };
    }
    let message = format!(
        "AWS could not make a change set for {}: {reason}; it is asked again when the manifest or its template changes, or with `driftless retry {}`",
        pass.name(),
        pass.resource.id
    );
    let plan = pass.plan(Verdict::Failed { reason: "ChangeSetFailed", message });
    Plan { changes: found.changes, ..plan }
}

/// CreateChangeSet, and what older ones of ours are in the way.
fn ask(pass: &Pass<'_>, stack: Option<&Stack>, kind: Kind, digest: &str, attempt: u32, found: Differences) -> Plan {
    let id = stack.map(|stack| stack.id.as_str()).or(pass.observation.predecessor.as_deref());
    let name = pass.token(kind, digest, attempt, id);
    let reviewed = stack.filter(|stack| stack.status != "REVIEW_IN_PROGRESS");
    if let Some(message) = reviewed.and_then(|stack| mangled_tags(pass, stack)) {
        let verdict = match (kind, reviewed) {
            (Kind::Heal | Kind::Look, Some(stack)) => Verdict::Ready { message: format!("{}; {message}", stack.status) },
            _ => Verdict::stalled("TagsNotShown", message),
        };
        return Plan { changes: found.changes, ..pass.plan(verdict) };
    }
    let mut request = pass.wanted.request(name, reviewed);
    request.revert_drift = kind == Kind::Heal;
    // A drift-aware change set is one stack's: AWS looks for drift in no nested stack.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
    request.nested &= kind != Kind::Heal;
    request.looks = kind == Kind::Look;
    let mut steps = leftovers(pass, stack);
    steps.push(StackStep::CreateChangeSet(Box::new(request)).into());
    let message = format!("AWS is asked what changes in {}", pass.name());
    let plan = match (kind, stack) {
        (Kind::Look, Some(stack)) => pass.plan(Verdict::Ready { message: format!("{}; {message}", stack.status) }),
        _ => pass.progressing("Applying", message, PREPARING),
    };
    let notes = if found.unsure.is_empty() { vec![] } else { vec![known::told(&found.unsure)] };
    Plan { steps, changes: found.changes, notes, ..plan }
}

/// Undeclared tags are sent again, as AWS would take them away: those that it shows with `?` would become that.
fn mangled_tags(pass: &Pass<'_>, stack: &Stack) -> Option<String> {
    let tags = tags::peoples(&stack.tags).into_iter().filter(|(key, value)| key.contains('?') || value.contains('?'));
    let tags: Vec<String> = tags.map(|(key, value)| format!("{key}: {value}")).collect();
    (pass.wanted.declared.tags.is_none() && !tags.is_empty()).then(|| {
        format!(
            "{} has tags that AWS shows with `?` for letters outside of ASCII ({}), and a change set sends all tags again: declare them as they are, under `spec.tags`",
            pass.name(),
            tags.join(", ")
        )
    })
}

/// Change sets of ours that nobody will execute any more.
fn leftovers(pass: &Pass<'_>, stack: Option<&Stack>) -> Vec<Step> {
    let Some(stack) = stack else { return Vec::new() };
    let ours = pass.observation.change_sets.iter().filter(|change_set| {
        // One of `plan --change-set` is its own to remove, while that runs.
        let left = Token::parse(&change_set.name).is_some_and(|token| token.kind != Kind::Plan);
        // One that was executed is AWS's record of it ("InvalidChangeSetStatus" is what its removal gets).
        let executed = change_set.execution_status.starts_with("EXECUTE");
        left && !executed && !change_set.status.starts_with("DELETE") && !change_set.status.ends_with("_IN_PROGRESS")
    });
    ours.map(|change_set| {
        let looked = Token::parse(&change_set.name).is_some_and(|token| token.kind == Kind::Look);
        StackStep::DeleteChangeSet { stack: stack.id.clone(), change_set: change_set.id.clone(), looked }.into()
    })
    .collect()
}
