//! What leaves for AWS and what comes back, seen from the other end of the wire.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use driftless_core::desired::{EcsService, Resource, Rollout, Spec, TaskDefinition};
use driftless_core::location::Location;
use driftless_core::observed::{Observed, ServiceObservation};
use driftless_core::plan::{Context, Secret, Step};
use driftless_core::resource::ResourceId;
use serde_json::json;

use super::*;
use crate::aws::fixtures::{NOW, Reply, Server};
use crate::aws::target::{Options, Target};

fn document(value: Value) -> Document {
    value.as_object().expect("an object").clone()
}

fn register(value: Value) -> EcsStep {
    EcsStep::RegisterTaskDefinition { document: Secret(document(value)), number: None }
}

/// A service that follows the family `web`.
fn resource(service: Value) -> Resource {
    let service = EcsService {
        cluster: "shop".to_owned(),
        service_name: "web".to_owned(),
        task_definition: TaskDefinition::Family { family: "web".to_owned(), revision: None },
        images: Default::default(),
        service: document(service).into(),
        rollout: Rollout::default(),
        ignore: Vec::new(),
        removed: Vec::new(),
    };
    Resource::new(ResourceId::ecs_service("web"), Location::new("web.yaml", 1, 1), "prod", Spec::EcsService(service))
}

fn registered() -> Reply {
    Reply::ok(json!({"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3"}}))
}

#[tokio::test]
async fn documents_leave_verbatim_with_members_that_no_sdk_knows() {
    let server = Server::start(|_| registered()).await;
    let written = json!({
        "family": "web",
        "addedNextMonth": {"nested": [{"deeper": null}, 1.5, true]},
        "containerDefinitions": [{"name": "app", "image": "grüße/日本:1", "environment": [], "cpu": "256", "new": {"": "x"}}],
    });
    let applied = server.ecs().await.apply(&register(written.clone()), None).await.unwrap();
    assert_eq!(applied.arn.as_deref(), Some("arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3"));
    assert_eq!(applied.now, NOW, "AWS's clock is the answer's Date header");
    let sent = &server.sent()[0];
    assert_eq!(sent.action, "RegisterTaskDefinition");
    assert_eq!(sent.body.as_ref(), serde_json::to_vec(&written).unwrap().as_slice());
    assert_eq!(sent.header("content-length"), sent.body.len().to_string());
    assert_eq!(sent.header("content-type"), "application/x-amz-json-1.1");
    assert!(sent.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
    assert!(sent.header("authorization").contains("/eu-central-1/ecs/"));
}

#[tokio::test]
async fn a_service_step_gets_the_revision_that_was_registered() {
    let server = Server::start(|_| Reply::ok(json!({"service": {"serviceArn": "arn:service"}}))).await;
    let ecs = server.ecs().await;
    let create = EcsStep::CreateService {
        document: document(json!({"cluster": "shop", "serviceName": "web", "clientToken": "ours", "desiredCount": 0})),
        task_definition: TaskDefinitionRef::Registered,
        memory: Box::default(),
    };
    assert_eq!(ecs.apply(&create, Some("arn:web:3")).await.unwrap().arn.as_deref(), Some("arn:service"));
    let update = EcsStep::UpdateService {
        document: document(json!({"cluster": "shop", "service": "web", "loadBalancers": []})),
        task_definition: Some(TaskDefinitionRef::Arn("arn:web:2".to_owned())),
        memory: None,
    };
    ecs.apply(&update, Some("arn:web:3")).await.unwrap();
    let scale = EcsStep::UpdateService {
        document: document(json!({"cluster": "shop", "service": "web", "desiredCount": 3})),
        task_definition: None,
        memory: None,
    };
    ecs.apply(&scale, Some("arn:web:3")).await.unwrap();
    let bodies: Vec<Value> = server.sent().iter().map(|sent| sent.json()).collect();
    assert_eq!(
        bodies,
        [
            json!({"cluster": "shop", "serviceName": "web", "clientToken": "ours", "desiredCount": 0, "taskDefinition": "arn:web:3"}),
            json!({"cluster": "shop", "service": "web", "loadBalancers": [], "taskDefinition": "arn:web:2"}),
            json!({"cluster": "shop", "service": "web", "desiredCount": 3}),
        ]
    );
}

#[tokio::test]
async fn a_write_of_a_service_leaves_the_deployment_that_its_answer_shows_in_the_services_tags() {
    let server = Server::start(|sent| match sent.action.as_str() {
        "UpdateService" => Reply::ok(json!({"service": {"serviceArn": "arn:service", "deployments": [
            {"id": "ecs-svc/8", "status": "PRIMARY", "createdAt": 1615993149.646}]}})),
        _ => Reply::text(200, "{}"),
    })
    .await;
    let resource = resource(json!({"desiredCount": 2}));
    let Spec::EcsService(declared) = &resource.spec else { panic!("a service") };
    let task_definition =
        json!({"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2"}});
    let observation = ServiceObservation {
        service: Observed::Present(json!({
            "serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/shop/web", "status": "ACTIVE", "desiredCount": 2,
            "taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:1", "tags": [],
            "deployments": [{"id": "ecs-svc/7", "status": "PRIMARY", "rolloutState": "COMPLETED"}],
        })),
        task_definition: Some(
            json!({"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:1"}}),
        ),
        candidates: Observed::Absent,
        base: Observed::Present(task_definition),
        service_deployments: vec![],
        service_revisions: vec![],
        stopped_tasks: vec![],
        now: NOW,
    };
    let context = Context {
        agent: "production",
        source_hash: "5f2c",
        revision: "c1",
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        equal: false,
        retry: false,
    };
    let plan = driftless_core::plan::ecs::plan(&resource, declared, &observation, &context);
    let [Step::Ecs(update)] = plan.steps.as_slice() else { panic!("{plan:#?}") };
    server.ecs().await.apply(update, None).await.unwrap();
    let sent = server.sent();
    let actions: Vec<&str> = sent.iter().map(|sent| sent.action.as_str()).collect();
    assert_eq!(actions, ["UpdateService", "TagResource"]);
    let body = sent[1].json();
    assert_eq!(body["resourceArn"], "arn:aws:ecs:eu-central-1:123456789012:service/shop/web");
    let tags = driftless_core::plan::tags::read(Some(&body["tags"]));
    assert!(tags["driftless:written"].contains(" 1 ecs-svc/8 1615993149 "), "{tags:?}");
    assert_eq!((tags["driftless:agent"].as_str(), tags["driftless:revision"].as_str()), ("production", "c1"));
}

