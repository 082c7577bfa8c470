//! What is written to a bucket, and what is left alone: tables over what is declared and what is there.

use std::collections::BTreeMap;

use driftless_core::desired::filter::Filters;
use driftless_core::desired::{ArtifactPlace, ArtifactSource, Resource, S3Artifact, Spec, Sync};
use driftless_core::location::Location;
use driftless_core::observed::{
    ArtifactObservation, Content, Item, ObjectHead, Observation, Observed, Origin, StoredObject, Tree, UnfinishedUpload,
};
use driftless_core::plan::artifact::{self, ArtifactStep};
use driftless_core::plan::render::{Options, render};
use driftless_core::plan::{Context, Plan, Step, Verdict, plan};
use driftless_core::resource::{Kind, ResourceId};
use insta::assert_snapshot;

fn context() -> Context<'static> {
    Context {
        agent: "production",
        source_hash: "50c3",
        revision: "1f0c",
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        retry: false,
    }
}

fn declared(place: ArtifactPlace, sync: Sync) -> Resource {
    let source = ArtifactSource::Path("public".into());
    let spec = S3Artifact { source, bucket: "shop".into(), place, archive: None, sync };
    let id = ResourceId::new(Kind::S3Artifact, "site");
    Resource::new(id, Location::new("site.yaml", 1, 1), "prod", Spec::S3Artifact(spec))
}

fn folder(sync: Sync) -> Resource {
    declared(ArtifactPlace::Prefix("site/".into()), sync)
}

fn item(text: &str) -> Item {
    Item {
        origin: Origin::File { tree: Tree::Revision("1f0c".into()), path: "public/x".into() },
        bytes: Some(text.len() as u64),
        sha256: Some(format!("{text}{}", "0".repeat(64 - text.len()))),
        inputs: None,
        job: None,
        content_type: Some("text/html".into()),
    }
}

/// As this agent has written it.
fn ours(text: &str) -> StoredObject {
    let metadata = [
        ("driftless-sha256", item(text).sha256.expect("has one")),
        ("driftless-agent", "production".into()),
        ("driftless-source", "50c3".into()),
        ("driftless-resource", "S3Artifact/site".into()),
        ("driftless-revision", "0ld".into()),
    ];
    let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let head = ObjectHead { content_type: Some("text/html".into()), metadata, ..ObjectHead::default() };
    StoredObject { etag: format!("\"{text}\""), bytes: text.len() as u64, head: Some(head) }
}

fn with(mut object: StoredObject, change: impl FnOnce(&mut ObjectHead)) -> StoredObject {
    change(object.head.as_mut().expect("has one"));
    object
}

fn observation(items: &[(&str, Item)], objects: &[(&str, StoredObject)]) -> ArtifactObservation {
    let items = items.iter().map(|(key, item)| ((*key).to_owned(), item.clone())).collect();
    let objects = objects.iter().map(|(key, object)| ((*key).to_owned(), object.clone())).collect();
    ArtifactObservation { content: Content::Present(items), objects: Observed::Present(objects), unfinished: vec![], now: 0.0 }
}

fn planned(resource: &Resource, observation: ArtifactObservation) -> Plan {
    plan(resource, &Observation::S3Artifact(observation), &context())
}

/// `put KEY (if ETAG)`, `delete KEY (if ETAG)`, `abort ID`.
fn steps(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &plan.steps {
        match step {
            Step::S3(ArtifactStep::PutObjects { objects, .. }) => lines.extend(
                objects
                    .iter()
                    .map(|put| format!("put {} (if {})", put.key, put.replaces.as_deref().unwrap_or("nothing is there"))),
            ),
            Step::S3(ArtifactStep::DeleteObjects { objects, .. }) => {
                lines.extend(objects.iter().map(|delete| format!("delete {} (if {})", delete.key, delete.etag)));
            }
            Step::S3(ArtifactStep::AbortUploads { uploads, .. }) => {
                lines.extend(uploads.iter().map(|upload| format!("abort {}", upload.upload_id)));
            }
            other => panic!("{other:?}"),
        }
    }
    lines
}

fn reason(plan: &Plan) -> String {
    plan.verdict.standing().1.to_owned()
}

