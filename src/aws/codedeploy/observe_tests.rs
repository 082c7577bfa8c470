//! Which deployments a look reads where CodeDeploy does not take every filter.

use std::time::Duration;

use super::*;
use crate::aws::fixtures::{NOW, Reply, Sent, Server};

fn declared() -> Ec2Deployment {
    let revision =
        json!({"revisionType": "S3", "s3Location": {"bucket": "artifacts", "key": "app.zip", "bundleType": "zip", "eTag": "a"}});
    let document = json!({"applicationName": "shop", "deploymentGroupName": "web", "revision": revision});
    Ec2Deployment {
        application: "shop".into(),
        group: "web".into(),
        deployment: document.as_object().expect("an object").into(),
        timeout: Duration::from_secs(3600),
    }
}

fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "89abcdef01234567",
        revision: "c1",
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        equal: false,
        retry: false,
    }
}

/// A group with somebody's deployment under way; `takes` says which statuses may be a filter.
async fn group(takes: &'static [&'static str]) -> Server {
    Server::start(move |sent: &Sent| {
        let body = sent.json();
        match sent.action.as_str() {
            "GetDeploymentGroup" => Reply::ok(json!({"deploymentGroupInfo": {"computePlatform": "Server"}})),
            "ListDeployments" => {
                let statuses = body["includeOnlyStatuses"].as_array().cloned().unwrap_or_default();
                let refused = statuses.iter().any(|status| !takes.contains(&status.as_str().expect("a word")));
                match refused {
                    true => Reply::error(400, "InvalidDeploymentStatusException", "The deployment status is not valid"),
                    false => Reply::ok(json!({"deployments": ["d-1"]})),
                }
            }
            "BatchGetDeployments" => Reply::ok(json!({"deploymentsInfo": [
                {"deploymentId": "d-1", "status": "InProgress", "createTime": NOW - 60.0, "creator": "user"}]})),
            other => panic!("{other}"),
        }
    })
    .await
}

#[tokio::test]
async fn statuses_that_codedeploy_does_not_take_as_a_filter_make_no_look_unknown() {
    let older: &[&str] = &["Created", "Queued", "InProgress"];
    for (takes, tries) in [(&ACTIVE[..], 1), (older, 2), (&[], 2)] {
        let server = group(takes).await;
        let observed = CodeDeploy::new(&server.target(None).await).observe(&declared(), &context()).await;
        assert!(observed.group.present().is_some(), "{takes:?}: {:?}", observed.group);
        assert_eq!(observed.deployments.len(), 1, "{takes:?}");
        let with_statuses = |sent: &Sent| sent.action == "ListDeployments" && !sent.json()["includeOnlyStatuses"].is_null();
        assert_eq!(server.sent().iter().filter(|sent| with_statuses(sent)).count(), tries, "{takes:?}");
    }
}
