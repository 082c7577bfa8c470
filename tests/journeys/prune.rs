//! What leaves the source is deleted in AWS where `reconcile.prune` says so, and nothing else ever is.

use driftless_simulator::{Fault, On, StackFailure, When};
use serde_json::json;

use crate::killing::{kill_at, killed};
use crate::world::{World, service};

async fn pruning() -> World {
    let mut world = World::start().await;
    world.prune = true;
    world
}

fn plain(name: &str) -> String {
    service(name, &format!("registry.example.com/{name}:1"), "")
}

/// The status of the service; `INACTIVE` when it is gone for good.
async fn status(world: &World, name: &str) -> String {
    world.service(name).await["status"].as_str().unwrap_or("MISSING").to_owned()
}

async fn deployed(world: &World, names: &[&str]) -> String {
    let texts: Vec<(String, String)> = names.iter().map(|name| (format!("{name}.yaml"), plain(name))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let sha = world.commit(&files);
    world.ends_as(&sha, "success").await;
    sha
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_leaves_the_source_is_deleted() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "old"]).await;
    let sha = world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    world.ends_as(&sha, "success").await;
    world.until("the old service is gone", async || status(&world, "old").await == "INACTIVE").await;
    assert_eq!(status(&world, "web").await, "ACTIVE");
    assert_eq!(world.count("DeleteService"), 1);
    world.until("its status is forgotten", async || agent.reconciler.statuses().len() == 1).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_agent_finds_what_left_while_it_was_away_also_in_a_cluster_that_nobody_names_any_more() {
    let world = pruning().await;
    world.call("CreateCluster", json!({"clusterName": "attic"})).await;
    let agent = world.agent().await;
    let attic = plain("old").replace("cluster: shop", "cluster: attic");
    let first = world.commit(&[("web.yaml", &plain("web")), ("old.yaml", &attic)]);
    world.ends_as(&first, "success").await;
    agent.stop().await;
    world.commit_saying(&[("old.yaml", None)], "Retire the attic");
    let agent = world.agent().await;
    world
        .until("the attic is empty", async || {
            let body = json!({"cluster": "attic", "services": ["old"]});
            world.call("DescribeServices", body).await["services"][0]["status"] == "INACTIVE"
        })
        .await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_prune_what_leaves_stays() {
    let world = World::start().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "old"]).await;
    let sha = world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    world.ends_as(&sha, "success").await;
    world.pass(120.0).await;
    assert_eq!(status(&world, "old").await, "ACTIVE");
    assert_eq!(world.count("ListClusters"), 0);
    assert!(world.count("GetResources") <= 1, "once, where something was made that may have moved");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_service_gets_its_new_one_before_the_old_one_goes() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "shop"]).await;
    let sha = world.commit_saying(&[("web.yaml", None), ("site.yaml", Some(&plain("site")))], "Rename web to site");
    world.ends_as(&sha, "success").await;
    world.until("the old name is gone", async || status(&world, "web").await == "INACTIVE").await;
    assert_eq!(status(&world, "site").await, "ACTIVE");
    let calls = world.simulator.calls();
    let of = |action: &str| calls.iter().filter(|call| call.action == action).map(|call| call.at).fold(0.0, f64::max);
    assert!(of("CreateService") < of("DeleteService"));
    agent.stop().await;
}

