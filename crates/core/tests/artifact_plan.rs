//! What is written to a bucket, and what is left alone: tables over what is declared and what is there.

use std::collections::BTreeMap;

use crate::plan_whole::whole;
use driftless_core::desired::filter::Filters;
use driftless_core::desired::{ArchiveFormat, ArtifactPlace, ArtifactSource, Resource, S3Artifact, Spec, Sync};
use driftless_core::location::Location;
use driftless_core::observed::{
    ArtifactObservation, Content, Item, Member, ObjectHead, Observation, Observed, Origin, StoredObject, Tree, UnfinishedUpload,
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
        equal: false,
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
    whole(plan(resource, &Observation::S3Artifact(observation), &context()))
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
    S3Artifact/site: to be changed
      + /site/a: "1 byte"
      ~ /site/b/content: "b00000000000" → "bb0000000000…"
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

/// What a bucket does with what is put: it keeps the bytes and the metadata, and shows the rest through `spell`.
struct Bucket {
    now: f64,
    object: Option<StoredObject>,
    writes: usize,
    spell: fn(&mut ObjectHead),
}

impl Bucket {
    fn new(spell: fn(&mut ObjectHead)) -> Self {
        Bucket { now: 1_800_000_000.0, object: None, writes: 0, spell }
    }

    fn look(&self, resource: &Resource, item: &Item) -> Plan {
        let objects: Vec<(&str, StoredObject)> = self.object.iter().map(|object| ("site/a", object.clone())).collect();
        planned(resource, ArtifactObservation { now: self.now, ..observation(&[("site/a", item.clone())], &objects) })
    }

    /// So many passes, ten seconds apart; the last plan.
    fn passes(&mut self, resource: &Resource, item: &Item, count: usize) -> Plan {
        for _ in 0..count {
            let plan = self.look(resource, item);
            for step in &plan.steps {
                let Step::S3(ArtifactStep::PutObjects { objects, .. }) = step else { panic!("{step:?}") };
                let put = &objects[0];
                let mut metadata = put.metadata.clone();
                metadata.insert("driftless-sha256".into(), item.sha256.clone().expect("a digest"));
                let mut head = ObjectHead {
                    content_type: Some(put.content_type.clone()),
                    cache_control: put.cache_control.clone(),
                    metadata,
                    storage_class: put.storage_class.clone(),
                    server_side_encryption: put.server_side_encryption.clone(),
                    kms_key_id: put.sse_kms_key_id.clone(),
                    modified: Some(self.now + 1.0),
                    version_id: None,
                };
                (self.spell)(&mut head);
                let bytes = item.bytes.expect("a size");
                self.object = Some(StoredObject { etag: format!("\"{}\"", self.writes), bytes, head: Some(head) });
                self.writes += 1;
            }
            self.now += 10.0;
        }
        self.look(resource, item)
    }

    /// Somebody edits the object's headers in the console: a copy in its place, metadata and all.
    fn edit(&mut self, change: impl FnOnce(&mut ObjectHead)) {
        self.now += 600.0;
        let head = self.object.as_mut().and_then(|object| object.head.as_mut()).expect("an object");
        change(head);
        head.modified = Some(self.now);
    }
}

/// All that can be declared of an object.
fn everything() -> Sync {
    Sync {
        cache_control: Some("no-cache".into()),
        metadata: BTreeMap::from([("team".into(), "shop".into())]),
        storage_class: Some("STANDARD_IA".into()),
        server_side_encryption: Some("aws:kms".into()),
        sse_kms_key_id: Some("alias/shop".into()),
        ..Sync::default()
    }
}

#[test]
fn whatever_s3_shows_of_what_was_sent_one_digest_is_written_at_most_twice() {
    type Spell = fn(&mut ObjectHead);
    let spellings: [(&str, Spell); 8] = [
        ("as sent", |_| {}),
        ("the key of an alias", |head| head.kms_key_id = Some("arn:aws:kms:eu-central-1:123456789012:key/4a".into())),
        ("a charset", |head| head.content_type = head.content_type.take().map(|said| format!("{said}; charset=utf-8"))),
        ("another encryption", |head| head.server_side_encryption = Some("AES256".into())),
        ("no class", |head| head.storage_class = None),
        ("metadata in capitals", |head| drop(head.metadata.insert("team".into(), "SHOP".into()))),
        ("metadata lost", |head| drop(head.metadata.remove("team"))),
        ("all of it", |head| {
            head.content_type = Some("application/octet-stream".into());
            head.cache_control = None;
            head.storage_class = Some("GLACIER".into());
            head.server_side_encryption = None;
            head.kms_key_id = None;
            head.metadata.insert("x".into(), "y".into());
        }),
    ];
    for (what, spell) in spellings {
        let (mut bucket, site, item) = (Bucket::new(spell), folder(everything()), item("a"));
        let plan = bucket.passes(&site, &item, 20);
        assert!(plan.is_empty() && matches!(plan.verdict, Verdict::Ready { .. }), "{what}: {plan:#?}");
        assert!(bucket.writes <= 2, "{what}: {} writes", bucket.writes);
        assert_eq!(bucket.writes == 1, what == "as sent", "{what}");
        assert_eq!(plan.notes.iter().any(|note| note.contains("S3 shows")), bucket.writes == 2, "{what}: {:?}", plan.notes);
        // An edit in the console is healed, and so is the same edit once more.
        for edit in 1..=3 {
            let before = bucket.writes;
            bucket.edit(|head| head.cache_control = Some("max-age=1".into()));
            assert!(!bucket.look(&site, &item).is_empty(), "{what}: edit {edit} is seen");
            let plan = bucket.passes(&site, &item, 20);
            assert!(plan.is_empty(), "{what}: {plan:#?}");
            assert!((1..=2).contains(&(bucket.writes - before)), "{what}: {} writes for an edit", bucket.writes - before);
        }
        // So is other content, in one write.
        let before = bucket.writes;
        bucket.passes(&site, &Item { sha256: Some("b".repeat(64)), ..item.clone() }, 20);
        assert_eq!(bucket.writes - before, 1, "{what}");
    }
}

#[test]
fn what_s3_spells_otherwise_on_many_objects_is_told_once_with_their_number() {
    let (mut bucket, site) = (Bucket::new(|head| head.storage_class = None), folder(everything()));
    bucket.passes(&site, &item("a"), 3);
    let object = bucket.object.expect("an object");
    let look = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("site/{n}")).collect();
        let items: Vec<(&str, Item)> = keys.iter().map(|key| (key.as_str(), item("a"))).collect();
        let objects: Vec<(&str, StoredObject)> = keys.iter().map(|key| (key.as_str(), object.clone())).collect();
        planned(&site, observation(&items, &objects)).notes.join("\n")
    };
    assert_snapshot!(look(1), @"S3 shows `STANDARD` for `STANDARD_IA` (storageClass): that is how it spells what was sent, and it is left so");
    assert_snapshot!(look(3), @"S3 shows `STANDARD` for `STANDARD_IA` (storageClass), on 3 objects: that is how it spells what was sent, and it is left so");
}

