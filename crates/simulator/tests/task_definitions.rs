//! Task definitions: what is filled in, what is refused, families and revisions.

use crate::support::{self, Aws, task_definition};
use serde_json::{Value, json};

/// Sets a member by its JSON pointer's last part.
fn changed(pointer: &str, value: Value) -> Value {
    let mut document = task_definition("web:1");
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    document.pointer_mut(parent).expect("a parent")[key] = value;
    document
}

#[tokio::test]
async fn a_revision_comes_back_with_defaults_and_normalised_sizes() {
    let aws = Aws::start().await;
    let mut document =
        changed("/containerDefinitions/0/environment", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
    document["cpu"] = json!(".25 vCPU");
    document["memory"] = json!("0.5GB");
    document["containerDefinitions"][0]["command"] = json!(["a", "b"]);
    document["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]});
    document["tags"] = json!([{"key": "team", "value": "shop"}]);
    let registered = aws.ok("RegisterTaskDefinition", document).await;
    assert_eq!(registered["tags"], json!([{"key": "team", "value": "shop"}]));
    let plain = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await;
    assert!(plain.get("tags").is_none());
    let described = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web:1", "include": ["TAGS"]})).await;
    assert_eq!(described["tags"], registered["tags"]);
    let definition = &described["taskDefinition"];
    assert_eq!((&definition["cpu"], &definition["memory"]), (&json!("256"), &json!("512")));
    assert_eq!(definition["compatibilities"], json!(["EC2", "FARGATE"]));
    let container = &definition["containerDefinitions"][0];
    assert_eq!(container["essential"], true);
    assert_eq!(container["portMappings"], json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]));
    assert_eq!(container["environment"][0]["name"], "B", "a set, in AWS's order");
    assert_eq!(container["command"], json!(["a", "b"]), "a list, in its own");
    assert_eq!((&container["healthCheck"]["interval"], &container["healthCheck"]["retries"]), (&json!(30), &json!(3)));
    assert_eq!(container["mountPoints"], json!([]));
}

#[tokio::test]
async fn a_task_definition_is_refused_for_the_reasons_that_aws_has() {
    let app = |members: Value| {
        let mut container = json!({"name": "app", "image": "web:1"});
        container.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        json!([container])
    };
    let containers = "/containerDefinitions";
    let secret = json!([{"name": "S", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/s"}]);
    let table = [
        ("/family", json!("a%b"), "Family contains invalid characters."),
        (containers, json!([]), "Container list cannot be empty."),
        (containers, app(json!({"image": ""})), "Container.image should not be null or empty."),
        (containers, app(json!({"image": "<image>"})), "Container.image contains invalid characters."),
        ("/cpu", json!(null), "Fargate requires that 'cpu' be defined at the task level."),
        ("/memory", json!("4096"), "No Fargate configuration exists for given values."),
        ("/cpu", json!("300"), "No Fargate configuration exists for given values."),
        ("/executionRoleArn", json!("<role>"), "Role is not valid"),
        (
            containers,
            app(json!({"secrets": secret})),
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ),
        (containers, app(json!({"mountPoints": [{"sourceVolume": "data", "containerPath": "/d"}]})), "Unknown volume 'data'."),
        (
            containers,
            app(json!({"portMappings": [{"containerPort": 80, "hostPort": 8080}]})),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (containers, app(json!({"privileged": true})), "Fargate does not support 'privileged'."),
        (
            containers,
            app(json!({"image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/web:1"})),
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ),
        (containers, app(json!({"essential": false})), "Tasks must have at least one essential container."),
    ];
    let aws = Aws::start().await;
    for (pointer, value, message) in table {
        let refused = aws.refused("RegisterTaskDefinition", changed(pointer, value.clone())).await;
        assert_eq!(refused, ("ClientException".to_string(), message.to_string()), "{pointer} {value}");
    }
    let bare = json!({"family": "x", "containerDefinitions": [{"name": "a", "image": "i"}]});
    let message = aws.refused("RegisterTaskDefinition", bare).await.1;
    assert!(message.starts_with("Invalid setting for container 'a'. At least one of 'memory'"), "{message}");
    let text = changed("/containerDefinitions/0/portMappings/0/containerPort", json!("80"));
    assert_eq!(aws.refused("RegisterTaskDefinition", text).await.0, "SerializationException");
}

#[tokio::test]
async fn a_family_names_its_latest_active_revision() {
    let aws = Aws::start().await;
    for number in 1..=3 {
        aws.register(&format!("web:{number}")).await;
    }
    assert_eq!(aws.refused("DeregisterTaskDefinition", json!({"taskDefinition": "web"})).await.0, "ClientException");
    aws.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:3"})).await;
    let latest = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await;
    assert_eq!(latest["taskDefinition"]["revision"], 2);
    let inactive = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web:3"})).await;
    assert_eq!(inactive["taskDefinition"]["status"], "INACTIVE");
    let refused = aws.refused("CreateService", support::service(1, json!({"taskDefinition": "web:3"}))).await;
    assert_eq!(refused, ("ClientException".into(), "TaskDefinition is inactive".into()));
    let list = async |more: Value| aws.ok("ListTaskDefinitions", more).await["taskDefinitionArns"].clone();
    let newest = list(json!({"familyPrefix": "web", "sort": "DESC"})).await;
    assert!(newest[0].as_str().is_some_and(|arn| arn.ends_with("web:2")), "{newest}");
    assert_eq!(list(json!({"status": "INACTIVE"})).await.as_array().map(Vec::len), Some(1));
    assert_eq!(list(json!({"familyPrefix": "we"})).await, json!([]), "a whole family's name");
    assert_eq!(aws.ok("ListTaskDefinitionFamilies", json!({})).await["families"], json!(["web"]));
    assert_eq!(aws.register("web:4").await.rsplit(':').next(), Some("4"), "a revision's number is never used again");
}
