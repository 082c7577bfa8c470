//! The front door: one port for all of AWS's services, with the same faults, log and clock before each.

use std::time::Duration;

use crate::support::Aws;
use driftless_simulator::{Fault, When};
use serde_json::json;

/// A form as the SDKs sign it for a service.
async fn form(aws: &Aws, service: &str, form: &str) -> Result<(u16, String), reqwest::Error> {
    let signature = format!("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-central-1/{service}/aws4_request, Signature=0");
    let request = reqwest::Client::builder().no_proxy().build()?.post(aws.simulator.url());
    let request = request.header("authorization", signature).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form.to_string()).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test]
async fn a_target_that_nobody_answers_is_an_unknown_operation() {
    let aws = Aws::start().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for target in ["Logs_20140328.DescribeLogGroups", "CodeDeploy_20141006.FlyToTheMoon", "nonsense"] {
        let answer = http.post(aws.simulator.url()).header("x-amz-target", target).body("{}").send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{target}");
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(body["__type"], "UnknownOperationException", "{target}");
    }
}

#[tokio::test]
async fn a_form_goes_to_the_service_it_is_signed_for_and_its_errors_are_xml() {
    let aws = Aws::start().await;
    for (service, namespace) in [("cloudformation", "cloudformation.amazonaws.com"), ("sts", "sts.amazonaws.com")] {
        let (status, body) = form(&aws, service, "Action=FlyToTheMoon").await.expect("an answer");
        assert_eq!(status, 400);
        assert!(body.starts_with("<ErrorResponse xmlns=") && body.contains(namespace), "{body}");
        assert!(body.contains("<Type>Sender</Type>") && body.contains("<Code>InvalidAction</Code>"), "{body}");
    }
    let called = aws.simulator.calls();
    assert_eq!(called.iter().map(|call| call.service).collect::<Vec<_>>(), ["ecs", "cloudformation", "sts"]);
}

#[tokio::test]
async fn a_fault_strikes_s3_by_its_operation_in_its_own_xml_and_the_log_names_bucket_and_key() {
    let aws = Aws::start().await;
    let code = "ServiceUnavailable";
    aws.simulator.add_fault(Fault { action: "PutObject".into(), code: code.into(), status: 503, ..Fault::default() });
    aws.simulator.add_fault(Fault { action: "HeadObject".into(), code: code.into(), status: 503, ..Fault::default() });
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/shop/app/web.zip", aws.simulator.url());
    // Longer than what axum takes by itself.
    let answer = http.put(&url).body(vec![0; 5 << 20]).send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("date"));
    let body = answer.text().await.expect("text");
    assert!(body.starts_with("<Error><Code>ServiceUnavailable</Code>"), "{body}");
    assert_eq!(http.head(&url).send().await.expect("an answer").status(), 503);
    let calls = aws.simulator.calls();
    let (put, head) = (&calls[1], &calls[2]);
    assert_eq!((put.service, &*put.action, &*put.resource), ("s3", "PutObject", "shop/app/web.zip"));
    assert_eq!((&*put.outcome, put.writes, head.writes), (code, true, false));
}

#[tokio::test]
async fn an_answer_can_be_lost_or_hang_in_every_service() {
    let aws = Aws::start().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for action in ["DescribeStacks", "GetObject"] {
        aws.simulator.clear_faults();
        aws.simulator.add_fault(Fault::lost_answer(action, 1));
        aws.simulator.add_fault(Fault { action: action.into(), when: When::Hang, nth: Some(2), ..Fault::default() });
        let call = async || match action {
            "GetObject" => http.get(format!("{}/shop/a", aws.simulator.url())).send().await.map(drop),
            _ => form(&aws, "cloudformation", "Action=DescribeStacks&Version=2010-05-15").await.map(drop),
        };
        assert!(call().await.is_err(), "{action}: the answer is lost");
        let hangs = tokio::time::timeout(Duration::from_millis(200), call()).await;
        assert!(hangs.is_err(), "{action}: {hangs:?}");
        let outcomes: Vec<String> = aws.simulator.calls().into_iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes[outcomes.len() - 2..], ["closed", "hung"], "{action}");
    }
    tokio::time::timeout(Duration::from_secs(5), aws.simulator.stop()).await.expect("a hanging call does not keep it");
}

#[tokio::test]
async fn a_control_that_there_is_not_is_not_taken_for_a_bucket() {
    let aws = Aws::start().await;
    assert_eq!(aws.control("nothing", None).await, json!({"message": "The simulator has no such control."}));
    assert_eq!(aws.simulator.calls().len(), 1, "only the cluster");
}
