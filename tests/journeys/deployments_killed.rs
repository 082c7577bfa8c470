//! `kill -9` of the agent at every mutating call of a deployment, before the call has its effect and after (the answer never
//! arrives), then a restart: one deployment for each revision, nothing twice.

use driftless_simulator::When;
use serde_json::json;

use crate::fleet::{Fleet, manifest};
use crate::killing::{kill_at, killed};

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

killed! {
    a_deployment_killed_before_it_is_created: a_killed_deployment_converges, "CreateDeployment", Hang;
    a_deployment_killed_after_it_is_created: a_killed_deployment_converges, "CreateDeployment", HangAfter;
    a_newer_one_killed_before_the_older_is_stopped: a_killed_stop_converges, "StopDeployment", Hang;
    a_newer_one_killed_after_the_older_is_stopped: a_killed_stop_converges, "StopDeployment", HangAfter;
    a_newer_one_killed_before_it_is_created: a_killed_stop_converges, "CreateDeployment", Hang;
    a_newer_one_killed_after_it_is_created: a_killed_stop_converges, "CreateDeployment", HangAfter;
}
