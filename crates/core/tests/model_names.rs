//! Which names, ARNs and revisions AWS takes where one is asked for: a row for each that it does, and one for each that it does not.

use crate::model_documents::*;
use driftless_core::model::{check_deployment, check_service};
use serde_json::{Value, json};

#[test]
fn arns_and_names_are_those_of_the_thing_that_is_asked_for() {
    let of_role = |role: &str| task(json!({"taskRoleArn": role}));
    let credentials = |parameter: &str| role(json!({"repositoryCredentials": {"credentialsParameter": parameter}}));
    let place = "@/repositoryCredentials/credentialsParameter";
    assert_task_places(&[
        (of_role("web_+=,.@-1"), ""),
        (of_role("ops/web"), ""),
        (of_role("web web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012:role/ops/web"), ""),
        (of_role("arn:aws-cn:iam::123456789012:role/web"), ""),
        (of_role("arn:aws2:iam::123456789012:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012:user/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam:eu-central-1:123456789012:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::12345678901:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::1234567890123:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::12345678901x:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::aws:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam:::role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012:role/"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012:"), "/taskRoleArn"),
        (of_role("arn:aws:::123456789012:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012:role/a b"), "/taskRoleArn"),
        (of_role("arn:aws:iam:EU:123456789012:role/web"), "/taskRoleArn"),
        (of_role("arn:aws:iam::123456789012"), "/taskRoleArn"),
        (credentials("registry/a_+=.@-1!"), ""),
        (credentials("registry a"), place),
        (credentials(&arn("secretsmanager", "secret:a")), ""),
        (credentials(&arn("ssm", "parameter/a")), place),
        // People's own keys in maps are none of AWS's members.
        (container(json!({"dockerLabels": {"roleArn": "no role", "targetGroupArn": "x"}})), ""),
    ]);
    let group = |arn: &str| {
        let mut balancer = target();
        balancer["targetGroupArn"] = json!(arn);
        places(check_service(&service(json!({"loadBalancers": [balancer]}))))
    };
    assert_eq!(group(&arn("elasticloadbalancing", "targetgroup/a/1")), "");
    assert_eq!(group(&arn("vpc-lattice", "targetgroup/a/1")), "");
    assert_eq!(group(&arn("elasticloadbalancing", "loadbalancer/a/1")), "/loadBalancers/0/targetGroupArn");
    assert_eq!(group(&arn("ecs", "targetgroup/a/1")), "/loadBalancers/0/targetGroupArn");
    assert_eq!(group("targetgroup"), "/loadBalancers/0/targetGroupArn");
}

#[test]
fn a_code_deploy_deployment_says_where_its_revision_is() {
    let of = |more: Value| {
        let mut document = object(json!({"applicationName": "shop", "deploymentGroupName": "web"}));
        document.extend(object(more));
        places(check_deployment(&Value::Object(document)))
    };
    let s3 = |more: Value| {
        let mut location = object(json!({"bucket": "b", "key": "k", "bundleType": "zip"}));
        location.extend(object(more));
        json!({"revision": {"revisionType": "S3", "s3Location": location}})
    };
    let git = |repository: &str, commit: &str| json!({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": repository, "commitId": commit}}});
    let (sha, place) = ("0123456789abcdef0123456789abcdef01234567", "/revision/s3Location");
    let alarms = |alarms: Value| json!({"overrideAlarmConfiguration": {"enabled": true, "alarms": alarms}});
    let rollback = |rollback: Value| json!({"autoRollbackConfiguration": rollback});
    let rows = [
        (json!({}), "".to_owned()),
        (json!({"deploymentGroupName": null}), "/".to_owned()),
        (json!({"deploymentGroupName": "a b"}), "/deploymentGroupName".to_owned()),
        (json!({"deploymentConfigName": "A._+=,@-1"}), String::new()),
        (json!({"deploymentConfigName": "a/b"}), "/deploymentConfigName".to_owned()),
        (s3(json!({})), String::new()),
        (s3(json!({"bundleType": "YAML"})), format!("{place}/bundleType")),
        (s3(json!({"bundleType": "JSON"})), format!("{place}/bundleType")),
        (s3(json!({"key": "/k"})), format!("{place}/key?")),
        (s3(json!({"key": "s3://b/k"})), format!("{place}/key?")),
        (s3(json!({"key": ""})), format!("{place}/key")),
        (s3(json!({"bucket": null})), place.to_owned()),
        (json!({"revision": {"s3Location": {}}}), "/revision".to_owned()),
        (json!({"revision": {"revisionType": "S3"}}), "/revision".to_owned()),
        (json!({"revision": {"revisionType": "S3", "s3Location": "a"}}), place.to_owned()),
        (json!({"revision": {"revisionType": "String", "string": {}}}), "/revision/revisionType".to_owned()),
        (json!({"revision": {"revisionType": "AppSpecContent"}}), "/revision/revisionType".to_owned()),
        (git("shop/web", sha), String::new()),
        (git("shop", sha), "/revision/gitHubLocation/repository".to_owned()),
        (git("shop/web/a", sha), "/revision/gitHubLocation/repository".to_owned()),
        (git("shop/web", "main"), "/revision/gitHubLocation/commitId".to_owned()),
        (git("shop/web", &sha.replace('a', "g")), "/revision/gitHubLocation/commitId".to_owned()),
        (rollback(json!({"enabled": true, "events": ["DEPLOYMENT_FAILURE"]})), String::new()),
        (rollback(json!({"enabled": true})), "/autoRollbackConfiguration".to_owned()),
        (rollback(json!({"enabled": false})), String::new()),
        (rollback(json!({"enabled": true, "events": "DEPLOYMENT_FAILURE"})), "/autoRollbackConfiguration/events".to_owned()),
        (alarms(json!([{"name": "a"}, {"name": "b"}])), String::new()),
        (alarms(json!([])), "/overrideAlarmConfiguration".to_owned()),
        (json!({"overrideAlarmConfiguration": {"enabled": false}}), String::new()),
        (alarms(json!([{"name": "a"}, {"name": "a"}])), "/overrideAlarmConfiguration/alarms/1/name".to_owned()),
        (alarms(json!([{"name": "${stack.a.outputs.b}"}, {"name": "${stack.a.outputs.b}"}])), String::new()),
        (alarms(json!([{}])), "/overrideAlarmConfiguration/alarms/0".to_owned()),
        (alarms(json!([{"name": ""}])), "/overrideAlarmConfiguration/alarms/0".to_owned()),
        (alarms(json!([{"name": 5}])), "/overrideAlarmConfiguration/alarms/0/name".to_owned()),
        (
            json!({"targetInstances": {"tagFilters": [{"Key": "a"}], "ec2TagSet": {"ec2TagSetList": [[]]}}}),
            "/targetInstances/ec2TagSet".to_owned(),
        ),
        (json!({"targetInstances": {"tagFilters": [{"Key": "a"}], "ec2TagSet": {"ec2TagSetList": []}}}), String::new()),
    ];
    for (document, wanted) in rows {
        assert_eq!(of(document.clone()), wanted, "{document}");
    }
    let told = checked(check_deployment(
        &json!({"applicationName": "shop", "deploymentGroupName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}, "gitHubLocation": {}}}),
    ));
    assert!(
        told.iter().any(|line| line.contains("`revision.gitHubLocation` says nothing beside `revisionType: S3`")),
        "{told:?}"
    );
}
