//! Whole plans of stacks: what is read in which state, what differs member by member, and that a difference is told whatever
//! becomes of it.

use crate::stack_world::*;
use driftless_core::desired::{Resource, Spec};
use driftless_core::observed::{ChangeSet, Observed, Stack, StackObservation, StackResource};
use driftless_core::plan::stack::{Kind, StackStep, Token, Wants, wants, wants_first};
use driftless_core::plan::{Cause, Plan};

fn large() -> Resource {
    declared("  parameters: {Size: large}\n")
}

/// `Reason | actions | paths`.
fn told(plan: &Plan) -> String {
    let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    format!("{} | {} | {}", reason(plan), actions(plan).join(" "), paths.join(" "))
}

const FAILED: &[&str] = &[
    "stack UPDATE_IN_PROGRESS User Initiated",
    "Topic UPDATE_FAILED no such name",
    "stack UPDATE_ROLLBACK_IN_PROGRESS failed",
    "stack UPDATE_ROLLBACK_COMPLETE",
];

#[test]
fn what_differs_is_told_whatever_becomes_of_it() {
    let name = asked(&plan(&large(), &observed(live("CREATE_COMPLETE"))));
    let with = |change: &dyn Fn(&mut StackObservation)| {
        let mut observation = observed(live("CREATE_COMPLETE"));
        change(&mut observation);
        told(&plan(&large(), &observation))
    };
    let set = |status: &'static str, execution: &'static str| change_set(&name, status, execution);
    let because = |reason: &str, ago: f64| ChangeSet { status_reason: Some(reason.into()), ..nothing(&name, ago) };
    let size = "/parameters/Size";
    assert_eq!(with(&|_| {}), format!("Applying | CreateChangeSet | {size}"));
    assert_eq!(with(&|o| o.change_sets = vec![set("CREATE_IN_PROGRESS", "UNAVAILABLE")]), format!("Applying |  | {size}"));
    assert_eq!(
        with(&|o| o.change_sets = vec![set("CREATE_COMPLETE", "OBSOLETE")]),
        format!("Applying | DeleteChangeSet CreateChangeSet | {size}")
    );
    assert_eq!(
        with(&|o| o.change_sets = vec![set("CREATE_COMPLETE", "EXECUTE_FAILED")]),
        format!("Applying | CreateChangeSet | {size}")
    );
    assert_eq!(with(&|o| o.change_sets = vec![set("CREATE_COMPLETE", "EXECUTE_COMPLETE")]), "Ready |  | ");
    assert_eq!(with(&|o| o.change_sets = vec![because("no right", 60.0)]), format!("ChangeSetFailed |  | {size}"));
    assert_eq!(with(&|o| o.change_sets = vec![because("Rate exceeded", 5.0)]), format!("Retrying |  | {size}"));
    assert_eq!(with(&|o| o.change_sets = vec![nothing(&name, 5.0)]), "Ready |  | ", "AWS says that it changes nothing");
    let failed = |o: &mut StackObservation, reason: &'static str| {
        let lines: Vec<String> = FAILED.iter().map(|line| line.replace("no such name", reason)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        o.events = newest_first(vec![events(Some(&name), &lines)]);
    };
    assert_eq!(with(&|o| failed(o, "no such name")), format!("UpdateFailed |  | {size}"));
    assert_eq!(with(&|o| (failed(o, "Rate exceeded"), o.now = 2010.0).1), format!("Retrying |  | {size}"));
    let tagged = |o: &mut StackObservation| {
        let mut stack = live("CREATE_COMPLETE");
        stack.tags.insert("team".into(), "K?che".into());
        o.stack = Observed::Present(stack);
    };
    assert_eq!(with(&tagged), format!("TagsNotShown |  | {size}"));
}

