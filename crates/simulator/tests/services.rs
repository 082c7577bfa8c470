//! Services as AWS answers for them: defaults, order, members that come back elsewhere, updates, idempotency, deletion.

use std::time::Duration;

use crate::support::{Aws, service};
use driftless_simulator::Options;
use serde_json::{Value, json};

#[tokio::test]
async fn a_service_comes_back_with_defaults_and_its_sets_in_another_order() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({"futureMember": {"x": 1}})).await;
    let service = aws.service().await;
    assert_eq!(service["deploymentConfiguration"]["strategy"], "ROLLING");
    assert_eq!(service["deploymentConfiguration"]["deploymentCircuitBreaker"], json!({"enable": false, "rollback": false}));
    assert_eq!(service["schedulingStrategy"], "REPLICA");
    assert_eq!(service["propagateTags"], "NONE");
    assert_eq!(service["platformVersion"], "LATEST");
    assert_eq!(service["deployments"][0]["platformVersion"], "1.4.0");
    let vpc = &service["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(vpc["subnets"], json!(["subnet-2", "subnet-1"]));
    assert_eq!(vpc["assignPublicIp"], "DISABLED");
    assert!(service.get("futureMember").is_none(), "unknown members are ignored");
}

#[tokio::test]
async fn some_members_come_back_elsewhere_or_only_in_the_revision() {
    let aws = Aws::start().await;
    let namespace = "arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-1";
    let connect = json!({"enabled": true, "namespace": namespace});
    let lattice =
        json!([{"roleArn": "arn:aws:iam::123456789012:role/l", "targetGroupArn": "arn:aws:vpc-lattice:x", "portName": "http"}]);
    let more = json!({"serviceConnectConfiguration": connect, "vpcLatticeConfigurations": lattice, "monitoring": {"x": 1}});
    aws.settled("web:1", 1, more).await;
    let service = aws.service().await;
    for key in ["serviceConnectConfiguration", "vpcLatticeConfigurations", "monitoring", "clientToken"] {
        assert!(service.get(key).is_none(), "{key}");
    }
    assert_eq!(service["deployments"][0]["serviceConnectConfiguration"], connect);
    assert_eq!(service["deployments"][0]["vpcLatticeConfigurations"], lattice);
    assert!(service["deployments"][0].get("monitoring").is_none());
    let revision = service["currentServiceRevisions"][0]["arn"].clone();
    let revisions = aws.ok("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision]})).await;
    assert_eq!(revisions["serviceRevisions"][0]["monitoring"], json!({"x": 1}));
    assert_eq!(revisions["serviceRevisions"][0]["serviceConnectConfiguration"], connect);
}

#[tokio::test]
async fn tags_are_shown_only_when_asked_for() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({"tags": [{"key": "team", "value": "shop"}]})).await;
    let plain = aws.ok("DescribeServices", json!({"cluster": "shop", "services": ["web"]})).await;
    assert!(plain["services"][0].get("tags").is_none());
    let arn = plain["services"][0]["serviceArn"].clone();
    let added = json!([{"key": "driftless:agent", "value": "production"}]);
    aws.ok("TagResource", json!({"resourceArn": arn, "tags": added})).await;
    aws.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["team"]})).await;
    assert_eq!(aws.service().await["tags"], added);
    assert_eq!(aws.ok("ListTagsForResource", json!({"resourceArn": arn})).await["tags"], added);
    let reserved = json!({"resourceArn": arn, "tags": [{"key": "aws:x", "value": "1"}]});
    assert_eq!(aws.refused("TagResource", reserved).await.0, "InvalidParameterException");
}

#[tokio::test]
async fn an_update_starts_a_deployment_only_for_the_members_that_do() {
    let quiet = [
        json!({"desiredCount": 3}),
        json!({"deploymentConfiguration": {"maximumPercent": 150}}),
        json!({"healthCheckGracePeriodSeconds": 30}),
        json!({"enableExecuteCommand": true}),
        json!({"enableECSManagedTags": true}),
        json!({"propagateTags": "SERVICE"}),
        json!({"availabilityZoneRebalancing": "DISABLED"}),
        json!({"taskDefinition": "web:1"}),
        json!({"launchType": "EC2", "tags": [{"key": "a", "value": "b"}], "role": "other"}),
    ];
    let loud = [
        json!({"forceNewDeployment": true}),
        json!({"platformVersion": "1.4.0"}),
        json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}}),
        json!({"serviceConnectConfiguration": {"enabled": true, "namespace": "shop"}}),
    ];
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({})).await;
    for (changes, deploys) in [(quiet.as_slice(), false), (loud.as_slice(), true)] {
        for change in changes {
            let before = aws.service().await["deployments"][0]["id"].clone();
            let mut input = json!({"cluster": "shop", "service": "web"});
            input.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            let after = aws.ok("UpdateService", input).await["service"].clone();
            assert_eq!(after["deployments"][0]["id"] != before, deploys, "{change}");
            aws.pass(60);
        }
    }
    let service = aws.service().await;
    assert_eq!(service["launchType"], "FARGATE", "not a member of UpdateService");
    assert_eq!(service["tags"], json!([]));
    assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 150);
    assert_eq!(service["deploymentConfiguration"]["minimumHealthyPercent"], 100, "what is left out keeps its value");
}