/// `web`, in this cluster and under this name.
fn web(cluster: &str, name: &str) -> String {
    plain("web")
        .replace("cluster: shop", &format!("cluster: {cluster}"))
        .replace("  service:\n    inline:\n", &format!("  service:\n    inline:\n      serviceName: {name}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_moves_to_another_cluster_or_name_leaves_nothing_behind() {
    let world = pruning().await;
    world.call("CreateCluster", json!({"clusterName": "attic"})).await;
    let agent = world.agent().await;
    let first = world.commit(&[("web.yaml", &web("shop", "web")), ("api.yaml", &plain("api"))]);
    world.ends_as(&first, "success").await;
    for (cluster, name, from) in [("attic", "web", ("shop", "web")), ("attic", "site", ("attic", "web"))] {
        let sha = world.commit(&[("web.yaml", &web(cluster, name))]);
        world.ends_as(&sha, "success").await;
        world
            .until("what it moved from is gone", async || {
                let body = json!({"cluster": from.0, "services": [from.1]});
                world.call("DescribeServices", body).await["services"][0]["status"] == "INACTIVE"
            })
            .await;
        let body = json!({"cluster": cluster, "services": [name]});
        assert_eq!(world.call("DescribeServices", body).await["services"][0]["status"], "ACTIVE");
        let calls = world.simulator.calls();
        let of = |action: &str| calls.iter().filter(|call| call.action == action).map(|call| call.at).fold(0.0, f64::max);
        assert!(of("CreateService") < of("DeleteService"), "the new one comes first");
        world
            .until("the status tells it", async || {
                let statuses = agent.reconciler.statuses();
                let web = statuses.iter().find(|status| status.resource.name == "web").expect("a status").clone();
                web.reason == "Ready"
                    && web.message.ends_with(&format!(
                        "moved from service `{}` of the cluster `{}` to service `{name}` of the cluster `{cluster}`; the old one is deleted",
                        from.1, from.0
                    ))
            })
            .await;
    }
    assert_eq!((world.count("DeleteService"), status(&world, "api").await.as_str()), (2, "ACTIVE"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_agent_and_apply_find_what_something_moved_from_and_plan_tells_it_as_one_move() {
    let world = pruning().await;
    world.commit(&[("web.yaml", &web("shop", "web")), ("api.yaml", &plain("api"))]);
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{said}");
    world.commit(&[("web.yaml", &web("shop", "site"))]);
    let (code, said) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{said}");
    let line = "EcsService/web: moves from service `web` of the cluster `shop` to service `site` of the cluster `shop`; the old one is \
                deleted when the new one is Ready";
    assert!(said.contains(line) && said.ends_with("1 to create, 1 unchanged, 1 to delete\n"), "{said}");
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!((status(&world, "web").await.as_str(), status(&world, "site").await.as_str()), ("INACTIVE", "ACTIVE"));
    let before = world.simulator.mutations();
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!((code, world.simulator.mutations()), (0, before), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_prune_what_something_moved_from_is_named_and_left() {
    let world = World::start().await;
    let agent = world.agent().await;
    let first = world.commit(&[("web.yaml", &web("shop", "web")), ("api.yaml", &plain("api"))]);
    world.ends_as(&first, "success").await;
    agent.stop().await;
    let sha = world.commit(&[("web.yaml", &web("shop", "site"))]);
    let told = "from service `web` of the cluster `shop` to service `site` of the cluster `shop`; the old one is left in AWS";
    let (_, said) = world.command(&["plan"]).await;
    assert!(said.contains(&format!("EcsService/web: moves {told}")), "{said}");
    let agent = world.agent().await;
    world.ends_as(&sha, "success").await;
    world
        .until("the status names it", async || {
            agent.reconciler.statuses().iter().any(|status| status.message.contains(&format!("moved {told}")))
        })
        .await;
    assert_eq!((status(&world, "web").await.as_str(), world.count("DeleteService")), ("ACTIVE", 0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_moves_takes_its_own_objects_along_and_no_versions() {
    let world = pruning().await;
    world.simulator.create_bucket("pages");
    let agent = world.agent().await;
    let version = ARTIFACT.replace("name: site", "name: app").replace("prefix: site/", "prefix: \"${git.shortSha}/\"");
    let first = world.commit(&[("site.yaml", ARTIFACT), ("app.yaml", &version), ("site/index.html", "<h1>Shop</h1>")]);
    world.ends_as(&first, "success").await;
    world.simulator.put_object("pages", "site/theirs.html", "<h1>Not ours</h1>");
    let sha = world.commit(&[("site.yaml", &ARTIFACT.replace("prefix: site/", "prefix: www/"))]);
    world.ends_as(&sha, "success").await;
    let (one, other) = (format!("{}/index.html", &first[..8]), format!("{}/index.html", &sha[..8]));
    let mut expected = vec![one, other, "site/theirs.html".to_owned(), "www/index.html".to_owned()];
    expected.sort();
    world.until("the old page is gone", async || world.simulator.keys("pages") == expected).await;
    agent.stop().await;
}

/// Two commits later, with nobody looking, the artifact has another key.
fn moved_unseen(world: &World) -> String {
    world.commit(&[("app.yaml", &artifact("shop.zip")), ("web.yaml", &service("web", "web:1", ""))]);
    world.commit(&[("web.yaml", &service("web", "web:2", ""))])
}

fn artifact(key: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {{name: app}}\nspec: {{source: {{path: app.txt}}, bucket: releases, key: {key}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_moved_while_nobody_looked_leaves_nothing_behind_and_plan_tells_it() {
    let world = pruning().await;
    world.simulator.create_bucket("releases");
    world.simulator.put_object("releases", "others.zip", b"somebody else's".to_vec());
    let first = world.commit(&[("app.yaml", &artifact("app.zip")), ("app.txt", "hello")]);
    let agent = world.agent().await;
    world.ends_as(&first, "success").await;
    agent.stop().await;
    let last = moved_unseen(&world);
    let (code, said) = world.command(&["plan"]).await;
    let moves = "s3://releases/app.zip to s3://releases/shop.zip";
    assert!(code == 1 && said.contains(moves), "{said}");
    // Killed once it has pushed, and before it has deleted.
    let agent = crate::killing::kill_at(&world, "DeleteObject", driftless_simulator::When::Before).await;
    world.ends_as(&last, "success").await;
    world.until("what it moved from is gone", async || world.simulator.object("releases", "app.zip").is_none()).await;
    assert!(
        world.simulator.object("releases", "shop.zip").is_some() && world.simulator.object("releases", "others.zip").is_some()
    );
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_prune_what_an_artifact_moved_from_while_nobody_looked_is_named_and_left() {
    let mut world = World::start().await;
    world.prune = false;
    world.simulator.create_bucket("releases");
    let first = world.commit(&[("app.yaml", &artifact("app.zip")), ("app.txt", "hello")]);
    let agent = world.agent().await;
    world.ends_as(&first, "success").await;
    agent.stop().await;
    moved_unseen(&world);
    let told = "from s3://releases/app.zip to s3://releases/shop.zip; the old one is left in AWS";
    let (_, said) = world.command(&["plan"]).await;
    assert!(said.contains(&format!("S3Artifact/app: moves {told}")), "{said}");
    // The next agent as well: nothing in AWS has changed.
    for _ in 0..2 {
        let agent = world.agent().await;
        let said = || agent.reconciler.statuses().into_iter().find(|status| status.resource.name == "app").map(|one| one.message);
        world.until("it says what is left", async || said().is_some_and(|said| said.contains(&format!("moved {told}")))).await;
        agent.stop().await;
    }
    assert!(world.simulator.object("releases", "app.zip").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_of_the_manifest_alone_deletes_nothing() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "shop"]).await;
    let renamed = plain("web")
        .replace("metadata: {name: web}", "metadata: {name: site}")
        .replace("  service:\n    inline:\n", "  adopt: force\n  service:\n    inline:\n      serviceName: web\n");
    let sha = world.commit_saying(&[("web.yaml", None), ("site.yaml", Some(&renamed))], "Call it site");
    world.ends_as(&sha, "success").await;
    world.pass(120.0).await;
    assert_eq!((status(&world, "web").await.as_str(), world.count("DeleteService")), ("ACTIVE", 0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_file_an_emptied_repository_and_one_that_does_not_parse_delete_nothing() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "shop"]).await;
    let moved = world.commit_saying(&[("web.yaml", None), ("sites/web.yaml", Some(&plain("web")))], "Move it");
    world.ends_as(&moved, "success").await;
    world.pass(60.0).await;
    let broken = world.commit_saying(&[("sites/web.yaml", None), ("broken.yaml", Some("a: [\n"))], "Break it");
    world.ends_as(&broken, "failed").await;
    world.pass(120.0).await;
    let empty = world.commit_saying(&[("broken.yaml", None), ("shop.yaml", None), ("README.md", Some("empty"))], "Empty it");
    world.ends_as(&empty, "success").await;
    world.pass(120.0).await;
    assert_eq!(world.count("DeleteService"), 0);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_while_something_declared_is_not_ready() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "old"]).await;
    let bad = service("web", "registry.example.com/web:2-crash", crate::world::CAREFUL);
    let sha = world.commit_saying(&[("old.yaml", None), ("web.yaml", Some(&bad))], "Break web, and retire old");
    world.ends_as(&sha, "failed").await;
    world.pass(180.0).await;
    assert_eq!(status(&world, "old").await, "ACTIVE");
    let fixed = world.commit(&[("web.yaml", &service("web", "registry.example.com/web:3", crate::world::CAREFUL))]);
    world.ends_as(&fixed, "success").await;
    world.until("the old service is gone", async || status(&world, "old").await == "INACTIVE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_annotation_keeps_a_service_that_leaves() {
    let world = pruning().await;
    let agent = world.agent().await;
    let kept = plain("old").replace("metadata: {name: old}", "metadata: {name: old, annotations: {driftless/prune: disabled}}");
    let sha = world.commit(&[("web.yaml", &plain("web")), ("old.yaml", &kept)]);
    world.ends_as(&sha, "success").await;
    let sha = world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    world.ends_as(&sha, "success").await;
    world.pass(120.0).await;
    assert_eq!((status(&world, "old").await.as_str(), world.count("DeleteService")), ("ACTIVE", 0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn much_at_once_goes_only_when_the_commit_says_so() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "o1", "o2", "o3", "o4", "o5", "o6"]).await;
    let leaving: Vec<String> = (1..=6).map(|index| format!("o{index}.yaml")).collect();
    let files: Vec<(&str, Option<&str>)> = leaving.iter().map(|path| (path.as_str(), None)).collect();
    let sha = world.commit_saying(&files, "Retire six of seven");
    world.ends_as(&sha, "success").await;
    world.pass(120.0).await;
    assert_eq!(world.count("DeleteService"), 0);
    let told = world.commit_saying(&[("README.md", Some("meant"))], "Mean it\n\nDriftless-Prune: all\n");
    world.ends_as(&told, "success").await;
    world.until("six are gone", async || world.count("DeleteService") == 6).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_aws_refuses_is_told_and_tried_again() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "old"]).await;
    let refusal = Fault {
        action: "DeleteService".into(),
        code: "AccessDeniedException".into(),
        status: 400,
        message: "User: arn:aws:sts::123456789012:assumed-role/driftless/x is not authorized to perform: ecs:DeleteService"
            .into(),
        times: Some(1),
        ..Fault::default()
    };
    world.simulator.add_fault(refusal);
    let sha = world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    world.ends_as(&sha, "success").await;
    world
        .until("the failure is told", async || {
            let statuses = agent.reconciler.statuses();
            statuses.iter().any(|status| status.reason == "PruneFailed" && status.message.contains("grant `ecs:DeleteService`"))
        })
        .await;
    world.until("the old service is gone", async || status(&world, "old").await == "INACTIVE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_deletes_nothing() {
    let world = pruning().await;
    let agent = world.agent().await;
    deployed(&world, &["web", "old"]).await;
    let fault = |action: &str| Fault { action: action.into(), code: "ServerException".into(), status: 500, ..Fault::default() };
    world.simulator.add_fault(fault("GetResources"));
    world.simulator.add_fault(fault("ListClusters"));
    let sha = world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    world.ends_as(&sha, "success").await;
    world.pass(180.0).await;
    assert_eq!(world.count("DeleteService"), 0);
    world.simulator.clear_faults();
    world.until("the old service is gone", async || status(&world, "old").await == "INACTIVE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_prunes_and_plan_says_so_first() {
    let world = pruning().await;
    world.commit(&[("web.yaml", &plain("web")), ("old.yaml", &plain("old"))]);
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{said}");
    world.commit_saying(&[("old.yaml", None)], "Retire the old one");
    let (code, said) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("EcsService/old: to be deleted") && said.ends_with("1 unchanged, 1 to delete\n"), "{said}");
    assert_eq!(world.count("DeleteService"), 0);
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(status(&world, "old").await, "INACTIVE");
    let before = world.simulator.mutations();
    let (code, said) = world.command(&["apply"]).await;
    assert_eq!((code, world.simulator.mutations()), (0, before), "{said}");
}

const ARTIFACT: &str = "apiVersion: driftless/v1alpha1
kind: S3Artifact
metadata: {name: site}
spec:
  source: {path: site}
  bucket: pages
  prefix: site/
";

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_leaves_the_source_takes_its_own_objects_along_and_no_others() {
    let world = pruning().await;
    world.simulator.create_bucket("pages");
    let agent = world.agent().await;
    let files = [("web.yaml", plain("web")), ("site.yaml", ARTIFACT.into()), ("site/index.html", "<h1>Shop</h1>".into())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text): &(&str, String)| (*path, text.as_str())).collect();
    let sha = world.commit(&files);
    world.ends_as(&sha, "success").await;
    world.simulator.put_object("pages", "site/theirs.html", "<h1>Not ours</h1>");
    let sha = world.commit_saying(&[("site.yaml", None)], "Take the site down");
    world.ends_as(&sha, "success").await;
    world.until("our page is gone", async || world.simulator.keys("pages") == ["site/theirs.html"]).await;
    agent.stop().await;
}

const STACK: &str = "apiVersion: driftless/v1alpha1
kind: CloudFormationStack
metadata: {name: queue}
spec:
  deletionPolicy: delete
  template:
    inline:
      Resources: {Queue: {Type: \"AWS::SQS::Queue\"}}
";

async fn stacks(world: &World) -> Vec<String> {
    let answer = world.cloudformation("ListStacks", &[]).await;
    let summaries = answer.split("<StackName>").skip(1).map(|rest| {
        let name = rest.split('<').next().unwrap_or_default();
        let status = rest.split("<StackStatus>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        (name.to_owned(), status.to_owned())
    });
    summaries.filter(|(_, status)| status != "DELETE_COMPLETE").map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_leaves_the_source_goes_where_its_deletion_policy_says_so_and_stays_otherwise() {
    let world = pruning().await;
    let agent = world.agent().await;
    let kept = STACK.replace("name: queue", "name: kept").replace("  deletionPolicy: delete\n", "");
    let sha = world.commit(&[("web.yaml", &plain("web")), ("queue.yaml", STACK), ("kept.yaml", &kept)]);
    world.ends_as(&sha, "success").await;
    let sha = world.commit_saying(&[("queue.yaml", None), ("kept.yaml", None)], "Retire both");
    world.ends_as(&sha, "success").await;
    world.until("the stack is gone", async || stacks(&world).await == ["kept"]).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_cannot_be_deleted_says_what_still_stands_and_is_tried_again() {
    let world = pruning().await;
    let agent = world.agent().await;
    let sha = world.commit(&[("web.yaml", &plain("web")), ("queue.yaml", STACK)]);
    world.ends_as(&sha, "success").await;
    world.simulator.fail_stack_resource(StackFailure {
        stack: "queue".into(),
        logical_id: "Queue".into(),
        on: On::Delete,
        reason: "The queue is in use".into(),
        times: Some(1),
    });
    let sha = world.commit_saying(&[("queue.yaml", None)], "Retire the queue");
    world.ends_as(&sha, "success").await;
    world
        .until("it is told what still stands", async || {
            let statuses = agent.reconciler.statuses();
            statuses.iter().any(|status| status.reason == "PruneFailed" && status.message.contains("[Queue]"))
        })
        .await;
    world.until("the stack is gone", async || stacks(&world).await.is_empty()).await;
    assert_eq!(world.count("DeleteStack"), 2, "{:?}", world.simulator.counters());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_inside_a_stack_that_carries_the_stacks_tags_is_never_deleted_by_itself() {
    let world = pruning().await;
    let agent = world.agent().await;
    let inner = "apiVersion: driftless/v1alpha1
kind: CloudFormationStack
metadata: {name: inner}
spec:
  template:
    inline:
      Resources:
        Definition:
          Type: \"AWS::ECS::TaskDefinition\"
          Properties:
            Family: inner
            ContainerDefinitions: [{Name: app, Image: \"web:1\", Memory: 128, Essential: true}]
        Service:
          Type: \"AWS::ECS::Service\"
          Properties: {Cluster: shop, ServiceName: inner, TaskDefinition: {Ref: Definition}, DesiredCount: 1, PropagateTags: SERVICE}
";
    let sha = world.commit(&[("web.yaml", &plain("web")), ("inner.yaml", inner)]);
    world.ends_as(&sha, "success").await;
    let tags = world.service("inner").await["tags"].to_string();
    assert!(tags.contains("CloudFormationStack/inner"), "the stack's tags reach its service: {tags}");
    let sha = world.commit_saying(&[("inner.yaml", None)], "Let the stack go its own way");
    world.ends_as(&sha, "success").await;
    world.pass(180.0).await;
    assert_eq!((status(&world, "inner").await.as_str(), world.count("DeleteService")), ("ACTIVE", 0));
    agent.stop().await;
}

async fn a_killed_prune_converges(action: &str, when: When) {
    let world = pruning().await;
    let files = [("web.yaml", plain("web")), ("old.yaml", plain("old")), ("queue.yaml", STACK.to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let first = world.commit(&files);
    let mut agent = world.agent_process();
    world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");
    world.commit_saying(&[("old.yaml", None), ("queue.yaml", None)], "Retire both");
    let mut agent = kill_at(&world, action, when).await;
    world.until("the old service is gone", async || status(&world, "old").await == "INACTIVE").await;
    world.until("the stack is gone", async || stacks(&world).await.is_empty()).await;
    assert_eq!(status(&world, "web").await, "ACTIVE");
    agent.kill().await.expect("killed");
}

killed! {
    killed_before_a_service_is_deleted: a_killed_prune_converges, "DeleteService", Hang;
    killed_after_a_service_is_deleted: a_killed_prune_converges, "DeleteService", HangAfter;
    killed_before_a_stack_is_deleted: a_killed_prune_converges, "DeleteStack", Hang;
    killed_after_a_stack_is_deleted: a_killed_prune_converges, "DeleteStack", HangAfter;
}
