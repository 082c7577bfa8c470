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
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;
    use crate::plan::{EcsStep, TaskDefinitionRef};
    use crate::resource::ResourceId;

    fn change(path: &str, old: Option<Value>, new: Option<Value>) -> Change {
        let (old, new) = (old.map(Shown::Plain), new.map(Shown::Plain));
        Change { path: path.into(), old, new, cause: Cause::Declared, deploys: true }
    }

    fn plan(changes: Vec<Change>) -> Plan {
        let document = json!({"cluster": "shop", "service": "web"}).as_object().cloned().unwrap_or_default();
        let task_definition = Some(TaskDefinitionRef::Registered);
        let verdict = Verdict::Progressing { reason: "RollingOut", message: "rolls out".into(), requeue: 10 };
        let steps = vec![EcsStep::UpdateService { document, task_definition, memory: None }.into()];
        Plan { steps, changes, ..Plan::new(&ResourceId::ecs_service("web"), verdict) }
    }

    #[test]
    fn a_large_object_that_comes_or_goes_is_told_member_by_member() {
        let network =
            json!({"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"], "a/b": 1}});
        let lines =
            |old: Option<Value>, new: Option<Value>| render(&plan(vec![change("/task/network", old, new)]), &Options::default());
        assert_snapshot!(lines(None, Some(network.clone())), @r#"
        EcsService/web: to be changed, with a deployment
          + /task/network/awsvpcConfiguration/a/b: 1
          + /task/network/awsvpcConfiguration/subnets: ["subnet-0a1b2c3d4e5f60718","subnet-1a1b2c3d4e5f60718"]
        "#);
        assert_snapshot!(lines(Some(network), None), @r#"
        EcsService/web: to be changed, with a deployment
          - /task/network/awsvpcConfiguration/a/b: 1
          - /task/network/awsvpcConfiguration/subnets: ["subnet-0a1b2c3d4e5f60718","subnet-1a1b2c3d4e5f60718"]
        "#);
        assert_snapshot!(lines(None, Some(json!({"a": 1}))), @r#"
        EcsService/web: to be changed, with a deployment
          + /task/network: {"a":1}
        "#);
    }

    #[test]
    fn a_change_reads_as_a_diff() {
        let image = "/taskDefinition/containerDefinitions/app/image";
        let mut removed = change("/service/enableExecuteCommand", Some(json!(true)), Some(json!(false)));
        removed.cause = Cause::Removed;
        let mut plan = plan(vec![
            change(image, Some(json!("web:1")), Some(json!("web:2"))),
            change("/service/loadBalancers", None, Some(json!([]))),
            change("/service/tags/team", Some(json!("shop")), None),
            removed,
        ]);
        plan.notes.push("supersedes an unfinished rollout of web:7".into());
        assert_snapshot!(render(&plan, &Options::default()), @r#"
        EcsService/web: to be changed, with a deployment
          ~ /taskDefinition/containerDefinitions/app/image: "web:1" → "web:2"
          + /service/loadBalancers: []
          - /service/tags/team: "shop"
          ~ /service/enableExecuteCommand: true → false  (no longer in the manifest)
          note: supersedes an unfinished rollout of web:7
        "#);
    }

    #[test]
    fn hidden_values_print_only_when_asked_for() {
        let mut secret = change("/taskDefinition/containerDefinitions/app/environment/TOKEN", None, None);
        secret.old = Some(Shown::Hidden(json!("old-secret")));
        secret.new = Some(Shown::Hidden(json!("new-secret")));
        let plan = plan(vec![secret]);
        let hidden = render(&plan, &Options::default());
        assert!(hidden.ends_with("environment/TOKEN: (changed)"), "{hidden}");
        assert!(!serde_json::to_string(&plan).expect("serialises").contains("secret"));
        let shown = render(&plan, &Options { show_values: true, colour: false });
        assert!(shown.ends_with(r#""old-secret" → "new-secret""#), "{shown}");
    }

    #[test]
    fn long_values_are_spread_below_their_path() {
        let container = json!([{"name": "app", "image": "registry.example.com/shop/web:1.0.0", "essential": true, "cpu": 256}]);
        let text =
            render(&plan(vec![change("/taskDefinition/containerDefinitions", None, Some(container))]), &Options::default());
        assert!(text.contains("containerDefinitions:\n      [\n        {\n          \""), "{text}");
        assert!(text.contains("\n          \"name\": \"app\""), "{text}");
    }

    #[test]
    fn a_summary_counts_what_is_to_come() {
        let unchanged =
            Plan { steps: vec![], changes: vec![], verdict: Verdict::Ready { message: String::new() }, ..plan(vec![]) };
        let blocked = Plan { verdict: Verdict::Stalled { reason: "Unsupported", message: String::new() }, ..unchanged.clone() };
        let all = [plan(vec![]), unchanged.clone(), unchanged.clone(), blocked];
        let summed = |plans: &[Plan]| summary(plans, &Options::default());
        assert_eq!(summed(&all), "1 to change, 2 unchanged, 1 blocked");
        let verdict = crate::plan::ahead::without(&ResourceId::new(Kind::CloudFormationStack, "network"), "SubnetA");
        let waiting = Plan { verdict, ..unchanged.clone() };
        assert_eq!(summed(std::slice::from_ref(&waiting)), "1 waits for another");
        assert_eq!(summed(&[waiting.clone(), waiting.clone()]), "2 wait for others");
        assert_eq!(
            render(&waiting, &Options::default()),
            "EcsService/web: waits for CloudFormationStack/network, of which it takes `SubnetA`; what would change is known then"
        );
        let failed = Plan { verdict: Verdict::Failed { reason: "RolloutFailed", message: "x".into() }, ..unchanged };
        assert_eq!(summed(&[failed]), "1 failed");
        assert_eq!(summed(&[]), "nothing is declared");
        let closed = |plans: &[Plan], errors| closing(plans, errors, &Options::default());
        assert_eq!(closed(&[], 0), "nothing is declared");
        assert_eq!(
            (closed(&[], 1), closed(&[], 2)),
            ("no resource could be planned: 1 error".to_owned(), "no resource could be planned: 2 errors".to_owned())
        );
        assert_eq!(closed(&[plan(vec![])], 1), "1 to change");
    }

    #[test]
    fn deletions_are_counted_last_and_stand_out() {
        let verdict = Verdict::Progressing { reason: PRUNING, message: "it left".into(), requeue: 10 };
        let step = EcsStep::DeleteService { document: serde_json::Map::new() };
        let goes = Plan { steps: vec![step.into()], ..Plan::new(&ResourceId::ecs_service("api"), verdict) };
        let all = [goes.clone(), plan(vec![])];
        assert_eq!(summary(&all, &Options::default()), "1 to change, 1 to delete");
        let colours = Options { show_values: false, colour: true };
        assert_eq!(summary(&all, &colours), "1 to change, \x1b[31m1 to delete\x1b[0m");
        assert_eq!(render(&goes, &colours), "\x1b[31mEcsService/api: to be deleted\x1b[0m");
    }

    #[test]
    fn a_move_is_told_in_one_line() {
        let message = "moves from stack `net` to stack `network`; the old one is deleted when the new one is Ready";
        let verdict = Verdict::Progressing { reason: MOVING, message: message.into(), requeue: 10 };
        let step = EcsStep::DeleteService { document: serde_json::Map::new() };
        let goes = Plan { steps: vec![step.into()], ..Plan::new(&ResourceId::ecs_service("api"), verdict) };
        assert_eq!(render(&goes, &Options::default()), format!("EcsService/api: {message}"));
        assert_eq!(summary([&goes], &Options::default()), "1 to delete");
    }

    #[test]
    fn names_of_others_and_their_texts_move_no_cursor_and_read_as_they_are_called() {
        let mut plan = plan(vec![change("/web~1a b~0c\x1b[2K\u{202e}/content", None, Some(json!("x\u{9b}y")))]);
        plan.notes.push("said\nEcsService/web: unchanged\x07".into());
        let text = render(&plan, &Options::default());
        assert!(text.contains(r#"+ /web/a b~c\u{1b}[2K\u{202e}/content: "x\u009by""#), "{text}");
        assert!(text.ends_with("note: said\n    EcsService/web: unchanged\\u{7}"), "{text}");
    }

    #[test]
    fn what_differs_inside_of_a_value_is_told_as_changed() {
        let command = |token: &str| Some(json!(["run", format!("--token={token}")]));
        let path = "/taskDefinition/containerDefinitions/app/command";
        let plan = plan(vec![change(path, command("one"), command("two"))]);
        let text = render(&plan, &Options::default());
        assert!(text.ends_with(r#"app/command: ["run","--token=(hidden)"] (changed)"#), "{text}");
        let shown = render(&plan, &Options { show_values: true, colour: false });
        assert!(shown.contains("--token=one") && shown.contains("--token=two"), "{shown}");
    }

    #[test]
    fn a_hidden_value_that_comes_is_hidden_and_one_that_changes_is_changed() {
        let path = "/taskDefinition/containerDefinitions/app/dockerLabels/token";
        let told = |old: Option<Value>, new: Option<Value>| render(&plan(vec![change(path, old, new)]), &Options::default());
        assert!(told(None, Some(json!("s"))).ends_with("token: (hidden)"));
        assert!(told(Some(json!("r")), Some(json!("s"))).ends_with("token: (changed)"));
    }
}
