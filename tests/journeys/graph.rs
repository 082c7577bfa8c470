//! One graph over kinds: what one resource gives, another takes, in order, and again when it changes.

use serde_json::json;

use crate::world::{World, service};

const TEMPLATE: &str = "Resources:\n  Topic: {Type: 'AWS::SNS::Topic'}\nOutputs:\n  Subnet: {Value: subnet-0a1b2c3d}\n";

const STACK: &str = "apiVersion: driftless/v1alpha1
kind: CloudFormationStack
metadata: {name: network}
spec:
  template: {file: network.template.yaml}
";

/// A service that takes its subnet from the stack.
fn web(image: &str) -> String {
    service("web", image, "").replace("subnets: [subnet-0a1b2c3d]", "subnets: [\"${stack.network.outputs.Subnet}\"]")
}

async fn subnets(world: &World) -> serde_json::Value {
    world.service("web").await.pointer("/networkConfiguration/awsvpcConfiguration/subnets").cloned().unwrap_or_default()
}

fn files<'a>(template: &'a str, web: &'a str) -> [(&'a str, &'a str); 3] {
    [("network.template.yaml", template), ("network.yaml", STACK), ("web.yaml", web)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_takes_its_subnet_from_a_stack_and_follows_when_that_changes() {
    let world = World::start().await;
    let agent = world.agent().await;
    let web = web("registry.example.com/web:1");
    let sha = world.commit(&files(TEMPLATE, &web));
    world.ends_as(&sha, "success").await;
    assert_eq!(subnets(&world).await, json!(["subnet-0a1b2c3d"]));
    let order: Vec<String> = world.simulator.calls().into_iter().filter(|call| call.writes).map(|call| call.action).collect();
    let place = |action: &str| order.iter().position(|call| call == action).expect("called");
    assert!(place("ExecuteChangeSet") < place("CreateService"), "{order:?}");

    let changed = TEMPLATE.replace("subnet-0a1b2c3d", "subnet-9f8e7d6c");
    let sha = world.commit(&[("network.template.yaml", &changed)]);
    world.ends_as(&sha, "success").await;
    assert_eq!(subnets(&world).await, json!(["subnet-9f8e7d6c"]));
    world.simulator.reset_calls();
    agent.reconciler.look();
    world.pass(120.0).await;
    assert_eq!(world.simulator.mutations(), 0, "{:?}", world.simulator.counters());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_there_is_not_is_told_at_its_line_and_stops_only_who_takes_it() {
    let world = World::start().await;
    let agent = world.agent().await;
    let web = web("registry.example.com/web:1").replace("outputs.Subnet}", "outputs.Subnett}");
    let other = service("other", "registry.example.com/other:1", "");
    let mut all = files(TEMPLATE, &web).to_vec();
    all.push(("other.yaml", &other));
    let sha = world.commit(&all);
    world.ends_as(&sha, "failed").await;
    let row = world.row(&sha, "driftless/journey").and_then(|row| row.description).unwrap_or_default();
    assert!(row.contains("web.yaml:") && row.contains("has no output `Subnett`; did you mean `Subnet`?"), "{row}");
    world.until("the other service runs", async || world.service("other").await["runningCount"] == 1).await;
    assert_eq!(world.service("web").await, serde_json::Value::Null);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_draws_the_graph_and_says_what_waits_for_a_value() {
    let world = World::start().await;
    let web = web("registry.example.com/web:1");
    world.commit(&files(TEMPLATE, &web));
    let (code, said) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("CloudFormationStack/network: to be created\n└─ EcsService/web: waits\n")
            && said.contains("EcsService/web: waits for CloudFormationStack/network, of which it takes `Subnet`"),
        "{said}"
    );
    assert!(said.ends_with("account 123456789012 in eu-central-1: 1 to create, 1 waits for another\n"), "{said}");
    let (code, said) = world.command(&["status"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("CloudFormationStack/network  Reconciling (NotCreated): not created yet"), "{said}");
    assert_eq!(world.simulator.mutations(), 0);
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{said}");
    let (code, said) = world.command(&["plan"]).await;
    assert_eq!(code, 0, "{said}");
    // Without an agent, too, a layer after the other: what the stack gives is there.
    let (code, said) = world.command(&["status"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("✓ EcsService/web  Ready") && said.contains("2 of 2 resources Ready"), "{said}");
    let (_, said) = world.command(&["status", "--output", "json"]).await;
    assert!(said.contains("\"history\": []") && !said.contains("\"at\":"), "{said}");
    let writes = world.simulator.mutations();
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!((code, world.simulator.mutations()), (0, writes), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_dependency_stops_its_dependents_until_it_is_mended() {
    let world = World::start().await;
    let agent = world.agent().await;
    let web = web("registry.example.com/web:1");
    world.simulator.fail_stack_resource(driftless_simulator::StackFailure {
        stack: "network".into(),
        logical_id: "Topic".into(),
        reason: "The quota for topics is reached".into(),
        on: driftless_simulator::On::Create,
        times: None,
    });
    let sha = world.commit(&files(TEMPLATE, &web));
    world.ends_as(&sha, "failed").await;
    let row = world.row(&sha, "driftless/journey").and_then(|row| row.description).unwrap_or_default();
    assert!(row.contains("Topic") && row.contains("The quota for topics is reached"), "{row}");
    world.pass(120.0).await;
    assert_eq!(world.count("CreateService"), 0);
    world.simulator.clear_stack_failures();
    let mended = TEMPLATE.replace("{Type: 'AWS::SNS::Topic'}", "{Type: 'AWS::SNS::Topic', Properties: {DisplayName: shop}}");
    let sha = world.commit(&[("network.template.yaml", &mended)]);
    world.ends_as(&sha, "success").await;
    assert_eq!(world.service("web").await["status"], "ACTIVE");
    agent.stop().await;
}
