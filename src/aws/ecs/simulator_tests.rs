//! The provider and the planner on the simulator: what a converged service costs, and that quotas hold.

use std::collections::BTreeMap;
use std::path::Path;

use driftless_core::agent;
use driftless_core::desired::{EcsService, Packed, Resource, Rollout, Spec, TaskDefinition};
use driftless_core::location::Location;
use driftless_core::plan::{Context, Plan, Verdict, plan};
use driftless_core::resource::ResourceId;
use driftless_simulator::{Options as Simulated, Simulator};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::aws::providers::{Made, Providers};
use crate::aws::target::{Options, Target};

const CONTEXT: Context<'static> = Context {
    agent: "production",
    source_hash: "0123456789abcdef",
    revision: "1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c",
    region: "eu-central-1",
    account_id: Some("123456789012"),
    last_write: None,
    equal: false,
    retry: false,
};

fn resource(name: &str) -> Resource {
    let object = |value: Value| Packed::from(value.as_object().unwrap());
    let task_definition = object(json!({
        "family": name, "networkMode": "bridge",
        "containerDefinitions": [{"name": "app", "image": "web:1", "memory": 128, "essential": true}],
    }));
    let service = EcsService {
        cluster: "shop".to_owned(),
        service_name: name.to_owned(),
        task_definition: TaskDefinition::Document(task_definition),
        images: BTreeMap::new(),
        service: object(json!({"desiredCount": 1, "launchType": "EC2"})),
        rollout: Rollout::default(),
        ignore: Vec::new(),
        removed: Vec::new(),
    };
    Resource::new(ResourceId::ecs_service(name), Location::new("web.yaml", 1, 1), "prod", Spec::EcsService(service))
}

async fn ecs(simulator: &Simulator, pace: f64) -> Providers {
    let configured = agent::Target {
        name: "prod".to_owned(),
        region: "eu-central-1".to_owned(),
        account_id: Some("123456789012".to_owned()),
        credentials: agent::Credentials::Environment,
        endpoint_url: Some(simulator.url()),
        artifacts_bucket: None,
    };
    let options = Options::new(pace).with_static_credentials("AKIDEXAMPLE", "secret");
    let target = Target::connect(&configured, Path::new("/"), &options).await.unwrap();
    assert_eq!(target.check_account().await.unwrap(), "123456789012");
    Providers::new(&target, &crate::artifact::Contents::default())
}

/// One pass: look, decide, and write what was decided.
async fn pass(ecs: &Providers, resource: &Resource) -> Plan {
    let observation = ecs.observe(resource, &CONTEXT).await;
    let plan = plan(resource, &observation, &CONTEXT);
    let mut made = Made::default();
    for step in &plan.steps {
        ecs.apply(step, &mut made).await.unwrap_or_else(|error| panic!("{error}"));
    }
    plan
}

async fn converge(ecs: &Providers, resource: &Resource) {
    for _ in 0..200 {
        if let Plan { steps, verdict: Verdict::Ready { .. }, .. } = pass(ecs, resource).await
            && steps.is_empty()
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} did not converge: {:?}", resource.id, pass(ecs, resource).await.verdict);
}

#[tokio::test]
async fn a_service_is_created_and_the_second_pass_writes_nothing() {
    let options = Simulated { pace: 600.0, auto_clusters: true, ..Simulated::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let ecs = ecs(&simulator, 600.0).await;
    let web = resource("web");
    let first = pass(&ecs, &web).await;
    let actions: Vec<_> = first.steps.iter().map(|step| step.action()).collect();
    assert_eq!(actions, ["RegisterTaskDefinition", "CreateService"]);
    converge(&ecs, &web).await;
    simulator.reset_calls();
    assert!(pass(&ecs, &web).await.is_empty());
    assert_eq!(simulator.mutations(), 0);
    assert_eq!(simulator.counters(), BTreeMap::from([("DescribeServices".to_owned(), 1)]));
}

#[tokio::test]
async fn a_drift_pass_over_fifty_services_is_five_calls_and_no_throttle_comes() {
    let options = Simulated { pace: 20.0, auto_clusters: true, quotas: true, ..Simulated::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let ecs = ecs(&simulator, 20.0).await;
    let services: Vec<Resource> = (0..50).map(|number| resource(&format!("web-{number}"))).collect();
    join_all(services.iter().map(|service| converge(&ecs, service))).await;
    simulator.reset_calls();
    let plans = join_all(services.iter().map(|service| pass(&ecs, service))).await;
    assert!(plans.iter().all(Plan::is_empty));
    assert_eq!(simulator.counters(), BTreeMap::from([("DescribeServices".to_owned(), 5)]));
    assert_eq!(simulator.throttled(), 0);
}
