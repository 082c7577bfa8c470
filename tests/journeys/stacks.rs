//! Stacks from a commit: created, changed and healed through change sets, their outputs handed on, and nothing written twice.

use driftless_simulator::StackDrift;

use crate::stack_world::{Stacks, TEMPLATE, manifest};

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_created_gives_its_outputs_and_is_left_alone_from_then_on() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let other = manifest("other", "  parameters: {Name: other, Display: '${stack.net.outputs.Display}'}\n");
    let sha = stacks.world.commit(&[
        ("net.yaml", &manifest("net", "  parameters: {Display: First}\n  tags: {team: shop}\n")),
        ("net.template", TEMPLATE),
        ("other.yaml", &other),
    ]);
    stacks.world.ends_as(&sha, "success").await;
    let net = stacks.stack("net").await.expect("a stack");
    let tags: Vec<String> = net.tags().iter().map(|tag| format!("{}={}", tag.key().unwrap(), tag.value().unwrap())).collect();
    assert!(tags.contains(&"driftless:resource=CloudFormationStack/net".to_owned()) && tags.contains(&"team=shop".to_owned()));
    assert!(!tags.iter().any(|tag| tag.starts_with("driftless:revision")), "only constant ones: {tags:?}");
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 2)]);
    stacks.is_left_alone().await;

    // A changed output reaches whoever takes it.
    let sha = stacks.commit("  parameters: {Display: Second}\n  tags: {team: shop}\n");
    stacks.world.ends_as(&sha, "success").await;
    let display = async || {
        let other = stacks.stack("other").await.and_then(|stack| stack.parameters).unwrap_or_default();
        other.iter().any(|parameter| parameter.parameter_value() == Some("Second"))
    };
    stacks.world.until("the other stack has it", display).await;
    stacks.wrote(&[("CreateChangeSet", 4), ("ExecuteChangeSet", 4)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_shows_a_replacement_before_it_runs_and_plan_leaves_nothing_behind() {
    let stacks = Stacks::start().await;
    stacks.commit("");
    let (code, text) = stacks.world.command(&["plan", "--change-set"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("+ /resources/Topic"), "{text}");
    stacks.world.until("the stack that held the change set is gone", async || stacks.status("net").await == "none").await;
    let (code, text) = stacks.world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");

    stacks.commit("  parameters: {Name: sales}\n");
    let (code, text) = stacks.world.command(&["plan"]).await;
    assert_eq!((code, stacks.change_sets().await.len()), (1, 0), "{text}");
    assert!(text.contains(r#"~ /parameters/Name: "orders" → "sales""#), "{text}");
    let (_, text) = stacks.world.command(&["plan", "--change-set"]).await;
    assert!(text.contains("REPLACEMENT: Topic (AWS::SNS::Topic"), "{text}");
    assert_eq!(stacks.change_sets().await, Vec::<String>::new());
    let (code, text) = stacks.world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    let (shown, run) = (text.find("REPLACEMENT: Topic"), text.find("ExecuteChangeSet"));
    assert!(shown.is_some() && shown < run, "{text}");
    let (code, text) = stacks.world.command(&["plan"]).await;
    assert_eq!(code, 0, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_for_aws_is_asked_once_and_a_comment_never() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    let comment = stacks.commit_template(&format!("# a comment\n{TEMPLATE}"), "");
    stacks.world.ends_as(&comment, "success").await;
    stacks.wrote(&[("CreateChangeSet", 1), ("ExecuteChangeSet", 1)]);
    // A capability alone changes no stack.
    let sha = stacks.commit("  capabilities: [CAPABILITY_IAM]\n");
    stacks.world.ends_as(&sha, "success").await;
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 1)]);
    stacks.is_left_alone().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_parameters_change_is_seen_by_the_commit() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("  parameters: {Key: swordfish}\n");
    stacks.world.ends_as(&first, "success").await;
    assert_eq!(stacks.parameter("Key").await, "****");
    let asked = stacks.world.count("CreateChangeSet");
    let second = stacks.commit("  parameters: {Key: marlin}\n");
    stacks.world.ends_as(&second, "success").await;
    let executed = stacks.stack("net").await.and_then(|stack| stack.change_set_id).unwrap_or_default();
    assert!(stacks.world.count("CreateChangeSet") > asked, "AWS shows no difference, and was asked for the new value");
    assert!(!executed.contains("marlin") && !stacks.world.logged().contains("marlin"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_made_by_hand_is_adopted_with_its_values() {
    let stacks = Stacks::start().await;
    stacks.aws.create_stack().stack_name("net").template_body(TEMPLATE).send().await.expect("created");
    stacks.is("CREATE_COMPLETE").await;
    let agent = stacks.world.agent().await;
    let sha = stacks.commit("");
    stacks.world.ends_as(&sha, "success").await;
    let net = stacks.stack("net").await.expect("a stack");
    assert!(net.tags().iter().any(|tag| tag.key() == Some("driftless:agent")));
    stacks.is_left_alone().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_and_termination_protection_are_set_and_honoured() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let protected = "  terminationProtection: true\n  stackPolicy: {inline: {Statement: [{Effect: Allow, Principal: '*', Action: 'Update:*', Resource: '*'}, {Effect: Deny, Principal: '*', Action: 'Update:*', Resource: LogicalResourceId/Topic}]}}\n";
    let first = stacks.commit(protected);
    stacks.world.ends_as(&first, "success").await;
    let policy = stacks.aws.get_stack_policy().stack_name("net").send().await.expect("a policy");
    assert!(policy.stack_policy_body().unwrap_or_default().contains("LogicalResourceId/Topic"));
    assert_eq!(stacks.stack("net").await.and_then(|stack| stack.enable_termination_protection), Some(true));
    let refused = stacks.commit(&format!("{protected}  parameters: {{Display: Other}}\n"));
    stacks.world.ends_as(&refused, "failed").await;
    assert!(agent.reconciler.statuses()[0].message.contains("stack policy"), "{}", agent.reconciler.statuses()[0].message);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_over_the_limit_goes_through_the_targets_bucket() {
    let stacks = Stacks::start().await;
    stacks.world.simulator.create_bucket("artifacts");
    let agent = stacks.world.agent().await;
    let template = format!("# {}\n{TEMPLATE}", "x".repeat(51_200));
    let sha = stacks.commit_template(&template, "");
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.world.count("PutObject"), 1);
    stacks.is_left_alone().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_told_on_its_interval_and_put_back_where_the_manifest_says_so() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("  drift: {detect: true, interval: 5m}\n");
    stacks.world.ends_as(&first, "success").await;
    let drift = StackDrift {
        stack: "net".into(),
        logical_id: "Topic".into(),
        property: Some("/DisplayName".into()),
        value: "Hacked".into(),
        deleted: false,
        unknown: false,
    };
    assert!(stacks.world.simulator.drift_stack_resource(&drift));
    let message = || agent.reconciler.statuses()[0].message.clone();
    stacks.world.until("the drift is told", async || message().contains("/DisplayName is Hacked, expected Orders")).await;
    stacks.wrote(&[("CreateChangeSet", 1), ("ExecuteChangeSet", 1)]);

    let healed = stacks.commit("  drift: {detect: true, interval: 5m, heal: true}\n");
    stacks.world.until("it is put back", async || stacks.world.count("ExecuteChangeSet") == 2).await;
    stacks.world.ends_as(&healed, "success").await;
    stacks.world.until("no drift is found any more", async || message().contains("no drift")).await;
    agent.stop().await;
}
