//! What every kind of resource has to say for itself: how it goes on meanwhile, which commit wrote it, what a commit removed,
//! and of its steps, what they are called, whether they create, and whether AWS may show late what they did.

use std::collections::BTreeMap;

use driftless_core::desired::{ParameterValue, Resource, Spec};
use driftless_core::manifest::removed;
use driftless_core::observed::{
    ArtifactObservation, Content, DeploymentObservation, ObjectHead, Observation, Observed, ServiceObservation, StackObservation,
    StoredObject, TaskMemory, TaskObservation,
};
use driftless_core::plan::artifact::{ArtifactStep, Put};
use driftless_core::plan::deployment::DeploymentStep;
use driftless_core::plan::stack::{Kind as TokenKind, StackStep, Token, prune_token};
use driftless_core::plan::{EcsStep, Secret, Step, TaskDefinitionRef, compared_with, meanwhile, written_at};
use serde_json::{Value, json};

use crate::{deployment_world, plan_world, stack_world, task_world};

fn service(service: Observed<Value>) -> Observation {
    Observation::EcsService(ServiceObservation {
        service,
        task_definition: None,
        candidates: Observed::Absent,
        base: Observed::Absent,
        service_deployments: vec![],
        service_revisions: vec![],
        stopped_tasks: vec![],
        now: 0.0,
    })
}

fn task(written_at: Option<&str>) -> Observation {
    let written_at = written_at.map(str::to_owned);
    Observation::EcsTask(TaskObservation {
        revisions: Observed::Absent,
        memory: TaskMemory::NotAsked,
        base: Observed::Absent,
        tasks: Observed::Absent,
        written_at,
        now: 0.0,
    })
}

fn stack(observation: StackObservation) -> Observation {
    Observation::CloudFormationStack(Box::new(observation))
}

fn artifact(objects: Observed<Vec<Option<&str>>>) -> Observation {
    let stored = |(index, revision): (usize, Option<&str>)| {
        let metadata = revision.map(|revision| ("driftless-revision".to_owned(), revision.to_owned())).into_iter().collect();
        let head = Some(ObjectHead { metadata, ..ObjectHead::default() });
        (index.to_string(), StoredObject { etag: String::new(), bytes: 1, head })
    };
    let objects = match objects {
        Observed::Present(objects) => Observed::Present(objects.into_iter().enumerate().map(stored).collect()),
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why),
    };
    let content = Content::Present(BTreeMap::new());
    Observation::S3Artifact(ArtifactObservation { content, objects, unfinished: vec![], now: 0.0 })
}

fn group(group: Observed<Value>) -> Observation {
    Observation::Ec2Deployment(DeploymentObservation { group, ..DeploymentObservation::new(String::new(), 0.0) })
}

fn unread<T>() -> Observed<T> {
    Observed::Unknown("denied".to_owned())
}

#[test]
fn each_kind_tells_how_it_goes_on_while_it_waits_for_another() {
    let arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:7";
    let runs = json!({"status": "ACTIVE", "taskDefinition": arn, "runningCount": 1, "desiredCount": 2});
    let uncounted = json!({"status": "ACTIVE", "taskDefinition": arn});
    let rows = [
        (service(Observed::Present(runs)), Some("runs web:7 as before (1 of 2 tasks)")),
        (service(Observed::Present(uncounted)), Some("runs web:7 as before")),
        (service(Observed::Present(json!({"status": "INACTIVE"}))), Some("not created yet")),
        (service(Observed::Absent), Some("not created yet")),
        (service(unread()), None),
        (task(None), Some("not run for this commit yet")),
        (stack(stack_world::observed(stack_world::live("UPDATE_COMPLETE"))), Some("it stays as it is (UPDATE_COMPLETE)")),
        (stack(stack_world::absent()), Some("not created yet")),
        (stack(StackObservation::new(unread(), 0.0)), None),
        (artifact(Observed::Present(vec![None])), Some("what is in the bucket stays")),
        (artifact(Observed::Present(vec![])), Some("not created yet")),
        (artifact(Observed::Absent), Some("not created yet")),
        (artifact(unread()), None),
        (group(Observed::Present(json!({}))), Some("its instances keep what they have")),
        (group(Observed::Absent), Some("there is no deployment group yet")),
        (group(unread()), None),
    ];
    for (observation, told) in rows {
        assert_eq!(meanwhile(&observation).as_deref(), told, "{observation:?}");
    }
}

