//! What was sent comes back in another spelling: the same in the write's own answer and in every read.

use crate::support::Aws;
use driftless_simulator::{Options, Spelling};
use serde_json::{Value, json};

/// A service with a word in every place.
fn wordy(name: &str) -> Value {
    json!({
        "cluster": "shop", "serviceName": name, "taskDefinition": "web:1", "desiredCount": 1, "launchType": "EC2",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-a"]}},
        "placementStrategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "memory"}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ t3.*"}],
        "gatewayConnectors": [{"portName": "http"}],
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "serviceConnectConfiguration": {"enabled": true, "namespace": "shop",
            "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]},
    })
}

async fn with(spelling: Spelling) -> Aws {
    let aws = Aws::with(Options { spelling, ..Options::default() }).await;
    let containers =
        json!([{"name": "app", "image": "nginx:1", "memory": 64, "portMappings": [{"containerPort": 80, "name": "http"}]}]);
    aws.ok("RegisterTaskDefinition", json!({"family": "web", "networkMode": "awsvpc", "containerDefinitions": containers})).await;
    aws
}

async fn read(aws: &Aws, name: &str) -> Value {
    aws.ok("DescribeServices", json!({"cluster": "shop", "services": [name]})).await["services"][0].clone()
}

#[tokio::test]
async fn the_known_forms_are_there_without_being_asked_for() {
    let aws = with(Spelling::Plain).await;
    let service = aws.ok("CreateService", wordy("web")).await["service"].clone();
    assert_eq!(service["placementStrategy"][0]["field"], "instanceId");
    assert_eq!(service["placementStrategy"][1]["field"], "MEMORY");
    let connect = &service["deployments"][0]["serviceConnectConfiguration"];
    assert_eq!(connect["services"][0]["clientAliases"][0]["dnsName"], "http.shop");
    assert_eq!(service["deploymentConfiguration"]["deploymentCircuitBreaker"], json!({"enable": true, "rollback": true}));
    // The same words again are no change.
    let update =
        json!({"cluster": "shop", "service": "web", "serviceConnectConfiguration": wordy("web")["serviceConnectConfiguration"]});
    let after = aws.ok("UpdateService", update).await["service"].clone();
    assert_eq!(after["deployments"][0]["id"], service["deployments"][0]["id"]);
}

#[tokio::test]
async fn on_demand_the_defaults_that_awss_pages_name_are_filled_in() {
    let aws = with(Spelling::Known).await;
    let service = aws.ok("CreateService", wordy("web")).await["service"].clone();
    let breaker = &service["deploymentConfiguration"]["deploymentCircuitBreaker"];
    assert_eq!(breaker["resetOnHealthyTask"], true);
    assert_eq!(breaker["thresholdConfiguration"], json!({"type": "BOUNDED_PERCENT", "value": 50}));
    let revision = service["currentServiceRevisions"][0]["arn"].clone();
    let revisions = aws.ok("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision]})).await;
    let connectors = json!([{"portName": "http", "deregistrationDelay": {"timeoutSeconds": 300}}]);
    assert_eq!(revisions["serviceRevisions"][0]["gatewayConnectors"], connectors);
}

#[tokio::test]
async fn an_invented_spelling_is_the_same_in_the_answer_of_the_write_and_in_every_read() {
    let plain = with(Spelling::Plain).await;
    let shown = ["networkConfiguration", "placementStrategy", "placementConstraints", "deploymentConfiguration"];
    let as_sent = plain.ok("CreateService", wordy("web")).await["service"].clone();
    let mut otherwise = 0;
    for seed in 0..24 {
        let aws = with(Spelling::Invented(seed)).await;
        let written = aws.ok("CreateService", wordy("web")).await["service"].clone();
        let later = read(&aws, "web").await;
        for member in shown {
            assert_eq!(written[member], later[member], "seed {seed}: {member}");
            otherwise += usize::from(written[member] != as_sent[member]);
        }
        for kept in ["serviceName", "serviceArn", "taskDefinition", "desiredCount", "launchType", "status"] {
            assert_eq!(written[kept], as_sent[kept], "seed {seed}: {kept}");
        }
    }
    assert!(otherwise > 24, "{otherwise} of {} members look otherwise", 24 * shown.len());
}

#[tokio::test]
async fn what_is_called_unsettled_never_looks_the_same_twice() {
    let aws = with(Spelling::Invented(1)).await;
    aws.ok("CreateService", wordy("unsettled")).await;
    let (one, other) = (read(&aws, "unsettled").await, read(&aws, "unsettled").await);
    assert_ne!(one["networkConfiguration"], other["networkConfiguration"]);
}

#[tokio::test]
async fn a_task_definition_comes_back_spelled_otherwise_under_its_own_name() {
    let mut otherwise = 0;
    let document = json!({
        "family": "web", "networkMode": "awsvpc", "containerDefinitions": [{
            "name": "app", "image": "nginx:1", "memory": 64, "command": ["Run", "It"], "portMappings": [{"containerPort": 80, "hostPort": 0}],
            "environment": [{"name": "MODE", "value": "Quiet"}], "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
        }],
    });
    for seed in 0..16 {
        let aws = Aws::with(Options { spelling: Spelling::Invented(seed), ..Options::default() }).await;
        let written = aws.ok("RegisterTaskDefinition", document.clone()).await["taskDefinition"].clone();
        let later = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await["taskDefinition"].clone();
        assert_eq!(written, later, "seed {seed}");
        let container = &written["containerDefinitions"][0];
        assert_eq!((&container["name"], &container["portMappings"][0]["hostPort"]), (&json!("app"), &json!(80)), "seed {seed}");
        otherwise += usize::from(container["image"] != "nginx:1" || container["command"] != json!(["Run", "It"]));
    }
    assert!(otherwise > 4, "{otherwise} of 16");
}