#[test]
fn an_operation_under_way_is_named_by_whose_it_is_and_what_it_does() {
    let name = name_of(&declared(""));
    let rows = [
        (Some(&name), "CREATE_IN_PROGRESS", "Creating"),
        (Some(&name), "UPDATE_IN_PROGRESS", "Updating"),
        (Some(&name), "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Updating"),
        (Some(&name), "UPDATE_ROLLBACK_IN_PROGRESS", "RollingBack"),
        (Some(&name), "ROLLBACK_IN_PROGRESS", "RollingBack"),
        (Some(&name), "DELETE_IN_PROGRESS", "Deleting"),
        (None, "UPDATE_IN_PROGRESS", "OperationInProgress"),
        (None, "DELETE_IN_PROGRESS", "OperationInProgress"),
    ];
    for (token, status, word) in rows {
        let mut observation = observed(live(status));
        observation.events = newest_first(vec![events(token.map(String::as_str), &["stack UPDATE_IN_PROGRESS User Initiated"])]);
        let found = plan(&declared(""), &observation);
        assert_eq!((reason(&found), found.steps.len()), (word, 0), "{status}");
        assert_eq!(message(&found).contains("asked for by somebody else"), token.is_none(), "{}", message(&found));
    }
    // An older commit's update is cancelled while AWS takes that, and waited for else.
    for (status, word, steps) in [("UPDATE_IN_PROGRESS", "Applying", 1), ("UPDATE_ROLLBACK_IN_PROGRESS", "Superseding", 0)] {
        let mut observation = observed(live(status));
        observation.events = newest_first(vec![events(Some(&name), &["stack UPDATE_IN_PROGRESS User Initiated"])]);
        let found = plan(&large(), &observation);
        assert_eq!((reason(&found), found.steps.len()), (word, steps), "{status}");
    }
}

#[test]
fn each_member_that_differs_is_a_line_and_what_is_not_declared_is_none() {
    let paths = |spec: &str, change: &dyn Fn(&mut Stack)| {
        let mut stack = live("CREATE_COMPLETE");
        change(&mut stack);
        let found = plan(&declared(spec), &observed(stack));
        let lines: Vec<String> = found
            .changes
            .iter()
            .map(|one| {
                let text =
                    |shown: &Option<driftless_core::secret::Shown>| shown.as_ref().map_or("-".to_owned(), ToString::to_string);
                format!("{} {} {}", one.path, text(&one.old), text(&one.new))
            })
            .collect();
        lines.join("; ")
    };
    let topics = |arns: &'static [&'static str]| {
        move |stack: &mut Stack| stack.notification_arns = arns.iter().map(|arn| (*arn).to_owned()).collect()
    };
    let arn = "arn:aws:sns:eu-central-1:1:t";
    let none = |_: &mut Stack| {};
    type Row = (String, Box<dyn Fn(&mut Stack)>, String);
    let rows: Vec<Row> = vec![
        (String::new(), Box::new(none), String::new()),
        ("  parameters: {Size: small}\n".into(), Box::new(none), String::new()),
        ("  parameters: {Size: Small}\n".into(), Box::new(none), "/parameters/Size \"small\" \"Small\"".into()),
        (
            "  parameters: {Size: {usePreviousValue: true}}\n".into(),
            Box::new(|s| drop(s.parameters.insert("Size".into(), "x".into()))),
            String::new(),
        ),
        (
            String::new(),
            Box::new(|s| drop(s.parameters.insert("Size".into(), "x".into()))),
            "/parameters/Size \"x\" \"small\"".into(),
        ),
        ("  parameters: {Zones: 'a, b'}\n".into(), Box::new(none), String::new()),
        ("  parameters: {Zones: 'b,a'}\n".into(), Box::new(none), "/parameters/Zones \"a,b\" \"b,a\"".into()),
        (String::new(), Box::new(|s| drop(s.parameters.insert("Old".into(), "x".into()))), "/parameters/Old (hidden) -".into()),
        (String::new(), Box::new(|s| drop(s.parameters.remove("Key"))), "/parameters/Key - (hidden)".into()),
        ("  roleArn: arn:aws:iam::1:role/a\n".into(), Box::new(none), "/roleArn - \"arn:aws:iam::1:role/a\"".into()),
        (
            "  roleArn: arn:aws:iam::1:role/a\n".into(),
            Box::new(|s| s.role_arn = Some("arn:aws:iam::1:role/a".into())),
            String::new(),
        ),
        (String::new(), Box::new(|s| s.role_arn = Some("arn:aws:iam::1:role/a".into())), String::new()),
        (format!("  notificationArns: ['{arn}']\n"), Box::new(none), format!("/notificationArns - [\"{arn}\"]")),
        (format!("  notificationArns: ['{arn}']\n"), Box::new(topics(&["arn:aws:sns:eu-central-1:1:t"])), String::new()),
        ("  notificationArns: []\n".into(), Box::new(topics(&["b", "a"])), "/notificationArns [\"a\",\"b\"] []".into()),
        (
            format!("  notificationArns: ['{arn}', 'arn:b']\n"),
            Box::new(topics(&["arn:b", "arn:aws:sns:eu-central-1:1:t"])),
            String::new(),
        ),
        (
            "  capabilities: [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]\n".into(),
            Box::new(|s| s.capabilities = vec!["CAPABILITY_IAM".into()]),
            String::new(),
        ),
        ("  capabilities: [CAPABILITY_IAM]\n".into(), Box::new(none), "/capabilities - [\"CAPABILITY_IAM\"]".into()),
        ("  tags: {team: shop}\n".into(), Box::new(none), "/tags/team - \"shop\"".into()),
        (
            "  tags: {team: shop}\n".into(),
            Box::new(|s| drop(s.tags.insert("team".into(), "web".into()))),
            "/tags/team \"web\" \"shop\"".into(),
        ),
        ("  tags: {}\n".into(), Box::new(|s| drop(s.tags.insert("team".into(), "web".into()))), "/tags/team \"web\" -".into()),
        ("  tags: {a~/b: c}\n".into(), Box::new(none), "/tags/a~0~1b - \"c\"".into()),
        (String::new(), Box::new(|s| drop(s.tags.insert("team".into(), "web".into()))), String::new()),
    ];
    for (spec, change, told) in rows {
        assert_eq!(paths(&spec, &change), told, "{spec}");
    }
    let found = plan(&declared("  deletionPolicy: delete\n"), &observed(live("CREATE_COMPLETE")));
    let own: Vec<(&str, Cause)> = found.changes.iter().map(|one| (one.path.as_str(), one.cause)).collect();
    assert_eq!(own, [("/tags/driftless:prune", Cause::Ownership)]);
}

