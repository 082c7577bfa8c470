//! Credentials that outlive a failed refresh, and messages for those that cannot be had.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::*;
use crate::aws::fixtures::{Reply, Server};
use crate::aws::target::{Options, Target};

/// Gives what the test puts in, and counts.
#[derive(Debug, Default, Clone)]
struct Scripted(Arc<Mutex<(Option<Credentials>, usize)>>);

impl Scripted {
    fn next(&self, lifetime: Option<u64>) {
        let expires = lifetime.map(|seconds| now() + Duration::from_secs(seconds));
        let number = self.asked();
        self.0.lock().unwrap().0 = Some(Credentials::new(format!("AKID{number}"), "secret", None, expires, "test"));
    }

    fn fail(&self) {
        self.0.lock().unwrap().0 = None;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl ProvideCredentials for Scripted {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        future::ProvideCredentials::ready(state.0.clone().ok_or_else(|| CredentialsError::provider_error("down")))
    }
}

#[tokio::test]
async fn the_last_good_credentials_serve_while_a_refresh_fails() {
    let scripted = Scripted::default();
    let wrapped = LastGood::new(scripted.clone());
    scripted.next(Some(1200));
    assert_eq!(wrapped.get().await.unwrap().access_key_id(), "AKID0");
    wrapped.state().refresh_at = Some(now());
    scripted.fail();
    assert_eq!(wrapped.get().await.unwrap().access_key_id(), "AKID0", "the old ones are still valid");
    assert_eq!(scripted.asked(), 2);
    wrapped.get().await.unwrap();
    assert_eq!(scripted.asked(), 2, "no refresh is tried again at once");
}

#[tokio::test]
async fn expired_credentials_are_an_error_when_the_refresh_fails() {
    let scripted = Scripted::default();
    let wrapped = LastGood::new(scripted.clone());
    scripted.next(Some(0));
    wrapped.get().await.unwrap();
    scripted.fail();
    assert!(wrapped.get().await.is_err());
}

#[tokio::test]
async fn credentials_are_refreshed_before_they_expire_and_not_at_each_call() {
    let scripted = Scripted::default();
    let wrapped = LastGood::new(scripted.clone());
    scripted.next(Some(3600));
    for _ in 0..3 {
        wrapped.get().await.unwrap();
    }
    assert_eq!(scripted.asked(), 1);
    let due = wrapped.state().refresh_at.unwrap().duration_since(now()).unwrap();
    assert!(due <= Duration::from_secs(3300) && due >= Duration::from_secs(3290), "{due:?}");
    wrapped.state().refresh_at = Some(now());
    scripted.next(Some(3600));
    assert_eq!(wrapped.get().await.unwrap().access_key_id(), "AKID1");
}

#[tokio::test]
async fn one_refresh_serves_all_who_wait() {
    let scripted = Scripted::default();
    let wrapped = LastGood::new(scripted.clone());
    scripted.next(None);
    futures_util::future::join_all((0..20).map(|_| wrapped.get())).await;
    assert_eq!(scripted.asked(), 1);
}

fn assumed(key: &str) -> Reply {
    Reply::text(
        200,
        format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        ),
    )
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>req-2</RequestId></ErrorResponse>"
    );
    Reply::text(status, body)
}

fn identity() -> Reply {
    Reply::text(
        200,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/deploy/driftless</Arn><UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// A target with a web identity whose token file is `token` in a folder of its own.
async fn web_identity(server: &Server, token: Option<&str>) -> (Target, tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    if let Some(token) = token {
        std::fs::write(&file, token).unwrap();
    }
    let mut configured = server.configured(None);
    configured.credentials = agent::Credentials::WebIdentity { role_arn: ROLE.to_owned(), token_file: "token".to_owned() };
    let target = Target::connect(&configured, folder.path(), &Options::new(1.0)).await.unwrap();
    (target, folder, file)
}

#[tokio::test]
async fn web_identity_asks_the_targets_own_endpoint_and_signs_with_what_it_gets() {
    let server = Server::start(|sent| if sent.action == "GetCallerIdentity" { identity() } else { assumed("ASIAEXAMPLE") }).await;
    let (target, _folder, _) = web_identity(&server, Some("the.jwt\n")).await;
    assert_eq!(target.check_account().await.unwrap(), "123456789012");
    let sent = server.sent();
    assert_eq!(server.actions(), ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]);
    let form = String::from_utf8(sent[0].body.to_vec()).unwrap();
    assert!(
        form.contains("WebIdentityToken=the.jwt&") || form.ends_with("WebIdentityToken=the.jwt"),
        "the newline is not sent: {form}"
    );
    assert_eq!(sent[0].header("authorization"), "", "this call needs no credentials");
    assert!(sent[1].header("authorization").contains("Credential=ASIAEXAMPLE/"));
    assert_eq!(sent[1].header("x-amz-security-token"), "session");
}

#[tokio::test]
async fn a_token_file_is_read_anew_at_each_refresh() {
    let server = Server::start(|_| assumed("ASIAEXAMPLE")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let anonymous = aws_sdk_sts::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-central-1"))
        .endpoint_url(&server.url)
        .build();
    let sts = aws_sdk_sts::Client::from_conf(anonymous);
    let web = WebIdentity { sts, role_arn: ROLE.to_owned(), token_file: file.clone() };
    for token in ["first", "second"] {
        std::fs::write(&file, token).unwrap();
        web.assume().await.unwrap();
    }
    let forms: Vec<String> = server.sent().iter().map(|sent| String::from_utf8(sent.body.to_vec()).unwrap()).collect();
    assert!(forms[0].contains("WebIdentityToken=first") && forms[1].contains("WebIdentityToken=second"), "{forms:?}");
}

#[tokio::test]
async fn a_missing_token_file_is_named() {
    let server = Server::start(|_| identity()).await;
    let (target, _folder, file) = web_identity(&server, None).await;
    let error = target.check_account().await.unwrap_err();
    assert_eq!(error.label(), "denied");
    let message = error.to_string();
    assert!(message.contains(&file.display().to_string()) && message.contains("No such file"), "{message}");
    assert!(server.sent().is_empty());
}

#[tokio::test]
async fn a_refused_web_identity_says_what_to_check() {
    let server = Server::start(|_| refused(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")).await;
    let (target, _folder, _) = web_identity(&server, Some("the.jwt")).await;
    let error = target.check_account().await.unwrap_err();
    assert_eq!(error.label(), "denied");
    insta::assert_snapshot!(error.to_string().replace(&server.url, "http://127.0.0.1:4566"));
    assert!(!error.to_string().contains("the.jwt"));
}

#[tokio::test]
async fn an_sts_that_is_down_is_unavailable_and_not_denied() {
    let server = Server::start(|_| refused(500, "InternalFailure", "")).await;
    let (target, _folder, _) = web_identity(&server, Some("the.jwt")).await;
    assert_eq!(target.check_account().await.unwrap_err().label(), "unavailable");
}

#[tokio::test]
async fn an_unset_environment_says_which_variables_to_set() {
    let explained = Explained { inner: Unset, said: "AWS_ACCESS_KEY_ID is not set".to_owned(), advice: "set it".to_owned() };
    let error = LastGood::new(explained).get().await.unwrap_err();
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Refused>()).expect("ours");
    assert_eq!(cause.to_string(), "AWS_ACCESS_KEY_ID is not set; set it");
}

#[derive(Debug)]
struct Unset;

impl ProvideCredentials for Unset {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("environment variable not set")))
    }
}
