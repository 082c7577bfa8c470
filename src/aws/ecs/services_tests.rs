//! Ten services a call; and what each answer means for each service.

use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::aws::fixtures::{NOW, Reply, Sent, Server};

/// Answers DescribeServices for the names that `known` accepts; the others are MISSING.
fn described(sent: &Sent, known: impl Fn(&str) -> bool) -> Reply {
    let body = sent.json();
    let names: Vec<&str> = body["services"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let (there, gone): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| known(name));
    let services: Vec<Value> = there.iter().map(|name| json!({"serviceName": name, "status": "ACTIVE", "new": [1]})).collect();
    let failures: Vec<Value> = gone
        .iter()
        .map(|name| json!({"arn": format!("arn:aws:ecs:eu-central-1:123456789012:service/shop/{name}"), "reason": "MISSING"}))
        .collect();
    Reply::ok(json!({"services": services, "failures": failures}))
}

async fn looks(server: &Server, names: &[&str]) -> Vec<Looked> {
    let loader = loader(server.target(None).await);
    let looks = names.iter().map(|name| loader.load("shop".to_owned(), (*name).to_owned()));
    join_all(looks).await.into_iter().map(|looked| looked.expect("an answer")).collect()
}

#[tokio::test]
async fn services_of_a_cluster_are_read_ten_a_call_with_their_tags() {
    let server = Server::start(|sent| described(sent, |_| true)).await;
    let names: Vec<String> = (0..25).map(|number| format!("web-{number}")).collect();
    let found = looks(&server, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (name, looked) in names.iter().zip(&found) {
        assert_eq!(looked.service, Observed::Present(json!({"serviceName": name, "status": "ACTIVE", "new": [1]})));
        assert_eq!(looked.now, NOW);
    }
    let sent = server.sent();
    assert_eq!(sent.len(), 3);
    for request in &sent {
        assert_eq!((request.action.as_str(), &request.json()["cluster"]), ("DescribeServices", &json!("shop")));
        assert_eq!(request.json()["include"], json!(["TAGS"]));
    }
    assert_eq!(sent[0].json()["services"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn missing_is_absent_and_another_reason_is_unknown() {
    let server = Server::start(|_| {
        Reply::ok(json!({"services": [], "failures": [
            {"arn": "arn:aws:ecs:eu-central-1:123456789012:service/gone", "reason": "MISSING"},
            {"arn": "arn:aws:ecs:eu-central-1:123456789012:service/shop/odd", "reason": "BUSY", "detail": "later"},
        ]}))
    })
    .await;
    let found = looks(&server, &["gone", "odd", "unmentioned"]).await;
    assert_eq!(found[0].service, Observed::Absent);
    assert!(matches!(&found[1].service, Observed::Unknown(why) if why.contains("BUSY") && why.contains("shop/odd")));
    assert!(matches!(&found[2].service, Observed::Unknown(why) if why.contains("shop/unmentioned")));
}

#[tokio::test]
async fn a_failed_call_makes_its_services_unknown_with_what_aws_said() {
    let table = [
        (Reply::error(400, "ThrottlingException", "Rate exceeded"), "Rate exceeded"),
        (Reply::error(400, "AccessDeniedException", "no"), "grant `ecs:DescribeServices`"),
        (Reply::error(500, "ServerException", "oops"), "oops"),
        (Reply::error(400, "ClusterNotFoundException", "Cluster not found."), "create the cluster"),
    ];
    for (reply, words) in table {
        let server = Server::start(move |_| reply.clone()).await;
        for looked in looks(&server, &["web", "worker"]).await {
            assert!(matches!(&looked.service, Observed::Unknown(why) if why.contains(words)), "{:?}", looked.service);
        }
        assert_eq!(server.sent().len(), 1);
    }
}

#[tokio::test]
async fn one_name_that_aws_does_not_take_does_not_fail_the_others() {
    let server = Server::start(|sent| {
        if sent.json()["services"].as_array().unwrap().contains(&json!("bad!")) {
            return Reply::error(400, "InvalidParameterException", "Invalid identifier: Identifier is for bad!");
        }
        described(sent, |name| name == "web")
    })
    .await;
    let found = looks(&server, &["web", "bad!", "gone"]).await;
    assert!(found[0].service.present().is_some());
    assert!(matches!(&found[1].service, Observed::Unknown(why) if why.contains("shop/bad!")));
    assert_eq!(found[2].service, Observed::Absent);
    assert_eq!(server.sent().len(), 4);
}