#[test]
fn the_protections_are_told_with_what_they_are() {
    let policy = "  stackPolicy: {inline: {Statement: []}}\n";
    let rows = [
        (policy, None, false, "Applying | SetStackPolicy | /stackPolicy"),
        (policy, Some(r#"{"Statement":[]}"#), false, "Ready |  | "),
        (policy, Some(r#"{"Statement":[1]}"#), false, "Applying | SetStackPolicy | /stackPolicy"),
        ("  terminationProtection: true\n", None, false, "Applying | UpdateTerminationProtection | /terminationProtection"),
        ("  terminationProtection: true\n", None, true, "Ready |  | "),
        ("  terminationProtection: false\n", None, true, "Applying | UpdateTerminationProtection | /terminationProtection"),
        ("", None, true, "Ready |  | "),
    ];
    for (spec, live_policy, protected, wanted) in rows {
        let mut observation = observed(Stack { termination_protection: protected, ..live("CREATE_COMPLETE") });
        observation.policy = live_policy.map(str::to_owned);
        assert_eq!(told(&plan(&declared(spec), &observation)), wanted, "{spec}");
    }
}

#[test]
fn what_is_read_next_follows_from_the_state() {
    let first = |spec: &str, stack: Observed<Stack>| {
        let resource = declared(spec);
        let Spec::CloudFormationStack(declared) = &resource.spec else { panic!("a stack") };
        wants_first(declared, &stack)
    };
    let (policy, none) = ("  stackPolicy: {inline: {Statement: []}}\n", Wants::default());
    assert_eq!(first(policy, Observed::Absent), Wants { predecessor: true, ..none });
    assert_eq!(first(policy, Observed::Unknown("denied".into())), none);
    assert_eq!(first(policy, Observed::Present(live("UPDATE_COMPLETE"))), Wants { template: true, policy: true, ..none });
    assert_eq!(first("", Observed::Present(live("UPDATE_COMPLETE"))), Wants { template: true, ..none });
    assert_eq!(first(policy, Observed::Present(live("UPDATE_FAILED"))), Wants { template: true, ..none });
    assert_eq!(first(policy, Observed::Present(live("UPDATE_IN_PROGRESS"))), none);
    let then = |spec: &str, status: &str| {
        let resource = declared(spec);
        let Spec::CloudFormationStack(declared) = &resource.spec else { panic!("a stack") };
        wants(&resource, declared, &observed(live(status)), &context())
    };
    let (operations, all) = (Wants { events: true, ..none }, Wants { events: true, change_sets: true, ..none });
    let rows = [
        ("", "UPDATE_COMPLETE", none),
        ("  parameters: {Size: large}\n", "UPDATE_COMPLETE", all),
        ("", "UPDATE_IN_PROGRESS", operations),
        ("", "UPDATE_ROLLBACK_FAILED", operations),
        ("", "ROLLBACK_COMPLETE", Wants { events: true, resources: true, ..none }),
        ("", "UPDATE_FAILED", all),
        ("", "REVIEW_IN_PROGRESS", Wants { change_sets: true, ..none }),
        ("", "DELETE_FAILED", Wants { events: true, resources: true, ..none }),
    ];
    for (spec, status, wanted) in rows {
        assert_eq!(then(spec, status), wanted, "{spec} {status}");
    }
    let resource = declared("");
    let Spec::CloudFormationStack(spec) = &resource.spec else { panic!("a stack") };
    assert_eq!(wants(&resource, spec, &absent(), &context()), none);
}

#[test]
fn what_a_first_create_takes_and_what_an_update_keeps() {
    let request = |spec: &str, observation: &StackObservation| match steps(&plan(&declared(spec), observation)).last() {
        Some(StackStep::CreateChangeSet(request)) => request.clone(),
        other => panic!("{other:?}"),
    };
    let previous = "  parameters: {Size: {usePreviousValue: true}, Zones: 'x'}\n  onFailure: DELETE\n";
    let first = request(previous, &absent());
    assert_eq!(
        (first.creates, first.parameters.keys().map(String::as_str).collect::<Vec<_>>(), first.on_failure.is_some()),
        (true, vec!["Zones"], true)
    );
    assert_eq!(first.tags["driftless:name"], "net");
    let mut tagged = live("CREATE_COMPLETE");
    tagged.tags.insert("team".into(), "web".into());
    tagged.capabilities = vec!["CAPABILITY_IAM".into()];
    let update = request(previous, &observed(tagged.clone()));
    assert_eq!((update.creates, update.parameters.len(), update.on_failure), (false, 2, None));
    assert_eq!(
        (update.tags.get("team").map(String::as_str), update.capabilities.clone()),
        (Some("web"), vec!["CAPABILITY_IAM".to_owned()])
    );
    // Ours without the tag of its name is not given it by the way.
    assert_eq!((update.tags.get("driftless:name"), update.nested, update.looks), (None, false, false));
    let declared_tags = request("  tags: {a: b}\n  capabilities: [CAPABILITY_NAMED_IAM]\n", &observed(tagged));
    assert_eq!((declared_tags.tags.get("team"), declared_tags.tags["a"].as_str()), (None, "b"));
    assert_eq!(declared_tags.capabilities, ["CAPABILITY_NAMED_IAM"]);
    // Without a default there is no previous value of what is not there yet.
    let template =
        "Parameters: {Size: {Type: String}, Other: {Type: String, Default: a}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";
    let of = |parameters: &str| {
        let manifest = format!(
            "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n  template: {{file: net.template}}\n  parameters: {parameters}\n"
        );
        plan(&from(&[("net.yaml", &manifest), ("net.template", template)]), &absent())
    };
    let stalled = of("{Size: {usePreviousValue: true}}");
    assert_eq!(reason(&stalled), "ParameterWithoutValue");
    assert!(message(&stalled).contains("the parameter `Size`"), "{}", message(&stalled));
    assert_eq!(reason(&of("{Size: a, Other: {usePreviousValue: true}}")), "Applying");
}

#[test]
fn attempts_of_ways_out_are_counted_up() {
    let attempt = |plan: &Plan| {
        let token = steps(plan).into_iter().find_map(|step| match step {
            StackStep::DeleteStack { token, .. }
            | StackStep::RollbackStack { token, .. }
            | StackStep::ContinueUpdateRollback { token, .. } => Some(token.clone()),
            _ => None,
        });
        Token::parse(&token.unwrap_or_else(|| panic!("{plan:?}"))).expect("ours").attempt
    };
    let name = name_of(&declared(""));
    let failed = |status: &str, tries: u32| {
        let mut observation = observed(live(status));
        let lines = ["stack CREATE_IN_PROGRESS User Initiated", "Topic CREATE_FAILED no", &format!("stack {status}")];
        observation.events =
            newest_first((1..=tries).map(|n| events(Some(&as_attempt(&name, Kind::Change, n)), &lines)).collect());
        observation
    };
    for tries in [1, 2] {
        assert_eq!(attempt(&plan_in(&declared(""), &failed("ROLLBACK_COMPLETE", tries), &retry())), tries + 1);
        assert_eq!(attempt(&plan_in(&declared(""), &failed("CREATE_FAILED", tries), &retry())), tries + 1);
    }
    let mut deletions = observed(live("DELETE_FAILED"));
    let gone =
        |n: u32| events(Some(&as_attempt(&name, Kind::Delete, n)), &["stack DELETE_IN_PROGRESS", "stack DELETE_FAILED no"]);
    assert_eq!(attempt(&plan_in(&declared(""), &deletions, &retry())), 1);
    deletions.events = newest_first(vec![gone(1), gone(2)]);
    assert_eq!(attempt(&plan_in(&declared(""), &deletions, &retry())), 3);
    // What a failed deletion left is named; where nothing is, AWS's own word.
    let left = |resources: &[(&str, &str)]| {
        let mut observation = observed(Stack { status_reason: Some("no right".into()), ..live("DELETE_FAILED") });
        observation.resources = resources
            .iter()
            .map(|(logical, status)| StackResource {
                logical_id: (*logical).into(),
                status: (*status).into(),
                ..StackResource::default()
            })
            .collect();
        message(&plan(&declared(""), &observation)).to_owned()
    };
    assert!(left(&[]).contains("still there: no right"), "{}", left(&[]));
    let told = left(&[("A", "DELETE_COMPLETE"), ("B", "DELETE_FAILED")]);
    assert!(told.contains("still there: B (") && !told.contains("A ("), "{told}");
}

#[test]
fn what_failed_is_called_by_what_was_tried() {
    let lines = ["stack UPDATE_IN_PROGRESS User Initiated", "Topic UPDATE_FAILED no", "stack UPDATE_ROLLBACK_COMPLETE"];
    let mut update = observed(live("UPDATE_ROLLBACK_COMPLETE"));
    update.events = newest_first(vec![events(Some(&name_of(&large())), &lines)]);
    assert!(
        message(&plan(&large(), &update)).starts_with("the change of the stack `net` failed: Topic"),
        "{}",
        message(&plan(&large(), &update))
    );
    // Each time that AWS could not work it out, it is left alone for longer.
    let name = asked(&plan(&large(), &observed(live("CREATE_COMPLETE"))));
    let waits = |attempt: u32| {
        let mut observation = observed(live("CREATE_COMPLETE"));
        let busy =
            ChangeSet { status_reason: Some("Rate exceeded".into()), ..nothing(&as_attempt(&name, Kind::Change, attempt), 0.0) };
        observation.change_sets = vec![busy];
        let told = message(&plan(&large(), &observation)).to_owned();
        told.rsplit("asked again in ").next().unwrap_or_default().to_owned()
    };
    assert_eq!([waits(1), waits(2), waits(3), waits(4)], ["15 s", "15 s", "30 s", "60 s"]);
}

#[test]
fn a_change_that_is_held_shows_what_it_would_do_and_a_server_that_says_why() {
    use driftless_core::observed::ResourceChange;
    let held = |spec: &str, change: &dyn Fn(&mut Stack)| {
        let mut stack = live("CREATE_COMPLETE");
        change(&mut stack);
        let mut observation = observed(stack);
        let name = asked(&plan(&declared(spec), &observation));
        let replaced = ResourceChange {
            action: "Modify".into(),
            logical_id: "Topic".into(),
            physical_id: Some("topic-1".into()),
            resource_type: "AWS::SNS::Topic".into(),
            replacement: Some("True".into()),
            details: vec![driftless_core::observed::ChangeDetail { source: "Automatic".into(), ..Default::default() }],
            ..ResourceChange::default()
        };
        observation.change_sets =
            vec![ChangeSet { changes: vec![replaced], ..change_set(&name, "CREATE_COMPLETE", "AVAILABLE") }];
        let plan = plan(&declared(spec), &observation);
        (told(&plan), message(&plan).to_owned())
    };
    let (line, said) = held("  parameters: {Size: large}\n", &|_| {});
    assert_eq!(line, "ReplacementNotAskedFor |  | /resources/Topic");
    assert!(said.contains("what the commit changes in the template and its parameters does not ask for that"), "{said}");
    let (_, said) = held("  tags: {team: shop}\n", &|_| {});
    assert!(said.contains("only tags differ (team)"), "{said}");
    let (_, said) = held("  tags: {team: shop}\n  roleArn: arn:aws:iam::1:role/a\n", &|_| {});
    assert!(said.contains("neither the template nor a declared parameter's value has changed"), "{said}");
    let (line, _) = held("  parameters: {Size: large}\n  allowReplacement: [Topic]\n", &|_| {});
    assert_eq!(line, "Updating | ExecuteChangeSet | /resources/Topic");
}
