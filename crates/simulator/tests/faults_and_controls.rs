//! Faults, quotas, the log, the clock and STS.

use std::time::Duration;

use crate::support::{self, Aws};
use driftless_simulator::{Fault, Options, When};
use serde_json::json;

#[tokio::test]
async fn a_fault_before_the_effect_leaves_nothing_behind_and_one_after_it_does() {
    let aws = Aws::start().await;
    for (when, revisions) in [(When::Before, 0), (When::After, 1)] {
        aws.simulator.add_fault(Fault { when, times: Some(1), status: 500, ..Fault::default() });
        let (status, _, answer) = aws.send("RegisterTaskDefinition", support::task_definition("web:1")).await.expect("an answer");
        assert_eq!((status, answer["__type"].as_str()), (500, Some("ServerException")));
        let listed = aws.ok("ListTaskDefinitions", json!({})).await;
        assert_eq!(listed["taskDefinitionArns"].as_array().map(Vec::len), Some(revisions), "{when:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_and_tells_who_waits() {
    let aws = Aws::start().await;
    for (fault, revisions) in
        [(Fault::close_before("RegisterTaskDefinition", 1), 0), (Fault::lost_answer("RegisterTaskDefinition", 1), 1)]
    {
        aws.simulator.clear_faults();
        aws.simulator.add_fault(fault);
        let mut fired = aws.simulator.fault_fired();
        fired.mark_unchanged();
        let lost = aws.send("RegisterTaskDefinition", support::task_definition("web:1")).await;
        assert!(lost.is_err(), "{lost:?}");
        tokio::time::timeout(Duration::from_secs(5), fired.changed()).await.expect("in time").expect("fired");
        let listed = aws.ok("ListTaskDefinitions", json!({})).await;
        assert_eq!(listed["taskDefinitionArns"].as_array().map(Vec::len), Some(revisions));
    }
    let outcomes: Vec<String> = aws.simulator.calls().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "closed").count(), 2);
}

#[tokio::test]
async fn a_call_that_hangs_is_never_answered_before_or_after_its_effect() {
    let aws = Aws::start().await;
    for (when, revisions) in [(When::Hang, 0), (When::HangAfter, 1)] {
        aws.simulator.add_fault(Fault { action: "RegisterTaskDefinition".into(), when, times: Some(1), ..Fault::default() });
        let call = aws.send("RegisterTaskDefinition", support::task_definition("web:1"));
        assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
        let listed = aws.ok("ListTaskDefinitions", json!({})).await;
        assert_eq!(listed["taskDefinitionArns"].as_array().map(Vec::len), Some(revisions), "{when:?}");
    }
    tokio::time::timeout(Duration::from_secs(5), aws.simulator.stop()).await.expect("a hanging call does not keep it");
}

#[tokio::test]
async fn past_its_quota_an_action_is_throttled_until_the_logical_clock_has_refilled_the_bucket() {
    let aws = Aws::with(Options { quotas: true, ..Options::default() }).await;
    for _ in 0..20 {
        aws.register("web:1").await;
    }
    let refused = aws.refused("RegisterTaskDefinition", support::task_definition("web:1")).await;
    assert_eq!(refused, ("ThrottlingException".into(), "Rate exceeded".into()));
    assert_eq!(aws.simulator.throttled(), 1);
    aws.pass(1);
    aws.register("web:1").await;
}

#[tokio::test]
async fn the_log_counts_calls_and_writes_and_can_be_reset() {
    let aws = Aws::start().await;
    aws.register("web:1").await;
    aws.create(1, json!({})).await;
    aws.service().await;
    assert_eq!(aws.simulator.mutations(), 3, "cluster, revision, service");
    assert_eq!(aws.simulator.counters()["DescribeServices"], 1);
    let named: Vec<(String, String)> = aws.simulator.calls().into_iter().map(|call| (call.action, call.resource)).collect();
    assert_eq!(named[2], ("CreateService".into(), "shop/web".into()));
    assert_eq!(aws.control("counters", None).await["CreateService"], 1);
    assert_eq!(aws.control("totals", None).await["mutations"], 3);
    assert_eq!(aws.control("calls", None).await[2]["outcome"], "ok");
    aws.control("reset", Some(json!({}))).await;
    assert_eq!(aws.simulator.mutations(), 0);
    assert_eq!(aws.service().await["status"], "ACTIVE", "the state stays");
}

#[tokio::test]
async fn faults_and_the_clock_can_be_set_over_http() {
    let aws = Aws::start().await;
    assert_eq!(aws.control("health", None).await["status"], "ok");
    let fault = json!({"action": "ListClusters", "code": "ThrottlingException", "status": 400, "when": "before", "times": 1});
    aws.control("faults", Some(fault)).await;
    assert_eq!(aws.refused("ListClusters", json!({})).await.0, "ThrottlingException");
    aws.ok("ListClusters", json!({})).await;
    let before = aws.simulator.now();
    aws.control("clock", Some(json!({"skip": 90}))).await;
    assert_eq!(aws.simulator.now() - before, 90.0);
}

#[tokio::test]
async fn the_date_header_is_the_logical_clock() {
    let aws = Aws::start().await;
    let date = async || aws.send("ListClusters", json!({})).await.expect("an answer").1;
    let (first, again) = (date().await, date().await);
    assert_eq!(first, again, "it stands still");
    assert!(first.ends_with(" GMT") && first.len() == 29, "{first}");
    aws.pass(3600);
    assert_ne!(date().await, first);
}

#[tokio::test]
async fn sts_knows_the_caller_and_gives_credentials_for_a_token() {
    let aws = Aws::start().await;
    let (status, identity) = aws.sts("Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(status, 200);
    assert!(identity.contains("<Account>123456789012</Account>"), "{identity}");
    let form = |role: &str, token: &str| {
        format!("Action=AssumeRoleWithWebIdentity&RoleArn={role}&RoleSessionName=driftless&WebIdentityToken={token}")
    };
    let role = "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy";
    let (status, credentials) = aws.sts(&form(role, "a.b.c")).await;
    assert_eq!(status, 200);
    assert!(credentials.contains("<AccessKeyId>ASIA") && credentials.contains("assumed-role/deploy/driftless"));
    let (status, refused) = aws.sts(&form(role, "nonsense")).await;
    assert!(status == 400 && refused.contains("<Code>InvalidIdentityToken</Code>"), "{refused}");
    let foreign = aws.sts(&form("arn:aws:iam::999999999999:role/deploy", "a.b.c")).await;
    assert!(foreign.0 == 403 && foreign.1.contains("<Code>AccessDenied</Code>"), "{}", foreign.1);
}