#[test]
fn each_kind_tells_the_commit_that_wrote_it_where_aws_keeps_it() {
    let tagged = |key: &str| json!({"tags": [{"key": "team", "value": "shop"}, {"key": key, "value": "c7"}]});
    let rows = [
        (service(Observed::Present(tagged("driftless:revision"))), Some("c7")),
        (service(Observed::Present(tagged("revision"))), None),
        (service(Observed::Absent), None),
        (task(Some("c7")), Some("c7")),
        (task(None), None),
        (artifact(Observed::Present(vec![Some("c7")])), Some("c7")),
        (artifact(Observed::Present(vec![None])), None),
        // A folder's objects are of many commits.
        (artifact(Observed::Present(vec![Some("c7"), Some("c7")])), None),
        (artifact(Observed::Absent), None),
        (group(Observed::Present(json!({}))), None),
        (stack(stack_world::observed(stack_world::live("UPDATE_COMPLETE"))), None),
    ];
    for (observation, commit) in rows {
        assert_eq!(written_at(&observation), commit, "{observation:?}");
    }
    let mut world = deployment_world::World::new().had_own("d-1", "t", "Succeeded", 60.0, json!({}));
    let deployment = |world: &deployment_world::World| Observation::Ec2Deployment(world.observed.clone());
    assert_eq!(written_at(&deployment(&world)), Some(deployment_world::context().revision));
    assert_eq!(
        compared_with(&deployment_world::resource(&deployment_world::declared("t", json!({}))), &deployment(&world)),
        None
    );
    world.observed.owner = "another".to_owned();
    assert_eq!(written_at(&deployment(&world)), None);
}

#[test]
fn the_commit_that_wrote_it_is_read_only_where_aws_does_not_show_all_of_it() {
    // A service: what it stopped declaring since; where nothing changed, nothing was removed.
    let resource = plan_world::web(plan_world::task(), plan_world::service());
    let world = plan_world::converged(&resource);
    let observed = Observation::EcsService(world.observe(&resource, &plan_world::context()));
    assert_eq!((written_at(&observed), compared_with(&resource, &observed)), (Some("c1"), None));
    let changed = plan_world::web(plan_world::task(), plan_world::with(&plan_world::service(), json!({"desiredCount": 3})));
    assert_eq!(compared_with(&changed, &observed), Some("c1"));
    // A stack: the values that AWS hides.
    let hidden = stack_world::declared("  parameters: {Key: s3cret}\n");
    let live = stack_world::executed(&stack_world::name_of(&hidden), "UPDATE_COMPLETE");
    let observed = stack(stack_world::observed(live));
    assert_eq!(written_at(&observed), Some(stack_world::SHA));
    assert_eq!(compared_with(&hidden, &observed), Some(stack_world::SHA));
    assert_eq!(compared_with(&stack_world::declared("  parameters: {Size: big}\n"), &observed), None);
    assert_eq!(compared_with(&stack_world::declared("  parameters: {Key: {usePreviousValue: true}}\n"), &observed), None);
    assert_eq!(compared_with(&stack_world::declared(""), &observed), None);
    // A template that could not be read may hide all of them.
    let at_url = |url: &str| {
        let text = format!("  parameters: {{Key: s3cret}}\n  template: {{url: '{url}'}}\n");
        let manifest =
            format!("apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {{name: net}}\nspec:\n{text}");
        stack_world::from(&[("net.yaml", &manifest)])
    };
    let url = "https://shop.s3.eu-central-1.amazonaws.com/net.yaml";
    assert_eq!(compared_with(&at_url(url), &observed), Some(stack_world::SHA));
    let Observation::CloudFormationStack(mut read) = observed else { panic!("a stack") };
    for (template, commit) in [
        (stack_world::TEMPLATE, Some(stack_world::SHA)),
        ("Parameters: {Key: {Type: String}}\nResources: {T: {Type: AWS::SNS::Topic}}", None),
    ] {
        read.template_at_url = Some(template.to_owned());
        assert_eq!(compared_with(&at_url(url), &Observation::CloudFormationStack(read.clone())), commit, "{template}");
    }
    // What others are is shown by AWS.
    assert_eq!(compared_with(&task_world::migrate("a:1"), &task(Some("c7"))), None);
    assert_eq!(compared_with(&task_world::migrate("a:1"), &service(Observed::Absent)), None, "another kind");
}

