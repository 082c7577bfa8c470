//! What the AWS CLI, ecs-deploy, CDK, SAM and the SDKs send and look at, beside what the agent does.

use crate::support::stacks::with;
use crate::support::{Aws, task_definition};
use driftless_simulator::Options;
use serde_json::{Value, json};

/// A call of a service that answers JSON.
async fn json_call(aws: &Aws, target: &str, input: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.post(aws.simulator.url()).header("x-amz-target", target).body(input.to_string()).send().await;
    let answer = answer.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// The Date header of an answer, as text.
async fn date(aws: &Aws, headers: &[(&str, &str)]) -> String {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut request = http.get(format!("{}/_simulator/health", aws.simulator.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer").headers()["date"].to_str().expect("text").to_string()
}

#[tokio::test]
async fn the_date_header_is_the_real_time_for_clients_and_the_logical_one_for_who_asks() {
    let aws = Aws::with(Options { real_date: true, ..Options::default() }).await;
    let before = date(&aws, &[]).await;
    aws.pass(86_400);
    let (real, logical) = (date(&aws, &[]).await, date(&aws, &[("x-simulator-clock", "logical")]).await);
    let day = |date: &str| date[..16].to_string();
    assert_eq!(day(&real), day(&before), "skipping does not move it");
    assert_ne!(day(&logical), day(&before));
    let paced = Aws::start().await;
    let before = date(&paced, &[]).await;
    paced.pass(86_400);
    assert_ne!(day(&date(&paced, &[]).await), day(&before), "a test has the logical one");
}

#[tokio::test]
async fn an_empty_role_is_no_role_and_what_was_described_can_be_registered_again() {
    let aws = Aws::start().await;
    let mut document = task_definition("web:1");
    document["taskRoleArn"] = json!("");
    document["executionRoleArn"] = json!("");
    let first = aws.ok("RegisterTaskDefinition", document).await["taskDefinition"].clone();
    assert_eq!((first.get("taskRoleArn"), first.get("executionRoleArn")), (None, None));
    // As ecs-deploy does: what DescribeTaskDefinition gave, with an empty role for the one that is not there.
    let mut again = task_definition("web:2");
    again["taskRoleArn"] = first.get("taskRoleArn").cloned().unwrap_or_else(|| json!(""));
    assert_eq!(aws.ok("RegisterTaskDefinition", again).await["taskDefinition"]["revision"], 2);
}

#[tokio::test]
async fn a_task_with_awsvpc_shows_its_interface_and_the_times_of_its_life() {
    let aws = Aws::start().await;
    aws.register("web:takes-30").await;
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let input = json!({"cluster": "shop", "taskDefinition": "web", "launchType": "FARGATE", "startedBy": "ECS Deploy",
        "networkConfiguration": network});
    let task = aws.ok("RunTask", input).await["tasks"][0].clone();
    assert_eq!(task["attachments"][0]["status"], "PRECREATED");
    assert_eq!(task["attachments"][0]["details"], json!([{"name": "subnetId", "value": "subnet-1"}]));
    let described = || async {
        let input = json!({"cluster": "shop", "tasks": [task["taskArn"]]});
        aws.ok("DescribeTasks", input).await["tasks"][0].clone()
    };
    aws.pass(10);
    let running = described().await;
    assert_eq!(running["lastStatus"], "RUNNING");
    let attachment = &running["attachments"][0];
    assert_eq!((&attachment["type"], &attachment["status"]), (&json!("ElasticNetworkInterface"), &json!("ATTACHED")));
    let detail = |name: &str| {
        let details = attachment["details"].as_array().expect("a list");
        details.iter().find(|own| own["name"] == name).expect(name)["value"].clone()
    };
    assert!(detail("networkInterfaceId").as_str().is_some_and(|id| id.starts_with("eni-")));
    let interface = &running["containers"][0]["networkInterfaces"][0];
    assert_eq!(
        (&interface["attachmentId"], &interface["privateIpv4Address"]),
        (&attachment["id"], &detail("privateIPv4Address"))
    );
    assert!(running.get("executionStoppedAt").is_none());
    aws.pass(60);
    let stopped = described().await;
    assert_eq!((&stopped["lastStatus"], &stopped["attachments"][0]["status"]), (&json!("STOPPED"), &json!("DELETED")));
    let times = ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "executionStoppedAt", "stoppedAt"];
    let times: Vec<f64> = times.iter().map(|key| stopped[*key].as_f64().unwrap_or_else(|| panic!("{key}"))).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_task_without_awsvpc_has_no_interface() {
    let aws = Aws::start().await;
    let container = json!({"name": "app", "image": "web:1", "memory": 64});
    aws.ok("RegisterTaskDefinition", json!({"family": "web", "containerDefinitions": [container]})).await;
    let task = aws.ok("RunTask", json!({"cluster": "shop", "taskDefinition": "web"})).await["tasks"][0].clone();
    assert_eq!((&task["attachments"], &task["containers"][0]["networkInterfaces"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn only_a_deregistered_revision_can_be_deleted() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    aws.register("web:2").await;
    aws.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    let answer = aws.ok("DeleteTaskDefinitions", json!({"taskDefinitions": ["web:1", "web:2", "web:9"]})).await;
    assert_eq!(answer["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(answer["failures"].as_array().map(Vec::len), Some(2), "{answer}");
    assert!(answer["failures"][0]["reason"].as_str().is_some_and(|reason| reason.contains("still in ACTIVE status")));
    let listed = aws.ok("ListTaskDefinitions", json!({"status": "DELETE_IN_PROGRESS"})).await;
    assert_eq!(listed["taskDefinitionArns"].as_array().map(Vec::len), Some(1));
    assert_eq!(aws.ok("ListTaskDefinitions", json!({"status": "INACTIVE"})).await["taskDefinitionArns"], json!([]));
    assert_eq!(aws.refused("DeleteTaskDefinitions", json!({"taskDefinitions": ["web"]})).await.0, "ClientException");
}

#[tokio::test]
async fn clusters_capacity_providers_instances_and_settings_can_be_asked_for() {
    let aws = Aws::start().await;
    let arns = aws.ok("ListContainerInstances", json!({"cluster": "shop"})).await["containerInstanceArns"].clone();
    let described = aws.ok("DescribeContainerInstances", json!({"cluster": "shop", "containerInstances": arns})).await;
    assert_eq!(described["containerInstances"].as_array().map(Vec::len), Some(2));
    assert_eq!(described["containerInstances"][0]["agentConnected"], true);
    let providers = aws.ok("DescribeCapacityProviders", json!({"capacityProviders": ["FARGATE", "mine"]})).await;
    assert_eq!(providers["capacityProviders"][0]["name"], "FARGATE");
    assert_eq!(providers["failures"][0]["reason"], "MISSING");
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    let put = json!({"cluster": "shop", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": strategy});
    assert_eq!(aws.ok("PutClusterCapacityProviders", put).await["cluster"]["capacityProviders"], json!(["FARGATE"]));
    let settings = json!([{"name": "containerInsights", "value": "enabled"}]);
    aws.ok("UpdateCluster", json!({"cluster": "shop", "settings": settings})).await;
    let cluster = aws.ok("DescribeClusters", json!({"clusters": ["shop"]})).await["clusters"][0].clone();
    assert_eq!((&cluster["settings"], &cluster["capacityProviders"]), (&settings, &json!(["FARGATE"])));
    let missing = aws.refused("UpdateCluster", json!({"cluster": "nobody", "settings": settings})).await;
    assert_eq!(missing.0, "ClusterNotFoundException");
    assert_eq!(aws.ok("ListAccountSettings", json!({})).await["settings"], json!([]));
    aws.ok("PutAccountSetting", json!({"name": "serviceLongArnFormat", "value": "disabled"})).await;
    let asked = json!({"name": "serviceLongArnFormat", "effectiveSettings": true});
    assert_eq!(aws.ok("ListAccountSettings", asked).await["settings"][0]["value"], "disabled");
}

#[tokio::test]
async fn sts_gives_credentials_for_a_role_and_for_a_session() {
    let aws = Aws::start().await;
    let role = "arn:aws:iam::123456789012:role/cdk-deploy";
    let (status, answer) = aws.sts(&format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=me")).await;
    assert!(status == 200 && answer.contains(":assumed-role/cdk-deploy/me<"), "{answer}");
    assert!(answer.contains("<SessionToken>"), "{answer}");
    let (status, answer) = aws.sts("Action=GetSessionToken&Version=2011-06-15").await;
    assert!(status == 200 && answer.contains("<AccessKeyId>ASIA"), "{answer}");
    let other = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::999999999999:role/x&RoleSessionName=me";
    let (status, answer) = aws.sts(other).await;
    assert!(status == 403 && answer.contains("AccessDenied"), "{answer}");
}

const BOOTSTRAP: &str = "Resources:\n  Version:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Name: /cdk-bootstrap/hnb659fds/version, Value: '21'}\n\
    \x20 Assets:\n    Type: AWS::ECR::Repository\n    Properties: {RepositoryName: cdk-assets}\n";

#[tokio::test]
async fn what_a_stack_made_of_parameters_and_repositories_is_found_by_their_own_services() {
    let aws = Aws::start().await;
    let get = json!({"Name": "/cdk-bootstrap/hnb659fds/version"});
    assert_eq!(json_call(&aws, "AmazonSSM.GetParameter", get.clone()).await.1["__type"], "ParameterNotFound");
    assert_eq!(aws.create_stack("CDKToolkit", BOOTSTRAP, json!({})).await, "CREATE_COMPLETE");
    assert_eq!(json_call(&aws, "AmazonSSM.GetParameter", get).await.1["Parameter"]["Value"], "21");
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
    let (_, found) = json_call(&aws, target, json!({"repositoryNames": ["cdk-assets"]})).await;
    assert!(found["repositories"][0]["repositoryUri"].as_str().is_some_and(|uri| uri.ends_with("/cdk-assets")), "{found}");
    let (status, missing) = json_call(&aws, target, json!({"repositoryNames": ["other"]})).await;
    assert_eq!((status, missing["__type"].as_str()), (400, Some("RepositoryNotFoundException")));
    let put = json!({"Name": "/app/tag", "Value": "1", "Type": "String"});
    assert_eq!(json_call(&aws, "AmazonSSM.PutParameter", put.clone()).await.1["Version"], 1);
    assert_eq!(json_call(&aws, "AmazonSSM.PutParameter", put).await.1["__type"], "ParameterAlreadyExists");
    let (_, many) = json_call(&aws, "AmazonSSM.GetParameters", json!({"Names": ["/app/tag", "/app/other"]})).await;
    assert_eq!((&many["Parameters"][0]["Value"], &many["InvalidParameters"]), (&json!("1"), &json!(["/app/other"])));
}

const TOPIC: &str = "Resources:\n  Topic: {Type: 'AWS::SNS::Topic'}\n";
const MACRO: &str = "Transform: Company::Macro\nResources:\n  Topic: {Type: 'AWS::SNS::Topic'}\n";

#[tokio::test]
async fn a_change_set_needs_no_capability_for_macros_and_a_stack_does() {
    let aws = Aws::start().await;
    let stack = json!({"StackName": "web", "TemplateBody": MACRO});
    assert_eq!(aws.cfn_refused("CreateStack", stack.clone()).await.0, "InsufficientCapabilitiesException");
    let change_set = with(stack, json!({"ChangeSetName": "first", "ChangeSetType": "CREATE"}));
    let (code, message) = aws.cfn_refused("CreateChangeSet", change_set).await;
    assert_eq!(code, "ValidationError", "the macro is not run here: {message}");
    assert!(message.contains("runs no transforms"), "{message}");
}

#[tokio::test]
async fn requests_that_contradict_themselves_are_refused_in_awss_words() {
    let aws = Aws::start().await;
    let parameterised = format!("Parameters:\n  Size: {{Type: String, Default: a}}\n{TOPIC}");
    assert_eq!(aws.create_stack("web", &parameterised, json!({})).await, "CREATE_COMPLETE");
    let both = json!([{"ParameterKey": "Size", "UsePreviousValue": true, "ParameterValue": "b"}]);
    let update = json!({"StackName": "web", "TemplateBody": parameterised, "Parameters": both});
    let message = aws.cfn_invalid("UpdateStack", update).await;
    assert!(message.ends_with("Cannot specify usePreviousValue as true and non empty value for a parameter"), "{message}");
    let create = |template: &str, more: Value| with(json!({"StackName": "new", "TemplateBody": template}), more);
    let tags = json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]});
    let message = aws.cfn_invalid("CreateStack", create(TOPIC, tags)).await;
    assert_eq!(message, "Tags contain duplicate keys; tag keys must be unique");
    let typed = format!("Parameters:\n  Size: {{Type: Foo}}\n{TOPIC}");
    assert!(aws.cfn_invalid("CreateStack", create(&typed, json!({}))).await.contains("Unrecognized parameter type: Foo"));
    let version = format!("AWSTemplateFormatVersion: 2011-01-01\n{TOPIC}");
    assert!(aws.cfn_invalid("CreateStack", create(&version, json!({}))).await.contains("AWSTemplateFormatVersion"));
    let user = json!({"RoleARN": "arn:aws:iam::123456789012:user/ada"});
    let message = aws.cfn_invalid("CreateStack", create(TOPIC, user)).await;
    assert_eq!(message, "Role arn:aws:iam::123456789012:user/ada is invalid or cannot be assumed");
}

#[tokio::test]
async fn a_template_may_begin_with_a_byte_order_mark() {
    let aws = Aws::start().await;
    let (yaml, json) = (format!("\u{feff}{TOPIC}"), "\u{feff}{\"Resources\": {\"T\": {\"Type\": \"AWS::SNS::Topic\"}}}");
    assert_eq!(aws.create_stack("yaml", &yaml, json!({})).await, "CREATE_COMPLETE");
    assert_eq!(aws.create_stack("json", json, json!({})).await, "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_type_of_awss_can_be_described_and_another_cannot() {
    let aws = Aws::start().await;
    let described = aws.cfn("DescribeType", json!({"Type": "RESOURCE", "TypeName": "AWS::SNS::Topic"})).await;
    assert_eq!((&described["TypeName"], &described["ProvisioningType"]), (&json!("AWS::SNS::Topic"), &json!("FULLY_MUTABLE")));
    let other = aws.cfn_refused("DescribeType", json!({"Type": "RESOURCE", "TypeName": "Acme::Web::Site"})).await;
    assert_eq!(other.0, "TypeNotFoundException");
}

/// A call that is signed with a role's temporary key.
async fn signed(aws: &Aws, action: &str, input: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let signature = "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE12/20261127/eu-central-1/ecs/aws4_request, Signature=0";
    let request = http.post(aws.simulator.url()).header("authorization", signature);
    let request = request.header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{action}"));
    let answer = request.body(input.to_string()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_session_has_the_rights_that_it_was_given_and_needs_those_behind_a_call() {
    let allow = ["ecs:RegisterTaskDefinition", "ecs:ListClusters"].map(String::from).to_vec();
    let aws = Aws::with(Options { allow: Some(allow), ..Options::default() }).await;
    assert_eq!(signed(&aws, "ListClusters", json!({})).await.0, 200);
    let (status, refused) = signed(&aws, "ListServices", json!({"cluster": "shop"})).await;
    assert_eq!((status, refused["__type"].as_str()), (400, Some("AccessDeniedException")));
    assert!(refused["message"].as_str().is_some_and(|message| message.contains("ecs:ListServices")), "{refused}");
    let mut document = task_definition("web:1");
    assert_eq!(signed(&aws, "RegisterTaskDefinition", document.clone()).await.0, 200);
    document["taskRoleArn"] = json!("arn:aws:iam::123456789012:role/app");
    let (_, refused) = signed(&aws, "RegisterTaskDefinition", document).await;
    assert!(refused["message"].as_str().is_some_and(|message| message.contains("iam:PassRole")), "{refused}");
    aws.ok("ListServices", json!({"cluster": "shop"})).await;
}
