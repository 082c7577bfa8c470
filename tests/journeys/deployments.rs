//! Deployments to EC2 through CodeDeploy: deployed once for each revision, joined and stopped as commits come, waited for when
//! they are somebody else's, and never repeated when they failed.

use driftless_simulator::{Fault, InstanceFailure, Options, When};
use serde_json::{Value, json};

use crate::world::{PACE, Running, World};

/// Logical seconds in a real one, where a deployment has to be met halfway.
const SLOW: f64 = 10.0;

/// A world with the application `shop`, its group `web` on three instances, and two bundles in S3.
pub struct Fleet {
    pub world: World,
}

impl Fleet {
    pub async fn start() -> Fleet {
        Fleet::with(json!({})).await
    }

    /// Where a deployment takes some seconds, so that it can be met halfway.
    async fn slow() -> Fleet {
        Fleet::at(SLOW, json!({})).await
    }

    /// `more` is added to CreateDeploymentGroup.
    pub async fn with(more: Value) -> Fleet {
        Fleet::at(PACE, more).await
    }

    async fn at(pace: f64, more: Value) -> Fleet {
        Fleet::of(Options { pace, instances: 3, ..Options::default() }, more).await
    }

    async fn of(options: Options, more: Value) -> Fleet {
        let fleet = Fleet::empty(options).await;
        for key in ["v1.zip", "v2.zip", "crash.zip"] {
            fleet.put(key, key);
        }
        let role = "arn:aws:iam::123456789012:role/codedeploy";
        let filters = json!([{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}]);
        let mut group =
            json!({"applicationName": "shop", "deploymentGroupName": "web", "serviceRoleArn": role, "ec2TagFilters": filters});
        for (member, value) in more.as_object().into_iter().flatten() {
            group[member] = value.clone();
        }
        fleet.call("CreateApplication", json!({"applicationName": "shop"})).await;
        fleet.call("CreateDeploymentGroup", group).await;
        fleet.world.simulator.reset_calls();
        fleet
    }

    /// Nothing but the bucket `artifacts`.
    pub async fn empty(options: Options) -> Fleet {
        let world = World::with(options).await;
        world.simulator.create_bucket("artifacts");
        Fleet { world }
    }

    pub fn put(&self, key: &str, content: &str) {
        self.world.simulator.put_object("artifacts", key, content.as_bytes().to_vec());
    }

    /// A call of CodeDeploy, as somebody else would make it. Panics when AWS refuses.
    pub async fn call(&self, action: &str, input: Value) -> Value {
        self.world.code_deploy(action, input).await
    }

    /// Somebody deploys by hand, and it ends; the deployment's id.
    pub async fn by_hand(&self, key: &str, more: Value) -> String {
        let id = self.begin_by_hand(key, more).await;
        self.world.until("the deployment by hand has ended", async || self.info(&id).await["completeTime"].is_number()).await;
        id
    }

    pub async fn begin_by_hand(&self, key: &str, more: Value) -> String {
        let location = json!({"bucket": "artifacts", "key": key, "bundleType": "zip"});
        let revision = json!({"revisionType": "S3", "s3Location": location});
        let mut input = json!({"applicationName": "shop", "deploymentGroupName": "web", "revision": revision});
        for (member, value) in more.as_object().into_iter().flatten() {
            input[member] = value.clone();
        }
        self.call("CreateDeployment", input).await["deploymentId"].as_str().expect("an id").to_owned()
    }

    pub async fn info(&self, id: &str) -> Value {
        self.call("GetDeployment", json!({"deploymentId": id})).await["deploymentInfo"].clone()
    }

    /// All deployments of a group, the newest first.
    pub async fn deployments_of(&self, application: &str, group: &str) -> Vec<Value> {
        let input = json!({"applicationName": application, "deploymentGroupName": group});
        let ids = self.call("ListDeployments", input).await["deployments"].clone();
        let mut infos = Vec::new();
        for id in ids.as_array().expect("a list") {
            infos.push(self.info(id.as_str().expect("an id")).await);
        }
        infos
    }

    pub async fn deployments(&self) -> Vec<Value> {
        self.deployments_of("shop", "web").await
    }

