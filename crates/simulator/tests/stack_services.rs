//! What a stack makes for real in the simulator's other services.

use crate::support::Aws;
use crate::support::stacks::{parameters, with};
use serde_json::{Value, json};

const SERVICE: &str = "
Parameters:
  Image: {Type: String, Default: 'web:1'}
  Count: {Type: Number, Default: 2}
Resources:
  Cluster:
    Type: AWS::ECS::Cluster
    Properties: {ClusterName: production}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      Cpu: 256
      Memory: 512
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
      - Name: app
        Image: !Ref Image
        PortMappings: [{ContainerPort: 80}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      ServiceName: web
      LaunchType: FARGATE
      DesiredCount: !Ref Count
      TaskDefinition: !Ref Task
      DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}
      Tags: [{Key: team, Value: web}]
Outputs:
  Name: {Value: !GetAtt Service.Name}
";

async fn service(aws: &Aws) -> Value {
    let input = json!({"cluster": "production", "services": ["web"], "include": ["TAGS"]});
    aws.ok("DescribeServices", input).await["services"][0].clone()
}

#[tokio::test]
async fn a_service_of_a_stack_is_one_of_ecs_and_the_stack_waits_for_its_deployment() {
    let aws = Aws::start().await;
    let tags = json!({"Tags": [{"Key": "driftless:agent", "Value": "production"}]});
    aws.cfn("CreateStack", with(json!({"StackName": "shop", "TemplateBody": SERVICE}), tags)).await;
    aws.pass(4);
    let begun = service(&aws).await;
    assert_eq!((&begun["status"], &begun["runningCount"]), (&json!("ACTIVE"), &json!(0)));
    assert_eq!(aws.stack("shop").await["StackStatus"], "CREATE_IN_PROGRESS");
    assert_eq!(aws.rest("shop").await, "CREATE_COMPLETE");
    let stands = service(&aws).await;
    assert_eq!((&stands["desiredCount"], &stands["runningCount"]), (&json!(2), &json!(2)));
    let tag = |key: &str| {
        let tags = stands["tags"].as_array().expect("a list");
        tags.iter().find(|tag| tag["key"] == key).map(|tag| tag["value"].as_str().unwrap_or_default().to_string())
    };
    assert_eq!(tag("driftless:agent").as_deref(), Some("production"));
    assert_eq!(tag("team").as_deref(), Some("web"));
    assert_eq!(tag("aws:cloudformation:logical-id").as_deref(), Some("Service"));
    assert_eq!(aws.stack("shop").await["Outputs"][0]["OutputValue"], "web");
}