#[tokio::test]
async fn each_step_is_one_call_of_its_own_action() {
    let server = Server::start(|sent| match sent.action.as_str() {
        "StopServiceDeployment" => Reply::ok(json!({"serviceDeploymentArn": "arn:deployment"})),
        "TagResource" => Reply::text(200, "{}"),
        _ => Reply::text(200, ""),
    })
    .await;
    let ecs = server.ecs().await;
    let tag = json!({"resourceArn": "arn:service", "tags": [{"key": "a", "value": "b"}]});
    let steps = [
        (EcsStep::TagResource { document: document(tag.clone()) }, tag, None),
        (
            EcsStep::UntagResource { document: document(json!({"resourceArn": "arn:service", "tagKeys": ["a"]})) },
            json!({"resourceArn": "arn:service", "tagKeys": ["a"]}),
            None,
        ),
        (
            EcsStep::StopServiceDeployment {
                document: document(json!({"serviceDeploymentArn": "arn:deployment", "stopType": "ROLLBACK"})),
            },
            json!({"serviceDeploymentArn": "arn:deployment", "stopType": "ROLLBACK"}),
            Some("arn:deployment".to_owned()),
        ),
    ];
    for (index, (step, body, arn)) in steps.into_iter().enumerate() {
        assert_eq!(ecs.apply(&step, None).await.unwrap().arn, arn);
        let sent = &server.sent()[index];
        assert_eq!((sent.action.as_str(), sent.json()), (step.action(), body));
    }
    assert_eq!(server.sent().len(), 3);
}

#[tokio::test]
async fn a_revision_that_was_never_registered_is_not_sent() {
    let server = Server::start(|_| Reply::text(200, "{}")).await;
    let step = EcsStep::CreateService {
        document: Document::new(),
        task_definition: TaskDefinitionRef::Registered,
        memory: Box::default(),
    };
    assert_eq!(server.ecs().await.apply(&step, None).await.unwrap_err().label(), "invalid");
    assert!(server.sent().is_empty());
}