#[test]
fn what_is_as_declared_is_not_written() {
    let same = observation(&[("site/a", item("a")), ("site/b", item("b"))], &[("site/a", ours("a")), ("site/b", ours("b"))]);
    let plan = planned(&folder(Sync::default()), same);
    assert!(plan.is_empty() && plan.changes.is_empty(), "{plan:#?}");
    assert_eq!(plan.verdict.standing().2, "s3://shop/site/ has 2 objects as declared");
    assert_eq!(plan.outputs, BTreeMap::from([("bucket".into(), "shop".into()), ("key".into(), "site/".into())]));
}

#[test]
fn what_is_new_is_put_where_nothing_is_and_what_differs_over_what_was_seen() {
    let plan = planned(
        &folder(Sync::default()),
        observation(&[("site/a", item("a")), ("site/b", item("bb"))], &[("site/b", ours("b"))]),
    );
    assert_eq!(steps(&plan), ["put site/a (if nothing is there)", "put site/b (if \"b\")"]);
    assert!(plan.outputs.is_empty(), "nothing is to be taken of what is about to change");
    assert_snapshot!(render(&plan, &Options::default()), @r#"
    S3Artifact/site: to be changed, without a deployment
      + /site~1a: "1 bytes"
      ~ /site~1b/content: "b00000000000" → "bb0000000000…"
    "#);
    let Step::S3(ArtifactStep::PutObjects { objects, .. }) = &plan.steps[0] else { panic!("puts") };
    assert_eq!(objects[0].metadata["driftless-resource"], "S3Artifact/site");
    assert_eq!(objects[0].metadata["driftless-revision"], "1f0c");
    assert!(!objects[0].metadata.contains_key("driftless-sha256"), "it is known when the bytes are read");
}

#[test]
fn each_declared_header_alone_makes_a_difference_and_undeclared_ones_have_s3s_defaults() {
    let sync = |change: fn(&mut Sync)| {
        let mut sync = Sync::default();
        change(&mut sync);
        sync
    };
    let metadata = |head: &mut ObjectHead| drop(head.metadata.insert("team".into(), "shop".into()));
    type Case = (&'static str, Sync, StoredObject, bool);
    let cases: Vec<Case> = vec![
        ("another type", Sync::default(), with(ours("a"), |head| head.content_type = Some("text/plain".into())), true),
        ("a declared type", sync(|sync| sync.content_type = Some("text/plain".into())), ours("a"), true),
        ("a declared type that is there", sync(|sync| sync.content_type = Some("text/html".into())), ours("a"), false),
        ("cache control", sync(|sync| sync.cache_control = Some("no-cache".into())), ours("a"), true),
        (
            "a cache control that is declared no more",
            Sync::default(),
            with(ours("a"), |head| head.cache_control = Some("no-cache".into())),
            true,
        ),
        ("metadata that is declared no more", Sync::default(), with(ours("a"), metadata), true),
        ("metadata", sync(|sync| drop(sync.metadata.insert("team".into(), "shop".into()))), with(ours("a"), metadata), false),
        (
            "a storage class that a lifecycle rule chose",
            Sync::default(),
            with(ours("a"), |head| head.storage_class = Some("GLACIER".into())),
            false,
        ),
        ("STANDARD, which HEAD does not say", sync(|sync| sync.storage_class = Some("STANDARD".into())), ours("a"), false),
        ("another class", sync(|sync| sync.storage_class = Some("STANDARD_IA".into())), ours("a"), true),
        (
            "the bucket's encryption",
            Sync::default(),
            with(ours("a"), |head| head.server_side_encryption = Some("aws:kms".into())),
            false,
        ),
        ("a declared encryption", sync(|sync| sync.server_side_encryption = Some("aws:kms".into())), ours("a"), true),
        (
            "another commit",
            Sync::default(),
            with(ours("a"), |head| drop(head.metadata.insert("driftless-revision".into(), "x".into()))),
            false,
        ),
        ("a size that is not the digest's", Sync::default(), StoredObject { bytes: 7, ..ours("a") }, true),
        ("no digest", Sync::default(), with(ours("a"), |head| drop(head.metadata.remove("driftless-sha256"))), true),
    ];
    for (what, sync, object, differs) in cases {
        let plan = planned(&folder(sync), observation(&[("site/a", item("a"))], &[("site/a", object)]));
        assert_eq!(!plan.is_empty(), differs, "{what}: {plan:#?}");
        assert_eq!(!plan.changes.is_empty(), differs, "{what}");
    }
}

#[test]
fn a_type_that_no_name_tells_is_what_s3_says_of_it() {
    let unknown = Item { content_type: None, ..item("a") };
    let object = with(ours("a"), |head| head.content_type = Some("binary/octet-stream".into()));
    assert!(planned(&folder(Sync::default()), observation(&[("site/a", unknown)], &[("site/a", object)])).is_empty());
}

#[test]
fn an_object_of_nobodys_is_adopted_and_others_are_refused() {
    let marked = |name: &str, value: &str| with(ours("a"), |head| drop(head.metadata.insert(name.into(), value.into())));
    let bare = with(ours("a"), |head| head.metadata.clear());
    let plan = planned(&folder(Sync::default()), observation(&[("site/a", item("a"))], &[("site/a", bare)]));
    assert_eq!(steps(&plan), ["put site/a (if \"a\")"]);
    assert_eq!(plan.notes, ["1 object without this resource's marker: adopted, and written over"]);
    for (name, value, expected) in [
        ("driftless-agent", "another", "OwnedByAnotherAgent"),
        ("driftless-source", "another", "AgentNameInUse"),
        ("driftless-resource", "S3Artifact/other", "OwnedByAnotherResource"),
    ] {
        let objects = [("site/a", marked(name, value)), ("site/b", ours("b"))];
        let plan = planned(&folder(Sync::default()), observation(&[("site/a", item("a")), ("site/c", item("c"))], &objects));
        assert_eq!((reason(&plan).as_str(), plan.steps.len()), (expected, 0), "nothing at all is written");
        assert!(matches!(plan.verdict, Verdict::Stalled { .. }));
        let forced = Resource { adopt_force: true, ..folder(Sync::default()) };
        let plan = planned(&forced, observation(&[("site/a", item("a"))], &[("site/a", marked(name, value))]));
        assert_eq!(!plan.is_empty(), name == "driftless-resource", "`adopt: force` renames, and takes nothing from others");
    }
}

#[test]
fn deletes_need_to_be_told_and_our_marker_on_each() {
    let delete = || folder(Sync { delete: true, ..Sync::default() });
    let stranger = with(ours("b"), |head| head.metadata.clear());
    let other = with(ours("c"), |head| drop(head.metadata.insert("driftless-resource".into(), "S3Artifact/other".into())));
    let unseen = StoredObject { head: None, ..ours("d") };
    let look = || {
        let objects = [
            ("site/a", ours("a")),
            ("site/b", stranger.clone()),
            ("site/c", other.clone()),
            ("site/d", unseen.clone()),
            ("site/e", ours("e")),
        ];
        observation(&[("site/a", item("a"))], &objects)
    };
    assert_eq!(steps(&planned(&delete(), look())), ["delete site/e (if \"e\")"]);
    assert!(planned(&folder(Sync::default()), look()).is_empty());
    // Not even those, when there is nothing left to push.
    let empty = ArtifactObservation { content: Content::Present(BTreeMap::new()), ..look() };
    let plan = planned(&delete(), empty);
    assert_eq!((reason(&plan).as_str(), plan.steps.len()), ("EmptyArtifact", 0));
}

#[test]
fn what_is_not_known_is_neither_created_nor_deleted() {
    let delete = folder(Sync { delete: true, ..Sync::default() });
    let look = observation(&[("site/a", item("a"))], &[("site/e", ours("e"))]);
    let unknown = ArtifactObservation { objects: Observed::Unknown("SlowDown".into()), ..look.clone() };
    assert!(matches!(planned(&delete, unknown).verdict, Verdict::Unknown { .. }));
    let unread = ArtifactObservation { content: Content::Unknown("the disk".into()), ..look.clone() };
    assert!(matches!(planned(&delete, unread).verdict, Verdict::Unknown { .. }));
    let unseen = observation(&[("site/a", item("a"))], &[("site/a", StoredObject { head: None, ..ours("x") })]);
    assert!(matches!(planned(&delete, unseen).verdict, Verdict::Unknown { .. }));
    let waiting = ArtifactObservation { content: Content::NotYet { message: "job 7 is running".into() }, ..look };
    let plan = planned(&delete, waiting);
    assert_eq!((reason(&plan).as_str(), plan.steps.len()), ("JobNotFinished", 0));
}

#[test]
fn an_object_of_the_job_itself_is_as_declared_whatever_its_bytes_are_and_when_gitlab_has_them_no_more() {
    let key = declared(ArtifactPlace::Key("app.zip".into()), Sync::default());
    let of_job = |job: &str| with(ours("a"), |head| drop(head.metadata.insert("driftless-job".into(), job.into())));
    let unread = Item { bytes: None, sha256: None, job: Some("7-abc".into()), ..item("a") };
    assert!(planned(&key, observation(&[("app.zip", unread.clone())], &[("app.zip", of_job("7-abc"))])).is_empty());
    assert_eq!(planned(&key, observation(&[("app.zip", unread)], &[("app.zip", of_job("6-abc"))])).steps.len(), 1);
    let gone = |object| ArtifactObservation {
        content: Content::Missing { reason: "ArtifactsGone", message: "expired".into(), job: Some("7-abc".into()) },
        ..observation(&[], &[("app.zip", object)])
    };
    let plan = planned(&key, gone(of_job("7-abc")));
    assert!(matches!(plan.verdict, Verdict::Ready { .. }));
    assert_eq!(plan.outputs["etag"], "a");
    assert_eq!(reason(&planned(&key, gone(of_job("6-abc")))), "ArtifactsGone");
}

#[test]
fn an_archive_is_compared_by_what_it_is_made_of() {
    let key = declared(ArtifactPlace::Key("app.zip".into()), Sync::default());
    let packed = |inputs: &str| Item { bytes: None, sha256: None, inputs: Some(inputs.into()), ..item("a") };
    let object = with(ours("a"), |head| drop(head.metadata.insert("driftless-inputs".into(), "1".into())));
    assert!(planned(&key, observation(&[("app.zip", packed("1"))], &[("app.zip", object.clone())])).is_empty());
    assert_eq!(planned(&key, observation(&[("app.zip", packed("2"))], &[("app.zip", object)])).steps.len(), 1);
}

#[test]
fn an_object_gives_its_etag_and_its_version_where_it_has_one() {
    let key = declared(ArtifactPlace::Key("a".into()), Sync::default());
    for (version, given) in [(None, None), (Some("null"), None), (Some("v1"), Some("v1"))] {
        let object = with(ours("a"), |head| head.version_id = version.map(str::to_owned));
        let plan = planned(&key, observation(&[("a", item("a"))], &[("a", object)]));
        assert_eq!(plan.outputs.get("versionId").map(String::as_str), given);
        assert_eq!((plan.outputs["key"].as_str(), plan.outputs["etag"].as_str()), ("a", "a"));
    }
}

#[test]
fn leftovers_are_aborted_before_anything_is_put_and_many_changes_are_counted() {
    let items: Vec<(String, Item)> = (0..60).map(|n| (format!("site/{n:02}"), item("a"))).collect();
    let items: Vec<(&str, Item)> = items.iter().map(|(key, item)| (key.as_str(), item.clone())).collect();
    let mut look = observation(&items, &[]);
    look.unfinished = vec![UnfinishedUpload { key: "site/01".into(), upload_id: "u1".into() }];
    let plan = planned(&folder(Sync::default()), look);
    assert_eq!((steps(&plan)[0].as_str(), steps(&plan).len(), plan.changes.len()), ("abort u1", 61, 50));
    assert_eq!(plan.notes, ["1 upload left unfinished by an agent that ended: aborted", "and 10 changes more"]);
    assert!(plan.steps.iter().all(|step| !step.seen_late()));
}

#[test]
fn what_left_the_source_is_pruned_by_its_marker_alone() {
    let resource = folder(Sync { filters: Filters::default(), ..Sync::default() });
    let Spec::S3Artifact(spec) = &resource.spec else { panic!("one") };
    let objects = [("site/a", ours("a")), ("site/b", with(ours("b"), |head| head.metadata.clear()))];
    let plan = artifact::prune(&resource, spec, &observation(&[], &objects), &context());
    assert_eq!(steps(&plan), ["delete site/a (if \"a\")"]);
    let unknown = ArtifactObservation { objects: Observed::Unknown("denied".into()), ..observation(&[], &objects) };
    assert!(artifact::prune(&resource, spec, &unknown, &context()).is_empty());
}
