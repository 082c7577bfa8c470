//! A simulator whose clock stands still until a test moves it, and small calls on it.

pub mod stacks;

use std::time::Duration;

use driftless_simulator::{Options, Simulator};
use serde_json::{Value, json};

/// The deployment configuration of a service whose circuit breaker rolls back.
pub fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}

/// A simulator and an HTTP client.
pub struct Aws {
    pub simulator: Simulator,
    http: reqwest::Client,
}

impl Aws {
    /// With a cluster `shop`, on a clock that stands still.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// With options of the test's own, on a clock that stands still.
    pub async fn with(options: Options) -> Self {
        let simulator = Simulator::start(Options { pace: 0.0, ..options }).await.expect("a free port");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let aws = Self { simulator, http };
        aws.ok("CreateCluster", json!({"clusterName": "shop"})).await;
        aws
    }

    /// A call as it was answered: the status, the headers' Date and the JSON; or no answer.
    pub async fn send(&self, action: &str, input: Value) -> Result<(u16, String, Value), reqwest::Error> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        let request = self.http.post(self.simulator.url()).header("x-amz-target", target).body(input.to_string());
        let answer = request.send().await?;
        let date = answer.headers()["date"].to_str().expect("text").to_string();
        Ok((answer.status().as_u16(), date, answer.json().await?))
    }

    /// A call that succeeds.
    pub async fn ok(&self, action: &str, input: Value) -> Value {
        let (status, _, answer) = self.send(action, input).await.expect("an answer");
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    }

    /// The code and message of a call that is refused.
    pub async fn refused(&self, action: &str, input: Value) -> (String, String) {
        let (status, _, answer) = self.send(action, input).await.expect("an answer");
        assert_eq!(status, 400, "{action}: {answer}");
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_string();
        (text("__type"), text("message"))
    }

    /// A GET or POST of the simulator's own controls.
    pub async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/_simulator/{path}", self.simulator.url());
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// A form to STS: the status and the XML.
    pub async fn sts(&self, form: &str) -> (u16, String) {
        let answer = self.http.post(self.simulator.url()).body(form.to_string()).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// Registers a revision of the family `web`: one container `app` on Fargate. Its ARN.
    pub async fn register(&self, image: &str) -> String {
        let answer = self.ok("RegisterTaskDefinition", task_definition(image)).await;
        answer["taskDefinition"]["taskDefinitionArn"].as_str().expect("an ARN").to_string()
    }

    /// Creates the service `web` of so many tasks; `more` is added to the input.
    pub async fn create(&self, count: u32, more: Value) -> Value {
        self.ok("CreateService", service(count, more)).await["service"].clone()
    }

    /// Creates the service `web` on `image`, and waits until it is up.
    pub async fn settled(&self, image: &str, count: u32, more: Value) {
        self.register(image).await;
        self.create(count, more).await;
        self.pass(60);
        assert_eq!(self.service().await["deployments"][0]["rolloutState"], "COMPLETED");
    }

    /// Registers a revision and updates `web` to it.
    pub async fn deploy(&self, image: &str) -> Value {
        let definition = self.register(image).await;
        let input = json!({"cluster": "shop", "service": "web", "taskDefinition": definition});
        self.ok("UpdateService", input).await["service"].clone()
    }

    /// The service `web`, with its tags.
    pub async fn service(&self) -> Value {
        let input = json!({"cluster": "shop", "services": ["web"], "include": ["TAGS"]});
        self.ok("DescribeServices", input).await["services"][0].clone()
    }

    /// The newest service deployment of `web`, described.
    pub async fn newest(&self) -> Value {
        let listed = self.ok("ListServiceDeployments", json!({"cluster": "shop", "service": "web"})).await;
        let arn = listed["serviceDeployments"][0]["serviceDeploymentArn"].clone();
        self.ok("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).await["serviceDeployments"][0].clone()
    }

    /// The tasks of `web` with this desired status, described.
    pub async fn tasks(&self, desired: &str) -> Vec<Value> {
        let input = json!({"cluster": "shop", "serviceName": "web", "desiredStatus": desired});
        let arns = self.ok("ListTasks", input).await["taskArns"].clone();
        if arns.as_array().is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let answer = self.ok("DescribeTasks", json!({"cluster": "shop", "tasks": arns})).await;
        answer["tasks"].as_array().expect("a list").clone()
    }

    /// Lets logical seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.simulator.skip(Duration::from_secs(seconds));
    }
}

/// A task definition that Fargate takes.
pub fn task_definition(image: &str) -> Value {
    json!({
        "family": "web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
    })
}

/// CreateService's input for `web`.
pub fn service(count: u32, more: Value) -> Value {
    let mut input = json!({
        "cluster": "shop",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": count,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}},
    });
    for (key, member) in more.as_object().into_iter().flatten() {
        input[key] = member.clone();
    }
    input
}
