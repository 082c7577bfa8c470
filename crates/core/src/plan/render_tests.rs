//! What a person reads of a plan: each word, each sign, each colour.

use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::plan::stack::StackStep;
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
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"], "a/b": 1}});
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
    let text = render(&plan(vec![change("/taskDefinition/containerDefinitions", None, Some(container))]), &Options::default());
    assert!(text.contains("containerDefinitions:\n      [\n        {\n          \""), "{text}");
    assert!(text.contains("\n          \"name\": \"app\""), "{text}");
}

#[test]
fn a_summary_counts_what_is_to_come() {
    let unchanged = Plan { steps: vec![], changes: vec![], verdict: Verdict::Ready { message: String::new() }, ..plan(vec![]) };
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

/// A plan of this kind with this verdict and this many writes of it.
fn of(kind: Kind, verdict: Verdict, step: Option<Step>) -> Plan {
    Plan { steps: step.into_iter().collect(), ..Plan::new(&ResourceId::new(kind, "web"), verdict) }
}

fn ready() -> Verdict {
    Verdict::Ready { message: "it runs".into() }
}

fn under_way(reason: &'static str) -> Verdict {
    Verdict::Progressing { reason, message: "2 of 3 tasks run".into(), requeue: 10 }
}

fn update() -> Step {
    EcsStep::UpdateService { document: Default::default(), task_definition: None, memory: None }.into()
}

#[test]
fn each_plan_is_told_in_one_line_by_what_would_happen() {
    let stack = || Step::from(StackStep::UpdateTerminationProtection { stack: "net".into(), enabled: true });
    let waits = |reason: &'static str| Verdict::Waiting { reason, message: "waits for EcsTask/migrate".into() };
    let rows = [
        (of(Kind::EcsService, ready(), None), "unchanged", "EcsService/web: unchanged", true),
        (of(Kind::EcsService, under_way("RollingOut"), None), "under way", "EcsService/web: unchanged; 2 of 3 tasks run", true),
        (
            of(Kind::EcsService, ready(), Some(update())),
            "to be changed",
            "EcsService/web: to be changed, without a deployment",
            true,
        ),
        (of(Kind::CloudFormationStack, ready(), Some(stack())), "to be changed", "CloudFormationStack/web: to be changed", true),
        (of(Kind::Ec2Deployment, ready(), Some(update())), "to be deployed", "Ec2Deployment/web: to be deployed", true),
        (
            of(Kind::EcsService, waits(NOT_READY), None),
            "waits",
            "EcsService/web: waits for EcsTask/migrate; what would change is known then",
            false,
        ),
        (of(Kind::EcsService, waits("DependencyFailed"), None), "waits", "EcsService/web: waits for EcsTask/migrate", false),
        (
            of(Kind::EcsService, Verdict::Failed { reason: "RolloutFailed", message: "exit 1".into() }, None),
            "failed",
            "EcsService/web: RolloutFailed: exit 1",
            false,
        ),
        (
            of(Kind::EcsService, Verdict::stalled("NotOwned", "tag it"), None),
            "blocked",
            "EcsService/web: NotOwned: tag it",
            false,
        ),
        (
            of(Kind::EcsService, Verdict::Unknown { message: "no answer".into() }, None),
            "could not be looked at",
            "EcsService/web: Unreadable: no answer",
            false,
        ),
        (of(Kind::EcsService, under_way(PRUNING), None), "to be deleted", "EcsService/web: to be deleted", true),
        (of(Kind::EcsService, under_way(MOVING), None), "to be deleted", "EcsService/web: 2 of 3 tasks run", true),
    ];
    for (plan, words, line, short) in rows {
        assert_eq!(label(&plan), format!("{}: {words}", plan.resource));
        assert_eq!(headline(&plan), line);
        assert_eq!(is_short(&plan), short, "{line}");
        assert_eq!(super::waits(&plan), words == "waits", "{line}");
        assert_eq!(is_unchanged(&plan), line == "EcsService/web: unchanged", "{line}");
    }
    let noted = Plan { notes: vec!["a note".into()], ..of(Kind::EcsService, ready(), None) };
    let changed = Plan { changes: vec![change("/service/desiredCount", None, Some(json!(2)))], ..noted.clone() };
    assert!(!is_short(&noted) && !is_short(&Plan { notes: vec![], ..changed }));
}

#[test]
fn what_comes_first_is_told_with_what_is_written_only() {
    let after = |names: &[(Kind, &str)], step: Option<Step>| {
        let after = names.iter().map(|(kind, name)| ResourceId::new(*kind, *name)).collect();
        headline(&Plan { after, ..of(Kind::CloudFormationStack, ready(), step) })
    };
    let (bundle, site) = ((Kind::S3Artifact, "bundle"), (Kind::S3Artifact, "site"));
    let (task, net) = ((Kind::EcsTask, "migrate"), (Kind::EcsService, "api"));
    let rows: [(&[(Kind, &str)], &str); 5] = [
        (&[], ""),
        (&[bundle], ", when S3Artifact/bundle is there"),
        (&[bundle, site], ", when S3Artifact/bundle and S3Artifact/site are there"),
        (&[task, net], ", after EcsTask/migrate and EcsService/api"),
        (&[bundle, task], ", when S3Artifact/bundle is there, after EcsTask/migrate"),
    ];
    for (names, told) in rows {
        assert_eq!(after(names, Some(update())), format!("CloudFormationStack/web: to be changed{told}"));
        assert_eq!(after(names, None), "CloudFormationStack/web: unchanged");
    }
}

#[test]
fn each_line_of_the_diff_has_its_sign_its_colour_and_its_cause() {
    let line = |change: Change, colour: bool| {
        let text = render(&plan(vec![change]), &Options { show_values: false, colour });
        text.split_once('\n').map(|(_, line)| line.to_owned()).unwrap_or_default()
    };
    let value = |text: &str| Some(json!(text));
    let rows = [
        (None, value("a"), '+', GREEN, r#": "a""#),
        (value("a"), None, '-', RED, r#": "a""#),
        (value("a"), value("b"), '~', YELLOW, r#": "a" → "b""#),
        (value("a"), value("REPLACES it"), '~', RED, r#": "a" → "REPLACES it""#),
        (None, value("PERHAPS REPLACES it"), '~', RED, r#": "PERHAPS REPLACES it""#),
        (None, None, '+', GREEN, ""),
    ];
    for (old, new, sign, colour, told) in rows {
        assert_eq!(line(change("/a", old.clone(), new.clone()), false), format!("  {sign} /a{told}"));
        assert_eq!(line(change("/a", old, new), true), format!("  {colour}{sign} /a{PLAIN}{told}"));
    }
    let causes = [
        (Cause::Declared, ""),
        (Cause::Default, "  (AWS's default; the manifest says nothing)"),
        (Cause::Removed, "  (no longer in the manifest)"),
        (Cause::Ownership, "  (Driftless's own)"),
    ];
    for (cause, told) in causes {
        assert_eq!(line(Change { cause, ..change("/a", None, value("b")) }, false), format!("  + /a: \"b\"{told}"));
    }
}

#[test]
fn two_values_stand_on_one_line_as_long_as_it_is_short() {
    let line =
        |old: String, new: String| render(&plan(vec![change("/a", Some(json!(old)), Some(json!(new)))]), &Options::default());
    let one_line = |old: usize, new: usize| !line("a".repeat(old), "b".repeat(new)).contains("\n  →\n");
    // Each in quotes: 120 letters together.
    assert!(one_line(58, 58) && one_line(20, 96));
    assert!(!one_line(58, 59) && !one_line(20, 97));
    let object = |letters: usize| Some(json!({"a": "b".repeat(letters)}));
    let spread =
        |letters: usize| render(&plan(vec![change("/o", None, object(letters))]), &Options::default()).contains("/o/a: ");
    // `{"a":""}` and the letters: up to 60 they stay together.
    assert_eq!((spread(52), spread(53)), (false, true));
    let goes = |letters: usize| render(&plan(vec![change("/o", object(letters), None)]), &Options::default()).contains("/o/a: ");
    assert_eq!((goes(52), goes(53)), (false, true));
    let list = |letters: usize| render(&plan(vec![change("/l", None, Some(json!(["b".repeat(letters)])))]), &Options::default());
    assert!(list(56).ends_with("\"]") && list(56).contains("/l: [\""), "{}", list(56));
    assert!(list(57).contains("/l:\n      [\n"), "{}", list(57));
}

#[test]
fn a_value_of_several_lines_stands_below_its_path() {
    let list = Some(json!(["a".repeat(70)]));
    let text = render(&plan(vec![change("/a", list.clone(), Some(json!("b")))]), &Options::default());
    let body = format!("\n      [\n        \"{}\"\n      ]\n  →\n      \"b\"", "a".repeat(70));
    assert!(text.ends_with(&body), "{text}");
    let text = render(&plan(vec![change("/a", Some(json!("b")), list)]), &Options::default());
    assert!(text.contains("/a:\n      \"b\"\n  →\n      [\n"), "{text}");
}

#[test]
fn each_plan_is_counted_under_one_word() {
    let verdicts: [(Verdict, Option<Step>, Kind, &str); 7] = [
        (ready(), None, Kind::EcsService, "1 unchanged"),
        (ready(), Some(update()), Kind::EcsService, "1 to change"),
        (ready(), Some(update()), Kind::Ec2Deployment, "1 to deploy"),
        (Verdict::Unknown { message: String::new() }, None, Kind::EcsService, "1 could not be looked at"),
        (Verdict::stalled("NotOwned", ""), None, Kind::EcsService, "1 blocked"),
        (Verdict::Failed { reason: "RolloutFailed", message: String::new() }, None, Kind::EcsService, "1 failed"),
        (under_way(PRUNING), None, Kind::EcsService, "1 to delete"),
    ];
    for (verdict, step, kind, told) in verdicts {
        assert_eq!(summary([&of(kind, verdict, step)], &Options::default()), told);
    }
}