#[tokio::test]
async fn a_new_image_replaces_the_task_definition_and_rolls_the_service_out() {
    let aws = Aws::start().await;
    let s = aws.create_stack("shop", SERVICE, json!({})).await;
    assert_eq!(s, "CREATE_COMPLETE", "{:#?}", aws.events("shop").await);
    let set = aws.change_set("shop", "image", SERVICE, parameters(&[("Image", "web:2")])).await;
    let shown: Vec<(&str, &str)> = set["Changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| (change["ResourceChange"]["LogicalResourceId"].as_str(), change["ResourceChange"]["Replacement"].as_str()))
        .map(|(name, replacement)| (name.unwrap_or_default(), replacement.unwrap_or_default()))
        .collect();
    assert_eq!(shown, [("Service", "False"), ("Task", "True")]);
    aws.cfn("ExecuteChangeSet", json!({"StackName": "shop", "ChangeSetName": "image"})).await;
    assert_eq!(aws.rest("shop").await, "UPDATE_COMPLETE");
    let task = service(&aws).await["taskDefinition"].as_str().expect("an ARN").to_string();
    assert!(task.ends_with("task-definition/web:2"), "{task}");
    let old = aws.ok("DescribeTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    assert_eq!(old["taskDefinition"]["status"], "INACTIVE", "the replaced one is deregistered");
}

#[tokio::test]
async fn an_image_that_crashes_fails_the_update_and_the_service_goes_back() {
    let aws = Aws::start().await;
    aws.create_stack("shop", SERVICE, json!({})).await;
    assert_eq!(aws.update_stack("shop", SERVICE, parameters(&[("Image", "web:crash")])).await, "UPDATE_ROLLBACK_COMPLETE");
    let events = aws.events("shop").await;
    assert!(
        events.iter().any(|event| event.starts_with("Service UPDATE_FAILED: ") && event.contains("Circuit Breaker")),
        "{events:#?}"
    );
    let stands = service(&aws).await;
    assert!(stands["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with("web:1")), "{stands}");
    assert_eq!(stands["runningCount"], 2);
}

#[tokio::test]
async fn a_deleted_stack_drains_its_service_before_it_deletes_its_cluster() {
    let aws = Aws::start().await;
    aws.create_stack("shop", SERVICE, json!({})).await;
    let id = aws.stack("shop").await["StackId"].as_str().expect("an id").to_string();
    aws.cfn("DeleteStack", json!({"StackName": "shop"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
    let clusters = aws.ok("DescribeClusters", json!({"clusters": ["production"]})).await;
    assert_eq!(clusters["clusters"][0]["status"], "INACTIVE");
    let told = ["Service DELETE_COMPLETE", "Cluster DELETE_IN_PROGRESS", "Cluster DELETE_COMPLETE", "shop DELETE_COMPLETE"];
    aws.told(&id, &told).await;
}

const APPLICATION: &str = "
Parameters:
  Size: {Type: Number, Default: 2}
Resources:
  Artifacts:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-artifacts
      VersioningConfiguration: {Status: Enabled}
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: deploy, AssumeRolePolicyDocument: {Statement: []}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: '1'
      MaxSize: '5'
      DesiredCapacity: !Ref Size
      Tags: [{Key: Name, Value: web, PropagateAtLaunch: true}]
  Application:
    Type: AWS::CodeDeploy::Application
    Properties: {ApplicationName: web, ComputePlatform: Server}
  Deployments:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref Application
      DeploymentGroupName: live
      ServiceRoleArn: !GetAtt Role.Arn
      AutoScalingGroups: [!Ref Group]
      AutoRollbackConfiguration: {Enabled: true, Events: [DEPLOYMENT_FAILURE]}
      BlueGreenDeploymentConfiguration: {DeploymentReadyOption: {ActionOnTimeout: STOP_DEPLOYMENT, WaitTimeInMinutes: !Ref Size}}
      Ec2TagSet: {Ec2TagSetList: [{Ec2TagGroup: [{Key: Name, Value: web, Type: KEY_AND_VALUE}]}]}
";

fn named_iam(more: Value) -> Value {
    with(json!({"Capabilities": ["CAPABILITY_NAMED_IAM"], "Tags": [{"Key": "team", "Value": "shop"}]}), more)
}

#[tokio::test]
async fn a_stack_makes_what_codedeploy_needs_and_takes_it_away_again() {
    let aws = Aws::start().await;
    assert_eq!(
        aws.create_stack("app", APPLICATION, named_iam(json!({}))).await,
        "CREATE_COMPLETE",
        "{:#?}",
        aws.events("app").await
    );
    let group = aws.codedeploy("GetDeploymentGroup", json!({"applicationName": "web", "deploymentGroupName": "live"})).await;
    let info = &group["deploymentGroupInfo"];
    assert_eq!(info["serviceRoleArn"], "arn:aws:iam::123456789012:role/deploy");
    assert_eq!(info["autoRollbackConfiguration"], json!({"enabled": true, "events": ["DEPLOYMENT_FAILURE"]}));
    assert_eq!(info["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]["waitTimeInMinutes"], 2, "a number again");
    assert_eq!(info["ec2TagSet"]["ec2TagSetList"], json!([[{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}]]));
    assert_eq!(aws.simulator.instances().len(), 2);
    let arn = "arn:aws:codedeploy:eu-central-1:123456789012:deploymentgroup:web/live";
    let tags = aws.codedeploy("ListTagsForResource", json!({"ResourceArn": arn})).await;
    let tags = tags["Tags"].as_array().expect("a list");
    assert!(tags.contains(&json!({"Key": "team", "Value": "shop"})), "{tags:?}");
    assert!(tags.contains(&json!({"Key": "aws:cloudformation:logical-id", "Value": "Deployments"})), "{tags:?}");
    let versioning = aws.get("acme-artifacts?versioning").await;
    assert!(versioning.1.contains("<Status>Enabled</Status>"), "{versioning:?}");

    assert_eq!(aws.update_stack("app", APPLICATION, named_iam(parameters(&[("Size", "3")]))).await, "UPDATE_COMPLETE");
    assert_eq!(aws.simulator.instances().len(), 3);

    let id = aws.stack("app").await["StackId"].as_str().expect("an id").to_string();
    aws.cfn("DeleteStack", json!({"StackName": "app"})).await;
    assert_eq!(aws.rest(&id).await, "DELETE_COMPLETE");
    assert_eq!(aws.simulator.instances().len(), 0);
    assert_eq!(aws.get("acme-artifacts?versioning").await.0, 404);
    let applications = aws.codedeploy("ListApplications", json!({})).await;
    assert_eq!(applications["applications"], json!([]));
}

#[tokio::test]
async fn a_stack_is_found_by_its_tags_until_it_is_deleted() {
    let aws = Aws::start().await;
    let tags = json!({"Tags": [{"Key": "driftless:agent", "Value": "production"}]});
    aws.create_stack("app", "Resources: {T: {Type: 'AWS::SNS::Topic'}}", tags).await;
    let id = aws.stack("app").await["StackId"].clone();
    let asked = json!({"ResourceTypeFilters": ["cloudformation:stack"], "TagFilters": [{"Key": "driftless:agent"}]});
    let found = aws.tagging("GetResources", asked.clone()).await["ResourceTagMappingList"].clone();
    assert_eq!(found, json!([{"ResourceARN": id, "Tags": [{"Key": "driftless:agent", "Value": "production"}]}]));
    aws.cfn("DeleteStack", json!({"StackName": "app"})).await;
    aws.pass(10);
    assert_eq!(aws.tagging("GetResources", asked).await["ResourceTagMappingList"], json!([]));
}

#[tokio::test]
async fn a_bucket_that_is_not_empty_keeps_its_stack_from_being_deleted() {
    let aws = Aws::start().await;
    aws.create_stack("app", "Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: data}}}", json!({})).await;
    assert_eq!(aws.put("data/a.txt", "a").await, 200);
    aws.cfn("DeleteStack", json!({"StackName": "app"})).await;
    assert_eq!(aws.rest("app").await, "DELETE_FAILED");
    let told = "B DELETE_FAILED: The bucket you tried to delete is not empty (Service: S3, Status Code: 409)";
    aws.told("app", &[told, "app DELETE_FAILED: The following resource(s) failed to delete: [B]. "]).await;
    let other = "Resources: {C: {Type: 'AWS::S3::Bucket', Properties: {BucketName: data}}}";
    assert_eq!(aws.create_stack("other", other, json!({})).await, "ROLLBACK_COMPLETE");
    aws.told("other", &["C CREATE_FAILED: data already exists"]).await;
}

#[tokio::test]
async fn a_template_may_come_from_a_bucket_up_to_a_megabyte() {
    let aws = Aws::start().await;
    aws.create_stack("app", "Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: templates}}}", json!({})).await;
    let template = format!("Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\n# {}", "x".repeat(60_000));
    assert_eq!(aws.put("templates/a+b/topic.yaml", &template).await, 200);
    for (name, url) in [
        ("one", "https://templates.s3.eu-central-1.amazonaws.com/a%2Bb/topic.yaml".to_string()),
        ("two", "https://s3.eu-central-1.amazonaws.com/templates/a+b/topic.yaml".into()),
        ("three", format!("{}/templates/a+b/topic.yaml", aws.simulator.url())),
    ] {
        aws.cfn("CreateStack", json!({"StackName": name, "TemplateURL": url})).await;
        assert_eq!(aws.rest(name).await, "CREATE_COMPLETE");
        assert_eq!(aws.cfn("GetTemplate", json!({"StackName": name})).await["TemplateBody"], template.as_str());
    }
    let refused = async |url: &str| aws.cfn_invalid("CreateStack", json!({"StackName": "four", "TemplateURL": url})).await;
    assert!(refused("https://templates.s3.amazonaws.com/none").await.starts_with("S3 error: The specified key does not exist."));
    assert_eq!(refused("ftp://templates").await, "TemplateURL must be a supported URL.");
    assert_eq!(aws.put("templates/long", &"x".repeat(1_000_001)).await, 200);
    let long = refused("https://templates.s3.amazonaws.com/long").await;
    assert_eq!(long, "Template may not exceed 1000000 bytes in size.");
}
