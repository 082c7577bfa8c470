//! Against the simulator's S3: what happens between a look and a write.

use std::path::Path;
use std::sync::Arc;

use driftless_core::agent;
use driftless_core::desired::{ArtifactPlace, ArtifactSource, Resource, S3Artifact, Spec, Sync};
use driftless_core::location::Location;
use driftless_core::observed::Observation;
use driftless_core::plan::{Context, Plan, Step, plan};
use driftless_core::resource::{Kind, ResourceId};
use driftless_simulator::Simulator;
use tempfile::TempDir;

use super::S3;
use crate::artifact::Contents;
use crate::aws::error::{ProviderError, Retry};
use crate::aws::target::{Options, Target};
use crate::source::{Directory, Source};

struct Bench {
    simulator: Simulator,
    folder: TempDir,
    s3: S3,
    resource: Resource,
}

fn context() -> Context<'static> {
    Context {
        agent: "bench",
        source_hash: "0123",
        revision: "dir-0",
        region: "eu-central-1",
        account_id: None,
        last_write: None,
        equal: false,
        retry: false,
    }
}

impl Bench {
    /// A folder `public` that goes to the prefix `site/`.
    async fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let simulator = Simulator::start(driftless_simulator::Options::default()).await.expect("starts");
        simulator.create_bucket("bench");
        let configured = agent::Target {
            name: "test".into(),
            region: "eu-central-1".into(),
            account_id: None,
            credentials: agent::Credentials::Environment,
            endpoint_url: Some(simulator.url()),
            artifacts_bucket: None,
        };
        let options = Options::new(1.0).with_static_credentials("AKIDEXAMPLE", "secret");
        let target = Target::connect(&configured, Path::new("/"), &options).await.expect("connects");
        let contents = Contents::default();
        contents.follow(Arc::new(Source::Directory(Directory::new(folder.path().into()))));
        let declared = S3Artifact {
            source: ArtifactSource::Path("public".into()),
            bucket: "bench".into(),
            place: ArtifactPlace::Prefix("site/".into()),
            archive: None,
            sync: Sync { delete: true, ..Sync::default() },
        };
        let id = ResourceId::new(Kind::S3Artifact, "site");
        let resource = Resource::new(id, Location::new("site.yaml", 1, 1), "test", Spec::S3Artifact(declared));
        let bench = Bench { simulator, folder, s3: S3::new(&target, contents), resource };
        files.iter().for_each(|(name, bytes)| bench.write(name, bytes));
        bench
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let place = self.folder.path().join("public").join(name);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        std::fs::write(place, bytes).expect("written");
    }

    async fn look(&self) -> Plan {
        let Spec::S3Artifact(declared) = &self.resource.spec else { unreachable!("it is one") };
        let observed = Observation::S3Artifact(self.s3.observe(declared, &context()).await);
        plan(&self.resource, &observed, &context())
    }

    async fn act(&self, plan: &Plan) -> Result<(), ProviderError> {
        for step in &plan.steps {
            let Step::S3(step) = step else { panic!("another service's: {step:?}") };
            self.s3.apply(step).await?;
        }
        Ok(())
    }

    fn text(&self, key: &str) -> String {
        let object = self.simulator.object("bench", key).unwrap_or_else(|| panic!("there is no {key}"));
        String::from_utf8_lossy(&object.bytes).into_owned()
    }

    async fn conflicts(&self, plan: &Plan) {
        let error = self.act(plan).await.expect_err("refused");
        assert_eq!((error.label(), error.retry()), ("conflict", Retry::Observe), "{error}");
    }
}

const LARGE: usize = 9 * 1024 * 1024;

#[tokio::test]
async fn a_second_look_finds_nothing_to_do_and_asks_about_no_object() {
    let bench = Bench::new(&[("a.txt", b"a"), ("large.bin", &vec![7; LARGE])]).await;
    let first = bench.look().await;
    assert!(first.outputs.is_empty(), "not as declared yet");
    bench.act(&first).await.expect("writes");
    let second = bench.look().await;
    assert!(second.is_empty(), "{second:#?}");
    assert_eq!(second.outputs["key"], "site/");
    assert_eq!(bench.simulator.counters().get("HeadObject"), None);
}

#[tokio::test]
async fn an_object_that_appeared_or_changed_since_the_look_is_not_written_over() {
    for large in [false, true] {
        let content = |byte: u8| vec![byte; if large { LARGE } else { 10 }];
        let bench = Bench::new(&[("a.bin", &content(1))]).await;
        let planned = bench.look().await;
        bench.simulator.put_object("bench", "site/a.bin", "a stranger's");
        bench.conflicts(&planned).await;
        assert_eq!(bench.text("site/a.bin"), "a stranger's");
        // The next look has seen it.
        bench.act(&bench.look().await).await.expect("writes");

        bench.write("a.bin", &content(2));
        let planned = bench.look().await;
        bench.simulator.put_object("bench", "site/a.bin", "another stranger's");
        bench.conflicts(&planned).await;
        assert_eq!(bench.text("site/a.bin"), "another stranger's");
        let left = reqwest::get(format!("{}/bench?uploads", bench.simulator.url())).await.expect("answered");
        assert!(!left.text().await.expect("a text").contains("<UploadId>"), "an upload that was refused is aborted");
    }
}

#[tokio::test]
async fn an_object_that_changed_since_the_look_is_not_deleted() {
    let bench = Bench::new(&[("a.txt", b"a"), ("b.txt", b"b")]).await;
    bench.act(&bench.look().await).await.expect("writes");
    std::fs::remove_file(bench.folder.path().join("public/b.txt")).expect("removed");
    let planned = bench.look().await;
    bench.simulator.put_object("bench", "site/b.txt", "a stranger's");
    bench.conflicts(&planned).await;
    assert_eq!(bench.text("site/b.txt"), "a stranger's");
    // It is nobody's now, and stays.
    assert!(bench.look().await.is_empty());
}

#[tokio::test]
async fn bytes_that_changed_since_the_look_are_not_pushed_under_the_old_digest() {
    for size in [10, LARGE] {
        let bench = Bench::new(&[("a.bin", &vec![1; size])]).await;
        let planned = bench.look().await;
        bench.write("a.bin", &vec![2; size]);
        bench.conflicts(&planned).await;
        assert!(bench.simulator.keys("bench").is_empty());
        bench.act(&bench.look().await).await.expect("writes");
        assert_eq!(bench.simulator.object("bench", "site/a.bin").expect("is there").bytes[0], 2);
    }
}

#[tokio::test]
async fn keys_of_every_kind_come_back_as_they_were_sent() {
    let names = ["ü+&% ~.txt", "a b/c'd\".txt", "日本.txt", "#?=.txt", "x\u{1}y.txt"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    let bench = Bench::new(&files).await;
    bench.act(&bench.look().await).await.expect("writes");
    assert!(bench.look().await.is_empty());
    let mut wanted: Vec<String> = names.iter().map(|name| format!("site/{name}")).collect();
    wanted.sort();
    assert_eq!(bench.simulator.keys("bench"), wanted);
}
