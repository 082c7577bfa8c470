//! Three hundred resources of every kind in one graph, with failures in the middle: what depends on a failure is not touched,
//! everything else is Ready, and nothing was written before what it depends on was finished. The order is read off the
//! simulator's log of calls.

use std::collections::BTreeMap;
use std::time::Instant;

use driftless_core::report::Progress;
use driftless_core::status::Phase;
use driftless_simulator::{Options, StackFailure};
use serde_json::json;

use crate::world::World;

/// Each has ten resources.
const APPLICATIONS: usize = 30;

/// What one application's ten resources depend on, by their names without the number.
const EDGES: &[(&str, &[&str])] = &[
    ("net", &[]),
    ("bundle", &["net"]),
    ("migrate", &["net"]),
    ("web", &["migrate"]),
    ("api", &["web"]),
    ("deploy", &["bundle", "web"]),
    ("extra", &["deploy"]),
    ("site", &["api"]),
    ("smoke", &["web", "deploy"]),
    ("last", &["smoke"]),
];

/// Which of which application fails, and what is therefore not touched.
const FAILURES: &[(usize, &str, &[&str])] = &[
    (3, "migrate", &["web", "api", "deploy", "extra", "site", "smoke", "last"]),
    (7, "net", &["bundle", "migrate", "web", "api", "deploy", "extra", "site", "smoke", "last"]),
    (11, "deploy", &["extra", "smoke", "last"]),
    (17, "web", &["api", "deploy", "extra", "site", "smoke", "last"]),
    (23, "extra", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn failures_in_a_graph_of_three_hundred_stop_their_dependents_and_nothing_else() {
    let _alone = crate::ALONE.lock().await;
    let mut world = World::with(Options { pace: 60.0, ..Options::default() }).await;
    world.interval = "24h";
    world.simulator.create_bucket("shop-bundles");
    world.code_deploy("CreateApplication", json!({"applicationName": "shop", "computePlatform": "Server"})).await;
    for number in 0..APPLICATIONS {
        let group = json!({
            "applicationName": "shop", "deploymentGroupName": format!("deploy-{number:02}"),
            "serviceRoleArn": "arn:aws:iam::123456789012:role/deploy",
            "ec2TagFilters": [{"Key": "app", "Value": format!("{number}"), "Type": "KEY_AND_VALUE"}],
        });
        world.code_deploy("CreateDeploymentGroup", group).await;
    }
    for stack in ["net-07", "extra-23"] {
        world.simulator.fail_stack_resource(StackFailure {
            stack: stack.into(),
            logical_id: "Topic".into(),
            reason: "The quota for topics is reached".into(),
            on: driftless_simulator::On::Create,
            times: None,
        });
    }
    world.simulator.reset_calls();
    let agent = world.agent().await;
    let began = Instant::now();
    let texts: Vec<(String, String)> =
        (0..APPLICATIONS).map(|number| (format!("app-{number:02}.yaml"), application(number))).collect();
    let mut files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.extend([("bundle/appspec.yml", "version: 0.0\nos: linux\n"), ("site/index.html", "<h1>Shop</h1>\n")]);
    world.commit(&files);

    let expected: BTreeMap<String, Expected> = expected();
    let mut standings: Vec<Progress> = Vec::new();
    world
        .until_within(600, "every resource has come as far as it can", async || {
            standings = agent.reconciler.commit().standings();
            standings.len() == expected.len()
                && standings.iter().all(|progress| expected[&progress.resource.name].is_met(progress))
        })
        .await;
    let ready = standings.iter().filter(|progress| progress.phase == Phase::Ready).count();
    println!(
        "{} resources, {ready} Ready, {} failed, {} not touched: {:.0} s of AWS's time, {} calls, {} writes",
        standings.len(),
        FAILURES.len(),
        standings.len() - ready - FAILURES.len(),
        began.elapsed().as_secs_f64() * world.pace,
        world.simulator.calls().len(),
        world.simulator.mutations(),
    );
    assert_eq!((standings.len(), ready), (300, 270));

    let writes = writes(&world);
    for (name, expected) in &expected {
        assert_eq!(writes.contains_key(name), *expected != Expected::Untouched, "{name}: {:?}", writes.get(name));
    }
    let mut edges = 0;
    for number in 0..APPLICATIONS {
        for (name, on) in EDGES {
            for on in *on {
                let (Some(after), Some(before)) = (writes.get(&named(name, number)), writes.get(&named(on, number))) else {
                    continue;
                };
                edges += 1;
                assert!(before.1 < after.0, "{name}-{number:02} was written at {after:?}, {on}-{number:02} at {before:?}");
            }
        }
    }
    println!("{edges} edges, none violated");
    assert!(edges > 270);

    // And a second look at all of it writes nothing.
    world.simulator.reset_calls();
    agent.reconciler.look();
    world.pass(600.0).await;
    let written: Vec<_> = world.simulator.calls().into_iter().filter(|call| call.writes).collect();
    assert!(written.is_empty(), "{written:#?}");
    agent.stop().await;
}

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Ready,
    Failed,
    Untouched,
}

impl Expected {
    fn is_met(&self, progress: &Progress) -> bool {
        match self {
            Expected::Ready => progress.phase == Phase::Ready,
            Expected::Failed => progress.phase == Phase::Failed,
            Expected::Untouched => progress.waits_in_vain(),
        }
    }
}

fn expected() -> BTreeMap<String, Expected> {
    let mut all: BTreeMap<String, Expected> = BTreeMap::new();
    for number in 0..APPLICATIONS {
        all.extend(EDGES.iter().map(|(name, _)| (named(name, number), Expected::Ready)));
    }
    for (number, failed, untouched) in FAILURES {
        all.insert(named(failed, *number), Expected::Failed);
        all.extend(untouched.iter().map(|name| (named(name, *number), Expected::Untouched)));
    }
    all
}

fn named(name: &str, number: usize) -> String {
    format!("{name}-{number:02}")
}

/// By resource: the places in the log of its first and its last call that wrote. Everything of a resource in AWS has its name.
fn writes(world: &World) -> BTreeMap<String, (usize, usize)> {
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (place, call) in world.simulator.calls().into_iter().enumerate().filter(|(_, call)| call.writes && call.outcome == "ok") {
        for (name, _) in EDGES {
            let Some(at) = call.resource.find(&format!("{name}-")) else { continue };
            let name: String = call.resource[at..].chars().take(name.len() + 3).collect();
            let span = found.entry(name).or_insert((place, place));
            span.1 = place;
        }
    }
    found
}

/// The ten manifests of one application.
fn application(number: usize) -> String {
    let n = format!("{number:02}");
    let (migrate, web) = match number {
        3 => ("migrate:1-exit-1", "web:1"),
        17 => ("migrate:1", "web:1-crash"),
        _ => ("migrate:1", "web:1"),
    };
    let key = if number == 11 { format!("bundle-{n}/app-crash.zip") } else { format!("bundle-{n}/app.zip") };
    let stack = |name: &str, on: &str| {
        format!(
            r#"apiVersion: driftless/v1alpha1
kind: CloudFormationStack
metadata: {{name: {name}-{n}}}
spec:
  dependsOn: [{on}]
  template:
    inline:
      Resources: {{Topic: {{Type: "AWS::SNS::Topic"}}}}
      Outputs: {{Subnet: {{Value: subnet-0a1b2c3d}}}}
"#
        )
    };
    let definition = |name: &str, image: &str| {
        format!(
            r#"  cluster: shop
  taskDefinition:
    inline:
      family: {name}-{n}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions: [{{name: app, image: registry.example.com/{image}, essential: true}}]
"#
        )
    };
    let network = format!(
        r#"launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: ["${{stack.net-{n}.outputs.Subnet}}"]}}}}
"#
    );
    let task = |name: &str, image: &str, on: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: EcsTask\nmetadata: {{name: {name}-{n}}}\nspec:\n  dependsOn: [{on}]\n{}  task:\n    inline:\n      {network}",
            definition(name, image)
        )
    };
    let service = |name: &str, image: &str, on: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: {name}-{n}}}\nspec:\n  dependsOn: [{on}]\n{}  service:\n    inline:\n      desiredCount: 1\n      deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}\n      {network}",
            definition(name, image)
        )
    };
    let artifact = |name: &str, on: &str, members: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {{name: {name}-{n}}}\nspec:\n  dependsOn: [{on}]\n  bucket: shop-bundles\n{members}"
        )
    };
    let on = |kind: &str, name: &str| format!("{{kind: {kind}, name: {name}-{n}}}");
    let deployment = format!(
        r#"apiVersion: driftless/v1alpha1
kind: Ec2Deployment
metadata: {{name: deploy-{n}}}
spec:
  dependsOn: [{}]
  artifact: bundle-{n}
  deployment: {{inline: {{applicationName: shop, deploymentGroupName: deploy-{n}}}}}
"#,
        on("EcsService", "web")
    );
    [
        stack("net", ""),
        artifact(
            "bundle",
            &on("CloudFormationStack", "net"),
            &format!("  source: {{path: bundle}}\n  archive: zip\n  key: {key}\n"),
        ),
        task("migrate", migrate, ""),
        service("web", web, &on("EcsTask", "migrate")),
        service("api", "api:1", &on("EcsService", "web")),
        deployment,
        stack("extra", &on("Ec2Deployment", "deploy")),
        artifact("site", &on("EcsService", "api"), &format!("  source: {{path: site}}\n  prefix: site-{n}/\n")),
        task("smoke", "smoke:1", &format!("{}, {}", on("EcsService", "web"), on("Ec2Deployment", "deploy"))),
        service("last", "last:1", &on("EcsTask", "smoke")),
    ]
    .join("---\n")
}
