//! What a person might declare: documents with a word in many places, so that there is something to spell otherwise.

use serde_json::{Value, json};

use crate::draw::Draw;

/// A task definition in the family `name`; on Fargate, or on instances.
pub fn definition(draw: &mut Draw, name: &str, image: &str, fargate: bool) -> Value {
    let mut container = json!({"name": "app", "image": image, "essential": true});
    let mut port = json!({"containerPort": 8080, "name": "http"});
    if draw.once_in(2) {
        port["hostPort"] = if fargate && draw.once_in(2) { json!(8080) } else { json!(0) };
    }
    container["portMappings"] = json!([port]);
    for (member, value) in [
        ("command", json!(["serve", "--Port", "8080"])),
        ("environment", json!([{"name": "LOG_LEVEL", "value": "Info"}, {"name": "GREETING", "value": "Grüße"}])),
        ("healthCheck", json!({"command": ["CMD-SHELL", "true"], "interval": 10})),
        ("ulimits", json!([{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}])),
        ("dockerLabels", json!({"team": "Shop"})),
        ("secrets", json!([{"name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/token"}])),
        ("workingDirectory", json!("/srv")),
        (
            "logConfiguration",
            json!({"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "app"}}),
        ),
        ("linuxParameters", json!({"initProcessEnabled": true})),
    ] {
        if draw.once_in(3) {
            container[member] = value;
        }
    }
    if !fargate {
        container["memory"] = json!(128);
    }
    let mut definition = json!({
        "family": name, "containerDefinitions": [container],
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    });
    if fargate {
        definition["requiresCompatibilities"] = json!(["FARGATE"]);
        definition["networkMode"] = json!("awsvpc");
        definition["cpu"] = draw.one(&[json!("256"), json!(".25 vCPU")]).clone();
        definition["memory"] = draw.one(&[json!("512"), json!("0.5GB")]).clone();
    }
    definition
}

/// The members of a service, but for its task definition.
pub fn service(draw: &mut Draw, fargate: bool) -> Value {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let mut service = json!({"desiredCount": 1 + draw.number() % 2, "deploymentConfiguration": breaker});
    if fargate {
        let network = json!({"subnets": ["subnet-0a1b", "subnet-2c3d"], "securityGroups": ["sg-0a1b"]});
        service["networkConfiguration"] = json!({"awsvpcConfiguration": network});
        match draw.number() % 3 {
            0 => service["capacityProviderStrategy"] = json!([{"capacityProvider": "FARGATE", "weight": 1}]),
            _ => service["launchType"] = json!("FARGATE"),
        }
        if draw.once_in(3) {
            service["platformVersion"] = draw.one(&[json!("LATEST"), json!("1.4.0")]).clone();
        }
    } else {
        service["launchType"] = json!("EC2");
        let strategies = [
            json!([{"type": "spread", "field": "host"}]),
            json!([{"type": "binpack", "field": "memory"}]),
            json!([{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "cpu"}]),
        ];
        service["placementStrategy"] = draw.one(&strategies).clone();
        if draw.once_in(2) {
            service["placementConstraints"] = json!([{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ t3.*"}]);
        }
    }
    for (member, value) in [
        ("enableExecuteCommand", json!(true)),
        ("propagateTags", json!("SERVICE")),
        ("tags", json!([{"key": "team", "value": "shop"}, {"key": "cost-center", "value": "A 1"}])),
        ("gatewayConnectors", json!([{"portName": "http"}])),
        (
            "monitoring",
            json!({"metricConfigurations": [{"metricNames": ["CPUUtilization", "MemoryUtilization"], "resolutionSeconds": 60}]}),
        ),
        (
            "serviceConnectConfiguration",
            json!({"enabled": true, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]}),
        ),
    ] {
        if draw.once_in(4) {
            service[member] = value;
        }
    }
    if draw.once_in(4) {
        service["deploymentConfiguration"]["alarms"] =
            json!({"alarmNames": ["Errors", "Latency"], "enable": true, "rollback": false});
    }
    service
}

/// A template of a topic and a queue.
pub fn template(text: &str) -> String {
    format!(
        "Description: Größe der Bestellung\nParameters:\n  Name: {{Type: String}}\n  Display: {{Type: String, Default: 'Übersicht'}}\nResources:\n  \
         Topic: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: !Ref Name, DisplayName: !Ref Display}}}}\n  \
         Queue: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: !Sub '${{Name}}-queue', Text: '{text}'}}}}\n\
         Outputs:\n  Topic: {{Value: !Ref Topic}}\n  Display: {{Value: !Ref Display}}\n"
    )
}