#[test]
fn what_a_commit_removed_is_known_of_the_kinds_that_need_it() {
    let deployment = deployment_world::resource(&deployment_world::declared("t", json!({})));
    let other = deployment_world::resource(&deployment_world::declared("u", json!({"description": "x"})));
    assert_eq!(removed(&other, &deployment), Vec::<String>::new());
    assert_eq!(removed(&task_world::migrate("a:1"), &task_world::migrate("a:2")), Vec::<String>::new());
    assert_eq!(removed(&task_world::migrate("a:1"), &deployment), Vec::<String>::new());
    let with = |parameters: &[(&str, &str)]| {
        let mut resource = stack_world::declared("");
        let value = |(key, text): &(&str, &str)| ((*key).to_owned(), ParameterValue::Value((*text).to_owned()));
        stack_world::stack_of(&mut resource).parameters = parameters.iter().map(value).collect();
        resource
    };
    type Parameters<'a> = &'a [(&'a str, &'a str)];
    let rows: &[(Parameters, Parameters, &[&str])] = &[
        (&[], &[], &[]),
        (&[("Size", "a")], &[("Size", "a")], &[]),
        (&[("Size", "a")], &[("Size", "b")], &["Size"]),
        (&[], &[("Key", "k"), ("Size", "a")], &["Key", "Size"]),
        (&[("Key", "k")], &[], &[]),
        // What the older commit took from another resource is not known any more.
        (&[("Size", "${stack.net.outputs.Size}")], &[("Size", "b")], &[]),
    ];
    for (old, new, changed) in rows {
        assert_eq!(removed(&with(old), &with(new)), *changed, "{old:?} {new:?}");
        let mut renamed = with(old);
        stack_world::stack_of(&mut renamed).stack_name = "other".into();
        assert_eq!(removed(&renamed, &with(new)), Vec::<String>::new(), "another stack");
        let moved = Resource { target: "elsewhere".into(), ..with(old) };
        assert_eq!(removed(&moved, &with(new)), Vec::<String>::new(), "another target");
    }
    assert!(matches!(with(&[]).spec, Spec::CloudFormationStack(_)));
}

fn document() -> driftless_core::desired::Document {
    driftless_core::desired::Document::new()
}

