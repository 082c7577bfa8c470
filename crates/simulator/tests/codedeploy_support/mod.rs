//! A simulator with the application `shop`, its group `web` on two instances, and a bundle in S3; and small calls on it.

use std::time::Duration;

use driftless_simulator::{Options, Simulator};
use serde_json::{Value, json};

pub const ROLE: &str = "arn:aws:iam::123456789012:role/codedeploy";

/// A simulator whose clock stands still, and an HTTP client.
pub struct CodeDeploy {
    pub simulator: Simulator,
    http: reqwest::Client,
}

impl CodeDeploy {
    /// With a group `web` of instances with the tag `role=web`; `more` is added to CreateDeploymentGroup.
    pub async fn start(instances: u32, more: Value) -> Self {
        Self::with(Options { instances, ..Options::default() }, more).await
    }

    pub async fn with(options: Options, more: Value) -> Self {
        let simulator = Simulator::start(Options { pace: 0.0, ..options }).await.expect("a free port");
        simulator.create_bucket("artifacts");
        for key in ["v1.zip", "v2.zip", "crash.zip", "noappspec.zip"] {
            simulator.put_object("artifacts", key, key);
        }
        let this = Self { simulator, http: reqwest::Client::builder().no_proxy().build().expect("a client") };
        this.ok("CreateApplication", json!({"applicationName": "shop"})).await;
        let mut group = json!({
            "applicationName": "shop",
            "deploymentGroupName": "web",
            "serviceRoleArn": ROLE,
            "ec2TagFilters": [{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}],
        });
        merge(&mut group, more);
        this.ok("CreateDeploymentGroup", group).await;
        this
    }

    /// A call as it was answered.
    pub async fn send(&self, action: &str, input: Value) -> (u16, Value) {
        let request = self.http.post(self.simulator.url()).header("x-amz-target", format!("CodeDeploy_20141006.{action}"));
        let answer = request.body(input.to_string()).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// A call that succeeds.
    pub async fn ok(&self, action: &str, input: Value) -> Value {
        let (status, answer) = self.send(action, input).await;
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    }

    /// The code of a call that is refused.
    pub async fn refused(&self, action: &str, input: Value) -> String {
        let (status, answer) = self.send(action, input).await;
        assert_eq!(status, 400, "{action}: {answer}");
        answer["__type"].as_str().expect("a code").to_string()
    }

    /// A POST of one of the controls.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_simulator/codedeploy/{path}", self.simulator.url());
        self.http.post(url).json(&body).send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Begins a deployment of a bundle to `web`, and gives its id; `more` is added to CreateDeployment.
    pub async fn begin(&self, key: &str, more: Value) -> String {
        self.ok("CreateDeployment", deployment(key, more)).await["deploymentId"].as_str().expect("an id").to_string()
    }

    /// Deploys a bundle to `web`, waits until it is over, and gives its id.
    pub async fn deploy(&self, key: &str, more: Value) -> String {
        let id = self.begin(key, more).await;
        self.pass(600);
        id
    }

    /// A deployment, described.
    pub async fn info(&self, id: &str) -> Value {
        self.ok("GetDeployment", json!({"deploymentId": id})).await["deploymentInfo"].clone()
    }

    /// The group `web`, described.
    pub async fn group(&self) -> Value {
        let input = json!({"applicationName": "shop", "deploymentGroupName": "web"});
        self.ok("GetDeploymentGroup", input).await["deploymentGroupInfo"].clone()
    }

    /// The instance targets of a deployment.
    pub async fn targets(&self, id: &str) -> Vec<Value> {
        let ids = self.ok("ListDeploymentTargets", json!({"deploymentId": id})).await["targetIds"].clone();
        let answer = self.ok("BatchGetDeploymentTargets", json!({"deploymentId": id, "targetIds": ids})).await;
        answer["deploymentTargets"].as_array().expect("a list").iter().map(|target| target["instanceTarget"].clone()).collect()
    }

    /// The ids of the deployments of `web`, the newest first.
    pub async fn list(&self) -> Vec<String> {
        let answer = self.ok("ListDeployments", json!({"applicationName": "shop", "deploymentGroupName": "web"})).await;
        answer["deployments"].as_array().expect("a list").iter().map(|id| id.as_str().expect("text").into()).collect()
    }

    /// Lets logical seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.simulator.skip(Duration::from_secs(seconds));
    }
}

/// Adds members to a JSON object.
pub fn merge(into: &mut Value, more: Value) {
    for (key, member) in more.as_object().into_iter().flatten() {
        into[key] = member.clone();
    }
}

/// CreateDeployment's input.
pub fn deployment(key: &str, more: Value) -> Value {
    let location = json!({"bucket": "artifacts", "key": key, "bundleType": "zip"});
    let mut input = json!({
        "applicationName": "shop",
        "deploymentGroupName": "web",
        "revision": {"revisionType": "S3", "s3Location": location},
    });
    merge(&mut input, more);
    input
}

/// The names of a target's lifecycle events that are in this status.
pub fn events(target: &Value, status: &str) -> Vec<String> {
    let all = target["lifecycleEvents"].as_array().expect("a list");
    let found = all.iter().filter(|event| event["status"] == status);
    found.map(|event| event["lifecycleEventName"].as_str().expect("text").into()).collect()
}

/// How many targets are in which status.
pub fn overview(info: &Value) -> (u64, u64, u64, u64) {
    let count = |key: &str| info["deploymentOverview"][key].as_u64().unwrap_or_default();
    (count("Succeeded"), count("Failed"), count("Skipped"), count("InProgress"))
}
