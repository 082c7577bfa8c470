//! A plan as people read a diff: `+`, `-` and `~`, the member's path, old → new.

use std::fmt::Write as _;

use serde_json::Value;

use crate::count::counted;
use crate::plan::ahead::is_later;
use crate::plan::told::{self, CHANGED};
use crate::plan::{Cause, Change, NOT_READY, Plan, Step, Verdict};
use crate::printable;
use crate::prune::{MOVING, PRUNING};
use crate::resource::Kind;
use crate::secret::Shown;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Values that are hidden by type, too: a decision of the person at the terminal.
    pub show_values: bool,
    /// Colours, as ANSI escapes.
    pub colour: bool,
}

/// The colours that are used: nothing else of what begins with an escape is printed.
pub const GREEN: &str = "\x1b[32m";
/// See [`GREEN`].
pub const RED: &str = "\x1b[31m";
/// See [`GREEN`].
pub const YELLOW: &str = "\x1b[33m";
/// See [`GREEN`].
pub const PLAIN: &str = "\x1b[0m";

/// Longer values go below their path, indented.
const SHORT: usize = 60;

/// The plan, without a newline at its end: a headline, one line for each change, the notes.
pub fn render(plan: &Plan, options: &Options) -> String {
    let mut text = coloured(&headline(plan), matches!(word(plan), Word::Delete), options);
    let told = if options.show_values { plan.changes.clone() } else { plan.told() };
    for change in told.iter().flat_map(|change| spread(change.clone())) {
        text.push('\n');
        render_change(&mut text, &change, options);
    }
    for note in &plan.notes {
        let _ = write!(text, "\n  note: {}", printable::below(note).replace('\n', "\n  "));
    }
    text
}

/// Whether the headline is all that there is to say.
pub fn is_short(plan: &Plan) -> bool {
    let bare = matches!(word(plan), Word::Unchanged | Word::Create | Word::Run | Word::Change | Word::Deploy | Word::Delete);
    bare && plan.changes.is_empty() && plan.notes.is_empty()
}

/// Whether nothing would happen to the resource, and nothing happens to it now.
pub fn is_unchanged(plan: &Plan) -> bool {
    word(plan) == Word::Unchanged && matches!(plan.verdict, Verdict::Ready { .. })
}

/// What would happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Create,
    Run,
    Deploy,
    Change,
    Unchanged,
    /// For another resource.
    Wait,
    Failed,
    Blocked,
    Unknown,
    Delete,
}

fn word(plan: &Plan) -> Word {
    match &plan.verdict {
        Verdict::Stalled { .. } => return Word::Blocked,
        Verdict::Failed { .. } => return Word::Failed,
        Verdict::Unknown { .. } => return Word::Unknown,
        Verdict::Waiting { .. } => return Word::Wait,
        Verdict::Progressing { reason: PRUNING | MOVING, .. } => return Word::Delete,
        Verdict::Progressing { .. } | Verdict::Ready { .. } => {}
    }
    if !plan.writes() {
        Word::Unchanged
    } else if plan.resource.kind == Kind::Ec2Deployment {
        Word::Deploy
    } else if plan.steps.iter().any(Step::creates) {
        Word::Create
    } else if plan.steps.iter().any(Step::runs) {
        Word::Run
    } else {
        Word::Change
    }
}

/// The plan in a few words behind the resource: for a tree, below which the plans stand.
pub fn label(plan: &Plan) -> String {
    let words = match word(plan) {
        Word::Create => "to be created",
        Word::Run => "to be run",
        Word::Deploy => "to be deployed",
        Word::Change => "to be changed",
        Word::Unchanged if matches!(plan.verdict, Verdict::Progressing { .. }) => "under way",
        Word::Unchanged => "unchanged",
        Word::Wait => "waits",
        Word::Failed => "failed",
        Word::Blocked => "blocked",
        Word::Unknown => "could not be looked at",
        Word::Delete => "to be deleted",
    };
    format!("{}: {words}", plan.resource)
}

/// The plan in one line: what would happen to which resource. A failure's message may have more lines, indented.
pub fn headline(plan: &Plan) -> String {
    let id = &plan.resource;
    let (_, reason, message) = plan.verdict.standing();
    let message = printable::below(message);
    let after = after(plan);
    match word(plan) {
        Word::Blocked | Word::Failed | Word::Unknown => format!("{id}: {reason}: {message}"),
        Word::Delete if reason == MOVING => format!("{id}: {message}"),
        Word::Wait if reason == NOT_READY => format!("{id}: {message}; what would change is known then"),
        Word::Wait => format!("{id}: {message}"),
        Word::Change if id.kind == Kind::EcsService => {
            let with = if plan.changes.iter().any(|change| change.deploys) { "with" } else { "without" };
            format!("{id}: to be changed, {with} a deployment{after}")
        }
        Word::Unchanged if matches!(plan.verdict, Verdict::Progressing { .. }) => format!("{id}: unchanged; {message}"),
        _ => format!("{}{after}", label(plan)),
    }
}

/// What comes first.
fn after(plan: &Plan) -> String {
    if plan.after.is_empty() || !plan.writes() {
        return String::new();
    }
    let names = |artifacts: bool| {
        let of = plan.after.iter().filter(|id| (id.kind == Kind::S3Artifact) == artifacts);
        of.map(ToString::to_string).collect::<Vec<_>>()
    };
    let (artifacts, others) = (names(true), names(false));
    let mut text = String::new();
    if !artifacts.is_empty() {
        let are = if artifacts.len() == 1 { "is" } else { "are" };
        let _ = write!(text, ", when {} {are} there", artifacts.join(" and "));
    }
    if !others.is_empty() {
        let _ = write!(text, ", after {}", others.join(" and "));
    }
    text
}

