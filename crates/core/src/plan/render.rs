//! A plan as people read a diff: `+`, `-` and `~`, the member's path, old → new.

use std::fmt::Write as _;

use serde_json::Value;

use crate::plan::{Cause, Change, Plan, Step, Verdict};
use crate::prune::PRUNING;
use crate::secret::Shown;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Values that are hidden by type, too: a decision of the person at the terminal.
    pub show_values: bool,
    /// Colours, as ANSI escapes.
    pub colour: bool,
}

/// Longer values go below their path, indented.
const SHORT: usize = 60;

/// The plan, without a newline at its end: a headline, one line for each change, the notes.
pub fn render(plan: &Plan, options: &Options) -> String {
    let mut text = headline(plan);
    for change in &plan.changes {
        text.push('\n');
        render_change(&mut text, change, options);
    }
    for note in &plan.notes {
        let _ = write!(text, "\n  note: {note}");
    }
    text
}

/// The plan in one line: what would happen to which resource.
pub fn headline(plan: &Plan) -> String {
    let id = &plan.resource;
    let creates = plan.steps.iter().any(Step::creates);
    let (_, reason, message) = plan.verdict.standing();
    match &plan.verdict {
        Verdict::Stalled { .. } | Verdict::Failed { .. } | Verdict::Unknown { .. } => format!("{id}: {reason}: {message}"),
        Verdict::Progressing { reason: PRUNING, .. } => format!("{id}: to be deleted"),
        _ if creates => format!("{id}: to be created"),
        _ if plan.steps.iter().any(Step::runs) => format!("{id}: to be run"),
        _ if plan.steps.iter().any(|step| matches!(step, Step::CloudFormation(step) if !step.looks())) => {
            format!("{id}: to be changed")
        }
        _ if !plan.steps.is_empty() && plan.steps.iter().all(Step::looks) => format!("{id}: unchanged"),
        _ if plan.changes.iter().any(|change| change.deploys) => format!("{id}: to be changed, with a deployment"),
        _ if !plan.is_empty() => format!("{id}: to be changed, without a deployment"),
        Verdict::Progressing { .. } if waits(plan) => format!("{id}: {message}; what would change is known then"),
        Verdict::Progressing { .. } => format!("{id}: unchanged; {message}"),
        Verdict::Ready { .. } => format!("{id}: unchanged"),
    }
}

fn render_change(text: &mut String, change: &Change, options: &Options) {
    let (sign, colour) = match (&change.old, &change.new) {
        (_, Some(Shown::Plain(Value::String(new)))) if new.starts_with("REPLACES") || new.starts_with("PERHAPS REPLACES") => {
            ('~', "\x1b[31m")
        }
        (None, _) => ('+', "\x1b[32m"),
        (_, None) => ('-', "\x1b[31m"),
        _ => ('~', "\x1b[33m"),
    };
    let (begin, end) = if options.colour { (colour, "\x1b[0m") } else { ("", "") };
    let _ = write!(text, "  {begin}{sign} {}{end}", change.path);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => {
            let (old, new) = (shown(old, options), shown(new, options));
            if old == new {
                // Both are hidden.
                let _ = write!(text, ": {new}");
            } else if old.len() + new.len() <= 2 * SHORT && !old.contains('\n') && !new.contains('\n') {
                let _ = write!(text, ": {old} → {new}");
            } else {
                let _ = write!(text, ":\n{}\n  →\n{}", indented(&old), indented(&new));
            }
        }
        (Some(value), None) | (None, Some(value)) => {
            let value = shown(value, options);
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

/// Short values on one line, as JSON; long ones spread.
fn shown(value: &Shown, options: &Options) -> String {
    match value {
        Shown::Hidden(value) if options.show_values => json(value),
        Shown::Hidden(_) => "(changed)".into(),
        Shown::Plain(value) => json(value),
    }
}

fn json(value: &Value) -> String {
    let line = value.to_string();
    if line.len() <= SHORT { line } else { serde_json::to_string_pretty(value).unwrap_or(line) }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

/// Whether nothing can be planned yet, as what it takes from another resource is not there.
pub fn waits(plan: &Plan) -> bool {
    matches!(plan.verdict, Verdict::Progressing { reason: "DependencyNotReady", .. })
}

/// `1 to create, 2 to change, 5 unchanged`, and what stands in the way.
pub fn summary(plans: &[Plan]) -> String {
    let creates = |plan: &Plan| plan.steps.iter().any(Step::creates);
    let blocked = |plan: &Plan| matches!(plan.verdict, Verdict::Stalled { .. } | Verdict::Unknown { .. });
    let failed = |plan: &Plan| matches!(plan.verdict, Verdict::Failed { .. });
    let count = |wanted: &dyn Fn(&Plan) -> bool| plans.iter().filter(|plan| wanted(plan)).count();
    let groups = [
        (count(&|plan| !blocked(plan) && creates(plan)), "to create"),
        (count(&|plan| !blocked(plan) && !creates(plan) && !plan.is_empty()), "to change"),
        (count(&waits), "waiting for what they take from others"),
        (count(&|plan| !blocked(plan) && !failed(plan) && !waits(plan) && plan.is_empty()), "unchanged"),
        (count(&|plan| failed(plan) && plan.is_empty()), "failed earlier and waiting for a change"),
        (count(&blocked), "blocked"),
    ];
    let parts: Vec<String> =
        groups.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    if parts.is_empty() { "nothing is declared".into() } else { parts.join(", ") }
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
        let container = json!({"name": "app", "image": "registry.example.com/shop/web:1.0.0", "essential": true, "cpu": 256});
        let text =
            render(&plan(vec![change("/taskDefinition/containerDefinitions/app", None, Some(container))]), &Options::default());
        assert!(text.contains("containerDefinitions/app:\n      {\n        \""), "{text}");
        assert!(text.contains("\n        \"name\": \"app\""), "{text}");
    }

    #[test]
    fn a_summary_counts_what_is_to_come() {
        let unchanged =
            Plan { steps: vec![], changes: vec![], verdict: Verdict::Ready { message: String::new() }, ..plan(vec![]) };
        let blocked = Plan { verdict: Verdict::Stalled { reason: "Unsupported", message: String::new() }, ..unchanged.clone() };
        let all = [plan(vec![]), unchanged.clone(), unchanged.clone(), blocked];
        assert_eq!(summary(&all), "1 to change, 2 unchanged, 1 blocked");
        let message = "waits for CloudFormationStack/network, of which it takes `SubnetA`".to_owned();
        let verdict = Verdict::Progressing { reason: "DependencyNotReady", message, requeue: 0 };
        let waiting = Plan { verdict, ..unchanged };
        assert_eq!(summary(std::slice::from_ref(&waiting)), "1 waiting for what they take from others");
        assert_eq!(
            render(&waiting, &Options::default()),
            "EcsService/web: waits for CloudFormationStack/network, of which it takes `SubnetA`; what would change is known then"
        );
        assert_eq!(summary(&[]), "nothing is declared");
    }
}
