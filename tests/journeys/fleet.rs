//! What every journey of deployments to EC2 starts with: a CodeDeploy application, its group, instances, and bundles in S3.

use driftless_simulator::Options;
use serde_json::{Value, json};

use crate::world::{PACE, Running, World};

/// Logical seconds in a real one, where a deployment has to be met halfway.
pub const SLOW: f64 = 10.0;

/// A world with the application `shop`, its group `web` on three instances, and two bundles in S3.
pub struct Fleet {
    pub world: World,
}

impl Fleet {
    pub async fn start() -> Fleet {
        Fleet::with(json!({})).await
    }

    /// Where a deployment takes some seconds, so that it can be met halfway.
    pub async fn slow() -> Fleet {
        Fleet::at(SLOW, json!({})).await
    }

    /// `more` is added to CreateDeploymentGroup.
    pub async fn with(more: Value) -> Fleet {
        Fleet::at(PACE, more).await
    }

    async fn at(pace: f64, more: Value) -> Fleet {
        Fleet::of(Options { pace, instances: 3, ..Options::default() }, more).await
    }

    pub async fn of(options: Options, more: Value) -> Fleet {
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

    /// ListTagsForResource of the group.
    pub async fn tags(&self) -> Value {
        let arn = "arn:aws:codedeploy:eu-central-1:123456789012:deploymentgroup:shop/web";
        self.call("ListTagsForResource", json!({"ResourceArn": arn})).await
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
    pub async fn newest(&self) -> (String, String) {
        let newest = self.deployments().await.first().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&newest["revision"]["s3Location"]["key"]), text(&newest["status"]))
    }

    /// Waits for the agent to be at work on this key.
    pub async fn under_way(&self, key: &str) {
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
pub fn told(agent: &Running) -> (String, String) {
    let status = agent.reconciler.statuses().into_iter().find(|status| status.resource.to_string() == "Ec2Deployment/web");
    status.map(|status| (status.reason, status.message)).unwrap_or_default()
}