#[test]
fn a_spelling_that_never_settles_is_written_twice_and_told_whatever_moves() {
    let (mut bucket, site) = (Bucket::new(|_| {}), folder(everything()));
    for number in 0..5 {
        bucket.passes(&site, &item("a"), 1);
        let head = bucket.object.as_mut().and_then(|object| object.head.as_mut()).expect("an object");
        match number % 2 {
            0 => head.content_type = Some(format!("text/{number}")),
            _ => head.cache_control = Some(format!("max-age={number}")),
        }
    }
    assert_eq!(bucket.writes, 2);
    let plan = bucket.look(&site, &item("a"));
    let Verdict::Stalled { reason: "NotConverging", message } = &plan.verdict else { panic!("{plan:#?}") };
    assert!(plan.is_empty() && message.starts_with("s3://") && message.contains("driftless retry"), "{message}");
    let shown =
        bucket.object.as_ref().and_then(|object| object.head.as_ref()).expect("a head").metadata["driftless-shown"].clone();
    assert!(shown.len() < 100, "bounded: {shown}");
    // What is declared otherwise is another thing.
    bucket.passes(&site, &Item { sha256: Some("b".repeat(64)), ..item("a") }, 20);
    assert_eq!(bucket.writes, 3);
}

#[test]
fn a_kms_key_is_the_same_by_its_id_and_its_arn_and_another_one_is_a_difference() {
    let arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let with_key = |shown: Option<&str>| {
        with(ours("a"), |head| {
            head.server_side_encryption = Some("aws:kms".into());
            head.kms_key_id = shown.map(str::to_owned);
        })
    };
    let key = |declared: &str| {
        let encryption = Some("aws:kms".to_owned());
        folder(Sync { server_side_encryption: encryption, sse_kms_key_id: Some(declared.into()), ..Sync::default() })
    };
    for (declared, shown, same) in [
        (arn, Some(arn), true),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", Some(arn), true),
        ("5678abcd-12ab-34cd-56ef-1234567890ab", Some(arn), false),
        (arn, None, false),
    ] {
        let plan = planned(&key(declared), observation(&[("site/a", item("a"))], &[("site/a", with_key(shown))]));
        assert_eq!(plan.is_empty(), same, "{declared} {shown:?}");
    }
}

