//! Which reads one look makes, in which form they come out, and what a failed one means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use driftless_core::desired::Rollout;

use super::*;
use crate::aws::fixtures::{NOW, Reply, Sent, Server};

const NOTHING: Wants =
    Wants { candidates: false, base: false, service_deployments: false, service_revisions: false, stopped_tasks: false };
const EVERYTHING: Wants =
    Wants { candidates: true, base: true, service_deployments: true, service_revisions: true, stopped_tasks: true };

const FAMILY: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web";

fn declared(task_definition: TaskDefinition) -> EcsService {
    EcsService {
        cluster: "shop".to_owned(),
        service_name: "web".to_owned(),
        task_definition,
        images: BTreeMap::new(),
        service: Default::default(),
        rollout: Rollout::default(),
        ignore: Vec::new(),
        removed: Vec::new(),
    }
}

fn web() -> EcsService {
    declared(TaskDefinition::Document(json!({"family": "web"}).as_object().unwrap().into()))
}

fn family(revision: Option<u64>) -> EcsService {
    declared(TaskDefinition::Family { family: "web".to_owned(), revision })
}

/// A small account: one service that runs `web:3`, with three deployments and two stopped tasks. A test overrides
/// single actions through `other`.
async fn account(other: impl Fn(&Sent) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |sent| other(sent).unwrap_or_else(|| usual(sent))).await
}

fn usual(sent: &Sent) -> Reply {
    let body = sent.json();
    match sent.action.as_str() {
        "DescribeServices" => Reply::ok(json!({"services": [{
            "serviceName": "web", "status": "ACTIVE", "taskDefinition": format!("{FAMILY}:3"),
            "currentServiceDeployment": "arn:deployment/3", "currentServiceRevisions": [{"arn": "arn:revision/3"}],
        }]})),
        "DescribeTaskDefinition" => {
            let name = body["taskDefinition"].as_str().unwrap();
            let revision = name.rsplit(':').next().and_then(|digits| digits.parse().ok()).unwrap_or(4);
            Reply::ok(json!({
                "taskDefinition": {"taskDefinitionArn": format!("{FAMILY}:{revision}"), "revision": revision, "status": "ACTIVE"},
                "tags": [{"key": "team", "value": "a"}],
            }))
        }
        "ListTaskDefinitions" => Reply::ok(json!({"taskDefinitionArns": [
            format!("{FAMILY}:9"), format!("{FAMILY}:10"), format!("{FAMILY}-admin:77"), format!("{FAMILY}:2"),
        ]})),
        "ListServiceDeployments" => Reply::ok(json!({"serviceDeployments": [
            {"serviceDeploymentArn": "arn:deployment/1", "createdAt": 100.0},
            {"serviceDeploymentArn": "arn:deployment/3", "createdAt": 300.5},
            {"serviceDeploymentArn": "arn:deployment/2", "createdAt": 200.0},
        ]})),
        "DescribeServiceDeployments" => Reply::ok(json!({"serviceDeployments": [
            {"serviceDeploymentArn": "arn:deployment/1", "createdAt": 100.0, "targetServiceRevision": {"arn": "arn:revision/1"}},
            {"serviceDeploymentArn": "arn:deployment/3", "createdAt": 300.5, "targetServiceRevision": {"arn": "arn:revision/3"}},
            {"serviceDeploymentArn": "arn:deployment/2", "createdAt": 200.0, "targetServiceRevision": {"arn": "arn:revision/2"}},
        ]})),
        "DescribeServiceRevisions" => {
            let arns = body["serviceRevisionArns"].as_array().unwrap();
            let revisions: Vec<Value> = arns.iter().map(|arn| json!({"serviceRevisionArn": arn})).collect();
            Reply::ok(json!({"serviceRevisions": revisions}))
        }
        "ListTasks" => Reply::ok(json!({"taskArns": ["arn:task/a", "arn:task/b"]})),
        "DescribeTasks" => Reply::ok(
            json!({"tasks": [{"taskArn": "arn:task/a", "stoppedAt": 1.0}, {"taskArn": "arn:task/b", "stoppedAt": 2.0}]}),
        ),
        action => panic!("{action} is not scripted"),
    }
}

