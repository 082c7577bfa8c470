//! What AWS refuses for now is asked for again, and is a failure only when its minutes are over.

use std::time::Instant;

use driftless_simulator::Fault;

use crate::world::{CAREFUL, World, service};

const LINKED_ROLE: &str = "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
const PASS_ROLE: &str = "User: arn:aws:sts::123456789012:assumed-role/driftless/driftless is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/execution";

/// AWS refuses the action in these words: for so many seconds, or for ever.
fn refusal(action: &str, code: &str, message: &str, seconds: Option<f64>) -> Fault {
    Fault { action: action.into(), code: code.into(), status: 400, message: message.into(), seconds, ..Fault::default() }
}

fn web() -> String {
    service("web", "registry.example.com/web:1", CAREFUL)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_aws_does_not_know_yet_is_waited_for() {
    let world = World::start().await;
    world.simulator.add_fault(refusal("RegisterTaskDefinition", "ClientException", "Role is not valid", Some(20.0)));
    world.simulator.add_fault(refusal("CreateService", "InvalidParameterException", LINKED_ROLE, Some(45.0)));
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &web())]);
    world.ends_as(&sha, "success").await;
    assert!(world.count("CreateService") >= 2 && world.count("RegisterTaskDefinition") >= 2, "{:?}", world.simulator.counters());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_never_comes_is_a_failure_after_its_minutes_and_not_asked_for_each_second() {
    let world = World::start().await;
    world.simulator.add_fault(refusal("RegisterTaskDefinition", "AccessDeniedException", PASS_ROLE, None));
    let agent = world.agent().await;
    let began = Instant::now();
    let sha = world.commit(&[("web.yaml", &web())]);
    world.ends_as(&sha, "failed").await;
    let seconds = began.elapsed().as_secs_f64() * world.pace;
    assert!(seconds >= 120.0, "{seconds}");
    assert!((5..=25).contains(&world.count("RegisterTaskDefinition")), "{:?}", world.simulator.counters());
    let status = agent.reconciler.statuses()[0].clone();
    assert_eq!((status.reason.as_str(), status.message.contains("iam:PassRole")), ("AccessDenied", true), "{status:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_waits_for_what_passes_and_fails_at_once_where_only_a_person_can_help() {
    let world = World::start().await;
    world.commit(&[("web.yaml", &web())]);
    world.simulator.add_fault(refusal("CreateService", "InvalidParameterException", LINKED_ROLE, Some(60.0)));
    let (code, printed) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{printed}");
    world.simulator.clear_faults();
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:2", CAREFUL))]);
    world.simulator.add_fault(refusal("UpdateService", "InvalidParameterException", "subnets can have at most 16 items.", None));
    let (code, printed) = world.command(&["apply"]).await;
    assert_eq!((code, world.count("UpdateService")), (1, 1), "{printed}");
    assert!(printed.contains("at most 16 items") && printed.contains("correct the manifest"), "{printed}");
}
