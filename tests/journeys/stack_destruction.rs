//! Nothing in a stack is deleted or replaced by itself: not by pruning a parent, not by an adoption, not by a look for drift.

use driftless_simulator::StackDrift;

use crate::stack_world::{Stacks, manifest};

const PARENT: &str = "Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://templates.s3.eu-central-1.amazonaws.com/inner.yaml
      Parameters: {Name: one}
";

fn inner(name: &str) -> String {
    format!(
        "Parameters: {{Name: {{Type: String}}}}\nResources:\n  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: {name}}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_leaves_the_source_goes_alone_and_one_that_stays_is_not_updated_for_ever() {
    let mut stacks = Stacks::start().await;
    stacks.world.prune = true;
    stacks.world.simulator.create_bucket("templates");
    stacks.world.simulator.put_object("templates", "inner.yaml", inner("orders"));
    let agent = stacks.world.agent().await;
    let more = "  deletionPolicy: delete\n  drift: {detect: true, interval: 5m, heal: true}\n";
    let sha = stacks.world.commit(&[
        ("net.yaml", &manifest("net", more)),
        ("net.template", PARENT),
        ("other.yaml", &manifest("other", "")),
    ]);
    stacks.world.ends_as(&sha, "success").await;
    let looked = async || stacks.world.count("DetectStackDrift") >= 3;
    stacks.world.until("drift was looked for again and again", looked).await;
    stacks.wrote_at_most("ExecuteChangeSet", 2);

    // The nested template changes at its place, so that the topic would be made anew.
    stacks.world.simulator.put_object("templates", "inner.yaml", inner("sales"));
    let held =
        async || agent.reconciler.statuses().iter().any(|status| status.message.contains("allowReplacement: [Inner/Topic]"));
    stacks.world.until("the replacement is held by its path", held).await;
    stacks.wrote_at_most("ExecuteChangeSet", 2);
    stacks.world.simulator.put_object("templates", "inner.yaml", inner("orders"));

    stacks.world.commit_saying(&[("net.yaml", None)], "Retire the parent");
    stacks.world.until("the parent is gone", async || stacks.status("net").await == "none").await;
    stacks.wrote_at_most("DeleteStack", 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_that_would_replace_something_waits_for_a_word() {
    let stacks = Stacks::start().await;
    let template = "Resources: {Jobs: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED}}}";
    stacks.aws.create_stack().stack_name("net").template_body(template).send().await.expect("created");
    stacks.is("CREATE_COMPLETE").await;
    let (code, text) = {
        stacks.commit_template(template, "");
        stacks.world.command(&["plan", "--change-set"]).await
    };
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("ReplacementNotAskedFor") && text.contains("REPLACES"), "{text}");
    let agent = stacks.world.agent().await;
    let held = async || agent.reconciler.statuses().iter().any(|status| status.message.contains("allowReplacement: [Jobs]"));
    stacks.world.until("it is held", held).await;
    stacks.is_left_alone().await;
    stacks.wrote_at_most("ExecuteChangeSet", 0);
    let sha = stacks.commit_template(template, "  allowReplacement: [Jobs]\n");
    stacks.world.ends_as(&sha, "success").await;
    stacks.wrote_at_most("ExecuteChangeSet", 1);
    stacks.is_left_alone().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_image_is_told_and_not_rolled_out() {
    let stacks = Stacks::start().await;
    let template = "Parameters: {Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /image}}\nResources: {Host: {Type: 'AWS::EC2::Instance', Properties: {ImageId: !Ref Image}}}\n";
    let agent = stacks.world.agent().await;
    let sha = stacks.commit_template(template, "  drift: {detect: true, interval: 5m}\n");
    stacks.world.ends_as(&sha, "success").await;
    stacks.world.simulator.set_ssm_parameter("/image", "ami-0123456789abcdef0");
    let told = async || agent.reconciler.statuses().iter().any(|status| status.message.contains("Host (AWS::EC2::Instance)"));
    stacks.world.until("it is told", told).await;
    stacks.world.until("its change set is gone", async || stacks.change_sets().await.is_empty()).await;
    stacks.wrote_at_most("ExecuteChangeSet", 1);

    // With `heal` an instance is not made anew either.
    stacks.commit_template(template, "  drift: {detect: true, interval: 5m, heal: true}\n");
    let held = async || agent.reconciler.statuses().iter().any(|status| status.message.contains("allowReplacement: [Host]"));
    stacks.world.until("it is held", held).await;
    stacks.wrote_at_most("ExecuteChangeSet", 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn awss_own_cause_is_told_where_its_early_validation_refuses() {
    let stacks = Stacks::start().await;
    stacks.world.simulator.create_bucket("taken");
    let agent = stacks.world.agent().await;
    let template = "Resources: {Store: {Type: 'AWS::S3::Bucket', Properties: {BucketName: taken}}}";
    let sha = stacks.commit_template(template, "");
    stacks.world.ends_as(&sha, "failed").await;
    let message = agent.reconciler.statuses()[0].message.clone();
    assert!(
        message.contains("Store (AWS::S3::Bucket) NAME_CONFLICT_VALIDATION: Resource of type 'AWS::S3::Bucket'"),
        "{message}"
    );
    stacks.is_left_alone().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_not_called_no_drift() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let sha = stacks.commit("  drift: {detect: true, interval: 5m}\n");
    stacks.world.ends_as(&sha, "success").await;
    let drift = StackDrift {
        stack: "net".into(),
        logical_id: "Topic".into(),
        property: None,
        value: serde_json::Value::Null,
        unknown: true,
        deleted: false,
    };
    assert!(stacks.world.simulator.drift_stack_resource(&drift));
    let told =
        async || agent.reconciler.statuses().iter().any(|status| status.message.contains("AWS could not tell of every resource"));
    stacks.world.until("the doubt is told", told).await;
    assert!(!agent.reconciler.statuses()[0].message.contains("no drift"));
    agent.stop().await;
}