#[tokio::test]
async fn an_empty_list_removes_and_a_member_left_out_stays() {
    let aws = Aws::start().await;
    let group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/1";
    let balancers = json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]);
    aws.settled("web:1", 1, json!({"loadBalancers": balancers})).await;
    let update = |more: Value| {
        let mut input = json!({"cluster": "shop", "service": "web"});
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        input
    };
    aws.ok("UpdateService", update(json!({"desiredCount": 2}))).await;
    assert_eq!(aws.service().await["loadBalancers"], balancers);
    aws.ok("UpdateService", update(json!({"loadBalancers": []}))).await;
    assert_eq!(aws.service().await["loadBalancers"], json!([]));
}

#[tokio::test]
async fn scaling_starts_and_stops_tasks_without_a_deployment() {
    let aws = Aws::start().await;
    aws.settled("web:1", 3, json!({})).await;
    for count in [5, 1, 0] {
        aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": count})).await;
        aws.pass(30);
        let service = aws.service().await;
        assert_eq!((&service["runningCount"], &service["deployments"][0]["runningCount"]), (&json!(count), &json!(count)));
        assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    }
}

#[tokio::test]
async fn a_task_that_somebody_stops_is_replaced() {
    let aws = Aws::start().await;
    aws.settled("web:1", 1, json!({})).await;
    let task = aws.tasks("RUNNING").await[0]["taskArn"].clone();
    let stopped = aws.ok("StopTask", json!({"cluster": "shop", "task": task, "reason": "a test"})).await;
    assert_eq!(stopped["task"]["desiredStatus"], "STOPPED");
    aws.pass(30);
    let running = aws.tasks("RUNNING").await;
    assert_eq!(running.len(), 1);
    assert_ne!(running[0]["taskArn"], task);
    assert_eq!(aws.tasks("STOPPED").await[0]["stopCode"], "UserInitiated");
}

#[tokio::test]
async fn a_client_token_makes_a_repeated_create_the_same_service() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    let first = aws.create(1, json!({"clientToken": "a-token"})).await;
    let again = aws.create(1, json!({"clientToken": "a-token"})).await;
    assert_eq!(first["createdAt"], again["createdAt"]);
    for other in [json!({"clientToken": "another"}), json!({}), json!({"clientToken": "a-token", "desiredCount": 2})] {
        let refused = aws.refused("CreateService", service(1, other)).await;
        assert_eq!(refused, ("InvalidParameterException".into(), "Creation of service was not idempotent.".into()));
    }
}