fn failing(action: &'static str, reply: Reply) -> impl Fn(&Sent) -> Option<Reply> + Send + Sync + 'static {
    move |sent| (sent.action == action).then(|| reply.clone())
}

fn revisions(found: &[Value]) -> Vec<u64> {
    found.iter().map(|answer| answer["taskDefinition"]["revision"].as_u64().unwrap()).collect()
}

fn arns(found: &[Value], member: &str) -> Vec<String> {
    found.iter().map(|value| value[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_unchanged_service_is_one_call_once_its_revision_is_known() {
    let server = account(|_| None).await;
    let ecs = server.ecs().await;
    for _ in 0..3 {
        let observation = ecs.observe_with(&web(), |_, _| NOTHING).await;
        assert!(observation.service.present().is_some());
        let definition = observation.task_definition.unwrap();
        assert_eq!(
            definition,
            json!({
                "taskDefinition": {"taskDefinitionArn": format!("{FAMILY}:3"), "revision": 3}, "tags": [],
            })
        );
        assert_eq!(observation.now, NOW);
    }
    assert_eq!(server.actions(), ["DescribeServices", "DescribeTaskDefinition", "DescribeServices", "DescribeServices"]);
    assert_eq!(server.sent()[1].json(), json!({"taskDefinition": format!("{FAMILY}:3"), "include": ["TAGS"]}));
}

#[tokio::test]
async fn where_tags_of_the_revision_count_they_are_read_anew() {
    let server = account(|_| None).await;
    let ecs = server.ecs().await;
    ecs.observe_with(&web(), |_, _| NOTHING).await;
    let document = json!({"family": "web", "tags": []});
    let tagged = declared(TaskDefinition::Document(document.as_object().unwrap().into()));
    let mut overridden = family(None);
    overridden.images.insert("app".to_owned(), "web:2".to_owned());
    for service in [tagged, overridden] {
        let observation = ecs.observe_with(&service, |_, _| NOTHING).await;
        assert_eq!(observation.task_definition.unwrap()["tags"], json!([{"key": "team", "value": "a"}]));
    }
    assert_eq!(server.actions().iter().filter(|action| *action == "DescribeTaskDefinition").count(), 3);
}

#[tokio::test]
async fn the_wants_are_decided_on_the_service_and_its_revision() {
    let server = account(|_| None).await;
    let mut seen = None;
    server
        .ecs()
        .await
        .observe_with(&web(), |service, definition| {
            seen = Some((service.present().is_some(), definition.is_some()));
            NOTHING
        })
        .await;
    assert_eq!(seen, Some((true, true)));
}

#[tokio::test]
async fn candidates_are_the_familys_newest_revisions_with_their_tags() {
    let server = account(|_| None).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| Wants { candidates: true, ..NOTHING }).await;
    let Observed::Present(found) = observation.candidates else { panic!("{:?}", observation.candidates) };
    assert_eq!(revisions(&found), [10, 9, 2], "newest first, and no other family's");
    assert_eq!(found[0]["tags"], json!([{"key": "team", "value": "a"}]));
    let list = server.sent().into_iter().find(|sent| sent.action == "ListTaskDefinitions").unwrap();
    assert_eq!(list.json(), json!({"familyPrefix": "web", "status": "ACTIVE", "sort": "DESC", "maxResults": 10}));
}

#[tokio::test]
async fn a_candidate_that_went_meanwhile_is_left_out_and_a_failed_read_makes_them_unknown() {
    let gone = |sent: &Sent| {
        let name = sent.body.windows(3).any(|bytes| bytes == b":10");
        (sent.action == "DescribeTaskDefinition" && name)
            .then(|| Reply::error(400, "ClientException", "Unable to describe task definition."))
    };
    let server = account(gone).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    assert_eq!(revisions(observation.candidates.present().unwrap()), [9, 2]);
    let server = account(failing("ListTaskDefinitions", Reply::error(400, "AccessDeniedException", "no"))).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    assert!(matches!(&observation.candidates, Observed::Unknown(why) if why.contains("ecs:ListTaskDefinitions")));
    assert!(observation.service.present().is_some());
}

#[tokio::test]
async fn a_family_is_followed_at_its_newest_revision_or_pinned() {
    let server = account(|_| None).await;
    let ecs = server.ecs().await;
    let base = async |service: EcsService| ecs.observe_with(&service, |_, _| Wants { base: true, ..NOTHING }).await.base;
    assert_eq!(revisions(&[base(family(None)).await.present().unwrap().clone()]), [4]);
    assert_eq!(server.sent().last().unwrap().json()["taskDefinition"], "web");
    assert_eq!(revisions(&[base(family(Some(2))).await.present().unwrap().clone()]), [2]);
    assert_eq!(server.sent().last().unwrap().json()["taskDefinition"], "web:2");
}

#[tokio::test]
async fn a_family_that_does_not_exist_is_absent_and_one_that_cannot_be_read_is_unknown() {
    let missing = Reply::error(400, "ClientException", "Unable to describe task definition.");
    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    for (reply, absent) in [(missing, true), (throttled, false)] {
        let server = account(move |sent| {
            (sent.action == "DescribeTaskDefinition" && sent.json()["taskDefinition"] == "web").then(|| reply.clone())
        })
        .await;
        let observation = server.ecs().await.observe_with(&family(None), |_, _| EVERYTHING).await;
        assert_eq!(observation.base == Observed::Absent, absent);
        assert_eq!(matches!(&observation.base, Observed::Unknown(why) if why.contains("Rate exceeded")), !absent);
    }
}

#[tokio::test]
async fn deployments_revisions_and_stopped_tasks_come_newest_first() {
    let server = account(|_| None).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    assert_eq!(
        arns(&observation.service_deployments, "serviceDeploymentArn"),
        ["arn:deployment/3", "arn:deployment/2", "arn:deployment/1"]
    );
    assert_eq!(
        arns(&observation.service_revisions, "serviceRevisionArn"),
        ["arn:revision/3", "arn:revision/2", "arn:revision/1"]
    );
    assert_eq!(arns(&observation.stopped_tasks, "taskArn"), ["arn:task/b", "arn:task/a"]);
    let sent = server.sent();
    let body = |action: &str| sent.iter().find(|sent| sent.action == action).unwrap().json();
    assert_eq!(body("ListServiceDeployments"), json!({"cluster": "shop", "service": "web", "maxResults": 100}));
    assert_eq!(
        body("ListTasks"),
        json!({"cluster": "shop", "serviceName": "web", "desiredStatus": "STOPPED", "maxResults": 100})
    );
    assert_eq!(body("DescribeTasks"), json!({"cluster": "shop", "tasks": ["arn:task/a", "arn:task/b"]}));
}

/// The list promises no order, and a page may be full of old ones.
#[tokio::test]
async fn the_current_deployment_is_described_even_where_the_list_leaves_it_out() {
    let old: Vec<Value> =
        (0..100).map(|number| json!({"serviceDeploymentArn": format!("arn:old/{number}"), "createdAt": number})).collect();
    let server = account(failing("ListServiceDeployments", Reply::ok(json!({"serviceDeployments": old})))).await;
    server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    let described = server.sent().into_iter().find(|sent| sent.action == "DescribeServiceDeployments").unwrap().json();
    let arns = described["serviceDeploymentArns"].as_array().unwrap();
    assert_eq!((arns.len(), &arns[0], &arns[1]), (11, &json!("arn:deployment/3"), &json!("arn:old/99")));
}

#[tokio::test]
async fn a_failed_read_of_deployments_blocks_the_service() {
    for action in ["ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeTaskDefinition"] {
        let server = account(failing(action, Reply::error(400, "ThrottlingException", "Rate exceeded"))).await;
        let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
        assert!(matches!(&observation.service, Observed::Unknown(why) if why.contains(action)), "{action}: {observation:?}");
    }
}

#[tokio::test]
async fn a_failed_read_of_stopped_tasks_blocks_nothing() {
    let server = account(failing("ListTasks", Reply::error(400, "AccessDeniedException", "no"))).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    assert!(observation.service.present().is_some() && observation.stopped_tasks.is_empty());
}

#[tokio::test]
async fn a_server_without_service_deployments_is_asked_once() {
    let html = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>";
    let moto = Reply { headers: vec![("content-type", "text/html".to_owned())], ..Reply::text(500, html) };
    let replies = [
        moto,
        Reply::error(400, "UnknownOperationException", "no such"),
        Reply::error(400, "InvalidAction", "Unknown ECS action"),
        Reply::error(501, "NotImplemented", "not yet"),
        Reply::text(404, ""),
    ];
    for reply in replies {
        let server = account(failing("ListServiceDeployments", reply.clone())).await;
        let ecs = server.ecs().await;
        for _ in 0..2 {
            let observation = ecs.observe_with(&web(), |_, _| Wants { service_deployments: true, ..NOTHING }).await;
            assert!(observation.service.present().is_some(), "{reply:?}: {:?}", observation.service);
            assert!(observation.service_deployments.is_empty());
        }
        assert_eq!(server.actions().iter().filter(|action| *action == "ListServiceDeployments").count(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_failure_of_aws_is_not_taken_for_a_missing_action() {
    let server = account(failing("ListServiceDeployments", Reply::text(500, "<html>oops</html>"))).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| EVERYTHING).await;
    assert!(matches!(observation.service, Observed::Unknown(_)), "it has a request id, so it is AWS's");
}

#[tokio::test]
async fn an_inactive_service_is_present_and_nothing_of_it_is_read() {
    let inactive = json!({"services": [{"serviceName": "web", "status": "INACTIVE", "taskDefinition": format!("{FAMILY}:3")}]});
    let server = account(failing("DescribeServices", Reply::ok(inactive))).await;
    let observation = server.ecs().await.observe_with(&web(), |_, _| Wants { candidates: false, ..EVERYTHING }).await;
    assert_eq!(observation.service.present().unwrap()["status"], "INACTIVE");
    assert_eq!(server.actions(), ["DescribeServices"]);
}

#[tokio::test]
async fn an_unknown_service_is_not_looked_at_further() {
    let server = account(failing("DescribeServices", Reply::error(400, "ThrottlingException", "Rate exceeded"))).await;
    let asked = Arc::new(Mutex::new(false));
    let kept = asked.clone();
    let wants = move |_: &Observed<Value>, _: Option<&Value>| {
        *kept.lock().unwrap() = true;
        EVERYTHING
    };
    let observation = server.ecs().await.observe_with(&web(), wants).await;
    assert!(matches!(observation.service, Observed::Unknown(_)));
    assert!(!*asked.lock().unwrap() && server.actions() == ["DescribeServices"]);
}
