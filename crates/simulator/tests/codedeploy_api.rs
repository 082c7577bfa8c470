//! CodeDeploy: applications, groups, configurations, revisions, tags, and what is refused.

use crate::codedeploy_support::{self, CodeDeploy, ROLE, deployment};
use driftless_simulator::{Fault, Options, When};
use serde_json::{Value, json};

#[tokio::test]
async fn an_application_is_created_found_listed_and_deleted() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let again = json!({"applicationName": "shop"});
    assert_eq!(aws.refused("CreateApplication", again.clone()).await, "ApplicationAlreadyExistsException");
    assert_eq!(aws.refused("CreateApplication", json!({})).await, "ApplicationNameRequiredException");
    assert_eq!(aws.refused("CreateApplication", json!({"applicationName": "a b"})).await, "InvalidApplicationNameException");
    let found = aws.ok("GetApplication", again.clone()).await["application"].clone();
    assert_eq!((found["computePlatform"].as_str(), found["linkedToGitHub"].as_bool()), (Some("Server"), Some(false)));
    assert_eq!(aws.ok("ListApplications", json!({})).await["applications"], json!(["shop"]));
    aws.ok("DeleteApplication", again.clone()).await;
    aws.ok("DeleteApplication", again.clone()).await;
    assert_eq!(aws.refused("GetApplication", again).await, "ApplicationDoesNotExistException");
}

#[tokio::test]
async fn a_group_comes_back_with_what_was_sent_and_with_awss_defaults() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let group = aws.group().await;
    assert_eq!(group["deploymentConfigName"], "CodeDeployDefault.OneAtATime");
    assert_eq!(group["deploymentStyle"]["deploymentOption"], "WITHOUT_TRAFFIC_CONTROL");
    assert_eq!((group["serviceRoleArn"].as_str(), group["ec2TagFilters"][0]["Key"].as_str()), (Some(ROLE), Some("role")));
    assert!(group.get("targetRevision").is_none() && group.get("lastAttemptedDeployment").is_none());
    let update = json!({
        "applicationName": "shop", "currentDeploymentGroupName": "web", "newDeploymentGroupName": "live",
        "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
    });
    aws.ok("UpdateDeploymentGroup", update.clone()).await;
    assert_eq!(aws.refused("UpdateDeploymentGroup", update).await, "DeploymentGroupDoesNotExistException");
    let listed = aws.ok("ListDeploymentGroups", json!({"applicationName": "shop"})).await;
    assert_eq!((listed["applicationName"].as_str(), &listed["deploymentGroups"]), (Some("shop"), &json!(["live"])));
    let batch = json!({"applicationName": "shop", "deploymentGroupNames": ["live", "none"]});
    let batch = aws.ok("BatchGetDeploymentGroups", batch).await;
    assert_eq!(batch["deploymentGroupsInfo"][0]["deploymentConfigName"], "CodeDeployDefault.AllAtOnce");
    assert_eq!(batch["deploymentGroupsInfo"][0]["ec2TagFilters"][0]["Key"], "role", "what was left out stays");
    assert!(batch["errorMessage"].as_str().expect("text").contains("none"));
    let deleted = aws.ok("DeleteDeploymentGroup", json!({"applicationName": "shop", "deploymentGroupName": "live"})).await;
    assert_eq!(deleted["hooksNotCleanedUp"], json!([]));
}