#[test]
fn each_step_has_awss_name_and_says_what_it_does() {
    let registered = || TaskDefinitionRef::Registered;
    let stack = || "net".to_owned();
    let put = |replaces: &[Option<&str>]| {
        let put = |replaces: &Option<&str>| Put {
            key: "a".into(),
            item: driftless_core::observed::Item {
                origin: driftless_core::observed::Origin::File { tree: driftless_core::observed::Tree::Job(1), path: "a".into() },
                bytes: None,
                sha256: None,
                inputs: None,
                job: None,
                content_type: None,
            },
            replaces: replaces.map(str::to_owned),
            content_type: String::new(),
            cache_control: None,
            metadata: BTreeMap::new(),
            storage_class: None,
            server_side_encryption: None,
            sse_kms_key_id: None,
        };
        ArtifactStep::PutObjects { bucket: "shop".into(), objects: replaces.iter().map(put).collect() }
    };
    let request =
        |creates: &str| match &stack_world::steps(&stack_world::plan(&stack_world::declared(""), &stack_world::absent()))[..] {
            [StackStep::CreateChangeSet(request)] => {
                let mut request = request.clone();
                (request.creates, request.looks) = (creates == "creates", creates == "looks");
                StackStep::CreateChangeSet(request)
            }
            other => panic!("{other:?}"),
        };
    let token = || "t".to_owned();
    // The step, its action, and whether it creates, runs, looks, keeps books, is seen late.
    let rows: Vec<(Step, &str, &str)> = vec![
        (EcsStep::RegisterTaskDefinition { document: Secret(document()), number: None }.into(), "RegisterTaskDefinition", ""),
        (EcsStep::DeleteService { document: document() }.into(), "DeleteService", ""),
        (EcsStep::StopServiceDeployment { document: document() }.into(), "StopServiceDeployment", ""),
        (EcsStep::TagResource { document: document() }.into(), "TagResource", "books"),
        (EcsStep::UntagResource { document: document() }.into(), "UntagResource", "books"),
        (EcsStep::TagTaskDefinition { document: document(), task_definition: registered() }.into(), "TagResource", "books"),
        (EcsStep::StopTask { document: document() }.into(), "StopTask", ""),
        (
            EcsStep::RunTask { document: Secret(document()), task_definition: registered(), refused: document() }.into(),
            "RunTask",
            "runs late",
        ),
        (EcsStep::UpdateService { document: document(), task_definition: None, memory: None }.into(), "UpdateService", "late"),
        (put(&[None, None]).into(), "PutObject", "creates"),
        (put(&[None, Some("e")]).into(), "PutObject", ""),
        (ArtifactStep::DeleteObjects { bucket: "shop".into(), objects: vec![] }.into(), "DeleteObject", ""),
        (ArtifactStep::AbortUploads { bucket: "shop".into(), uploads: vec![] }.into(), "AbortMultipartUpload", ""),
        (DeploymentStep::CreateDeployment { document: document(), first: true }.into(), "CreateDeployment", "creates late"),
        (DeploymentStep::CreateDeployment { document: document(), first: false }.into(), "CreateDeployment", "late"),
        (DeploymentStep::StopDeployment { document: document() }.into(), "StopDeployment", ""),
        (request("creates").into(), "CreateChangeSet", "creates"),
        (request("changes").into(), "CreateChangeSet", ""),
        (request("looks").into(), "CreateChangeSet", "looks"),
        (StackStep::DeleteStack { stack: stack(), token: token() }.into(), "DeleteStack", ""),
        (StackStep::CancelUpdateStack { stack: stack(), token: token() }.into(), "CancelUpdateStack", ""),
        (StackStep::ContinueUpdateRollback { stack: stack(), token: token() }.into(), "ContinueUpdateRollback", ""),
        (StackStep::RollbackStack { stack: stack(), token: token() }.into(), "RollbackStack", ""),
        (StackStep::SetStackPolicy { stack: stack(), policy: "{}".into() }.into(), "SetStackPolicy", ""),
        (StackStep::UpdateTerminationProtection { stack: stack(), enabled: true }.into(), "UpdateTerminationProtection", ""),
    ];
    for (step, action, does) in rows {
        assert_eq!(step.action(), action);
        let words = [
            (step.creates(), "creates"),
            (step.runs(), "runs"),
            (step.looks(), "looks"),
            (step.keeps_books(), "books"),
            (step.seen_late(), "late"),
        ];
        let told: Vec<&str> = words.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect();
        assert_eq!(told.join(" "), does, "{step:?}");
    }
}

