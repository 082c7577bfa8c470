//! The account is checked before the first write.

use super::*;
use crate::aws::fixtures::{Reply, Server};

fn identity(account: &str) -> Reply {
    Reply::text(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/ci</Arn><UserId>x</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>req-3</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        ),
    )
}

#[tokio::test]
async fn the_account_is_asked_once() {
    let server = Server::start(|_| identity("123456789012")).await;
    let target = server.target(Some("123456789012")).await;
    for _ in 0..3 {
        assert_eq!(target.check_account().await.unwrap(), "123456789012");
    }
    assert_eq!(server.actions(), ["GetCallerIdentity"]);
    assert_eq!(target.account_id(), Some("123456789012"));
}

#[tokio::test]
async fn another_account_is_refused_and_both_are_named() {
    let server = Server::start(|_| identity("999999999999")).await;
    let target = server.target(Some("123456789012")).await;
    let error = target.check_account().await.unwrap_err();
    assert_eq!(error.label(), "invalid");
    insta::assert_snapshot!(error.to_string().replace(&server.url, "http://127.0.0.1:4566"));
}

#[tokio::test]
async fn a_failed_check_is_tried_again() {
    let failing = Arc::new(Mutex::new(true));
    let server = Server::start(move |_| {
        if std::mem::take(&mut *failing.lock().unwrap()) { Reply::text(503, "") } else { identity("123456789012") }
    })
    .await;
    let target = server.target(None).await;
    let error = target.check_account().await.unwrap_err();
    assert_eq!(error.label(), "unavailable");
    assert!(error.to_string().contains(&server.url), "whom nobody answered for: {error}");
    assert_eq!(target.account_id(), None);
    assert_eq!(target.check_account().await.unwrap(), "123456789012");
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused() {
    let server = Server::start(|_| Reply::text(200, "")).await;
    let mut configured = server.configured(None);
    configured.endpoint_url = Some("localhost:4566".to_owned());
    let error = Target::connect(&configured, Path::new("/"), &Options::new(1.0)).await.unwrap_err();
    assert!(error.to_string().contains("`prod`") && error.to_string().contains("localhost:4566"), "{error}");
}

#[tokio::test]
async fn targets_of_one_account_and_region_share_their_quotas() {
    let server = Server::start(|_| Reply::text(200, "")).await;
    let options = Options::new(1.0).with_static_credentials("a", "b");
    let connect = |account: &str, region: &str| {
        let mut configured = server.configured(Some(account));
        configured.region = region.to_owned();
        let options = options.clone();
        async move { Target::connect(&configured, Path::new("/"), &options).await.unwrap() }
    };
    let (one, same) = (connect("123456789012", "eu-central-1").await, connect("123456789012", "eu-central-1").await);
    let other = connect("123456789012", "eu-west-1").await;
    assert!(Arc::ptr_eq(&one.0.quotas, &same.0.quotas));
    assert!(!Arc::ptr_eq(&one.0.quotas, &other.0.quotas));
}