#[test]
fn what_exclude_names_is_deleted_neither_by_sync_nor_when_the_resource_leaves() {
    let filters = Filters { exclude: vec!["*.py".into()], include: vec!["keep.py".into()] };
    let site = folder(Sync { delete: true, filters, ..Sync::default() });
    let objects = [("site/a", ours("a")), ("site/b.py", ours("b")), ("site/sub/c.py", ours("c")), ("site/keep.py", ours("d"))];
    let look = observation(&[("site/a", item("a"))], &objects);
    assert_eq!(steps(&planned(&site, look.clone())), ["delete site/keep.py (if \"d\")"]);
    let Spec::S3Artifact(spec) = &site.spec else { panic!("one") };
    let gone = artifact::prune(&site, spec, &look, &context());
    assert_eq!(steps(&gone), ["delete site/a (if \"a\")", "delete site/keep.py (if \"d\")"]);
}

#[test]
fn an_appspec_one_folder_too_deep_is_told_when_the_archive_is_made() {
    let packed = |names: &[&str]| {
        let member = |name: &&str| Member { name: (*name).into(), path: format!("shop/{name}"), executable: false };
        let members = names.iter().map(member).collect();
        let origin = Origin::Archive { tree: Tree::Revision("1f0c".into()), format: ArchiveFormat::Zip, members };
        Item { origin, bytes: None, sha256: None, inputs: Some("1".into()), job: None, content_type: Some("text/html".into()) }
    };
    let key = declared(ArtifactPlace::Key("app.zip".into()), Sync::default());
    let notes = |names: &[&str]| planned(&key, observation(&[("app.zip", packed(names))], &[])).notes.join("\n");
    assert_snapshot!(notes(&["bundle/appspec.yml", "bundle/scripts/start.sh"]), @"`appspec.yml` lies in the folder `bundle` of the archive, and CodeDeploy looks for it at the archive's root alone: if CodeDeploy is to deploy it, let the artifact's source be that folder (`shop/bundle`)");
    for fine in [&["appspec.yml", "bundle/appspec.yml"][..], &["index.html"], &["appspec.json", "a"]] {
        assert_eq!(notes(fine), "", "{fine:?}");
    }
    let object = with(ours("a"), |head| drop(head.metadata.insert("driftless-inputs".into(), "1".into())));
    let made = planned(&key, observation(&[("app.zip", packed(&["bundle/appspec.yml"]))], &[("app.zip", object)]));
    assert_eq!(made.notes, Vec::<String>::new(), "only then");
}
