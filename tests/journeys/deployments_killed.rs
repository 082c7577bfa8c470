//! `kill -9` of the agent at every mutating call of a deployment, before the call has its effect and after (the answer never
//! arrives), then a restart: one deployment for each revision, nothing twice.

use driftless_simulator::{Fault, When};
use serde_json::json;

use crate::fleet::{Fleet, manifest};
use crate::world::World;

/// Kills the agent while this call hangs, and starts another.
async fn kill_at(world: &World, action: &str, when: When) -> tokio::process::Child {
    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    world.simulator.add_fault(Fault { action: action.into(), when, times: Some(1), ..Fault::default() });
    let mut agent = world.agent_process();
    tokio::time::timeout(std::time::Duration::from_secs(60), fired.changed())
        .await
        .unwrap_or_else(|_| panic!("the agent never called {action}: {}", world.logged()))
        .expect("the simulator lives");
    agent.kill().await.expect("killed");
    world.simulator.clear_faults();
    world.agent_process()
}

async fn a_killed_deployment_converges(action: &str, when: When) {
    let fleet = Fleet::start().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    let mut agent = kill_at(&fleet.world, action, when).await;
    fleet.world.ends_as(&sha, "success").await;
    let all = fleet.deployments().await;
    assert_eq!(all.len(), 1, "nothing twice: {all:#?}");
    assert_eq!(all[0]["status"], "Succeeded");
    let row = fleet.world.row(&sha, "driftless/journey/Ec2Deployment/web").expect("the resource's status");
    assert_eq!(row.state, "success", "{row:?}");
    agent.kill().await.expect("killed");
}

async fn a_killed_stop_converges(action: &str, when: When) {
    let fleet = Fleet::slow().await;
    fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    let mut agent = fleet.world.agent_process();
    fleet.under_way("v1.zip").await;
    agent.kill().await.expect("killed");
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    let mut agent = kill_at(&fleet.world, action, when).await;
    fleet.world.ends_as(&sha, "success").await;
    let all = fleet.deployments().await;
    assert_eq!(all.len(), 2, "one for each revision: {all:#?}");
    assert_eq!((&all[0]["status"], &all[0]["revision"]["s3Location"]["key"]), (&json!("Succeeded"), &json!("v2.zip")));
    agent.kill().await.expect("killed");
}

/// One test for each call and moment, so that a failure names them.
macro_rules! killed {
    ($($name:ident: $journey:ident, $action:literal, $when:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            $journey($action, When::$when).await;
        })*
    };
}

killed! {
    a_deployment_killed_before_it_is_created: a_killed_deployment_converges, "CreateDeployment", Hang;
    a_deployment_killed_after_it_is_created: a_killed_deployment_converges, "CreateDeployment", HangAfter;
    a_newer_one_killed_before_the_older_is_stopped: a_killed_stop_converges, "StopDeployment", Hang;
    a_newer_one_killed_after_the_older_is_stopped: a_killed_stop_converges, "StopDeployment", HangAfter;
    a_newer_one_killed_before_it_is_created: a_killed_stop_converges, "CreateDeployment", Hang;
    a_newer_one_killed_after_it_is_created: a_killed_stop_converges, "CreateDeployment", HangAfter;
}