    /// The key that the newest deployment deploys, and its status.
    async fn newest(&self) -> (String, String) {
        let newest = self.deployments().await.first().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&newest["revision"]["s3Location"]["key"]), text(&newest["status"]))
    }

    /// Waits for the agent to be at work on this key.
    async fn under_way(&self, key: &str) {
        self.world.until("it is being deployed", async || self.newest().await == (key.to_owned(), "InProgress".to_owned())).await;
    }

    pub fn created(&self) -> u64 {
        self.world.count("CreateDeployment")
    }
}

/// An Ec2Deployment of this bundle; `more` are further members of the document.
pub fn manifest(key: &str, more: &str) -> String {
    format!(
        r#"apiVersion: driftless/v1alpha1
kind: Ec2Deployment
metadata: {{name: web}}
spec:
  deployment:
    inline:
      applicationName: shop
      deploymentGroupName: web
      description: The shop
      revision:
        revisionType: S3
        s3Location: {{bucket: artifacts, key: {key}, bundleType: zip}}
{more}
"#
    )
}

/// What the agent says of the deployment.
fn told(agent: &Running) -> (String, String) {
    let status = agent.reconciler.statuses().into_iter().find(|status| status.resource.to_string() == "Ec2Deployment/web");
    status.map(|status| (status.reason, status.message)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_deployed_once_pinned_to_its_content_and_marked() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;

    let all = fleet.deployments().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    let description = all[0]["description"].as_str().expect("a description");
    assert!(description.starts_with("The shop [driftless:"), "{description}");
    assert!(description.contains("journey/web@") && description.contains(&sha), "{description}");
    assert!(all[0]["revision"]["s3Location"]["eTag"].as_str().is_some_and(|tag| !tag.is_empty()), "{:#}", all[0]);
    let writes = fleet.world.simulator.mutations();
    fleet.world.pass(240.0).await;
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:#?}", fleet.world.simulator.calls());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_the_same_key_arrives() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    fleet.put("v1.zip", "another content");
    fleet.world.until("it is deployed", async || fleet.deployments().await.len() == 2).await;
    fleet.world.until("it has ended", async || fleet.newest().await.1 == "Succeeded").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_s_deployment_of_something_else_is_drift_and_of_the_same_is_none() {
    let fleet = Fleet::start().await;
    let tag = fleet.by_hand("v1.zip", json!({})).await;
    let tag = fleet.info(&tag).await["revision"]["s3Location"]["eTag"].clone();
    // Without an ETag it cannot be told which content that was; with one it can.
    assert_eq!(tag, Value::Null);
    let e_tag = fleet.world.simulator.object("artifacts", "v1.zip").expect("an object").etag;
    let location = json!({"bucket": "artifacts", "key": "v1.zip", "bundleType": "zip", "eTag": e_tag});
    let by_hand = fleet.by_hand("v1.zip", json!({"revision": {"revisionType": "S3", "s3Location": location}})).await;
    fleet.world.simulator.reset_calls();
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 0, "the same revision, deployed by hand: {:?}", told(&agent));
    assert!(told(&agent).1.contains(&by_hand), "{:?}", told(&agent));

    fleet.by_hand("v2.zip", json!({})).await;
    fleet.world.until("it is deployed again", async || fleet.newest().await == ("v1.zip".into(), "Succeeded".into())).await;
    assert_eq!(fleet.created(), 2, "one by hand, and one of the agent's");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_commit_stops_ours_and_deploys() {
    let fleet = Fleet::slow().await;
    let agent = fleet.world.agent().await;
    let first = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.under_way("v1.zip").await;
    let second = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    fleet.world.ends_as(&second, "success").await;
    fleet.world.ends_as(&first, "canceled").await;
    let all = fleet.deployments().await;
    assert_eq!(all.iter().map(|one| &one["status"]).collect::<Vec<_>>(), ["Succeeded", "Stopped"], "{all:#?}");
    assert_eq!(all[0]["revision"]["s3Location"]["key"], "v2.zip");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_deployment_is_waited_for() {
    let fleet = Fleet::slow().await;
    let theirs = fleet.begin_by_hand("v2.zip", json!({"description": "Bob's hotfix"})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.until("it says whose", async || told(&agent).0 == "OtherDeployment").await;
    assert!(told(&agent).1.contains(&theirs) && told(&agent).1.contains("Bob's hotfix"), "{:?}", told(&agent));
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.info(&theirs).await["status"], "Succeeded", "it was not stopped");
    assert_eq!(fleet.world.count("StopDeployment"), 0);
    assert_eq!(fleet.newest().await.0, "v1.zip");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_names_the_instance_and_the_script_and_is_not_repeated() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    let (reason, message) = told(&agent);
    assert_eq!(reason, "DeploymentFailed", "{message}");
    for part in ["HEALTH_CONSTRAINTS", "\n  i-", "ApplicationStart: scripts/start.sh: ScriptFailed", "line 7: 4242 Aborted"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
    // Neither the next looks, nor a restart, nor a commit about something else tries it again.
    fleet.world.pass(150.0).await;
    agent.stop().await;
    let agent = fleet.world.agent().await;
    let other = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", "")), ("README.txt", "nothing")]);
    fleet.world.ends_as(&other, "failed").await;
    assert_eq!(fleet.created(), 1);
    // A person does.
    assert!(agent.reconciler.retry(&"Ec2Deployment/web".parse().expect("an id")));
    fleet.world.until("it is deployed again", async || fleet.created() == 2).await;
    fleet.world.until("it failed again", async || told(&agent).0 == "DeploymentFailed").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 2);
    // And a change does.
    let good = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&good, "success").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_remembered_however_many_deployments_of_others_came_after_it() {
    let fleet = Fleet::of(Options { pace: PACE, instances: 1, page_size: Some(2), ..Options::default() }, json!({})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    agent.stop().await;
    for _ in 0..3 {
        fleet.by_hand("v1.zip", json!({})).await;
        fleet.by_hand("v2.zip", json!({})).await;
    }
    let agent = fleet.world.agent().await;
    fleet.world.until("it has looked", async || told(&agent).0 == "DeploymentFailed").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 7, "one of the agent's, and six by hand");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_codedeploy_rolled_back_is_not_deployed_again() {
    let rollback = json!({"enabled": true, "events": ["DEPLOYMENT_FAILURE"]});
    let fleet = Fleet::with(json!({"autoRollbackConfiguration": rollback})).await;
    let agent = fleet.world.agent().await;
    let first = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&first, "success").await;
    let second = fleet.world.commit(&[("web.yaml", &manifest("crash.zip", ""))]);
    fleet.world.ends_as(&second, "failed").await;
    let (_, message) = told(&agent);
    assert!(message.contains("rolled back to s3://artifacts/v1.zip"), "{message}");
    assert_eq!(fleet.deployments().await[0]["creator"], "codeDeployRollback");
    fleet.world.pass(150.0).await;
    agent.stop().await;
    let agent = fleet.world.agent().await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 2, "never in a loop, and not after a restart");
    assert_eq!(told(&agent).0, "DeploymentFailed", "{:?}", told(&agent));
    // The commit is reverted: the group has that already.
    let third = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&third, "success").await;
    assert_eq!(fleet.created(), 2, "{:?}", told(&agent));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_a_person_stopped_stays_stopped() {
    let fleet = Fleet::slow().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.under_way("v1.zip").await;
    let id = fleet.deployments().await[0]["deploymentId"].clone();
    fleet.call("StopDeployment", json!({"deploymentId": id})).await;
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "DeploymentStopped", "{:?}", told(&agent));
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_takes_too_long_is_stopped_and_has_failed() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let impatient = format!("{}  timeout: 12s\n", manifest("v1.zip", ""));
    let sha = fleet.world.commit(&[("web.yaml", &impatient)]);
    fleet.world.ends_as(&sha, "failed").await;
    let (reason, message) = told(&agent);
    assert_eq!(reason, "DeploymentTimedOut", "{message}");
    assert_eq!(fleet.newest().await.1, "Stopped");
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_instance_that_catches_up_is_no_drift() {
    let fleet = Fleet::with(json!({"ec2TagFilters": [], "autoScalingGroups": ["shop-asg"]})).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    let writes = fleet.world.simulator.mutations();
    fleet.world.simulator.scale_out("shop-asg", 1);
    fleet.world.simulator.scale_out("shop-asg", 1);
    fleet.world.until("the instances catch up", async || fleet.deployments().await.len() == 3).await;
    fleet.world.pass(240.0).await;
    let all = fleet.deployments().await;
    assert!(all[..2].iter().all(|one| one["creator"] == "autoscaling" && one["status"] == "Succeeded"), "{all:#?}");
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:?}", told(&agent));
    assert_eq!(fleet.created(), 1);
    // A newer revision goes to all of them.
    let next = fleet.world.commit(&[("web.yaml", &manifest("v2.zip", ""))]);
    fleet.world.ends_as(&next, "success").await;
    assert_eq!(fleet.created(), 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blue_green_deployment_waits_for_a_person_s_continue() {
    let blue_green = json!({
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ec2TagFilters": [],
        "autoScalingGroups": ["shop-asg"],
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": "shop"}]},
        "blueGreenDeploymentConfiguration": {
            "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 120},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 1},
        },
    });
    let fleet = Fleet::with(blue_green).await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.until("it waits for a person", async || told(&agent).0 == "WaitsForContinueDeployment").await;
    let (_, message) = told(&agent);
    assert!(message.contains("continue-deployment") && message.contains("120 minutes"), "{message}");
    assert_eq!(fleet.world.state(&sha), "running");
    let id = fleet.deployments().await[0]["deploymentId"].clone();
    fleet.call("ContinueDeployment", json!({"deploymentId": id, "deploymentWaitType": "READY_WAIT"})).await;
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_that_fails_within_the_limits_is_no_failure_of_the_deployment() {
    let fleet = Fleet::with(json!({"deploymentConfigName": "CodeDeployDefault.AllAtOnce"})).await;
    let instance = fleet.world.simulator.instances()[0].clone();
    fleet.world.simulator.fail_instance(InstanceFailure { instance, ..InstanceFailure::default() });
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("v1.zip", ""))]);
    fleet.world.ends_as(&sha, "success").await;
    assert_eq!(fleet.created(), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_and_an_object_that_are_not_there_are_said_so_and_nothing_is_written() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let sha = fleet.world.commit(&[("web.yaml", &manifest("missing.zip", ""))]);
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "RevisionNotFound", "{:?}", told(&agent));
    let other = manifest("v1.zip", "").replace("deploymentGroupName: web", "deploymentGroupName: wbe");
    let sha = fleet.world.commit(&[("web.yaml", &other)]);
    fleet.world.ends_as(&sha, "failed").await;
    assert_eq!(told(&agent).0, "DeploymentGroupNotFound", "{:?}", told(&agent));
    assert_eq!(fleet.world.simulator.mutations(), 0);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_deployed_after_it_was_pushed_and_again_when_it_changes() {
    let fleet = Fleet::start().await;
    let agent = fleet.world.agent().await;
    let bundle = "apiVersion: driftless/v1alpha1
kind: S3Artifact
metadata: {name: bundle}
spec: {source: {path: site}, bucket: artifacts, key: site.zip, archive: zip}
";
    let web = "apiVersion: driftless/v1alpha1
kind: Ec2Deployment
metadata: {name: web}
spec:
  artifact: bundle
  deployment: {inline: {applicationName: shop, deploymentGroupName: web}}
";
    let files = |page: &'static str| {
        [("web.yaml", web), ("bundle.yaml", bundle), ("site/appspec.yml", "version: 0.0\nos: linux\n"), ("site/index.html", page)]
    };
    for (page, so_far) in [("1", 1), ("2", 2)] {
        let sha = fleet.world.commit(&files(page));
        fleet.world.ends_as(&sha, "success").await;
        let all = fleet.deployments().await;
        assert_eq!(all.len(), so_far, "{all:#?}");
        let location = &all[0]["revision"]["s3Location"];
        let object = fleet.world.simulator.object("artifacts", "site.zip").expect("pushed");
        assert_eq!((&location["eTag"], &location["bundleType"]), (&json!(object.etag), &json!("zip")));
    }
    let writes = fleet.world.simulator.mutations();
    let other = fleet.world.commit(&[("README.txt", "nothing")]);
    fleet.world.ends_as(&other, "success").await;
    fleet.world.pass(150.0).await;
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:#?}", fleet.world.simulator.calls());
    agent.stop().await;
}

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
