//! Sentences about statuses while the revision in force changes.

use std::collections::BTreeMap;

use driftless_core::plan::Verdict;
use driftless_core::resource::ResourceId;
use driftless_core::status::{PENDING, Phase};

use super::Reconciler;
use super::fixtures::{reconciler, snapshot};
use crate::source::{Directory, Source};

async fn nowhere() -> Reconciler {
    reconciler(Source::Directory(Directory::new("/nowhere".into()))).await
}

fn ready() -> Verdict {
    Verdict::Ready { message: "web:1 runs".into() }
}

fn phases(reconciler: &Reconciler) -> BTreeMap<String, (Phase, String)> {
    let statuses = reconciler.statuses().into_iter();
    statuses.map(|status| (status.resource.name.clone(), (status.phase, status.reason))).collect()
}

#[tokio::test]
async fn nothing_is_ready_at_a_new_revision_before_a_pass_has_looked_at_it_there() {
    let reconciler = nowhere().await;
    let (web, worker) = (ResourceId::ecs_service("web"), ResourceId::ecs_service("worker"));
    let first = reconciler.accept(snapshot(&"1".repeat(40), &["web"]));
    assert_eq!(phases(&reconciler)["web"], (Phase::Reconciling, PENDING.into()));
    reconciler.record(&first, &web, &ready(), false);
    assert_eq!(phases(&reconciler)["web"].0, Phase::Ready);

    let second = reconciler.accept(snapshot(&"2".repeat(40), &["web", "worker"]));
    let pending = (Phase::Reconciling, PENDING.to_owned());
    assert_eq!(phases(&reconciler), [("web", pending.clone()), ("worker", pending.clone())].map(|(k, v)| (k.into(), v)).into());
    let status = reconciler.statuses().remove(0);
    assert!(status.message.ends_with("Ready when it was last looked at, at main@11111111"), "{}", status.message);
    assert_eq!(status.last_applied_revision.as_deref(), Some(&*format!("main@{}", "1".repeat(40))));

    // A pass that began before the second came says nothing of it.
    reconciler.record(&first, &web, &ready(), false);
    assert_eq!(phases(&reconciler)["web"], pending);
    reconciler.record(&second, &web, &ready(), false);
    reconciler.record(&second, &worker, &ready(), false);
    assert!(phases(&reconciler).values().all(|(phase, _)| *phase == Phase::Ready));
}