#[test]
fn pruning_deletes_a_stack_under_a_token_of_its_own_for_each_attempt_and_stack() {
    let first = prune_token(stack_world::ID, 1, "c1");
    let token = Token::parse(&first).expect("ours");
    assert_eq!((token.kind, token.attempt, token.revision), (TokenKind::Delete, 1, "c1"));
    assert_ne!(prune_token(stack_world::ID, 2, "c1"), first);
    assert_ne!(prune_token("another", 1, "c1"), first);
    assert!(first.len() <= 128, "{first}");
}

#[test]
fn no_two_resources_may_be_one_thing_and_each_kind_names_its_own() {
    let mut deployment = deployment_world::resource(&deployment_world::declared("t", json!({})));
    let mut service = plan_world::web(plan_world::task(), plan_world::service());
    let mut stack = stack_world::declared("");
    let mut task = task_world::migrate("a:1");
    let thing = |resource: &Resource| resource.spec.thing().map(|(thing, _)| thing);
    assert_eq!(thing(&service).as_deref(), Some("the service `web` in the cluster `shop`"));
    plan_world::spec(&mut service).cluster = "arn:aws:ecs:eu-central-1:123456789012:cluster/shop".into();
    assert_eq!(thing(&service).as_deref(), Some("the service `web` in the cluster `shop`"), "a cluster's name is its ARN's end");
    assert_eq!(thing(&stack).as_deref(), Some("the stack `net`"));
    assert_eq!(thing(&deployment).as_deref(), Some("the deployment group `web` of the application `shop`"));
    // A family may run many tasks, and a bucket hold many artifacts, whose keys are compared by themselves.
    assert_eq!(thing(&task), None);
    let source = driftless_core::desired::ArtifactSource::Path("public".into());
    let place = driftless_core::desired::ArtifactPlace::Key("a".into());
    let meant = |place: driftless_core::desired::ArtifactPlace, key: &str| {
        let source = driftless_core::desired::ArtifactSource::Path("public".into());
        driftless_core::desired::S3Artifact { source, bucket: "shop".into(), place, archive: None, sync: Default::default() }
            .meant()(key)
    };
    let (key, prefix) = (driftless_core::desired::ArtifactPlace::Key, driftless_core::desired::ArtifactPlace::Prefix);
    assert_eq!([meant(key("a".into()), "a"), meant(key("a".into()), "a/b")], [true, false]);
    assert_eq!([meant(prefix("a/".into()), "a/b"), meant(prefix("a/".into()), "b")], [true, false]);
    let artifact =
        driftless_core::desired::S3Artifact { source, bucket: "shop".into(), place, archive: None, sync: Default::default() };
    assert_eq!(Spec::S3Artifact(artifact).thing(), None);
    // Where what a commit removed is put, of the kinds that need it.
    for (resource, takes) in [(&mut service, true), (&mut stack, true), (&mut deployment, false), (&mut task, false)] {
        let id = resource.id.clone();
        assert_eq!(resource.spec.removed_mut().map(|removed| removed.len()), takes.then_some(0), "{id}");
    }
}

#[test]
fn what_is_another_agent_s_is_named_with_its_thing() {
    let resource = plan_world::web(plan_world::task(), plan_world::service());
    let mut world = plan_world::converged(&resource);
    for tag in world.tags_mut() {
        if tag["key"] == "driftless:agent" {
            tag["value"] = json!("staging");
        }
    }
    let plan = world.look(&resource, &plan_world::context());
    assert!(plan_world::message(&plan).contains("service `web`") && plan_world::message(&plan).contains("staging"), "{plan:?}");
    let mut live = stack_world::live("CREATE_COMPLETE");
    live.tags.insert("driftless:agent".into(), "staging".into());
    let plan = stack_world::plan(&stack_world::declared(""), &stack_world::observed(live));
    assert!(
        stack_world::message(&plan).contains("the stack `net`") && stack_world::message(&plan).contains("staging"),
        "{plan:?}"
    );
}