/// A large object that comes or goes, member by member, as of documents whose members are compared.
fn spread(change: Change) -> Vec<Change> {
    let large = |shown: &Shown| match shown {
        Shown::Plain(value @ Value::Object(members)) | Shown::Revealed(value @ Value::Object(members)) => {
            !members.is_empty() && value.to_string().len() > SHORT
        }
        _ => false,
    };
    let (comes, shown) = match (&change.old, &change.new) {
        (None, Some(new)) if large(new) => (true, new),
        (Some(old), None) if large(old) => (false, old),
        _ => return vec![change],
    };
    let again =
        |value: Value| Some(if matches!(shown, Shown::Revealed(_)) { Shown::Revealed(value) } else { Shown::Plain(value) });
    let Value::Object(members) = shown.clone().into_value() else { return vec![change] };
    let part = |(name, value): (String, Value)| {
        let path = format!("{}/{}", change.path, name.replace('~', "~0").replace('/', "~1"));
        let (old, new) = if comes { (None, again(value)) } else { (again(value), None) };
        spread(Change { path, old, new, ..change.clone() })
    };
    members.into_iter().flat_map(part).collect()
}

fn coloured(text: &str, red: bool, options: &Options) -> String {
    if red && options.colour { format!("{RED}{text}{PLAIN}") } else { text.to_owned() }
}

fn render_change(text: &mut String, change: &Change, options: &Options) {
    let (sign, colour) = match (&change.old, &change.new) {
        (_, Some(Shown::Plain(Value::String(new)))) if new.starts_with("REPLACES") || new.starts_with("PERHAPS REPLACES") => {
            ('~', RED)
        }
        (None, _) => ('+', GREEN),
        (_, None) => ('-', RED),
        _ => ('~', YELLOW),
    };
    let (begin, end) = if options.colour { (colour, PLAIN) } else { ("", "") };
    // As it is called, and not as a JSON pointer has to write it.
    let path: String = change.parts().map(|part| format!("/{}", printable::one_line(&part))).collect();
    let _ = write!(text, "  {begin}{sign} {path}{end}");
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => {
            let (old, new) = (shown(old, Some(new), options), shown(new, Some(old), options));
            if old == new && new == CHANGED {
                let _ = write!(text, ": {new}");
            } else if old == new {
                // What differs is hidden inside of them.
                let _ = write!(text, ": {new} {CHANGED}");
            } else if old.len() + new.len() <= 2 * SHORT && !old.contains('\n') && !new.contains('\n') {
                let _ = write!(text, ": {old} → {new}");
            } else {
                let _ = write!(text, ":\n{}\n  →\n{}", indented(&old), indented(&new));
            }
        }
        (Some(value), None) | (None, Some(value)) => {
            let value = shown(value, None, options);
            let long = value.contains('\n');
            let _ = if long { write!(text, ":\n{}", indented(&value)) } else { write!(text, ": {value}") };
        }
        (None, None) => {}
    }
    text.push_str(match change.cause {
        Cause::Declared => "",
        Cause::Default => "  (AWS's default; the manifest says nothing)",
        Cause::Removed => "  (no longer in the manifest)",
        Cause::Ownership => "  (Driftless's own)",
    });
}

/// Short values on one line, as JSON; long ones spread. `other` is what the value is compared with.
fn shown(value: &Shown, other: Option<&Shown>, options: &Options) -> String {
    match value {
        Shown::Hidden(value) if options.show_values => json(value),
        Shown::Hidden(_) => told::hidden(other).into(),
        Shown::Plain(Value::String(text)) if is_later(text) => text.clone(),
        Shown::Plain(value) | Shown::Revealed(value) => json(value),
    }
}

fn json(value: &Value) -> String {
    let line = value.to_string();
    let text = if line.len() <= SHORT { line } else { serde_json::to_string_pretty(value).unwrap_or(line) };
    printable::json(&text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

/// Whether it waits for another resource.
pub fn waits(plan: &Plan) -> bool {
    matches!(plan.verdict, Verdict::Waiting { .. })
}

/// `1 to create, 2 to change, 5 unchanged`, and what stands in the way; what is deleted comes last, in red.
pub fn summary<'p>(plans: impl IntoIterator<Item = &'p Plan>, options: &Options) -> String {
    let words: Vec<Word> = plans.into_iter().map(word).collect();
    let count = |wanted: Word| words.iter().filter(|word| **word == wanted).count();
    let waiting = count(Word::Wait);
    let groups = [
        (count(Word::Create), "to create"),
        (count(Word::Change), "to change"),
        (count(Word::Run), "to run"),
        (count(Word::Deploy), "to deploy"),
        (waiting, if waiting == 1 { "waits for another" } else { "wait for others" }),
        (count(Word::Unchanged), "unchanged"),
        (count(Word::Failed), "failed"),
        (count(Word::Blocked), "blocked"),
        (count(Word::Unknown), "could not be looked at"),
    ];
    let mut parts: Vec<String> =
        groups.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let deleted = count(Word::Delete);
    parts.extend((deleted > 0).then(|| coloured(&format!("{deleted} to delete"), true, options)));
    if parts.is_empty() { "nothing is declared".into() } else { parts.join(", ") }
}

/// The last line of a plan: [`summary`], or what kept everything from being planned. What is declared and cannot be read is not
/// "nothing".
pub fn closing<'p>(plans: impl IntoIterator<Item = &'p Plan>, errors: usize, options: &Options) -> String {
    let mut plans = plans.into_iter().peekable();
    if plans.peek().is_none() && errors > 0 {
        return format!("no resource could be planned: {}", counted(errors, "error"));
    }
    summary(plans, options)
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