#[tokio::test]
async fn an_error_is_read_from_the_raw_answer_and_sent_once() {
    let table = [
        (Reply::error(400, "com.amazonaws.ecs#ThrottlingException", "Rate exceeded"), "throttled", "ThrottlingException"),
        (Reply::error(400, "ClusterNotFoundException", "Cluster not found."), "not_found", "ClusterNotFoundException"),
        (Reply::error(500, "ServerException", "oops"), "unavailable", "ServerException"),
        (Reply::error(400, "AddedNextMonthException", "no"), "invalid", "AddedNextMonthException"),
        (Reply::error(400, "UnknownOperationException", ""), "invalid", "UnknownOperationException"),
    ];
    for (reply, label, code) in table {
        let server = Server::start(move |_| reply.clone()).await;
        let error = server.ecs().await.apply(&register(json!({"family": "web"})), None).await.unwrap_err();
        assert_eq!((error.label(), error.code()), (label, Some(code)));
        assert!(error.to_string().contains("RegisterTaskDefinition of the family web"), "{error}");
        assert!(error.to_string().contains("req-1"), "{error}");
        assert_eq!(server.sent().len(), 1, "the SDK does not retry");
    }
}

#[tokio::test]
async fn an_answer_that_the_sdk_cannot_parse_still_counts() {
    // `revision` is a number for the SDK.
    let body = r#"{"taskDefinition": {"taskDefinitionArn": "arn:web:3", "revision": {"not": "a number"}}}"#;
    let server = Server::start(move |_| Reply::text(200, body)).await;
    let applied = server.ecs().await.apply(&register(json!({"family": "web"})), None).await.unwrap();
    assert_eq!(applied.arn.as_deref(), Some("arn:web:3"));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_not_taken_for_aws() {
    let server = Server::start(|_| Reply::text(200, "<html>please log in</html>")).await;
    let error = server.ecs().await.apply(&register(json!({"family": "web"})), None).await.unwrap_err();
    assert_eq!(error.label(), "unavailable");
    assert!(error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_the_document_stays_out_of_the_message() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::start(|_| Reply::text(200, "")).await;
    let mut configured = server.configured(None);
    configured.endpoint_url = Some(url);
    let options = Options::new(1.0).with_static_credentials("AKIDEXAMPLE", "top-secret-key");
    let target = Target::connect(&configured, std::path::Path::new("/"), &options).await.unwrap();
    let step = register(json!({"family": "web", "containerDefinitions": [{"environment": [{"name": "A", "value": "hush"}]}]}));
    let error = Ecs::new(&target).apply(&step, None).await.unwrap_err();
    assert_eq!(error.label(), "unavailable");
    let message = error.to_string();
    assert!(message.contains("the call may have had its effect"), "{message}");
    assert!(!message.contains("hush") && !message.contains("top-secret-key"), "{message}");
}

#[tokio::test]
async fn a_token_is_taken_before_each_call() {
    let server = Server::start(|_| registered()).await;
    let ecs = server.ecs().await;
    for _ in 0..10 {
        ecs.apply(&register(json!({"family": "web"})), None).await.unwrap();
    }
    let step = register(json!({"family": "web"}));
    let eleventh = ecs.apply(&step, None);
    assert!(tokio::time::timeout(Duration::from_millis(300), eleventh).await.is_err(), "half of the burst of 20 has passed");
    assert_eq!(server.sent().len(), 10, "nothing is sent without a token");
}

#[tokio::test]
async fn a_throttle_slows_the_bucket_it_belongs_to() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::error(400, "ThrottlingException", "Rate exceeded"),
        _ => Reply::ok(json!({"service": {}})),
    })
    .await;
    let ecs = server.ecs().await;
    let update = EcsStep::UpdateService { document: document(json!({"service": "web"})), task_definition: None, memory: None };
    assert_eq!(ecs.apply(&update, None).await.unwrap_err().label(), "throttled");
    let before = Instant::now();
    ecs.apply(&update, None).await.unwrap();
    // Emptied, and 2.5 a second for a while.
    assert!(before.elapsed() >= Duration::from_millis(380), "{:?}", before.elapsed());
}