#[tokio::test]
async fn a_deleted_service_drains_becomes_inactive_and_can_be_created_again() {
    let aws = Aws::start().await;
    aws.settled("web:1", 2, json!({})).await;
    let input = json!({"cluster": "shop", "service": "web"});
    let message = "The service cannot be stopped while it is scaled above 0.";
    assert_eq!(aws.refused("DeleteService", input.clone()).await, ("InvalidParameterException".into(), message.into()));
    let forced = json!({"cluster": "shop", "service": "web", "force": true});
    assert_eq!(aws.ok("DeleteService", forced).await["service"]["status"], "DRAINING");
    assert_eq!(aws.refused("UpdateService", input.clone()).await.0, "ServiceNotActiveException");
    let draining = aws.refused("CreateService", service(1, json!({}))).await.1;
    assert_eq!(draining, "Unable to Start a service that is still Draining.");
    assert_eq!(aws.ok("ListServices", json!({"cluster": "shop"})).await["serviceArns"], json!([]));
    aws.pass(10);
    assert_eq!(aws.service().await["status"], "INACTIVE");
    assert_eq!(aws.refused("DeleteService", input).await.0, "ServiceNotFoundException");
    aws.create(1, json!({})).await;
    assert_eq!(aws.service().await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_service_is_refused_for_the_reasons_that_aws_has() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    let group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/1";
    let balancer = |name: &str, port: u32| json!([{"targetGroupArn": group, "containerName": name, "containerPort": port}]);
    let parameter = "InvalidParameterException";
    let table = [
        (
            json!({"networkConfiguration": null}),
            parameter,
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            json!({"loadBalancers": balancer("nobody", 80)}),
            parameter,
            "The container nobody does not exist in the task definition.",
        ),
        (json!({"loadBalancers": balancer("app", 81)}), parameter, "The container app did not have a container port 81 defined."),
        (
            json!({"role": "ecsServiceRole"}),
            parameter,
            "You cannot specify an IAM role for services that require a service linked role.",
        ),
        (json!({"desiredCount": null}), parameter, "The REPLICA scheduling strategy requires a desired count."),
        (json!({"taskDefinition": "nothing"}), "ClientException", "Unable to describe task definition."),
        (json!({"platformVersion": "9.9.9"}), "PlatformUnknownException", "The specified platform version does not exist."),
        (json!({"launchType": "EC2"}), parameter, "Task definition does not support launch_type EC2."),
        (json!({"cluster": "none"}), "ClusterNotFoundException", "Cluster not found."),
    ];
    for (change, code, message) in table {
        let refused = aws.refused("CreateService", service(1, change.clone())).await;
        assert_eq!(refused, (code.to_string(), message.to_string()), "{change}");
    }
    let wrong = aws.refused("CreateService", service(1, json!({"desiredCount": "1"}))).await;
    assert_eq!(wrong.0, "SerializationException");
    let wrong = aws.refused("CreateService", service(1, json!({"launchType": "MOON"}))).await.1;
    assert!(wrong.contains("Value 'MOON' at 'launchType' failed to satisfy constraint"), "{wrong}");
    assert_eq!(aws.refused("FlyToTheMoon", json!({})).await.0, "UnknownOperationException");
}

#[tokio::test]
async fn describe_services_takes_ten_names_and_reports_the_missing() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    aws.create(0, json!({})).await;
    let names: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    assert_eq!(
        aws.refused("DescribeServices", json!({"cluster": "shop", "services": names})).await.0,
        "InvalidParameterException"
    );
    let answer = aws.ok("DescribeServices", json!({"cluster": "shop", "services": ["web", "none"]})).await;
    assert_eq!(answer["services"].as_array().map(Vec::len), Some(1));
    let failure = json!({"arn": "arn:aws:ecs:eu-central-1:123456789012:service/shop/none", "reason": "MISSING"});
    assert_eq!(answer["failures"], json!([failure]));
}

#[tokio::test]
async fn pages_are_short_when_they_are_forced_to_be() {
    let aws = Aws::with(Options { page_size: Some(2), ..Options::default() }).await;
    aws.register("web:1").await;
    for number in 0..5 {
        aws.create(0, json!({"serviceName": format!("s{number}")})).await;
    }
    let (mut token, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = aws.ok("ListServices", json!({"cluster": "shop", "nextToken": token, "maxResults": 100})).await;
        let arns = page["serviceArns"].as_array().expect("a list");
        assert!(arns.len() <= 2);
        seen.extend(arns.clone());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn reads_lag_behind_writes_when_they_are_told_to() {
    let lag = Some(Duration::from_secs(5));
    let aws = Aws::with(Options { eventual_consistency: lag, ..Options::default() }).await;
    aws.register("web:1").await;
    aws.create(1, json!({})).await;
    let input = json!({"cluster": "shop", "services": ["web"]});
    assert_eq!(aws.ok("DescribeServices", input.clone()).await["failures"][0]["reason"], "MISSING");
    assert_eq!(aws.ok("ListServices", json!({"cluster": "shop"})).await["serviceArns"], json!([]));
    aws.pass(6);
    assert_eq!(aws.service().await["desiredCount"], 1);
    aws.ok("UpdateService", json!({"cluster": "shop", "service": "web", "desiredCount": 4})).await;
    assert_eq!(aws.service().await["desiredCount"], 1, "the older state");
    aws.pass(6);
    assert_eq!(aws.service().await["desiredCount"], 4);
}

#[tokio::test]
async fn a_cluster_is_made_on_the_fly_where_that_is_wanted() {
    let aws = Aws::with(Options { auto_clusters: true, ..Options::default() }).await;
    let answer = aws.ok("DescribeServices", json!({"cluster": "never-made", "services": ["web"]})).await;
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}