#[tokio::test]
async fn a_group_that_makes_no_sense_is_refused() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let group = |more: Value| {
        let mut input = json!({"applicationName": "shop", "deploymentGroupName": "other", "serviceRoleArn": ROLE});
        codedeploy_support::merge(&mut input, more);
        input
    };
    let filters = json!([{"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}]);
    for (more, code) in [
        (json!({"applicationName": "none"}), "ApplicationDoesNotExistException"),
        (json!({"deploymentGroupName": ""}), "DeploymentGroupNameRequiredException"),
        (json!({"deploymentGroupName": "web"}), "DeploymentGroupAlreadyExistsException"),
        (json!({"serviceRoleArn": null}), "RoleRequiredException"),
        (json!({"serviceRoleArn": "codedeploy"}), "InvalidRoleException"),
        (json!({"deploymentConfigName": "none"}), "DeploymentConfigDoesNotExistException"),
        (json!({"ec2TagFilters": filters, "ec2TagSet": {"ec2TagSetList": [filters]}}), "InvalidEC2TagCombinationException"),
        (json!({"deploymentStyle": {"deploymentType": "GREEN"}}), "InvalidDeploymentStyleException"),
        (json!({"autoRollbackConfiguration": {"enabled": true, "events": []}}), "InvalidAutoRollbackConfigException"),
        (json!({"tags": [{"Key": "aws:x", "Value": "y"}]}), "InvalidTagsToAddException"),
    ] {
        assert_eq!(aws.refused("CreateDeploymentGroup", group(more)).await, code);
    }
}

#[tokio::test]
async fn a_deployment_that_makes_no_sense_is_refused_in_awss_own_words() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let revision = |location: Value| json!({"revision": {"revisionType": "S3", "s3Location": location}});
    for (more, code) in [
        (json!({"applicationName": "none"}), "ApplicationDoesNotExistException"),
        (json!({"deploymentGroupName": "none"}), "DeploymentGroupDoesNotExistException"),
        (json!({"deploymentGroupName": null}), "DeploymentGroupNameRequiredException"),
        (json!({"revision": null}), "RevisionRequiredException"),
        (json!({"revision": {"revisionType": "Floppy"}}), "InvalidRevisionException"),
        (revision(json!({"bucket": "artifacts", "bundleType": "zip"})), "InvalidRevisionException"),
        (revision(json!({"bucket": "artifacts", "key": "a", "bundleType": "rar"})), "InvalidRevisionException"),
        (json!({"deploymentConfigName": "none"}), "DeploymentConfigDoesNotExistException"),
        (json!({"description": "x".repeat(257)}), "DescriptionTooLongException"),
        (json!({"fileExistsBehavior": "PANIC"}), "InvalidFileExistsBehaviorException"),
        (json!({"targetInstances": []}), "SerializationException"),
        (json!({"ignoreApplicationStopFailures": "true"}), "SerializationException"),
        (json!({"description": 7}), "SerializationException"),
    ] {
        assert_eq!(aws.refused("CreateDeployment", deployment("v1.zip", more)).await, code);
    }
    assert!(aws.list().await.is_empty());
    for (action, input, code) in [
        ("GetDeployment", json!({"deploymentId": "d-000000000"}), "DeploymentDoesNotExistException"),
        ("GetDeployment", json!({"deploymentId": "7"}), "InvalidDeploymentIdException"),
        ("StopDeployment", json!({}), "DeploymentIdRequiredException"),
        ("ListDeployments", json!({"applicationName": "shop"}), "DeploymentGroupNameRequiredException"),
        ("ListDeployments", json!({"deploymentGroupName": "web"}), "ApplicationNameRequiredException"),
        ("ListDeployments", json!({"includeOnlyStatuses": ["Broken"]}), "InvalidDeploymentStatusException"),
        ("ListDeployments", json!({"createTimeRange": {"start": 2, "end": 1}}), "InvalidTimeRangeException"),
        ("ListDeployments", json!({"nextToken": "nobody's"}), "InvalidNextTokenException"),
        ("BatchGetDeployments", json!({"deploymentIds": vec!["d-000000000"; 26]}), "BatchLimitExceededException"),
    ] {
        assert_eq!(aws.refused(action, input).await, code, "{action}");
    }
}

#[tokio::test]
async fn deployments_are_listed_newest_first_by_status_and_time_and_in_pages() {
    let options = Options { page_size: Some(2), instances: 1, ..Options::default() };
    let aws = CodeDeploy::with(options, json!({})).await;
    let mut made = Vec::new();
    for key in ["v1.zip", "crash.zip", "v2.zip", "v1.zip"] {
        made.insert(0, aws.deploy(key, json!({})).await);
    }
    let group = json!({"applicationName": "shop", "deploymentGroupName": "web"});
    let (mut seen, mut input) = (Vec::new(), group.clone());
    loop {
        let page = aws.ok("ListDeployments", input.clone()).await;
        let ids = page["deployments"].as_array().expect("a list").clone();
        assert!(ids.len() <= 2);
        seen.extend(ids);
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(made));
    let failed = aws.ok("ListDeployments", json!({"includeOnlyStatuses": ["Failed"]})).await;
    assert_eq!(failed["deployments"], json!([made[2]]));
    let third = aws.info(&made[1]).await["createTime"].as_f64().expect("a time");
    let since = aws.ok("ListDeployments", json!({"createTimeRange": {"start": third}})).await;
    assert_eq!(since["deployments"], json!(made[..2]));
    let batch = aws.ok("BatchGetDeployments", json!({"deploymentIds": [made[0], "d-000000000"]})).await;
    assert_eq!(batch["deploymentsInfo"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn configurations_are_predefined_and_can_be_made() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let named = |name: &str| json!({"deploymentConfigName": name});
    let get = async |name: &str| {
        aws.ok("GetDeploymentConfig", named(name)).await["deploymentConfigInfo"]["minimumHealthyHosts"].clone()
    };
    assert_eq!(get("CodeDeployDefault.OneAtATime").await, json!({"type": "MOST_CONCURRENCY", "value": 1}));
    assert_eq!(get("CodeDeployDefault.AllAtOnce").await, json!({"type": "HOST_COUNT", "value": 0}));
    let own = json!({"deploymentConfigName": "Most", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 75}});
    aws.ok("CreateDeploymentConfig", own.clone()).await;
    assert_eq!(aws.refused("CreateDeploymentConfig", own).await, "DeploymentConfigAlreadyExistsException");
    assert_eq!(get("Most").await, json!({"type": "FLEET_PERCENT", "value": 75}));
    let wrong = json!({"deploymentConfigName": "Odd", "minimumHealthyHosts": {"type": "MOST_CONCURRENCY", "value": 1}});
    assert_eq!(aws.refused("CreateDeploymentConfig", wrong).await, "InvalidMinimumHealthyHostValueException");
    assert_eq!(aws.refused("DeleteDeploymentConfig", named("CodeDeployDefault.AllAtOnce")).await, "InvalidOperationException");
    assert_eq!(aws.refused("DeleteDeploymentConfig", named("CodeDeployDefault.X")).await, "InvalidOperationException");
    aws.ok("DeleteDeploymentConfig", named("Most")).await;
    assert_eq!(aws.refused("GetDeploymentConfig", named("Most")).await, "DeploymentConfigDoesNotExistException");
}

#[tokio::test]
async fn revisions_are_registered_by_hand_or_by_a_deployment() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let of = |key: &str| json!({"applicationName": "shop", "revision": deployment(key, json!({}))["revision"]});
    assert_eq!(aws.refused("GetApplicationRevision", of("v1.zip")).await, "RevisionDoesNotExistException");
    let mut described = of("v1.zip");
    described["description"] = "first".into();
    aws.ok("RegisterApplicationRevision", described).await;
    let found = aws.ok("GetApplicationRevision", of("v1.zip")).await["revisionInfo"].clone();
    assert_eq!((found["description"].as_str(), found.get("firstUsedTime")), (Some("first"), None));
    aws.deploy("v1.zip", json!({})).await;
    aws.deploy("v2.zip", json!({})).await;
    let found = aws.ok("GetApplicationRevision", of("v1.zip")).await["revisionInfo"].clone();
    assert_eq!((found["deploymentGroups"].clone(), found["firstUsedTime"].is_number()), (json!(["web"]), true));
    let list = async |more: Value| {
        let mut input = json!({"applicationName": "shop"});
        codedeploy_support::merge(&mut input, more);
        let answer = aws.ok("ListApplicationRevisions", input).await["revisions"].clone();
        answer.as_array().expect("a list").iter().map(|own| own["s3Location"]["key"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(json!({"sortBy": "lastUsedTime", "sortOrder": "descending"})).await, ["v2.zip", "v1.zip"]);
    assert_eq!(list(json!({"deployed": "include"})).await, ["v2.zip"]);
    assert_eq!(list(json!({"s3Bucket": "artifacts", "s3KeyPrefix": "v1"})).await, ["v1.zip"]);
}

#[tokio::test]
async fn applications_and_groups_are_tagged_by_their_arns() {
    let aws = CodeDeploy::start(1, json!({"tags": [{"Key": "team", "Value": "shop"}]})).await;
    let arn = |rest: &str| format!("arn:aws:codedeploy:eu-central-1:123456789012:{rest}");
    let group = arn("deploymentgroup:shop/web");
    for arn in [arn("application:shop"), group.clone()] {
        aws.ok("TagResource", json!({"ResourceArn": arn, "Tags": [{"Key": "cost", "Value": "7"}]})).await;
    }
    aws.ok("UntagResource", json!({"ResourceArn": group, "TagKeys": ["cost"]})).await;
    assert_eq!(
        aws.ok("ListTagsForResource", json!({"ResourceArn": group})).await["Tags"],
        json!([{"Key": "team", "Value": "shop"}])
    );
    for (arn, code) in [
        (arn("application:none"), "ApplicationDoesNotExistException"),
        (arn("deploymentgroup:shop/none"), "DeploymentGroupDoesNotExistException"),
        (arn("instance:x"), "ArnNotSupportedException"),
        ("nonsense".into(), "InvalidArnException"),
        (String::new(), "ResourceArnRequiredException"),
    ] {
        assert_eq!(aws.refused("ListTagsForResource", json!({"ResourceArn": arn})).await, code);
    }
}

#[tokio::test]
async fn instances_are_shown_launched_and_terminated_by_the_controls() {
    let aws = CodeDeploy::start(1, json!({})).await;
    aws.deploy("v1.zip", json!({})).await;
    let url = format!("{}/_simulator/codedeploy/instances", aws.simulator.url());
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let show = async || -> Value { http.get(&url).send().await.expect("an answer").json().await.expect("JSON") };
    let first = show().await["instances"][0].clone();
    assert_eq!((&first["tags"], &first["autoScalingGroup"]), (&json!({"role": "web"}), &Value::Null));
    let installed = &first["installed"]["shop/web"];
    assert_eq!(
        (installed["health"].as_str(), installed["revision"]["s3Location"]["key"].as_str()),
        (Some("healthy"), Some("v1.zip"))
    );
    let made = aws.control("instances", json!({"count": 2, "tags": {"role": "web"}})).await["instances"].clone();
    assert_eq!(show().await["instances"].as_array().map(Vec::len), Some(3));
    for terminated in [true, false] {
        let answer: Value =
            http.delete(&url).json(&json!({"instance": made[0]})).send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["terminated"], terminated);
    }
    let id = aws.deploy("v2.zip", json!({})).await;
    assert_eq!(codedeploy_support::overview(&aws.info(&id).await), (2, 0, 0, 0));
}

#[tokio::test]
async fn faults_strike_and_the_log_names_application_and_group() {
    let aws = CodeDeploy::start(1, json!({})).await;
    let fault = Fault {
        action: "CreateDeployment".into(),
        resource: Some("shop/web".into()),
        when: When::After,
        times: Some(1),
        ..Fault::default()
    };
    aws.simulator.add_fault(fault);
    let (status, _) = aws.send("CreateDeployment", deployment("v1.zip", json!({}))).await;
    assert_eq!((status, aws.list().await.len()), (500, 1), "it had its effect");
    let call = aws.simulator.calls().into_iter().find(|call| call.action == "CreateDeployment").expect("it is there");
    assert_eq!((call.service, call.resource.as_str(), call.writes), ("codedeploy", "shop/web", true));
}
